//! Who may have whom make key frames, and how often (SPEC \[M45\] to \[M48\]).

use incamera_wire::{Destination, TrackKind, TrackKinds};

use super::*;
use crate::keyring::LINGER_MS;
use crate::media::{Framing, Sealer};
use crate::{Error, Output, Track};

const CLEO: Who = 2;
const NEEDED: Event = Event::KeyFrameNeeded { track: Track::CAMERA };

/// Ada, Ben and Cleo; Ada and Cleo send video.
fn stage(seed: u8) -> (World, [Sealer; 2]) {
    let mut world = world(seed);
    let sealers = [0, CLEO]
        .map(|who| world.clients[who].meeting.sealer(Track::CAMERA, Framing::Whole).unwrap());
    // Their commits have had key frames made.
    world.pass(5_000);
    world.clients.iter_mut().for_each(|client| client.events.clear());
    (world, sealers)
}

/// How many events are in the log.
fn said(world: &World) -> usize {
    world.log.iter().filter(|entry| opened(entry).kind == EnvelopeKind::Event).count()
}

fn needed(world: &World, who: Who) -> usize {
    world.count(who, |event| *event == NEEDED)
}

/// Somebody asks a member for a key frame of its camera, by its own client.
#[track_caller]
fn ask(world: &mut World, who: Who, whom: Who) {
    let member = world.member_id(whom);
    act(world, who, |meeting, now| meeting.request_key_frame(member, Track::CAMERA, now));
}

/// What a client asks Ada for, whatever the rules say.
fn forged(world: &mut World, who: Who, track: Track) -> Vec<u8> {
    let to = world.member_id(0);
    forged_event(world, who, EventKind::KeyFrameRequest { to, track })
}

#[test]
fn a_request_reaches_the_member_that_it_names_and_no_other() {
    // SPEC [M46]
    let (mut world, _sealers) = stage(210);
    ask(&mut world, BEN, 0);
    assert_eq!([0, BEN, CLEO].map(|who| needed(&world, who)), [1, 0, 0]);
    ask(&mut world, BEN, CLEO);
    ask(&mut world, 0, CLEO);
    world.pass(999);
    assert_eq!([0, BEN, CLEO].map(|who| needed(&world, who)), [1, 0, 1]);
    world.pass(1);
    assert_eq!([0, BEN, CLEO].map(|who| needed(&world, who)), [1, 0, 2]);
    let entry = world.log.last().unwrap();
    assert!(entry.len() <= 260, "a request takes {} bytes of the log", entry.len());
}

#[test]
fn what_cannot_be_asked_for_is_said_to_the_caller_and_changes_nothing() {
    // SPEC [M46]
    let (mut world, _sealers) = stage(211);
    let (ada, ben, now) = (world.member_id(0), world.member_id(BEN), world.now());
    let client = &mut world.clients[BEN].meeting;
    let before = client.digest();
    let mut request = |member, track| client.request_key_frame(member, track, now);
    for track in [Track::MICROPHONE, Track::SCREEN_AUDIO, Track::DATA] {
        assert!(matches!(request(ada, track), Err(Error::Argument(_))), "{track:?}");
    }
    assert!(matches!(request(ben, Track::CAMERA), Err(Error::Argument(_))));
    let nobody = request(MemberId::new([9; 16]), Track::CAMERA);
    assert_eq!(nobody, Err(Error::UnknownMember));
    assert_eq!(client.digest(), before);
    let dan = world.knock("Dan");
    let now = world.now();
    let outside = world.clients[dan].meeting.request_key_frame(ada, Track::CAMERA, now);
    assert_eq!(outside, Err(Error::NotJoined));
}

