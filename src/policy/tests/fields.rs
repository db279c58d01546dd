//! A voluntary change of state, rule by rule, as receivers judge it.

use super::*;

fn changed(who: u8, edit: impl FnOnce(&mut GroupState)) -> Verdict {
    received(&state(), who, &edited(edit))
}

#[test]
fn a_state_without_a_difference_is_refused() {
    // SPEC [G15]
    assert_eq!(changed(HOST, |_| ()), Err(Rule::Empty));
}

#[test]
fn roles_below_the_own_are_given_and_taken() {
    // SPEC [G15]
    let (right, rank) = (no(Right::SetRights), Err(Rule::Outranked));
    #[rustfmt::skip]
    let rows = [
        // whom, to what                           host, co-host, presenter, attendee, bot
        (OTHER_HOST,      Role::CoHost,    [OK,   rank,    right,     right,    right]),
        (OTHER_HOST,      Role::Attendee,  [OK,   rank,    right,     right,    right]),
        (OTHER_CO_HOST,   Role::Host,      [OK,   rank,    right,     right,    right]),
        (OTHER_CO_HOST,   Role::Presenter, [OK,   rank,    right,     right,    right]),
        (OTHER_PRESENTER, Role::Host,      [OK,   rank,    right,     right,    right]),
        (OTHER_PRESENTER, Role::CoHost,    [OK,   rank,    right,     right,    right]),
        (OTHER_PRESENTER, Role::Attendee,  [OK,   OK,      right,     right,    right]),
        (OTHER_ATTENDEE,  Role::CoHost,    [OK,   rank,    right,     right,    right]),
        (OTHER_ATTENDEE,  Role::Presenter, [OK,   OK,      right,     right,    right]),
        (ABSENT,          Role::Presenter, [OK,   OK,      right,     right,    right]),
    ];
    for (whom, role, expected) in rows {
        let change = Change::Role(person(whom), role);
        assert_eq!(ROLES.map(|who| committed(&state(), who, &change)), expected, "{change:?}");
    }
}

#[test]
fn nobody_but_a_host_changes_its_own_role_exceptions_or_label() {
    // SPEC [G15]
    let (right, rank) = (no(Right::SetRights), Err(Rule::Outranked));
    let own =
        |who, change: fn(Fingerprint) -> Change| committed(&state(), who, &change(person(who)));
    type Own = fn(Fingerprint) -> Change;
    let rows: [(Own, [Verdict; 4]); 4] = [
        (|who| Change::Role(who, Role::Host), [rank, right, right, right]),
        (
            |who| Change::Exceptions(who, Rights::of(&[Right::Chat]), Rights::NONE),
            [rank, right, right, right],
        ),
        (
            |who| Change::Exceptions(who, Rights::NONE, Rights::of(&[Right::Chat])),
            [rank, right, right, right],
        ),
        (|who| Change::Label(who, Some(Label::Bridge)), [rank, right, right, right]),
    ];
    for (change, expected) in rows {
        let found = [CO_HOST, PRESENTER, ATTENDEE, BOT].map(|who| own(who, change));
        assert_eq!(found, expected);
    }
    assert_eq!(own(HOST, |who| Change::Role(who, Role::Attendee)), OK);
}

/// Everybody may set rights and mute, so that ranks alone decide.
fn generous() -> GroupState {
    edited(|s| {
        let all = Rights::ALL.without(Right::End);
        s.rights = RoleRights { co_host: all, presenter: all, attendee: all };
    })
}

#[test]
fn a_right_reaches_as_far_down_as_the_rank() {
    // SPEC [G15]
    let rank = Err(Rule::Outranked);
    let (sets, mutes) = (no(Right::SetRights), no(Right::MuteOthers));
    #[rustfmt::skip]
    let rows = [
        // whom,             host, co-host, presenter, attendee
        (OTHER_CO_HOST,   [OK,   rank,    rank,      rank]),
        (OTHER_PRESENTER, [OK,   OK,      rank,      rank]),
        (OTHER_ATTENDEE,  [OK,   OK,      OK,        rank]),
    ];
    for (whom, expected) in rows {
        let whom = person(whom);
        let given = Rights::of(&[Right::Chat]);
        let changes = [
            (Change::Exceptions(whom, given, Rights::NONE), sets),
            (Change::Exceptions(whom, Rights::NONE, given), sets),
            (Change::Label(whom, Some(Label::Recorder)), sets),
            (Change::Mute(whom, MICROPHONE), mutes),
            (Change::Unmute(whom, SCREEN), mutes),
        ];
        for (change, bot) in changes {
            let found = [HOST, CO_HOST, PRESENTER, ATTENDEE];
            let found = found.map(|who| committed(&generous(), who, &change));
            assert_eq!(found, expected, "{change:?}");
            assert_eq!(committed(&generous(), BOT, &change), bot, "{change:?}");
        }
    }
}

