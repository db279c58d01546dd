//! Keys of slots under which nothing has opened yet: so that a flood of forgeries under a slot that its
//! member has not used costs one derivation, not one for each.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::slot::{MAX_FAILURES, OpeningKey};

/// SPEC \[M3\]: the most of them in one epoch.
const MAX: usize = 64;

/// A key that has opened nothing. Whether it is there is a matter of time alone: what opens is the
/// same, so a call that fails may leave one.
pub(super) struct Candidate {
    pub(super) kid: u64,
    pub(super) key: OpeningKey,
}

/// Where candidates of several key ids may be, one at a time: the last that was asked for.
pub(super) struct Place {
    pub(super) candidate: Option<Box<Candidate>>,
    /// SPEC \[K12\]: how many frames may still fail under those of them that have short tags. All of
    /// them together, for a key that makes room for another must not begin anew.
    pub(super) patience: u32,
}

impl Place {
    /// Puts a candidate here that opened nothing.
    pub(super) fn keep(&mut self, candidate: Box<Candidate>) {
        self.patience = candidate.key.patience.unwrap_or(self.patience);
        self.candidate = Some(candidate);
    }
}

/// A few places. Each key id belongs to one.
pub(super) struct Candidates([Mutex<Place>; MAX]);

impl Candidates {
    /// No candidates.
    pub(super) fn new() -> Self {
        let place = || Mutex::new(Place { candidate: None, patience: MAX_FAILURES });
        Self(core::array::from_fn(|_| place()))
    }

    /// The place of `kid`, for one thread at a time.
    pub(super) fn place(&self, kid: u64) -> Option<MutexGuard<'_, Place>> {
        // The golden ratio in 64 bits: what differs in leaf or track alone is spread.
        let spread = kid.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - MAX.ilog2());
        let place = self.0.get(usize::try_from(spread).ok()?)?;
        Some(place.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// SPEC \[K7\]: erases them, once those in use are free.
    pub(super) fn erase(&self) {
        for place in &self.0 {
            place.lock().unwrap_or_else(PoisonError::into_inner).candidate = None;
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.iter().filter(|place| place.lock().unwrap().candidate.is_some()).count()
    }
}
