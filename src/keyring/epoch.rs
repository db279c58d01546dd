//! One installed epoch: its roster, its base key, and the slots in use.

use std::sync::{PoisonError, RwLock};

use zeroize::{Zeroize as _, Zeroizing};

use super::kid::KidLayout;
use super::open::{Incoming, OpenRefusal};
use super::ring::{EpochInstall, InstallError};
use super::seal::SealRefusal;
use super::slot::{OpeningKey, Slots};
use crate::sframe::{FrameKey, SealError, SealingKey, Suite};
use incamera_wire::{StayId, Track, TrackKind, TrackKinds};

/// A member in one epoch.
pub(super) struct Leaf {
    /// The leaf's index in the ratchet tree.
    pub(super) index: u32,
    /// Who sits there.
    pub(super) stay: StayId,
    /// What this epoch's state lets the member use.
    pub(super) kinds: TrackKinds,
    /// The tracks that the member has sent on in this epoch.
    pub(super) slots: Slots<OpeningKey>,
}

/// SPEC \[K1\], \[K11\]: the base keys of an epoch.
struct BaseKeys {
    frames: Zeroizing<Vec<u8>>,
    audio: Option<Zeroizing<Vec<u8>>>,
}

impl BaseKeys {
    /// That of the tracks of one kind.
    fn of(&self, kind: TrackKind) -> &[u8] {
        self.audio.as_ref().filter(|_| is_audio(kind)).unwrap_or(&self.frames)
    }
}

/// SPEC \[K11\]: whether tracks of this kind carry sound.
const fn is_audio(kind: TrackKind) -> bool {
    matches!(kind, TrackKind::Microphone | TrackKind::ScreenAudio)
}

/// One epoch. Keys are derived at first use.
pub(super) struct Epoch {
    pub(super) number: u64,
    suite: Suite,
    /// SPEC \[K11\]: the suite of sound, if it has one of its own.
    audio_suite: Option<Suite>,
    layout: KidLayout,
    own_leaf: u32,
    /// The occupied leaves in ascending order.
    pub(super) leaves: Box<[Leaf]>,
    /// The tracks that this client has sealed on in this epoch.
    pub(super) own_slots: Slots<SealingKey>,
    /// `None` once the epoch is erased. A lock is taken only to derive or to erase.
    base_keys: RwLock<Option<BaseKeys>>,
}

impl Epoch {
    /// An epoch with no key derived yet.
    pub(super) fn new(suite: Suite, install: EpochInstall) -> Result<Self, InstallError> {
        let fits = |suite: Suite, key: &[u8]| key.len() == suite.key_len();
        let audio_fits = install.audio.as_ref().is_none_or(|(suite, key)| fits(*suite, key));
        if !fits(suite, &install.base_key) || !audio_fits {
            return Err(InstallError::BaseKey);
        }
        let (audio_suite, audio) = install.audio.unzip();
        let mut leaves: Box<[Leaf]> = install
            .leaves
            .into_iter()
            .map(|(index, stay, kinds)| Leaf { index, stay, kinds, slots: Slots::new() })
            .collect();
        leaves.sort_unstable_by_key(|leaf| leaf.index);
        let distinct = leaves.windows(2).all(|pair| !matches!(pair, [a, b] if a.index == b.index));
        let highest = leaves.last().map_or(0, |leaf| leaf.index);
        let epoch = Self {
            number: install.epoch,
            suite,
            audio_suite,
            layout: KidLayout::new(highest),
            own_leaf: install.own_leaf,
            leaves,
            own_slots: Slots::new(),
            base_keys: RwLock::new(Some(BaseKeys { frames: install.base_key, audio })),
        };
        let complete = distinct && epoch.position(install.own_leaf).is_some();
        if complete { Ok(epoch) } else { Err(InstallError::Roster) }
    }

    /// The suite of the tracks of one kind.
    pub(super) fn suite_of(&self, kind: TrackKind) -> Suite {
        self.audio_suite.filter(|_| is_audio(kind)).unwrap_or(self.suite)
    }

