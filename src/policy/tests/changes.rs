//! What each change does to the state, and when it makes no sense.

use super::*;

/// `change` by the host makes of the fixture what `expected` does, and is accepted.
#[track_caller]
fn makes(change: &Change, expected: impl FnOnce(&mut GroupState)) {
    makes_of(&state(), change, expected);
}

#[track_caller]
fn makes_of(old: &GroupState, change: &Change, expected: impl FnOnce(&mut GroupState)) {
    let mut goal = old.duplicate();
    expected(&mut goal);
    assert_eq!(applied(old, HOST, change), Ok(goal.duplicate()));
    let verdict = if goal == *old { Err(Rule::Empty) } else { OK };
    assert_eq!(received(old, HOST, &goal), verdict);
}

#[track_caller]
fn fails(change: &Change, why: &'static str) {
    assert_eq!(applied(&state(), HOST, change), Err(Rule::State(why)));
}

const HOST_IS_CLEAN: &str = "a host has no exceptions, label or mutes";
const BANNED_HAS_NONE: &str = "a banned identity has an entry";

#[test]
fn flags_and_sets_are_set() {
    makes(&Change::Door(Door::Open), |s| s.door = Door::Open);
    makes(&Change::Door(Door::WaitingRoom), |_| ());
    makes(&Change::ForbidUnmute(true), |s| s.unmute_forbidden = true);
    makes(&Change::ForbidUnmute(false), |_| ());
}

#[test]
fn a_role_without_the_right_to_record_ends_recordings() {
    let with = RoleRights { attendee: Rights::NONE, ..state().rights };
    makes(&Change::RoleRights(with), |s| s.rights = with);
    let without = RoleRights { co_host: CO_HOST_RIGHTS.without(Right::Record), ..with };
    makes(&Change::RoleRights(without), |s| {
        s.rights = without;
        s.members[6].recording = false;
    });
    // An entry that says nothing any more goes.
    let mut old = state();
    old.rights.attendee = Rights::ALL;
    old.members.push(MemberEntry { recording: true, ..entry(ABSENT, Role::Attendee) });
    makes_of(&old, &Change::RoleRights(with), |s| {
        s.rights = with;
        s.members.pop();
    });
}

#[test]
fn a_new_host_starts_clean_and_is_not_listed() {
    let old = edited(|s| {
        s.members[1].granted = Rights::of(&[Right::End]);
        s.members[1].withheld = Rights::of(&[Right::Chat]);
        s.members[1].label = Some(Label::Recorder);
        s.members[1].unmuted = SCREEN;
        s.members[1].recording = true;
    });
    makes_of(&old, &Change::Role(person(CO_HOST), Role::Host), |s| {
        s.members[1] = MemberEntry { recording: true, ..entry(CO_HOST, Role::Host) };
        s.succession.remove(0);
    });
    makes(&Change::Role(person(HOST), Role::Host), |_| ());
}

#[test]
fn a_role_below_co_host_is_not_listed_and_loses_its_recording() {
    let listed = edited(|s| {
        s.members[1].recording = true;
        s.members[1].unmuted = SCREEN;
    });
    makes_of(&listed, &Change::Role(person(CO_HOST), Role::Presenter), |s| {
        s.members[1].role = Role::Presenter;
        s.members[1].recording = false;
        s.succession.remove(0);
    });
    makes(&Change::Role(person(OTHER_HOST), Role::CoHost), |s| s.members[5].role = Role::CoHost);
    makes(&Change::Role(person(CO_HOST), Role::CoHost), |_| ());
}

#[test]
fn entries_stay_sorted_and_without_plain_attendees() {
    makes(&Change::Role(person(OTHER_PRESENTER), Role::Attendee), |s| {
        s.members.pop();
    });
    makes(&Change::Role(person(OTHER_ATTENDEE), Role::Attendee), |_| ());
    makes(&Change::Role(person(OTHER_ATTENDEE), Role::CoHost), |s| {
        s.members.push(entry(OTHER_ATTENDEE, Role::CoHost));
    });
    makes(&Change::Role(person(0), Role::Presenter), |s| {
        s.members.insert(0, entry(0, Role::Presenter));
    });
}

