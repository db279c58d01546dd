//! [`Engine`] by openmls. One rule holds throughout: what fails leaves no trace. Each step that
//! writes runs on the store's journal, and after a failure the group is loaded anew from what the
//! rollback brought back.

use openmls::group::{
    GroupId, MlsGroup, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY, StagedCommit,
    WireFormatPolicy,
};
use openmls_traits::OpenMlsProvider as _;
use zeroize::Zeroizing;

use super::leaf;
use super::provider::{Crypto, Provider};
use super::signer::LeafSigner;
use super::store::{Label, Store, Value, record_key};
use super::suite::suite_of;
use super::welcome::Candidate;
use super::{
    BuiltCommit, CommitFacts, CommitPlan, Engine, EngineFault, KeyPackageFacts, Leaf, MeetingId,
    Profile, PskId, StageFault, Stay, build, saved, stage,
};
use crate::entropy::Entropy;
use crate::secret::Secret;

/// SPEC \[A9\]: MLS-Exporter(this, "", 32) seals the ratchet tree.
pub(super) const TREE_LABEL: &str = "incamera 1 tree";
/// Handshakes travel in clear inside the envelope, so that a commit can be staged twice.
const WIRE_FORMAT: WireFormatPolicy = PURE_PLAINTEXT_WIRE_FORMAT_POLICY;

/// One member's group.
pub(crate) struct Group {
    pub(super) mls: MlsGroup,
    pub(super) provider: Provider,
    pub(super) signer: LeafSigner,
    /// The encoded commit that is pending.
    pub(super) pending_message: Option<Zeroizing<Vec<u8>>>,
}

/// A commit that was read and may be merged.
pub(crate) struct Staged {
    /// The epoch that it ends.
    pub(super) epoch: u64,
    pub(super) commit: StagedKind,
}

pub(super) enum StagedKind {
    /// The pending one, known by the epoch authenticator that it leads to.
    Own { authenticator: Vec<u8> },
    /// Any other.
    Read(Box<StagedCommit>),
}

/// How every member has configured its group.
pub(super) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(WIRE_FORMAT)
        .max_past_epochs(0)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(false)
        .build()
}

/// The group with a store of resumption PSKs that keeps none. The engine's builder makes one for 32 epochs,
/// whatever it is asked for: secrets of epochs that are over, in memory and in each snapshot.
fn without_resumption_psks(mls: &MlsGroup, store: &Store) -> Result<MlsGroup, EngineFault> {
    /// Encoded: at most 0 PSKs, none there, the cursor at 0.
    const NONE: [u8; 3] = [0; 3];
    let key =
        record_key(Label::ResumptionPsks, mls.group_id()).map_err(internal("a record's key"))?;
    store.set_bytes(key, Some(Value::Secret(Zeroizing::new(NONE.to_vec()))));
    MlsGroup::load(store, mls.group_id()).ok().flatten().ok_or(EngineFault::Internal("a new group"))
}

/// A failure of the engine that no input explains.
pub(super) fn internal<E>(what: &'static str) -> impl FnOnce(E) -> EngineFault {
    move |_| EngineFault::Internal(what)
}

impl Group {
    /// Loses the private keys of one's direct path, so that the next path is unreadable here.
    #[cfg(test)]
    pub(crate) fn lose_path_keys(&self) {
        for label in [Label::EpochKeyPairs, Label::EncryptionKeyPair] {
            self.provider.storage().clear(label);
        }
    }

    /// The same member with another source of randomness. Nothing may be pending.
    #[cfg(test)]
    pub(crate) fn twin(&self, entropy: &Entropy) -> Self {
        let provider = self.provider.reseeded(entropy);
        let mls = MlsGroup::load(provider.storage(), self.mls.group_id()).unwrap().unwrap();
        Self { mls, provider, signer: self.signer.clone(), pending_message: None }
    }

    /// Runs a step that writes; after a failure all is as before.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, EngineFault>,
    ) -> Result<T, EngineFault> {
        self.provider.storage().begin();
        let result = step(self);
        if result.is_ok() {
            self.provider.storage().commit();
        } else {
            self.provider.storage().rollback();
            // Empties the authenticated data as well, which the engine keeps after a failure.
            if let Ok(Some(mls)) = MlsGroup::load(self.provider.storage(), self.mls.group_id()) {
                self.mls = mls;
            }
        }
        result
    }

    /// Whether a PSK is there to be named.
    pub(super) fn knows_psk(&self, psk: PskId) -> bool {
        let id = leaf::psk_id(psk, &[0; 32]);
        self.provider.storage().has(Label::Psk, id.psk())
    }

    fn merge_step(&mut self, staged: Staged) -> Result<(), EngineFault> {
        let Self { mls, provider, .. } = self;
        match staged.commit {
            StagedKind::Own { .. } => {
                mls.merge_pending_commit(provider).map_err(internal("merging"))
            }
            StagedKind::Read(commit) => {
                mls.merge_staged_commit(provider, *commit).map_err(internal("merging"))
            }
        }
    }

    fn is_stale(&self, staged: &Staged) -> bool {
        let pending = self.mls.pending_commit().and_then(StagedCommit::epoch_authenticator);
        staged.epoch != self.epoch()
            || match &staged.commit {
                StagedKind::Own { authenticator } => {
                    pending.is_none_or(|pending| pending.as_slice() != authenticator)
                }
                StagedKind::Read(_) => false,
            }
    }
}

