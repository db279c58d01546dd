//! Members that can follow no more come back: each one's leaf goes, and a new one of the same identity
//! takes its place (SPEC \[G26\]).

use incamera_wire::{KeyPackageRef, Right, StayId};

use super::rights::require;
use super::state::{PskId, live_resync_key};
use super::verdict::{at, judge_newcomer};
use super::{Newcomer, Occupant, Proposed, Scene};
use crate::error::Rule;

/// The verdict on a commit that removes, adds and carries the words of those who come back. Roles and
/// all else in the state follow the identity, so nothing is derived.
pub(super) fn judge_resync(scene: &Scene<'_>, commit: &Proposed<'_>) -> Result<(), Rule> {
    let Scene { state, roster, orders } = *scene;
    // SPEC [G16], [G26]: else an identity that is ordered out would come back instead.
    if !orders.is_empty() {
        return Err(Rule::OrderIgnored);
    }
    // SPEC [G7]
    match commit.psk {
        Some(PskId::Resync(id)) => live_resync_key(state, id).ok_or(Rule::Psk)?,
        Some(PskId::Invite(_)) | None => return Err(Rule::Psk),
    };
    let (adds, removes, rejoins) = (commit.adds, commit.removes, commit.rejoins);
    // SPEC [G26]: with each word for a leaf and a newcomer of its own, this makes it one to one.
    if rejoins.len() != removes.len() || rejoins.len() != adds.len() {
        return Err(Rule::Rejoin("it does not remove, add and prove one for one"));
    }
    for (index, leaf) in removes.iter().enumerate() {
        let twice = removes.iter().take(index).any(|earlier| earlier == leaf);
        // SPEC [G8]: nobody removes itself, also who comes back.
        if twice || *leaf == commit.committer || at(roster, *leaf).is_none() {
            return Err(Rule::NoSuchLeaf);
        }
    }
    for (index, rejoin) in rejoins.iter().enumerate() {
        let mut earlier = rejoins.iter().take(index);
        // SPEC [G26]
        if earlier.any(|other| other.stay == rejoin.stay || other.knock == rejoin.knock) {
            return Err(Rule::Rejoin("one leaf or key package is named twice"));
        }
        let old = gone(roster, removes, rejoin.stay)?;
        let new = newcomer(adds, rejoin.knock)?;
        // SPEC [G26]
        if new.fingerprint != old.fingerprint {
            return Err(Rule::Rejoin("another identity takes the place of a leaf"));
        }
        if rejoin.renames {
            // SPEC [G21], [G26]
            require(state, old, Right::RenameSelf)?;
        }
    }
    for (index, newcomer) in adds.iter().enumerate() {
        judge_newcomer(state, roster, adds.iter().take(index), newcomer)?;
    }
    Ok(())
}

/// The leaf of this stay, which goes.
fn gone<'a>(roster: &'a [Occupant], removes: &[u32], stay: StayId) -> Result<&'a Occupant, Rule> {
    // SPEC [G26]
    let mut gone = roster.iter().filter(|occupant| removes.contains(&occupant.leaf));
    let old = gone.find(|occupant| occupant.stay == stay);
    old.ok_or(Rule::Rejoin("evidence is for a leaf that stays"))
}

/// Whose key package the evidence names.
fn newcomer(adds: &[Newcomer], knock: KeyPackageRef) -> Result<&Newcomer, Rule> {
    // SPEC [G26]
    let new = adds.iter().find(|newcomer| newcomer.reference == knock);
    new.ok_or(Rule::Rejoin("evidence is for another key package"))
}
