//! What shows that a heartbeat is not an old one: a nonce of one's own that its author has read, and
//! from then on the author's clock (SPEC \[G24\]). Clocks are compared by lower bounds alone, so that
//! no network is too slow to be honest about.

use std::collections::VecDeque;

/// The most entries of one's own that are kept as anchors.
pub(super) const MAX_ANCHORS: usize = 64;
/// How far a heartbeat may seem to come from the future before a clock counts as jumped, in
/// milliseconds.
const JUMP_MS: i128 = 1_000;
/// How long at least a clock is trusted after it was compared, in milliseconds; at most twice as
/// long. A clock that runs a thousandth too fast gains no more than 0.6 s.
const TRUST_MS: u64 = 300_000;

/// Entries of one's own, read back: whoever has read one spoke after it was posted.
#[derive(Default)]
pub(super) struct Anchors(VecDeque<(u64, u64)>);

impl Anchors {
    /// An own entry stands at `seq`, and was posted first at this time.
    pub(super) fn note(&mut self, seq: u64, posted_ms: u64) {
        // One that was posted earlier and stands later proves nothing more.
        if self.newest().is_some_and(|newest| posted_ms <= newest) {
            return;
        }
        self.0.push_back((seq, posted_ms));
        if self.0.len() > MAX_ANCHORS {
            self.0.pop_front();
        }
    }

    /// When the latest own entry was posted that somebody has read who reads `position` next.
    pub(super) fn below(&self, position: u64) -> Option<u64> {
        let mut latest = self.0.iter().rev();
        latest.find(|(seq, _)| *seq < position).map(|(_, posted_ms)| *posted_ms)
    }

    /// When the latest own entry was posted that has been read back.
    pub(super) fn newest(&self) -> Option<u64> {
        self.0.back().map(|(_, posted_ms)| *posted_ms)
    }

    /// Everything that tells two of them apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        sha2::Digest::update(hash, format!("{:?}", self.0));
    }
}

/// Another member's clock, as far as it is known: its time plus the offset is never later, on one's
/// own clock, than when it was that time.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The highest offset that an anchor has shown since `turned_at`, and the one before that.
    newer: Option<i128>,
    older: Option<i128>,
    turned_at: u64,
    /// Anchors posted before this were timed by a clock that has jumped.
    anchored_from: u64,
}

impl Clock {
    /// The time on one's own clock before which a heartbeat was not made that shows `time_ms`, and
    /// whose author has read the entry that was posted at `anchor`; `None` if nothing shows any.
    pub(super) fn made(&mut self, time_ms: u64, anchor: Option<u64>, now_ms: u64) -> Option<u64> {
        self.turn(now_ms);
        let (time, now) = (i128::from(time_ms), i128::from(now_ms));
        let told = self.newer.max(self.older).map(|offset| time.saturating_add(offset));
        // SPEC [G24]: its clock has jumped ahead or one's own has stood still, and nothing shows
        // how long.
        if told.is_some_and(|told| told.saturating_sub(now) > JUMP_MS) {
            let anchored_from = now_ms;
            *self = Self { turned_at: now_ms, anchored_from, ..Self::default() };
            return None;
        }
        let anchor = anchor.filter(|anchor| *anchor >= self.anchored_from);
        if let Some(anchor) = anchor {
            self.newer = self.newer.max(Some(i128::from(anchor).saturating_sub(time)));
        }
        let told = told.map(|told| u64::try_from(told.clamp(0, now)).unwrap_or_default());
        told.max(anchor)
    }

