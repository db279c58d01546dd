//! What somebody on the way may make of a sealed frame.

use incamera_streams::{Codec, nal_units, obus, sized};

/// Frames like `frame`, but not the same to any reader, and how each was made; `other` is
/// another frame of the stream, if there is one.
pub(crate) fn altered(codec: Codec, frame: &[u8], other: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    // Somewhere, the same for the same frame; at the first byte; in the trailer.
    let sum = frame.iter().fold(7_usize, |sum, &byte| sum.wrapping_mul(31) + usize::from(byte));
    for at in [sum % frame.len(), 0, frame.len() - 1, frame.len().saturating_sub(9)] {
        let mut flipped = frame.to_vec();
        flipped[at] ^= 1 << (sum >> 20 & 7);
        all.push(("a flipped bit", flipped));
    }
    all.push(("cut short", frame[..frame.len() - 1].to_vec()));
    all.push(("lengthened", [frame, &[0x80]].concat()));
    let units = units(codec, frame);
    let without = |at: usize| {
        let mut rest = units.clone();
        rest.remove(at);
        rest
    };
    if units.len() > 1 {
        all.push(("without its first unit", without(0).concat()));
        all.push(("without its last unit", without(units.len() - 1).concat()));
        let mut swapped = units.clone();
        swapped.swap(0, units.len() - 1);
        all.push(("units swapped", swapped.concat()));
        all.push(("its first unit twice", [&units[0], &units.concat()[..]].concat()));
        let parts = self::units(codec, other);
        if parts.len() == units.len() && parts[0] != units[0] {
            all.push(("begun by another", [&parts[0], &without(0).concat()[..]].concat()));
        }
    }
    all
}

/// The units of a frame as they can stand in one.
fn units(codec: Codec, frame: &[u8]) -> Vec<Vec<u8>> {
    match codec {
        Codec::Av1 => obus(frame).iter().map(|obu| sized(obu)).collect(),
        Codec::H264 | Codec::H265 => {
            nal_units(frame).iter().map(|nal| [&[0, 0, 0, 1], *nal].concat()).collect()
        }
        Codec::Vp8 | Codec::Vp9 | Codec::Opus => vec![frame.to_vec()],
    }
}
