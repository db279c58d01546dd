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
    seats: Arc<[Seat]>,
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
        let mut seats: Vec<Seat> = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let seat = match known.and_then(|known| known.unchanged(leaf)) {
                Some(seat) => seat.clone(),
                None => read_leaf(leaf, meeting)?,
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
    fn unchanged(&self, leaf: &Leaf) -> Option<&Seat> {
        self.at(leaf.index).filter(|seat| {
            seat.occupant.leaf_key == leaf.signature_key && seat.credential == leaf.credential
        })
    }

    /// The seats by ascending leaf index.
    pub(super) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// What verdicts look at.
    pub(super) fn occupants(&self) -> &[Occupant] {
        &self.occupants
    }

    /// The seat at a leaf.
    pub(super) fn at(&self, leaf: u32) -> Option<&Seat> {
        let index = self.seats.binary_search_by_key(&leaf, |seat| seat.occupant.leaf).ok()?;
        self.seats.get(index)
    }

    /// The seat of a stay.
    pub(super) fn of(&self, stay: StayId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.occupant.stay == stay)
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
