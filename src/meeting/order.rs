//! The log's entries in order of sequence, however they arrive (SPEC \[G13\]).

use std::collections::BTreeMap;

/// The most early entries kept.
pub(super) const MAX_EARLY: usize = 1024;
/// The most bytes of early entries kept.
pub(super) const MAX_EARLY_BYTES: usize = 8 << 20;
/// How long after asking for a gap to ask again, in milliseconds.
const ASK_AGAIN_MS: u64 = 1_000;
/// How often an entry is asked for before it counts as lost: for 30 seconds.
const MAX_ASKED: u32 = 30;
/// After how many of these times something else came, so that the connection lives.
const MIN_HEARD: u32 = 3;

/// Entries that wait for their turn.
#[derive(Default)]
pub(super) struct Order {
    /// The sequence number to read next, once known.
    next: Option<u64>,
    early: BTreeMap<u64, Vec<u8>>,
    early_bytes: usize,
    /// One more than the highest sequence number that the server spoke of.
    head: u64,
    /// What was read while a joiner may have to read it again.
    read: BTreeMap<u64, Vec<u8>>,
    read_bytes: usize,
    remembers: bool,
    ask_at: Option<u64>,
    /// The entry asked for last, how often it was, and how often something else came instead.
    missed: Missed,
}

/// What is known of an entry that does not come.
#[derive(Clone, Copy, Debug, Default)]
struct Missed {
    seq: u64,
    asked: u32,
    in_vain: u32,
    /// Whether anything has come since it was asked for last.
    heard: bool,
}

impl Order {
    /// An order that begins at `next`.
    pub(super) fn starting_at(next: u64) -> Self {
        Self { next: Some(next), ..Self::default() }
    }

    /// The sequence number to read next, once known.
    pub(super) fn next(&self) -> Option<u64> {
        self.next
    }

    /// Sets where to begin, if nothing has.
    pub(super) fn begin(&mut self, next: u64) {
        self.next.get_or_insert(next);
    }

    /// Learns how long the log is from a new connection; `false` if it is shorter than what was
    /// read. What an earlier server claimed beyond that is forgotten.
    pub(super) fn learn_head(&mut self, head: u64) -> bool {
        drop(self.early.split_off(&head));
        self.early_bytes = self.early.values().map(Vec::len).sum();
        self.head = head;
        self.ask_at = None;
        // What was asked for over the old connection may be on its way over the new one.
        self.missed = Missed::default();
        self.next.is_none_or(|next| next <= head)
    }

    /// Takes an entry in. Early ones are kept within bounds; the rest is fetched again in time.
    pub(super) fn offer(&mut self, seq: u64, bytes: Vec<u8>) {
        // SPEC [G13]
        let Some(next) = self.next else { return };
        self.head = self.head.max(seq.saturating_add(1));
        if seq < next || self.early.contains_key(&seq) {
            return;
        }
        self.early_bytes += bytes.len();
        self.early.insert(seq, bytes);
        while self.early.len() > MAX_EARLY || self.early_bytes > MAX_EARLY_BYTES {
            let Some((_, dropped)) = self.early.pop_last() else { break };
            self.early_bytes -= dropped.len();
        }
    }

    /// The next entry in order, if it is there.
    pub(super) fn pop(&mut self) -> Option<(u64, Vec<u8>)> {
        // SPEC [G13]
        let next = self.next?;
        let bytes = self.early.remove(&next)?;
        self.early_bytes -= bytes.len();
        if self.remembers {
            self.keep(next, &bytes);
        }
        self.next = Some(next.saturating_add(1));
        self.ask_at = None;
        Some((next, bytes))
    }

    /// Keeps what is read from here on, within bounds, so that [`Order::rewind`] can read it again.
    pub(super) fn remember(&mut self) {
        self.remembers = true;
    }

    /// Forgets what was read: nobody will want it again.
    pub(super) fn forget(&mut self) {
        self.remembers = false;
        self.read.clear();
        self.read_bytes = 0;
    }

    /// Goes back to read from `seq` again; what is no longer here is fetched.
    pub(super) fn rewind(&mut self, seq: u64) {
        let again = self.read.split_off(&seq);
        self.forget();
        self.remembers = true;
        self.next = Some(seq);
        for (seq, bytes) in again {
            self.offer(seq, bytes);
        }
        self.ask_at = None;
    }

    fn keep(&mut self, seq: u64, bytes: &[u8]) {
        self.read_bytes += bytes.len();
        self.read.insert(seq, bytes.to_vec());
        while self.read.len() > MAX_EARLY || self.read_bytes > MAX_EARLY_BYTES {
            let Some((_, dropped)) = self.read.pop_first() else { break };
            self.read_bytes -= dropped.len();
        }
    }

