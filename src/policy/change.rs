//! What a member may change of the state by a commit of its own, and the judgement on it
//! (SPEC \[G15\], \[G22\]).

use incamera_wire::{
    Door, Fingerprint, GroupState, InviteEntry, InviteId, Label, RelayEntry, Rights, Role,
    RoleRights, SecretText, TrackKinds,
};

use super::Occupant;
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
    /// These kinds are muted for all but those who may mute others; exemptions of these kinds end.
    MuteAll(TrackKinds),
    /// These kinds are not muted for anybody any more.
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
    /// What those who knock have to prove, if invites ask for it.
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
/// [`judge`](super::judge) to say.
///
/// # Errors
/// [`Rule::State`] if it makes no sense in this state; `state` may then be half changed.
pub(crate) fn apply(
    _state: &mut GroupState,
    _roster: &[Occupant],
    _by: &Occupant,
    _change: &Change,
) -> Result<(), Rule> {
    Err(Rule::State("not a change"))
}
