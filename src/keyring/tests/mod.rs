//! Tests of the keyring: epochs, rights, retention, sealing, erasure.

mod audio;
mod overhead;
mod sealing;

use std::sync::Arc;

use incamera_wire::{FrameHeader, MAX_HEADER_LEN, StayId, Track, TrackKind, TrackKinds};
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::fixture::{counter, epoch, epoch_byte, keyring, members, open, seal, stay};
use super::kid::KidLayout;
use super::{EpochInstall, Handle, Incoming, InstallError, OpenRefusal, Origin, SealRefusal};
use crate::sframe::{Backend, BaseKey, MAX_PLAINTEXT_LEN, SealingKey, Suite};

const MIC: Track = Track::MICROPHONE;
const CAMERA: Track = Track::CAMERA;

/// A frame under any key, key id and counter.
fn forge(base_key: &[u8], kid: u64, ctr: u64) -> Vec<u8> {
    let suite = Suite::AesGcm128Sha256_128;
    let base_key = BaseKey::new(Backend::of_new_keyrings(), suite, base_key);
    let mut key = SealingKey::derive(&base_key, kid).unwrap();
    let mut sealed = Vec::new();
    key.seal(&[], b"forged", &mut sealed).unwrap();
    let (_, old_len) = FrameHeader::parse(&sealed).unwrap();
    let mut header = [0; MAX_HEADER_LEN];
    let len = FrameHeader { kid, ctr }.write(&mut header);
    [&header[..len], &sealed[old_len..]].concat()
}

fn kid(frame: &[u8]) -> u64 {
    FrameHeader::parse(frame).unwrap().0.kid
}

#[test]
fn a_frame_opens_for_every_other_member_and_names_its_sender() {
    let [alice, bob, carol] = members(1);
    let frame = seal(&alice, CAMERA, 0, b"hello").unwrap();
    for other in [&bob, &carol] {
        let opened = open(other, &frame, 0);
        assert_eq!(opened, Ok((Origin { member: stay(0), track: CAMERA }, b"hello".to_vec())));
    }
}

#[test]
fn an_epoch_installed_twice_keeps_counters_and_windows() {
    // SPEC [K3] [M2]
    let [alice, bob] = members(1);
    let frame = seal(&alice, MIC, 0, b"one").unwrap();
    open(&bob, &frame, 0).unwrap();
    for (own_leaf, member) in [(0, &alice), (1, &bob)] {
        let before = member.digest();
        for (number, now_ms) in [(1, 0), (1, 9_000)] {
            member.install(epoch(number, own_leaf, &[0, 1], true), now_ms).unwrap();
            assert_eq!(member.digest(), before);
        }
    }
    assert_eq!(counter(&seal(&alice, MIC, 0, b"two").unwrap()), 1);
    assert_eq!(open(&bob, &frame, 0), Err(OpenRefusal::Unopenable));
    // Nor does it once it is an old one.
    bob.install(epoch(2, 1, &[0, 1], false), 0).unwrap();
    let before = bob.digest();
    bob.install(epoch(1, 1, &[0, 1], false), 5).unwrap();
    assert_eq!(bob.digest(), before);
}

#[test]
fn an_install_that_makes_no_sense_changes_nothing() {
    let [alice] = members(7);
    let before = alice.digest();
    let refused = |install: EpochInstall| {
        let error = alice.install(install, 0).unwrap_err();
        assert_eq!(alice.digest(), before);
        error
    };
    assert_eq!(refused(epoch(6, 0, &[0], false)), InstallError::Order);
    assert_eq!(refused(epoch(8, 0, &[1, 2], false)), InstallError::Roster);
    assert_eq!(refused(epoch(8, 0, &[0, 2, 2], false)), InstallError::Roster);
    let short = EpochInstall { base_key: Zeroizing::new(vec![1; 15]), ..epoch(8, 0, &[0], false) };
    assert_eq!(refused(short), InstallError::BaseKey);
}

#[test]
fn a_frame_of_the_own_leaf_is_refused() {
    // SPEC [K4]
    let [alice, bob] = members(1);
    let frame = seal(&alice, MIC, 0, b"mine").unwrap();
    assert_eq!(open(&alice, &frame, 0), Err(OpenRefusal::UnknownKey));
    assert!(open(&bob, &frame, 0).is_ok());
}

