//! Slots: what this client keeps of one (epoch, member, track).

use std::sync::OnceLock;
#[cfg(not(target_family = "wasm"))]
use std::time::Duration;

use spin::RelaxStrategy;
use spin::mutex::{SpinMutex, SpinMutexGuard};

use super::open::{OpenRefusal, Received};
use super::window::ReplayWindow;
use crate::sframe::{FrameKey, OpenError};
use incamera_wire::{PadTo, Track};

/// A slot's content behind a lock of its own; `None` once erased. Two threads meet here only if two
/// receivers get frames of one track at one moment, or when an epoch is erased; so whoever comes
/// second pays. Without contention it costs one atomic exchange for each frame, where a mutex that
/// wakes its waiters costs two: the greatest of all our own costs in a short frame.
pub(super) struct Slot<T>(SpinMutex<Option<T>, Nap>);

/// How the second one waits: asleep, so that the first can run, whatever their priorities are.
pub(super) struct Nap;

/// Some frames' time.
#[cfg(not(target_family = "wasm"))]
const NAP: Duration = Duration::from_micros(20);

impl RelaxStrategy for Nap {
    #[cold]
    fn relax() {
        #[cfg(not(target_family = "wasm"))]
        #[allow(clippy::disallowed_methods, reason = "as a mutex would")]
        std::thread::sleep(NAP);
        // A page's main thread must not sleep.
        #[cfg(target_family = "wasm")]
        core::hint::spin_loop();
    }
}

impl<T> Slot<T> {
    /// The content, for one thread at a time; `None` in it if it is erased.
    #[inline(always)]
    pub(super) fn lock(&self) -> SpinMutexGuard<'_, Option<T>, Nap> {
        self.0.lock()
    }

    /// Erases the content, once whoever uses it is done.
    pub(super) fn erase(&self) {
        *self.lock() = None;
    }
}

impl Slot<OpeningKey> {
    /// Opens a frame of this slot into `out`: [`OpeningKey::open`].
    #[inline(always)]
    pub(super) fn open(
        &self,
        frame: &mut impl Received,
        padding: PadTo,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenRefusal> {
        let mut content = self.lock();
        Ok(content.as_mut().ok_or(OpenRefusal::UnknownKey)?.open(frame, padding, out)?)
    }
}

/// The slots of one member in one epoch, by track: a list that only grows, read without a lock.
/// It holds what somebody in the group has really used: a handful, 160 at the very most.
pub(super) struct Slots<T>(OnceLock<Box<Node<T>>>);

struct Node<T> {
    track: Track,
    slot: Slot<T>,
    next: Slots<T>,
}

impl<T> Slots<T> {
    /// No slots.
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The slot of `track`, if there is one.
    #[inline(always)]
    pub(super) fn get(&self, track: Track) -> Option<&Slot<T>> {
        self.iter().find(|(of, _)| *of == track).map(|(_, slot)| slot)
    }

    /// The slot of `track`: a new one around `content`, unless another thread was faster. It is
    /// never `None`.
    pub(super) fn get_or_insert(&self, track: Track, content: T) -> Option<&Slot<T>> {
        let slot = Slot(SpinMutex::new(Some(content)));
        let mut fresh = Box::new(Node { track, slot, next: Self::new() });
        let mut list = self;
        loop {
            match list.0.get() {
                Some(node) if node.track == track => return Some(&node.slot),
                Some(node) => list = &node.next,
                None => match list.0.set(fresh) {
                    Ok(()) => return list.0.get().map(|node| &node.slot),
                    Err(slower) => fresh = slower,
                },
            }
        }
    }

    /// All slots, oldest first.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = (Track, &Slot<T>)> {
        std::iter::successors(self.0.get(), |node| node.next.0.get())
            .map(|node| (node.track, &node.slot))
    }
}

/// A member's key for one track, and which of its frames have been accepted.
pub(super) struct OpeningKey {
    key: FrameKey,
    /// SPEC \[K4\]: other members' frames only; our own are never opened.
    window: ReplayWindow,
    /// SPEC \[K12\]: how many frames may still fail to verify, if the tag is a short one.
    pub(super) patience: Option<u32>,
}

/// SPEC \[K12\]: after so many frames that failed, a key with short tags opens nothing more: one of
/// them would have opened with a probability of 2^-57.
pub(super) const MAX_FAILURES: u32 = 1 << 23;

