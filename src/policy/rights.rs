//! Rights, from roles, exceptions and labels (SPEC 7.7).

use incamera_wire::{
    Fingerprint, GroupState, Label, MemberEntry, Right, Rights, Role, TrackKind, TrackKinds,
};

use super::Occupant;
use crate::error::Rule;

/// What a member that is no person may do at most (SPEC \[G18\]).
const fn ceiling(label: Label) -> Rights {
    match label {
        Label::Recorder => Rights::of(&[Right::Record]),
        Label::Captioner => Rights::of(&[Right::Chat]),
        Label::Bridge => Rights::of(&[Right::Speak, Right::Video, Right::ShareScreen, Right::Chat]),
        Label::Bot => Rights::of(&[Right::Chat, Right::React]),
    }
}

/// The right that a track of this kind needs (SPEC \[M7\]).
pub(crate) const fn right_for(kind: TrackKind) -> Right {
    match kind {
        TrackKind::Microphone => Right::Speak,
        TrackKind::Camera => Right::Video,
        TrackKind::Screen | TrackKind::ScreenAudio => Right::ShareScreen,
        TrackKind::Data => Right::Chat,
    }
}

/// What the state says of an identity: its entry, or a plain attendee.
pub(crate) fn entry_of(state: &GroupState, who: &Fingerprint) -> MemberEntry {
    let place = state.members.binary_search_by_key(who, |entry| entry.fingerprint);
    let entry = place.ok().and_then(|place| state.members.get(place));
    entry.copied().unwrap_or(MemberEntry::plain(*who))
}

/// The role of an identity: what the state says, else attendee.
pub(crate) fn role_of(state: &GroupState, who: &Fingerprint) -> Role {
    entry_of(state, who).role
}

/// What a member is, if it is no person: by its own word, else by the state's.
pub(crate) fn label_of(state: &GroupState, who: &Occupant) -> Option<Label> {
    who.label.or(entry_of(state, &who.fingerprint).label)
}

/// What the state lets an identity do, its declared label aside.
pub(super) fn rights_of_entry(state: &GroupState, entry: &MemberEntry) -> Rights {
    let role = match entry.role {
        Role::Host => return Rights::ALL,
        Role::CoHost => state.rights.co_host,
        Role::Presenter => state.rights.presenter,
        Role::Attendee => state.rights.attendee,
    };
    let rights = role.union(entry.granted).difference(entry.withheld);
    entry.label.map_or(rights, |label| rights.intersection(ceiling(label)))
}

/// What a member may do (SPEC \[G8\], \[G12\], \[G18\]).
pub(crate) fn rights_of(state: &GroupState, who: &Occupant) -> Rights {
    let rights = rights_of_entry(state, &entry_of(state, &who.fingerprint));
    // SPEC [G18]
    who.label.map_or(rights, |label| rights.intersection(ceiling(label)))
}

/// Whether the state gives a member a right.
pub(crate) fn has_right(state: &GroupState, who: &Occupant, right: Right) -> bool {
    rights_of(state, who).contains(right)
}

/// Whether a member is a host, and no program that says it is one.
pub(super) fn is_host(state: &GroupState, who: &Occupant) -> bool {
    who.label.is_none() && role_of(state, &who.fingerprint) == Role::Host
}

/// Whether a member may touch identities of this role, and give it: hosts any, everyone else those
/// strictly below its own (SPEC \[G15\]).
pub(super) fn outranks(state: &GroupState, who: &Occupant, role: Role) -> bool {
    // SPEC [G15]
    is_host(state, who) || role_of(state, &who.fingerprint).number() < role.number()
}

/// Demands that the state gives a member a right.
pub(super) fn require(state: &GroupState, who: &Occupant, right: Right) -> Result<(), Rule> {
    let allowed = has_right(state, who, right);
    if allowed { Ok(()) } else { Err(Rule::MissingRight(right)) }
}

/// Demands that a member may touch identities of this role.
pub(super) fn require_rank(state: &GroupState, who: &Occupant, role: Role) -> Result<(), Rule> {
    let allowed = outranks(state, who, role);
    if allowed { Ok(()) } else { Err(Rule::Outranked) }
}

/// The kinds of tracks on which a member may send: those it has the right to and that are not muted
/// (SPEC \[M7\]).
pub(crate) fn kinds_of(state: &GroupState, who: &Occupant) -> TrackKinds {
    let rights = rights_of(state, who);
    let mut kinds = TrackKinds::NONE;
    for kind in TrackKind::ALL.iter().filter(|kind| rights.contains(right_for(**kind))) {
        kinds.insert(*kind);
    }
    kinds.difference(muted_of(state, who))
}

/// The kinds of tracks that are muted for a member.
pub(crate) fn muted_of(state: &GroupState, who: &Occupant) -> TrackKinds {
    let entry = entry_of(state, &who.fingerprint);
    let general = if has_right(state, who, Right::MuteOthers) {
        TrackKinds::NONE
    } else {
        state.muted.difference(entry.unmuted)
    };
    entry.muted.union(general)
}
