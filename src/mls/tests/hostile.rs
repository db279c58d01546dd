//! Messages and Welcomes by strangers, and by members with groups of another kind.

use openmls::framing::{MlsMessageBodyIn, MlsMessageIn};
use openmls::group::{ExternalCommitBuilder, MlsGroup};
use openmls::messages::proposals::{CustomProposal, Proposal, ProposalType};
use openmls::prelude::{Capabilities, LeafNodeParameters};
use openmls::treesync::RatchetTreeIn;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};

use super::super::group::join_config;
use super::super::leaf;
use super::super::provider::Provider;
use super::super::signer::LeafSigner;
use super::rogue::{Rogue, enter, infiltrated, proper, proper_psk, psk};
use super::*;

#[test]
fn an_external_commit_is_refused() {
    // SPEC [G4]
    let (mut groups, rogue) = infiltrated(2);
    let info = rogue.mls.export_group_info(rogue.provider.crypto(), &rogue.signer, false).unwrap();
    let info = MlsMessageIn::tls_deserialize_exact(info.to_bytes().unwrap()).unwrap();
    let MlsMessageBodyIn::GroupInfo(info) = info.extract() else { panic!("no GroupInfo") };
    let tree = rogue.mls.export_ratchet_tree().tls_serialize_detached().unwrap();
    let provider = OpenMlsRustCrypto::default();
    let stay = stay(50);
    let signer = LeafSigner::new(&stay.signing_key);
    let (_, bundle) = ExternalCommitBuilder::new()
        .with_ratchet_tree(RatchetTreeIn::tls_deserialize_exact(&tree).unwrap())
        .with_config(join_config())
        .build_group(&provider, info, leaf::credential(&stay))
        .unwrap()
        .leaf_node_parameters(
            LeafNodeParameters::builder().with_capabilities(leaf::capabilities(SUITE)).build(),
        )
        .load_psks(provider.storage())
        .unwrap()
        .build(provider.rand(), provider.crypto(), &signer, |_| true)
        .unwrap()
        .finalize(&provider)
        .unwrap();
    let message = bundle.commit().to_bytes().unwrap();
    for group in &mut groups {
        assert_eq!(refusal(group, &message), ("a commit by a non-member", None));
    }
}

#[test]
fn a_commit_of_another_meeting_is_of_another_group() {
    // SPEC [W8]
    let mut group = create(1);
    let other = MeetingId::new([0x12; 16]);
    let mut other = Group::create(&entropy(2), Profile::Standard, &stay(2), &other, STATE).unwrap();
    let message = other.build(&renewing()).unwrap().message;
    assert_eq!(group.stage(&message).err(), Some(StageFault::WrongGroup));
}

#[test]
fn a_broken_signature_or_tag_is_refused_without_a_name() {
    // SPEC [G2]
    let mut groups = meeting(2);
    let message = groups[0].build(&renewing()).unwrap().message;
    // At the end stands the membership tag, 33 bytes with its length.
    let mut tag = message.clone();
    *tag.last_mut().unwrap() ^= 1;
    assert_eq!(refusal(&mut groups[1], &tag), ("the membership tag", None));
    // Version, format, group id, epoch, sender, length of the note: then the note.
    let note = message.windows(4).position(|bytes| bytes == b"note").unwrap();
    let mut body = message.clone();
    body[note] ^= 1;
    let (reason, committer) = refusal(&mut groups[1], &body);
    assert!(["the signature", "the membership tag"].contains(&reason) && committer.is_none());
    assert!(groups[1].stage(&message).is_ok());
}

#[test]
fn what_is_no_commit_is_malformed() {
    let mut groups = meeting(2);
    let joiner = candidate(9);
    let adds = [joiner.key_package().to_vec()];
    let built = groups[0].build(&adding(&adds, &link())).unwrap();
    let trailing = [&built.message[..], &[0]].concat();
    for bytes in [&[][..], &trailing, &built.welcome.unwrap().welcome, joiner.key_package()] {
        assert_eq!(groups[1].stage(bytes).err(), Some(StageFault::Malformed));
    }
}

