//! How much a stranger may send.

use super::super::{MAX_FRAME_LEN, MAX_UNITS, max_sealed_len};
use super::toy::has_trailer;
use super::*;

fn both(codec: Codec, frame: &[u8], error: CodecError) {
    assert_eq!(seal(codec, frame), Err(error));
    assert_eq!(open(codec, frame), Err(NotOpened::Codec(error)));
}

#[test]
fn too_long() {
    // SPEC [M21]
    for codec in ALL {
        let frame = vec![1; MAX_FRAME_LEN + 1];
        assert_eq!(seal(codec, &frame), Err(CodecError::TooLong));
        let sealed = vec![1; max_sealed_len(codec, MAX_FRAME_LEN) + 1];
        assert_eq!(open(codec, &sealed), Err(NotOpened::Codec(CodecError::TooLong)));
    }
}

#[test]
fn too_many_units() {
    // SPEC [M21]
    let units = [
        (Codec::Av1, obu(6, None, &[7], false)),
        (Codec::H264, bytes("000001 41 e0 44 80")),
        (Codec::H265, bytes("000001 0201 e0 44 80")),
    ];
    for (codec, unit) in units {
        let frame = unit.repeat(MAX_UNITS);
        assert_eq!(round(codec, &frame).0, frame);
        both(codec, &unit.repeat(MAX_UNITS + 1), CodecError::TooManyUnits);
    }
    // What is dropped does not count.
    let frame = [obu(2, None, &[], false).repeat(5_000), obu(6, None, &[7], false)].concat();
    assert_eq!(round(Codec::Av1, &frame).0, obu(6, None, &[7], false));
}

#[test]
fn too_much_clear() {
    // SPEC [M21]
    for (codec, set) in [(Codec::H264, "000001 67"), (Codec::H265, "000001 4201")] {
        let frame = |len: usize| {
            let slice =
                bytes(if codec == Codec::H264 { "000001 41 e0 44" } else { "000001 0201 e0 44" });
            [bytes(set), vec![0xaa; len], slice].concat()
        };
        let fits = frame((1 << 16) - 100);
        assert_eq!(round(codec, &fits).0, fits);
        both(codec, &frame(1 << 16), CodecError::TooMuchClear);
    }
}

#[test]
fn no_frame_is_longer_than_its_bound() {
    let long = Toy::new(u64::MAX, 16, vec![0]);
    for codec in ALL {
        for len in [1, 2, 3, 10, 100, 1_000] {
            let frame = frame_of(codec, len);
            let (sealed, _) = seal_padded(codec, &frame, 7, &long).unwrap();
            assert!(sealed.len() <= max_sealed_len(codec, frame.len() + 7));
        }
        assert_eq!(max_sealed_len(codec, usize::MAX), usize::MAX);
    }
    // Nothing but zeros, and as many units as fit.
    let frame = bytes("000001 41 e0").repeat(MAX_UNITS);
    let text = vec![0; MAX_UNITS.div_ceil(8) + 999];
    let (sealed, _) = seal_padded(Codec::H264, &frame, 999, &Toy::forcing(&text, &[0])).unwrap();
    assert!(sealed.len() <= max_sealed_len(Codec::H264, frame.len() + 999));
    assert!(has_trailer(Codec::H264));
}

#[test]
fn a_long_frame_of_zeros_takes_no_longer_than_another() {
    // Quadratic time would take hours.
    for codec in [Codec::H264, Codec::H265] {
        let mut frame = bytes(if codec == Codec::H264 { "000001 41 e0" } else { "000001 0201 e0" });
        frame.extend([0, 0, 3].repeat(1 << 20));
        let toy = Toy::forcing(&frame, &[0]);
        let (sealed, _) = seal_padded(codec, &frame, 0, &toy).unwrap();
        assert_eq!(open_padded(codec, &sealed, None, &toy).unwrap().0, frame);
        let zeros = [vec![0; 1 << 22], vec![1]].concat();
        assert_eq!(seal(codec, &zeros), Err(CodecError::Truncated));
    }
}
