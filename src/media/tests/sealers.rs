//! Leases, counters, buffers, and when a sealer stops.

use std::collections::BTreeSet;
use std::sync::Arc;

use incamera_wire::TrackKind;

use super::{CAMERA, MIC, open, receiver, seal, sealer};
use crate::keyring::fixture::{counter, epoch, members};
use crate::media::{FrameError, Framing, Sealer};

#[test]
fn a_second_sealer_of_one_track_is_refused() {
    // SPEC [M10]
    let [alice] = members(1);
    let again = || Sealer::lease(Arc::clone(&alice), MIC, Framing::Whole).map(|_| ());
    let first = sealer(&alice, MIC);
    for _ in 0..3 {
        // A refusal does not free the track.
        assert_eq!(again(), Err(FrameError::AlreadyLeased));
    }
    let _camera = sealer(&alice, CAMERA);
    drop(first);
    assert_eq!(again(), Ok(()));
}

#[test]
fn a_leaked_sealer_keeps_its_track() {
    // SPEC [M10]
    let [alice] = members(1);
    std::mem::forget(sealer(&alice, MIC));
    for number in 2..5 {
        let again = Sealer::lease(Arc::clone(&alice), MIC, Framing::Whole);
        assert_eq!(again.map(|_| ()), Err(FrameError::AlreadyLeased));
        alice.install(epoch(number, 0, &[0], true), 0).unwrap();
    }
}

#[test]
fn a_sealer_taken_again_repeats_no_counter() {
    // SPEC [K3] [M10]
    let [alice] = members(1);
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let mut sealer = sealer(&alice, MIC);
        for _ in 0..3 {
            assert!(seen.insert(counter(&seal(&mut sealer, b"frame"))));
        }
    }
    assert_eq!(seen.last(), Some(&59));
}

#[test]
fn a_sealer_on_another_thread_repeats_no_counter_over_epochs() {
    // SPEC [K3]
    let [alice] = members(1);
    let mut mic = sealer(&alice, MIC);
    let frames: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let mut one = move || loop {
            let mut out = Vec::new();
            match mic.seal(b"x", 0, &mut out) {
                Ok(()) => return out,
                // The epoch that it looked up was erased before it had the key: the next look finds another.
                Err(FrameError::Stopped) => {}
                Err(other) => panic!("{other}"),
            }
        };
        let sealing = scope.spawn(move || (0..20_000).map(|_| one()).collect());
        for number in 2..200 {
            alice.install(epoch(number, 0, &[0], true), 0).unwrap();
            std::thread::yield_now();
        }
        sealing.join().unwrap()
    });
    let distinct: BTreeSet<_> = frames.iter().collect();
    assert_eq!(distinct.len(), frames.len());
}

#[test]
fn a_frame_fits_into_its_announced_length() {
    let [alice, bob] = members(1);
    let mut mic = sealer(&alice, MIC);
    let mut bob = receiver(&bob);
    for len in [0, 1, 15, 16, 17, 160, 1_200, 70_000] {
        let text = vec![7; len];
        let mut out = vec![0; mic.max_sealed_len(len)];
        let sealed_len = mic.seal_into(&text, 0, &mut out).unwrap();
        assert_eq!(open(&mut bob, 0, &out[..sealed_len], 0).unwrap().1, text);
    }
}

#[test]
fn a_buffer_that_is_too_small_costs_nothing() {
    // SPEC [M11]
    let [alice] = members(1);
    let mut mic = sealer(&alice, MIC);
    for _ in 0..2 {
        let before = alice.digest();
        let mut out = [9; 21];
        let refused = mic.seal_into(b"hello", 0, &mut out);
        assert_eq!(refused, Err(FrameError::BufferTooSmall { needed: 22 }));
        assert_eq!((out, alice.digest()), ([9; 21], before));
        seal(&mut mic, b"and one that fits");
    }
}

#[test]
fn a_frame_that_is_too_long_costs_nothing() {
    // SPEC [M11]
    let [alice] = members(1);
    let mut mic = sealer(&alice, MIC);
    let before = alice.digest();
    let mut out = b"before".to_vec();
    let refused = mic.seal(&vec![0; (16 << 20) + 1], 0, &mut out);
    assert_eq!(refused, Err(FrameError::FrameTooLong));
    assert_eq!((&out[..], alice.digest()), (&b"before"[..], before));
}

