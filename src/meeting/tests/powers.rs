//! Each power, used by who has it: it takes effect at every member, and rosters and rules agree
//! (SPEC \[G15\], \[G18\]).

use incamera_wire::{Door, Label, RelayEntry, Right, Rights, TrackKind, TrackKinds};

use super::*;
use crate::{InviteOptions, Now, Participant, Rules};

const MICROPHONE: TrackKinds = TrackKinds::of(&[TrackKind::Microphone]);

/// What every member knows by now of the rules and of Ben, the same for all.
#[track_caller]
fn agreed(world: &mut World) -> (Rules, Participant) {
    world.assert_agreed(&[0, 1, 2]);
    let state = state_of(world, 0);
    let rules = world.clients[0].meeting.rules().unwrap();
    let ben = world.clients[0].meeting.roster().remove(BEN);
    for who in 1..3 {
        assert_eq!(state_of(world, who), state, "client {who}");
        assert_eq!(world.clients[who].meeting.rules().unwrap(), rules, "client {who}");
        let seen = world.clients[who].meeting.roster().remove(BEN);
        let Participant { role, rights, may_send, muted, label, recording, .. } = ben;
        assert_eq!((seen.role, seen.rights, seen.may_send), (role, rights, may_send));
        assert_eq!((seen.muted, seen.label, seen.recording), (muted, label, recording));
    }
    (rules, ben)
}

/// The host does something; then all agree on this of the rules and of Ben.
#[track_caller]
fn host(
    world: &mut World,
    call: impl FnOnce(&mut Meeting, Now) -> Result<(), crate::Error>,
) -> (Rules, Participant) {
    act(world, 0, call);
    agreed(world)
}

#[test]
fn the_host_moves_the_door() {
    // SPEC [G15]
    let mut world = world(200);
    let ada = world.member_id(0);
    for door in [Door::Locked, Door::Open, Door::WaitingRoom] {
        let (rules, _) = host(&mut world, |meeting, now| meeting.set_door(door, now));
        assert_eq!(rules.door, door);
        for who in 0..3 {
            let moved = Event::Door { door, by: ada };
            assert!(world.clients[who].events.contains(&moved), "client {who}");
        }
    }
}

#[test]
fn the_host_gives_roles_and_what_they_may_do() {
    // SPEC [G15]
    let mut world = world(201);
    let ben = fingerprint(&world, BEN);
    for role in [Role::Presenter, Role::CoHost, Role::Host, Role::Attendee] {
        let (rules, seen) = host(&mut world, |meeting, now| meeting.set_role(ben, role, now));
        let rights = match role {
            Role::Host => Rights::ALL,
            Role::CoHost => rules.rights.co_host,
            Role::Presenter => rules.rights.presenter,
            Role::Attendee => rules.rights.attendee,
        };
        assert_eq!((seen.role, seen.rights), (role, rights));
    }
    let quiet = Rights::of(&[Right::React]);
    let (rules, seen) =
        host(&mut world, |meeting, now| meeting.set_role_rights(Role::Attendee, quiet, now));
    assert_eq!((rules.rights.attendee, seen.rights), (quiet, quiet));
    assert!(seen.may_send.is_empty());
}

#[test]
fn the_host_grants_withholds_and_labels() {
    // SPEC [G15], [G18]
    let mut world = world(202);
    let ben = world.member_id(BEN);
    let (granted, withheld) = (Rights::of(&[Right::Admit]), Rights::of(&[Right::Chat]));
    let (rules, seen) =
        host(&mut world, |meeting, now| meeting.set_exceptions(ben, granted, withheld, now));
    assert_eq!(seen.rights, rules.rights.attendee.union(granted).difference(withheld));
    // He admits with it.
    let dan = world.knock("Dan");
    world.admit_all(BEN);
    assert!(world.has_joined(dan));
    let id = world.member_id(dan);
    act(&mut world, 0, |meeting, now| meeting.remove(id, now));
    let bot = Some(Label::Bot);
    let (_, seen) = host(&mut world, |meeting, now| meeting.set_label(ben, bot, now));
    assert_eq!((seen.label, seen.rights), (bot, Rights::of(&[Right::React])));
    let (_, seen) = host(&mut world, |meeting, now| meeting.set_label(ben, None, now));
    assert_eq!(seen.label, None);
}

