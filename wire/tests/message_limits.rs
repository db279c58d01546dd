//! Every message but the state: the largest values pass, the next larger ones do not (SPEC [W3]),
//! nor do entries out of order or repeated (SPEC [W5]).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod common;

use common::samples::{announced, event, fingerprints, knock_content, leaf_credential};
use common::{refused, replaced, samples};
use incamera_wire::{
    AnnouncedTrack, DenyReason, EventBody, EventKind, Fingerprint, FormatRule, Heartbeat,
    KeyPackageRef, KnockAnswerContent, KnockContent, Label, LeafCredential, Malformed,
    RelayChallenge, RelayProof, StayId, Track, TrackKind, TrackKinds, relay_statement,
};

fn recode(kind: EventKind) -> Result<EventKind, Malformed> {
    EventBody::decode(&event(kind).encode()).map(|body| body.kind)
}

/// The event's encoding with one place replaced.
fn edited(kind: EventKind, from: &[u8], to: &[u8]) -> (&'static str, FormatRule) {
    refused(EventBody::decode(&replaced(&event(kind).encode(), from, to)))
}

fn chat(length: usize) -> EventKind {
    EventKind::Chat { text: "t".repeat(length) }
}

fn private_chat(length: usize) -> EventKind {
    let to = StayId::new([1; 16]);
    EventKind::PrivateChat { to, encapsulated_key: [2; 32], ciphertext: vec![3; length] }
}

fn reaction(length: usize) -> EventKind {
    EventKind::Reaction { symbol: "s".repeat(length) }
}

fn announcement(tracks: Vec<AnnouncedTrack>) -> EventKind {
    EventKind::Announcement { tracks }
}

fn heartbeat(orders: Vec<Vec<u8>>) -> EventKind {
    let (authenticator, log_hash) = ([1; 32], [2; 32]);
    EventKind::Heartbeat(Heartbeat {
        authenticator,
        log_position: u64::MAX,
        log_hash,
        time_ms: u64::MAX,
        orders,
    })
}

fn host_silent(hosts: Vec<Fingerprint>) -> EventKind {
    EventKind::HostSilent { hosts }
}

fn key_frame_request(kind: TrackKind, index: u8) -> EventKind {
    EventKind::KeyFrameRequest { to: StayId::new([1; 16]), track: Track::new(kind, index).unwrap() }
}

#[test]
fn the_largest_and_the_smallest_events_pass() {
    // SPEC [W3]
    let ask = |kinds| EventKind::Ask { to: StayId::new([1; 16]), kinds };
    for kind in [
        chat(1),
        chat(2048),
        private_chat(17),
        private_chat(2064),
        reaction(1),
        reaction(32),
        EventKind::Hand { raised: false },
        ask(TrackKinds::of(&[TrackKind::Microphone])),
        ask(TrackKinds::ALL),
        announcement(Vec::new()),
        announcement((0..16).map(announced).collect()),
        EventKind::Attend { knock: KeyPackageRef::new([1; 32]), proved: true },
        host_silent(fingerprints(1)),
        host_silent(fingerprints(16)),
        EventKind::RemovalOrder { target: Fingerprint::new([1; 32]), stay: StayId::new([2; 16]) },
        heartbeat(Vec::new()),
        heartbeat(vec![vec![1; 512]; 4]),
        EventKind::Rejoin { knock: KeyPackageRef::new([1; 32]) },
        key_frame_request(TrackKind::Camera, 0),
        key_frame_request(TrackKind::Screen, 31),
    ] {
        assert_eq!(recode(kind.clone()), Ok(kind));
    }
}

#[test]
fn an_event_over_or_under_its_limits_is_refused() {
    // SPEC [W3]
    let track = |change: fn(&mut AnnouncedTrack)| {
        let mut track = announced(0);
        change(&mut track);
        announcement(vec![track])
    };
    for (kind, field, rule) in [
        (chat(2049), "text", FormatRule::TooLong),
        (chat(0), "text", FormatRule::Missing),
        (private_chat(2065), "ciphertext", FormatRule::TooLong),
        (private_chat(16), "ciphertext", FormatRule::TooShort),
        (reaction(33), "symbol", FormatRule::TooLong),
        (reaction(0), "symbol", FormatRule::Missing),
        (
            EventKind::Ask { to: StayId::new([1; 16]), kinds: TrackKinds::NONE },
            "kinds",
            FormatRule::Missing,
        ),
        (announcement((0..17).map(announced).collect()), "tracks", FormatRule::TooMany),
        (track(|it| it.codec.push('c')), "codec", FormatRule::TooLong),
        (track(|it| it.codec.clear()), "codec", FormatRule::Missing),
        (track(|it| it.transport.push('t')), "transport", FormatRule::TooLong),
        (host_silent(fingerprints(17)), "hosts", FormatRule::TooMany),
        (host_silent(Vec::new()), "hosts", FormatRule::Missing),
        (heartbeat(vec![vec![1; 513]]), "orders", FormatRule::TooLong),
        (heartbeat(vec![Vec::new()]), "orders", FormatRule::TooShort),
        (heartbeat(vec![vec![1]; 5]), "orders", FormatRule::TooMany),
    ] {
        assert_eq!(refused(recode(kind)), (field, rule));
    }
}

