//! The worked examples of SPEC.md, section 13, against the code.

use incamera_wire::{
    Envelope, EnvelopeKind, EventBody, EventKind, FrameHeader, Heartbeat, MeetingId, Profile,
    RelayChallenge, SafetyCodeInput, SafetyMember, StayId, Track, relay_statement,
};

use super::super::heartbeat::heartbeat_key;
use super::super::orders::order_key;
use super::super::prefix::{Beginning, Place, Prefix};
use crate::admission::Invite;
use crate::identity::{fingerprint, pair_code, safety_code};
use crate::policy::{invite_id, resync_id};
use crate::secret::Secret;
use sha2::{Digest, Sha256};

const SPECIFICATION: &str = include_str!("../../../SPEC.md");

/// `N` bytes that count up from `first`.
fn counting<const N: usize>(first: u8) -> [u8; N] {
    std::array::from_fn(|n| first + n as u8)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SPEC.md says this, spaces and line breaks aside.
#[track_caller]
fn specified(text: &str) {
    let dense = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    assert!(dense(SPECIFICATION).contains(&dense(text)), "not in SPEC.md: {text}");
}

#[test]
fn fingerprints_and_invite_ids_are_as_specified() {
    specified(&format!("fingerprint {}", hex(fingerprint(&counting(0)).as_bytes())));
    let link_secret = Secret::filled(|bytes| *bytes = counting(0x20));
    specified(&format!("invite id {}", hex(invite_id(&link_secret).as_bytes())));
}

#[test]
fn the_id_of_a_resync_key_is_as_specified() {
    // SPEC [A16]
    let secret = Secret::filled(|bytes| *bytes = counting(0x20));
    specified(&format!("resync id {}", hex(resync_id(&secret).as_bytes())));
}

#[test]
fn the_text_of_an_invite_is_as_specified() {
    // SPEC [A1]
    let invite = Invite {
        profile: Profile::Standard,
        passcode: false,
        meeting: MeetingId::new(counting(0xa0)),
        lobby_key: counting(0x40),
        link_secret: Secret::filled(|bytes| *bytes = counting(0x20)),
    };
    specified(&invite.link());
}

#[test]
fn the_associated_data_of_an_envelope_is_as_specified() {
    // SPEC [W6]
    let envelope = Envelope {
        meeting: MeetingId::new(counting(0xa0)),
        kind: EnvelopeKind::Event,
        epoch: 7,
        nonce: [0; 24],
        ciphertext: vec![0; 16],
        welcome: None,
    };
    specified(&hex(&envelope.associated_data()));
}

#[test]
fn event_bodies_are_as_specified() {
    let target = fingerprint(&counting(0));
    let kinds = [
        EventKind::Leave,
        EventKind::Chat { text: "hi".to_owned() },
        EventKind::RemovalOrder { target, stay: StayId::new(counting(0xc0)) },
        EventKind::Heartbeat(Heartbeat {
            authenticator: counting(0x60),
            log_position: 300,
            log_hash: counting(0x40),
            time_ms: 5_000,
            orders: Vec::new(),
        }),
    ];
    for kind in kinds {
        let body = EventBody {
            meeting: MeetingId::new(counting(0xa0)),
            epoch: 7,
            stay: StayId::new(counting(0xb0)),
            counter: 1,
            kind,
        };
        let shown = hex(&body.encode())
            .replace(&hex(&counting::<32>(0x60)), "60..7f")
            .replace(&hex(&counting::<32>(0x40)), "40..5f")
            .replace(&hex(&counting::<16>(0xa0)), "a0..af")
            .replace(&hex(&counting::<16>(0xb0)), "b0..bf")
            .replace(&hex(&counting::<16>(0xc0)), "c0..cf");
        specified(&shown);
    }
}

#[test]
fn the_key_of_orders_is_as_specified() {
    // SPEC [K9]
    let key = order_key(&Secret::filled(|bytes| *bytes = counting(0x60))).unwrap();
    specified(&format!("heartbeat key 60..7f {}", hex(key.expose())));
}

#[test]
fn the_key_of_heartbeats_is_as_specified() {
    // SPEC [K10]
    let key = heartbeat_key(&Secret::filled(|bytes| *bytes = counting(0x60))).unwrap();
    specified(&format!("key of heartbeats: heartbeat key 60..7f {}", hex(key.expose())));
}

#[test]
fn log_hashes_are_as_specified() {
    // SPEC [G25]
    let meeting = MeetingId::new(counting(0xa0));
    let entry: [u8; 32] = Sha256::digest(counting::<32>(0)).into();
    let mut log = Prefix::new(Beginning::Created, meeting, 0, &[0; 32]);
    let created = hex(&log.hash());
    log.read(Place { seq: 0, entry, posted_ms: None }, 0, &[0; 32]);
    let text = "at its creation; after an entry of bytes 00..1f";
    specified(&format!("{text} {created} {}", hex(&log.hash())));
    let joined = Prefix::new(Beginning::Behind { seq: 300, entry }, meeting, 8, &[0; 32]);
    let text = "at sequence number 300 whose entry is the bytes 00..1f";
    specified(&format!("{text} {}", hex(&joined.hash())));
    let mut member = Prefix::new(Beginning::Behind { seq: 299, entry }, meeting, 7, &[0; 32]);
    member.read(Place { seq: 300, entry, posted_ms: None }, 8, &[0; 32]);
    assert_eq!(member.hash(), joined.hash());
}

#[test]
fn what_a_relay_signs_is_as_specified() {
    // SPEC [M12]
    let challenge =
        RelayChallenge { meeting: MeetingId::new(counting(0xa0)), challenge: counting(0x60) };
    let shown = hex(&relay_statement(&challenge, &counting(0x40)))
        .replace(&hex(&counting::<32>(0x60)), "60..7f")
        .replace(&hex(&counting::<16>(0xa0)), "a0..af")
        .replace(&hex(&counting::<32>(0x40)), "40..5f");
    specified(&shown);
}

#[test]
fn a_safety_code_is_as_specified() {
    // SPEC [I4]
    let member = SafetyMember { identity_key: counting(0), stay: StayId::new(counting(0xb0)) };
    let input = SafetyCodeInput {
        meeting: MeetingId::new(counting(0xa0)),
        epoch: 7,
        authenticator: counting(0x60),
        members: vec![member],
    };
    presented(&safety_code(&input));
}

#[test]
fn a_pair_code_is_as_specified() {
    // SPEC [I5]
    presented(&pair_code(&counting(0x20), &counting(0)));
}

/// SPEC.md gives this code in its three forms.
#[track_caller]
fn presented(code: &crate::SafetyCode) {
    specified(&format!("code {code} words {} QR {}", code.words(), code.qr_payload()));
}

#[test]
fn a_key_id_and_its_header_are_as_specified() {
    // SPEC [K2], [W7]
    let (highest_leaf_bits, epoch_bits) = (3, 8);
    let kid =
        Track::CAMERA.context() << (highest_leaf_bits + epoch_bits) | 5 << epoch_bits | (300 % 256);
    let mut header = [0; 17];
    let length = FrameHeader { kid, ctr: 7 }.write(&mut header);
    specified(&format!("{kid:x}; header with counter 7: {}", hex(&header[..length])));
}
