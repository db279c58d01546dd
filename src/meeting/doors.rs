//! What a member is asked to do: admit, deny, remove, leave, end (SPEC "Group operations").

use incamera_wire::{
    DenyReason, Destination, EventKind, Fingerprint, Knock, MailboxId, Right, StayId,
};

use super::face::{Event, KnockId, MemberId};
use super::intents::Departure;
use super::member::{Member, Standing};
use super::shared::Shared;
use crate::admission::{OpenedKnock, Proof, Waiting, open_knock, seal_denial};
use crate::error::{Error, Fault};
use crate::identity::{Certified, verify_certificate};
use crate::mls::{Engine, KeyPackageFacts};
use crate::policy;

/// What a caller is told who names itself where another is meant.
pub(super) const OWN_MEMBER: Error =
    Error::Argument("this is your own identity: call `leave` on that client");
/// How much later each next leaf commits a departure, in milliseconds.
const DEPARTURE_STAGGER_MS: u64 = 1_000;
/// The longest that any member waits to commit a departure, in milliseconds.
const DEPARTURE_LATEST_MS: u64 = 10_000;

impl<E: Engine> Member<E> {
    /// Refuses what the caller's own identity has no right to.
    pub(super) fn require(&self, right: Right) -> Result<(), Error> {
        let own = self.own_seat().ok_or(Error::Internal("the own leaf"))?;
        let allowed = policy::has_right(&self.state, &own.occupant, right);
        if allowed { Ok(()) } else { Err(Error::MissingRight(right)) }
    }

    /// Reads a knock, if this member may answer it.
    pub(super) fn read_knock(
        &mut self,
        shared: &mut Shared,
        bytes: &[u8],
        position: u64,
    ) -> Result<(), Fault> {
        if self.require_in().and_then(|()| self.require(Right::Admit)).is_err() {
            return Ok(());
        }
        let knock = Knock::decode(bytes)?;
        // SPEC [W8]
        if knock.meeting != shared.meeting {
            return Err(Fault::OtherMeeting);
        }
        let invite = policy::live_invite(&self.state, knock.invite).ok_or(Fault::DeadInvite)?;
        // SPEC [A2]
        let opened = open_knock(&self.state.lobby_key, &invite.secret, &knock)?;
        let OpenedKnock { content, answer_key } = opened;
        let key_package = E::inspect_key_package(shared.profile, &content.key_package);
        let KeyPackageFacts { reference, credential, signature_key } =
            key_package.map_err(|_| Fault::Certificate)?;
        // The knocker's own retry: it waits already, or missed its answer.
        let known = |waiting: &Waiting| waiting.reference == reference;
        if self.lobby.waiting().any(known) || self.intents.admissions.iter().any(known) {
            return Ok(());
        }
        if let Some((mailbox, answer)) = self.lobby.denial(reference) {
            let to = Destination::Direct(mailbox);
            return shared.send(to, answer.to_vec()).map_err(|_| Fault::Replayed);
        }
        // SPEC [A3], [I2]
        let Certified { fingerprint, name, stay, label, .. } =
            verify_certificate(&credential, shared.meeting, &signature_key)
                .map_err(|_| Fault::Certificate)?;
        if self.roster().of(stay).is_some() {
            // Whoever still knocks has not found its tree.
            let mut trees = self.trees.iter();
            if let Some(tree) = trees.find(|tree| tree.newcomers.contains(&reference)) {
                let (to, bytes) = (Destination::Blob(tree.hash), tree.sealed.clone());
                return shared.send(to, bytes).map_err(|_| Fault::Replayed);
            }
            return Ok(());
        }
        if self.state.bans.contains(&fingerprint) {
            return Err(Fault::Banned);
        }
        // SPEC [A4]
        self.lobby.check(reference, content.log_position, position)?;
        let waiting = Waiting {
            reference,
            invite: knock.invite,
            key_package: content.key_package,
            mailbox: knock.mailbox,
            answer_key,
            name: name.clone(),
            fingerprint,
            stay,
            label,
            proof: Proof::NotAsked,
            arrived_ms: 0,
        };
        self.lobby.push(waiting, content.log_position, position);
        shared.tell(Event::Knock { knock: reference, name, fingerprint });
        Ok(())
    }