#[test]
fn an_event_with_unsorted_or_repeated_entries_is_refused() {
    // SPEC [W5]
    for order in [[1, 0], [0, 0]] {
        let tracks = order.map(announced).to_vec();
        assert_eq!(refused(recode(announcement(tracks))), ("tracks", FormatRule::NotSorted));
        let both = fingerprints(2);
        let hosts = order.map(|place| both[usize::from(place)]).to_vec();
        assert_eq!(refused(recode(host_silent(hosts))), ("hosts", FormatRule::NotSorted));
    }
    // By context, whose lowest bits are the kind: not by kind and then index.
    let track =
        |kind, index| AnnouncedTrack { track: Track::new(kind, index).unwrap(), ..announced(0) };
    let (data, speech) = (track(TrackKind::Data, 0), track(TrackKind::Microphone, 1));
    assert!(recode(announcement(vec![data.clone(), speech.clone()])).is_ok());
    let tracks = vec![speech, data];
    assert_eq!(refused(recode(announcement(tracks))), ("tracks", FormatRule::NotSorted));
}

#[test]
fn numbers_in_events_that_mean_nothing_are_refused() {
    // SPEC [W3]
    let ask = || EventKind::Ask { to: StayId::new([1; 16]), kinds: TrackKinds::ALL };
    let out = FormatRule::OutOfRange;
    assert_eq!(edited(ask(), &[0x10, 31], &[0x10, 32]), ("kinds", out));
    assert_eq!(edited(ask(), &[0x10, 31], &[0x10, 0]), ("kinds", out));
    let raised = || EventKind::Hand { raised: true };
    assert_eq!(edited(raised(), &[0x62, 2, 0x08, 1], &[0x62, 2, 0x08, 2]), ("raised", out));
    // Context 8 * 31 + 4, whose last bits may be no kind; 256 has no index.
    let track = || announcement(vec![announced(31)]);
    for other in [[0xfd, 1], [0xff, 1], [0x80, 2]] {
        let (from, to) =
            ([&[0x08, 0xfc, 1][..], &[0x12]], [&[0x08, other[0], other[1]][..], &[0x12]]);
        assert_eq!(edited(track(), &from.concat(), &to.concat()), ("context", out));
    }
    for framing in [0, 3] {
        let (from, to) = ([0x18, 1, 0x22, 64], [0x18, framing, 0x22, 64]);
        assert_eq!(edited(track(), &from, &to), ("framing", out));
    }
}

#[test]
fn a_request_for_a_key_frame_names_a_track_with_a_picture() {
    // SPEC [M46], [W3]
    for (kind, rule) in [
        (TrackKind::Microphone, FormatRule::Missing),
        (TrackKind::ScreenAudio, FormatRule::OutOfRange),
        (TrackKind::Data, FormatRule::OutOfRange),
    ] {
        assert_eq!(refused(recode(key_frame_request(kind, 0))), ("context", rule));
    }
    let sound = key_frame_request(TrackKind::Microphone, 1);
    assert_eq!(refused(recode(sound)), ("context", FormatRule::OutOfRange));
    // Screen audio 31; no kind; 258 has no index.
    let last = || key_frame_request(TrackKind::Screen, 31);
    for other in [[0xfb, 1], [0xff, 1], [0x82, 2]] {
        let bytes = [0x10, other[0], other[1]];
        let broken = ("context", FormatRule::OutOfRange);
        assert_eq!(edited(last(), &[0x10, 0xfa, 1], &bytes), broken);
    }
    let to = [&[0xa2, 1, 21, 0x0a, 16][..], &[1; 16]].concat();
    assert_eq!(edited(last(), &to, &[0xa2, 1, 3]), ("to", FormatRule::Missing));
}

#[test]
fn an_order_without_target_or_stay_is_refused() {
    let order =
        EventKind::RemovalOrder { target: Fingerprint::new([5; 32]), stay: StayId::new([6; 16]) };
    let (target, stay) =
        ([&[0x0a, 32][..], &[5; 32]].concat(), [&[0x12, 16][..], &[6; 16]].concat());
    // The tag of field 17 takes two bytes; the length of what is left follows.
    let both = [&[0x8a, 1, 52][..], &target, &stay].concat();
    let only = |part: &[u8]| [&[0x8a, 1, part.len() as u8][..], part].concat();
    assert_eq!(edited(order.clone(), &both, &only(&stay)), ("target", FormatRule::Missing));
    assert_eq!(edited(order, &both, &only(&target)), ("stay", FormatRule::Missing));
}

