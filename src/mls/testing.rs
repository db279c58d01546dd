//! What the engine would do and no member may: commits, key packages and a path that one member cannot
//! read, built with a member's own keys; and the private keys of a joiner.

use std::sync::Arc;

use openmls::credentials::NewSignerBundle;
use openmls::extensions::{
    ApplicationIdExtension, Extension, ExtensionType, Extensions, LastResortExtension,
    RequiredCapabilitiesExtension, UnknownExtension,
};
use openmls::group::{CommitBuilder, Initial};
use openmls::key_packages::{
    KeyPackage, KeyPackageBuilder, KeyPackageBundle, KeyPackageIn, Lifetime,
};
use openmls::messages::proposals::{PreSharedKeyProposal, Proposal};
use openmls::prelude::{Capabilities, LeafNodeParameters};
use openmls::schedule::PreSharedKeyId;
use openmls::versions::ProtocolVersion;
use openmls_traits::OpenMlsProvider as _;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::storage::StorageProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};
use zeroize::Zeroizing;

use super::group::{Group, internal};
use super::provider::{Crypto, Provider};
use super::saboteur::{Sabotage, Saboteur};
use super::signer::LeafSigner;
use super::store::{Label, decode_exactly, record_key};
use super::welcome::Candidate;
use super::{Engine as _, EngineFault, Profile, PskId, Stay, build, leaf, tree};
use crate::entropy::Entropy;
use crate::secret::Secret;

/// A commit that openmls builds and that no member may make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// An Add with its PSK, of key packages of any shape.
    AnyAdd,
    /// An Add without a PSK.
    AddWithoutPsk,
    /// An Add with the PSK twice.
    AddWithTwoPsks,
    /// An Add with a PSK that is no invite's.
    AddWithForeignPsk,
    /// A PSK and nothing else.
    PskAlone,
    /// A GroupContext whose extensions are in the other order.
    Context,
    /// A path that changes the capabilities.
    Capabilities,
    /// A path that changes the extensions of the leaf.
    LeafExtension,
    /// A path that changes the signature key: the one of this secret key comes.
    SignatureKey([u8; 32]),
    /// A path whose part for this leaf does not open.
    Unreadable(u32),
}

/// What of a key package is not as it must be (SPEC \[G14\]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddKeyPackage {
    /// Nothing.
    Proper,
    /// It is valid until a time.
    Lifetime,
    /// Its leaf can do more than it may.
    Capabilities,
    /// Its leaf has an extension.
    LeafExtension,
    /// It has an extension.
    Extension,
}

/// The private keys of a joiner, so that another program can take its place.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CandidateKeys {
    pub(crate) init: Vec<u8>,
    pub(crate) encryption: Vec<u8>,
    pub(crate) signature: [u8; 32],
}

impl Candidate {
    /// The private keys of the key package.
    pub(crate) fn keys(&self) -> Option<CandidateKeys> {
        let (provider, key_package, stay) = self.parts();
        let reference = key_package.hash_ref(provider.crypto()).ok()?;
        let bundle: KeyPackageBundle = provider.storage().key_package(&reference).ok()??;
        // The engine shows one of the two keys only; the other is in what it stores.
        let stored = serde_json::to_value(&bundle).ok()?;
        let encryption = bytes_in(stored.get("private_encryption_key")?)?;
        let init = bundle.init_private_key().to_vec();
        Some(CandidateKeys { init, encryption, signature: stay.signing_key.to_bytes() })
    }
}

/// The first list of bytes in a value.
fn bytes_in(value: &serde_json::Value) -> Option<Vec<u8>> {
    if let Some(list) = value.as_array() {
        let byte = |number: &serde_json::Value| u8::try_from(number.as_u64()?).ok();
        return list.iter().map(byte).collect();
    }
    value.as_object()?.values().find_map(bytes_in)
}

/// What came of building one: the PublicMessage, and for those whom it adds the Welcome, the tree in clear
/// and the secret to seal it under.
pub(crate) struct OddCommit {
    pub(crate) message: Vec<u8>,
    pub(crate) welcome: Option<(Vec<u8>, Vec<u8>, Secret<32>)>,
}

