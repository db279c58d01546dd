//! What packetisers do to frames that no encoder makes, but that sealing might: whatever seals a
//! frame has to keep clear of all of it.
#![allow(clippy::expect_used, reason = "helpers of tests are test code")]

use bytes::Bytes;
use incamera_streams::Codec;

/// What comes back of a frame, in payloads of at most `mtu` bytes.
fn back(codec: Codec, mtu: usize, frame: &[u8]) -> Vec<u8> {
    let payloads = codec.packetiser().payload(mtu, &Bytes::copy_from_slice(frame)).expect("taken");
    codec.depacketiser().frame(&payloads).expect("taken apart")
}

fn units(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&[0, 0, 0, 1], *part].concat()).collect()
}

#[test]
fn h264_zeros_behind_a_unit_are_lost_but_for_the_last() {
    let frame = units(&[&[0x65, 1, 9, 0, 0], &[0x65, 2, 0, 0]]);
    assert_eq!(back(Codec::H264, 100, &frame), units(&[&[0x65, 1, 9], &[0x65, 2, 0, 0]]));
}

#[test]
fn h264_start_codes_become_four_bytes_long() {
    let frame = [0, 0, 1, 0x65, 1, 2, 0, 0, 1, 0x41, 3, 4];
    assert_eq!(back(Codec::H264, 100, &frame), units(&[&[0x65, 1, 2], &[0x41, 3, 4]]));
}

#[test]
fn h264_delimiters_and_filler_are_dropped() {
    let frame = units(&[&[0x09, 0xf0], &[0x0c, 0xff, 0x80], &[0x65, 1, 2]]);
    assert_eq!(back(Codec::H264, 100, &frame), units(&[&[0x65, 1, 2]]));
}

#[test]
fn h264_of_several_parameter_sets_the_last_survives_and_moves() {
    let (sps, other, pps) = (&[0x67, 1, 1][..], &[0x67, 2, 2][..], &[0x68, 3, 3][..]);
    let (sei, idr) = (&[0x06, 4, 4][..], &[0x65, 5, 5][..]);
    assert_eq!(back(Codec::H264, 100, &units(&[pps, sps, idr])), units(&[sps, pps, idr]));
    assert_eq!(back(Codec::H264, 100, &units(&[sps, other, pps, idr])), units(&[other, pps, idr]));
    assert_eq!(back(Codec::H264, 100, &units(&[sps, sei, pps, idr])), units(&[sei, sps, pps, idr]));
}

#[test]
fn h264_parameter_sets_longer_than_a_payload_are_lost() {
    let (sps, pps, idr) = (&[0x67; 60][..], &[0x68; 30][..], &[0x65; 20][..]);
    let frame = units(&[sps, pps, idr]);
    assert_eq!(back(Codec::H264, 95, &frame), frame);
    assert_eq!(back(Codec::H264, 94, &frame), units(&[idr]));
}

#[test]
fn h264_a_start_code_inside_a_unit_cuts_it() {
    let frame = units(&[&[0x65, 1, 9, 0, 0, 1, 0x41, 2, 3]]);
    assert_eq!(back(Codec::H264, 100, &frame), units(&[&[0x65, 1, 9], &[0x41, 2, 3]]));
}

#[test]
#[should_panic(expected = "taken apart")]
fn h264_a_unit_of_two_bytes_is_refused() {
    let _ = back(Codec::H264, 100, &units(&[&[0x65, 1]]));
}

#[test]
fn h264_what_precedes_the_first_start_code_is_lost() {
    let frame = [&[7, 7, 7], &units(&[&[0x65, 1, 2]])[..]].concat();
    assert_eq!(back(Codec::H264, 100, &frame), units(&[&[0x65, 1, 2]]));
}

#[test]
fn h265_units_behind_short_start_codes_stay_in_the_unit_before() {
    let glued = [0, 0, 0, 1, 0x28, 1, 5, 0, 0, 1, 0x02, 1, 6];
    // Nothing shows: the bytes are the same, as one unit.
    assert_eq!(back(Codec::H265, 100, &glued), glued);
    let payloads = Codec::H265.packetiser().payload(100, &Bytes::copy_from_slice(&glued));
    assert_eq!(payloads.expect("taken"), [Bytes::copy_from_slice(&glued[4..])]);
    let short = [0, 0, 1, 0x28, 1, 5, 0, 0, 1, 0x02, 1, 6];
    assert_eq!(back(Codec::H265, 100, &short), units(&[&[0x28, 1, 5], &[0x02, 1, 6]]));
}

#[test]
fn h265_zeros_behind_a_unit_and_delimiters_stay() {
    let frame = units(&[&[0x46, 1, 0x50], &[0x28, 1, 5, 0, 0], &[0x02, 1, 6, 0]]);
    assert_eq!(back(Codec::H265, 100, &frame), frame);
}

#[test]
fn h265_units_of_the_types_of_payloads_are_dropped() {
    let frame = units(&[&[0x60, 1, 5], &[0x62, 1, 5], &[0x64, 1, 5], &[0x28, 1, 5]]);
    assert_eq!(back(Codec::H265, 100, &frame), units(&[&[0x28, 1, 5]]));
}

#[test]
fn av1_sizes_become_minimal_and_some_obus_are_left_out() {
    let delimiter = [0x12, 0];
    let long_size = [0x0a, 0x82, 0x80, 0, 7, 8];
    let padding = [0x7a, 1, 9];
    let unsized_last = [0x30, 1, 2];
    let frame = [&delimiter[..], &long_size, &padding, &unsized_last].concat();
    let back = back(Codec::Av1, 100, &frame);
    assert_eq!(back, [0x0a, 2, 7, 8, 0x32, 2, 1, 2]);
}

#[test]
fn av1_extensions_and_empty_obus_survive() {
    let frame = [0x0a, 0, 0x36, 0x48, 3, 1, 2, 3];
    for mtu in 3..20 {
        assert_eq!(back(Codec::Av1, mtu, &frame), frame, "{mtu}");
    }
}

#[test]
fn vp8_vp9_and_opus_are_not_looked_at() {
    let frame: Vec<u8> = (0..=255).rev().collect();
    for codec in [Codec::Vp8, Codec::Vp9, Codec::Opus] {
        for mtu in [10, 100, 1_000] {
            assert_eq!(back(codec, mtu, &frame), frame);
        }
    }
}
