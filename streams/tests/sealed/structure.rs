//! What parsers that know nothing of sealing find in a sealed frame: the structure of its source, and
//! nothing that the source has not.

use bytes::Bytes;
use incamera_streams::{Codec, Stream, nal_units, obus, streams};

use crate::meeting::{Call, Line};

/// How often each stream is sealed: each time the ciphertexts are other bytes.
const TIMES: usize = 6;

/// Calls `check` with each frame of the streams of a codec and what was sealed of it.
fn each(codec: Codec, mut check: impl FnMut(&Stream, &[u8], &[u8])) {
    let mut call = Call::new();
    let mut line: Line = call.line(codec);
    for stream in streams().iter().filter(|stream| stream.codec == codec) {
        for _ in 0..TIMES {
            for frame in &stream.frames {
                let sealed = line.seal(frame);
                check(stream, frame, &sealed);
            }
        }
    }
}

/// What this packetiser and depacketiser make of a frame.
fn packetised(codec: Codec, frame: &[u8]) -> Vec<u8> {
    let payloads = codec.packetiser().payload(101, &Bytes::copy_from_slice(frame));
    codec.depacketiser().frame(&payloads.expect("taken")).expect("taken apart")
}

/// The first Exp-Golomb codes of a NAL unit, `flags` bits behind a header of `header_len` bytes.
fn first_codes(nal: &[u8], header_len: usize, flags: usize, count: usize) -> Vec<u32> {
    let (mut payload, mut zeros) = (Vec::new(), 0);
    for &byte in &nal[header_len..nal.len().min(40)] {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    let bits = payload.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
    let mut bits = bits.skip(flags);
    let mut code = || {
        let leading = bits.by_ref().take_while(|bit| !bit).count();
        (0..leading).fold(1, |code, _| code << 1 | u32::from(bits.next().expect("a bit"))) - 1
    };
    (0..count).map(|_| code()).collect()
}

/// Whether a decoder could take the bytes inside of a unit for a start code, or the end of it for
/// zeros in front of the next one.
fn is_safe(nal: &[u8]) -> bool {
    nal.last() != Some(&0) && nal.windows(3).all(|three| three[..2] != [0, 0] || three[2] > 2)
}

/// What of a unit has to be as it was for whoever looks into it without a key: the header, and in
/// slices the codes up to the id of the PPS.
fn head(codec: Codec, nal: &[u8]) -> (Vec<u8>, Vec<u32>) {
    let is_h265 = codec == Codec::H265;
    let header_len = if is_h265 { 2 } else { 1 };
    let codes = match (is_h265, if is_h265 { nal[0] >> 1 } else { nal[0] & 0x1f }) {
        (false, 1 | 5) => first_codes(nal, 1, 0, 3),
        // first_slice_segment_in_pic_flag; in pictures of random access one flag more.
        (true, kind @ 0..=31) => first_codes(nal, 2, 1 + usize::from((16..24).contains(&kind)), 1),
        _ => Vec::new(),
    };
    (nal[..header_len].to_vec(), codes)
}

/// Slices, and messages (SEI): captions are in them.
fn is_sealed(codec: Codec, nal: &[u8]) -> bool {
    match codec {
        Codec::H265 => matches!(nal[0] >> 1, 0..=31 | 39 | 40),
        _ => matches!(nal[0] & 0x1f, 1..=6),
    }
}

fn nal_structure(codec: Codec) {
    each(codec, |stream, frame, sealed| {
        let expected = codec.canonical(frame);
        assert!(sealed.starts_with(&[0, 0, 0, 1]));
        for (how, bytes) in [("as it is", sealed.to_vec()), ("sent", packetised(codec, sealed))] {
            let units = nal_units(&bytes);
            let case = format!("{}, {how}, {} bytes", stream.name, sealed.len());
            assert_eq!(units.len(), expected.len(), "{case}");
            for (at, (unit, source)) in units.iter().zip(&expected).enumerate() {
                assert_eq!(head(codec, unit), head(codec, source), "{case}");
                assert!(is_safe(unit) || *unit == source, "{case}");
                let is_last = at + 1 == units.len();
                assert!(is_last || is_sealed(codec, source) || *unit == source, "{case}");
                assert!(!is_sealed(codec, source) || *unit != source, "a unit is clear: {case}");
            }
        }
    });
}

#[test]
fn a_sealed_frame_of_h264_has_the_units_of_its_source_and_no_other() {
    nal_structure(Codec::H264);
}

#[test]
fn a_sealed_frame_of_h265_has_the_units_of_its_source_and_no_other() {
    nal_structure(Codec::H265);
}

#[test]
fn a_sealed_frame_of_h264_or_h265_is_sent_in_payloads_of_the_types_of_its_source() {
    let types = |codec: Codec, frame: &[u8]| {
        let payloads = codec.packetiser().payload(1_200, &Bytes::copy_from_slice(frame));
        let mut types: Vec<(u8, u8)> = Vec::new();
        for payload in payloads.expect("taken") {
            let of = |byte: u8| if codec == Codec::H265 { byte >> 1 & 0x3f } else { byte & 0x1f };
            // Of a fragment the type of its unit.
            let kind = match (codec, of(payload[0])) {
                (Codec::H264, 28) => payload[1] & 0x1f,
                (Codec::H265, 49) => payload[2] & 0x3f,
                (_, kind) => kind,
            };
            types.push((kind, if codec == Codec::H265 { payload[1] } else { payload[0] & 0x60 }));
        }
        types.dedup();
        types
    };
    for codec in [Codec::H264, Codec::H265] {
        each(codec, |stream, frame, sealed| {
            // As the packetiser sees the source with start codes of 4 bytes.
            let units = codec.canonical(frame);
            let long: Vec<u8> =
                units.iter().flat_map(|nal| [&[0, 0, 0, 1], &nal[..]].concat()).collect();
            assert_eq!(types(codec, sealed), types(codec, &long), "{}", stream.name);
        });
    }
}

#[test]
fn a_sealed_frame_of_av1_has_the_obus_of_its_source_and_no_other() {
    each(Codec::Av1, |stream, frame, sealed| {
        let expected = obus(frame);
        for (how, bytes) in
            [("as it is", sealed.to_vec()), ("sent", packetised(Codec::Av1, sealed))]
        {
            let found = obus(&bytes);
            assert_eq!(found.len(), expected.len(), "{}, {how}: {sealed:02x?}", stream.name);
            for (at, (obu, source)) in found.iter().zip(&expected).enumerate() {
                let header_len = 1 + usize::from(source[0] & 4 != 0);
                assert_eq!(obu[..header_len], source[..header_len], "{}", stream.name);
                let is_last = at + 1 == found.len();
                assert!(if is_last { obu.len() > source.len() } else { obu.len() == source.len() });
                // One byte of ciphertext in 256 is that of the plaintext.
                assert!(source.len() < header_len + 8 || obu != source, "an OBU is clear");
            }
        }
    });
}

#[test]
fn a_sealed_frame_of_vp8_begins_as_its_source() {
    each(Codec::Vp8, |stream, frame, sealed| {
        // The P bit of RFC 6386; behind it, in key frames, start code and size of the picture.
        let clear = if frame[0] & 1 == 0 { 10 } else { 1 };
        assert_eq!(sealed[..clear], frame[..clear], "{}", stream.name);
        let shared = frame[clear..].iter().zip(&sealed[clear..]).filter(|(a, b)| a == b).count();
        assert!(shared < 16 + frame.len() / 50, "{}: {shared} bytes shine through", stream.name);
        assert!(packetised(Codec::Vp8, sealed) == sealed);
    });
}