/// A group of two whose members can do more than ours, so that its members may commit more.
fn lax() -> (Group, Rogue) {
    let more = Capabilities::new(
        Some(leaf::capabilities(SUITE).versions()),
        Some(&[SUITE]),
        Some(leaf::capabilities(SUITE).extensions()),
        Some(&[ProposalType::Custom(0xF0B1), ProposalType::SelfRemove]),
        Some(leaf::capabilities(SUITE).credentials()),
    );
    let provider = Provider::new(&entropy(1), Profile::Standard);
    let (host, guest) = (stay(1), stay(2));
    let signer = LeafSigner::new(&host.signing_key);
    let mls = MlsGroup::builder()
        .with_group_id(openmls::group::GroupId::from_slice(MEETING.as_bytes()))
        .ciphersuite(SUITE)
        .with_wire_format_policy(openmls::group::PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .with_capabilities(more.clone())
        .with_group_context_extensions(leaf::context_extensions(STATE).unwrap())
        .build(&provider, &signer, leaf::credential(&host))
        .unwrap();
    let mut group = Group { mls, provider, signer, pending_message: None };
    let theirs = OpenMlsRustCrypto::default();
    let signer = LeafSigner::new(&guest.signing_key);
    let bundle = proper()
        .leaf_node_capabilities(more)
        .build(SUITE, &theirs, &signer, leaf::credential(&guest))
        .unwrap();
    let Group { mls, provider, signer: own, .. } = &mut group;
    let commit = mls
        .commit_builder()
        .propose_adds([bundle.into_key_package()])
        .load_psks(provider.storage())
        .unwrap()
        .build(provider.rand(), provider.crypto(), own, |_| true)
        .unwrap()
        .stage_commit(provider)
        .unwrap();
    mls.merge_pending_commit(provider).unwrap();
    let welcome = commit.to_welcome_msg().unwrap().to_bytes().unwrap();
    let tree = mls.export_ratchet_tree().tls_serialize_detached().unwrap();
    let mls = enter(&theirs, &welcome, &tree);
    (group, Rogue { mls, provider: theirs, signer })
}

#[test]
fn a_custom_proposal_is_refused_even_where_all_could_take_it() {
    // SPEC [G4]
    let (mut group, mut rogue) = lax();
    let custom = CustomProposal::new(0xF0B1, b"anything".to_vec());
    let message = rogue.forge(|b| b.add_proposal(Proposal::Custom(Box::new(custom))));
    assert_eq!(refusal(&mut group, &message), ("a custom proposal", Some(1)));
}

#[test]
fn a_welcome_of_a_group_of_another_kind_is_refused() {
    // SPEC [A6]
    // SPEC [G14]
    let (group, mut rogue) = lax();
    drop(group);
    leaf::psk_id(INVITE, &[0; 32]).store(&rogue.provider, link().expose()).unwrap();
    let second = leaf::psk_id(PskId::Invite(InviteId::new([0x66; 16])), &[7; 32]);
    second.store(&rogue.provider, &[0x66; 32]).unwrap();
    let joiner = candidate(9);
    let (package, _) = leaf::read_key_package(
        Provider::new(&entropy(1), Profile::Standard).crypto(),
        joiner.key_package(),
    )
    .unwrap();
    let refused = |rogue: &mut Rogue, psks: Vec<Proposal>| {
        let Rogue { mls, provider, signer } = rogue;
        let bundle = mls
            .commit_builder()
            .propose_adds([package.clone()])
            .add_proposals(psks)
            .load_psks(provider.storage())
            .unwrap()
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .unwrap()
            .stage_commit(provider)
            .unwrap();
        let welcome = bundle.to_welcome_msg().unwrap().to_bytes().unwrap();
        let pending = mls.pending_commit().unwrap();
        let tree =
            pending.export_ratchet_tree(provider.crypto(), mls.export_ratchet_tree()).unwrap();
        let tree = tree.unwrap().tls_serialize_detached().unwrap();
        mls.clear_pending_commit(provider.storage()).unwrap();
        open_and_join(&joiner, &MEETING, &welcome, &tree, (INVITE, &link())).err()
    };
    let without = Some(WelcomeFault::Refused("not exactly this invite's PSK"));
    assert_eq!(refused(&mut rogue, vec![]), without);
    assert!(refused(&mut rogue, vec![proper_psk(), psk(second)]).is_some());
    let odd = Some(WelcomeFault::Refused("other capabilities"));
    assert_eq!(refused(&mut rogue, vec![proper_psk()]), odd);
}
