//! A meeting that the server splits in two, and heals again: everybody notices, and never do two groups
//! become one in silence (SPEC \[G24\], \[G25\]).

use super::*;
use crate::{Alarm, FrameError, Framing, Resync, Track};

const NAMES: [&str; 8] = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal"];
const WITHHELD: Event = Event::Alarm(Alarm::Withheld);

/// From here on these clients and those behind them are in a world of their own.
fn split(world: &mut World, from: Who) -> World {
    let mut other = World::new(0);
    other.log = world.log.clone();
    other.blobs = world.blobs.clone();
    other.now_ms = world.now_ms;
    for client in world.clients.drain(from..) {
        let who = other.add(client.name, client.meeting);
        other.clients[who].events = client.events;
    }
    other.settle();
    other
}

/// Each side reads what the other has said since the split.
fn heal(here: &mut World, there: &mut World, at: usize) {
    let (ours, theirs) = (here.log[at..].to_vec(), there.log[at..].to_vec());
    theirs.into_iter().for_each(|entry| here.append(entry));
    ours.into_iter().for_each(|entry| there.append(entry));
    here.settle();
    there.settle();
}

fn pass(here: &mut World, there: &mut World, ms: u64) {
    here.pass(ms);
    there.pass(ms);
}

fn wants(world: &World) -> Vec<Option<Resync>> {
    let why = |event: &Event| match event {
        Event::Resyncing { why } => Some(*why),
        _ => None,
    };
    world.clients.iter().map(|client| client.events.iter().find_map(why)).collect()
}

fn disagreements(world: &World, who: Who) -> usize {
    world.count(who, |event| matches!(event, Event::Alarm(Alarm::Disagreement { .. })))
}

fn seals(world: &mut World, who: Who) -> bool {
    let now_ms = world.now_ms;
    let mut camera = world.clients[who].meeting.sealer(Track::CAMERA, Framing::Whole).unwrap();
    match camera.seal(b"frame", now_ms, &mut Vec::new()) {
        Ok(()) => true,
        Err(FrameError::Stopped) => false,
        Err(other) => panic!("{other}"),
    }
}

/// Eight members, the second of them listed to follow the host.
fn eight(seed: u8) -> World {
    let mut world = World::meeting(seed, &NAMES);
    give_role(&mut world, 5, Role::CoHost);
    let followers = vec![fingerprint(&world, 5)];
    act(&mut world, 0, |meeting, now| meeting.set_succession(followers, now));
    world.pass(70_000);
    world
}

#[test]
fn both_halves_of_a_split_meeting_notice_and_the_one_without_the_host_gives_way() {
    // SPEC [G24], [G25]
    let mut here = eight(10);
    let fay = here.member_id(5);
    let at = here.log.len();
    let mut there = split(&mut here, 4);
    pass(&mut here, &mut there, 30_000);
    // Where the host is: she who is listed is silent.
    for who in 0..4 {
        let unheard = Event::Alarm(Alarm::Unheard { member: fay });
        assert_eq!(here.count(who, |event| *event == unheard), 1, "client {who}");
    }
    // Where she is: she has taken the host's place, before anybody stopped.
    for who in 0..4 {
        let events = &there.clients[who].events;
        assert!(events.iter().any(|e| matches!(e, Event::Role { role: Role::Host, .. })), "{who}");
        assert!(seals(&mut there, who), "client {who}");
    }
    act(&mut here, 0, |meeting, now| meeting.set_door(incamera_wire::Door::Locked, now));
    pass(&mut here, &mut there, 60_000);
    assert_eq!([wants(&here), wants(&there)], [vec![None; 4], vec![None; 4]]);
    let codes = [here.clients[0].meeting.safety_code(), there.clients[0].meeting.safety_code()];
    assert_ne!(codes[0], codes[1]);
    // The server passes on what each side has said.
    heal(&mut here, &mut there, at);
    for who in 0..4 {
        assert!(disagreements(&here, who) > 0, "client {who}");
        assert!(disagreements(&there, who) > 0, "client {who}");
        assert!(seals(&mut here, who) && !seals(&mut there, who), "client {who}");
    }
    assert_eq!(wants(&here), [None; 4]);
    assert_eq!(wants(&there), [Some(Resync::Fork); 4]);
    // Each side still is what it was: nobody was merged.
    let after = [here.clients[3].meeting.safety_code(), there.clients[3].meeting.safety_code()];
    assert_eq!(after, codes);
}

#[test]
fn the_side_of_a_replaced_host_goes_on_although_it_merges_what_replaces_it() {
    // SPEC [G24]: nothing was committed where the host is, so that the other side's commit is valid.
    let mut here = eight(16);
    let at = here.log.len();
    let mut there = split(&mut here, 4);
    pass(&mut here, &mut there, 40_000);
    heal(&mut here, &mut there, at);
    let roles: Vec<_> = here.clients[3].meeting.roster().iter().map(|p| p.role).collect();
    assert_eq!((roles[0], roles[5]), (Role::CoHost, Role::Host));
    assert_eq!(wants(&here), [None; 4]);
    assert_eq!(wants(&there), [Some(Resync::Fork); 4]);
    for who in 0..4 {
        assert!(disagreements(&here, who) > 0 && disagreements(&there, who) > 0, "client {who}");
    }
}

