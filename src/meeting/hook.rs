//! What the application has to say on identities: its own judgement, and whom it knows.

use incamera_wire::{Fingerprint, Label};

use super::face::{Alarm, Event};
use super::member::Member;
use super::roster::Seat;
use super::shared::Shared;
use crate::identity::{Certified, verify_certificate};
use crate::mls::Engine;

/// Somebody whose certificate has been verified, for the application to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applicant {
    /// The identity.
    pub fingerprint: Fingerprint,
    /// Its Ed25519 key, 32 bytes.
    pub identity_key: [u8; 32],
    /// The display name. Nothing vouches for it but the applicant.
    pub name: String,
    /// What it says that it is, if it is no person.
    pub label: Option<Label>,
    /// What it shows to be judged by, such as a token of an identity provider.
    pub attestation: Vec<u8>,
}

/// An application's own judgement on identities: its identity provider, certificates, a list of
/// guests.
///
/// It is asked before a knock is shown or let in, and again about everyone whom somebody else lets
/// in: then a refusal raises [`Alarm::NotVouched`], and the meeting goes on, or members with different
/// judgements would end in different groups.
pub trait IdentityHook: Send {
    /// Whether the application accepts the identity.
    fn vouches_for(&self, applicant: &Applicant) -> bool;
}

impl Shared {
    /// Whether the application accepts an identity, if it wants to be asked.
    pub(super) fn vouches_for(&self, certified: &Certified) -> bool {
        let Certified { fingerprint, identity_key, name, label, attestation, .. } = certified;
        let applicant = || Applicant {
            fingerprint: *fingerprint,
            identity_key: *identity_key,
            name: name.clone(),
            label: *label,
            attestation: attestation.clone(),
        };
        self.hook.as_ref().is_none_or(|hook| hook.vouches_for(&applicant()))
    }
}

impl<E: Engine> Member<E> {
    /// Warns of a member for whom the application does not vouch, or whose name is known under
    /// another key (SPEC \[I6\]).
    pub(super) fn vet(&self, shared: &mut Shared, seat: &Seat) {
        let (member, who) = (seat.occupant.stay, seat.occupant.fingerprint);
        if member == self.stay {
            return;
        }
        // SPEC [I6]
        if let Some(known) = shared.contacts.impostor(&seat.name, &who) {
            shared.tell(Event::Alarm(Alarm::KnownNameOtherKey { member, known }));
        }
        if shared.hook.is_none() {
            return;
        }
        let leaf_key = &seat.occupant.leaf_key;
        let certified = verify_certificate(&seat.credential, shared.meeting, leaf_key);
        if !certified.is_ok_and(|certified| shared.vouches_for(&certified)) {
            shared.tell(Event::Alarm(Alarm::NotVouched { member }));
        }
    }

    /// As [`Self::vet`], everyone who is here.
    pub(super) fn vet_all(&self, shared: &mut Shared) {
        self.roster().seats().iter().for_each(|seat| self.vet(shared, seat));
    }
}
