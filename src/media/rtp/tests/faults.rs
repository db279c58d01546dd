//! What is dropped, by fault.

use super::{Packet, all, bytes, give, given, packet, packets};
use crate::media::rtp::{RtpDrops, RtpReassembler};

const NONE: RtpDrops =
    RtpDrops { empty: 0, too_long: 0, too_old: 0, duplicate: 0, mixed: 0, late: 0, overrun: 0 };

#[test]
fn a_payload_without_a_descriptor_is_dropped() {
    let mut reassembler = given(&[packet(5, &[])]);
    assert_eq!(reassembler.drops(), RtpDrops { empty: 1, ..NONE });
    give(&mut reassembler, &[packet(5, &[0xc0, 1])], 0);
    assert_eq!(bytes(&mut reassembler), [[1]], "its number was not taken");
}

#[test]
fn a_frame_without_a_byte_is_dropped() {
    let mut reassembler = given(&[packet(5, &[0x80]), packet(6, &[0x40]), packet(7, &[0xc0])]);
    assert!(bytes(&mut reassembler).is_empty());
    assert_eq!(reassembler.drops(), RtpDrops { empty: 3, ..NONE });
    assert_eq!(reassembler.waiting(), 0);
}

#[test]
fn a_payload_longer_than_udp_has_is_dropped() {
    let long = |len| {
        let mut payload = vec![0; len];
        payload[0] = 0xc0;
        packet(5, &payload)
    };
    let mut reassembler = given(&[long(65_536)]);
    assert_eq!(reassembler.drops(), RtpDrops { too_long: 1, ..NONE });
    give(&mut reassembler, &[long(65_535)], 0);
    assert_eq!(bytes(&mut reassembler)[0].len(), 65_534);
}

#[test]
fn a_duplicate_is_dropped_before_and_after_its_frame_came_out() {
    // SPEC [M35]
    let forward = packets(&[1; 20], 11, 65_535);
    let mut reassembler = given(&[forward[0].clone(), forward[0].clone()]);
    assert_eq!(reassembler.drops(), RtpDrops { duplicate: 1, ..NONE });
    give(&mut reassembler, &forward[1..], 0);
    assert_eq!(bytes(&mut reassembler), [[1; 20]]);
    give(&mut reassembler, &forward, 0);
    assert!(bytes(&mut reassembler).is_empty());
    assert_eq!(reassembler.drops(), RtpDrops { duplicate: 3, ..NONE });
}

#[test]
fn a_late_packet_is_no_duplicate_of_the_one_4_096_before() {
    // SPEC [M35]
    let at = |sequence| packet(sequence, &[0xc0, 1]);
    let mut reassembler = RtpReassembler::new();
    for sequence in 0..4_096 {
        give(&mut reassembler, &[at(sequence)], 0);
    }
    assert_eq!(bytes(&mut reassembler).len(), 4_096);
    for sequence in [4_200, 4_096, 4_150, 4_199, 8_295, 4_201] {
        give(&mut reassembler, &[at(sequence)], 0);
        assert_eq!(bytes(&mut reassembler).len(), 1, "{sequence}");
    }
    assert_eq!(reassembler.drops(), NONE);
}

#[test]
fn a_packet_below_the_window_is_dropped() {
    // SPEC [M35]
    let at = |sequence| packet(sequence, &[0xc0, 1]);
    let mut reassembler = given(&[at(5_000), at(905), at(904)]);
    assert_eq!(bytes(&mut reassembler).len(), 2);
    assert_eq!(reassembler.drops(), RtpDrops { too_old: 1, ..NONE });
    let mut reassembler = given(&[at(0), at(61_441), at(61_440)]);
    assert_eq!(bytes(&mut reassembler).len(), 2);
    assert_eq!(reassembler.drops(), RtpDrops { too_old: 1, ..NONE });
}

fn differing(change: fn(&mut Packet)) {
    let mut forward = [packet(5, &[0x80, 1]), packet(6, &[0, 2]), packet(7, &[0x40, 3])];
    for at in 0..3 {
        let before = forward[at].clone();
        change(&mut forward[at]);
        let mut reassembler = given(forward.iter().rev());
        assert!(bytes(&mut reassembler).is_empty(), "packet {at}");
        assert_eq!(reassembler.drops(), RtpDrops { mixed: 3, ..NONE });
        assert_eq!(reassembler.waiting(), 0);
        forward[at] = before;
    }
    assert_eq!(bytes(&mut given(&forward)), [[1, 2, 3]]);
}

#[test]
fn a_frame_with_unequal_t_is_dropped() {
    // SPEC [M34]
    differing(|packet| packet.payload[0] ^= 0x20);
}

#[test]
fn a_frame_with_unequal_payload_types_is_dropped() {
    // SPEC [M34]
    differing(|packet| packet.header.payload_type = 97);
}

#[test]
fn a_frame_with_unequal_timestamps_is_dropped() {
    // SPEC [M34]
    differing(|packet| packet.header.timestamp = 91);
}

