//! Tests of the codecs, with a toy in the place of the cipher.

mod allocations;
mod annex_b;
mod av1;
mod bounds;
mod examples;
mod naive;
mod properties;
mod toy;
mod vectors;
mod vp8;

use super::{
    Codec, CodecError, Layer, Parts, begin_opened, begin_sealed, end_sealed, join_opened,
    join_sealed, split, take_apart,
};
use incamera_wire::PadTo;
use toy::Toy;

pub(in crate::media) const ALL: [Codec; 6] =
    [Codec::Opus, Codec::Vp9, Codec::Vp8, Codec::Av1, Codec::H264, Codec::H265];

/// The frame in its opened form, and its layer.
type Opened = (Vec<u8>, Option<Layer>);

fn seal(codec: Codec, frame: &[u8]) -> Result<Vec<u8>, CodecError> {
    Ok(seal_padded(codec, frame, 0, &Toy::default())?.0)
}

/// Seals a frame with `padding` bytes behind its plaintext; also gives the plaintext's length.
fn seal_padded(
    codec: Codec,
    frame: &[u8],
    padding: usize,
    toy: &Toy,
) -> Result<(Vec<u8>, usize), CodecError> {
    let mut parts = Parts::new();
    split(codec, frame, &mut parts)?;
    let mut text = parts.text(frame);
    let len = text.len();
    text.resize(len + padding, 0xff);
    let (ciphertext, tag) = toy.seal(parts.metadata(), &text);
    let mut out = b"before".to_vec();
    join_sealed(&parts, &ciphertext, toy.header(), &tag, &mut out).unwrap();
    // The other way, in place, is the same.
    if codec.number().is_some() {
        let mut other = b"before".to_vec();
        let at = begin_sealed(&mut parts, frame, PadTo::Nothing, &mut other);
        assert_eq!(other.len() - at, len);
        other.truncate(at);
        other.extend_from_slice(&ciphertext);
        end_sealed(&mut parts, [6, at], toy.header(), &tag, &mut other).unwrap();
        assert_eq!(other, out);
    }
    Ok((out.split_off(6), len))
}

/// Why a frame did not open.
#[derive(Debug, PartialEq, Eq)]
enum NotOpened {
    Codec(CodecError),
    Tag,
}

fn open(codec: Codec, sealed: &[u8]) -> Result<Opened, NotOpened> {
    open_padded(codec, sealed, None, &Toy::default())
}

/// Opens a frame whose plaintext has `len` bytes without what was added to it.
fn open_padded(
    codec: Codec,
    sealed: &[u8],
    len: Option<usize>,
    toy: &Toy,
) -> Result<Opened, NotOpened> {
    let mut parts = Parts::new();
    let apart = take_apart(codec, sealed, &mut parts).map_err(NotOpened::Codec)?;
    let mut text = toy.open(&apart).ok_or(NotOpened::Tag)?;
    text.truncate(len.unwrap_or(text.len()));
    let mut out = b"before".to_vec();
    let layer = join_opened(&parts, &text, &mut out).map_err(|error| {
        assert_eq!(out, b"before");
        NotOpened::Codec(error)
    })?;
    // The other way is the same.
    let mut other = b"before".to_vec();
    if begin_opened(&parts, &mut other) {
        other.extend_from_slice(&text);
        assert_eq!(other, out);
    } else {
        assert!(matches!(codec, Codec::Av1 | Codec::H264 | Codec::H265) && other == b"before");
    }
    Ok((out.split_off(6), layer))
}