    /// Forgets offsets that are too old: clocks drift.
    fn turn(&mut self, now_ms: u64) {
        let age = now_ms.saturating_sub(self.turned_at);
        if age < TRUST_MS {
            return;
        }
        let newer = self.newer.take();
        self.older = newer.filter(|_| age < TRUST_MS.saturating_mul(2));
        self.turned_at = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_counts_for_whoever_has_read_it() {
        // SPEC [G24]
        let mut anchors = Anchors::default();
        anchors.note(5, 1_000);
        anchors.note(9, 3_000);
        // It was lost at first, and sent again.
        anchors.note(12, 2_000);
        let seen = [5, 6, 9, 10, 13, u64::MAX].map(|position| anchors.below(position));
        assert_eq!(seen, [None, Some(1_000), Some(1_000), Some(3_000), Some(3_000), Some(3_000)]);
        for seq in 20..1_000 {
            anchors.note(seq, seq * 1_000);
        }
        assert_eq!(anchors.0.len(), MAX_ANCHORS);
        assert_eq!(anchors.below(900), Some(899_000).filter(|_| 999 - 899 < MAX_ANCHORS));
    }

    #[test]
    fn without_an_anchor_a_heartbeat_proves_nothing() {
        // SPEC [G24]
        let mut clock = Clock::default();
        assert_eq!(clock.made(7, None, 50_000), None);
        assert_eq!(clock.made(u64::MAX, None, 50_000), None);
        assert_eq!(clock.made(u64::MAX, Some(49_000), 50_000), Some(49_000));
    }

    #[test]
    fn after_one_anchor_the_authors_clock_shows_the_age_of_its_heartbeats() {
        // SPEC [G24]
        let mut clock = Clock::default();
        assert_eq!(clock.made(700_000, Some(10_000), 12_000), Some(10_000));
        // Five seconds later on its clock, however long it was on its way.
        for now in [16_000, 20_000, 60_000] {
            assert_eq!(clock.made(705_000, Some(10_000), now), Some(15_000));
        }
        // A better anchor raises the bound, a worse one does not lower it.
        assert_eq!(clock.made(710_000, Some(21_500), 61_000), Some(21_500));
        assert_eq!(clock.made(715_000, Some(10_000), 61_000), Some(26_500));
        assert_eq!(clock.made(700_000, None, 61_000), Some(11_500), "an old one read late");
    }

    #[test]
    fn a_clock_that_drifts_ahead_is_caught_by_the_next_anchors() {
        // SPEC [G24]: one part in a thousand too fast, every heartbeat one second on its way.
        let mut clock = Clock::default();
        let mut worst = 0;
        for beat in 0..2_000_u64 {
            let made = 1_000_000 + beat * 5_000;
            let now = made + 1_000;
            let anchor = made - 2_500;
            let shown = clock.made(beat * 5_005, Some(anchor), now).unwrap();
            assert!(shown >= anchor);
            worst = worst.max(shown.saturating_sub(made));
        }
        assert!(worst <= 600, "{worst} ms");
    }

    #[test]
    fn a_clock_that_slept_only_makes_heartbeats_look_older_until_the_next_anchor() {
        // SPEC [G24]
        let mut clock = Clock::default();
        clock.made(0, Some(10_000), 10_500);
        assert_eq!(clock.made(5_000, None, 75_500), Some(15_000), "sixty seconds not counted");
        assert_eq!(clock.made(10_000, Some(79_000), 80_500), Some(79_000));
        assert_eq!(clock.made(15_000, None, 85_500), Some(84_000));
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_trusted_no_more_and_neither_are_the_anchors_before() {
        // SPEC [G24]
        let mut clock = Clock::default();
        clock.made(0, Some(10_000), 10_500);
        assert_eq!(clock.made(65_000, Some(14_000), 15_500), None);
        // The same if it was one's own clock that stood still.
        assert_eq!(clock.made(70_000, Some(15_400), 20_500), None);
        assert_eq!(clock.made(75_000, Some(21_000), 25_500), Some(21_000));
        assert_eq!(clock.made(80_000, Some(21_000), 60_000), Some(26_000), "late, and seen to be");
        // A jump too small to be seen never leads beyond the present.
        assert_eq!(clock.made(114_900, None, 60_000), Some(60_000));
    }

    #[test]
    fn offsets_are_forgotten_after_ten_minutes() {
        // SPEC [G24]
        let mut clock = Clock::default();
        clock.made(0, Some(1_000_000), 1_000_000);
        assert_eq!(clock.made(299_000, None, 1_299_999), Some(1_299_000));
        assert_eq!(clock.made(599_000, None, 1_599_999), Some(1_599_000));
        assert_eq!(clock.made(900_000, None, 1_900_000), None);
        clock.made(900_000, Some(1_900_000), 1_900_000);
        assert_eq!(clock.made(1_500_000, None, 2_500_000), None, "nothing for ten minutes");
    }
}
