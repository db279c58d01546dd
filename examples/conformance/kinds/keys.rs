//! Keys and key ids from given secrets (SPEC.md 5).

use incamera::testing;
use incamera::{Track, TrackKind};
use serde_json::{Value, json};

use crate::case::{Draft, Kind, Made, good};
use crate::fields::{Fields, Read, bad, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "key-schedule",
    about: "SFrame keys of a base key (5.1, 5.3), sealing keys of a heartbeat key (5.2), key ids (5.3)",
    make,
    run,
    flips: Flips::None,
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    match input.text("what")? {
        "media key" => {
            let (suite, base_key) = (input.small("suite")?, input.bytes("base_key")?);
            let kid = u64::from_be_bytes(input.array("kid")?);
            match testing::media_key(suite, &base_key, kid) {
                Some((key, salt)) => Ok(json!({ "key": hex(key), "salt": hex(salt) })),
                None => bad("no profile has this suite"),
            }
        }
        "heartbeat keys" => {
            let (order, heartbeat) = testing::heartbeat_keys(&input.array("heartbeat_key")?);
            Ok(json!({ "order_key": hex(order), "heartbeat_key": hex(heartbeat) }))
        }
        "key id" => {
            let track = track(&input.object("track")?)?;
            let (highest, leaf) = (input.small("highest_leaf")?, input.small("leaf")?);
            let kid = testing::kid(input.number("epoch")?, highest, leaf, track);
            Ok(json!({ "kid": hex(kid.to_be_bytes()), "context": track.context() }))
        }
        what => bad(format!("`what` is `{what}`, which is not known")),
    }
}

/// A track by its kind's name and its index.
pub(crate) fn track(fields: &Fields<'_>) -> Read<Track> {
    let name = fields.text("kind")?;
    let kind = TrackKind::ALL.iter().find(|kind| track_kind(**kind) == name);
    match kind.and_then(|kind| Track::new(*kind, fields.small("index").ok()?)) {
        Some(track) => Ok(track),
        None => bad(format!("`{name}` and its index are no track")),
    }
}

/// SPEC.md's word for a kind of tracks.
pub(crate) const fn track_kind(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Microphone => "microphone",
        TrackKind::Camera => "camera",
        TrackKind::Screen => "screen",
        TrackKind::ScreenAudio => "screen audio",
        TrackKind::Data => "data",
    }
}

/// What [`track`] reads.
pub(crate) fn shown(track: Track) -> Value {
    json!({ "kind": track_kind(track.kind()), "index": track.index() })
}

/// `len` bytes that count up.
pub(crate) fn counting(from: u8, len: usize) -> Vec<u8> {
    (0..len).map(|at| from.wrapping_add(at as u8)).collect()
}

/// The suites of the profiles, the profile's name, and the length of their keys.
const SUITES: [(u16, &str, usize); 5] = [
    (0x0004, "standard", 16),
    (0xf001, "portable", 32),
    (0x0005, "post-quantum", 32),
    (0x0001, "sound of standard with short tags", 48),
    (0x0006, "sound of post-quantum with short tags", 96),
];

fn make() -> Made {
    let mut drafts = Vec::new();
    for (suite, of, len) in SUITES {
        for kid in [0, 0xd2c, u64::MAX >> 1] {
            drafts.push(good(
                format!("key and salt of key id {kid:x}, {of}"),
                &["K1", "K11"],
                json!({
                    "what": "media key", "suite": suite, "base_key": hex(counting(0, len)),
                    "kid": hex(kid.to_be_bytes()),
                }),
            ));
        }
    }
    for from in [0x60, 0xc8] {
        drafts.push(good(
            format!("keys of orders and heartbeats, from {from:02x}"),
            &["K9", "K10"],
            json!({ "what": "heartbeat keys", "heartbeat_key": hex(counting(from, 32)) }),
        ));
    }
    drafts.extend(key_ids());
    drafts.into()
}

fn key_ids() -> Vec<Draft> {
    let data = Track::new(TrackKind::Data, 31).unwrap_or(Track::DATA);
    let cases = [
        ("the example of SPEC.md", 300, 5, 5, Track::CAMERA),
        ("a meeting of one", 0, 0, 0, Track::MICROPHONE),
        ("two leaves", 1, 1, 0, Track::SCREEN_AUDIO),
        ("blank leaves between", 255, 33, 20, Track::SCREEN),
        ("a full meeting", 256, 6_999, 6_999, data),
        ("an epoch of 32 bits", u64::from(u32::MAX), 7, 3, Track::DATA),
    ];
    let draft = |(name, epoch, highest, leaf, track): (&str, u64, u32, u32, Track)| {
        good(
            format!("key id: {name}"),
            &["K2"],
            json!({
                "what": "key id", "epoch": epoch, "highest_leaf": highest, "leaf": leaf,
                "track": shown(track),
            }),
        )
    };
    cases.into_iter().map(draft).collect()
}
