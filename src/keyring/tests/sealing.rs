//! Which epoch a sealer seals in, and what stops it.

use std::sync::Arc;

use incamera_wire::{FrameHeader, PadTo, Padding, Track, TrackKind, TrackKinds};

use super::{CAMERA, MIC};
use crate::keyring::fixture::{counter, epoch, epoch_byte, keyring, members, open, seal};
use crate::keyring::{EpochInstall, Keyring, Lease, OpenRefusal, SealRefusal, pad};
use crate::sframe::Suite;

#[test]
fn a_sealer_lingers_after_an_add_and_never_after_a_removal() {
    // SPEC [M6]
    let sealed_in =
        |keyring: &Arc<Keyring>, now_ms| epoch_byte(&seal(keyring, MIC, now_ms, b"").unwrap());
    let [alice] = members(1);
    alice.install(epoch(2, 0, &[0, 1], false), 1_000).unwrap();
    assert_eq!([1_000, 1_149, 1_150].map(|now_ms| sealed_in(&alice, now_ms)), [1, 1, 2]);
    alice.install(epoch(3, 0, &[0], true), 2_000).unwrap();
    assert_eq!(sealed_in(&alice, 2_000), 3);
    // An Add on the heels of a removal: back to the removal's epoch, no further.
    alice.install(epoch(4, 0, &[0, 2], false), 2_010).unwrap();
    assert_eq!([2_010, 2_160].map(|now_ms| sealed_in(&alice, now_ms)), [3, 4]);
    // A removal on the heels of an Add ends the lingering.
    alice.install(epoch(5, 0, &[0, 2, 3], false), 3_000).unwrap();
    assert_eq!(sealed_in(&alice, 3_001), 4);
    alice.install(epoch(6, 0, &[0, 2], true), 3_002).unwrap();
    assert_eq!(sealed_in(&alice, 3_003), 6);
}

/// An epoch whose commit added and removed these, in which leaf 0 may use `kinds`.
fn commit(number: u64, adds: bool, removes: bool, kinds: TrackKinds) -> EpochInstall {
    let mut install = EpochInstall { adds, removes, ..epoch(number, 0, &[0, 1], removes) };
    install.leaves[0].2 = kinds;
    install
}

#[test]
fn a_sealer_lingers_only_at_a_commit_that_adds_and_removes_nobody() {
    // SPEC [M6]: any other may have changed the state, and so taken a right away.
    for (adds, removes) in [(true, false), (false, false), (false, true), (true, true)] {
        let [alice] = members(1);
        alice.install(commit(2, adds, removes, TrackKinds::ALL), 1_000).unwrap();
        let first = if adds && !removes { 1 } else { 2 };
        // The clock of a media thread may be a little behind the meeting's.
        for (now_ms, number) in [(990, first), (1_000, first), (1_149, first), (1_150, 2)] {
            let sealed = epoch_byte(&seal(&alice, MIC, now_ms, b"").unwrap());
            assert_eq!(sealed, number, "adds {adds}, removes {removes}, at {now_ms}");
        }
    }
}

#[test]
fn a_change_of_state_on_the_heels_of_an_add_ends_the_lingering() {
    // SPEC [M6]
    let [alice] = members(1);
    alice.install(commit(2, true, false, TrackKinds::ALL), 1_000).unwrap();
    alice.install(commit(3, false, false, TrackKinds::ALL), 1_001).unwrap();
    assert_eq!(epoch_byte(&seal(&alice, MIC, 1_002, b"").unwrap()), 3);
    // And one after it leads back to the changed state, no further.
    alice.install(commit(4, true, false, TrackKinds::ALL), 1_003).unwrap();
    assert_eq!(epoch_byte(&seal(&alice, MIC, 1_004, b"").unwrap()), 3);
}

#[test]
fn keys_live_ten_seconds_after_a_change_of_state() {
    // SPEC [K7]
    for (adds, removes, lifetime) in
        [(false, false, 10_000), (true, false, 10_000), (false, true, 2_000), (true, true, 2_000)]
    {
        let [alice] = members(1);
        alice.install(commit(2, adds, removes, TrackKinds::ALL), 1_000).unwrap();
        assert_eq!(alice.sweep(1_000), Some(1_000 + lifetime));
    }
}

