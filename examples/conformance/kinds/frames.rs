//! Frames over several epochs (SPEC.md 5.3, 5.4, 9.1 to 9.3, 9.7).

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::{Track, TrackKind, TrackKinds};
use serde_json::{Value, json};

use super::keys::{counting, shown};
use super::media;
use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Fields, hex, unhex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "frames",
    about: "frames sealed and opened by clients whose epochs are given, over several epochs (5, 9.1 to 9.3, 9.7)",
    make,
    run: media::run,
    flips: Flips::Own(media::flip),
};

const GCM: u16 = 0x0004;

/// A case as it is put together: its steps, and what each of them gave.
struct Script {
    suite: u16,
    steps: Vec<Value>,
}

impl Script {
    fn new(suite: u16) -> Self {
        Self { suite, steps: Vec::new() }
    }

    fn input(&self) -> Value {
        json!({ "suite": self.suite, "steps": self.steps })
    }

    fn step(&mut self, client: u64, at_ms: u64, what: &str, value: Value) -> Value {
        self.steps.push(json!({ "client": client, "at_ms": at_ms, what: value }));
        let input = self.input();
        let output = media::run(&Fields::of(&input, "input").unwrap(), &Value::Null).unwrap();
        output["steps"].as_array().unwrap().last().unwrap().clone()
    }

    /// A client enters an epoch of the members 0, 1 and so on, of whom each may send the kinds given.
    fn enter(&mut self, client: u64, at_ms: u64, epoch: &Epoch) {
        let done = self.step(client, at_ms, "install", epoch.keys(client));
        assert_eq!(done, json!({}));
    }

    /// A client seals; gives the frame.
    fn seal(&mut self, client: u64, at_ms: u64, track: Track, plaintext: &[u8]) -> String {
        let frame = json!({ "track": shown(track), "plaintext": hex(plaintext) });
        let sealed = self.step(client, at_ms, "seal", frame);
        sealed["sealed"].as_str().unwrap().to_owned()
    }

    fn open(&mut self, client: u64, at_ms: u64, frame: &str) -> Value {
        self.step(client, at_ms, "open", json!({ "frame": frame }))
    }