#[test]
fn the_host_mutes_and_unmutes_one_and_all() {
    // SPEC [G15], [M7]
    let mut world = world(203);
    let ben = world.member_id(BEN);
    let (_, seen) = host(&mut world, |meeting, now| meeting.mute(ben, MICROPHONE, now));
    assert_eq!(seen.muted, MICROPHONE);
    assert!(!seen.may_send.contains(TrackKind::Microphone));
    let told = Event::MaySend { kinds: seen.may_send };
    assert!(world.clients[BEN].events.contains(&told));
    // He may lift it himself, until that is forbidden.
    act(&mut world, BEN, |meeting, now| meeting.unmute(ben, MICROPHONE, now));
    assert_eq!(agreed(&mut world).1.muted, TrackKinds::NONE);
    let (rules, seen) = host(&mut world, |meeting, now| meeting.mute_all(MICROPHONE, now));
    assert_eq!((rules.muted, seen.muted), (MICROPHONE, MICROPHONE));
    let (rules, _) = host(&mut world, |meeting, now| meeting.forbid_unmute(true, now));
    assert!(rules.unmute_forbidden);
    let (rules, seen) = host(&mut world, |meeting, now| meeting.unmute(ben, MICROPHONE, now));
    assert_eq!((rules.muted, seen.muted), (MICROPHONE, TrackKinds::NONE));
    let (rules, _) = host(&mut world, |meeting, now| meeting.unmute_all(MICROPHONE, now));
    assert_eq!(rules.muted, TrackKinds::NONE);
    let (_, seen) = host(&mut world, |meeting, now| meeting.mute(ben, TrackKinds::ALL, now));
    assert!(seen.may_send.is_empty());
}

#[test]
fn the_host_hands_the_meeting_over() {
    // SPEC [G15]
    let mut world = world(204);
    let ben = world.member_id(BEN);
    let (_, seen) = host(&mut world, |meeting, now| meeting.transfer_host(ben, now));
    assert_eq!((seen.role, seen.rights), (Role::Host, Rights::ALL));
    for who in 0..3 {
        assert_eq!(world.clients[who].meeting.roster()[0].role, Role::CoHost, "client {who}");
    }
    let (ada, now) = (world.member_id(0), world.now());
    let refused = world.clients[0].meeting.transfer_host(ada, now);
    assert_eq!(refused, Err(crate::Error::MissingRight(Right::SetRights)));
    // Ben is host in all he does.
    let cleo = fingerprint(&world, 2);
    act(&mut world, BEN, |meeting, now| meeting.set_role(cleo, Role::CoHost, now));
    act(&mut world, BEN, |meeting, now| meeting.set_succession(vec![cleo], now));
    assert_eq!(agreed(&mut world).0.succession, [cleo]);
}

#[test]
fn the_host_makes_rotates_and_revokes_invites() {
    // SPEC [G7], [G15]
    let mut world = world(205);
    let first = world.clients[0].meeting.invites().unwrap().remove(0).id;
    let now = world.now();
    let options = InviteOptions { name: "guests".into(), ..InviteOptions::default() };
    let guests = world.clients[0].meeting.create_invite(options, now).unwrap();
    world.settle();
    agreed(&mut world);
    let rotated = world.clients[0].meeting.rotate_invite(first, now).unwrap();
    world.settle();
    agreed(&mut world);
    let live = world.clients[0].meeting.invites().unwrap();
    assert_eq!(live.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["", "guests"]);
    assert_eq!(live[0].invite.id(), rotated.id());
    let dan = world.knock_with("Dan", &guests);
    world.admit_all(0);
    assert!(world.has_joined(dan));
    let id = live[1].id;
    act(&mut world, 0, |meeting, now| meeting.revoke_invite(id, now));
    let eve = world.knock_with("Eve", &guests);
    world.admit_all(0);
    assert!(!world.has_joined(eve));
    let refused = |event: &Event| matches!(event, Event::Refused { fault: Fault::DeadInvite, .. });
    assert!(world.clients[0].events.iter().any(refused));
}

