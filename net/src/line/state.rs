//! When to connect, when to ask for a sign of life, and when a connection counts as dead.

/// How long to wait before the first new attempt, in milliseconds; doubled each time.
const FIRST_WAIT_MS: u64 = 250;
/// The longest wait, in milliseconds: a meeting stops sealing 60 seconds after the last sign of its log.
const LAST_WAIT_MS: u64 = 15_000;
/// After how many milliseconds a connection counts as a good one: the next wait is the first again.
const GOOD_MS: u64 = 10_000;
/// After how many silent milliseconds the relay is asked for a sign of life.
const PING_MS: u64 = 15_000;
/// After how many silent milliseconds a connection counts as dead.
const DEAD_MS: u64 = 30_000;

/// A random number of 32 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance(pub(crate) u32);

/// Something to do for the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Begin to connect.
    Connect,
    /// Send a ping.
    Ping,
    /// Drop the connection: nothing has come for long. [`Line::lost`] follows.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is there, and at `until_ms` it is to be tried.
    Down { until_ms: u64 },
    /// It is being tried.
    Connecting,
    /// It is there.
    Up { since_ms: u64, heard_ms: u64, ping_ms: u64 },
}

/// One client's line to its relay.
#[derive(Debug)]
pub(crate) struct Line {
    state: State,
    /// How many waits there were since the last good connection.
    waits: u32,
    /// Since when there has been no connection.
    down_since_ms: Option<u64>,
}

impl Line {
    /// A line that is up: the caller has connected.
    pub(crate) fn up(now_ms: u64) -> Self {
        let mut line = Self { state: State::Connecting, waits: 0, down_since_ms: None };
        line.opened(now_ms);
        line
    }

    /// When to call [`next`](Self::next); `None` while a connection is being made.
    pub(crate) fn due(&self) -> Option<u64> {
        match self.state {
            State::Down { until_ms } => Some(until_ms),
            State::Connecting => None,
            State::Up { heard_ms, ping_ms, .. } => Some(ping_ms.min(heard_ms + DEAD_MS)),
        }
    }

    /// What there is to do now.
    pub(crate) fn next(&mut self, now_ms: u64) -> Option<Task> {
        match &mut self.state {
            State::Down { until_ms } if now_ms >= *until_ms => {
                self.state = State::Connecting;
                Some(Task::Connect)
            }
            State::Up { heard_ms, .. } if now_ms >= *heard_ms + DEAD_MS => Some(Task::Drop),
            State::Up { ping_ms, .. } if now_ms >= *ping_ms => {
                *ping_ms = now_ms + PING_MS;
                Some(Task::Ping)
            }
            _ => None,
        }
    }

    /// The connection is there.
    pub(crate) fn opened(&mut self, now_ms: u64) {
        let ping_ms = now_ms + PING_MS;
        self.state = State::Up { since_ms: now_ms, heard_ms: now_ms, ping_ms };
        self.down_since_ms = None;
    }

    /// Something has come.
    pub(crate) fn heard(&mut self, now_ms: u64) {
        if let State::Up { heard_ms, ping_ms, .. } = &mut self.state {
            *heard_ms = now_ms;
            *ping_ms = now_ms + PING_MS;
        }
    }

    /// The connection has gone, or could not be made. Gives the milliseconds until the next
    /// attempt: of a span that doubles with each, the upper half, by chance, so that the clients of a
    /// relay that comes back do not all come at once; but not less than the relay has asked for.
    pub(crate) fn lost(&mut self, now_ms: u64, asked_ms: u64, chance: Chance) -> u64 {
        if let State::Up { since_ms, .. } = self.state
            && now_ms >= since_ms + GOOD_MS
        {
            self.waits = 0;
        }
        let span = FIRST_WAIT_MS.saturating_mul(1 << self.waits.min(16)).min(LAST_WAIT_MS);
        self.waits = self.waits.saturating_add(1);
        let half = span / 2;
        let by_chance = half + u64::from(chance.0) % (half + 1);
        let wait = by_chance.max(asked_ms);
        self.state = State::Down { until_ms: now_ms.saturating_add(wait) };
        self.down_since_ms.get_or_insert(now_ms);
        wait
    }

