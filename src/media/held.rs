//! Frames of epochs to come, kept within bounds until their keys are there.

use std::collections::{BTreeMap, VecDeque};

use super::error::FrameError;
use super::sealer::Framing;

/// SPEC \[M5\]: the most frames that one receiver holds: ten senders of sound and video for as long
/// as frames wait.
pub(super) const MAX_FRAMES: usize = 4_096;
/// SPEC \[M5\]: the most bytes that one receiver holds.
pub(super) const MAX_BYTES: usize = 8 << 20;
/// SPEC \[M5\]: how long a frame waits for its epoch, in milliseconds.
pub(super) const MAX_WAIT_MS: u64 = 5_000;

/// A frame that waits.
pub(super) struct HeldFrame {
    /// The caller's tag.
    pub(super) tag: u64,
    /// The full number of the epoch that it seems to be of.
    pub(super) epoch: u64,
    /// Its key id: frames of one key id leave in the order in which they came.
    pub(super) kid: u64,
    /// When it stops waiting.
    pub(super) expires_ms: u64,
    /// Its framing, as the caller has it.
    pub(super) framing: Framing,
    /// The frame as received. Nothing of it is authenticated.
    pub(super) sealed: Vec<u8>,
}

/// The frames that wait, in order of arrival.
#[derive(Default)]
pub(super) struct HeldFrames {
    frames: VecDeque<HeldFrame>,
    bytes: usize,
    /// For each key id with frames that wait: their epoch, and how many they are.
    waiting: BTreeMap<u64, (u64, usize)>,
}

impl HeldFrames {
    /// How many frames wait.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The epoch that frames under `kid` wait for, if some do: a later one must not overtake them.
    #[inline]
    pub(super) fn epoch_of(&self, kid: u64) -> Option<u64> {
        self.waiting.get(&kid).map(|(epoch, _)| *epoch)
    }

    /// Takes a copy of a frame.
    ///
    /// # Errors
    /// [`FrameError::Full`]; nothing has changed.
    pub(super) fn push(
        &mut self,
        (tag, kid, epoch): (u64, u64, u64),
        (framing, sealed): (Framing, &[u8]),
        now_ms: u64,
    ) -> Result<(), FrameError> {
        // SPEC [M5]
        let bytes = self.bytes.saturating_add(sealed.len());
        if self.frames.len() >= MAX_FRAMES || bytes > MAX_BYTES {
            return Err(FrameError::Full);
        }
        let expires_ms = now_ms.saturating_add(MAX_WAIT_MS);
        self.bytes = bytes;
        self.waiting.entry(kid).or_insert((epoch, 0)).1 += 1;
        let sealed = sealed.to_vec();
        self.frames.push_back(HeldFrame { tag, epoch, kid, expires_ms, framing, sealed });
        Ok(())
    }

    /// The first frame, in order of arrival, that need not or may not wait any longer: its epoch
    /// is `newest` or older, or its time is up.
    pub(super) fn pop(&mut self, newest: Option<u64>, now_ms: u64) -> Option<HeldFrame> {
        let is_due = |frame: &HeldFrame| {
            newest.is_some_and(|newest| frame.epoch <= newest) || frame.expires_ms <= now_ms
        };
        let at = self.frames.iter().position(is_due)?;
        let frame = self.frames.remove(at)?;
        self.bytes -= frame.sealed.len();
        if let Some((_, count)) = self.waiting.get_mut(&frame.kid) {
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(&frame.kid);
            }
        }
        Some(frame)
    }

    /// All that can be observed, for digests of state in tests.
    #[cfg(test)]
    pub(super) fn state(&self) -> Vec<(u64, u64, u64, &[u8])> {
        self.frames.iter().map(|f| (f.tag, f.epoch, f.expires_ms, &f.sealed[..])).collect()
    }
}
