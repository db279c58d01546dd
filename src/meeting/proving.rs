//! The lobby by itself: passcodes proved, open doors, and knocks that nobody answers (SPEC \[A11\]
//! to \[A15\]).

use std::collections::BTreeMap;

use incamera_wire::{
    DenyReason, Destination, Door, EventKind, KeyPackageRef, KnockAnswerContent, MailboxId, Right,
};

use super::face::Event;
use super::member::Member;
use super::roster::Seat;
use super::shared::{Refusal, Shared};
use crate::admission::{
    CLAIM_MS, PasscodeFault, PasscodeRun, Proof, Verifier, Waiting, seal_reply,
};
use crate::error::Fault;
use crate::mls::Engine;
use crate::policy::{self, Occupant};

/// How much later each next member admits through an open door, in milliseconds (SPEC \[A14\]).
const ADMIT_STAGGER_MS: u64 = 500;
/// The longest that any member waits to admit through an open door, in milliseconds.
const ADMIT_LATEST_MS: u64 = 10_000;
/// How much later each next member takes on a proof, in milliseconds (SPEC \[A13\]).
const ATTEND_STAGGER_MS: u64 = 2_000;
/// The longest that any member waits to take on a proof, in milliseconds.
const ATTEND_LATEST_MS: u64 = 20_000;

/// What this member does about knocks by itself.
#[derive(Default)]
pub(super) struct Handling(BTreeMap<KeyPackageRef, Handled>);

#[derive(Default)]
struct Handled {
    /// The knocker's share of CPace.
    share: Option<[u8; 32]>,
    /// Whether the people have seen it.
    shown: bool,
    /// When to take on its proof, if nobody else has.
    attend_at: Option<u64>,
    /// When to let it in through an open door, if nobody else has.
    admit_at: Option<u64>,
    run: Option<Run>,
}

/// A proof under way.
struct Run {
    verifier: Verifier,
    until: u64,
    mailbox: MailboxId,
    /// The sealed challenge, for a knocker that missed it.
    answer: Vec<u8>,
}

impl Handling {
    pub(super) fn begin(&mut self, reference: KeyPackageRef, share: Option<[u8; 32]>) {
        self.0.insert(reference, Handled { share, ..Handled::default() });
    }

    /// Whether a knock is to be shown to the people: once.
    pub(super) fn show(&mut self, reference: KeyPackageRef) -> bool {
        self.0.get_mut(&reference).is_some_and(|one| !std::mem::replace(&mut one.shown, true))
    }

    fn is_shown(&self, reference: KeyPackageRef) -> bool {
        self.0.get(&reference).is_some_and(|one| one.shown)
    }

    fn deadline(&self, now_ms: u64) -> Option<u64> {
        let each = |one: &Handled| {
            let run = one.run.as_ref().map(|run| run.until);
            let all = [one.attend_at, one.admit_at, run].into_iter().flatten();
            all.filter(|at| *at > now_ms).min()
        };
        self.0.values().filter_map(each).min()
    }

    /// The tags that proofs under way wait for, for tests that look for them.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn expose(&self, into: &mut crate::secret::Exposed) {
        let runs = self.0.values().filter_map(|one| one.run.as_ref());
        into.extend(runs.map(|run| ("a tag of CPace", run.verifier.exposed())));
    }

    /// Everything that tells two of these apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        for (reference, one) in &self.0 {
            let run = one.run.as_ref().map(|run| run.until);
            hash.update(format!("{reference:?} {} {run:?}", one.shown));
            hash.update(format!("{:?} {:?} {:?}", one.share, one.attend_at, one.admit_at));
        }
    }
}

impl<E: Engine> Member<E> {
    /// Does what is due in the lobby, and says when something is due next.
    pub(super) fn drive_lobby(&mut self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        let lobby = &self.lobby;
        let waits = |reference: &KeyPackageRef| {
            lobby.waiting().any(|waiting| waiting.reference == *reference)
        };
        self.handling.0.retain(|reference, _| waits(reference));
        for waiting in self.lobby.expired(now_ms) {
            if self.require_in().is_ok() && self.require(Right::Admit).is_ok() {
                self.turn_away(shared, &waiting, DenyReason::NoAnswer);
            }
            shared.tell(Event::KnockVoid { knock: waiting.reference });
        }
        self.attend_lobby(shared, now_ms);
        // What is overdue is not this member's to do any more.
        let deadlines = [self.handling.deadline(now_ms), self.lobby.next_expiry()];
        deadlines.into_iter().flatten().min()
    }

