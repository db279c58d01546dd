//! The two constructions of RFC 9605 §4.5 behind one face: open into a buffer, seal into a buffer.

use subtle::ConstantTimeEq as _;

use super::backend::{Aead, Backend, Ctr, Mac, Nonce, Refused, clear};
use super::suite::{Construction, Suite};
use crate::secret::{apart, wipe_stack};

/// The greatest plaintext of one frame in bytes: 16 MiB, far below every bound of the ciphers.
pub(crate) const MAX_PLAINTEXT_LEN: usize = 1 << 24;

/// The greatest tag of any suite in bytes.
pub(crate) const MAX_TAG_LEN: usize = 16;

/// The smallest tag, in bytes, of a suite that a meeting uses.
pub(crate) const MIN_TAG_LEN: usize = 10;

/// A cipher with its key set up.
pub(super) struct Cipher {
    inner: Inner,
    tag_len: usize,
}

enum Inner {
    Aead(Aead),
    CtrHmac(CtrHmac),
}

impl Cipher {
    /// Sets up `key`, of Nk bytes, once for all its frames.
    pub(super) fn new(backend: Backend, suite: Suite, key: &[u8]) -> Result<Self, Refused> {
        if key.len() != suite.key_len() {
            return Err(Refused);
        }
        let inner = match suite.construction() {
            Construction::Aead(algorithm) => Inner::Aead(Aead::new(backend, algorithm, key)?),
            Construction::CtrHmac(aes) => {
                let (enc, auth) = key.split_at_checked(aes.key_len()).ok_or(Refused)?;
                let ctr = apart(|| Ctr::new(backend, aes, enc))?;
                wipe_stack();
                let mac = apart(|| Mac::new(backend, suite.hash(), auth))?;
                Inner::CtrHmac(CtrHmac { ctr, mac })
            }
        };
        Ok(Self { inner, tag_len: suite.tag_len() })
    }

    /// Verifies the tag, then decrypts `ciphertext` into `out` of the same length. Refused, `out`
    /// is all zeros, or as it was if a length is wrong.
    #[inline(always)]
    pub(super) fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        self.check_tag(tag)?;
        match &self.inner {
            Inner::Aead(aead) => aead.open(nonce, aad, ciphertext, tag, out),
            Inner::CtrHmac(keys) => keys.open(nonce, aad, ciphertext, tag, out),
        }
    }

    /// Encrypts `text` into `out` of the same length, and writes the tag of Nt bytes into `tag`.
    #[inline(always)]
    pub(super) fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        self.check_tag(tag)?;
        match &self.inner {
            Inner::Aead(aead) => aead.seal(nonce, aad, text, out, tag),
            Inner::CtrHmac(keys) => keys.seal(nonce, aad, text, out, tag),
        }
    }

    /// As [`Self::seal`], in place.
    #[inline(always)]
    pub(super) fn seal_in_place(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        self.check_tag(tag)?;
        match &self.inner {
            Inner::Aead(aead) => aead.seal_in_place(nonce, aad, text, tag),
            Inner::CtrHmac(keys) => keys.seal_in_place(nonce, aad, text, tag),
        }
    }

    /// The length of the tag (Nt) in bytes.
    #[inline(always)]
    pub(super) fn tag_len(&self) -> usize {
        self.tag_len
    }

    /// No shorter tag passes for the start of a code.
    #[inline(always)]
    fn check_tag(&self, tag: &[u8]) -> Result<(), Refused> {
        if tag.len() == self.tag_len { Ok(()) } else { Err(Refused) }
    }
}

/// AES-CTR, then HMAC over the ciphertext: RFC 9605 §4.5.1.
struct CtrHmac {
    ctr: Ctr,
    mac: Mac,
}

impl CtrHmac {
    fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let genuine =
            self.authenticate(nonce, aad, ciphertext, tag.len(), |code| code.ct_eq(tag))?;
        if !bool::from(genuine) {
            clear(out);
            return Err(Refused);
        }
        self.ctr.apply(nonce.initial_block(), ciphertext, out)
    }

    fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        self.ctr.apply(nonce.initial_block(), text, out)?;
        self.authenticate(nonce, aad, out, tag.len(), |code| tag.copy_from_slice(code))
    }

    fn seal_in_place(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        self.ctr.apply_in_place(nonce.initial_block(), text)?;
        self.authenticate(nonce, aad, text, tag.len(), |code| tag.copy_from_slice(code))
    }

    /// The code over the lengths, the nonce, `aad` and the ciphertext, cut to Nt.
    fn authenticate<R>(
        &self,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag_len: usize,
        then: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Refused> {
        let [aad_len, text_len, nt] =
            [aad.len(), ciphertext.len(), tag_len].map(|len| (len as u64).to_be_bytes());
        let parts = [&aad_len[..], &text_len, &nt, &nonce.bytes(), aad, ciphertext];
        self.mac.code(&parts, |code| code.get(..tag_len).map(then)).ok_or(Refused)
    }
}
