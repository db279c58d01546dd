//! What a member means to commit: kept until the group's state shows it done, so that a lost race
//! costs a retry and nothing else.

use incamera_wire::{Fingerprint, InviteId, KeyPackageRef, StayId};

use super::resync::Returning;
use super::roster::Roster;
use crate::admission::Waiting;
use crate::policy::Change;

/// The most leavers and the most newcomers that one commit carries.
pub(super) const MAX_BATCH: usize = 64;
/// How much later a member tries again to carry out an order that it could not.
const CARRY_AGAIN_MS: u64 = 10_000;
/// How long after an Add, and after a commit of leavers, this member waits for the next, so that many are
/// one commit, in milliseconds (SPEC \[A18\]).
const ADD_EVERY_MS: u64 = 100;
const DEPART_EVERY_MS: u64 = 1_000;
/// How long after a commit that brings members back this member waits for the next, in milliseconds.
const RETURN_EVERY_MS: u64 = 100;
/// The most knocks that are let in and wait for their commit (SPEC 7.15).
pub(super) const MAX_ADMISSIONS: usize = 1024;
/// The most leave events kept as evidence.
const MAX_DEPARTURES: usize = 4096;
/// The most members that are kept to be brought back.
pub(super) const MAX_RETURNING: usize = 1024;

/// Somebody who has said that it leaves, and the signed event to show for it.
pub(super) struct Departure {
    pub(super) stay: StayId,
    pub(super) evidence: Vec<u8>,
    /// When this member commits it, if nobody else has.
    pub(super) not_before: u64,
}

/// An identity that a binding removal order names (SPEC \[G16\]).
pub(super) struct Ordered {
    pub(super) target: Fingerprint,
    /// When it came to bind here.
    pub(super) bound_at: u64,
    /// When this member carries it out, if nobody else has.
    pub(super) carry_at: u64,
}

/// What a member means to commit.
#[derive(Default)]
pub(super) struct Intents {
    /// Knocks to admit, oldest first.
    pub(super) admissions: Vec<Waiting>,
    /// Identities to remove for cause.
    pub(super) removals: Vec<Fingerprint>,
    /// Identities that binding orders name, in the order of the log.
    pub(super) orders: Vec<Ordered>,
    /// Leavers, in the order of their leave events.
    pub(super) departures: Vec<Departure>,
    /// Members who come back, in the order of their knocks.
    pub(super) returning: Vec<Returning>,
    /// Other leaves of one's own identity to remove.
    pub(super) devices: Vec<StayId>,
    /// Changes of the state, oldest first.
    pub(super) changes: Vec<Change>,
    /// The display name to take on.
    pub(super) rename: Option<String>,
    /// When to replace hosts that enough of those who follow them call silent.
    pub(super) replace_hosts_at: Option<u64>,
    /// Whether newcomers are added one at a time, because a batch could not be built.
    one_by_one: bool,
    /// Under which invite the last newcomers came, and not before when the next under it.
    last_add: Option<(InviteId, u64)>,
    /// Not before this the next leavers.
    depart_at: u64,
    /// Not before this the next who come back; and whether one at a time, because a batch could not be built.
    return_at: u64,
    return_one_by_one: bool,
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
    /// Changes of the state, or of one's own name.
    Changes,
    /// One member that comes back, until it knocks again.
    Returning,
}

/// What one commit does.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) adds: Vec<Vec<u8>>,
    pub(super) invite: Option<InviteId>,
    /// The resync key of those who come back, and their words.
    pub(super) resync: Option<InviteId>,
    pub(super) rejoins: Vec<Vec<u8>>,
    pub(super) removes: Vec<u32>,
    pub(super) departed: Vec<StayId>,
    pub(super) evidence: Vec<Vec<u8>>,
    /// Whether it changes the state as the changes say.
    pub(super) changes: bool,
    /// The new display name.
    pub(super) rename: Option<String>,
    /// Whether it replaces silent hosts.
    pub(super) replaces_hosts: bool,
    /// Whether it renews this member's path and does nothing else.
    pub(super) renews: bool,
}