impl OpeningKey {
    /// A key under which nothing has been accepted. `patience` counts if its tags are short.
    pub(super) fn new(key: FrameKey, patience: u32) -> Self {
        let patience = key.has_short_tag().then_some(patience);
        Self { key, window: ReplayWindow::new(), patience }
    }

    /// Opens a frame that was not accepted before: appends its plaintext to `out`.
    ///
    /// # Errors
    /// [`OpenError`], the same for a replay as for a forgery; `out` and the window are as before.
    #[inline(always)]
    pub(super) fn open(
        &mut self,
        frame: &mut impl Received,
        padding: PadTo,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        // SPEC [M2]: checked first, moved only after the tag has verified.
        let ctr = frame.header().ctr;
        if !self.window.is_fresh(ctr) {
            return Err(OpenError);
        }
        // SPEC [K12]
        if self.patience == Some(0) {
            return Err(OpenError);
        }
        if let Err(failed) = frame.open_with(&self.key, padding, out) {
            self.patience = self.patience.map(|left| left.saturating_sub(1));
            return Err(failed);
        }
        self.window.accept(ctr);
        Ok(())
    }

    /// The window's state, for digests of state in tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn window_bytes(&self) -> Vec<u8> {
        self.window.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Incoming;
    use crate::sframe::{Backend, BaseKey, SealingKey, Suite};

    fn sealed(key: &mut SealingKey) -> Vec<u8> {
        let mut out = Vec::new();
        key.seal(&[], b"frame", &mut out).unwrap();
        out
    }

    #[test]
    fn a_key_with_short_tags_opens_nothing_after_too_many_forgeries() {
        // SPEC [K12]
        for (suite, goes_on) in
            [(Suite::AesCtr128HmacSha256_80, false), (Suite::AesGcm128Sha256_128, true)]
        {
            let base_key = vec![7; suite.key_len()];
            let base_key = BaseKey::new(Backend::of_new_keyrings(), suite, &base_key);
            let mut sealing = SealingKey::derive(&base_key, 9).unwrap();
            let mut key = OpeningKey::new(FrameKey::derive(&base_key, 9).unwrap(), MAX_FAILURES);
            assert_eq!(key.patience, (!goes_on).then_some(1 << 23));
            key.patience = key.patience.map(|_| 2);
            let mut open = |frame: &[u8]| {
                let mut frame = Incoming::parse(frame).unwrap();
                key.open(&mut frame, PadTo::Nothing, &mut vec![])
            };
            let mut forged = sealed(&mut sealing);
            *forged.last_mut().unwrap() ^= 1;
            let replayed = sealed(&mut sealing);
            assert_eq!(open(&forged), Err(OpenError));
            assert_eq!(open(&replayed), Ok(()));
            // A replay says nothing about the tag.
            assert_eq!(open(&replayed), Err(OpenError));
            assert_eq!(open(&sealed(&mut sealing)), Ok(()));
            assert_eq!(open(&forged), Err(OpenError));
            assert_eq!(open(&sealed(&mut sealing)).is_ok(), goes_on);
        }
    }

    fn tracks() -> impl Iterator<Item = Track> {
        (0..256).filter_map(Track::from_context)
    }

    #[test]
    fn threads_that_insert_the_same_tracks_share_the_slots() {
        let slots = Slots::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for track in tracks() {
                        let slot = slots.get_or_insert(track, 0).unwrap();
                        let mut content = slot.lock();
                        let before = content.unwrap();
                        // The others want it now, and wait.
                        std::thread::yield_now();
                        *content = Some(before + 1);
                    }
                });
            }
        });
        // SPEC [M2]: one slot for one track, or a frame could be accepted twice.
        assert_eq!(slots.iter().count(), tracks().count());
        for track in tracks() {
            assert_eq!(*slots.get(track).unwrap().lock(), Some(4));
        }
    }

    #[test]
    fn an_erased_slot_gives_nothing() {
        // SPEC [K7]
        let slots = Slots::new();
        slots.get_or_insert(Track::CAMERA, 1).unwrap().erase();
        assert_eq!(*slots.get(Track::CAMERA).unwrap().lock(), None);
        let again = slots.get_or_insert(Track::CAMERA, 2).unwrap();
        assert_eq!(*again.lock(), None);
        assert!(slots.get(Track::DATA).is_none());
    }
}
