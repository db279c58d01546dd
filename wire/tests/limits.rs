//! The state: its largest values pass, the next larger ones do not (SPEC [W3]), nor do entries out
//! of order or repeated (SPEC [W5]); the same of a safety code's roster (SPEC [I4]).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod common;

use common::samples::{self, fingerprints, group_state, invite, member, relay, resync_key, secret};
use common::{refused, replaced};
use incamera_wire::{
    FormatRule, GroupState, MemberEntry, Rights, RoleRights, SafetyCodeInput, SecretText,
};

/// The sample after a change.
fn changed(change: impl FnOnce(&mut GroupState)) -> GroupState {
    let mut state = group_state();
    change(&mut state);
    state
}

type Change = fn(&mut GroupState);

/// Every change is refused for its reason, and the state as it was is not.
fn all_refused(cases: &[(Change, &'static str, FormatRule)]) {
    let state = group_state();
    assert_eq!(GroupState::decode(&state.encode()).as_ref(), Ok(&state));
    for (change, field, rule) in cases {
        assert_eq!(refused(GroupState::decode(&changed(change).encode())), (*field, *rule));
    }
}

fn members(count: u32) -> Vec<MemberEntry> {
    fingerprints(count).into_iter().map(member).collect()
}

#[test]
fn the_largest_state_passes() {
    // SPEC [W3]
    let rights = RoleRights { co_host: Rights::ALL, presenter: Rights::ALL, attendee: Rights::ALL };
    let state = changed(|state| {
        state.rights = rights;
        state.members = members(1024);
        state.succession = fingerprints(16);
        state.invites = (10..26).map(invite).collect();
        state.passcode = Some(SecretText::new(&"é".repeat(32)));
        state.bans = fingerprints(1024);
        state.relays = (0..16).map(relay).collect();
        state.resync_keys = (1..5).map(resync_key).collect();
    });
    assert_eq!(GroupState::decode(&state.encode()).as_ref(), Ok(&state));
}

#[test]
fn the_emptiest_state_passes() {
    let state = changed(|state| {
        state.members.clear();
        state.succession.clear();
        state.invites.clear();
        state.passcode = None;
        state.bans.clear();
        state.relays.clear();
        state.heartbeat_keys.pop();
        state.resync_keys.pop();
    });
    assert_eq!(GroupState::decode(&state.encode()).as_ref(), Ok(&state));
}

#[test]
fn a_state_with_too_many_entries_is_refused() {
    // SPEC [W3]
    all_refused(&[
        (|it| it.members = members(1025), "members", FormatRule::TooMany),
        (|it| it.succession = fingerprints(17), "succession", FormatRule::TooMany),
        (|it| it.invites = (10..27).map(invite).collect(), "invites", FormatRule::TooMany),
        (|it| it.bans = fingerprints(1025), "bans", FormatRule::TooMany),
        (|it| it.relays = (0..17).map(relay).collect(), "relays", FormatRule::TooMany),
        (|it| it.heartbeat_keys.push(secret(10)), "heartbeat_keys", FormatRule::TooMany),
        (
            |it| it.resync_keys = (1..6).map(resync_key).collect(),
            "resync_keys",
            FormatRule::TooMany,
        ),
    ]);
}

#[test]
fn a_state_with_a_text_that_is_too_long_or_too_short_is_refused() {
    // SPEC [W3]
    let passcode = |text: &str| Some(SecretText::new(text));
    let with = |text| GroupState::decode(&changed(|it| it.passcode = passcode(text)).encode());
    assert_eq!(refused(with("")), ("passcode", FormatRule::TooShort));
    assert_eq!(refused(with(&"p".repeat(65))), ("passcode", FormatRule::TooLong));
    all_refused(&[
        (|it| it.invites[0].name.push('n'), "name", FormatRule::TooLong),
        (|it| it.relays[0].region.push('r'), "region", FormatRule::TooLong),
        (|it| it.relays[0].region.clear(), "region", FormatRule::Missing),
    ]);
}

#[test]
fn a_state_with_unsorted_or_repeated_entries_is_refused() {
    // SPEC [W5]
    all_refused(&[
        (|it| it.members.reverse(), "members", FormatRule::NotSorted),
        (|it| it.members[1] = it.members[0], "members", FormatRule::NotSorted),
        (
            |it| it.members[1].fingerprint = it.members[0].fingerprint,
            "members",
            FormatRule::NotSorted,
        ),
        (|it| it.bans.reverse(), "bans", FormatRule::NotSorted),
        (|it| it.bans[1] = it.bans[0], "bans", FormatRule::NotSorted),
        (|it| it.relays.reverse(), "relays", FormatRule::NotSorted),
        // Under one key only one region may stand.
        (|it| it.relays[1].key = it.relays[0].key, "relays", FormatRule::NotSorted),
    ]);
}

#[test]
fn a_state_with_entries_that_must_differ_and_do_not_is_refused() {
    // SPEC [W5]
    all_refused(&[
        (|it| it.succession.push(it.succession[0]), "succession", FormatRule::NotSorted),
        (
            // Not beside the first, and not the same but for the secret.
            |it| {
                it.invites = vec![invite(1), invite(2), incamera_wire::InviteEntry::new(secret(1))]
            },
            "invites",
            FormatRule::NotSorted,
        ),
        (
            |it| it.heartbeat_keys = vec![secret(7), secret(7)],
            "heartbeat_keys",
            FormatRule::NotSorted,
        ),
        (
            |it| it.resync_keys = vec![resync_key(7), resync_key(8), resync_key(7)],
            "resync_keys",
            FormatRule::NotSorted,
        ),
    ]);
}

#[test]
fn the_order_of_the_succession_of_invites_and_of_keys_is_the_states_own() {
    let state = changed(|it| {
        it.succession.reverse();
        it.invites.reverse();
        it.heartbeat_keys.reverse();
        it.resync_keys.reverse();
    });
    assert_eq!(GroupState::decode(&state.encode()).as_ref(), Ok(&state));
    assert_ne!(state, group_state());
}

#[test]
fn a_state_without_a_heartbeat_or_a_resync_key_is_refused() {
    all_refused(&[
        (|it| it.heartbeat_keys.clear(), "heartbeat_keys", FormatRule::Missing),
        (|it| it.resync_keys.clear(), "resync_keys", FormatRule::Missing),
    ]);
}

#[test]
fn a_state_without_rights_or_lobby_key_is_refused() {
    let bytes = group_state().encode();
    let without = |field: &[u8]| GroupState::decode(&replaced(&bytes, field, &[]));
    // Door, and the empty rights behind it.
    assert_eq!(refused(without(&[0x18, 1])), ("door", FormatRule::Missing));
    let bare = replaced(&bytes, &[0x18, 1, 0x22, 0], &[0x18, 1]);
    assert_eq!(refused(GroupState::decode(&bare)), ("rights", FormatRule::Missing));
    let key = [&[0x52, 32][..], &[6; 32]].concat();
    assert_eq!(refused(without(&key)), ("lobby_key", FormatRule::Missing));
}

#[test]
fn bits_of_no_right_and_of_no_kind_are_refused() {
    // SPEC [W3]
    let all = Rights::ALL;
    let mut state = group_state();
    state.rights = RoleRights { co_host: all, presenter: all, attendee: all };
    state.members = members(1);
    let bytes = state.encode();
    // Each set between what tells it from the others, and the next higher bit in its place.
    for (before, after, field) in [
        (&[0x22, 12, 0x08][..], &[][..], "co_host"),
        (&[0x10], &[], "presenter"),
        (&[0x18], &[0x2a], "attendee"),
        (&[3, 0x18], &[], "granted"),
        (&[0x20], &[], "withheld"),
    ] {
        let with = |set: [u8; 3]| [before, &set, after].concat();
        let changed = replaced(&bytes, &with([0xff, 0xff, 0x01]), &with([0x80, 0x80, 0x02]));
        assert_eq!(refused(GroupState::decode(&changed)), (field, FormatRule::OutOfRange));
    }
    for (from, to, field) in [
        (&[0x28, 1, 0x30, 31][..], &[0x28, 1, 0x30, 32][..], "muted"),
        (&[0x30, 31, 0x38, 31], &[0x30, 31, 0x38, 32], "unmuted"),
        (&[0x38, 31, 0x40, 1, 0x32], &[0x38, 31, 0x40, 2, 0x32], "recording"),
        (&[0x38, 31, 0x40, 1, 0x4a], &[0x38, 32, 0x40, 1, 0x4a], "muted"),
        (&[0x38, 31, 0x40, 1, 0x4a], &[0x38, 31, 0x40, 2, 0x4a], "unmute_forbidden"),
    ] {
        let changed = replaced(&bytes, from, to);
        assert_eq!(refused(GroupState::decode(&changed)), (field, FormatRule::OutOfRange));
    }
}

#[test]
fn a_number_that_is_no_role_and_no_label_is_refused() {
    let mut state = group_state();
    state.members = members(1);
    let bytes = state.encode();
    for (from, to, field) in [
        (&[0x10, 3, 0x18][..], &[0x10, 0, 0x18][..], "role"),
        (&[0x10, 3, 0x18], &[0x10, 5, 0x18], "role"),
        (&[0x28, 1, 0x30], &[0x28, 0, 0x30], "label"),
        (&[0x28, 1, 0x30], &[0x28, 5, 0x30], "label"),
        (&[0x18, 1, 0x22], &[0x18, 4, 0x22], "door"),
    ] {
        let changed = replaced(&bytes, from, to);
        assert_eq!(refused(GroupState::decode(&changed)), (field, FormatRule::OutOfRange));
    }
    let mut without = members(1);
    without[0].label = None;
    state.members = without;
    assert_eq!(GroupState::decode(&state.encode()).as_ref(), Ok(&state));
}

#[test]
fn a_state_in_a_second_encoding_is_refused() {
    // SPEC [W5]
    let bytes = group_state().encode();
    let mut swapped = bytes.clone();
    swapped.swap(2, 4); // the tags of profile and door
    assert_eq!(GroupState::decode(&swapped).unwrap_err().rule(), FormatRule::Missing);
    let mut longer = bytes.clone();
    longer.splice(3..4, [0x81, 0x00]); // the profile's number in two bytes
    assert_eq!(GroupState::decode(&longer).unwrap_err().rule(), FormatRule::NotCanonical);
    let last_key = bytes.len() - 34;
    let split = [&bytes[..last_key], &[0x40, 0x01], &bytes[last_key..]].concat();
    assert!(GroupState::decode(&split).is_err());
    // What is not set is left out: an unmuted meeting does not say so.
    let quiet = replaced(&bytes, &[0x38, 31, 0x40, 1, 0x4a], &[0x38, 31, 0x40, 0, 0x4a]);
    let broken = ("unmute_forbidden", FormatRule::NotCanonical);
    assert_eq!(refused(GroupState::decode(&quiet)), broken);
}

#[test]
fn a_duplicate_state_is_equal_and_shows_no_secret() {
    let state = group_state();
    assert_eq!(state.duplicate(), state);
    let shown = format!("{state:?}");
    for secret in ["6, 6", "9, 9", "10, 10", "11, 11", "12, 12", "secret word"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_largest_roster_passes_and_a_larger_or_unsorted_one_is_refused() {
    // SPEC [W3] [I4]
    let decode = |input: &SafetyCodeInput| SafetyCodeInput::decode(&input.encode());
    let mut input = samples::safety_code_input(4096);
    assert_eq!(decode(&input).as_ref(), Ok(&input));
    input.members.swap(0, 1);
    assert_eq!(decode(&input).unwrap_err().rule(), FormatRule::NotSorted);
    input.members[0] = input.members[1];
    assert_eq!(decode(&input).unwrap_err().rule(), FormatRule::NotSorted);
    let larger = samples::safety_code_input(4097);
    assert_eq!(decode(&larger).unwrap_err().rule(), FormatRule::TooMany);
}
