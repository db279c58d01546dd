//! What a frame costs in bytes beyond its plaintext: the table of SPEC section 9.1.

use super::super::kid::KidLayout;
use super::*;

/// How many leaves there are, at most.
const SIZES: [u32; 4] = [16, 32, 256, 7_000];
/// The first counter that takes one more byte, and the last that does not.
const COUNTERS: [(&str, u64); 5] = [
    ("below 8", 7),
    ("below 256", (1 << 8) - 1),
    ("below 65,536", (1 << 16) - 1),
    ("below 2^24", (1 << 24) - 1),
    ("below 2^32", (1 << 32) - 1),
];

/// The longest header of a track in a meeting of so many leaves, with this counter.
fn header_len(leaves: u32, track: Track, ctr: u64) -> usize {
    let kid = KidLayout::new(leaves - 1).kid(255, leaves - 1, track);
    FrameHeader { kid, ctr }.encoded_len()
}

#[test]
fn the_table_of_the_specification_is_what_frames_cost() {
    let camera = |index| Track::new(TrackKind::Camera, index).unwrap();
    let data = |index| Track::new(TrackKind::Data, index).unwrap();
    let mut lines = String::new();
    for (name, track, tag_len) in [
        ("microphone 0, short tag", Track::MICROPHONE, 10),
        ("microphone 0", Track::MICROPHONE, 16),
        ("camera 0", camera(0), 16),
        ("any other with index 0", data(0), 16),
        ("any with index 1", data(1), 16),
    ] {
        for (age, ctr) in COUNTERS.iter().take(4) {
            let cost = SIZES.map(|leaves| (header_len(leaves, track, *ctr) + tag_len).to_string());
            lines += &format!("| {name} | {age} | {} |\n", cost.join(" | "));
        }
    }
    let specification = include_str!("../../../SPEC.md");
    assert!(specification.contains(&lines), "SPEC.md lacks this table:\n{lines}");
}

#[test]
fn no_track_of_any_index_costs_more_than_is_said_of_it() {
    for leaves in SIZES {
        for (_, ctr) in COUNTERS {
            for context in 0..256 {
                let Some(track) = Track::from_context(context) else { continue };
                let most = match (track.index(), track) {
                    (0, Track::MICROPHONE | Track::CAMERA) => continue,
                    (0, _) => header_len(leaves, Track::DATA, ctr),
                    (1, _) => header_len(leaves, Track::new(TrackKind::Data, 1).unwrap(), ctr),
                    _ => MAX_HEADER_LEN,
                };
                assert!(header_len(leaves, track, ctr) <= most, "{track:?}");
            }
        }
    }
}

#[test]
fn frames_cost_what_the_headers_say() {
    let [alice, _] = members(1);
    for ctr in 0..300 {
        let frame = seal(&alice, CAMERA, 0, b"hello").unwrap();
        let (header, len) = FrameHeader::parse(&frame).unwrap();
        assert_eq!((header.ctr, frame.len()), (ctr, len + 5 + 16));
        assert!(len <= header_len(16, CAMERA, ctr));
    }
}