    /// From where to fetch, if entries are missing and it is time to ask.
    pub(super) fn ask(&mut self, now_ms: u64) -> Option<u64> {
        // SPEC [G13]
        let from = self.first_missing()?;
        if self.ask_at.is_some_and(|at| now_ms < at) {
            return None;
        }
        self.ask_at = Some(now_ms.saturating_add(ASK_AGAIN_MS));
        if self.missed.seq != from {
            self.missed = Missed { seq: from, ..Missed::default() };
        }
        self.missed.asked = self.missed.asked.saturating_add(1);
        self.missed.heard = false;
        Some(from)
    }

    /// Something came from the server: the connection lives.
    pub(super) fn hear(&mut self) {
        let answers = self.missed.asked > 0 && !self.missed.heard;
        self.missed.in_vain = self.missed.in_vain.saturating_add(u32::from(answers));
        self.missed.heard = true;
    }

    /// Whether the next entry will not come, as far as one can tell: it was asked for again and again
    /// over a connection that brings other things. Who is offline, asleep or has a slow connection hears
    /// nothing in between, and has lost nothing; nor does a number that a server makes up lose anything.
    pub(super) fn is_lost(&self) -> bool {
        let Some(missing) = self.first_missing() else { return false };
        let Missed { seq, asked, in_vain, .. } = self.missed;
        // SPEC [G13]
        seq == missing && asked > MAX_ASKED && in_vain >= MIN_HEARD
    }

    /// Goes on at the end of the log, as the server told it last, whatever is missing before it; says
    /// where that is.
    pub(super) fn skip(&mut self) -> u64 {
        self.early.clear();
        self.early_bytes = 0;
        self.forget();
        (self.next, self.ask_at, self.missed) = (Some(self.head), None, Missed::default());
        self.head
    }

