//! Upkeep of the tree: no epoch grows old, and a tree that many have joined fills again (SPEC
//! \[G23\]).

/// How old an epoch is when the first member renews it, in milliseconds.
const RENEW_AFTER_MS: u64 = 240_000;
/// How much later each next member does, in milliseconds.
const RENEW_STAGGER_MS: u64 = 2_000;
/// The most that this adds, in milliseconds, so that no epoch reaches five minutes.
const RENEW_LATEST_MS: u64 = 50_000;
/// How long after the last newcomer the tree begins to fill, in milliseconds.
const FILL_AFTER_MS: u64 = 2_000;
/// How much later each next leaf sends its path, in milliseconds.
const FILL_STAGGER_MS: u64 = 1_000;
/// Of how many leaves one fills the tree.
const FILL_EVERY: u32 = 8;
/// In how large a meeting that is worth a commit.
const FILL_FROM: usize = 16;
/// How much later a member tries again that could not, in milliseconds.
const AGAIN_MS: u64 = 10_000;

/// When this member renews its part of the tree.
pub(super) struct Upkeep {
    /// If the epoch lasts until then.
    renew_at: u64,
    /// Whatever becomes of the epoch.
    fill_at: Option<u64>,
    /// Whether this member has sent a path, so that the nodes above its leaf have keys.
    has_path: bool,
}

/// An epoch as upkeep sees it.
#[derive(Clone, Copy)]
pub(super) struct Entered {
    /// Its number.
    pub(super) epoch: u64,
    /// How many members are in it.
    pub(super) members: usize,
    /// How many of them come before this one in the tree.
    pub(super) rank: u64,
    /// This member's leaf.
    pub(super) leaf: u32,
    /// Whether the commit into it added somebody.
    pub(super) adds: bool,
    /// Whether this member made that commit, with a path.
    pub(super) own_path: bool,
}

impl Upkeep {
    /// Of a member that comes in.
    pub(super) fn new(entered: Entered, now_ms: u64) -> Self {
        let mut upkeep = Self { renew_at: 0, fill_at: None, has_path: false };
        upkeep.enter(entered, now_ms);
        upkeep
    }

    /// Another epoch begins.
    pub(super) fn enter(&mut self, entered: Entered, now_ms: u64) {
        let Entered { epoch, members, rank, leaf, adds, own_path } = entered;
        // SPEC [G23]: whoever begins is another one in each epoch, so that all renew in turn.
        let members_u64 = (members as u64).max(1);
        let turn = rank.saturating_add(members_u64).saturating_sub(epoch % members_u64);
        let stagger = (turn % members_u64).saturating_mul(RENEW_STAGGER_MS).min(RENEW_LATEST_MS);
        self.renew_at = now_ms.saturating_add(RENEW_AFTER_MS).saturating_add(stagger);
        if own_path {
            self.has_path = true;
            self.fill_at = None;
        }
        // SPEC [G23]
        let fills = adds && !self.has_path && members >= FILL_FROM && leaf % FILL_EVERY == 0;
        if fills {
            let turn = u64::from(leaf / FILL_EVERY);
            let wait = FILL_AFTER_MS.saturating_add(turn.saturating_mul(FILL_STAGGER_MS));
            self.fill_at = Some(now_ms.saturating_add(wait));
        }
    }

    /// Whether it is time for a renewal.
    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        self.deadline() <= now_ms
    }

    /// When it is, in milliseconds.
    pub(super) fn deadline(&self) -> u64 {
        self.fill_at.map_or(self.renew_at, |at| at.min(self.renew_at))
    }

    /// It could not be done: once more, later.
    pub(super) fn postpone(&mut self, now_ms: u64) {
        self.renew_at = self.renew_at.max(now_ms.saturating_add(AGAIN_MS));
        self.fill_at = self.fill_at.map(|at| at.max(now_ms.saturating_add(AGAIN_MS)));
    }

    /// Everything that tells two of these apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        let Self { renew_at, fill_at, has_path } = self;
        hash.update(format!("{renew_at} {fill_at:?} {has_path}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entered(epoch: u64, members: usize, rank: u64) -> Entered {
        let leaf = u32::try_from(rank).unwrap();
        Entered { epoch, members, rank, leaf, adds: false, own_path: false }
    }

    #[test]
    fn in_each_epoch_another_member_renews_first_and_all_before_five_minutes() {
        // SPEC [G23]
        for epoch in 0..12 {
            let at = |rank| Upkeep::new(entered(epoch, 5, rank), 1_000).deadline();
            let mut all: Vec<_> = (0..5).map(at).collect();
            assert_eq!(all[usize::try_from(epoch % 5).unwrap()], 241_000, "epoch {epoch}");
            all.sort_unstable();
            assert_eq!(all, [241_000, 243_000, 245_000, 247_000, 249_000]);
        }
        let last = Upkeep::new(entered(0, 1_000, 999), 0).deadline();
        assert_eq!(last, 290_000);
    }

    #[test]
    fn a_cold_tree_is_filled_by_every_eighth_leaf_one_a_second() {
        // SPEC [G23]
        let storm = |leaf: u32| Entered { adds: true, ..entered(0, 40, leaf.into()) };
        let mut fills: Vec<u64> = Vec::new();
        for leaf in 0..40 {
            let mut upkeep = Upkeep::new(storm(leaf), 0);
            if upkeep.deadline() < RENEW_AFTER_MS {
                fills.push(upkeep.deadline());
                // More come: the storm is not over.
                upkeep.enter(storm(leaf), 500);
                assert_eq!(upkeep.deadline(), fills.last().unwrap() + 500);
                upkeep.enter(Entered { own_path: true, ..storm(leaf) }, 9_000);
                assert!(upkeep.deadline() > 9_000 + RENEW_AFTER_MS - 1, "it has sent its path");
            }
        }
        assert_eq!(fills, [2_000, 3_000, 4_000, 5_000, 6_000]);
        let small = Upkeep::new(Entered { adds: true, ..entered(0, 15, 0) }, 0);
        assert_eq!(small.deadline(), RENEW_AFTER_MS);
    }

    #[test]
    fn what_failed_is_tried_again_later() {
        let mut upkeep = Upkeep::new(entered(0, 1, 0), 0);
        upkeep.postpone(RENEW_AFTER_MS);
        assert!(!upkeep.is_due(RENEW_AFTER_MS + AGAIN_MS - 1));
        assert!(upkeep.is_due(RENEW_AFTER_MS + AGAIN_MS));
    }
}
