//! Events and heartbeats.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, Forgery};
use incamera::wire::{
    AnnouncedFraming, AnnouncedTrack, Envelope, EnvelopeKind, EventBody, EventKind, Heartbeat,
    KeyPackageRef, MeetingId, SignedEvent, StayId, Track, TrackKinds,
};

use serde_json::json;

use super::super::hostile::{self, Entry, Word};
use super::super::live::{Live, Who};
use super::room::*;
use super::{Cases, entry, time};
use crate::fields::hex;
use crate::kinds::shown;

pub(super) fn add(cases: &mut Cases, live: &mut Live) {
    taken(cases, live);
    unsigned(cases, live);
    late(cases, live);
    unentitled(cases, live);
    private(cases, live);
    key_frames(cases, live);
    heartbeats(cases, live);
}

fn chat() -> EventKind {
    EventKind::Chat { text: "good evening".to_owned() }
}

/// One of each that is taken.
fn taken(cases: &mut Cases, live: &Live) {
    let track = AnnouncedTrack {
        track: Track::CAMERA,
        codec: "VP8".to_owned(),
        framing: AnnouncedFraming::WebRtc,
        transport: "0".to_owned(),
        muted: false,
    };
    let to = live.member(OLGA);
    let events: [(&str, &'static str, Who, EventKind); 8] = [
        ("a chat", "G19", BEN, chat()),
        ("a reaction", "G19", BEN, EventKind::Reaction { symbol: "👏".to_owned() }),
        ("a raised hand", "G11", BEN, EventKind::Hand { raised: true }),
        ("an announcement", "G11", BEN, EventKind::Announcement { tracks: vec![track] }),
        ("somebody is asked to send", "G19", CLEO, EventKind::Ask { to, kinds: TrackKinds::ALL }),
        ("a leave", "G11", BEN, EventKind::Leave),
        ("an end, by a host", "G12", ADA, EventKind::End),
        ("an attend event", "A13", CLEO, {
            EventKind::Attend { knock: KeyPackageRef::new([1; 32]), proved: false }
        }),
    ];
    for (name, must, who, kind) in events {
        cases.takes(SCENE, name, &[must], vec![entry(&hostile::event(live, who, kind))]);
    }
    let word = direct(live, OLGA, |_| ());
    let entry_of = |word| entry(&hostile::event(live, BEN, word));
    cases.takes(SCENE, "a private chat", &["G20"], vec![entry_of(word)]);
}

/// What is not signed as it must be.
#[allow(clippy::too_many_lines, reason = "a table")]
fn unsigned(cases: &mut Cases, live: &Live) {
    let seal = |signed: &SignedEvent| {
        Entry::default().seal(live, BEN, EnvelopeKind::Event, &signed.encode())
    };
    let word = |change: &dyn Fn(&mut Word)| {
        let mut word = Word::of(live, BEN, chat());
        change(&mut word);
        seal(&word.sign(live, BEN))
    };
    let mut spoilt = Word::of(live, BEN, chat()).sign(live, BEN);
    spoilt.signature[0] ^= 1;
    let elsewhere = {
        let signed = Word::of(live, BEN, chat()).sign(live, BEN);
        let body = EventBody::decode(&signed.body).unwrap();
        let body = EventBody { meeting: MeetingId::new([9; 16]), ..body }.encode();
        let signature = testing::sign_event(live.meeting(BEN), &body).unwrap();
        seal(&SignedEvent { body, signature })
    };
    let (other, nobody) = (live.member(CLEO), StayId::new([9; 16]));
    let order = EventKind::RemovalOrder { target: live.fingerprint(DAN), stay: live.member(DAN) };
    let twice = word(&|_| ());
    let mut below = Envelope::decode(&twice).unwrap();
    below.meeting = MeetingId::new([9; 16]);
    let handshake = Entry {
        key: Some(hostile::key(live.meeting(BEN), EnvelopeKind::Handshake)),
        ..Entry::default()
    };
    let signed = Word::of(live, BEN, chat()).sign(live, BEN).encode();
    let crossed = handshake.seal(live, BEN, EnvelopeKind::Event, &signed);
    let events: Vec<(&str, &'static [&'static str], &str, Vec<u8>)> = vec![
        ("an event whose signature was changed", &["G11", "I1"], "Signature", seal(&spoilt)),
        ("an event in another member's name", &["G11"], "Signature", word(&|it| it.stay = other)),
        (
            "an event of a stay that is not here",
            &["G11"],
            "UnknownAuthor",
            word(&|it| it.stay = nobody),
        ),
        ("an event that names another epoch", &["G11"], "Signature", word(&|it| it.epoch -= 1)),
        ("an event that names another meeting", &["W8"], "OtherMeeting", elsewhere),
        ("an entry of another meeting", &["W8"], "OtherMeeting", below.encode()),
        ("an entry that is no message", &["W2"], "Malformed", vec![1, 2, 3]),
        ("an event that is no event", &["W2"], "Malformed", {
            Entry::default().seal(live, BEN, EnvelopeKind::Event, b"not a signed event")
        }),
        ("an event under the key of handshakes", &["K6"], "Unopenable", crossed),
        ("a removal order among the events", &["G16", "G11"], "Signature", {
            hostile::event(live, BEN, order)
        }),
        ("a rejoin among the events", &["G26", "G11"], "Signature", {
            hostile::event(live, BEN, EventKind::Rejoin { knock: KeyPackageRef::new([1; 32]) })
        }),
    ];
    for (name, must, why, bytes) in events {
        cases.refuses(SCENE, (name, must, why), vec![entry(&bytes)]);
    }
    let steps = vec![entry(&twice), entry(&twice)];
    cases.refuses(SCENE, ("an event that came before", &["G11"], "Replayed"), steps);
    let old = word(&|it| it.counter = 900);
    let steps = vec![entry(&twice), entry(&old)];
    cases.refuses(SCENE, ("an event 100 counters behind", &["G11"], "Replayed"), steps);
    let own = hostile::event(live, OLGA, chat());
    let name = "an event of the reader's own leaf that it did not say";
    cases.refuses(SCENE, (name, &["R7"], "Clone"), vec![entry(&own)]);
}

