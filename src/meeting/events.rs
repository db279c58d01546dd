//! Signed events: what members say beside commits (SPEC \[G11\], \[G12\]).

use std::collections::BTreeMap;

use incamera_wire::{
    Destination, Envelope, EnvelopeKind, EventBody, EventKind, MeetingId, Right, SignedEvent,
    StayId,
};

use super::face::{Alarm, Event};
use super::member::{Member, Outcome, Standing};
use super::roster::{Roster, Seat};
use super::shared::{Refusal, Shared};
use crate::envelope::{self, Head};
use crate::error::{Error, Fault};
use crate::identity::verify_strict;
use crate::mls::Engine;
use crate::policy;

/// What a leaf's key signs begins with this.
const LABEL: &[u8] = b"incamera 1 event";

/// An event whose signature verifies, and its author.
pub(super) struct Verified<'a> {
    pub(super) body: EventBody,
    pub(super) author: &'a Seat,
}

/// Verifies an event against the roster that its author is in.
pub(super) fn verify<'a>(
    signed: &SignedEvent,
    meeting: MeetingId,
    roster: &'a Roster,
) -> Result<Verified<'a>, Refusal> {
    let body = EventBody::decode(&signed.body).map_err(Fault::from)?;
    // SPEC [W8]
    if body.meeting != meeting {
        return Err(Fault::OtherMeeting.into());
    }
    let author = roster.of(body.stay).ok_or(Fault::UnknownAuthor)?;
    // SPEC [G11], [I1]
    let statement = [LABEL, &signed.body].concat();
    if !verify_strict(&author.occupant.leaf_key, &statement, &signed.signature) {
        return Err(Fault::Signature.into());
    }
    Ok(Verified { body, author })
}

/// The counters that came from each author (SPEC \[G11\]).
#[derive(Default)]
pub(super) struct Counters(BTreeMap<StayId, (u64, u64)>);

impl Counters {
    /// Whether this counter is new; it is old from then on.
    fn accept(&mut self, author: StayId, counter: u64) -> bool {
        // SPEC [G11]: the highest counter and a bit for each of the 64 up to it, so that a retry
        // may overtake.
        let Some((highest, seen)) = self.0.get_mut(&author) else {
            self.0.insert(author, (counter, 1));
            return true;
        };
        if counter > *highest {
            let ahead = u32::try_from(counter - *highest).unwrap_or(u32::MAX);
            *seen = seen.checked_shl(ahead).unwrap_or(0) | 1;
            *highest = counter;
            return true;
        }
        let behind = u32::try_from(*highest - counter).unwrap_or(u32::MAX);
        let Some(bit) = 1_u64.checked_shl(behind) else { return false };
        let new = *seen & bit == 0;
        *seen |= bit;
        new
    }

    /// Forgets those who are gone: their stay ids never come back.
    pub(super) fn retain(&mut self, roster: &Roster) {
        self.0.retain(|stay, _| roster.of(*stay).is_some());
    }

    /// Everything that tells two tables apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        hash.update(format!("{:?}", self.0));
    }
}

impl<E: Engine> Member<E> {
    /// Signs and posts an event.
    pub(super) fn say(
        &mut self,
        shared: &mut Shared,
        kind: EventKind,
        now_ms: u64,
    ) -> Result<(), Error> {
        let current = self.epochs.current();
        let epoch = current.epoch;
        let (meeting, stay, counter) = (shared.meeting, self.stay, self.counter);
        let body = EventBody { meeting, epoch, stay, counter, kind }.encode();
        // SPEC [G11]
        let signature = self.group.sign(&[LABEL, &body].concat());
        let signed = SignedEvent { body, signature }.encode();
        let head = Head { meeting, kind: EnvelopeKind::Event, epoch, welcome: None };
        let envelope = envelope::seal(&current.event_key, &shared.entropy, head, &signed)?;
        shared.post(Destination::Log, envelope.encode(), now_ms)?;
        self.counter += 1;
        Ok(())
    }

