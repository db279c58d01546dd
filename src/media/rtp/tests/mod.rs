//! RTP framing, there and back.

mod bounds;
mod descriptor;
mod faults;
mod fragmenter;
mod random;
mod reassembler;

use super::{PayloadOrigin, RtpFragmenter, RtpFrame, RtpHeader, RtpReassembler};

/// An RTP packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) header: RtpHeader,
    pub(super) payload: Vec<u8>,
}

/// A packet of timestamp 90 and payload type 96; the marker is set if the payload has E.
pub(super) fn packet(sequence: u16, payload: &[u8]) -> Packet {
    let marker = payload.first().is_some_and(|descriptor| descriptor & 0x40 != 0);
    let header = RtpHeader { sequence, timestamp: 90, marker, payload_type: 96 };
    Packet { header, payload: payload.to_vec() }
}

/// The packets of a frame, the first of which has number `sequence`.
pub(super) fn packets(sealed: &[u8], max_payload: usize, sequence: u16) -> Vec<Packet> {
    let mut fragmenter = RtpFragmenter::new(sealed.len(), max_payload, PayloadOrigin::Raw).unwrap();
    let mut packets = Vec::new();
    let mut payload = vec![0; max_payload];
    while let Some(fragment) = fragmenter.next_into(sealed, &mut payload).unwrap() {
        let sequence = sequence.wrapping_add(packets.len() as u16);
        packets.push(packet(sequence, &payload[..fragment.len]));
    }
    packets
}

/// A reassembler at time 0 that was given these.
pub(super) fn given<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> RtpReassembler {
    let mut reassembler = RtpReassembler::new();
    give(&mut reassembler, packets, 0);
    reassembler
}

pub(super) fn give<'a>(
    reassembler: &mut RtpReassembler,
    packets: impl IntoIterator<Item = &'a Packet>,
    now_ms: u64,
) {
    for packet in packets {
        reassembler.handle(packet.header, &packet.payload, now_ms);
    }
}

/// Everything that is complete.
pub(super) fn all(reassembler: &mut RtpReassembler, now_ms: u64) -> Vec<(RtpFrame, Vec<u8>)> {
    let (mut frames, mut out) = (Vec::new(), Vec::new());
    while let Some(frame) = reassembler.poll(now_ms, &mut out) {
        frames.push((frame, std::mem::take(&mut out)));
    }
    assert!(out.is_empty(), "without a frame nothing is appended");
    frames
}

/// The bytes of everything that is complete.
pub(super) fn bytes(reassembler: &mut RtpReassembler) -> Vec<Vec<u8>> {
    all(reassembler, 0).into_iter().map(|(_, bytes)| bytes).collect()
}
