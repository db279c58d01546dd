//! H.264 and H.265.

use super::naive::{is_well_formed, nal_units, packetise};
use super::*;

const BOTH: [Codec; 2] = [Codec::H264, Codec::H265];

/// What packetisers drop, by the first byte.
fn dropped(codec: Codec) -> fn(u8) -> bool {
    match codec {
        Codec::H264 => |first| matches!(first & 31, 9 | 12),
        _ => |first| matches!(first >> 1, 35 | 38),
    }
}

fn refused(codec: Codec, hex: &str, error: CodecError) {
    let frame = bytes(hex);
    assert_eq!(seal(codec, &frame), Err(error), "{hex}");
    assert_eq!(open(codec, &frame), Err(NotOpened::Codec(error)), "{hex}");
}

#[test]
fn headers_parameter_sets_and_pps_ids_stay_clear_and_messages_do_not() {
    let sealed = seal(Codec::H264, &h264_frame(100)).unwrap();
    let heads = "00000001 67 42c01fda 00000001 68 ce3c80 00000001 06";
    let heads = bytes(heads);
    assert_eq!(sealed[..heads.len()], heads);
    // Captions are messages.
    assert!(!sealed.windows(4).any(|w| w == bytes("05 01 aa 80")));
    let message = bytes("00000001 2601 af aa 80 00000001 4e01 0401 b5");
    let sealed_message = seal(Codec::H265, &message).unwrap();
    assert!(sealed_message.windows(6).any(|w| w == bytes("00000001 4e01")));
    assert!(!sealed_message.windows(3).any(|w| w == bytes("0401 b5")));
    assert!(sealed.windows(7).any(|w| w == bytes("00000001 65 1e e0")));
    let sealed = seal(Codec::H265, &h265_frame(100)).unwrap();
    let heads = "00000001 4001 0c01ff 00000001 4201 01016a 00000001 4401 c172 00000001 2601 af";
    let heads = bytes(heads);
    assert_eq!(sealed[..heads.len()], heads);
    assert!(sealed.windows(7).any(|w| w == bytes("00000001 2601 22")));
}

#[test]
fn clear_bytes_end_with_the_pps_id() {
    // Payload of a slice, and how much of it stays clear: ue(v) codes, and escapes among them.
    let slices = [
        (Codec::H264, "65", "e0 aa aa", 1),
        (Codec::H264, "41", "9a 20 aa", 1),
        (Codec::H264, "41", "0001 0eaa ff aa", 5),
        (Codec::H264, "41", "000003 0080 0340 aa 55", 8),
        (Codec::H264, "61", "ff ff", 1),
        (Codec::H265, "0201", "d0 aa", 1),
        (Codec::H265, "0201", "01 00 aa", 2),
        (Codec::H265, "2601", "af aa", 1),
        (Codec::H265, "2a01", "81 00 aa", 2),
        (Codec::H265, "0001", "000003 0040 0080 aa 55", 8),
    ];
    for (codec, header, payload, clear) in slices {
        let frame = [bytes("00000001"), bytes(header), bytes(payload)].concat();
        let mut parts = Parts::new();
        split(codec, &frame, &mut parts).unwrap();
        let head = 4 + bytes(header).len() + clear;
        let text = parts.text(&frame);
        assert_eq!(text[..text.len() - 1], frame[head..], "{codec:?} {header} {payload}");
        let sealed = seal(codec, &frame).unwrap();
        assert_eq!(sealed[..head], frame[..head]);
        assert_eq!(round(codec, &frame).0, frame);
    }
}

#[test]
fn start_codes_come_back_and_zeros_around_do_not() {
    // SPEC [M28]
    for codec in BOTH {
        let frame = packetise(&frame_of(codec, 60), |_| false, &[0, 0, 1]);
        assert_eq!(round(codec, &frame).0, frame);
        let frame = packetise(&frame, |_| false, &[0, 0, 0, 1]);
        assert_eq!(round(codec, &frame).0, frame);
        let long = packetise(&frame, |_| false, &[0, 0, 0, 0, 0, 1]);
        assert_eq!(round(codec, &[&long[..], &[0; 5]].concat()).0, frame);
    }
}

#[test]
fn start_codes_of_nine_units_come_back() {
    for mask in [0, 0x1ff, 0x155, 0x0aa, 0x100, 1] {
        let unit = |at: u32| {
            let code = if mask >> at & 1 == 1 { "000001" } else { "00000001" };
            bytes(&format!("{code} 41 9a 20 5{at}"))
        };
        let frame: Vec<u8> = (0..9).flat_map(unit).collect();
        assert_eq!(round(Codec::H264, &frame).0, frame);
    }
}

