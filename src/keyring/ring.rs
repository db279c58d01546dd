//! The keyring itself: what the meeting does with it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::epoch::Epoch;
use super::gate;
use super::view::{Pace, View};
use crate::sframe::{Backend, Suite};
use incamera_wire::{Padding, StayId, Track, TrackKinds};

/// What the meeting knows of an epoch that it has merged.
pub(crate) struct EpochInstall {
    /// The epoch's number, greater than every one installed before.
    pub(crate) epoch: u64,
    /// SPEC \[K1\]: MLS-Exporter("SFrame 1.0 Base Key", "", Nk).
    pub(crate) base_key: Zeroizing<Vec<u8>>,
    /// SPEC \[K11\]: the suite of sound and its base key, if it has one of its own.
    pub(crate) audio: Option<(Suite, Zeroizing<Vec<u8>>)>,
    /// How the tracks are padded.
    pub(crate) padding: Padding,
    /// The leaf of this client.
    pub(crate) own_leaf: u32,
    /// The occupied leaves, this client's too: index, stay and what the state lets each use.
    pub(crate) leaves: Vec<(u32, StayId, TrackKinds)>,
    /// Whether the commit into this epoch added somebody.
    pub(crate) adds: bool,
    /// Whether the commit into this epoch removed somebody.
    pub(crate) removes: bool,
}

/// Why an epoch was not installed; nothing has changed. Each is a fault of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InstallError {
    /// Membership has ended.
    #[error("membership has ended")]
    Ended,
    /// A later epoch is already installed.
    #[error("a later epoch is installed already")]
    Order,
    /// A base key has not the length that its suite asks for.
    #[error("a base key is not as long as its suite's key")]
    BaseKey,
    /// A leaf is listed twice, or this client's is missing.
    #[error("a leaf is listed twice or the own leaf is missing")]
    Roster,
}

/// All media keys of one membership, shared by the meeting, which installs epochs, and the media
/// threads. Counters and windows live here and outlast sealers and receivers.
pub(crate) struct Keyring {
    suite: Suite,
    backend: Backend,
    /// What media threads see.
    pub(super) view: Arc<ArcSwap<View>>,
    /// Held by whoever replaces the view.
    writer: Mutex<()>,
    /// SPEC \[M9\], \[M13\]: sealing needs this to be open (`gate` says when)...
    pub(super) gate: AtomicU8,
    /// ... and the time to be before this.
    pub(super) seal_until_ms: AtomicU64,
    /// SPEC \[M10\]: the tracks that have a sealer.
    pub(super) leased: Mutex<BTreeSet<Track>>,
}

impl Keyring {
    /// A keyring without an epoch, which seals and opens nothing.
    pub(crate) fn new(suite: Suite) -> Self {
        Self {
            suite,
            backend: Backend::of_new_keyrings(),
            view: Arc::default(),
            writer: Mutex::new(()),
            gate: AtomicU8::new(0),
            seal_until_ms: AtomicU64::new(0),
            leased: Mutex::new(BTreeSet::new()),
        }
    }

