//! The roster: the MLS tree's leaves, each with its verified certificate. There is no other list
//! of who is here (SPEC \[A7\], \[I2\]).

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
    occupants: Arc<[Occupant]>,
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
    /// Verifies every leaf that `known` does not hold already.
    pub(super) fn read(
        leaves: &[Leaf],
        meeting: MeetingId,
        known: Option<&Self>,
    ) -> Result<Self, BadRoster> {
        let mut seats: Vec<Arc<Seat>> = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let seat = match known.and_then(|known| known.unchanged(leaf)) {
                Some(seat) => Arc::clone(seat),
                None => Arc::new(read_leaf(leaf, meeting)?),
            };
            seats.push(seat);
        }
        let mut stays: Vec<_> = seats.iter().map(|seat| seat.occupant.stay).collect();
        stays.sort_unstable();
        stays.dedup();
        // SPEC [G6]: holds by induction for a member; a joiner sees the tree for the first time.
        if stays.len() != seats.len() {
            return Err(BadRoster::Duplicate);
        }
        let occupants = seats.iter().map(|seat| seat.occupant.clone()).collect();
        Ok(Self { seats: seats.into(), occupants })
    }

    /// The seat that this leaf had before, if neither its key nor its credential has changed.
    fn unchanged(&self, leaf: &Leaf) -> Option<&Arc<Seat>> {
        self.seat_at(leaf.index).filter(|seat| {
            seat.occupant.leaf_key == leaf.signature_key && seat.credential == leaf.credential
        })
    }

    /// The seats by ascending leaf index.
    pub(super) fn seats(&self) -> &[Arc<Seat>] {
        &self.seats
    }

    /// The same without what verdicts look at: of an epoch that has ended nothing is judged any more.
    pub(super) fn without_occupants(&self) -> Self {
        Self { seats: Arc::clone(&self.seats), occupants: Arc::default() }
    }

    /// What verdicts look at.
    pub(super) fn occupants(&self) -> &[Occupant] {
        &self.occupants
    }

    /// The seat at a leaf.
    pub(super) fn at(&self, leaf: u32) -> Option<&Seat> {
        self.seat_at(leaf).map(|seat| &**seat)
    }

    fn seat_at(&self, leaf: u32) -> Option<&Arc<Seat>> {
        let index = self.seats.binary_search_by_key(&leaf, |seat| seat.occupant.leaf).ok()?;
        self.seats.get(index)
    }

    /// The seat of a stay.
    pub(super) fn of(&self, stay: StayId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.occupant.stay == stay).map(|seat| &**seat)
    }

    /// The leaves of an identity.
    pub(super) fn leaves_of(&self, who: Fingerprint) -> impl Iterator<Item = u32> {
        let seats = self.seats.iter().filter(move |seat| seat.occupant.fingerprint == who);
        seats.map(|seat| seat.occupant.leaf)
    }
}

fn read_leaf(leaf: &Leaf, meeting: MeetingId) -> Result<Seat, BadRoster> {
    let Leaf { index, credential, signature_key } = leaf;
    // SPEC [I2], [A7]
    let certified = verify_certificate(credential, meeting, signature_key)
        .map_err(|_| BadRoster::Certificate)?;
    let occupant = Occupant {
        leaf: *index,
        stay: certified.stay,
        fingerprint: certified.fingerprint,
        leaf_key: *signature_key,
        label: certified.label,
    };
    let Certified { identity_key, direct_key, name, .. } = certified;
    Ok(Seat { occupant, identity_key, direct_key, credential: credential.clone(), name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Identity, certify, renamed};

    const MEETING: MeetingId = MeetingId::new([1; 16]);

    /// A leaf of the person with this number, in the stay with this number.
    fn leaf(index: u32, person: u8, stay: u8) -> Leaf {
        let signature_key = [stay; 32];
        let identity = Identity::from_secret_key(&[person; 32], "Ada").unwrap();
        let stay = StayId::new([stay; 16]);
        let credential = certify(&identity, MEETING, &signature_key, stay, [9; 32]).encode();
        Leaf { index, credential, signature_key }
    }

    fn roster() -> Roster {
        Roster::read(&[leaf(0, 1, 10), leaf(2, 2, 11), leaf(5, 1, 12)], MEETING, None).unwrap()
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
        assert_eq!(Roster::read(&twins, MEETING, None), Err(BadRoster::Duplicate));
    }

    #[test]
    fn a_leaf_certified_for_another_meeting_or_key_is_no_seat() {
        // SPEC [I2], [A7]
        let elsewhere = MeetingId::new([2; 16]);
        assert_eq!(Roster::read(&[leaf(0, 1, 10)], elsewhere, None), Err(BadRoster::Certificate));
        let stolen = Leaf { signature_key: [8; 32], ..leaf(0, 1, 10) };
        assert_eq!(Roster::read(&[stolen], MEETING, None), Err(BadRoster::Certificate));
    }

    #[test]
    fn a_known_leaf_is_read_anew_if_its_key_or_its_credential_has_changed() {
        // SPEC [I2], [G21]
        let known = roster();
        let renamed_leaf = Leaf {
            credential: renamed(&leaf(0, 1, 10).credential, "Bea").unwrap(),
            ..leaf(0, 1, 10)
        };
        let again = Roster::read(&[renamed_leaf, leaf(2, 2, 11)], MEETING, Some(&known)).unwrap();
        assert_eq!(again.seats()[0].name, "Bea");
        assert_eq!(again.at(2), known.at(2));
        let stolen = Leaf { signature_key: [8; 32], ..leaf(0, 1, 10) };
        let refused = Roster::read(&[stolen], MEETING, Some(&known));
        assert_eq!(refused, Err(BadRoster::Certificate));
        let forged = Leaf { credential: leaf(0, 3, 13).credential, ..leaf(0, 1, 10) };
        let refused = Roster::read(&[forged], MEETING, Some(&known));
        assert_eq!(refused, Err(BadRoster::Certificate));
        // What was verified before is taken as it is: verified once, for this very meeting.
        let elsewhere = MeetingId::new([2; 16]);
        assert!(Roster::read(&[leaf(2, 2, 11)], elsewhere, Some(&known)).is_ok());
        let moved = Roster::read(&[leaf(3, 2, 11)], elsewhere, Some(&known));
        assert_eq!(moved, Err(BadRoster::Certificate));
    }
}