    fn good(self, name: &str, must: &[&'static str]) -> Draft {
        good(name, must, self.input())
    }

    fn refused(self, name: &str, must: &[&'static str], why: &str) -> Draft {
        refused(name, must, why, self.input())
    }
}

/// An epoch of a case.
struct Epoch {
    number: u64,
    /// What each member may send, by leaf.
    kinds: Vec<TrackKinds>,
    key_len: usize,
    /// Whether sound has short tags.
    audio: Option<(u16, usize)>,
    padding: [u32; 2],
    /// Whether the commit into it adds, removes.
    by: [bool; 2],
}

const CHANGE: [bool; 2] = [false, false];
const ADD: [bool; 2] = [true, false];
const REMOVAL: [bool; 2] = [false, true];

impl Epoch {
    fn new(number: u64, members: usize) -> Self {
        let kinds = vec![TrackKinds::ALL; members];
        Self { number, kinds, key_len: 16, audio: None, padding: [0, 0], by: CHANGE }
    }

    fn by(number: u64, by: [bool; 2]) -> Self {
        Self { by, ..Self::new(number, 3) }
    }

    fn keys(&self, own_leaf: u64) -> Value {
        let leaf = |(leaf, kinds): (usize, &TrackKinds)| json!({ "leaf": leaf, "stay": hex([leaf as u8 + 1; 16]), "kinds": kinds.bits() });
        let leaves: Vec<_> = self.kinds.iter().enumerate().map(leaf).collect();
        let first = 0x10 + self.number as u8;
        let mut keys = json!({
            "epoch": self.number, "base_key": hex(counting(first, self.key_len)), "own_leaf": own_leaf,
            "leaves": leaves, "adds": self.by[0], "removes": self.by[1],
        });
        if let Some((suite, len)) = self.audio {
            keys["audio_suite"] = suite.into();
            keys["audio_base_key"] = hex(counting(first + 1, len)).into();
        }
        for (name, to) in ["audio_padding", "other_padding"].into_iter().zip(self.padding) {
            if to != 0 {
                keys[name] = to.into();
            }
        }
        keys
    }
}

/// The clients at leaves 0 and 1 of three, both in epoch 7.
fn two() -> Script {
    let mut script = Script::new(GCM);
    script.enter(0, 0, &Epoch::new(7, 3));
    script.enter(1, 0, &Epoch::new(7, 3));
    script
}

fn make() -> Made {
    let mut drafts = profiles();
    drafts.extend(epochs());
    drafts.extend(replays());
    drafts.extend(keys());
    drafts.extend(permissions());
    drafts.extend(padded());
    drafts.extend(held());
    drafts.extend(sealers());
    drafts.into()
}

/// Each suite, on a track of sound and one of pictures.
fn profiles() -> Vec<Draft> {
    let suites = [
        ("standard", 0x0004, 16, None),
        ("portable", 0xf001, 32, None),
        ("post-quantum", 0x0005, 32, None),
        ("standard, short tags of sound", 0x0004, 16, Some((0x0001, 48))),
        ("post-quantum, short tags of sound", 0x0005, 32, Some((0x0006, 96))),
    ];
    let draft = |(name, suite, key_len, audio): (&str, u16, usize, Option<(u16, usize)>)| {
        let mut script = Script::new(suite);
        for client in [0, 1] {
            script.enter(client, 0, &Epoch { key_len, audio, ..Epoch::new(7, 3) });
        }
        let tracks = [Track::MICROPHONE, Track::CAMERA, Track::SCREEN_AUDIO, Track::DATA];
        for (at, track) in tracks.into_iter().enumerate() {
            for text in [&b"first"[..], b"", b"third"] {
                let frame = script.seal(0, at as u64, track, text);
                script.open(1, at as u64, &frame);
            }
        }
        script.good(&format!("frames of every suite: {name}"), &["K1", "K2", "K11", "M1"])
    };
    suites.into_iter().map(draft).collect()
}

/// A sealer and a receiver over epochs 7 to 10: an Add, a removal, a change.
fn epochs() -> Vec<Draft> {
    let mut script = two();
    let mut frames = Vec::new();
    for (epoch, by, at_ms) in [(8, ADD, 1_000), (9, REMOVAL, 4_000), (10, CHANGE, 5_000)] {
        for client in [0, 1] {
            script.enter(client, at_ms, &Epoch::by(epoch, by));
        }
        // Behind an Add a sealer lingers for 150 ms, behind anything else not at all.
        for later in [0, 149, 150] {
            frames.push(script.seal(0, at_ms + later, Track::CAMERA, &[epoch as u8, later as u8]));
        }
    }
    for frame in &frames {
        script.open(1, 5_200, frame);
    }
    let whole = script.good("frames over four epochs", &["K3", "M6"]);
    let late = |name: &str, must: &'static str, first: u64, by: [bool; 2], after: u64| {
        let mut script = two();
        let frame = script.seal(0, 0, Track::CAMERA, b"late");
        let last = script.seal(0, 0, Track::CAMERA, b"in time");
        script.enter(1, first, &Epoch::by(8, by));
        script.open(1, first + after - 1, &last);
        script.open(1, first + after, &frame);
        script.refused(name, &[must], "UnknownKey")
    };
    vec![
        whole,
        late("a frame 2 s after a removal", "K7", 1_000, REMOVAL, 2_000),
        late("a frame 10 s after an Add", "K7", 1_000, ADD, 10_000),
    ]
}

fn replays() -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut script = two();
    let frame = script.seal(0, 0, Track::CAMERA, b"once");
    script.open(1, 0, &frame);
    script.open(1, 0, &frame);
    drafts.push(script.refused("a frame that was opened before", &["M2", "M8"], "Unopenable"));
    // Frames overtake each other within the window, and below it none opens.
    let mut script = two();
    let frames: Vec<_> = (0..1_026_u32).map(|at| (at, at.to_be_bytes())).collect();
    let sealed = sealed_by_another(&frames);
    for at in [1, 0, 1_024, 2] {
        script.open(1, 0, &sealed[at]);
    }
    drafts.push(script.good("frames out of order", &["M2"]));
    let mut script = two();
    script.open(1, 0, &sealed[1_025]);
    script.open(1, 0, &sealed[1]);
    drafts.push(script.refused("a frame below the window", &["M2"], "Unopenable"));
    let changes: [(&str, &'static [&'static str], &str, usize, u8); 4] = [
        ("a frame with another counter", &["M1", "M8"], "Unopenable", 0, 0x01),
        ("a frame with its ciphertext changed", &["M8", "M11"], "Unopenable", 3, 0x80),
        ("a frame with its tag changed", &["M8", "M11"], "Unopenable", 20, 0x01),
        ("a frame under the key of another track", &["M4", "M8"], "Unopenable", 1, 0x08),
    ];
    for (name, must, why, at, mask) in changes {
        let mut script = two();
        let frame = script.seal(0, 0, Track::CAMERA, b"spoilt");
        let mut bytes = unhex(&frame).unwrap();
        bytes[at] ^= mask;
        script.open(1, 0, &hex(bytes));
        drafts.push(script.refused(name, must, why));
    }
    drafts
}