#[test]
fn a_sealer_of_a_kind_taken_away_is_refused_at_once() {
    // SPEC [M6] [M7]: with no lingering, whatever the commit did beside.
    let mut no_camera = TrackKinds::ALL;
    no_camera.remove(TrackKind::Camera);
    for (adds, removes) in [(true, false), (false, false), (false, true)] {
        let [alice] = members(1);
        let mut camera = Lease::take(Arc::clone(&alice), CAMERA).unwrap();
        let mut frame = |now_ms| camera.slot(now_ms)?.seal(b"picture", &mut Vec::new());
        assert_eq!(frame(999), Ok(()));
        alice.install(commit(2, adds, removes, no_camera), 1_000).unwrap();
        let before = alice.digest();
        for now_ms in [999, 1_000, 1_149, 1_150, 5_000] {
            assert_eq!(frame(now_ms), Err(SealRefusal::NotAllowed), "at {now_ms}");
        }
        assert_eq!(alice.digest(), before);
        assert!(seal(&alice, MIC, 1_000, b"sound").is_ok());
        // The right comes back: so does the sealer.
        alice.install(commit(3, false, false, TrackKinds::ALL), 6_000).unwrap();
        assert_eq!(frame(6_000), Ok(()));
    }
}

#[test]
fn a_kind_taken_away_is_refused_in_frames_of_every_epoch_kept() {
    // SPEC [M7]: also when it was given and taken away in between.
    let mut no_camera = TrackKinds::ALL;
    no_camera.remove(TrackKind::Camera);
    let [alice, bob] = [keyring(), keyring()];
    let mut frames = Vec::new();
    for (number, kinds) in [(1, TrackKinds::ALL), (2, no_camera), (3, TrackKinds::ALL)] {
        alice.install(commit(number, false, false, TrackKinds::ALL), 0).unwrap();
        let install = EpochInstall { own_leaf: 1, ..commit(number, false, false, kinds) };
        bob.install(install, 0).unwrap();
        frames.push([CAMERA, CAMERA, MIC].map(|track| seal(&alice, track, 0, b"x").unwrap()));
    }
    let opens = |at: usize, frame: usize| open(&bob, &frames[at][frame], 0).map(|_| ());
    assert_eq!([0, 1, 2].map(|at| opens(at, 0)), [Ok(()), Err(OpenRefusal::NotAllowed), Ok(())]);
    let last = EpochInstall { own_leaf: 1, ..commit(4, false, false, no_camera) };
    bob.install(last, 0).unwrap();
    for at in 0..3 {
        assert_eq!(opens(at, 1), Err(OpenRefusal::NotAllowed), "epoch {at}");
        assert_eq!(opens(at, 2), Ok(()), "epoch {at}");
    }
}

#[test]
fn nothing_is_sealed_while_a_relay_is_needed_and_none_is_proved() {
    // SPEC [M13]
    let [alice] = members(1);
    let sealed = |expected: Result<u64, SealRefusal>| {
        let before = alice.digest();
        let frame = seal(&alice, MIC, 0, b"frame");
        assert_eq!(frame.map(|frame| counter(&frame)), expected);
        if expected.is_err() {
            assert_eq!(alice.digest(), before);
        }
    };
    sealed(Ok(0));
    alice.require_relay(true);
    sealed(Err(SealRefusal::NoRelay));
    alice.prove_relay(true);
    sealed(Ok(1));
    // It leaves the list.
    alice.prove_relay(false);
    sealed(Err(SealRefusal::NoRelay));
    // The list is emptied.
    alice.require_relay(false);
    sealed(Ok(2));
}

#[test]
fn a_relay_changes_no_other_reason_to_stop() {
    // SPEC [M9] [M13]
    let [alice] = members(1);
    alice.prove_relay(true);
    for needed in [true, false] {
        alice.require_relay(needed);
        alice.allow_sealing(false);
        assert_eq!(seal(&alice, MIC, 0, b"no"), Err(SealRefusal::Stopped));
        alice.allow_sealing(true);
        assert!(seal(&alice, MIC, 0, b"yes").is_ok());
    }
    alice.require_relay(true);
    alice.prove_relay(false);
    alice.renew(5);
    assert_eq!(seal(&alice, MIC, 4, b"no"), Err(SealRefusal::NoRelay));
    assert_eq!(seal(&alice, MIC, 5, b"no"), Err(SealRefusal::Stopped));
    alice.clear();
    assert_eq!(seal(&alice, MIC, 0, b"no"), Err(SealRefusal::Ended));
}

