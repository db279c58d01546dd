//! Members that crash and come back from what they stored (SPEC 7.13).

use super::*;
use crate::meeting::face::Now;
use crate::meeting::restore::{Expected, RestoreError};
use crate::testing::{self, Ledger};
use crate::{Alarm, FrameError, Framing, Opened, Sealer, Track};

const KEY: [u8; 32] = [9; 32];

/// The identity of a client of the world.
fn identity(world: &World, who: Who, seed: u8) -> Identity {
    let mut bytes = [seed; 32];
    bytes[0] = who as u8;
    testing::identity(bytes, world.clients[who].name).unwrap()
}

fn microphone(world: &mut World, who: Who) -> Sealer {
    world.clients[who].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap()
}

#[test]
fn a_restored_member_comes_back_by_a_path_of_its_own() {
    // SPEC [R4]
    let ledger = Ledger::open();
    let mut world = World::meeting(130, &["Ada", "Ben", "Cleo"]);
    let ben = identity(&world, BEN, 130);
    assert!(world.clients[BEN].meeting.snapshot_due());
    let mut before = microphone(&mut world, BEN);
    let now_ms = world.now_ms;
    before.seal(b"before", now_ms, &mut Vec::new()).unwrap();
    let snapshot = world.clients[BEN].meeting.snapshot(&KEY).unwrap();
    assert!(!world.clients[BEN].meeting.snapshot_due());
    let epoch = world.clients[BEN].meeting.epoch();
    let now = world.now();
    let restored =
        testing::restore([131; 32], &ben, &snapshot, &KEY, Expected::default(), now).unwrap();
    world.restart(BEN, restored);
    assert_eq!(world.clients[BEN].meeting.epoch(), epoch);
    let mut after = microphone(&mut world, BEN);
    let stopped = after.seal(b"early", now_ms, &mut Vec::new());
    assert_eq!(stopped, Err(FrameError::Stopped));
    world.clients[BEN].events.clear();
    world.settle();
    assert_eq!(world.clients[BEN].meeting.epoch(), epoch.map(|epoch| epoch + 1));
    assert!(world.has_joined(BEN));
    world.assert_agreed(&[0, 1, 2]);
    let mut sealed = Vec::new();
    after.seal(b"after", now_ms, &mut sealed).unwrap();
    let mut out = Vec::new();
    let opened = world.clients[0].meeting.receiver().open(0, &sealed, now_ms, &mut out);
    assert!(matches!(opened, Ok(Opened::Frame { .. })) && out == b"after");
    assert_eq!((ledger.seals(), ledger.repeats()), (2, 0));
    goes_on(world);
}
