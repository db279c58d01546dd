//! Frames with clear bytes, under real keys.

use allocation_counter::measure;

use super::*;
use crate::keyring::fixture::{epoch, keyring, members};
use crate::media::codec::tests::{ALL, frame_of, obu};
use crate::media::{Codec, CodecError, Layer};

fn framed(keyring: &Arc<Keyring>, codec: Codec) -> Sealer {
    Sealer::lease(Arc::clone(keyring), CAMERA, Framing::WebRtc(codec)).unwrap()
}

/// A frame of the member at leaf 0, in the only layer that there is.
fn from_alice(codec: Codec) -> Opened {
    let layer = (codec == Codec::H265).then_some(Layer { temporal: 0, spatial: 0 });
    Opened::Frame { member: stay(0), track: CAMERA, layer }
}

/// What comes out of a frame: all but what packetisers drop.
fn canonical(codec: Codec, frame: &[u8]) -> &[u8] {
    &frame[if codec == Codec::Av1 { 2 } else { 0 }..]
}

#[test]
fn frames_of_every_codec_open_to_themselves() {
    let [alice, bob] = members(1);
    let mut bob = receiver(&bob);
    for codec in ALL {
        let mut camera = framed(&alice, codec);
        for len in [0, 1, 160, 5_000, 70_000] {
            let frame = frame_of(codec, len);
            let sealed = seal(&mut camera, &frame);
            assert!(sealed.len() <= camera.max_sealed_len(frame.len()));
            let opened = open_framed(&mut bob, Framing::WebRtc(codec), 0, &sealed, 0);
            assert_eq!(opened, Ok((from_alice(codec), canonical(codec, &frame).to_vec())));
            // SPEC [M2]
            let again = open_framed(&mut bob, Framing::WebRtc(codec), 0, &sealed, 0);
            assert_eq!(again, Err(FrameError::Unopenable));
        }
    }
}

#[test]
fn what_a_modified_client_seals_is_genuine_in_all_but_the_right() {
    let [alice, bob] = members(1);
    let mut bob = receiver(&bob);
    for codec in ALL {
        let (frame, mut sealed) = (frame_of(codec, 160), Vec::new());
        framed(&alice, codec).seal_unasked(&frame, 0, &mut sealed).unwrap();
        let opened = open_framed(&mut bob, Framing::WebRtc(codec), 0, &sealed, 0);
        assert_eq!(opened, Ok((from_alice(codec), canonical(codec, &frame).to_vec())));
    }
}

#[test]
fn a_frame_of_a_codec_with_any_bit_flipped_is_refused() {
    // SPEC [M20] [M11]
    let [alice, bob] = members(1);
    for codec in ALL {
        let frame = frame_of(codec, 40);
        let sealed = seal(&mut framed(&alice, codec), &frame);
        for bit in 0..8 * sealed.len() {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let opened = open_framed(&mut receiver(&bob), Framing::WebRtc(codec), 0, &flipped, 0);
            // An epoch to come, perhaps.
            let waits = opened == Ok((Opened::Held, vec![]));
            assert!(opened.is_err() || waits, "{codec:?}: bit {bit} of {sealed:02x?}");
        }
        let opened = open_framed(&mut receiver(&bob), Framing::WebRtc(codec), 0, &sealed, 0);
        assert_eq!(opened.unwrap().1, canonical(codec, &frame));
    }
}

#[test]
fn a_wrong_framing_shows_nothing() {
    let [alice, bob] = members(1);
    let mut bob = receiver(&bob);
    let all = || ALL.map(Framing::WebRtc).into_iter().chain([Framing::Whole]);
    for codec in ALL {
        let sealed = seal(&mut framed(&alice, codec), &frame_of(codec, 300));
        let whole =
            |framing| matches!(framing, Framing::Whole | Framing::WebRtc(Codec::Opus | Codec::Vp9));
        let same = |framing| {
            framing == Framing::WebRtc(codec) || whole(framing) && whole(Framing::WebRtc(codec))
        };
        for framing in all().filter(|&framing| !same(framing)) {
            assert!(
                open_framed(&mut bob, framing, 0, &sealed, 0).is_err(),
                "{codec:?} {framing:?}"
            );
        }
        assert!(open_framed(&mut bob, Framing::WebRtc(codec), 0, &sealed, 0).is_ok());
    }
}

#[test]
fn a_frame_that_does_not_parse_is_not_sealed_and_costs_no_counter() {
    // SPEC [M27] [M11]
    let [alice, _] = members(1);
    let before = alice.digest();
    let broken: [(Codec, &[&[u8]]); 4] = [
        (Codec::Vp8, &[b"\x10\0\0\x9d\x01", b"\x10\0\0\x9d\x01\x2b\x40\0\x30\0text"]),
        (Codec::Av1, &[b"\x32\x64\x07", b"\xb2\x01\x07", b"\x32\xff\xff\xff"]),
        (Codec::H264, &[b"\xff\xff\xff", b"\0\0\x01\xff\x05", b"\0\0\x01", b"\0\0\x01\x7c\x85a"]),
        (Codec::H265, &[b"\xff\xff\xff", b"\0\0\x01\xff\x05", b"\0\0\x01\x26"]),
    ];
    for (codec, frames) in broken {
        let mut camera = framed(&alice, codec);
        for frame in frames {
            let mut out = b"before".to_vec();
            let mut slice = vec![7; camera.max_sealed_len(frame.len())];
            let error = camera.seal(frame, 0, &mut out).unwrap_err();
            assert!(matches!(error, FrameError::Codec(_)), "{codec:?} {frame:?} {error:?}");
            assert_eq!(camera.seal_into(frame, 0, &mut slice), Err(error));
            assert!(out == b"before" && slice.iter().all(|byte| *byte == 7));
        }
    }
    assert_eq!(alice.digest(), before);
}

