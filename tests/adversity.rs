//! What a review found: copies, losses and coincidences after which everyone must still get in, or
//! be told why not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use incamera::wire::{BlobHash, Envelope};
use incamera::{DenyReason, Destination, Event, Input, KnockId, Message, Output, testing};
use support::World;

fn last_knock(world: &World) -> KnockId {
    let knock = |event: &Event| match event {
        Event::Knock { knock, .. } => Some(*knock),
        _ => None,
    };
    world.clients[0].events.iter().rev().find_map(knock).unwrap()
}

/// What the host has to send; its events are kept.
fn messages(world: &mut World) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Some(output) = world.clients[0].meeting.poll() {
        match output {
            Output::Send(message) => messages.push(message),
            Output::Event(event) => world.clients[0].events.push(event),
            Output::Fetch { .. } | Output::FetchBlob { .. } => {}
        }
    }
    messages
}

/// The host admits the knock that came last.
fn admit(world: &mut World) -> Vec<Message> {
    let (knock, now) = (last_knock(world), world.now());
    world.clients[0].meeting.admit(knock, now).unwrap();
    messages(world)
}

fn serve_all(world: &mut World, messages: Vec<Message>) {
    messages.into_iter().for_each(|message| world.serve(message));
}

/// The host reads the last entry of the log, and nobody hears what it says to it.
fn host_reads_alone(world: &mut World) -> Vec<Message> {
    let (seq, now) = (world.log.len() as u64 - 1, world.now());
    let bytes = world.log.last().unwrap().clone();
    world.clients[0].meeting.handle(Input::Log { seq, bytes }, now).unwrap();
    messages(world)
}

#[track_caller]
fn assert_joins(world: &mut World, who: usize) {
    world.settle();
    world.pass(60_000);
    assert!(world.has_joined(who), "events: {:?}", world.clients[who].events);
}

#[test]
fn a_tree_that_was_lost_is_sent_again() {
    let mut world = World::meeting(101, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    for message in admit(&mut world) {
        if !matches!(message.to, Destination::Blob(_)) {
            world.serve(message);
        }
    }
    assert_joins(&mut world, dan);
}

/// Appends a changed copy of the Add's entry behind the genuine one.
fn copied_behind(seed: u8, change: fn(&mut Envelope)) -> (World, usize) {
    let mut world = World::meeting(seed, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    for message in admit(&mut world) {
        let copy = Envelope::decode(&message.bytes).ok();
        world.serve(message);
        if let Some(mut copy) = copy.filter(|copy| copy.welcome.is_some()) {
            change(&mut copy);
            world.append(copy.encode());
        }
    }
    (world, dan)
}

#[test]
fn a_copy_of_a_welcome_beside_another_address_blocks_nobody() {
    // SPEC [A5]
    let change = |entry: &mut Envelope| {
        entry.welcome.as_mut().unwrap().tree = BlobHash::new([7; 32]);
    };
    let (mut world, dan) = copied_behind(102, change);
    assert_joins(&mut world, dan);
}

#[test]
fn a_broken_welcome_while_the_tree_is_fetched_loses_nothing() {
    // SPEC [A5]
    let change = |entry: &mut Envelope| {
        *entry.welcome.as_mut().unwrap().welcome.last_mut().unwrap() ^= 1;
    };
    let (mut world, dan) = copied_behind(103, change);
    assert_joins(&mut world, dan);
}

#[test]
fn a_host_that_admits_and_leaves_confirms_first() {
    // SPEC [A8]
    let mut world = World::meeting(104, &["Ada"]);
    let dan = world.knock("Dan");
    let (knock, now) = (last_knock(&world), world.now());
    world.clients[0].meeting.admit(knock, now).unwrap();
    world.clients[0].meeting.leave(now).unwrap();
    assert_joins(&mut world, dan);
    assert_eq!(world.clients[0].events.last(), Some(&Event::Left));
    assert_eq!(world.names(dan), ["Dan"]);
}

#[test]
fn a_confirmation_of_an_earlier_epoch_silences_nobody() {
    // SPEC [A8]
    let mut world = World::meeting(105, &["Ada", "Ben"]);
    let cleo = world.knock("Cleo");
    let add = admit(&mut world);
    serve_all(&mut world, add);
    let delayed = host_reads_alone(&mut world);
    assert_eq!(delayed.len(), 1, "Ada's confirmation of Cleo");
    // Dan would wait for company.
    world.now_ms += 100;
    let dan = world.knock("Dan");
    let add = admit(&mut world);
    serve_all(&mut world, add);
    // Ada is gone for good once her commit is in the log.
    let nobody = testing::identity([250; 32], "nobody").unwrap();
    let elsewhere =
        testing::create([250; 32], &nobody, incamera::Settings::default(), world.now()).unwrap();
    world.clients[0].meeting = elsewhere;
    world.clients[0].online = false;
    world.settle();
    serve_all(&mut world, delayed);
    assert_joins(&mut world, cleo);
    assert_joins(&mut world, dan);
}

#[test]
fn a_confirmation_that_missed_its_epoch_is_said_again() {
    // SPEC [A8], [G11]
    let mut world = World::meeting(109, &["Ada", "Mallory"]);
    let (mallory, now) = (world.member_id(1), world.now());
    let dan = world.knock("Dan");
    let add = admit(&mut world);
    serve_all(&mut world, add);
    world.clients[1].online = false;
    drop(host_reads_alone(&mut world));
    world.clients[0].meeting.remove(mallory, now).unwrap();
    let removal = messages(&mut world);
    serve_all(&mut world, removal);
    world.settle();
    world.clients[0].online = false;
    world.pass(40_000);
    world.connect(0);
    assert_joins(&mut world, dan);
}

#[test]
fn who_is_removed_while_it_leaves_is_banned_all_the_same() {
    // SPEC [G9]
    let mut world = World::meeting(106, &["Ada", "Mallory"]);
    let old = world.clients[0].meeting.invite().unwrap().link();
    let mallory = world.member_id(1);
    world.knock("Dan");
    let held = admit(&mut world);
    let now = world.now();
    world.clients[1].meeting.leave(now).unwrap();
    world.settle();
    world.clients[0].meeting.remove(mallory, now).unwrap();
    serve_all(&mut world, held);
    world.settle();
    world.pass(30_000);
    assert_ne!(world.clients[0].meeting.invite().unwrap().link(), old);
    let ada = world.member_id(0);
    let gone = |event: &Event| matches!(event, Event::Gone { member, by: Some(by), .. } if *member == mallory && *by == ada);
    assert!(world.clients[0].events.iter().any(gone));
}

#[test]
fn whoever_knocked_with_a_link_that_died_is_told() {
    // SPEC [A10]
    let mut world = World::meeting(108, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    let (ben, now) = (world.member_id(1), world.now());
    world.clients[0].meeting.remove(ben, now).unwrap();
    world.settle();
    assert_eq!(world.clients[dan].events, [Event::Denied { reason: DenyReason::Stale }]);
}
