//! A log that is withheld or delayed, and members who fall silent: who is told when, and when sealing
//! stops (SPEC \[G24\], \[M14\]).

use super::apart::Apart;
use super::*;
use crate::{Alarm, FrameError, Framing, Track};

const CLEO: Who = 2;
const WITHHELD: Event = Event::Alarm(Alarm::Withheld);

fn unheard(member: MemberId) -> Event {
    Event::Alarm(Alarm::Unheard { member })
}

fn alarms(events: &[Event]) -> Vec<&Event> {
    events.iter().filter(|event| matches!(event, Event::Alarm(_))).collect()
}

#[test]
fn a_withheld_log_is_noticed_within_thirty_seconds_and_sealing_stops_at_sixty() {
    // SPEC [M14], [G24]
    for phase in [0, 1_300, 2_600, 4_900] {
        let mut world = world(240);
        let mut cleo = Apart::new(&mut world, CLEO);
        cleo.pass(&mut world, 60_000 + phase);
        assert!(alarms(&cleo.events).is_empty() && cleo.seals(&world), "{:?}", cleo.events);
        // The server goes on taking what she sends.
        cleo.delay = |_| u64::MAX / 2;
        let start = world.now_ms;
        let told = cleo.until(&mut world, 30_000, &WITHHELD).unwrap();
        assert!(told >= 15_000, "{told} ms");
        while cleo.seals(&world) {
            cleo.pass(&mut world, 100);
            assert!(world.now_ms <= start + 60_000, "phase {phase}");
        }
        assert_eq!(world.now_ms - start, told + 30_000);
        cleo.pass(&mut world, 120_000);
        assert_eq!(alarms(&cleo.events), [&WITHHELD], "once for each silence");
        // What was kept back comes: all is as before.
        cleo.delay = |_| 0;
        cleo.pass(&mut world, 6_000);
        assert_eq!(cleo.count(&Event::LogCurrent), 1);
        assert!(cleo.seals(&world));
        cleo.pass(&mut world, 60_000);
        assert_eq!(alarms(&cleo.events), [&WITHHELD]);
        cleo.delay = |_| u64::MAX / 2;
        cleo.until(&mut world, 30_000, &WITHHELD).unwrap();
    }
}

#[test]
fn a_log_that_comes_later_and_later_is_noticed_likewise() {
    // SPEC [M14], [G24]: half a second more for each second, from 100 s on.
    let mut world = world(241);
    let mut cleo = Apart::new(&mut world, CLEO);
    cleo.pass(&mut world, 99_000);
    cleo.delay = |at| at.saturating_sub(100_000) / 2;
    let told = cleo.until(&mut world, 100_000, &WITHHELD).unwrap();
    let behind = (cleo.delay)(world.now_ms);
    assert!((15_000..=30_000).contains(&behind), "{told} ms, {behind} ms behind");
    while cleo.seals(&world) {
        cleo.pass(&mut world, 100);
    }
    let behind = (cleo.delay)(world.now_ms);
    assert!((40_000..=60_000).contains(&behind), "{behind} ms behind");
    // She was kept reading all the while.
    assert!(cleo.meeting.roster()[0].heard_ms.unwrap() + 15_000 > world.now_ms);
}

#[test]
fn a_constant_delay_of_some_seconds_is_no_reason_for_an_alarm() {
    // SPEC [G24]
    let mut world = world(242);
    let mut cleo = Apart::new(&mut world, CLEO);
    cleo.delay = |_| 6_000;
    cleo.pass(&mut world, 300_000);
    assert!(alarms(&cleo.events).is_empty() && cleo.seals(&world), "{:?}", cleo.events);
    for who in 0..CLEO {
        assert!(alarms(&world.clients[who].events).is_empty(), "client {who}");
    }
}

#[test]
fn a_delay_of_about_the_limit_does_not_alarm_again_and_again() {
    // SPEC [G24]
    for delay in [|_| 18_000, |_| 22_000, |_| 26_000] {
        let mut world = world(253);
        let mut cleo = Apart::new(&mut world, CLEO);
        cleo.pass(&mut world, 60_000);
        cleo.delay = delay;
        cleo.pass(&mut world, 300_000);
        assert!(alarms(&cleo.events).len() <= 1, "{:?}", cleo.events);
        assert!(cleo.seals(&world));
    }
}

#[test]
fn clocks_may_differ_drift_jump_and_sleep() {
    // SPEC [G24]
    let clocks: [fn(u64) -> u64; 4] = [
        |at| at + 7_000_000_000,
        |at| at + at / 1_000,
        |at| if at < 100_000 { at } else { at + 3_600_000 },
        |at| at - at / 1_000,
    ];
    for (case, clock) in clocks.into_iter().enumerate() {
        let mut world = world(243);
        // First the others' view of a host with that clock.
        let mut ada = Apart::new(&mut world, 0);
        if case != 2 {
            ada.clock = clock;
        }
        ada.pass(&mut world, 90_000);
        ada.clock = clock;
        ada.pass(&mut world, 200_000);
        for client in &world.clients {
            assert!(alarms(&client.events).is_empty(), "case {case}: {:?}", client.events);
        }
    }
}

