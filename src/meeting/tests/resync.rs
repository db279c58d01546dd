//! Members that can follow no more come back by themselves (SPEC \[A16\], \[A17\], \[G26\]).

use incamera_wire::{Door, TrackKind, TrackKinds};

use super::*;
use crate::media::{Opened, Receiver, Sealer};
use crate::{Alarm, FrameError, Framing, Resync, Track};
use incamera::testing::Ledger;

const NAMES: [&str; 8] = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal"];
const CLEO: Who = 2;

/// What these clients seal, that one opens.
fn hears(sealer: &mut Sealer, receiver: &mut Receiver, now_ms: u64) -> Result<Opened, FrameError> {
    let mut frame = Vec::new();
    sealer.seal(b"frame", now_ms, &mut frame)?;
    receiver.open(0, &frame, now_ms, &mut Vec::new())
}

/// The next commit with a path is unreadable to this client.
fn blind(world: &mut World, who: Who) {
    member(&mut world.clients[who].meeting).group.lose_path_keys();
}

/// The host makes a commit with a path.
fn shake(world: &mut World) {
    let door = match world.clients[0].meeting.rules().unwrap().door {
        Door::Locked => Door::WaitingRoom,
        _ => Door::Locked,
    };
    act(world, 0, |meeting, now| meeting.set_door(door, now));
}

#[test]
fn the_victim_of_an_unreadable_commit_comes_back_with_all_that_follows_its_identity() {
    // SPEC [G26], [A16], [K3], [M9]
    let ledger = Ledger::open();
    let mut world = World::meeting(200, &NAMES);
    let (ada, cleo, id) = (world.member_id(0), fingerprint(&world, CLEO), world.member_id(CLEO));
    give_role(&mut world, CLEO, Role::CoHost);
    act(&mut world, 0, |meeting, now| meeting.set_succession(vec![cleo], now));
    let camera = TrackKinds::of(&[TrackKind::Camera]);
    act(&mut world, 0, |meeting, now| meeting.mute(id, camera, now));
    world.clients[1].meeting.mark_verified(id, true).unwrap();
    world.clients[CLEO].meeting.mark_verified(ada, true).unwrap();
    let mut sealer = world.clients[CLEO].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let mut receiver = world.clients[CLEO].meeting.receiver();
    let mut host = world.clients[0].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let mut ben = world.clients[1].meeting.receiver();
    let now = world.now_ms;
    assert!(
        hears(&mut sealer, &mut ben, now).is_ok() && hears(&mut host, &mut receiver, now).is_ok()
    );
    blind(&mut world, CLEO);
    world.clients.iter_mut().for_each(|client| client.events.clear());
    shake(&mut world);
    let alarm = Event::Alarm(Alarm::Unreadable { by: ada });
    let events = &world.clients[CLEO].events;
    let expected = [alarm, Event::Resyncing { why: Resync::Unreadable }, Event::Joined];
    assert_eq!(events[..3], expected, "{events:?}");
    world.assert_agreed(&[0, 1, CLEO, 3, 4, 5, 6, 7]);
    assert_eq!(world.names(0), NAMES, "it has its old leaf");
    let back = world.member_id(CLEO);
    assert_ne!(back, id);
    let roster = world.clients[1].meeting.roster();
    let seen = roster.iter().find(|one| one.member == back).unwrap();
    assert_eq!((seen.role, seen.muted, seen.verified), (Role::CoHost, camera, true));
    assert_eq!(state_of(&mut world, 0).succession, [cleo]);
    assert!(world.clients[CLEO].meeting.roster()[0].verified);
    let returned = Event::Returned { was: id, member: back, name: "Cleo".into(), by: ada };
    for who in [0, 1, 3, 4, 5, 6, 7] {
        assert!(world.clients[who].events.contains(&returned), "client {who}");
        assert!(world.refusals(who).is_empty(), "client {who}");
    }
    let now = world.now_ms;
    let cleo = Opened::Frame { member: back, track: Track::MICROPHONE, layer: None };
    assert_eq!(hears(&mut sealer, &mut ben, now), Ok(cleo));
    let ada = Opened::Frame { member: ada, track: Track::MICROPHONE, layer: None };
    assert_eq!(hears(&mut host, &mut receiver, now), Ok(ada));
    assert_eq!(ledger.repeats(), 0);
}

/// Whether a client has come back since its events were forgotten.
fn is_back(world: &World, who: Who) -> bool {
    world.count(who, |event| matches!(event, Event::Resyncing { .. })) > 0 && world.has_joined(who)
}

