//! The search for plaintext in everything that the relay saw.

use std::collections::HashSet;

/// A run of this many bytes in common counts as a leak.
const RUN: usize = 8;
/// Frames shorter than this are not searched for.
const SHORTEST_FRAME: usize = 64;

/// What must not be found: every run of 8 bytes of every frame, and every name.
#[derive(Default)]
pub(crate) struct Search {
    runs: HashSet<u64>,
    filter: Vec<u64>,
    names: Vec<Vec<u8>>,
}

/// One bit in 2^21 for a run: most runs are dismissed without a look into the set.
fn slot(run: u64) -> (usize, u64) {
    let hash = run.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 43;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

impl Search {
    /// Adds a frame's plaintext, if it is 64 bytes or more.
    pub(crate) fn add_frame(&mut self, plaintext: &[u8]) {
        self.filter.resize(1 << 15, 0);
        if plaintext.len() < SHORTEST_FRAME {
            return;
        }
        for run in runs(plaintext) {
            let (word, bit) = slot(run);
            if let Some(word) = self.filter.get_mut(word) {
                *word |= bit;
            }
            self.runs.insert(run);
        }
    }

    /// Adds a display name; it is found as it stands, whatever its length.
    pub(crate) fn add_name(&mut self, name: &str) {
        self.names.push(name.as_bytes().to_vec());
    }

    /// At how many offsets of `seen` a run or a name begins.
    pub(crate) fn hits(&self, seen: &[u8]) -> u64 {
        let found = runs(seen).filter(|run| {
            let (word, bit) = slot(*run);
            self.filter.get(word).is_some_and(|word| word & bit != 0) && self.runs.contains(run)
        });
        let named = self
            .names
            .iter()
            .filter(|name| !name.is_empty())
            .map(|name| seen.windows(name.len()).filter(|window| window == name).count());
        (found.count() + named.sum::<usize>()) as u64
    }
}

/// Every 8 bytes of `bytes`, from every offset.
fn runs(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.windows(RUN).filter_map(|run| run.try_into().ok()).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_and_a_name_are_found_at_any_offset() {
        let frame: Vec<u8> = (0..100).collect();
        let mut search = Search::default();
        search.add_frame(&frame);
        search.add_frame(&[200; 63]);
        search.add_name("Grace Hopper");
        let seen = [&[255; 13][..], &frame[50..58], b"Grace Hopper", &[200; 63]].concat();
        assert_eq!(search.hits(&seen), 2);
        assert_eq!(search.hits(&frame), 93);
        assert_eq!(search.hits(&frame[50..57]), 0);
    }
}
