//! Who may do what: pure functions of the group's state, the roster and a proposed commit.
//!
//! Nothing here reads a clock, a store or key material, so every member comes to one verdict
//! (SPEC "Group operations").

mod change;
mod rights;
mod state;
mod verdict;

pub(crate) use change::{Change, apply};
pub(crate) use rights::{entry_of, has_right, kinds_of, label_of, muted_of, rights_of, role_of};
#[cfg(test)]
pub(crate) use state::Removal;
pub(crate) use state::{Opening, Rotation, derive, initial, invite_id, live_invite, validate};
pub(crate) use verdict::{
    Newcomer, Occupant, Proposed, Scene, Statement, judge, order_binds, removal,
};

#[cfg(test)]
mod tests;
