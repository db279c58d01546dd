//! The corpus is what its README says.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests are test code"
)]

use incamera_streams::{Codec, expected_pictures, nal_units, obus, pictures, streams};

#[test]
fn every_codec_is_there_and_every_stream_has_its_frames() {
    let streams = streams();
    for codec in [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264, Codec::H265, Codec::Opus] {
        let count = streams.iter().filter(|stream| stream.codec == codec).count();
        assert!(count >= 5 || codec == Codec::Opus && count == 1, "{codec:?}: {count}");
    }
    for stream in &streams {
        assert!(stream.frames.len() >= 6, "{}", stream.name);
        assert!(stream.frames.iter().all(|frame| !frame.is_empty()), "{}", stream.name);
    }
}

#[test]
fn every_access_unit_has_one_picture() {
    let streams = streams();
    for stream in &streams {
        let first_slices = |frame: &Vec<u8>| {
            let first = |nal: &&&[u8]| match stream.codec {
                Codec::H264 => matches!(nal[0] & 0x1f, 1 | 5) && nal[1] & 0x80 != 0,
                _ => nal[0] >> 1 < 32 && nal[2] & 0x80 != 0,
            };
            nal_units(frame).iter().filter(first).count()
        };
        if matches!(stream.codec, Codec::H264 | Codec::H265) {
            let counts: Vec<usize> = stream.frames.iter().map(first_slices).collect();
            assert!(counts.iter().all(|&count| count == 1), "{}: {counts:?}", stream.name);
        }
        if stream.codec == Codec::Av1 {
            assert!(stream.frames.iter().all(|frame| frame[0] == 0x12 && !obus(frame).is_empty()));
        }
    }
}

#[test]
fn the_pictures_are_those_of_the_list() {
    for stream in streams().iter().filter(|stream| stream.codec != Codec::Opus) {
        let expected = expected_pictures(&stream.name);
        assert!(expected.is_some(), "{} is not in the list", stream.name);
        match pictures(&stream.name, &stream.file(&stream.frames)) {
            Some(pictures) => assert_eq!(Some(pictures), expected, "{}", stream.name),
            None => println!("{} was not decoded: no ffmpeg", stream.name),
        }
    }
}