    /// Installs an epoch: media threads use it from their next frame on. An epoch that is there
    /// already is left alone, with its counters and windows.
    ///
    /// # Errors
    /// [`InstallError`]; nothing has changed.
    pub(crate) fn install(&self, install: EpochInstall, now_ms: u64) -> Result<(), InstallError> {
        let _writer = self.lock_writer();
        let view = self.view.load_full();
        if view.ended {
            return Err(InstallError::Ended);
        }
        if view.kept.iter().any(|kept| kept.epoch.number == install.epoch) {
            return Ok(());
        }
        if view.newest().is_some_and(|newest| install.epoch < newest.epoch.number) {
            return Err(InstallError::Order);
        }
        let pace = Pace::of(&install);
        let epoch = Epoch::new(self.backend, self.suite, install)?;
        // So that the first frame of a track that is being sealed costs what the others cost.
        for track in self.leased.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // Or its sealer will meet the same failure.
            let _ = epoch.make_own_slot(*track);
        }
        self.replace(view.with(epoch, pace, now_ms));
        Ok(())
    }

    /// SPEC \[K7\]: erases the epochs that have expired; gives the time at which the next one does.
    pub(crate) fn sweep(&self, now_ms: u64) -> Option<u64> {
        let _writer = self.lock_writer();
        let view = self.view.load_full();
        if view.next_expiry().is_some_and(|at| at <= now_ms) {
            self.replace(view.swept(now_ms));
        }
        self.view.load().next_expiry()
    }

    /// SPEC \[M9\]: lets sealers work until `seal_until_ms`, exclusive.
    pub(crate) fn renew(&self, seal_until_ms: u64) {
        self.seal_until_ms.store(seal_until_ms, Ordering::Release);
    }

    /// SPEC \[M9\]: `false` stops all sealers from their next frame on: before confirmation, and
    /// whenever the meeting must not be heard.
    pub(crate) fn allow_sealing(&self, allowed: bool) {
        self.set(gate::ALLOWED, allowed);
    }

    /// SPEC \[M13\]: whether the state lists relays, so that one of them has to be proved. Call it
    /// before the epoch of that state is installed, or a frame could slip out in between.
    pub(crate) fn require_relay(&self, needed: bool) {
        self.set(gate::RELAY_NEEDED, needed);
    }

    /// SPEC \[M13\]: whether the relay in use has proved itself and is on the list. `false` stops all
    /// sealers from their next frame on, if a relay is needed.
    pub(crate) fn prove_relay(&self, proved: bool) {
        self.set(gate::RELAY_PROVED, proved);
    }

    /// Forgets the epochs of a joiner that nobody has confirmed: a losing Add's Welcome led into
    /// them, and the winning one may have their numbers. Whoever has sealed keeps everything, or a
    /// counter could repeat (SPEC \[K3\]).
    pub(crate) fn reset_unsealed(&self) {
        let _writer = self.lock_writer();
        let view = self.view.load_full();
        let sealed = view.kept.iter().any(|kept| kept.epoch.has_sealed());
        if view.ended || sealed || gate::is_allowed(self.gate.load(Ordering::Acquire)) {
            return;
        }
        let all = view.kept.iter().map(|kept| Arc::clone(&kept.epoch)).collect();
        self.replace((View::default(), all));
    }

    /// Erases every epoch and stops sealing, for a client that comes back by a fresh leaf. Sealers and
    /// receivers stay and work again with the next epoch. No key of an erased epoch comes again, with
    /// counters and windows anew: a media key depends on the ratchet tree, and no tree of before has
    /// the fresh leaf (SPEC \[K3\], \[M2\]).
    pub(crate) fn start_over(&self) {
        // SPEC [M9]: before anything else, for sealers that run beside this call.
        self.allow_sealing(false);
        let _writer = self.lock_writer();
        let view = self.view.load_full();
        if view.ended {
            return;
        }
        let all = view.kept.iter().map(|kept| Arc::clone(&kept.epoch)).collect();
        self.replace((View::default(), all));
    }

    /// The end of membership: every key is erased, and every seal and open fails from now on.
    pub(crate) fn clear(&self) {
        let _writer = self.lock_writer();
        let view = self.view.load_full();
        let all = view.kept.iter().map(|kept| Arc::clone(&kept.epoch)).collect();
        self.replace((View { ended: true, ..View::default() }, all));
    }

    /// The number of the newest epoch.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.view.load().newest().map(|kept| kept.epoch.number)
    }

    /// Whether membership has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.view.load().ended
    }

    fn replace(&self, (next, dropped): (View, Vec<Arc<Epoch>>)) {
        self.view.store(Arc::new(next));
        // A thread may still hold the old view: the keys go now, not when it lets go.
        dropped.iter().for_each(|epoch| epoch.erase());
    }

    /// Sets or clears one bit of the gate.
    fn set(&self, bit: u8, on: bool) {
        if on {
            self.gate.fetch_or(bit, Ordering::AcqRel);
        } else {
            self.gate.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    fn lock_writer(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl core::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Keyring")
            .field("newest", &self.newest())
            .field("ended", &self.has_ended())
            .finish_non_exhaustive()
    }
}

impl core::fmt::Debug for EpochInstall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EpochInstall").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
