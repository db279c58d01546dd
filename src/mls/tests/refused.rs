//! Commits that openmls would merge and that nobody may make.

use openmls::credentials::{Credential, CredentialType, CredentialWithKey};
use openmls::extensions::{
    ApplicationIdExtension, Extension, ExtensionType, Extensions, LastResortExtension,
    RequiredCapabilitiesExtension, UnknownExtension,
};
use openmls::group::GroupContext;
use openmls::key_packages::{KeyPackageBuilder, Lifetime};
use openmls::prelude::{Capabilities, LeafNodeIndex, LeafNodeParameters};
use openmls::schedule::PreSharedKeyId;
use openmls::schedule::psk::ResumptionPskUsage;
use tls_codec::Serialize as _;

use super::super::leaf::{self, STATE as STATE_ID};
use super::rogue::{infiltrated, proper, proper_psk, psk, stranger};
use super::*;

/// Both honest members refuse it for the same reason, and know whose it is.
fn refused_by_all(groups: &mut [Group], message: &[u8]) -> &'static str {
    let committer = Some(groups.len() as u32);
    let reasons: Vec<_> = groups.iter_mut().map(|group| refusal(group, message)).collect();
    assert!(reasons.iter().all(|reason| *reason == (reasons[0].0, committer)), "{reasons:?}");
    reasons[0].0
}

#[test]
fn what_the_rogue_does_by_the_rules_is_accepted() {
    let (mut groups, mut rogue) = infiltrated(2);
    let joiner = stranger(9, proper());
    let message = rogue.forge(|b| {
        b.force_self_update(true)
            .propose_adds([joiner])
            .propose_removals([LeafNodeIndex::new(1)])
            .add_proposal(proper_psk())
    });
    let (_, facts) = groups[0].stage(&message).unwrap();
    assert_eq!((facts.committer, facts.psk, facts.removes), (2, Some(INVITE), vec![1]));
    let message = rogue.forge(|b| b.force_self_update(true));
    merge_all(&mut groups, &message);
}

#[test]
fn an_add_without_a_psk_or_a_psk_without_an_add_is_refused() {
    // SPEC [G7]
    let (mut groups, mut rogue) = infiltrated(2);
    let reason = "a PSK without an Add, or an Add without a PSK";
    let message = rogue.forge(|b| b.propose_adds([stranger(9, proper())]));
    assert_eq!(refused_by_all(&mut groups, &message), reason);
    let message = rogue.forge(|b| b.add_proposal(proper_psk()));
    assert_eq!(refused_by_all(&mut groups, &message), reason);
}

#[test]
fn two_psks_and_psks_that_are_no_invites_are_refused() {
    // SPEC [G7]
    let (mut groups, mut rogue) = infiltrated(2);
    let second = PskId::Invite(InviteId::new([0x66; 16]));
    let foreign = PreSharedKeyId::external(b"something else".to_vec(), vec![7; 32]);
    let unknown = leaf::psk_id(second, &[7; 32]);
    for id in [&foreign, &unknown] {
        id.store(&rogue.provider, &[0x77; 32]).unwrap();
    }
    for group in &mut groups {
        foreign.store(&group.provider, &[0x77; 32]).unwrap();
        unknown.store(&group.provider, &[0x77; 32]).unwrap();
    }
    let message = rogue.forge(|b| {
        let b = b.propose_adds([stranger(9, proper())]);
        b.add_proposal(proper_psk()).add_proposal(psk(unknown.clone()))
    });
    assert_eq!(refused_by_all(&mut groups, &message), "two PSKs");
    let message =
        rogue.forge(|b| b.propose_adds([stranger(9, proper())]).add_proposal(psk(foreign.clone())));
    assert_eq!(refused_by_all(&mut groups, &message), "a PSK that is no invite's");
    let resumption = PreSharedKeyId::resumption(
        ResumptionPskUsage::Application,
        rogue.mls.group_id().clone(),
        rogue.mls.epoch(),
        vec![7; 32],
    );
    let message =
        rogue.forge(|b| b.propose_adds([stranger(9, proper())]).add_proposal(psk(resumption)));
    // The creator has that epoch's secret, the others do not: no reason to differ about it.
    for group in &mut groups {
        let (reason, committer) = refusal(group, &message);
        assert!(reason.starts_with("a PSK") && committer == Some(2), "{reason}");
    }
    // Once the members' PSKs are those of the live invites again, it is unknown.
    for group in &mut groups {
        group.set_psks(&[(INVITE, &link())]).unwrap();
    }
    let message =
        rogue.forge(|b| b.propose_adds([stranger(9, proper())]).add_proposal(psk(unknown)));
    assert_eq!(refused_by_all(&mut groups, &message), "a PSK of no live invite");
}

