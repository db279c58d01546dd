//! Members that lose entries of the log for good, at any time and at once: each comes back by itself, and
//! the others go on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use incamera::{Alarm, Door, Event, Framing, Opened, Resync, Track, testing};
use proptest::prelude::*;
use support::{Who, World};

const NAMES: [&str; 5] = ["Ada", "Ben", "Cleo", "Dan", "Eve"];

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next entry never reaches this member.
    Lose(Who),
    /// The host opens or locks the door: a commit with a path.
    Door(bool),
    /// This member takes on a name, if it is in.
    Rename(Who, bool),
    /// This member says something, if it is in.
    Chat(Who),
    /// Seconds pass.
    Pass(u8),
}

fn step() -> impl Strategy<Value = Step> {
    // The host stays, so that there is somebody whom all knew.
    let guest = 1..NAMES.len();
    prop_oneof![
        2 => guest.clone().prop_map(Step::Lose),
        2 => any::<bool>().prop_map(Step::Door),
        2 => (guest.clone(), any::<bool>()).prop_map(|(who, long)| Step::Rename(who, long)),
        2 => guest.prop_map(Step::Chat),
        1 => (1..20_u8).prop_map(Step::Pass),
    ]
}

fn take(world: &mut World, step: Step) {
    let now = world.now();
    match step {
        Step::Lose(who) => drop(world.lost.insert((who, world.log.len() as u64))),
        Step::Door(open) => {
            let door = if open { Door::Open } else { Door::Locked };
            let _ = world.clients[0].meeting.set_door(door, now);
        }
        Step::Rename(who, long) => {
            let name = if long { "Somebody" } else { NAMES[who] };
            let _ = world.clients[who].meeting.rename(name, now);
        }
        Step::Chat(who) => drop(world.clients[who].meeting.chat("hello", now)),
        Step::Pass(seconds) => world.pass(u64::from(seconds) * 1_000),
    }
    world.settle();
}

/// The host speaks, so that everybody's connection lives.
fn chatter(world: &mut World, seconds: u64) {
    for _ in 0..seconds {
        take(world, Step::Chat(0));
        world.pass(1_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whoever_loses_entries_comes_back_and_all_agree(
        seed in 1..200_u8,
        steps in prop::collection::vec(step(), 1..25),
    ) {
        // SPEC [G13], [A16], [G26], [K3]
        let ledger = testing::Ledger::open();
        let mut world = World::meeting(seed, &NAMES);
        let mut sealers: Vec<_> = world
            .clients
            .iter_mut()
            .map(|client| client.meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap())
            .collect();
        for step in steps {
            take(&mut world, step);
            for sealer in &mut sealers {
                let _ = sealer.seal(b"x", world.now_ms, &mut Vec::new());
            }
        }
        chatter(&mut world, 100);
        world.assert_agreed(&[0, 1, 2, 3, 4]);
        prop_assert_eq!(ledger.repeats(), 0);
        for (who, sealer) in sealers.iter_mut().enumerate().skip(1) {
            let given_up = Event::Alarm(Alarm::NotBack);
            prop_assert!(!world.clients[who].events.contains(&given_up), "client {}", who);
            let mut frame = Vec::new();
            sealer.seal(b"heard", world.now_ms, &mut frame).unwrap();
            let mut ears = world.clients[0].meeting.receiver();
            let opened = ears.open(0, &frame, world.now_ms, &mut Vec::new());
            let member = world.member_id(who);
            prop_assert_eq!(opened, Ok(Opened::Frame { member, track: Track::MICROPHONE, layer: None }));
        }
    }
}

#[test]
fn two_who_lose_the_same_entry_come_back_in_the_same_order_of_leaves() {
    // SPEC [G26]
    let mut world = World::meeting(7, &NAMES);
    for who in [1, 3] {
        world.lost.insert((who, world.log.len() as u64));
    }
    take(&mut world, Step::Door(false));
    chatter(&mut world, 45);
    world.assert_agreed(&[0, 1, 2, 3, 4]);
    assert_eq!(world.names(0), NAMES);
    for who in [1, 3] {
        let gap = Event::Resyncing { why: Resync::Gap };
        assert_eq!(world.count(who, |event| *event == gap), 1, "client {who}");
    }
}
