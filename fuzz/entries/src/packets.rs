//! RTP packets.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use incamera::{PayloadOrigin, RtpError, RtpFragmenter, RtpHeader, RtpReassembler};

/// The most packets of one run: fewer than a reassembler looks back.
const PACKETS: usize = 600;

/// One run: frames in packets, what the network does to these, and packets that nobody sent.
#[derive(Arbitrary, Debug)]
struct Run {
    frames: Vec<(u16, bool)>,
    max_payload: u16,
    sequence: u16,
    network: Vec<Fault>,
}

#[derive(Arbitrary, Debug)]
enum Fault {
    Swap(u16, u16),
    Drop(u16),
    Repeat(u16),
    Insert { at: u16, sequence: u16, timestamp: u8, kind: u8, payload: Vec<u8> },
    Wait { at: u16, ms: u16 },
}

struct Packet {
    header: RtpHeader,
    payload: Vec<u8>,
    wait_ms: u64,
}

/// Fragments and reassembles: with an honest network every frame comes out once as it was, with any
/// other every packet is accounted for.
pub fn rtp(data: &[u8]) {
    let Ok(run) = Run::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let mut packets = Vec::new();
    let mut sent = BTreeMap::new();
    for (number, (len, raw)) in run.frames.iter().take(16).enumerate() {
        let frame: Vec<u8> = (0..*len).map(|at| (at as u8) ^ number as u8).collect();
        let origin = if *raw { PayloadOrigin::Raw } else { PayloadOrigin::Packetized };
        let timestamp = number as u32;
        if fragment(&frame, origin, &run, timestamp, &mut packets) {
            sent.insert(timestamp, (frame, origin));
        }
    }
    let (mut lossless, mut honest) = (true, true);
    for fault in &run.network {
        let done = strike(fault, &mut packets);
        lossless &= !matches!(done, Some(Fault::Drop(_)));
        honest &= !matches!(done, Some(Fault::Insert { .. } | Fault::Wait { .. }));
    }
    let came = reassemble(&packets);
    if !honest {
        return;
    }
    let mut seen = BTreeMap::new();
    for (timestamp, origin, frame) in came {
        assert_eq!(sent.get(&timestamp), Some(&(frame, origin)));
        assert_eq!(seen.insert(timestamp, ()), None, "a frame comes out twice");
    }
    assert!(!lossless || seen.len() == sent.len(), "{} of {}", seen.len(), sent.len());
}

/// Appends the packets of a frame; false if it cannot be cut so, or there are too many already.
fn fragment(
    frame: &[u8],
    origin: PayloadOrigin,
    run: &Run,
    timestamp: u32,
    packets: &mut Vec<Packet>,
) -> bool {
    // SPEC [M32]
    let max_payload = usize::from(run.max_payload);
    let mut fragmenter = match RtpFragmenter::new(frame.len(), max_payload, origin) {
        Ok(fragmenter) => fragmenter,
        Err(RtpError::Empty) => return false,
        Err(RtpError::PayloadTooSmall { needed }) => {
            assert!(
                needed > max_payload && RtpFragmenter::new(frame.len(), needed, origin).is_ok()
            );
            return false;
        }
        Err(error) => panic!("{error}"),
    };
    if fragmenter.left() + packets.len() > PACKETS {
        return false;
    }
    let mut buffer = vec![0; max_payload];
    while let Some(fragment) = fragmenter.next_into(frame, &mut buffer).unwrap() {
        assert!(fragment.len <= max_payload);
        let sequence = run.sequence.wrapping_add(packets.len() as u16);
        let header = RtpHeader { sequence, timestamp, marker: fragment.last, payload_type: 96 };
        packets.push(Packet { header, payload: buffer[..fragment.len].to_vec(), wait_ms: 0 });
    }
    true
}

/// Does to the packets what the network does; `None` if it comes to nothing.
fn strike<'a>(fault: &'a Fault, packets: &mut Vec<Packet>) -> Option<&'a Fault> {
    let count = packets.len();
    let place = |at: &u16| usize::from(*at).checked_rem(count);
    match fault {
        Fault::Swap(from, to) => packets.swap(place(from)?, place(to)?),
        Fault::Drop(at) => drop(packets.remove(place(at)?)),
        Fault::Repeat(at) => {
            let Packet { header, payload, wait_ms } = &packets[place(at)?];
            packets.push(Packet { header: *header, payload: payload.clone(), wait_ms: *wait_ms });
        }
        Fault::Insert { at, sequence, timestamp, kind, payload } => {
            let (timestamp, marker) = (u32::from(*timestamp), kind & 1 == 1);
            let header =
                RtpHeader { sequence: *sequence, timestamp, marker, payload_type: kind >> 1 };
            let packet = Packet { header, payload: payload.clone(), wait_ms: 0 };
            packets.insert(usize::from(*at) % (count + 1), packet);
        }
        Fault::Wait { at, ms } => packets[place(at)?].wait_ms = u64::from(*ms),
    }
    Some(fault)
}

/// What comes out, by timestamp.
fn reassemble(packets: &[Packet]) -> Vec<(u32, PayloadOrigin, Vec<u8>)> {
    let mut reassembler = RtpReassembler::new();
    let (mut now_ms, mut came, mut counted) = (0, Vec::new(), 0);
    for Packet { header, payload, wait_ms } in packets {
        now_ms += wait_ms;
        reassembler.handle(*header, payload, now_ms);
        let mut out = vec![0xaa];
        while let Some(frame) = reassembler.poll(now_ms, &mut out) {
            assert_eq!(out.remove(0), 0xaa);
            counted += frame.packets;
            came.push((frame.timestamp, frame.origin, core::mem::replace(&mut out, vec![0xaa])));
        }
        assert_eq!(out, [0xaa]);
    }
    // SPEC [M36], [M37]
    let drops = reassembler.drops();
    let dropped = [
        drops.empty,
        drops.too_long,
        drops.too_old,
        drops.duplicate,
        drops.mixed,
        drops.late,
        drops.overrun,
    ];
    let known = dropped.iter().sum::<u64>() + counted + reassembler.waiting() as u64;
    assert_eq!(known, packets.len() as u64, "a packet is lost sight of: {drops:?}");
    came
}
