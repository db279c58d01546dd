//! Meetings from beginning to end, on an honest server.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints its seed"
)]

mod support;

use incamera::{
    DenyReason, Error, Event, FrameError, Framing, Identity, Invite, Meeting, Now, Opened, Role,
    Settings, Track, testing,
};
use support::World;

/// Seals one frame and gives it to everyone else; says who opened it.
fn heard(world: &mut World, from: usize, track: Track) -> Result<Vec<usize>, FrameError> {
    let now = world.now_ms;
    let mut sealer = world.clients[from].meeting.sealer(track, Framing::Whole)?;
    let mut sealed = Vec::new();
    sealer.seal(b"a frame", now, &mut sealed)?;
    let mut heard = Vec::new();
    for (who, client) in world.clients.iter().enumerate().filter(|(who, _)| *who != from) {
        let mut out = Vec::new();
        let opened = client.meeting.receiver().open(0, &sealed, now, &mut out);
        if let Ok(Opened::Frame { .. }) = opened {
            assert_eq!(out, b"a frame");
            heard.push(who);
        }
    }
    Ok(heard)
}

#[test]
fn a_meeting_forms_and_everyone_hears_everyone() {
    let mut world = World::meeting(1, &["Ada", "Ben", "Cleo", "Dan"]);
    world.assert_agreed(&[0, 1, 2, 3]);
    assert_eq!(world.names(0), ["Ada", "Ben", "Cleo", "Dan"]);
    world.pass(1_000);
    for from in 0..4 {
        let others: Vec<_> = (0..4).filter(|who| *who != from).collect();
        assert_eq!(heard(&mut world, from, Track::MICROPHONE).unwrap(), others);
    }
    for who in 0..4 {
        assert!(world.refusals(who).is_empty(), "{:?}", world.refusals(who));
    }
}

#[test]
fn the_host_alone_has_a_role() {
    let world = World::meeting(2, &["Ada", "Ben"]);
    let roles: Vec<_> =
        world.clients[1].meeting.roster().into_iter().map(|p| (p.name, p.role, p.own)).collect();
    let expected = [("Ada", Role::Host, false), ("Ben", Role::Attendee, true)];
    assert_eq!(roles, expected.map(|(name, role, own)| (name.to_owned(), role, own)));
}

#[test]
fn several_knocks_are_admitted_in_one_go() {
    let mut world = World::new(3);
    world.create("Ada");
    let people: Vec<_> = ["Ben", "Cleo", "Dan", "Eve"].map(|name| world.knock(name)).into();
    world.admit_all(0);
    assert!(people.iter().all(|who| world.has_joined(*who)));
    world.assert_agreed(&[0, 1, 2, 3, 4]);
    // The first knock is committed at once, the others together behind it.
    assert_eq!(world.clients[0].meeting.epoch(), Some(2));
}

#[test]
fn a_joiner_of_a_large_meeting_verifies_everybody_before_it_shows_anybody() {
    // SPEC [I2], [A7]
    let mut world = World::new(5);
    world.create_with("Ada", Settings::OPEN);
    for _ in 1..70 {
        world.knock("Guest");
    }
    world.pass(2_000);
    let last = world.knock("Last");
    // It has read its Welcome and the tree, and wants to be called soon.
    let mut calls = 0;
    while world.clients[last].meeting.roster().is_empty() {
        world.now_ms += 1;
        let now = world.now();
        assert_eq!(world.clients[last].meeting.poll_timeout(), Some(now.monotonic_ms));
        assert!(!world.has_joined(last));
        world.clients[last].meeting.handle_timeout(now).unwrap();
        calls += 1;
        assert!(calls < 10, "16 are verified at a call");
    }
    assert!(calls > 0);
    // What others have said meanwhile is read at once: nothing is fetched again.
    world.settle();
    assert!(world.has_joined(last));
    let everybody: Vec<_> = (0..=last).collect();
    world.assert_agreed(&everybody);
}

#[test]
fn a_denied_knocker_learns_it_and_nothing_else() {
    let mut world = World::meeting(4, &["Ada", "Ben"]);
    let who = world.knock("Mallory");
    let Some(Event::Knock { knock, name, .. }) = world.clients[0].events.last().cloned() else {
        panic!("the host must see the knock")
    };
    assert_eq!(name, "Mallory");
    let now = world.now();
    world.clients[0].meeting.deny(knock, DenyReason::NotExpected, now).unwrap();
    world.settle();
    assert_eq!(world.clients[who].events, [Event::Denied { reason: DenyReason::NotExpected }]);
    assert_eq!(world.clients[who].meeting.handle_timeout(now), Err(Error::Ended));
    assert_eq!(world.clients[0].meeting.admit(knock, now), Err(Error::UnknownKnock));
    world.assert_agreed(&[0, 1]);
}

#[test]
fn a_knock_waits_for_the_host_and_is_seen_by_the_host_alone() {
    let mut world = World::meeting(5, &["Ada", "Ben"]);
    let who = world.knock("Cleo");
    world.pass(60_000);
    assert!(!world.has_joined(who));
    let knocks = |who: usize| {
        let events = world.clients[who].events.iter();
        events.filter(|event| matches!(event, Event::Knock { .. })).count()
    };
    assert_eq!(knocks(0), 2, "Ben's and Cleo's, each told once however often it is sent");
    assert_eq!(knocks(1), 0);
}

