//! A joiner, or a member that comes back: it knocks, waits for a Welcome, fetches the tree and becomes
//! a member whom nobody has confirmed yet (SPEC "Admission").

use incamera_wire::{
    BlobHash, Challenge, DenyReason, Destination, Envelope, GroupState, KeyPackageRef, Knock,
    KnockAnswer, KnockAnswerContent, KnockContent, MailboxId, MessageId, SealedBlob, SecretText,
    WelcomeNote,
};
use sha2::{Digest, Sha256};

use super::back::{Kept, Return};
use super::entering::Entering;
use super::face::{Event, Output};
use super::member::{Member, Standing};
use super::prefix::{Beginning, Place};
use super::shared::Shared;
use crate::admission::{FRESHNESS, Invite, PasscodeRun, Prover, open_reply, seal_knock};
use crate::envelope;
use crate::error::{Error, Fault};
use crate::mls::{Engine, Joiner, WelcomeFault};
use crate::policy::{self, PskId};
use crate::secret::Secret;

/// How long after asking for the tree to ask again, in milliseconds.
const ASK_AGAIN_MS: u64 = 2_000;

/// How long a joiner waits for a member to confirm it before it tries another Welcome into the same
/// epoch, in milliseconds. Of two admitters' Adds one loses, and both Welcomes open.
const CONFIRMED_WITHIN_MS: u64 = 15_000;

/// The most Welcomes whose trees are fetched, and of these the most addresses for one Welcome: who
/// cannot open an entry can copy its Welcome beside another address.
const MAX_ATTEMPTS: usize = 64;
const MAX_ADDRESSES: usize = 4;
/// How many log entries after it was made a knock is made anew.
const RENEW_AFTER: u64 = FRESHNESS / 2;
/// The most keys kept for answers to earlier forms of a knock.
const MAX_ANSWER_KEYS: usize = 64;
/// The most epochs that Welcomes lead an unconfirmed joiner into.
const MAX_ENTERED: usize = 64;

/// What entitles to come in.
pub(super) enum Entitlement {
    /// An invite, and what is offered for the passcode that it asks for.
    Invite(Invite, Option<SecretText>),
    /// One's own leaf, which can follow no more.
    Leaf(Box<Return>),
}

/// A joiner: who has a key package, and an invite or a leaf to replace.
pub(super) struct Knocking<E: Engine> {
    pub(super) entitlement: Entitlement,
    pub(super) joiner: E::Joiner,
    mailbox: MailboxId,
    pub(super) sent: Option<Sent>,
    attempts: Vec<Attempt<E>>,
    /// The authenticators of the epochs that a Welcome led into so far.
    entered: Vec<[u8; 32]>,
    /// Where a Welcome and its tree lead, while the roster is being verified.
    entering: Option<Box<Entering<E>>>,
    /// The epoch entered last, and until when no other Welcome into it is tried.
    waits: Option<(u64, u64)>,
}

/// A knock on its way, and the key for an answer.
pub(super) struct Sent {
    id: MessageId,
    content: KnockContent,
    /// Of the knock, and of those that prove the passcode or are newer.
    pub(super) answer_keys: Vec<Secret<32>>,
    /// Until the passcode has been proved once: CPace's secret is for one run.
    pub(super) prover: Option<Prover>,
}

impl Sent {
    /// The knock with what it says now, in place of the one before.
    fn send_again(
        &mut self,
        shared: &mut Shared,
        invite: &Invite,
        mailbox: MailboxId,
        now_ms: u64,
    ) -> Result<(), Error> {
        let (knock, answer_key) = seal_knock(invite, &shared.entropy, mailbox, &self.content)?;
        let id = shared.post(Destination::Lobby, Knock::encode(&knock), now_ms)?;
        shared.outbox.forget(std::mem::replace(&mut self.id, id));
        // Which form an admitter has read, and answers, is not known here.
        if self.answer_keys.len() >= MAX_ANSWER_KEYS {
            self.answer_keys.remove(0);
        }
        self.answer_keys.push(answer_key);
        Ok(())
    }
}

