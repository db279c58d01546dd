//! A frame key that seals: it owns the counter, so that no counter can be used twice, and counts
//! what it has spent of its key.

use incamera_wire::{FrameHeader, MAX_HEADER_LEN};
use zeroize::Zeroizing;

use super::backend::{Nonce, Refused, clear};
use super::cipher::{Cipher, MAX_PLAINTEXT_LEN, MAX_TAG_LEN};
use super::key::{BaseKey, DeriveError, aad};
#[cfg(any(test, feature = "testing"))]
use super::ledger;

/// SPEC \[K5\]: the most frames that one key seals.
const MAX_FRAMES: u64 = 1 << 32;
/// SPEC \[K5\]: the most blocks of 16 bytes that one key seals, associated data included.
const MAX_BLOCKS: u64 = 1 << 32;

/// After a failure of the library.
#[cold]
fn refused(text: &mut [u8]) -> SealError {
    clear(text);
    SealError::Exhausted
}

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
pub(crate) struct SealingKey {
    kid: u64,
    cipher: Cipher,
    salt: Zeroizing<Nonce>,
    /// SPEC \[K3\]: the counter of the next frame, from 0.
    next: u64,
    blocks: u64,
    #[cfg(any(test, feature = "testing"))]
    name: ledger::KeyName,
}

/// What a sealed frame has beside its ciphertext.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderAndTag {
    header: ([u8; MAX_HEADER_LEN], usize),
    tag: ([u8; MAX_TAG_LEN], usize),
}

impl HeaderAndTag {
    fn new(header: &FrameHeader, tag_len: usize) -> Self {
        let mut bytes = [0; MAX_HEADER_LEN];
        let len = header.write(&mut bytes);
        Self { header: (bytes, len), tag: ([0; MAX_TAG_LEN], tag_len) }
    }

    /// The header, 1 to 17 bytes.
    pub(crate) fn header(&self) -> &[u8] {
        self.header.0.get(..self.header.1).unwrap_or_default()
    }

    /// The tag, 4 to 16 bytes.
    pub(crate) fn tag(&self) -> &[u8] {
        self.tag.0.get(..self.tag.1).unwrap_or_default()
    }

    fn tag_mut(&mut self) -> &mut [u8] {
        self.tag.0.get_mut(..self.tag.1).unwrap_or_default()
    }
}

impl SealingKey {
    /// Derives the key for `kid`; its counter starts at 0 (SPEC \[K3\]).
    ///
    /// # Errors
    /// If the library fails.
    pub(crate) fn derive(base_key: &BaseKey, kid: u64) -> Result<Self, DeriveError> {
        #[cfg(any(test, feature = "testing"))]
        let mut name = None;
        let (cipher, salt) = base_key.derive(kid, |backend, suite, key| {
            #[cfg(any(test, feature = "testing"))]
            name.replace(ledger::name_of(key));
            Cipher::new(backend, suite, key)
        })?;
        Ok(Self {
            kid,
            cipher,
            salt,
            next: 0,
            blocks: 0,
            #[cfg(any(test, feature = "testing"))]
            name: name.ok_or(DeriveError)?,
        })
    }

    /// Seals one frame into the start of `out` and gives its length in bytes.
    ///
    /// # Errors
    /// [`SealError`]; neither `out` nor the counter has changed.
    #[inline(always)]
    pub(crate) fn seal_into(
        &mut self,
        metadata: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let (len, blocks) = self.admit(metadata, plaintext)?;
        let room = out.get_mut(..len).ok_or(SealError::BufferTooSmall { needed: len })?;
        self.spend(blocks, metadata, plaintext, room)?;
        Ok(len)
    }