#[test]
fn a_frame_of_no_possible_length_is_malformed() {
    let [alice, bob] = members(1);
    let frame = seal(&alice, CAMERA, 0, b"").unwrap();
    let (header, len) = FrameHeader::parse(&frame).unwrap();
    let of_length = |body: usize| [&frame[..len], &vec![7; body]].concat();
    for (body, refusal) in [
        (15, OpenRefusal::Malformed),
        (16, OpenRefusal::Unopenable),
        (MAX_PLAINTEXT_LEN + 16, OpenRefusal::Unopenable),
        (MAX_PLAINTEXT_LEN + 17, OpenRefusal::Malformed),
    ] {
        assert_eq!(open(&bob, &of_length(body), 0), Err(refusal), "{body}");
    }
    // Shorter than any tag, it is not looked up; else of an epoch that is neither kept nor soon to come.
    let mut unknown = [0; MAX_HEADER_LEN];
    let len = FrameHeader { kid: header.kid + 100, ..header }.write(&mut unknown);
    let of_nobody = |body: usize| [&unknown[..len], &vec![7; body]].concat();
    assert_eq!(open(&bob, &of_nobody(9), 0), Err(OpenRefusal::Malformed));
    assert_eq!(open(&bob, &of_nobody(10), 0), Err(OpenRefusal::UnknownKey));
}

#[test]
fn a_frame_of_another_than_the_expected_is_refused() {
    let [alice, bob] = members(1);
    let frame = seal(&alice, CAMERA, 0, b"hello").unwrap();
    let before = bob.digest();
    let mut handle = Handle::new(Arc::clone(&bob));
    let mut ask = |member, track| {
        let expected = Some(Origin { member: stay(member), track });
        handle.open(&mut Incoming::parse(&frame).unwrap(), expected, 0, &mut Vec::new())
    };
    for (member, track) in [(0, MIC), (1, CAMERA), (2, CAMERA)] {
        assert_eq!(ask(member, track), Err(OpenRefusal::NotAllowed));
        assert_eq!(bob.digest(), before);
    }
    assert_eq!(ask(0, CAMERA), Ok(Origin { member: stay(0), track: CAMERA }));
}

#[test]
fn a_key_id_outside_the_roster_derives_nothing() {
    // SPEC [M3]
    let alice = keyring();
    let install = epoch(1, 0, &[0, 1, 5], false);
    let base_key = install.base_key.clone();
    alice.install(install, 0).unwrap();
    let before = alice.digest();
    // S is 3: leaves 2, 3, 4, 6, 7 are blank; contexts 5 to 7 and 256 on are no tracks.
    for (context, leaf) in [(0, 2), (0, 7), (1, 4), (5, 1), (7, 5), (256, 1), (1 << 50, 1)] {
        // Even genuine under its own key: the look-up comes first.
        let frame = forge(&base_key, context << 11 | leaf << 8 | 1, 0);
        assert_eq!(open(&alice, &frame, 0), Err(OpenRefusal::UnknownKey));
    }
    assert_eq!(alice.digest(), before);
}

#[test]
fn a_forged_counter_moves_no_window() {
    // SPEC [M2]
    let [alice, bob] = members(1);
    let first = seal(&alice, MIC, 0, b"first").unwrap();
    let forged = |ctr| forge(&[0; 16], kid(&first), ctr);
    // Before the slot exists, and after.
    for _ in 0..2 {
        for ctr in [0, 1, 1024, u64::MAX] {
            assert_eq!(open(&bob, &forged(ctr), 0), Err(OpenRefusal::Unopenable));
        }
        let frame = seal(&alice, MIC, 0, b"genuine").unwrap();
        assert!(open(&bob, &frame, 0).is_ok());
    }
    assert!(open(&bob, &first, 0).is_ok());
}

#[test]
fn a_first_frame_raced_by_two_threads_opens_once() {
    // SPEC [M2]: both have looked for the slot before either has made it.
    let [alice, bob] = members(1);
    let [first, second] = [b"first", b"other"].map(|text| seal(&alice, MIC, 0, text).unwrap());
    let view = bob.view.load();
    let epoch = &view.kept[0].epoch;
    let race = |frame: &[u8]| {
        let mut out = b"before".to_vec();
        let mut incoming = Incoming::parse(frame).unwrap();
        let opened = epoch.open_first(&epoch.leaves[0], MIC, &mut incoming, &mut out);
        // SPEC [M11]
        assert_eq!(out.len(), if opened.is_ok() { 11 } else { 6 });
        opened
    };
    assert_eq!(race(&first), Ok(()));
    assert_eq!(race(&first), Err(OpenRefusal::Unopenable));
    assert_eq!(race(&second), Ok(()));
    for frame in [&first, &second] {
        assert_eq!(race(frame), Err(OpenRefusal::Unopenable));
        assert_eq!(open(&bob, frame, 0), Err(OpenRefusal::Unopenable));
    }
}

