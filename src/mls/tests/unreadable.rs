//! Paths that some members can decrypt and others cannot: SPEC \[G3\].

use openmls::credentials::{BasicCredential, CredentialWithKey};
use openmls::prelude::LeafNodeParameters;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::*;
use tls_codec::SecretVLBytes;

use super::super::leaf;
use super::rogue::{Rogue, infiltrated};
use super::*;

/// What a saboteur does to the slot of its victim.
#[derive(Clone, Copy)]
enum Sabotage {
    Ciphertext,
    Secret,
}

/// RustCrypto, but for what is sealed to one key.
struct Saboteur {
    inner: RustCrypto,
    victim: Vec<u8>,
    sabotage: Sabotage,
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
        let hit = key == self.victim;
        let mut plaintext = plaintext.to_vec();
        if hit && matches!(self.sabotage, Sabotage::Secret) {
            *plaintext.last_mut().unwrap() ^= 1;
        }
        let mut sealed = self.inner.hpke_seal(config, key, info, aad, &plaintext)?;
        if hit && matches!(self.sabotage, Sabotage::Ciphertext) {
            let mut broken = sealed.ciphertext.as_slice().to_vec();
            broken[0] ^= 1;
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

/// Sabotages the slot of leaf 1.
fn saboteur(rogue: &Rogue, sabotage: Sabotage) -> Saboteur {
    let victim = rogue.mls.members().find(|member| member.index.u32() == 1).unwrap();
    Saboteur { inner: RustCrypto::default(), victim: victim.encryption_key, sabotage }
}

#[test]
fn a_broken_slot_is_unreadable_to_its_victim_and_merged_by_the_others() {
    // SPEC [G3]
    for sabotage in [Sabotage::Ciphertext, Sabotage::Secret] {
        let (mut groups, mut rogue) = infiltrated(3);
        let crypto = saboteur(&rogue, sabotage);
        rogue.mls.set_aad(b"note".to_vec());
        let message = rogue.forge_with(&crypto, |b| b.force_self_update(true));
        let before = trace(&groups[1]);
        let fault = groups[1].stage(&message).err();
        assert_eq!(trace(&groups[1]), before);
        groups.remove(1);
        let facts = merge_all(&mut groups, &message);
        assert_eq!((facts.committer, facts.note.as_slice()), (3, &b"note"[..]));
        assert_eq!(fault, Some(StageFault::Unreadable(Box::new(facts))));
        agree(&groups);
    }
}

#[test]
fn a_broken_slot_in_a_commit_that_breaks_a_rule_is_refused_by_its_victim_too() {
    // SPEC [G2]
    let (mut groups, mut rogue) = infiltrated(3);
    let crypto = saboteur(&rogue, Sabotage::Ciphertext);
    let renamed = CredentialWithKey {
        credential: BasicCredential::new(b"host".to_vec()).into(),
        ..leaf::credential(&stay(4))
    };
    let parameters = LeafNodeParameters::builder().with_credential_with_key(renamed).build();
    let message = rogue.forge_with(&crypto, |b| b.leaf_node_parameters(parameters));
    for group in &mut groups {
        let reason = "a path that changes the credential";
        assert_eq!(refusal(group, &message), (reason, Some(3)));
    }
}
