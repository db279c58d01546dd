//! How far a connection has come in its meeting's log.

/// Sees to it that entries go out in order, without gaps, and again only if they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The next to go out.
    next: u64,
    /// Behind the last known to exist.
    end: u64,
}

impl Cursor {
    /// All before `next` is left to the client to fetch.
    pub(super) fn new(next: u64) -> Self {
        Self { next, end: next }
    }

    /// Entry `seq` exists. True: it is the next, and goes out now if there is room for it.
    pub(super) fn exists(&mut self, seq: u64) -> bool {
        let was_behind = self.is_behind();
        self.end = self.end.max(seq.saturating_add(1));
        !was_behind && seq == self.next
    }

    /// The entry `seq` went out.
    pub(super) fn sent(&mut self, seq: u64) {
        if seq == self.next {
            self.next = seq.saturating_add(1);
        }
    }

    /// The client wants all from `from` on, again if need be. What lies ahead comes anyway.
    pub(super) fn fetch(&mut self, from: u64) {
        self.next = self.next.min(from);
    }

    /// Whether entries have to be read from the store.
    pub(super) fn is_behind(&self) -> bool {
        self.next < self.end
    }

    /// The next to go out.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The store has nothing at `next`: there is nothing more to read now.
    pub(super) fn nothing_there(&mut self) {
        self.end = self.next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_order_goes_out_at_once() {
        let mut cursor = Cursor::new(3);
        assert!(cursor.exists(3));
        cursor.sent(3);
        assert!(cursor.exists(4));
    }

    #[test]
    fn what_was_there_before_is_not_sent() {
        let mut cursor = Cursor::new(3);
        assert!(!cursor.exists(2));
        assert!(!cursor.is_behind());
    }

    #[test]
    fn behind_a_gap_nothing_goes_out_before_the_gap_is_read() {
        let mut cursor = Cursor::new(3);
        assert!(!cursor.exists(5));
        assert!(cursor.is_behind());
        assert!(!cursor.exists(3), "the store is read from 3 on");
        for seq in 3..=5 {
            assert_eq!(cursor.next(), seq);
            cursor.sent(seq);
        }
        assert!(!cursor.is_behind());
        assert!(cursor.exists(6));
    }

    #[test]
    fn an_entry_without_room_is_read_again() {
        let mut cursor = Cursor::new(0);
        assert!(cursor.exists(0));
        assert!(cursor.is_behind());
        assert!(!cursor.exists(1));
        assert_eq!(cursor.next(), 0);
    }

    #[test]
    fn a_fetch_goes_back_and_never_ahead() {
        let mut cursor = Cursor::new(7);
        cursor.fetch(9);
        assert!(!cursor.is_behind());
        cursor.fetch(2);
        assert_eq!(cursor.next(), 2);
        assert!(!cursor.exists(7), "2 to 6 come first");
        cursor.fetch(u64::MAX);
        assert_eq!(cursor.next(), 2);
    }

    #[test]
    fn a_number_at_the_end_of_all_numbers_does_no_harm() {
        let mut cursor = Cursor::new(u64::MAX);
        cursor.exists(u64::MAX);
        cursor.sent(u64::MAX);
        assert!(!cursor.is_behind());
    }

    /// A small generator: what it gives depends on its seed alone.
    fn random(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn whatever_is_lost_late_or_asked_for_again_entries_go_out_in_order() {
        for seed in 1..200 {
            let mut state = seed * 0x9e37_79b9;
            let (mut cursor, mut log, mut last) = (Cursor::new(5), 5, 5);
            for _ in 0..300 {
                match random(&mut state) % 6 {
                    // An entry is told, or its news are lost.
                    0 | 1 => {
                        log += 1;
                        if !random(&mut state).is_multiple_of(4) && cursor.exists(log - 1) {
                            assert_eq!(cursor.next(), last);
                            // There may be no room for it.
                            if !random(&mut state).is_multiple_of(3) {
                                cursor.sent(log - 1);
                                last += 1;
                            }
                        }
                    }
                    // News come again.
                    2 => assert!(log == 5 || !cursor.exists(log - 1) || last == log - 1),
                    3 => {
                        let from = random(&mut state) % (log + 3);
                        cursor.fetch(from);
                        last = last.min(from);
                    }
                    // Some of what is missing is read.
                    _ => {
                        for _ in 0..random(&mut state) % 4 {
                            if cursor.is_behind() && cursor.next() < log {
                                assert_eq!(cursor.next(), last);
                                cursor.sent(last);
                                last += 1;
                            }
                        }
                    }
                }
                assert_eq!(cursor.next(), last);
            }
            cursor.exists(log);
            assert!(cursor.is_behind() || last == log, "seed {seed}");
        }
    }
}