/// Events of epochs that have ended, or that are to come.
fn late(cases: &mut Cases, live: &Live) {
    let ahead =
        Entry { epoch: live.meeting(BEN).epoch().map(|epoch| epoch + 1), ..Entry::default() };
    let signed = Word::of(live, BEN, chat()).sign(live, BEN).encode();
    let ahead = ahead.seal(live, BEN, EnvelopeKind::Event, &signed);
    cases.refuses(
        SCENE,
        ("an event of an epoch to come", &["G13"], "EpochAhead"),
        vec![entry(&ahead)],
    );
    // What Olga has read of an earlier epoch.
    let own = testing::view(live.meeting(OLGA)).unwrap().epoch;
    let of = |kind: EnvelopeKind| {
        let is = |bytes: &&Vec<u8>| {
            Envelope::decode(bytes).is_ok_and(|it| it.kind == kind && it.epoch + 1 == own)
        };
        live.posted.log.iter().find(is).cloned()
    };
    let commit = of(EnvelopeKind::Handshake).unwrap();
    cases.refuses(
        SCENE,
        ("a commit for an epoch that has its winner", &["G1"], "Ignored"),
        vec![entry(&commit)],
    );
    let said = live
        .posted
        .log
        .iter()
        .rev()
        .find(|bytes| Envelope::decode(bytes).is_ok_and(|it| it.kind == EnvelopeKind::Event));
    let steps = vec![time(live.now_ms + 31_000), {
        let mut step = entry(said.unwrap());
        step["at_ms"] = (live.now_ms + 31_000).into();
        step
    }];
    cases.refuses(
        SCENE,
        ("an event of an epoch that ended 31 s ago", &["G11"], "EpochEnded"),
        steps,
    );
    let again = json!({ "do": { "log": 0 } });
    cases.refuses(SCENE, ("a number of the log that was read", &["G13"], "Ignored"), vec![again]);
}

