//! Every stream through real packetisers, over good and bad networks, untouched.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests are test code"
)]

use incamera_streams::{Arrived, Codec, Identity, Network, Stream, expected_pictures, pictures};
use incamera_streams::{Through, streams, trip};

const MTUS: [usize; 4] = [1_200, 500, 101, 64];

/// How many frames came back complete; each is canonically the one that was sent.
fn check(stream: &Stream, through: &mut dyn Through, mtu: usize, network: &mut Network) -> usize {
    let trip = trip(stream, through, mtu, network);
    let mut complete = 0;
    for (at, (arrived, sent)) in trip.frames.iter().zip(&stream.frames).enumerate() {
        if let Arrived::Complete(back) = arrived {
            let back = back.as_ref().map(|frame| stream.codec.canonical(frame));
            assert!(back == Some(stream.codec.canonical(sent)), "{}: frame {at}", trip.case);
            complete += 1;
        }
    }
    complete
}

#[test]
fn on_a_perfect_network_every_frame_arrives() {
    for stream in streams() {
        for mtu in MTUS {
            let complete = check(&stream, &mut Identity, mtu, &mut Network::perfect());
            assert_eq!(complete, stream.frames.len(), "{}, {mtu}", stream.name);
        }
    }
}

#[test]
fn on_a_bad_network_every_complete_frame_arrives_as_it_was() {
    let (mut complete, mut all) = (0, 0);
    for stream in streams() {
        for (mtu, seed) in MTUS.into_iter().flat_map(|mtu| (0..8).map(move |seed| (mtu, seed))) {
            complete += check(&stream, &mut Identity, mtu, &mut Network::bad(seed));
            all += stream.frames.len();
        }
    }
    println!("{complete} of {all} frames were complete");
    assert!(complete > all / 2 && complete < all);
}

/// A cipher of the sort that nobody should use.
struct Flipped;

impl Through for Flipped {
    fn out(&mut self, frame: &[u8]) -> Vec<u8> {
        frame.iter().map(|byte| byte ^ 0x55).collect()
    }

    fn back(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        Some(self.out(frame))
    }
}

#[test]
fn what_is_done_on_the_way_out_is_undone_on_the_way_back() {
    let opaque = [Codec::Vp8, Codec::Vp9, Codec::Opus];
    for stream in streams().iter().filter(|stream| opaque.contains(&stream.codec)) {
        let complete = check(stream, &mut Flipped, 500, &mut Network::perfect());
        assert_eq!(complete, stream.frames.len(), "{}", stream.name);
    }
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
