//! Packets of one frame that follow each other without a gap.

use super::descriptor::{Descriptor, PayloadOrigin};
use super::reassembler::RtpHeader;

/// The longest list of consecutive packets, of those that have come, that may be of one frame: S is
/// at its first only, and E at its last only.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The number of its last packet.
    pub(super) last: u64,
    pub(super) timestamp: u32,
    pub(super) payload_type: u8,
    pub(super) origin: PayloadOrigin,
    /// That of its last packet.
    pub(super) marker: bool,
    /// Bytes of its payloads, without the descriptors.
    pub(super) bytes: usize,
    /// When the first of its packets came.
    pub(super) since_ms: u64,
    /// Its packets contradict each other.
    pub(super) mixed: bool,
    start: bool,
    end: bool,
}

impl Run {
    /// A packet by itself; `bytes` is the length of its payload without the descriptor.
    pub(super) fn of(
        number: u64,
        header: RtpHeader,
        descriptor: Descriptor,
        bytes: usize,
        now_ms: u64,
    ) -> Self {
        Self {
            last: number,
            timestamp: header.timestamp,
            payload_type: header.payload_type,
            origin: descriptor.origin,
            marker: header.marker,
            bytes,
            since_ms: now_ms,
            mixed: false,
            start: descriptor.start,
            end: descriptor.end,
        }
    }

    /// May `next`, whose first packet follows this run's last, be of the same frame?
    pub(super) fn continues_in(&self, next: &Self) -> bool {
        // SPEC [M33]
        !self.end && !next.start
    }

    /// This run and the `next` one.
    pub(super) fn joined(self, next: &Self) -> Self {
        let same = self.timestamp == next.timestamp
            && self.payload_type == next.payload_type
            && self.origin == next.origin;
        Self {
            last: next.last,
            marker: next.marker,
            bytes: self.bytes + next.bytes,
            since_ms: self.since_ms.min(next.since_ms),
            // SPEC [M34]
            mixed: self.mixed || next.mixed || !same,
            end: next.end,
            ..self
        }
    }

    /// Is it a whole frame?
    pub(super) fn is_whole(&self) -> bool {
        self.start && self.end
    }
}
