//! What a member is asked to do: admit, deny, remove, leave, end (SPEC "Group operations").

use incamera_wire::{
    DenyReason, Destination, Door, EventKind, InviteId, KeyPackageRef, Knock, KnockContent,
    MailboxId, Right, StayId,
};

use super::face::{Event, KnockId};
use super::intents::Departure;
use super::member::{Member, SentTree, Standing};
use super::roster::Seat;
use super::shared::Shared;
use crate::admission::{OpenedKnock, Proof, Waiting, has_expired, open_knock, seal_denial};
use crate::error::{Error, Fault, Rule};
use crate::identity::{Certified, verify_certificate};
use crate::mls::Engine;
use crate::policy;

/// What a caller is told who names itself where another is meant.
pub(super) const OWN_MEMBER: Error =
    Error::Argument("this is your own identity: call `leave` on that client, or `remove_device`");
/// How much later each next leaf commits a departure, in milliseconds.
const DEPARTURE_STAGGER_MS: u64 = 1_000;
/// The longest that any member waits to commit a departure, in milliseconds.
const DEPARTURE_LATEST_MS: u64 = 10_000;

/// Sends a tree to whoever has not found it.
fn send_tree(shared: &mut Shared, tree: &SentTree) -> Result<(), Fault> {
    let (to, bytes) = (Destination::Blob(tree.hash), tree.sealed.clone());
    shared.send(to, bytes).map_err(|_| Fault::Replayed)
}

impl<E: Engine> Member<E> {
    /// Refuses what the caller's own identity has no right to.
    pub(super) fn require(&self, right: Right) -> Result<(), Error> {
        let own = self.own_seat().ok_or(Error::Internal("the own leaf"))?;
        let allowed = policy::has_right(&self.state, &own.occupant, right);
        if allowed { Ok(()) } else { Err(Error::MissingRight(right)) }
    }

    /// Whether this member reads knocks: it may admit, or the door is open to its client.
    fn minds_the_door(&self) -> bool {
        let may_add = |own: &Seat| policy::may_add(&self.state, &own.occupant).is_ok();
        let open = self.state.door == Door::Open && self.own_seat().is_some_and(may_add);
        self.require_in().is_ok() && (open || self.require(Right::Admit).is_ok())
    }

    /// Reads a knock, if this member may answer it.
    pub(super) fn read_knock(
        &mut self,
        shared: &mut Shared,
        bytes: &[u8],
        now_ms: u64,
    ) -> Result<(), Fault> {
        let knock = Knock::decode(bytes);
        if let Ok(knock) = &knock
            && policy::live_resync_key(&self.state, knock.invite).is_some()
        {
            return self.read_rejoin(shared, knock, now_ms);
        }
        if !self.minds_the_door() {
            return knock
                .map_or(Ok(()), |knock| self.send_tree_to(shared, &knock).unwrap_or(Ok(())));
        }
        self.answer_knock(shared, knock?, now_ms)
    }

    /// Shows a newcomer's knock, or does what is to be done about it without people.
    fn answer_knock(
        &mut self,
        shared: &mut Shared,
        knock: Knock,
        now_ms: u64,
    ) -> Result<(), Fault> {
        // SPEC [W8]
        if knock.meeting != shared.meeting {
            return Err(Fault::OtherMeeting);
        }
        let Some(invite) = policy::live_invite(&self.state, knock.invite) else {
            let sent = self.send_tree_to(shared, &knock);
            return sent.unwrap_or_else(|| self.deny_again(shared, knock.mailbox));
        };
        // SPEC [A2]
        let opened = open_knock(&self.state.lobby_key, &invite.secret, &knock)?;
        let OpenedKnock { content, answer_key } = opened;
        let asks_passcode = invite.passcode;
        let key_package = E::inspect_key_package(shared.profile, &content.key_package);
        let facts = key_package.map_err(|_| Fault::Certificate)?;
        if self.knows(shared, facts.reference, &content, now_ms)? {
            return Ok(());
        }
        // SPEC [A3], [I2]
        let certified = verify_certificate(&facts.credential, shared.meeting, &facts.signature_key)
            .map_err(|_| Fault::Certificate)?;
        if self.roster().of(certified.stay).is_some() {
            return self.send_tree_again(shared, facts.reference);
        }
        let proof = match (asks_passcode, content.passcode_share) {
            (false, _) => Proof::NotAsked,
            (true, None) => Proof::Missing,
            (true, Some(_)) => Proof::Pending,
        };
        let waiting = Waiting {
            reference: facts.reference,
            invite: knock.invite,
            key_package: content.key_package,
            mailbox: knock.mailbox,
            answer_key,
            name: certified.name.clone(),
            fingerprint: certified.fingerprint,
            label: certified.label,
            proof,
            by_door: false,
            arrived_ms: now_ms,
        };
        self.turn_down(shared, &waiting, &certified)?;
        let (position, made_at) = (shared.log_position, content.log_position);
        // SPEC [A4]
        self.lobby.check(waiting.reference, made_at, position)?;
        self.handling.begin(waiting.reference, content.passcode_share);
        self.lobby.push(waiting, made_at, position);
        self.attend_lobby(shared, now_ms);
        self.show_knock(shared, facts.reference);
        Ok(())
    }

