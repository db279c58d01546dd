//! Sealing one of this member's tracks.

use std::sync::Arc;

use incamera_wire::{MAX_HEADER_LEN, Track};

use super::error::FrameError;
use crate::keyring::{Keyring, Lease};
use crate::sframe::MAX_TAG_LEN;

/// What of a frame is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// All of it: for transports of one's own, MoQ and data.
    Whole,
}

/// Seals the frames of one track, under the key of whatever epoch is to be used: nobody has to
/// rekey it. It is `Send`, for a media thread, and there is one per track (SPEC \[M10\]): while it
/// lives no other can be had; after a drop the next one goes on where it stopped; leaked, the
/// track stays taken.
///
/// While the meeting's state lists relays, it seals only once one of them is proved, and stops when
/// that one leaves the list: [`FrameError::NoRelay`] (SPEC \[M13\]).
#[derive(Debug)]
pub struct Sealer {
    lease: Lease,
    framing: Framing,
}

impl Sealer {
    /// Takes `track` of this member.
    ///
    /// # Errors
    /// [`FrameError::AlreadyLeased`] or [`FrameError::Ended`].
    pub(crate) fn lease(
        keyring: Arc<Keyring>,
        track: Track,
        framing: Framing,
    ) -> Result<Self, FrameError> {
        if keyring.has_ended() {
            return Err(FrameError::Ended);
        }
        // SPEC [M10]
        let lease = Lease::take(keyring, track).ok_or(FrameError::AlreadyLeased)?;
        Ok(Self { lease, framing })
    }

    /// Seals one frame and appends it to `out`. `now_ms` is of the
    /// clock of [`Now::monotonic_ms`](crate::Now::monotonic_ms).
    ///
    /// Without room in `out` it allocates; with [`Self::max_sealed_len`] of it, never.
    ///
    /// # Errors
    /// [`FrameError::Stopped`], [`NoRelay`](FrameError::NoRelay), [`Ended`](FrameError::Ended),
    /// [`NotAllowed`](FrameError::NotAllowed), [`Exhausted`](FrameError::Exhausted) or
    /// [`FrameTooLong`](FrameError::FrameTooLong); `out` is as it was (SPEC \[M11\]).
    pub fn seal(
        &mut self,
        plaintext: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let Framing::Whole = self.framing;
        Ok(self.lease.slot(now_ms)?.seal(plaintext, out)?)
    }

    /// Seals one frame into the start of `out` and gives its length in bytes, at most
    /// [`Self::max_sealed_len`]. `now_ms` is of the
    /// clock of [`Now::monotonic_ms`](crate::Now::monotonic_ms).
    ///
    /// # Errors
    /// Those of [`Self::seal`], and [`FrameError::BufferTooSmall`]; `out` is as it was
    /// (SPEC \[M11\]).
    pub fn seal_into(
        &mut self,
        plaintext: &[u8],
        now_ms: u64,
        out: &mut [u8],
    ) -> Result<usize, FrameError> {
        let Framing::Whole = self.framing;
        Ok(self.lease.slot(now_ms)?.seal_into(plaintext, out)?)
    }

    /// As [`Self::seal`], by a modified client that does not ask what it may send: an attack.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn seal_unasked(
        &mut self,
        plaintext: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        Ok(self.lease.slot_unasked(now_ms)?.seal(plaintext, out)?)
    }

    /// The greatest length in bytes of a sealed frame with a plaintext of `plaintext_len` bytes:
    /// 33 more, whatever the epoch and the counter.
    pub fn max_sealed_len(&self, plaintext_len: usize) -> usize {
        plaintext_len.saturating_add(MAX_HEADER_LEN + MAX_TAG_LEN)
    }

    /// The track that it seals.
    pub fn track(&self) -> Track {
        self.lease.track()
    }
}
