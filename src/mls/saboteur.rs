//! The primitives of a member that spoils a path for one other member.

use core::sync::atomic::{AtomicUsize, Ordering};

use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
    HpkeKeyPair, KemOutput, SignatureScheme,
};
use tls_codec::SecretVLBytes;

/// What it does: to the slot of its victim, or to the first node above its own leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "tests of this crate use what the feature does not")]
pub(super) enum Sabotage {
    /// The victim's ciphertext does not open.
    Ciphertext,
    /// It opens to another secret.
    Secret,
    /// The first key pair that is derived has a public key of zeros.
    NodeKey,
}

/// Primitives, but for what is sealed to one key, or for the first key pair that is derived.
pub(super) struct Saboteur<C> {
    inner: C,
    victim: Vec<u8>,
    sabotage: Sabotage,
    derived: AtomicUsize,
}

impl<C: OpenMlsCrypto> Saboteur<C> {
    /// `victim` is an HPKE public key.
    pub(super) fn new(inner: C, victim: Vec<u8>, sabotage: Sabotage) -> Self {
        Self { inner, victim, sabotage, derived: AtomicUsize::new(0) }
    }
}

macro_rules! delegate {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {$(
        fn $name(&self, $($arg: $type),*) -> Result<$result, CryptoError> {
            self.inner.$name($($arg),*)
        }
    )*};
}

impl<C: OpenMlsCrypto> OpenMlsCrypto for Saboteur<C> {
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
        let hit = key == self.victim;
        let mut plaintext = plaintext.to_vec();
        if let (Some(last), true) = (plaintext.last_mut(), hit && self.sabotage == Sabotage::Secret)
        {
            *last ^= 1;
        }
        let mut sealed = self.inner.hpke_seal(config, key, info, aad, &plaintext)?;
        if hit && self.sabotage == Sabotage::Ciphertext {
            let mut broken = sealed.ciphertext.as_slice().to_vec();
            broken.iter_mut().take(1).for_each(|byte| *byte ^= 1);
            sealed.ciphertext = broken.into();
        }
        Ok(sealed)
    }

    fn derive_hpke_keypair(&self, c: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let mut pair = self.inner.derive_hpke_keypair(c, ikm)?;
        let first = self.derived.fetch_add(1, Ordering::SeqCst) == 0;
        if first && self.sabotage == Sabotage::NodeKey {
            pair.public = vec![0; 32];
        }
        Ok(pair)
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
    }
}