#[test]
fn a_second_forgery_under_a_slot_never_used_derives_nothing() {
    // SPEC [M3]: it would allocate a key.
    let [alice, bob] = members(1);
    let genuine = seal(&alice, MIC, 0, b"genuine").unwrap();
    let forged = |ctr| forge(&[0; 16], kid(&genuine), ctr);
    let view = bob.view.load_full();
    let candidates = &view.kept[0].epoch.candidates;
    let (first, others) = (forged(0), [0, 1, u64::MAX].map(forged));
    let mut handle = Handle::new(Arc::clone(&bob));
    let mut out = Vec::with_capacity(64);
    let mut refuse = |frame: &[u8]| {
        let mut frame = Incoming::parse(frame).unwrap();
        let info = allocation_counter::measure(|| {
            let opened = handle.open(&mut frame, None, 0, &mut out);
            assert_eq!(opened, Err(OpenRefusal::Unopenable));
        });
        (info.count_total > 0, candidates.len())
    };
    assert_eq!(refuse(&first), (true, 1));
    for other in &others {
        assert_eq!(refuse(other), (false, 1));
    }
    // The key is as good as a fresh one, and is no candidate any more.
    assert!(open(&bob, &genuine, 0).is_ok());
    assert_eq!(candidates.len(), 0);
    assert_eq!(open(&bob, &genuine, 0), Err(OpenRefusal::Unopenable));
}

#[test]
fn a_flood_under_slots_never_used_leaves_few_keys_and_changes_nothing() {
    // SPEC [M3]
    let leaves: Vec<u32> = (0..200).collect();
    let bob = keyring();
    bob.install(epoch(1, 1, &leaves, false), 0).unwrap();
    let view = bob.view.load_full();
    let epoch = &view.kept[0].epoch;
    let genuine = KidLayout::new(199).kid(1, 0, CAMERA);
    for track in (0..256).filter_map(Track::from_context).step_by(7) {
        for leaf in (0..200).filter(|leaf| *leaf != 1) {
            let frame = forge(&[0; 16], KidLayout::new(199).kid(1, leaf, track), 0);
            // It checks that the digest stays.
            assert_eq!(open(&bob, &frame, 0), Err(OpenRefusal::Unopenable));
        }
    }
    let count = epoch.candidates.len();
    assert!((60..=64).contains(&count), "{count}");
    assert!(epoch.leaves.iter().all(|leaf| leaf.slots.iter().next().is_none()));
    // SPEC [K7]
    let base_key = super::fixture::epoch(1, 0, &leaves, false).base_key;
    assert!(open(&bob, &forge(&base_key, genuine, 0), 0).is_ok());
    bob.clear();
    assert_eq!(epoch.candidates.len(), 0);
}

#[test]
fn a_forgery_that_finds_its_epoch_erased_leaves_no_key() {
    // SPEC [K7]: a thread that chose the epoch just before.
    let [alice, bob] = members(1);
    let frame = seal(&alice, MIC, 0, b"late").unwrap();
    let view = bob.view.load_full();
    bob.clear();
    let (epoch, mut incoming) = (&view.kept[0].epoch, Incoming::parse(&frame).unwrap());
    let opened = epoch.open_first(&epoch.leaves[0], MIC, &mut incoming, &mut Vec::new());
    assert_eq!(opened, Err(OpenRefusal::UnknownKey));
    assert_eq!(epoch.candidates.len(), 0);
    assert!(epoch.leaves[0].slots.get(MIC).is_none());
}

#[test]
fn a_frame_that_opens_under_another_key_only_is_refused() {
    // SPEC [M4]: keys of a neighbouring epoch, leaf or track are never tried.
    let [alice, bob] = members(1);
    bob.install(epoch(2, 1, &[0, 1], false), 0).unwrap();
    let genuine = kid(&seal(&alice, MIC, 0, b"").unwrap());
    let base_keys = [1, 2].map(|number| epoch(number, 0, &[0], false).base_key);
    assert!(open(&bob, &forge(&base_keys[0], genuine, 0), 0).is_ok());
    assert_eq!(open(&bob, &forge(&base_keys[1], genuine, 0), 0), Err(OpenRefusal::Unopenable));
    let relabelled = forge(&base_keys[1], genuine + 1, 0);
    assert!(open(&bob, &relabelled, 0).is_ok());
}

