//! Every profile does what the standard one does, and none mixes with another.

use openmls::key_packages::KeyPackage;
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::crypto::OpenMlsCrypto as _;
use tls_codec::Serialize as _;

use super::super::leaf;
use super::super::provider::Provider;
use super::super::signer::LeafSigner;
use super::super::suite::suite_of;
use super::*;

#[test]
fn members_of_every_profile_agree_after_all_that_a_meeting_does() {
    // SPEC [K1]
    for &profile in Profile::ALL {
        let mut groups = meeting_of(profile, 5);
        let plan = CommitPlan { removes: &[2], state: Some(b"state 1"), ..renewing() };
        let built = groups[1].build(&plan).unwrap();
        groups.remove(2);
        merge_all(&mut groups, &built.message);
        let built = groups[2].build(&renaming(b"another name")).unwrap();
        merge_all(&mut groups, &built.message);
        let joiners = [candidate_of(profile, 8), candidate_of(profile, 9)];
        let adds = joiners.each_ref().map(|joiner| joiner.key_package().to_vec());
        let built = groups[3].build(&adding(&adds, &link())).unwrap();
        merge_all(&mut groups, &built.message);
        groups.extend(joiners.iter().map(|joiner| join(joiner, &built)));
        agree(&groups);
        let built = groups[5].build(&renewing()).unwrap();
        merge_all(&mut groups, &built.message);
        agree(&groups);
        let saved = groups[0].save().unwrap();
        groups[0] = Group::load(&entropy(1), profile, &MEETING, &saved).unwrap();
        let built = groups[0].build(&renewing()).unwrap();
        merge_all(&mut groups, &built.message);
        agree(&groups);
        let sizes: Vec<_> =
            groups[0].mls.public_group().treesync().full_leaves().map(|(_, leaf)| leaf).collect();
        let length = if profile == Profile::PostQuantum { 1216 } else { 32 };
        assert!(sizes.iter().all(|leaf| leaf::encryption_key(leaf).unwrap().len() == length));
    }
}

#[test]
fn a_seeded_run_of_every_profile_repeats_byte_for_byte() {
    for &profile in Profile::ALL {
        let run = || {
            let mut groups = meeting_of(profile, 4);
            let built = groups[3].build(&removing(&[1])).unwrap();
            (built.message, groups[0].authenticator())
        };
        assert_eq!(run(), run());
    }
}

#[test]
fn a_key_package_or_a_saved_group_of_another_profile_is_refused() {
    // SPEC [G14]
    for (ours, theirs) in pairs() {
        let package = candidate_of(theirs, 9).key_package().to_vec();
        let inspected = Group::inspect_key_package(ours, &package).err();
        assert!(matches!(inspected, Some(EngineFault::KeyPackage(_))), "{inspected:?}");
        let mut groups = meeting_of(ours, 2);
        let before = trace(&groups[0]);
        assert!(groups[0].build(&adding(&[package], &link())).is_err());
        assert_eq!(trace(&groups[0]), before);
        let saved = groups[0].save().unwrap();
        let loaded = Group::load(&entropy(1), theirs, &MEETING, &saved).err();
        assert_eq!(loaded, Some(EngineFault::Saved("another GroupContext")));
    }
}

#[test]
fn a_welcome_of_another_profile_is_refused() {
    for (ours, theirs) in pairs() {
        let mut groups = meeting_of(theirs, 2);
        let adds = [candidate_of(theirs, 9).key_package().to_vec()];
        let welcome = groups[0].build(&adding(&adds, &link())).unwrap().welcome.unwrap();
        let joiner = candidate_of(ours, 9);
        let opened = tree_secret_of(&joiner, &welcome.welcome, (INVITE, &link())).err();
        assert_eq!(opened, Some(WelcomeFault::Malformed));
    }
}

#[test]
fn a_leaf_that_declares_another_profiles_suite_is_refused() {
    // SPEC [G14]
    for (ours, theirs) in pairs() {
        let (provider, guest) = (Provider::new(&entropy(9), ours), stay(9));
        let package = KeyPackage::builder()
            .key_package_lifetime(leaf::lifetime())
            .leaf_node_capabilities(openmls::prelude::Capabilities::new(
                Some(leaf::capabilities(suite_of(ours)).versions()),
                Some(&[suite_of(ours), suite_of(theirs)]),
                Some(leaf::capabilities(suite_of(ours)).extensions()),
                Some(&[] as &[openmls::prelude::ProposalType]),
                Some(leaf::capabilities(suite_of(ours)).credentials()),
            ))
            .build(
                suite_of(ours),
                &provider,
                &LeafSigner::new(&guest.signing_key),
                leaf::credential(&guest),
            )
            .unwrap()
            .into_key_package();
        let bytes = package.tls_serialize_detached().unwrap();
        let refused = Group::inspect_key_package(ours, &bytes).err();
        assert_eq!(refused, Some(EngineFault::KeyPackage("other capabilities")));
    }
}

#[test]
fn the_primitives_of_a_profile_are_no_other_profiles() {
    for (ours, theirs) in pairs() {
        let provider = Provider::new(&entropy(1), ours);
        assert!(provider.crypto().supports(suite_of(ours)).is_ok());
        assert!(provider.crypto().supports(suite_of(theirs)).is_err());
        assert_eq!(provider.crypto().supported_ciphersuites(), [suite_of(ours)]);
    }
}

/// Every two different profiles.
fn pairs() -> impl Iterator<Item = (Profile, Profile)> {
    Profile::ALL
        .iter()
        .flat_map(|ours| Profile::ALL.iter().map(|theirs| (*ours, *theirs)))
        .filter(|(ours, theirs)| ours != theirs)
}
