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
    /// Until when runs may count that this member was not here to read of.
    blind_until: u64,
}

struct Claim {
    knock: KeyPackageRef,
    at_ms: u64,
}

impl Budget {
    /// That of a member who comes in now, to a meeting that others were in before.
    pub(crate) fn of_newcomer(now_ms: u64) -> Self {
        Self { blind_until: now_ms.saturating_add(FAILED_RUN_MS), ..Self::default() }
    }

    /// Whether this member cannot know how many runs have failed: then others take them on, or
    /// every newcomer would be good for as many guesses again.
    pub(crate) fn is_blind(&self, now_ms: u64) -> bool {
        // SPEC [A13]
        now_ms < self.blind_until
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn knock(n: usize) -> KeyPackageRef {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        KeyPackageRef::new(bytes)
    }

    /// A budget with a run of each of these knocks, begun one millisecond after the other from
    /// 1,000 ms on.
    fn after(knocks: std::ops::Range<usize>) -> Budget {
        let mut budget = Budget::default();
        knocks.for_each(|n| budget.note_attend(knock(n), 1_000 + n as u64));
        budget
    }

    #[test]
    fn ten_failed_runs_exhaust_the_budget_and_nine_do_not() {
        // SPEC [A13]
        assert_eq!(MAX_FAILED_RUNS, 10);
        assert!(!after(0..0).is_exhausted(2_000));
        assert!(!after(0..9).is_exhausted(2_000));
        assert!(after(0..10).is_exhausted(2_000));
        assert!(after(0..11).is_exhausted(2_000));
    }

    #[test]
    fn runs_of_one_knock_count_each() {
        // SPEC [A13]
        let mut budget = Budget::default();
        (0..10).for_each(|_| budget.note_attend(knock(1), 1_000));
        assert!(budget.is_exhausted(1_000));
        budget.note_added(knock(1));
        assert!(!budget.is_exhausted(1_000));
    }

    #[test]
    fn a_failed_run_counts_for_ten_minutes() {
        // SPEC [A13]
        assert_eq!(FAILED_RUN_MS, 600_000);
        let budget = after(0..10);
        assert!(budget.is_exhausted(1_000 + 599_999));
        assert!(!budget.is_exhausted(1_000 + 600_000));
        assert!(!budget.is_exhausted(u64::MAX));
    }

    #[test]
    fn a_run_that_led_to_an_admission_did_not_fail() {
        // SPEC [A13]
        let mut budget = after(0..11);
        budget.note_added(knock(99));
        assert!(budget.is_exhausted(2_000));
        budget.note_added(knock(3));
        assert!(budget.is_exhausted(2_000));
        budget.note_added(knock(4));
        assert!(!budget.is_exhausted(2_000));
    }

    #[test]
    fn a_claim_holds_for_ten_seconds() {
        // SPEC [A13]
        assert_eq!(CLAIM_MS, 10_000);
        let mut budget = after(0..2);
        assert!(budget.attended_lately(knock(1), 1_001));
        assert!(budget.attended_lately(knock(1), 11_000));
        assert!(!budget.attended_lately(knock(1), 11_001));
        assert!(!budget.attended_lately(knock(2), 1_001));
        budget.note_attend(knock(1), 11_001);
        assert!(budget.attended_lately(knock(1), 21_000));
        budget.note_added(knock(1));
        assert!(!budget.attended_lately(knock(1), 11_001));
    }

    #[test]
    fn a_clock_that_stands_behind_a_claim_loses_no_claim() {
        // SPEC [A13]
        assert!(after(0..10).is_exhausted(0));
        assert!(after(0..1).attended_lately(knock(0), 0));
    }

    #[test]
    fn a_flood_of_claims_is_bounded_and_leaves_the_budget_exhausted() {
        // SPEC [A13]
        let mut budget = after(0..MAX_CLAIMS);
        assert_eq!(budget.claims.len(), MAX_CLAIMS);
        assert!(budget.attended_lately(knock(0), 2_000));
        budget.note_attend(knock(MAX_CLAIMS), 2_000);
        assert_eq!(budget.claims.len(), MAX_CLAIMS);
        assert!(!budget.attended_lately(knock(0), 2_000));
        assert!(budget.attended_lately(knock(1), 2_000));
        assert!(budget.attended_lately(knock(MAX_CLAIMS), 2_000));
        assert!(budget.is_exhausted(2_000));
    }

    #[test]
    fn a_newcomer_is_blind_for_as_long_as_failed_runs_count() {
        // SPEC [A13]
        let newcomer = Budget::of_newcomer(5_000);
        assert!(newcomer.is_blind(5_000) && newcomer.is_blind(5_000 + FAILED_RUN_MS - 1));
        assert!(!newcomer.is_blind(5_000 + FAILED_RUN_MS));
        assert!(!Budget::default().is_blind(0), "whoever was there from the start has read all");
    }

    #[test]
    fn claims_that_count_no_longer_are_forgotten() {
        let mut budget = after(0..10);
        budget.note_attend(knock(10), 1_004 + FAILED_RUN_MS);
        assert_eq!(budget.claims.len(), 6);
    }
}
