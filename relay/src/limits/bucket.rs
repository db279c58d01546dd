//! A token bucket whose clock is an argument.

use std::time::Duration;

/// How much may come in: in bursts, and in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    /// Units at once.
    pub(crate) burst: u64,
    /// Units in each second; 0: there is no limit.
    pub(crate) per_second: u64,
}

/// What is left of a [`Rate`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    left: f64,
    /// When `left` was right, since the relay's start.
    at: Duration,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate, now: Duration) -> Self {
        Self { rate, left: rate.burst as f64, at: now }
    }

    /// How long until `units` may be taken; zero: now. More than a burst counts as one.
    pub(crate) fn wait(&self, units: u64, now: Duration) -> Duration {
        if self.rate.per_second == 0 {
            return Duration::ZERO;
        }
        let missing = units.min(self.rate.burst) as f64 - self.left_at(now);
        // A thousandth of a unit is what a float may be wrong by.
        if missing <= 0.001 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(missing / self.rate.per_second as f64)
    }

    /// Takes `units`, if [`Self::wait`] is zero or not.
    pub(crate) fn take(&mut self, units: u64, now: Duration) {
        self.left = (self.left_at(now) - units.min(self.rate.burst) as f64).max(0.0);
        self.at = self.at.max(now);
    }

    fn left_at(&self, now: Duration) -> f64 {
        let since = now.saturating_sub(self.at).as_secs_f64();
        (self.left + since * self.rate.per_second as f64).min(self.rate.burst as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 10, per_second: 2 };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_does() {
        let mut bucket = Bucket::new(RATE, seconds(5));
        for _ in 0..10 {
            assert_eq!(bucket.wait(1, seconds(5)), Duration::ZERO);
            bucket.take(1, seconds(5));
        }
        assert_eq!(bucket.wait(1, seconds(5)), Duration::from_millis(500));
        assert_eq!(bucket.wait(1, seconds(6)), Duration::ZERO);
        bucket.take(2, seconds(6));
        assert_eq!(bucket.wait(2, seconds(6)), seconds(1));
    }

    #[test]
    fn what_is_not_used_is_not_saved_above_the_burst() {
        let mut bucket = Bucket::new(RATE, seconds(0));
        bucket.take(10, seconds(1000));
        assert_eq!(bucket.wait(10, seconds(1000)), seconds(5));
    }

    #[test]
    fn more_than_a_burst_counts_as_one() {
        let mut bucket = Bucket::new(RATE, seconds(0));
        assert_eq!(bucket.wait(1_000_000, seconds(0)), Duration::ZERO);
        bucket.take(1_000_000, seconds(0));
        assert_eq!(bucket.wait(1_000_000, seconds(0)), seconds(5));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = Bucket::new(RATE, seconds(10));
        bucket.take(10, seconds(10));
        assert_eq!(bucket.wait(1, seconds(3)), Duration::from_millis(500));
        bucket.take(0, seconds(3));
        assert_eq!(bucket.wait(1, seconds(10)), Duration::from_millis(500));
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let mut bucket = Bucket::new(Rate { burst: 0, per_second: 0 }, seconds(0));
        bucket.take(u64::MAX, seconds(0));
        assert_eq!(bucket.wait(u64::MAX, seconds(0)), Duration::ZERO);
    }
}
