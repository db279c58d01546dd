//! Members that crash and come back from what they stored (SPEC 7.14).

use incamera::testing::{self, Ledger};

use super::*;
use crate::error::Error;
use crate::meeting::restore::Expected;
use crate::{Alarm, FrameError, Framing, Opened, Resync, Sealer, Track};

const KEY: [u8; 32] = [9; 32];

/// The identity of a client of the world with this seed.
fn identity(world: &World, who: Who, seed: u8) -> Identity {
    let mut bytes = [seed; 32];
    bytes[0] = who as u8;
    testing::identity(bytes, world.clients[who].name).unwrap()
}

fn microphone(world: &mut World, who: Who) -> Sealer {
    world.clients[who].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap()
}

fn snapshot(world: &mut World, who: Who) -> Vec<u8> {
    world.clients[who].meeting.snapshot(&KEY).unwrap()
}

/// The client of this snapshot, in its `life`-th life.
fn restored(world: &World, who: Who, seed: u8, life: u8, snapshot: &[u8]) -> Meeting {
    let (identity, now) = (identity(world, who, seed), world.now());
    let expected = Expected::default();
    testing::restore([life; 32], &identity, snapshot, &KEY, expected, now).unwrap()
}

/// A client dies and comes back from this snapshot.
fn restart(world: &mut World, who: Who, seed: u8, snapshot: &[u8]) {
    let meeting = restored(world, who, seed, seed + 1, snapshot);
    world.clients[who].events.clear();
    world.restart(who, meeting);
}

fn epoch(world: &World, who: Who) -> u64 {
    world.clients[who].meeting.epoch().unwrap()
}

fn is_alarmed(world: &World, who: Who) -> bool {
    world.clients[who].events.contains(&Event::Alarm(Alarm::Clone))
}

#[test]
fn a_restored_member_comes_back_by_a_path_of_its_own() {
    // SPEC [R4]
    let ledger = Ledger::open();
    let mut world = World::meeting(130, &["Ada", "Ben", "Cleo"]);
    assert!(world.clients[BEN].meeting.snapshot_due());
    let mut before = microphone(&mut world, BEN);
    let now_ms = world.now_ms;
    before.seal(b"before", now_ms, &mut Vec::new()).unwrap();
    let snapshot = snapshot(&mut world, BEN);
    assert!(!world.clients[BEN].meeting.snapshot_due());
    let old = epoch(&world, BEN);
    restart(&mut world, BEN, 130, &snapshot);
    assert_eq!(epoch(&world, BEN), old);
    let mut after = microphone(&mut world, BEN);
    let stopped = after.seal(b"early", now_ms, &mut Vec::new());
    assert_eq!(stopped, Err(FrameError::Stopped));
    let now = world.now();
    assert_eq!(world.clients[BEN].meeting.chat("early", now), Err(Error::NotJoined));
    let mut sealed = Vec::new();
    microphone(&mut world, 0).seal(b"hers", now_ms, &mut sealed).unwrap();
    let mut ears = world.clients[BEN].meeting.receiver();
    let refused = ears.open(0, &sealed, now_ms, &mut Vec::new());
    assert_eq!(refused, Err(FrameError::UnknownKey));
    world.settle();
    assert_eq!(epoch(&world, BEN), old + 1);
    assert!(world.has_joined(BEN) && !is_alarmed(&world, BEN));
    world.assert_agreed(&[0, 1, 2]);
    sealed.clear();
    after.seal(b"after", now_ms, &mut sealed).unwrap();
    let mut out = Vec::new();
    let opened = world.clients[0].meeting.receiver().open(0, &sealed, now_ms, &mut out);
    assert!(matches!(opened, Ok(Opened::Frame { .. })) && out == b"after");
    assert_eq!((ledger.seals(), ledger.repeats()), (3, 0));
    goes_on(world);
}