/// Seals and opens a frame.
fn round(codec: Codec, frame: &[u8]) -> Opened {
    open(codec, &seal(codec, frame).unwrap()).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |two: &[u8]| u8::from_str_radix(core::str::from_utf8(two).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Bytes without a pattern, in which every value occurs; a zero now and then, never three.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

/// A key frame of VP8 with a picture of 640x360.
fn vp8_key_frame(len: usize) -> Vec<u8> {
    let mut frame = bytes("10 02 00 9d 01 2a 80 02 68 01");
    frame.extend(noise(len));
    frame
}

/// An OBU with a size of the fewest bytes, or of one byte more.
pub(in crate::media) fn obu(
    kind: u8,
    extension: Option<u8>,
    payload: &[u8],
    long_size: bool,
) -> Vec<u8> {
    let mut obu = vec![kind << 3 | 2 | u8::from(extension.is_some()) << 2];
    obu.extend(extension);
    let mut len = payload.len();
    while len > 0x7f {
        obu.push(0x80 | (len & 0x7f) as u8);
        len >>= 7;
    }
    obu.push(len as u8 | u8::from(long_size) << 7);
    obu.extend(long_size.then_some(0));
    obu.extend_from_slice(payload);
    obu
}

/// A temporal unit: delimiter, sequence header, frame.
fn av1_frame(len: usize) -> Vec<u8> {
    let units = [obu(2, None, &[], false), obu(1, None, &noise(11), false)];
    let mut frame = units.concat();
    frame.extend(obu(6, None, &noise(len), false));
    frame
}

/// An access unit with parameter sets, a message and two slices, the second behind a short start code.
fn h264_frame(len: usize) -> Vec<u8> {
    let heads = "00000001 67 42c01fda 00000001 68 ce3c80 000001 06 05 01 aa 80 00000001 65 b8 04";
    let mut frame = bytes(heads);
    frame.extend(escaped(&noise(len / 2)));
    frame.extend(bytes("ee 000001 65 1e e0 44"));
    frame.extend(escaped(&noise(len - len / 2)));
    frame.push(0x80);
    frame
}

/// The same of H.265.
fn h265_frame(len: usize) -> Vec<u8> {
    let heads = "00000001 4001 0c01ff 00000001 4201 01016a 000001 4401 c172 00000001 2601 af09";
    let mut frame = bytes(heads);
    frame.extend(escaped(&noise(len / 2)));
    frame.extend(bytes("ee 000001 2601 2209"));
    frame.extend(escaped(&noise(len - len / 2)));
    frame.push(0x80);
    frame
}

/// A frame of `codec` with about `len` bytes to seal.
pub(in crate::media) fn frame_of(codec: Codec, len: usize) -> Vec<u8> {
    match codec {
        Codec::Opus | Codec::Vp9 => noise(len.max(1)),
        Codec::Vp8 => vp8_key_frame(len),
        Codec::Av1 => av1_frame(len),
        Codec::H264 => h264_frame(len),
        Codec::H265 => h265_frame(len),
    }
}

/// Emulation prevention as the standards write it down.
fn escaped(raw: &[u8]) -> Vec<u8> {
    let (mut out, mut zeros) = (Vec::new(), 0);
    for &byte in raw {
        if zeros == 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        out.push(byte);
        zeros = if byte == 0 { zeros + 1 } else { 0 };
    }
    out
}

#[test]
fn frames_of_all_codecs_come_back() {
    for codec in ALL {
        for len in [0, 1, 2, 17, 160, 1_200, 5_000, 70_000] {
            let frame = frame_of(codec, len);
            let opened = round(codec, &frame).0;
            // A temporal delimiter does not come back.
            let from = if codec == Codec::Av1 { 2 } else { 0 };
            assert_eq!(opened, frame[from..], "{codec:?} {len}");
        }
    }
}

#[test]
fn a_ciphertext_in_one_piece_is_written_in_its_place() {
    let one = [
        (Codec::Vp8, vp8_key_frame(9)),
        (Codec::Av1, obu(6, None, &noise(9), false)),
        (Codec::H264, bytes("00000001 67 42 00000001 68 ce 000001 65 e0 44")),
        (Codec::H265, bytes("00000001 4201 42 000001 0201 e0 44")),
    ];
    for (codec, frame) in one {
        let mut parts = Parts::new();
        split(codec, &frame, &mut parts).unwrap();
        let is_one = !matches!(codec, Codec::H264 | Codec::H265);
        assert_eq!(parts.piece(&frame, PadTo::Nothing).is_some(), is_one, "{codec:?}");
        assert_eq!(parts.piece(&frame, PadTo::Padme), None);
        let frame = frame_of(codec, 90);
        split(codec, &frame, &mut parts).unwrap();
        assert_eq!(parts.piece(&frame, PadTo::Nothing).is_some(), codec == Codec::Vp8);
    }
}

#[test]
fn what_is_added_to_the_plaintext_does_not_show() {
    for codec in ALL {
        for padding in [0, 1, 100, 1_000] {
            let frame = frame_of(codec, 300);
            let toy = Toy::default();
            let (sealed, len) = seal_padded(codec, &frame, padding, &toy).unwrap();
            assert!(sealed.len() >= frame.len() + padding);
            let (opened, _) = open_padded(codec, &sealed, Some(len), &toy).unwrap();
            assert_eq!(opened, round(codec, &frame).0, "{codec:?} {padding}");
        }
    }
}

#[test]
fn without_clear_bytes_a_frame_is_a_plain_ciphertext() {
    for codec in [Codec::Opus, Codec::Vp9] {
        let toy = Toy::default();
        let (ciphertext, tag) = toy.seal(b"", b"frame");
        let whole = [toy.header(), &ciphertext, &tag].concat();
        assert_eq!(seal(codec, b"frame").unwrap(), whole);
    }
}

#[test]
fn an_empty_frame_is_no_frame() {
    // SPEC [M27]
    for codec in ALL {
        assert_eq!(seal(codec, b""), Err(CodecError::Empty));
        assert_eq!(open(codec, b""), Err(NotOpened::Codec(CodecError::Empty)));
    }
    // Only what is dropped.
    assert_eq!(seal(Codec::Av1, &obu(2, None, &[], false)), Err(CodecError::Empty));
    assert_eq!(seal(Codec::H264, &bytes("00000001 09f0")), Err(CodecError::Empty));
    assert_eq!(seal(Codec::H265, &bytes("000001 460150")), Err(CodecError::Empty));
}

#[test]
fn of_a_frame_that_does_not_parse_nothing_can_be_sealed() {
    // SPEC [M27]
    let broken = [
        (Codec::Vp8, bytes("10 02 00 9d 01 2b 80 02 68 01 aa")),
        (Codec::Av1, [obu(1, None, &noise(11), false), vec![0x32, 100, 7]].concat()),
        (Codec::H264, [h264_frame(50), bytes("00000001 e5 e0")].concat()),
        (Codec::H265, [h265_frame(50), bytes("00000001 4201")].concat()),
    ];
    for (codec, frame) in broken {
        let mut parts = Parts::new();
        split(codec, &frame_of(codec, 50), &mut parts).unwrap();
        split(codec, &frame, &mut parts).unwrap_err();
        assert_eq!(parts.text(&frame), b"");
        let mut out = Vec::new();
        assert_eq!((begin_sealed(&mut parts, &frame, PadTo::Nothing, &mut out), out.len()), (0, 0));
        let joined = join_sealed(&parts, &[], &[0], &[0; 16], &mut out);
        assert_eq!((joined, out.len()), (Err(CodecError::NotCanonical), 0));
    }
}

#[test]
fn a_short_ciphertext_is_not_joined() {
    for codec in [Codec::Av1, Codec::H264, Codec::H265] {
        let frame = frame_of(codec, 100);
        let mut parts = Parts::new();
        split(codec, &frame, &mut parts).unwrap();
        let mut out = Vec::new();
        let joined = join_sealed(&parts, &[0; 10], &[0], &[0; 16], &mut out);
        assert_eq!((joined, out.len()), (Err(CodecError::NotCanonical), 0));
        let joined = join_opened(&parts, &[], &mut out);
        assert_eq!((joined, out.len()), (Err(CodecError::NotCanonical), 0));
    }
}
