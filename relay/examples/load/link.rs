//! When frames go out, and what is known of those that came in.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::Load;

/// A frame of sound each so long.
pub(crate) const FRAME: Duration = Duration::from_millis(20);

/// The times of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Frames carry the time since then.
    pub(crate) origin: Instant,
    /// The first frame goes out.
    pub(crate) begin: Instant,
    /// From here on packets count.
    pub(crate) count: Instant,
    /// From here on they do not.
    pub(crate) end: Instant,
    /// Nothing more is waited for.
    pub(crate) close: Instant,
}

impl Times {
    /// A second of warming up, the time that counts, and half a second for what is on its way.
    pub(crate) fn of(load: Load) -> Self {
        let origin = Instant::now();
        let begin = origin + Duration::from_millis(100);
        let count = begin + Duration::from_secs(1);
        let end = count + load.window();
        Self { origin, begin, count, end, close: end + Duration::from_millis(500) }
    }

    /// Whether a packet that was sent `age_ns` ago counts.
    fn counts(&self, age_ns: u64) -> bool {
        let sent = Instant::now().checked_sub(Duration::from_nanos(age_ns));
        sent.is_some_and(|sent| sent >= self.count && sent < self.end)
    }
}

/// What all members of a run have seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// Packets within the time that counts.
    pub(crate) sent: u64,
    /// Packets of the whole run, and copies of them that came.
    pub(crate) sent_in_all: u64,
    pub(crate) received_in_all: u64,
    /// Of the copies that were opened and sent within the time that counts.
    pub(crate) ages_us: Vec<u32>,
    pub(crate) lag: Duration,
}

/// Shared by the members, which run on one thread.
pub(crate) type Shared = Rc<RefCell<Seen>>;

impl Seen {
    /// A packet came in, sent so many nanoseconds ago.
    pub(crate) fn arrived(&mut self, times: &Times, age_ns: u64) {
        self.received_in_all += 1;
        if times.counts(age_ns) {
            self.ages_us.push(u32::try_from(age_ns / 1_000).unwrap_or(u32::MAX));
        }
    }

    /// A packet goes out that was due then.
    pub(crate) fn leaves(&mut self, times: &Times, due: Instant) {
        self.sent_in_all += 1;
        if due >= times.count && due < times.end {
            self.sent += 1;
            self.lag = self.lag.max(due.elapsed());
        }
    }
}

/// When one member's frames are due: spread evenly over the members.
#[derive(Debug)]
pub(crate) struct Cadence {
    next: Instant,
    end: Instant,
}

impl Cadence {
    /// That of the member with this number of so many.
    pub(crate) fn of(times: &Times, number: usize, members: usize) -> Self {
        let phase = FRAME.as_secs_f64() * number as f64 / members.max(1) as f64;
        Self { next: times.begin + Duration::from_secs_f64(phase), end: times.end }
    }

    /// When the next frame is due; `None` behind the last.
    pub(crate) fn next(&self) -> Option<Instant> {
        (self.next < self.end).then_some(self.next)
    }

    /// The frame that is due by now, if one is.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Instant> {
        let due = self.next().filter(|due| *due <= now)?;
        self.next += FRAME;
        Some(due)
    }
}
