//! A network that loses, repeats and delays packets, the same way for the same seed.

use bytes::Bytes;

/// What of an RTP packet matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The sequence number.
    pub sequence: u16,
    /// The timestamp.
    pub timestamp: u32,
    /// The last packet of its frame.
    pub marker: bool,
    /// The first packet of its frame: what the dependency descriptor, an extension of the header,
    /// says to relays and receivers.
    pub start: bool,
    /// What a packetiser made.
    pub payload: Bytes,
}

/// A bad network.
#[derive(Clone, Debug)]
pub struct Network {
    seed: u64,
    state: u64,
    /// Of 1,000 packets, how many are lost.
    pub lost: u64,
    /// Of 1,000 packets, how many come twice.
    pub repeated: u64,
    /// Of 1,000 packets, how many are overtaken by up to 20 others.
    pub late: u64,
}

impl Network {
    /// One that loses nothing and keeps the order.
    pub fn perfect() -> Self {
        Self { seed: 0, state: 0, lost: 0, repeated: 0, late: 0 }
    }

    /// One that does all of it.
    pub fn bad(seed: u64) -> Self {
        Self { seed, state: seed, lost: 30, repeated: 30, late: 200 }
    }

    /// What it was made with, for the messages of tests.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What arrives of these packets, in order of arrival.
    pub fn carry(&mut self, packets: &[Packet]) -> Vec<Packet> {
        let mut arrivals = Vec::new();
        for (at, packet) in packets.iter().enumerate() {
            if self.happens(self.lost) {
                continue;
            }
            let copies = 1 + usize::from(self.happens(self.repeated));
            for _ in 0..copies {
                let delay = if self.happens(self.late) { self.next() % 20 } else { 0 };
                arrivals.push((at as u64 + delay, packet.clone()));
            }
        }
        arrivals.sort_by_key(|(time, _)| *time);
        arrivals.into_iter().map(|(_, packet)| packet).collect()
    }

    fn happens(&mut self, per_mille: u64) -> bool {
        self.next() % 1_000 < per_mille
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