#[test]
fn a_host_whose_clock_slept_is_believed_again_at_once() {
    // SPEC [G24]: its machine stood still for twenty seconds, and does not know.
    let mut world = world(244);
    let mut ada = Apart::new(&mut world, 0);
    ada.pass(&mut world, 99_000);
    ada.clock = |at| if at < 100_000 { at } else { (at - 20_000).max(100_000) };
    ada.delay = |at| if (100_000..120_000).contains(&at) { u64::MAX / 2 } else { 0 };
    ada.pass(&mut world, 200_000);
    for client in &world.clients {
        assert!(alarms(&client.events).is_empty(), "{:?}", client.events);
    }
}

#[test]
fn a_member_whose_clock_stood_still_does_not_take_old_words_for_new_ones() {
    // SPEC [G24]: for a minute that its clock does not count; then everything comes 45 s late.
    let mut world = world(245);
    let mut cleo = Apart::new(&mut world, CLEO);
    cleo.pass(&mut world, 99_000);
    cleo.clock = |at| if at < 100_000 { at } else { (at.saturating_sub(60_000)).max(100_000) };
    cleo.delay = |at| match at {
        0..100_000 => 0,
        100_000..160_000 => u64::MAX / 2,
        _ => 45_000,
    };
    cleo.pass(&mut world, 61_000);
    let woken = world.now_ms;
    cleo.until(&mut world, 60_000, &WITHHELD).unwrap();
    assert!(world.now_ms - woken <= 32_000, "{} ms", world.now_ms - woken);
}

#[test]
fn sealing_stops_on_time_although_nobody_drives() {
    // SPEC [M14]
    let mut world = world(246);
    world.pass(20_000);
    let mut microphone =
        world.clients[CLEO].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    world.clients[CLEO].online = false;
    let fresh = member(&mut world.clients[CLEO].meeting).live.fresh_ms;
    world.pass(fresh + 50_000 - world.now_ms);
    let mut sealed = Vec::new();
    microphone.seal(b"frame", fresh + 59_999, &mut sealed).unwrap();
    let stopped = microphone.seal(b"frame", fresh + 60_000, &mut sealed);
    assert_eq!(stopped, Err(FrameError::Stopped));
}

#[test]
fn the_stop_is_each_clients_own_choice_and_the_alarm_is_not() {
    // SPEC [M14]
    let mut world = world(247);
    world.pass(20_000);
    let mut microphone =
        world.clients[CLEO].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let now = world.now();
    let refused = world.clients[CLEO].meeting.set_liveness(Some(29_999), now);
    assert!(matches!(refused, Err(crate::Error::Argument(_))));
    world.clients[CLEO].meeting.set_liveness(None, now).unwrap();
    world.clients[CLEO].online = false;
    world.pass(300_000);
    assert_eq!(alarms(&world.clients[CLEO].events), [&WITHHELD]);
    microphone.seal(b"frame", world.now_ms, &mut Vec::new()).unwrap();
    let now = world.now();
    world.clients[CLEO].meeting.set_liveness(Some(120_000), now).unwrap();
    let stopped = microphone.seal(b"frame", world.now_ms, &mut Vec::new());
    assert_eq!(stopped, Err(FrameError::Stopped));
    world.clients[CLEO].meeting.set_liveness(Some(600_000), now).unwrap();
    microphone.seal(b"frame", world.now_ms, &mut Vec::new()).unwrap();
}

#[test]
fn a_lone_host_that_crashes_leaves_an_alarm_and_silence() {
    // SPEC [M14]
    let mut world = world(248);
    world.pass(60_000);
    world.clients[0].online = false;
    let start = world.now_ms;
    let mut microphone =
        world.clients[CLEO].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    world.pass(30_000);
    for who in [BEN, CLEO] {
        assert_eq!(alarms(&world.clients[who].events), [&WITHHELD], "client {who}");
        assert_eq!(world.clients[who].meeting.roster()[0].role, Role::Host);
    }
    while microphone.seal(b"frame", world.now_ms, &mut Vec::new()).is_ok() {
        world.pass(100);
    }
    assert!((40_000..=60_000).contains(&(world.now_ms - start)), "{}", world.now_ms - start);
    // It comes back.
    world.pass(30_000);
    world.connect(0);
    world.pass(6_000);
    microphone.seal(b"frame", world.now_ms, &mut Vec::new()).unwrap();
    for who in [BEN, CLEO] {
        assert_eq!(world.count(who, |event| *event == Event::LogCurrent), 1, "client {who}");
        assert_eq!(alarms(&world.clients[who].events), [&WITHHELD], "client {who}");
    }
}

