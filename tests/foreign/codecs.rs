//! Frames with clear bytes that no encoder makes: what one side refuses of them the other refuses, and what both
//! seal is the same to the byte.

use incamera::testing::{BareEpoch, KeyedMedia};
use incamera::{Codec, Framing, Opened, Receiver, Track};
use serde_json::{Value, json};

use crate::bare::begin;
use crate::chance::Chance;
use crate::reader::{Reader, each, hex, unhex};
use crate::watch::{Make, makes};

const CODECS: [Codec; 4] = [Codec::Vp8, Codec::Av1, Codec::H264, Codec::H265];
/// How many frames of each codec are made up.
const FRAMES: usize = 250;

/// The frames of a codec's vectors.
fn genuine(codec: Codec) -> Vec<Vec<u8>> {
    let file: Value = serde_json::from_str(include_str!("../vectors/codecs/frames.json")).unwrap();
    let cases = file["sealed"].as_array().unwrap().iter();
    let of_codec = cases.filter(|case| case["codec"] == codec.name());
    of_codec.map(|case| unhex(&case["frame"])).collect()
}

/// Bytes in which zeros, start codes and escapes are frequent.
fn zeros(chance: &mut Chance, len: usize) -> Vec<u8> {
    let byte = |chance: &mut Chance| match chance.below(8) {
        0..4 => 0,
        4 => 1,
        5 => 3,
        6 => 0x80,
        _ => chance.next() as u8,
    };
    (0..len).map(|_| byte(chance)).collect()
}

/// NAL units of any type.
fn units(chance: &mut Chance, codec: Codec) -> Vec<u8> {
    let mut frame = Vec::new();
    for _ in 0..1 + chance.below(4) {
        let start = [&[0, 0, 1][..], &[0, 0, 0, 1], &[0, 0, 0, 0, 1]][chance.below(3)];
        frame.extend_from_slice(start);
        match (codec, chance.below(4)) {
            (Codec::H264, 3) if chance.below(2) == 0 => frame.push(1 + chance.below(23) as u8),
            // Slices are the ones of which most is read.
            (Codec::H264, 0..3) => {
                frame.push([0x65, 0x41, 0x67, 0x06, 0x0a, 0x09][chance.below(6)])
            }
            (_, 0..3) => frame.extend(
                [[2, 1], [0x26, 1], [0x40, 1], [0x4e, 1], [0x4a, 1], [0x46, 1]][chance.below(6)],
            ),
            _ => frame.extend(chance.bytes(2)),
        }
        if chance.below(3) == 0 {
            // Of the first code's leading zeros 31 are allowed.
            frame.extend([&[0, 0, 3, 0, 1][..], &[0, 0, 3, 0, 0, 0x80]][chance.below(2)]);
            frame.extend([0xff; 8]);
        }
        let len = chance.below(20);
        frame.extend(zeros(chance, len));
    }
    frame
}

/// OBUs with sizes of up to nine bytes, or none.
fn obus(chance: &mut Chance) -> Vec<u8> {
    let mut frame = Vec::new();
    for _ in 0..1 + chance.below(4) {
        let (header, len) = (chance.next() as u8 & 0x7f, chance.below(9));
        frame.push(header);
        if header & 4 != 0 {
            frame.push(chance.next() as u8);
        }
        if header & 2 != 0 {
            let longer = chance.below(9);
            frame.push(len as u8 | if longer > 0 { 0x80 } else { 0 });
            frame.extend((1..longer).map(|_| 0x80));
            frame.extend((longer > 0).then_some(0));
        }
        frame.extend(chance.bytes(len));
    }
    frame
}

/// A frame that nobody meant.
fn made_up(chance: &mut Chance, codec: Codec, genuine: &[Vec<u8>]) -> Vec<u8> {
    if matches!(codec, Codec::H264 | Codec::H265) && chance.below(3) > 0 {
        return units(chance, codec);
    }
    if codec == Codec::Av1 && chance.below(3) > 0 {
        return obus(chance);
    }
    let mut frame = genuine[chance.below(genuine.len())].clone();
    for _ in 0..1 + chance.below(3) {
        if !frame.is_empty() {
            frame = chance.changed(&frame);
        }
    }
    frame
}

/// What came of a sealed frame: its content, if there is one.
fn opened(receiver: &mut Receiver, framing: Framing, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let outcome = receiver.open_framed(framing, 0, sealed, 0, &mut out);
    matches!(outcome, Ok(Opened::Frame { .. })).then_some(out)
}

