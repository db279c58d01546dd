//! What the MLS engine runs on: cipher primitives, randomness and a store.
//!
//! The primitives are RustCrypto's, except where randomness is drawn (ours, seeded per operation,
//! because the engine encrypts update paths on several threads) and where signatures are verified.

use std::sync::LazyLock;

use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::random::OpenMlsRand;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
    HpkeKeyPair, KemOutput, SignatureScheme,
};
use tls_codec::SecretVLBytes;

use super::Profile;
use super::store::Store;
use super::suite::{hpke_suite_within, suite_of};
use crate::entropy::{Entropy, NoEntropy};
use crate::hpke::{Unopenable, Unsealable};
use crate::identity::verify_strict;

/// Shared, because nothing of its state is used: only its functions of their arguments.
static PRIMITIVES: LazyLock<RustCrypto> = LazyLock::new(RustCrypto::default);

/// The three things that openmls asks for.
pub(super) struct Provider {
    crypto: Crypto,
    rand: Rand,
    store: Store,
}

impl Provider {
    /// A provider with an empty store.
    pub(super) fn new(entropy: &Entropy, profile: Profile) -> Self {
        Self::with_store(entropy, profile, Store::default())
    }

    /// A provider with this store.
    pub(super) fn with_store(entropy: &Entropy, profile: Profile, store: Store) -> Self {
        Self { crypto: Crypto::new(entropy, profile), rand: Rand(entropy.clone()), store }
    }

    /// The same source of randomness and a copy of the store, to try something on.
    pub(super) fn scratch(&self) -> Self {
        Self { crypto: self.crypto.clone(), rand: self.rand.clone(), store: self.store.duplicate() }
    }

    /// Another source of randomness and a copy of the store.
    #[cfg(test)]
    pub(super) fn reseeded(&self, entropy: &Entropy) -> Self {
        let crypto = Crypto { entropy: entropy.clone(), suite: self.crypto.suite };
        Self { crypto, rand: Rand(entropy.clone()), store: self.store.duplicate() }
    }