#[test]
fn the_commit_of_a_former_self_does_not_let_its_member_seal() {
    // SPEC [R4], [R5]
    let ledger = Ledger::open();
    let mut world = World::meeting(132, &["Ada", "Ben", "Cleo"]);
    let old = epoch(&world, BEN);
    let now = world.now();
    world.clients[BEN].meeting.rename("Benjamin", now).unwrap();
    let snapshot = snapshot(&mut world, BEN);
    world.settle();
    // It is merged, and its author speaks under its keys before it dies.
    assert_eq!(epoch(&world, BEN), old + 1);
    microphone(&mut world, BEN).seal(b"x", now.monotonic_ms, &mut Vec::new()).unwrap();
    restart(&mut world, BEN, 132, &snapshot);
    let mut after = microphone(&mut world, BEN);
    let mut epochs = Vec::new();
    while world.step() {
        let sealed = after.seal(b"x", now.monotonic_ms, &mut Vec::new()).is_ok();
        epochs.push((epoch(&world, BEN) - old, sealed));
    }
    epochs.dedup();
    assert_eq!(epochs, [(0, false), (1, false), (2, true)]);
    assert_eq!(world.names(0), ["Ada", "Benjamin", "Cleo"]);
    world.assert_agreed(&[0, 1, 2]);
    assert_eq!(ledger.repeats(), 0);
}

#[test]
fn a_commit_that_was_stored_and_not_sent_is_sent_after_the_restore_under_its_id() {
    // SPEC [R5], [S2]
    let mut world = World::meeting(134, &["Ada", "Ben", "Cleo"]);
    let now = world.now();
    world.clients[BEN].meeting.rename("Benjamin", now).unwrap();
    let snapshot = snapshot(&mut world, BEN);
    let ids = |meeting: &mut Meeting| meeting.core.shared.outbox.messages().map(|m| m.id).collect();
    let posted: Vec<_> = ids(&mut world.clients[BEN].meeting);
    restart(&mut world, BEN, 134, &snapshot);
    assert_eq!(ids(&mut world.clients[BEN].meeting), posted);
    world.settle();
    assert_eq!(world.names(0), ["Ada", "Benjamin", "Cleo"]);
    world.assert_agreed(&[0, 1, 2]);
    assert!(world.has_joined(BEN) && !is_alarmed(&world, BEN));
}

