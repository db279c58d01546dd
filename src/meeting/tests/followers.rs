//! Hosts that fall silent by accident: those who follow them say so by themselves, in time and not
//! before (SPEC \[G17\], \[G24\]).

use super::*;
use crate::{Alarm, Framing, Track};

const CLEO: Who = 2;

/// Ada, Ben who follows her, and Cleo.
fn followed(seed: u8) -> World {
    let mut world = world(seed);
    give_role(&mut world, BEN, Role::CoHost);
    let followers = vec![fingerprint(&world, BEN)];
    act(&mut world, 0, |meeting, now| meeting.set_succession(followers, now));
    world.pass(60_000);
    world
}

fn roles(world: &World, who: Who) -> Vec<Role> {
    world.clients[who].meeting.roster().iter().map(|p| p.role).collect()
}

#[test]
fn a_follower_takes_a_crashed_hosts_place_before_anybody_stops() {
    // SPEC [G17], [M14]
    for phase in [0, 1_700, 3_400, 4_900] {
        let mut world = followed(20);
        world.pass(phase);
        world.clients[0].online = false;
        let start = world.now_ms;
        let mut microphone =
            world.clients[CLEO].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
        while roles(&world, CLEO)[1] != Role::Host {
            world.pass(100);
            microphone.seal(b"frame", world.now_ms, &mut Vec::new()).unwrap();
            assert!(world.now_ms - start <= 30_000, "phase {phase}");
        }
        assert!(world.now_ms - start >= 20_000, "phase {phase}");
        for _ in 0..1_000 {
            world.pass(100);
            microphone.seal(b"frame", world.now_ms, &mut Vec::new()).unwrap();
        }
        assert_eq!(world.count(CLEO, |e| *e == Event::Alarm(Alarm::Withheld)), 0, "{phase}");
    }
}

/// This one is away for fifteen seconds, so long after a heartbeat.
#[track_caller]
fn hands_over(who: Who, phase: u64) {
    let mut world = followed(21);
    world.pass(phase);
    world.clients[who].online = false;
    world.pass(15_000);
    world.connect(who);
    world.pass(40_000);
    for seen in [0, BEN, CLEO] {
        let alarm = |event: &Event| matches!(event, Event::Alarm(_));
        assert_eq!(world.count(seen, alarm), 0, "{who} away, {seen}, phase {phase}");
        assert_eq!(roles(&world, seen)[0], Role::Host, "{who} away, phase {phase}");
    }
}

#[test]
fn a_handover_of_fifteen_seconds_replaces_and_alarms_nobody() {
    // SPEC [G17], [G24]
    (0..5_000).step_by(1_000).for_each(|phase| hands_over(0, phase));
    hands_over(BEN, 0);
    hands_over(CLEO, 0);
}

#[test]
fn a_follower_that_was_away_itself_replaces_nobody() {
    // SPEC [G17]
    let mut world = followed(22);
    world.clients[BEN].online = false;
    world.pass(300_000);
    world.connect(BEN);
    world.pass(60_000);
    // Nor one whose machine slept, and counts the time.
    world.clients[BEN].online = false;
    for _ in 0..12 {
        let now_ms = world.now_ms + 5_000;
        for who in [0, CLEO] {
            world.now_ms = now_ms;
            let now = world.now();
            let _ = world.clients[who].meeting.handle_timeout(now);
        }
        world.settle();
    }
    world.connect(BEN);
    world.pass(60_000);
    for who in [0, BEN, CLEO] {
        assert_eq!(roles(&world, who), [Role::Host, Role::CoHost, Role::Attendee], "{who}");
        assert!(member(&mut world.clients[who].meeting).statements.is_empty(), "client {who}");
    }
}

#[test]
fn a_host_that_speaks_is_not_silent_and_one_whose_old_words_come_late_is() {
    // SPEC [G17], [G24]
    let mut world = followed(23);
    world.clients[0].unheard = true;
    for _ in 0..10 {
        // Not a heartbeat comes, but a word of hers.
        let entry = forged_event(&mut world, 0, EventKind::Hand { raised: true });
        world.append(entry);
        world.pass(10_000);
    }
    assert_eq!(roles(&world, CLEO)[0], Role::Host);
    // From here on heartbeats come that are forty seconds old.
    let beat = |message: &crate::Message| {
        Envelope::decode(&message.bytes).is_ok_and(|e| e.kind == EnvelopeKind::Heartbeat)
    };
    let mut beats: Vec<_> = world.withheld.iter().filter(|m| beat(m)).cloned().collect();
    let mut seen = Vec::new();
    beats.retain(|message| {
        let new = !seen.contains(&message.id);
        seen.push(message.id);
        new
    });
    let mut late = beats.split_off(beats.len() - 8).into_iter();
    let start = world.now_ms;
    while roles(&world, CLEO)[1] != Role::Host {
        world.serve(late.next().unwrap());
        world.pass(5_000);
    }
    assert!((10_000..=30_000).contains(&(world.now_ms - start)), "{}", world.now_ms - start);
    assert!(world.refusals(CLEO).is_empty());
}

#[test]
fn the_word_of_most_followers_is_needed_and_comes_by_itself() {
    // SPEC [G17]
    let mut world = World::meeting(24, &["Ada", "Ben", "Cleo", "Dan", "Eve"]);
    let followers: Vec<_> = [1, 2, 3].map(|who| fingerprint(&world, who)).into();
    for who in [1, 2, 3] {
        give_role(&mut world, who, Role::CoHost);
    }
    act(&mut world, 0, |meeting, now| meeting.set_succession(followers, now));
    world.pass(60_000);
    // The first of the list is gone as well.
    world.clients[0].online = false;
    world.clients[1].online = false;
    world.pass(35_000);
    for who in [2, 3, 4] {
        assert_eq!(roles(&world, who)[..2], [Role::CoHost, Role::Host], "client {who}");
    }
    // What she does not do as host is noticed, and the next one follows.
    world.pass(40_000);
    for who in [2, 3, 4] {
        assert_eq!(roles(&world, who)[..3], [Role::CoHost, Role::CoHost, Role::Host], "{who}");
    }
    world.connect(0);
    world.connect(1);
    world.pass(10_000);
    world.assert_agreed(&[0, 1, 2, 3, 4]);
}
