//! [`Joiner`] by openmls. The engine uses a KeyPackage up before it has decrypted anything, so
//! every Welcome is opened on a scratch copy of the store (SPEC \[A5\]).

use openmls::framing::{MlsMessageBodyIn, MlsMessageIn};
use openmls::group::{JoinBuilder, MlsGroup, ProcessedWelcome, WelcomeError};
use openmls::key_packages::KeyPackage;
use openmls::messages::Welcome;
use openmls::treesync::RatchetTreeIn;
use openmls_traits::OpenMlsProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};
use zeroize::Zeroizing;

use super::group::{Group, TREE_LABEL, join_config};
use super::leaf;
use super::provider::Provider;
use super::signer::LeafSigner;
use super::store::Label;
use super::{EngineFault, Joiner, KeyPackageRef, MeetingId, Profile, PskId, Stay, WelcomeFault};
use crate::entropy::Entropy;
use crate::secret::Secret;

/// Holds a KeyPackage and its private keys.
pub(crate) struct Candidate {
    provider: Provider,
    stay: Stay,
    key_package: KeyPackage,
    encoded: Vec<u8>,
    reference: KeyPackageRef,
}

impl Candidate {
    /// A new KeyPackage for this stay.
    pub(super) fn new(
        entropy: &Entropy,
        profile: Profile,
        stay: &Stay,
    ) -> Result<Self, EngineFault> {
        let fault = EngineFault::Internal("making a KeyPackage");
        let provider = Provider::new(entropy, profile);
        let suite = provider.crypto().suite();
        let bundle = KeyPackage::builder()
            .key_package_lifetime(leaf::lifetime())
            .leaf_node_capabilities(leaf::capabilities(suite))
            .build(suite, &provider, &LeafSigner::new(&stay.signing_key), leaf::credential(stay))
            .map_err(|_| fault)?;
        let key_package = bundle.into_key_package();
        let encoded = key_package.tls_serialize_detached().map_err(|_| fault)?;
        let (_, facts) = leaf::read_key_package(provider.crypto(), &encoded)?;
        let reference = facts.reference;
        Ok(Self { provider, stay: stay.clone(), key_package, encoded, reference })
    }

    /// The encoded leaf node of its KeyPackage.
    #[cfg(test)]
    pub(super) fn leaf_node(&self) -> Vec<u8> {
        self.key_package.leaf_node().tls_serialize_detached().unwrap()
    }

    /// Where its private keys are, the KeyPackage, and the keys of its leaf.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn parts(&self) -> (&Provider, &KeyPackage, &Stay) {
        (&self.provider, &self.key_package, &self.stay)
    }

    /// Exactly one Welcome, of this suite.
    fn parse(&self, bytes: &[u8]) -> Result<Welcome, WelcomeFault> {
        let suite = self.provider.crypto().suite();
        match MlsMessageIn::tls_deserialize_exact(bytes).map(MlsMessageIn::extract) {
            Ok(MlsMessageBodyIn::Welcome(welcome)) if welcome.ciphersuite() == suite => Ok(welcome),
            _ => Err(WelcomeFault::Malformed),
        }
    }

    fn is_addressed(&self, welcome: &Welcome) -> bool {
        let own = |reference: &[u8]| reference == self.reference.as_bytes();
        welcome.secrets().iter().any(|part| own(part.new_member().as_slice()))
    }

    /// What must hold of a group before it is used at all.
    fn check(&self, meeting: &MeetingId, mls: &MlsGroup) -> Result<(), WelcomeFault> {
        // SPEC [W8]
        if mls.group_id().as_slice() != meeting.as_bytes() {
            return Err(WelcomeFault::WrongGroup);
        }
        // SPEC [G14]
        let suite = self.provider.crypto().suite();
        if mls.ciphersuite() != suite || leaf::state_of(mls.extensions()).is_none() {
            return Err(WelcomeFault::Refused("another GroupContext"));
        }
        if mls.own_leaf_node() != Some(self.key_package.leaf_node()) {
            return Err(WelcomeFault::Refused("not one's own leaf"));
        }
        for (_, leaf) in mls.public_group().treesync().full_leaves() {
            leaf::signature_key(leaf).ok_or(WelcomeFault::Refused("no Ed25519 key"))?;
            if let Some(oddity) = leaf::oddity(suite, leaf) {
                return Err(WelcomeFault::Refused(oddity));
            }
        }
        Ok(())
    }
}

