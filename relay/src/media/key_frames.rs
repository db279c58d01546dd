//! Requests for key frames: passed on, but no faster than one in a time for each layer, however many
//! ask.

use std::time::{Duration, Instant};

/// The requests for one layer of one track.
#[derive(Debug, Default)]
pub(super) struct KeyFrames {
    asked: Option<Instant>,
    waiting: bool,
}

impl KeyFrames {
    /// Somebody asks: whether to pass it on now. If not, it is due at [`Self::due`].
    pub(super) fn ask(&mut self, now: Instant, interval: Duration) -> bool {
        let may = self.asked.is_none_or(|asked| now >= asked + interval);
        if may {
            self.asked = Some(now);
        }
        self.waiting = !may;
        may
    }

    /// When the request that waits is due.
    pub(super) fn due(&self, interval: Duration) -> Option<Instant> {
        self.asked.filter(|_| self.waiting).map(|asked| asked + interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_requests_becomes_one_in_a_time_and_none_is_forgotten() {
        let (start, interval) = (Instant::now(), Duration::from_millis(500));
        let mut requests = KeyFrames::default();
        let passed =
            (0..10_000).filter(|ms| requests.ask(start + Duration::from_millis(*ms), interval));
        assert_eq!(passed.count(), 20);
        let due = requests.due(interval).unwrap();
        assert!(requests.ask(due, interval));
        assert_eq!(requests.due(interval), None);
    }
}
