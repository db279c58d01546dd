//! Paths that some members can decrypt and others cannot: SPEC \[G3\].

use std::sync::atomic::{AtomicUsize, Ordering};

use openmls::credentials::{BasicCredential, CredentialWithKey};
use openmls::extensions::{ApplicationIdExtension, Extension, Extensions};
use openmls::prelude::LeafNodeParameters;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::*;
use tls_codec::SecretVLBytes;

use super::super::leaf;
use super::rogue::{Rogue, infiltrated};
use super::*;

/// What a saboteur does: to the slot of its victim, or to the first node above its own leaf.
#[derive(Clone, Copy)]
enum Sabotage {
    Ciphertext,
    Secret,
    NodeKey,
}

/// RustCrypto, but for what is sealed to one key, or for the first key pair derived.
struct Saboteur {
    inner: RustCrypto,
    victim: Vec<u8>,
    sabotage: Sabotage,
    derived: AtomicUsize,
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

    fn derive_hpke_keypair(&self, c: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let mut pair = self.inner.derive_hpke_keypair(c, ikm)?;
        let first = self.derived.fetch_add(1, Ordering::SeqCst) == 0;
        if first && matches!(self.sabotage, Sabotage::NodeKey) {
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

/// Sabotages the slot of leaf 1.
fn saboteur(rogue: &Rogue, sabotage: Sabotage) -> Saboteur {
    let victim = rogue.mls.members().find(|member| member.index.u32() == 1).unwrap();
    Saboteur {
        inner: RustCrypto::default(),
        victim: victim.encryption_key,
        sabotage,
        derived: AtomicUsize::new(0),
    }
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
fn an_unreadable_rename_is_told_to_its_victim_too() {
    // SPEC [G3], [G21]
    let (mut groups, mut rogue) = infiltrated(3);
    let crypto = saboteur(&rogue, Sabotage::Ciphertext);
    let renamed = CredentialWithKey {
        credential: BasicCredential::new(b"renamed".to_vec()).into(),
        ..leaf::credential(&stay(4))
    };
    let parameters = LeafNodeParameters::builder().with_credential_with_key(renamed).build();
    let message = rogue.forge_with(&crypto, |b| b.leaf_node_parameters(parameters));
    let fault = groups[1].stage(&message).err();
    groups.remove(1);
    let facts = merge_all(&mut groups, &message);
    assert_eq!(facts.renamed.as_deref(), Some(&b"renamed"[..]));
    assert_eq!(fault, Some(StageFault::Unreadable(Box::new(facts))));
}

#[test]
fn a_broken_slot_in_a_commit_that_breaks_a_rule_is_refused_by_its_victim_too() {
    // SPEC [G2]
    let (mut groups, mut rogue) = infiltrated(3);
    let crypto = saboteur(&rogue, Sabotage::Ciphertext);
    let extension = Extension::ApplicationId(ApplicationIdExtension::new(b"id"));
    let extensions = Extensions::single(extension).unwrap();
    let parameters = LeafNodeParameters::builder().with_extensions(extensions).build();
    let message = rogue.forge_with(&crypto, |b| b.leaf_node_parameters(parameters));
    for group in &mut groups {
        let reason = "a path that changes the extensions";
        assert_eq!(refusal(group, &message), (reason, Some(3)));
    }
}

#[test]
fn a_poisoned_node_keeps_nobody_from_removing() {
    // SPEC [G10]
    let (mut groups, mut rogue) = infiltrated(5);
    let crypto = saboteur(&rogue, Sabotage::NodeKey);
    // On one thread, so that the first key pair is that of the lowest node.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let bad = pool.install(|| rogue.forge_with(&crypto, |commit| commit.force_self_update(true)));
    // The accomplice at leaf 4 would notice; the others cannot.
    for group in groups.iter_mut().take(4) {
        let (staged, _) = group.stage(&bad).unwrap();
        group.merge(staged).unwrap();
    }
    let removal = groups[0].build(&removing(&[2])).unwrap().message;
    let (staged, facts) = groups[1].stage(&removal).unwrap();
    assert_eq!(facts.removes, [2]);
    groups[1].merge(staged).unwrap();
}

/// Recomputes the membership tag of `message` after its confirmation tag was flipped, with the
/// membership key that any member holds (found in the record of message secrets).
fn restamped(member: &Group, message: &[u8]) -> Vec<u8> {
    use openmls_traits::OpenMlsProvider as _;
    use tls_codec::Serialize as _;
    let crypto = RustCrypto::default();
    let context = member.mls.public_group().group_context().tls_serialize_detached().unwrap();
    let tbm = |message: &[u8]| {
        let end = message.len();
        [&message[..end - 132], &context, &message[end - 132..end - 33]].concat()
    };
    let mac = |key: &[u8], message: &[u8]| {
        crypto.hmac(HashType::Sha2_256, key, &tbm(message)).unwrap().as_slice().to_vec()
    };
    let records = member.provider.storage().records();
    let key = records
        .iter()
        .flat_map(|record| record.windows(32))
        .find(|key| mac(key, message) == message[message.len() - 32..])
        .expect("the membership key");
    let mut other = message.to_vec();
    let at = other.len() - 34;
    other[at] ^= 1;
    let tag = mac(key, &other);
    let at = other.len() - 32;
    other[at..].copy_from_slice(&tag);
    other
}

#[test]
fn ones_own_commit_with_other_tags_is_refused_by_its_author_too() {
    // SPEC [G2], [G3]
    let mut groups = meeting(3);
    let built = groups[0].build(&removing(&[2])).unwrap();
    let forged = restamped(&groups[1], &built.message);
    for group in groups.iter_mut().take(2) {
        assert_eq!(refusal(group, &forged), ("the confirmation tag", Some(0)));
    }
    // The genuine one still counts.
    for group in groups.iter_mut().take(2) {
        let (staged, _) = group.stage(&built.message).unwrap();
        group.merge(staged).unwrap();
    }
    assert_eq!(groups[0].authenticator(), groups[1].authenticator());
}
