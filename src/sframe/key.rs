//! The key of one key id: derived once, then used for every frame (RFC 9605 §4.4).

use incamera_wire::{FrameHeader, MAX_HEADER_LEN};
use zeroize::{Zeroize as _, Zeroizing};

use super::backend::{self, Refused};
use super::cipher::{Cipher, MAX_PLAINTEXT_LEN, MAX_TAG_LEN};
#[cfg(any(test, feature = "testing"))]
use super::ledger;
use super::suite::Suite;

/// The labels of RFC 9605 §4.4.2; the space at the end is part of them.
const KEY_LABEL: &[u8] = b"SFrame 1.0 Secret key ";
const SALT_LABEL: &[u8] = b"SFrame 1.0 Secret salt ";

/// The cryptographic library could not derive a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeriveError;

/// The frame is not genuine under this key. SPEC \[M8\]: why is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenError;

/// Key and salt of one (base key, key id).
pub(crate) struct FrameKey {
    kid: u64,
    cipher: Cipher,
    salt: Zeroizing<[u8; Suite::NONCE_LEN]>,
    #[cfg(any(test, feature = "testing"))]
    name: ledger::KeyName,
}

impl FrameKey {
    /// Derives key and salt for `kid` and sets the cipher up (RFC 9605 §4.4.2).
    ///
    /// # Errors
    /// If the library fails; a base key has no fixed length here.
    pub(crate) fn derive(suite: Suite, base_key: &[u8], kid: u64) -> Result<Self, DeriveError> {
        let [key_label, salt_label] = [KEY_LABEL, SALT_LABEL]
            .map(|label| [label, &kid.to_be_bytes(), &suite.id().to_be_bytes()].concat());
        let outputs = [(&key_label[..], suite.key_len()), (&salt_label, Suite::NONCE_LEN)];
        let [key, derived] =
            backend::derive(suite.hash(), base_key, outputs).map_err(|_| DeriveError)?;
        let mut salt = Zeroizing::new([0; Suite::NONCE_LEN]);
        salt.copy_from_slice(&derived);
        let cipher = Cipher::new(suite, &key).map_err(|_| DeriveError)?;
        Ok(Self {
            kid,
            cipher,
            salt,
            #[cfg(any(test, feature = "testing"))]
            name: ledger::name_of(&key),
        })
    }

    /// Whether its tags are shorter than 16 bytes, so that forgeries are to be counted.
    pub(crate) fn has_short_tag(&self) -> bool {
        self.cipher.tag_len() < MAX_TAG_LEN
    }

    /// The length in bytes of a frame of `plaintext_len` bytes sealed with counter `ctr`.
    pub(super) fn sealed_len(&self, ctr: u64, plaintext_len: usize) -> usize {
        self.header(ctr).encoded_len() + plaintext_len + self.cipher.tag_len()
    }

    /// Seals one frame: appends header, ciphertext and tag to `out`. Private to this module, for
    /// `ctr` must never repeat. Refused, `out` is as it was.
    pub(super) fn seal(
        &self,
        ctr: u64,
        metadata: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let mut buffer = [0; MAX_HEADER_LEN];
        let header_len = self.header(ctr).write(&mut buffer);
        let header = buffer.get(..header_len).ok_or(Refused)?;
        let start = out.len();
        out.reserve(header_len + plaintext.len() + self.cipher.tag_len());
        out.extend_from_slice(header);
        out.extend_from_slice(plaintext);
        let mut tag = [0; MAX_TAG_LEN];
        let text = out.get_mut(start + header_len..).ok_or(Refused)?;
        let tag = tag.get_mut(..self.cipher.tag_len()).ok_or(Refused)?;
        match self.seal_text(ctr, header, metadata, text, tag) {
            Ok(()) => {
                out.extend_from_slice(tag);
                Ok(())
            }
            Err(refused) => {
                out.get_mut(start..).unwrap_or_default().zeroize();
                out.truncate(start);
                Err(refused)
            }
        }
    }

    /// Seals one frame: writes header, ciphertext and tag into `out`, whose length must be
    /// exactly [`Self::sealed_len`]. Private to this module, for `ctr` must never repeat.
    pub(super) fn seal_into(
        &self,
        ctr: u64,
        metadata: &[u8],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let mut buffer = [0; MAX_HEADER_LEN];
        let header_len = self.header(ctr).write(&mut buffer);
        let header = buffer.get(..header_len).ok_or(Refused)?;
        let (to_header, rest) = out.split_at_mut_checked(header_len).ok_or(Refused)?;
        let (text, tag) = rest.split_at_mut_checked(plaintext.len()).ok_or(Refused)?;
        if tag.len() != self.cipher.tag_len() {
            return Err(Refused);
        }
        to_header.copy_from_slice(header);
        text.copy_from_slice(plaintext);
        self.seal_text(ctr, header, metadata, text, tag).inspect_err(|_| out.zeroize())
    }

    /// Encrypts `text` in place. SPEC \[M1\]: header, then metadata, go under the tag.
    fn seal_text(
        &self,
        ctr: u64,
        header: &[u8],
        metadata: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        let nonce = self.nonce(ctr);
        #[cfg(any(test, feature = "testing"))]
        ledger::record(&self.name, nonce);
        with_aad(header, metadata, |aad| self.cipher.seal(nonce, aad, text, tag))
    }

    /// Opens one frame: appends the plaintext of `body` (ciphertext, then tag) to `out`. `header`
    /// is the header as received and `ctr` the counter read from it.
    ///
    /// # Errors
    /// [`OpenError`] if anything differs from what was sealed; `out` is as it was.
    pub(crate) fn open(
        &self,
        header: &[u8],
        ctr: u64,
        metadata: &[u8],
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let text_len = body.len().checked_sub(self.cipher.tag_len()).ok_or(OpenError)?;
        if text_len > MAX_PLAINTEXT_LEN {
            return Err(OpenError);
        }
        let (ciphertext, tag) = body.split_at_checked(text_len).ok_or(OpenError)?;
        let start = out.len();
        out.resize(start + text_len, 0);
        let room = out.get_mut(start..).ok_or(OpenError)?;
        // SPEC [M1]
        let opened = with_aad(header, metadata, |aad| {
            self.cipher.open(self.nonce(ctr), aad, ciphertext, tag, room)
        });
        // SPEC [M11]: the cipher left zeros in what is cut off here.
        opened.map_err(|Refused| {
            out.truncate(start);
            OpenError
        })
    }

    fn header(&self, ctr: u64) -> FrameHeader {
        FrameHeader { kid: self.kid, ctr }
    }

    /// RFC 9605 §4.4.3: the salt with the counter laid over its last 8 bytes.
    fn nonce(&self, ctr: u64) -> [u8; Suite::NONCE_LEN] {
        let mut nonce = *self.salt;
        if let Some(low) = nonce.last_chunk_mut() {
            *low = (u64::from_be_bytes(*low) ^ ctr).to_be_bytes();
        }
        nonce
    }
}

/// SPEC \[M1\]: the associated data is the header as sent, then the metadata.
fn with_aad<R>(header: &[u8], metadata: &[u8], then: impl FnOnce(&[u8]) -> R) -> R {
    if metadata.is_empty() { then(header) } else { then(&[header, metadata].concat()) }
}

impl core::fmt::Debug for FrameKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FrameKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}
