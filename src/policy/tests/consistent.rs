//! A state that contradicts itself is refused, whoever made it.

use super::*;

/// Both a joiner and the receiver of a host's commit refuse it.
#[track_caller]
fn contradicts(edit: impl FnOnce(&mut GroupState), why: &'static str) {
    let bad = edited(edit);
    assert_eq!(validate(&bad, Profile::Standard), Err(why));
    assert_eq!(received(&state(), HOST, &bad), Err(Rule::Inconsistent(why)));
}

#[test]
fn a_host_with_exceptions_a_label_or_mutes_is_refused() {
    // SPEC [G22]
    let why = "a host has no exceptions, label or mutes";
    contradicts(|s| s.members[5].granted = Rights::of(&[Right::Chat]), why);
    contradicts(|s| s.members[5].withheld = Rights::of(&[Right::Chat]), why);
    contradicts(|s| s.members[5].label = Some(Label::Recorder), why);
    contradicts(|s| s.members[5].muted = CAMERA, why);
    contradicts(|s| s.members[5].unmuted = CAMERA, why);
    assert_eq!(validate(&edited(|s| s.members[5].recording = true), Profile::Standard), Ok(()));
}

#[test]
fn a_right_both_granted_and_withheld_is_refused() {
    // SPEC [G22]
    let both = |s: &mut GroupState| {
        s.members[2].granted = Rights::of(&[Right::Chat, Right::End]);
        s.members[2].withheld = Rights::of(&[Right::Chat, Right::React]);
    };
    contradicts(both, "it both grants and withholds a right");
    let apart = edited(|s| {
        s.members[2].granted = Rights::of(&[Right::Chat]);
        s.members[2].withheld = Rights::of(&[Right::React]);
    });
    assert_eq!(validate(&apart, Profile::Standard), Ok(()));
}

#[test]
fn a_kind_both_muted_and_exempt_is_refused() {
    // SPEC [G22]
    let why = "it both mutes a kind and exempts from its mute";
    contradicts(|s| s.members[2].unmuted = CAMERA.union(SCREEN), why);
    let apart = edited(|s| s.members[2].unmuted = SCREEN);
    assert_eq!(validate(&apart, Profile::Standard), Ok(()));
}

#[test]
fn an_entry_of_a_plain_attendee_is_refused() {
    // SPEC [G22]
    let plain = MemberEntry::plain(person(ABSENT));
    contradicts(|s| s.members.push(plain), "it lists a plain attendee");
}

#[test]
fn a_recorder_without_the_right_is_refused() {
    // SPEC [G22]
    let why = "somebody records without the right to";
    contradicts(|s| s.rights.co_host = CO_HOST_RIGHTS.without(Right::Record), why);
    contradicts(|s| s.members[6].label = Some(Label::Bot), why);
}

#[test]
fn a_succession_of_others_than_co_hosts_is_refused() {
    // SPEC [G22]
    let why = "its succession lists somebody who is no co-host";
    for who in [HOST, PRESENTER, ATTENDEE, ABSENT, BANNED] {
        contradicts(|s| s.succession.push(person(who)), why);
    }
}

#[test]
fn a_banned_identity_with_an_entry_is_refused() {
    // SPEC [G22]
    let why = "a banned identity has an entry";
    contradicts(|s| s.members.push(entry(BANNED, Role::Presenter)), why);
}

#[test]
fn an_invite_that_asks_for_a_passcode_that_is_not_there_is_refused() {
    // SPEC [G22]
    let why = "an invite asks for a passcode, and there is none";
    contradicts(|s| s.passcode = None, why);
    let unasked = edited(|s| {
        s.passcode = None;
        s.invites[0].passcode = false;
    });
    assert_eq!(received(&state(), HOST, &unasked), OK);
}

#[test]
fn a_change_that_leaves_no_host_in_the_meeting_is_refused() {
    // SPEC [G22]
    let mut alone = edited(|s| s.members[5].role = Role::CoHost);
    assert_eq!(received(&state(), HOST, &alone), OK);
    let none = Err(Rule::Inconsistent("no host is in the meeting"));
    let step_down = Change::Role(person(HOST), Role::CoHost);
    assert_eq!(committed(&alone, HOST, &step_down), none);
    // A host that is not here is none.
    alone.members.push(entry(ABSENT, Role::Host));
    assert_eq!(committed(&alone, HOST, &step_down), none);
    // A joiner takes such a state as it is: a departure may have left it.
    let left = edited(|s| s.members.retain(|entry| entry.role != Role::Host));
    assert_eq!(validate(&left, Profile::Standard), Ok(()));
}

#[test]
fn a_joiner_refuses_another_profile() {
    // SPEC [A7]
    assert_eq!(validate(&state(), Profile::Portable), Err("its profile is not the invite's"));
}

#[test]
fn a_meeting_without_a_host_goes_on_as_its_co_hosts_may() {
    // SPEC [G22]
    let hostless = edited(|s| {
        s.members.retain(|entry| entry.role != Role::Host);
        s.door = Door::WaitingRoom;
    });
    let locked = committed(&hostless, CO_HOST, &Change::Door(Door::Locked));
    assert_eq!(locked, Ok(()));
}

#[test]
fn short_tags_in_the_portable_profile_are_refused() {
    // SPEC [G22]
    let short = |profile| edited(|s| (s.profile, s.short_audio_tags) = (profile, true));
    for profile in [Profile::Standard, Profile::PostQuantum] {
        assert_eq!(validate(&short(profile), profile), Ok(()));
    }
    let why = "its profile has no suite with short tags";
    assert_eq!(validate(&short(Profile::Portable), Profile::Portable), Err(why));
}
