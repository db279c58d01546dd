//! One installed epoch: its roster, its base key, and the slots in use.

use std::sync::{PoisonError, RwLock};

use super::candidate::{Candidate, Candidates};
use super::kid::KidLayout;
use super::open::{OpenRefusal, Received};
use super::ring::{EpochInstall, InstallError};
use super::slot::{OpeningKey, Slot, Slots};
use crate::sframe::{Backend, BaseKey, FrameKey, SealError, SealingKey, Suite};
use incamera_wire::{PadTo, Padding, StayId, Track, TrackKind, TrackKinds};

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
    frames: BaseKey,
    audio: Option<BaseKey>,
}

impl BaseKeys {
    /// That of the tracks of one kind.
    fn of(&self, kind: TrackKind) -> &BaseKey {
        self.audio.as_ref().filter(|_| kind.is_audio()).unwrap_or(&self.frames)
    }
}

/// One epoch. Keys are derived at first use.
pub(super) struct Epoch {
    pub(super) number: u64,
    suite: Suite,
    /// SPEC \[K11\]: the suite of sound: the same, or one of its own.
    audio_suite: Suite,
    padding: Padding,
    layout: KidLayout,
    own_leaf: u32,
    /// Where in `leaves` this client is.
    pub(super) own_position: usize,
    /// The occupied leaves in ascending order.
    pub(super) leaves: Box<[Leaf]>,
    /// The tracks that this client has sealed on in this epoch.
    pub(super) own_slots: Slots<SealingKey>,
    /// Keys that forgeries have asked for.
    pub(super) candidates: Candidates,
    /// `None` once the epoch is erased. A lock is taken only to derive or to erase.
    base_keys: RwLock<Option<BaseKeys>>,
}

impl Epoch {
    /// An epoch with no key derived yet.
    pub(super) fn new(
        backend: Backend,
        suite: Suite,
        install: EpochInstall,
    ) -> Result<Self, InstallError> {
        let fits = |suite: Suite, key: &[u8]| key.len() == suite.key_len();
        let audio_fits = install.audio.as_ref().is_none_or(|(suite, key)| fits(*suite, key));
        if !fits(suite, &install.base_key) || !audio_fits {
            return Err(InstallError::BaseKey);
        }
        let audio_suite = install.audio.as_ref().map_or(suite, |(audio_suite, _)| *audio_suite);
        let audio = install.audio.map(|(suite, key)| BaseKey::new(backend, suite, &key));
        let base_keys = BaseKeys { frames: BaseKey::new(backend, suite, &install.base_key), audio };
        let mut leaves: Box<[Leaf]> = install
            .leaves
            .into_iter()
            .map(|(index, stay, kinds)| Leaf { index, stay, kinds, slots: Slots::new() })
            .collect();
        leaves.sort_unstable_by_key(|leaf| leaf.index);
        let distinct = leaves.windows(2).all(|pair| !matches!(pair, [a, b] if a.index == b.index));
        let highest = leaves.last().map_or(0, |leaf| leaf.index);
        let mut epoch = Self {
            number: install.epoch,
            suite,
            audio_suite,
            padding: install.padding,
            layout: KidLayout::new(highest),
            own_leaf: install.own_leaf,
            own_position: 0,
            leaves,
            own_slots: Slots::new(),
            candidates: Candidates::new(),
            base_keys: RwLock::new(Some(base_keys)),
        };
        let own_position = epoch.position(epoch.own_leaf).filter(|_| distinct);
        epoch.own_position = own_position.ok_or(InstallError::Roster)?;
        Ok(epoch)
    }

    /// The length in bytes of a tag of the tracks of one kind.
    pub(super) fn tag_len_of(&self, kind: TrackKind) -> usize {
        if kind.is_audio() { self.audio_suite } else { self.suite }.tag_len()
    }

    /// How the tracks of one kind are padded.
    #[inline(always)]
    pub(super) fn pad_to(&self, kind: TrackKind) -> PadTo {
        if kind.is_audio() { self.padding.audio } else { self.padding.other }
    }

    /// Where in `leaves` the leaf `index` is, if it is occupied.
    #[inline(always)]
    pub(super) fn position(&self, index: u32) -> Option<usize> {
        // Without blank leaves before it, a leaf is at its own index.
        let direct = index as usize;
        if self.leaves.get(direct).is_some_and(|leaf| leaf.index == index) {
            return Some(direct);
        }
        self.leaves.binary_search_by_key(&index, |leaf| leaf.index).ok()
    }

    /// Whose key `kid` names and for which track, as a position in `leaves`. SPEC \[M3\], \[M4\]: a
    /// look-up, before any key is derived; at most one answer.
    #[inline(always)]
    pub(super) fn locate(&self, kid: u64) -> Option<(usize, Track)> {
        let (leaf, track) = self.layout.split(kid)?;
        // SPEC [K4]: the own leaf seals only.
        if leaf == self.own_leaf {
            return None;
        }
        Some((self.position(leaf)?, track))
    }