/// What is said without the right to.
fn unentitled(cases: &mut Cases, live: &Live) {
    let (to, knock) = (live.member(OLGA), KeyPackageRef::new([1; 32]));
    let private = direct(live, OLGA, |_| ());
    let events: [(&str, &'static str, &str, Who, EventKind); 6] = [
        ("an end without the right", "G12", "MissingRight(End)", BEN, EventKind::End),
        ("a chat without the right", "G19", "MissingRight(Chat)", DAN, chat()),
        ("a private chat without the right", "G19", "MissingRight(Chat)", DAN, private),
        ("a reaction without the right", "G19", "MissingRight(React)", DAN, {
            EventKind::Reaction { symbol: "👏".to_owned() }
        }),
        ("somebody is asked to send without the right", "G19", "MissingRight(MuteOthers)", BEN, {
            EventKind::Ask { to, kinds: TrackKinds::ALL }
        }),
        ("an attend event without the right", "A13", "MissingRight(Admit)", BEN, {
            EventKind::Attend { knock, proved: true }
        }),
    ];
    for (name, must, why, who, kind) in events {
        let event = hostile::event(live, who, kind);
        cases.refuses(SCENE, (name, &[must], why), vec![entry(&event)]);
    }
}

/// What a private chat is sealed with.
struct Direct {
    direct_key: [u8; 32],
    psk: [u8; 32],
    binding: Vec<u8>,
}

/// A private chat of Ben's to somebody, sealed as it must be but for a change.
fn direct(live: &Live, to: Who, change: impl FnOnce(&mut Direct)) -> EventKind {
    let meeting = live.meeting(BEN);
    let (id, epoch) = (meeting.id(), meeting.epoch().unwrap().to_be_bytes());
    let (from, stay, counter) = (live.member(BEN), live.member(to), 1_000_u64.to_be_bytes());
    let parts: [&[u8]; 5] = [id.as_bytes(), &epoch, from.as_bytes(), stay.as_bytes(), &counter];
    let mut sealed = Direct {
        direct_key: live.direct_key(to),
        psk: testing::epoch_secrets(meeting).unwrap().direct,
        binding: parts.concat(),
    };
    change(&mut sealed);
    let Direct { direct_key, psk, binding } = sealed;
    let text = b"for you alone";
    let (encapsulated_key, ciphertext) =
        testing::seal_direct([0x31; 32], &direct_key, &psk, &binding, text).unwrap();
    EventKind::PrivateChat { to: stay, encapsulated_key, ciphertext }
}

fn private(cases: &mut Cases, live: &Live) {
    let others = live.direct_key(CLEO);
    let wrong: [(&str, EventKind); 4] = [
        ("a private chat bound to another counter", direct(live, OLGA, |it| it.binding[63] ^= 1)),
        ("a private chat bound to another author", direct(live, OLGA, |it| it.binding[24] ^= 1)),
        ("a private chat under another epoch's PSK", direct(live, OLGA, |it| it.psk = [9; 32])),
        ("a private chat sealed to somebody else", direct(live, OLGA, |it| it.direct_key = others)),
    ];
    for (name, kind) in wrong {
        let event = hostile::event(live, BEN, kind);
        cases.refuses(SCENE, (name, &["G20"], "Unopenable"), vec![entry(&event)]);
    }
}

/// Requests for key frames, of the reader's camera and of another's.
fn key_frames(cases: &mut Cases, live: &Live) {
    let frame = json!({ "track": shown(Track::CAMERA), "plaintext": "00" });
    let seal = json!({ "do": { "seal": frame } });
    let request = |counter: u64| {
        let kind = EventKind::KeyFrameRequest { to: live.member(OLGA), track: Track::CAMERA };
        let word = Word { counter, ..Word::of(live, BEN, kind) }.sign(live, BEN).encode();
        entry(&Entry::default().seal(live, BEN, EnvelopeKind::Event, &word))
    };
    let name = "a key frame that somebody asks for";
    cases.takes(SCENE, name, &["M46"], vec![seal.clone(), request(1_000)]);
    let name = "a key frame of a track without a sealer";
    cases.takes(SCENE, name, &["M46"], vec![request(1_000)]);
    // One is told of each second, and of four in a row.
    let mut steps = vec![seal, request(1_000), request(1_001)];
    for (place, counter) in (1_002..1_007).enumerate() {
        let at_ms = live.now_ms + 1_100 * (place as u64 + 1);
        let mut asked = request(counter);
        asked["at_ms"] = at_ms.into();
        steps.extend([time(at_ms), asked]);
    }
    cases.takes(SCENE, "key frames that somebody asks for again and again", &["M45", "M47"], steps);
    let ask = json!({ "do": {
        "call": "request_key_frame", "member": hex(live.member(BEN).as_bytes()),
        "track": shown(Track::CAMERA),
    } });
    let name = "a key frame asked for again at once";
    cases.refuses(SCENE, (name, &["M48"], "Ignored"), vec![ask.clone(), ask]);
}

/// What a member says of the log; `change` makes it something else.
fn heartbeat(live: &Live, who: Who, change: impl FnOnce(&mut Heartbeat)) -> EventKind {
    let view = testing::view(live.meeting(who)).unwrap();
    let mut heartbeat = Heartbeat {
        authenticator: view.authenticator,
        log_position: view.log_position,
        log_hash: view.log_hash,
        time_ms: live.now_ms,
        orders: Vec::new(),
    };
    change(&mut heartbeat);
    EventKind::Heartbeat(heartbeat)
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn heartbeats(cases: &mut Cases, live: &mut Live) {
    let foreign = hostile::forged(live, ADA, &Forgery::Order { member: live.member(DAN) });
    let foreign = testing::open_envelope(
        &hostile::key(live.meeting(ADA), EnvelopeKind::Order),
        &Envelope::decode(&foreign).unwrap(),
    );
    let live = &*live;
    let kind = EnvelopeKind::Heartbeat;
    let seal = |word: Word| Entry::default().seal(live, BEN, kind, &word.sign(live, BEN).encode());
    let said = |change: fn(&mut Heartbeat)| seal(Word::of(live, BEN, heartbeat(live, BEN, change)));
    let genuine = said(|_| ());
    cases.takes(SCENE, "a heartbeat", &["G24", "G25"], vec![entry(&genuine)]);
    let steps = vec![entry(&genuine), entry(&genuine)];
    cases.refuses(SCENE, ("a heartbeat that came before", &["G24", "G11"], "Replayed"), steps);
    let mut spoilt = Word::of(live, BEN, heartbeat(live, BEN, |_| ())).sign(live, BEN);
    spoilt.signature[0] ^= 1;
    let spoilt = Entry::default().seal(live, BEN, kind, &spoilt.encode());
    let earlier = {
        let word = Word::of(live, BEN, heartbeat(live, BEN, |_| ()));
        seal(Word { epoch: word.epoch - 1, ..word })
    };
    let of_event = Entry {
        key: Some(hostile::key(live.meeting(BEN), EnvelopeKind::Event)),
        ..Entry::default()
    };
    let signed = Word::of(live, BEN, heartbeat(live, BEN, |_| ())).sign(live, BEN).encode();
    let of_event = of_event.seal(live, BEN, kind, &signed);
    let a_chat = Word::of(live, BEN, chat()).sign(live, BEN).encode();
    let a_chat = Entry::default().seal(live, BEN, kind, &a_chat);
    let alarm = "Disagreement";
    let wrong: Vec<(&str, &'static [&'static str], &str, Vec<u8>)> = vec![
        ("a heartbeat whose signature was changed", &["G24"], "Signature", spoilt),
        ("a heartbeat of another epoch than its envelope's", &["G24"], "Signature", earlier),
        ("a heartbeat under the key of events", &["K10"], "Unopenable", of_event),
        ("a chat among the heartbeats", &["G24"], "Signature", a_chat),
        ("a heartbeat of another log", &["G24", "G25"], alarm, said(|it| it.log_hash = [9; 32])),
        (
            "a heartbeat of another group",
            &["G24", "G25"],
            alarm,
            said(|it| it.authenticator = [9; 32]),
        ),
        (
            "a heartbeat of what comes behind itself",
            &["G25"],
            alarm,
            said(|it| it.log_position += 7),
        ),
        ("a heartbeat with another's order", &["G28"], "Signature", {
            let mut kind = heartbeat(live, BEN, |_| ());
            if let EventKind::Heartbeat(heartbeat) = &mut kind {
                heartbeat.orders = foreign.into_iter().collect();
            }
            seal(Word::of(live, BEN, kind))
        }),
        (
            "a heartbeat with an order without the right",
            &["G28", "G16"],
            "Refused(MissingRight(Remove))",
            {
                let order = EventKind::RemovalOrder {
                    target: live.fingerprint(DAN),
                    stay: live.member(DAN),
                };
                let order = Word::of(live, BEN, order).sign(live, BEN).encode();
                let mut kind = heartbeat(live, BEN, |_| ());
                if let EventKind::Heartbeat(heartbeat) = &mut kind {
                    heartbeat.orders = vec![order];
                }
                seal(Word { counter: 1_001, ..Word::of(live, BEN, kind) })
            },
        ),
    ];
    for (name, must, why, bytes) in wrong {
        cases.refuses(SCENE, (name, must, why), vec![entry(&bytes)]);
    }
}
