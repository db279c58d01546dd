//! Who may do what: pure functions of the group's state, the roster and a proposed commit.
//!
//! Nothing here reads a clock, a store or key material, so every member comes to one verdict
//! (SPEC "Group operations").

mod rights;
mod state;
mod verdict;

pub(crate) use rights::{has_right, role_of};
#[cfg(test)]
pub(crate) use state::Removal;
pub(crate) use state::{Rotation, derive, initial, invite_id, live_invite, validate};
pub(crate) use verdict::{Newcomer, Occupant, Proposed, judge, removal};

#[cfg(test)]
mod tests;