    /// Opens a frame of the member at `leaf` into `out`.
    #[inline(always)]
    pub(super) fn open(
        &self,
        leaf: &Leaf,
        track: Track,
        frame: &mut impl Received,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenRefusal> {
        match leaf.slots.get(track) {
            Some(slot) => slot.open(frame, self.pad_to(track.kind()), out),
            None => self.open_first(leaf, track, frame, out),
        }
    }

    /// Opens the first frame of a slot: derives aside, authenticates, and only then makes the slot. A
    /// forgery leaves a [`Candidate`] and nothing that counts.
    #[cold]
    pub(super) fn open_first(
        &self,
        leaf: &Leaf,
        track: Track,
        frame: &mut impl Received,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenRefusal> {
        let kid = frame.header().kid;
        let padding = self.pad_to(track.kind());
        // Held throughout: of threads with frames of one slot one makes it, and the epoch is not
        // erased between here and there.
        let mut place = self.candidates.place(kid).ok_or(OpenRefusal::UnknownKey)?;
        if let Some(slot) = leaf.slots.get(track) {
            return slot.open(frame, padding, out);
        }
        let mut candidate = match place.candidate.take_if(|candidate| candidate.kid == kid) {
            Some(candidate) => candidate,
            None => {
                let key = OpeningKey::new(self.derive(kid, track.kind())?, place.patience);
                Box::new(Candidate { kid, key })
            }
        };
        if let Err(refused) = candidate.key.open(frame, padding, out) {
            place.keep(candidate);
            return Err(refused.into());
        }
        leaf.slots.get_or_insert(track, candidate.key);
        Ok(())
    }

    fn derive(&self, kid: u64, kind: TrackKind) -> Result<FrameKey, OpenRefusal> {
        let base_keys = self.base_keys.read().unwrap_or_else(PoisonError::into_inner);
        let base_key = base_keys.as_ref().ok_or(OpenRefusal::UnknownKey)?.of(kind);
        FrameKey::derive(base_key, kid).map_err(|_| OpenRefusal::Unopenable)
    }

    /// This client's slot for `track`; `None` if the epoch is erased.
    #[inline(always)]
    pub(super) fn own_slot(&self, track: Track) -> Result<Option<&Slot<SealingKey>>, SealError> {
        match self.own_slots.get(track) {
            Some(slot) => Ok(Some(slot)),
            None => self.make_own_slot(track),
        }
    }

    /// Makes this client's slot for `track`: for its first frame, or before it.
    #[cold]
    pub(super) fn make_own_slot(
        &self,
        track: Track,
    ) -> Result<Option<&Slot<SealingKey>>, SealError> {
        // Held throughout: the epoch cannot be erased between here and the new slot.
        let base_keys = self.base_keys.read().unwrap_or_else(PoisonError::into_inner);
        let Some(base_keys) = base_keys.as_ref() else { return Ok(None) };
        // SPEC [K4]: always the own leaf.
        let kid = self.layout.kid(self.number, self.own_leaf, track);
        let key = SealingKey::derive(base_keys.of(track.kind()), kid);
        let key = key.map_err(|_| SealError::Exhausted)?;
        Ok(self.own_slots.get_or_insert(track, key))
    }

    /// SPEC \[K7\]: erases the base key and every key derived from it, once those in use are free. In
    /// this order: no candidate comes without the base key, and no slot to open by without a place
    /// among the candidates.
    pub(super) fn erase(&self) {
        *self.base_keys.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.candidates.erase();
        self.own_slots.iter().for_each(|(_, slot)| slot.erase());
        for leaf in &self.leaves {
            leaf.slots.iter().for_each(|(_, slot)| slot.erase());
        }
    }

    /// Whether this client has sealed anything in this epoch.
    pub(super) fn has_sealed(&self) -> bool {
        let sealed =
            |slot: &Slot<SealingKey>| slot.lock().as_ref().is_some_and(|key| key.next() > 0);
        self.own_slots.iter().any(|(_, slot)| sealed(slot))
    }

    /// The base keys, the audio one last, and nothing once they are erased: for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn with_base_keys(&self, mut show: impl FnMut(&BaseKey)) {
        let base_keys = self.base_keys.read().unwrap_or_else(PoisonError::into_inner);
        let Some(BaseKeys { frames, audio }) = base_keys.as_ref() else { return };
        [Some(frames), audio.as_ref()].into_iter().flatten().for_each(&mut show);
    }

    /// The key ids of all slots: for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn kids(&self) -> Vec<u64> {
        let kid = |leaf: u32, track: Track| self.layout.kid(self.number, leaf, track);
        let own = self.own_slots.iter().map(|(track, _)| kid(self.own_leaf, track));
        let others = self
            .leaves
            .iter()
            .flat_map(|leaf| leaf.slots.iter().map(move |(track, _)| kid(leaf.index, track)));
        own.chain(others).collect()
    }

    /// Whether the epoch's keys are gone.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn is_erased(&self) -> bool {
        self.base_keys.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}
