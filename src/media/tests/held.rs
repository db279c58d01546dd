//! Frames of epochs to come.

use incamera_wire::{FrameHeader, MAX_HEADER_LEN};

use super::{CAMERA, MIC, from, open, receiver, seal, sealer};
use crate::keyring::fixture::{epoch, members};
use crate::media::held::{MAX_BYTES, MAX_FRAMES, MAX_WAIT_MS};
use crate::media::{FrameError, Opened, Receiver, Released};

/// Polls until nothing is due; the tags, outcomes and plaintexts.
fn drain(receiver: &mut Receiver, now_ms: u64) -> Vec<(u64, Result<Opened, FrameError>, Vec<u8>)> {
    let mut out = Vec::new();
    let released = std::iter::from_fn(|| {
        let Released { tag, outcome } = receiver.poll(now_ms, &mut out)?;
        Some((tag, outcome, std::mem::take(&mut out)))
    });
    released.collect()
}

/// A frame of the given length that claims `epoch`.
fn claims(epoch: u64, len: usize) -> Vec<u8> {
    let mut header = [0; MAX_HEADER_LEN];
    let header_len = FrameHeader { kid: epoch & 0xff, ctr: 0 }.write(&mut header);
    let mut frame = header[..header_len].to_vec();
    frame.resize(len, 0);
    frame
}