#[test]
fn a_removed_member_is_told_and_hears_nothing_more() {
    let mut world = World::meeting(6, &["Ada", "Ben", "Cleo"]);
    let (ben, now) = (world.member_id(1), world.now());
    let ada = world.member_id(0);
    world.clients[0].meeting.remove(ben, now).unwrap();
    world.settle();
    assert_eq!(world.clients[1].events.last(), Some(&Event::Removed { by: ada }));
    assert_eq!(world.clients[1].meeting.handle_timeout(now), Err(Error::Ended));
    let gone = Event::Gone { member: ben, name: "Ben".to_owned(), by: Some(ada) };
    assert!(world.clients[2].events.contains(&gone));
    world.assert_agreed(&[0, 2]);
    assert_eq!(heard(&mut world, 0, Track::CAMERA).unwrap(), [2]);
    assert_eq!(heard(&mut world, 2, Track::CAMERA).unwrap(), [0]);
    assert_eq!(heard(&mut world, 1, Track::CAMERA).unwrap_err(), FrameError::Ended);
}

#[test]
fn a_removal_kills_the_links_and_bans_the_identity() {
    let mut world = World::meeting(7, &["Ada", "Ben", "Cleo"]);
    let old = world.clients[0].meeting.invite().unwrap();
    let waiting = world.knock("Dan");
    let (ben, now) = (world.member_id(1), world.now());
    world.clients[0].meeting.remove(ben, now).unwrap();
    world.settle();
    // Dan's knock was made with the old link.
    let voided = |event: &Event| matches!(event, Event::KnockVoid { .. });
    assert!(world.clients[0].events.iter().any(voided));
    world.admit_all(0);
    assert!(!world.has_joined(waiting));
    let late = world.knock_with("Eve", &old);
    world.admit_all(0);
    assert!(!world.has_joined(late), "an old link opens nothing");
    let fresh = world.knock("Finn");
    world.admit_all(0);
    assert!(world.has_joined(fresh));
    // Ben has the new link from a friend, but his identity is banned.
    let invite = world.clients[0].meeting.invite().unwrap();
    let mut seed = [7; 32];
    seed[0] = 1;
    let ben = testing::identity(seed, "Ben").unwrap();
    let again = testing::join([99; 32], &ben, &invite, world.now()).unwrap();
    let again = world.add("Ben", again);
    world.settle();
    world.admit_all(0);
    assert!(!world.has_joined(again));
    assert!(!world.refusals(0).is_empty());
}

#[test]
fn a_leaver_is_taken_out_by_whoever_has_the_lowest_leaf() {
    let mut world = World::meeting(8, &["Ada", "Ben", "Cleo", "Dan"]);
    let (cleo, now) = (world.member_id(2), world.now());
    world.clients[2].meeting.leave(now).unwrap();
    assert_eq!(heard(&mut world, 2, Track::CAMERA).unwrap_err(), FrameError::Ended);
    world.settle();
    assert_eq!(world.clients[2].events.last(), Some(&Event::Left));
    let gone = Event::Gone { member: cleo, name: "Cleo".to_owned(), by: None };
    assert!(world.clients[3].events.contains(&gone));
    world.assert_agreed(&[0, 1, 3]);
}

#[test]
fn if_the_lowest_leaf_sleeps_the_next_one_takes_the_leaver_out() {
    let mut world = World::meeting(9, &["Ada", "Ben", "Cleo", "Dan"]);
    world.clients[0].online = false;
    let now = world.now();
    world.clients[3].meeting.leave(now).unwrap();
    world.settle();
    assert_eq!(world.names(1), ["Ada", "Ben", "Cleo", "Dan"]);
    world.pass(1_500);
    assert_eq!(world.names(1), ["Ada", "Ben", "Cleo"]);
    world.connect(0);
    world.settle();
    world.assert_agreed(&[0, 1, 2]);
}

#[test]
fn the_host_leaves_and_nobody_is_host_any_more() {
    let mut world = World::meeting(10, &["Ada", "Ben", "Cleo"]);
    let invite = world.clients[0].meeting.invite().unwrap();
    let now = world.now();
    world.clients[0].meeting.leave(now).unwrap();
    world.settle();
    world.assert_agreed(&[1, 2]);
    assert!(world.clients[1].meeting.roster().iter().all(|p| p.role == Role::Attendee));
    let who = world.knock_with("Dan", &invite);
    world.pass(30_000);
    assert!(!world.has_joined(who), "nobody may admit");
    assert_eq!(heard(&mut world, 1, Track::CAMERA).unwrap(), [2]);
}

#[test]
fn everyone_leaves() {
    let mut world = World::meeting(11, &["Ada", "Ben", "Cleo", "Dan"]);
    for who in 0..4 {
        let now = world.now();
        world.clients[who].meeting.leave(now).unwrap();
        world.pass(200);
    }
    for who in 0..4 {
        assert_eq!(world.clients[who].events.last(), Some(&Event::Left));
    }
}

