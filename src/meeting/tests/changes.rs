//! Changes of the state that their author may not make (SPEC \[G15\], \[G18\], \[G22\]).

use incamera_wire::{
    Door, InviteEntry, Label, MemberEntry, Profile, RelayEntry, Right, Rights, SecretText,
    TrackKind, TrackKinds,
};

use super::*;
use crate::Error;

const MICROPHONE: TrackKinds = TrackKinds::of(&[TrackKind::Microphone]);

/// Changes an identity's entry, whether or not the state lists it yet.
fn edit(state: &mut GroupState, who: Fingerprint, change: impl FnOnce(&mut MemberEntry)) {
    let place = state.members.iter().position(|entry| entry.fingerprint == who);
    let place = place.unwrap_or_else(|| {
        state.members.push(MemberEntry::plain(who));
        state.members.len() - 1
    });
    change(&mut state.members[place]);
    state.members.sort_unstable_by_key(|entry| entry.fingerprint);
}

/// Ben sets a state, and everyone refuses it by this rule.
#[track_caller]
fn ben_sets(world: &mut World, rule: Rule, change: impl FnOnce(&mut GroupState)) {
    let entry = forged_state(world, BEN, change);
    ben_breaks(world, entry, rule);
}

fn missing(right: Right) -> Rule {
    Rule::MissingRight(right)
}

/// Ada, Ben the co-host, and Cleo.
fn with_co_host(seed: u8) -> World {
    let mut world = world(seed);
    give_role(&mut world, BEN, Role::CoHost);
    world
}

#[test]
fn a_self_promotion_is_refused_by_all() {
    // SPEC [G15]
    let mut world = world(100);
    let ben = fingerprint(&world, BEN);
    for role in [Role::Host, Role::CoHost, Role::Presenter] {
        let promote = |state: &mut _| edit(state, ben, |entry| entry.role = role);
        ben_sets(&mut world, missing(Right::SetRights), promote);
    }
    for right in [Right::Admit, Right::SetRights] {
        let grant = |state: &mut _| edit(state, ben, |entry| entry.granted = Rights::of(&[right]));
        ben_sets(&mut world, missing(Right::SetRights), grant);
    }
    ben_sets(&mut world, missing(Right::SetRights), |state| state.rights.attendee = Rights::ALL);
    goes_on(world);
}

#[test]
fn a_label_that_its_bearer_takes_off_is_refused_by_all() {
    // SPEC [G15], [G18]
    let mut world = world(101);
    let (ben, id) = (fingerprint(&world, BEN), world.member_id(BEN));
    act(&mut world, 0, |meeting, now| meeting.set_label(id, Some(Label::Bot), now));
    ben_sets(&mut world, missing(Right::SetRights), |s| edit(s, ben, |entry| entry.label = None));
    let other = |state: &mut _| edit(state, ben, |entry| entry.label = Some(Label::Bridge));
    ben_sets(&mut world, missing(Right::SetRights), other);
    // Nor do the rights of its role help a program beyond its label.
    give_role(&mut world, BEN, Role::Presenter);
    ben_sets(&mut world, missing(Right::SetRights), |s| edit(s, ben, |entry| entry.label = None));
    goes_on(world);
}