    /// Whether a knock is known already: the knocker's own retry, its proof, or it was denied.
    fn knows(
        &mut self,
        shared: &mut Shared,
        reference: KeyPackageRef,
        content: &KnockContent,
        now_ms: u64,
    ) -> Result<bool, Fault> {
        let known = |waiting: &Waiting| waiting.reference == reference;
        if self.intents.admissions.iter().any(known) {
            return Ok(true);
        }
        if self.lobby.waiting().any(known) {
            self.read_proof(shared, reference, content.passcode_tag.as_ref(), now_ms)?;
            return Ok(true);
        }
        if let Some((mailbox, answer)) = self.lobby.denial(reference) {
            let to = Destination::Direct(mailbox);
            shared.send(to, answer.to_vec()).map_err(|_| Fault::Replayed)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whoever still knocks with a link that is void has not heard so, if it was here before.
    fn deny_again(&self, shared: &mut Shared, mailbox: MailboxId) -> Result<(), Fault> {
        let answer = self.lobby.denial_to(mailbox).ok_or(Fault::DeadInvite)?.to_vec();
        shared.send(Destination::Direct(mailbox), answer).map_err(|_| Fault::DeadInvite)
    }

    /// Whoever still knocks although it was let in has not found its tree, whatever has become of its
    /// link and of this member's rights meanwhile.
    fn send_tree_to(&self, shared: &mut Shared, knock: &Knock) -> Option<Result<(), Fault>> {
        let of = |tree: &&SentTree| tree.mailboxes.contains(&knock.mailbox);
        let tree = self.trees.iter().find(of).filter(|_| knock.meeting == shared.meeting)?;
        Some(send_tree(shared, tree))
    }

    /// Whoever still knocks although it is in has not found its tree.
    pub(super) fn send_tree_again(
        &self,
        shared: &mut Shared,
        reference: KeyPackageRef,
    ) -> Result<(), Fault> {
        let mut trees = self.trees.iter();
        let tree = trees.find(|tree| tree.newcomers.contains(&reference));
        tree.map_or(Ok(()), |tree| send_tree(shared, tree))
    }

    /// Refuses a knock that nobody can let in, and says so to whoever knocks.
    fn turn_down(
        &mut self,
        shared: &mut Shared,
        waiting: &Waiting,
        certified: &Certified,
    ) -> Result<(), Fault> {
        let expired = self.is_expired(shared, waiting.invite);
        let (fault, reason) = if self.state.bans.contains(&waiting.fingerprint) {
            (Fault::Banned, DenyReason::Banned)
        } else if expired {
            // SPEC [A15]
            (Fault::ExpiredInvite, DenyReason::Expired)
        } else if self.state.door == Door::Locked {
            (Fault::Refused(Rule::Locked), DenyReason::Locked)
        } else if self.is_full() {
            (Fault::Refused(Rule::Full), DenyReason::Full)
        } else if !shared.vouches_for(certified) {
            (Fault::NotVouched, DenyReason::NotExpected)
        } else {
            return Ok(());
        };
        if self.require(Right::Admit).is_ok() {
            self.turn_away(shared, waiting, reason);
        }
        Err(fault)
    }

    /// Whether everybody who may come in is in, or on the way.
    fn is_full(&self) -> bool {
        let coming = self.intents.admissions.len();
        // SPEC [G30]
        self.roster().seats().len().saturating_add(coming) >= policy::capacity(self.state.profile)
    }

    /// Denies a knock that does not wait any more; again if it comes again.
    pub(super) fn turn_away(&mut self, shared: &mut Shared, waiting: &Waiting, reason: DenyReason) {
        // Without randomness the knocker goes on waiting, which another link cures as well.
        if let Ok((mailbox, answer)) = self.send_denial(shared, waiting, reason) {
            self.lobby.remember_denial(waiting.reference, mailbox, answer);
        }
    }

    /// Whether an invite has expired by this client's clock.
    fn is_expired(&self, shared: &Shared, invite: InviteId) -> bool {
        policy::live_invite(&self.state, invite)
            .is_some_and(|invite| has_expired(invite, shared.unix_ms))
    }

    /// Shows a knock to the people, once a person has to decide on it.
    pub(super) fn show_knock(&mut self, shared: &mut Shared, reference: KeyPackageRef) {
        let Some(waiting) = self.lobby.waiting().find(|waiting| waiting.reference == reference)
        else {
            return;
        };
        let by_itself = self.state.door == Door::Open
            && matches!(waiting.proof, Proof::NotAsked | Proof::Pending | Proof::Proved);
        if by_itself || self.require(Right::Admit).is_err() || !self.handling.show(reference) {
            return;
        }
        let Waiting { name, fingerprint, label, proof, .. } = waiting;
        let (name, fingerprint, label, proof) = (name.clone(), *fingerprint, *label, *proof);
        shared.tell(Event::Knock { knock: reference, name, fingerprint, label, proof });
    }

    /// Admits everybody who waits and has proved what was asked.
    pub(super) fn admit_all(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        self.require_in()?;
        self.require(Right::Admit)?;
        policy::may_add(&self.state, &self.own_occupant()?)?;
        // SPEC [A15]
        let proved = |w: &&Waiting| {
            matches!(w.proof, Proof::NotAsked | Proof::Proved) && !self.is_expired(shared, w.invite)
        };
        let waiting: Vec<_> = self.lobby.waiting().filter(proved).map(|w| w.reference).collect();
        for reference in waiting {
            if self.intents.has_room()
                && !self.is_full()
                && let Some((_, waiting)) = self.lobby.take(reference)
            {
                self.intents.admissions.push(waiting);
            }
        }
        self.commit_what_can_be(shared, now_ms);
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
        policy::may_add(&self.state, &self.own_occupant()?)?;
        if !self.intents.has_room() {
            return Err(Error::Argument("1,024 are being let in: wait until some of them are"));
        }
        if self.is_full() {
            return Err(Error::Refused(Rule::Full));
        }
        let (place, waiting) = self.lobby.take(knock).ok_or(Error::UnknownKnock)?;
        // SPEC [A15]
        if self.is_expired(shared, waiting.invite) {
            self.lobby.put_back(place, waiting);
            return Err(Error::Argument("the link of this knock has expired: give out another"));
        }
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

    /// Says that this member leaves. Nothing is sealed or opened from here on.
    pub(super) fn leave(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        if self.standing == Standing::Leaving {
            return Ok(());
        }
        self.say(shared, EventKind::Leave, now_ms)?;
        self.standing = Standing::Leaving;
        self.stands_by = Some(EventKind::Leave);
        shared.snapshot_due = true;
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
        shared.snapshot_due = true;
        Ok(())
    }

    /// Keeps the evidence that somebody leaves: the lowest leaf that stays commits it at once,
    /// the others in turn.
    pub(super) fn note_departure(&mut self, stay: StayId, evidence: Vec<u8>, now_ms: u64) {
        let departs = |other: StayId| {
            other == stay || self.intents.departures.iter().any(|d| d.stay == other)
        };
        let rank = self.rank(|seat| !departs(seat.occupant.stay));
        let wait = DEPARTURE_STAGGER_MS.saturating_mul(rank).min(DEPARTURE_LATEST_MS);
        let not_before = now_ms.saturating_add(wait);
        self.intents.depart(Departure { stay, evidence, not_before });
    }
}
