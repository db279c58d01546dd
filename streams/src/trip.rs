//! A stream from its sender over a network to its receiver.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::codec::Codec;
use crate::corpus::Stream;
use crate::network::{Network, Packet};
use crate::receiver::Receiver;
use crate::through::Through;

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// It lacks a packet.
    Incomplete,
    /// All of it arrived, and this came back; `None` if it was refused.
    Complete(Option<Vec<u8>>),
}

/// What became of a stream.
pub struct Trip {
    /// Which stream, payloads and network these were, for the messages of tests.
    pub case: String,
    /// Each of its frames.
    pub frames: Vec<Arrived>,
    /// How many packets were sent.
    pub packets: usize,
}

const TICKS: u32 = 3_000;

/// The packets of frames that have been sealed; payloads have at most `mtu` bytes.
fn packets(codec: Codec, frames: &[Vec<u8>], mtu: usize, first: u16) -> Vec<Packet> {
    let mut packetiser = codec.packetiser();
    let mut packets: Vec<Packet> = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        let payloads = packetiser.payload(mtu, &Bytes::copy_from_slice(frame)).expect("a frame");
        let count = payloads.len();
        for (part, payload) in payloads.into_iter().enumerate() {
            packets.push(Packet {
                sequence: first.wrapping_add(packets.len() as u16),
                timestamp: at as u32 * TICKS,
                marker: part + 1 == count,
                start: part == 0,
                payload,
            });
        }
    }
    packets
}

/// Sends a stream. Sequence numbers wrap on the way.
///
/// # Panics
/// If a frame of which every packet arrived does not come out, or another comes out: the message has
/// the seed.
pub fn trip(stream: &Stream, through: &mut dyn Through, mtu: usize, network: &mut Network) -> Trip {
    let case = format!("{}, payloads of {mtu} bytes, seed {}", stream.name, network.seed());
    let sealed: Vec<Vec<u8>> = stream.frames.iter().map(|frame| through.out(frame)).collect();
    let sent = packets(stream.codec, &sealed, mtu, 65_530);
    let arrived = network.carry(&sent);
    let mut receiver = Receiver::new(stream.codec);
    arrived.iter().cloned().for_each(|packet| receiver.take(packet));
    let frames = receiver.frames().unwrap_or_else(|fault| panic!("{case}: {fault}"));
    let mut came = BTreeMap::new();
    for (timestamp, frame) in frames {
        assert!(came.insert(timestamp, through.back(&frame)).is_none(), "{case}: one came twice");
    }
    let frames = (0..stream.frames.len()).map(|at| {
        let timestamp = at as u32 * TICKS;
        let mut parts = sent.iter().filter(|packet| packet.timestamp == timestamp).peekable();
        let whole = parts.peek().is_some() && parts.all(|packet| arrived.contains(packet));
        let back = came.remove(&timestamp);
        assert_eq!(whole, back.is_some(), "{case}: frame {at}");
        back.map_or(Arrived::Incomplete, Arrived::Complete)
    });
    Trip { frames: frames.collect(), packets: sent.len(), case }
}
