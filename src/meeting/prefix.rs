//! What a member has read of the log, as one hash for each place in it: two members to whom the
//! server shows different logs notice (SPEC \[G25\]).

use std::collections::VecDeque;

use incamera_wire::{Heartbeat, MeetingId};
use sha2::{Digest, Sha256};

/// How many places of the log are kept to compare with.
pub(super) const MAX_PLACES: usize = 1024;

/// Where a member's view of the log begins.
pub(super) enum Beginning {
    /// With the meeting.
    Created,
    /// Behind the entry that its Welcome came with.
    Behind {
        /// The entry's sequence number.
        seq: u64,
        /// The SHA-256 of its bytes.
        entry: [u8; 32],
    },
    /// Somewhere in an epoch, of which the former self read the rest.
    Restored {
        /// The sequence number of the entry to read next.
        next: u64,
    },
}

/// Where an entry stands in the log.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its sequence number.
    pub(super) seq: u64,
    /// The SHA-256 of its bytes.
    pub(super) entry: [u8; 32],
    /// When it was posted, if it is one's own.
    pub(super) posted_ms: Option<u64>,
}

/// What a heartbeat says of the log, against what was read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Both have read the same.
    Agrees,
    /// The author has read another log, or more of this one than there is.
    Disagrees,
    /// It speaks of a place that is not known here, or no longer.
    Unknown,
}

/// The log as it was read so far.
pub(super) struct Prefix {
    /// The sequence number of the entry to read next.
    position: u64,
    epoch: u64,
    hash: [u8; 32],
    /// Whether that hash is of all that was read since the epoch began.
    known: bool,
    /// What a member says that has yet to read an entry, for the latest of them; the last is that of
    /// `position`. None before the hash is known.
    places: VecDeque<[u8; 32]>,
}

impl Prefix {
    /// The log of a member that comes in with this epoch.
    pub(super) fn new(
        from: Beginning,
        meeting: MeetingId,
        epoch: u64,
        authenticator: &[u8; 32],
    ) -> Self {
        let (position, hash) = match from {
            Beginning::Created => (0, begin(0, &Sha256::digest(meeting.as_bytes()).into())),
            Beginning::Behind { seq, entry } => (seq.saturating_add(1), begin(seq, &entry)),
            Beginning::Restored { next } => (next, [0; 32]),
        };
        let known = !matches!(from, Beginning::Restored { .. });
        let places = known.then(|| place(epoch, authenticator, &hash)).into_iter().collect();
        Self { position, epoch, hash, known, places }
    }

    /// The sequence number of the entry to read next.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The hash of what was read since the epoch began (SPEC \[G25\]).
    pub(super) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// An entry has been read, refused or not, and this is the epoch after it.
    pub(super) fn read(&mut self, entry: Place, epoch: u64, authenticator: &[u8; 32]) {
        let Place { seq, entry, posted_ms: _ } = entry;
        self.known |= epoch != self.epoch;
        // SPEC [G25]
        self.hash =
            if epoch == self.epoch { go_on(&self.hash, &entry) } else { begin(seq, &entry) };
        self.epoch = epoch;
        self.position = seq.saturating_add(1);
        if self.known {
            self.places.push_back(place(epoch, authenticator, &self.hash));
        }
        if self.places.len() > MAX_PLACES {
            self.places.pop_front();
        }
    }

    /// What a heartbeat of this epoch says, against what was read before it.
    pub(super) fn compare(&self, epoch: u64, heartbeat: &Heartbeat) -> Comparison {
        let Heartbeat { authenticator, log_position, log_hash, .. } = heartbeat;
        // SPEC [G25]: nobody has read what comes behind its own words.
        let Some(back) = self.position.checked_sub(*log_position) else {
            return Comparison::Disagrees;
        };
        let known = usize::try_from(back).ok().and_then(|back| self.places.iter().nth_back(back));
        match known {
            // SPEC [G25]
            None => Comparison::Unknown,
            Some(known) if *known == place(epoch, authenticator, log_hash) => Comparison::Agrees,
            Some(_) => Comparison::Disagrees,
        }
    }

    /// Everything that tells two of them apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut Sha256) {
        let Self { position, epoch, hash: own, known, places } = self;
        hash.update(format!("{position} {epoch} {own:?} {known} {places:?}"));
    }
}

/// The hash at the beginning of an epoch: SHA-256("incamera 1 log" || seq || entry).
fn begin(seq: u64, entry: &[u8; 32]) -> [u8; 32] {
    let hash = Sha256::new_with_prefix(b"incamera 1 log").chain_update(seq.to_be_bytes());
    hash.chain_update(entry).finalize().into()
}

