//! The crates of the RustCrypto project, in Rust alone. Their ciphers clear their keys when they are
//! dropped; what GHASH and HMAC make of theirs is cleared here.

use aes::{Aes128Enc, Aes256Enc};
use aes_gcm::{AeadInPlace, Aes128Gcm, Aes256Gcm, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use ctr::cipher::inout::InOutBuf;
use ctr::cipher::{InnerIvInit as _, StreamCipherCore as _};
use ctr::{CtrCore, flavors::Ctr32BE};
use hmac::Hmac;
use sha2::{Sha256, Sha512};

use super::{Aes, Algorithm, Hash, Nonce, Refused, clear, copy};

impl From<aes_gcm::Error> for Refused {
    fn from(_: aes_gcm::Error) -> Self {
        Self
    }
}

impl From<hmac::digest::InvalidLength> for Refused {
    fn from(_: hmac::digest::InvalidLength) -> Self {
        Self
    }
}

/// Boxed: the keys are large, and not to be copied about.
pub(in crate::sframe) enum Aead {
    Aes128Gcm(Box<Aes128Gcm>),
    Aes256Gcm(Box<Aes256Gcm>),
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
}

impl Aead {
    pub(super) fn new(of: Algorithm, key: &[u8]) -> Result<Self, Refused> {
        Ok(match of {
            Algorithm::Gcm(Aes::Bits128) => {
                Self::Aes128Gcm(Box::new(Aes128Gcm::new_from_slice(key)?))
            }
            Algorithm::Gcm(Aes::Bits256) => {
                Self::Aes256Gcm(Box::new(Aes256Gcm::new_from_slice(key)?))
            }
            Algorithm::ChaCha20Poly1305 => {
                Self::ChaCha20Poly1305(Box::new(ChaCha20Poly1305::new_from_slice(key)?))
            }
        })
    }

    pub(super) fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let tag: [u8; 16] = tag.try_into().map_err(|_| Refused)?;
        let (nonce, tag) = (&nonce.bytes().into(), &tag.into());
        copy(ciphertext, out)?;
        let opened = match self {
            Self::Aes128Gcm(key) => key.decrypt_in_place_detached(nonce, aad, out, tag),
            Self::Aes256Gcm(key) => key.decrypt_in_place_detached(nonce, aad, out, tag),
            Self::ChaCha20Poly1305(key) => key.decrypt_in_place_detached(nonce, aad, out, tag),
        };
        Ok(opened.inspect_err(|_| clear(out))?)
    }

    pub(super) fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        copy(text, out)?;
        self.seal_in_place(nonce, aad, out, tag)
    }

    pub(super) fn seal_in_place(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        let nonce = &nonce.bytes().into();
        let tag: &mut [u8; 16] = tag.try_into().map_err(|_| Refused)?;
        let made = match self {
            Self::Aes128Gcm(key) => key.encrypt_in_place_detached(nonce, aad, text),
            Self::Aes256Gcm(key) => key.encrypt_in_place_detached(nonce, aad, text),
            Self::ChaCha20Poly1305(key) => key.encrypt_in_place_detached(nonce, aad, text),
        };
        *tag = made?.into();
        Ok(())
    }
}

impl Drop for Aead {
    fn drop(&mut self) {
        // GHASH's key goes under that of a blank one, also if nobody reads it.
        match self {
            Self::Aes128Gcm(key) => **key = Aes128Gcm::new(&[0; 16].into()),
            Self::Aes256Gcm(key) => **key = Aes256Gcm::new(&[0; 32].into()),
            Self::ChaCha20Poly1305(_) => {}
        }
        core::hint::black_box(self);
    }
}

/// Boxed each, so that the greater one's room does not hold what was on the stack.
pub(in crate::sframe) enum Ctr {
    Aes128(Box<Aes128Enc>),
    Aes256(Box<Aes256Enc>),
}

impl Ctr {
    pub(super) fn new(aes: Aes, key: &[u8]) -> Result<Self, Refused> {
        Ok(match aes {
            Aes::Bits128 => Self::Aes128(Box::new(Aes128Enc::new_from_slice(key)?)),
            Aes::Bits256 => Self::Aes256(Box::new(Aes256Enc::new_from_slice(key)?)),
        })
    }

    pub(super) fn apply(
        &self,
        initial: [u8; 16],
        text: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        self.over(initial, InOutBuf::new(text, out).map_err(|_| Refused)?)
    }

    pub(super) fn apply_in_place(&self, initial: [u8; 16], text: &mut [u8]) -> Result<(), Refused> {
        self.over(initial, text.into())
    }

    fn over(&self, initial: [u8; 16], text: InOutBuf<'_, '_, u8>) -> Result<(), Refused> {
        let initial = &initial.into();
        match self {
            Self::Aes128(key) => CtrCore::<_, Ctr32BE>::inner_iv_init(&**key, initial)
                .try_apply_keystream_partial(text),
            Self::Aes256(key) => CtrCore::<_, Ctr32BE>::inner_iv_init(&**key, initial)
                .try_apply_keystream_partial(text),
        }
        .map_err(|_| Refused)
    }
}

/// Boxed each, as [`Ctr`].
pub(in crate::sframe) enum Mac {
    Sha256(Box<Hmac<Sha256>>),
    Sha512(Box<Hmac<Sha512>>),
}

impl Mac {
    pub(super) fn new(hash: Hash, key: &[u8]) -> Result<Self, Refused> {
        Ok(match hash {
            Hash::Sha256 => Self::Sha256(Box::new(KeyInit::new_from_slice(key)?)),
            Hash::Sha512 => Self::Sha512(Box::new(KeyInit::new_from_slice(key)?)),
        })
    }

    pub(super) fn code<R>(&self, parts: &[&[u8]], then: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Self::Sha256(keyed) => then(&absorb(&**keyed, parts).into_bytes()),
            Self::Sha512(keyed) => then(&absorb(&**keyed, parts).into_bytes()),
        }
    }
}

/// The code over `parts`, by a copy of `keyed`.
fn absorb<M: hmac::Mac + Clone>(keyed: &M, parts: &[&[u8]]) -> hmac::digest::CtOutput<M> {
    let mut state = keyed.clone();
    parts.iter().for_each(|part| state.update(part));
    state.finalize()
}

impl Drop for Mac {
    fn drop(&mut self) {
        // The state under a blank key in place of that under the key, also if nobody reads it.
        match self {
            Self::Sha256(keyed) => **keyed = KeyInit::new(&[0; 64].into()),
            Self::Sha512(keyed) => **keyed = KeyInit::new(&[0; 128].into()),
        }
        core::hint::black_box(self);
    }
}