#[test]
fn a_request_for_what_is_not_or_may_not_be_sent_does_nothing() {
    // SPEC [M46]
    let (mut world, sealers) = stage(212);
    let ada = world.member_id(0);
    for track in [Track::SCREEN, Track::new(TrackKind::Camera, 1).unwrap()] {
        act(&mut world, BEN, |meeting, now| meeting.request_key_frame(ada, track, now));
    }
    // Who has dropped her sealer sends no more.
    let [camera, cleos] = sealers;
    drop(camera);
    ask(&mut world, BEN, 0);
    assert_eq!(world.count(0, |event| matches!(event, Event::KeyFrameNeeded { .. })), 0);
    // Nor does who is muted.
    let (cleo, video) = (world.member_id(CLEO), TrackKinds::of(&[TrackKind::Camera]));
    act(&mut world, 0, |meeting, now| meeting.mute(cleo, video, now));
    ask(&mut world, BEN, CLEO);
    world.pass(1_000);
    assert_eq!(needed(&world, CLEO), 0);
    // She makes one as she may again, and answers who asks.
    act(&mut world, 0, |meeting, now| meeting.unmute(cleo, video, now));
    assert_eq!(needed(&world, CLEO), 1);
    ask(&mut world, BEN, CLEO);
    world.pass(1_000);
    assert_eq!(needed(&world, CLEO), 2);
    drop(cleos);
}

#[test]
fn a_request_for_sound_is_refused_by_all() {
    // SPEC [M46]
    let (mut world, _sealers) = stage(213);
    let sound = Track::new(TrackKind::Microphone, 1).unwrap();
    let to = world.member_id(0);
    let author = &mut world.clients[BEN].meeting;
    let signed = signed(author, EventKind::KeyFrameRequest { to, track: sound });
    let entry = seal(author, EnvelopeKind::Event, &signed.encode());
    let why = EventBody::decode(&signed.body).unwrap_err();
    all_refuse(world, entry, None, Fault::Malformed(why));
}

#[test]
fn who_is_ordered_out_asks_in_vain() {
    // SPEC [M46], [G16]
    let (mut world, _sealers) = stage(214);
    order_alone(&mut world, CLEO, BEN);
    let before = needed(&world, 0);
    assert!(world.clients[0].meeting.roster()[1].ordered_out);
    let entry = forged(&mut world, BEN, Track::CAMERA);
    world.append(entry);
    // Without time for the removal itself.
    world.settle();
    assert!(world.names(0).contains(&"Ben".to_owned()));
    assert_eq!(needed(&world, 0), before);
}

#[test]
fn who_has_gone_asks_in_vain_and_so_does_a_replay() {
    // SPEC [G11], [M46]
    let (mut world, _sealers) = stage(215);
    let ben = world.member_id(BEN);
    let early = forged(&mut world, BEN, Track::CAMERA);
    let entry = forged(&mut world, BEN, Track::CAMERA);
    world.append(entry.clone());
    world.settle();
    assert_eq!(needed(&world, 0), 1);
    world.pass(2_000);
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Replayed);
    act(&mut world, 0, |meeting, now| meeting.remove(ben, now));
    refused_by(&mut world, &HONEST, early, Some(ben), Fault::UnknownAuthor);
    world.pass(2_000);
    assert_eq!(needed(&world, 0), 1);
}

#[test]
fn a_request_of_an_ended_epoch_counts_for_thirty_seconds() {
    // SPEC [G11], [M46]
    for (wait, counts) in [(29_000, 1), (30_000, 0)] {
        let (mut world, _sealers) = stage(216);
        let early = forged(&mut world, BEN, Track::CAMERA);
        let sound = TrackKinds::of(&[TrackKind::Microphone]);
        act(&mut world, 0, |meeting, now| meeting.mute_all(sound, now));
        world.now_ms += wait;
        world.append(early);
        world.settle();
        assert_eq!(needed(&world, 0), counts, "after {wait} ms");
    }
}

#[test]
fn a_member_that_floods_has_no_more_key_frames_made_than_its_budget_and_others_are_served() {
    // SPEC [M45], [M47]
    let (mut world, _sealers) = stage(217);
    world.clients[BEN].unheard = true;
    for _ in 0..80 {
        let entry = forged(&mut world, BEN, Track::CAMERA);
        world.append(entry);
        world.pass(100);
    }
    assert_eq!(needed(&world, 0), 4);
    ask(&mut world, CLEO, 0);
    assert_eq!(needed(&world, 0), 5);
    // And newcomers: their commits are nobody's requests.
    world.knock("Dan");
    world.admit_all(0);
    world.pass(2_000);
    assert_eq!(needed(&world, 0), 6);
}

