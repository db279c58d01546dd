//! Changes of the state's lists: invites, bans, relays, succession. Their limits are the schema's.

use incamera_wire::{
    Fingerprint, GroupState, InviteEntry, InviteId, MemberEntry, RelayEntry, Role, SecretText,
};

use super::Occupant;
use super::derive::MAX_BANS;
use super::entries::{is_here, put};
use super::rights::role_of;
use super::state::invite_id;
use crate::error::Rule;
use crate::secret::Secret;

const MAX_SUCCESSION: usize = 16;
const MAX_INVITES: usize = 16;
const MAX_RELAYS: usize = 16;
/// Lengths in bytes.
const MAX_INVITE_NAME: usize = 64;
const MAX_PASSCODE: usize = 64;
const MAX_REGION: usize = 32;

pub(super) fn set_succession(state: &mut GroupState, list: &[Fingerprint]) -> Result<(), Rule> {
    if list.len() > MAX_SUCCESSION {
        return Err(Rule::State("its succession has at most 16 places"));
    }
    for (index, who) in list.iter().enumerate() {
        if list.iter().take(index).any(|earlier| earlier == who) {
            return Err(Rule::State("its succession lists somebody twice"));
        }
        if role_of(state, who) != Role::CoHost {
            return Err(Rule::State("its succession lists somebody who is no co-host"));
        }
    }
    state.succession = list.to_vec();
    Ok(())
}

pub(super) fn add_invite(state: &mut GroupState, invite: &InviteEntry) -> Result<(), Rule> {
    if state.invites.contains(invite) {
        return Ok(());
    }
    if state.invites.iter().any(|other| other.secret == invite.secret) {
        return Err(Rule::State("two invites have one secret"));
    }
    if state.invites.len() >= MAX_INVITES {
        return Err(Rule::State("it has at most 16 invites"));
    }
    if invite.name.len() > MAX_INVITE_NAME {
        return Err(Rule::State("an invite's name has at most 64 bytes"));
    }
    if invite.passcode && state.passcode.is_none() {
        return Err(Rule::State("an invite asks for a passcode, and there is none"));
    }
    state.invites.push(invite.duplicate());
    Ok(())
}

pub(super) fn rotate_invite(
    state: &mut GroupState,
    id: InviteId,
    secret: &Secret<32>,
) -> Result<(), Rule> {
    let taken = state.invites.iter().any(|invite| invite.secret == *secret);
    let invite = state.invites.iter_mut().find(|invite| invite_id(&invite.secret) == id);
    match invite {
        Some(invite) if !taken => invite.secret = secret.duplicate(),
        // In effect already: this was the secret before, or somebody rotated the invite to it.
        Some(invite) if invite.secret == *secret => {}
        Some(_) => return Err(Rule::State("two invites have one secret")),
        None if taken => {}
        None => return Err(Rule::State("no invite has this id")),
    }
    Ok(())
}

pub(super) fn revoke_invite(state: &mut GroupState, id: InviteId) {
    state.invites.retain(|invite| invite_id(&invite.secret) != id);
}

pub(super) fn set_passcode(
    state: &mut GroupState,
    passcode: Option<&SecretText>,
) -> Result<(), Rule> {
    let length = passcode.map(|passcode| passcode.expose().len());
    if length.is_some_and(|length| length == 0 || length > MAX_PASSCODE) {
        return Err(Rule::State("a passcode has 1 to 64 bytes"));
    }
    if passcode.is_none() {
        state.invites.iter_mut().for_each(|invite| invite.passcode = false);
    }
    state.passcode = passcode.map(SecretText::duplicate);
    Ok(())
}

/// Bans somebody who is not here: whoever is here is removed.
pub(super) fn ban(
    state: &mut GroupState,
    roster: &[Occupant],
    who: &Fingerprint,
) -> Result<(), Rule> {
    if is_here(roster, who) {
        return Err(Rule::State("it bans somebody who is in the meeting"));
    }
    if let Err(place) = state.bans.binary_search(who) {
        if state.bans.len() >= MAX_BANS {
            return Err(Rule::State("it bans at most 1,024 identities"));
        }
        put(state, MemberEntry::plain(*who))?;
        state.bans.insert(place, *who);
    }
    Ok(())
}

pub(super) fn set_relays(state: &mut GroupState, relays: &[RelayEntry]) -> Result<(), Rule> {
    if relays.len() > MAX_RELAYS {
        return Err(Rule::State("it has at most 16 relays"));
    }
    let mut sorted = relays.to_vec();
    sorted.sort_unstable_by_key(|relay| relay.key);
    let mut last = None;
    for relay in &sorted {
        if relay.region.is_empty() || relay.region.len() > MAX_REGION {
            return Err(Rule::State("a relay's region has 1 to 32 bytes"));
        }
        if last.replace(relay.key) == Some(relay.key) {
            return Err(Rule::State("two relays have one key"));
        }
    }
    state.relays = sorted;
    Ok(())
}