impl Group {
    /// Builds such a commit, which is forgotten at once. `adds` are key packages of whoever it adds, `psk` is
    /// that of a live invite.
    pub(crate) fn build_odd(
        &mut self,
        oddity: &Oddity,
        adds: &[Vec<u8>],
        (psk, secret): (PskId, &Secret<32>),
        note: &[u8],
    ) -> Result<OddCommit, EngineFault> {
        let crypto = self.provider.crypto().clone();
        let adds = read_all(&crypto, adds)?;
        let nonce = self.provider.entropy().array()?;
        let live = leaf::psk_id(psk, &nonce);
        live.store(&self.provider, secret.expose()).map_err(internal("a PSK"))?;
        let foreign = PreSharedKeyId::external(b"something else".to_vec(), nonce.to_vec());
        foreign.store(&self.provider, secret.expose()).map_err(internal("a PSK"))?;
        self.mls.set_aad(note.to_vec());
        match oddity {
            Oddity::AnyAdd => self.odd(|b| b.propose_adds(adds).add_proposal(proposal(&live))),
            Oddity::AddWithoutPsk => self.odd(|b| b.propose_adds(adds)),
            Oddity::AddWithTwoPsks => {
                let again = leaf::psk_id(psk, &self.provider.entropy().array()?);
                self.odd(|b| {
                    b.propose_adds(adds).add_proposals([proposal(&live), proposal(&again)])
                })
            }
            Oddity::AddWithForeignPsk => {
                self.odd(|b| b.propose_adds(adds).add_proposal(proposal(&foreign)))
            }
            Oddity::PskAlone => self.odd(|b| b.add_proposal(proposal(&live))),
            Oddity::Context => {
                let own = [ExtensionType::Unknown(leaf::STATE)];
                let required = RequiredCapabilitiesExtension::new(&own, &[], &[]);
                let required = Extension::RequiredCapabilities(required);
                let context = Extensions::from_vec(vec![own_state(self.state()), required]);
                let context = context.map_err(internal("extensions"))?;
                self.try_odd(|b| b.propose_group_context_extensions(context).ok())
            }
            Oddity::Capabilities => {
                let suite = crypto.suite();
                let parameters =
                    LeafNodeParameters::builder().with_capabilities(more(suite, 0xF0A2));
                self.odd(|b| b.leaf_node_parameters(parameters.build()))
            }
            Oddity::LeafExtension => {
                let extensions =
                    Extensions::single(application_id()).map_err(internal("extensions"))?;
                let parameters = LeafNodeParameters::builder().with_extensions(extensions);
                self.odd(|b| b.leaf_node_parameters(parameters.build()))
            }
            Oddity::SignatureKey(key) => self.under_another_key(key),
            Oddity::Unreadable(victim) => {
                let leaf = self.mls.members().find(|member| member.index.u32() == *victim);
                let leaf = leaf.ok_or(EngineFault::Plan("no such leaf"))?;
                let saboteur = Saboteur::new(crypto, leaf.encryption_key, Sabotage::Ciphertext);
                self.odd_with(&saboteur, |b| Some(b.force_self_update(true)))
            }
        }
    }

    fn odd(
        &mut self,
        plan: impl for<'a> FnOnce(CommitBuilder<'a, Initial>) -> CommitBuilder<'a, Initial>,
    ) -> Result<OddCommit, EngineFault> {
        self.try_odd(|builder| Some(plan(builder)))
    }

    fn try_odd(
        &mut self,
        plan: impl for<'a> FnOnce(CommitBuilder<'a, Initial>) -> Option<CommitBuilder<'a, Initial>>,
    ) -> Result<OddCommit, EngineFault> {
        let crypto = self.provider.crypto().clone();
        self.odd_with(&crypto, plan)
    }

    fn odd_with(
        &mut self,
        crypto: &impl OpenMlsCrypto,
        plan: impl for<'a> FnOnce(CommitBuilder<'a, Initial>) -> Option<CommitBuilder<'a, Initial>>,
    ) -> Result<OddCommit, EngineFault> {
        let Self { mls, provider, signer, .. } = self;
        let builder = mls.commit_builder().consume_proposal_store(false);
        let bundle = plan(builder)
            .ok_or(EngineFault::Plan("the engine does not take it"))?
            .load_psks(provider.storage())
            .map_err(internal("a PSK"))?
            .create_group_info(false)
            .build(provider.rand(), crypto, &*signer, |_| true)
            .map_err(|_| EngineFault::Plan("the engine does not build it"))?
            .stage_commit(provider)
            .map_err(internal("staging"))?;
        let message = bundle.commit().to_bytes().map_err(internal("encoding a commit"))?;
        let welcome = match bundle.to_welcome_msg() {
            Some(welcome) => {
                let welcome = welcome.to_bytes().map_err(internal("encoding a Welcome"))?;
                Some((welcome, build::pending_tree(self)?, build::pending_tree_secret(self)?))
            }
            None => None,
        };
        self.forget()?;
        Ok(OddCommit { message, welcome })
    }

    fn forget(&mut self) -> Result<(), EngineFault> {
        let Self { mls, provider, .. } = self;
        mls.clear_pending_commit(provider.storage()).map_err(internal("dropping a commit"))
    }

    fn under_another_key(&mut self, key: &[u8; 32]) -> Result<OddCommit, EngineFault> {
        let signing_key = Arc::new(ed25519_dalek::SigningKey::from_bytes(key));
        let new = Stay { signing_key, ..self.stay()? };
        let Self { mls, provider, signer, .. } = self;
        let bundle = NewSignerBundle {
            signer: &LeafSigner::new(&new.signing_key),
            credential_with_key: leaf::credential(&new),
        };
        let built = mls
            .commit_builder()
            .load_psks(provider.storage())
            .map_err(internal("a PSK"))?
            .build_with_new_signer(provider.rand(), provider.crypto(), &*signer, bundle, |_| true)
            .map_err(|_| EngineFault::Plan("the engine does not build it"))?
            .stage_commit(provider)
            .map_err(internal("staging"))?;
        let message = built.commit().to_bytes().map_err(internal("encoding a commit"))?;
        self.forget()?;
        Ok(OddCommit { message, welcome: None })
    }
}

