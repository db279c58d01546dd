//! A state never contradicts itself (SPEC \[G22\]).

use incamera_wire::{GroupState, MemberEntry, Profile, Right, Role};

use super::rights::{rights_of_entry, role_of};

/// Checks what the encoding leaves open; each field of the state is named, so that a new one does
/// not compile before somebody has thought of it.
pub(super) fn check(state: &GroupState) -> Result<(), &'static str> {
    let GroupState {
        profile,
        door: _,
        rights: _,
        members,
        succession,
        muted: _,
        unmute_forbidden: _,
        invites,
        lobby_key: _,
        passcode,
        bans: _,
        relays: _,
        heartbeat_keys: _,
        resync_keys: _,
        short_audio_tags,
        padding: _,
    } = state;
    for entry in members {
        check_entry(state, entry)?;
    }
    // SPEC [G22]: and none of them is banned, for a co-host has an entry.
    if succession.iter().any(|who| role_of(state, who) != Role::CoHost) {
        return Err("its succession lists somebody who is no co-host");
    }
    // SPEC [G22]
    if *short_audio_tags && *profile == Profile::Portable {
        return Err("its profile has no suite with short tags");
    }
    // SPEC [G22]
    if passcode.is_none() && invites.iter().any(|invite| invite.passcode) {
        return Err("an invite asks for a passcode, and there is none");
    }
    Ok(())
}

/// Checks one entry of the state, or one that is to become part of it.
pub(super) fn check_entry(state: &GroupState, entry: &MemberEntry) -> Result<(), &'static str> {
    let MemberEntry { fingerprint, role, granted, withheld, label: _, muted, unmuted, recording } =
        *entry;
    let plain = MemberEntry::plain(fingerprint);
    // SPEC [G22]
    if *entry == plain {
        return Err("it lists a plain attendee");
    }
    // SPEC [G22]: a host may do everything, so nothing else that an entry says may hold of it.
    if role == Role::Host && *entry != (MemberEntry { role, recording, ..plain }) {
        return Err("a host has no exceptions, label or mutes");
    }
    // SPEC [G22]
    if !granted.intersection(withheld).is_empty() {
        return Err("it both grants and withholds a right");
    }
    // SPEC [G22]
    if !muted.intersection(unmuted).is_empty() {
        return Err("it both mutes a kind and exempts from its mute");
    }
    // SPEC [G22]
    if recording && !rights_of_entry(state, entry).contains(Right::Record) {
        return Err("somebody records without the right to");
    }
    // SPEC [G22]
    if state.bans.binary_search(&fingerprint).is_ok() {
        return Err("a banned identity has an entry");
    }
    Ok(())
}
