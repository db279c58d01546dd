//! A joiner between the tree and the membership: whoever is in the roster is verified before anything
//! of the group is used or shown (SPEC \[I2\]), some at a time.

use incamera_wire::GroupState;

use super::prefix::Beginning;
use super::roster::{BadRoster, Reading, Roster};
use super::shared::Shared;
use crate::error::Fault;
use crate::mls::Engine;

/// How many certificates are verified at a call of the caller's: half a millisecond or so. It is called
/// again a millisecond later, so that other work has its turn.
const AT_ONCE: usize = 16;

/// Where a Welcome leads.
pub(super) struct Entering<E> {
    group: E,
    state: GroupState,
    /// The leaf that signed the Welcome.
    pub(super) author: u32,
    /// The sequence number of the Welcome's log entry.
    pub(super) seq: u64,
    from: Beginning,
    reading: Reading,
}

impl<E: Engine> Entering<E> {
    pub(super) fn new(group: E, state: GroupState, author: u32, seq: u64, from: Beginning) -> Self {
        Self { group, state, author, seq, from, reading: Reading::default() }
    }

    /// Verifies some more of the roster; whether all of it is verified now.
    pub(super) fn go_on(&mut self, shared: &Shared) -> Result<bool, Fault> {
        let leaves = self.group.leaves();
        self.reading.go_on(&leaves, shared.meeting, AT_ONCE).map_err(unusable)
    }

    /// What a member is made of, once all are verified.
    pub(super) fn into_parts(self) -> Result<(E, GroupState, Roster, Beginning), Fault> {
        let roster = self.reading.into_roster().map_err(unusable)?;
        Ok((self.group, self.state, roster, self.from))
    }

    /// How many are verified.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn verified(&self) -> usize {
        self.reading.verified()
    }
}

fn unusable(bad: BadRoster) -> Fault {
    Fault::Welcome(match bad {
        BadRoster::Certificate => "a member's certificate does not verify",
        BadRoster::Duplicate => "two leaves claim one stay",
    })
}