/// Key packages of any shape, if their signatures hold.
fn read_all(crypto: &Crypto, adds: &[Vec<u8>]) -> Result<Vec<KeyPackage>, EngineFault> {
    let read = |bytes: &Vec<u8>| {
        let read = KeyPackageIn::tls_deserialize_exact(bytes).map_err(internal("a KeyPackage"))?;
        read.validate(crypto, ProtocolVersion::Mls10).map_err(internal("a KeyPackage"))
    };
    adds.iter().map(read).collect()
}

/// An encoded key package with this leaf key and credential, made from a seed.
pub(crate) fn odd_key_package(
    seed: [u8; 32],
    profile: Profile,
    stay: &Stay,
    odd: OddKeyPackage,
) -> Result<Vec<u8>, EngineFault> {
    let provider = Provider::new(&Entropy::seeded(seed), profile);
    let suite = provider.crypto().suite();
    let proper = || -> KeyPackageBuilder {
        KeyPackage::builder()
            .key_package_lifetime(leaf::lifetime())
            .leaf_node_capabilities(leaf::capabilities(suite))
    };
    let single = |extension| Extensions::single(extension).map_err(internal("extensions"));
    let builder = match odd {
        OddKeyPackage::Proper => proper(),
        OddKeyPackage::Lifetime => proper().key_package_lifetime(Lifetime::init(0, u64::MAX - 1)),
        OddKeyPackage::Capabilities => proper().leaf_node_capabilities(more(suite, 0xF0A2)),
        OddKeyPackage::LeafExtension => {
            let extensions =
                Extensions::single(application_id()).map_err(internal("extensions"))?;
            proper().leaf_node_extensions(extensions)
        }
        OddKeyPackage::Extension => proper()
            .leaf_node_capabilities(more(suite, u16::from(ExtensionType::LastResort)))
            .key_package_extensions(single(Extension::LastResort(LastResortExtension::default()))?),
    };
    let signer = LeafSigner::new(&stay.signing_key);
    let bundle = builder
        .build(suite, &provider, &signer, leaf::credential(stay))
        .map_err(internal("making a KeyPackage"))?;
    bundle.key_package().tls_serialize_detached().map_err(internal("encoding a KeyPackage"))
}

/// Our capabilities and one extension more.
fn more(suite: openmls_traits::types::Ciphersuite, extension: u16) -> Capabilities {
    let ours = leaf::capabilities(suite);
    Capabilities::new(
        Some(ours.versions()),
        Some(&[suite]),
        Some(&[ExtensionType::Unknown(leaf::STATE), ExtensionType::from(extension)]),
        Some(ours.proposals()),
        Some(ours.credentials()),
    )
}

fn own_state(state: &[u8]) -> Extension {
    Extension::Unknown(leaf::STATE, UnknownExtension(state.to_vec()))
}

fn application_id() -> Extension {
    Extension::ApplicationId(ApplicationIdExtension::new(b"id"))
}

fn proposal(psk: &PreSharedKeyId) -> Proposal {
    Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk.clone())))
}

impl Group {
    /// The exporter secret of the current epoch (RFC 9420 §8), which the engine keeps and does not show.
    pub(crate) fn exporter_secret(&self) -> Option<Zeroizing<Vec<u8>>> {
        let key = record_key(Label::EpochSecrets, self.mls.group_id()).ok()?;
        let stored = self.provider.storage().bytes(&key)?;
        // Init secret, exporter secret, authenticator, external secret, resumption PSK.
        let [_, exporter_secret, ..]: [Vec<u8>; 5] = decode_exactly(&stored).ok()?;
        Some(Zeroizing::new(exporter_secret))
    }

    /// The encoded ratchet tree of the current epoch.
    pub(crate) fn ratchet_tree(&self) -> Option<Vec<u8>> {
        tree::encoded(self.mls.public_group().treesync())
    }

    /// The private key of one's own leaf.
    pub(crate) fn leaf_secret(&self) -> [u8; 32] {
        *self.signer.secret_key()
    }
}
