//! The epochs that a member can still read events of: the current one, and those that ended less
//! than 30 seconds ago (SPEC \[G11\]).

use std::collections::VecDeque;

use super::roster::Roster;
use crate::error::Error;
use crate::mls::Engine;
use crate::secret::Secret;

/// How long after its end events of an epoch open, in milliseconds.
pub(super) const EVENTS_OPEN_MS: u64 = 30_000;
/// The most ended epochs kept.
pub(super) const MAX_ENDED: usize = 64;

/// Exporter label of the key that seals handshakes (SPEC \[K6\]).
const HANDSHAKE: &str = "incamera 1 handshake";
/// Exporter label of the key that seals events (SPEC \[K6\]).
const EVENT: &str = "incamera 1 event";
/// Exporter label of the PSK of words to one member (SPEC \[G20\]).
const DIRECT: &str = "incamera 1 direct";

/// What a member keeps of one epoch.
pub(super) struct EpochView {
    /// Its number.
    pub(super) epoch: u64,
    /// RFC 9420 §8.7.
    pub(super) authenticator: [u8; 32],
    /// Who is in it.
    pub(super) roster: Roster,
    /// Seals events.
    pub(super) event_key: Secret<32>,
    /// The PSK of words to one member (SPEC \[G20\]).
    pub(super) direct_psk: Secret<32>,
}

impl EpochView {
    /// The current epoch of `group`.
    pub(super) fn of(group: &impl Engine, roster: Roster) -> Result<Self, Error> {
        Ok(Self {
            epoch: group.epoch(),
            authenticator: group.authenticator(),
            roster,
            event_key: export(group, EVENT)?,
            direct_psk: direct_psk(group)?,
        })
    }
}

/// The key that seals commits of the current epoch of `group`.
pub(super) fn handshake_key(group: &impl Engine) -> Result<Secret<32>, Error> {
    export(group, HANDSHAKE)
}

/// The PSK of words to one member in the current epoch of `group`.
pub(super) fn direct_psk(group: &impl Engine) -> Result<Secret<32>, Error> {
    // SPEC [G20]
    export(group, DIRECT)
}

fn export(group: &impl Engine, label: &str) -> Result<Secret<32>, Error> {
    // SPEC [K6]
    let exported = group.export(label, b"", 32).map_err(|_| Error::Internal("the exporter"))?;
    Secret::read(&exported).ok_or(Error::Internal("the exporter"))
}

/// The current epoch and the ones that ended lately.
pub(super) struct Epochs {
    /// The epoch that this member came in with.
    first: u64,
    current: EpochView,
    ended: VecDeque<(EpochView, u64)>,
}

impl Epochs {
    /// Nothing but a current epoch.
    pub(super) fn new(current: EpochView) -> Self {
        Self { first: current.epoch, current, ended: VecDeque::new() }
    }

    /// The epoch that this member came in with.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Whether an epoch was over before this member came in.
    pub(super) fn is_before_own(&self, epoch: u64) -> bool {
        epoch < self.first
    }

    /// The current epoch.
    pub(super) fn current(&self) -> &EpochView {
        &self.current
    }

    /// Enters the next epoch.
    pub(super) fn enter(&mut self, next: EpochView, now_ms: u64) {
        let mut last = std::mem::replace(&mut self.current, next);
        last.roster = last.roster.without_occupants();
        self.ended.push_back((last, now_ms.saturating_add(EVENTS_OPEN_MS)));
        if self.ended.len() > MAX_ENDED {
            self.ended.pop_front();
        }
    }

    /// The view of an epoch whose events still open.
    pub(super) fn find(&self, epoch: u64, now_ms: u64) -> Option<&EpochView> {
        if epoch == self.current.epoch {
            return Some(&self.current);
        }
        // SPEC [G11]
        let mut open = self.ended.iter().filter(|(_, until)| now_ms < *until);
        open.find(|(view, _)| view.epoch == epoch).map(|(view, _)| view)
    }

    /// The view of an epoch that is kept.
    pub(super) fn view(&self, epoch: u64) -> Option<&EpochView> {
        let ended = self.ended.iter().map(|(view, _)| view);
        ended.chain([&self.current]).find(|view| view.epoch == epoch)
    }

    /// All that are kept, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn views(&self) -> impl Iterator<Item = &EpochView> {
        self.ended.iter().map(|(view, _)| view).chain([&self.current])
    }

    /// Erases what has ended for good, and says when the next is due.
    pub(super) fn sweep(&mut self, now_ms: u64) -> Option<u64> {
        // SPEC [G11]
        self.ended.retain(|(_, until)| now_ms < *until);
        self.ended.front().map(|(_, until)| *until)
    }
}