#[test]
fn reserved_bits_change_nothing() {
    // SPEC [M31]
    let mut reassembler =
        given(&[packet(5, &[0x9f, 1]), packet(6, &[0x15, 2]), packet(7, &[0x41, 3])]);
    assert_eq!(bytes(&mut reassembler), [[1, 2, 3]]);
}

#[test]
fn a_frame_is_the_smallest_list_from_s_to_e() {
    // SPEC [M33]
    let forward = [
        packet(1, &[0x80, 1]), // its end is missing
        packet(2, &[0x80, 2]),
        packet(3, &[0x00, 3]),
        packet(4, &[0x40, 4]),
        packet(5, &[0x00, 5]), // its start is missing
        packet(6, &[0x40, 6]),
        packet(7, &[0xc0, 7]),
    ];
    for reverse in [false, true] {
        let mut order: Vec<_> = forward.iter().collect();
        if reverse {
            order.reverse();
        }
        let mut reassembler = given(order);
        assert_eq!(bytes(&mut reassembler), [&[2, 3, 4][..], &[7]]);
        assert_eq!(reassembler.waiting(), 3);
        assert!(all(&mut reassembler, 2_000).is_empty());
        assert_eq!(reassembler.drops(), RtpDrops { late: 3, ..NONE });
    }
}

#[test]
fn packets_with_a_gap_are_no_frame() {
    // SPEC [M33]
    let mut reassembler = given(&[packet(5, &[0x80, 1]), packet(7, &[0x40, 2])]);
    assert!(bytes(&mut reassembler).is_empty());
}

#[test]
fn a_frame_that_is_not_complete_in_time_is_given_up() {
    // SPEC [M37]
    let forward = packets(&[1; 30], 11, 7);
    let mut reassembler = given(&forward[..1]);
    give(&mut reassembler, &forward[1..2], 1_999);
    assert_eq!(reassembler.waiting(), 2);
    give(&mut reassembler, &forward[2..], 2_000);
    assert!(all(&mut reassembler, 2_000).is_empty());
    assert_eq!((reassembler.waiting(), reassembler.drops().late), (1, 2));
    assert!(all(&mut reassembler, 4_000).is_empty());
    assert_eq!(reassembler.drops(), RtpDrops { late: 3, ..NONE });
    give(&mut reassembler, &forward, 4_000);
    assert_eq!(reassembler.drops(), RtpDrops { late: 3, duplicate: 3, ..NONE });
}

#[test]
fn the_time_of_a_frame_runs_from_the_first_packet_to_come() {
    // SPEC [M37]
    let forward = packets(&[1; 40], 11, 7);
    for order in [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2], [1, 2, 0]] {
        let mut reassembler = RtpReassembler::new();
        for (now_ms, at) in [0, 900, 1_800].into_iter().zip(order) {
            give(&mut reassembler, [&forward[at]], now_ms);
        }
        assert!(all(&mut reassembler, 1_999).is_empty() && reassembler.waiting() == 3);
        assert!(all(&mut reassembler, 2_000).is_empty() && reassembler.waiting() == 0, "{order:?}");
        assert_eq!(reassembler.drops(), RtpDrops { late: 3, ..NONE });
    }
}

#[test]
fn frames_are_given_up_one_after_another_without_another_packet() {
    // SPEC [M37]
    let mut reassembler = RtpReassembler::new();
    for (now_ms, sequence) in [(0, 1), (500, 3), (1_000, 5)] {
        give(&mut reassembler, &[packet(sequence, &[0x80, 1])], now_ms);
    }
    for (now_ms, waiting) in [(1_999, 3), (2_000, 2), (2_499, 2), (2_500, 1), (3_000, 0)] {
        assert!(all(&mut reassembler, now_ms).is_empty());
        assert_eq!(reassembler.waiting(), waiting, "{now_ms}");
    }
}

#[test]
fn a_complete_frame_waits_for_its_caller() {
    let mut reassembler = given(&packets(&[1; 30], 11, 7));
    assert_eq!(all(&mut reassembler, 60_000).len(), 1);
}

#[test]
fn a_source_that_starts_again_lower_is_taken_after_two_seconds() {
    // SPEC [M39]
    let at = |sequence| [packet(sequence, &[0xc0, 1])];
    let mut reassembler = RtpReassembler::new();
    give(&mut reassembler, &at(30_000), 1_000);
    assert_eq!(all(&mut reassembler, 1_000).len(), 1);
    give(&mut reassembler, &at(10), 2_999);
    assert_eq!(reassembler.drops(), RtpDrops { too_old: 1, ..NONE });
    give(&mut reassembler, &at(11), 3_000);
    give(&mut reassembler, &at(10), 3_000);
    let frames = all(&mut reassembler, 3_000);
    assert_eq!(
        frames.iter().map(|(frame, _)| frame.position & 0xffff).collect::<Vec<_>>(),
        [10, 11]
    );
    assert!(frames[0].0.position > 65_536 + 30_000, "positions only grow");
    give(&mut reassembler, &at(30_000), 3_000);
    assert_eq!(reassembler.drops(), RtpDrops { too_old: 1, ..NONE }, "ahead again");
}