/// A Welcome whose tree is being fetched.
struct Attempt<E: Engine> {
    /// The sequence number of its log entry.
    seq: u64,
    /// The SHA-256 of that entry.
    entry: [u8; 32],
    /// The SHA-256 of the Welcome.
    welcome: [u8; 32],
    opened: <E::Joiner as Joiner>::Opened,
    tree: BlobHash,
    /// The epoch that the Welcome leads to.
    epoch: u64,
    ask_at: u64,
}

impl<E: Engine> Knocking<E> {
    pub(super) fn new(
        invite: Invite,
        passcode: Option<SecretText>,
        joiner: E::Joiner,
        mailbox: MailboxId,
    ) -> Self {
        Self::entitled(Entitlement::Invite(invite, passcode), joiner, mailbox)
    }

    /// A member that comes back.
    pub(super) fn returning(back: Return, joiner: E::Joiner, mailbox: MailboxId) -> Self {
        Self::entitled(Entitlement::Leaf(Box::new(back)), joiner, mailbox)
    }

    fn entitled(entitlement: Entitlement, joiner: E::Joiner, mailbox: MailboxId) -> Self {
        let (attempts, entered) = (Vec::new(), Vec::new());
        let (sent, entering, waits) = (None, None, None);
        Self { entitlement, joiner, mailbox, sent, attempts, entered, entering, waits }
    }

    /// Tries with another key package, in case that the leaf of the last one is of no use.
    pub(super) fn try_again(&mut self, joiner: E::Joiner, mailbox: MailboxId, now_ms: u64) {
        let Entitlement::Leaf(back) = &mut self.entitlement else { return };
        back.try_again(self.joiner.stay(), now_ms);
        (self.joiner, self.mailbox, self.waits) = (joiner, mailbox, None);
        self.attempts.clear();
        self.entering = None;
    }

    /// Whether this is a member that comes back.
    pub(super) fn is_returning(&self) -> bool {
        matches!(self.entitlement, Entitlement::Leaf(_))
    }

    /// What a member kept that has come back.
    pub(super) fn into_kept(self) -> Option<Kept> {
        match self.entitlement {
            Entitlement::Leaf(back) => Some(back.kept),
            Entitlement::Invite(..) => None,
        }
    }

    /// Whether it is time for a member that comes back to try with another key package.
    pub(super) fn is_stuck(&self, now_ms: u64) -> bool {
        matches!(&self.entitlement, Entitlement::Leaf(back) if back.is_stuck(now_ms))
    }

    /// Knocks at once, if this is a member that comes back: the transport is new.
    pub(super) fn hasten(&mut self, now_ms: u64) {
        if let Entitlement::Leaf(back) = &mut self.entitlement {
            back.hasten(now_ms);
        }
    }

    /// Knocks, once it is known where the log stands.
    pub(super) fn knock(
        &mut self,
        shared: &mut Shared,
        log_position: u64,
        now_ms: u64,
    ) -> Result<(), Error> {
        let Entitlement::Invite(invite, _) = &self.entitlement else { return Ok(()) };
        if self.sent.is_some() {
            return Ok(());
        }
        let (prover, share) = self.start_proof(shared)?.unzip();
        let content = KnockContent {
            key_package: self.joiner.key_package().to_vec(),
            log_position,
            passcode_share: share,
            passcode_tag: None,
            rejoin: None,
        };
        let (knock, answer_key) = seal_knock(invite, &shared.entropy, self.mailbox, &content)?;
        let id = shared.post(Destination::Lobby, Knock::encode(&knock), now_ms)?;
        self.sent = Some(Sent { id, content, answer_keys: vec![answer_key], prover });
        Ok(())
    }

    /// CPace's first part, if the invite asks for a passcode and there is one to prove.
    fn start_proof(&self, shared: &Shared) -> Result<Option<(Prover, [u8; 32])>, Error> {
        let Entitlement::Invite(invite, Some(passcode)) = &self.entitlement else {
            return Ok(None);
        };
        if !invite.asks_passcode() {
            return Ok(None);
        }
        let knock = self.reference(shared)?;
        let (meeting, invite, mailbox) = (shared.meeting, invite.id(), self.mailbox);
        let run = PasscodeRun { meeting, invite, knock, mailbox };
        // SPEC [A11]
        Ok(Some(Prover::start(&shared.entropy, passcode, &run)?))
    }

