//! The packets that wait, within bounds.

use std::collections::BTreeMap;

use super::run::Run;

/// SPEC \[M36\]: the most bytes of payloads that wait.
pub(super) const MAX_BYTES: usize = 4 << 20;
/// SPEC \[M37\]: how long a packet waits for the others of its frame, in milliseconds.
pub(super) const MAX_WAIT_MS: u64 = 2_000;

/// Packets by their number, and the runs that they make, by the number of their first. A packet
/// joins in the time of a search, however many wait.
#[derive(Debug, Default)]
pub(super) struct Store {
    pieces: BTreeMap<u64, Vec<u8>>,
    waiting: BTreeMap<u64, Run>,
    whole: BTreeMap<u64, Run>,
    bytes: usize,
    /// If a run waits: none is due before.
    due_ms: Option<u64>,
}

impl Store {
    /// How many packets wait.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Takes a packet in, as `run`, and copies its payload. Gives the first number of the run if
    /// that is a whole frame now, which [`Self::pop`] would give.
    pub(super) fn insert(&mut self, number: u64, mut run: Run, piece: &[u8]) -> Option<u64> {
        self.pieces.insert(number, piece.to_vec());
        self.bytes += piece.len();
        let due_ms = run.since_ms.saturating_add(MAX_WAIT_MS);
        self.due_ms = Some(self.due_ms.map_or(due_ms, |earlier| earlier.min(due_ms)));
        let mut first = number;
        let before = self.waiting.range(..number).next_back().map(|(first, _)| *first);
        if let Some((at, left)) = before.and_then(|at| self.waiting.remove_entry(&at)) {
            if left.last + 1 == number && left.continues_in(&run) {
                run = left.joined(&run);
                first = at;
            } else {
                self.waiting.insert(at, left);
            }
        }
        if let Some(right) = self.waiting.remove(&(number + 1)) {
            if run.continues_in(&right) {
                run = run.joined(&right);
            } else {
                self.waiting.insert(number + 1, right);
            }
        }
        let whole = run.is_whole();
        let runs = if whole { &mut self.whole } else { &mut self.waiting };
        runs.insert(first, run);
        whole.then_some(first)
    }

    /// Drops a whole frame if it is to be dropped by `is_bad`; gives how many packets it had.
    pub(super) fn drop_if(&mut self, first: u64, is_bad: impl Fn(&Run) -> bool) -> u64 {
        if !self.whole.get(&first).is_some_and(is_bad) {
            return 0;
        }
        let run = self.whole.remove(&first);
        run.map_or(0, |run| self.discard(first, &run))
    }

    /// The first whole frame in order of sequence numbers: appends it to `out`.
    pub(super) fn pop(&mut self, out: &mut Vec<u8>) -> Option<(u64, Run)> {
        let (first, run) = self.whole.pop_first()?;
        out.reserve(run.bytes);
        for number in first..=run.last {
            if let Some(piece) = self.pieces.remove(&number) {
                self.bytes -= piece.len();
                out.extend_from_slice(&piece);
            }
        }
        Some((first, run))
    }

    /// Drops the runs whose time is up; gives how many packets they had.
    pub(super) fn expire(&mut self, now_ms: u64) -> u64 {
        if self.due_ms.is_none_or(|due_ms| now_ms < due_ms) {
            return 0;
        }
        // SPEC [M37]
        let is_due = |run: &Run| run.since_ms.saturating_add(MAX_WAIT_MS) <= now_ms;
        let due: Vec<(u64, Run)> = self.waiting.extract_if(.., |_, run| is_due(run)).collect();
        let next = self.waiting.values().map(|run| run.since_ms).min();
        self.due_ms = next.map(|since_ms| since_ms.saturating_add(MAX_WAIT_MS));
        due.iter().map(|(first, run)| self.discard(*first, run)).sum()
    }

    /// Drops every run that begins below `low`; gives how many packets they had.
    pub(super) fn forget_below(&mut self, low: u64) -> u64 {
        let mut dropped = 0;
        while let Some((first, run)) =
            pop_below(&mut self.waiting, low).or_else(|| pop_below(&mut self.whole, low))
        {
            dropped += self.discard(first, &run);
        }
        dropped
    }

    /// Drops runs until there is room for `len` bytes: first those that are not whole, of them the
    /// one that began first, which has lost most of its chance. Gives how many packets they had.
    pub(super) fn make_room(&mut self, len: usize) -> u64 {
        let mut dropped = 0;
        // SPEC [M36]
        while self.bytes + len > MAX_BYTES {
            let oldest = self.waiting.pop_first().or_else(|| self.whole.pop_first());
            let Some((first, run)) = oldest else { break };
            dropped += self.discard(first, &run);
        }
        dropped
    }

    /// Frees the payloads of a run that was taken out; gives how many they were.
    fn discard(&mut self, first: u64, run: &Run) -> u64 {
        let pieces = (first..=run.last).filter_map(|number| self.pieces.remove(&number));
        let mut dropped = 0;
        for piece in pieces {
            self.bytes -= piece.len();
            dropped += 1;
        }
        dropped
    }
}

/// Takes the first run out, if it begins below `low`.
fn pop_below(runs: &mut BTreeMap<u64, Run>, low: u64) -> Option<(u64, Run)> {
    let first = runs.first_entry()?;
    (*first.key() < low).then(|| first.remove_entry())
}