#[test]
fn a_stored_admission_is_carried_through_with_its_tree() {
    // SPEC [R5]
    let mut world = World::meeting(136, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    let (knock, now) = (world.last_knock(0), world.now());
    world.clients[0].meeting.admit(knock, now).unwrap();
    let snapshot = snapshot(&mut world, 0);
    restart(&mut world, 0, 136, &snapshot);
    world.settle();
    world.pass(3_000);
    assert!(world.has_joined(dan));
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn nothing_is_committed_before_the_log_has_been_read() {
    // SPEC [R5]
    let mut world = world(138);
    let snapshot = snapshot(&mut world, BEN);
    for round in 0..3 {
        act(&mut world, 0, |ada, now| ada.rename(&format!("Ada {round}"), now));
    }
    let old = epoch(&world, 0);
    let meeting = restored(&world, BEN, 138, 139, &snapshot);
    world.clients[BEN].meeting = meeting;
    // No server has told it yet how much there is to read.
    world.pass(20_000);
    assert_eq!(epoch(&world, 0), old);
    let own = member(&mut world.clients[BEN].meeting);
    assert!(!own.group.has_pending() && !own.recovery.is_shown());
    world.connect(BEN);
    world.settle();
    assert_eq!(epoch(&world, 0), old + 1, "one commit, and none before");
    world.assert_agreed(&[0, 1, 2]);
}

#[test]
fn what_is_too_far_behind_is_not_followed() {
    // SPEC [R5]
    let mut world = world(140);
    let snapshot = snapshot(&mut world, BEN);
    let mut meeting = restored(&world, BEN, 140, 141, &snapshot);
    let (position, now) = (meeting.core.shared.log_position, world.now());
    let connected = |more: u64| crate::Input::Connected { next: position + 65_536 + more };
    meeting.handle(connected(0), now).unwrap();
    let resyncs = |meeting: &mut Meeting| {
        let resyncs = crate::Output::Event(Event::Resyncing { why: Resync::Restore });
        std::iter::from_fn(|| meeting.poll()).any(|output| output == resyncs)
    };
    assert!(!resyncs(&mut meeting));
    meeting.handle(connected(1), now).unwrap();
    assert!(resyncs(&mut meeting));
    assert_eq!(meeting.chat("x", now), Err(Error::Broken));
}

/// Lets these try to seal after every step of the next 20 seconds.
fn speak(world: &mut World, who: &[Who]) {
    let mut sealers: Vec<_> = who.iter().map(|who| microphone(world, *who)).collect();
    for _ in 0..20 {
        loop {
            for sealer in &mut sealers {
                let _ = sealer.seal(b"x", world.now_ms, &mut Vec::new());
            }
            if !world.step() {
                break;
            }
        }
        world.pass(1_000);
    }
}

/// This client has noticed that it is not alone, and has stopped.
#[track_caller]
fn assert_stopped_by_a_clone(world: &mut World, who: Who) {
    assert!(is_alarmed(world, who), "client {who}");
    let resyncs = Event::Resyncing { why: Resync::Clone };
    assert!(world.clients[who].events.contains(&resyncs), "client {who}");
    let (now, meeting) = (world.now(), &mut world.clients[who].meeting);
    assert_eq!(meeting.chat("x", now), Err(Error::Broken));
    let mut sealer = meeting.sealer(Track::SCREEN, Framing::Whole).unwrap();
    let sealed = sealer.seal(b"x", now.monotonic_ms, &mut Vec::new());
    assert_eq!(sealed, Err(FrameError::Stopped));
}

#[test]
fn two_that_come_from_one_snapshot_both_notice() {
    // SPEC [R6], [R7]
    for (seed, at_once) in [(142, true), (145, false)] {
        let ledger = Ledger::open();
        let mut world = world(seed);
        world.lose_lobby = true;
        let snapshot = snapshot(&mut world, BEN);
        let twin = restored(&world, BEN, seed, seed + 2, &snapshot);
        restart(&mut world, BEN, seed, &snapshot);
        if !at_once {
            world.settle();
            assert!(world.has_joined(BEN));
            speak(&mut world, &[BEN]);
        }
        let twin = world.add("Ben", twin);
        speak(&mut world, &[BEN, twin]);
        assert_stopped_by_a_clone(&mut world, BEN);
        assert_stopped_by_a_clone(&mut world, twin);
        assert_eq!(ledger.repeats(), 0);
        assert_eq!(epoch(&world, 0), epoch(&world, 2));
    }
}

#[test]
fn a_client_that_still_runs_notices_whoever_comes_from_its_snapshot() {
    // SPEC [R7]
    let ledger = Ledger::open();
    let mut world = world(148);
    world.lose_lobby = true;
    let snapshot = snapshot(&mut world, BEN);
    let twin = restored(&world, BEN, 148, 149, &snapshot);
    let twin = world.add("Ben", twin);
    speak(&mut world, &[BEN, twin]);
    assert_stopped_by_a_clone(&mut world, BEN);
    assert!(world.has_joined(twin) || is_alarmed(&world, twin));
    assert!(ledger.seals() > 0 && ledger.repeats() == 0);
}

#[test]
fn a_commit_of_a_former_self_that_was_not_stored_is_an_alarm() {
    // SPEC [R7]
    let mut world = world(151);
    world.lose_lobby = true;
    let snapshot = snapshot(&mut world, BEN);
    act(&mut world, BEN, |ben, now| ben.rename("Benjamin", now));
    restart(&mut world, BEN, 151, &snapshot);
    world.settle();
    assert_stopped_by_a_clone(&mut world, BEN);
    // Without a path it could be merged: by the host, who commits Adds.
    let mut world = World::meeting(153, &["Ada", "Ben"]);
    let snapshot = world.clients[0].meeting.snapshot(&KEY).unwrap();
    let cleo = world.knock("Cleo");
    world.admit_all(0);
    assert!(world.has_joined(cleo));
    world.lose_lobby = true;
    restart(&mut world, 0, 153, &snapshot);
    world.settle();
    assert_stopped_by_a_clone(&mut world, 0);
}

#[test]
fn a_clone_under_the_same_counters_is_noticed_by_what_it_says() {
    // SPEC [R7]
    let mut world = world(155);
    world.lose_lobby = true;
    let own = signed(&mut world.clients[BEN].meeting, EventKind::Hand { raised: true });
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, &own.encode());
    world.append(entry.clone());
    world.settle();
    // The server repeats it: no clone.
    world.append(entry);
    world.settle();
    assert!(!is_alarmed(&world, BEN));
    member(&mut world.clients[BEN].meeting).counter -= 1;
    let other = signed(&mut world.clients[BEN].meeting, EventKind::Hand { raised: false });
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, &other.encode());
    world.append(entry);
    world.settle();
    assert_stopped_by_a_clone(&mut world, BEN);
}

