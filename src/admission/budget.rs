//! Who proves a passcode to whom, as every member reads it in the log: one admitter at a time, and
//! few failures, since every run lets whoever knocks guess once (SPEC \[A13\]).

use std::collections::VecDeque;

use incamera_wire::KeyPackageRef;

/// How many runs without an admission stop the passcode, in [`FAILED_RUN_MS`].
pub(crate) const MAX_FAILED_RUNS: usize = 10;
/// How long a run without an admission counts, in milliseconds.
pub(crate) const FAILED_RUN_MS: u64 = 600_000;
/// How long a member's claim of a knock keeps others from taking it on, in milliseconds.
pub(crate) const CLAIM_MS: u64 = 10_000;
/// The most claims that are remembered, the newest ones. Only members make claims; one that makes
/// this many knows the passcode anyway.
const MAX_CLAIMS: usize = 256;

/// The runs that the log tells of and no admission has followed.
///
/// A run counts as failed from its beginning: whoever falls silent when it hears that its guess
/// was wrong has guessed all the same.
#[derive(Default)]
pub(crate) struct Budget {
    /// Oldest first.
    claims: VecDeque<Claim>,
}

struct Claim {
    knock: KeyPackageRef,
    at_ms: u64,
}

impl Budget {
    /// A member, this one or another, takes on a knock: a run begins.
    pub(crate) fn note_attend(&mut self, knock: KeyPackageRef, now_ms: u64) {
        self.claims.retain(|claim| claim.is_younger_than(FAILED_RUN_MS, now_ms));
        // SPEC [A13]
        if self.claims.len() >= MAX_CLAIMS {
            self.claims.pop_front();
        }
        self.claims.push_back(Claim { knock, at_ms: now_ms });
    }

    /// Whoever made the knock is a member now: its runs did not fail.
    pub(crate) fn note_added(&mut self, knock: KeyPackageRef) {
        self.claims.retain(|claim| claim.knock != knock);
    }

    /// Whether so many runs have failed lately that no further one may begin: until one is older
    /// than [`FAILED_RUN_MS`], people decide.
    pub(crate) fn is_exhausted(&self, now_ms: u64) -> bool {
        // SPEC [A13]
        let failed = |claim: &&Claim| claim.is_younger_than(FAILED_RUN_MS, now_ms);
        self.claims.iter().filter(failed).count() >= MAX_FAILED_RUNS
    }

    /// Whether a member has this knock in hand, so that others leave it alone.
    pub(crate) fn attended_lately(&self, knock: KeyPackageRef, now_ms: u64) -> bool {
        // SPEC [A13]
        let holds = |claim: &Claim| claim.is_younger_than(CLAIM_MS, now_ms);
        self.claims.iter().any(|claim| claim.knock == knock && holds(claim))
    }
}

impl Claim {
    fn is_younger_than(&self, age_ms: u64, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) < age_ms
    }
}
