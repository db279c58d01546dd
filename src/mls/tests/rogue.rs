//! A member that uses openmls without any of our checks, to commit what nobody may.

use openmls::credentials::NewSignerBundle;
use openmls::framing::{MlsMessageBodyIn, MlsMessageIn};
use openmls::group::{
    CommitBuilder, Initial, MlsGroup, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY,
    StagedWelcome,
};
use openmls::key_packages::{KeyPackage, KeyPackageBuilder};
use openmls::messages::proposals::{PreSharedKeyProposal, Proposal};
use openmls::schedule::PreSharedKeyId;
use openmls::treesync::RatchetTreeIn;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::crypto::OpenMlsCrypto;
use tls_codec::{Deserialize as _, Serialize as _};

use super::super::leaf;
use super::super::signer::LeafSigner;
use super::*;

pub(super) struct Rogue {
    pub(super) mls: MlsGroup,
    pub(super) provider: OpenMlsRustCrypto,
    pub(super) signer: LeafSigner,
}

/// A builder of the one KeyPackage that is allowed, to depart from.
pub(super) fn proper() -> KeyPackageBuilder {
    KeyPackage::builder()
        .key_package_lifetime(leaf::lifetime())
        .leaf_node_capabilities(leaf::capabilities(SUITE))
}

/// A KeyPackage of a stranger.
pub(super) fn stranger(seed: u8, builder: KeyPackageBuilder) -> KeyPackage {
    let (provider, stay) = (OpenMlsRustCrypto::default(), stay(seed));
    let signer = LeafSigner::new(&stay.signing_key);
    builder.build(SUITE, &provider, &signer, leaf::credential(&stay)).unwrap().into_key_package()
}

/// `size` members, and a rogue at the leaf after theirs.
pub(super) fn infiltrated(size: u8) -> (Vec<Group>, Rogue) {
    let mut groups = meeting(size);
    let (provider, stay) = (OpenMlsRustCrypto::default(), stay(size + 1));
    let signer = LeafSigner::new(&stay.signing_key);
    let bundle = proper().build(SUITE, &provider, &signer, leaf::credential(&stay)).unwrap();
    let adds = [bundle.key_package().tls_serialize_detached().unwrap()];
    let built = groups[0].build(&adding(&adds, &link())).unwrap();
    merge_all(&mut groups, &built.message);
    leaf::psk_id(INVITE, &[0; 32]).store(&provider, link().expose()).unwrap();
    let BuiltWelcome { welcome, tree, .. } = built.welcome.unwrap();
    let mls = enter(&provider, &welcome, &tree);
    (groups, Rogue { mls, provider, signer })
}

/// Joins by openmls alone.
pub(super) fn enter(provider: &OpenMlsRustCrypto, welcome: &[u8], tree: &[u8]) -> MlsGroup {
    let body = MlsMessageIn::tls_deserialize_exact(welcome).unwrap().extract();
    let MlsMessageBodyIn::Welcome(welcome) = body else { panic!("no Welcome") };
    let tree = RatchetTreeIn::tls_deserialize_exact(tree).unwrap();
    let config = MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .number_of_resumption_psks(8)
        .build();
    StagedWelcome::new_from_welcome(provider, &config, welcome, Some(tree))
        .unwrap()
        .into_group(provider)
        .unwrap()
}

/// A PSK proposal.
pub(super) fn psk(id: PreSharedKeyId) -> Proposal {
    Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(id)))
}

/// The PSK proposal that belongs into every Add of [`INVITE`].
pub(super) fn proper_psk() -> Proposal {
    psk(leaf::psk_id(INVITE, &[7; 32]))
}

impl Rogue {
    /// A commit of whatever `plan` puts into it.
    pub(super) fn forge(
        &mut self,
        plan: impl for<'a> FnOnce(CommitBuilder<'a, Initial>) -> CommitBuilder<'a, Initial>,
    ) -> Vec<u8> {
        let crypto = openmls_rust_crypto::RustCrypto::default();
        self.forge_with(&crypto, plan)
    }

    /// The same with other primitives.
    pub(super) fn forge_with(
        &mut self,
        crypto: &impl OpenMlsCrypto,
        plan: impl for<'a> FnOnce(CommitBuilder<'a, Initial>) -> CommitBuilder<'a, Initial>,
    ) -> Vec<u8> {
        let Self { mls, provider, signer } = self;
        let bundle = plan(mls.commit_builder())
            .load_psks(provider.storage())
            .unwrap()
            .create_group_info(false)
            .build(provider.rand(), crypto, signer, |_| true)
            .unwrap()
            .stage_commit(provider)
            .unwrap();
        let message = bundle.commit().to_bytes().unwrap();
        mls.clear_pending_commit(provider.storage()).unwrap();
        message
    }

    /// A commit whose path puts another key and credential into the leaf.
    pub(super) fn forge_with_signer(&mut self, new: &Stay) -> Vec<u8> {
        let Self { mls, provider, signer } = self;
        let bundle = NewSignerBundle {
            signer: &LeafSigner::new(&new.signing_key),
            credential_with_key: leaf::credential(new),
        };
        let built = mls
            .commit_builder()
            .load_psks(provider.storage())
            .unwrap()
            .build_with_new_signer(provider.rand(), provider.crypto(), &*signer, bundle, |_| true)
            .unwrap()
            .stage_commit(provider)
            .unwrap();
        let message = built.commit().to_bytes().unwrap();
        mls.clear_pending_commit(provider.storage()).unwrap();
        message
    }
}
