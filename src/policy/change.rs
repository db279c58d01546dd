//! What a member may want changed of the state, and how it is carried out (SPEC \[G15\], \[G22\]).

use incamera_wire::{
    Door, Fingerprint, GroupState, InviteEntry, InviteId, Label, MemberEntry, RelayEntry, Right,
    Rights, Role, RoleRights, SecretText, TrackKinds,
};

use super::Occupant;
use super::entries::{edit, promote, put, replace_hosts, settle};
use super::lists;
use super::rights::{entry_of, has_right, outranks, require, role_of};
use crate::error::Rule;
use crate::secret::Secret;

/// One thing that a member wants changed. Applied again to a newer state it does what still makes
/// sense, or nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Who may admit.
    Door(Door),
    /// What the roles may do.
    RoleRights(RoleRights),
    /// An identity's role. A host that steps down and a co-host that is listed lose what goes with it.
    Role(Fingerprint, Role),
    /// The committer becomes a co-host, and this identity a host.
    TransferHost(Fingerprint),
    /// An identity's exceptions: rights granted beyond its role's, and withheld of these.
    Exceptions(Fingerprint, Rights, Rights),
    /// What an identity is, if it is no person.
    Label(Fingerprint, Option<Label>),
    /// These kinds are muted for an identity.
    Mute(Fingerprint, TrackKinds),
    /// These kinds are not muted for an identity any more, whatever is muted for all.
    Unmute(Fingerprint, TrackKinds),
    /// These kinds are muted for all but those who may mute others; exemptions of these kinds end
    /// for those whom the committer outranks.
    MuteAll(TrackKinds),
    /// These kinds are not muted for anybody any more whom the committer outranks, nor for all.
    UnmuteAll(TrackKinds),
    /// Whether members may not lift their own mute.
    ForbidUnmute(bool),
    /// Who follows the last host, first to last.
    Succession(Vec<Fingerprint>),
    /// A new invite.
    AddInvite(InviteEntry),
    /// A fresh secret for an invite.
    RotateInvite(InviteId, Secret<32>),
    /// No such invite any more.
    RevokeInvite(InviteId),
    /// What those who knock have to prove, if invites ask for it. Without one no invite asks any more.
    Passcode(Option<SecretText>),
    /// An identity that is not in the meeting is banned.
    Ban(Fingerprint),
    /// An identity is not banned any more.
    Unban(Fingerprint),
    /// Where media may go.
    Relays(Vec<RelayEntry>),
    /// Whether the committer says that it records.
    Recording(bool),
    /// The first of the succession that is here takes the place of hosts that are silent: what the
    /// statements of a commit are for (SPEC \[G17\]).
    ReplaceHosts,
}

/// Carries a change out on `state`, in canonical form. Whether `by` may is for
/// [`judge`](super::judge) to say. A change that is in effect already leaves the state equal, but for
/// [`Change::ReplaceHosts`], whose statements end with their epoch.
///
/// # Errors
/// [`Rule::State`] if it makes no sense in this state, and [`Rule::MissingRight`] if `by` would say
/// that it records without the right to; `state` may then be half changed.
pub(crate) fn apply(
    state: &mut GroupState,
    roster: &[Occupant],
    by: &Occupant,
    change: &Change,
) -> Result<(), Rule> {
    name_the_rank(state, by, change)?;
    match change {
        Change::Door(door) => state.door = *door,
        Change::RoleRights(rights) => {
            state.rights = *rights;
            settle(state)?;
        }
        Change::Role(who, role) => set_role(state, who, *role)?,
        Change::TransferHost(who) => transfer(state, by, who)?,
        Change::Exceptions(who, granted, withheld) => {
            edit(state, who, |entry| (entry.granted, entry.withheld) = (*granted, *withheld))?;
        }
        Change::Label(who, label) => edit(state, who, |entry| entry.label = *label)?,
        Change::Mute(who, kinds) => edit(state, who, |entry| {
            entry.muted = entry.muted.union(*kinds);
            entry.unmuted = entry.unmuted.difference(*kinds);
        })?,
        Change::Unmute(who, kinds) => unmute(state, who, *kinds)?,
        Change::MuteAll(kinds) => mute_all(state, by, *kinds)?,
        Change::UnmuteAll(kinds) => unmute_all(state, by, *kinds)?,
        Change::ForbidUnmute(forbidden) => state.unmute_forbidden = *forbidden,
        Change::Succession(list) => lists::set_succession(state, list)?,
        Change::AddInvite(invite) => lists::add_invite(state, invite)?,
        Change::RotateInvite(id, secret) => lists::rotate_invite(state, *id, secret)?,
        Change::RevokeInvite(id) => lists::revoke_invite(state, *id),
        Change::Passcode(passcode) => lists::set_passcode(state, passcode.as_ref())?,
        Change::Ban(who) => lists::ban(state, roster, who)?,
        Change::Unban(who) => state.bans.retain(|banned| banned != who),
        Change::Relays(relays) => lists::set_relays(state, relays)?,
        Change::Recording(recording) => record(state, by, *recording)?,
        Change::ReplaceHosts => replace_hosts(state, roster)?,
    }
    Ok(())
}

