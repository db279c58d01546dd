//! The virtual clock with its queue of things to come, and the seeded dice.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::RangeInclusive;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// Things to come, by time, then by order of arrival.
pub(crate) struct Queue<T> {
    now: u64,
    counter: u64,
    heap: BinaryHeap<Reverse<Slot<T>>>,
}

struct Slot<T> {
    at: u64,
    order: u64,
    item: T,
}

impl<T> PartialEq for Slot<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl<T> Eq for Slot<T> {}
impl<T> PartialOrd for Slot<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Slot<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl<T> Queue<T> {
    /// An empty queue at time 0.
    pub(crate) fn new() -> Self {
        Self { now: 0, counter: 0, heap: BinaryHeap::new() }
    }

    /// Simulated milliseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Schedules `item` for `delay` milliseconds from now.
    pub(crate) fn after(&mut self, delay: u64, item: T) {
        self.at(self.now.saturating_add(delay), item);
    }

    /// Schedules `item` for the time `at`, or for now if that has passed.
    pub(crate) fn at(&mut self, at: u64, item: T) {
        self.counter += 1;
        self.heap.push(Reverse(Slot { at: at.max(self.now), order: self.counter, item }));
    }

    /// Moves the clock to the next item and takes it.
    pub(crate) fn next(&mut self) -> Option<T> {
        let Reverse(slot) = self.heap.pop()?;
        self.now = slot.at;
        Some(slot.item)
    }
}

/// Seeded chance: the same seed, the same run.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice that are a function of `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number of the range (the bias of a remainder of 64 bits is of no concern here).
    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let span = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start() + self.0.next_u64() % span.max(1)
    }

    /// True `permille` times in a thousand.
    pub(crate) fn chance(&mut self, permille: u64) -> bool {
        self.within(0..=999) < permille
    }

    /// One of the items.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let last = (items.len() as u64).checked_sub(1)?;
        items.get(self.within(0..=last) as usize)
    }

    /// `len` random bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// `N` random bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_by_time_then_by_order() {
        let mut queue = Queue::new();
        queue.after(20, 'c');
        queue.after(10, 'a');
        queue.after(10, 'b');
        assert_eq!((queue.next(), queue.next(), queue.now()), (Some('a'), Some('b'), 10));
        queue.at(5, 'd');
        assert_eq!((queue.next(), queue.now()), (Some('d'), 10));
        assert_eq!((queue.next(), queue.next()), (Some('c'), None));
    }

    #[test]
    fn the_same_seed_throws_the_same() {
        let throw = |seed| Dice::new(seed).bytes(32);
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
    }
}
