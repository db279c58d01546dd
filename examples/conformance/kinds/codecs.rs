//! Frames of which some bytes stay clear (SPEC.md 9.5).

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::{Codec, Track, TrackKinds};
use serde_json::{Value, json};

use super::keys::{counting, shown};
use super::media;
use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Fields, hex, unhex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "codecs",
    about: "frames of codecs with clear bytes (9.5); tests/vectors/codecs has their plaintexts and metadata",
    make,
    run: media::run,
    flips: Flips::Own(media::flip),
};

/// Of each kind of frame one, with the bytes that a decoder gets if they are others.
const FRAMES: [(&str, Codec, &str); 15] = [
    ("VP8: a key frame", Codec::Vp8, "10 02 00 9d 01 2a 80 02 68 01 aa bb cc"),
    ("VP8: a key frame of its clear bytes alone", Codec::Vp8, "10 02 00 9d 01 2a 80 02 68 01"),
    ("VP8: another frame", Codec::Vp8, "31 02 03 04"),
    ("VP8: another frame of one byte", Codec::Vp8, "01"),
    ("AV1: the example", Codec::Av1, "12 00 0a 02 aa bb 32 03 cc dd ee"),
    (
        "AV1: layers, with sizes of two bytes",
        Codec::Av1,
        "0e 28 83 00 01 02 03 36 48 82 80 00 09 08",
    ),
    (
        "AV1: padding in between, the last OBU without a size",
        Codec::Av1,
        "0a 01 aa 7a 02 00 80 30 01 02 03",
    ),
    ("H264: the example", Codec::H264, "00000001 67 42 000001 65 b8 aa bb 80"),
    (
        "H264: parameter sets, a message, two slices",
        Codec::H264,
        "00000001 67 42 c0 1e 00000001 68 ce 38 80 000001 06 05 01 ff 80 000001 65 b8 01 02 80 000001 41 9a 20 aa",
    ),
    ("H264: an escape among the clear bytes", Codec::H264, "00000001 41 00000300800340aa55"),
    ("H264: a delimiter in front", Codec::H264, "00000001 09 f0 00000001 65 b8 aa 80"),
    ("H265: the example", Codec::H265, "000001 02 01 d0 aa 80 000001 02 01 50 bb 80"),
    (
        "H265: parameter sets and a slice",
        Codec::H265,
        "00000001 40 01 0c 01 00000001 42 01 01 00000001 44 01 c0 00000001 26 01 af aa 80",
    ),
    ("Opus: nothing is clear", Codec::Opus, "f8 ff fe"),
    ("VP9: nothing is clear", Codec::Vp9, "82 49 83 42"),
];

/// Frames that no sealer takes.
const REFUSED: [(&str, &str, Codec, &str, &str); 16] = [
    (
        "VP8: a key frame cut off",
        "M23",
        Codec::Vp8,
        "Codec(Truncated)",
        "10 02 00 9d 01 2a 80 02 68",
    ),
    (
        "VP8: a key frame without its start code",
        "M23",
        Codec::Vp8,
        "Codec(NoStartCode)",
        "10 02 00 9d 01 2b 80 02 68 01 aa",
    ),
    ("AV1: the forbidden bit", "M24", Codec::Av1, "Codec(Forbidden)", "b2 02 aa bb"),
    ("AV1: a size behind the end", "M24", Codec::Av1, "Codec(Truncated)", "32 05 aa bb"),
    ("AV1: a size that does not end", "M24", Codec::Av1, "Codec(Truncated)", "32 80"),
    ("H264: no start code", "M25", Codec::H264, "Codec(NoStartCode)", "65 b8 aa bb 80"),
    ("H264: the forbidden bit", "M25", Codec::H264, "Codec(Forbidden)", "000001 e5 b8 aa 80"),
    ("H264: an aggregation packet", "M25", Codec::H264, "Codec(Forbidden)", "000001 78 b8 aa 80"),
    ("H264: a fragmentation unit", "M25", Codec::H264, "Codec(Forbidden)", "000001 7c 85 aa 80"),
    ("H264: type 0", "M25", Codec::H264, "Codec(Forbidden)", "000001 60 b8 aa 80"),
    (
        "H264: a parameter set at the end",
        "M25",
        Codec::H264,
        "Codec(NoSlice)",
        "000001 65 b8 aa 80 000001 67 42 c0",
    ),
    ("H264: a slice without its clear bytes", "M25", Codec::H264, "Codec(Truncated)", "000001 65"),
    (
        "H265: temporal id plus 1 of 0",
        "M25",
        Codec::H265,
        "Codec(Forbidden)",
        "000001 02 00 d0 aa 80",
    ),
    ("H265: a fragmentation unit", "M25", Codec::H265, "Codec(Forbidden)", "000001 62 01 d0 aa 80"),
    ("H265: the forbidden bit", "M25", Codec::H265, "Codec(Forbidden)", "000001 a6 01 d0 aa 80"),
    (
        "H265: a parameter set at the end",
        "M25",
        Codec::H265,
        "Codec(NoSlice)",
        "000001 26 01 af aa 80 000001 42 01 01",
    ),
];

/// The epoch of both clients.
fn keys(own_leaf: u64) -> Value {
    let leaf = |leaf: u8| json!({ "leaf": leaf, "stay": hex([leaf + 1; 16]), "kinds": TrackKinds::ALL.bits() });
    json!({
        "epoch": 7, "base_key": hex(counting(0x17, 16)), "own_leaf": own_leaf,
        "leaves": [leaf(0), leaf(1)], "adds": false, "removes": false,
    })
}

