//! A jitter buffer: packets as they come into complete frames, in order.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::codec::{Codec, Depacketiser};
use crate::network::Packet;

/// Receives one stream.
pub struct Receiver {
    depacketiser: Depacketiser,
    packets: BTreeMap<u64, Packet>,
    highest: Option<u64>,
}

impl Receiver {
    /// Of a stream coded in this.
    pub fn new(codec: Codec) -> Self {
        Self { depacketiser: codec.depacketiser(), packets: BTreeMap::new(), highest: None }
    }

    /// Takes a packet, once.
    pub fn take(&mut self, packet: Packet) {
        let highest = self.highest.unwrap_or(1 << 16 | u64::from(packet.sequence));
        let ahead = i64::from(packet.sequence.wrapping_sub(highest as u16) as i16);
        let number = highest.saturating_add_signed(ahead);
        self.highest = Some(highest.max(number));
        self.packets.entry(number).or_insert(packet);
    }

    /// The complete frames, by timestamp, in order of sequence.
    ///
    /// # Errors
    /// What the depacketiser says.
    pub fn frames(&mut self) -> Result<Vec<(u32, Vec<u8>)>, String> {
        let (mut frames, mut run): (Vec<_>, Vec<(u64, &Packet)>) = (Vec::new(), Vec::new());
        for (&number, packet) in &self.packets {
            let follows = run.last().is_some_and(|(last, before)| {
                last + 1 == number && before.timestamp == packet.timestamp
            });
            if packet.start || !follows {
                run.clear();
            }
            if packet.start || follows {
                run.push((number, packet));
            }
            if packet.marker && !run.is_empty() {
                let payloads: Vec<&Bytes> = run.drain(..).map(|(_, part)| &part.payload).collect();
                frames.push((packet.timestamp, self.depacketiser.frame(payloads)?));
            }
        }
        self.packets.clear();
        Ok(frames)
    }
}
