//! The loop of README survives whatever the network sends, and the meeting goes on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints its seed"
)]

mod support;

use incamera::wire::Envelope;
use incamera::{Event, FrameError, Framing, Input, Opened, Output, Track, testing};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use support::World;

/// Hostile inputs in all.
const INPUTS: usize = 10_000;

/// Genuine material to start from, of every kind that crosses the network.
struct Genuine {
    entries: Vec<Vec<u8>>,
    knocks: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
    blobs: Vec<Vec<u8>>,
}

fn genuine() -> (World, Genuine) {
    let mut world = World::meeting(80, &["Ada", "Ben", "Cleo"]);
    world.knock("Mallory");
    let Some(Event::Knock { knock, .. }) = world.clients[0].events.last().cloned() else {
        panic!("a knock")
    };
    let now = world.now();
    world.clients[0].meeting.deny(knock, incamera::DenyReason::Full, now).unwrap();
    world.settle();
    let genuine = Genuine {
        entries: world.log.clone(),
        knocks: world.lobby.clone(),
        answers: world.directs.iter().map(|(_, bytes)| bytes.clone()).collect(),
        blobs: world.blobs.values().cloned().collect(),
    };
    (world, genuine)
}

fn below(rng: &mut ChaCha20Rng, bound: usize) -> usize {
    (rng.next_u64() % bound.max(1) as u64) as usize
}