/// Frames of the camera at leaf 0 of epoch 7.
fn sealed_by_another(texts: &[(u32, [u8; 4])]) -> Vec<String> {
    let media = incamera::testing::KeyedMedia::new(GCM).unwrap();
    let leaves = (0..3)
        .map(|leaf| (leaf, incamera::wire::StayId::new([leaf as u8 + 1; 16]), TrackKinds::ALL));
    let keys = incamera::testing::EpochKeys {
        epoch: 7,
        base_key: counting(0x17, 16),
        audio: None,
        padding: incamera::Padding::NONE,
        own_leaf: 0,
        leaves: leaves.collect(),
        adds: false,
        removes: false,
    };
    assert!(media.install(keys, 0));
    let mut sealer = media.sealer(Track::CAMERA, incamera::Framing::Whole).unwrap();
    let seal = |(_, text): &(u32, [u8; 4])| {
        let mut sealed = Vec::new();
        sealer.seal(text, 0, &mut sealed).unwrap();
        hex(sealed)
    };
    texts.iter().map(seal).collect()
}

/// Key ids that lead to no key.
fn keys() -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut script = two();
    let own = script.seal(1, 0, Track::CAMERA, b"my own words");
    script.open(1, 0, &own);
    drafts.push(script.refused("a frame of the reader's own leaf", &["K4"], "UnknownKey"));
    // Key id of three bytes: context 1 (camera), two bits of leaf, epoch 7.
    let cases = [
        ("a frame of a leaf that is empty", "90 0707", &["M3"]),
        ("a frame of an epoch long past", "90 0406", &["M3"]),
        ("a frame of an epoch 33 ahead", "90 0428", &["M5"]),
        ("a frame of no track", "90 1407", &["M3"]),
    ];
    for (name, head, must) in cases {
        let mut script = two();
        let frame = hex(unhex(&format!("{head}{}", "00".repeat(24))).unwrap());
        script.open(1, 0, &frame);
        let why = "UnknownKey";
        drafts.push(script.refused(name, must, why));
    }
    let mut script = two();
    script.open(1, 0, "8007ff");
    drafts.push(script.refused("a header that is not minimal", &["W7"], "Malformed"));
    let mut script = two();
    script.open(1, 0, "900407");
    drafts.push(script.refused("a header and nothing behind it", &["W7"], "Malformed"));
    // Sound has the suite with short tags, or not: never both.
    let audio = Some((0x0001, 48));
    let mut script = two();
    let long = script.seal(0, 0, Track::MICROPHONE, b"a long tag");
    let mut script = Script::new(GCM);
    script.enter(1, 0, &Epoch { audio, ..Epoch::new(7, 3) });
    script.open(1, 0, &long);
    drafts.push(script.refused(
        "sound with long tags where they are short",
        &["K11"],
        "Unopenable",
    ));
    drafts
}

/// What state and mutes allow.
fn permissions() -> Vec<Draft> {
    let mute = |kinds: &[TrackKind]| {
        let mut epoch = Epoch::new(8, 3);
        epoch.kinds[0] = TrackKinds::ALL.difference(TrackKinds::of(kinds));
        epoch
    };
    let mut script = two();
    let before = script.seal(0, 0, Track::CAMERA, b"before the mute");
    script.enter(1, 10, &mute(&[TrackKind::Camera]));
    script.open(1, 10, &before);
    let earlier = script.refused("a frame of before its sender was muted", &["M7"], "NotAllowed");
    let mut script = two();
    script.enter(0, 10, &Epoch::new(8, 3));
    let unasked = script.seal(0, 10, Track::CAMERA, b"all the same");
    let mut script = two();
    script.enter(1, 10, &mute(&[TrackKind::Camera]));
    script.open(1, 10, &unasked);
    let later = script.refused("a frame of a muted track", &["M7"], "NotAllowed");
    let mut script = two();
    script.enter(2, 0, &Epoch::new(7, 3));
    let gone = script.seal(2, 0, Track::CAMERA, b"bye");
    script.enter(1, 10, &Epoch { by: REMOVAL, ..Epoch::new(8, 2) });
    script.open(1, 10, &gone);
    let removed = script.refused("a frame of somebody who was removed", &["M7"], "NotAllowed");
    let mut script = two();
    script.enter(0, 10, &mute(&[TrackKind::Camera]));
    let frame = json!({ "track": shown(Track::CAMERA), "plaintext": "00" });
    script.step(0, 10, "seal", frame);
    let own = script.refused("a sealer of a muted track", &["M7"], "NotAllowed");
    let mut script = two();
    script.enter(1, 10, &mute(&[TrackKind::Microphone]));
    let other = script.seal(0, 0, Track::CAMERA, b"the camera is not muted");
    script.open(1, 10, &other);
    vec![earlier, later, removed, own, script.good("a mute of another kind", &["M7"])]
}

