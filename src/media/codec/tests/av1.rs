//! AV1.

use super::naive::{Sizes, resize};
use super::*;

#[test]
fn headers_extensions_and_sizes_stay_clear() {
    let units = [obu(1, Some(0x28), &noise(11), true), obu(6, Some(0x48), &noise(200), false)];
    let sealed = seal(Codec::Av1, &units.concat()).unwrap();
    assert_eq!(sealed[..3], [0x0e, 0x28, 11]);
    // The last has no size.
    assert_eq!(sealed[14..16], [0x34, 0x48]);
    assert_ne!(sealed[16..], noise(200));
    let layer = Some(Layer { temporal: 2, spatial: 1 });
    let canonical = [obu(1, Some(0x28), &noise(11), false), units[1].clone()].concat();
    assert_eq!(open(Codec::Av1, &sealed), Ok((canonical, layer)));
}

#[test]
fn a_frame_opens_whatever_a_depacketiser_makes_of_its_sizes() {
    // SPEC [M24]
    for len in [0, 1, 90, 127, 128, 300, 20_000] {
        let frame = av1_frame(len);
        let sealed = seal(Codec::Av1, &frame).unwrap();
        for sizes in [Sizes::All, Sizes::Long, Sizes::Longest, Sizes::AllButLast] {
            let carried = resize(&sealed, sizes);
            assert_eq!(open(Codec::Av1, &carried).unwrap().0, frame[2..], "{len} {sizes:?}");
            // SPEC [M28]
            assert_eq!(round(Codec::Av1, &resize(&frame, sizes)).0, frame[2..]);
        }
        assert_eq!(resize(&sealed, Sizes::AllButLast), sealed);
    }
}

#[test]
fn what_rtp_does_not_carry_is_dropped_on_both_sides() {
    // SPEC [M24]
    let dropped = [2, 8, 15].map(|kind| obu(kind, None, &noise(5), false)).concat();
    let kept = [obu(1, None, &noise(11), false), obu(6, None, &noise(70), false)];
    let frame = [&dropped[..], &kept[0], &dropped, &kept[1], &dropped].concat();
    let sealed = seal(Codec::Av1, &frame).unwrap();
    assert_eq!(sealed, seal(Codec::Av1, &kept.concat()).unwrap());
    let sealed = [&dropped, &resize(&sealed, Sizes::All)[..], &dropped].concat();
    // SPEC [M28]
    assert_eq!(open(Codec::Av1, &sealed).unwrap().0, kept.concat());
}

#[test]
fn the_last_obu_may_lack_its_size() {
    let frame = av1_frame(200);
    let bare = resize(&frame, Sizes::AllButLast);
    assert!(bare.len() < frame.len());
    assert_eq!(seal(Codec::Av1, &bare), seal(Codec::Av1, &frame));
}

#[test]
fn forbidden_bit() {
    // SPEC [M24]
    let frame = obu(6 | 16, None, &noise(70), false);
    assert_eq!(seal(Codec::Av1, &frame), Err(CodecError::Forbidden));
}

#[test]
fn truncated_obu() {
    // SPEC [M24]
    let whole =
        [obu(1, Some(0), &noise(11), false), obu(6, Some(0x48), &noise(70), false)].concat();
    for len in (1..whole.len()).filter(|&len| len != 14) {
        assert_eq!(seal(Codec::Av1, &whole[..len]), Err(CodecError::Truncated), "{len}");
    }
    // A size of nine bytes, and sizes that no machine holds.
    for size in ["80 80 80 80 80 80 80 80 00", "ff ff ff ff ff ff ff 7f", "ff ff ff ff 7f"] {
        let frame = [&[0x32][..], &bytes(size)].concat();
        assert_eq!(seal(Codec::Av1, &frame), Err(CodecError::Truncated), "{size}");
    }
}

#[test]
fn trailer_across_units() {
    // SPEC [M22]
    let sealed = seal(Codec::Av1, &obu(6, None, &noise(70), false)).unwrap();
    // The same bytes as two units.
    let (front, back) = sealed[1..].split_at(sealed.len() - 10);
    let two = [&obu(6, None, front, false)[..], &[0x30], back].concat();
    assert_eq!(open(Codec::Av1, &two), Err(NotOpened::Codec(CodecError::NoTrailer)));
}