    /// Schedules and does what this member does about waiting knocks by itself.
    pub(super) fn attend_lobby(&mut self, shared: &mut Shared, now_ms: u64) {
        self.fail_runs(shared, now_ms);
        let empty = self.lobby.waiting().next().is_none();
        if empty || self.require_in().is_err() || self.is_ordered_out() {
            return;
        }
        let Ok(own) = self.own_occupant() else { return };
        if policy::may_add(&self.state, &own).is_err() {
            return;
        }
        let may_add = |seat: &Seat| policy::may_add(&self.state, &seat.occupant).is_ok();
        let rank = self.rank(may_add);
        let open = self.state.door == Door::Open;
        let waiting: Vec<_> =
            self.lobby.waiting().map(|waiting| (waiting.reference, waiting.proof)).collect();
        for (reference, proof) in waiting {
            let Some(one) = self.handling.0.get_mut(&reference) else { continue };
            match proof {
                Proof::NotAsked | Proof::Proved if open => {
                    // SPEC [A14]
                    let wait = ADMIT_STAGGER_MS.saturating_mul(rank).min(ADMIT_LATEST_MS);
                    let at = *one.admit_at.get_or_insert(now_ms.saturating_add(wait));
                    if at <= now_ms {
                        self.let_in(reference);
                    }
                }
                Proof::Pending if one.run.is_none() && !self.budget.is_blind(now_ms) => {
                    // SPEC [A13]
                    let wait = ATTEND_STAGGER_MS.saturating_mul(rank).min(ATTEND_LATEST_MS);
                    let at = *one.attend_at.get_or_insert(now_ms.saturating_add(wait));
                    if at <= now_ms {
                        self.take_on(shared, reference, now_ms);
                    }
                }
                _ => {}
            }
        }
    }

    fn let_in(&mut self, reference: KeyPackageRef) {
        if self.intents.has_room()
            && let Some((_, waiting)) = self.lobby.take(reference)
        {
            self.intents.admissions.push(Waiting { by_door: true, ..waiting });
        }
    }

    /// After a commit: whom an open door let in waits again if it is open no more, and who waits is
    /// asked and shown as the new state says.
    pub(super) fn review_lobby(&mut self, shared: &mut Shared, before: Door) {
        let door = self.state.door;
        if door != before && door != Door::Open {
            let back = |waiting: &Waiting| waiting.by_door || door == Door::Locked;
            let admissions = std::mem::take(&mut self.intents.admissions);
            let (back, stay): (Vec<_>, Vec<_>) = admissions.into_iter().partition(back);
            self.intents.admissions = stay;
            for (place, waiting) in back.into_iter().enumerate() {
                self.handling.0.entry(waiting.reference).or_default();
                self.lobby.put_back(place, Waiting { by_door: false, ..waiting });
            }
        }
        for waiting in self.lobby.all_mut() {
            let asks = policy::live_invite(&self.state, waiting.invite).is_none_or(|i| i.passcode);
            if !asks {
                waiting.proof = Proof::NotAsked;
            }
        }
        let waiting: Vec<_> = self.lobby.waiting().map(|waiting| waiting.reference).collect();
        for reference in waiting {
            self.show_knock(shared, reference);
        }
    }

    /// Says that this member takes on a proof, unless too many have failed lately.
    fn take_on(&mut self, shared: &mut Shared, reference: KeyPackageRef, now_ms: u64) {
        // SPEC [A13]
        if self.budget.is_exhausted(now_ms) {
            self.set_proof(shared, reference, Proof::Failed);
            return;
        }
        if let Some(one) = self.handling.0.get_mut(&reference) {
            one.attend_at = Some(now_ms.saturating_add(CLAIM_MS));
        }
        // Without randomness it is tried again when the claim would have lapsed.
        let _ = self.say(shared, EventKind::Attend { knock: reference, proved: false }, now_ms);
    }

    /// Reads that a member takes on a proof: the first in the log has it to itself for a while.
    pub(super) fn read_attend(
        &mut self,
        shared: &mut Shared,
        author: &Occupant,
        knock: KeyPackageRef,
        proved: bool,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        // SPEC [A13]
        self.entitle_to_add(author)?;
        if proved {
            // Whoever may admit could let it in without a passcode: its word is as good.
            self.budget.note_added(knock);
            // SPEC [A13]: an own run that whoever knocks has not answered does not undo it.
            if let Some(one) = self.handling.0.get_mut(&knock) {
                one.run = None;
            }
            if author.stay != self.stay {
                self.set_proof(shared, knock, Proof::Proved);
            }
            return Ok(());
        }
        let first = !self.budget.attended_lately(knock, now_ms);
        // SPEC [A13]: by the runs before this one, however many were asked for at once.
        let exhausted = self.budget.is_exhausted(now_ms);
        self.budget.note_attend(knock, now_ms);
        if author.stay == self.stay {
            match (first, exhausted) {
                (true, false) => self.challenge(shared, knock, now_ms),
                (true, true) => self.set_proof(shared, knock, Proof::Failed),
                (false, _) => {}
            }
            return Ok(());
        }
        if let Some(one) = self.handling.0.get_mut(&knock) {
            let wait = one.attend_at.unwrap_or(now_ms).saturating_sub(now_ms);
            one.attend_at = Some(now_ms.saturating_add(CLAIM_MS).saturating_add(wait));
        }
        Ok(())
    }