#[test]
fn each_field_changed_without_the_right_is_refused_by_all() {
    // SPEC [G15]
    type Change = fn(&mut GroupState);
    let cases: [(Rule, Change); 15] = [
        (missing(Right::Lock), |s| s.door = Door::Open),
        (missing(Right::Lock), |s| s.door = Door::Locked),
        (missing(Right::MuteOthers), |s| s.muted = TrackKinds::ALL),
        (missing(Right::MuteOthers), |s| s.unmute_forbidden = true),
        (missing(Right::ManageInvites), |s| s.invites.clear()),
        (missing(Right::ManageInvites), |s| s.invites.push(InviteEntry::new(zeros()))),
        (missing(Right::ManageInvites), |s| s.invites[0].secret = zeros()),
        (missing(Right::ManageInvites), |s| s.lobby_key = zeros()),
        (missing(Right::ManageInvites), |s| s.passcode = Some(SecretText::new("1234"))),
        (missing(Right::ManageRelays), |s| {
            s.relays = vec![RelayEntry { key: [1; 32], region: "eu".into() }];
        }),
        (missing(Right::Remove), |s| s.bans.push(Fingerprint::new([9; 32]))),
        (Rule::HostOnly("the succession"), |s| s.succession = vec![s.members[0].fingerprint]),
        (Rule::State("a meeting keeps its profile"), |s| s.profile = Profile::Portable),
        (Rule::State("only a removal replaces the key of orders"), |s| {
            s.heartbeat_keys = vec![zeros()];
        }),
        (Rule::State("only a removal replaces the keys of those who come back"), |s| {
            s.resync_keys[0].secret = zeros();
        }),
    ];
    let mut world = world(102);
    for (rule, change) in cases {
        ben_sets(&mut world, rule, change);
    }
    goes_on(world);
}

#[test]
fn what_nobody_may_change_is_refused_of_the_host_too() {
    // SPEC [G15]
    let mut world = world(103);
    let ada = world.member_id(0);
    type Change = fn(&mut GroupState);
    let cases: [(&str, Change); 3] = [
        ("a meeting keeps its profile", |s| s.profile = Profile::Portable),
        ("only a removal replaces the key of orders", |s| s.heartbeat_keys.insert(0, zeros())),
        ("only a removal replaces the keys of those who come back", |s| {
            s.resync_keys[0].secret = zeros();
        }),
    ];
    for (why, change) in cases {
        let entry = forged_state(&mut world, 0, change);
        refused_by(&mut world, &[1, 2], entry, Some(ada), Fault::Refused(Rule::State(why)));
    }
    goes_on(world);
}

#[test]
fn a_co_host_that_touches_the_host_is_refused_by_all() {
    // SPEC [G15]
    let mut world = with_co_host(104);
    let (ada, id) = (fingerprint(&world, 0), world.member_id(BEN));
    let rights = Rights::of(&[Right::SetRights]);
    act(&mut world, 0, |meeting, now| meeting.set_exceptions(id, rights, Rights::NONE, now));
    ben_sets(&mut world, Rule::Outranked, |s| edit(s, ada, |entry| entry.muted = MICROPHONE));
    for role in [Role::CoHost, Role::Presenter] {
        ben_sets(&mut world, Rule::Outranked, |s| edit(s, ada, |entry| entry.role = role));
    }
    ben_sets(&mut world, Rule::Outranked, |state| {
        state.members.retain(|entry| entry.fingerprint != ada);
    });
    let label = |state: &mut _| edit(state, ada, |entry| entry.label = Some(Label::Bot));
    ben_sets(&mut world, Rule::Outranked, label);
    // An honest client says so before it sends anything.
    let (ada, now) = (world.member_id(0), world.now());
    let ben = &mut world.clients[BEN].meeting;
    assert_eq!(ben.remove(ada, now), Err(Error::Refused(Rule::Outranked)));
    let mute = ben.mute(ada, MICROPHONE, now);
    assert!(matches!(mute, Err(Error::Refused(_))), "{mute:?}");
    goes_on(world);
}

#[test]
fn a_co_host_that_raises_somebody_to_its_own_rank_is_refused_by_all() {
    // SPEC [G15]
    let mut world = with_co_host(105);
    let (ben, cleo, id) = (fingerprint(&world, BEN), fingerprint(&world, 2), world.member_id(BEN));
    let rights = Rights::of(&[Right::SetRights]);
    act(&mut world, 0, |meeting, now| meeting.set_exceptions(id, rights, Rights::NONE, now));
    for role in [Role::Host, Role::CoHost] {
        ben_sets(&mut world, Rule::Outranked, |s| edit(s, cleo, |entry| entry.role = role));
    }
    ben_sets(&mut world, Rule::Outranked, |s| edit(s, ben, |entry| entry.role = Role::Host));
    let grant =
        |state: &mut _| edit(state, cleo, |entry| entry.granted = Rights::of(&[Right::End]));
    ben_sets(&mut world, Rule::NotHeld(Right::End), grant);
    ben_sets(&mut world, Rule::NotHeld(Right::End), |state| {
        state.rights.attendee = state.rights.attendee.with(Right::End);
    });
    ben_sets(&mut world, Rule::Outranked, |state| state.rights.co_host = Rights::ALL);
    goes_on(world);
}