    /// What names the own key package.
    fn reference(&self, shared: &Shared) -> Result<KeyPackageRef, Error> {
        let inspected = E::inspect_key_package(shared.profile, self.joiner.key_package());
        Ok(inspected.map_err(|_| Error::Internal("the own key package"))?.reference)
    }

    /// The key package that it knocks with.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn key_package(&self) -> &[u8] {
        self.joiner.key_package()
    }

    /// Whether a tree is being fetched.
    pub(super) fn is_fetching(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// Whether a log entry carries a Welcome for this joiner.
    pub(super) fn is_welcome(&self, entry: &Envelope) -> bool {
        let addressed = |note: &WelcomeNote| self.joiner.addressed(&note.welcome);
        entry.welcome.as_ref().is_some_and(addressed)
    }

    /// Reads a Welcome and asks for its tree. Others that came before stay: that of a losing Add
    /// leads into an epoch where nobody is, and a copy beside a wrong address leads nowhere.
    pub(super) fn read_welcome(
        &mut self,
        shared: &mut Shared,
        place: Place,
        entry: &Envelope,
        now_ms: u64,
    ) -> Result<(), Fault> {
        let Some(WelcomeNote { welcome, tree }) = &entry.welcome else {
            return Err(Fault::Welcome("there is none"));
        };
        let Place { seq, entry: entry_hash, .. } = place;
        // It is read again from where the last Welcome led to.
        if self.attempts.iter().any(|attempt| attempt.seq == seq) {
            return Ok(());
        }
        // SPEC [A5], [A6]
        let opened = self.open(welcome)?;
        if let Entitlement::Leaf(back) = &mut self.entitlement {
            back.welcomed(now_ms);
        }
        let welcome = Sha256::digest(welcome).into();
        let same = self.attempts.iter().filter(|attempt| attempt.welcome == welcome);
        if self.attempts.len() >= MAX_ATTEMPTS || same.count() >= MAX_ADDRESSES {
            return Err(Fault::Full);
        }
        let (epoch, ask_at) = (entry.epoch.saturating_add(1), now_ms.saturating_add(ASK_AGAIN_MS));
        let (tree, entry) = (*tree, entry_hash);
        self.attempts.push(Attempt { seq, entry, welcome, opened, tree, epoch, ask_at });
        shared.outputs.push_back(Output::FetchBlob { hash: tree });
        Ok(())
    }

    /// Reads a blob: if it is a tree that was asked for, the joiner goes where its Welcome leads,
    /// unless it is not yet time. [`Self::enter`] says when it is there.
    pub(super) fn read_tree(
        &mut self,
        shared: &Shared,
        bytes: &[u8],
        now_ms: u64,
    ) -> Result<(), Fault> {
        // SPEC [W9]
        let hash = BlobHash::new(Sha256::digest(bytes).into());
        let mut last = Fault::WrongBlob;
        // SPEC [A8]: whoever is in an epoch is confirmed there, or after a while in its rival.
        let waits = self.waits.filter(|(_, until)| now_ms < *until);
        let early = |attempt: &Attempt<E>| waits.is_some_and(|(epoch, _)| attempt.epoch <= epoch);
        let mut postponed = false;
        for attempt in self.attempts.iter_mut().filter(|a| a.tree == hash && early(a)) {
            attempt.ask_at = waits.map_or(now_ms, |(_, until)| until);
            postponed = true;
        }
        // A failed tree costs its own attempt and no other; the latest Welcome goes first.
        while let Some(at) = self.attempts.iter().rposition(|a| a.tree == hash && !early(a)) {
            let attempt = self.attempts.remove(at);
            match self.join(shared, attempt, bytes) {
                Ok(entering) => {
                    self.entering = Some(Box::new(entering));
                    return Ok(());
                }
                Err(fault) => last = fault,
            }
        }
        if postponed { Ok(()) } else { Err(last) }
    }

    /// Goes on to where a Welcome leads: verifies some more of the roster there. Once that is done
    /// the joiner is a member at the log entry of the Welcome, whose sequence number comes with it.
    pub(super) fn enter(
        &mut self,
        shared: &Shared,
        now_ms: u64,
    ) -> Result<Option<(Member<E>, u64)>, Fault> {
        let Some(mut entering) = self.entering.take() else { return Ok(None) };
        // SPEC [A7], [I2]
        if !entering.go_on(shared)? {
            self.entering = Some(entering);
            return Ok(None);
        }
        let (author, seq) = (entering.author, entering.seq);
        let (group, state, roster, from) = entering.into_parts()?;
        if let Entitlement::Leaf(back) = &self.entitlement {
            // SPEC [A17]
            back.check_author(roster.at(author))?;
        }
        // SPEC [M2]: a Welcome that comes again must not bring fresh windows for the same keys.
        if self.entered.contains(&group.authenticator()) || self.entered.len() >= MAX_ENTERED {
            return Err(Fault::Replayed);
        }
        // The keys of a losing epoch must not stand beside those of the winning one.
        shared.keyring.reset_unsealed();
        // SPEC [A8]
        let member =
            Member::enter(shared, group, state, roster, Standing::Unconfirmed, from, now_ms)
                .map_err(|_| Fault::Welcome("the group's keys cannot be exported"))?;
        let epoch = member.epochs.current().epoch;
        let rival = |other: &Attempt<E>| other.epoch == epoch;
        self.attempts.retain(|other| other.seq > seq || rival(other));
        self.note_epoch(&member);
        self.waits = Some((epoch, now_ms.saturating_add(CONFIRMED_WITHIN_MS)));
        Ok(Some((member, seq)))
    }

    /// Whether a roster is being verified.
    pub(super) fn is_entering(&self) -> bool {
        self.entering.is_some()
    }

    /// Remembers that this client was in the member's current epoch.
    pub(super) fn note_epoch(&mut self, member: &Member<E>) {
        let authenticator = member.epochs.current().authenticator;
        if self.entered.len() < MAX_ENTERED && !self.entered.contains(&authenticator) {
            self.entered.push(authenticator);
        }
    }

    /// Opens what a Welcome and its tree lead to; nobody there is believed to be who it says yet.
    fn join(
        &self,
        shared: &Shared,
        attempt: Attempt<E>,
        blob: &[u8],
    ) -> Result<Entering<E>, Fault> {
        let Attempt { seq, entry, opened, epoch, .. } = attempt;
        let blob = SealedBlob::decode(blob)?;
        // SPEC [A9]
        let tree_secret = self.joiner.tree_secret(&opened).map_err(unusable)?;
        let tree = envelope::open_blob(&tree_secret, &blob)
            .map_err(|_| Fault::Welcome("the tree is sealed under another secret"))?;
        // SPEC [A5]
        let joined = self.joiner.join(&shared.meeting, opened, &tree);
        let (group, author) = joined.map_err(unusable)?;
        if group.epoch() != epoch {
            return Err(Fault::Welcome("it leads to another epoch than its log entry says"));
        }
        // SPEC [A7]
        let state = GroupState::decode(group.state())?;
        policy::validate(&state, shared.profile).map_err(Fault::Welcome)?;
        let from = Beginning::Behind { seq, entry };
        Ok(Entering::new(group, state, author, seq, from))
    }

    /// Reads an answer to the knock: a denial, which ends it, or a challenge.
    pub(super) fn read_answer(
        &mut self,
        shared: &mut Shared,
        bytes: &[u8],
        now_ms: u64,
    ) -> Result<Option<Event>, Fault> {
        let answer = KnockAnswer::decode(bytes)?;
        let sent = self.sent.as_ref().ok_or(Fault::Unopenable)?;
        // SPEC [A10]
        let opened = sent.answer_keys.iter().map(|key| open_reply(key, self.mailbox, &answer));
        match opened.reduce(Result::or).ok_or(Fault::Unopenable)?? {
            KnockAnswerContent::Denial { reason } => Ok(Some(Event::Denied { reason })),
            KnockAnswerContent::Challenge(challenge) => self.prove(shared, &challenge, now_ms),
        }
    }

    /// Answers the first challenge; the others find no secret to answer with (SPEC \[A12\]).
    fn prove(
        &mut self,
        shared: &mut Shared,
        challenge: &Challenge,
        now_ms: u64,
    ) -> Result<Option<Event>, Fault> {
        let Some(sent) = &mut self.sent else { return Ok(None) };
        let Entitlement::Invite(invite, _) = &self.entitlement else { return Ok(None) };
        // SPEC [A12]
        let Some(prover) = sent.prover.take() else { return Ok(None) };
        let Ok(tag) = prover.finish(challenge) else {
            return Ok(Some(Event::Denied { reason: DenyReason::WrongPasscode }));
        };
        sent.content.passcode_tag = Some(tag);
        // Without randomness the admitter takes the proof as failed, and asks a person.
        let _ = sent.send_again(shared, invite, self.mailbox, now_ms);
        Ok(None)
    }

    /// Makes the knock anew if the log has gone on: who may admit may have been away until now.
    fn renew(&mut self, shared: &mut Shared, now_ms: u64) {
        let (Entitlement::Invite(invite, _), Some(sent)) = (&self.entitlement, &mut self.sent)
        else {
            return;
        };
        // SPEC [A4]
        let (made_at, position) = (sent.content.log_position, shared.log_position);
        if position.saturating_sub(made_at) < RENEW_AFTER {
            return;
        }
        sent.content.log_position = position;
        if sent.send_again(shared, invite, self.mailbox, now_ms).is_err() {
            sent.content.log_position = made_at;
        }
    }

    /// The knock need not be sent again.
    pub(super) fn answered(&self, shared: &mut Shared) {
        if let Some(sent) = &self.sent {
            shared.outbox.forget(sent.id);
        }
    }

    /// Whether nobody has confirmed it in time where its last Welcome led.
    pub(super) fn waits_in_vain(&self, now_ms: u64) -> bool {
        self.waits.is_some_and(|(_, until)| until <= now_ms)
    }

    /// Asks for trees and knocks again if it is time, and says when it will be.
    pub(super) fn drive(&mut self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.ask_at <= now_ms) {
            attempt.ask_at = now_ms.saturating_add(ASK_AGAIN_MS);
            shared.outputs.push_back(Output::FetchBlob { hash: attempt.tree });
        }
        let ask_at = self.attempts.iter().map(|attempt| attempt.ask_at).min();
        self.renew(shared, now_ms);
        let Entitlement::Leaf(back) = &mut self.entitlement else { return ask_at };
        let knocks = back.drive::<E>(shared, self.mailbox, self.joiner.key_package(), now_ms);
        ask_at.into_iter().chain(knocks).min()
    }

    /// The PSKs that a Welcome for this joiner may name.
    fn psks(&self) -> Vec<(PskId, &Secret<32>)> {
        match &self.entitlement {
            Entitlement::Invite(invite, _) => {
                vec![(PskId::Invite(invite.id()), &invite.link_secret)]
            }
            Entitlement::Leaf(back) => back.psks().collect(),
        }
    }

    /// Opens a Welcome by the PSK that it names.
    fn open(&self, welcome: &[u8]) -> Result<<E::Joiner as Joiner>::Opened, Fault> {
        let tried = self.psks().into_iter();
        let tried = tried.map(|psk| self.joiner.open(welcome, psk).map_err(unusable));
        tried.reduce(Result::or).unwrap_or(Err(Fault::Welcome("there is no PSK")))
    }

    /// Everything that tells two joiners apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut Sha256) {
        let attempts: Vec<_> = self.attempts.iter().map(|a| (a.seq, a.tree, a.ask_at)).collect();
        hash.update(format!("{:?} {} {attempts:?}", self.mailbox, self.sent.is_some()));
        hash.update(format!("{:?}", self.entering.as_ref().map(|entering| entering.verified())));
        if let Entitlement::Leaf(back) = &self.entitlement {
            back.digest(hash);
        }
    }
}

fn unusable(fault: WelcomeFault) -> Fault {
    Fault::Welcome(match fault {
        WelcomeFault::Malformed => "it or its tree is malformed",
        WelcomeFault::NotAddressed => "it is for others",
        WelcomeFault::WrongGroup => "it is of another meeting",
        WelcomeFault::Refused(reason) => reason,
        WelcomeFault::Engine(_) => "the engine failed",
    })
}
