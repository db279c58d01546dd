//! What this packetiser does to parameter sets, by name: the frames are damaged on the way out, and so
//! do not open.

use bytes::Bytes;
use incamera_streams::{Codec, nal_units, streams};

use crate::meeting::{Call, Line};

/// The key frame of a stream as its parameter sets, its message and its slice.
fn key_frame() -> [Vec<u8>; 4] {
    let all = streams();
    let stream = all.iter().find(|stream| stream.name == "h264-tiny.264").expect("a stream");
    let units: Vec<Vec<u8>> =
        nal_units(&stream.frames[0]).into_iter().map(<[u8]>::to_vec).collect();
    units.try_into().expect("SPS, PPS, SEI and a slice")
}

/// Seals a frame of these units, and opens what comes back of it.
fn comes_back(line: &mut Line, mtu: usize, units: &[&Vec<u8>]) -> bool {
    let frame: Vec<u8> =
        units.iter().flat_map(|unit| [&[0, 0, 0, 1], &unit[..]].concat()).collect();
    let sealed = line.seal(&frame);
    let payloads = Codec::H264.packetiser().payload(mtu, &Bytes::from(sealed.clone()));
    let back = Codec::H264.depacketiser().frame(&payloads.expect("taken")).expect("taken apart");
    let opened = line.open(&back);
    assert_eq!(opened.is_ok(), back == sealed, "it opens if and only if it came back as it was");
    // Whatever became of that, the frame itself was good.
    assert!(opened.is_ok() || line.open(&sealed) == Ok(frame));
    opened.is_ok()
}

#[test]
fn h264_frames_open_if_their_parameter_sets_are_one_of_each_in_order() {
    let (mut call, [sps, pps, sei, slice]) = (Call::new(), key_frame());
    let mut line = call.line(Codec::H264);
    for (units, opens) in [
        (&[&sps, &pps, &sei, &slice][..], true),
        (&[&sps, &pps, &slice], true),
        (&[&sei, &sps, &pps, &slice], true),
        (&[&slice], true),
        (&[&slice, &slice], true),
        // They change places.
        (&[&pps, &sps, &slice], false),
        // What stands between them comes before them.
        (&[&sps, &sei, &pps, &slice], false),
        // The last one alone is left.
        (&[&sps, &sps, &pps, &slice], false),
        (&[&sps, &pps, &pps, &slice], false),
        // It waits for one of the other kind, which does not come.
        (&[&sps, &slice], false),
        (&[&pps, &slice], false),
    ] {
        let types: Vec<u8> = units.iter().map(|unit| unit[0] & 0x1f).collect();
        assert_eq!(comes_back(&mut line, 1_200, units), opens, "{types:?}");
    }
}

#[test]
fn h264_parameter_sets_longer_than_a_payload_are_lost_and_their_frame_with_them() {
    let (mut call, [sps, pps, _, slice]) = (Call::new(), key_frame());
    let mut line = call.line(Codec::H264);
    let together = 5 + sps.len() + pps.len();
    assert!(comes_back(&mut line, together, &[&sps, &pps, &slice]));
    assert!(!comes_back(&mut line, together - 1, &[&sps, &pps, &slice]));
}