fn input(steps: Vec<(u64, &str, Value)>) -> Value {
    let used = |client: &u64| steps.iter().any(|(of, ..)| of == client);
    let installs: Vec<_> =
        [0, 1].into_iter().filter(used).map(|client| (client, "install", keys(client))).collect();
    let step = |(client, what, value): (u64, &str, Value)| json!({ "client": client, "at_ms": 0, what: value });
    let steps: Vec<_> = installs.into_iter().chain(steps).map(step).collect();
    json!({ "suite": 4, "steps": steps })
}

fn seal(codec: Codec, frame: &[u8]) -> (u64, &'static str, Value) {
    let track = shown(Track::CAMERA);
    (0, "seal", json!({ "track": track, "codec": codec.name(), "plaintext": hex(frame) }))
}

fn open(codec: Codec, frame: &[u8]) -> (u64, &'static str, Value) {
    (1, "open", json!({ "codec": codec.name(), "frame": hex(frame) }))
}

/// What a sealer makes of a frame.
fn sealed(codec: Codec, frame: &[u8]) -> Vec<u8> {
    let input = input(vec![seal(codec, frame)]);
    let output = media::run(&Fields::of(&input, "input").unwrap(), &Value::Null).unwrap();
    unhex(output["steps"][1]["sealed"].as_str().unwrap()).unwrap()
}

fn make() -> Made {
    let mut drafts = Vec::new();
    for (name, codec, frame) in FRAMES {
        let frame = unhex(frame).unwrap();
        let steps = vec![seal(codec, &frame), open(codec, &sealed(codec, &frame))];
        drafts.push(good(name, &["M20", "M28"], input(steps)));
    }
    for (name, must, codec, why, frame) in REFUSED {
        let input = input(vec![seal(codec, &unhex(frame).unwrap())]);
        drafts.push(refused(format!("{name}, at its sealer"), &[must, "M27"], why, input));
        let input = super::codecs::input(vec![open(codec, &unhex(frame).unwrap())]);
        drafts.push(refused(format!("{name}, at a receiver"), &[must], "Malformed", input));
    }
    drafts.extend(dropped());
    drafts.extend(bounds());
    drafts.extend(spoilt());
    drafts.into()
}

/// Frames of which nothing is left, which take no counter.
fn dropped() -> Vec<Draft> {
    let whole = unhex("32 03 cc dd ee").unwrap();
    let steps = vec![
        seal(Codec::Av1, &[]),
        seal(Codec::Av1, &[0x12, 0]),
        seal(Codec::Av1, &whole),
        open(Codec::Av1, &[]),
    ];
    vec![good("AV1: nothing, and a temporal delimiter alone", &["M27"], input(steps))]
}

/// 1,024 units, and one more.
fn bounds() -> Vec<Draft> {
    let units = |count: usize| [0x0a, 0x00].repeat(count);
    let at = |count| input(vec![seal(Codec::Av1, &units(count))]);
    vec![
        good("AV1: 1,024 units", &["M21"], at(1_024)),
        refused("AV1: 1,025 units", &["M21"], "Codec(TooManyUnits)", at(1_025)),
        refused("AV1: 1,025 units at a receiver", &["M21"], "Malformed", {
            input(vec![open(Codec::Av1, &units(1_025))])
        }),
    ]
}

/// What can become of a sealed frame on its way.
fn spoilt() -> Vec<Draft> {
    let frames = [
        ("VP8", Codec::Vp8, "10 02 00 9d 01 2a 80 02 68 01 aa bb cc dd ee", 9, "M20"),
        ("AV1", Codec::Av1, "0a 02 aa bb 32 03 cc dd ee", 0, "M20"),
        ("H264", Codec::H264, "00000001 67 42 00000001 65 b8 aa bb 80", 5, "M20"),
        ("H265", Codec::H265, "000001 02 01 d0 aa 80 000001 02 01 50 bb 80", 6, "M20"),
    ];
    let mut drafts = Vec::new();
    for (of, codec, frame, clear, must) in frames {
        let genuine = sealed(codec, &unhex(frame).unwrap());
        let len = genuine.len();
        let edit = |edit: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = genuine.clone();
            edit(&mut bytes);
            bytes
        };
        let cases: [(&str, &str, &str, Vec<u8>); 8] = [
            ("a clear bit flipped", must, "Unopenable", edit(&|it| it[clear] ^= 0x02)),
            (
                "a bit of the ciphertext flipped",
                "M8",
                "Unopenable",
                edit(&|it| it[len - 22] ^= 0x10),
            ),
            ("a bit of the tag flipped", "M8", "Unopenable", edit(&|it| it[len - 2] ^= 0x10)),
            ("a trailer of length 0", "M22", "", edit(&|it| it[len - 1] = 0)),
            ("a trailer longer than its run", "M22", "Malformed", edit(&|it| it[len - 1] = 0xff)),
            ("a trailer without a tag", "M22", "", edit(&|it| it[len - 1] = 4)),
            ("the last byte missing", "M22", "", edit(&|it| it.truncate(len - 1))),
            ("the tag missing", "M22", "", edit(&|it| it.truncate(len - 17))),
        ];
        for (name, must, why, bytes) in cases {
            let name = format!("{of}: {name}");
            drafts.push(refused(name, &[must], why, input(vec![open(codec, &bytes)])));
        }
    }
    let genuine = sealed(Codec::H264, &unhex("00000001 65 b8 aa bb 80").unwrap());
    let mut zeros = genuine;
    zeros.splice(7..7, [0, 0, 2]);
    let steps = vec![open(Codec::H264, &zeros)];
    drafts.push(refused("H264: two zeros and a 2 without an escape", &["M26"], "", input(steps)));
    drafts
}
