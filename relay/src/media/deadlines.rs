//! When each peer wants to be called again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Instant;

/// The earliest time of each of many, so that nobody is asked in vain.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    /// What is wanted, and the earliest entry of the heap for it.
    wanted: BTreeMap<usize, (Instant, Instant)>,
}

impl Deadlines {
    /// The peer with this number wants to be called then, instead of when it said before.
    pub(super) fn set(&mut self, number: usize, at: Instant) {
        let queued = self.wanted.get(&number).map(|(_, queued)| *queued);
        // A later time finds its entry when the earlier one comes up.
        let earliest = match queued {
            Some(queued) if queued <= at => queued,
            _ => {
                self.heap.push(Reverse((at, number)));
                at
            }
        };
        self.wanted.insert(number, (at, earliest));
    }

    /// The peer is gone.
    pub(super) fn remove(&mut self, number: usize) {
        self.wanted.remove(&number);
    }

    /// When the next one is due, or something sooner.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// One that is due by now.
    pub(super) fn take(&mut self, now: Instant) -> Option<usize> {
        while let Some(&Reverse((at, number))) = self.heap.peek() {
            if at > now {
                return None;
            }
            self.heap.pop();
            match self.wanted.get(&number) {
                Some(&(_, queued)) if queued != at => {}
                Some(&(wanted, _)) if wanted > now => {
                    self.heap.push(Reverse((wanted, number)));
                    self.wanted.insert(number, (wanted, wanted));
                }
                Some(_) => {
                    self.wanted.remove(&number);
                    return Some(number);
                }
                None => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_comes_up_once_at_the_time_that_it_said_last() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut deadlines = Deadlines::default();
        deadlines.set(1, at(50));
        deadlines.set(2, at(20));
        deadlines.set(1, at(10));
        deadlines.set(2, at(70));
        deadlines.set(3, at(5));
        deadlines.remove(3);
        assert_eq!(deadlines.take(at(15)), Some(1));
        assert_eq!(deadlines.take(at(60)), None);
        assert_eq!(deadlines.take(at(70)), Some(2));
        assert_eq!(deadlines.take(at(900)), None);
        assert_eq!(deadlines.next(), None);
    }

    #[test]
    fn putting_off_again_and_again_takes_no_room() {
        let start = Instant::now();
        let mut deadlines = Deadlines::default();
        for ms in 0..10_000 {
            deadlines.set(1, start + Duration::from_millis(100 + ms));
        }
        assert!(deadlines.heap.len() < 3);
        assert_eq!(deadlines.take(start + Duration::from_millis(200)), None);
    }
}