    /// Refuses the word of those whom the door does not let admit.
    fn entitle_to_add(&self, author: &Occupant) -> Result<(), Refusal> {
        let out = self.intents.orders_out(&author.fingerprint);
        if out || policy::may_add(&self.state, author).is_err() {
            return Err(Refusal::by(author.stay, Fault::MissingRight(Right::Admit)));
        }
        Ok(())
    }

    /// Answers a knock with this member's part of CPace.
    fn challenge(&mut self, shared: &mut Shared, knock: KeyPackageRef, now_ms: u64) {
        let Some(passcode) = &self.state.passcode else { return };
        // A claim that was long on its way: another member's run is over.
        let pending = |w: &&Waiting| w.reference == knock && w.proof == Proof::Pending;
        let Some(waiting) = self.lobby.waiting().find(pending) else { return };
        let Some(one) = self.handling.0.get_mut(&knock) else { return };
        let Some(share) = one.share else { return };
        let mailbox = waiting.mailbox;
        let run = PasscodeRun { meeting: shared.meeting, invite: waiting.invite, knock, mailbox };
        // SPEC [A11], [A12]
        let answered = Verifier::answer(&shared.entropy, passcode, &run, &share, self.stay);
        let (verifier, challenge) = match answered {
            Ok(answer) => answer,
            // Tried again when the claim has lapsed.
            Err(PasscodeFault::NoEntropy) => return,
            Err(PasscodeFault::BadShare) => return self.set_proof(shared, knock, Proof::Failed),
        };
        let content = KnockAnswerContent::Challenge(challenge);
        let sealed = seal_reply(&waiting.answer_key, &shared.entropy, mailbox, &content);
        // Without randomness the run fails in time.
        let Ok(answer) = sealed.map(|answer| answer.encode()) else { return };
        // A run ends with its claim, so that there is one at a time.
        let until = now_ms.saturating_add(CLAIM_MS);
        one.attend_at = None;
        one.run = Some(Run { verifier, until, mailbox, answer: answer.clone() });
        let _ = shared.send(Destination::Direct(mailbox), answer);
    }

    /// Reads a knock that waits already: its proof, or the retry of somebody who missed the
    /// challenge.
    pub(super) fn read_proof(
        &mut self,
        shared: &mut Shared,
        reference: KeyPackageRef,
        tag: Option<&[u8; 64]>,
        now_ms: u64,
    ) -> Result<(), Fault> {
        let Some(one) = self.handling.0.get_mut(&reference) else { return Ok(()) };
        let Some(tag) = tag else {
            if let Some(run) = &one.run {
                let (to, answer) = (Destination::Direct(run.mailbox), run.answer.clone());
                shared.send(to, answer).map_err(|_| Fault::Replayed)?;
            }
            return Ok(());
        };
        // SPEC [A12]: whoever has no run of this knock cannot check its proof.
        let Some(run) = one.run.take() else { return Ok(()) };
        let proved = run.verifier.confirm(tag).is_ok();
        if !proved {
            self.set_proof(shared, reference, Proof::Failed);
            return Err(Fault::Passcode);
        }
        // SPEC [A14]: the others wait their turn, or all of them would add it at once.
        one.admit_at = Some(now_ms);
        self.set_proof(shared, reference, Proof::Proved);
        // Without randomness the others ask a person.
        let _ = self.say(shared, EventKind::Attend { knock: reference, proved: true }, now_ms);
        self.attend_lobby(shared, now_ms);
        Ok(())
    }

    fn set_proof(&mut self, shared: &mut Shared, reference: KeyPackageRef, proof: Proof) {
        if let Some(waiting) = self.lobby.waiting_mut(reference) {
            waiting.proof = proof;
        }
        if self.handling.is_shown(reference) {
            shared.tell(Event::KnockProof { knock: reference, proof });
        } else {
            self.show_knock(shared, reference);
        }
    }

    /// A run without confirmation has failed (SPEC \[A13\]).
    fn fail_runs(&mut self, shared: &mut Shared, now_ms: u64) {
        let late = |one: &Handled| one.run.as_ref().is_some_and(|run| run.until <= now_ms);
        let failed: Vec<_> =
            self.handling.0.iter().filter(|(_, one)| late(one)).map(|(r, _)| *r).collect();
        for reference in failed {
            if let Some(one) = self.handling.0.get_mut(&reference) {
                one.run = None;
            }
            self.set_proof(shared, reference, Proof::Failed);
        }
    }
}
