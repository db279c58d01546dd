//! The primitives of a member that seals noise to one other member.

use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
    HpkeKeyPair, KemOutput, SignatureScheme,
};
use tls_codec::SecretVLBytes;

use super::provider::Crypto;

/// [`Crypto`], but for what is sealed to one key.
pub(super) struct Saboteur {
    inner: Crypto,
    victim: Vec<u8>,
}

impl Saboteur {
    /// Spoils what is sealed to `victim`, an HPKE public key.
    pub(super) fn new(inner: Crypto, victim: Vec<u8>) -> Self {
        Self { inner, victim }
    }
}

macro_rules! delegate {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {$(
        fn $name(&self, $($arg: $type),*) -> Result<$result, CryptoError> {
            self.inner.$name($($arg),*)
        }
    )*};
}

impl OpenMlsCrypto for Saboteur {
    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.inner.supported_ciphersuites()
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let mut sealed = self.inner.hpke_seal(config, key, info, aad, plaintext)?;
        if key == self.victim {
            let mut broken = sealed.ciphertext.as_slice().to_vec();
            broken.iter_mut().take(1).for_each(|byte| *byte ^= 1);
            sealed.ciphertext = broken.into();
        }
        Ok(sealed)
    }

    delegate! {
        fn supports(suite: Ciphersuite) -> ();
        fn hkdf_extract(hash: HashType, salt: &[u8], ikm: &[u8]) -> SecretVLBytes;
        fn hmac(hash: HashType, key: &[u8], data: &[u8]) -> SecretVLBytes;
        fn hkdf_expand(hash: HashType, prk: &[u8], info: &[u8], len: usize) -> SecretVLBytes;
        fn hash(hash: HashType, data: &[u8]) -> Vec<u8>;
        fn aead_encrypt(a: AeadType, k: &[u8], d: &[u8], n: &[u8], aad: &[u8]) -> Vec<u8>;
        fn aead_decrypt(a: AeadType, k: &[u8], d: &[u8], n: &[u8], aad: &[u8]) -> Vec<u8>;
        fn signature_key_gen(alg: SignatureScheme) -> (Vec<u8>, Vec<u8>);
        fn verify_signature(alg: SignatureScheme, data: &[u8], pk: &[u8], sig: &[u8]) -> ();
        fn sign(alg: SignatureScheme, data: &[u8], key: &[u8]) -> Vec<u8>;
        fn hpke_open(c: HpkeConfig, i: &HpkeCiphertext, sk: &[u8], n: &[u8], a: &[u8]) -> Vec<u8>;
        fn hpke_setup_sender_and_export(
            c: HpkeConfig, pk: &[u8], info: &[u8], context: &[u8], len: usize
        ) -> (KemOutput, ExporterSecret);
        fn hpke_setup_receiver_and_export(
            c: HpkeConfig, enc: &[u8], sk: &[u8], info: &[u8], context: &[u8], len: usize
        ) -> ExporterSecret;
        fn derive_hpke_keypair(c: HpkeConfig, ikm: &[u8]) -> HpkeKeyPair;
    }
}
