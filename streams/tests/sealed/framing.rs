//! Every stream in the RTP framing that needs no packetiser, over good and bad networks.

use std::collections::BTreeMap;

use bytes::Bytes;
use incamera::{Framing, PayloadOrigin, RtpFragmenter, RtpHeader, RtpReassembler};
use incamera_streams::{Network, Packet, Stream, Through, streams};

use crate::meeting::Call;

const PAYLOADS: [usize; 4] = [1_200, 500, 101, 12];

/// The packets of frames, which are numbered by their timestamps.
fn packets(frames: &[Vec<u8>], max_payload: usize) -> Vec<Packet> {
    let (mut packets, mut sequence) = (Vec::new(), 65_000_u16);
    for (at, frame) in frames.iter().enumerate() {
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

/// The frames that arrived, by number; each is the one that was sent, and all that were complete are
/// there.
fn check(
    (name, frames): (&str, &[Vec<u8>]),
    max_payload: usize,
    network: &mut Network,
) -> BTreeMap<usize, Vec<u8>> {
    let case = format!("{name}, payloads of {max_payload}, seed {}", network.seed());
    let sent = packets(frames, max_payload);
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
    for (at, frame) in frames.iter().enumerate() {
        let mut parts = sent.iter().filter(|packet| packet.timestamp as usize == at);
        let expected = parts.all(|packet| arrived.contains(packet)).then_some(frame);
        assert!(came.get(&at) == expected, "{case}: frame {at}");
    }
    came
}

fn frames(stream: &Stream) -> (&str, &[Vec<u8>]) {
    (&stream.name, &stream.frames)
}

#[test]
fn on_a_perfect_network_every_frame_arrives_bit_exact() {
    for stream in streams() {
        for max_payload in PAYLOADS {
            let came = check(frames(&stream), max_payload, &mut Network::perfect());
            assert_eq!(came.len(), stream.frames.len(), "{}", stream.name);
        }
    }
}

#[test]
fn on_a_bad_network_every_complete_frame_arrives_bit_exact() {
    for stream in streams() {
        for (max_payload, seed) in PAYLOADS.iter().flat_map(|&max| (0..8).map(move |s| (max, s))) {
            let _ = check(frames(&stream), max_payload, &mut Network::bad(seed));
        }
    }
}

#[test]
fn every_complete_frame_that_was_sealed_whole_opens_bit_exact() {
    let (mut call, mut complete) = (Call::new(), 0);
    for stream in streams() {
        let cases = [(1_200, None), (1_200, Some(1)), (500, Some(2)), (101, None), (101, Some(3))];
        for (max_payload, seed) in cases {
            let mut line = call.framed(stream.codec, Framing::Whole);
            let sealed: Vec<_> = stream.frames.iter().map(|frame| line.seal(frame)).collect();
            let mut network = seed.map_or_else(Network::perfect, Network::bad);
            let came = check((&stream.name, &sealed), max_payload, &mut network);
            assert!(seed.is_some() || came.len() == stream.frames.len(), "{}", stream.name);
            for (at, frame) in came {
                let opened = line.back(&frame);
                assert!(opened.as_ref() == Some(&stream.frames[at]), "{}: {at}", stream.name);
                complete += 1;
            }
        }
    }
    println!("{complete} frames were complete");
}
