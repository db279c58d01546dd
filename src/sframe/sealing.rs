//! A frame key that seals: it owns the counter, so that no counter can be used twice, and counts
//! what it has spent of its key.

use super::backend::Refused;
use super::cipher::MAX_PLAINTEXT_LEN;
use super::key::{DeriveError, FrameKey};
use super::suite::Suite;

/// SPEC \[K5\]: the most frames that one key seals.
const MAX_FRAMES: u64 = 1 << 32;
/// SPEC \[K5\]: the most blocks of 16 bytes that one key seals, associated data included.
const MAX_BLOCKS: u64 = 1 << 32;

/// Why a frame was not sealed. The counter has not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealError {
    /// The key has sealed all it may (SPEC \[K3\], \[K5\]): only a new epoch helps.
    Exhausted,
    /// The plaintext is longer than [`MAX_PLAINTEXT_LEN`].
    TooLong,
    /// The caller's slice is shorter than the frame: `needed` bytes.
    BufferTooSmall {
        /// The length of this frame in bytes.
        needed: usize,
    },
}

/// The key, the next counter and what is spent of one key id that this client seals under.
#[derive(Debug)]
pub(crate) struct SealingKey {
    key: FrameKey,
    /// SPEC \[K3\]: the counter of the next frame, from 0.
    next: u64,
    blocks: u64,
}

impl SealingKey {
    /// Derives the key for `kid`; its counter starts at 0 (SPEC \[K3\]).
    pub(crate) fn derive(suite: Suite, base_key: &[u8], kid: u64) -> Result<Self, DeriveError> {
        Ok(Self { key: FrameKey::derive(suite, base_key, kid)?, next: 0, blocks: 0 })
    }

    /// Seals one frame into the start of `out` and gives its length in bytes.
    ///
    /// # Errors
    /// [`SealError`]; neither `out` nor the counter has changed.
    pub(crate) fn seal_into(
        &mut self,
        metadata: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let (len, blocks) = self.admit(metadata, plaintext)?;
        let room = out.get_mut(..len).ok_or(SealError::BufferTooSmall { needed: len })?;
        self.spend(blocks, |key, ctr| key.seal_into(ctr, metadata, plaintext, room))?;
        Ok(len)
    }

    /// Seals one frame and appends it to `out`.
    ///
    /// # Errors
    /// [`SealError`]; neither `out` nor the counter has changed.
    pub(crate) fn seal(
        &mut self,
        metadata: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let (_, blocks) = self.admit(metadata, plaintext)?;
        self.spend(blocks, |key, ctr| key.seal(ctr, metadata, plaintext, out))
    }

    /// The counter of the next frame.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether the key may seal this frame: the frame's length and the blocks it will have spent.
    fn admit(&self, metadata: &[u8], plaintext: &[u8]) -> Result<(usize, u64), SealError> {
        if plaintext.len() > MAX_PLAINTEXT_LEN {
            return Err(SealError::TooLong);
        }
        let len = self.key.sealed_len(self.next, plaintext.len());
        // The whole frame and its metadata, each rounded up, and the AEAD's block of lengths.
        let spent = len.div_ceil(16) + metadata.len().div_ceil(16) + 1;
        let blocks = self.blocks + spent as u64;
        // SPEC [K5], and [K3]: `next` can never wrap.
        if self.next >= MAX_FRAMES || blocks > MAX_BLOCKS {
            return Err(SealError::Exhausted);
        }
        Ok((len, blocks))
    }

    /// Takes the counter, then seals: if the library fails, the counter stays taken.
    fn spend(
        &mut self,
        blocks: u64,
        seal: impl FnOnce(&FrameKey, u64) -> Result<(), Refused>,
    ) -> Result<(), SealError> {
        let ctr = self.next;
        self.next += 1;
        self.blocks = blocks;
        seal(&self.key, ctr).map_err(|Refused| SealError::Exhausted)
    }
}

#[cfg(test)]
mod tests {
    use incamera_wire::FrameHeader;

    use super::*;

    fn key() -> SealingKey {
        SealingKey::derive(Suite::AesGcm128Sha256_128, &[1; 16], 9).unwrap()
    }

    fn counter(frame: &[u8]) -> u64 {
        FrameHeader::parse(frame).unwrap().0.ctr
    }

    #[test]
    fn counters_start_at_zero_and_step_by_one() {
        // SPEC [K3]
        let mut key = key();
        for expected in 0..300 {
            let mut out = Vec::new();
            key.seal(b"", b"frame", &mut out).unwrap();
            assert_eq!(counter(&out), expected);
        }
    }

    #[test]
    fn a_key_that_has_sealed_its_frames_seals_no_more() {
        // SPEC [K3] [K5]
        let mut key = key();
        key.next = MAX_FRAMES - 1;
        let mut out = Vec::new();
        key.seal(b"", b"last", &mut out).unwrap();
        let len = out.len();
        for _ in 0..3 {
            assert_eq!(key.seal(b"", b"more", &mut out), Err(SealError::Exhausted));
            assert_eq!(key.seal_into(b"", b"more", &mut [0; 64]), Err(SealError::Exhausted));
        }
        assert_eq!((out.len(), key.next), (len, MAX_FRAMES));
    }

    #[test]
    fn a_key_that_has_sealed_its_blocks_seals_no_more() {
        // SPEC [K5]
        let mut key = key();
        key.blocks = MAX_BLOCKS - 10;
        let mut out = Vec::new();
        assert_eq!(key.seal(b"", &[0; 160], &mut out), Err(SealError::Exhausted));
        assert_eq!(key.seal(&[0; 200], b"", &mut out), Err(SealError::Exhausted));
        assert_eq!((key.next, out.len()), (0, 0));
        key.seal(b"", &[0; 16], &mut out).unwrap();
    }

    #[test]
    fn a_buffer_that_is_too_small_costs_no_counter() {
        // SPEC [M11]
        let mut key = key();
        let mut out = [7; 64];
        let frame_len = key.seal_into(b"", b"frame", &mut out).unwrap();
        let mut out = vec![7; frame_len - 1];
        let refused = key.seal_into(b"", b"frame", &mut out);
        assert_eq!(refused, Err(SealError::BufferTooSmall { needed: frame_len }));
        assert!(out.iter().all(|&byte| byte == 7));
        assert_eq!(key.next, 1);
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused() {
        let mut key = key();
        let mut out = Vec::new();
        let long = vec![0; MAX_PLAINTEXT_LEN + 1];
        assert_eq!(key.seal(b"", &long, &mut out), Err(SealError::TooLong));
        assert_eq!((key.next, out.len()), (0, 0));
        key.seal(b"", &long[1..], &mut out).unwrap();
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(
            format!("{:?}", key()),
            "SealingKey { key: FrameKey { kid: 9, .. }, next: 0, blocks: 0 }"
        );
    }
}