impl Engine for Group {
    type Joiner = Candidate;
    type Staged = Staged;

    fn create(
        entropy: &Entropy,
        profile: Profile,
        stay: &Stay,
        meeting: &MeetingId,
        state: &[u8],
    ) -> Result<Self, EngineFault> {
        let provider = Provider::new(entropy, profile);
        let suite = suite_of(profile);
        let signer = LeafSigner::new(&stay.signing_key);
        let mls = MlsGroup::builder()
            .with_group_id(GroupId::from_slice(meeting.as_bytes()))
            .ciphersuite(suite)
            .with_wire_format_policy(WIRE_FORMAT)
            .max_past_epochs(0)
            .number_of_resumption_psks(0)
            .use_ratchet_tree_extension(false)
            .lifetime(leaf::lifetime())
            .with_capabilities(leaf::capabilities(suite))
            .with_group_context_extensions(leaf::context_extensions(state)?)
            .build(&provider, &signer, leaf::credential(stay))
            .map_err(internal("creating a group"))?;
        let mls = without_resumption_psks(&mls, provider.storage())?;
        Ok(Self { mls, provider, signer, pending_message: None })
    }

    fn joiner(
        entropy: &Entropy,
        profile: Profile,
        stay: &Stay,
    ) -> Result<Self::Joiner, EngineFault> {
        Candidate::new(entropy, profile, stay)
    }

    fn inspect_key_package(profile: Profile, bytes: &[u8]) -> Result<KeyPackageFacts, EngineFault> {
        // Nothing random is drawn.
        let crypto = Crypto::new(&Entropy::system(), profile);
        Ok(leaf::read_key_package(&crypto, bytes)?.1)
    }

    fn epoch(&self) -> u64 {
        self.mls.epoch().as_u64()
    }

    fn authenticator(&self) -> [u8; 32] {
        // Its length is that of the suite's hash. Zeros would agree with nobody.
        self.mls.epoch_authenticator().as_slice().try_into().unwrap_or([0; 32])
    }

    fn own_leaf(&self) -> u32 {
        self.mls.own_leaf_index().u32()
    }

    fn leaves(&self) -> Vec<Leaf<'_>> {
        let leaves = self.mls.public_group().treesync().full_leaves();
        let leaf = leaves.map(|(index, leaf)| {
            Some(Leaf {
                index: index.u32(),
                credential: leaf.credential().serialized_content(),
                signature_key: leaf::signature_key(leaf)?,
            })
        });
        leaf.flatten().collect()
    }

    fn state(&self) -> &[u8] {
        self.mls.extensions().unknown(leaf::STATE).map_or(&[], |state| state.0.as_slice())
    }

    fn export(
        &self,
        label: &str,
        context: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, EngineFault> {
        self.mls
            .export_secret(self.provider.crypto(), label, context, length)
            .map(Zeroizing::new)
            .map_err(internal("exporting a secret"))
    }

    fn stay(&self) -> Result<Stay, EngineFault> {
        let leaf = self.mls.own_leaf_node().ok_or(EngineFault::Internal("one's own leaf"))?;
        let credential = leaf.credential().serialized_content().to_vec();
        Ok(Stay { signing_key: self.signer.key(), credential })
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signer.sign_bytes(message)
    }

    fn set_psks(&mut self, psks: &[(PskId, &Secret<32>)]) -> Result<(), EngineFault> {
        self.step(|group| {
            group.provider.storage().clear(Label::Psk);
            for (psk, secret) in psks {
                leaf::psk_id(*psk, &[0; 32])
                    .store(&group.provider, secret.expose())
                    .map_err(internal("a PSK"))?;
            }
            Ok(())
        })
    }

    fn build(&mut self, plan: &CommitPlan<'_>) -> Result<BuiltCommit, EngineFault> {
        if self.has_pending() {
            return Err(EngineFault::Pending);
        }
        let adds = build::check_plan(self, plan)?;
        let built = self.step(|group| build::build(group, plan, adds))?;
        self.pending_message = Some(built.message.clone());
        Ok(built)
    }

    fn has_pending(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    fn drop_pending(&mut self) -> Result<(), EngineFault> {
        self.step(|group| {
            let Self { mls, provider, .. } = group;
            mls.clear_pending_commit(provider.storage()).map_err(internal("dropping a commit"))
        })?;
        self.pending_message = None;
        Ok(())
    }

    fn save(&self) -> Result<Zeroizing<Vec<u8>>, EngineFault> {
        saved::save(self)
    }

    fn load(
        entropy: &Entropy,
        profile: Profile,
        meeting: &MeetingId,
        saved: &[u8],
    ) -> Result<Self, EngineFault> {
        saved::load(entropy, profile, meeting, saved)
    }

    fn stage(&mut self, message: &[u8]) -> Result<(Staged, CommitFacts), StageFault> {
        stage::stage(self, message)
    }

    fn merge(&mut self, staged: Staged) -> Result<(), EngineFault> {
        if self.is_stale(&staged) {
            return Err(EngineFault::Stale);
        }
        if let StagedKind::Read(commit) = &staged.commit
            && commit.self_removed()
        {
            return Err(EngineFault::Removed);
        }
        self.step(|group| group.merge_step(staged))?;
        self.pending_message = None;
        Ok(())
    }
}