    /// Admits a waiting knock.
    pub(super) fn admit(
        &mut self,
        shared: &mut Shared,
        knock: KnockId,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        self.require(Right::Admit)?;
        let (place, waiting) = self.lobby.take(knock).ok_or(Error::UnknownKnock)?;
        self.intents.admissions.push(waiting);
        let committed = self.commit_due(shared, now_ms);
        if committed.is_err()
            && let Some(waiting) = self.intents.admissions.pop()
        {
            self.lobby.put_back(place, waiting);
        }
        committed
    }

    /// Denies a waiting knock.
    pub(super) fn deny(
        &mut self,
        shared: &mut Shared,
        knock: KnockId,
        reason: DenyReason,
    ) -> Result<(), Error> {
        self.require_in()?;
        self.require(Right::Admit)?;
        let waiting = self.lobby.waiting().find(|waiting| waiting.reference == knock);
        let waiting = waiting.ok_or(Error::UnknownKnock)?;
        let (mailbox, answer) = self.send_denial(shared, waiting, reason)?;
        self.lobby.take(knock);
        self.lobby.remember_denial(knock, mailbox, answer);
        Ok(())
    }

    /// Seals and sends a denial.
    pub(super) fn send_denial(
        &self,
        shared: &mut Shared,
        waiting: &Waiting,
        reason: DenyReason,
    ) -> Result<(MailboxId, Vec<u8>), Error> {
        let mailbox = waiting.mailbox;
        // SPEC [A10]
        let answer = seal_denial(&waiting.answer_key, &shared.entropy, mailbox, reason)?.encode();
        shared.send(Destination::Direct(mailbox), answer.clone())?;
        Ok((mailbox, answer))
    }

    /// Removes an identity for cause, with all its leaves.
    pub(super) fn remove(
        &mut self,
        shared: &mut Shared,
        member: MemberId,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        self.require(Right::Remove)?;
        let seat = self.roster().of(member).ok_or(Error::UnknownMember)?;
        let fingerprint: Fingerprint = seat.occupant.fingerprint;
        if self.own_seat().is_none_or(|own| own.occupant.fingerprint == fingerprint) {
            return Err(OWN_MEMBER);
        }
        if self.intents.removals.contains(&fingerprint) {
            return Ok(());
        }
        self.intents.removals.push(fingerprint);
        let committed = self.commit_due(shared, now_ms);
        if committed.is_err() {
            self.intents.removals.pop();
        }
        committed
    }

    /// Says that this member leaves. Nothing is sealed or opened from here on.
    pub(super) fn leave(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        if self.standing == Standing::Leaving {
            return Ok(());
        }
        self.say(shared, EventKind::Leave, now_ms)?;
        self.standing = Standing::Leaving;
        self.stands_by = Some(EventKind::Leave);
        shared.keyring.clear();
        Ok(())
    }

    /// Says that the meeting is over for everyone.
    pub(super) fn end(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        self.require_in()?;
        // SPEC [G12]
        self.require(Right::End)?;
        self.say(shared, EventKind::End, now_ms)?;
        self.stands_by = Some(EventKind::End);
        Ok(())
    }

    /// Keeps the evidence that somebody leaves: the lowest leaf that stays commits it at once,
    /// the others in turn.
    pub(super) fn note_departure(&mut self, stay: StayId, evidence: Vec<u8>, now_ms: u64) {
        let departs = |other: StayId| {
            other == stay || self.intents.departures.iter().any(|d| d.stay == other)
        };
        let seats = self.roster().seats().iter().map(|seat| seat.occupant.stay);
        let rank = seats.filter(|other| !departs(*other)).take_while(|s| *s != self.stay).count();
        let wait = DEPARTURE_STAGGER_MS.saturating_mul(rank as u64).min(DEPARTURE_LATEST_MS);
        let not_before = now_ms.saturating_add(wait);
        self.intents.depart(Departure { stay, evidence, not_before });
    }
}