#[test]
fn the_counter_of_events_jumps_and_leaves_room_for_what_was_said_since() {
    // SPEC [R6]
    let mut world = world(157);
    let snapshot = snapshot(&mut world, BEN);
    let before = member(&mut world.clients[BEN].meeting).counter;
    // Events need no snapshot: what was said after it is no clone's.
    for _ in 0..3 {
        act(&mut world, BEN, |ben, now| ben.chat("hello", now));
    }
    let mut jumps = Vec::new();
    for life in [1, 2] {
        let mut meeting = restored(&world, BEN, 157, life, &snapshot);
        jumps.push(member(&mut meeting).counter - before);
    }
    assert!(jumps.iter().all(|jump| (1 << 32..1 << 33).contains(jump)), "{jumps:?}");
    assert_ne!(jumps[0], jumps[1]);
    restart(&mut world, BEN, 157, &snapshot);
    world.settle();
    assert!(world.has_joined(BEN) && !is_alarmed(&world, BEN));
    act(&mut world, BEN, |ben, now| ben.chat("back", now));
    let text = |event: &Event| matches!(event, Event::Chat { text, .. } if text == "back");
    assert_eq!(world.count(0, text), 1);
}

#[test]
fn a_restored_member_carries_out_an_order_before_anything_else() {
    // SPEC [R4], [G16]
    let mut world = World::meeting(159, &["Ada", "Ben", "Cleo", "Dan"]);
    let (dan, now) = (world.member_id(3), world.now());
    world.clients[0].meeting.remove(dan, now).unwrap();
    // The order comes to the log, the commit does not.
    let entry = loop {
        if let crate::Output::Send(message) = world.clients[0].meeting.poll().unwrap() {
            break message;
        }
    };
    world.clients[0].online = false;
    world.serve(entry);
    world.step();
    let snapshot = snapshot(&mut world, BEN);
    restart(&mut world, BEN, 159, &snapshot);
    world.pass(3_000);
    assert!(world.has_joined(BEN));
    assert_eq!(world.names(BEN), ["Ada", "Ben", "Cleo"]);
    assert_eq!(world.clients[1].meeting.safety_code(), world.clients[2].meeting.safety_code());
}

#[test]
fn whoever_was_leaving_goes_on_to_leave() {
    // SPEC [R3]
    let mut world = world(161);
    let now = world.now();
    world.clients[BEN].meeting.leave(now).unwrap();
    assert!(world.clients[BEN].meeting.snapshot_due());
    let snapshot = snapshot(&mut world, BEN);
    restart(&mut world, BEN, 161, &snapshot);
    let sealer = world.clients[BEN].meeting.sealer(Track::CAMERA, Framing::Whole);
    assert!(matches!(sealer, Err(FrameError::Ended)));
    world.settle();
    assert_eq!(world.clients[BEN].events.last(), Some(&Event::Left));
    assert_eq!(world.names(0), ["Ada", "Cleo"]);
}