#[test]
fn delimiters_and_filler_are_dropped_on_both_sides() {
    // SPEC [M25]
    let streams = [
        (Codec::H264, "00000001 09f0", "000001 0cffff80"),
        (Codec::H265, "00000001 460150", "000001 4c01ffff80"),
    ];
    for (codec, delimiter, filler) in streams {
        let kept = frame_of(codec, 50);
        let frame = [bytes(delimiter), kept.clone(), bytes(filler)].concat();
        assert_eq!(round(codec, &frame).0, kept);
        let sealed = seal(codec, &kept).unwrap();
        assert_eq!(seal(codec, &frame).unwrap(), sealed);
        let carried = [bytes(delimiter), sealed, bytes(filler)].concat();
        assert_eq!(open(codec, &carried).unwrap().0, kept);
    }
}

#[test]
fn a_frame_opens_whatever_a_depacketiser_makes_of_its_start_codes() {
    // SPEC [M28]
    for codec in BOTH {
        let frame = frame_of(codec, 900);
        let sealed = seal(codec, &frame).unwrap();
        for code in [&[0, 0, 1][..], &[0, 0, 0, 1], &[0; 9]] {
            let code = if code == [0; 9] { [code, &[1]].concat() } else { code.to_vec() };
            let carried = packetise(&sealed, dropped(codec), &code);
            assert_eq!(open(codec, &carried).unwrap().0, frame);
        }
    }
}

#[test]
fn a_message_at_the_end_is_sealed() {
    let ends = [
        (Codec::H264, "00000001 06 05017780", 5),
        (Codec::H264, "00000001 0a", 5),
        (Codec::H265, "00000001 5001 05017780", 6),
        (Codec::H265, "00000001 4a01", 6),
    ];
    for (codec, end, clear) in ends {
        let frame = [frame_of(codec, 50), bytes(end)].concat();
        let sealed = seal(codec, &frame).unwrap();
        let last = nal_units(&sealed).pop().unwrap();
        assert_eq!(last[..clear - 4], bytes(end)[4..clear]);
        assert!(last.len() > bytes(end).len() + 10);
        assert!(!sealed.windows(4).any(|w| w == [5, 1, 0x77, 0x80]));
        assert_eq!(round(codec, &frame).0, frame);
    }
}

#[test]
fn no_ciphertext_makes_a_start_code() {
    // SPEC [M26]
    let patterns = ["00", "000001", "000003", "00000001", "0000", "0003", "000002ff", "ff00", "01"];
    for codec in BOTH {
        for len in [0, 1, 2, 3, 4, 5, 63, 64, 200] {
            for pattern in patterns {
                let frame = frame_of(codec, len);
                let mut parts = Parts::new();
                split(codec, &frame, &mut parts).unwrap();
                let toy = Toy::forcing(&parts.text(&frame), &bytes(pattern));
                let (sealed, _) = seal_padded(codec, &frame, 0, &toy).unwrap();
                let (units, plain) = (nal_units(&sealed), nal_units(&frame));
                assert_eq!(units.len(), plain.len(), "{codec:?} {len} {pattern}");
                assert!(units.iter().all(|unit| is_well_formed(unit)), "{codec:?} {len} {pattern}");
                assert!(sealed.len() <= join_bound(codec, frame.len()));
                assert_eq!(open_padded(codec, &sealed, None, &toy).unwrap().0, frame);
            }
        }
    }
}

fn join_bound(codec: Codec, len: usize) -> usize {
    super::super::max_sealed_len(codec, len)
}

#[test]
fn zeros_at_the_end_of_the_clear_bytes_count() {
    // SPEC [M26]: PPS ids that end in 00 00, in 00, and in 00 behind an escape.
    let slices = ["c000200000 03 01 ff", "c04000 02", "c00001000003 00 0502"];
    let slices = slices.map(|slice| [bytes("000001 41"), bytes(slice)].concat());
    // All in one frame, and each by itself: those are written straight to their place.
    for frame in [slices.concat()].into_iter().chain(slices) {
        for pattern in ["00", "01", "03", "0000", "000001"] {
            let mut parts = Parts::new();
            split(Codec::H264, &frame, &mut parts).unwrap();
            let toy = Toy::forcing(&parts.text(&frame), &bytes(pattern));
            let (sealed, _) = seal_padded(Codec::H264, &frame, 0, &toy).unwrap();
            assert!(nal_units(&sealed).iter().all(|unit| is_well_formed(unit)), "{pattern}");
            assert_eq!(open_padded(Codec::H264, &sealed, None, &toy).unwrap().0, frame);
        }
    }
}

