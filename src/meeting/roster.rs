//! The roster: the MLS tree's leaves, each with its verified certificate. There is no other list
//! of who is here (SPEC \[A7\], \[I2\]).

use std::collections::BTreeMap;
use std::sync::Arc;

use incamera_wire::{Fingerprint, MeetingId, StayId};

use crate::identity::{Certified, verify_certificate};
use crate::mls::Leaf;
use crate::policy::Occupant;

/// One leaf and who is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    /// What verdicts look at.
    pub(super) occupant: Occupant,
    /// The identity's Ed25519 key.
    pub(super) identity_key: [u8; 32],
    /// The X25519 key for messages to this member alone.
    pub(super) direct_key: [u8; 32],
    /// The encoded credential of its leaf.
    pub(super) credential: Vec<u8>,
    /// The display name.
    pub(super) name: String,
}

/// The seats of one epoch, by ascending leaf index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Roster {
    /// Each shared with the other epochs that it is in.
    seats: Arc<[Arc<Seat>]>,
    /// Positions among the seats, by ascending stay.
    by_stay: Arc<[u32]>,
    occupants: Arc<[Occupant]>,
}

/// A newcomer's leaf key, its encoded credential and what that says, once it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VerifiedLeaf {
    pub(super) leaf_key: [u8; 32],
    pub(super) credential: Vec<u8>,
    pub(super) certified: Certified,
}

/// Why a tree's leaves make no roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadRoster {
    /// A certificate does not verify.
    Certificate,
    /// Two leaves claim one stay.
    Duplicate,
}

