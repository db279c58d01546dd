//! A flood is held within the bounds, whatever it consists of.

use allocation_counter::measure;

use super::{all, bytes, give, given, packet, packets};
use crate::media::rtp::fragmenter::{MAX_FRAGMENTS, MAX_FRAME};
use crate::media::rtp::store::MAX_BYTES;
use crate::media::rtp::window::WINDOW;
use crate::media::rtp::{RtpDrops, RtpHeader, RtpReassembler};

/// What the entries of 4,096 packets may take beside their payloads, in bytes.
const OVERHEAD: u64 = 1 << 20;

/// The most memory that so many packets with this descriptor, length and step of sequence take.
fn flood(count: u16, descriptor: u8, len: usize, step: u16) -> (u64, RtpReassembler) {
    let mut reassembler = RtpReassembler::new();
    let mut payload = vec![7; len];
    payload[0] = descriptor;
    let counts = measure(|| {
        for number in 0..count {
            let sequence = number.wrapping_mul(step);
            let header = RtpHeader { sequence, timestamp: 90, marker: false, payload_type: 96 };
            reassembler.handle(header, &payload, u64::from(number) / 20);
            assert!(reassembler.waiting() <= WINDOW as usize);
        }
    });
    (counts.bytes_max, reassembler)
}

#[test]
fn a_flood_never_takes_more_than_the_bounds() {
    // SPEC [M36]
    for descriptor in [0x80, 0x40, 0x00, 0xc0] {
        for (count, len) in [(4_500, 1), (4_500, 2), (4_500, 1_200), (200, 65_535)] {
            for step in [1, 2, 4_096, 65_535] {
                let (most, reassembler) = flood(count, descriptor, len, step);
                let case = format!("{descriptor:#x}, {len} bytes, step {step}: {most}");
                assert!(most <= MAX_BYTES as u64 + OVERHEAD, "{case}");
                let drops = reassembler.drops();
                let dropped =
                    drops.empty + drops.too_old + drops.late + drops.overrun + drops.duplicate;
                assert_eq!(
                    dropped + reassembler.waiting() as u64,
                    u64::from(count),
                    "{case}: {drops:?}"
                );
            }
        }
    }
}

#[test]
fn more_than_4_096_numbers_push_the_oldest_out() {
    // SPEC [M36]
    let mut reassembler = given(&packets(&[1; 20], 11, 0)[..1]);
    give(&mut reassembler, &[packet(4_095, &[0xc0, 2])], 0);
    assert_eq!(reassembler.waiting(), 2);
    give(&mut reassembler, &[packet(4_096, &[0xc0, 3])], 0);
    assert_eq!(reassembler.drops(), RtpDrops { overrun: 1, ..RtpDrops::default() });
    assert_eq!(bytes(&mut reassembler), [[2], [3]]);
}

#[test]
fn incomplete_frames_make_room_before_complete_ones() {
    // SPEC [M36]
    let mut long = vec![7; 65_535];
    let mut reassembler = RtpReassembler::new();
    for sequence in 0..64 {
        // One complete frame, then 63 starts: 64 pieces of 65,534 bytes fit, a 65th does not.
        long[0] = if sequence == 0 { 0xc0 } else { 0x80 };
        give(&mut reassembler, &[packet(sequence, &long)], 0);
    }
    assert_eq!((reassembler.waiting(), reassembler.drops().overrun), (64, 0));
    give(&mut reassembler, &[packet(64, &long)], 0);
    assert_eq!((reassembler.waiting(), reassembler.drops().overrun), (64, 1));
    assert_eq!(bytes(&mut reassembler).len(), 1);
}

#[test]
fn complete_frames_that_nobody_takes_make_room_too() {
    // SPEC [M36]
    let mut long = vec![7; 65_535];
    long[0] = 0xc0;
    let mut reassembler = RtpReassembler::new();
    for sequence in 0..100 {
        give(&mut reassembler, &[packet(sequence, &long)], 0);
    }
    let frames = all(&mut reassembler, 0);
    assert_eq!((frames.len(), reassembler.drops().overrun), (64, 36));
    assert_eq!(frames[0].0.position & 0xffff, 36, "the oldest made room");
}

#[test]
fn two_of_the_largest_frames_have_room() {
    // SPEC [M32]
    let sealed: Vec<u8> = (0..MAX_FRAME).map(|at| at as u8).collect();
    let a = packets(&sealed, 1_025, 65_000);
    assert_eq!(a.len(), MAX_FRAGMENTS);
    let b = packets(&sealed, 1_025, 65_000_u16.wrapping_add(2_048));
    let woven = b.iter().zip(&a).flat_map(|(b, a)| [b, a]);
    let mut reassembler = given(woven);
    assert!(bytes(&mut reassembler).iter().all(|bytes| bytes == &sealed));
    assert_eq!(reassembler.drops(), RtpDrops::default());
}
