//! [`Engine`] by symbols.

#![cfg(test)]

use std::collections::BTreeMap;

use ed25519_dalek::Signer as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::crypto::{Key, derive, expand, hash, public_key};
use super::joiner::SymbolicJoiner;
use super::message::{Context, KeyPackage, LeafNode, Signature, Tree, tree_hash};
use super::{build, saved, stage};
use crate::entropy::Entropy;
use crate::mls::{
    BuiltCommit, CommitFacts, CommitPlan, Engine, EngineFault, KeyPackageFacts, Leaf, MeetingId,
    Profile, PskId, StageFault, Stay,
};
use crate::secret::Secret;

/// One epoch as a member sees it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Epoch {
    pub(super) context: Context,
    pub(super) tree: Tree,
    /// The hash of all that led here.
    pub(super) secret: Key,
}

/// An epoch that a commit leads to, and the private key of one's own leaf in it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Next {
    pub(super) epoch: Epoch,
    pub(super) leaf_key: Option<Key>,
}

/// One's own commit on its way.
#[derive(Clone)]
pub(super) struct Pending {
    pub(super) message: Vec<u8>,
    pub(super) confirmation_tag: Key,
    pub(super) next: Next,
    pub(super) facts: CommitFacts,
}

/// One member's group.
#[derive(Clone)]
pub(crate) struct Symbolic {
    pub(super) entropy: Entropy,
    pub(super) stay: Stay,
    pub(super) own_leaf: u32,
    pub(super) epoch: Epoch,
    /// The private key of the own leaf, unless it was lost.
    pub(super) leaf_key: Option<Key>,
    pub(super) psks: BTreeMap<PskId, Key>,
    pub(super) pending: Option<Pending>,
}

/// A commit that was read and may be merged.
pub(crate) struct Staged {
    pub(super) epoch: u64,
    pub(super) commit: StagedKind,
}

pub(super) enum StagedKind {
    /// The pending one, known by the epoch authenticator that it leads to.
    Own { authenticator: Key },
    /// Any other.
    Read(Box<Next>),
    /// One that removes this member.
    Removed,
}

impl Epoch {
    /// The epoch with this context after `joiner_secret`, with these PSKs.
    pub(super) fn enter(context: Context, tree: Tree, joiner_secret: &Key, psks: &[Key]) -> Self {
        let secret = hash("epoch", &[joiner_secret, &psks.concat(), &context.hash()]);
        Self { context, tree, secret }
    }

    pub(super) fn authenticator(&self) -> Key {
        derive(&self.secret, "authentication")
    }

    pub(super) fn confirmation_tag(&self) -> Key {
        hash("confirmation tag", &[&derive(&self.secret, "confirm"), &self.context.transcript])
    }

    /// What those need whom the commit into the next epoch adds.
    pub(super) fn joiner_secret(&self, commit_secret: &Key) -> Key {
        hash("joiner", &[&derive(&self.secret, "init"), commit_secret])
    }

    pub(super) fn export(
        &self,
        label: &str,
        context: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, EngineFault> {
        let exported = expand(&derive(&self.secret, "exporter"), label, context, length);
        exported.map(Zeroizing::new).ok_or(EngineFault::Internal("exporting a secret"))
    }

    pub(super) fn leaf(&self, index: u32) -> Option<&LeafNode> {
        self.tree.get(index as usize)?.as_ref()
    }
}

/// Signs with the key of a stay.
pub(super) fn sign(stay: &Stay, message: &[u8]) -> Signature {
    let signature = stay.signing_key.sign(message).to_bytes();
    [signature[..32].try_into().unwrap(), signature[32..].try_into().unwrap()]
}

/// A leaf of this stay.
pub(super) fn own_leaf(stay: &Stay, private_key: &Key) -> LeafNode {
    LeafNode {
        credential: stay.credential.clone(),
        signature_key: stay.signing_key.verifying_key().to_bytes(),
        encryption_key: public_key(private_key),
    }
}

impl Symbolic {
    /// The same member with another source of randomness.
    pub(crate) fn twin(&self, entropy: &Entropy) -> Self {
        Self { entropy: entropy.clone(), ..self.clone() }
    }

    /// Loses the private key of one's own leaf, so that the next path is unreadable here.
    pub(crate) fn lose_path_keys(&mut self) {
        self.leaf_key = None;
    }