#[test]
fn a_track_that_either_state_forbids_does_not_open() {
    // SPEC [M7]
    let with = |number, own_leaf, kinds| {
        let mut install = epoch(number, own_leaf, &[0, 1], false);
        install.leaves[0].2 = kinds;
        install
    };
    let mut no_camera = TrackKinds::ALL;
    no_camera.remove(TrackKind::Camera);
    for (old, new) in [(TrackKinds::ALL, no_camera), (no_camera, TrackKinds::ALL)] {
        let [alice, bob] = [keyring(), keyring()];
        alice.install(epoch(1, 0, &[0, 1], false), 0).unwrap();
        bob.install(with(1, 1, old), 0).unwrap();
        bob.install(with(2, 1, new), 0).unwrap();
        let frame = seal(&alice, CAMERA, 0, b"forbidden").unwrap();
        assert_eq!(open(&bob, &frame, 0), Err(OpenRefusal::NotAllowed));
        let frame = seal(&alice, MIC, 0, b"allowed").unwrap();
        assert!(open(&bob, &frame, 0).is_ok());
    }
    let alice = keyring();
    alice.install(with(1, 0, no_camera), 0).unwrap();
    assert_eq!(seal(&alice, CAMERA, 0, b""), Err(SealRefusal::NotAllowed));
}

#[test]
fn a_frame_of_a_member_who_was_removed_or_replaced_does_not_open() {
    // SPEC [M7]
    let [alice, bob, carol] = members(1);
    let frames = [0, 0].map(|_| seal(&alice, MIC, 0, b"late").unwrap());
    bob.install(epoch(2, 1, &[1, 2], true), 0).unwrap();
    let mut replaced = epoch(2, 2, &[0, 1, 2], true);
    replaced.leaves[0].1 = StayId::new([9; 16]);
    carol.install(replaced, 0).unwrap();
    for member in [&bob, &carol] {
        assert_eq!(open(member, &frames[0], 0), Err(OpenRefusal::NotAllowed));
    }
}

#[test]
fn an_old_epoch_is_erased_on_time() {
    // SPEC [K7]
    for (removes, lifetime) in [(true, 2_000), (false, 10_000)] {
        let [alice, bob] = members(1);
        let frames: Vec<_> = (0..3).map(|_| seal(&alice, MIC, 0, b"late").unwrap()).collect();
        bob.install(epoch(2, 1, &[0, 1], removes), 1_000).unwrap();
        let (view, end) = (bob.view.load_full(), 1_000 + lifetime);
        assert_eq!(bob.sweep(end - 1), Some(end));
        assert!(open(&bob, &frames[0], end - 1).is_ok());
        // Not even without a sweep.
        assert_eq!(open(&bob, &frames[1], end), Err(OpenRefusal::UnknownKey));
        assert_eq!(bob.sweep(end), None);
        assert_eq!(open(&bob, &frames[2], end), Err(OpenRefusal::UnknownKey));
        // A thread that holds the old view finds no key in it.
        assert!(view.kept[1].epoch.is_erased());
        assert!(view.kept[1].epoch.leaves[0].slots.get(MIC).unwrap().lock().is_none());
    }
}

#[test]
fn the_earlier_expiry_wins() {
    // SPEC [K7]
    let [bob] = members(1);
    bob.install(epoch(2, 0, &[0], false), 0).unwrap();
    bob.install(epoch(3, 0, &[0], true), 1_000).unwrap();
    bob.install(epoch(4, 0, &[0], false), 1_500).unwrap();
    assert_eq!(bob.sweep(2_999), Some(3_000));
    assert_eq!(bob.sweep(3_000), Some(11_500));
}

#[test]
fn three_hundred_epochs_wrap_their_key_ids() {
    // SPEC [K2] [K7]
    let [alice, bob] = members(1);
    let mut old = Vec::new();
    for number in 2..=300 {
        alice.install(epoch(number, 0, &[0, 1], true), 0).unwrap();
        bob.install(epoch(number, 1, &[0, 1], true), 0).unwrap();
        let frame = seal(&alice, MIC, 0, b"now").unwrap();
        assert_eq!((epoch_byte(&frame), counter(&frame)), (number as u8, 0));
        assert!(open(&bob, &frame, 0).is_ok());
        assert!(bob.view.load().kept.len() <= 65);
        old.push((number, frame, seal(&alice, MIC, 0, b"late").unwrap()));
    }
    for (number, seen, late) in old {
        assert!(open(&bob, &seen, 0).is_err());
        assert_eq!(open(&bob, &late, 0).is_ok(), number >= 300 - 64, "epoch {number}");
    }
}