/// A client that cannot read a commit, and whom nobody hears.
fn stranded(seed: u8, names: &[&'static str], who: Who) -> World {
    let mut world = World::meeting(seed, names);
    strand(&mut world, who);
    world
}

fn strand(world: &mut World, who: Who) {
    world.clients[who].events.clear();
    world.clients[who].unheard = true;
    blind(world, who);
    shake(world);
    assert!(world.count(who, |event| matches!(event, Event::Resyncing { .. })) == 1);
}

fn everyone(world: &World) -> Vec<Who> {
    (0..world.clients.len()).collect()
}

#[test]
fn every_door_lets_back_in_who_was_in() {
    // SPEC [G26]
    for (seed, door) in (201..).zip([Door::WaitingRoom, Door::Open, Door::Locked]) {
        let mut world = World::meeting(seed, &["Ada", "Ben", "Cleo"]);
        if door == Door::WaitingRoom {
            act(&mut world, 0, |meeting, now| meeting.set_door(Door::Locked, now));
        }
        world.clients[CLEO].events.clear();
        blind(&mut world, CLEO);
        act(&mut world, 0, |meeting, now| meeting.set_door(door, now));
        assert!(is_back(&world, CLEO), "{door:?}");
        world.assert_agreed(&[0, 1, CLEO]);
        assert_eq!(world.clients[CLEO].meeting.rules().unwrap().door, door);
    }
}

#[test]
fn nothing_is_sealed_or_opened_on_the_way_back() {
    // SPEC [M9], [K7]
    let mut world = World::meeting(204, &["Ada", "Ben", "Cleo"]);
    let mut sealer = world.clients[CLEO].meeting.sealer(Track::CAMERA, Framing::Whole).unwrap();
    let mut receiver = world.clients[CLEO].meeting.receiver();
    let mut ben = world.clients[BEN].meeting.sealer(Track::CAMERA, Framing::Whole).unwrap();
    let (now, mut old) = (world.now_ms, Vec::new());
    ben.seal(b"x", now, &mut old).unwrap();
    strand(&mut world, CLEO);
    assert_eq!(sealer.seal(b"x", now, &mut vec![]), Err(FrameError::Stopped));
    let opened = receiver.open(0, &old, now, &mut vec![]);
    assert_eq!(opened, Err(FrameError::UnknownKey));
    let at = world.now();
    let cleo = &mut world.clients[CLEO].meeting;
    assert_eq!(cleo.chat("hi", at), Err(crate::Error::Broken));
    assert_eq!(cleo.roster().len(), 3, "who was here");
    world.release();
    assert!(is_back(&world, CLEO));
    // Her new video needs a picture to begin with, and so does that of the others.
    for who in [BEN, CLEO] {
        let frames = |event: &Event| matches!(event, Event::KeyFrameNeeded { .. });
        world.pass(1_000);
        assert!(world.count(who, frames) > 0, "client {who}");
    }
    assert!(sealer.seal(b"x", world.now_ms, &mut vec![]).is_ok());
}

#[test]
fn what_was_said_and_asked_for_survives() {
    let mut world = World::meeting(205, &["Ada", "Ben", "Cleo"]);
    give_role(&mut world, BEN, Role::CoHost);
    let since = world.clients[0].meeting.roster()[1].since_ms;
    act(&mut world, 0, |meeting, now| meeting.raise_hand(true, now));
    act(&mut world, 0, |meeting, now| meeting.rename("Adele", now));
    world.pass(20_000);
    // The host's mute is on its way when another commit takes the epoch.
    world.clients[0].unheard = true;
    let now = world.now();
    let sound = TrackKinds::of(&[TrackKind::Microphone]);
    world.clients[0].meeting.mute_all(sound, now).unwrap();
    blind(&mut world, 0);
    act(&mut world, BEN, |meeting, now| meeting.set_door(Door::Locked, now));
    world.release();
    world.pass(12_000);
    assert!(is_back(&world, 0));
    world.assert_agreed(&[0, 1, CLEO]);
    assert_eq!(world.names(CLEO), ["Adele", "Ben", "Cleo"]);
    for who in [0, 1, CLEO] {
        let meeting = &world.clients[who].meeting;
        assert_eq!(meeting.rules().unwrap().muted, sound, "client {who}");
        assert_eq!(meeting.rules().unwrap().door, Door::Locked, "client {who}");
        assert!(meeting.roster()[0].hand_raised, "client {who}");
    }
    assert_eq!(world.clients[0].meeting.roster()[1].since_ms, since);
}

#[test]
fn nobody_comes_back_while_an_order_binds() {
    // SPEC [G26], [G16]
    let mut world = stranded(206, &["Ada", "Ben", "Cleo", "Dan"], CLEO);
    let knock = std::mem::take(&mut world.withheld);
    order_alone(&mut world, BEN, 3);
    knock.into_iter().for_each(|message| world.serve(message));
    world.settle();
    assert!(!is_back(&world, CLEO));
    world.pass(12_000);
    assert!(is_back(&world, CLEO));
    assert_eq!(world.names(0), ["Ada", "Ben", "Cleo"]);
    world.assert_agreed(&[0, 1, CLEO]);
}

#[test]
fn an_identity_that_is_ordered_out_does_not_come_back() {
    // SPEC [G26], [G16]
    let mut world = stranded(207, &["Ada", "Ben", "Cleo"], CLEO);
    let knock = std::mem::take(&mut world.withheld);
    order_alone(&mut world, BEN, CLEO);
    knock.into_iter().for_each(|message| world.serve(message));
    world.settle();
    let fault = Fault::Refused(Rule::OrderedOut);
    let refused = Event::Refused { source: Source::Lobby, author: None, fault };
    assert!(world.clients[0].events.contains(&refused));
    world.pass(130_000);
    assert_eq!(world.names(0), ["Ada", "Ben"]);
    assert!(!is_back(&world, CLEO));
    let told = |event: &Event| *event == Event::Alarm(Alarm::NotBack);
    assert_eq!(world.count(CLEO, told), 1);
}

#[test]
fn a_resync_key_outlives_three_removals_and_no_more() {
    // SPEC [A16], [G9]
    for (seed, removals) in [(208, 3), (209, 4)] {
        let mut world = stranded(seed, &NAMES, CLEO);
        for who in (4..8).take(removals) {
            let id = world.member_id(who);
            act(&mut world, 0, |meeting, now| meeting.remove(id, now));
        }
        world.release();
        world.pass(20_000);
        assert_eq!(is_back(&world, CLEO), removals == 3, "{removals} removals");
    }
}

#[test]
fn two_members_come_back_at_once() {
    // SPEC [G26]
    let mut world = World::meeting(210, &["Ada", "Ben", "Cleo", "Dan", "Eve"]);
    for who in [CLEO, 3] {
        world.clients[who].events.clear();
        blind(&mut world, who);
    }
    shake(&mut world);
    world.pass(3_000);
    assert!(is_back(&world, CLEO) && is_back(&world, 3));
    world.assert_agreed(&[0, 1, CLEO, 3, 4]);
    assert_eq!(world.names(0), ["Ada", "Ben", "Cleo", "Dan", "Eve"]);
}

#[test]
fn a_storm_of_members_comes_back_in_few_commits() {
    // SPEC [G26]
    let mut names = vec!["Ada", "Ben", "Cleo"];
    names.extend(["Guest"; 21]);
    let mut world = World::meeting(211, &names);
    for who in 4..24 {
        world.clients[who].events.clear();
        blind(&mut world, who);
    }
    let before = world.log.len();
    shake(&mut world);
    world.pass(5_000);
    assert!((4..24).all(|who| is_back(&world, who)));
    let all = everyone(&world);
    world.assert_agreed(&all);
    let welcomes = world.log[before..].iter().filter(|entry| opened(entry).welcome.is_some());
    assert!(welcomes.count() <= 2, "one for the first, one for the nineteen others");
    shake(&mut world);
    goes_on(world);
}

#[test]
fn who_hears_nothing_for_two_minutes_tells_its_people_and_goes_on_asking() {
    let mut world = stranded(212, &["Ada", "Ben", "Cleo"], CLEO);
    let told = |event: &Event| *event == Event::Alarm(Alarm::NotBack);
    world.pass(119_000);
    assert_eq!(world.count(CLEO, told), 0);
    world.pass(200_000);
    assert_eq!(world.count(CLEO, told), 1);
    world.withheld.clear();
    world.clients[CLEO].unheard = false;
    world.pass(16_000);
    assert!(is_back(&world, CLEO));
    world.assert_agreed(&[0, 1, CLEO]);
}

#[test]
fn a_tree_that_is_lost_is_sent_again() {
    let mut world = stranded(213, &["Ada", "Ben", "Cleo"], CLEO);
    world.lose_blobs = true;
    world.release();
    world.pass(1_000);
    assert!(!is_back(&world, CLEO));
    world.lose_blobs = false;
    world.pass(20_000);
    assert!(is_back(&world, CLEO));
    world.assert_agreed(&[0, 1, CLEO]);
}

#[test]
fn the_next_in_the_tree_brings_back_whom_the_first_does_not() {
    // SPEC [G26]
    let mut world = stranded(214, &["Ada", "Ben", "Cleo", "Dan"], CLEO);
    // Nothing that Ada says is heard.
    let withheld = std::mem::take(&mut world.withheld);
    world.clients[CLEO].unheard = false;
    world.clients[0].unheard = true;
    withheld.into_iter().for_each(|message| world.serve(message));
    world.settle();
    assert!(!is_back(&world, CLEO));
    world.pass(2_000);
    assert!(is_back(&world, CLEO));
    world.release();
    world.pass(2_000);
    world.assert_agreed(&[0, 1, CLEO, 3]);
}

#[test]
fn a_leaf_of_ones_own_identity_is_removed_without_a_right() {
    // SPEC [G27]
    let mut world = World::meeting(215, &["Ada", "Ben", "Cleo"]);
    let mut seed = [215; 32];
    seed[0] = BEN as u8;
    let identity = incamera::testing::identity(seed, "Ben").unwrap();
    let invite = world.clients[0].meeting.invite().unwrap();
    let second = incamera::testing::join([77; 32], &identity, &invite, world.now()).unwrap();
    let second = world.add("Ben", second);
    world.settle();
    world.admit_all(0);
    let (ghost, other, cleo) =
        (world.member_id(BEN), world.member_id(second), world.member_id(CLEO));
    let before = state_of(&mut world, 0);
    let now = world.now();
    let meeting = &mut world.clients[second].meeting;
    assert!(matches!(meeting.remove_device(other, now), Err(crate::Error::Argument(_))));
    assert!(matches!(meeting.remove_device(cleo, now), Err(crate::Error::Argument(_))));
    act(&mut world, second, |meeting, now| meeting.remove_device(ghost, now));
    assert_eq!(world.clients[BEN].events.last(), Some(&Event::Removed { by: other }));
    let gone = Event::Gone { member: ghost, name: "Ben".into(), by: Some(other) };
    assert!(world.clients[CLEO].events.contains(&gone));
    assert_eq!(state_of(&mut world, 0), before);
    world.assert_agreed(&[0, CLEO, second]);
}

/// Ada chats for so many seconds.
fn chatter(world: &mut World, seconds: u64) {
    for _ in 0..seconds {
        act(world, 0, |meeting, now| meeting.chat("on", now));
        world.pass(1_000);
    }
}

fn resyncs(world: &World, who: Who) -> usize {
    world.count(who, |event| matches!(event, Event::Resyncing { .. }))
}

#[test]
fn an_entry_that_the_server_has_lost_costs_a_resync() {
    // SPEC [G13]
    let mut world = World::meeting(216, &["Ada", "Ben", "Cleo"]);
    world.clients[CLEO].events.clear();
    world.lost.insert((CLEO, world.log.len() as u64));
    shake(&mut world);
    chatter(&mut world, 20);
    assert_eq!(resyncs(&world, CLEO), 0);
    chatter(&mut world, 20);
    assert!(world.clients[CLEO].events.contains(&Event::Resyncing { why: Resync::Gap }));
    assert!(is_back(&world, CLEO));
    assert_eq!(resyncs(&world, CLEO), 1);
    world.assert_agreed(&[0, 1, CLEO]);
    let said = world.count(CLEO, |event| matches!(event, Event::Chat { .. }));
    assert!((1..20).contains(&said), "what was said meanwhile is lost: {said}");
}

#[test]
fn who_was_away_catches_up_without_a_resync() {
    let mut world = World::meeting(217, &["Ada", "Ben", "Cleo"]);
    world.clients[CLEO].events.clear();
    for _ in 0..3 {
        world.clients[CLEO].online = false;
        shake(&mut world);
        chatter(&mut world, 90);
        world.connect(CLEO);
        world.settle();
        assert_eq!(resyncs(&world, CLEO), 0);
        world.assert_agreed(&[0, 1, CLEO]);
    }
}

#[test]
fn a_length_that_the_server_makes_up_costs_nothing() {
    // SPEC [G13]
    let mut world = World::meeting(218, &["Ada", "Ben", "Cleo"]);
    world.clients[CLEO].events.clear();
    let next = world.log.len() as u64 + 70_000;
    let now = world.now();
    world.clients[CLEO].meeting.handle(crate::Input::Connected { next }, now).unwrap();
    // Heartbeats come meanwhile, one after the other: nothing is missing.
    world.pass(120_000);
    let resyncs = |event: &Event| matches!(event, Event::Resyncing { .. });
    assert_eq!(world.count(CLEO, resyncs), 0);
    world.assert_agreed(&[0, 1, CLEO]);
}