#[test]
fn the_largest_credential_passes_and_larger_ones_are_refused() {
    // SPEC [W3]
    let mut credential = leaf_credential(&"n".repeat(64));
    credential.label = Some(Label::Bot);
    credential.attestation = vec![1; 2048];
    let bytes = credential.encode();
    assert_eq!(LeafCredential::decode(&bytes).as_ref(), Ok(&credential));
    for label in [0, 5] {
        let changed = replaced(&bytes, &[0x38, 4, 0x42], &[0x38, label, 0x42]);
        let broken = ("label", FormatRule::OutOfRange);
        assert_eq!(refused(LeafCredential::decode(&changed)), broken);
    }
    credential.attestation.push(1);
    let broken = ("attestation", FormatRule::TooLong);
    assert_eq!(refused(LeafCredential::decode(&credential.encode())), broken);
}

#[test]
fn an_attestation_of_no_bytes_is_left_out() {
    // SPEC [W5]
    let bytes = [&leaf_credential("name").encode()[..], &[0x42, 0]].concat();
    let broken = ("attestation", FormatRule::NotCanonical);
    assert_eq!(refused(LeafCredential::decode(&bytes)), broken);
}

#[test]
fn a_knock_proves_a_passcode_in_full_lengths_or_not_at_all() {
    // SPEC [W3]
    let content = knock_content();
    let bytes = content.encode();
    assert_eq!(KnockContent::decode(&bytes).as_ref(), Ok(&content));
    let plain = KnockContent { passcode_share: None, passcode_tag: None, rejoin: None, ..content };
    assert_eq!(KnockContent::decode(&plain.encode()).as_ref(), Ok(&plain));
    for (tag, byte, length, field) in
        [(0x22, 2, 32, "passcode_share"), (0x2a, 3, 64, "passcode_tag")]
    {
        let part = |length: u8| [vec![tag, length], vec![byte; usize::from(length)]].concat();
        for (other, rule) in [
            (length - 1, FormatRule::TooShort),
            (length + 1, FormatRule::TooLong),
            (0, FormatRule::TooShort),
        ] {
            let changed = replaced(&bytes, &part(length), &part(other));
            assert_eq!(refused(KnockContent::decode(&changed)), (field, rule));
        }
    }
    let larger = KnockContent { key_package: vec![1; 16385], ..knock_content() };
    let broken = ("key_package", FormatRule::TooLong);
    assert_eq!(refused(KnockContent::decode(&larger.encode())), broken);
}

#[test]
fn an_answer_is_one_denial_or_one_challenge() {
    // SPEC [W2] [W3]
    let denial = KnockAnswerContent::Denial { reason: DenyReason::NoAnswer }.encode();
    let challenge = KnockAnswerContent::Challenge(samples::challenge()).encode();
    assert_eq!(denial, [0x08, 1, 0x12, 2, 0x08, 8]);
    assert_eq!(challenge[..4], [0x08, 1, 0x1a, 118]);
    let decode = KnockAnswerContent::decode;
    assert_eq!(decode(&challenge), Ok(KnockAnswerContent::Challenge(samples::challenge())));
    let both = [&denial, &challenge[2..]].concat();
    assert_eq!(refused(decode(&both)), ("challenge", FormatRule::Duplicate));
    assert_eq!(refused(decode(&[0x08, 1])), ("answer", FormatRule::Missing));
    assert_eq!(refused(decode(&[0x08, 1, 0x12, 0])), ("reason", FormatRule::Missing));
    for reason in [0, 9] {
        let changed = replaced(&denial, &[0x12, 2, 0x08, 8], &[0x12, 2, 0x08, reason]);
        assert_eq!(refused(decode(&changed)), ("reason", FormatRule::OutOfRange));
    }
}

#[test]
fn a_challenge_without_one_of_its_parts_is_refused() {
    let whole = KnockAnswerContent::Challenge(samples::challenge()).encode();
    for (start, length, field) in [(4, 18, "admitter"), (22, 34, "share"), (56, 66, "tag")] {
        let mut bytes = whole.clone();
        bytes.drain(start..start + length);
        bytes[3] -= length as u8;
        let broken = (field, FormatRule::Missing);
        assert_eq!(refused(KnockAnswerContent::decode(&bytes)), broken);
    }
}

#[test]
fn a_relays_challenge_and_proof_have_all_their_parts() {
    let challenge = samples::relay_challenge();
    let bytes = challenge.encode();
    assert_eq!(RelayChallenge::decode(&bytes), Ok(challenge));
    let broken = ("challenge", FormatRule::Missing);
    assert_eq!(refused(RelayChallenge::decode(&bytes[..20])), broken);
    let proof = samples::relay_proof();
    let bytes = proof.encode();
    assert_eq!(RelayProof::decode(&bytes), Ok(proof));
    let broken = ("signature", FormatRule::Missing);
    assert_eq!(refused(RelayProof::decode(&bytes[..36])), broken);
}

#[test]
fn a_relays_statement_has_the_documented_layout() {
    // SPEC [M12]
    let expected = [&b"incamera 1 relay"[..], &[2; 32], &[1; 16], &[9; 32]].concat();
    assert_eq!(relay_statement(&samples::relay_challenge(), &[9; 32]), expected);
}
