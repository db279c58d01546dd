//! Rights, from roles.

use incamera_wire::{Fingerprint, GroupState, Role};

use crate::error::Right;

/// The role of an identity: what the state says, else attendee.
pub(crate) fn role_of(state: &GroupState, who: &Fingerprint) -> Role {
    let entry = state.roles.iter().find(|entry| entry.fingerprint == *who);
    entry.map_or(Role::Attendee, |entry| entry.role)
}

/// Whether the state gives `who` a right (SPEC \[G8\], \[G12\]). In this version hosts have all of
/// them and nobody else has any.
pub(crate) fn has_right(state: &GroupState, who: &Fingerprint, right: Right) -> bool {
    match (role_of(state, who), right) {
        (Role::Host, Right::Admit | Right::Remove | Right::End) => true,
        (Role::CoHost | Role::Presenter | Role::Attendee, _) => false,
    }
}
