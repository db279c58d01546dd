//! Seeded chance: the same seed, the same run.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough for dice.
#[derive(Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// Chance that is a function of `seed`, which may be small.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Self(seed);
        Self(chance.next() ^ seed.rotate_left(32))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of the range; the bias of a remainder of 64 bits is of no concern here.
    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let span = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start() + self.next() % span.max(1)
    }

    /// As [`Self::within`], every order of magnitude alike; the range begins above 0.
    pub(crate) fn magnitude(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = (range.start().ilog2(), range.end().ilog2());
        let bits = self.within(u64::from(low)..=u64::from(high));
        let ceiling = (2_u64 << bits).saturating_sub(1).min(*range.end());
        self.within((1 << bits).max(*range.start())..=ceiling)
    }

    /// True `permille` times in a thousand.
    pub(crate) fn permille(&mut self, permille: u64) -> bool {
        permille > 0 && self.within(0..=999) < permille
    }

    /// One of the items.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let last = (items.len() as u64).checked_sub(1)?;
        items.get(self.within(0..=last) as usize).copied()
    }

    /// 32 bytes to seed something with.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        seed.chunks_mut(8).for_each(|part| part.copy_from_slice(&self.next().to_be_bytes()));
        seed
    }
}