#[test]
fn whoever_was_ending_the_meeting_goes_on_to_end_it() {
    // SPEC [R3]
    let mut world = world(163);
    let now = world.now();
    world.clients[0].meeting.end(now).unwrap();
    let snapshot = world.clients[0].meeting.snapshot(&KEY).unwrap();
    restart(&mut world, 0, 163, &snapshot);
    let ada = world.member_id(0);
    world.settle();
    for who in 0..3 {
        assert_eq!(world.clients[who].events.last(), Some(&Event::Ended { by: ada }));
    }
}

#[test]
fn a_second_crash_makes_the_first_ones_path_a_former_selfs() {
    // SPEC [R4]
    let ledger = Ledger::open();
    let mut world = world(165);
    let first = snapshot(&mut world, BEN);
    let old = epoch(&world, BEN);
    restart(&mut world, BEN, 165, &first);
    // It reads that nothing is missing, and builds its path.
    let (now, next) = (world.now(), world.log.len() as u64);
    world.clients[BEN].meeting.handle(crate::Input::Connected { next }, now).unwrap();
    assert!(member(&mut world.clients[BEN].meeting).group.has_pending());
    let second = snapshot(&mut world, BEN);
    world.settle();
    assert_eq!(epoch(&world, BEN), old + 1);
    microphone(&mut world, BEN).seal(b"x", now.monotonic_ms, &mut Vec::new()).unwrap();
    let third = restored(&world, BEN, 165, 200, &second);
    world.clients[BEN].events.clear();
    world.restart(BEN, third);
    let mut sealer = microphone(&mut world, BEN);
    while world.step() {
        let sealed = sealer.seal(b"x", now.monotonic_ms, &mut Vec::new());
        assert_eq!(sealed.is_ok(), epoch(&world, BEN) == old + 2);
    }
    assert!(world.has_joined(BEN) && !is_alarmed(&world, BEN));
    assert!(ledger.seals() > 1 && ledger.repeats() == 0);
    world.assert_agreed(&[0, 1, 2]);
}

#[test]
fn who_crashes_on_its_way_back_is_restored_on_its_way_back() {
    // SPEC [R8]
    let mut world = World::meeting(170, &["Ada", "Ben", "Cleo"]);
    world.clients[BEN].unheard = true;
    let (why, now) = (Resync::Gap, world.now());
    world.clients[BEN].meeting.core.shared.lose_track(why);
    world.clients[BEN].meeting.handle_timeout(now).unwrap();
    world.settle();
    assert!(world.clients[BEN].events.contains(&Event::Resyncing { why }));
    assert!(world.clients[BEN].meeting.snapshot_due());
    let snapshot = snapshot(&mut world, BEN);
    world.withheld.clear();
    world.clients[BEN].unheard = false;
    restart(&mut world, BEN, 170, &snapshot);
    world.pass(5_000);
    assert!(world.has_joined(BEN));
    world.assert_agreed(&[0, BEN, 2]);
}

#[test]
fn a_leaver_that_can_follow_no_more_has_left() {
    let mut world = World::meeting(171, &["Ada", "Ben", "Cleo"]);
    world.clients[BEN].unheard = true;
    act(&mut world, BEN, |ben, now| ben.leave(now));
    member(&mut world.clients[BEN].meeting).group.lose_path_keys();
    act(&mut world, 0, |ada, now| ada.set_door(incamera_wire::Door::Locked, now));
    assert_eq!(world.clients[BEN].events.last(), Some(&Event::Left));
    // Its word is on its way, and goes in its time.
    world.release();
    world.pass(2_000);
    assert_eq!(world.names(0), ["Ada", "Cleo"]);
}