#[test]
fn no_stop_byte() {
    // SPEC [M26]
    for codec in BOTH {
        let sealed = seal(codec, &frame_of(codec, 50)).unwrap();
        let mut units = nal_units(&sealed);
        let slice = units.len() - 2;
        *units[slice].last_mut().unwrap() = 0x81;
        let other: Vec<u8> =
            units.into_iter().flat_map(|u| [&[0, 0, 1], &u[..]].concat()).collect();
        assert_eq!(open(codec, &other), Err(NotOpened::Codec(CodecError::NotCanonical)));
    }
    // A slice with nothing behind its clear bytes.
    let frame = bytes("000001 41 e0 000001 41 e0 44 55 02");
    assert_eq!(open(Codec::H264, &frame), Err(NotOpened::Codec(CodecError::NotCanonical)));
}

#[test]
fn no_start_code() {
    // SPEC [M25]
    for hex in
        ["67 42 000001 65 e0", "01 000001 65 e0", "0001 65 e0", "ff", "00 00 02 000001 65 e0"]
    {
        refused(Codec::H264, hex, CodecError::NoStartCode);
        refused(Codec::H265, hex, CodecError::NoStartCode);
    }
}

#[test]
fn forbidden_header() {
    // SPEC [M25]: the forbidden bit, and what RTP uses for packets.
    refused(Codec::H264, "000001 e5 e0", CodecError::Forbidden);
    for kind in [24, 25, 26, 27, 28, 29, 30, 31, 32 * 3] {
        refused(Codec::H264, &format!("000001 {kind:02x} e0 e0"), CodecError::Forbidden);
    }
    refused(Codec::H265, "000001 a601 e0", CodecError::Forbidden);
    refused(Codec::H265, "000001 2600 e0", CodecError::Forbidden);
    for kind in 48..64 {
        refused(Codec::H265, &format!("000001 {:02x}01 e0", kind * 2), CodecError::Forbidden);
    }
}

#[test]
fn truncated_unit() {
    // SPEC [M25]
    let short = ["000001", "000001 000001 65 e0", "000001 65", "000001 41 08", "000001 6e 40 40"];
    for hex in short.iter().chain(&["000001 41 000003", "000001 41 00000300000300ff", "000001 00"])
    {
        refused(Codec::H264, hex, CodecError::Truncated);
    }
    // A code of 32 zeros, whatever comes after.
    refused(Codec::H264, "000001 41 000003 000003 80 5555 5555 ffff ffff", CodecError::Truncated);
    for hex in ["000001", "000001 26", "000001 2601", "000001 0201 01", "000001 0201 000003"] {
        refused(Codec::H265, hex, CodecError::Truncated);
    }
}

#[test]
fn parameter_set_at_the_end() {
    // SPEC [M25]
    refused(Codec::H264, "00000001 67 42c01fda 00000001 68 ce3c80", CodecError::NoSlice);
    refused(Codec::H265, "00000001 4001 0c01ff", CodecError::NoSlice);
}

#[test]
fn start_codes_of_units_that_are_not_there() {
    // SPEC [M28]
    let frame = bytes("000001 41 e0 44 55 02");
    let mut parts = Parts::new();
    split(Codec::H264, &frame, &mut parts).unwrap();
    assert_eq!(parts.text(&frame), bytes("44 55 02 80"));
    let mut out = Vec::new();
    for flags in [0x81, 0x40, 0xff] {
        let joined = join_opened(&parts, &[0x44, flags], &mut out);
        assert_eq!((joined, out.len()), (Err(CodecError::NotCanonical), 0));
    }
    assert_eq!(join_opened(&parts, &[0x44, 0], &mut out), Ok(None));
    assert_eq!(out, bytes("00000001 41 e0 44"));
}

#[test]
fn layers_are_read_from_clear_bytes() {
    let layer = |temporal, spatial| Some(Layer { temporal, spatial });
    let frames = [
        (Codec::H264, "000001 41 e0 44", None),
        (Codec::H264, "000001 6e c0 20 5f 000001 41 e0 44", layer(2, 2)),
        (Codec::H264, "000001 41 e0 44 000001 74 80 10 27 55", layer(1, 1)),
        (Codec::H264, "000001 41 e0 44 000001 74 40 10 27 55", None),
        (Codec::H265, "000001 0203 e0 44", layer(2, 0)),
        (Codec::H265, "000001 4009 0c 000001 0209 e0 44", layer(0, 1)),
    ];
    for (codec, hex, expected) in frames {
        assert_eq!(round(codec, &bytes(hex)), (bytes(hex), expected), "{hex}");
    }
}