#[test]
fn the_same_request_within_a_second_is_not_sent() {
    // SPEC [M48]
    let (mut world, _sealers) = stage(218);
    let before = said(&world);
    ask(&mut world, BEN, 0);
    for _ in 0..3 {
        ask(&mut world, BEN, 0);
    }
    assert_eq!(said(&world), before + 1);
    // Another one is.
    ask(&mut world, BEN, CLEO);
    assert_eq!(said(&world), before + 2);
    world.now_ms += 999;
    ask(&mut world, BEN, 0);
    assert_eq!(said(&world), before + 2);
    world.now_ms += 1;
    ask(&mut world, BEN, 0);
    assert_eq!(said(&world), before + 3);
    let asked = &world.clients[BEN].meeting.core.shared.key_frames.asked;
    assert_eq!(asked.len(), 1, "what was asked long ago is forgotten");
}

#[test]
fn a_request_that_is_on_its_way_is_not_sent_again_however_long_it_takes() {
    // SPEC [M48]
    let (mut world, _sealers) = stage(219);
    world.clients[BEN].online = false;
    let (ada, mut posted) = (world.member_id(0), std::collections::BTreeSet::new());
    for _ in 0..20 {
        world.now_ms += 1_000;
        let now = world.now();
        let ben = &mut world.clients[BEN].meeting;
        ben.request_key_frame(ada, Track::CAMERA, now).unwrap();
        while let Some(output) = ben.poll() {
            if let Output::Send(message) = output
                && message.to == Destination::Log
                && opened(&message.bytes).kind == EnvelopeKind::Event
            {
                posted.insert(message.id);
            }
        }
    }
    assert_eq!(posted.len(), 1);
    world.clients[BEN].online = true;
    world.connect(BEN);
    world.settle();
    assert_eq!(needed(&world, 0), 1);
    // It has arrived: what is lost now is asked for anew.
    world.pass(1_000);
    ask(&mut world, BEN, 0);
    assert_eq!(needed(&world, 0), 2);
}

#[test]
fn what_an_identity_has_spent_is_kept_while_it_is_here_and_no_longer() {
    // SPEC [G29], [M47]
    let (mut world, _sealers) = stage(220);
    let budgets = |world: &World| world.clients[0].meeting.core.shared.key_frames.spent.len();
    ask(&mut world, BEN, 0);
    ask(&mut world, CLEO, 0);
    world.pass(1_000);
    assert_eq!(budgets(&world), 2);
    let ben = world.member_id(BEN);
    act(&mut world, 0, |meeting, now| meeting.remove(ben, now));
    assert_eq!(budgets(&world), 1);
}

#[test]
fn a_request_of_a_newcomer_waits_for_the_first_frame_that_it_can_open() {
    // SPEC [M45], [M6]
    let (mut world, _sealers) = stage(221);
    let dan = world.knock("Dan");
    let (knock, now) = (world.last_knock(0), world.now());
    world.clients[0].meeting.admit(knock, now).unwrap();
    while !world.has_joined(dan) {
        world.settle();
        world.now_ms += 1;
        let now = world.now();
        world.clients.iter_mut().for_each(|client| client.meeting.handle_timeout(now).unwrap());
    }
    assert_eq!(needed(&world, 0), 0, "the linger is not over");
    ask(&mut world, dan, 0);
    assert_eq!(needed(&world, 0), 0);
    world.pass(LINGER_MS);
    assert_eq!(needed(&world, 0), 1);
    world.pass(5_000);
    assert_eq!(needed(&world, 0), 1);
}

#[test]
fn a_fresh_leaf_brings_no_fresh_budget() {
    // SPEC [M47]
    let (mut world, _sealers) = stage(222);
    for _ in 0..4 {
        ask(&mut world, BEN, 0);
        world.pass(1_000);
    }
    assert_eq!(needed(&world, 0), 4);
    let was = world.member_id(BEN);
    member(&mut world.clients[BEN].meeting).group.lose_path_keys();
    act(&mut world, 0, |meeting, now| meeting.set_door(incamera_wire::Door::Locked, now));
    world.pass(4_000);
    assert_ne!(world.member_id(BEN), was, "back under another id");
    let before = needed(&world, 0);
    ask(&mut world, BEN, 0);
    assert_eq!(needed(&world, 0), before);
    ask(&mut world, CLEO, 0);
    assert_eq!(needed(&world, 0), before + 1);
}