impl Intents {
    /// The next commit, if one is due: whoever goes first, then who comes back, then changes, then
    /// newcomers of one invite.
    pub(super) fn next(&self, roster: &Roster, now_ms: u64) -> Option<Batch> {
        let carries = self.orders.iter().any(|order| order.carry_at <= now_ms);
        let departs = |departure: &Departure| departure.not_before.max(self.depart_at) <= now_ms;
        let due = self.departures.iter().any(departs);
        let for_itself = !self.removals.is_empty() || !self.devices.is_empty();
        if carries || for_itself || (due && self.orders.is_empty()) {
            return Some(self.removal_batch(roster));
        }
        // SPEC [G16]: anything else would be refused.
        if !self.orders.is_empty() {
            return None;
        }
        if self.replace_hosts_at.is_some_and(|at| at <= now_ms) {
            return Some(Batch { replaces_hosts: true, ..Batch::default() });
        }
        if let Some(batch) = self.return_batch(roster, now_ms) {
            return Some(batch);
        }
        if !self.changes.is_empty() {
            return Some(Batch { changes: true, ..Batch::default() });
        }
        if let Some(name) = &self.rename {
            return Some(Batch { rename: Some(name.clone()), ..Batch::default() });
        }
        // SPEC [G7], [A18]: one invite in a commit.
        let invite = self.admissions.iter().find(|waiting| self.add_at(waiting) <= now_ms)?.invite;
        let same = self.admissions.iter().filter(|waiting| waiting.invite == invite);
        let most = if self.one_by_one { 1 } else { MAX_BATCH };
        let adds = same.take(most).map(|waiting| waiting.key_package.clone()).collect();
        Some(Batch { adds, invite: Some(invite), ..Batch::default() })
    }

    /// Those who come back by one resync key, if it is time for one of them.
    fn return_batch(&self, roster: &Roster, now_ms: u64) -> Option<Batch> {
        let mut all = self.returning.iter();
        // SPEC [G7]: one key in a commit.
        let key = all.find(|one| one.not_before.max(self.return_at) <= now_ms)?.key;
        let mut batch = Batch { resync: Some(key), ..Batch::default() };
        let most = if self.return_one_by_one { 1 } else { MAX_BATCH };
        for one in self.returning.iter().filter(|one| one.key == key).take(most) {
            let Some(seat) = roster.of(one.rejoin.stay) else { continue };
            batch.removes.push(seat.occupant.leaf);
            batch.adds.push(one.key_package.clone());
            batch.rejoins.push(one.evidence.clone());
        }
        (!batch.adds.is_empty()).then_some(batch)
    }

