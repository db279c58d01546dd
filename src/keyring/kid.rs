//! Key ids of RFC 9605 §5.2: context, leaf and the low bits of the epoch in one number.

use incamera_wire::Track;

/// SPEC \[K2\]: how many bits of the epoch a key id carries (E).
const EPOCH_BITS: u32 = 8;

/// How the key ids of one epoch are laid out: `context << (S + E) | leaf << E | epoch mod 2^E`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KidLayout {
    /// SPEC \[K2\]: S, the fewest bits that hold the highest occupied leaf.
    leaf_bits: u32,
}

impl KidLayout {
    /// The layout of an epoch whose highest occupied leaf is `highest`.
    pub(super) fn new(highest: u32) -> Self {
        Self { leaf_bits: u32::BITS - highest.leading_zeros() }
    }

    /// The key id of `track` of the member at `leaf`, which is at most the highest.
    pub(super) fn kid(self, epoch: u64, leaf: u32, track: Track) -> u64 {
        // SPEC [K2]
        let member = track.context() << self.leaf_bits | u64::from(leaf);
        member << EPOCH_BITS | u64::from(low_bits(epoch))
    }

    /// Leaf and track of a key id whose epoch is known; `None` if there is no such track.
    #[inline]
    pub(super) fn split(self, kid: u64) -> Option<(u32, Track)> {
        let member = kid >> EPOCH_BITS;
        let leaf = member & ((1 << self.leaf_bits) - 1);
        let track = Track::from_context(member >> self.leaf_bits)?;
        Some((u32::try_from(leaf).ok()?, track))
    }
}

/// The key id of a track in an epoch whose highest occupied leaf is `highest`, for vectors.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn kid(epoch: u64, highest: u32, leaf: u32, track: Track) -> u64 {
    KidLayout::new(highest).kid(epoch, leaf, track)
}

/// What a key id says of an epoch.
#[inline]
pub(super) fn low_bits(epoch_or_kid: u64) -> u8 {
    let [low, ..] = epoch_or_kid.to_le_bytes();
    low
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn leaf_bits_are_the_fewest_that_hold_the_highest_leaf() {
        // SPEC [K2]
        let expected = [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (u32::MAX, 32)];
        for (highest, bits) in expected {
            assert_eq!(KidLayout::new(highest), KidLayout { leaf_bits: bits });
        }
    }

    #[test]
    fn key_ids_are_those_of_the_formula() {
        // SPEC [K2]
        let layout = KidLayout::new(33);
        assert_eq!(layout.kid(0x1_0e, 20, Track::MICROPHONE), 20 << 8 | 0x0e);
        assert_eq!(layout.kid(0x3_ff, 33, Track::CAMERA), 1 << 14 | 33 << 8 | 0xff);
        assert_eq!(KidLayout::new(0).kid(7, 0, Track::MICROPHONE), 7);
        assert_eq!(kid(0x3_ff, 33, 20, Track::CAMERA), 1 << 14 | 20 << 8 | 0xff);
    }

    /// The vectors have E = 4 and we have 8: all above those bits must be the same.
    #[test]
    fn key_ids_agree_with_the_derived_vectors() {
        // SPEC [K2]
        let file = include_str!("../../tests/vectors/sframe/derived-kats.json");
        let vectors: serde_json::Value = serde_json::from_str(file).unwrap();
        for case in vectors["mls_kid"].as_array().unwrap() {
            let number = |name: &str| case[name].as_u64().unwrap();
            let layout = KidLayout { leaf_bits: number("S") as u32 };
            let track = Track::from_context(number("context")).unwrap();
            let kid = layout.kid(number("epoch"), number("index") as u32, track);
            assert_eq!((kid >> 8, kid & 0xff), (number("kid") >> 4, number("epoch")));
            assert_eq!(layout.split(kid), Some((number("index") as u32, track)));
        }
    }

    #[test]
    fn a_key_id_of_no_track_is_refused() {
        // SPEC [M3]
        for context in [5, 6, 7, 13, 256, u64::MAX >> 8] {
            assert_eq!(KidLayout::new(0).split(context << 8), None);
        }
    }

    proptest! {
        #[test]
        fn a_key_id_names_exactly_one_slot(highest: u32, kid: u64) {
            // SPEC [K2] [M4]
            let layout = KidLayout::new(highest);
            if let Some((leaf, track)) = layout.split(kid) {
                prop_assert_eq!(layout.kid(kid & 0xff, leaf, track), kid);
            }
        }
    }
}