#[test]
fn held_frames_come_out_in_order_once_their_epoch_is_there() {
    // SPEC [M5]
    let [alice, bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    let (mut mic, mut camera) = (sealer(&alice, MIC), sealer(&alice, CAMERA));
    let mut sent = Vec::new();
    for number in 2..5 {
        alice.install(epoch(number, 0, &[0, 1], true), 0).unwrap();
        for _ in 0..5 {
            sent.push((MIC, seal(&mut mic, &[sent.len() as u8])));
            sent.push((CAMERA, seal(&mut camera, &[sent.len() as u8])));
        }
    }
    for (tag, (_, frame)) in sent.iter().enumerate() {
        assert_eq!(open(&mut bob, tag as u64, frame, 0), Ok((Opened::Held, vec![])));
    }
    assert_eq!((drain(&mut bob, 0), bob.held()), (vec![], 30));
    let mut tags = 0..30;
    for number in 2..5 {
        bob_keys.install(epoch(number, 1, &[0, 1], true), 0).unwrap();
        let released = drain(&mut bob, 0);
        assert_eq!(released.len(), 10);
        for (tag, outcome, text) in released {
            assert_eq!(Some(tag), tags.next());
            assert_eq!((outcome, text), (Ok(from(0, sent[tag as usize].0)), vec![tag as u8]));
        }
    }
    // SPEC [M2]: and they are replays from then on.
    for (_, frame) in &sent {
        assert_eq!(open(&mut bob, 0, frame, 0), Err(FrameError::Unopenable));
    }
}

#[test]
fn a_later_frame_overtakes_no_held_one() {
    // SPEC [M5]
    let [alice, bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    alice.install(epoch(2, 0, &[0, 1], true), 0).unwrap();
    let (mut mic, mut camera) = (sealer(&alice, MIC), sealer(&alice, CAMERA));
    let [first, second, third] = [0, 1, 2].map(|text| seal(&mut mic, &[text]));
    open(&mut bob, 10, &first, 0).unwrap();
    bob_keys.install(epoch(2, 1, &[0, 1], true), 0).unwrap();
    assert_eq!(open(&mut bob, 11, &second, 0), Ok((Opened::Held, vec![])));
    let other = seal(&mut camera, b"other");
    assert_eq!(open(&mut bob, 12, &other, 0).unwrap().0, from(0, CAMERA));
    let tags: Vec<_> = drain(&mut bob, 0).into_iter().map(|(tag, _, text)| (tag, text)).collect();
    assert_eq!(tags, [(10, vec![0]), (11, vec![1])]);
    assert_eq!(open(&mut bob, 13, &third, 0).unwrap().0, from(0, MIC));
}

#[test]
fn frames_beyond_the_bounds_are_refused() {
    // SPEC [M5]
    let [bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    for tag in 0..MAX_FRAMES as u64 {
        assert_eq!(open(&mut bob, tag, &claims(2, 20), 0).unwrap().0, Opened::Held);
    }
    assert_eq!(open(&mut bob, 0, &claims(2, 20), 0), Err(FrameError::Full));
    let mut bob = receiver(&bob_keys);
    for tag in 0..2 {
        assert_eq!(open(&mut bob, tag, &claims(2, MAX_BYTES / 2), 0).unwrap().0, Opened::Held);
    }
    assert_eq!(open(&mut bob, 2, &claims(2, 20), 0), Err(FrameError::Full));
    // Room comes back with what leaves.
    assert_eq!(drain(&mut bob, MAX_WAIT_MS).len(), 2);
    assert_eq!(open(&mut bob, 3, &claims(2, MAX_BYTES), 0).unwrap().0, Opened::Held);
}

#[test]
fn a_frame_too_far_ahead_or_too_short_is_not_held() {
    // SPEC [M5]
    let [bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    for (epoch, held) in [(2, true), (33, true), (34, false), (0, false), (255, false)] {
        let opened = open(&mut bob, 0, &claims(epoch, 40), 0);
        assert_eq!(opened.is_ok(), held, "epoch {epoch}");
    }
    assert_eq!(open(&mut receiver(&bob_keys), 0, &claims(2, 10), 0), Err(FrameError::Malformed));
}

#[test]
fn a_frame_whose_epoch_never_comes_is_given_back() {
    // SPEC [M5]
    let [bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    open(&mut bob, 1, &claims(2, 40), 100).unwrap();
    open(&mut bob, 2, &claims(9, 40), 200).unwrap();
    assert_eq!(drain(&mut bob, 99 + MAX_WAIT_MS), []);
    let expired = |tag| (tag, Err(FrameError::UnknownKey), vec![]);
    assert_eq!(drain(&mut bob, 100 + MAX_WAIT_MS), [expired(1)]);
    assert_eq!(drain(&mut bob, 200 + MAX_WAIT_MS), [expired(2)]);
    assert_eq!(bob.held(), 0);
}

#[test]
fn a_forged_frame_that_was_held_is_given_back() {
    // SPEC [M5] [M8]
    let [alice, bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    alice.install(epoch(2, 0, &[0, 1], true), 0).unwrap();
    let mut frame = seal(&mut sealer(&alice, MIC), b"genuine");
    *frame.last_mut().unwrap() ^= 1;
    open(&mut bob, 1, &frame, 0).unwrap();
    open(&mut bob, 2, &claims(2, 40), 0).unwrap();
    bob_keys.install(epoch(2, 1, &[0, 1], true), 0).unwrap();
    let before = bob_keys.digest();
    let outcomes: Vec<_> = drain(&mut bob, 0).into_iter().map(|(_, outcome, _)| outcome).collect();
    assert_eq!(outcomes, [Err(FrameError::Unopenable), Err(FrameError::Unopenable)]);
    assert_eq!(bob_keys.digest(), before);
}

#[test]
fn a_held_frame_of_an_epoch_that_was_skipped_is_given_back() {
    // SPEC [M5]
    let [bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    open(&mut bob, 1, &claims(5, 40), 0).unwrap();
    bob_keys.install(epoch(245, 0, &[0], false), 0).unwrap();
    // Its low bits now look like epoch 261, which it is not.
    assert_eq!(drain(&mut bob, 0), [(1, Err(FrameError::UnknownKey), vec![])]);
}

#[test]
fn held_frames_are_given_back_at_the_end() {
    // SPEC [M9]
    let [bob_keys] = members(1);
    let mut bob = receiver(&bob_keys);
    open(&mut bob, 1, &claims(2, 40), 0).unwrap();
    bob_keys.clear();
    assert_eq!(drain(&mut bob, 0), [(1, Err(FrameError::Ended), vec![])]);
}