    /// For how many milliseconds there has been no connection.
    pub(crate) fn down_for_ms(&self, now_ms: u64) -> Option<u64> {
        self.down_since_ms.map(|since_ms| now_ms.saturating_sub(since_ms))
    }

    /// Since when there has been no connection.
    pub(crate) fn down_since_ms(&self) -> Option<u64> {
        self.down_since_ms
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_chance_takes_at_most_half() {
        for chance in [0, 1, 77_777, u32::MAX] {
            let (mut line, mut now) = (Line::up(0), 0);
            for attempt in 0..40 {
                let span = (250u64 << attempt.min(20)).min(15_000);
                let wait = line.lost(now, 0, Chance(chance));
                assert!((span / 2..=span).contains(&wait), "{wait} of {span}");
                assert_eq!(line.due(), Some(now + wait));
                assert_eq!(line.next(now + wait - 1), None);
                now += wait;
                assert_eq!(line.next(now), Some(Task::Connect));
                assert_eq!((line.next(now + 99_999), line.due()), (None, None), "once");
            }
        }
    }

    #[test]
    fn a_relay_that_asks_for_more_time_gets_it() {
        let mut line = Line::up(0);
        assert_eq!(line.lost(0, 60_000, Chance(0)), 60_000);
        assert_eq!(line.next(59_999), None);
        assert_eq!(line.next(60_000), Some(Task::Connect));
    }

    #[test]
    fn a_connection_that_goes_at_once_does_not_shorten_the_wait() {
        let (mut line, mut waits) = (Line::up(0), Vec::new());
        let mut now = 0;
        for _ in 0..4 {
            waits.push(line.lost(now, 0, Chance(0)));
            now += 20_000;
            assert_eq!(line.next(now), Some(Task::Connect));
            line.opened(now);
        }
        assert_eq!(waits, [125, 250, 500, 1_000]);
        assert_eq!(line.lost(now + GOOD_MS, 0, Chance(0)), 125, "a good one does");
    }

    #[test]
    fn silence_is_asked_about_after_15_seconds_and_is_death_after_30() {
        let mut line = Line::up(0);
        assert_eq!(line.next(14_999), None);
        assert_eq!(line.due(), Some(15_000));
        assert_eq!(line.next(15_000), Some(Task::Ping));
        assert_eq!(line.next(15_001), None);
        line.heard(16_000);
        assert_eq!(line.next(30_999), None);
        assert_eq!(line.next(31_000), Some(Task::Ping));
        assert_eq!(line.next(45_999), None);
        assert_eq!(line.next(46_000), Some(Task::Drop));
    }

    #[test]
    fn it_is_down_from_the_loss_until_it_is_open_whatever_is_tried() {
        let mut line = Line::up(0);
        assert_eq!(line.down_for_ms(5), None);
        for now in [100, 1_000, 9_000] {
            line.lost(now, 0, Chance(3));
            assert_eq!(line.down_for_ms(10_000), Some(9_900));
            line.next(now + 15_000);
        }
        line.heard(1);
        line.opened(20_000);
        assert_eq!(line.down_for_ms(20_000), None);
    }

    proptest! {
        #[test]
        fn a_line_never_stands_still(
            steps in proptest::collection::vec((0..4u8, 0..40_000u64, any::<u32>()), 0..100),
        ) {
            let (mut line, mut now) = (Line::up(0), 0);
            for (step, later, chance) in steps {
                now += later;
                match (step, line.next(now)) {
                    (_, Some(Task::Drop)) => drop(line.lost(now, 0, Chance(chance))),
                    (0, Some(Task::Connect)) => line.opened(now),
                    (_, Some(Task::Connect)) => drop(line.lost(now, 0, Chance(chance))),
                    (1, _) => line.heard(now),
                    (2, _) => drop(line.lost(now, later, Chance(chance))),
                    _ => {}
                }
                // Something is due within the longest wait, or what the relay may have asked for.
                prop_assert!(line.due().is_some_and(|due| due <= now + 40_000));
            }
        }
    }
}