    /// Where in `leaves` the leaf `index` is, if it is occupied.
    pub(super) fn position(&self, index: u32) -> Option<usize> {
        // Without blank leaves before it, a leaf is at its own index.
        let direct = index as usize;
        if self.leaves.get(direct).is_some_and(|leaf| leaf.index == index) {
            return Some(direct);
        }
        self.leaves.binary_search_by_key(&index, |leaf| leaf.index).ok()
    }

    /// Where in `leaves` this client is.
    pub(super) fn own_position(&self) -> Option<usize> {
        self.position(self.own_leaf)
    }

    /// Whose key `kid` names and for which track, as a position in `leaves`. SPEC \[M3\], \[M4\]: a
    /// look-up, before any key is derived; at most one answer.
    pub(super) fn locate(&self, kid: u64) -> Option<(usize, Track)> {
        let (leaf, track) = self.layout.split(kid)?;
        // SPEC [K4]: the own leaf seals only.
        if leaf == self.own_leaf {
            return None;
        }
        Some((self.position(leaf)?, track))
    }

    /// Opens a frame of the member at `leaf` into `out`.
    pub(super) fn open(
        &self,
        leaf: &Leaf,
        track: Track,
        frame: &Incoming<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenRefusal> {
        let opened = match leaf.slots.get(track) {
            Some(slot) => slot.with(|key| key.open(frame, out)),
            None => return self.open_first(leaf, track, frame, out),
        };
        Ok(opened.ok_or(OpenRefusal::UnknownKey)??)
    }

    /// Opens the first frame of a slot: derives aside, authenticates, and only then keeps the key,
    /// so that a forgery costs a derivation but no memory.
    pub(super) fn open_first(
        &self,
        leaf: &Leaf,
        track: Track,
        frame: &Incoming<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenRefusal> {
        // Held throughout: the epoch cannot be erased between here and the new slot.
        let base_keys = self.base_keys.read().unwrap_or_else(PoisonError::into_inner);
        let base_key = base_keys.as_ref().ok_or(OpenRefusal::UnknownKey)?.of(track.kind());
        let key = FrameKey::derive(self.suite_of(track.kind()), base_key, frame.header.kid)
            .map_err(|_| OpenRefusal::Unopenable)?;
        let start = out.len();
        frame.open_with(&key, out)?;
        // Another thread may have opened this very frame meanwhile: the slot's mutex decides.
        let accepted = leaf
            .slots
            .get_or_insert(track, OpeningKey::new(key))
            .and_then(|slot| slot.with(|key| key.accept(frame.header.ctr)));
        let accepted = accepted.ok_or(OpenRefusal::UnknownKey).and_then(|fresh| Ok(fresh?));
        // SPEC [M11]
        accepted.inspect_err(|_| {
            out.get_mut(start..).unwrap_or_default().zeroize();
            out.truncate(start);
        })
    }

    /// Runs `seal` with this client's key for `track`.
    pub(super) fn seal<R>(
        &self,
        track: Track,
        seal: impl FnOnce(&mut SealingKey) -> Result<R, SealError>,
    ) -> Result<R, SealRefusal> {
        let sealed = match self.own_slots.get(track) {
            Some(slot) => slot.with(seal),
            None => {
                let base_keys = self.base_keys.read().unwrap_or_else(PoisonError::into_inner);
                let base_key = base_keys.as_ref().ok_or(SealRefusal::Ended)?.of(track.kind());
                // SPEC [K4]: always the own leaf.
                let kid = self.layout.kid(self.number, self.own_leaf, track);
                let key = SealingKey::derive(self.suite_of(track.kind()), base_key, kid)
                    .map_err(|_| SealRefusal::Key(SealError::Exhausted))?;
                self.own_slots.get_or_insert(track, key).and_then(|slot| slot.with(seal))
            }
        };
        sealed.ok_or(SealRefusal::Ended)?.map_err(SealRefusal::Key)
    }

    /// SPEC \[K7\]: erases the base key and every key derived from it, once those in use are free.
    pub(super) fn erase(&self) {
        *self.base_keys.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.own_slots.iter().for_each(|(_, slot)| slot.erase());
        for leaf in &self.leaves {
            leaf.slots.iter().for_each(|(_, slot)| slot.erase());
        }
    }

    /// Whether the epoch's keys are gone.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn is_erased(&self) -> bool {
        self.base_keys.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}
