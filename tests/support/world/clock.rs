//! The world's time with its queue of things to come, and each client's own idea of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use incamera::Now;

use super::chance::Chance;

/// What the world's clock adds to Unix time, in milliseconds.
const UNIX_START_MS: u64 = 1_700_000_000_000;

/// A client's clock: off by an unknown origin, too fast or too slow, and it may stand still while
/// its machine sleeps.
#[derive(Clone)]
pub(crate) struct Clock {
    origin_ms: u64,
    /// Milliseconds of this clock in a million of the world's.
    rate: u64,
    unix_ms: u64,
    stood_still_ms: u64,
}

impl Clock {
    /// Up to 11 days of skew, 300 ppm of drift, and 2 minutes of error in the time of day.
    pub(crate) fn new(chance: &mut Chance) -> Self {
        Self {
            origin_ms: chance.within(1..=1_000_000_000),
            rate: chance.within(999_700..=1_000_300),
            unix_ms: UNIX_START_MS + chance.within(0..=240_000) - 120_000,
            stood_still_ms: 0,
        }
    }

    fn monotonic(&self, world_ms: u64) -> u64 {
        self.origin_ms + world_ms.saturating_sub(self.stood_still_ms) * self.rate / 1_000_000
    }

    /// What the client takes the time for.
    pub(crate) fn now(&self, world_ms: u64) -> Now {
        let unix_ms = self.unix_ms + world_ms * self.rate / 1_000_000;
        Now { monotonic_ms: self.monotonic(world_ms), unix_ms }
    }

    /// The world's time at which this clock shows `monotonic_ms`.
    pub(crate) fn world_time(&self, monotonic_ms: u64) -> u64 {
        let ran = monotonic_ms.saturating_sub(self.origin_ms);
        ran.saturating_mul(1_000_000).div_ceil(self.rate) + self.stood_still_ms
    }

    /// The machine slept for so long, and its clock with it.
    pub(crate) fn stand_still(&mut self, ms: u64) {
        self.stood_still_ms += ms;
    }
}

/// Things to come, by time, then by order of arrival.
pub(crate) struct Queue<T> {
    now_ms: u64,
    counter: u64,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    items: BTreeMap<u64, T>,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { now_ms: 0, counter: 0, heap: BinaryHeap::new(), items: BTreeMap::new() }
    }

    /// The world's time, in milliseconds from its beginning.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Schedules `item` for that time, or for now if that has passed.
    pub(crate) fn at(&mut self, at_ms: u64, item: T) {
        self.counter += 1;
        self.heap.push(Reverse((at_ms.max(self.now_ms), self.counter)));
        self.items.insert(self.counter, item);
    }

    pub(crate) fn after(&mut self, delay_ms: u64, item: T) {
        self.at(self.now_ms.saturating_add(delay_ms), item);
    }

    /// Moves the clock to the next item and takes it; to `end_ms` if there is none before.
    pub(crate) fn next_until(&mut self, end_ms: u64) -> Option<T> {
        match self.heap.peek() {
            Some(Reverse((at_ms, _))) if *at_ms <= end_ms => {}
            _ => {
                self.now_ms = self.now_ms.max(end_ms);
                return None;
            }
        }
        let Reverse((at_ms, order)) = self.heap.pop()?;
        self.now_ms = at_ms;
        self.items.remove(&order)
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }
}