    /// Says once more what this member stands by and could not be read in time.
    pub(super) fn say_again(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Refusal> {
        if self.confirming {
            self.confirming = false;
            self.confirm_at = Some(now_ms);
        }
        let Some(kind) = self.stands_by.clone() else { return Ok(()) };
        self.say(shared, kind, now_ms).map_err(|_| Fault::EpochEnded.into())
    }

    /// Reads an event from the log.
    pub(super) fn read_event(
        &mut self,
        shared: &mut Shared,
        sealed: &Envelope,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        if self.epochs.is_before_own(sealed.epoch) {
            return Ok(Outcome::Goes);
        }
        let Some(view) = self.epochs.find(sealed.epoch, now_ms) else {
            let ahead = sealed.epoch > self.epochs.current().epoch;
            // SPEC [G11]
            return Err(if ahead { Fault::EpochAhead } else { Fault::EpochEnded }.into());
        };
        let opened = envelope::open(&view.event_key, sealed).map_err(|_| Fault::Unopenable)?;
        let signed = SignedEvent::decode(&opened).map_err(Fault::from)?;
        let Verified { body, author } = verify(&signed, shared.meeting, &view.roster)?;
        let EventBody { stay, counter, kind, epoch, .. } = body;
        // SPEC [G11]
        if epoch != view.epoch {
            return Err(Refusal::by(stay, Fault::Signature));
        }
        let leaf_key = author.occupant.leaf_key;
        let agrees = match &kind {
            EventKind::Confirm { authenticator } => *authenticator == view.authenticator,
            _ => true,
        };
        // SPEC [G11]: who has gone since has no say.
        let current = self.epochs.current().roster.of(stay);
        let Some(seat) = current.filter(|seat| seat.occupant.leaf_key == leaf_key) else {
            return Err(Refusal::by(stay, Fault::UnknownAuthor));
        };
        let occupant = seat.occupant.clone();
        // SPEC [G11]
        if !self.counters.accept(stay, counter) {
            return Err(Refusal::by(stay, Fault::Replayed));
        }
        // Whether the others, with clocks of their own, still opened it is sure in its epoch alone.
        if stay == self.stay && epoch != self.epochs.current().epoch {
            self.say_again(shared, now_ms)?;
            return Ok(Outcome::Goes);
        }
        match kind {
            EventKind::Leave => Ok(self.read_leave(stay, &opened, now_ms)),
            EventKind::Confirm { .. } => {
                self.read_confirm(shared, stay, agrees, epoch);
                Ok(Outcome::Goes)
            }
            EventKind::End => {
                // SPEC [G12]
                if !policy::has_right(&self.state, &occupant, Right::End) {
                    return Err(Refusal::by(stay, Fault::MissingRight(Right::End)));
                }
                Ok(Outcome::Over(Event::Ended { by: stay }))
            }
            _ => Ok(Outcome::Goes),
        }
    }

    fn read_leave(&mut self, stay: StayId, signed: &[u8], now_ms: u64) -> Outcome {
        if stay == self.stay {
            return Outcome::Over(Event::Left);
        }
        self.note_departure(stay, signed.to_vec(), now_ms);
        Outcome::Goes
    }

    fn read_confirm(&mut self, shared: &mut Shared, stay: StayId, agrees: bool, epoch: u64) {
        if stay == self.stay {
            self.confirming = false;
            return;
        }
        if !agrees {
            shared.tell(Event::Alarm(Alarm::Disagreement { member: stay }));
            return;
        }
        // Newcomers of a later epoch cannot open this one.
        if epoch == self.epochs.current().epoch {
            self.confirm_at = None;
        }
        // SPEC [A8]
        if self.standing == Standing::Unconfirmed {
            self.standing = Standing::Confirmed;
            shared.keyring.allow_sealing(true);
            shared.tell(Event::Joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_event_counter_is_refused() {
        // SPEC [G11]
        let mut counters = Counters::default();
        let author = StayId::new([1; 16]);
        for (counter, new) in
            [(5, true), (5, false), (4, true), (4, false), (70, true), (6, false), (7, true)]
        {
            assert_eq!(counters.accept(author, counter), new, "{counter}");
        }
        assert!(counters.accept(author, u64::MAX));
        assert!(!counters.accept(author, u64::MAX));
        assert!(!counters.accept(author, 8));
        assert!(counters.accept(StayId::new([2; 16]), 5), "counters are each author's own");
    }
}
