//! What comes out, and in which order.

use super::{all, bytes, give, given, packet, packets};
use crate::media::rtp::{PayloadOrigin, RtpDrops, RtpReassembler};

#[test]
fn a_frame_comes_out_whole_in_whatever_order_it_came() {
    // SPEC [M33]
    let sealed: Vec<u8> = (0..=255).collect();
    let forward = packets(&sealed, 100, 7);
    assert_eq!(forward.len(), 3);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut reassembler = given(order.map(|at| &forward[at]));
        let frames = all(&mut reassembler, 0);
        let [(frame, bytes)] = frames.as_slice() else { panic!("{order:?}: {frames:?}") };
        assert_eq!(bytes, &sealed);
        assert_eq!((frame.position & 0xffff, frame.packets), (7, 3));
        assert_eq!((frame.timestamp, frame.payload_type, frame.marker), (90, 96, true));
        assert_eq!(frame.origin, PayloadOrigin::Raw);
        assert_eq!((reassembler.waiting(), reassembler.drops()), (0, RtpDrops::default()));
    }
}

#[test]
fn a_frame_is_not_there_before_its_last_packet_came() {
    let forward = packets(&[1; 30], 11, 7);
    for missing in 0..3 {
        let rest = forward.iter().enumerate().filter(|(at, _)| *at != missing);
        let mut reassembler = given(rest.map(|(_, packet)| packet));
        assert!(bytes(&mut reassembler).is_empty());
        give(&mut reassembler, [&forward[missing]], 1_999);
        assert_eq!(all(&mut reassembler, 1_999).len(), 1);
    }
}

#[test]
fn frames_come_out_in_order_of_sequence() {
    let a = packets(&[1; 20], 11, 65_533);
    let b = packets(&[2; 20], 11, 65_535);
    let c = packets(&[3; 20], 11, 1);
    let mut reassembler = given(c.iter().chain(&a).chain(&b));
    let frames = all(&mut reassembler, 0);
    assert_eq!(frames.iter().map(|(_, bytes)| bytes[0]).collect::<Vec<_>>(), [1, 2, 3]);
    for pair in frames.windows(2) {
        assert_eq!(pair[0].0.position + pair[0].0.packets, pair[1].0.position);
    }
}

#[test]
fn a_missing_frame_keeps_nobody_waiting_and_still_comes_out_late() {
    // SPEC [M38]
    let (a, b) = (packets(&[1; 20], 11, 0), packets(&[2; 20], 11, 2));
    let mut reassembler = given(a[..1].iter().chain(&b));
    assert_eq!(bytes(&mut reassembler), [[2; 20]]);
    give(&mut reassembler, &a[1..], 1_000);
    assert_eq!(all(&mut reassembler, 1_000)[0].1, [1; 20]);
}

#[test]
fn packets_before_the_first_to_come_are_taken_too() {
    let forward = packets(&[1; 100], 11, 65_530);
    let mut reassembler = given(forward.iter().rev());
    assert_eq!(bytes(&mut reassembler), [[1; 100]]);
}

#[test]
fn a_sealed_packet_says_that_it_is_one() {
    let mut reassembler = given(&[packet(5, &[0xe0, 1, 2])]);
    let frames = all(&mut reassembler, 0);
    assert_eq!((frames[0].0.origin, &frames[0].1[..]), (PayloadOrigin::Packetized, &[1, 2][..]));
}

#[test]
fn the_marker_is_that_of_the_last_packet() {
    for (first, last) in [(true, false), (false, true)] {
        let mut forward = [packet(5, &[0x80, 1]), packet(6, &[0x40, 2])];
        forward[0].header.marker = first;
        forward[1].header.marker = last;
        for packets in [[&forward[0], &forward[1]], [&forward[1], &forward[0]]] {
            assert_eq!(all(&mut given(packets), 0)[0].0.marker, last);
        }
    }
}

#[test]
fn a_frame_is_appended_to_what_is_there() {
    let mut reassembler = given(&[packet(5, &[0xc0, 1, 2])]);
    let mut out = vec![0];
    assert!(reassembler.poll(0, &mut out).is_some());
    assert_eq!(out, [0, 1, 2]);
}

#[test]
fn nothing_comes_out_of_nothing() {
    let mut reassembler = RtpReassembler::new();
    assert!(all(&mut reassembler, u64::MAX).is_empty());
    assert_eq!(reassembler.waiting(), 0);
}
