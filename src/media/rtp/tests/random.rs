//! Arbitrary packets, and streams on a bad network.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Packet, all, give, packets};
use crate::media::rtp::{PayloadOrigin, RtpDrops, RtpFrame, RtpHeader, RtpReassembler};

fn dropped(drops: RtpDrops) -> u64 {
    let RtpDrops { empty, too_long, too_old, duplicate, mixed, late, overrun } = drops;
    empty + too_long + too_old + duplicate + mixed + late + overrun
}

/// Numbers near to each other, so that frames come about; the rest are anywhere. The payload holds
/// which packet this is, so that a frame says what it was made of.
fn any_packet() -> impl Strategy<Value = Packet> {
    let sequence = prop_oneof![9 => 65_520..=65_535_u16, 9 => 0..16_u16, 1 => any::<u16>()];
    let common = prop_oneof![Just(0x80), Just(0x40), Just(0)];
    let descriptor = prop_oneof![6 => common, 1 => any::<u8>()];
    let payload = prop_oneof![20 => descriptor.prop_map(Some), 1 => Just(None)];
    let fields = (sequence, 0..20_u32, any::<bool>(), 0..20_u8, payload);
    fields.prop_map(|(sequence, timestamp, marker, payload_type, payload)| Packet {
        header: RtpHeader {
            sequence,
            timestamp: timestamp / 19,
            marker,
            payload_type: payload_type / 19,
        },
        payload: payload.into_iter().collect(),
    })
}

/// A frame is what the draft's receiver finds: packets that came, with the numbers from its
/// position on, S at the first and E at the last only, alike in what has to be equal.
fn check_frame(came: &[Packet], frame: RtpFrame, bytes: &[u8]) {
    let ids = bytes.chunks(2).map(|id| usize::from(u16::from_be_bytes(id.try_into().unwrap())));
    let parts: Vec<&Packet> = ids.map(|id| &came[id]).collect();
    assert_eq!(parts.len() as u64, frame.packets);
    for (at, part) in parts.iter().enumerate() {
        let header = RtpHeader {
            sequence: (frame.position + at as u64) as u16,
            timestamp: frame.timestamp,
            marker: part.header.marker,
            payload_type: frame.payload_type,
        };
        assert_eq!(part.header, header);
        let bits = (part.payload[0] & 0x80 != 0, part.payload[0] & 0x40 != 0);
        assert_eq!(bits, (at == 0, at + 1 == parts.len()));
        let packetized = part.payload[0] & 0x20 != 0;
        assert_eq!(packetized, frame.origin == PayloadOrigin::Packetized);
    }
    assert_eq!(parts.last().map(|part| part.header.marker), Some(frame.marker));
}

proptest! {
    #[test]
    fn whatever_comes_is_a_frame_waits_or_is_counted(
        came in vec((any_packet(), 0..200_u64), 0..200),
    ) {
        let number = |(id, (packet, _)): (usize, &(Packet, u64))| {
            let mut packet = packet.clone();
            if !packet.payload.is_empty() {
                packet.payload.extend((id as u16).to_be_bytes());
            }
            packet
        };
        let packets: Vec<Packet> = came.iter().enumerate().map(number).collect();
        let mut reassembler = RtpReassembler::new();
        let (mut now_ms, mut in_frames, mut numbers) = (0, 0, BTreeSet::new());
        for (packet, (_, wait_ms)) in packets.iter().zip(&came) {
            now_ms += wait_ms;
            give(&mut reassembler, [packet], now_ms);
            for (frame, bytes) in all(&mut reassembler, now_ms) {
                check_frame(&packets, frame, &bytes);
                for number in frame.position..frame.position + frame.packets {
                    prop_assert!(numbers.insert(number), "{} twice", number);
                }
                in_frames += frame.packets;
            }
        }
        let counted = in_frames + dropped(reassembler.drops()) + reassembler.waiting() as u64;
        prop_assert_eq!(counted, came.len() as u64);
    }

    /// Frames of random lengths, each packet lost, repeated and delayed as it happens. Whoever got
    /// all its packets comes out, once, bit-exact, and nobody else.
    #[test]
    fn every_frame_that_came_comes_out_once_and_bit_exact(
        frames in vec(vec(any::<u8>(), 1..60), 1..40),
        first in prop_oneof![any::<u16>(), 65_400..=65_535_u16],
        max_payload in 2_usize..20,
        fates in vec((0..20_u8, 0..400_u64, 0..400_u64), 1..400),
        seed in any::<usize>(),
    ) {
        let mut sent = Vec::new();
        for (at, sealed) in frames.iter().enumerate() {
            let sequence = first.wrapping_add(sent.len() as u16);
            for mut packet in packets(sealed, max_payload, sequence) {
                packet.header.timestamp = at as u32;
                sent.push((at, packet));
            }
        }
        // When each copy comes: one is sent each millisecond.
        let mut network = Vec::new();
        let mut lost = vec![false; frames.len()];
        for (number, (at, packet)) in sent.iter().enumerate() {
            let (kind, delay, again) = fates[(number + seed % fates.len()) % fates.len()];
            let at_ms = number as u64;
            match kind {
                0 => lost[*at] = true,
                1..=3 => network.extend([(at_ms + delay, packet), (at_ms + again, packet)]),
                4..=8 => network.push((at_ms + delay, packet)),
                _ => network.push((at_ms, packet)),
            }
        }
        network.sort_by_key(|(at_ms, _)| *at_ms);
        let mut reassembler = RtpReassembler::new();
        let mut came = BTreeMap::new();
        for (now_ms, packet) in network {
            give(&mut reassembler, [packet], now_ms);
            for (frame, bytes) in all(&mut reassembler, now_ms) {
                let before = came.insert(frame.timestamp as usize, bytes);
                prop_assert!(before.is_none(), "frame {} twice", frame.timestamp);
            }
        }
        for (at, sealed) in frames.iter().enumerate() {
            prop_assert_eq!(came.get(&at), (!lost[at]).then_some(sealed), "frame {}", at);
        }
    }
}
