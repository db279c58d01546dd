//! What a server and a relay cannot do to the roster, the tracks and the rules.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use incamera::wire::Envelope;
use incamera::{
    Event, FrameError, Framing, Input, Opened, Right, Rights, Role, Track, TrackKind, TrackKinds,
};
use support::World;

/// A frame that a member seals.
fn frame(world: &mut World, from: usize, track: Track) -> Vec<u8> {
    let now = world.now_ms;
    let mut sealer = world.clients[from].meeting.sealer(track, Framing::Whole).unwrap();
    let mut sealed = Vec::new();
    sealer.seal(b"a frame", now, &mut sealed).unwrap();
    sealed
}

#[test]
fn a_relay_that_swaps_two_members_frames_is_found_out() {
    // SPEC [M7]
    let mut world = World::meeting(180, &["Ada", "Ben", "Cleo"]);
    world.pass(500);
    let [ben, cleo] = [1, 2].map(|who| frame(&mut world, who, Track::CAMERA));
    let screen = frame(&mut world, 0, Track::SCREEN);
    let (now, out) = (world.now_ms, &mut Vec::new());
    let (ada, cleos) = (world.member_id(0), world.member_id(2));
    let bens = world.member_id(1);
    let receiver = || world.clients[0].meeting.receiver().only(bens, Track::CAMERA);
    assert_eq!(receiver().open(0, &cleo, now, out), Err(FrameError::NotAllowed));
    assert!(out.is_empty());
    let opened = Opened::Frame { member: bens, track: Track::CAMERA, layer: None };
    assert_eq!(receiver().open(0, &ben, now, out), Ok(opened));
    // Nor does another track of the right member pass.
    let mut camera = world.clients[1].meeting.receiver().only(ada, Track::CAMERA);
    assert_eq!(camera.open(0, &screen, now, out), Err(FrameError::NotAllowed));
    let opened = Opened::Frame { member: cleos, track: Track::CAMERA, layer: None };
    assert_eq!(world.clients[0].meeting.receiver().open(0, &cleo, now, out), Ok(opened));
}

#[test]
fn a_server_that_says_an_old_add_again_puts_nobody_into_the_roster() {
    // SPEC [G1], [G2]
    let mut world = World::meeting(181, &["Ada", "Ben", "Cleo"]);
    let (cleo, epoch) = (world.member_id(2), world.clients[0].meeting.epoch().unwrap());
    world.ask(0, |host, now| host.remove(cleo, now));
    assert_eq!(world.names(1), ["Ada", "Ben"]);
    // As it was, and dressed up for the epoch that is now.
    for entry in world.log.clone() {
        world.append(entry.clone());
        if let Ok(mut entry) = Envelope::decode(&entry) {
            entry.epoch = epoch + 1;
            world.append(entry.encode());
        }
    }
    world.settle();
    world.pass(5_000);
    assert_eq!(world.names(1), ["Ada", "Ben"]);
    world.assert_agreed(&[0, 1]);
}

#[test]
fn a_joiner_takes_no_other_meeting_for_its_own() {
    // SPEC [A5], [W8]
    let mut world = World::meeting(182, &["Ada", "Ben"]);
    let mut ghosts = World::meeting(183, &["Ada", "Ben", "Dan"]);
    let dan = world.knock("Dan");
    // The server shows Dan a meeting of its own, by the same names, tree and all.
    ghosts.pass(1_000);
    let (now, first) = (world.now(), world.log.len() as u64);
    for (seq, bytes) in (first..).zip(ghosts.log.clone()) {
        let _ = world.clients[dan].meeting.handle(Input::Log { seq, bytes }, now);
    }
    for blob in ghosts.blobs.values() {
        let _ = world.clients[dan].meeting.handle(Input::Blob(blob.clone()), now);
    }
    world.settle();
    assert!(!world.has_joined(dan));
    assert_eq!(world.clients[dan].meeting.epoch(), None);
    assert!(world.clients[dan].meeting.roster().is_empty());
}

#[test]
fn screens_reserved_for_hosts_are_dropped_from_everyone_else() {
    // SPEC [M7], [G15]
    let mut world = World::meeting(184, &["Ada", "Ben", "Cleo"]);
    let ben = world.clients[0].meeting.roster()[1].fingerprint;
    world.ask(0, |host, now| host.set_role(ben, Role::Presenter, now));
    world.pass(500);
    let early = frame(&mut world, 1, Track::SCREEN);
    let rights = world.clients[0].meeting.rules().unwrap().rights.presenter;
    let without = rights.without(Right::ShareScreen);
    world.ask(0, |host, now| host.set_role_rights(Role::Presenter, without, now));
    // A relay that kept a frame of better days has no use for it, and no more are made.
    let (now, out) = (world.now_ms, &mut Vec::new());
    let opened = world.clients[2].meeting.receiver().open(0, &early, now, out);
    assert_eq!(opened, Err(FrameError::NotAllowed));
    let mut sealer = world.clients[1].meeting.sealer(Track::SCREEN, Framing::Whole).unwrap();
    assert_eq!(sealer.seal(b"x", now, &mut Vec::new()), Err(FrameError::NotAllowed));
    world.pass(500);
    let screen = frame(&mut world, 0, Track::SCREEN);
    let opened = world.clients[2].meeting.receiver().open(0, &screen, world.now_ms, out);
    assert!(matches!(opened, Ok(Opened::Frame { .. })), "{opened:?}");
}

#[test]
fn rules_changed_and_changed_back_in_one_breath_are_as_they_were() {
    // SPEC [G15]
    let mut world = World::meeting(185, &["Ada", "Ben"]);
    let (ben, now) = (world.member_id(1), world.now());
    let sound = TrackKinds::of(&[TrackKind::Microphone]);
    let host = &mut world.clients[0].meeting;
    host.mute_all(sound, now).unwrap();
    host.unmute_all(sound, now).unwrap();
    host.set_exceptions(ben, Rights::of(&[Right::Record]), Rights::NONE, now).unwrap();
    host.set_exceptions(ben, Rights::NONE, Rights::NONE, now).unwrap();
    host.set_passcode(Some("4711"), now).unwrap();
    host.set_passcode(None, now).unwrap();
    world.settle();
    for who in 0..2 {
        let meeting = &world.clients[who].meeting;
        let rules = meeting.rules().unwrap();
        assert!(rules.muted.is_empty() && !rules.has_passcode, "client {who}");
        assert!(!meeting.roster()[1].rights.contains(Right::Record), "client {who}");
        let broken = |event: &Event| matches!(event, Event::Alarm(_));
        assert_eq!(world.count(who, broken), 0, "client {who}");
    }
}
