//! Building a commit from a plan, and what any commit leads to.

#![cfg(test)]

use super::crypto::{Key, hash, seal, seal_to};
use super::group::{Epoch, Next, Pending, Symbolic, own_leaf, sign};
use super::message::{
    Commit, Content, Context, GroupInfo, GroupSecrets, KeyPackage, LeafNode, Message, Path,
    Proposal, Signature, Tree, Welcome, encode, name_of, tree_hash,
};
use super::stage::facts;
use crate::mls::group::TREE_LABEL;
use crate::mls::{BuiltCommit, BuiltWelcome, CommitPlan, EngineFault};
use crate::secret::Secret;

/// The tree and the state after a commit, and the leaves that it adds.
pub(super) struct Applied {
    pub(super) tree: Tree,
    pub(super) added: Vec<u32>,
    state: Vec<u8>,
}

/// What the proposals of a commit come to, or nothing if a group cannot take them.
pub(super) fn apply(old: &Epoch, content: &Content) -> Option<Applied> {
    let (mut tree, mut state) = (old.tree.clone(), old.context.state.clone());
    let (mut added, mut states) = (Vec::new(), 0);
    for proposal in &content.proposals {
        match proposal {
            Proposal::Remove(leaf) if *leaf != content.committer => {
                tree.get_mut(*leaf as usize)?.take()?;
            }
            Proposal::Remove(_) => return None,
            Proposal::State(new) => {
                state.clone_from(new);
                states += 1;
            }
            Proposal::Add(_) | Proposal::Psk { .. } => {}
        }
    }
    for proposal in &content.proposals {
        let Proposal::Add(KeyPackage { leaf, .. }) = proposal else { continue };
        let clashes = |other: &LeafNode| {
            other.signature_key == leaf.signature_key || other.encryption_key == leaf.encryption_key
        };
        if tree.iter().flatten().any(clashes) {
            return None;
        }
        let free = tree.iter().position(Option::is_none).unwrap_or(tree.len());
        if free == tree.len() {
            tree.push(None);
        }
        tree[free] = Some(leaf.clone());
        added.push(free as u32);
    }
    if let Some(path) = &content.path {
        tree.get_mut(content.committer as usize)?.as_mut()?.clone_from(&path.leaf);
    }
    while tree.last() == Some(&None) {
        tree.pop();
    }
    (states < 2).then_some(Applied { tree, added, state })
}

/// The epoch that a commit leads to.
pub(super) fn next_epoch(
    old: &Epoch,
    applied: Applied,
    transcript: Key,
    joiner_secret: &Key,
    psks: &[Key],
) -> Epoch {
    let context = Context {
        group: old.context.group,
        epoch: old.context.epoch + 1,
        tree_hash: tree_hash(&applied.tree),
        transcript,
        state: applied.state,
    };
    Epoch::enter(context, applied.tree, joiner_secret, psks)
}

/// What a path's slot of one leaf is bound to.
pub(super) fn slot_context(old: &Epoch, committer: u32) -> Key {
    hash("slot", &[&old.context.hash(), &committer.to_be_bytes()])
}

/// The key that seals a GroupInfo.
pub(super) fn welcome_key(joiner_secret: &Key, psks: &[Key]) -> Key {
    hash("welcome", &[joiner_secret, &psks.concat()])
}

/// The key packages of a plan, if it is one that the group can carry out.
fn check_plan(group: &Symbolic, plan: &CommitPlan<'_>) -> Result<Vec<KeyPackage>, EngineFault> {
    if plan.psk.is_some() == plan.adds.is_empty() {
        return Err(EngineFault::Plan("an Add takes a PSK, and nothing else does"));
    }
    for (position, removed) in plan.removes.iter().enumerate() {
        let again = plan.removes[position + 1..].contains(removed);
        if again || group.epoch.leaf(*removed).is_none() || *removed == group.own_leaf {
            return Err(EngineFault::Plan("no such leaf to remove"));
        }
    }
    let adds = plan.adds.iter().map(|bytes| KeyPackage::read(bytes)).collect::<Result<_, _>>()?;
    if let Some((psk, secret)) = plan.psk
        && group.psks.get(&psk) != Some(secret.expose())
    {
        return Err(EngineFault::Plan("the PSK is not that of a live invite"));
    }
    Ok(adds)
}

/// A commit's content without a path, all proposals by value.
fn content(
    group: &Symbolic,
    plan: &CommitPlan<'_>,
    adds: &[KeyPackage],
) -> Result<Content, EngineFault> {
    let mut proposals: Vec<_> = plan.removes.iter().map(|leaf| Proposal::Remove(*leaf)).collect();
    proposals.extend(adds.iter().cloned().map(Proposal::Add));
    proposals.extend(plan.state.map(|state| Proposal::State(state.to_vec())));
    if let Some((psk, _)) = plan.psk {
        let nonce = group.entropy.array()?;
        proposals.push(Proposal::Psk { psk: name_of(psk), nonce });
    }
    let Context { group: id, epoch, .. } = group.epoch.context;
    let (committer, note) = (group.own_leaf, plan.note.to_vec());
    Ok(Content { group: id, epoch, committer, note, proposals, path: None })
}

