//! The largest values pass, the next larger ones do not: SPEC [W3]; and what the schema's table
//! cannot say about entries: SPEC [W5] [I4].

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod common;

use common::samples;
use incamera_wire::{Fingerprint, FormatRule, GroupState, Role, RoleEntry, SafetyCodeInput};

fn state_refused(state: &GroupState) -> (&'static str, FormatRule) {
    let malformed = GroupState::decode(&state.encode()).unwrap_err();
    (malformed.field(), malformed.rule())
}

fn fingerprints(count: u32) -> impl Iterator<Item = Fingerprint> {
    (0..count).map(|number| Fingerprint::new(samples::numbered(number)))
}

fn roles(count: u32) -> Vec<RoleEntry> {
    fingerprints(count).map(|fingerprint| RoleEntry { fingerprint, role: Role::CoHost }).collect()
}

#[test]
fn the_largest_state_passes() {
    // SPEC [W3]
    let mut state = samples::group_state();
    state.roles = roles(256);
    state.bans = fingerprints(1024).collect();
    state.invites = (10..26).map(samples::invite).collect();
    assert_eq!(GroupState::decode(&state.encode()).as_ref(), Ok(&state));
}

#[test]
fn a_state_with_too_many_entries_is_refused() {
    // SPEC [W3]
    let mut state = samples::group_state();
    state.roles = roles(257);
    assert_eq!(state_refused(&state), ("roles", FormatRule::TooMany));
    let mut state = samples::group_state();
    state.bans = fingerprints(1025).collect();
    assert_eq!(state_refused(&state), ("bans", FormatRule::TooMany));
    let mut state = samples::group_state();
    state.invites = (10..27).map(samples::invite).collect();
    assert_eq!(state_refused(&state), ("invites", FormatRule::TooMany));
}

#[test]
fn a_state_with_unsorted_or_repeated_entries_is_refused() {
    // SPEC [W5]
    let mut state = samples::group_state();
    state.roles.reverse();
    assert_eq!(state_refused(&state), ("roles", FormatRule::NotSorted));
    let mut state = samples::group_state();
    state.roles[1].fingerprint = state.roles[0].fingerprint;
    assert_eq!(state_refused(&state), ("roles", FormatRule::NotSorted));
    let mut state = samples::group_state();
    state.bans.reverse();
    assert_eq!(state_refused(&state), ("bans", FormatRule::NotSorted));
    let mut state = samples::group_state();
    state.bans[1] = state.bans[0];
    assert_eq!(state_refused(&state), ("bans", FormatRule::NotSorted));
}

#[test]
fn a_state_that_lists_an_attendee_is_refused() {
    // SPEC [W5]
    let mut state = samples::group_state();
    state.roles[1].role = Role::Attendee;
    assert_eq!(state_refused(&state), ("role", FormatRule::OutOfRange));
}

#[test]
fn a_state_with_one_secret_in_two_invites_is_refused() {
    let mut state = samples::group_state();
    state.invites = vec![samples::invite(1), samples::invite(2), samples::invite(1)];
    assert_eq!(state_refused(&state), ("invites", FormatRule::NotSorted));
}

#[test]
fn a_state_in_a_second_encoding_is_refused() {
    // SPEC [W5]
    let bytes = samples::group_state().encode();
    let mut swapped = bytes.clone();
    swapped.swap(2, 4); // the tags of profile and door
    assert_eq!(GroupState::decode(&swapped).unwrap_err().rule(), FormatRule::Missing);
    let mut longer = bytes.clone();
    longer.splice(3..4, [0x81, 0x00]); // the profile's number in two bytes
    assert_eq!(GroupState::decode(&longer).unwrap_err().rule(), FormatRule::NotCanonical);
    let last_ban = bytes.len() - 34;
    let split = [&bytes[..last_ban], &[0x28, 0x01], &bytes[last_ban..]].concat();
    assert!(GroupState::decode(&split).is_err());
}

#[test]
fn a_duplicate_state_is_equal_and_shows_no_secret() {
    let state = samples::group_state();
    assert_eq!(state.duplicate(), state);
    assert!(!format!("{state:?}").contains("6, 6"));
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