#[test]
fn empty_frames_are_passed_over() {
    let [alice, bob] = members(1);
    let before = [alice.digest(), bob.digest()];
    let mut bob_ears = receiver(&bob);
    for codec in ALL {
        let mut camera = framed(&alice, codec);
        assert_eq!(seal(&mut camera, b""), b"");
        assert_eq!(camera.seal_into(b"", 0, &mut [0; 200]), Ok(0));
        let opened = open_framed(&mut bob_ears, Framing::WebRtc(codec), 0, b"", 0);
        assert_eq!(opened, Ok((Opened::Ignored, vec![])));
    }
    // Only a temporal delimiter. As a sealed frame it is none.
    let delimiter = obu(2, None, &[], false);
    assert_eq!(seal(&mut framed(&alice, Codec::Av1), &delimiter), b"");
    let opened = open_framed(&mut bob_ears, Framing::WebRtc(Codec::Av1), 0, &delimiter, 0);
    assert_eq!(opened, Err(FrameError::Malformed));
    assert_eq!([alice.digest(), bob.digest()], before);
}

#[test]
fn a_frame_says_its_layer() {
    let [alice, bob] = members(1);
    let mut camera = framed(&alice, Codec::Av1);
    let sealed = seal(&mut camera, &obu(6, Some(2 << 5 | 1 << 3), b"picture", false));
    let mut ears = receiver(&bob);
    let opened = open_framed(&mut ears, Framing::WebRtc(Codec::Av1), 0, &sealed, 0).unwrap().0;
    let layer = Some(Layer { temporal: 2, spatial: 1 });
    assert_eq!(opened, Opened::Frame { member: stay(0), track: CAMERA, layer });
}

#[test]
fn a_frame_of_a_codec_is_held_and_released_as_one() {
    // SPEC [M5]
    let [alice, bob] = [keyring(), keyring()];
    alice.install(epoch(2, 0, &[0, 1], false), 0).unwrap();
    bob.install(epoch(1, 1, &[0, 1], false), 0).unwrap();
    let mut ears = receiver(&bob);
    for (tag, codec) in (0..).zip(ALL) {
        let sealed = seal(&mut framed(&alice, codec), &frame_of(codec, 90));
        let held = open_framed(&mut ears, Framing::WebRtc(codec), tag, &sealed, 0);
        assert_eq!(held, Ok((Opened::Held, vec![])));
    }
    bob.install(epoch(2, 1, &[0, 1], false), 0).unwrap();
    for (tag, codec) in (0..).zip(ALL) {
        let mut out = Vec::new();
        let released = ears.poll(0, &mut out).unwrap();
        assert_eq!((released.tag, released.outcome), (tag, Ok(from_alice(codec))));
        assert_eq!(out, canonical(codec, &frame_of(codec, 90)));
    }
}

#[test]
fn a_slice_must_have_room_for_the_longest() {
    let [alice, bob] = members(1);
    let mut ears = receiver(&bob);
    for codec in ALL {
        let (mut camera, frame) = (framed(&alice, codec), frame_of(codec, 500));
        let needed = camera.max_sealed_len(frame.len());
        let before = alice.digest();
        let refused = camera.seal_into(&frame, 0, &mut vec![0; needed - 1]);
        assert_eq!(refused, Err(FrameError::BufferTooSmall { needed }));
        assert_eq!(alice.digest(), before);
        let mut slice = vec![0; needed];
        let len = camera.seal_into(&frame, 0, &mut slice).unwrap();
        let opened = open_framed(&mut ears, Framing::WebRtc(codec), 0, &slice[..len], 0);
        assert_eq!(opened.unwrap().1, canonical(codec, &frame));
    }
}

#[test]
fn nobody_seals_for_a_codec_who_may_not_seal() {
    // SPEC [M9]
    let [alice, bob] = members(1);
    alice.allow_sealing(false);
    for codec in ALL {
        let (mut camera, mut out) = (framed(&alice, codec), Vec::new());
        for frame in [frame_of(codec, 90), b"\xff\xff".to_vec(), vec![]] {
            assert_eq!(camera.seal(&frame, 0, &mut out), Err(FrameError::Stopped));
        }
        assert!(out.is_empty());
    }
    drop(bob);
}

#[test]
fn a_frame_of_any_codec_allocates_nothing_once_warm() {
    let [alice, bob] = members(1);
    let mut ears = receiver(&bob);
    for codec in ALL {
        let mut camera = framed(&alice, codec);
        for len in [40, 1_200, 5_000] {
            let frame = frame_of(codec, len);
            let room = camera.max_sealed_len(frame.len());
            let (mut sealed, mut out) = (Vec::with_capacity(room), Vec::with_capacity(room));
            for round in 0..4 {
                sealed.clear();
                out.clear();
                let sealing = measure(|| camera.seal(&frame, 0, &mut sealed).unwrap()).count_total;
                let framing = Framing::WebRtc(codec);
                let opening = measure(|| {
                    ears.open_framed(framing, 0, &sealed, 0, &mut out).unwrap();
                });
                let made = (sealing, opening.count_total);
                assert!(round == 0 || made == (0, 0), "{codec:?} {len} {round}: {made:?}");
            }
        }
    }
}

#[test]
fn every_fault_of_a_frame_says_what_to_do() {
    let error = FrameError::from(CodecError::NoStartCode);
    assert!(error.to_string().contains("check that the frame is of this codec"), "{error}");
}
