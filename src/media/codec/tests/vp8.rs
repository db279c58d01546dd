//! VP8.

use super::*;

#[test]
fn ten_bytes_of_a_key_frame_stay_clear() {
    let frame = vp8_key_frame(50);
    let sealed = seal(Codec::Vp8, &frame).unwrap();
    assert_eq!(sealed[..10], frame[..10]);
    assert_ne!(sealed[10..60], frame[10..]);
    assert_eq!(round(Codec::Vp8, &frame), (frame, None));
}

#[test]
fn one_byte_of_any_other_frame_stays_clear() {
    for first in [0x11, 0x31, 0xff, 1] {
        let frame = [&[first], &noise(50)[..]].concat();
        let sealed = seal(Codec::Vp8, &frame).unwrap();
        assert_eq!(sealed[0], first);
        assert_ne!(sealed[1..51], frame[1..]);
        assert_eq!(round(Codec::Vp8, &frame), (frame, None));
    }
    assert_eq!(round(Codec::Vp8, &[1]).0, [1]);
}

#[test]
fn truncated_key_frame() {
    // SPEC [M23]
    let frame = vp8_key_frame(0);
    for len in 1..10 {
        assert_eq!(seal(Codec::Vp8, &frame[..len]), Err(CodecError::Truncated));
        let opened = open(Codec::Vp8, &frame[..len]);
        assert_eq!(opened, Err(NotOpened::Codec(CodecError::Truncated)));
    }
    assert_eq!(round(Codec::Vp8, &frame).0, frame);
}

#[test]
fn no_start_code() {
    // SPEC [M23]
    for at in 3..6 {
        let mut frame = vp8_key_frame(50);
        frame[at] ^= 1;
        assert_eq!(seal(Codec::Vp8, &frame), Err(CodecError::NoStartCode));
        let mut sealed = seal(Codec::Vp8, &vp8_key_frame(50)).unwrap();
        sealed[at] ^= 1;
        assert_eq!(open(Codec::Vp8, &sealed), Err(NotOpened::Codec(CodecError::NoStartCode)));
    }
}

#[test]
fn no_trailer() {
    // SPEC [M22]
    let sealed = seal(Codec::Vp8, &vp8_key_frame(3)).unwrap();
    let refused = Err(NotOpened::Codec(CodecError::NoTrailer));
    // A length of 0, of itself alone, of more than there is.
    for len in [0, 1, 200] {
        let mut sealed = sealed.clone();
        *sealed.last_mut().unwrap() = len;
        assert_eq!(open(Codec::Vp8, &sealed), refused, "{len}");
    }
    // A header without a tag, and with one of 17 bytes.
    for tag_len in [0, 17] {
        let header = Toy::default().header().to_vec();
        let len = u8::try_from(header.len() + tag_len + 1).unwrap();
        let other = [&[1, 0x55], &header[..], &vec![7; tag_len], &[len]].concat();
        assert_eq!(open(Codec::Vp8, &other), refused);
    }
    // A header that does not parse: its counter has a zero in front.
    let mut other = sealed.clone();
    let at = sealed.len() - 1 - 16 - Toy::default().header().len();
    other[at..at + 4].copy_from_slice(&bytes("89 09 00 34"));
    assert_eq!(open(Codec::Vp8, &other), refused);
    assert_eq!(open(Codec::Vp8, &sealed[..10]), refused);
}
