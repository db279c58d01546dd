//! One meeting's log, in memory.

use std::collections::HashMap;

use thiserror::Error;

use crate::ids::MessageId;

/// An append-only log: sequence numbers from 0 without gaps, one entry per message id, never
/// reordered, never changed. SPEC \[S1\] \[S2\].
#[derive(Debug)]
pub struct OrderedLog {
    entries: Vec<Box<[u8]>>,
    sequence_numbers: HashMap<MessageId, u64>,
    free_bytes: usize,
}

/// Where an entry stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its sequence number.
    pub seq: u64,
    /// Whether it was there already, under the same message id: nothing was appended.
    pub duplicate: bool,
}

/// The log has no room for an entry of this length. Nothing was appended: end the meeting's
/// service, or give its log more room from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the log has {free_bytes} bytes left: refuse the post and tell the meeting's members")]
pub struct LogFull {
    /// Bytes of entries that would still fit.
    pub free_bytes: usize,
}

impl OrderedLog {
    /// What an entry costs beside its bytes, so that empty entries are not free: bytes.
    pub const ENTRY_OVERHEAD: usize = 64;

    /// An empty log for at most `capacity` bytes of entries, [`Self::ENTRY_OVERHEAD`] counted for
    /// each.
    pub fn new(capacity: usize) -> Self {
        Self { entries: Vec::new(), sequence_numbers: HashMap::new(), free_bytes: capacity }
    }

    /// Appends an entry, unless one with this id is there already: SPEC \[S2\].
    ///
    /// # Errors
    /// If the log is full; it is unchanged then.
    pub fn append(&mut self, id: MessageId, bytes: &[u8]) -> Result<Appended, LogFull> {
        // SPEC [S2]
        if let Some(&seq) = self.sequence_numbers.get(&id) {
            return Ok(Appended { seq, duplicate: true });
        }
        let cost = bytes.len().saturating_add(Self::ENTRY_OVERHEAD);
        let Some(free_bytes) = self.free_bytes.checked_sub(cost) else {
            return Err(LogFull { free_bytes: self.free_bytes });
        };
        // SPEC [S1]: the next number, at the end.
        let seq = self.next();
        self.free_bytes = free_bytes;
        self.entries.push(bytes.into());
        self.sequence_numbers.insert(id, seq);
        Ok(Appended { seq, duplicate: false })
    }

    /// The entries from sequence number `from` on, in order: SPEC \[S1\]. None if `from` is not yet
    /// given.
    pub fn read(&self, from: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let skipped = usize::try_from(from).unwrap_or(usize::MAX);
        let numbered = self.entries.iter().enumerate().skip(skipped);
        numbered.map(|(index, entry)| (index as u64, &**entry))
    }

    /// The sequence number that the next entry will have.
    pub fn next(&self) -> u64 {
        self.entries.len() as u64
    }
}
