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

/// Words of 64 bits in the filter.
const FILTER_WORDS: usize = 1 << 15;

/// One bit in 2^21 for a run: most runs are dismissed without a look into the set.
fn slot(run: u64) -> (usize, u64) {
    let hash = run.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 43;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

impl Search {
    /// Adds a frame's plaintext, if it is 64 bytes or more.
    pub(crate) fn add_frame(&mut self, plaintext: &[u8]) {
        if plaintext.len() >= SHORTEST_FRAME {
            for (_, run) in runs(plaintext) {
                self.mark(run);
                self.runs.insert(run);
            }
        }
    }

    /// Adds a display name of 8 bytes or more: shorter ones turn up by chance.
    pub(crate) fn add_name(&mut self, name: &str) {
        if let Some((_, run)) = runs(name.as_bytes()).next() {
            self.mark(run);
            self.names.push(name.as_bytes().to_vec());
        }
    }

    /// Lets this run through the filter.
    fn mark(&mut self, run: u64) {
        let (word, bit) = slot(run);
        self.filter.resize(FILTER_WORDS, 0);
        if let Some(word) = self.filter.get_mut(word) {
            *word |= bit;
        }
    }

    /// At how many offsets of `seen` a run or a name begins.
    pub(crate) fn hits(&self, seen: &[u8]) -> u64 {
        let passes = |run: u64| {
            let (word, bit) = slot(run);
            self.filter.get(word).is_some_and(|word| word & bit != 0)
        };
        let found = |at: usize, run: u64| {
            let rest = seen.get(at..).unwrap_or_default();
            self.runs.contains(&run) || self.names.iter().any(|name| rest.starts_with(name))
        };
        runs(seen).filter(|(at, run)| passes(*run) && found(*at, *run)).count() as u64
    }
}

/// Every 8 bytes of `bytes`, with the offset of each.
fn runs(bytes: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    let window = |run: &[u8]| run.try_into().ok().map(u64::from_le_bytes);
    bytes.windows(RUN).enumerate().filter_map(move |(at, run)| Some((at, window(run)?)))
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
