//! Which counters of one sender have been accepted.

/// SPEC \[M2\]: how far behind the highest accepted counter a frame may come.
const WIDTH: u64 = 1024;
/// The window in words of 64 bits.
const WORDS: usize = (WIDTH / 64) as usize;

/// A sliding window over the counters of one key: each is accepted once, none after it has fallen
/// out at the low end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReplayWindow {
    /// The highest accepted counter; 0 before the first.
    top: u64,
    /// Bit `counter mod WIDTH` says whether that counter of the window was accepted.
    seen: [u64; WORDS],
}

impl ReplayWindow {
    /// A window that has accepted nothing.
    pub(super) fn new() -> Self {
        Self { top: 0, seen: [0; WORDS] }
    }

    /// Whether a frame with `counter` may still be accepted. Changes nothing.
    #[inline]
    pub(super) fn is_fresh(&self, counter: u64) -> bool {
        counter > self.top || (self.top - counter < WIDTH && !self.has(counter))
    }

    /// Accepts `counter` if it is fresh, and says whether it was. SPEC \[M2\]: only after the tag
    /// has verified.
    #[inline]
    pub(super) fn accept(&mut self, counter: u64) -> bool {
        if !self.is_fresh(counter) {
            return false;
        }
        if counter > self.top {
            self.forget(counter);
            self.top = counter;
        }
        if let Some(word) = self.seen.get_mut(word(counter)) {
            *word |= 1 << (counter % 64);
        }
        true
    }

    /// Clears the places of all counters above the highest up to `counter`, which takes its place.
    fn forget(&mut self, counter: u64) {
        if counter - self.top >= WIDTH {
            self.seen = [0; WORDS];
            return;
        }
        for passed in self.top + 1..=counter {
            if let Some(word) = self.seen.get_mut(word(passed)) {
                *word &= !(1 << (passed % 64));
            }
        }
    }

    #[inline]
    fn has(&self, counter: u64) -> bool {
        self.seen.get(word(counter)).is_some_and(|word| word >> (counter % 64) & 1 == 1)
    }

    /// All that a replay depends on, for digests of state in tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.top.to_be_bytes().to_vec();
        bytes.extend(self.seen.iter().flat_map(|word| word.to_be_bytes()));
        bytes
    }
}

/// The index of the word that holds `counter`.
#[inline]
fn word(counter: u64) -> usize {
    ((counter % WIDTH) / 64) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_counter_is_accepted_once() {
        // SPEC [M2]
        let mut window = ReplayWindow::new();
        for counter in [0, 5, 1023, 1024, 3, u64::MAX, u64::MAX - 1] {
            assert!(window.accept(counter));
            assert!(!window.accept(counter));
        }
    }

    #[test]
    fn a_counter_below_the_window_is_refused() {
        // SPEC [M2]
        let mut window = ReplayWindow::new();
        assert!(window.accept(5000));
        assert!(!window.accept(5000 - 1024));
        assert!(window.accept(5000 - 1023));
    }

    #[test]
    fn a_check_moves_nothing() {
        // SPEC [M2]
        let mut window = ReplayWindow::new();
        window.accept(7);
        let before = window.clone();
        assert!(window.is_fresh(u64::MAX) && !window.is_fresh(7));
        assert_eq!(window, before);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_set(
            start in prop_oneof![Just(0u64), Just(u64::MAX - 6000), any::<u64>()],
            steps in proptest::collection::vec(
                prop_oneof![4 => 0u64..40, 2 => 900u64..1200, 1 => 0u64..6000], 1..200),
        ) {
            // SPEC [M2]
            let mut window = ReplayWindow::new();
            let mut accepted = BTreeSet::new();
            for step in steps {
                let counter = start.saturating_add(step);
                let fresh = !accepted.contains(&counter)
                    && accepted.last().is_none_or(|&top: &u64| counter > top || top - counter < 1024);
                prop_assert_eq!(window.is_fresh(counter), fresh);
                prop_assert_eq!(window.accept(counter), fresh);
                if fresh {
                    accepted.insert(counter);
                }
            }
        }
    }
}