#[test]
fn the_host_hands_over() {
    makes(&Change::TransferHost(person(HEIR)), |s| {
        s.members[7].role = Role::Host;
        s.members[0].role = Role::CoHost;
        s.succession.truncate(1);
    });
    makes(&Change::TransferHost(person(HOST)), |_| ());
    makes(&Change::TransferHost(person(OTHER_HOST)), |s| s.members[0].role = Role::CoHost);
    fails(&Change::TransferHost(person(BANNED)), BANNED_HAS_NONE);
    // Whoever is no host keeps its role, and its change is refused.
    let by_presenter = applied(&state(), PRESENTER, &Change::TransferHost(person(HEIR))).unwrap();
    assert_eq!(role_of(&by_presenter, &person(PRESENTER)), Role::Presenter);
    assert_eq!(role_of(&by_presenter, &person(HEIR)), Role::Host);
    assert_eq!(received(&state(), PRESENTER, &by_presenter), no(Right::SetRights));
}

#[test]
fn exceptions_replace_those_before() {
    let (some, other) = (Rights::of(&[Right::End]), Rights::of(&[Right::Chat]));
    makes(&Change::Exceptions(person(PRESENTER), some, other), |s| {
        (s.members[2].granted, s.members[2].withheld) = (some, other);
    });
    let old = edited(|s| s.members[8].granted = other);
    makes_of(&old, &Change::Exceptions(person(OTHER_PRESENTER), some, Rights::NONE), |s| {
        s.members[8].granted = some;
    });
    fails(&Change::Exceptions(person(OTHER_HOST), some, Rights::NONE), HOST_IS_CLEAN);
    makes(&Change::Exceptions(person(OTHER_HOST), Rights::NONE, Rights::NONE), |_| ());
    let twice = Change::Exceptions(person(PRESENTER), some, some);
    fails(&twice, "it both grants and withholds a right");
    fails(&Change::Exceptions(person(BANNED), some, other), BANNED_HAS_NONE);
    // Whoever may not record any more does not.
    let record = Rights::of(&[Right::Record]);
    makes(&Change::Exceptions(person(OTHER_CO_HOST), Rights::NONE, record), |s| {
        s.members[6].withheld = record;
        s.members[6].recording = false;
    });
}

#[test]
fn a_label_is_set_and_taken_but_not_on_a_host() {
    let bot = Some(Label::Bot);
    makes(&Change::Label(person(OTHER_CO_HOST), bot), |s| {
        s.members[6].label = bot;
        s.members[6].recording = false;
    });
    makes(&Change::Label(person(OTHER_CO_HOST), Some(Label::Recorder)), |s| {
        s.members[6].label = Some(Label::Recorder);
    });
    let old = edited(|s| s.members[8].label = bot);
    makes_of(&old, &Change::Label(person(OTHER_PRESENTER), None), |s| s.members[8].label = None);
    fails(&Change::Label(person(OTHER_HOST), bot), HOST_IS_CLEAN);
    makes(&Change::Label(person(OTHER_HOST), None), |_| ());
}

#[test]
fn a_mute_ends_an_exemption_and_an_unmute_makes_one_where_it_is_needed() {
    let exempt = edited(|s| s.members[8].unmuted = SCREEN.union(MICROPHONE));
    let who = person(OTHER_PRESENTER);
    makes_of(&exempt, &Change::Mute(who, SCREEN.union(CAMERA)), |s| {
        s.members[8].muted = SCREEN.union(CAMERA);
        s.members[8].unmuted = MICROPHONE;
    });
    let both = MemberEntry { muted: CAMERA.union(MICROPHONE), ..state().members[8] };
    let muted = edited(|s| s.members[8] = both);
    makes_of(&muted, &Change::Unmute(who, CAMERA.union(SCREEN)), |s| {
        s.members[8].muted = MICROPHONE;
        s.members[8].unmuted = SCREEN;
    });
    makes(&Change::Mute(person(CO_HOST), MICROPHONE), |s| {
        s.members[1].muted = CAMERA.union(MICROPHONE);
    });
    makes(&Change::Unmute(person(OTHER_ATTENDEE), CAMERA), |_| ());
    // Nothing is muted for a host, so there is nothing to lift.
    fails(&Change::Mute(person(OTHER_HOST), CAMERA), HOST_IS_CLEAN);
    makes(&Change::Unmute(person(OTHER_HOST), SCREEN), |_| ());
}

/// Everybody is exempt, or muted, where that may be.
fn everybody(edit: impl Fn(&mut MemberEntry)) -> GroupState {
    edited(|s| {
        let others = s.members.iter_mut().filter(|entry| entry.role != Role::Host);
        others.for_each(|entry| {
            entry.muted = TrackKinds::NONE;
            edit(entry);
        });
    })
}