#[test]
fn a_stopped_sealer_lets_no_plaintext_through() {
    // SPEC [M9]
    let [alice] = members(1);
    let mut mic = sealer(&alice, MIC);
    let mut refused = |now_ms, error| {
        let mut out = Vec::new();
        assert_eq!(mic.seal(b"secret", now_ms, &mut out), Err(error));
        assert_eq!(out, b"");
        let mut out = [0; 64];
        assert_eq!(mic.seal_into(b"secret", now_ms, &mut out), Err(error));
        assert_eq!(out, [0; 64]);
    };
    alice.allow_sealing(false);
    refused(0, FrameError::Stopped);
    alice.allow_sealing(true);
    alice.renew(500);
    refused(500, FrameError::Stopped);
    alice.clear();
    refused(0, FrameError::Ended);
    drop(mic);
    let again = Sealer::lease(alice, MIC, Framing::Whole);
    assert_eq!(again.map(|_| ()), Err(FrameError::Ended));
}

#[test]
fn a_sealer_without_a_proved_relay_lets_no_plaintext_through() {
    // SPEC [M13] [M11]
    let [alice, bob] = members(1);
    let (mut mic, mut bob) = (sealer(&alice, MIC), receiver(&bob));
    let first = seal(&mut mic, b"before");
    alice.require_relay(true);
    let before = alice.digest();
    let mut out = b"before".to_vec();
    assert_eq!(mic.seal(b"secret", 0, &mut out), Err(FrameError::NoRelay));
    assert_eq!(out, b"before");
    let mut out = [0; 64];
    assert_eq!(mic.seal_into(b"secret", 0, &mut out), Err(FrameError::NoRelay));
    assert_eq!((out, alice.digest()), ([0; 64], before));
    // Nor does a sealer taken in the meantime.
    let mut camera = sealer(&alice, CAMERA);
    assert_eq!(camera.seal(b"secret", 0, &mut Vec::new()), Err(FrameError::NoRelay));
    alice.prove_relay(true);
    let second = seal(&mut mic, b"after");
    assert_eq!((counter(&first), counter(&second)), (0, 1));
    assert_eq!(open(&mut bob, 0, &second, 0).unwrap().1, b"after");
    alice.prove_relay(false);
    assert_eq!(mic.seal(b"secret", 0, &mut Vec::new()), Err(FrameError::NoRelay));
}

#[test]
fn a_sealer_whose_right_is_taken_away_lets_no_plaintext_through() {
    // SPEC [M7] [M11]
    let [alice] = members(1);
    let mut camera = sealer(&alice, CAMERA);
    seal(&mut camera, b"picture");
    let mut muted = epoch(2, 0, &[0, 1], false);
    muted.leaves[0].2.remove(TrackKind::Camera);
    alice.install(muted, 0).unwrap();
    let before = alice.digest();
    let mut out = b"before".to_vec();
    assert_eq!(camera.seal(b"secret", 0, &mut out), Err(FrameError::NotAllowed));
    assert_eq!((&out[..], alice.digest()), (&b"before"[..], before));
}

#[test]
fn a_sealed_frame_shows_no_plaintext() {
    // SPEC [M9]: there is no pass-through.
    let [alice] = members(1);
    let text: Vec<u8> = (0..=255).collect();
    let frame = seal(&mut sealer(&alice, MIC), &text);
    assert!(!frame.windows(8).any(|run| text.windows(8).any(|plain| plain == run)));
}

#[test]
fn sealers_and_receivers_are_send_and_show_no_key() {
    fn is_send<T: Send>(_: &T) {}
    let [alice, bob] = members(1);
    let (mic, bob) = (sealer(&alice, MIC), receiver(&bob));
    is_send(&mic);
    is_send(&bob);
    let shown = format!("{mic:?} {bob:?}");
    assert!(!shown.contains("b5") && !shown.contains("181"), "{shown}");
}
