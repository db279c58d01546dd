//! Every stream in the RTP framing that needs no packetiser, over good and bad networks.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests are test code")]

use std::collections::BTreeMap;

use bytes::Bytes;
use incamera::{PayloadOrigin, RtpFragmenter, RtpHeader, RtpReassembler};
use incamera_streams::{Network, Packet, Stream, streams};

const PAYLOADS: [usize; 4] = [1_200, 500, 101, 12];

/// The packets of a stream, its frames numbered by their timestamps.
fn packets(stream: &Stream, max_payload: usize) -> Vec<Packet> {
    let (mut packets, mut sequence) = (Vec::new(), 65_000_u16);
    for (at, frame) in stream.frames.iter().enumerate() {
        let mut payload = vec![0; max_payload];
        let mut fragmenter =
            RtpFragmenter::new(frame.len(), max_payload, PayloadOrigin::Raw).expect("fits");
        let mut start = true;
        while let Some(fragment) = fragmenter.next_into(frame, &mut payload).expect("room") {
            packets.push(Packet {
                sequence,
                timestamp: at as u32,
                marker: fragment.last,
                start,
                payload: Bytes::copy_from_slice(&payload[..fragment.len]),
            });
            sequence = sequence.wrapping_add(1);
            start = false;
        }
    }
    packets
}

/// How many frames arrived; each is the one that was sent, and all that were complete are there.
fn check(stream: &Stream, max_payload: usize, network: &mut Network) -> usize {
    let case = format!("{}, payloads of {max_payload}, seed {}", stream.name, network.seed());
    let sent = packets(stream, max_payload);
    let arrived = network.carry(&sent);
    let (mut reassembler, mut came) = (RtpReassembler::new(), BTreeMap::new());
    for (now_ms, packet) in (0..).zip(&arrived) {
        let Packet { sequence, timestamp, marker, .. } = *packet;
        let header = RtpHeader { sequence, timestamp, marker, payload_type: 96 };
        reassembler.handle(header, &packet.payload, now_ms / 4);
        let mut out = Vec::new();
        while let Some(frame) = reassembler.poll(now_ms / 4, &mut out) {
            let before = came.insert(frame.timestamp as usize, std::mem::take(&mut out));
            assert!(frame.marker && before.is_none(), "{case}: frame {}", frame.timestamp);
        }
    }
    for (at, frame) in stream.frames.iter().enumerate() {
        let mut parts = sent.iter().filter(|packet| packet.timestamp as usize == at);
        let expected = parts.all(|packet| arrived.contains(packet)).then_some(frame);
        assert!(came.get(&at) == expected, "{case}: frame {at}");
    }
    came.len()
}

#[test]
fn on_a_perfect_network_every_frame_arrives_bit_exact() {
    for stream in streams() {
        for max_payload in PAYLOADS {
            let count = check(&stream, max_payload, &mut Network::perfect());
            assert_eq!(count, stream.frames.len(), "{}", stream.name);
        }
    }
}

#[test]
fn on_a_bad_network_every_complete_frame_arrives_bit_exact() {
    for stream in streams() {
        for (max_payload, seed) in PAYLOADS.iter().flat_map(|&max| (0..8).map(move |s| (max, s))) {
            let _ = check(&stream, max_payload, &mut Network::bad(seed));
        }
    }
}
