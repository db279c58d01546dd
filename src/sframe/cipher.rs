//! The two constructions of RFC 9605 §4.5, and that of the private suite 0xF001, behind one face:
//! seal in place, open into a buffer.

use subtle::ConstantTimeEq as _;

use super::backend::{Aead, Ctr, Mac, Refused};
use super::suite::{Construction, Suite};

/// The greatest plaintext of one frame in bytes: 16 MiB, far below every bound of the ciphers.
pub(crate) const MAX_PLAINTEXT_LEN: usize = 1 << 24;

/// The greatest tag of any suite in bytes.
pub(crate) const MAX_TAG_LEN: usize = 16;

/// The smallest tag, in bytes, of a suite that a meeting uses.
pub(crate) const MIN_TAG_LEN: usize = 10;

/// The nonce of one frame.
type Nonce = [u8; Suite::NONCE_LEN];

/// A cipher with its key set up.
pub(super) struct Cipher {
    inner: Inner,
    tag_len: usize,
}

enum Inner {
    Aead(Aead),
    /// Boxed: the keys are large, and not to be copied about.
    CtrHmac(Box<(Ctr, Mac)>),
}

impl Cipher {
    /// Sets up `key`, of Nk bytes.
    pub(super) fn new(suite: Suite, key: &[u8]) -> Result<Self, Refused> {
        let inner = match suite.construction() {
            Construction::Gcm(aes) => Inner::Aead(Aead::gcm(aes, key)?),
            Construction::ChaCha20Poly1305 => Inner::Aead(Aead::chacha20_poly1305(key)?),
            Construction::CtrHmac(aes) => {
                let (enc, auth) = key.split_at_checked(aes.key_len()).ok_or(Refused)?;
                Inner::CtrHmac(Box::new((Ctr::new(aes, enc)?, Mac::new(suite.hash(), auth))))
            }
        };
        Ok(Self { inner, tag_len: suite.tag_len() })
    }

    /// The length of the tag (Nt) in bytes.
    pub(super) fn tag_len(&self) -> usize {
        self.tag_len
    }

    /// Encrypts `text` in place and writes the tag of Nt bytes into `tag`.
    pub(super) fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        match &self.inner {
            Inner::Aead(aead) => aead.seal(nonce, aad, text, tag),
            Inner::CtrHmac(keys) => {
                let (ctr, mac) = &**keys;
                ctr.apply(initial_block(nonce), text)?;
                self.authenticate(mac, nonce, aad, text, |code| {
                    tag.copy_from_slice(code);
                })
            }
        }
    }

    /// Verifies the tag, then decrypts `ciphertext` into `out` of the same length. Refused, `out`
    /// is all zeros, for the library may have decrypted before it knew.
    pub(super) fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let opened = match &self.inner {
            Inner::Aead(aead) => aead.open(nonce, aad, ciphertext, tag, out),
            Inner::CtrHmac(keys) => {
                let (ctr, mac) = &**keys;
                self.authenticate(mac, nonce, aad, ciphertext, |code| bool::from(code.ct_eq(tag)))
                    .and_then(|genuine| if genuine { Ok(()) } else { Err(Refused) })
                    .and_then(|()| {
                        out.copy_from_slice(ciphertext);
                        ctr.apply(initial_block(nonce), out)
                    })
            }
        };
        opened.inspect_err(|_| {
            out.fill(0);
            // So that the zeros are written although nobody reads them. Byte by byte, as `zeroize`
            // does it, a forged frame would cost more than a genuine one.
            core::hint::black_box(out);
        })
    }

    /// RFC 9605 §4.5.1: the code over the lengths, the nonce, `aad` and the ciphertext, cut to Nt.
    fn authenticate<R>(
        &self,
        mac: &Mac,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        then: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Refused> {
        let [aad_len, text_len, tag_len] =
            [aad.len(), ciphertext.len(), self.tag_len].map(|len| (len as u64).to_be_bytes());
        let parts = [&aad_len[..], &text_len, &tag_len, &nonce, aad, ciphertext];
        mac.code(&parts, |code| code.get(..self.tag_len).map(then)).ok_or(Refused)
    }
}

/// RFC 9605 §4.5.1: the nonce, then a block counter of 32 bits that starts at zero.
fn initial_block(nonce: Nonce) -> [u8; 16] {
    let mut block = [0; 16];
    for (to, from) in block.iter_mut().zip(nonce) {
        *to = from;
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE_OF_EACH_CONSTRUCTION: [Suite; 3] = [
        Suite::AesGcm128Sha256_128,
        Suite::AesCtr128HmacSha256_80,
        Suite::ChaCha20Poly1305Sha256_128,
    ];

    #[test]
    fn an_open_that_is_refused_leaves_only_zeros() {
        // SPEC [M11]
        for suite in ONE_OF_EACH_CONSTRUCTION {
            let cipher = Cipher::new(suite, &vec![7; suite.key_len()]).unwrap();
            let mut text = [1; 40];
            let mut tag = vec![0; suite.tag_len()];
            cipher.seal([2; 12], b"aad", &mut text, &mut tag).unwrap();
            tag[0] ^= 1;
            let mut out = [9; 40];
            let opened = cipher.open([2; 12], b"aad", &text, &tag, &mut out);
            assert_eq!(opened, Err(Refused));
            assert_eq!(out, [0; 40]);
        }
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused() {
        for suite in ONE_OF_EACH_CONSTRUCTION {
            assert!(Cipher::new(suite, &[7; 15]).is_err());
        }
    }
}
