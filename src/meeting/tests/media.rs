//! Frames of modified clients that ask nobody whether they may send: no receiver opens one
//! (SPEC \[M7\], \[G18\]).

use std::sync::Arc;

use incamera_wire::{Label, Right, Rights, TrackKind, TrackKinds};

use super::*;
use crate::keyring::{EpochInstall, Keyring};
use crate::media::{Opened, Sealer};
use crate::sframe::Suite;
use crate::{FrameError, Framing, Track};

const MICROPHONE: TrackKinds = TrackKinds::of(&[TrackKind::Microphone]);
const TRACKS: [Track; 5] =
    [Track::MICROPHONE, Track::CAMERA, Track::SCREEN, Track::SCREEN_AUDIO, Track::DATA];

/// A client with the keys of its current epoch that thinks it may do everything.
struct Modified(Arc<Keyring>);

impl Modified {
    fn of(world: &mut World, who: Who) -> Self {
        let own = member(&mut world.clients[who].meeting);
        let seats = own.roster().seats().iter();
        let leaves = seats.map(|s| (s.occupant.leaf, s.occupant.stay, TrackKinds::ALL)).collect();
        let install = EpochInstall {
            epoch: own.group.epoch(),
            base_key: own.group.export("SFrame 1.0 Base Key", b"", 16).unwrap(),
            audio: None,
            padding: incamera_wire::Padding::NONE,
            own_leaf: own.group.own_leaf(),
            leaves,
            adds: false,
            removes: false,
        };
        let keyring = Keyring::new(Suite::AesGcm128Sha256_128);
        keyring.install(install, 0).unwrap();
        keyring.renew(u64::MAX);
        keyring.allow_sealing(true);
        Self(Arc::new(keyring))
    }

    fn seal(&self, track: Track) -> Vec<u8> {
        let mut frame = Vec::new();
        let mut sealer = Sealer::lease(self.0.clone(), track, Framing::Whole).unwrap();
        sealer.seal(b"frame", 0, &mut frame).unwrap();
        frame
    }
}

fn open(world: &World, who: Who, frame: &[u8]) -> Result<Opened, FrameError> {
    world.clients[who].meeting.receiver().open(0, frame, world.now_ms, &mut Vec::new())
}

/// Both honest members open a frame of Ben's on this track.
#[track_caller]
fn heard(world: &World, modified: &Modified, track: Track) {
    let frame = modified.seal(track);
    for who in HONEST {
        let opened = open(world, who, &frame);
        assert!(matches!(opened, Ok(Opened::Frame { .. })), "client {who}: {opened:?}");
    }
}

/// No honest member opens a frame of Ben's on this track.
#[track_caller]
fn dropped(world: &World, modified: &Modified, track: Track) {
    let frame = modified.seal(track);
    for who in HONEST {
        assert_eq!(open(world, who, &frame), Err(FrameError::NotAllowed), "client {who}");
    }
}

/// Ben's own client does not even seal what the others would drop.
#[track_caller]
fn seals(world: &mut World, track: Track) -> Result<(), FrameError> {
    let now = world.now_ms;
    let mut sealer = world.clients[BEN].meeting.sealer(track, Framing::Whole).unwrap();
    sealer.seal(b"frame", now, &mut Vec::new())
}

#[test]
fn a_muted_member_that_speaks_on_is_heard_by_nobody() {
    // SPEC [M7], [G15]
    let mut world = world(160);
    let ben = world.member_id(BEN);
    let old = Modified::of(&mut world, BEN);
    heard(&world, &old, Track::MICROPHONE);
    let late = old.seal(Track::MICROPHONE);
    act(&mut world, 0, |meeting, now| meeting.mute(ben, MICROPHONE, now));
    let new = Modified::of(&mut world, BEN);
    // Neither a frame of the epoch before the mute nor of the one after it.
    dropped(&world, &old, Track::MICROPHONE);
    dropped(&world, &new, Track::MICROPHONE);
    for who in HONEST {
        assert_eq!(open(&world, who, &late), Err(FrameError::NotAllowed), "client {who}");
    }
    heard(&world, &old, Track::CAMERA);
    heard(&world, &new, Track::CAMERA);
    assert_eq!(seals(&mut world, Track::MICROPHONE), Err(FrameError::NotAllowed));
    act(&mut world, 0, |meeting, now| meeting.unmute(ben, MICROPHONE, now));
    let again = Modified::of(&mut world, BEN);
    heard(&world, &again, Track::MICROPHONE);
    // What was sealed while the mute stood stays dropped.
    dropped(&world, &new, Track::MICROPHONE);
    assert_eq!(seals(&mut world, Track::MICROPHONE), Ok(()));
}