#[test]
fn another_link_secret_breaks_the_confirmation_tag_for_all() {
    // SPEC [G2]
    let (mut groups, mut rogue) = infiltrated(2);
    leaf::psk_id(INVITE, &[0; 32]).store(&rogue.provider, &[0x78; 32]).unwrap();
    let message =
        rogue.forge(|b| b.propose_adds([stranger(9, proper())]).add_proposal(proper_psk()));
    assert_eq!(refused_by_all(&mut groups, &message), "the confirmation tag");
    let good = groups[1].build(&renewing()).unwrap().message;
    merge_all(&mut groups, &good);
}

#[test]
fn key_packages_of_any_other_shape_are_refused() {
    // SPEC [G6]
    // SPEC [G14]
    let (mut groups, mut rogue) = infiltrated(2);
    let more = |proposals: &[openmls::messages::proposals::ProposalType]| {
        let ours = leaf::capabilities(SUITE);
        Capabilities::new(
            Some(ours.versions()),
            Some(&[SUITE]),
            Some(&[ExtensionType::Unknown(STATE_ID), ExtensionType::LastResort]),
            Some(proposals),
            Some(ours.credentials()),
        )
    };
    let application_id = Extension::ApplicationId(ApplicationIdExtension::new(b"id"));
    let last_resort = Extension::LastResort(LastResortExtension::default());
    let cases: [(KeyPackageBuilder, &str); 4] = [
        (proper().key_package_lifetime(Lifetime::init(0, u64::MAX - 1)), "a lifetime"),
        (proper().leaf_node_capabilities(more(&[])), "other capabilities"),
        (
            proper().leaf_node_extensions(Extensions::single(application_id).unwrap()),
            "a leaf extension",
        ),
        (
            proper()
                .leaf_node_capabilities(more(&[]))
                .key_package_extensions(Extensions::single(last_resort).unwrap()),
            "a KeyPackage extension",
        ),
    ];
    for (builder, reason) in cases {
        let odd = stranger(9, builder);
        let encoded = odd.tls_serialize_detached().unwrap();
        assert_eq!(
            Group::inspect_key_package(Profile::Standard, &encoded),
            Err(EngineFault::KeyPackage(reason))
        );
        let message = rogue.forge(|b| b.propose_adds([odd]).add_proposal(proper_psk()));
        assert_eq!(refused_by_all(&mut groups, &message), reason);
    }
}

#[test]
fn another_group_context_is_refused() {
    // SPEC [G14]
    let (mut groups, mut rogue) = infiltrated(2);
    let state = || Extension::Unknown(STATE_ID, UnknownExtension(b"state 1".to_vec()));
    let required = |types: &[ExtensionType]| {
        Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(types, &[], &[]))
    };
    let ours = [ExtensionType::Unknown(STATE_ID)];
    let cases: [Vec<Extension>; 4] = [
        vec![],
        vec![required(&ours)],
        vec![state(), required(&ours)],
        vec![required(&[ours[0], ExtensionType::ApplicationId]), state()],
    ];
    for extensions in cases {
        let list: Extensions<GroupContext> = Extensions::from_vec(extensions).unwrap();
        let message = rogue.forge(|b| b.propose_group_context_extensions(list).unwrap());
        assert_eq!(refused_by_all(&mut groups, &message), "another GroupContext");
    }
}

