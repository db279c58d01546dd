//! The vectors of `tests/vectors/codecs`, made here: frames under a real key, and what is refused.
//! `INCAMERA_WRITE_VECTORS=1 cargo test --lib codec_vectors` writes the file anew.

use serde_json::{Value, json};

use super::*;
use crate::sframe::{BaseKey, FrameKey, SealingKey, Suite};

const FILE: &str = include_str!("../../../../tests/vectors/codecs/frames.json");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/codecs/frames.json");
const KID: u64 = 0x123;
/// 00, 01, .., 0f.
const BASE_KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// What the cases are about, their codecs, and their frames.
fn frames() -> Vec<(&'static str, Codec, Vec<u8>)> {
    let h264 = [h264_frame(40), bytes("00000001 41 9a 20 aa"), noise(40)].concat();
    vec![
        ("key frame", Codec::Vp8, vp8_key_frame(40)),
        ("key frame of the header alone", Codec::Vp8, vp8_key_frame(0)),
        ("other frame", Codec::Vp8, [&[0x31], &noise(40)[..]].concat()),
        ("other frame of one byte", Codec::Vp8, vec![1]),
        ("temporal delimiter, sequence header, frame", Codec::Av1, av1_frame(40)),
        (
            "layers, with sizes of more bytes than they need",
            Codec::Av1,
            [obu(1, Some(0x28), &noise(11), true), obu(6, Some(0x48), &noise(40), true)].concat(),
        ),
        ("dropped OBUs in between", Codec::Av1, {
            let padding = obu(15, None, &noise(5), false);
            [obu(1, None, &noise(11), false), padding, obu(6, None, &noise(20), false)].concat()
        }),
        ("parameter sets, a message, two slices", Codec::H264, h264),
        ("an escape among the clear bytes", Codec::H264, bytes("00000001 41 00000300800340aa55")),
        (
            "start codes of 3 and of 4 bytes",
            Codec::H264,
            bytes("000001 65b8aabb 00000001 65b8cc80"),
        ),
        ("parameter sets, a message, a slice", Codec::H265, h265_frame(40)),
        ("two slices", Codec::H265, bytes("000001 0201d0aa80 000001 020150bb80")),
    ]
}

/// Frames that no sealer takes, and why.
fn refused_frames() -> Vec<(&'static str, Codec, Vec<u8>)> {
    vec![
        ("truncated key frame", Codec::Vp8, bytes("10 02 00 9d 01 2a 80 02 68")),
        ("key frame without a start code", Codec::Vp8, bytes("10 02 00 9d 01 2b 80 02 68 01 aa")),
        ("forbidden bit", Codec::Av1, bytes("b2 02 aa bb")),
        ("size behind the end", Codec::Av1, bytes("32 05 aa bb")),
        ("a temporal delimiter alone", Codec::Av1, bytes("12 00")),
        ("no start code", Codec::H264, bytes("65 b8 aa bb 80")),
        ("forbidden bit", Codec::H264, bytes("000001 e5 b8 aa 80")),
        ("an aggregation packet", Codec::H264, bytes("000001 78 b8 aa 80")),
        ("a parameter set at the end", Codec::H264, bytes("000001 65 b8 aa 80 000001 67 42 c0")),
        ("slice without its clear bytes", Codec::H264, bytes("000001 65")),
        ("temporal id plus 1 of 0", Codec::H265, bytes("000001 02 00 d0 aa 80")),
        ("a fragmentation unit", Codec::H265, bytes("000001 62 01 d0 aa 80")),
    ]
}

fn flat_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One frame sealed by the parts that a sealer uses, and what stands on the way.
fn sealed_case(key: &mut SealingKey, (name, codec, frame): (&str, Codec, Vec<u8>)) -> Value {
    let (mut parts, mut framed, mut sealed) = (Parts::new(), Vec::new(), Vec::new());
    let ctr = key.next();
    split(codec, &frame, &mut parts).unwrap();
    let plaintext = parts.text(&frame);
    key.seal(parts.metadata(), &plaintext, &mut framed).unwrap();
    let (_, header_len) = incamera_wire::FrameHeader::parse(&framed).unwrap();
    let (header, body) = framed.split_at(header_len);
    let (ciphertext, tag) = body.split_at(plaintext.len());
    join_sealed(&parts, ciphertext, header, tag, &mut sealed).unwrap();
    json!({
        "name": name, "codec": codec.name(), "ctr": ctr, "frame": flat_hex(&frame),
        "plaintext": flat_hex(&plaintext), "metadata": flat_hex(parts.metadata()),
        "sealed": flat_hex(&sealed), "opened": flat_hex(&opened_form(&frame, codec)),
    })
}

