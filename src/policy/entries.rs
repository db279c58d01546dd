//! The state's entries of identities, kept canonical: sorted, without plain attendees, and with
//! nothing that contradicts a role (SPEC \[G22\]).

use incamera_wire::{Fingerprint, GroupState, MemberEntry, Right, Role};

use super::Occupant;
use super::consistency::check_entry;
use super::rights::{entry_of, rights_of_entry};
use crate::error::Rule;

/// The most identities that a state lists.
const MAX_MEMBERS: usize = 1024;

/// What `change` makes of an identity's entry.
pub(super) fn edit(
    state: &mut GroupState,
    who: &Fingerprint,
    change: impl FnOnce(&mut MemberEntry),
) -> Result<(), Rule> {
    let mut entry = entry_of(state, who);
    change(&mut entry);
    put(state, entry)
}

/// Sets an identity's entry, and takes away what goes with what it has lost: the flag that it
/// records with the right to, its place in the succession with its role.
pub(super) fn put(state: &mut GroupState, mut entry: MemberEntry) -> Result<(), Rule> {
    let who = entry.fingerprint;
    entry.recording &= rights_of_entry(state, &entry).contains(Right::Record);
    if entry.role != Role::CoHost {
        state.succession.retain(|listed| *listed != who);
    }
    let place = state.members.binary_search_by_key(&who, |entry| entry.fingerprint);
    if entry == MemberEntry::plain(who) {
        state.members.retain(|other| other.fingerprint != who);
        return Ok(());
    }
    check_entry(state, &entry).map_err(Rule::State)?;
    match place {
        Ok(place) => state.members.get_mut(place).into_iter().for_each(|old| *old = entry),
        Err(_) if state.members.len() >= MAX_MEMBERS => {
            return Err(Rule::State("it has no room for another identity"));
        }
        Err(place) => state.members.insert(place, entry),
    }
    Ok(())
}

/// Makes an identity a host. Whether it records is its own word, which stays.
pub(super) fn promote(state: &mut GroupState, who: &Fingerprint) -> Result<(), Rule> {
    let recording = entry_of(state, who).recording;
    put(state, MemberEntry { role: Role::Host, recording, ..MemberEntry::plain(*who) })
}

/// Whether an identity is in the roster.
pub(super) fn is_here(roster: &[Occupant], who: &Fingerprint) -> bool {
    roster.iter().any(|occupant| occupant.fingerprint == *who)
}

/// The hosts that are in the roster.
pub(crate) fn hosts_here(state: &GroupState, roster: &[Occupant]) -> Vec<Fingerprint> {
    let hosts = state.members.iter().filter(|entry| entry.role == Role::Host);
    hosts.map(|entry| entry.fingerprint).filter(|who| is_here(roster, who)).collect()
}

/// Takes from every entry what no longer goes with the rights of its role.
pub(super) fn settle(state: &mut GroupState) -> Result<(), Rule> {
    for entry in state.members.clone() {
        put(state, entry)?;
    }
    Ok(())
}

/// The hosts that are here become co-hosts, and the first of the succession that is here the host
/// (SPEC \[G17\]).
pub(super) fn replace_hosts(state: &mut GroupState, roster: &[Occupant]) -> Result<(), Rule> {
    let heir = state.succession.iter().copied().find(|who| is_here(roster, who));
    let heir = heir.ok_or(Rule::State("nobody of the succession is here"))?;
    for host in hosts_here(state, roster) {
        edit(state, &host, |entry| entry.role = Role::CoHost)?;
    }
    promote(state, &heir)
}