#[test]
fn a_path_that_changes_more_than_encryption_keys_is_refused() {
    // SPEC [G5]
    let (mut groups, mut rogue) = infiltrated(2);
    let certified = CredentialWithKey {
        credential: Credential::new(CredentialType::X509, b"\x00".to_vec()),
        ..leaf::credential(&stay(3))
    };
    let ours = leaf::capabilities(SUITE);
    let capable = Capabilities::new(
        Some(ours.versions()),
        Some(&[SUITE]),
        Some(&[ExtensionType::Unknown(STATE_ID), ExtensionType::Unknown(0xF0A2)]),
        Some(ours.proposals()),
        Some(ours.credentials()),
    );
    let extension = Extension::ApplicationId(ApplicationIdExtension::new(b"id"));
    let parameters = LeafNodeParameters::builder;
    let cases = [
        // The engine sees that our capabilities do not list it.
        (parameters().with_credential_with_key(certified), "an invalid commit"),
        (parameters().with_capabilities(capable), "a path that changes the capabilities"),
        (
            parameters().with_extensions(Extensions::single(extension).unwrap()),
            "a path that changes the extensions",
        ),
    ];
    for (parameters, reason) in cases {
        let message = rogue.forge(|b| b.leaf_node_parameters(parameters.build()));
        assert_eq!(refused_by_all(&mut groups, &message), reason);
    }
}

#[test]
fn a_path_with_another_signature_key_is_refused() {
    // SPEC [G5]
    let (mut groups, mut rogue) = infiltrated(2);
    // With and without a new name: a rename is no cover for another key.
    for credential in [stay(3).credential, b"renamed".to_vec()] {
        let message = rogue.forge_with_signer(&Stay { credential, ..stay(99) });
        assert_eq!(refused_by_all(&mut groups, &message), "a path that changes the signature key");
    }
}

#[test]
fn a_proposal_by_reference_is_refused() {
    // SPEC [G4]
    let (mut groups, mut rogue) = infiltrated(2);
    let joiner = stranger(9, proper());
    let (proposal, _) =
        rogue.mls.propose_add_member(&rogue.provider, &rogue.signer, &joiner).unwrap();
    let proposal = proposal.to_bytes().unwrap();
    for group in &mut groups {
        assert_eq!(group.stage(&proposal).err(), Some(StageFault::Malformed));
    }
    let message = rogue.forge(|b| b.consume_proposal_store(true).add_proposal(proper_psk()));
    assert_eq!(refused_by_all(&mut groups, &message), "an invalid commit");
}

/// The MLS signature of `content` (RFC 9420 §5.1.2) with its length.
fn sign_with_label(stay: &Stay, label: &str, content: &[u8]) -> Vec<u8> {
    use ed25519_dalek::Signer as _;
    let label = format!("MLS 1.0 {label}");
    let mut signed = vec![label.len() as u8];
    signed.extend(label.as_bytes());
    signed.extend((content.len() as u16 | 0x4000).to_be_bytes());
    signed.extend(content);
    [&[0x40, 64][..], &stay.signing_key.sign(&signed).to_bytes()].concat()
}

#[test]
fn a_key_package_with_a_small_order_key_is_refused() {
    // Version and suite take 4 bytes, each key 33, each signature 66, the empty extensions 1.
    let owner = stay(9);
    let genuine = candidate(9).key_package().to_vec();
    let forge = |init: bool, leaf: bool| {
        let mut bytes = genuine.clone();
        for (forged, start) in [(init, 5), (leaf, 38)] {
            if forged {
                bytes[start..start + 32].fill(0);
            }
        }
        bytes.truncate(bytes.len() - 133);
        let signature = sign_with_label(&owner, "LeafNodeTBS", &bytes[37..]);
        bytes.extend(signature);
        bytes.push(0);
        let signature = sign_with_label(&owner, "KeyPackageTBS", &bytes);
        bytes.extend(signature);
        Group::inspect_key_package(Profile::Standard, &bytes).err()
    };
    let refused = |reason| Some(EngineFault::KeyPackage(reason));
    assert_eq!(forge(false, false), None);
    assert_eq!(forge(true, false), refused("an unusable init key"));
    assert_eq!(forge(false, true), refused("an unusable encryption key"));
}