impl Roster {
    /// Verifies every leaf of a tree that is seen for the first time.
    pub(super) fn read(leaves: &[Leaf<'_>], meeting: MeetingId) -> Result<Self, BadRoster> {
        let mut reading = Reading::default();
        reading.go_on(leaves, meeting, leaves.len())?;
        reading.into_roster()
    }

    /// The roster that follows: verifies every leaf that is neither here already nor among the
    /// `newcomers`.
    pub(super) fn next(
        &self,
        leaves: &[Leaf<'_>],
        meeting: MeetingId,
        newcomers: &[VerifiedLeaf],
    ) -> Result<Self, BadRoster> {
        let mut before = self.seats.iter().peekable();
        let mut seats: Vec<Arc<Seat>> = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            while before.next_if(|seat| seat.occupant.leaf < leaf.index).is_some() {}
            let seat = match before.peek().filter(|seat| seat.is_still(leaf)) {
                Some(seat) => Arc::clone(seat),
                None => Arc::new(new_seat(leaf, meeting, newcomers)?),
            };
            seats.push(seat);
        }
        Self::of_seats(seats)
    }

    fn of_seats(seats: Vec<Arc<Seat>>) -> Result<Self, BadRoster> {
        let positions = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        let mut by_stay: Vec<(StayId, u32)> =
            seats.iter().map(|seat| seat.occupant.stay).zip(0..positions).collect();
        by_stay.sort_unstable();
        // SPEC [G6]: holds by induction for a member; a joiner sees the tree for the first time.
        if by_stay.windows(2).any(|two| matches!(two, [(one, _), (other, _)] if one == other)) {
            return Err(BadRoster::Duplicate);
        }
        let by_stay = by_stay.into_iter().map(|(_, position)| position).collect();
        let occupants = seats.iter().map(|seat| seat.occupant.clone()).collect();
        Ok(Self { seats: seats.into(), by_stay, occupants })
    }

    /// The seats that are not in `before`, or were others there.
    pub(super) fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a Seat> {
        let mut old = before.seats.iter().peekable();
        let changed = self.seats.iter().filter(move |seat| {
            let earlier = |old: &&Arc<Seat>| old.occupant.leaf < seat.occupant.leaf;
            while old.next_if(earlier).is_some() {}
            old.peek().is_none_or(|old| !Arc::ptr_eq(old, seat))
        });
        changed.map(|seat| &**seat)
    }

    /// The seats by ascending leaf index.
    pub(super) fn seats(&self) -> &[Arc<Seat>] {
        &self.seats
    }

    /// The same without what verdicts look at: of an epoch that has ended nothing is judged any more.
    pub(super) fn without_occupants(&self) -> Self {
        let (seats, by_stay) = (Arc::clone(&self.seats), Arc::clone(&self.by_stay));
        Self { seats, by_stay, occupants: Arc::default() }
    }

    /// What verdicts look at.
    pub(super) fn occupants(&self) -> &[Occupant] {
        &self.occupants
    }

    /// The seat at a leaf.
    pub(super) fn at(&self, leaf: u32) -> Option<&Seat> {
        let index = self.seats.binary_search_by_key(&leaf, |seat| seat.occupant.leaf).ok()?;
        self.seats.get(index).map(|seat| &**seat)
    }

    /// The seat of a stay.
    pub(super) fn of(&self, stay: StayId) -> Option<&Seat> {
        let seat = |position: &u32| self.seats.get(*position as usize);
        let by_stay = |position: &u32| seat(position).map(|seat| seat.occupant.stay);
        let found = self.by_stay.binary_search_by_key(&Some(stay), by_stay).ok()?;
        self.by_stay.get(found).and_then(seat).map(|seat| &**seat)
    }

    /// The seats by ascending stay, each with its position.
    pub(super) fn in_order_of_stay(&self) -> impl Iterator<Item = (usize, &Seat)> {
        let seat =
            |position: &u32| Some((*position as usize, &**self.seats.get(*position as usize)?));
        self.by_stay.iter().filter_map(seat)
    }

    /// Makes a table one of everybody who is here and of nobody else. Both are read in order: a look-up
    /// for each, at a random place, is what costs.
    pub(super) fn settle<V>(&self, table: &mut BTreeMap<StayId, V>, newcomer: impl Fn() -> V) {
        let here = || self.in_order_of_stay().map(|(_, seat)| seat.occupant.stay);
        let mut known = table.keys().copied().peekable();
        let is_new = |stay: &StayId| {
            while known.next_if(|known| known < stay).is_some() {}
            known.next_if_eq(stay).is_none()
        };
        let newcomers: Vec<StayId> = here().filter(is_new).collect();
        table.extend(newcomers.into_iter().map(|stay| (stay, newcomer())));
        // If it holds no more than are here, nobody is gone.
        if table.len() > self.seats.len() {
            let mut here = here().peekable();
            table.retain(|stay, _| {
                while here.next_if(|here| here < stay).is_some() {}
                here.next_if_eq(stay).is_some()
            });
        }
    }

    /// The leaves of an identity.
    pub(super) fn leaves_of(&self, who: Fingerprint) -> impl Iterator<Item = u32> {
        let seats = self.seats.iter().filter(move |seat| seat.occupant.fingerprint == who);
        seats.map(|seat| seat.occupant.leaf)
    }
}

/// A tree's leaves that are being verified, some at a time: the signatures of a thousand take as long
/// as all else that a joiner does.
#[derive(Default)]
pub(super) struct Reading(Vec<Arc<Seat>>);

impl Reading {
    /// How many leaves are verified.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn verified(&self) -> usize {
        self.0.len()
    }

    /// Verifies `most` more of the leaves, which are the same at each call; whether these were the last.
    pub(super) fn go_on(
        &mut self,
        leaves: &[Leaf<'_>],
        meeting: MeetingId,
        most: usize,
    ) -> Result<bool, BadRoster> {
        for leaf in leaves.iter().skip(self.0.len()).take(most) {
            self.0.push(Arc::new(read_leaf(leaf, meeting)?));
        }
        Ok(self.0.len() >= leaves.len())
    }

    /// The roster of all that are verified.
    pub(super) fn into_roster(self) -> Result<Roster, BadRoster> {
        Roster::of_seats(self.0)
    }
}

impl Seat {
    /// The seat at a leaf whose certificate says this.
    fn new(leaf: &Leaf<'_>, certified: Certified) -> Self {
        let occupant = Occupant {
            leaf: leaf.index,
            stay: certified.stay,
            fingerprint: certified.fingerprint,
            leaf_key: leaf.signature_key,
            label: certified.label,
        };
        let Certified { identity_key, direct_key, name, .. } = certified;
        Self { occupant, identity_key, direct_key, credential: leaf.credential.to_vec(), name }
    }

