//! Reading a commit: refused by all, unreadable to this member alone, or ready to merge; in the
//! order in which the real engine looks.

#![cfg(test)]

use super::build::{Applied, apply, next_epoch, slot_context};
use super::crypto::{Key, open};
use super::group::{Next, Staged, StagedKind, Symbolic};
use super::message::{Commit, Content, Message, Path, Proposal, decode, psk_of, verifies};
use crate::mls::{CommitFacts, Engine as _, StageFault};

fn refused(reason: &'static str, committer: Option<u32>) -> StageFault {
    StageFault::Refused { reason, committer }
}

/// Reads `message` as a commit for the group's current epoch.
pub(super) fn stage(group: &Symbolic, bytes: &[u8]) -> Result<(Staged, CommitFacts), StageFault> {
    let Some(Message::Commit(commit)) = decode(bytes) else { return Err(StageFault::Malformed) };
    check_frame(group, &commit)?;
    let committer = commit.content.committer;
    let (epoch, by) = (group.epoch(), Some(committer));
    if committer == group.own_leaf
        && let Some(pending) = &group.pending
    {
        if pending.confirmation_tag == commit.confirmation_tag {
            let authenticator = pending.next.epoch.authenticator();
            let staged = Staged { epoch, commit: StagedKind::Own { authenticator } };
            return Ok((staged, pending.facts.clone()));
        }
        let same =
            |own: &Commit| own.content == commit.content && own.signature == commit.signature;
        if let Some(Message::Commit(own)) = decode(&pending.message)
            && same(&own)
        {
            return Err(refused("the confirmation tag", by));
        }
    }
    // A path of one's own that is not pending: its secrets are gone.
    if committer == group.own_leaf && commit.content.path.is_some() {
        return Err(judge_public_part(group, &commit.content));
    }
    let applied = apply(&group.epoch, &commit.content).ok_or(refused("an invalid commit", by))?;
    let removed = commit.content.proposals.contains(&Proposal::Remove(group.own_leaf));
    if removed && commit.content.path.is_some() {
        let facts = facts(group, &commit.content).map_err(|reason| refused(reason, by))?;
        return Ok((Staged { epoch, commit: StagedKind::Removed }, facts));
    }
    let Some(path_secret) = path_secret(group, &commit.content) else {
        return Err(judge_public_part(group, &commit.content));
    };
    let next = follow(group, &commit, applied, &path_secret)?;
    let facts = facts(group, &commit.content).map_err(|reason| refused(reason, by))?;
    // SPEC [R7]: without a path it could be merged like anybody's.
    if facts.own {
        return Err(StageFault::NotMine(Box::new(facts)));
    }
    Ok((Staged { epoch, commit: StagedKind::Read(Box::new(next)) }, facts))
}

/// What is to be known before anything is believed, then the tag and the signature.
fn check_frame(group: &Symbolic, commit: &Commit) -> Result<(), StageFault> {
    let Content { group: id, epoch, committer, .. } = &commit.content;
    if *id != group.epoch.context.group {
        return Err(StageFault::WrongGroup);
    }
    if *epoch != group.epoch() {
        return Err(StageFault::WrongEpoch { epoch: *epoch });
    }
    let Some(leaf) = group.epoch.leaf(*committer) else {
        return Err(refused("no such member", None));
    };
    if commit.membership_tag(&group.epoch.secret) != commit.membership_tag {
        return Err(refused("the membership tag", None));
    }
    let to_sign = commit.content.to_sign(&group.epoch.context);
    if !verifies(&leaf.signature_key, &to_sign, &commit.signature) {
        return Err(refused("the signature", None));
    }
    Ok(())
}

/// The path's secret as this member reads it; zeros without a path.
fn path_secret(group: &Symbolic, content: &Content) -> Option<Key> {
    let Some(path) = &content.path else { return Some([0; 32]) };
    let (_, sealed) = path.slots.iter().find(|(leaf, _)| *leaf == group.own_leaf)?;
    let bound = slot_context(&group.epoch, content.committer);
    open(group.leaf_key.as_ref()?, &bound, sealed)?.try_into().ok()
}

/// The epoch that a readable commit leads to.
fn follow(
    group: &Symbolic,
    commit: &Commit,
    applied: Applied,
    path_secret: &Key,
) -> Result<Next, StageFault> {
    let by = Some(commit.content.committer);
    let mut psks = Vec::new();
    for proposal in &commit.content.proposals {
        let Proposal::Psk { psk, .. } = proposal else { continue };
        let secret = group.psks.get(&psk_of(*psk));
        psks.push(*secret.ok_or(refused("a PSK of no live invite", by))?);
    }
    let old = &group.epoch;
    let transcript = commit.content.transcript(&old.context.transcript, &commit.signature);
    let joiner_secret = old.joiner_secret(path_secret);
    let epoch = next_epoch(old, applied, transcript, &joiner_secret, &psks);
    if epoch.confirmation_tag() != commit.confirmation_tag {
        return Err(refused("the confirmation tag", by));
    }
    Ok(Next { epoch, leaf_key: group.leaf_key })
}

/// Everything but the path is as it should be, as far as can be seen.
fn judge_public_part(group: &Symbolic, content: &Content) -> StageFault {
    let by = Some(content.committer);
    if apply(&group.epoch, content).is_none() {
        return refused("an invalid commit", by);
    }
    match facts(group, content) {
        Ok(facts) if facts.own => StageFault::NotMine(Box::new(facts)),
        Ok(facts) => StageFault::Unreadable(Box::new(facts)),
        Err(reason) => refused(reason, by),
    }
}

/// What a commit does, or the first rule that it breaks.
pub(super) fn facts(group: &Symbolic, content: &Content) -> Result<CommitFacts, &'static str> {
    let mut facts = CommitFacts {
        committer: content.committer,
        own: content.committer == group.own_leaf,
        note: content.note.clone(),
        adds: Vec::new(),
        removes: Vec::new(),
        state: None,
        psk: None,
        path: content.path.is_some(),
        renamed: None,
    };
    for proposal in &content.proposals {
        match proposal {
            Proposal::Add(key_package) => facts.adds.push(key_package.facts()?),
            Proposal::Remove(leaf) => facts.removes.push(*leaf),
            Proposal::State(state) => facts.state = Some(state.clone().into()),
            Proposal::Psk { psk, .. } => {
                if facts.psk.replace(psk_of(*psk)).is_some() {
                    return Err("two PSKs");
                }
            }
        }
    }
    if facts.psk.is_some() == facts.adds.is_empty() {
        return Err("a PSK without an Add, or an Add without a PSK");
    }
    if !facts.path && (!facts.removes.is_empty() || facts.state.is_some()) {
        return Err("no path");
    }
    if let Some(path) = &content.path {
        facts.renamed = renamed(group, content.committer, path)?;
    }
    if facts.psk.is_some_and(|psk| !group.psks.contains_key(&psk)) {
        return Err("a PSK of no live invite");
    }
    Ok(facts)
}

/// What a path makes of the committer's credential, if anything.
fn renamed(group: &Symbolic, committer: u32, path: &Path) -> Result<Option<Vec<u8>>, &'static str> {
    let old = group.epoch.leaf(committer).ok_or("a committer without a leaf")?;
    if old.signature_key != path.leaf.signature_key {
        return Err("a path that changes the signature key");
    }
    let new = &path.leaf.credential;
    Ok((old.credential != *new).then(|| new.clone()))
}