#[test]
fn a_mute_without_the_right_is_refused_by_all() {
    // SPEC [G15]
    let mut world = world(106);
    let (ada, cleo) = (fingerprint(&world, 0), fingerprint(&world, 2));
    for who in [ada, cleo] {
        let mute = |state: &mut _| edit(state, who, |entry| entry.muted = MICROPHONE);
        ben_sets(&mut world, missing(Right::MuteOthers), mute);
    }
    goes_on(world);
}

#[test]
fn anothers_mute_lifted_without_the_right_is_refused_by_all() {
    // SPEC [G15]
    let mut world = world(107);
    let (cleo, id) = (fingerprint(&world, 2), world.member_id(2));
    act(&mut world, 0, |meeting, now| meeting.mute(id, MICROPHONE, now));
    ben_sets(&mut world, missing(Right::MuteOthers), |state| {
        state.members.retain(|entry| entry.fingerprint != cleo);
    });
    act(&mut world, 0, |meeting, now| meeting.mute_all(MICROPHONE, now));
    let exempt = |state: &mut _| {
        edit(state, cleo, |entry| (entry.muted, entry.unmuted) = (TrackKinds::NONE, MICROPHONE));
    };
    ben_sets(&mut world, missing(Right::MuteOthers), exempt);
    ben_sets(&mut world, missing(Right::MuteOthers), |state| state.muted = TrackKinds::NONE);
    goes_on(world);
}

#[test]
fn an_own_mute_lifted_while_that_is_forbidden_is_refused_by_all() {
    // SPEC [G15]
    let mut world = world(108);
    let (ben, id) = (fingerprint(&world, BEN), world.member_id(BEN));
    act(&mut world, 0, |meeting, now| meeting.forbid_unmute(true, now));
    act(&mut world, 0, |meeting, now| meeting.mute(id, MICROPHONE, now));
    ben_sets(&mut world, Rule::UnmuteForbidden, |state| {
        state.members.retain(|entry| entry.fingerprint != ben);
    });
    act(&mut world, 0, |meeting, now| meeting.mute_all(MICROPHONE, now));
    let exempt = |state: &mut _| {
        edit(state, ben, |entry| (entry.muted, entry.unmuted) = (TrackKinds::NONE, MICROPHONE));
    };
    ben_sets(&mut world, Rule::UnmuteForbidden, exempt);
    let now = world.now();
    let refused = world.clients[BEN].meeting.unmute(id, MICROPHONE, now);
    assert_eq!(refused, Err(Error::Refused(Rule::UnmuteForbidden)));
    goes_on(world);
}

#[test]
fn a_recording_without_the_right_or_said_of_another_is_refused_by_all() {
    // SPEC [G18]
    let mut world = world(109);
    let (ben, cleo) = (fingerprint(&world, BEN), fingerprint(&world, 2));
    ben_sets(&mut world, missing(Right::Record), |s| edit(s, ben, |entry| entry.recording = true));
    let why = Rule::State("only who records says that it records");
    ben_sets(&mut world, why, |state| edit(state, cleo, |entry| entry.recording = true));
    let id = world.member_id(2);
    let right = Rights::of(&[Right::Record]);
    act(&mut world, 0, |meeting, now| meeting.set_exceptions(id, right, Rights::NONE, now));
    act(&mut world, 2, |meeting, now| meeting.set_recording(true, now));
    // Nobody hides that another records.
    let hide = |state: &mut _| edit(state, cleo, |entry| entry.recording = false);
    ben_sets(&mut world, missing(Right::SetRights), hide);
    goes_on(world);
}

