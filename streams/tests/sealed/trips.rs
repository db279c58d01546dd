//! Sealed, packetised, sent, put together, opened.

use incamera_streams::{
    Arrived, Codec, Network, Stream, expected_pictures, pictures, streams, trip,
};

use crate::meeting::{Call, Line};

const MTUS: [usize; 3] = [1_200, 500, 101];

/// The frames that were complete; each opened as what was sealed.
fn check(stream: &Stream, line: &mut Line, mtu: usize, network: &mut Network) -> Vec<Vec<u8>> {
    let trip = trip(stream, line, mtu, network);
    let mut complete = Vec::new();
    for (at, (arrived, sent)) in trip.frames.into_iter().zip(&stream.frames).enumerate() {
        let Arrived::Complete(back) = arrived else { continue };
        let back = back.unwrap_or_else(|| panic!("{}: frame {at} was refused", trip.case));
        assert!(back == stream.codec.opened(sent), "{}: frame {at}", trip.case);
        let canonical = stream.codec.canonical(&back);
        assert!(canonical == stream.codec.canonical(sent), "{}: frame {at}", trip.case);
        complete.push(back);
    }
    complete
}

#[test]
fn on_a_perfect_network_every_frame_opens_and_shows_its_picture() {
    let (mut call, mut altered) = (Call::new(), 0);
    for stream in streams() {
        for mtu in MTUS {
            let mut line = call.line(stream.codec);
            let opened = check(&stream, &mut line, mtu, &mut Network::perfect());
            assert_eq!(opened.len(), stream.frames.len(), "{}, {mtu}", stream.name);
            altered += line.altered;
            if mtu == 500 {
                shows(&stream, &opened);
            }
        }
    }
    println!("{altered} altered frames were refused");
    assert!(altered > 10_000);
}

/// What was opened decodes to the pictures of the source.
fn shows(stream: &Stream, opened: &[Vec<u8>]) {
    if stream.codec == Codec::Opus {
        return;
    }
    match pictures(&stream.name, &stream.file(opened)) {
        Some(pictures) => {
            assert_eq!(Some(pictures), expected_pictures(&stream.name), "{}", stream.name);
        }
        None => println!("{} was not decoded: no ffmpeg", stream.name),
    }
}

#[test]
fn on_a_bad_network_every_complete_frame_opens_once() {
    let (mut call, mut complete, mut all) = (Call::new(), 0, 0);
    for stream in streams() {
        for (mtu, seed) in MTUS.into_iter().flat_map(|mtu| (0..4).map(move |seed| (mtu, seed))) {
            let mut line = call.line(stream.codec);
            complete += check(&stream, &mut line, mtu, &mut Network::bad(seed)).len();
            all += stream.frames.len();
        }
    }
    println!("{complete} of {all} frames were complete");
    assert!(complete > all / 2 && complete < all);
}

#[test]
fn a_meeting_that_pads_changes_nothing_but_lengths() {
    let mut call = Call::padded();
    for stream in streams() {
        let mut line = call.line(stream.codec);
        let opened = check(&stream, &mut line, 500, &mut Network::perfect());
        assert_eq!(opened.len(), stream.frames.len(), "{}", stream.name);
        let _ = check(&stream, &mut line, 101, &mut Network::bad(1));
    }
}