#[test]
fn the_host_sets_passcode_relays_and_bans() {
    // SPEC [G15]
    let mut world = world(206);
    let (rules, _) = host(&mut world, |meeting, now| meeting.set_passcode(Some("4711"), now));
    assert!(rules.has_passcode);
    let (rules, _) = host(&mut world, |meeting, now| meeting.set_passcode(None, now));
    assert!(!rules.has_passcode);
    let relays = vec![RelayEntry { key: [1; 32], region: "eu".into() }];
    let listed = relays.clone();
    let (rules, _) = host(&mut world, |meeting, now| meeting.set_relays(listed, now));
    assert_eq!(rules.relays, relays);
    let stranger = Fingerprint::new([9; 32]);
    let (rules, _) = host(&mut world, |meeting, now| meeting.ban(stranger, now));
    assert_eq!(rules.bans, [stranger]);
    let (rules, _) = host(&mut world, |meeting, now| meeting.unban(stranger, now));
    assert!(rules.bans.is_empty());
}

#[test]
fn who_may_record_says_so_to_everyone() {
    // SPEC [G18]
    let mut world = world(207);
    let (ben, id, now) = (fingerprint(&world, BEN), world.member_id(BEN), world.now());
    let refused = world.clients[BEN].meeting.set_recording(true, now);
    assert_eq!(refused, Err(crate::Error::MissingRight(Right::Record)));
    let right = Rights::of(&[Right::Record]);
    act(&mut world, 0, |meeting, now| meeting.set_exceptions(id, right, Rights::NONE, now));
    act(&mut world, BEN, |meeting, now| meeting.set_recording(true, now));
    let (rules, seen) = agreed(&mut world);
    assert_eq!((rules.recording, seen.recording), (vec![ben], true));
    for who in 0..3 {
        let told = Event::Recording { who: ben, on: true };
        assert!(world.clients[who].events.contains(&told), "client {who}");
    }
    // With the right goes the flag.
    let (rules, _) =
        host(&mut world, |m, now| m.set_exceptions(id, Rights::NONE, Rights::NONE, now));
    assert!(rules.recording.is_empty());
}

#[test]
fn a_co_host_removes_mutes_and_locks_below_its_rank() {
    // SPEC [G15], [G16]
    let mut world = world(208);
    give_role(&mut world, BEN, Role::CoHost);
    let (cleo, ada) = (world.member_id(2), world.member_id(0));
    act(&mut world, BEN, |meeting, now| meeting.mute(cleo, MICROPHONE, now));
    act(&mut world, BEN, |meeting, now| meeting.set_door(Door::Locked, now));
    let (rules, _) = agreed(&mut world);
    assert_eq!(rules.door, Door::Locked);
    for who in 0..3 {
        assert_eq!(world.clients[who].meeting.roster()[2].muted, MICROPHONE, "client {who}");
    }
    let now = world.now();
    let refused = world.clients[BEN].meeting.remove(ada, now);
    assert_eq!(refused, Err(crate::Error::Refused(Rule::Outranked)));
    act(&mut world, BEN, |meeting, now| meeting.remove(cleo, now));
    world.assert_agreed(&[0, BEN]);
    let ben = world.member_id(BEN);
    assert!(world.clients[2].events.contains(&Event::Removed { by: ben }));
}

#[test]
fn changes_asked_for_at_once_go_in_one_commit() {
    // SPEC [G15]
    let mut world = world(209);
    let (ben, now) = (world.member_id(BEN), world.now());
    let before = world.clients[2].meeting.epoch().unwrap();
    let ada = &mut world.clients[0].meeting;
    ada.set_door(Door::Locked, now).unwrap();
    ada.forbid_unmute(true, now).unwrap();
    ada.mute(ben, MICROPHONE, now).unwrap();
    world.settle();
    let (rules, seen) = agreed(&mut world);
    assert_eq!((rules.door, rules.unmute_forbidden), (Door::Locked, true));
    assert_eq!(seen.muted, MICROPHONE);
    assert_eq!(world.clients[2].meeting.epoch(), Some(before + 2), "the first, then the rest");
}