    fn removal_batch(&self, roster: &Roster) -> Batch {
        let mut batch = Batch::default();
        let ordered = self.orders.iter().map(|order| order.target);
        let mut for_cause: Vec<_> = self.removals.iter().copied().chain(ordered).collect();
        for_cause.sort_unstable();
        for_cause.dedup();
        for fingerprint in &for_cause {
            batch.removes.extend(roster.leaves_of(*fingerprint));
        }
        for seat in self.devices.iter().filter_map(|stay| roster.of(*stay)) {
            if !batch.removes.contains(&seat.occupant.leaf) {
                batch.removes.push(seat.occupant.leaf);
            }
        }
        for departure in self.departures.iter().take(MAX_BATCH) {
            let Some(seat) = roster.of(departure.stay) else { continue };
            // Its leave does not spare it the ban.
            if for_cause.contains(&seat.occupant.fingerprint) {
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
        if batch.changes || batch.rename.is_some() || batch.replaces_hosts {
            self.changes.clear();
            self.rename = None;
            self.replace_hosts_at = None;
            return Retreat::Changes;
        }
        if let Some(key) = batch.resync {
            if batch.adds.len() > 1 {
                self.return_one_by_one = true;
                return Retreat::Smaller;
            }
            let first = self.returning.iter().position(|one| one.key == key);
            first.map(|place| self.returning.remove(place));
            return Retreat::Returning;
        }
        if batch.adds.is_empty() {
            // Its own removals need a right, which may be gone; what orders and leavers ask for
            // needs none and goes on without them.
            if !self.removals.is_empty() {
                self.removals.clear();
                return Retreat::Removals;
            }
            for order in &mut self.orders {
                // Others carry it; this member tries again later.
                order.carry_at = order.carry_at.saturating_add(CARRY_AGAIN_MS);
            }
            self.removals.clear();
            self.devices.clear();
            self.departures.clear();
            return Retreat::Removals;
        }
        if batch.adds.len() > 1 {
            self.one_by_one = true;
            return Retreat::Smaller;
        }
        Retreat::Admission(self.admissions.remove(0).reference)
    }

    /// Whether one more can be let in.
    pub(super) fn has_room(&self) -> bool {
        // SPEC [G29]
        self.admissions.len() < MAX_ADMISSIONS
    }

    /// Not before when a newcomer is added: soon after others of its invite, it waits for company.
    fn add_at(&self, waiting: &Waiting) -> u64 {
        // SPEC [A18]
        match self.last_add {
            Some((invite, at)) if invite == waiting.invite && !self.one_by_one => at,
            _ => 0,
        }
    }

    /// A commit is on its way: those that follow wait for company, but a removal never does.
    pub(super) fn note_built(&mut self, batch: &Batch, now_ms: u64) {
        // SPEC [A18]
        if let Some(invite) = batch.invite {
            self.last_add = Some((invite, now_ms.saturating_add(ADD_EVERY_MS)));
        }
        if batch.resync.is_some() {
            self.return_at = now_ms.saturating_add(RETURN_EVERY_MS);
        }
        if !batch.departed.is_empty() {
            // SPEC [A18]
            self.depart_at = now_ms.saturating_add(DEPART_EVERY_MS);
        }
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
        self.orders.retain(|order| roster.leaves_of(order.target).next().is_some());
        self.departures.retain(|departure| roster.of(departure.stay).is_some());
        self.devices.retain(|stay| roster.of(*stay).is_some());
        self.returning.retain(|one| roster.of(one.rejoin.stay).is_some());
        self.return_one_by_one &= !self.returning.is_empty();
        // Statements hold for their epoch alone (SPEC [G17]).
        self.replace_hosts_at = None;
    }

    /// Whether a binding order names this identity.
    pub(super) fn orders_out(&self, who: &Fingerprint) -> bool {
        self.orders.iter().any(|order| order.target == *who)
    }

    /// The identities that binding orders name.
    pub(super) fn ordered(&self) -> Vec<Fingerprint> {
        self.orders.iter().map(|order| order.target).collect()
    }

    /// Drops admissions under invites that are no longer live, and gives them back.
    pub(super) fn drop_dead(&mut self, is_live: impl Fn(InviteId) -> bool) -> Vec<Waiting> {
        let (live, dead) = std::mem::take(&mut self.admissions)
            .into_iter()
            .partition::<Vec<_>, _>(|waiting| is_live(waiting.invite));
        self.admissions = live;
        dead
    }

    /// When something is due next, in milliseconds.
    pub(super) fn deadline(&self) -> Option<u64> {
        let orders = self.orders.iter().map(|order| order.carry_at);
        if !self.orders.is_empty() {
            return orders.min();
        }
        let departs = |departure: &Departure| departure.not_before.max(self.depart_at);
        let departures = self.departures.iter().map(departs);
        let adds = self.admissions.iter().map(|waiting| self.add_at(waiting));
        let returns = self.returning.iter().map(|one| one.not_before.max(self.return_at));
        departures.chain(self.replace_hosts_at).chain(adds).chain(returns).min()
    }

    /// Everything that tells two sets apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        let Self { admissions, removals, orders, departures, one_by_one, .. } = self;
        let admissions: Vec<_> = admissions.iter().map(|waiting| waiting.reference).collect();
        let departures: Vec<_> = departures.iter().map(|d| (d.stay, d.not_before)).collect();
        let orders: Vec<_> = orders.iter().map(|o| (o.target, o.bound_at, o.carry_at)).collect();
        hash.update(format!("{admissions:?} {removals:?} {orders:?} {departures:?} {one_by_one}"));
        hash.update(format!("{:?} {:?} {:?}", self.changes, self.rename, self.replace_hosts_at));
        hash.update(format!("{:?} {} {:?}", self.last_add, self.depart_at, self.devices));
        let returning: Vec<_> =
            self.returning.iter().map(|one| (one.rejoin, one.counter)).collect();
        hash.update(format!("{returning:?} {} {}", self.return_at, self.return_one_by_one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_without_the_right_holds_up_neither_orders_nor_leavers() {
        // SPEC [G16]
        let mut intents = Intents::default();
        intents.removals.push(Fingerprint::new([1; 32]));
        let target = Fingerprint::new([2; 32]);
        intents.orders.push(Ordered { target, bound_at: 0, carry_at: 0 });
        let stay = StayId::new([3; 16]);
        intents.depart(Departure { stay, evidence: Vec::new(), not_before: 0 });
        let batch = Batch { removes: vec![1, 2, 3], ..Batch::default() };
        assert_eq!(intents.retreat(&batch), Retreat::Removals);
        assert!(intents.removals.is_empty());
        assert_eq!((intents.orders[0].carry_at, intents.departures.len()), (0, 1));
        // Without one's own it can only be these.
        assert_eq!(intents.retreat(&batch), Retreat::Removals);
        assert_eq!(intents.orders[0].carry_at, CARRY_AGAIN_MS);
        assert!(intents.departures.is_empty());
    }
}