/// A Welcome that has been opened, and the copy of the store on which it was.
pub(crate) struct Opened {
    scratch: Provider,
    welcome: ProcessedWelcome,
}

impl Joiner for Candidate {
    type Group = Group;
    type Opened = Box<Opened>;

    fn key_package(&self) -> &[u8] {
        &self.encoded
    }

    fn stay(&self) -> Stay {
        self.stay.clone()
    }

    fn addressed(&self, welcome: &[u8]) -> bool {
        self.parse(welcome).is_ok_and(|welcome| self.is_addressed(&welcome))
    }

    fn open(
        &self,
        welcome: &[u8],
        (psk, secret): (PskId, &Secret<32>),
    ) -> Result<Box<Opened>, WelcomeFault> {
        let welcome = self.parse(welcome)?;
        if !self.is_addressed(&welcome) {
            return Err(WelcomeFault::NotAddressed);
        }
        // SPEC [A5]
        let scratch = self.provider.scratch();
        leaf::psk_id(psk, &[0; 32])
            .store(&scratch, secret.expose())
            .map_err(|_| EngineFault::Internal("a PSK"))?;
        let welcome = ProcessedWelcome::new_from_welcome(&scratch, &join_config(), welcome)
            .map_err(|fault| WelcomeFault::Refused(reason(&fault)))?;
        // SPEC [A6]
        let owners: Vec<_> = welcome.psks().iter().map(leaf::owner_of).collect();
        if owners != [Some(psk)] {
            return Err(WelcomeFault::Refused("not exactly this invite's PSK"));
        }
        // A tree in there would take precedence over the one that the caller verified.
        if welcome.unverified_group_info().extensions().iter().next().is_some() {
            return Err(WelcomeFault::Refused("a GroupInfo extension"));
        }
        Ok(Box::new(Opened { scratch, welcome }))
    }

    fn tree_secret(&self, opened: &Box<Opened>) -> Result<Secret<32>, WelcomeFault> {
        let fault = EngineFault::Internal("exporting the tree's secret");
        let secret = opened
            .welcome
            .export_secret(opened.scratch.crypto(), TREE_LABEL, b"", 32)
            .map(Zeroizing::new)
            .map_err(|_| fault)?;
        // SPEC [A9]
        Ok(Secret::read(&secret).ok_or(fault)?)
    }

    fn join(
        &self,
        meeting: &MeetingId,
        opened: Box<Opened>,
        tree: &[u8],
    ) -> Result<(Group, u32), WelcomeFault> {
        let tree =
            RatchetTreeIn::tls_deserialize_exact(tree).map_err(|_| WelcomeFault::Malformed)?;
        let Opened { scratch, welcome } = *opened;
        let staged = JoinBuilder::new(&scratch, welcome)
            .with_ratchet_tree(tree)
            // Lifetimes are compared with the only one allowed, and never with a clock.
            .skip_lifetime_validation()
            .build()
            .map_err(|fault| WelcomeFault::Refused(reason(&fault)))?;
        let author = staged.welcome_sender_index().u32();
        let mls =
            staged.into_group(&scratch).map_err(|fault| WelcomeFault::Refused(reason(&fault)))?;
        self.check(meeting, &mls)?;
        scratch.storage().clear(Label::Psk);
        let signer = LeafSigner::new(&self.stay.signing_key);
        Ok((Group { mls, provider: scratch, signer, pending_message: None }, author))
    }
}

fn reason<E>(fault: &WelcomeError<E>) -> &'static str {
    match fault {
        WelcomeError::GroupSecrets(_) => "its part for this KeyPackage does not open",
        WelcomeError::GroupInfo(_) => "its GroupInfo does not open: another link secret?",
        WelcomeError::Psk(_) => "a PSK that is not this invite's",
        WelcomeError::ConfirmationTagMismatch => "the confirmation tag",
        WelcomeError::InvalidGroupInfoSignature => "the GroupInfo's signature",
        WelcomeError::PublicGroupError(_) | WelcomeError::PublicTreeError(_) => {
            "not the ratchet tree of this group"
        }
        _ => "an invalid Welcome",
    }
}