#[test]
fn rights_of_roles_are_changed_from_above() {
    // SPEC [G15]
    let rank = Err(Rule::Outranked);
    let sets = no(Right::SetRights);
    type Set = fn(&mut RoleRights) -> &mut Rights;
    let edits: [(Set, [Verdict; 5]); 3] = [
        (|rights| &mut rights.co_host, [OK, rank, rank, rank, sets]),
        (|rights| &mut rights.presenter, [OK, OK, rank, rank, sets]),
        (|rights| &mut rights.attendee, [OK, OK, OK, rank, sets]),
    ];
    for (field, expected) in edits {
        let mut new = generous();
        let set = field(&mut new.rights);
        *set = set.without(Right::Chat);
        assert_eq!(ROLES.map(|who| received(&generous(), who, &new)), expected);
    }
}

#[test]
fn nobody_gives_or_takes_a_right_that_it_lacks() {
    // SPEC [G15]
    let held = |right| Err(Rule::NotHeld(right));
    let (end, chat) = (Rights::of(&[Right::End]), Rights::of(&[Right::Chat]));
    let whom = person(OTHER_PRESENTER);
    let exceptions = |granted, withheld| Change::Exceptions(whom, granted, withheld);
    let verdict = |old: &GroupState, change: Change| committed(old, CO_HOST, &change);
    let relays = Rights::of(&[Right::ManageRelays]);
    assert_eq!(verdict(&state(), exceptions(end, Rights::NONE)), held(Right::End));
    assert_eq!(verdict(&state(), exceptions(Rights::NONE, end)), held(Right::End));
    let both = chat.union(end).union(relays);
    assert_eq!(verdict(&state(), exceptions(both, Rights::NONE)), held(Right::ManageRelays));
    assert_eq!(verdict(&state(), exceptions(chat, Rights::NONE)), OK);
    // Taking back is the same, and what stays does not count.
    let given = edited(|s| s.members[8].granted = end);
    assert_eq!(verdict(&given, exceptions(Rights::NONE, Rights::NONE)), held(Right::End));
    assert_eq!(verdict(&given, exceptions(end.union(chat), Rights::NONE)), OK);
    let taken = edited(|s| s.members[8].withheld = end);
    assert_eq!(verdict(&taken, exceptions(Rights::NONE, Rights::NONE)), held(Right::End));
    assert_eq!(verdict(&taken, exceptions(chat, end)), OK);
    // So in the sets of roles.
    let with = |old: &GroupState, attendee| {
        verdict(old, Change::RoleRights(RoleRights { attendee, ..old.rights }))
    };
    let attendee = state().rights.attendee;
    assert_eq!(with(&state(), attendee.union(end)), held(Right::End));
    assert_eq!(with(&state(), attendee.without(Right::Chat)), OK);
    let ending = edited(|s| s.rights.attendee = end.union(attendee));
    assert_eq!(with(&ending, attendee), held(Right::End));
    assert_eq!(with(&ending, end), OK);
}

#[test]
fn a_member_makes_itself_less_muted_only() {
    // SPEC [G15]
    let (rank, mutes) = (Err(Rule::Outranked), no(Right::MuteOthers));
    let old = |forbidden| {
        edited(|s| {
            s.unmute_forbidden = forbidden;
            for who in [1, 2, 3, 4] {
                s.members[who].unmuted = SCREEN;
            }
        })
    };
    type Edit = fn(&mut MemberEntry);
    let rows: [(Edit, [Verdict; 4]); 6] = [
        (|e| e.muted = TrackKinds::NONE, [OK, OK, OK, OK]),
        (|e| e.unmuted = SCREEN.union(MICROPHONE), [OK, OK, OK, OK]),
        (|e| (e.muted, e.unmuted) = (TrackKinds::NONE, TrackKinds::ALL), [OK, OK, OK, OK]),
        (|e| e.muted = CAMERA.union(MICROPHONE), [rank, mutes, mutes, mutes]),
        (|e| e.muted = MICROPHONE, [rank, mutes, mutes, mutes]),
        (|e| e.unmuted = TrackKinds::NONE, [rank, mutes, mutes, mutes]),
    ];
    for (index, (edit, expected)) in rows.into_iter().enumerate() {
        let verdict = |forbidden, who: u8| {
            let mut new = old(forbidden);
            edit(&mut new.members[usize::from(who) - 1]);
            received(&old(forbidden), who, &new)
        };
        let members = [CO_HOST, PRESENTER, ATTENDEE, BOT];
        assert_eq!(members.map(|who| verdict(false, who)), expected, "row {index}");
        let forbid = |found: Verdict| found.and(Err(Rule::UnmuteForbidden));
        assert_eq!(members.map(|who| verdict(true, who)), expected.map(forbid), "row {index}");
    }
}

