//! Who may do what: pure functions of the group's state, the roster and a proposed commit.
//!
//! Nothing here reads a clock, a store or key material, so every member comes to one verdict
//! (SPEC "Group operations").

mod change;
mod consistency;
mod derive;
mod entries;
mod judge_change;
mod lists;
mod orders;
mod parts;
mod resync;
mod rights;
mod silence;
mod state;
mod verdict;

pub(crate) use change::{Change, apply};
#[cfg(test)]
pub(crate) use derive::Removal;
pub(crate) use derive::derive;
pub(crate) use entries::hosts_here;
pub(crate) use orders::order_binds;
pub(crate) use parts::{Part, parts};
pub(crate) use rights::{entry_of, has_right, kinds_of, label_of, muted_of, rights_of, role_of};
pub(crate) use state::{
    Opening, PskId, Rotation, capacity, initial, invite_id, live_invite, live_resync_key,
    resync_id, validate,
};
pub(crate) use verdict::{
    Newcomer, Occupant, Proposed, Rejoin, Scene, Statement, judge, may_add, may_remove, removal,
};

#[cfg(test)]
mod tests;
