//! Exclusive leases of tracks to seal on.

use std::sync::{Arc, PoisonError};

use super::handle::Handle;
use super::ring::Keyring;
use super::seal::SealRefusal;
use crate::sframe::{SealError, SealingKey};
use incamera_wire::Track;

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

    /// Runs `seal` with the key of the epoch to seal in.
    ///
    /// # Errors
    /// [`SealRefusal`]; no counter has moved.
    #[inline(always)]
    pub(crate) fn seal<R>(
        &mut self,
        now_ms: u64,
        seal: impl FnOnce(&mut SealingKey) -> Result<R, SealError>,
    ) -> Result<R, SealRefusal> {
        self.handle.seal(self.track, now_ms, seal)
    }

    /// As [`Self::seal`], by a modified client that does not ask what it may send: an attack.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn seal_unasked<R>(
        &mut self,
        now_ms: u64,
        seal: impl FnOnce(&mut SealingKey) -> Result<R, SealError>,
    ) -> Result<R, SealRefusal> {
        self.handle.seal_unasked(self.track, now_ms, seal)
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
