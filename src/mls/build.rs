//! Building a commit from a plan, all proposals by value.

use openmls::group::{CommitBuilder, Initial, MlsGroup};
use openmls::key_packages::KeyPackage;
use openmls::messages::proposals::{PreSharedKeyProposal, Proposal};
use openmls::prelude::{LeafNodeIndex, LeafNodeParameters};
use openmls::schedule::PreSharedKeyId;
use openmls_traits::OpenMlsProvider as _;
use tls_codec::Serialize as _;
use zeroize::Zeroizing;

use super::group::{Group, TREE_LABEL, internal};
use super::leaf;
use super::provider::Provider;
use super::store::{Label, record_key};
use super::{BuiltCommit, BuiltWelcome, CommitPlan, Engine as _, EngineFault, tree};
use crate::secret::Secret;

/// The KeyPackages of a plan, if it is one that the group can carry out.
pub(super) fn check_plan(
    group: &Group,
    plan: &CommitPlan<'_>,
) -> Result<Vec<KeyPackage>, EngineFault> {
    if plan.psk.is_some() == plan.adds.is_empty() {
        return Err(EngineFault::Plan("an Add takes a PSK, and nothing else does"));
    }
    for (position, removed) in plan.removes.iter().enumerate() {
        let others = plan.removes.get(position + 1..).unwrap_or_default();
        let leaf = group.mls.public_group().leaf(LeafNodeIndex::new(*removed));
        if others.contains(removed) || leaf.is_none() || *removed == group.own_leaf() {
            return Err(EngineFault::Plan("no such leaf to remove"));
        }
    }
    let read = |bytes: &Vec<u8>| leaf::read_key_package(group.provider.crypto(), bytes);
    plan.adds.iter().map(|bytes| Ok(read(bytes)?.0)).collect()
}

/// The proposals of a plan, all by value.
fn proposals<'a>(
    provider: &Provider,
    builder: CommitBuilder<'a, Initial>,
    plan: &CommitPlan<'_>,
    adds: Vec<KeyPackage>,
) -> Result<CommitBuilder<'a, Initial>, EngineFault> {
    let path = plan.path || plan.state.is_some() || plan.rename.is_some() || plan.adds.is_empty();
    let mut builder = builder
        .consume_proposal_store(false)
        .force_self_update(path)
        .propose_removals(plan.removes.iter().copied().map(LeafNodeIndex::new))
        .propose_adds(adds);
    if let Some(state) = plan.state {
        builder = builder
            .propose_group_context_extensions(leaf::context_extensions(state)?)
            .map_err(internal("a new state"))?;
    }
    if let Some((psk, secret)) = plan.psk {
        let id = leaf::psk_id(psk, &provider.entropy().array()?);
        check_psk(provider, &id, secret)?;
        let psk = PreSharedKeyProposal::new(id);
        builder = builder.add_proposal(Proposal::PreSharedKey(Box::new(psk)));
    }
    Ok(builder)
}

/// What of one's own leaf the path replaces. The engine takes all else from the tree as it is, so
/// that a later path keeps the new credential.
fn leaf_parameters(
    group: &MlsGroup,
    plan: &CommitPlan<'_>,
) -> Result<LeafNodeParameters, EngineFault> {
    let Some(credential) = plan.rename else { return Ok(LeafNodeParameters::default()) };
    let leaf = group.own_leaf_node().ok_or(EngineFault::Internal("one's own leaf"))?;
    let renamed = leaf::with_credential(leaf, credential);
    Ok(LeafNodeParameters::builder().with_credential_with_key(renamed).build())
}