#[test]
fn opening_needs_no_relay() {
    let [alice, bob] = members(1);
    bob.require_relay(true);
    let frame = seal(&alice, MIC, 0, b"frame").unwrap();
    assert!(open(&bob, &frame, 0).is_ok());
}

#[test]
fn an_unconfirmed_joiner_who_needs_a_relay_is_reset() {
    // SPEC [M13] [K3]: a relay alone gives no right to seal.
    let alice = keyring();
    alice.allow_sealing(false);
    alice.require_relay(true);
    alice.prove_relay(true);
    alice.install(epoch(1, 0, &[0], false), 0).unwrap();
    alice.reset_unsealed();
    assert_eq!(alice.newest(), None);
}

#[test]
fn a_sealer_never_lingers_in_an_epoch_that_has_expired_or_gone() {
    // SPEC [M6] [K7]
    let [alice] = members(1);
    alice.install(epoch(2, 0, &[0, 1], false), 1_000).unwrap();
    let mut view = (**alice.view.load()).clone();
    view.kept[1].expires_ms = 1_100;
    let sealing = |now_ms| view.sealing(now_ms).unwrap().epoch.number;
    assert_eq!([1_099, 1_100].map(sealing), [1, 2]);
    alice.install(epoch(300, 0, &[0, 1], false), 1_001).unwrap();
    assert_eq!(epoch_byte(&seal(&alice, MIC, 1_001, b"").unwrap()), 300_u64 as u8);
}

#[test]
fn a_sealer_whose_epoch_was_erased_under_it_is_stopped_and_not_ended() {
    // SPEC [K7]
    let [alice] = members(1);
    alice.view.load().newest().unwrap().epoch.erase();
    assert_eq!(seal(&alice, MIC, 0, b""), Err(SealRefusal::Stopped));
    alice.clear();
    assert_eq!(seal(&alice, MIC, 0, b""), Err(SealRefusal::Ended));
}

#[test]
fn nothing_is_sealed_unless_it_is_allowed_and_in_time() {
    // SPEC [M9]
    let alice = Arc::new(Keyring::new(Suite::AesGcm128Sha256_128));
    let stopped = |now_ms| {
        let before = alice.digest();
        assert_eq!(seal(&alice, MIC, now_ms, b"no"), Err(SealRefusal::Stopped));
        assert_eq!(alice.digest(), before);
    };
    alice.renew(1_000);
    alice.allow_sealing(true);
    stopped(0);
    alice.allow_sealing(false);
    alice.install(epoch(1, 0, &[0], false), 0).unwrap();
    stopped(0);
    alice.allow_sealing(true);
    assert!(seal(&alice, MIC, 999, b"yes").is_ok());
    stopped(1_000);
    alice.renew(2_000);
    assert!(seal(&alice, MIC, 1_000, b"yes").is_ok());
    alice.allow_sealing(false);
    stopped(1_000);
}

#[test]
fn a_keyring_that_starts_over_seals_and_opens_nothing_of_before_and_its_leases_go_on() {
    // SPEC [M9], [M10], [K3], [K7]
    let [alice, bob] = members(7);
    let mut lease = Lease::take(Arc::clone(&alice), CAMERA).unwrap();
    let mut out = Vec::new();
    lease.slot(0).unwrap().seal(b"x", &mut out).unwrap();
    let heard = seal(&bob, MIC, 0, b"x").unwrap();
    alice.start_over();
    assert_eq!(lease.slot(0).err(), Some(SealRefusal::Stopped));
    // Whatever the gate says, there is no key.
    alice.allow_sealing(true);
    assert_eq!(lease.slot(0).err(), Some(SealRefusal::Stopped));
    assert_eq!(open(&alice, &heard, 0), Err(OpenRefusal::UnknownKey));
    assert!(Lease::take(Arc::clone(&alice), CAMERA).is_none(), "it is still taken");
    // An epoch of a lower number is another line's.
    alice.install(epoch(3, 2, &[0, 2], true), 0).unwrap();
    let mut again = Vec::new();
    lease.slot(0).unwrap().seal(b"x", &mut again).unwrap();
    assert_eq!((counter(&again), epoch_byte(&again)), (0, 3));
    alice.clear();
    alice.start_over();
    assert!(alice.has_ended());
}

