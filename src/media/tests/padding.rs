//! Frames in meetings that pad.

use incamera_wire::{PadTo, Padding};

use super::*;
use crate::keyring::EpochInstall;
use crate::keyring::fixture::{epoch, keyring};
use crate::media::Codec;
use crate::media::codec::tests::{ALL, frame_of};

/// The keyrings of two members, the first of whom may think that the meeting pads otherwise.
fn two(padding: [Padding; 2]) -> [Arc<Keyring>; 2] {
    let mut own_leaf = 0;
    padding.map(|padding| {
        let keyring = keyring();
        let install = EpochInstall { padding, ..epoch(1, own_leaf, &[0, 1], false) };
        keyring.install(install, 0).unwrap();
        own_leaf += 1;
        keyring
    })
}

const PADS: Padding = Padding { audio: PadTo::Multiple(200), other: PadTo::Padme };

#[test]
fn sound_that_fits_has_one_length_and_silence_too() {
    // SPEC [M40]
    let [alice, bob] = two([PADS; 2]);
    let (mut mic, mut ears) = (sealer(&alice, MIC), receiver(&bob));
    let mut lengths = Vec::new();
    for len in [1, 40, 120, 199] {
        let sealed = seal(&mut mic, &vec![0x80; len]);
        lengths.push(sealed.len());
        assert_eq!(open(&mut ears, 0, &sealed, 0), Ok((from(0, MIC), vec![0x80; len])));
    }
    let mut silence = Vec::new();
    mic.seal_silence(0, &mut silence).unwrap();
    lengths.push(silence.len());
    let opened = Opened::Silence { member: stay(0), track: MIC };
    assert_eq!(open(&mut ears, 0, &silence, 0), Ok((opened, vec![])));
    assert!(lengths.iter().all(|len| *len == lengths[0]), "{lengths:?}");
    let longer = seal(&mut mic, &[7; 200]);
    assert_eq!(longer.len(), lengths[0] + 200);
}

#[test]
fn silence_is_a_thing_of_sound() {
    let [alice, _] = two([PADS; 2]);
    let mut out = Vec::new();
    assert_eq!(sealer(&alice, CAMERA).seal_silence(0, &mut out), Err(FrameError::NotAllowed));
    assert!(out.is_empty());
}

#[test]
fn every_framing_pads_within_what_is_sealed() {
    let [alice, bob] = two([Padding { audio: PadTo::Nothing, other: PadTo::Multiple(1_000) }; 2]);
    let mut ears = receiver(&bob);
    for framing in ALL.map(Framing::WebRtc).into_iter().chain([Framing::Whole]) {
        let mut camera = Sealer::lease(Arc::clone(&alice), CAMERA, framing).unwrap();
        let codec = if let Framing::WebRtc(codec) = framing { codec } else { Codec::Vp9 };
        for len in [10, 400, 900, 2_500] {
            let frame = frame_of(codec, len);
            let sealed = seal(&mut camera, &frame);
            assert!(sealed.len() > 1_000 && sealed.len() <= camera.max_sealed_len(frame.len()));
            let (opened, text) = open_framed(&mut ears, framing, 0, &sealed, 0).unwrap();
            assert!(matches!(opened, Opened::Frame { .. }), "{opened:?}");
            assert!(frame.ends_with(&text) && text.len() + 2 >= frame.len(), "{framing:?} {len}");
            let mut slice = vec![0; camera.max_sealed_len(frame.len())];
            let len = camera.seal_into(&frame, 0, &mut slice).unwrap();
            let (_, again) = open_framed(&mut ears, framing, 0, &slice[..len], 0).unwrap();
            assert_eq!(again, text);
        }
    }
}

#[test]
fn a_frame_without_the_padding_that_is_due_is_refused_and_costs_nothing() {
    // SPEC [M40] [M11]
    for framing in ALL.map(Framing::WebRtc).into_iter().chain([Framing::Whole]) {
        for others in [Padding::NONE, Padding { other: PadTo::Multiple(3_000), ..PADS }] {
            let [alice, bob] = two([others, PADS]);
            let codec = if let Framing::WebRtc(codec) = framing { codec } else { Codec::Vp9 };
            let mut camera = Sealer::lease(Arc::clone(&alice), CAMERA, framing).unwrap();
            let sealed = seal(&mut camera, &frame_of(codec, 700));
            let refused = open_framed(&mut receiver(&bob), framing, 0, &sealed, 0);
            assert_eq!(refused, Err(FrameError::Unopenable), "{framing:?}");
        }
    }
}
