//! The replacement of hosts that are silent (SPEC \[G17\]).

use incamera_wire::GroupState;

use super::change::{Change, apply};
use super::entries::{hosts_here, is_here};
use super::{Occupant, Scene, Statement};
use crate::error::Rule;

/// The verdict on a commit that carries statements about silent hosts: of those who are listed to
/// follow them, and never of the roster, where an open door lets in any number of voters.
pub(super) fn judge_replacement(
    scene: &Scene<'_>,
    committer: &Occupant,
    new: Option<&GroupState>,
    statements: &[Statement],
) -> Result<(), Rule> {
    let Scene { state, roster, orders: _ } = *scene;
    // SPEC [G17]
    if !state.succession.contains(&committer.fingerprint) {
        return Err(Rule::Statements("its committer is not listed"));
    }
    let silent = hosts_here(state, roster);
    for (index, statement) in statements.iter().enumerate() {
        let Statement { author, hosts } = statement;
        // SPEC [G17]
        if !state.succession.contains(author) {
            return Err(Rule::Statements("one is of somebody who is not listed"));
        }
        // SPEC [G17]
        if !is_here(roster, author) {
            return Err(Rule::Statements("one is of somebody who is not here"));
        }
        // SPEC [G17]
        if statements.iter().take(index).any(|earlier| earlier.author == *author) {
            return Err(Rule::Statements("two are of one identity"));
        }
        // SPEC [G17]
        if silent.iter().any(|host| !hosts.contains(host)) {
            return Err(Rule::Statements("one does not name every host"));
        }
    }
    // SPEC [G17]
    if statements.len() <= state.succession.len() / 2 {
        return Err(Rule::Statements("not of more than half of those listed"));
    }
    let mut next = state.duplicate();
    apply(&mut next, roster, committer, &Change::ReplaceHosts)?;
    // SPEC [G17]
    if new != Some(&next) {
        return Err(Rule::State("it is not what follows from the statements"));
    }
    Ok(())
}
