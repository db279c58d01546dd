//! The one place of the frame path that names cryptographic libraries: aws-lc-rs where it can be
//! built, RustCrypto elsewhere. The target chooses and nothing else; a test build has both.

#[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
mod aws_lc;
#[cfg(any(test, feature = "testing"))]
mod choice;
#[cfg(any(test, feature = "testing", target_family = "wasm", incamera_rustcrypto))]
mod rust_crypto;

use hkdf::{Hkdf, InvalidLength};
use sha2::{Sha256, Sha512};
use zeroize::Zeroize;

use crate::secret::Secret;

#[cfg(any(test, feature = "testing"))]
pub use choice::RustCrypto;

/// The greatest output of a hash in bytes.
pub(super) const MAX_HASH_LEN: usize = Hash::Sha512.len();

/// The library refused: a length it does not take, a tag that does not verify, a nonce that must
/// not come again, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// The library that does the work. A product has one, so that no frame costs a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// aws-lc, through aws-lc-rs.
    #[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
    AwsLc,
    /// The crates of the RustCrypto project.
    #[cfg(any(test, feature = "testing", target_family = "wasm", incamera_rustcrypto))]
    RustCrypto,
}

impl Backend {
    /// All that this build has.
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        #[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
        Self::AwsLc,
        Self::RustCrypto,
    ];

    /// The target's.
    #[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
    pub(super) const DEFAULT: Self = Self::AwsLc;
    /// The target's.
    #[cfg(any(target_family = "wasm", incamera_rustcrypto))]
    pub(super) const DEFAULT: Self = Self::RustCrypto;

    /// What a new keyring uses: the target's, unless a test has asked for another.
    #[cfg(not(any(test, feature = "testing")))]
    pub(crate) fn of_new_keyrings() -> Self {
        Self::DEFAULT
    }

    /// What a new keyring uses: the target's, unless a test has asked for another.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn of_new_keyrings() -> Self {
        choice::chosen()
    }
}

/// A nonce of 12 bytes, as the upper 96 bits of a number. It is laid out in bytes where it is handed
/// to the library and nowhere before: copied in memory, it would keep a short frame waiting for the
/// store buffer, a twentieth of its time. No `Debug`: a salt is kept as one.
#[derive(Clone, Copy)]
pub(super) struct Nonce(u128);

impl Nonce {
    /// The nonce that is `bytes`.
    #[inline(always)]
    pub(super) fn new(bytes: [u8; 12]) -> Self {
        let number = bytes.iter().fold(0, |number, &byte| number << 8 | u128::from(byte));
        Self(number << 32)
    }

    /// RFC 9605 §4.4.3: this one with the counter laid over its last 8 bytes.
    #[inline(always)]
    pub(super) fn with(self, ctr: u64) -> Self {
        Self(self.0 ^ u128::from(ctr) << 32)
    }

    /// Its bytes.
    #[inline(always)]
    pub(super) fn bytes(self) -> [u8; 12] {
        let [nonce @ .., _, _, _, _] = self.0.to_be_bytes();
        nonce
    }

    /// RFC 9605 §4.5.1: its bytes, then a block counter of 32 bits that starts at zero.
    pub(super) fn initial_block(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl Zeroize for Nonce {
    fn zeroize(&mut self) {
        self.0.zeroize();
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
    pub(super) const fn key_len(self) -> usize {
        match self {
            Self::Bits128 => 16,
            Self::Bits256 => 32,
        }
    }
}

/// An AEAD with nonces of 12 bytes and tags of 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// AES-GCM.
    Gcm(Aes),
    /// ChaCha20-Poly1305, with a key of 32 bytes.
    ChaCha20Poly1305,
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
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// Types of the two libraries under one name.
macro_rules! either {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub(super) enum $name {
            #[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
            AwsLc(aws_lc::$name),
            #[cfg(any(test, feature = "testing", target_family = "wasm", incamera_rustcrypto))]
            RustCrypto(rust_crypto::$name),
        }
    )*};
}

/// Sets a type of one library up.
macro_rules! set_up {
    ($backend:expr, $library:ident => $made:expr) => {
        match $backend {
            #[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
            Backend::AwsLc => {
                use aws_lc as $library;
                Self::AwsLc($made)
            }
            #[cfg(any(test, feature = "testing", target_family = "wasm", incamera_rustcrypto))]
            Backend::RustCrypto => {
                use rust_crypto as $library;
                Self::RustCrypto($made)
            }
        }
    };
}

/// Calls whichever it is.
macro_rules! call {
    ($of:expr, $it:ident => $done:expr) => {
        match $of {
            #[cfg(not(any(target_family = "wasm", incamera_rustcrypto)))]
            Self::AwsLc($it) => $done,
            #[cfg(any(test, feature = "testing", target_family = "wasm", incamera_rustcrypto))]
            Self::RustCrypto($it) => $done,
        }
    };
}

either! {
    /// An AEAD under one key.
    Aead;
    /// AES in counter mode under one key.
    Ctr;
    /// HMAC under one key.
    Mac;
}

impl Aead {
    /// Sets the key up, once for all its frames.
    pub(super) fn new(backend: Backend, of: Algorithm, key: &[u8]) -> Result<Self, Refused> {
        Ok(set_up!(backend, library => library::Aead::new(of, key)?))
    }