/// Has both sides seal a frame; gives what is sent.
fn both_seal(
    reader: &mut Reader,
    media: &KeyedMedia,
    codec: Codec,
    frame: &[u8],
    counter: &mut u64,
) -> Option<Vec<u8>> {
    let mut ours = Vec::new();
    let mut sealer = media.sealer(Track::CAMERA, Framing::WebRtc(codec)).unwrap();
    let sealed = sealer.seal(frame, 0, &mut ours).is_ok() && !ours.is_empty();
    let theirs = reader.ask(
        "seal",
        json!({
            "in": "bare", "epoch": "1", "leaf": 1, "context": 1, "counter": counter.to_string(),
            "framing": codec.name(), "frame": hex(frame),
        }),
    );
    let theirs = theirs.ok().map(|theirs| unhex(&theirs["frame"]));
    assert_eq!(theirs, sealed.then(|| ours.clone()), "{codec:?} {}", hex(frame));
    *counter += u64::from(sealed);
    theirs
}

fn both_open(reader: &mut Reader, receiver: &mut Receiver, codec: Codec, sealed: &[u8]) -> bool {
    let request = json!({ "in": "bare", "framing": codec.name(), "frame": hex(sealed) });
    let theirs = reader.ask("open", request).ok().map(|theirs| unhex(&theirs["content"]));
    let ours = opened(receiver, Framing::WebRtc(codec), sealed);
    assert_eq!(theirs, ours, "{codec:?} {}", hex(sealed));
    ours.is_some()
}

/// How many frames were sealed, not sealed, opened although changed, and refused.
fn go_through(reader: &mut Reader, make: Make, codec: Codec) -> [usize; 4] {
    let length = if make.profile == incamera::Profile::Standard { 16 } else { 32 };
    let epoch = BareEpoch {
        profile: make.profile,
        epoch: 1,
        base_key: vec![5; length],
        audio_base_key: None,
        padding: make.padding,
        own_leaf: 0,
        leaves: vec![0, 1],
    };
    begin(reader, Make { short_audio_tags: false, ..make }, &epoch);
    let mut receiver = epoch.clone().media().unwrap().receiver();
    let sender = BareEpoch { own_leaf: 1, ..epoch }.media().unwrap();
    let (mut chance, mut counter, genuine) = (Chance(make.seed.into()), 0, genuine(codec));
    let mut tally = [0; 4];
    for _ in 0..FRAMES {
        let frame = made_up(&mut chance, codec, &genuine);
        let Some(sealed) = both_seal(reader, &sender, codec, &frame, &mut counter) else {
            tally[1] += 1;
            continue;
        };
        tally[0] += 1;
        let changed = chance.changed(&sealed);
        tally[if both_open(reader, &mut receiver, codec, &changed) { 2 } else { 3 }] += 1;
        // Unless the change was none to it, the frame still opens.
        both_open(reader, &mut receiver, codec, &sealed);
    }
    tally
}

#[test]
fn start_codes_of_units_that_are_not_there_are_refused() {
    // SPEC [M28]
    let make = makes()[0];
    let epoch = BareEpoch {
        profile: make.profile,
        epoch: 1,
        base_key: vec![5; 16],
        audio_base_key: None,
        padding: make.padding,
        own_leaf: 0,
        leaves: vec![0, 1],
    };
    let metadata = "030000000265b8";
    // Camera 0 of leaf 1 in epoch 1: S is 1.
    let kid = 1 << 9 | 1 << 8 | 1;
    each(|reader| {
        begin(reader, make, &epoch);
        let mut receiver = epoch.clone().media().unwrap().receiver();
        let mut opened = Vec::new();
        for (counter, bits) in [0x00, 0x80, 0x40, 0x01].into_iter().enumerate() {
            let frame = reader.get("sframe_seal", json!({
                "suite": 4, "base_key": "05".repeat(16), "kid": kid.to_string(),
                "counter": counter.to_string(), "metadata": metadata, "plaintext": format!("aa80{bits:02x}"),
            }));
            let frame = unhex(&frame["frame"]);
            // A header of 3 bytes, a ciphertext of 3, a tag of 16.
            let (header, sealed) = frame.split_at(3);
            let (ciphertext, tag) = sealed.split_at(3);
            let frame = [&[0, 0, 0, 1, 0x65, 0xb8], ciphertext, header, tag, &[20]].concat();
            assert!(!frame[4..].windows(3).any(|three| three[..2] == [0, 0] && three[2] < 4));
            opened.push(both_open(reader, &mut receiver, Codec::H264, &frame));
        }
        assert_eq!(opened, [true, true, false, false]);
    });
}

#[test]
fn frames_that_nobody_meant_are_sealed_opened_and_refused_alike() {
    // SPEC [M20], [M22], [M24], [M25], [M26], [M28]
    each(|reader| {
        let mut all = [0; 4];
        for make in &makes()[..2] {
            for codec in CODECS {
                let tally = go_through(reader, *make, codec);
                all.iter_mut().zip(tally).for_each(|(sum, count)| *sum += count);
            }
        }
        assert!(all[0] > 500 && all[1] > 200 && all[2] > 5 && all[3] > 300, "{all:?}");
    });
}