    /// Whether this is the seat at a leaf, and neither its key nor its credential has changed.
    fn is_still(&self, leaf: &Leaf<'_>) -> bool {
        let Occupant { leaf: index, leaf_key, .. } = &self.occupant;
        *index == leaf.index
            && *leaf_key == leaf.signature_key
            && self.credential == leaf.credential
    }
}

/// The seat at a leaf that was not there before.
fn new_seat(
    leaf: &Leaf<'_>,
    meeting: MeetingId,
    newcomers: &[VerifiedLeaf],
) -> Result<Seat, BadRoster> {
    let same = |new: &&VerifiedLeaf| {
        new.leaf_key == leaf.signature_key && new.credential == leaf.credential
    };
    match newcomers.iter().find(same) {
        Some(new) => Ok(Seat::new(leaf, new.certified.clone())),
        None => read_leaf(leaf, meeting),
    }
}

fn read_leaf(leaf: &Leaf<'_>, meeting: MeetingId) -> Result<Seat, BadRoster> {
    // SPEC [I2], [A7]
    let certified = verify_certificate(leaf.credential, meeting, &leaf.signature_key)
        .map_err(|_| BadRoster::Certificate)?;
    Ok(Seat::new(leaf, certified))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Identity, certify, renamed};

    const MEETING: MeetingId = MeetingId::new([1; 16]);

