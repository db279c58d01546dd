//! A member puts another credential into its own leaf (SPEC \[G21\]).

use super::super::leaf;
use super::rogue::infiltrated;
use super::*;

/// The credential at `leaf` as each of `groups` sees it: one for all.
fn credential_at(groups: &[Group], leaf: u32) -> Vec<u8> {
    let seen = |group: &Group| {
        let found = group.leaves().into_iter().find(|found| found.index == leaf);
        found.unwrap().credential.to_vec()
    };
    assert!(groups.iter().all(|group| seen(group) == seen(&groups[0])));
    seen(&groups[0])
}

#[test]
fn a_rename_is_a_fact_at_every_member_and_changes_nothing_else() {
    // SPEC [G5], [G21]
    let mut groups = meeting(3);
    let before: Vec<_> =
        groups[0].leaves().iter().map(|leaf| (leaf.index, leaf.signature_key)).collect();
    let built = groups[1].build(&renaming(b"renamed")).unwrap();
    assert!(built.welcome.is_none());
    assert_eq!(credential_at(&groups, 1), stay(2).credential);
    let facts = merge_all(&mut groups, &built.message);
    assert_eq!((facts.committer, facts.path), (1, true));
    assert_eq!(facts.renamed.as_deref(), Some(&b"renamed"[..]));
    assert_eq!((facts.adds.len(), facts.removes.len(), facts.state, facts.psk), (0, 0, None, None));
    let credentials = [stay(1).credential, b"renamed".to_vec(), stay(3).credential];
    let expected = before.into_iter().zip(&credentials);
    let expected = expected.map(|((index, signature_key), credential)| Leaf {
        index,
        credential,
        signature_key,
    });
    assert_eq!(groups[0].leaves(), expected.collect::<Vec<_>>());
    agree(&groups);
}

#[test]
fn a_renamed_member_keeps_its_name_in_all_later_commits_and_for_joiners() {
    // SPEC [G21]
    let mut groups = meeting(3);
    let rename = groups[1].build(&renaming(b"renamed")).unwrap().message;
    merge_all(&mut groups, &rename);
    // A path of its own, one with a new state, and one of another member.
    let own = groups[1].build(&renewing()).unwrap().message;
    assert_eq!(merge_all(&mut groups, &own).renamed, None);
    let state = groups[1].build(&CommitPlan { state: Some(b"state 1"), ..renewing() }).unwrap();
    assert_eq!(merge_all(&mut groups, &state.message).renamed, None);
    let other = groups[0].build(&renewing()).unwrap().message;
    assert_eq!(merge_all(&mut groups, &other).renamed, None);
    assert_eq!(credential_at(&groups, 1), b"renamed");
    // It adds; whoever joins sees the new name, and a later path still keeps it.
    let joiner = candidate(9);
    let adds = [joiner.key_package().to_vec()];
    let built = groups[1].build(&adding(&adds, &link())).unwrap();
    merge_all(&mut groups, &built.message);
    groups.push(join(&joiner, &built));
    let own = groups[1].build(&renewing()).unwrap().message;
    assert_eq!(merge_all(&mut groups, &own).renamed, None);
    assert_eq!(credential_at(&groups, 1), b"renamed");
    // Names may change again, and back.
    for name in [&b"again"[..], &stay(2).credential] {
        let rename = groups[1].build(&renaming(name)).unwrap().message;
        assert_eq!(merge_all(&mut groups, &rename).renamed.as_deref(), Some(name));
        assert_eq!(credential_at(&groups, 1), name);
    }
    agree(&groups);
}

#[test]
fn a_joiner_renames_itself_at_once() {
    let mut groups = meeting(2);
    let joiner = candidate(9);
    let adds = [joiner.key_package().to_vec()];
    let built = groups[0].build(&adding(&adds, &link())).unwrap();
    merge_all(&mut groups, &built.message);
    groups.push(join(&joiner, &built));
    let rename = groups[2].build(&renaming(b"renamed")).unwrap().message;
    let facts = merge_all(&mut groups, &rename);
    assert_eq!((facts.committer, facts.renamed.as_deref()), (2, Some(&b"renamed"[..])));
    agree(&groups);
}

#[test]
fn a_rename_to_the_same_credential_is_none() {
    // SPEC [G21]
    let mut groups = meeting(2);
    let same = stay(2).credential;
    let built = groups[1].build(&renaming(&same)).unwrap();
    let facts = merge_all(&mut groups, &built.message);
    assert_eq!((facts.path, facts.renamed), (true, None));
}

#[test]
fn a_rename_that_loses_its_epoch_leaves_the_old_name() {
    // SPEC [G1]
    let mut groups = meeting(2);
    let lost = groups[1].build(&renaming(b"renamed")).unwrap().message;
    let won = groups[0].build(&renewing()).unwrap().message;
    merge_all(&mut groups, &won);
    assert!(groups.iter_mut().all(|group| group.stage(&lost).is_err()));
    let own = groups[1].build(&renewing()).unwrap().message;
    assert_eq!(merge_all(&mut groups, &own).renamed, None);
    assert_eq!(credential_at(&groups, 1), stay(2).credential);
    agree(&groups);
}

#[test]
fn a_rename_beside_other_proposals_is_told_in_full() {
    // SPEC [G21]: that nothing may go with it is the caller's to judge, who needs all of it.
    let mut groups = meeting(3);
    let plan = CommitPlan { rename: Some(b"renamed"), state: Some(b"state 1"), ..removing(&[2]) };
    let built = groups[1].build(&plan).unwrap();
    groups.remove(2);
    let facts = merge_all(&mut groups, &built.message);
    assert_eq!(facts.renamed.as_deref(), Some(&b"renamed"[..]));
    assert_eq!((facts.removes.as_slice(), facts.state.is_some()), (&[2][..], true));
}

#[test]
fn a_strangers_rename_is_seen_as_well() {
    // SPEC [G21]: whoever runs another program cannot change its name unseen.
    use openmls::credentials::{BasicCredential, CredentialWithKey};
    use openmls::prelude::LeafNodeParameters;
    let (mut groups, mut rogue) = infiltrated(2);
    let renamed = CredentialWithKey {
        credential: BasicCredential::new(b"host".to_vec()).into(),
        ..leaf::credential(&stay(3))
    };
    let parameters = LeafNodeParameters::builder().with_credential_with_key(renamed).build();
    let message = rogue.forge(|b| b.leaf_node_parameters(parameters));
    let facts = merge_all(&mut groups, &message);
    assert_eq!((facts.committer, facts.renamed.as_deref()), (2, Some(&b"host"[..])));
}