/// Rubbish, a genuine message as it was, or one with bits flipped, cut, grown or spliced.
fn hostile_bytes(rng: &mut ChaCha20Rng, genuine: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = genuine[below(rng, genuine.len())].clone();
    match rng.next_u32() % 6 {
        0 => {
            bytes = vec![0; below(rng, 300)];
            rng.fill_bytes(&mut bytes);
        }
        1 => {}
        2 => bytes.truncate(below(rng, bytes.len())),
        3 => bytes.extend_from_slice(&rng.next_u64().to_be_bytes()),
        4 => {
            let other = &genuine[below(rng, genuine.len())];
            let cut = below(rng, bytes.len().min(other.len()));
            bytes.truncate(cut);
            bytes.extend_from_slice(&other[cut..]);
        }
        _ => {
            for _ in 0..=rng.next_u32() % 3 {
                let bit = below(rng, bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
    bytes
}

fn hostile_input(rng: &mut ChaCha20Rng, genuine: &Genuine, next: u64) -> Input {
    match rng.next_u32() % 6 {
        0 => Input::Lobby(hostile_bytes(rng, &genuine.knocks)),
        1 => Input::Direct(hostile_bytes(rng, &genuine.answers)),
        2 => Input::Blob(hostile_bytes(rng, &genuine.blobs)),
        3 => Input::Connected { next: rng.next_u64() >> (rng.next_u32() % 64) },
        // Far ahead or long past: neither may be taken for the next entry.
        4 => {
            let seq =
                if rng.next_u32().is_multiple_of(2) { next + 1 + (rng.next_u64() >> 8) } else { 0 };
            Input::Log { seq, bytes: hostile_bytes(rng, &genuine.entries) }
        }
        _ => Input::Log { seq: next, bytes: hostile_bytes(rng, &genuine.entries) },
    }
}

#[test]
fn ten_thousand_hostile_inputs_of_every_kind_change_nothing() {
    // SPEC [W2], [W6], [G2], [A2], [A10]
    let seed = 20_200_401;
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (mut world, genuine) = genuine();
    let late = world.knock("Dan");
    let codes: Vec<_> = (0..3).map(|who| world.clients[who].meeting.safety_code()).collect();
    for _ in 0..INPUTS {
        world.now_ms += 1;
        let now = world.now();
        let next = world.log.len() as u64;
        let input = hostile_input(&mut rng, &genuine, next);
        match input {
            // What the server puts into the log, everyone reads.
            Input::Log { seq, bytes } if seq == next => {
                world.log.push(bytes.clone());
                for client in &mut world.clients {
                    let input = Input::Log { seq, bytes: bytes.clone() };
                    let _ = client.meeting.handle(input, now);
                }
            }
            input => {
                let who = below(&mut rng, world.clients.len());
                let _ = world.clients[who].meeting.handle(input, now);
            }
        }
        for client in &mut world.clients {
            while let Some(output) = client.meeting.poll() {
                if let Output::Event(event) = output {
                    assert!(
                        !matches!(event, Event::Added { .. } | Event::Gone { .. }),
                        "{}: {event:?}",
                        client.name
                    );
                }
            }
        }
    }
    for (who, code) in codes.into_iter().enumerate() {
        assert_eq!(world.clients[who].meeting.safety_code(), code, "client {who}");
    }
    goes_on(&mut world, late);
}

/// Everybody comes back to an honest server, and the meeting goes on as if nothing had been.
fn goes_on(world: &mut World, late: usize) {
    for who in 0..world.clients.len() {
        world.connect(who);
    }
    world.pass(5_000);
    let eve = world.knock("Eve");
    let host = &world.clients[0];
    assert!(
        host.events.iter().any(|e| matches!(e, Event::Knock { name, .. } if name == "Eve")),
        "the lobby still takes knocks"
    );
    world.admit_all(0);
    assert!(
        world.has_joined(eve) && world.has_joined(late),
        "{:?}",
        world.clients[late].events.last()
    );
    world.assert_agreed(&[0, 1, 2, late, eve]);
}

#[test]
fn ten_thousand_hostile_frames_open_nothing_and_change_nothing() {
    // SPEC [M2], [M3], [M8], [M11]
    let seed = 7;
    println!("seed {seed}");
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut world = World::meeting(81, &["Ada", "Ben"]);
    // Sealers linger in the epoch before Ben's.
    world.pass(200);
    let now = world.now_ms;
    let mut sealer = world.clients[0].meeting.sealer(Track::CAMERA, Framing::Whole).unwrap();
    let mut receiver = world.clients[1].meeting.receiver();
    let mut frames = Vec::new();
    let mut out = Vec::new();
    for length in 0..64 {
        let mut sealed = Vec::new();
        sealer.seal(&vec![7; length], now, &mut sealed).unwrap();
        let opened = receiver.open(0, &sealed, now, &mut out).unwrap();
        assert!(matches!(opened, Opened::Frame { .. }));
        frames.push(sealed);
    }
    let before = testing::digest(&world.clients[1].meeting);
    let length = out.len();
    for _ in 0..INPUTS {
        let frame = hostile_bytes(&mut rng, &frames);
        match receiver.open(1, &frame, now, &mut out) {
            Ok(Opened::Ignored) => assert!(frame.is_empty()),
            Ok(Opened::Held) | Err(_) => {}
            opened => panic!("{opened:?}"),
        }
    }
    assert_eq!(out.len(), length);
    assert_eq!(testing::digest(&world.clients[1].meeting), before);
    assert!(receiver.held() <= 4_096);
    let mut sealed = Vec::new();
    sealer.seal(b"genuine", now, &mut sealed).unwrap();
    assert!(matches!(receiver.open(2, &sealed, now, &mut out), Ok(Opened::Frame { .. })));
    assert_eq!(receiver.open(3, &sealed, now, &mut out), Err(FrameError::Unopenable));
}

#[test]
fn an_entry_that_the_server_makes_up_is_refused_by_everyone_alike() {
    // SPEC [G2]
    let (mut world, genuine) = genuine();
    let mut entry = Envelope::decode(&genuine.entries[0]).unwrap();
    entry.epoch = world.clients[0].meeting.epoch().unwrap();
    world.append(entry.encode());
    world.settle();
    let last: Vec<_> = (0..3).map(|who| world.clients[who].events.last().cloned()).collect();
    assert!(matches!(last[0], Some(Event::Refused { author: None, .. })), "{last:?}");
    assert!(last.iter().all(|event| *event == last[0]));
}
