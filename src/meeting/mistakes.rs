//! Mistakes that a test puts into one client, to see that the checks of its runs find them.

#![cfg(test)]

use super::member::Member;
use super::shared::{Refusal, Shared};
use super::verdict::Accepted;
use crate::mls::{CommitFacts, Engine};

/// A rule that a client breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// Merges its own commit as it posts it (SPEC \[G1\]).
    MergesUnread,
    /// Never merges its own commit (SPEC \[G1\]).
    MissesItsOwn,
    /// Takes its own commit for the winner of its epoch, whatever came before (SPEC \[G1\]).
    PrefersItsOwn,
    /// Takes every commit that it can read (SPEC \[G2\]).
    SkipsVerdicts,
    /// Goes on sealing while an order is overdue (SPEC \[M9\]).
    IgnoresOrders,
    /// Seals in the epoch before for a while, also when somebody was removed (SPEC \[M6\]).
    LingersOn,
    /// Does not tell who comes and goes.
    HidesPeople,
}

impl Shared {
    /// Whether this client makes a mistake.
    pub(super) fn errs(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}

impl<E: Engine> Member<E> {
    /// Merges a commit of its own that nobody has read.
    pub(super) fn merge_unread(&mut self, shared: &mut Shared, message: &[u8], now_ms: u64) {
        let Ok((staged, facts)) = self.group.stage(message) else { return };
        let _ = self.read_staged(shared, staged, &facts, now_ms);
    }

    /// Whether a commit is passed over that should be merged.
    pub(super) fn passes_over(&self, shared: &Shared, facts: &CommitFacts) -> bool {
        let prefers = shared.errs(Mistake::PrefersItsOwn) && self.group.has_pending();
        (prefers && !facts.own) || (shared.errs(Mistake::MissesItsOwn) && facts.own)
    }
}

/// What whoever skips verdicts makes of a refusal.
pub(super) fn waived(
    shared: &Shared,
    verdict: Result<Accepted, Refusal>,
) -> Result<Accepted, Refusal> {
    match verdict {
        Err(_) if shared.errs(Mistake::SkipsVerdicts) => Ok(Accepted::default()),
        verdict => verdict,
    }
}