#[test]
fn a_mute_of_all_ends_exemptions_of_those_below() {
    let both = MICROPHONE.union(CAMERA);
    let old = everybody(|entry| entry.unmuted = both);
    makes_of(&old, &Change::MuteAll(MICROPHONE), |s| {
        s.muted = SCREEN.union(MICROPHONE);
        let others = s.members.iter_mut().filter(|entry| entry.role != Role::Host);
        others.for_each(|entry| entry.unmuted = CAMERA);
    });
    // A co-host's leaves its equals exempt, so that it is not refused.
    let new = applied(&old, CO_HOST, &Change::MuteAll(both)).unwrap();
    assert_eq!(received(&old, CO_HOST, &new), OK);
    for entry in &new.members {
        let expected = if entry.role == Role::CoHost { both } else { TrackKinds::NONE };
        assert_eq!(entry.unmuted, expected, "{entry:?}");
    }
    assert!(!new.members.iter().any(|entry| *entry == MemberEntry::plain(entry.fingerprint)));
}

#[test]
fn an_unmute_of_all_lifts_the_mutes_of_those_below() {
    let both = MICROPHONE.union(CAMERA);
    let mut old = everybody(|entry| entry.muted = both);
    old.muted = both.union(SCREEN);
    makes_of(&old, &Change::UnmuteAll(MICROPHONE), |s| {
        s.muted = SCREEN.union(CAMERA);
        let others = s.members.iter_mut().filter(|entry| entry.role != Role::Host);
        others.for_each(|entry| entry.muted = CAMERA);
    });
    let new = applied(&old, CO_HOST, &Change::UnmuteAll(both)).unwrap();
    assert_eq!(received(&old, CO_HOST, &new), OK);
    for entry in &new.members {
        let expected = if entry.role == Role::CoHost { both } else { TrackKinds::NONE };
        assert_eq!(entry.muted, expected, "{entry:?}");
    }
}

#[test]
fn a_member_says_that_it_records_if_it_may() {
    // SPEC [G18]
    makes(&Change::Recording(true), |s| s.members[0].recording = true);
    makes(&Change::Recording(false), |_| ());
    let missing = Err(Rule::MissingRight(Right::Record));
    for who in [PRESENTER, ATTENDEE, BOT] {
        assert_eq!(applied(&state(), who, &Change::Recording(true)), missing);
        assert_eq!(applied(&state(), who, &Change::Recording(false)), Ok(state()));
    }
    let off = applied(&state(), OTHER_CO_HOST, &Change::Recording(false));
    assert_eq!(off, Ok(edited(|s| s.members[6].recording = false)));
}

#[test]
fn there_are_at_most_1024_entries() {
    let many = |count: u32| {
        edited(|s| {
            s.members.truncate(1);
            for n in 1..count {
                let mut bytes = [200; 32];
                bytes[1..5].copy_from_slice(&n.to_be_bytes());
                let plain = MemberEntry::plain(Fingerprint::new(bytes));
                s.members.push(MemberEntry { role: Role::Presenter, ..plain });
            }
            s.succession.clear();
        })
    };
    let one_more = Change::Role(person(ABSENT), Role::Presenter);
    assert_eq!(applied(&many(1023), HOST, &one_more).unwrap().members.len(), 1024);
    let full = Err(Rule::State("it has no room for another identity"));
    assert_eq!(applied(&many(1024), HOST, &one_more), full);
    // Whoever is listed may be changed all the same.
    let last = many(1024).members[1023].fingerprint;
    assert!(applied(&many(1024), HOST, &Change::Role(last, Role::CoHost)).is_ok());
    assert!(applied(&many(1024), HOST, &Change::Role(last, Role::Attendee)).is_ok());
}

#[test]
fn whoever_asks_for_what_no_hosts_entry_can_hold_learns_of_its_rank() {
    // SPEC [G15]
    let changes = [
        Change::Mute(person(HOST), CAMERA),
        Change::Label(person(HOST), Some(Label::Bot)),
        Change::Exceptions(person(HOST), Rights::NONE, Rights::ALL),
    ];
    for change in changes {
        assert_eq!(committed(&state(), CO_HOST, &change), Err(Rule::Outranked), "{change:?}");
        let missing = committed(&state(), ATTENDEE, &change);
        assert!(matches!(missing, Err(Rule::MissingRight(_))), "{change:?}: {missing:?}");
        let senseless = committed(&state(), OTHER_HOST, &change);
        assert!(matches!(senseless, Err(Rule::State(_))), "{change:?}: {senseless:?}");
    }
}
