//! Base keys, what the key of one key id is made of, and the key that opens (RFC 9605 §4.4).

use zeroize::Zeroizing;

use super::backend::{Backend, MAX_HASH_LEN, Nonce, Refused, expand, extract};
use super::cipher::{Cipher, MAX_PLAINTEXT_LEN, MAX_TAG_LEN};
use super::suite::Suite;
use crate::secret::{Secret, apart, wipe_stack};

/// The labels of RFC 9605 §4.4.2; the space at the end is part of them.
const KEY_LABEL: &[u8] = b"SFrame 1.0 Secret key ";
const SALT_LABEL: &[u8] = b"SFrame 1.0 Secret salt ";

/// The cryptographic library could not derive a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeriveError;

/// The frame is not genuine under this key. SPEC \[M8\]: why is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpenError;

/// What all keys of one base key follow from, so that a key id costs two HKDF-Expand and no more.
pub(crate) struct BaseKey {
    backend: Backend,
    suite: Suite,
    /// `sframe_secret` of RFC 9605 §4.4.2: HKDF-Extract of the base key.
    secret: Secret<MAX_HASH_LEN>,
}

impl BaseKey {
    /// Of `base_key`, which has no fixed length here.
    pub(crate) fn new(backend: Backend, suite: Suite, base_key: &[u8]) -> Self {
        Self { backend, suite, secret: extract(suite.hash(), base_key) }
    }

    /// Derives key and salt for `kid` (RFC 9605 §4.4.2), and makes of the key, of Nk bytes, what
    /// `make` makes of it.
    pub(super) fn derive<R>(
        &self,
        kid: u64,
        make: impl FnOnce(Backend, Suite, &[u8]) -> Result<R, Refused>,
    ) -> Result<(R, Zeroizing<Nonce>), DeriveError> {
        let mut key = Zeroizing::new([0; Suite::MAX_KEY_LEN]);
        let mut salt = Zeroizing::new([0; Suite::NONCE_LEN]);
        let key = key.get_mut(..self.suite.key_len()).ok_or(DeriveError)?;
        self.fill(kid, key, &mut *salt).map_err(|Refused| DeriveError)?;
        wipe_stack();
        let made = apart(|| make(self.backend, self.suite, key));
        wipe_stack();
        Ok((made.map_err(|Refused| DeriveError)?, Zeroizing::new(Nonce::new(*salt))))
    }

    /// Derives key and salt for `kid`. What it leaves on the stack is below the caller.
    #[inline(never)]
    fn fill(&self, kid: u64, key: &mut [u8], salt: &mut [u8]) -> Result<(), Refused> {
        let (kid, id) = (&kid.to_be_bytes()[..], &self.suite.id().to_be_bytes()[..]);
        let (key_label, salt_label): ([&[u8]; 3], [&[u8]; 3]) =
            ([KEY_LABEL, kid, id], [SALT_LABEL, kid, id]);
        let outputs: [(&[&[u8]], &mut [u8]); 2] = [(&key_label, key), (&salt_label, salt)];
        expand(self.suite.hash(), self.secret.expose(), outputs)
    }
}

#[cfg(any(test, feature = "testing"))]
impl BaseKey {
    /// `sframe_secret`, for tests that look for it.
    pub(crate) fn exposed(&self) -> Vec<u8> {
        self.secret.expose().get(..self.suite.hash().len()).unwrap_or_default().to_vec()
    }

    /// Key and salt of `kid`, for vectors and for tests that look for them.
    pub(crate) fn key_and_salt(
        &self,
        kid: u64,
    ) -> Result<(Vec<u8>, [u8; Suite::NONCE_LEN]), DeriveError> {
        let (key, salt) = self.derive(kid, |_, _, key| Ok(key.to_vec()))?;
        Ok((key, salt.bytes()))
    }
}

/// SPEC \[M1\]: the associated data is the header as sent, then the metadata. `joined` has room for both;
/// without metadata, as frames of a meeting are, it is not used.
#[inline(always)]
pub(super) fn aad<'a>(header: &'a [u8], metadata: &[u8], joined: &'a mut Vec<u8>) -> &'a [u8] {
    if metadata.is_empty() {
        return header;
    }
    *joined = [header, metadata].concat();
    joined
}

/// Key and salt of one (base key, key id), to open with.
pub(crate) struct FrameKey {
    cipher: Cipher,
    salt: Zeroizing<Nonce>,
}

impl FrameKey {
    /// Derives key and salt for `kid` and sets the cipher up, once for all its frames.
    ///
    /// # Errors
    /// If the library fails.
    pub(crate) fn derive(base_key: &BaseKey, kid: u64) -> Result<Self, DeriveError> {
        let (cipher, salt) = base_key.derive(kid, Cipher::new)?;
        Ok(Self { cipher, salt })
    }

    /// Whether its tags are shorter than 16 bytes, so that forgeries are to be counted.
    pub(crate) fn has_short_tag(&self) -> bool {
        self.cipher.tag_len() < MAX_TAG_LEN
    }

    /// Opens one frame: appends the plaintext of `body` (ciphertext, then tag) to `out`. `header`
    /// is the header as received and `ctr` the counter read from it.
    ///
    /// # Errors
    /// [`OpenError`] if anything differs from what was sealed; `out` is as it was.
    #[inline(always)]
    pub(crate) fn open(
        &self,
        header: &[u8],
        ctr: u64,
        metadata: &[u8],
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let text_len = body.len().checked_sub(self.cipher.tag_len()).ok_or(OpenError)?;
        let (ciphertext, tag) = body.split_at_checked(text_len).ok_or(OpenError)?;
        // SPEC [M1]
        let mut joined = Vec::new();
        let aad = aad(header, metadata, &mut joined);
        self.open_apart(aad, ctr, ciphertext, tag, out)
    }

    /// As [`Self::open`], of a frame whose parts do not lie behind one another. `aad` is the header as
    /// received, then the metadata.
    ///
    /// # Errors
    /// [`OpenError`] if anything differs from what was sealed; `out` is as it was.
    #[inline(always)]
    pub(crate) fn open_apart(
        &self,
        aad: &[u8],
        ctr: u64,
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        if ciphertext.len() > MAX_PLAINTEXT_LEN {
            return Err(OpenError);
        }
        let start = out.len();
        out.resize(start + ciphertext.len(), 0);
        let room = out.get_mut(start..).ok_or(OpenError)?;
        let opened = self.cipher.open(self.salt.with(ctr), aad, ciphertext, tag, room);
        // SPEC [M11]: the cipher left zeros in what is cut off here.
        opened.map_err(|Refused| {
            out.truncate(start);
            OpenError
        })
    }
}

impl core::fmt::Debug for FrameKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FrameKey").finish_non_exhaustive()
    }
}
