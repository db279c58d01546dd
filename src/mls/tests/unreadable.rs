//! Paths that some members can decrypt and others cannot: SPEC \[G3\].

use openmls::credentials::{BasicCredential, CredentialWithKey};
use openmls::extensions::{ApplicationIdExtension, Extension, Extensions};
use openmls::prelude::LeafNodeParameters;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::HashType;

use super::super::leaf;
use super::super::saboteur::{Sabotage, Saboteur};
use super::rogue::{Rogue, infiltrated};
use super::*;

/// Sabotages the slot of leaf 1.
fn saboteur(rogue: &Rogue, sabotage: Sabotage) -> Saboteur<RustCrypto> {
    let victim = rogue.mls.members().find(|member| member.index.u32() == 1).unwrap();
    Saboteur::new(RustCrypto::default(), victim.encryption_key, sabotage)
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