    fn is_stale(&self, staged: &Staged) -> bool {
        let pending = self.pending.as_ref().map(|pending| pending.next.epoch.authenticator());
        staged.epoch != self.epoch()
            || match &staged.commit {
                StagedKind::Own { authenticator } => pending != Some(*authenticator),
                StagedKind::Read(_) | StagedKind::Removed => false,
            }
    }
}

impl Engine for Symbolic {
    type Joiner = SymbolicJoiner;
    type Staged = Staged;

    fn create(
        entropy: &Entropy,
        _: Profile,
        stay: &Stay,
        meeting: &MeetingId,
        state: &[u8],
    ) -> Result<Self, EngineFault> {
        let leaf_key = entropy.array()?;
        let tree = vec![Some(own_leaf(stay, &leaf_key))];
        let context = Context {
            group: *meeting.as_bytes(),
            epoch: 0,
            tree_hash: tree_hash(&tree),
            transcript: [0; 32],
            state: state.to_vec(),
        };
        let epoch = Epoch::enter(context, tree, &entropy.array()?, &[]);
        Ok(Self {
            entropy: entropy.clone(),
            stay: stay.clone(),
            own_leaf: 0,
            epoch,
            leaf_key: Some(leaf_key),
            psks: BTreeMap::new(),
            pending: None,
        })
    }

    fn joiner(entropy: &Entropy, _: Profile, stay: &Stay) -> Result<Self::Joiner, EngineFault> {
        SymbolicJoiner::new(entropy, stay)
    }

    fn inspect_key_package(_: Profile, bytes: &[u8]) -> Result<KeyPackageFacts, EngineFault> {
        KeyPackage::read(bytes)?.facts().map_err(EngineFault::KeyPackage)
    }

    fn epoch(&self) -> u64 {
        self.epoch.context.epoch
    }

    fn authenticator(&self) -> [u8; 32] {
        self.epoch.authenticator()
    }

    fn own_leaf(&self) -> u32 {
        self.own_leaf
    }

    fn leaves(&self) -> Vec<Leaf<'_>> {
        let nodes = self.epoch.tree.iter().enumerate();
        let leaf = nodes.map(|(index, node)| {
            let LeafNode { credential, signature_key, .. } = node.as_ref()?;
            Some(Leaf { index: index as u32, credential, signature_key: *signature_key })
        });
        leaf.flatten().collect()
    }

    fn state(&self) -> &[u8] {
        &self.epoch.context.state
    }

    fn export(
        &self,
        label: &str,
        context: &[u8],
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, EngineFault> {
        self.epoch.export(label, context, length)
    }

    fn stay(&self) -> Result<Stay, EngineFault> {
        let leaf = self.epoch.leaf(self.own_leaf).ok_or(EngineFault::Internal("one's own leaf"))?;
        Ok(Stay { credential: leaf.credential.clone(), ..self.stay.clone() })
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.stay.signing_key.sign(message).to_bytes()
    }

    fn set_psks(&mut self, psks: &[(PskId, &Secret<32>)]) -> Result<(), EngineFault> {
        self.psks = psks.iter().map(|(psk, secret)| (*psk, *secret.expose())).collect();
        Ok(())
    }

    fn build(&mut self, plan: &CommitPlan<'_>) -> Result<BuiltCommit, EngineFault> {
        if self.has_pending() {
            return Err(EngineFault::Pending);
        }
        build::build(self, plan)
    }

    fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    fn drop_pending(&mut self) -> Result<(), EngineFault> {
        self.pending = None;
        Ok(())
    }

    fn stage(&mut self, message: &[u8]) -> Result<(Staged, CommitFacts), StageFault> {
        stage::stage(self, message)
    }

    fn save(&self) -> Result<Zeroizing<Vec<u8>>, EngineFault> {
        Ok(saved::save(self))
    }

    fn load(
        entropy: &Entropy,
        _: Profile,
        meeting: &MeetingId,
        saved: &[u8],
    ) -> Result<Self, EngineFault> {
        saved::load(entropy, meeting, saved)
    }

    fn merge(&mut self, staged: Staged) -> Result<(), EngineFault> {
        if self.is_stale(&staged) {
            return Err(EngineFault::Stale);
        }
        let next = match staged.commit {
            StagedKind::Own { .. } => self.pending.take().map(|pending| pending.next),
            StagedKind::Read(next) => Some(*next),
            StagedKind::Removed => None,
        };
        let Next { epoch, leaf_key } = next.ok_or(EngineFault::Removed)?;
        (self.epoch, self.leaf_key, self.pending) = (epoch, leaf_key, None);
        Ok(())
    }
}
