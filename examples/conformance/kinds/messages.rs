//! Encoded messages, and bytes that are none (SPEC.md 4.1, 4.2).

#![allow(clippy::unwrap_used, reason = "samples are what they are")]

#[path = "../../../wire/tests/common/decoders.rs"]
#[allow(dead_code, unreachable_pub, reason = "the decoders of another package's tests")]
mod decoders;
#[path = "../../../wire/tests/common/samples.rs"]
#[allow(dead_code, unreachable_pub, reason = "the samples of another package's tests")]
mod samples;

use incamera::wire::{
    BearerToken, BlobHash, CommitNote, DenyReason, Destination, Envelope, EnvelopeKind, EventBody,
    EventKind, Fingerprint, GroupState, Heartbeat, InviteId, KeyPackageRef, Knock, KnockAnswer,
    KnockAnswerContent, MailboxId, MeetingId, MessageId, Padding, SealedBlob, SecretText,
    SignedEvent, StayId, ToClient, ToServer, Track, TrackKinds,
};
use serde_json::{Value, json};

use decoders::{DECODERS, Recode};

use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Fields, Read, bad, hex, unhex};
use crate::flips::{Bits, Flips, flipped};

pub(crate) const KIND: Kind = Kind {
    name: "messages",
    about: "what decodes and encodes to the same bytes, and what is no message (4.1, 4.2)",
    make,
    run,
    flips: Flips::Own(flip),
};

fn recode(input: &Fields<'_>) -> Read<Recode> {
    let name = input.text("type")?;
    match DECODERS.iter().find(|(known, _)| *known == name) {
        Some((_, recode)) => Ok(*recode),
        None => bad(format!("there is no message `{name}`")),
    }
}

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    Ok(match recode(input)?(&input.bytes("bytes")?) {
        Ok(again) => json!({ "encodes_to": hex(again) }),
        Err(malformed) => json!({
            "refused": format!("{:?}", malformed.rule()),
            "field": format!("{}.{}", malformed.message(), malformed.field()),
        }),
    })
}

/// By itself nothing here is under a signature or a tag: a bit makes it another message, of which it is the one encoding, or
/// none.
fn flip(input: &Fields<'_>, _: &Value, bits: &Bits) -> Read<Result<u64, String>> {
    let (golden, recode) = (input.bytes("bytes")?, recode(input)?);
    for bit in bits.of(golden.len()) {
        let changed = flipped(&golden, bit);
        if recode(&changed).is_ok_and(|again| again != changed) {
            return Ok(Err(format!("bit {bit} flipped: a second encoding")));
        }
    }
    Ok(Ok(bits.of(golden.len()).count() as u64))
}

fn make() -> Made {
    let messages = golden();
    let mut drafts: Vec<Draft> = messages
        .iter()
        .map(|(kind, name, bytes)| good(format!("{kind}: {name}"), &["W2"], message(kind, bytes)))
        .collect();
    drafts.extend(wrong_versions(&messages));
    drafts.extend(envelopes());
    drafts.extend(others());
    drafts.extend(states());
    drafts.into()
}

fn message(kind: &str, bytes: &[u8]) -> Value {
    json!({ "type": kind, "bytes": hex(bytes) })
}

type Golden = Vec<(&'static str, &'static str, Vec<u8>)>;

/// At least one of each message.
fn golden() -> Golden {
    let mailbox = MailboxId::new([6; 16]);
    let knock = Knock {
        meeting: MeetingId::new([1; 16]),
        invite: InviteId::new([2; 16]),
        mailbox,
        encapsulated_key: [3; 32],
        ciphertext: vec![4; 40],
    };
    let answer = KnockAnswer { mailbox, nonce: [2; 24], ciphertext: vec![3; 40] };
    let denial = KnockAnswerContent::Denial { reason: DenyReason::Expired };
    let event = Envelope { welcome: None, kind: EnvelopeKind::Event, ..samples::envelope() };
    let signed = SignedEvent { body: samples::event_body().encode(), signature: [5; 64] };
    let note = samples::commit_note(1, 1).encode();
    let mut list: Golden = vec![
        ("Envelope", "with a Welcome", samples::envelope().encode()),
        ("Envelope", "of an event", event.encode()),
        ("SealedBlob", "a blob", SealedBlob { nonce: [1; 24], ciphertext: vec![2; 40] }.encode()),
        ("Knock", "a knock", knock.encode()),
        ("KnockContent", "with everything", samples::knock_content().encode()),
        ("KnockAnswer", "an answer", answer.encode()),
        ("KnockAnswerContent", "a denial", denial.encode()),
        (
            "KnockAnswerContent",
            "a challenge",
            KnockAnswerContent::Challenge(samples::challenge()).encode(),
        ),
        ("CommitNote", "with evidence of each kind", note),
        ("CommitNote", "of nothing", CommitNote::default().encode()),
        ("SignedEvent", "a signed event", signed.encode()),
        ("GroupState", "with everything", samples::group_state().encode()),
        ("LeafCredential", "of a person", samples::leaf_credential("Ada").encode()),
        ("SafetyCodeInput", "of three members", samples::safety_code_input(3).encode()),
        ("RelayChallenge", "a challenge", samples::relay_challenge().encode()),
        ("RelayProof", "a proof", samples::relay_proof().encode()),
    ];
    let kinds = kinds();
    list.extend(kinds.into_iter().map(|(name, kind)| {
        ("EventBody", name, EventBody { epoch: 7, ..samples::event(kind) }.encode())
    }));
    list.extend(transport());
    list
}

