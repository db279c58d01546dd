//! What the state becomes when somebody goes (SPEC \[G9\]).

use incamera_wire::{Door, Fingerprint, GroupState, SecretText};

use super::Occupant;
use super::entries::{hosts_here, is_here, promote};
use super::state::Rotation;
use crate::entropy::NoEntropy;
use crate::error::Rule;
use crate::secret::Secret;

/// The most identities that a state bans.
pub(super) const MAX_BANS: usize = 1024;
/// The most resync keys that a state keeps.
const MAX_RESYNC_KEYS: usize = 4;

/// Who goes with a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removal {
    /// Identities removed for cause.
    pub(crate) for_cause: Vec<Fingerprint>,
    /// Identities whose last leaf departs by its own signed word.
    pub(crate) departed: Vec<Fingerprint>,
}

/// The state after `removal`, or `None` if it changes nothing (SPEC \[G9\]).
pub(crate) fn derive(
    state: &GroupState,
    roster: &[Occupant],
    removal: &Removal,
    rotation: impl FnOnce() -> Result<Rotation, NoEntropy>,
) -> Result<Option<GroupState>, NoEntropy> {
    let Removal { for_cause, departed } = removal;
    if for_cause.is_empty() && departed.is_empty() {
        return Ok(None);
    }
    let gone = |who: &Fingerprint| for_cause.contains(who) || departed.contains(who);
    let mut next = state.duplicate();
    next.members.retain(|entry| !gone(&entry.fingerprint));
    next.succession.retain(|who| !gone(who));
    if !for_cause.is_empty() {
        next.bans = banned(state, removal);
        rotate(&mut next, rotation()?);
    }
    follow(&mut next, roster);
    Ok((next != *state).then_some(next))
}

/// Shuts the door upon those who know the old secrets.
fn rotate(next: &mut GroupState, rotation: Rotation) {
    let Rotation { invites, lobby_key, passcode, heartbeat_key, resync_key } = rotation;
    next.lobby_key = lobby_key;
    next.passcode = passcode;
    next.heartbeat_keys.insert(0, heartbeat_key);
    next.heartbeat_keys.truncate(2);
    next.resync_keys.insert(0, resync_key);
    next.resync_keys.truncate(MAX_RESYNC_KEYS);
    for (invite, secret) in next.invites.iter_mut().zip(invites) {
        invite.secret = secret;
    }
    if next.door == Door::Open {
        next.door = Door::WaitingRoom;
    }
}

/// If no host is here any more, the first of the succession that is here becomes one (SPEC \[G17\]);
/// with none, nobody holds an open door, so people wait. Whoever goes is neither: `next` does not
/// list it.
fn follow(next: &mut GroupState, roster: &[Occupant]) {
    // SPEC [G17]
    if !hosts_here(next, roster).is_empty() {
        return;
    }
    let heir = next.succession.iter().copied().find(|who| is_here(roster, who));
    // An heir has an entry and no ban, so this cannot fail; if it did, there would be no host.
    let followed = heir.is_some_and(|heir| promote(next, &heir).is_ok());
    // SPEC [G17]
    if !followed && next.door == Door::Open {
        next.door = Door::WaitingRoom;
    }
}

/// Checks that `new` is what [`derive`] makes of `old`, whatever the fresh secrets (SPEC \[G9\]).
pub(super) fn check_derived(
    old: &GroupState,
    roster: &[Occupant],
    new: Option<&GroupState>,
    removal: &Removal,
) -> Result<(), Rule> {
    let given = || {
        // What is missing here differs below.
        let new = new.ok_or(NoEntropy)?;
        let first = new.heartbeat_keys.first().ok_or(NoEntropy)?;
        let resync_key = new.resync_keys.first().ok_or(NoEntropy)?;
        Ok(Rotation {
            invites: new.invites.iter().map(|invite| invite.secret.duplicate()).collect(),
            lobby_key: new.lobby_key.duplicate(),
            passcode: new.passcode.as_ref().map(SecretText::duplicate),
            heartbeat_key: first.duplicate(),
            resync_key: resync_key.duplicate(),
        })
    };
    let expected = derive(old, roster, removal, given);
    match (expected, new) {
        (Ok(None), None) => Ok(()),
        (Ok(None), Some(_)) => Err(Rule::State("nothing in the commit changes the state")),
        (_, None) => Err(Rule::State("the new state is missing")),
        (Ok(Some(expected)), Some(new)) if expected == *new => {
            if removal.for_cause.is_empty() {
                Ok(())
            } else {
                check_rotated(old, new)
            }
        }
        _ => Err(Rule::State("it is not what follows from the removal")),
    }
}

/// Whoever was removed for cause knows the old secrets: none may stay (SPEC \[G9\]).
fn check_rotated(old: &GroupState, new: &GroupState) -> Result<(), Rule> {
    let kept = |secret: &Secret<32>| old.invites.iter().any(|invite| invite.secret == *secret);
    let same_key = new.heartbeat_keys.first().is_some_and(|key| old.heartbeat_keys.contains(key));
    // A key that differs in one half lets in whoever knows the other.
    let same_resync = new.resync_keys.first().is_some_and(|key| {
        old.resync_keys.iter().any(|o| o.secret == key.secret || o.lobby_key == key.lobby_key)
    });
    if new.invites.iter().any(|invite| kept(&invite.secret))
        || same_resync
        || new.lobby_key == old.lobby_key
        || same_key
        || (new.passcode == old.passcode && old.passcode.is_some())
    {
        return Err(Rule::State("a removal replaces every secret"));
    }
    if new.passcode.is_some() != old.passcode.is_some() {
        return Err(Rule::State("a removal keeps whether there is a passcode"));
    }
    Ok(())
}

/// Old bans and those removed for cause, sorted, while there is room: the rotated secrets keep
/// out whom a full list cannot name.
fn banned(state: &GroupState, removal: &Removal) -> Vec<Fingerprint> {
    let mut bans = state.bans.clone();
    for fingerprint in &removal.for_cause {
        if bans.len() < MAX_BANS && !bans.contains(fingerprint) {
            bans.push(*fingerprint);
        }
    }
    bans.sort_unstable();
    bans
}
