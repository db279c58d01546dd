//! Exclusive leases of tracks to seal on.

use std::sync::{Arc, PoisonError};

use super::handle::Handle;
use super::ring::Keyring;
use super::seal::{OwnSlot, SealRefusal};
use incamera_wire::{PadTo, Track};

/// The right to seal on one track, held by one owner at a time (SPEC \[M10\]). Dropped, the track is
/// free again and its counters go on; leaked, it stays taken.
pub(crate) struct Lease {
    handle: Handle,
    track: Track,
}

impl Lease {
    /// Takes `track`; `None` while somebody else has it.
    pub(crate) fn take(keyring: Arc<Keyring>, track: Track) -> Option<Self> {
        let taken = keyring.leased.lock().unwrap_or_else(PoisonError::into_inner).insert(track);
        // Built only if taken: a lease that is dropped frees its track.
        taken.then(|| Self { handle: Handle::new(keyring), track })
    }

    /// The track.
    pub(crate) fn track(&self) -> Track {
        self.track
    }

    /// The slot to seal in.
    ///
    /// # Errors
    /// [`SealRefusal`]; no counter has moved.
    #[inline(always)]
    pub(crate) fn slot(&mut self, now_ms: u64) -> Result<OwnSlot<'_>, SealRefusal> {
        let track = self.track;
        // SPEC [M7]: receivers would drop it.
        self.handle.own_slot(track, now_ms, |kinds| kinds.contains(track.kind()))
    }

    /// How this client's frames on the track are padded now.
    pub(crate) fn padding(&self) -> PadTo {
        let view = self.handle.keyring().view.load();
        view.newest().map_or(PadTo::Nothing, |kept| kept.epoch.pad_to(self.track.kind()))
    }

    /// As [`Self::slot`], by a modified client that does not ask what it may send: an attack.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn slot_unasked(&mut self, now_ms: u64) -> Result<OwnSlot<'_>, SealRefusal> {
        self.handle.own_slot(self.track, now_ms, |_| true)
    }
}

impl Keyring {
    /// Whether somebody seals on `track`.
    pub(crate) fn is_leased(&self, track: Track) -> bool {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner).contains(&track)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.handle
            .keyring()
            .leased
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.track);
    }
}

impl core::fmt::Debug for Lease {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lease").field("track", &self.track).finish_non_exhaustive()
    }
}
