//! Removal orders: once one is in the log, no commit passes it by (SPEC \[G16\]).

use incamera_wire::{Fingerprint, Right, StayId};

use super::rights::{require, require_rank, role_of};
use super::{Occupant, Proposed, Scene};
use crate::error::Rule;

/// Whether a removal order of `author` binds, read from the log in this scene (SPEC \[G16\]).
pub(crate) fn order_binds(
    scene: &Scene<'_>,
    author: &Occupant,
    target: &Fingerprint,
    stay: StayId,
) -> Result<(), Rule> {
    let Scene { state, roster, orders } = *scene;
    // SPEC [G16]
    if !roster.contains(author) {
        return Err(Rule::VoidOrder("its author is not in the meeting"));
    }
    // SPEC [G16]
    if orders.contains(&author.fingerprint) {
        return Err(Rule::OrderedOut);
    }
    // SPEC [G16]
    if author.fingerprint == *target {
        return Err(Rule::VoidOrder("its author is whom it names"));
    }
    // SPEC [G16]
    require(state, author, Right::Remove)?;
    // SPEC [G16]
    require_rank(state, author, role_of(state, target))?;
    // SPEC [G16]
    if !roster.iter().any(|member| member.stay == stay && member.fingerprint == *target) {
        return Err(Rule::VoidOrder("the stay that it names has ended or is another's"));
    }
    // SPEC [G16]
    if orders.contains(target) {
        return Err(Rule::VoidOrder("the one whom it names is ordered out already"));
    }
    Ok(())
}

/// While orders bind, every commit carries all of them out: for cause, so that nobody escapes the
/// ban by a leave.
pub(super) fn check_orders(
    scene: &Scene<'_>,
    committer: &Occupant,
    commit: &Proposed<'_>,
) -> Result<(), Rule> {
    // SPEC [G16]
    if scene.orders.contains(&committer.fingerprint) {
        return Err(Rule::OrderedOut);
    }
    // SPEC [G16]
    let ignored = |member: &Occupant| {
        scene.orders.contains(&member.fingerprint)
            && (!commit.removes.contains(&member.leaf) || commit.departed.contains(&member.stay))
    };
    if scene.roster.iter().any(ignored) {
        return Err(Rule::OrderIgnored);
    }
    Ok(())
}