    /// Seals one frame and appends it to `out`.
    ///
    /// # Errors
    /// [`SealError`]; neither `out` nor the counter has changed.
    #[inline(always)]
    pub(crate) fn seal(
        &mut self,
        metadata: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let (len, blocks) = self.admit(metadata, plaintext)?;
        let start = out.len();
        // Zeros, then the ciphertext: cheaper than the plaintext, then the ciphertext in its place.
        out.resize(start + len, 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let sealed = self.spend(blocks, metadata, plaintext, room);
        if sealed.is_err() {
            out.truncate(start);
        }
        sealed
    }

    /// Seals one frame whose parts are not to lie behind one another: writes the ciphertext into
    /// `ciphertext`, as long as `plaintext`, and gives header and tag. `aad` is room that is used again.
    ///
    /// # Errors
    /// [`SealError`]; neither `ciphertext` nor the counter has changed.
    pub(crate) fn seal_apart(
        &mut self,
        metadata: &[u8],
        plaintext: &[u8],
        aad: &mut Vec<u8>,
        ciphertext: &mut [u8],
    ) -> Result<HeaderAndTag, SealError> {
        let (nonce, mut made) = self.begin_apart(metadata, plaintext, aad)?;
        let sealed = self.cipher.seal(nonce, aad, plaintext, ciphertext, made.tag_mut());
        sealed.map_err(|Refused| refused(ciphertext))?;
        Ok(made)
    }

    /// As [`Self::seal_apart`], of a plaintext that lies where its ciphertext is to be.
    ///
    /// # Errors
    /// [`SealError`]; neither `text` nor the counter has changed.
    pub(crate) fn seal_in_place(
        &mut self,
        metadata: &[u8],
        aad: &mut Vec<u8>,
        text: &mut [u8],
    ) -> Result<HeaderAndTag, SealError> {
        let (nonce, mut made) = self.begin_apart(metadata, text, aad)?;
        let sealed = self.cipher.seal_in_place(nonce, aad, text, made.tag_mut());
        sealed.map_err(|Refused| refused(text))?;
        Ok(made)
    }

    /// Takes the counter: the nonce, the header and room for the tag. Header and metadata are in `aad`.
    #[inline(always)]
    fn begin_apart(
        &mut self,
        metadata: &[u8],
        plaintext: &[u8],
        aad: &mut Vec<u8>,
    ) -> Result<(Nonce, HeaderAndTag), SealError> {
        let (_, blocks) = self.admit(metadata, plaintext)?;
        let (header, nonce) = self.take(blocks);
        let made = HeaderAndTag::new(&header, self.cipher.tag_len());
        // SPEC [M1]
        aad.clear();
        aad.extend_from_slice(made.header());
        aad.extend_from_slice(metadata);
        Ok((nonce, made))
    }

    /// SPEC \[K3\]: takes the next counter: nobody gets the header and the nonce a second time.
    #[inline(always)]
    fn take(&mut self, blocks: u64) -> (FrameHeader, Nonce) {
        let header = self.header();
        self.next += 1;
        self.blocks = blocks;
        let nonce = self.salt.with(header.ctr);
        #[cfg(any(test, feature = "testing"))]
        ledger::record(&self.name, nonce.bytes());
        (header, nonce)
    }

    /// The counter of the next frame.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// As it was after `next` frames, for known answers.
    #[cfg(test)]
    pub(super) fn after(self, next: u64) -> Self {
        Self { next, ..self }
    }

    /// Whether the key may seal this frame: the frame's length and the blocks it will have spent.
    #[inline(always)]
    fn admit(&self, metadata: &[u8], plaintext: &[u8]) -> Result<(usize, u64), SealError> {
        if plaintext.len() > MAX_PLAINTEXT_LEN {
            return Err(SealError::TooLong);
        }
        let len = self.header().encoded_len() + plaintext.len() + self.cipher.tag_len();
        // The whole frame and its metadata, each rounded up, and the AEAD's block of lengths.
        let spent = len.div_ceil(16) + metadata.len().div_ceil(16) + 1;
        let blocks = self.blocks + spent as u64;
        // SPEC [K5], and [K3]: `next` can never wrap.
        if self.next >= MAX_FRAMES || blocks > MAX_BLOCKS {
            return Err(SealError::Exhausted);
        }
        Ok((len, blocks))
    }

    /// Takes the counter and seals into `room`, which is as long as the frame: if the library fails,
    /// the counter stays taken, and zeros are in `room`.
    #[inline(always)]
    fn spend(
        &mut self,
        blocks: u64,
        metadata: &[u8],
        plaintext: &[u8],
        room: &mut [u8],
    ) -> Result<(), SealError> {
        let taken = self.take(blocks);
        self.seal_under(taken, metadata, plaintext, room).map_err(|Refused| refused(room))
    }

    /// Writes header, ciphertext and tag.
    #[inline(always)]
    fn seal_under(
        &self,
        (header, nonce): (FrameHeader, Nonce),
        metadata: &[u8],
        plaintext: &[u8],
        room: &mut [u8],
    ) -> Result<(), Refused> {
        let header_len = match room.first_chunk_mut() {
            Some(start) => header.write(start),
            // A few bytes under a short tag.
            None => {
                let mut start = [0; MAX_HEADER_LEN];
                let header_len = header.write(&mut start);
                room.iter_mut().zip(start).for_each(|(to, byte)| *to = byte);
                header_len
            }
        };
        let (header, rest) = room.split_at_mut_checked(header_len).ok_or(Refused)?;
        let (text, tag) = rest.split_at_mut_checked(plaintext.len()).ok_or(Refused)?;
        // SPEC [M1]: header, then metadata, go under the tag.
        let mut joined = Vec::new();
        self.cipher.seal(nonce, aad(header, metadata, &mut joined), plaintext, text, tag)
    }

    /// The header of the next frame.
    #[inline(always)]
    fn header(&self) -> FrameHeader {
        FrameHeader { kid: self.kid, ctr: self.next }
    }
}

impl core::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SealingKey")
            .field("kid", &self.kid)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Backend, Suite};
    use super::*;

    fn key() -> SealingKey {
        let suite = Suite::AesGcm128Sha256_128;
        let base_key = BaseKey::new(Backend::of_new_keyrings(), suite, &[1; 16]);
        SealingKey::derive(&base_key, 9).unwrap()
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
        // 34 bytes of frame: 3 blocks and one.
        key.blocks = MAX_BLOCKS - 4;
        key.seal(b"", &[0; 16], &mut out).unwrap();
        assert_eq!(key.seal(b"", b"", &mut out), Err(SealError::Exhausted));
    }

    #[test]
    fn a_frame_costs_its_blocks_those_of_its_metadata_and_one() {
        // SPEC [K5]: 2 bytes of header, 10 of text and 16 of tag, then 17: 2 + 2 + 1 blocks.
        let mut key = key();
        key.seal(&[0; 17], &[0; 10], &mut Vec::new()).unwrap();
        assert_eq!(key.blocks, 5);
        key.seal_in_place(b"", &mut Vec::new(), &mut [0; 14]).unwrap();
        assert_eq!((key.blocks, key.next()), (5 + 2 + 1, 2));
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
        assert_eq!(format!("{:?}", key()), "SealingKey { kid: 9, next: 0, .. }");
    }
}
