//! How much one connection may send.

use std::time::Instant;

/// A bucket of bits that fills at a rate and holds a second's worth.
#[derive(Debug)]
pub(super) struct Budget {
    bits_per_second: u64,
    left: u64,
    at: Instant,
}

impl Budget {
    /// A full one; 0 is without a limit.
    pub(super) fn new(bits_per_second: u64, now: Instant) -> Self {
        Self { bits_per_second, left: bits_per_second, at: now }
    }

    /// Whether a packet of so many bytes may pass.
    pub(super) fn admits(&mut self, bytes: usize, now: Instant) -> bool {
        if self.bits_per_second == 0 {
            return true;
        }
        let micros = u64::try_from(now.saturating_duration_since(self.at).as_micros());
        let gained = self.bits_per_second.saturating_mul(micros.unwrap_or(u64::MAX)) / 1_000_000;
        // What is less than a bit is not lost.
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(self.bits_per_second);
            self.at = now;
        }
        let bits = bytes as u64 * 8;
        let admitted = self.left >= bits;
        if admitted {
            self.left -= bits;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_of_a_rate_passes_and_no_more() {
        let start = Instant::now();
        let mut budget = Budget::new(8_000, start);
        assert!((0..10).all(|_| budget.admits(100, start)));
        assert!(!budget.admits(1, start));
        let later = start + Duration::from_millis(500);
        assert!((0..5).all(|_| budget.admits(100, later)));
        assert!(!budget.admits(100, later));
        assert!((0..10).all(|_| budget.admits(100, start + Duration::from_secs(100))));
        assert!(!budget.admits(100, start + Duration::from_secs(100)));
    }
}