/// A host's entry can hold neither mute nor label nor exceptions: whoever asks for one without
/// being a host learns of its rank and not of that.
fn name_the_rank(state: &GroupState, by: &Occupant, change: &Change) -> Result<(), Rule> {
    let (who, right) = match change {
        Change::Mute(who, _) => (who, Right::MuteOthers),
        Change::Exceptions(who, ..) | Change::Label(who, _) => (who, Right::SetRights),
        _ => return Ok(()),
    };
    let role = role_of(state, who);
    if role == Role::Host && !outranks(state, by, role) {
        require(state, by, right)?;
        return Err(Rule::Outranked);
    }
    Ok(())
}

fn set_role(state: &mut GroupState, who: &Fingerprint, role: Role) -> Result<(), Rule> {
    match role {
        Role::Host => promote(state, who),
        Role::CoHost | Role::Presenter | Role::Attendee => {
            edit(state, who, |entry| entry.role = role)
        }
    }
}

/// Two roles change in one commit, so that no epoch is without a host.
fn transfer(state: &mut GroupState, by: &Occupant, who: &Fingerprint) -> Result<(), Rule> {
    promote(state, who)?;
    let own = &by.fingerprint;
    if own != who && role_of(state, own) == Role::Host {
        edit(state, own, |entry| entry.role = Role::CoHost)?;
    }
    Ok(())
}

/// A host needs no exemption: nothing is muted for it.
fn unmute(state: &mut GroupState, who: &Fingerprint, kinds: TrackKinds) -> Result<(), Rule> {
    let general = state.muted.intersection(kinds);
    edit(state, who, |entry| {
        if entry.role != Role::Host {
            entry.muted = entry.muted.difference(kinds);
            entry.unmuted = entry.unmuted.union(general);
        }
    })
}

/// Exemptions of those whom `by` may not touch stay: otherwise one of them would void the whole.
fn mute_all(state: &mut GroupState, by: &Occupant, kinds: TrackKinds) -> Result<(), Rule> {
    state.muted = state.muted.union(kinds);
    for mut entry in state.members.clone() {
        if outranks(state, by, entry.role) {
            entry.unmuted = entry.unmuted.difference(kinds);
            put(state, entry)?;
        }
    }
    Ok(())
}

fn unmute_all(state: &mut GroupState, by: &Occupant, kinds: TrackKinds) -> Result<(), Rule> {
    state.muted = state.muted.difference(kinds);
    for mut entry in state.members.clone() {
        if outranks(state, by, entry.role) {
            entry.muted = entry.muted.difference(kinds);
            put(state, entry)?;
        }
    }
    Ok(())
}

/// Without the right the state would contradict itself, which names the missing right to nobody.
fn record(state: &mut GroupState, by: &Occupant, recording: bool) -> Result<(), Rule> {
    if recording && !has_right(state, by, Right::Record) {
        return Err(Rule::MissingRight(Right::Record));
    }
    let entry = entry_of(state, &by.fingerprint);
    put(state, MemberEntry { recording, ..entry })
}