/// An event of each kind.
fn kinds() -> Vec<(&'static str, EventKind)> {
    let (stay, knock) = (StayId::new([3; 16]), KeyPackageRef::new([4; 32]));
    let hosts = vec![Fingerprint::new([1; 32]), Fingerprint::new([2; 32])];
    let heartbeat = Heartbeat {
        authenticator: [1; 32],
        log_position: 300,
        log_hash: [2; 32],
        time_ms: 5_000,
        orders: vec![vec![3; 100]],
    };
    vec![
        ("leave", EventKind::Leave),
        ("confirm", EventKind::Confirm { authenticator: [3; 32] }),
        ("end", EventKind::End),
        ("chat", EventKind::Chat { text: "guten Abend, 你好".to_owned() }),
        (
            "private chat",
            EventKind::PrivateChat { to: stay, encapsulated_key: [5; 32], ciphertext: vec![6; 20] },
        ),
        ("reaction", EventKind::Reaction { symbol: "👏".to_owned() }),
        ("hand", EventKind::Hand { raised: true }),
        ("ask", EventKind::Ask { to: stay, kinds: TrackKinds::ALL }),
        ("announcement", EventKind::Announcement { tracks: vec![samples::announced(3)] }),
        ("attend", EventKind::Attend { knock, proved: true }),
        ("host silent", EventKind::HostSilent { hosts }),
        ("removal order", EventKind::RemovalOrder { target: Fingerprint::new([7; 32]), stay }),
        ("heartbeat", EventKind::Heartbeat(heartbeat)),
        ("rejoin", EventKind::Rejoin { knock }),
        ("key frame request", EventKind::KeyFrameRequest { to: stay, track: Track::SCREEN }),
    ]
}

fn transport() -> Golden {
    let (id, meeting) = (MessageId::new([1; 16]), MeetingId::new([2; 16]));
    let mailbox = MailboxId::new([3; 16]);
    let post = |to| ToServer::Post { id, to, bytes: vec![4; 30] }.encode();
    vec![
        ("ToServer", "hello", ToServer::Hello { meeting, mailbox: Some(mailbox) }.encode()),
        ("ToServer", "post to the log", post(Destination::Log)),
        ("ToServer", "post to the lobby", post(Destination::Lobby)),
        ("ToServer", "post to a mailbox", post(Destination::Direct(mailbox))),
        ("ToServer", "post of a blob", post(Destination::Blob(BlobHash::new([5; 32])))),
        ("ToServer", "fetch", ToServer::Fetch { from: 300 }.encode()),
        (
            "ToServer",
            "fetch of a blob",
            ToServer::FetchBlob { hash: BlobHash::new([6; 32]) }.encode(),
        ),
        (
            "ToServer",
            "authorize",
            ToServer::Authorize { token: BearerToken::new("a.b.c".to_owned()) }.encode(),
        ),
        ("ToClient", "connected", ToClient::Connected { next: 300 }.encode()),
        ("ToClient", "log", ToClient::Log { seq: 300, bytes: vec![7; 30] }.encode()),
        ("ToClient", "lobby", ToClient::Lobby { bytes: vec![8; 30] }.encode()),
        ("ToClient", "direct", ToClient::Direct { bytes: vec![9; 30] }.encode()),
        ("ToClient", "blob", ToClient::Blob { bytes: vec![1; 30] }.encode()),
        ("ToClient", "accepted", ToClient::Accepted { id, seq: Some(300) }.encode()),
    ]
}

/// Every message, with another version and without one.
fn wrong_versions(messages: &Golden) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut seen = Vec::new();
    for (kind, _, bytes) in messages {
        if seen.contains(kind) {
            continue;
        }
        seen.push(kind);
        let other = [&[0x08, 2], &bytes[2..]].concat();
        let name = format!("{kind}: version 2");
        drafts.push(refused(name, &["W1"], "WrongVersion", message(kind, &other)));
        let name = format!("{kind}: no version");
        drafts.push(refused(name, &["W1"], "WrongVersion", message(kind, &bytes[2..])));
    }
    drafts
}