#[test]
fn one_forbidden_change_beside_an_allowed_one_voids_both() {
    // SPEC [G15]
    let mut world = with_co_host(110);
    ben_sets(&mut world, missing(Right::ManageRelays), |state| {
        state.door = Door::Locked;
        state.relays = vec![RelayEntry { key: [1; 32], region: "eu".into() }];
    });
    let ada = fingerprint(&world, 0);
    ben_sets(&mut world, Rule::Outranked, |state| {
        state.muted = MICROPHONE;
        edit(state, ada, |entry| entry.muted = MICROPHONE);
    });
    assert_eq!(world.clients[2].meeting.rules().unwrap().door, Door::WaitingRoom);
    goes_on(world);
}

#[test]
fn a_state_that_contradicts_itself_is_refused_by_all() {
    // SPEC [G22]
    type Change = fn(&mut GroupState, Fingerprint, Fingerprint);
    let cases: [(&str, Change); 9] = [
        ("it lists a plain attendee", |s, _, cleo| edit(s, cleo, |_| ())),
        ("a host has no exceptions, label or mutes", |s, ada, _| {
            edit(s, ada, |entry| entry.muted = MICROPHONE);
        }),
        ("it both grants and withholds a right", |s, _, cleo| {
            let right = Rights::of(&[Right::Chat]);
            edit(s, cleo, |entry| (entry.granted, entry.withheld) = (right, right));
        }),
        ("it both mutes a kind and exempts from its mute", |s, _, cleo| {
            edit(s, cleo, |entry| (entry.muted, entry.unmuted) = (MICROPHONE, MICROPHONE));
        }),
        ("a banned identity has an entry", |s, _, _| {
            let stranger = Fingerprint::new([9; 32]);
            edit(s, stranger, |entry| entry.role = Role::Presenter);
            s.bans = vec![stranger];
        }),
        ("its succession lists somebody who is no co-host", |s, _, cleo| s.succession = vec![cleo]),
        ("an invite asks for a passcode, and there is none", |s, _, _| {
            s.invites[0].passcode = true;
        }),
        ("no host is in the meeting", |s, ada, _| edit(s, ada, |entry| entry.role = Role::CoHost)),
        ("no host is in the meeting", |s, ada, _| {
            edit(s, ada, |entry| entry.role = Role::CoHost);
            edit(s, Fingerprint::new([9; 32]), |entry| entry.role = Role::Host);
        }),
    ];
    let mut world = world(111);
    let (ada, cleo, id) = (fingerprint(&world, 0), fingerprint(&world, 2), world.member_id(0));
    for (why, change) in cases {
        let entry = forged_state(&mut world, 0, |state| change(state, ada, cleo));
        refused_by(&mut world, &[1, 2], entry, Some(id), Fault::Refused(Rule::Inconsistent(why)));
    }
    goes_on(world);
}

#[test]
fn a_change_of_nothing_is_refused_by_all() {
    // SPEC [G15]
    let mut world = world(112);
    ben_sets(&mut world, Rule::Empty, |_| ());
    let ada = world.member_id(0);
    let entry = forged_state(&mut world, 0, |_| ());
    refused_by(&mut world, &[1, 2], entry, Some(ada), Fault::Refused(Rule::Empty));
    goes_on(world);
}

#[test]
fn a_ban_of_somebody_who_is_here_is_refused_by_all() {
    // SPEC [G15]
    let mut world = with_co_host(113);
    let (ada, cleo) = (fingerprint(&world, 0), fingerprint(&world, 2));
    let here = Rule::State("it bans somebody who is in the meeting");
    for who in [ada, cleo] {
        ben_sets(&mut world, here, |state| state.bans = vec![who]);
    }
    goes_on(world);
}