#[test]
fn nobody_says_that_another_records_and_those_above_may_end_it() {
    // SPEC [G18]
    let whose = "only who records says that it records";
    for who in ROLES {
        let verdict = changed(who, |s| s.members[7].recording = true);
        assert_eq!(verdict, Err(Rule::State(whose)), "{who}");
    }
    let (right, rank) = (no(Right::SetRights), Err(Rule::Outranked));
    let found = ROLES.map(|who| changed(who, |s| s.members[6].recording = false));
    assert_eq!(found, [OK, rank, right, right, right]);
    let old = edited(|s| {
        s.rights.presenter = s.rights.presenter.with(Right::Record);
        s.members[8].recording = true;
    });
    let mut new = old.duplicate();
    new.members[8].recording = false;
    let found = ROLES.map(|who| received(&old, who, &new));
    assert_eq!(found, [OK, OK, right, right, right]);
}

#[test]
fn a_member_says_for_itself_whether_it_records() {
    // SPEC [G18]
    let own = |who: u8, recording: bool| {
        let with = |flag| edited(|s| s.members[usize::from(who) - 1].recording = flag);
        received(&with(!recording), who, &with(recording))
    };
    let record = no(Right::Record);
    assert_eq!(ROLES.map(|who| own(who, true)), [OK, OK, record, record, record]);
    assert_eq!(ROLES.map(|who| own(who, false)), [OK, OK, OK, OK, OK]);
}

#[test]
fn an_entry_that_is_left_out_is_judged_like_one_that_is_changed() {
    // SPEC [G15]
    let (sets, rank) = (no(Right::SetRights), Err(Rule::Outranked));
    let found = ROLES.map(|who| {
        changed(who, |s| {
            s.members.remove(8);
        })
    });
    assert_eq!(found, [OK, OK, sets, sets, sets]);
    let found = ROLES.map(|who| {
        changed(who, |s| {
            s.members.remove(6);
        })
    });
    assert_eq!(found, [OK, rank, sets, sets, sets]);
}

#[test]
fn a_ban_is_for_those_who_are_not_here() {
    // SPEC [G15]
    let here = Rule::State("it bans somebody who is in the meeting");
    assert_eq!(changed(HOST, |s| s.bans.insert(0, person(OTHER_ATTENDEE))), Err(here));
    let remove = no(Right::Remove);
    let found = ROLES.map(|who| changed(who, |s| s.bans.insert(0, person(ABSENT))));
    assert_eq!(found, [OK, OK, remove, remove, remove]);
    let found = ROLES.map(|who| changed(who, |s| s.bans.clear()));
    assert_eq!(found, [OK, OK, remove, remove, remove]);
    // An attendee that may remove outranks nobody, but may lift a ban.
    let old = || edited(|s| s.rights.attendee = Rights::of(&[Right::Remove]));
    let mut new = old();
    new.bans.insert(0, person(ABSENT));
    assert_eq!(received(&old(), ATTENDEE, &new), Err(Rule::Outranked));
    new.bans.clear();
    assert_eq!(received(&old(), ATTENDEE, &new), OK);
}

#[test]
fn a_program_that_is_listed_as_host_has_no_power_of_one() {
    // SPEC [G18]
    let old = edited(|s| s.members[4] = entry(BOT, Role::Host));
    let mut new = old.duplicate();
    new.succession.reverse();
    assert_eq!(received(&old, BOT, &new), Err(Rule::HostOnly("the succession")));
    let change = Change::Role(person(OTHER_PRESENTER), Role::Attendee);
    assert_eq!(committed(&old, BOT, &change), no(Right::SetRights));
}