    /// The credential of the person with this number, in the stay with this number.
    fn credential(person: u8, stay: u8) -> &'static [u8] {
        let identity = Identity::from_secret_key(&[person; 32], "Ada").unwrap();
        let id = StayId::new([stay; 16]);
        certify(&identity, MEETING, &[stay; 32], id, [9; 32]).encode().leak()
    }

    fn leaf(index: u32, person: u8, stay: u8) -> Leaf<'static> {
        Leaf { index, credential: credential(person, stay), signature_key: [stay; 32] }
    }

    fn roster() -> Roster {
        Roster::read(&[leaf(0, 1, 10), leaf(2, 2, 11), leaf(5, 1, 12)], MEETING).unwrap()
    }

    #[test]
    fn a_table_settles_on_those_who_are_here() {
        let id = |stay: u8| StayId::new([stay; 16]);
        let settled = |known: &[u8]| {
            let mut table = known.iter().map(|stay| (id(*stay), false)).collect();
            roster().settle(&mut table, || true);
            table.into_iter().collect::<Vec<_>>()
        };
        let all =
            |new: [bool; 3]| [id(10), id(11), id(12)].into_iter().zip(new).collect::<Vec<_>>();
        assert_eq!(settled(&[]), all([true; 3]));
        assert_eq!(settled(&[10, 11, 12]), all([false; 3]));
        assert_eq!(settled(&[9, 11]), all([true, false, true]));
        assert_eq!(settled(&[9, 10, 12, 13]), all([false, true, false]));
        assert_eq!(settled(&[8, 9, 13]), all([true; 3]));
    }

    #[test]
    fn seats_are_found_by_leaf_stay_and_identity() {
        let roster = roster();
        assert_eq!(roster.seats().len(), 3);
        assert_eq!(roster.at(2).map(|seat| seat.occupant.stay), Some(StayId::new([11; 16])));
        assert_eq!(roster.at(1), None);
        assert_eq!(roster.at(6), None);
        let of = |stay: u8| roster.of(StayId::new([stay; 16])).map(|seat| seat.occupant.leaf);
        assert_eq!([of(10), of(11), of(12), of(13)], [Some(0), Some(2), Some(5), None]);
        let ada = roster.seats()[0].occupant.fingerprint;
        assert_eq!(roster.leaves_of(ada).collect::<Vec<_>>(), [0, 5]);
        let occupants: Vec<_> = roster.seats().iter().map(|seat| &seat.occupant).collect();
        assert_eq!(roster.occupants().iter().collect::<Vec<_>>(), occupants);
    }

    #[test]
    fn two_leaves_of_one_stay_are_no_roster() {
        // SPEC [G6], [A7]
        let twins = [leaf(0, 1, 10), leaf(1, 2, 11), leaf(2, 3, 10)];
        assert_eq!(Roster::read(&twins, MEETING), Err(BadRoster::Duplicate));
    }

    #[test]
    fn a_leaf_certified_for_another_meeting_or_key_is_no_seat() {
        // SPEC [I2], [A7]
        let elsewhere = MeetingId::new([2; 16]);
        assert_eq!(Roster::read(&[leaf(0, 1, 10)], elsewhere), Err(BadRoster::Certificate));
        let stolen = Leaf { signature_key: [8; 32], ..leaf(0, 1, 10) };
        assert_eq!(Roster::read(&[stolen], MEETING), Err(BadRoster::Certificate));
    }

    #[test]
    fn a_known_leaf_is_read_anew_if_its_key_or_its_credential_has_changed() {
        // SPEC [I2], [G21]
        let known = roster();
        let next = |leaves: &[Leaf<'_>], meeting| known.next(leaves, meeting, &[]);
        let name = renamed(credential(1, 10), "Bea").unwrap();
        let renamed_leaf = Leaf { credential: &name, ..leaf(0, 1, 10) };
        let again = next(&[renamed_leaf, leaf(2, 2, 11)], MEETING).unwrap();
        assert_eq!(again.seats()[0].name, "Bea");
        assert_eq!(again.at(2), known.at(2));
        let changed: Vec<_> = again.changed_since(&known).map(|seat| seat.occupant.leaf).collect();
        assert_eq!(changed, [0]);
        let stolen = Leaf { signature_key: [8; 32], ..leaf(0, 1, 10) };
        assert_eq!(next(&[stolen], MEETING), Err(BadRoster::Certificate));
        let forged = Leaf { credential: credential(3, 13), ..leaf(0, 1, 10) };
        assert_eq!(next(&[forged], MEETING), Err(BadRoster::Certificate));
        // What was verified before is taken as it is: verified once, for this very meeting.
        let elsewhere = MeetingId::new([2; 16]);
        assert!(next(&[leaf(2, 2, 11)], elsewhere).is_ok());
        assert_eq!(next(&[leaf(3, 2, 11)], elsewhere), Err(BadRoster::Certificate));
    }

    #[test]
    fn a_newcomer_is_read_as_it_was_verified_if_it_is_the_very_same() {
        // SPEC [I2]
        let (known, new) = (roster(), leaf(3, 3, 13));
        let certified = verify_certificate(new.credential, MEETING, &new.signature_key).unwrap();
        let verified = VerifiedLeaf {
            leaf_key: new.signature_key,
            credential: new.credential.to_vec(),
            certified: Certified { name: "Verified".to_owned(), ..certified },
        };
        let next = |leaf: Leaf<'_>| known.next(&[leaf], MEETING, std::slice::from_ref(&verified));
        assert_eq!(next(leaf(3, 3, 13)).unwrap().seats()[0].name, "Verified");
        let other = Leaf { credential: credential(4, 13), ..leaf(3, 3, 13) };
        assert_eq!(next(other).unwrap().seats()[0].name, "Ada", "verified by itself");
        let stolen = Leaf { credential: credential(4, 14), ..leaf(3, 3, 13) };
        assert_eq!(next(stolen), Err(BadRoster::Certificate));
    }

    #[test]
    fn what_has_changed_since_is_found_wherever_leaves_came_and_went() {
        let before = roster();
        let after = before.next(
            &[leaf(0, 1, 10), leaf(1, 3, 13), leaf(5, 4, 14), leaf(9, 1, 12)],
            MEETING,
            &[],
        );
        let after = after.unwrap();
        let changed: Vec<_> = after.changed_since(&before).map(|seat| seat.occupant.leaf).collect();
        assert_eq!(changed, [1, 5, 9]);
        assert_eq!(before.changed_since(&before).count(), 0);
        assert_eq!(before.changed_since(&after).count(), 2);
    }
}
