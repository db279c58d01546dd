//! What a member means to commit: kept until the group's state shows it done, so that a lost race
//! costs a retry and nothing else.

use incamera_wire::{Fingerprint, InviteId, KeyPackageRef, StayId};

use super::roster::Roster;
use crate::admission::Waiting;

/// The most leavers and the most newcomers that one commit carries.
pub(super) const MAX_BATCH: usize = 64;
/// The most leave events kept as evidence.
const MAX_DEPARTURES: usize = 4096;

/// Somebody who has said that it leaves, and the signed event to show for it.
pub(super) struct Departure {
    pub(super) stay: StayId,
    pub(super) evidence: Vec<u8>,
    /// When this member commits it, if nobody else has.
    pub(super) not_before: u64,
}

/// What a member means to commit.
#[derive(Default)]
pub(super) struct Intents {
    /// Knocks to admit, oldest first.
    pub(super) admissions: Vec<Waiting>,
    /// Identities to remove for cause.
    pub(super) removals: Vec<Fingerprint>,
    /// Leavers, in the order of their leave events.
    pub(super) departures: Vec<Departure>,
    /// Whether newcomers are added one at a time, because a batch could not be built.
    one_by_one: bool,
}

/// What is given up because a commit cannot be built.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Retreat {
    /// Nothing yet: the next commit is smaller.
    Smaller,
    /// One admission: its key package clashes with the group.
    Admission(KeyPackageRef),
    /// Removals and departures.
    Removals,
}

/// What one commit does.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) adds: Vec<Vec<u8>>,
    pub(super) invite: Option<InviteId>,
    pub(super) removes: Vec<u32>,
    pub(super) departed: Vec<StayId>,
    pub(super) evidence: Vec<Vec<u8>>,
}

impl Intents {
    /// The next commit, if one is due: whoever goes first, then newcomers of one invite.
    pub(super) fn next(&self, roster: &Roster, now_ms: u64) -> Option<Batch> {
        let due = self.departures.iter().any(|departure| departure.not_before <= now_ms);
        if due || !self.removals.is_empty() {
            return Some(self.removal_batch(roster));
        }
        // SPEC [G7]: one invite in a commit.
        let invite = self.admissions.first()?.invite;
        let same = self.admissions.iter().filter(|waiting| waiting.invite == invite);
        let most = if self.one_by_one { 1 } else { MAX_BATCH };
        let adds = same.take(most).map(|waiting| waiting.key_package.clone()).collect();
        Some(Batch { adds, invite: Some(invite), ..Batch::default() })
    }

    fn removal_batch(&self, roster: &Roster) -> Batch {
        let mut batch = Batch::default();
        for fingerprint in &self.removals {
            batch.removes.extend(roster.leaves_of(*fingerprint));
        }
        for departure in self.departures.iter().take(MAX_BATCH) {
            let Some(seat) = roster.of(departure.stay) else { continue };
            // Its leave does not spare it the ban.
            if self.removals.contains(&seat.occupant.fingerprint) {
                continue;
            }
            if !batch.removes.contains(&seat.occupant.leaf) {
                batch.removes.push(seat.occupant.leaf);
            }
            batch.departed.push(departure.stay);
            batch.evidence.push(departure.evidence.clone());
        }
        batch
    }

    /// Gives up the least that can be what keeps the next commit from being built: nobody who
    /// knocks may stand in the way of the others, or of a removal.
    pub(super) fn retreat(&mut self, batch: &Batch) -> Retreat {
        if batch.adds.is_empty() {
            self.removals.clear();
            self.departures.clear();
            return Retreat::Removals;
        }
        if batch.adds.len() > 1 {
            self.one_by_one = true;
            return Retreat::Smaller;
        }
        Retreat::Admission(self.admissions.remove(0).reference)
    }

    /// Keeps a leaver's evidence.
    pub(super) fn depart(&mut self, departure: Departure) {
        let known = self.departures.iter().any(|other| other.stay == departure.stay);
        if !known && self.departures.len() < MAX_DEPARTURES {
            self.departures.push(departure);
        }
    }

    /// Drops what the group's new epoch shows done.
    pub(super) fn settle(&mut self, roster: &Roster, added: &[KeyPackageRef]) {
        self.admissions.retain(|waiting| !added.contains(&waiting.reference));
        self.one_by_one &= !self.admissions.is_empty();
        self.removals.retain(|fingerprint| roster.leaves_of(*fingerprint).next().is_some());
        self.departures.retain(|departure| roster.of(departure.stay).is_some());
    }

    /// Drops admissions under invites that are no longer live, and gives them back.
    pub(super) fn drop_dead(&mut self, is_live: impl Fn(InviteId) -> bool) -> Vec<Waiting> {
        let (live, dead) = std::mem::take(&mut self.admissions)
            .into_iter()
            .partition::<Vec<_>, _>(|waiting| is_live(waiting.invite));
        self.admissions = live;
        dead
    }

    /// When the next departure is due, in milliseconds.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.departures.iter().map(|departure| departure.not_before).min()
    }

    /// Everything that tells two sets apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        let Self { admissions, removals, departures, one_by_one } = self;
        let admissions: Vec<_> = admissions.iter().map(|waiting| waiting.reference).collect();
        let departures: Vec<_> = departures.iter().map(|d| (d.stay, d.not_before)).collect();
        hash.update(format!("{admissions:?} {removals:?} {departures:?} {one_by_one}"));
    }
}
