//! From a plaintext to the key that may seal it.

use std::sync::atomic::Ordering;

use super::gate;
use super::handle::Handle;
use super::ring::Keyring;
use super::slot::Slot;
use crate::sframe::{SealError, SealingKey};
use incamera_wire::{PadTo, Track, TrackKinds};

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

impl From<SealError> for SealRefusal {
    fn from(error: SealError) -> Self {
        Self::Key(error)
    }
}

impl Handle {
    /// This client's slot for `track` in the epoch to seal in, if what the state lets this client use
    /// is right for `may`.
    ///
    /// # Errors
    /// [`SealRefusal`]; nothing has changed.
    #[inline(always)]
    pub(super) fn own_slot(
        &mut self,
        track: Track,
        now_ms: u64,
        may: impl FnOnce(&TrackKinds) -> bool,
    ) -> Result<OwnSlot<'_>, SealRefusal> {
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
        let padding = kept.epoch.pad_to(track.kind());
        Ok(OwnSlot { keyring, slot: kept.epoch.own_slot(track)?, padding })
    }
}

/// A slot that this client may seal in now.
pub(crate) struct OwnSlot<'a> {
    keyring: &'a Keyring,
    /// `None` if the epoch has been erased.
    slot: Option<&'a Slot<SealingKey>>,
    /// How its frames are padded, which is the caller's to do.
    pub(crate) padding: PadTo,
}

impl OwnSlot<'_> {
    /// Seals one frame and appends it to `out`: [`SealingKey::seal`].
    ///
    /// # Errors
    /// [`SealRefusal`]; neither `out` nor the counter has changed.
    #[inline(always)]
    pub(crate) fn seal(self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), SealRefusal> {
        // SPEC [M1]: no metadata.
        self.with(|key| key.seal(&[], plaintext, out))
    }

    /// Seals one frame into the start of `out`: [`SealingKey::seal_into`].
    ///
    /// # Errors
    /// [`SealRefusal`]; neither `out` nor the counter has changed.
    #[inline(always)]
    pub(crate) fn seal_into(self, plaintext: &[u8], out: &mut [u8]) -> Result<usize, SealRefusal> {
        self.with(|key| key.seal_into(&[], plaintext, out))
    }

    /// Runs `seal` with the key, if it is not erased.
    ///
    /// # Errors
    /// [`SealRefusal`], or that of `seal`.
    #[inline(always)]
    pub(crate) fn with<R>(
        self,
        seal: impl FnOnce(&mut SealingKey) -> Result<R, SealError>,
    ) -> Result<R, SealRefusal> {
        match self.slot.map(Slot::lock).as_deref_mut() {
            Some(Some(key)) => Ok(seal(key)?),
            _ => Err(self.erased()),
        }
    }

    #[cold]
    fn erased(&self) -> SealRefusal {
        if self.keyring.has_ended() { SealRefusal::Ended } else { SealRefusal::Stopped }
    }
}
