//! Signed events: what members say beside commits (SPEC \[G11\], \[G12\]).

use std::collections::BTreeMap;

use incamera_wire::{
    Destination, Envelope, EnvelopeKind, EventBody, EventKind, MeetingId, MessageId, Right,
    SignedEvent, StayId,
};

use super::face::{Alarm, Event};
use super::member::{Member, Outcome, Standing};
use super::roster::{Roster, Seat};
use super::shared::{Refusal, Shared};
use crate::envelope::{self, Head};
use crate::error::{Error, Fault, Rule};
use crate::identity::verify_strict;
use crate::mls::Engine;
use crate::policy::{self, Occupant, Statement};

/// What a leaf's key signs begins with this.
pub(super) const LABEL: &[u8] = b"incamera 1 event";

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
    pub(super) fn accept(&mut self, author: StayId, counter: u64) -> bool {
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

    /// All counters, to be stored: author, the highest, and the bits of the 64 up to it.
    pub(super) fn to_vec(&self) -> Vec<([u8; 16], u64, u64)> {
        let counter =
            |(stay, (highest, seen)): (&StayId, &(u64, u64))| (*stay.as_bytes(), *highest, *seen);
        self.0.iter().map(counter).collect()
    }

    /// What [`to_vec`](Self::to_vec) gave.
    pub(super) fn of(stored: &[([u8; 16], u64, u64)]) -> Self {
        let counter = |(stay, highest, seen): &_| (StayId::new(*stay), (*highest, *seen));
        Self(stored.iter().map(counter).collect())
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

/// A statement about silent hosts, said in `epoch` by somebody in `roster` (SPEC \[G17\]).
pub(super) fn statement(
    evidence: &[u8],
    meeting: MeetingId,
    epoch: u64,
    roster: &Roster,
) -> Result<Statement, Fault> {
    let refused = |what| Fault::Refused(Rule::Statements(what));
    let signed = SignedEvent::decode(evidence).map_err(|_| refused("one does not parse"))?;
    let verified = verify(&signed, meeting, roster);
    let Verified { body, author } = verified.map_err(|_| refused("one does not verify"))?;
    // SPEC [G17]: a host that was silent once may be heard again.
    if body.epoch != epoch {
        return Err(refused("one is of another epoch"));
    }
    match body.kind {
        EventKind::HostSilent { hosts } => {
            Ok(Statement { author: author.occupant.fingerprint, hosts })
        }
        _ => Err(refused("one says something else")),
    }
}

/// An event that has been opened and believed.
pub(super) struct Said<'a> {
    pub(super) author: Occupant,
    pub(super) epoch: u64,
    pub(super) counter: u64,
    /// Encoded and signed, to show others.
    pub(super) signed: &'a [u8],
}

impl<E: Engine> Member<E> {
    /// Signs and posts an event.
    pub(super) fn say(
        &mut self,
        shared: &mut Shared,
        kind: EventKind,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.post_event(shared, kind, now_ms).map(drop)
    }

    /// Signs and posts an event; gives the name of its message.
    pub(super) fn post_event(
        &mut self,
        shared: &mut Shared,
        kind: EventKind,
        now_ms: u64,
    ) -> Result<MessageId, Error> {
        let epoch = self.epochs.current().epoch;
        let signed = self.sign_event(shared, kind, epoch).encode();
        let head =
            Head { meeting: shared.meeting, kind: EnvelopeKind::Event, epoch, welcome: None };
        let key = &self.epochs.current().event_key;
        let envelope = envelope::seal(key, &shared.entropy, head, &signed)?;
        let posted = shared.post(Destination::Log, envelope.encode(), now_ms)?;
        self.counter += 1;
        Ok(posted)
    }

    /// Says once more what this member stands by and could not be read in time; `false` if there is
    /// nothing of the kind.
    pub(super) fn say_again(&mut self, shared: &mut Shared, now_ms: u64) -> Result<bool, Refusal> {
        let confirms = std::mem::take(&mut self.confirming);
        if confirms {
            self.confirm_at = Some(now_ms);
        }
        let Some(kind) = self.stands_by.clone() else { return Ok(confirms) };
        self.say(shared, kind, now_ms).map_err(|_| Fault::EpochEnded)?;
        Ok(true)
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
            // Whoever is on its way back cannot open what is said meanwhile.
            if self.broken {
                return Ok(Outcome::Goes);
            }
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
        let author = seat.occupant.clone();
        self.look_for_clone(shared, stay, counter, &opened, now_ms);
        // SPEC [G11]
        if !self.counters.accept(stay, counter) {
            return Err(Refusal::by(stay, Fault::Replayed));
        }
        // Whether the others, with clocks of their own, still opened it is sure in its epoch alone.
        let stands = matches!(kind, EventKind::Leave | EventKind::Confirm { .. } | EventKind::End);
        if stands && stay == self.stay && epoch != self.epochs.current().epoch {
            self.say_again(shared, now_ms)?;
            return Ok(Outcome::Goes);
        }
        self.hear(&author, now_ms);
        let said = Said { author, epoch, counter, signed: &opened };
        self.take(shared, said, kind, agrees, now_ms)
    }

    fn take(
        &mut self,
        shared: &mut Shared,
        said: Said<'_>,
        kind: EventKind,
        agrees: bool,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        let stay = said.author.stay;
        match kind {
            EventKind::Leave => return Ok(self.read_leave(stay, said.signed, now_ms)),
            EventKind::Confirm { .. } => {
                self.read_confirm(shared, stay, agrees, said.epoch, now_ms);
            }
            EventKind::End => {
                // SPEC [G12], [G16]
                self.entitle(&said.author, Right::End)?;
                return Ok(Outcome::Over(Event::Ended { by: stay }));
            }
            // SPEC [G16], [G24], [G26]: these come in other envelopes, or in none.
            EventKind::RemovalOrder { .. }
            | EventKind::Heartbeat { .. }
            | EventKind::Rejoin { .. } => {
                return Err(Refusal::by(stay, Fault::Signature));
            }
            EventKind::HostSilent { hosts } => {
                if said.epoch == self.epochs.current().epoch {
                    self.read_silence(said.author.fingerprint, &hosts, said.signed, now_ms);
                }
            }
            EventKind::Attend { knock, proved } => {
                self.read_attend(shared, &said.author, knock, proved, now_ms)?;
            }
            EventKind::KeyFrameRequest { to, track } => {
                self.read_key_frame_request(shared, &said.author, to, track, now_ms);
            }
            EventKind::Chat { .. }
            | EventKind::PrivateChat { .. }
            | EventKind::Reaction { .. }
            | EventKind::Hand { .. }
            | EventKind::Ask { .. }
            | EventKind::Announcement { .. } => self.listen(shared, &said, kind)?,
        }
        Ok(Outcome::Goes)
    }

    /// Refuses what an author has no right to, or no longer because it is ordered out.
    pub(super) fn entitle(&self, author: &Occupant, right: Right) -> Result<(), Refusal> {
        let out = self.intents.orders_out(&author.fingerprint);
        if out || !policy::has_right(&self.state, author, right) {
            return Err(Refusal::by(author.stay, Fault::MissingRight(right)));
        }
        Ok(())
    }

    fn read_leave(&mut self, stay: StayId, signed: &[u8], now_ms: u64) -> Outcome {
        if stay == self.stay {
            return Outcome::Over(Event::Left);
        }
        self.note_departure(stay, signed.to_vec(), now_ms);
        Outcome::Goes
    }

    fn read_confirm(
        &mut self,
        shared: &mut Shared,
        stay: StayId,
        agrees: bool,
        epoch: u64,
        now_ms: u64,
    ) {
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
            self.begin_liveness(now_ms);
            // SPEC [M13]: sealers may have been taken before, and may run beside this call.
            shared.gate_relay(&self.state);
            shared.keyring.allow_sealing(true);
            shared.tell(Event::Joined);
            self.vet_all(shared);
            // SPEC [R3]
            shared.snapshot_due = true;
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