    /// Verifies `tag` and decrypts `ciphertext` into `out` of the same length. Refused, `out` is
    /// all zeros, or as it was if a length is wrong.
    #[inline(always)]
    pub(super) fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        call!(self, it => it.open(nonce, aad, ciphertext, tag, out))
    }

    /// Encrypts `text` into `out` of the same length, and writes the tag into `tag`, of 16 bytes.
    /// No nonce may come twice: the libraries count nothing.
    #[inline(always)]
    pub(super) fn seal(
        &self,
        nonce: Nonce,
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), Refused> {
        call!(self, it => it.seal(nonce, aad, text, out, tag))
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
        call!(self, it => it.seal_in_place(nonce, aad, text, tag))
    }
}

impl Ctr {
    /// Sets the key up, once for all its frames.
    pub(super) fn new(backend: Backend, aes: Aes, key: &[u8]) -> Result<Self, Refused> {
        Ok(set_up!(backend, library => library::Ctr::new(aes, key)?))
    }

    /// Encrypts or decrypts `text` into `out` of the same length, from the block `initial` on.
    pub(super) fn apply(
        &self,
        initial: [u8; 16],
        text: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        call!(self, it => it.apply(initial, text, out))
    }

    /// As [`Self::apply`], in place.
    pub(super) fn apply_in_place(&self, initial: [u8; 16], text: &mut [u8]) -> Result<(), Refused> {
        call!(self, it => it.apply_in_place(initial, text))
    }
}

impl Mac {
    /// Sets the key up, once for all its frames.
    pub(super) fn new(backend: Backend, hash: Hash, key: &[u8]) -> Result<Self, Refused> {
        Ok(set_up!(backend, library => library::Mac::new(hash, key)?))
    }

    /// The whole code over `parts`, one after another, handed to `then`.
    pub(super) fn code<R>(&self, parts: &[&[u8]], then: impl FnOnce(&[u8]) -> R) -> R {
        call!(self, it => it.code(parts, then))
    }
}

/// Zeros, also if nobody reads them. Byte by byte, as `zeroize` writes them, a forged frame would
/// cost more than a genuine one.
pub(super) fn clear(out: &mut [u8]) {
    out.fill(0);
    core::hint::black_box(out);
}

/// For libraries that work in place.
fn copy(from: &[u8], to: &mut [u8]) -> Result<(), Refused> {
    if from.len() != to.len() {
        return Err(Refused);
    }
    to.copy_from_slice(from);
    Ok(())
}

/// HKDF-Extract over `secret` with an empty salt: as many bytes of it as the hash gives, then zeros.
pub(super) fn extract(hash: Hash, secret: &[u8]) -> Secret<MAX_HASH_LEN> {
    fn put(from: &mut [u8], to: &mut [u8]) {
        to.iter_mut().zip(&*from).for_each(|(to, byte)| *to = *byte);
        from.zeroize();
    }
    Secret::filled(|extracted| match hash {
        Hash::Sha256 => put(&mut Hkdf::<Sha256>::extract(None, secret).0, extracted),
        Hash::Sha512 => put(&mut Hkdf::<Sha512>::extract(None, secret).0, extracted),
    })
}

/// Fills each of `outputs` by HKDF-Expand over what [`extract`] gave, with the parts of its label, one
/// after another. RustCrypto's, whatever the target: it takes half the time of aws-lc-rs's, and
/// leaves no copy of the secret on the heap.
pub(super) fn expand<const N: usize>(
    hash: Hash,
    extracted: &[u8; MAX_HASH_LEN],
    outputs: [(&[&[u8]], &mut [u8]); N],
) -> Result<(), Refused> {
    fn fill<const N: usize>(
        outputs: [(&[&[u8]], &mut [u8]); N],
        expand: impl Fn(&[&[u8]], &mut [u8]) -> Result<(), InvalidLength>,
    ) -> Result<(), Refused> {
        outputs.into_iter().try_for_each(|(label, out)| expand(label, out)).map_err(|_| Refused)
    }
    let extracted = extracted.get(..hash.len()).ok_or(Refused)?;
    match hash {
        Hash::Sha256 => {
            let key = Hkdf::<Sha256>::from_prk(extracted).map_err(|_| Refused)?;
            fill(outputs, |label, out| key.expand_multi_info(label, out))
        }
        Hash::Sha512 => {
            let key = Hkdf::<Sha512>::from_prk(extracted).map_err(|_| Refused)?;
            fill(outputs, |label, out| key.expand_multi_info(label, out))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_that_is_wiped_is_zero() {
        let mut salt = Nonce::new([7; 12]);
        salt.zeroize();
        assert_eq!(salt.initial_block(), [0; 16]);
    }
}