#[test]
fn everyone_muted_but_the_host_is_heard_by_nobody() {
    // SPEC [M7]
    let mut world = world(161);
    act(&mut world, 0, |meeting, now| meeting.mute_all(TrackKinds::ALL, now));
    let modified = Modified::of(&mut world, BEN);
    for track in TRACKS {
        dropped(&world, &modified, track);
    }
    let host = Modified::of(&mut world, 0).seal(Track::MICROPHONE);
    assert!(matches!(open(&world, 2, &host), Ok(Opened::Frame { .. })));
}

#[test]
fn a_screen_shared_without_the_right_is_seen_by_nobody() {
    // SPEC [M7]
    let mut world = world(162);
    let modified = Modified::of(&mut world, BEN);
    dropped(&world, &modified, Track::SCREEN);
    dropped(&world, &modified, Track::SCREEN_AUDIO);
    assert_eq!(seals(&mut world, Track::SCREEN), Err(FrameError::NotAllowed));
    // The control: as a presenter he may.
    give_role(&mut world, BEN, Role::Presenter);
    let modified = Modified::of(&mut world, BEN);
    heard(&world, &modified, Track::SCREEN);
    heard(&world, &modified, Track::SCREEN_AUDIO);
    // And no longer once the host reserves it.
    let rights = state_of(&mut world, 0).rights.presenter.without(Right::ShareScreen);
    act(&mut world, 0, |meeting, now| meeting.set_role_rights(Role::Presenter, rights, now));
    dropped(&world, &modified, Track::SCREEN);
    let modified = Modified::of(&mut world, BEN);
    dropped(&world, &modified, Track::SCREEN);
    dropped(&world, &modified, Track::SCREEN_AUDIO);
    heard(&world, &modified, Track::CAMERA);
}

#[test]
fn a_member_stripped_of_the_right_to_a_kind_is_dropped_on_that_kind() {
    // SPEC [M7]
    let cases = [
        (Right::Speak, Track::MICROPHONE),
        (Right::Video, Track::CAMERA),
        (Right::Chat, Track::DATA),
    ];
    let mut world = world(163);
    let ben = world.member_id(BEN);
    for (right, track) in cases {
        let withheld = Rights::of(&[right]);
        act(&mut world, 0, |m, now| m.set_exceptions(ben, Rights::NONE, withheld, now));
        let modified = Modified::of(&mut world, BEN);
        for other in [Track::MICROPHONE, Track::CAMERA, Track::DATA] {
            if other == track {
                dropped(&world, &modified, other);
            } else {
                heard(&world, &modified, other);
            }
        }
    }
}

/// What each label sends at most, whatever the role beneath.
const LABELLED: [(Label, &[Track]); 4] = [
    (Label::Recorder, &[]),
    (Label::Captioner, &[Track::DATA]),
    (Label::Bridge, &TRACKS),
    (Label::Bot, &[Track::DATA]),
];

#[track_caller]
fn sends_only(world: &mut World, allowed: &[Track]) {
    let modified = Modified::of(world, BEN);
    for track in TRACKS {
        if allowed.contains(&track) {
            heard(world, &modified, track);
        } else {
            dropped(world, &modified, track);
        }
    }
}

#[test]
fn a_program_that_sends_beyond_its_label_is_dropped() {
    // SPEC [G18], [M7]
    let mut world = world(164);
    give_role(&mut world, BEN, Role::CoHost);
    let ben = world.member_id(BEN);
    for (label, allowed) in LABELLED {
        act(&mut world, 0, |meeting, now| meeting.set_label(ben, Some(label), now));
        sends_only(&mut world, allowed);
    }
}

#[test]
fn a_program_that_sends_beyond_what_its_certificate_says_is_dropped() {
    // SPEC [G18], [I7], [M7]
    for (seed, (label, allowed)) in (165..).zip(LABELLED) {
        let mut world = World::meeting(seed, &["Ada"]);
        let program = incamera::testing::identity([7; 32], "Ben").unwrap().labelled(label);
        let invite = world.clients[0].meeting.invite().unwrap();
        let meeting = incamera::testing::join([8; 32], &program, &invite, world.now()).unwrap();
        world.add("Ben", meeting);
        world.settle();
        world.admit_all(0);
        world.knock("Cleo");
        world.admit_all(0);
        give_role(&mut world, BEN, Role::CoHost);
        sends_only(&mut world, allowed);
    }
}
