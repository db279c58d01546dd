//! What a commit does, told from the engine's staged commit: all that nobody may commit is
//! refused here, by default (SPEC \[G4\]).

use openmls::group::{PublicGroup, QueuedProposal, StagedCommit};
use openmls::messages::proposals::{PreSharedKeyProposal, Proposal, ProposalOrRefType};
use openmls::prelude::LeafNodeIndex;
use openmls::schedule::PreSharedKeyId;
use openmls::treesync::LeafNode;
use tls_codec::{Deserialize as _, Serialize as _};

use super::leaf::{self, owner_of};
use super::provider::Crypto;
use super::{CommitFacts, PskId};

/// The facts of a commit by the member `committer`, or the first rule that it breaks.
pub(super) fn commit_facts(
    crypto: &Crypto,
    old: &PublicGroup,
    commit: &StagedCommit,
    committer: u32,
    note: &[u8],
) -> Result<CommitFacts, &'static str> {
    let mut facts = CommitFacts {
        committer,
        own: false,
        note: note.to_vec(),
        adds: Vec::new(),
        removes: Vec::new(),
        state: None,
        psk: None,
        path: commit.update_path_leaf_node().is_some(),
        renamed: None,
    };
    for proposal in commit.queued_proposals() {
        record(crypto, &mut facts, proposal)?;
    }
    check_whole(&facts)?;
    if let Some(new) = commit.update_path_leaf_node() {
        let old = old.leaf(LeafNodeIndex::new(committer)).ok_or("a committer without a leaf")?;
        facts.renamed = check_path(crypto, old, new)?;
    }
    Ok(facts)
}

/// Adds what one proposal does to `facts`.
fn record(
    crypto: &Crypto,
    facts: &mut CommitFacts,
    queued: &QueuedProposal,
) -> Result<(), &'static str> {
    if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal {
        return Err("a proposal by reference");
    }
    // SPEC [G4]
    match queued.proposal() {
        Proposal::Add(add) => {
            // SPEC [G6]
            facts.adds.push(leaf::key_package_facts(crypto, add.key_package())?);
        }
        Proposal::Remove(remove) => {
            let removed = remove.removed().u32();
            if removed == facts.committer {
                return Err("a committer that removes itself");
            }
            if facts.removes.contains(&removed) {
                return Err("a leaf removed twice");
            }
            facts.removes.push(removed);
        }
        Proposal::GroupContextExtensions(proposal) => {
            // SPEC [G14]
            let state = leaf::state_of(proposal.extensions()).ok_or("another GroupContext")?;
            if facts.state.replace(state.to_vec().into()).is_some() {
                return Err("two GroupContextExtensions");
            }
        }
        Proposal::PreSharedKey(proposal) => {
            let psk = psk_in(proposal).ok_or("a PSK that is no invite's")?;
            // SPEC [G7]
            if facts.psk.replace(psk).is_some() {
                return Err("two PSKs");
            }
        }
        Proposal::Update(_) => return Err("an Update"),
        Proposal::ReInit(_) => return Err("a ReInit"),
        Proposal::ExternalInit(_) => return Err("an ExternalInit"),
        Proposal::SelfRemove => return Err("a SelfRemove"),
        Proposal::Custom(_) => return Err("a custom proposal"),
    }
    Ok(())
}

/// The engine shows a PSK proposal's id in its encoding only.
fn psk_in(proposal: &PreSharedKeyProposal) -> Option<PskId> {
    let encoded = proposal.tls_serialize_detached().ok()?;
    owner_of(&PreSharedKeyId::tls_deserialize_exact(&encoded).ok()?)
}

fn check_whole(facts: &CommitFacts) -> Result<(), &'static str> {
    // SPEC [G7]
    if facts.psk.is_some() == facts.adds.is_empty() {
        return Err("a PSK without an Add, or an Add without a PSK");
    }
    // SPEC [G10]
    if !facts.path && (!facts.removes.is_empty() || facts.state.is_some()) {
        return Err("no path");
    }
    Ok(())
}

/// SPEC \[G5\]: a path renews encryption keys, and nothing else but the content of the credential,
/// which it gives back if it differs: whether that may be is the caller's to judge (SPEC \[G21\]).
fn check_path(
    crypto: &Crypto,
    old: &LeafNode,
    new: &LeafNode,
) -> Result<Option<Vec<u8>>, &'static str> {
    // SPEC [G5]
    if old.signature_key() != new.signature_key() {
        return Err("a path that changes the signature key");
    }
    if old.capabilities() != new.capabilities() {
        return Err("a path that changes the capabilities");
    }
    if old.extensions() != new.extensions() {
        return Err("a path that changes the extensions");
    }
    if let Some(oddity) = leaf::oddity(crypto.suite(), new) {
        return Err(oddity);
    }
    let renamed = old.credential() != new.credential();
    Ok(renamed.then(|| new.credential().serialized_content().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> CommitFacts {
        CommitFacts {
            committer: 0,
            own: false,
            note: Vec::new(),
            adds: Vec::new(),
            removes: Vec::new(),
            state: None,
            psk: None,
            path: false,
            renamed: None,
        }
    }

    #[test]
    fn a_removal_or_a_new_state_without_a_path_is_refused() {
        // SPEC [G10]
        for pathless in [
            CommitFacts { removes: vec![1], ..facts() },
            CommitFacts { state: Some(Vec::new().into()), ..facts() },
        ] {
            assert_eq!(check_whole(&pathless), Err("no path"));
            assert_eq!(check_whole(&CommitFacts { path: true, ..pathless }), Ok(()));
        }
    }
}
