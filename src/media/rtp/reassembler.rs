//! Sealed frames out of the RTP packets of one source.

use super::descriptor::{Descriptor, PayloadOrigin};
use super::drops::RtpDrops;
use super::run::Run;
use super::store::{MAX_WAIT_MS, Store};
use super::window::{Place, Window};

/// The longest payload in bytes: UDP has no longer ones.
pub(super) const MAX_PAYLOAD: usize = 65_535;

/// What a reassembler needs of a packet's RTP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpHeader {
    /// The sequence number.
    pub sequence: u16,
    /// The timestamp, in the clock of the payload type.
    pub timestamp: u32,
    /// The marker bit.
    pub marker: bool,
    /// The payload type: that of the codec.
    pub payload_type: u8,
}

/// A complete frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RtpFrame {
    /// The sequence number of its first packet, extended so that it does not wrap: later frames
    /// have higher ones.
    pub position: u64,
    /// How many packets it came in; the next frame's position is higher by so much if nothing is
    /// missing between them.
    pub packets: u64,
    /// Its timestamp.
    pub timestamp: u32,
    /// The marker bit of its last packet.
    pub marker: bool,
    /// Its payload type.
    pub payload_type: u8,
    /// What it is once it is opened.
    pub origin: PayloadOrigin,
}

/// Puts the sealed frames of one SSRC together again, from packets in any order, with losses and
/// repetitions. Nothing in RTP is authenticated end to end: open what comes out.
///
/// Give each packet to [`Self::handle`], then call [`Self::poll`] until it gives `None`. A frame
/// comes out as soon as all of it is there, whether or not earlier ones are missing: a decoder that
/// needs order has its [`RtpFrame::position`]. Nothing comes out twice, unless a source seems to start
/// again (SPEC \[M39\]): of frames that are really sent again, only one opens.
///
/// At most 4,096 packets and 4 MiB of payloads wait, for 2 seconds (SPEC \[M36\], \[M37\]).
#[derive(Debug, Default)]
pub struct RtpReassembler {
    window: Window,
    store: Store,
    drops: RtpDrops,
    /// When a packet was taken last.
    taken_ms: u64,
}

impl RtpReassembler {
    /// For the packets of one SSRC.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a packet: `payload` is what follows the RTP header with its extensions, without
    /// padding. `now_ms` is of any clock that does not go back.
    pub fn handle(&mut self, header: RtpHeader, payload: &[u8], now_ms: u64) {
        self.drops.late += self.store.expire(now_ms);
        let Some((descriptor, piece)) = payload.split_first() else {
            self.drops.empty += 1;
            return;
        };
        if payload.len() > MAX_PAYLOAD {
            self.drops.too_long += 1;
            return;
        }
        let Some(number) = self.take(header.sequence, now_ms) else { return };
        self.drops.overrun += self.store.forget_below(self.window.low());
        self.drops.overrun += self.store.make_room(piece.len());
        let descriptor = Descriptor::from_byte(*descriptor);
        let run = Run::of(number, header, descriptor, piece.len(), now_ms);
        if let Some(first) = self.store.insert(number, run, piece) {
            // SPEC [M34]
            self.drops.mixed += self.store.drop_if(first, |run| run.mixed);
            self.drops.empty += self.store.drop_if(first, |run| run.bytes == 0);
        }
    }

    /// The next complete frame, the one with the lowest sequence numbers: appends it to `out`.
    /// `None` if there is none: call again after the next packet. `now_ms` is of the clock of
    /// [`Self::handle`].
    pub fn poll(&mut self, now_ms: u64, out: &mut Vec<u8>) -> Option<RtpFrame> {
        self.drops.late += self.store.expire(now_ms);
        // SPEC [M38]
        let (position, run) = self.store.pop(out)?;
        Some(RtpFrame {
            position,
            packets: run.last - position + 1,
            timestamp: run.timestamp,
            marker: run.marker,
            payload_type: run.payload_type,
            origin: run.origin,
        })
    }

    /// How many packets wait, those of complete frames included.
    pub fn waiting(&self) -> usize {
        self.store.len()
    }

    /// What was dropped since the beginning.
    pub fn drops(&self) -> RtpDrops {
        self.drops
    }

    /// Takes a sequence number, and counts the packet if it may not be taken.
    fn take(&mut self, sequence: u16, now_ms: u64) -> Option<u64> {
        let mut place = self.window.take(sequence);
        // SPEC [M39]
        if place == Place::TooOld && now_ms.saturating_sub(self.taken_ms) >= MAX_WAIT_MS {
            place = self.window.restart(sequence);
        }
        match place {
            Place::New(number) => {
                self.taken_ms = now_ms;
                Some(number)
            }
            Place::Duplicate => {
                self.drops.duplicate += 1;
                None
            }
            Place::TooOld => {
                self.drops.too_old += 1;
                None
            }
        }
    }
}