/// The sample of an envelope, with the bytes from `from` on replaced. Its fields start at 0 (version), 2 (meeting), 20
/// (kind), 22 (epoch 300), 25 (nonce), 51 (ciphertext).
fn spliced(from: usize, removed: usize, inserted: &str) -> Vec<u8> {
    let mut bytes = samples::envelope().encode();
    bytes.splice(from..from + removed, unhex(inserted).unwrap());
    bytes
}

fn envelopes() -> Vec<Draft> {
    let end = samples::envelope().encode().len();
    let nonce = "02".repeat(24);
    let cases: [(&str, &'static str, &str, Vec<u8>); 24] = [
        ("an unknown field", "W2", "UnknownField", spliced(end, 0, "40 01")),
        ("an unknown field of a high number", "W2", "UnknownField", spliced(end, 0, "fa 3f 00")),
        ("an unknown field within the Welcome", "W2", "UnknownField", {
            let mut bytes = spliced(end, 0, "18 01");
            bytes[94] += 2;
            bytes
        }),
        ("a field twice", "W2", "Duplicate", spliced(22, 0, "20 05")),
        ("the version twice", "W2", "Duplicate", spliced(2, 0, "08 01")),
        ("a number as bytes", "W2", "WrongWireType", spliced(20, 2, "1a 01 01")),
        ("bytes as a number", "W2", "WrongWireType", spliced(2, 18, "10 01")),
        ("a number of 32 bits", "W2", "WrongWireType", spliced(20, 2, "1d 01 00 00 00")),
        (
            "a number of 64 bits",
            "W2",
            "WrongWireType",
            spliced(20, 2, "19 01 00 00 00 00 00 00 00"),
        ),
        ("a group", "W2", "WrongWireType", spliced(20, 2, "1b 1c")),
        ("fields out of order", "W2", "Missing", spliced(20, 5, "20 ac 02 18 01")),
        ("a default value written out", "W2", "NotCanonical", spliced(22, 3, "20 00")),
        ("a varint longer than it need be", "W2", "NotCanonical", spliced(22, 3, "20 ac 82 00")),
        ("a tag longer than it need be", "W2", "NotCanonical", spliced(22, 1, "a0 00")),
        ("a length longer than it need be", "W2", "NotCanonical", spliced(26, 1, "98 00")),
        ("cut off in a field", "W2", "Truncated", spliced(45, end - 45, "")),
        ("a byte behind the end", "W2", "Truncated", spliced(end, 0, "00")),
        ("a kind that is none", "W2", "OutOfRange", spliced(20, 2, "18 05")),
        (
            "a kind whose low 32 bits are one",
            "W2",
            "OutOfRange",
            spliced(20, 2, "18 81 80 80 80 10"),
        ),
        ("without a kind", "W2", "Missing", spliced(20, 2, "")),
        ("without a nonce", "W2", "Missing", spliced(25, 26, "")),
        ("a nonce of 25 bytes", "W3", "TooLong", spliced(25, 26, &format!("2a 19 {nonce} 02"))),
        (
            "a nonce of 23 bytes",
            "W3",
            "TooShort",
            spliced(25, 26, &format!("2a 17 {}", &nonce[2..])),
        ),
        ("a length of 4 GiB", "W3", "Truncated", spliced(51, end - 51, "32 ff ff ff ff 0f 00 00")),
    ];
    let draft = |(name, must, why, bytes): (&str, &'static str, &str, Vec<u8>)| {
        refused(format!("Envelope: {name}"), &[must], why, message("Envelope", &bytes))
    };
    cases.into_iter().map(draft).collect()
}

/// What can be wrong with the others.
fn others() -> Vec<Draft> {
    let second = [samples::event_body().encode(), vec![0x42, 0]].concat();
    let mut none = samples::event_body().encode();
    none.truncate(none.len() - 36);
    let event = |kind| samples::event(kind).encode();
    let chat = |text: String| event(EventKind::Chat { text });
    let to = StayId::new([3; 16]);
    let of_data = event(EventKind::KeyFrameRequest { to, track: Track::DATA });
    let unsorted =
        EventKind::HostSilent { hosts: vec![Fingerprint::new([2; 32]), Fingerprint::new([1; 32])] };
    let twice =
        EventKind::Announcement { tracks: vec![samples::announced(3), samples::announced(3)] };
    let mut text = chat("abc".to_owned());
    let place = text.len() - 1;
    text[place] = 0xff;
    let mut members = samples::safety_code_input(2);
    members.members.reverse();
    let many = |departures, statements| {
        let (departures, statements) = (vec![vec![1]; departures], vec![vec![2]; statements]);
        CommitNote { departures, statements, ..CommitNote::default() }.encode()
    };
    type Other = (&'static str, &'static str, &'static [&'static str], &'static str, Vec<u8>);
    let cases: Vec<Other> = vec![
        ("EventBody", "two kinds", &["W2"], "Duplicate", second),
        ("EventBody", "no kind", &["W2"], "Missing", none),
        ("EventBody", "an empty chat", &["W3"], "Missing", chat(String::new())),
        ("EventBody", "a chat of 2,049 bytes", &["W3"], "TooLong", chat("x".repeat(2_049))),
        ("EventBody", "a chat that is no UTF-8", &["W2"], "NotText", text),
        ("EventBody", "a key frame of data", &["M46"], "OutOfRange", of_data),
        ("EventBody", "silent hosts out of order", &["W2"], "NotSorted", event(unsorted)),
        ("EventBody", "a track announced twice", &["W2"], "NotSorted", event(twice)),
        ("SafetyCodeInput", "members out of order", &["I4"], "NotSorted", members.encode()),
        ("CommitNote", "65 departures", &["W3"], "TooMany", many(65, 0)),
        ("CommitNote", "17 statements", &["W3"], "TooMany", many(0, 17)),
        (
            "LeafCredential",
            "a name of 65 bytes",
            &["W3", "I3"],
            "TooLong",
            samples::leaf_credential(&"a".repeat(65)).encode(),
        ),
        ("LeafCredential", "no name", &["I3"], "Missing", samples::leaf_credential("").encode()),
        ("RelayProof", "a byte more", &["W2"], "Truncated", {
            [samples::relay_proof().encode(), vec![0]].concat()
        }),
    ];
    let draft = |(kind, name, must, why, bytes): Other| {
        refused(format!("{kind}: {name}"), must, why, message(kind, &bytes))
    };
    cases.into_iter().map(draft).collect()
}

/// States in another encoding than the one, and beyond their limits.
fn states() -> Vec<Draft> {
    let changed = |change: fn(&mut GroupState)| {
        let mut state = samples::group_state();
        change(&mut state);
        state.encode()
    };
    let behind = [samples::group_state().encode(), vec![0x98, 0x06, 0x01]].concat();
    let cases: Vec<(&str, &'static str, &str, Vec<u8>)> = vec![
        ("members out of order", "W5", "NotSorted", changed(|s| s.members.reverse())),
        ("a member twice", "W5", "NotSorted", changed(|s| s.members.push(s.members[1]))),
        ("bans out of order", "W5", "NotSorted", changed(|s| s.bans.reverse())),
        ("relays out of order", "W5", "NotSorted", changed(|s| s.relays.reverse())),
        ("one place in the succession twice", "W5", "NotSorted", {
            changed(|s| s.succession.push(s.succession[0]))
        }),
        ("an invite's secret twice", "W5", "NotSorted", {
            changed(|s| s.invites[1].secret = s.invites[0].secret.duplicate())
        }),
        ("a heartbeat key twice", "W5", "NotSorted", {
            changed(|s| s.heartbeat_keys[1] = s.heartbeat_keys[0].duplicate())
        }),
        ("a field that this version has not", "W2", "UnknownField", behind),
        ("17 places in the succession", "W3", "TooMany", {
            changed(|s| s.succession = samples::fingerprints(17))
        }),
        ("17 invites", "W3", "TooMany", {
            changed(|s| s.invites = (1..18).map(samples::invite).collect())
        }),
        ("3 heartbeat keys", "W3", "TooMany", {
            changed(|s| s.heartbeat_keys.push(samples::secret(99)))
        }),
        ("no heartbeat key", "W3", "Missing", changed(|s| s.heartbeat_keys.clear())),
        ("5 resync keys", "W3", "TooMany", {
            changed(|s| s.resync_keys = (1..6).map(samples::resync_key).collect())
        }),
        ("an empty passcode", "W3", "TooShort", {
            changed(|s| s.passcode = Some(SecretText::new("")))
        }),
        ("padding to more than 65,535", "W3", "OutOfRange", {
            let mut bytes = changed(|s| s.padding = Padding::NONE);
            bytes.extend([0x88, 0x01, 0x80, 0x80, 0x04]);
            bytes
        }),
    ];
    let draft = |(name, must, why, bytes): (&str, &'static str, &str, Vec<u8>)| {
        refused(format!("GroupState: {name}"), &[must], why, message("GroupState", &bytes))
    };
    cases.into_iter().map(draft).collect()
}