/// The PSK is the one that all members hold, or they would refuse what its author merges.
fn check_psk(
    provider: &Provider,
    id: &PreSharedKeyId,
    secret: &Secret<32>,
) -> Result<(), EngineFault> {
    let fault = EngineFault::Internal("a PSK");
    let key = record_key(Label::Psk, id.psk()).map_err(|_| fault)?;
    let live = provider.storage().bytes(&key);
    id.store(provider, secret.expose()).map_err(|_| fault)?;
    if live.is_none() || live != provider.storage().bytes(&key) {
        return Err(EngineFault::Plan("the PSK is not that of a live invite"));
    }
    Ok(())
}

/// Builds and stages a checked plan. After a failure the caller rolls back.
pub(super) fn build(
    group: &mut Group,
    plan: &CommitPlan<'_>,
    adds: Vec<KeyPackage>,
) -> Result<BuiltCommit, EngineFault> {
    group.mls.set_aad(plan.note.to_vec());
    let leaves = added_leaves(plan, &adds)?;
    let Group { mls, provider, signer, .. } = &mut *group;
    let parameters = leaf_parameters(mls, plan)?;
    let bundle = proposals(provider, mls.commit_builder(), plan, adds)?
        .leaf_node_parameters(parameters)
        .load_psks(provider.storage())
        .map_err(internal("a PSK"))?
        .create_group_info(false)
        .build(provider.rand(), provider.crypto(), &*signer, |_| true)
        .map_err(|_| EngineFault::Plan("the group does not take these proposals"))?
        .stage_commit(provider)
        .map_err(internal("staging one's own commit"))?;
    let message = bundle.commit().to_bytes().map(Zeroizing::new);
    let message = message.map_err(internal("encoding a commit"))?;
    let welcome = match bundle.to_welcome_msg() {
        Some(welcome) => Some(BuiltWelcome {
            welcome: welcome.to_bytes().map_err(internal("encoding a Welcome"))?,
            tree: tree_behind(group, leaves.as_deref())?,
            tree_secret: pending_tree_secret(group)?,
        }),
        None => None,
    };
    Ok(BuiltCommit { message, welcome })
}

/// The encoded leaf nodes of those who are added, if the commit does nothing else to the tree.
fn added_leaves(
    plan: &CommitPlan<'_>,
    adds: &[KeyPackage],
) -> Result<Option<Vec<Vec<u8>>>, EngineFault> {
    let pathless = !plan.path && plan.state.is_none() && plan.rename.is_none();
    if !pathless || !plan.removes.is_empty() {
        return Ok(None);
    }
    let leaves = adds.iter().map(|add| add.leaf_node().tls_serialize_detached());
    leaves.collect::<Result<_, _>>().map(Some).map_err(internal("encoding a leaf"))
}

/// The encoded tree of the epoch that the pending commit leads to.
fn tree_behind(group: &Group, added: Option<&[Vec<u8>]>) -> Result<Vec<u8>, EngineFault> {
    let Some(added) = added else { return pending_tree(group) };
    let before = tree::encoded(group.mls.public_group().treesync());
    let behind = before.and_then(|before| tree::with_leaves(&before, added));
    behind.map_or_else(|| pending_tree(group), Ok)
}

pub(super) fn pending_tree(group: &Group) -> Result<Vec<u8>, EngineFault> {
    let fault = EngineFault::Internal("exporting the ratchet tree");
    let commit = group.mls.pending_commit().ok_or(fault)?;
    let tree = commit
        .export_ratchet_tree(group.provider.crypto(), group.mls.export_ratchet_tree())
        .map_err(|_| fault)?
        .ok_or(fault)?;
    tree.tls_serialize_detached().map_err(|_| fault)
}

pub(super) fn pending_tree_secret(group: &Group) -> Result<Secret<32>, EngineFault> {
    let fault = EngineFault::Internal("exporting the tree's secret");
    let commit = group.mls.pending_commit().ok_or(fault)?;
    let secret = commit
        .export_secret(group.provider.crypto(), TREE_LABEL, b"", 32)
        .map(Zeroizing::new)
        .map_err(|_| fault)?;
    // SPEC [A9]
    Secret::read(&secret).ok_or(fault)
}