#[test]
fn an_epoch_whose_low_bits_come_back_is_dropped_at_once() {
    // SPEC [K2]
    for (jump, dropped) in [(256, true), (224, true), (223, false)] {
        let [alice, bob] = members(1);
        let frame = seal(&alice, MIC, 0, b"old").unwrap();
        let view = bob.view.load_full();
        bob.install(epoch(1 + jump, 1, &[0, 1], false), 0).unwrap();
        assert_eq!(view.kept[0].epoch.is_erased(), dropped);
        assert_eq!(open(&bob, &frame, 0).is_ok(), !dropped);
    }
}

#[test]
fn a_frame_is_ahead_by_one_to_thirty_two_epochs() {
    // SPEC [M5]
    let [alice] = members(250);
    for ahead in 1..=300_u64 {
        let frame = forge(&[1; 16], 1 << 8 | (250 + ahead) & 0xff, 0);
        let expected = match ahead {
            1..=32 => OpenRefusal::Ahead { epoch: 250 + ahead },
            256 => OpenRefusal::UnknownKey,
            257..=288 => OpenRefusal::Ahead { epoch: ahead - 6 },
            _ => OpenRefusal::UnknownKey,
        };
        assert_eq!(open(&alice, &frame, 0), Err(expected), "{ahead}");
    }
}

#[test]
fn after_the_end_nothing_seals_opens_or_installs() {
    // SPEC [M9] [K7]
    let [alice, bob] = members(1);
    let frame = seal(&alice, MIC, 0, b"late").unwrap();
    let view = bob.view.load_full();
    seal(&bob, MIC, 0, b"one").unwrap();
    bob.clear();
    assert!(view.kept[0].epoch.is_erased());
    assert!(view.kept[0].epoch.own_slots.get(MIC).unwrap().lock().is_none());
    assert_eq!(seal(&bob, MIC, 0, b"no"), Err(SealRefusal::Ended));
    assert_eq!(open(&bob, &frame, 0), Err(OpenRefusal::Ended));
    assert_eq!(bob.install(epoch(2, 1, &[0, 1], false), 0), Err(InstallError::Ended));
    assert_eq!(bob.sweep(u64::MAX), None);
}

#[test]
fn leaves_are_found_beside_blank_ones() {
    // SPEC [K2]
    let leaves = [0, 3, 4, 9, 1_000, 70_000];
    let at = |leaf| {
        let keyring = keyring();
        keyring.install(epoch(1, leaf, &leaves, false), 0).unwrap();
        keyring
    };
    let reader = at(4);
    for leaf in [0, 3, 9, 1_000, 70_000] {
        let frame = seal(&at(leaf), Track::DATA, 0, b"x").unwrap();
        let (origin, _) = open(&reader, &frame, 0).unwrap();
        assert_eq!(origin, Origin { member: stay(leaf), track: Track::DATA });
    }
}

#[test]
fn debug_shows_no_key() {
    let install = epoch(1, 0, &[0], false);
    assert_eq!(format!("{install:?}"), "EpochInstall { epoch: 1, .. }");
    let [alice] = members(1);
    assert_eq!(format!("{alice:?}"), "Keyring { newest: Some(1), ended: false, .. }");
}

proptest! {
    #[test]
    fn old_epochs_allow_what_they_and_the_newest_one_do(
        rosters in prop::collection::vec(
            prop::collection::vec(prop::option::of((0u32..3, 0usize..4)), 6), 1..8),
    ) {
        // SPEC [M7]
        let keyring = keyring();
        for (number, roster) in (1..).zip(&rosters) {
            let leaves = (1..).zip(roster).filter_map(|(leaf, seat)| {
                let (who, kinds) = (*seat)?;
                let mut all = TrackKinds::NONE;
                TrackKind::ALL.iter().take(kinds).for_each(|kind| all.insert(*kind));
                Some((leaf, stay(100 * leaf + who), all))
            });
            let own = (0, stay(0), TrackKinds::ALL);
            let leaves = std::iter::once(own).chain(leaves).collect();
            keyring.install(EpochInstall { leaves, ..epoch(number, 0, &[0], false) }, 0).unwrap();
            let view = keyring.view.load();
            let newest = &view.kept[0].epoch;
            for kept in &view.kept {
                let allowed = kept.epoch.leaves.iter().map(|old| {
                    let now = newest.leaves.iter().find(|leaf| leaf.index == old.index);
                    let same = now.filter(|leaf| leaf.stay == old.stay);
                    same.map_or(TrackKinds::NONE, |leaf| leaf.kinds.intersection(old.kinds))
                });
                prop_assert_eq!(&*kept.allowed, &allowed.collect::<Vec<_>>()[..]);
            }
        }
    }
}