fn padded() -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, to) in [("by Padmé", 1), ("to a multiple of 8", 8), ("to a multiple of 160", 160)] {
        let mut script = Script::new(GCM);
        for client in [0, 1] {
            script.enter(client, 0, &Epoch { padding: [to, to], ..Epoch::new(7, 3) });
        }
        for len in [0, 1, 3, 7, 8, 9, 10, 40] {
            let frame = script.seal(0, 0, Track::MICROPHONE, &counting(1, len));
            script.open(1, 0, &frame);
        }
        drafts.push(script.good(&format!("frames padded {name}"), &["M40"]));
    }
    // What a sealer that does not pad seals, with these plaintexts.
    let cases = [
        ("a frame that is not padded", 8, "0102030405060708"),
        ("a frame without the mark", 8, "0102030000000000"),
        ("a frame padded with something else", 8, "0102038001000000"),
        ("a frame padded further than it need be", 8, "01028000000000000000000000000000"),
        ("a frame padded to another multiple", 8, "010203800000"),
        ("an empty plaintext", 8, ""),
        ("a frame of 10 bytes that Padmé makes 11", 1, "0102030405060708090a80"),
    ];
    for (name, to, plaintext) in cases {
        let mut script = two();
        let frame = script.seal(0, 0, Track::CAMERA, &unhex(plaintext).unwrap());
        let mut script = Script::new(GCM);
        script.enter(1, 0, &Epoch { padding: [to, to], ..Epoch::new(7, 3) });
        script.open(1, 0, &frame);
        drafts.push(script.refused(name, &["M40"], "Unopenable"));
    }
    drafts
}

/// Frames of epochs to come.
fn held() -> Vec<Draft> {
    let ahead = |epochs: u64| {
        let mut script = two();
        script.enter(0, 0, &Epoch::new(7 + epochs, 3));
        let frames: Vec<_> = (0..3).map(|at| script.seal(0, 200, Track::CAMERA, &[at])).collect();
        let mut script = Script::new(GCM);
        script.enter(1, 0, &Epoch::new(7, 3));
        (script, frames)
    };
    let (mut script, frames) = ahead(1);
    for frame in &frames {
        script.open(1, 200, frame);
    }
    script.step(1, 250, "poll", json!(true));
    script.enter(1, 300, &Epoch::new(8, 3));
    script.step(1, 300, "poll", json!(true));
    let in_order = script.good("frames that wait for their epoch come out in order", &["M5"]);
    let (mut script, frames) = ahead(32);
    script.open(1, 200, &frames[0]);
    let farthest = script.good("a frame 32 epochs ahead is held", &["M5"]);
    let (mut script, frames) = ahead(1);
    let mut spoilt = unhex(&frames[0]).unwrap();
    spoilt[5] ^= 1;
    script.open(1, 200, &hex(spoilt));
    script.enter(1, 300, &Epoch::new(8, 3));
    script.step(1, 300, "poll", json!(true));
    let forged = script
        .good("a forged frame that was held does not open when its epoch comes", &["M5", "M8"]);
    let (mut script, frames) = ahead(1);
    script.open(1, 200, &frames[0]);
    script.step(1, 5_200, "poll", json!(true));
    let late = script.good("a frame whose epoch does not come in 5 s is given up", &["M5"]);
    let (mut script, frames) = ahead(33);
    script.open(1, 200, &frames[0]);
    let too_far = script.refused("a frame 33 epochs ahead", &["M5"], "UnknownKey");
    vec![in_order, farthest, forged, late, too_far]
}

/// When sealers refuse.
fn sealers() -> Vec<Draft> {
    let seal = |script: &mut Script, at_ms| {
        let frame = json!({ "track": shown(Track::CAMERA), "plaintext": "00" });
        script.step(0, at_ms, "seal", frame);
    };
    let mut script = two();
    script.step(0, 0, "seal_until_ms", json!(15_000));
    seal(&mut script, 14_999);
    seal(&mut script, 15_000);
    let undriven = script.refused("a sealer past its deadline", &["M9", "M14"], "Stopped");
    let mut script = two();
    script.step(0, 0, "seal_until_ms", Value::Null);
    seal(&mut script, 0);
    let stopped = script.refused("a sealer that is stopped", &["M9"], "Stopped");
    let mut script = two();
    seal(&mut script, 0);
    script.step(0, 0, "take", shown(Track::CAMERA));
    let second = script.refused("a second sealer of a track", &["M10"], "AlreadyLeased");
    vec![undriven, stopped, second]
}
