//! Losing races, lost messages and lying servers: what an honest client makes of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints its seed"
)]

mod support;

use incamera::wire::{Envelope, SealedBlob};
use incamera::{Alarm, Door, Event, Fault, Framing, Input, Output, Role, Source, Track};
use support::World;

fn joined(world: &World, who: usize) -> usize {
    world.clients[who].events.iter().filter(|event| **event == Event::Joined).count()
}

/// Ada admits Dan while she is cut off and Ben commits Cleo's departure.
fn losing_add(seed: u8) -> (World, usize) {
    let mut world = World::meeting(seed, &["Ada", "Ben", "Cleo"]);
    let dan = world.knock("Dan");
    world.clients[0].online = false;
    let now = world.now();
    world.clients[2].meeting.leave(now).unwrap();
    world.pass(1_500);
    assert_eq!(world.names(1), ["Ada", "Ben"]);
    world.admit_all(0);
    (world, dan)
}

#[test]
fn the_welcome_of_a_losing_add_leads_nowhere_and_the_next_one_does() {
    // SPEC [G1], [A8]
    let (mut world, dan) = losing_add(20);
    // Ada comes back: her commit reaches the log behind the one that won.
    let entries = world.log.len();
    world.connect(0);
    world.settle();
    assert!(world.log.len() >= entries + 2, "the losing Add, and the one after");
    assert_eq!(joined(&world, dan), 1);
    world.assert_agreed(&[0, 1, dan]);
    assert!(world.refusals(dan).iter().all(|refused| {
        matches!(refused, Event::Refused { fault: Fault::Unopenable | Fault::EpochAhead, .. })
    }));
}

#[test]
fn a_joiner_in_a_losing_epoch_seals_nothing() {
    // SPEC [A8], [M9]
    let (mut world, dan) = losing_add(21);
    // Ada's outputs are hers alone: the server appends only the losing Add and its tree.
    let now = world.now();
    let next = world.log.len() as u64;
    world.clients[0].meeting.handle(Input::Connected { next }, now).unwrap();
    while let Some(output) = world.clients[0].meeting.poll() {
        if let Output::Send(message) = output {
            world.serve(message);
        }
    }
    world.settle();
    assert_eq!(world.clients[dan].meeting.epoch(), world.clients[1].meeting.epoch());
    assert_ne!(
        world.clients[dan].meeting.safety_code(),
        world.clients[1].meeting.safety_code(),
        "a phantom of the epoch that won"
    );
    let mut sealer = world.clients[dan].meeting.sealer(Track::DATA, Framing::Whole).unwrap();
    let refused = sealer.seal(b"to nobody", now.monotonic_ms, &mut Vec::new());
    assert_eq!(refused, Err(incamera::FrameError::Stopped));
    assert_eq!(joined(&world, dan), 0);
}

/// Lets the host admit and hands its messages to `change` on their way to the server.
fn admit_through(world: &mut World, change: impl Fn(&mut World, incamera::Message)) {
    hand_over(world, change);
    world.settle();
}

/// The host admits the knock that came last, and falls silent once its commit is in the log.
fn admit_and_fall_silent(world: &mut World) {
    hand_over(world, |world, message| world.serve(message));
    world.clients[0].online = false;
    world.settle();
}

fn hand_over(world: &mut World, change: impl Fn(&mut World, incamera::Message)) {
    let knock = world.clients[0].events.iter().rev().find_map(|event| match event {
        Event::Knock { knock, .. } => Some(*knock),
        _ => None,
    });
    let now = world.now();
    world.clients[0].meeting.admit(knock.unwrap(), now).unwrap();
    let mut messages = Vec::new();
    while let Some(output) = world.clients[0].meeting.poll() {
        if let Output::Send(message) = output {
            messages.push(message);
        }
    }
    for message in messages {
        change(world, message);
    }
}