/// The hash after one more entry: SHA-256(hash || entry).
fn go_on(hash: &[u8; 32], entry: &[u8; 32]) -> [u8; 32] {
    Sha256::new_with_prefix(hash).chain_update(entry).finalize().into()
}

/// All that a heartbeat says of a place, in 32 bytes: it is kept often and compared as a whole.
fn place(epoch: u64, authenticator: &[u8; 32], hash: &[u8; 32]) -> [u8; 32] {
    let place = Sha256::new_with_prefix(epoch.to_be_bytes()).chain_update(authenticator);
    place.chain_update(hash).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEETING: MeetingId = MeetingId::new([1; 16]);

    fn heartbeat(log_position: u64, epoch: u8, log_hash: [u8; 32]) -> Heartbeat {
        let authenticator = [epoch; 32];
        Heartbeat { authenticator, log_position, log_hash, time_ms: 0, orders: Vec::new() }
    }

    fn at(seq: u64, entry: u8) -> Place {
        Place { seq, entry: [entry; 32], posted_ms: None }
    }

    /// A creator that has read so many entries in epoch 0, and then a commit.
    fn creator(entries: u64) -> (Prefix, Vec<[u8; 32]>) {
        let mut prefix = Prefix::new(Beginning::Created, MEETING, 0, &[0; 32]);
        let mut hashes = vec![prefix.hash()];
        for seq in 0..entries {
            prefix.read(at(seq, seq as u8), 0, &[0; 32]);
            hashes.push(prefix.hash());
        }
        prefix.read(at(entries, 0xee), 1, &[1; 32]);
        hashes.push(prefix.hash());
        (prefix, hashes)
    }

    #[test]
    fn whoever_has_read_the_same_agrees_at_every_place() {
        // SPEC [G25]
        let (prefix, hashes) = creator(5);
        for (position, hash) in (0..).zip(&hashes[..6]) {
            let said = heartbeat(position, 0, *hash);
            assert_eq!(prefix.compare(0, &said), Comparison::Agrees, "{position}");
        }
        let joiner =
            Prefix::new(Beginning::Behind { seq: 5, entry: [0xee; 32] }, MEETING, 1, &[1; 32]);
        assert_eq!((joiner.position(), joiner.hash()), (prefix.position(), prefix.hash()));
        let said = heartbeat(6, 1, joiner.hash());
        assert_eq!(prefix.compare(1, &said), Comparison::Agrees);
        assert_eq!(joiner.compare(0, &heartbeat(5, 0, hashes[5])), Comparison::Unknown);
    }

    #[test]
    fn another_entry_epoch_authenticator_or_place_disagrees() {
        // SPEC [G25]
        let (prefix, hashes) = creator(5);
        let wrong = [
            (0, heartbeat(3, 0, hashes[2])),
            (0, heartbeat(3, 7, hashes[3])),
            (1, heartbeat(3, 0, hashes[3])),
            (0, heartbeat(6, 1, hashes[6])),
            (1, heartbeat(7, 1, hashes[6])),
            (1, heartbeat(u64::MAX, 1, hashes[6])),
        ];
        for (epoch, said) in wrong {
            assert_eq!(prefix.compare(epoch, &said), Comparison::Disagrees, "{said:?}");
        }
    }

    #[test]
    fn a_restored_member_knows_nothing_before_the_next_epoch() {
        // SPEC [G25]
        let place = |seq| Place { seq, entry: [seq as u8; 32], posted_ms: None };
        let mut prefix = Prefix::new(Beginning::Restored { next: 5 }, MEETING, 0, &[0; 32]);
        prefix.read(place(5), 0, &[0; 32]);
        for position in [0, 5, 6] {
            assert_eq!(prefix.compare(0, &heartbeat(position, 0, [0; 32])), Comparison::Unknown);
        }
        assert_eq!(prefix.compare(0, &heartbeat(7, 0, [0; 32])), Comparison::Disagrees);
        prefix.read(place(6), 1, &[1; 32]);
        let said = heartbeat(7, 1, begin(6, &[6; 32]));
        assert_eq!(prefix.compare(1, &said), Comparison::Agrees);
    }

    #[test]
    fn places_are_bounded_and_what_is_older_is_unknown() {
        // SPEC [G25]
        let (prefix, hashes) = creator(3 * MAX_PLACES as u64);
        assert_eq!(prefix.places.len(), MAX_PLACES);
        let oldest = prefix.position() - MAX_PLACES as u64 + 1;
        let said = |position: u64| heartbeat(position, 0, hashes[position as usize]);
        assert_eq!(prefix.compare(0, &said(oldest)), Comparison::Agrees);
        assert_eq!(prefix.compare(0, &said(oldest - 1)), Comparison::Unknown);
        assert_eq!(prefix.compare(0, &said(0)), Comparison::Unknown);
    }
}
