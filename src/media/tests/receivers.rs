//! Replays, the strict form, and frames that open for nobody.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{CAMERA, MIC, from, open, receiver, seal, sealer};
use crate::keyring::fixture::{epoch, members, stay};
use crate::media::{FrameError, Opened, Receiver};

#[test]
fn a_replay_of_any_accepted_frame_is_refused_at_every_later_point() {
    // SPEC [M2] [M8]
    let [alice, bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    let mut mic = sealer(&alice, MIC);
    let mut accepted: Vec<Vec<u8>> = Vec::new();
    for number in 1..4 {
        for keyring in [(&alice, 0), (&bob_keys, 1)] {
            keyring.0.install(epoch(number, keyring.1, &[0, 1], true), 0).unwrap();
        }
        for _ in 0..40 {
            let frame = seal(&mut mic, b"once");
            assert_eq!(open(&mut bob, 0, &frame, 0).unwrap().0, from(0, MIC));
            accepted.push(frame);
            for old in &accepted {
                assert_eq!(open(&mut bob, 0, old, 0), Err(FrameError::Unopenable));
            }
        }
        // SPEC [M2]: a new receiver has forgotten nothing.
        bob = receiver(&bob_keys);
    }
}

#[test]
fn a_frame_too_far_behind_is_refused_and_a_late_one_opens_once() {
    // SPEC [M2]
    let [alice, bob] = members(1);
    let mut bob = receiver(&bob);
    let mut mic = sealer(&alice, MIC);
    let frames: Vec<_> = (0..1_100).map(|_| seal(&mut mic, b"x")).collect();
    open(&mut bob, 0, &frames[1_099], 0).unwrap();
    for (at, frame) in frames.iter().enumerate().take(1_099) {
        assert_eq!(open(&mut bob, 0, frame, 0).is_ok(), at > 1_099 - 1_024, "frame {at}");
        assert_eq!(open(&mut bob, 0, frame, 0), Err(FrameError::Unopenable));
    }
}

#[test]
fn a_frame_raced_by_receivers_on_many_threads_opens_once() {
    // SPEC [M2]: also the very first frame, whose key each thread derives for itself.
    for _ in 0..20 {
        let [alice, bob] = members(1);
        let mut mic = sealer(&alice, MIC);
        let frames: Vec<_> = (0..50).map(|_| seal(&mut mic, b"once")).collect();
        let accepted = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let mut receiver = receiver(&bob);
                let (frames, accepted) = (&frames, &accepted);
                scope.spawn(move || {
                    let mut out = Vec::new();
                    for frame in frames {
                        let before = out.len();
                        match receiver.open(0, frame, 0, &mut out) {
                            Ok(_) => accepted.fetch_add(1, Ordering::Relaxed),
                            Err(error) => {
                                assert_eq!(error, FrameError::Unopenable);
                                // SPEC [M11]
                                assert_eq!(out.len(), before);
                                0
                            }
                        };
                    }
                });
            }
        });
        assert_eq!(accepted.into_inner(), frames.len());
    }
}

#[test]
fn a_tile_swapped_by_the_relay_is_refused_by_a_strict_receiver() {
    // SPEC [M7]
    let [alice, bob, carol] = members(1);
    let frames = [
        seal(&mut sealer(&alice, CAMERA), b"alice"),
        seal(&mut sealer(&bob, CAMERA), b"bob"),
        seal(&mut sealer(&alice, MIC), b"alice's voice"),
    ];
    let mut strict = receiver(&carol).only(stay(0), CAMERA);
    assert_eq!(open(&mut strict, 0, &frames[1], 0), Err(FrameError::NotAllowed));
    assert_eq!(open(&mut strict, 0, &frames[2], 0), Err(FrameError::NotAllowed));
    assert_eq!(open(&mut strict, 0, &frames[0], 0).unwrap(), (from(0, CAMERA), b"alice".to_vec()));
}

#[test]
fn a_frame_with_any_bit_flipped_is_refused() {
    // SPEC [M1] [M11] [W7]
    let [alice, bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    let mut camera = sealer(&alice, CAMERA);
    seal(&mut camera, b"so that the counter is not 0");
    let frame = seal(&mut camera, b"genuine");
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // In the bits of the epoch it may look like one to come, and is held.
        let opened = open(&mut bob, 0, &flipped, 0);
        assert!(opened.is_err() || opened == Ok((Opened::Held, vec![])), "bit {bit}");
    }
    for len in 1..frame.len() {
        assert!(open(&mut receiver(&bob_keys), 0, &frame[..len], 0).is_err());
    }
    assert_eq!(open(&mut bob, 0, &frame, 0).unwrap().1, b"genuine");
}

#[test]
fn one_error_tells_nobody_a_forgery_from_a_replay() {
    // SPEC [M8]
    let [alice, bob] = members(1);
    let mut bob = receiver(&bob);
    let mut mic = sealer(&alice, MIC);
    let [seen, mut forged] = [0, 0].map(|_| seal(&mut mic, b"x"));
    open(&mut bob, 0, &seen, 0).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    let errors = [&seen, &forged].map(|frame| open(&mut bob, 0, frame, 0).unwrap_err());
    assert_eq!(errors, [FrameError::Unopenable; 2]);
}

#[test]
fn nothing_is_ignored_and_a_sealed_nothing_is_a_frame() {
    let [alice, bob] = members(1);
    let mut bob = receiver(&bob);
    assert_eq!(open(&mut bob, 0, b"", 0), Ok((Opened::Ignored, vec![])));
    let frame = seal(&mut sealer(&alice, CAMERA), b"");
    assert_eq!(open(&mut bob, 0, &frame, 0), Ok((from(0, CAMERA), vec![])));
    // Of sound it says that there is none.
    let frame = seal(&mut sealer(&alice, MIC), b"");
    let silence = Opened::Silence { member: stay(0), track: MIC };
    assert_eq!(open(&mut bob, 0, &frame, 0), Ok((silence, vec![])));
}

#[test]
fn a_flood_of_made_up_key_ids_leaves_no_trace() {
    // SPEC [M3]
    let [_, bob_keys] = members::<2>(1);
    let mut bob = receiver(&bob_keys);
    let before = bob.digest();
    let mut out = Vec::new();
    let mut kid = 1_u64;
    for _ in 0..20_000 {
        // A linear generator modulo 2^64: every frame another key id, all of epoch 1.
        kid = kid.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut header = [0; incamera_wire::MAX_HEADER_LEN];
        let header_of = incamera_wire::FrameHeader { kid: kid & !0xff | 1, ctr: kid };
        let len = header_of.write(&mut header);
        let frame = [&header[..len], &[0; 40]].concat();
        assert!(bob.open(0, &frame, 0, &mut out).is_err());
    }
    assert_eq!((bob.digest(), out.capacity() < 1_024), (before, true));
}

#[test]
fn an_ended_membership_opens_nothing() {
    // SPEC [M9]
    let [alice, bob_keys] = members(1);
    let mut bob: Receiver = receiver(&bob_keys);
    let frame = seal(&mut sealer(&alice, MIC), b"late");
    bob_keys.clear();
    assert_eq!(open(&mut bob, 0, &frame, 0), Err(FrameError::Ended));
}