    /// The source of randomness.
    pub(super) fn entropy(&self) -> &Entropy {
        &self.rand.0
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = Rand;
    type StorageProvider = Store;

    fn storage(&self) -> &Store {
        &self.store
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Rand {
        &self.rand
    }
}

/// Randomness from the meeting's one source.
#[derive(Clone)]
pub(super) struct Rand(Entropy);

/// [`NoEntropy`] as openmls wants it.
#[derive(Debug, thiserror::Error)]
#[error("no randomness: nothing can be done safely")]
pub(super) struct RandFault;

impl From<NoEntropy> for RandFault {
    fn from(NoEntropy: NoEntropy) -> Self {
        Self
    }
}

impl OpenMlsRand for Rand {
    type Error = RandFault;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], RandFault> {
        Ok(self.0.array()?)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, RandFault> {
        let mut bytes = vec![0; len];
        self.0.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// The primitives of one profile's suite and no other.
#[derive(Clone)]
pub(super) struct Crypto {
    entropy: Entropy,
    suite: Ciphersuite,
}

impl Crypto {
    /// Primitives that draw on `entropy`.
    pub(super) fn new(entropy: &Entropy, profile: Profile) -> Self {
        Self { entropy: entropy.clone(), suite: suite_of(profile) }
    }

    /// The suite.
    pub(super) fn suite(&self) -> Ciphersuite {
        self.suite
    }
}

/// The failures of [`crate::hpke`] as openmls wants them.
fn sealing_fault(fault: Unsealable) -> CryptoError {
    match fault {
        Unsealable::NoEntropy => CryptoError::InsufficientRandomness,
        Unsealable::Inputs => CryptoError::HpkeEncryptionError,
    }
}

impl OpenMlsCrypto for Crypto {
    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> {
        if suite == self.suite { Ok(()) } else { Err(CryptoError::UnsupportedCiphersuite) }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![self.suite]
    }

    fn hkdf_extract(
        &self,
        hash: HashType,
        salt: &[u8],
        ikm: &[u8],
    ) -> Result<SecretVLBytes, CryptoError> {
        PRIMITIVES.hkdf_extract(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], data: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        PRIMITIVES.hmac(hash, key, data)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        PRIMITIVES.hkdf_expand(hash, prk, info, len)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        PRIMITIVES.hash(hash, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        PRIMITIVES.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        sealed: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        PRIMITIVES.aead_decrypt(alg, key, sealed, nonce, aad)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        only_ed25519(alg)?;
        let seed =
            self.entropy.secret().map_err(|NoEntropy| CryptoError::InsufficientRandomness)?;
        let key = ed25519_dalek::SigningKey::from_bytes(seed.expose());
        Ok((key.to_bytes().into(), key.verifying_key().to_bytes().into()))
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        public_key: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        only_ed25519(alg)?;
        let invalid = |_| CryptoError::InvalidSignature;
        let key = public_key.try_into().map_err(invalid)?;
        let signature = signature.try_into().map_err(invalid)?;
        // SPEC [I1]
        if verify_strict(key, data, signature) {
            Ok(())
        } else {
            Err(CryptoError::InvalidSignature)
        }
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        only_ed25519(alg)?;
        PRIMITIVES.sign(alg, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        recipient: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let suite = hpke_suite_within(self.suite, config)?;
        let sealed = suite.seal(&self.entropy, recipient, info, aad, plaintext);
        let (kem_output, ciphertext) = match sealed {
            // Only leaves can be refused for such a key: a member who puts one into a node above
            // its own must not keep the others from sealing paths, and gets noise.
            Err(Unsealable::Inputs) if !suite.is_usable(recipient) => suite
                .noise(&self.entropy, recipient, info, plaintext)
                .map_err(|NoEntropy| CryptoError::InsufficientRandomness)?,
            sealed => sealed.map_err(sealing_fault)?,
        };
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        private_key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (key, ciphertext) = (input.kem_output.as_slice(), input.ciphertext.as_slice());
        match hpke_suite_within(self.suite, config)?.open(private_key, key, info, aad, ciphertext) {
            Ok(mut plaintext) => Ok(core::mem::take(&mut *plaintext)),
            Err(Unopenable) => Err(CryptoError::HpkeDecryptionError),
        }
    }

    // External commits alone ask for the next two, and no member accepts one.
    fn hpke_setup_sender_and_export(
        &self,
        _: HpkeConfig,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        Err(CryptoError::UnsupportedCiphersuite)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        _: HpkeConfig,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        Err(CryptoError::UnsupportedCiphersuite)
    }

    fn derive_hpke_keypair(
        &self,
        config: HpkeConfig,
        ikm: &[u8],
    ) -> Result<HpkeKeyPair, CryptoError> {
        PRIMITIVES.derive_hpke_keypair(config, ikm)
    }
}

fn only_ed25519(alg: SignatureScheme) -> Result<(), CryptoError> {
    match alg {
        SignatureScheme::ED25519 => Ok(()),
        _ => Err(CryptoError::UnsupportedSignatureScheme),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Signer as _;

    use super::*;

    fn verify(key: &[u8], data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let crypto = Crypto::new(&Entropy::seeded([1; 32]), Profile::Standard);
        crypto.verify_signature(SignatureScheme::ED25519, data, key, signature)
    }

    #[test]
    fn a_small_order_key_or_a_non_canonical_signature_is_refused() {
        // SPEC [I1]
        let key = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
        let public = key.verifying_key().to_bytes();
        let good = key.sign(b"data").to_bytes();
        assert!(verify(&public, b"data", &good).is_ok());
        assert!(verify(&public, b"date", &good).is_err());
        assert!(verify(&public, b"data", &good[..63]).is_err());
        // The identity point: everything verifies under it by the cofactored equation.
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(verify(&identity, b"data", &signature).is_err());
        // The scalar plus the group order is the same scalar, encoded twice.
        let order: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let (mut twice, mut carry) = (good, 0);
        for (byte, added) in twice[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(added) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
        assert!(verify(&public, b"data", &twice).is_err());
    }

    #[test]
    fn other_schemes_and_suites_are_refused() {
        let crypto = Crypto::new(&Entropy::seeded([1; 32]), Profile::Standard);
        let other = SignatureScheme::ECDSA_SECP256R1_SHA256;
        assert!(crypto.signature_key_gen(other).is_err());
        assert!(crypto.verify_signature(other, b"", b"", b"").is_err());
        assert!(crypto.sign(other, b"", &[1; 32]).is_err());
        let suite = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
        assert!(crypto.supports(suite).is_err());
        assert!(crypto.hpke_seal(suite.hpke_config(), &[9; 32], b"", b"", b"").is_err());
        let (private, public) = crypto.signature_key_gen(SignatureScheme::ED25519).unwrap();
        let signature = crypto.sign(SignatureScheme::ED25519, b"data", &private).unwrap();
        assert!(verify(&public, b"data", &signature).is_ok());
    }

    #[test]
    fn hpke_agrees_with_the_engines_own_provider_in_every_profile() {
        for &profile in Profile::ALL {
            let crypto = Crypto::new(&Entropy::seeded([1; 32]), profile);
            let config = crypto.suite().hpke_config();
            let pair = || crypto.derive_hpke_keypair(crypto.suite().hpke_config(), &[7; 32]);
            let (keys, again) = (pair().unwrap(), pair().unwrap());
            assert_eq!(keys.public, again.public);
            let ours = crypto.hpke_seal(config, &keys.public, b"info", b"aad", b"text").unwrap();
            let config = || crypto.suite().hpke_config();
            let opened = PRIMITIVES.hpke_open(config(), &ours, &keys.private, b"info", b"aad");
            assert_eq!(opened.unwrap(), b"text");
            let theirs = PRIMITIVES.hpke_seal(config(), &keys.public, b"info", b"aad", b"text");
            let theirs = theirs.unwrap();
            let opened = crypto.hpke_open(config(), &theirs, &keys.private, b"info", b"aad");
            assert_eq!(opened.unwrap(), b"text");
            assert!(crypto.hpke_open(config(), &theirs, &keys.private, b"", b"aad").is_err());
        }
    }
}
