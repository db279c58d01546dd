//! The cipher suites of the IANA registry "SFrame Cipher Suites", and one of private use.

use super::backend::{Aes, Algorithm, Hash};

/// A cipher suite: RFC 9605 §4.5 (0x0001 to 0x0005) and draft-barnes-sframe-iana-256 (0x0006 to
/// 0x0008), and one of our own from the registry's range for private use (0xF000 to 0xFFFF). Only
/// 0x0004 belongs to a profile that this crate has; no profile will use a tag of 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "profile Standard uses one suite of nine"))]
pub(crate) enum Suite {
    /// AES-128-CTR with HMAC-SHA256 cut to 10 bytes.
    AesCtr128HmacSha256_80 = 0x0001,
    /// AES-128-CTR with HMAC-SHA256 cut to 8 bytes.
    AesCtr128HmacSha256_64 = 0x0002,
    /// AES-128-CTR with HMAC-SHA256 cut to 4 bytes.
    AesCtr128HmacSha256_32 = 0x0003,
    /// AES-128-GCM, keys by HKDF-SHA256.
    AesGcm128Sha256_128 = 0x0004,
    /// AES-256-GCM, keys by HKDF-SHA512.
    AesGcm256Sha512_128 = 0x0005,
    /// AES-256-CTR with HMAC-SHA512 cut to 10 bytes.
    AesCtr256HmacSha512_80 = 0x0006,
    /// AES-256-CTR with HMAC-SHA512 cut to 8 bytes.
    AesCtr256HmacSha512_64 = 0x0007,
    /// AES-256-CTR with HMAC-SHA512 cut to 4 bytes.
    AesCtr256HmacSha512_32 = 0x0008,
    /// ChaCha20-Poly1305 (RFC 8439), keys by HKDF-SHA256: Nk 32, Nn 12, Nt 16. Private use, reserved
    /// for profile Portable (SPEC section 5.1), which is not there yet: no meeting uses it.
    ChaCha20Poly1305Sha256_128 = 0xf001,
}

/// How a suite encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Construction {
    /// An AEAD, used as RFC 9605 §4.5.2 uses AES-GCM.
    Aead(Algorithm),
    /// AES-CTR, then HMAC over the ciphertext (RFC 9605 §4.5.1).
    CtrHmac(Aes),
}

impl Suite {
    /// The length of the nonce (Nn) in bytes, the same in every suite.
    pub(crate) const NONCE_LEN: usize = 12;

    /// The greatest length of a key in bytes.
    pub(super) const MAX_KEY_LEN: usize = Aes::Bits256.key_len() + Hash::Sha512.len();

    /// The suite with this number, if it is one that a profile has.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn of_profiles(id: u16) -> Option<Self> {
        let suites = [
            Self::AesGcm128Sha256_128,
            Self::ChaCha20Poly1305Sha256_128,
            Self::AesGcm256Sha512_128,
            Self::AesCtr128HmacSha256_80,
            Self::AesCtr256HmacSha512_80,
        ];
        suites.into_iter().find(|suite| suite.id() == id)
    }

    /// The number that goes into the labels of key derivation.
    pub(crate) fn id(self) -> u16 {
        self as u16
    }

    /// The length of the key (Nk) in bytes, and of a base key that an MLS exporter gives.
    pub(crate) fn key_len(self) -> usize {
        match self.construction() {
            Construction::Aead(Algorithm::Gcm(aes)) => aes.key_len(),
            Construction::Aead(Algorithm::ChaCha20Poly1305) => 32,
            Construction::CtrHmac(aes) => aes.key_len() + self.hash().len(),
        }
    }

    /// The length of the tag (Nt) in bytes.
    pub(crate) fn tag_len(self) -> usize {
        match self {
            Self::AesGcm128Sha256_128
            | Self::AesGcm256Sha512_128
            | Self::ChaCha20Poly1305Sha256_128 => 16,
            Self::AesCtr128HmacSha256_80 | Self::AesCtr256HmacSha512_80 => 10,
            Self::AesCtr128HmacSha256_64 | Self::AesCtr256HmacSha512_64 => 8,
            Self::AesCtr128HmacSha256_32 | Self::AesCtr256HmacSha512_32 => 4,
        }
    }

    /// The hash of key derivation and of HMAC tags; its length is Nh.
    pub(super) fn hash(self) -> Hash {
        match self {
            Self::AesCtr128HmacSha256_80
            | Self::AesCtr128HmacSha256_64
            | Self::AesCtr128HmacSha256_32
            | Self::AesGcm128Sha256_128
            | Self::ChaCha20Poly1305Sha256_128 => Hash::Sha256,
            Self::AesGcm256Sha512_128
            | Self::AesCtr256HmacSha512_80
            | Self::AesCtr256HmacSha512_64
            | Self::AesCtr256HmacSha512_32 => Hash::Sha512,
        }
    }

    /// How this suite encrypts.
    pub(super) fn construction(self) -> Construction {
        match self {
            Self::AesGcm128Sha256_128 => Construction::Aead(Algorithm::Gcm(Aes::Bits128)),
            Self::AesGcm256Sha512_128 => Construction::Aead(Algorithm::Gcm(Aes::Bits256)),
            Self::AesCtr128HmacSha256_80
            | Self::AesCtr128HmacSha256_64
            | Self::AesCtr128HmacSha256_32 => Construction::CtrHmac(Aes::Bits128),
            Self::AesCtr256HmacSha512_80
            | Self::AesCtr256HmacSha512_64
            | Self::AesCtr256HmacSha512_32 => Construction::CtrHmac(Aes::Bits256),
            Self::ChaCha20Poly1305Sha256_128 => Construction::Aead(Algorithm::ChaCha20Poly1305),
        }
    }
}