#[test]
fn all_leave_at_once() {
    let mut world = World::meeting(12, &["Ada", "Ben", "Cleo", "Dan"]);
    let now = world.now();
    for who in 1..4 {
        world.clients[who].meeting.leave(now).unwrap();
    }
    world.pass(5_000);
    assert_eq!(world.names(0), ["Ada"]);
}

#[test]
fn the_host_ends_the_meeting_and_nobody_else_can() {
    let mut world = World::meeting(13, &["Ada", "Ben", "Cleo"]);
    let now = world.now();
    assert!(matches!(world.clients[1].meeting.end(now), Err(Error::MissingRight(_))));
    let ada = world.member_id(0);
    world.clients[0].meeting.end(now).unwrap();
    world.settle();
    for who in 0..3 {
        assert_eq!(world.clients[who].events.last(), Some(&Event::Ended { by: ada }));
        assert_eq!(world.clients[who].meeting.poll_timeout(), None);
    }
}

#[test]
fn calls_without_the_right_or_before_joining_fail() {
    let mut world = World::meeting(14, &["Ada", "Ben", "Cleo"]);
    let (ada, now) = (world.member_id(0), world.now());
    let ben = &mut world.clients[1].meeting;
    assert!(matches!(ben.remove(ada, now), Err(Error::MissingRight(_))));
    let own = world.member_id(0);
    assert!(matches!(world.clients[0].meeting.remove(own, now), Err(Error::Argument(_))));
    let nobody = incamera::MemberId::new([9; 16]);
    assert_eq!(world.clients[0].meeting.remove(nobody, now), Err(Error::UnknownMember));
    let outside = world.knock("Dan");
    let dan = &mut world.clients[outside].meeting;
    assert_eq!(dan.remove(ada, now), Err(Error::NotJoined));
    assert!(matches!(dan.invite(), Err(Error::NotJoined)));
    assert!(dan.roster().is_empty());
}

#[test]
fn a_joiner_seals_nothing_before_a_member_has_confirmed_it() {
    // SPEC [A8], [M9]
    let mut world = World::meeting(15, &["Ada", "Ben"]);
    let who = world.knock("Cleo");
    assert_eq!(heard(&mut world, who, Track::MICROPHONE).unwrap_err(), FrameError::Stopped);
    world.admit_all(0);
    assert_eq!(heard(&mut world, who, Track::MICROPHONE).unwrap(), [0, 1]);
}

#[test]
fn newcomers_make_senders_of_video_send_key_frames() {
    let mut world = World::meeting(16, &["Ada", "Ben"]);
    let camera = world.clients[1].meeting.sealer(Track::CAMERA, Framing::Whole).unwrap();
    let microphone = world.clients[1].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    world.knock("Cleo");
    world.admit_all(0);
    world.pass(1_000);
    let needed: Vec<_> = world.clients[1]
        .events
        .iter()
        .filter(|event| matches!(event, Event::KeyFrameNeeded { .. }))
        .collect();
    assert_eq!(needed, [&Event::KeyFrameNeeded { track: Track::CAMERA }]);
    drop((camera, microphone));
}

#[test]
fn one_seed_gives_one_meeting_byte_for_byte() {
    let run = || {
        let mut world = World::meeting(17, &["Ada", "Ben", "Cleo"]);
        let (ben, now) = (world.member_id(1), world.now());
        world.clients[0].meeting.remove(ben, now).unwrap();
        world.settle();
        world.log
    };
    let log = run();
    assert!(log.len() >= 5);
    assert_eq!(log, run());
}

#[test]
fn a_meeting_of_unseeded_clients_works_as_well() {
    let now = Now { monotonic_ms: 0, unix_ms: 0 };
    let ada = Identity::generate("Ada").unwrap();
    let host = Meeting::create(&ada, Settings::default(), now).unwrap();
    let link = host.invite().unwrap().link();
    let ben = Identity::generate("Ben").unwrap();
    let guest = Meeting::join(&ben, &Invite::parse(&link).unwrap(), now).unwrap();
    let mut world = World::new(18);
    world.add("Ada", host);
    let who = world.add("Ben", guest);
    world.settle();
    world.admit_all(0);
    assert!(world.has_joined(who));
    world.assert_agreed(&[0, 1]);
}

#[test]
fn a_meeting_that_nobody_drives_stops_sealing() {
    // SPEC [M9]
    let mut world = World::meeting(19, &["Ada", "Ben"]);
    let mut sealer = world.clients[0].meeting.sealer(Track::DATA, Framing::Whole).unwrap();
    let at = world.now_ms;
    let now = world.now();
    world.clients[0].meeting.handle_timeout(now).unwrap();
    assert_eq!(sealer.seal(b"x", at + 14_999, &mut Vec::new()), Ok(()));
    assert_eq!(sealer.seal(b"x", at + 15_000, &mut Vec::new()), Err(FrameError::Stopped));
    world.pass(20_000);
    assert_eq!(sealer.seal(b"x", at + 20_000, &mut Vec::new()), Ok(()));
}