/// What a receiver makes of a frame: by the toy, whose cipher is another.
fn opened_form(frame: &[u8], codec: Codec) -> Vec<u8> {
    round(codec, frame).0
}

/// Opens as a receiver does.
fn open_real(key: &FrameKey, codec: Codec, sealed: &[u8]) -> Result<Vec<u8>, String> {
    let (mut parts, mut text, mut out) = (Parts::new(), Vec::new(), Vec::new());
    let codec_error = |error: CodecError| format!("{error:?}");
    let apart = take_apart(codec, sealed, &mut parts).map_err(codec_error)?;
    let header = incamera_wire::FrameHeader::parse(apart.header).map_err(|_| "NoTrailer")?.0;
    let aad = [apart.header, apart.metadata].concat();
    let opened = key.open_apart(&aad, header.ctr, apart.ciphertext, apart.tag, &mut text);
    opened.map_err(|_| "Unopenable")?;
    join_opened(&parts, &text, &mut out).map_err(codec_error)?;
    Ok(out)
}

/// Each way in which a relay may spoil one sealed frame, by name.
fn spoilt(sealed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let edit = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sealed.to_vec();
        edit(&mut bytes);
        bytes
    };
    let len = sealed.len();
    vec![
        ("first bit of the last clear byte flipped", edit(&|it| it[9.min(len - 1)] ^= 0x80)),
        ("ciphertext flipped", edit(&|it| it[len - 21] ^= 1)),
        ("tag flipped", edit(&|it| it[len - 2] ^= 1)),
        ("counter of the trailer flipped", edit(&|it| it[len - 20] ^= 1)),
        ("length of the trailer 0", edit(&|it| it[len - 1] = 0)),
        ("length of the trailer one more", edit(&|it| it[len - 1] += 1)),
        ("length of the trailer above the frame's", edit(&|it| it[len - 1] = 0xff)),
        ("last byte missing", edit(&|it| it.truncate(len - 1))),
        ("nothing but the clear bytes", edit(&|it| it.truncate(10))),
        ("empty", Vec::new()),
    ]
}

/// All vectors, computed.
fn vectors() -> Value {
    let suite = Suite::AesGcm128Sha256_128;
    let base_key = BaseKey::new(crate::sframe::Backend::of_new_keyrings(), suite, &BASE_KEY);
    let mut sealing = SealingKey::derive(&base_key, KID).unwrap();
    let opening = FrameKey::derive(&base_key, KID).unwrap();
    let sealed: Vec<Value> =
        frames().into_iter().map(|case| sealed_case(&mut sealing, case)).collect();
    for case in &sealed {
        let codec = Codec::from_name(case["codec"].as_str().unwrap()).unwrap();
        let opened = open_real(&opening, codec, &bytes(case["sealed"].as_str().unwrap()));
        assert_eq!(opened.as_deref(), Ok(&bytes(case["opened"].as_str().unwrap())[..]));
    }
    let refused: Vec<Value> = refused_frames()
        .into_iter()
        .map(|(name, codec, frame)| {
            let error = split(codec, &frame, &mut Parts::new()).unwrap_err();
            let (codec, frame, error) = (codec.name(), flat_hex(&frame), format!("{error:?}"));
            json!({ "name": name, "codec": codec, "frame": frame, "error": error })
        })
        .collect();
    let mut unopened = Vec::new();
    for case in sealed.iter().filter(|case| case["frame"].as_str().unwrap().len() > 60) {
        let codec = Codec::from_name(case["codec"].as_str().unwrap()).unwrap();
        for (name, frame) in spoilt(&bytes(case["sealed"].as_str().unwrap())) {
            let error = open_real(&opening, codec, &frame).unwrap_err();
            let (codec, frame) = (codec.name(), flat_hex(&frame));
            unopened.push(json!({ "name": name, "codec": codec, "sealed": frame, "error": error }));
        }
    }
    json!({
        "cipher_suite": suite.id(), "base_key": flat_hex(&BASE_KEY), "kid": KID,
        "sealed": sealed, "refused_by_sealers": refused, "refused_by_receivers": unopened,
    })
}

#[test]
fn codec_vectors_are_what_is_checked_in() {
    // SPEC [M20] [M22] to [M28]
    let text = format!("{:#}\n", vectors());
    if std::env::var_os("INCAMERA_WRITE_VECTORS").is_some() {
        std::fs::write(PATH, &text).unwrap();
        return;
    }
    assert_eq!(text, FILE, "see how to write it anew at the top of this file");
}
