//! Properties over random operations: a failed call changes nothing, nothing panics, no counter
//! comes twice.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking and prints its seed"
)]

mod support;

use std::collections::HashSet;

use incamera::wire::FrameHeader;
use incamera::wire::server::EnvelopeHead;
use incamera::{
    DenyReason, Error, Framing, Input, Invite, KnockId, MemberId, Opened, Receiver, Sealer, Track,
    testing,
};
use proptest::prelude::*;
use support::World;

/// Something that somebody may do to a meeting.
#[derive(Clone, Debug)]
enum Operation {
    Admit(KnockChoice),
    Deny(KnockChoice),
    Remove(u8),
    RemoveNobody,
    Leave,
    End,
    Invite,
    SafetyCode,
    Seal(u8),
    Timeout,
    Connected(u64),
    Log(u64, Vec<u8>),
    Lobby(Vec<u8>),
    Direct(Vec<u8>),
    Blob(Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
enum KnockChoice {
    Waiting,
    MadeUp,
}

fn operation() -> impl Strategy<Value = Operation> {
    let knock = prop_oneof![Just(KnockChoice::Waiting), Just(KnockChoice::MadeUp)];
    let bytes = || prop::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        knock.clone().prop_map(Operation::Admit),
        knock.prop_map(Operation::Deny),
        (0..4_u8).prop_map(Operation::Remove),
        Just(Operation::RemoveNobody),
        Just(Operation::Leave),
        Just(Operation::End),
        Just(Operation::Invite),
        Just(Operation::SafetyCode),
        (0..3_u8).prop_map(Operation::Seal),
        Just(Operation::Timeout),
        any::<u64>().prop_map(Operation::Connected),
        (0..20_u64, bytes()).prop_map(|(seq, bytes)| Operation::Log(seq, bytes)),
        bytes().prop_map(Operation::Lobby),
        bytes().prop_map(Operation::Direct),
        bytes().prop_map(Operation::Blob),
    ]
}

fn perform(world: &mut World, who: usize, operation: &Operation) -> Result<(), Error> {
    let now = world.now();
    let waiting = world.clients[0].events.iter().rev().find_map(|event| match event {
        incamera::Event::Knock { knock, .. } => Some(*knock),
        _ => None,
    });
    let knock = |choice: &KnockChoice| match choice {
        KnockChoice::Waiting => waiting.unwrap_or(KnockId::new([8; 32])),
        KnockChoice::MadeUp => KnockId::new([9; 32]),
    };
    let roster = world.clients[0].meeting.roster();
    let meeting = &mut world.clients[who].meeting;
    match operation {
        Operation::Admit(choice) => meeting.admit(knock(choice), now),
        Operation::Deny(choice) => meeting.deny(knock(choice), DenyReason::Full, now),
        Operation::Remove(n) => {
            let member = roster.get(usize::from(*n)).map(|participant| participant.member);
            meeting.remove(member.unwrap_or(MemberId::new([9; 16])), now)
        }
        Operation::RemoveNobody => meeting.remove(MemberId::new([9; 16]), now),
        Operation::Leave => meeting.leave(now),
        Operation::End => meeting.end(now),
        Operation::Invite => meeting.invite().map(drop),
        Operation::SafetyCode => meeting.safety_code().map(drop),
        Operation::Seal(_) => Ok(()),
        Operation::Timeout => meeting.handle_timeout(now),
        Operation::Connected(next) => meeting.handle(Input::Connected { next: *next }, now),
        Operation::Log(seq, bytes) => {
            meeting.handle(Input::Log { seq: *seq, bytes: bytes.clone() }, now)
        }
        Operation::Lobby(bytes) => meeting.handle(Input::Lobby(bytes.clone()), now),
        Operation::Direct(bytes) => meeting.handle(Input::Direct(bytes.clone()), now),
        Operation::Blob(bytes) => meeting.handle(Input::Blob(bytes.clone()), now),
    }
}

/// Seals on a fresh or an existing lease, and remembers what the frame was sealed under.
fn seal(
    world: &mut World,
    who: usize,
    track: Track,
    used: &mut HashSet<(usize, u64, u64, u64)>,
) -> Result<(), TestCaseError> {
    let (now, before) = (world.now_ms, testing::digest(&world.clients[who].meeting));
    let Ok(mut sealer) = world.clients[who].meeting.sealer(track, Framing::Whole) else {
        return Ok(());
    };
    let leased = testing::digest(&world.clients[who].meeting);
    let mut out = vec![1, 2, 3];
    if sealer.seal(b"frame", now, &mut out).is_err() {
        prop_assert_eq!(&out, &[1, 2, 3]);
        prop_assert_eq!(testing::digest(&world.clients[who].meeting), leased);
        drop(sealer);
        prop_assert_eq!(testing::digest(&world.clients[who].meeting), before);
        return Ok(());
    }
    let (FrameHeader { kid, ctr }, _) = FrameHeader::parse(&out[3..]).unwrap();
    // SPEC [K3]: an epoch's low bits may come again, its full number may not.
    let epoch = world.clients[who].meeting.epoch().unwrap_or_default();
    prop_assert!(used.insert((who, epoch, kid, ctr)), "a counter came twice");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_failed_call_changes_nothing(
        operations in prop::collection::vec((0..4_usize, operation(), any::<bool>()), 1..40),
    ) {
        // SPEC [M11], [K3]
        let mut world = World::meeting(90, &["Ada", "Ben", "Cleo"]);
        world.knock("Dan");
        let mut used = HashSet::new();
        for (who, operation, settle) in operations {
            world.now_ms += 7;
            if let Operation::Seal(kind) = operation {
                let tracks = [Track::MICROPHONE, Track::CAMERA, Track::DATA];
                seal(&mut world, who, tracks[usize::from(kind)], &mut used)?;
                continue;
            }
            let before = testing::digest(&world.clients[who].meeting);
            let remote = matches!(
                operation,
                Operation::Log(..) | Operation::Lobby(_) | Operation::Direct(_) | Operation::Blob(_)
            );
            match perform(&mut world, who, &operation) {
                Ok(()) => {}
                Err(error) => {
                    let after = testing::digest(&world.clients[who].meeting);
                    prop_assert_eq!(before, after, "{:?}: {}", operation, error);
                    prop_assert!(!remote || error == Error::Ended, "{:?}: {}", operation, error);
                }
            }
            if settle {
                world.settle();
            }
        }
    }
}

/// Two members and a frame that is sealed for the second.
fn frames(count: usize) -> (Sealer, Receiver, Vec<Vec<u8>>, World) {
    let mut world = World::meeting(91, &["Ada", "Ben"]);
    // Sealers linger in the epoch before Ben's.
    world.pass(200);
    let mut sealer = world.clients[0].meeting.sealer(Track::DATA, Framing::Whole).unwrap();
    let receiver = world.clients[1].meeting.receiver();
    let mut sealed = Vec::new();
    for n in 0..count {
        let mut frame = Vec::new();
        sealer.seal(&[n as u8; 40], world.now_ms, &mut frame).unwrap();
        sealed.push(frame);
    }
    (sealer, receiver, sealed, world)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn each_genuine_frame_opens_once_in_any_order(order in prop::collection::vec(0..40_usize, 0..160)) {
        // SPEC [M2]
        let (_sealer, mut receiver, frames, world) = frames(40);
        let mut seen = HashSet::new();
        for (tag, index) in order.into_iter().enumerate() {
            // A receiver made anew forgets no window.
            if tag % 7 == 0 {
                receiver = world.clients[1].meeting.receiver();
            }
            let mut out = vec![9];
            let before = testing::digest(&world.clients[1].meeting);
            match receiver.open(tag as u64, &frames[index], world.now_ms, &mut out) {
                Ok(Opened::Frame { .. }) => {
                    prop_assert!(seen.insert(index), "frame {} opened twice", index);
                    prop_assert_eq!(&out[1..], &[index as u8; 40]);
                }
                Ok(other) => prop_assert!(false, "{:?}", other),
                Err(_) => {
                    prop_assert!(seen.contains(&index));
                    prop_assert_eq!(&out, &[9]);
                    prop_assert_eq!(testing::digest(&world.clients[1].meeting), before);
                }
            }
        }
    }

    #[test]
    fn arbitrary_and_mutated_frames_open_nothing(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        index in 0..8_usize,
        bit in 0..400_usize,
    ) {
        // SPEC [M8], [M11]
        let (_sealer, mut receiver, frames, world) = frames(8);
        let mut mutated = frames[index].clone();
        let bit = bit % (mutated.len() * 8);
        mutated[bit / 8] ^= 1 << (bit % 8);
        let before = testing::digest(&world.clients[1].meeting);
        for hostile in [&bytes, &mutated] {
            let mut out = vec![9];
            let opened = receiver.open(0, hostile, world.now_ms, &mut out);
            prop_assert!(!matches!(opened, Ok(Opened::Frame { .. })), "{:?}", opened);
            prop_assert_eq!(&out, &[9]);
            prop_assert_eq!(testing::digest(&world.clients[1].meeting), before);
        }
    }

    #[test]
    fn arbitrary_links_and_entries_never_panic(
        text in ".{0,300}",
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        // SPEC [A1], [W3]
        let _ = Invite::parse(&text);
        let _ = EnvelopeHead::peek(&bytes);
    }
}
