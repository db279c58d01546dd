//! Every stream through real packetisers, over good and bad networks, untouched.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests are test code"
)]

use incamera_streams::{Arrived, Codec, Identity, Network, Stream, expected_pictures, pictures};
use incamera_streams::{streams, trip};

const MTUS: [usize; 4] = [1_200, 500, 101, 64];

/// The frames that came back complete; each is canonically the one that was sent.
fn check(stream: &Stream, mtu: usize, network: &mut Network, seed: &str) -> usize {
    let trip = trip(stream, &mut Identity, mtu, network);
    let mut complete = 0;
    for (at, arrived) in trip.frames.iter().enumerate() {
        let Arrived::Complete(frame) = arrived else { continue };
        let frame = frame.as_ref().expect("nothing is refused");
        let same = stream.codec.canonical(frame) == stream.codec.canonical(&stream.frames[at]);
        assert!(same, "{}, frame {at}, payloads of {mtu} bytes, {seed}", stream.name);
        complete += 1;
    }
    complete
}

#[test]
fn on_a_perfect_network_every_frame_arrives() {
    for stream in streams() {
        for mtu in MTUS {
            let complete = check(&stream, mtu, &mut Network::perfect(), "perfect network");
            assert_eq!(complete, stream.frames.len(), "{}, {mtu}", stream.name);
        }
    }
}

#[test]
fn on_a_bad_network_every_complete_frame_arrives_as_it_was() {
    let (mut complete, mut all) = (0, 0);
    for stream in streams() {
        for (mtu, seed) in MTUS.into_iter().flat_map(|mtu| (0..8).map(move |seed| (mtu, seed))) {
            complete += check(&stream, mtu, &mut Network::bad(seed), &format!("seed {seed}"));
            all += stream.frames.len();
        }
    }
    println!("{complete} of {all} frames were complete");
    assert!(complete > all / 2 && complete < all);
}

#[test]
fn what_arrives_shows_the_same_pictures() {
    for stream in streams().iter().filter(|stream| stream.codec != Codec::Opus) {
        let trip = trip(stream, &mut Identity, 500, &mut Network::perfect());
        let frames: Vec<Vec<u8>> = trip
            .frames
            .into_iter()
            .map(|arrived| match arrived {
                Arrived::Complete(Some(frame)) => frame,
                other => panic!("{}: {other:?}", stream.name),
            })
            .collect();
        match pictures(&stream.name, &stream.file(&frames)) {
            Some(pictures) => {
                assert_eq!(Some(pictures), expected_pictures(&stream.name), "{}", stream.name);
            }
            None => println!("{} was not decoded: no ffmpeg", stream.name),
        }
    }
}
