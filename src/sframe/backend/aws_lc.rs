//! aws-lc, through aws-lc-rs. Its keys live in memory that it clears before it gives it back.

use aws_lc_rs::aead::{
    self, AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, UnboundKey,
};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::{Aes, Algorithm, Hash, Nonce, Refused, copy};

impl From<aws_lc_rs::error::Unspecified> for Refused {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

impl Algorithm {
    fn of_aws_lc(self) -> &'static aead::Algorithm {
        match self {
            Self::Gcm(Aes::Bits128) => &AES_128_GCM,
            Self::Gcm(Aes::Bits256) => &AES_256_GCM,
            Self::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        }
    }
}

pub(in crate::sframe) struct Aead(LessSafeKey);

impl Aead {
    pub(super) fn new(of: Algorithm, key: &[u8]) -> Result<Self, Refused> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(of.of_aws_lc(), key)?)))
    }

    /// `EVP_AEAD_CTX_open_gather` fills `out` with zeros before it says no.
    #[inline(always)]
    pub(super) fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let nonce = aead::Nonce::assume_unique_for_key(nonce.bytes());
        Ok(self.0.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, out)?)
    }

    #[inline(always)]
    pub(super) fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        let nonce = aead::Nonce::assume_unique_for_key(nonce.bytes());
        Ok(self.0.seal_out_of_place_scatter(nonce, Aad::from(aad), text, out, &[], tag)?)
    }

    #[inline(always)]
    pub(super) fn seal_in_place(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        let nonce = aead::Nonce::assume_unique_for_key(nonce.bytes());
        let made = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), text)?;
        copy(made.as_ref(), tag)
    }
}

/// Boxed: the key is large, and not to be copied about.
pub(in crate::sframe) struct Ctr(Box<EncryptingKey>);

impl Ctr {
    pub(super) fn new(aes: Aes, key: &[u8]) -> Result<Self, Refused> {
        let algorithm = match aes {
            Aes::Bits128 => &AES_128,
            Aes::Bits256 => &AES_256,
        };
        Ok(Self(Box::new(EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key)?)?)))
    }

    pub(super) fn apply(
        &self,
        initial: [u8; 16],
        text: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        copy(text, out)?;
        self.apply_in_place(initial, out)
    }

    pub(super) fn apply_in_place(&self, initial: [u8; 16], text: &mut [u8]) -> Result<(), Refused> {
        let context = EncryptionContext::Iv128(FixedLength::from(initial));
        self.0.less_safe_encrypt(text, context)?;
        Ok(())
    }
}

/// Boxed: the key is large, and not to be copied about.
pub(in crate::sframe) struct Mac(Box<hmac::Key>);

impl Mac {
    pub(super) fn new(hash: Hash, key: &[u8]) -> Result<Self, Refused> {
        let algorithm = match hash {
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        Ok(Self(Box::new(hmac::Key::new(algorithm, key))))
    }

    pub(super) fn code<R>(&self, parts: &[&[u8]], then: impl FnOnce(&[u8]) -> R) -> R {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        then(context.sign().as_ref())
    }
}