#[test]
fn epochs_that_nobody_confirmed_are_forgotten_unless_one_was_sealed_in() {
    // SPEC [K3]
    let unconfirmed = |sealed: bool| {
        let [keyring] = members(3);
        // The slot is there either way.
        let mut lease = Lease::take(Arc::clone(&keyring), MIC).unwrap();
        let slot = lease.slot(0).unwrap();
        if sealed {
            slot.seal(b"x", &mut Vec::new()).unwrap();
        }
        keyring.allow_sealing(false);
        keyring.install(epoch(4, 0, &[0], false), 0).unwrap();
        keyring.reset_unsealed();
        keyring.newest()
    };
    assert_eq!(unconfirmed(false), None);
    assert_eq!(unconfirmed(true), Some(4));
    // Nor are a member's, nor is the end of a membership.
    let [keyring] = members(3);
    keyring.reset_unsealed();
    assert_eq!(keyring.newest(), Some(3));
    keyring.clear();
    keyring.allow_sealing(false);
    keyring.reset_unsealed();
    assert!(keyring.has_ended());
}

#[test]
fn a_digest_tells_a_frame_and_not_a_slot_made_before_it() {
    let [alice] = members(3);
    let before = alice.digest();
    alice.view.load().kept[0].epoch.make_own_slot(MIC).unwrap();
    assert_eq!(alice.digest(), before);
    let mut seen = vec![before];
    for _ in 0..3 {
        seal(&alice, MIC, 0, b"x").unwrap();
        assert!(!seen.contains(&alice.digest()));
        seen.push(alice.digest());
    }
}

#[test]
fn tracks_are_padded_by_the_rule_of_their_kind() {
    // SPEC [M40]
    let install = |leaf| EpochInstall {
        padding: Padding { audio: PadTo::Multiple(50), other: PadTo::Multiple(90) },
        ..epoch(1, leaf, &[0, 1], false)
    };
    let [alice, bob] = [0, 1].map(|leaf| {
        let keyring = keyring();
        keyring.install(install(leaf), 0).unwrap();
        keyring
    });
    for (track, padded_len) in [(MIC, 50), (Track::SCREEN_AUDIO, 50), (CAMERA, 90)] {
        let mut lease = Lease::take(Arc::clone(&alice), track).unwrap();
        assert_eq!(lease.padding(), PadTo::Multiple(padded_len as u16));
        assert_eq!(format!("{lease:?}"), format!("Lease {{ track: {track:?}, .. }}"));
        assert!(alice.is_leased(track) && !alice.is_leased(Track::DATA));
        let slot = lease.slot(0).unwrap();
        let (mut text, mut frame) = (b"hello".to_vec(), Vec::new());
        pad(slot.padding, &mut text, 0);
        slot.seal(&text, &mut frame).unwrap();
        drop(lease);
        assert!(!alice.is_leased(track));
        let (_, header_len) = FrameHeader::parse(&frame).unwrap();
        assert_eq!(frame.len(), header_len + padded_len + 16, "{track:?}");
        assert_eq!(open(&bob, &frame, 0).unwrap().1, b"hello");
    }
}

#[test]
fn a_frame_sealed_into_a_buffer_is_the_frame_that_is_appended() {
    let sealed = seal(&members::<1>(1)[0], MIC, 0, b"hello").unwrap();
    let mut lease = Lease::take(Arc::clone(&members::<1>(1)[0]), MIC).unwrap();
    let mut buffer = [7; 64];
    let len = lease.slot(0).unwrap().seal_into(b"hello", &mut buffer).unwrap();
    assert_eq!(buffer[..len], sealed);
    assert!(buffer[len..].iter().all(|&byte| byte == 7));
}
