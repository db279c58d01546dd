//! From a plaintext to the key that may seal it.

use std::sync::atomic::Ordering;

use super::gate;
use super::handle::Handle;
use crate::sframe::{SealError, SealingKey};
use incamera_wire::{Track, TrackKinds};

/// Why a frame was not sealed; no counter has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealRefusal {
    /// Membership has ended.
    Ended,
    /// SPEC \[M9\]: sealing is not allowed now, or its deadline has passed, or no epoch is there.
    Stopped,
    /// SPEC \[M13\]: the state lists relays, and none of them is proved.
    NoRelay,
    /// The state does not let this client use the track.
    NotAllowed,
    /// The key or the caller's arguments do not allow it.
    Key(SealError),
}

impl Handle {
    /// Runs `seal` with this client's key for `track` in the epoch to seal in.
    ///
    /// # Errors
    /// [`SealRefusal`]; nothing has changed.
    #[inline(always)]
    pub(super) fn seal<R>(
        &mut self,
        track: Track,
        now_ms: u64,
        seal: impl FnOnce(&mut SealingKey) -> Result<R, SealError>,
    ) -> Result<R, SealRefusal> {
        // SPEC [M7]: receivers would drop it.
        self.seal_if(track, now_ms, |kinds| kinds.contains(track.kind()), seal)
    }

    /// As [`Self::seal`], by a modified client that does not ask what it may send: an attack.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn seal_unasked<R>(
        &mut self,
        track: Track,
        now_ms: u64,
        seal: impl FnOnce(&mut SealingKey) -> Result<R, SealError>,
    ) -> Result<R, SealRefusal> {
        self.seal_if(track, now_ms, |_| true, seal)
    }

    #[inline(always)]
    fn seal_if<R>(
        &mut self,
        track: Track,
        now_ms: u64,
        may: impl FnOnce(&TrackKinds) -> bool,
        seal: impl FnOnce(&mut SealingKey) -> Result<R, SealError>,
    ) -> Result<R, SealRefusal> {
        let (keyring, view) = self.current();
        if view.ended {
            return Err(SealRefusal::Ended);
        }
        // SPEC [M9]
        if now_ms >= keyring.seal_until_ms.load(Ordering::Acquire) {
            return Err(SealRefusal::Stopped);
        }
        gate::check(keyring.gate.load(Ordering::Acquire))?;
        let kept = view.sealing(now_ms).ok_or(SealRefusal::Stopped)?;
        if !kept.allowed.get(kept.epoch.own_position).is_some_and(may) {
            return Err(SealRefusal::NotAllowed);
        }
        match kept.epoch.seal(track, seal) {
            // This thread was so late that the epoch it chose has been erased meanwhile.
            Err(SealRefusal::Ended) if !keyring.has_ended() => Err(SealRefusal::Stopped),
            sealed => sealed,
        }
    }
}
