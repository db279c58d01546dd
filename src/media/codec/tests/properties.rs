//! Any bytes, and frames that were changed on their way.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::max_sealed_len;
use super::naive::{is_well_formed, nal_units};
use super::*;

fn codec() -> impl Strategy<Value = Codec> {
    proptest::sample::select(ALL.to_vec())
}

/// Bytes of which many have a meaning in some codec.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(vec![0, 0, 1]),
        Just(vec![0, 0, 0, 1]),
        Just(vec![0, 0, 3]),
        Just(vec![0x9d, 1, 0x2a]),
        proptest::sample::select(vec![
            0x12_u8, 0x32, 0x36, 0x30, 0x41, 0x65, 0x67, 6, 2, 0x26, 0x42
        ])
        .prop_map(|byte| vec![byte]),
        proptest::collection::vec(0_u8..4, 0..6),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 0..80)
}

/// Frames as encoders might make them.
fn frame() -> impl Strategy<Value = (Codec, Vec<u8>)> {
    let obus =
        proptest::collection::vec((0_u8..16, any::<Option<u8>>(), payload(), any::<bool>()), 1..6);
    let units = proptest::collection::vec((0_usize..5, payload(), any::<bool>()), 0..10);
    prop_oneof![
        (any::<bool>(), payload()).prop_map(|(plain, payload)| {
            (if plain { Codec::Opus } else { Codec::Vp9 }, [&[1], &payload[..]].concat())
        }),
        payload().prop_map(|payload| (Codec::Vp8, [&vp8_key_frame(0), &payload[..]].concat())),
        payload().prop_map(|payload| (Codec::Vp8, [&[1], &payload[..]].concat())),
        obus.prop_map(|obus| {
            let whole = |(kind, extension, payload, long): (u8, _, Vec<u8>, _)| {
                obu(kind, extension, &payload, long)
            };
            let frame: Vec<u8> = obus.into_iter().flat_map(whole).collect();
            (Codec::Av1, [frame, obu(6, None, &[9], false)].concat())
        }),
        (any::<bool>(), units).prop_map(|(is_h264, units)| {
            let heads = if is_h264 {
                ["41 e0", "65 9a", "06 05", "67 42", "6e c0 20 5f"]
            } else {
                ["0201 e0", "2601 af", "5001 05", "4201 01", "0001 01 00"]
            };
            let unit = |(kind, payload, is_short): (usize, Vec<u8>, bool)| {
                let code: &[u8] = if is_short { &[0, 0, 1] } else { &[0, 0, 0, 1] };
                [code, &escaped(&[bytes(heads[kind]), payload].concat()), &[0x80]].concat()
            };
            let frame = units.into_iter().chain([(0, vec![1, 2], true)]).flat_map(unit).collect();
            (if is_h264 { Codec::H264 } else { Codec::H265 }, frame)
        }),
    ]
}

/// What every receiver makes of a frame, with other means: the plain frame sealed under nothing.
fn canonical(codec: Codec, frame: &[u8]) -> Vec<u8> {
    let mut parts = Parts::new();
    split(codec, frame, &mut parts).unwrap();
    let text = parts.text(frame).to_vec();
    let mut out = Vec::new();
    join_opened(&parts, &text, &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn frames_come_back(
        (codec, frame) in frame(),
        padding in 0_usize..50,
        pattern in proptest::collection::vec(0_u8..5, 1..9),
        force in any::<bool>(),
    ) {
        // SPEC [M26]
        let mut parts = Parts::new();
        split(codec, &frame, &mut parts).unwrap();
        let mut text = parts.text(&frame).to_vec();
        text.resize(text.len() + padding, 0xff);
        let toy = if force { Toy::forcing(&text, &pattern) } else { Toy::default() };
        let (sealed, len) = seal_padded(codec, &frame, padding, &toy).unwrap();
        prop_assert!(sealed.len() <= max_sealed_len(codec, frame.len() + padding));
        let (opened, _) = open_padded(codec, &sealed, Some(len), &toy).unwrap();
        prop_assert_eq!(&opened, &canonical(codec, &frame));
        if matches!(codec, Codec::H264 | Codec::H265) {
            prop_assert_eq!(&opened, &frame);
            let units = nal_units(&sealed);
            prop_assert_eq!(units.len(), nal_units(&frame).len());
            prop_assert!(units.iter().all(|unit| is_well_formed(unit)));
        }
        // SPEC [M28]: what was opened is sealed and opened to the same.
        prop_assert_eq!(canonical(codec, &opened), opened);
    }

    #[test]
    fn any_bytes_are_refused_or_come_back(codec in codec(), frame in soup()) {
        // SPEC [M27]
        if let Ok(sealed) = seal(codec, &frame) {
            let canonical = canonical(codec, &frame);
            prop_assert_eq!(open(codec, &sealed).unwrap().0, canonical);
        }
        prop_assert!(open(codec, &frame).is_err());
    }

    #[test]
    fn changed_frames_do_not_open(
        (codec, frame) in frame(),
        at in any::<Index>(),
        change in 0_u8..4,
        byte in any::<u8>(),
    ) {
        // SPEC [M20]
        let sealed = seal(codec, &frame).unwrap();
        let mut changed = sealed.clone();
        let at = at.index(changed.len());
        match change {
            0 => changed[at] = byte,
            1 => changed.insert(at, byte),
            2 => drop(changed.remove(at)),
            _ => changed.swap(at, byte as usize % sealed.len()),
        }
        // Other zeros in front of a start code, sizes and dropped units are no change.
        if let Ok((opened, _)) = open(codec, &changed) {
            prop_assert_eq!(opened, canonical(codec, &frame));
            let is_vp8 = matches!(codec, Codec::Opus | Codec::Vp9 | Codec::Vp8);
            prop_assert!(!is_vp8 || changed == sealed);
        }
    }

    #[test]
    fn a_clear_byte_or_an_offset_changes_the_metadata(
        (codec, one) in frame(),
        at in any::<Index>(),
        bit in 0_u8..8,
    ) {
        // SPEC [M20]
        let mut other = one.clone();
        let at = at.index(other.len());
        other[at] ^= 1 << bit;
        let (mut parts, mut others) = (Parts::new(), Parts::new());
        split(codec, &one, &mut parts).unwrap();
        if split(codec, &other, &mut others).is_ok() {
            let same_text = parts.text(&one) == others.text(&other);
            let same = canonical(codec, &one) == canonical(codec, &other);
            prop_assert!(same || !same_text || parts.metadata() != others.metadata());
        }
    }

    #[test]
    fn parts_remember_nothing_of_the_frame_before(
        (codec, first) in frame(),
        (other, second) in frame(),
        junk in soup(),
    ) {
        let (mut used, mut fresh) = (Parts::new(), Parts::new());
        let _ = (split(codec, &first, &mut used), take_apart(other, &junk, &mut used).is_ok());
        split(other, &second, &mut used).unwrap();
        split(other, &second, &mut fresh).unwrap();
        prop_assert_eq!(used.metadata(), fresh.metadata());
        prop_assert_eq!(used.text(&second), fresh.text(&second));
        prop_assert_eq!(used.layer, fresh.layer);
    }
}
