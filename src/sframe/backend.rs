//! The one place of the frame path that names a cryptographic library: aws-lc-rs. Another back end
//! is another file with the same types and function.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

/// The library refused: a length it does not take, a tag that does not verify, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

impl From<aws_lc_rs::error::Unspecified> for Refused {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

/// The size of an AES key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aes {
    /// 16 bytes.
    Bits128,
    /// 32 bytes.
    Bits256,
}

impl Aes {
    /// The length of the key in bytes.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Bits128 => 16,
            Self::Bits256 => 32,
        }
    }
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The length of its output (Nh) in bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::Sha256 => hkdf::HKDF_SHA256,
            Self::Sha512 => hkdf::HKDF_SHA512,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

/// AES-GCM or ChaCha20-Poly1305 under one key: nonces of 12 bytes, tags of 16.
pub(super) struct Aead(LessSafeKey);

impl Aead {
    /// Sets a key of AES-GCM up, once for all its frames.
    pub(super) fn gcm(aes: Aes, key: &[u8]) -> Result<Self, Refused> {
        Self::new(
            match aes {
                Aes::Bits128 => &AES_128_GCM,
                Aes::Bits256 => &AES_256_GCM,
            },
            key,
        )
    }

    /// Sets a key of ChaCha20-Poly1305, of 32 bytes, up, once for all its frames.
    pub(super) fn chacha20_poly1305(key: &[u8]) -> Result<Self, Refused> {
        Self::new(&CHACHA20_POLY1305, key)
    }

    fn new(algorithm: &'static Algorithm, key: &[u8]) -> Result<Self, Refused> {
        Ok(Self(LessSafeKey::new(UnboundKey::new(algorithm, key)?)))
    }

    /// Encrypts `text` in place and writes the tag into `tag`, of 16 bytes.
    pub(super) fn seal(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let made = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), text)?;
        if made.as_ref().len() != tag.len() {
            return Err(Refused);
        }
        tag.copy_from_slice(made.as_ref());
        Ok(())
    }

    /// Verifies `tag` and decrypts `ciphertext` into `out` of the same length. Refused, `out`
    /// holds bytes that nobody may see.
    pub(super) fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        Ok(self.0.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, out)?)
    }
}

/// AES in counter mode under one key.
pub(super) struct Ctr(EncryptingKey);

impl Ctr {
    /// Sets the key up, once for all its frames.
    pub(super) fn new(aes: Aes, key: &[u8]) -> Result<Self, Refused> {
        let algorithm = match aes {
            Aes::Bits128 => &AES_128,
            Aes::Bits256 => &AES_256,
        };
        Ok(Self(EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key)?)?))
    }

    /// Encrypts or decrypts `text` in place from the block `initial` on.
    pub(super) fn apply(&self, initial: [u8; 16], text: &mut [u8]) -> Result<(), Refused> {
        let context = EncryptionContext::Iv128(FixedLength::from(initial));
        self.0.less_safe_encrypt(text, context)?;
        Ok(())
    }
}

/// HMAC under one key.
pub(super) struct Mac(hmac::Key);

impl Mac {
    /// Sets the key up, once for all its frames.
    pub(super) fn new(hash: Hash, key: &[u8]) -> Self {
        Self(hmac::Key::new(hash.hmac(), key))
    }

    /// The whole code over `parts`, one after another, handed to `then`.
    pub(super) fn code<R>(&self, parts: &[&[u8]], then: impl FnOnce(&[u8]) -> R) -> R {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        then(context.sign().as_ref())
    }
}

/// `len` bytes for each of `labels`: HKDF-Extract over `secret` with an empty salt, then
/// HKDF-Expand with the label.
pub(super) fn derive<const N: usize>(
    hash: Hash,
    secret: &[u8],
    labels: [(&[u8], usize); N],
) -> Result<[Zeroizing<Vec<u8>>; N], Refused> {
    let extracted = hkdf::Salt::new(hash.hkdf(), &[]).extract(secret);
    let mut refused = Ok(());
    let outputs = labels.map(|(label, len)| {
        let mut output = Zeroizing::new(vec![0; len]);
        let filled =
            extracted.expand(&[label], Length(len)).and_then(|expanded| expanded.fill(&mut output));
        refused = refused.and(filled);
        output
    });
    refused?;
    Ok(outputs)
}

/// How much HKDF-Expand shall give, in bytes.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