    /// When to ask next, in milliseconds.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.first_missing().and(self.ask_at)
    }

    fn first_missing(&self) -> Option<u64> {
        let next = self.next?;
        let run = self.early.keys().zip(next..).take_while(|(seq, expected)| *seq == expected);
        let missing = next.saturating_add(run.count() as u64);
        (missing < self.head).then_some(missing)
    }

    /// Everything that tells two orders apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        let Self { next, early, head, read, remembers, ask_at, missed, .. } = self;
        hash.update(format!(
            "{next:?} {early:?} {head} {read:?} {remembers} {ask_at:?} {missed:?}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drain(order: &mut Order) -> Vec<u64> {
        std::iter::from_fn(|| order.pop()).map(|(seq, _)| seq).collect()
    }

    #[test]
    fn a_gap_is_asked_for_once_a_second_until_it_is_filled() {
        // SPEC [G13]
        let mut order = Order::starting_at(5);
        assert_eq!(order.ask(0), None);
        order.offer(7, vec![7]);
        assert!(drain(&mut order).is_empty());
        assert_eq!(order.ask(0), Some(5));
        assert_eq!(order.ask(999), None);
        assert_eq!(order.deadline(), Some(1000));
        assert_eq!(order.ask(1000), Some(5));
        order.offer(5, vec![5]);
        order.offer(6, vec![6]);
        assert_eq!(drain(&mut order), [5, 6, 7]);
        assert_eq!(order.ask(5000), None);
        assert_eq!(order.deadline(), None);
    }

    #[test]
    fn a_gap_at_the_tail_is_noticed_on_connection() {
        // SPEC [G13]
        let mut order = Order::starting_at(5);
        assert!(order.learn_head(9));
        assert_eq!(order.ask(0), Some(5));
        assert!(!order.learn_head(4), "a log shorter than what was read");
    }

    /// Asks once a second, and hears something else as often as `heard` says.
    fn wait(order: &mut Order, seconds: u64, heard: impl Fn(u64) -> bool) {
        for second in 0..seconds {
            assert!(order.ask(second * ASK_AGAIN_MS).is_some());
            if heard(second) {
                order.hear();
            }
            order.ask_at = None;
        }
    }

    #[test]
    fn an_entry_that_does_not_come_while_others_do_is_lost() {
        // SPEC [G13]
        let mut order = Order::starting_at(5);
        order.offer(7, vec![7]);
        wait(&mut order, 30, |_| true);
        assert!(!order.is_lost(), "half a minute is not too long");
        wait(&mut order, 1, |_| true);
        assert!(order.is_lost());
        let mut late = Order::starting_at(5);
        late.offer(7, vec![7]);
        wait(&mut late, 40, |second| second % 10 == 0);
        assert!(late.is_lost(), "a quiet meeting");
        assert_eq!(order.skip(), 8);
        assert!(!order.is_lost() && order.ask(0).is_none());
        order.offer(6, vec![6]);
        order.offer(8, vec![8]);
        assert_eq!(drain(&mut order), [8]);
    }

    #[test]
    fn who_hears_nothing_has_lost_nothing() {
        let mut order = Order::starting_at(5);
        order.offer(7, vec![7]);
        // Offline for an hour: nothing comes at all.
        wait(&mut order, 3_600, |_| false);
        assert!(!order.is_lost());
        // What the old connection owed comes in one burst, and what was missed after it.
        order.hear();
        order.hear();
        order.hear();
        assert!(!order.is_lost());
        assert!(order.learn_head(60_000));
        wait(&mut order, 30, |_| true);
        assert!(!order.is_lost(), "it was asked for anew");
        // One of many that are missing, each of which comes in time.
        let mut slow = Order::starting_at(0);
        slow.learn_head(200);
        for seq in 0..199 {
            wait(&mut slow, 20, |_| true);
            slow.offer(seq, vec![]);
            drain(&mut slow);
            assert!(!slow.is_lost(), "entry {seq}");
        }
    }

    #[test]
    fn a_number_that_the_server_makes_up_loses_nothing() {
        // SPEC [G13]
        let mut order = Order::starting_at(5);
        order.learn_head(u64::MAX);
        assert!(!order.is_lost());
        order.offer(1 << 60, vec![0]);
        assert!(!order.is_lost());
        // The log grows as it does: each entry that comes shows that none is lost.
        for seq in 5..100 {
            wait(&mut order, 5, |_| true);
            order.offer(seq, vec![0]);
            assert_eq!(drain(&mut order), [seq]);
            assert!(!order.is_lost());
        }
    }

    #[test]
    fn what_a_lying_server_claimed_is_forgotten_on_the_next_connection() {
        let mut order = Order::starting_at(5);
        order.learn_head(u64::MAX);
        order.offer(u64::MAX - 1, vec![1]);
        order.offer(7, vec![7]);
        assert!(order.learn_head(8));
        assert_eq!(order.early_bytes, 1);
        assert_eq!(order.ask(0), Some(5));
        for seq in [5, 6] {
            order.offer(seq, vec![0]);
        }
        assert_eq!(drain(&mut order), [5, 6, 7]);
        assert_eq!(order.ask(9_999), None);
    }

    #[test]
    fn early_entries_are_bounded_and_the_nearest_are_kept() {
        let mut order = Order::starting_at(0);
        for seq in (1..=2 * MAX_EARLY as u64).rev() {
            order.offer(seq, vec![0]);
        }
        assert_eq!(order.early.len(), MAX_EARLY);
        assert_eq!(order.early.first_key_value().map(|(seq, _)| *seq), Some(1));
        order.offer(0, vec![0; MAX_EARLY_BYTES]);
        assert!(order.early_bytes <= MAX_EARLY_BYTES);
        assert_eq!(order.pop().map(|(seq, _)| seq), Some(0));
    }

    #[test]
    fn what_was_read_can_be_read_again() {
        let mut order = Order::starting_at(3);
        order.offer(3, vec![]);
        assert_eq!(drain(&mut order), [3]);
        order.remember();
        for seq in [4, 5, 6, 8] {
            order.offer(seq, vec![]);
        }
        assert_eq!(drain(&mut order), [4, 5, 6]);
        order.rewind(5);
        assert_eq!(drain(&mut order), [5, 6]);
        assert_eq!(order.ask(0), Some(7));
        order.rewind(3);
        assert!(drain(&mut order).is_empty());
        assert_eq!(order.ask(0), Some(3), "what was not remembered is fetched");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut order = Order::starting_at(0);
        order.remember();
        for seq in 0..2 * MAX_EARLY as u64 {
            order.offer(seq, vec![0]);
            drain(&mut order);
        }
        assert_eq!(order.read.len(), MAX_EARLY);
        order.offer(order.next.unwrap(), vec![0; MAX_EARLY_BYTES]);
        drain(&mut order);
        assert!(order.read_bytes <= MAX_EARLY_BYTES);
    }

    proptest! {
        #[test]
        fn any_arrival_ends_in_order_without_repetition(
            arrivals in prop::collection::vec(0_u64..40, 0..200),
        ) {
            let mut order = Order::starting_at(0);
            let mut read = Vec::new();
            for seq in arrivals {
                order.offer(seq, vec![]);
                read.extend(drain(&mut order));
            }
            while let Some(from) = order.ask(u64::MAX) {
                order.ask_at = None;
                order.offer(from, vec![]);
                read.extend(drain(&mut order));
            }
            prop_assert!(read.iter().copied().eq(0..read.len() as u64));
        }
    }
}
