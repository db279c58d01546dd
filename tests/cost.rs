//! What nobody can open costs no more memory than what is genuine, and leaves nothing behind (SPEC
//! "Bounds"). Allocations are counted, so that the figures do not depend on the machine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use allocation_counter::{AllocationInfo, measure};
use incamera::{
    Destination, Door, Event, FrameError, Framing, Input, Meeting, Now, Opened, Output, Receiver,
    Track,
};
use support::World;

/// Enough entries to fill every table of a fixed size that each entry is noted in.
const WARM: u64 = 1_100;

/// The same message with one bit flipped at each of its bytes in turn, then cut short.
fn forgeries(genuine: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flipped = (0..genuine.len()).map(|at| {
        let mut forged = genuine.to_vec();
        forged[at] ^= 1 << (at % 8);
        forged
    });
    let cut = (0..genuine.len()).step_by(16).map(|length| genuine[..length].to_vec());
    flipped.chain(cut)
}

/// Hands an input in and takes out all that comes of it; what was allocated, and whether it was refused.
fn cost(meeting: &mut Meeting, input: Input, now: Now) -> (AllocationInfo, bool) {
    let (mut input, mut refused) = (Some(input), false);
    let info = measure(|| {
        let _ = meeting.handle(input.take().unwrap(), now);
        while let Some(output) = meeting.poll() {
            refused |= matches!(output, Output::Event(Event::Refused { .. }));
        }
    });
    (info, refused)
}

/// What Ada posts and nobody has read.
fn posted(world: &mut World, act: impl FnOnce(&mut Meeting, Now)) -> (Destination, Vec<u8>) {
    let now = world.now();
    world.clients[0].unheard = true;
    act(&mut world.clients[0].meeting, now);
    world.settle();
    let message = world.withheld.pop().unwrap();
    (message.to, message.bytes)
}

/// Lets Ben read each of `forged`, then `genuine`; compares what they cost.
fn compare(world: &mut World, genuine: Vec<u8>, what: &str) {
    let now = world.now();
    let mut seq = world.log.len() as u64;
    let ben = &mut world.clients[1].meeting;
    let mut read = |bytes: Vec<u8>| {
        // The entry itself is the caller's: it is allocated before.
        let length = bytes.len() as i64;
        let (info, refused) = cost(ben, Input::Log { seq, bytes }, now);
        seq += 1;
        (info, info.bytes_current + length, refused)
    };
    for _ in 0..WARM {
        read(vec![0xff; 64]);
    }
    let (mut worst, mut kept, mut all, mut caught) = (0, 0, 0, 0);
    for forged in forgeries(&genuine) {
        let (info, left, refused) = read(forged);
        worst = worst.max(info.bytes_total);
        kept += left;
        (all, caught) = (all + 1, caught + u32::from(refused));
    }
    // The rest is of another epoch, as far as can be seen.
    assert!(worst > 0 && caught > all * 9 / 10, "{what}: {caught} of {all} refused");
    let (info, _, refused) = read(genuine);
    assert!(!refused, "{what}: the genuine one must be read");
    assert_eq!(kept, 0, "{what}: forgeries leave something behind");
    assert!(worst <= info.bytes_total, "{what}: {worst} bytes for a forgery, {info:?}");
}

#[test]
fn a_forged_entry_of_the_log_allocates_no_more_than_a_genuine_one_and_leaves_nothing() {
    // SPEC [G29]
    let mut world = World::meeting(90, &["Ada", "Ben"]);
    let (to, chat) = posted(&mut world, |ada, now| ada.chat("hello, all", now).unwrap());
    assert!(matches!(to, Destination::Log));
    compare(&mut world, chat, "an event");

    let mut world = World::meeting(91, &["Ada", "Ben"]);
    let (to, lock) = posted(&mut world, |ada, now| ada.set_door(Door::Locked, now).unwrap());
    assert!(matches!(to, Destination::Log));
    compare(&mut world, lock, "a commit");
}

#[test]
fn a_forged_knock_allocates_no_more_than_a_genuine_one_and_leaves_nothing() {
    // SPEC [G29], [A2]
    let mut world = World::meeting(92, &["Ada", "Ben"]);
    world.clients[0].online = false;
    world.knock("Mallory");
    let (genuine, now) = (world.lobby.last().unwrap().clone(), world.now());
    let ada = &mut world.clients[0].meeting;
    let mut read = |bytes: Vec<u8>| {
        let length = bytes.len() as i64;
        let (info, refused) = cost(ada, Input::Lobby(bytes), now);
        (info, info.bytes_current + length, refused)
    };
    // Tables and queues get their room once.
    for forged in forgeries(&genuine).take(8) {
        read(forged);
    }
    let (mut worst, mut kept) = (0, 0);
    for forged in forgeries(&genuine) {
        let (info, left, refused) = read(forged);
        assert!(refused);
        worst = worst.max(info.bytes_total);
        kept += left;
    }
    let (info, left, refused) = read(genuine);
    assert!(!refused && left > 0, "the genuine one waits");
    assert_eq!(kept, 0, "forgeries leave something behind");
    assert!(worst <= info.bytes_total, "{worst} bytes for a forgery, {info:?}");
}

/// What opening a frame allocates once `out` has its room.
fn frame_cost(ears: &mut Receiver, frame: &[u8], now_ms: u64, out: &mut Vec<u8>) -> AllocationInfo {
    out.clear();
    measure(|| {
        let _ = ears.open(0, frame, now_ms, out);
    })
}

#[test]
fn a_frame_allocates_nothing_be_it_genuine_or_forged() {
    // SPEC [M3], [M11]
    let mut world = World::meeting(93, &["Ada", "Ben"]);
    // Sealers linger in the epoch before Ben's.
    world.pass(200);
    let now_ms = world.now_ms;
    let mut microphone =
        world.clients[0].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let mut ears = world.clients[1].meeting.receiver();
    let mut seal = || {
        let mut sealed = Vec::new();
        microphone.seal(&[7; 160], now_ms, &mut sealed).unwrap();
        sealed
    };
    let mut out = Vec::with_capacity(4_096);
    let first = seal();
    assert!(matches!(ears.open(0, &first, now_ms, &mut out), Ok(Opened::Frame { .. })));

    let genuine = seal();
    let replayed = ears.open(0, &first, now_ms, &mut out);
    assert_eq!(replayed, Err(FrameError::Unopenable));
    assert_eq!(frame_cost(&mut ears, &first, now_ms, &mut out).count_total, 0, "a replay");
    let mut refused = 0;
    for forged in forgeries(&genuine) {
        let mut tried = Vec::with_capacity(4_096);
        let opened = ears.open(0, &forged, now_ms, &mut tried);
        // What may be of an epoch that is not here yet is held, within bounds.
        if matches!(opened, Ok(Opened::Held)) {
            continue;
        }
        let info = frame_cost(&mut ears, &forged, now_ms, &mut out);
        assert_eq!((info.count_total, out.len()), (0, 0), "{forged:?}");
        refused += 1;
    }
    assert!(refused > genuine.len() / 2, "{refused}");
    let info = frame_cost(&mut ears, &genuine, now_ms, &mut out);
    assert_eq!((info.count_total, out.len()), (0, 160), "a genuine one");
}
