//! Every message: how to make one, and how to read one.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test program uses its part of this module"
)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use incamera_wire::{FormatRule, Malformed};

pub mod decoders;
pub mod samples;
pub mod strategies;

pub use decoders::{DECODERS, Recode, decode_as_everything};

/// The field at fault and the rule that it breaks.
pub fn refused<T: std::fmt::Debug>(decoded: Result<T, Malformed>) -> (&'static str, FormatRule) {
    let malformed = decoded.unwrap_err();
    (malformed.field(), malformed.rule())
}

/// `bytes` with the one place that reads `from` replaced, to say what no value of ours can.
pub fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter_map(|(place, found)| (found == from).then_some(place))
        .collect();
    assert_eq!(places.len(), 1, "{from:?} in {bytes:?}");
    [&bytes[..places[0]], to, &bytes[places[0] + from.len()..]].concat()
}