#[test]
fn a_tampered_welcome_costs_nothing_and_the_genuine_one_still_works() {
    // SPEC [A5]
    let mut world = World::meeting(22, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    admit_through(&mut world, |world, message| {
        if let Ok(genuine) = Envelope::decode(&message.bytes) {
            let length = genuine.welcome.as_ref().unwrap().welcome.len();
            for position in [length / 4, length / 2, length - 1] {
                let mut tampered = genuine.clone();
                tampered.welcome.as_mut().unwrap().welcome[position] ^= 1;
                world.append(tampered.encode());
            }
        }
        world.serve(message);
    });
    assert_eq!(joined(&world, dan), 1);
    world.assert_agreed(&[0, 1, dan]);
    let refused = world.refusals(dan);
    assert_eq!(refused.len(), 3, "{refused:?}");
}

#[test]
fn a_tampered_tree_is_refused_and_the_genuine_one_still_works() {
    // SPEC [W9], [A9]
    let mut world = World::meeting(23, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    admit_through(&mut world, |world, message| {
        if let Ok(mut blob) = SealedBlob::decode(&message.bytes) {
            blob.ciphertext[0] ^= 1;
            let incamera::Destination::Blob(hash) = message.to else { panic!("a blob") };
            world.blobs.insert(hash, blob.encode());
            world.withheld.push(message);
        } else {
            world.serve(message);
        }
    });
    assert_eq!(joined(&world, dan), 0);
    let refused = Event::Refused { source: Source::Blob, author: None, fault: Fault::WrongBlob };
    assert_eq!(world.clients[dan].events, [refused]);
    for message in std::mem::take(&mut world.withheld) {
        world.serve(message);
    }
    world.pass(2_000);
    assert_eq!(joined(&world, dan), 1);
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn a_lost_tree_is_sent_again_to_who_knocks_under_a_link_that_is_void_since() {
    let mut world = World::meeting(41, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    world.lose_blobs = true;
    world.admit_all(0);
    // A removal replaces every link.
    let ben = world.member_id(1);
    world.ask(0, |ada, now| ada.remove(ben, now));
    world.pass(1_000);
    world.lose_blobs = false;
    assert_eq!(joined(&world, dan), 0);
    world.pass(30_000);
    assert_eq!(joined(&world, dan), 1);
    world.assert_agreed(&[0, dan]);
}

#[test]
fn an_unavailable_tree_does_not_hold_up_a_later_welcome() {
    let (mut world, dan) = losing_add(24);
    // The server loses the tree of the losing Add for good.
    world.lose_blobs = true;
    let now = world.now();
    let next = world.log.len() as u64;
    world.clients[0].meeting.handle(Input::Connected { next }, now).unwrap();
    world.step();
    world.lose_blobs = false;
    world.connect(0);
    world.settle();
    world.pass(3_000);
    assert_eq!(joined(&world, dan), 1);
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn a_client_that_was_away_catches_up() {
    // SPEC [G13]
    let mut world = World::meeting(25, &["Ada", "Ben", "Cleo"]);
    world.clients[1].online = false;
    let dan = world.knock("Dan");
    world.admit_all(0);
    let (cleo, now) = (world.member_id(2), world.now());
    world.clients[0].meeting.remove(cleo, now).unwrap();
    world.settle();
    world.connect(1);
    world.settle();
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn a_message_lost_on_its_way_is_sent_again() {
    let mut world = World::meeting(26, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    world.clients[0].online = false;
    world.admit_all(0);
    world.clients[0].online = true;
    world.settle();
    assert_eq!(joined(&world, dan), 0);
    world.pass(2_000);
    assert_eq!(joined(&world, dan), 1);
}

#[test]
fn a_knock_lost_on_its_way_is_sent_again() {
    let mut world = World::meeting(27, &["Ada"]);
    let dan = world.knock("Dan");
    world.clients[0].events.clear();
    world.clients[0].online = false;
    let eve = world.knock("Eve");
    world.connect(0);
    world.pass(20_000);
    let knocks = world.clients[0].events.len();
    assert_eq!(knocks, 1, "Eve's: Dan's came before and waits, {:?}", world.clients[0].events);
    world.admit_all(0);
    assert_eq!((joined(&world, dan), joined(&world, eve)), (0, 1));
}

#[test]
fn a_log_that_shrinks_raises_the_alarm() {
    let mut world = World::meeting(28, &["Ada", "Ben"]);
    let now = world.now();
    world.clients[1].meeting.handle(Input::Connected { next: 0 }, now).unwrap();
    world.settle();
    assert!(world.clients[1].events.contains(&Event::Alarm(Alarm::LogShrank)));
}

#[test]
fn a_withheld_welcome_is_fetched_after_reconnecting() {
    // SPEC [G13]
    let mut world = World::meeting(29, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    world.clients[dan].online = false;
    world.admit_all(0);
    assert_eq!(joined(&world, dan), 0);
    world.connect(dan);
    world.settle();
    assert_eq!(joined(&world, dan), 1);
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn the_next_member_confirms_a_joiner_if_the_admitter_cannot() {
    // SPEC [A8]
    let mut world = World::meeting(40, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    admit_through(&mut world, |world, message| world.serve(message));
    let joined_before = joined(&world, dan);
    assert_eq!(joined_before, 1);
    // Eve would wait for company.
    world.now_ms += 100;
    let eve = world.knock("Eve");
    admit_and_fall_silent(&mut world);
    assert_eq!(joined(&world, eve), 0);
    world.pass(3_000);
    assert_eq!(joined(&world, eve), 1);
    assert_eq!(world.names(eve), ["Ada", "Ben", "Dan", "Eve"]);
}

#[test]
fn a_welcome_that_comes_again_brings_no_fresh_windows() {
    // SPEC [M2]
    let mut world = World::meeting(41, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    admit_and_fall_silent(&mut world);
    world.pass(200);
    let mut sealed = Vec::new();
    let mut sealer = world.clients[1].meeting.sealer(Track::DATA, Framing::Whole).unwrap();
    sealer.seal(b"once", world.now_ms, &mut sealed).unwrap();
    let mut receiver = world.clients[dan].meeting.receiver();
    let mut out = Vec::new();
    let opened = receiver.open(0, &sealed, world.now_ms, &mut out);
    assert!(matches!(opened, Ok(incamera::Opened::Frame { .. })), "{opened:?}");
    let welcome = world.log.last().unwrap().clone();
    world.append(welcome);
    world.settle();
    assert_eq!(joined(&world, dan), 0, "still unconfirmed");
    let opened = receiver.open(1, &sealed, world.now_ms, &mut out);
    assert_eq!(opened, Err(incamera::FrameError::Unopenable));
    world.pass(3_000);
    assert_eq!(joined(&world, dan), 1);
}

#[test]
fn a_commit_merged_while_leaving_does_no_harm() {
    let mut world = World::meeting(42, &["Ada", "Ben", "Cleo"]);
    let dan = world.knock("Dan");
    let now = world.now();
    // Cleo's word and Ada's Add cross on their way; the Add is first.
    world.clients[2].meeting.leave(now).unwrap();
    admit_through(&mut world, |world, message| world.serve(message));
    assert_eq!(world.clients[2].events.last(), Some(&Event::Left));
    assert!(world.refusals(2).is_empty(), "{:?}", world.refusals(2));
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn a_leave_that_was_long_on_its_way_is_said_again() {
    // SPEC [G11]
    let mut world = World::meeting(43, &["Ada", "Ben", "Cleo"]);
    world.clients[2].online = false;
    let now = world.now();
    world.clients[2].meeting.leave(now).unwrap();
    let dan = world.knock("Dan");
    world.admit_all(0);
    world.pass(40_000);
    world.connect(2);
    world.pass(5_000);
    assert_eq!(world.clients[2].events.last(), Some(&Event::Left));
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn a_denial_lost_on_its_way_is_sent_again() {
    // SPEC [A10]
    let mut world = World::meeting(44, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    let Some(Event::Knock { knock, .. }) = world.clients[0].events.last().cloned() else {
        panic!("a knock")
    };
    let now = world.now();
    world.clients[0].meeting.deny(knock, incamera::DenyReason::Full, now).unwrap();
    while world.clients[0].meeting.poll().is_some() {}
    world.settle();
    assert!(world.clients[dan].events.is_empty());
    world.pass(2_000);
    let denied = Event::Denied { reason: incamera::DenyReason::Full };
    assert_eq!(world.clients[dan].events, [denied]);
}

#[test]
fn a_leaver_without_a_connection_does_not_spin_over_others_departures() {
    let mut world = World::meeting(45, &["Ada", "Ben", "Cleo", "Dan"]);
    world.clients[0].online = false;
    let now = world.now();
    world.clients[1].meeting.leave(now).unwrap();
    world.settle();
    for who in [2, 3] {
        world.clients[who].online = false;
        world.clients[who].meeting.leave(now).unwrap();
    }
    world.pass(20_000);
    for who in [0, 2, 3] {
        world.connect(who);
    }
    world.pass(20_000);
    assert_eq!(world.names(0), ["Ada"]);
}

#[test]
fn a_joiner_that_leaves_before_it_is_confirmed_is_taken_out() {
    let mut world = World::meeting(46, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    admit_and_fall_silent(&mut world);
    assert_eq!(world.names(1), ["Ada", "Ben", "Dan"]);
    let now = world.now();
    world.clients[dan].meeting.leave(now).unwrap();
    world.pass(5_000);
    assert_eq!(world.clients[dan].events.last(), Some(&Event::Left));
    assert_eq!(world.names(1), ["Ada", "Ben"]);
}

#[test]
fn an_order_of_an_earlier_epoch_binds_newcomers_too() {
    // SPEC [G16]
    let mut world = World::meeting(40, &["Ada", "Ben", "Cleo"]);
    let cleo = world.clients[2].meeting.roster()[2].fingerprint;
    let now = world.now();
    world.clients[0].meeting.set_role(cleo, Role::CoHost, now).unwrap();
    world.settle();
    let dan = world.knock("Dan");
    // Ada's order is on its way while Cleo lets Dan in.
    let ben = world.member_id(1);
    world.clients[0].meeting.remove(ben, now).unwrap();
    let mut late = Vec::new();
    while let Some(output) = world.clients[0].meeting.poll() {
        if let Output::Send(message) = output {
            late.push(message);
        }
    }
    world.admit_all(2);
    assert!(world.has_joined(dan));
    let order = late.remove(0);
    world.clients[0].online = false;
    world.serve(order);
    world.settle();
    let ada = world.member_id(0);
    for who in [2, dan] {
        let ordered = Event::Ordered { member: ben, by: ada };
        assert!(world.clients[who].events.contains(&ordered), "client {who}");
    }
    // Ada is away: another member carries the order out.
    world.pass(5_000);
    world.connect(0);
    world.pass(5_000);
    world.assert_agreed(&[0, 2, dan]);
}

#[test]
fn a_change_that_a_lost_race_leaves_without_a_right_is_given_up_and_said() {
    // SPEC [G15]
    let mut world = World::meeting(45, &["Ada", "Ben", "Cleo"]);
    let ben = world.clients[1].meeting.roster().into_iter().find(|it| it.own).unwrap();
    world.ask(0, |ada, now| ada.set_role(ben.fingerprint, Role::CoHost, now));
    let given_up = |world: &World| {
        world.count(1, |event| matches!(event, Event::Alarm(Alarm::CannotCommit(_))))
    };
    // Ben opens the door where nobody hears it, and is no co-host any more by then.
    world.clients[1].online = false;
    world.ask(1, |ben, now| ben.set_door(Door::Open, now));
    world.ask(0, |ada, now| ada.set_role(ben.fingerprint, Role::Presenter, now));
    assert_eq!(given_up(&world), 0, "nothing has come of it yet");
    world.connect(1);
    world.settle();
    assert_eq!(given_up(&world), 1);
    world.assert_agreed(&[0, 1, 2]);
    assert_eq!(world.clients[2].meeting.rules().unwrap().door, Door::WaitingRoom);
    // It is not tried again when he may.
    world.ask(0, |ada, now| ada.set_role(ben.fingerprint, Role::CoHost, now));
    world.pass(5_000);
    assert_eq!(given_up(&world), 1);
    assert_eq!(world.clients[0].meeting.rules().unwrap().door, Door::WaitingRoom);
}