/// Gives `content` a path, whose secret comes back with the new private key of the own leaf.
fn add_path(
    group: &Symbolic,
    rename: Option<&[u8]>,
    content: &mut Content,
) -> Result<(Key, Key), EngineFault> {
    let no_group = EngineFault::Plan("the group does not take these proposals");
    let (leaf_key, path_secret): (Key, Key) = (group.entropy.array()?, group.entropy.array()?);
    let old = group.epoch.leaf(group.own_leaf).ok_or(EngineFault::Internal("one's own leaf"))?;
    let credential = rename.unwrap_or(&old.credential).to_vec();
    let leaf = LeafNode { credential, ..own_leaf(&group.stay, &leaf_key) };
    let Applied { tree, added, .. } = apply(&group.epoch, content).ok_or(no_group)?;
    let bound = slot_context(&group.epoch, group.own_leaf);
    let mut slots = Vec::new();
    for (index, node) in (0..).zip(&tree) {
        let Some(node) = node else { continue };
        if index == group.own_leaf || added.contains(&index) {
            continue;
        }
        slots.push((index, seal_to(&node.encryption_key, &bound, &path_secret)));
    }
    content.path = Some(Path { leaf, slots });
    Ok((leaf_key, path_secret))
}

/// Builds and keeps a commit.
pub(super) fn build(
    group: &mut Symbolic,
    plan: &CommitPlan<'_>,
) -> Result<BuiltCommit, EngineFault> {
    let adds = check_plan(group, plan)?;
    let mut content = content(group, plan, &adds)?;
    let with_path = plan.path
        || plan.state.is_some()
        || plan.rename.is_some()
        || plan.adds.is_empty()
        || !plan.removes.is_empty();
    let (leaf_key, path_secret) = if with_path {
        let (leaf_key, path_secret) = add_path(group, plan.rename, &mut content)?;
        (Some(leaf_key), path_secret)
    } else {
        (group.leaf_key, [0; 32])
    };
    let no_group = EngineFault::Plan("the group does not take these proposals");
    let applied = apply(&group.epoch, &content).ok_or(no_group)?;
    let psks: Vec<Key> = plan.psk.iter().map(|(_, secret)| *secret.expose()).collect();
    let signature = sign(&group.stay, &content.to_sign(&group.epoch.context));
    let joiner_secret = group.epoch.joiner_secret(&path_secret);
    let transcript = content.transcript(&group.epoch.context.transcript, &signature);
    let epoch = next_epoch(&group.epoch, applied, transcript, &joiner_secret, &psks);
    let welcome = match plan.psk {
        Some((psk, _)) => {
            let secrets = GroupSecrets { joiner_secret, psks: vec![name_of(psk)] };
            Some(welcome(group, &epoch, &adds, &secrets, &psks)?)
        }
        None => None,
    };
    let next = Next { epoch, leaf_key };
    let message = frame(group, content, signature, next)?;
    Ok(BuiltCommit { message: message.into(), welcome })
}

/// Puts the tags on, and keeps the commit as the pending one.
fn frame(
    group: &mut Symbolic,
    content: Content,
    signature: Signature,
    next: Next,
) -> Result<Vec<u8>, EngineFault> {
    let confirmation_tag = next.epoch.confirmation_tag();
    let mut commit = Commit { content, signature, confirmation_tag, membership_tag: [0; 32] };
    commit.membership_tag = commit.membership_tag(&group.epoch.secret);
    let facts = facts(group, &commit.content);
    let facts = facts.map_err(|_| EngineFault::Internal("the facts of one's own commit"))?;
    let message = encode(&Message::Commit(Box::new(commit)));
    group.pending = Some(Pending { message: message.clone(), confirmation_tag, next, facts });
    Ok(message)
}

/// What those need whom the commit into `epoch` adds.
fn welcome(
    group: &Symbolic,
    epoch: &Epoch,
    adds: &[KeyPackage],
    secrets: &GroupSecrets,
    psks: &[Key],
) -> Result<BuiltWelcome, EngineFault> {
    let confirmation_tag = epoch.confirmation_tag();
    let signature = sign(&group.stay, &GroupInfo::to_sign(&epoch.context, &confirmation_tag));
    let context = epoch.context.clone();
    let info = GroupInfo { context, confirmation_tag, signer: group.own_leaf, signature };
    let key = welcome_key(&secrets.joiner_secret, psks);
    let group_info = seal(&key, b"GroupInfo", &encode(&info));
    let part =
        |add: &KeyPackage| (add.reference(), seal_to(&add.init_key, &group_info, &encode(secrets)));
    let secrets = adds.iter().map(part).collect();
    let exported = epoch.export(TREE_LABEL, b"", 32)?;
    let tree_secret = Secret::read(&exported);
    Ok(BuiltWelcome {
        welcome: encode(&Message::Welcome(Welcome { secrets, group_info })),
        tree: encode(&epoch.tree),
        tree_secret: tree_secret.ok_or(EngineFault::Internal("exporting the tree's secret"))?,
    })
}