#[test]
fn of_two_sides_with_a_host_the_one_of_the_lower_leaf_goes_on() {
    // SPEC [G24]
    let mut here = World::meeting(11, &NAMES);
    give_role(&mut here, 6, Role::Host);
    here.pass(70_000);
    let at = here.log.len();
    let mut there = split(&mut here, 4);
    pass(&mut here, &mut there, 40_000);
    // Both go on by themselves, and each misses the other's host.
    for who in 0..4 {
        for side in [&here, &there] {
            let unheard = |event: &Event| matches!(event, Event::Alarm(Alarm::Unheard { .. }));
            assert_eq!(side.count(who, unheard), 1, "client {who}");
            assert_eq!(side.count(who, |event| *event == WITHHELD), 0, "client {who}");
        }
    }
    heal(&mut here, &mut there, at);
    assert_eq!(wants(&here), [None; 4]);
    assert_eq!(wants(&there), [Some(Resync::Fork); 4]);
    for who in 0..4 {
        assert!(disagreements(&here, who) > 0 && disagreements(&there, who) > 0, "client {who}");
    }
}

#[test]
fn a_split_within_one_epoch_is_noticed_too() {
    // SPEC [G25]: nobody commits anything; the logs differ all the same.
    let mut here = World::meeting(12, &NAMES);
    here.pass(70_000);
    let at = here.log.len();
    let mut there = split(&mut here, 4);
    pass(&mut here, &mut there, 32_000);
    for who in 0..4 {
        assert_eq!(there.count(who, |event| *event == WITHHELD), 1, "client {who}");
    }
    // Where the host is, the others are missed after three of their intervals.
    pass(&mut here, &mut there, 155_000);
    for who in 0..4 {
        let unheard = |event: &Event| matches!(event, Event::Alarm(Alarm::Unheard { .. }));
        assert_eq!(here.count(who, unheard), 4, "client {who}");
    }
    assert_eq!(here.clients[0].meeting.epoch(), there.clients[0].meeting.epoch());
    heal(&mut here, &mut there, at);
    assert_eq!(wants(&here), [None; 4]);
    assert_eq!(wants(&there), [Some(Resync::Fork); 4]);
}

#[test]
fn without_a_host_most_of_those_who_stand_in_have_to_disagree() {
    // SPEC [G24]
    let mut here = World::meeting(13, &NAMES);
    act(&mut here, 0, |meeting, now| meeting.leave(now));
    here.clients.remove(0);
    here.pass(70_000);
    let at = here.log.len();
    // Ben alone on one side, Cleo and Dan on the other.
    let mut there = split(&mut here, 1);
    pass(&mut here, &mut there, 20_000);
    heal(&mut here, &mut there, at);
    assert_eq!(wants(&here), [Some(Resync::Fork)]);
    assert_eq!(wants(&there), [None; 6]);
    assert!((0..6).all(|who| disagreements(&there, who) == 1));
}

#[test]
fn a_member_without_a_say_makes_nobody_give_way() {
    // SPEC [G24]
    let mut world = World::meeting(14, &NAMES);
    world.pass(70_000);
    let at = world.log.len();
    let mut alone = split(&mut world, 7);
    pass(&mut world, &mut alone, 70_000);
    heal(&mut world, &mut alone, at);
    assert_eq!(wants(&world), [None; 7]);
    assert!((0..7).all(|who| disagreements(&world, who) == 1));
    assert_eq!(wants(&alone), [Some(Resync::Fork)]);
}

#[test]
fn a_host_that_comes_back_and_agrees_moves_nobody() {
    // SPEC [G24]: it was away, was replaced, and has read the log since.
    let mut world = eight(15);
    world.clients[0].online = false;
    world.pass(40_000);
    let ada = fingerprint(&world, 0);
    assert!(member(&mut world.clients[3].meeting).live.replaced.contains_key(&ada));
    world.connect(0);
    world.pass(70_000);
    assert!(member(&mut world.clients[3].meeting).live.replaced.is_empty());
    assert_eq!(wants(&world), [None; 8]);
    assert!((0..8).all(|who| disagreements(&world, who) == 0));
    world.assert_agreed(&[0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn who_gave_way_comes_back_to_the_side_with_the_host() {
    // SPEC [G24], [G26], [A17]
    let mut here = eight(16);
    let at = here.log.len();
    let mut there = split(&mut here, 4);
    pass(&mut here, &mut there, 60_000);
    act(&mut here, 0, |meeting, now| meeting.rename("Adele", now));
    heal(&mut here, &mut there, at);
    assert_eq!(wants(&there), [Some(Resync::Fork); 4]);
    // The server lets them into the log that goes on.
    for client in there.clients.drain(..) {
        let who = here.add(client.name, client.meeting);
        here.clients[who].events = client.events;
    }
    here.pass(30_000);
    here.assert_agreed(&[0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(here.names(0), ["Adele", "Ben", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal"]);
    for who in 0..8 {
        assert_eq!(here.clients[who].meeting.roster()[0].role, Role::Host, "client {who}");
        assert!(seals(&mut here, who), "client {who}");
    }
}