#[test]
fn a_host_whose_own_words_do_not_come_back_is_alarmed_itself() {
    // SPEC [M14], [G24]
    let mut world = world(249);
    world.pass(20_000);
    world.clients[0].unheard = true;
    world.pass(30_000);
    assert!(world.clients[0].events.contains(&WITHHELD));
    world.pass(30_000);
    let mut microphone =
        world.clients[0].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let stopped = microphone.seal(b"frame", world.now_ms, &mut Vec::new());
    assert_eq!(stopped, Err(FrameError::Stopped));
    // Of what it said meanwhile the newest is enough.
    world.withheld.clear();
    world.clients[0].unheard = false;
    let entries = world.log.len();
    world.connect(0);
    world.settle();
    let came = world.log[entries..].iter().filter(|e| opened(e).kind == EnvelopeKind::Heartbeat);
    assert_eq!(came.count(), 3);
    world.pass(1_000);
    microphone.seal(b"frame", world.now_ms, &mut Vec::new()).unwrap();
}

#[test]
fn members_who_fall_silent_are_named_once() {
    // SPEC [G24]
    let mut world = World::meeting(250, &["Ada", "Ben", "Cleo", "Dan"]);
    give_role(&mut world, BEN, Role::CoHost);
    let followers = vec![fingerprint(&world, BEN)];
    act(&mut world, 0, |meeting, now| meeting.set_succession(followers, now));
    world.pass(100_000);
    let (ben, cleo) = (world.member_id(BEN), world.member_id(CLEO));
    world.clients[BEN].online = false;
    world.clients[CLEO].online = false;
    let start = world.now_ms;
    world.pass(24_900);
    assert!(alarms(&world.clients[0].events).is_empty());
    world.pass(5_100);
    for who in [0, 3] {
        assert_eq!(alarms(&world.clients[who].events), [&unheard(ben)], "client {who}");
    }
    let heard = world.clients[0].meeting.roster()[2].heard_ms.unwrap();
    // Three intervals of a meeting of four.
    let due = heard + 3 * 60_400;
    world.pass(due - 1 - start - 30_000);
    assert_eq!(alarms(&world.clients[0].events), [&unheard(ben)]);
    world.pass(1);
    assert_eq!(alarms(&world.clients[0].events), [&unheard(ben), &unheard(cleo)]);
    world.connect(BEN);
    world.pass(60_000);
    assert_eq!(alarms(&world.clients[0].events).len(), 2);
    world.clients[BEN].online = false;
    world.pass(30_000);
    assert_eq!(alarms(&world.clients[0].events).len(), 3, "another silence");
}

#[test]
fn a_joiner_has_a_sign_of_its_own_before_anybody_is_alarmed() {
    // SPEC [G24]
    let mut world = world(251);
    world.pass(33_000);
    let dan = world.knock("Dan");
    world.admit_all(0);
    let joined = world.now_ms;
    world.pass(25_000);
    let live = &member(&mut world.clients[dan].meeting).live;
    assert!(live.fresh_ms >= joined + 15_000, "{} ms", live.fresh_ms - joined);
    world.pass(300_000);
    assert!(alarms(&world.clients[dan].events).is_empty());
    // And one to whom nothing is delivered after its confirmation knows it as soon as the others.
    let eve = world.knock("Eve");
    world.admit_all(0);
    world.clients[eve].online = false;
    world.pass(30_000);
    assert_eq!(alarms(&world.clients[eve].events), [&WITHHELD]);
}

#[test]
fn with_no_host_and_nobody_listed_the_three_at_the_lowest_leaves_stand_in() {
    // SPEC [G24]
    let mut world = World::meeting(252, &["Ada", "Ben", "Cleo", "Dan", "Eve"]);
    world.pass(20_000);
    let ada = world.member_id(0);
    act(&mut world, 0, |meeting, now| meeting.leave(now));
    world.assert_agreed(&[1, 2, 3, 4]);
    let live = &member(&mut world.clients[4].meeting).live;
    assert!(live.voices.of(ada).is_none() && live.voices.authorities().count() == 3);
    let before = world.log.len();
    world.pass(300_000);
    for who in 1..=4 {
        assert!(alarms(&world.clients[who].events).is_empty(), "{:?}", world.clients[who].events);
    }
    assert!(world.log.len() - before >= 3 * 60);
    for who in 1..=3 {
        world.clients[who].online = false;
    }
    world.pass(30_000);
    assert_eq!(alarms(&world.clients[4].events), [&WITHHELD]);
    world.connect(2);
    world.pass(11_000);
    assert_eq!(world.count(4, |event| *event == Event::LogCurrent), 1);
}
