//! Commits: read from the log, judged, merged; and one's own, built and posted (SPEC \[G1\] to
//! \[G3\]).

use incamera_wire::{
    BlobHash, CommitNote, Destination, Envelope, EnvelopeKind, GroupState, KeyPackageRef, Right,
    WelcomeNote,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::epochs::{EpochView, handshake_key, read_roster};
use super::face::{Alarm, Event};
use super::intents::{Batch, Retreat};
use super::member::{MAX_TREES, Member, Outcome, OwnCommit, SentTree, Standing, install_psks};
use super::roster::Roster;
use super::shared::{Refusal, Shared};
use super::verdict::{self, Accepted};
use crate::envelope::{self, Head};
use crate::error::{Error, Fault};
use crate::mls::{BuiltCommit, BuiltWelcome, CommitFacts, CommitPlan, Engine, StageFault};
use crate::policy::{self, Rotation};

impl<E: Engine> Member<E> {
    /// Reads a commit from the log.
    pub(super) fn read_commit(
        &mut self,
        shared: &mut Shared,
        sealed: &Envelope,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        let epoch = self.epochs.current().epoch;
        // SPEC [G1]: a commit for an epoch that has its winner comes too late, also one's own.
        if sealed.epoch < epoch || self.broken {
            return Ok(Outcome::Goes);
        }
        if sealed.epoch > epoch {
            return Err(Fault::EpochAhead.into());
        }
        let message = envelope::open(&self.handshake_key, sealed).map_err(|_| Fault::Unopenable)?;
        match self.group.stage(&message) {
            Ok((staged, facts)) => self.read_staged(shared, staged, &facts, now_ms),
            Err(StageFault::Unreadable(facts)) => self.read_unreadable(shared, &facts),
            Err(fault) => Err(self.name_author(fault)),
        }
    }

    fn read_staged(
        &mut self,
        shared: &mut Shared,
        staged: E::Staged,
        facts: &CommitFacts,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        let accepted = match self.judge(shared, facts) {
            Ok(accepted) => accepted,
            // SPEC [G2]: dropped, it takes no epoch.
            Err(refusal) => {
                if facts.own {
                    self.give_up_own(shared, now_ms);
                }
                return Err(refusal);
            }
        };
        let by = self.stay_at(facts.committer)?;
        if facts.removes.contains(&self.group.own_leaf()) {
            let departs = accepted.departed.contains(&self.stay);
            return Ok(Outcome::Over(if departs { Event::Left } else { Event::Removed { by } }));
        }
        // SPEC [G1]: the first that is not refused, also if one's own is still on its way.
        self.merge(shared, staged, facts, &accepted, now_ms).map_err(|_| Refusal {
            author: Some(by),
            fault: Fault::InvalidCommit("the engine could not merge it"),
        })?;
        Ok(Outcome::Goes)
    }

    fn judge(&self, shared: &Shared, facts: &CommitFacts) -> Result<Accepted, Refusal> {
        let author = self.stay_at(facts.committer)?;
        verdict::judge(&self.state, self.roster(), shared.meeting, facts)
            .map_err(|fault| Refusal::by(author, fault))
    }

    /// Others can read it: it takes the epoch, and this member can follow no more (SPEC \[G3\]).
    fn read_unreadable(
        &mut self,
        shared: &mut Shared,
        facts: &CommitFacts,
    ) -> Result<Outcome, Refusal> {
        self.judge(shared, facts)?;
        let by = self.stay_at(facts.committer)?;
        // SPEC [G3], [M9]
        self.break_off();
        shared.keyring.allow_sealing(false);
        shared.tell(Event::Alarm(Alarm::Unreadable { by }));
        Ok(Outcome::Goes)
    }

    fn stay_at(&self, leaf: u32) -> Result<incamera_wire::StayId, Refusal> {
        let seat = self.roster().at(leaf).ok_or(Fault::UnknownAuthor)?;
        Ok(seat.occupant.stay)
    }

    fn name_author(&self, fault: StageFault) -> Refusal {
        match fault {
            StageFault::Refused { reason, committer } => Refusal {
                author: committer.and_then(|leaf| self.stay_at(leaf).ok()),
                fault: Fault::InvalidCommit(reason),
            },
            // SPEC [W8]
            StageFault::WrongGroup => Fault::OtherMeeting.into(),
            StageFault::Malformed => Fault::InvalidCommit("no MLS commit").into(),
            StageFault::WrongEpoch { .. } => Fault::InvalidCommit("of another epoch").into(),
            StageFault::Unreadable(_) => Fault::InvalidCommit("unreadable").into(),
        }
    }

    fn merge(
        &mut self,
        shared: &mut Shared,
        staged: E::Staged,
        facts: &CommitFacts,
        accepted: &Accepted,
        now_ms: u64,
    ) -> Result<(), Error> {
        let before = self.roster().clone();
        self.group.merge(staged).map_err(|_| Error::Internal("the merge"))?;
        if let Err(error) = self.enter_next(shared, !facts.removes.is_empty(), now_ms) {
            // Half in the new epoch: nothing may be sealed from here.
            self.break_off();
            shared.keyring.allow_sealing(false);
            return Err(error);
        }
        let tree = self.own_commit.as_mut().and_then(|own| own.tree.take());
        self.forget_own(shared);
        let added: Vec<KeyPackageRef> = facts.adds.iter().map(|add| add.reference).collect();
        if facts.own
            && let Some((hash, sealed)) = tree
        {
            self.trees.push_back(SentTree { newcomers: added.clone(), hash, sealed });
            if self.trees.len() > MAX_TREES {
                self.trees.pop_front();
            }
        }
        for reference in &added {
            self.lobby.take(*reference);
        }
        self.intents.settle(&self.epochs.current().roster, &added);
        self.counters.retain(&self.epochs.current().roster);
        self.void_dead_knocks(shared);
        self.tell_changes(shared, &before, facts, accepted);
        if !added.is_empty() {
            self.greet(shared, facts.own, now_ms);
        }
        Ok(())
    }

    fn enter_next(&mut self, shared: &Shared, removes: bool, now_ms: u64) -> Result<(), Error> {
        let known = Some(self.roster());
        let roster = read_roster(&self.group, shared.meeting, known)
            .map_err(|_| Error::Internal("the roster after a merge"))?;
        self.state = GroupState::decode(self.group.state())
            .map_err(|_| Error::Internal("the state after a merge"))?;
        install_psks(&mut self.group, &self.state)?;
        self.handshake_key = handshake_key(&self.group)?;
        self.epochs.enter(EpochView::of(&self.group, roster)?, now_ms);
        self.install(shared, removes, now_ms)
    }

    fn tell_changes(
        &self,
        shared: &mut Shared,
        before: &Roster,
        facts: &CommitFacts,
        accepted: &Accepted,
    ) {
        let Some(by) = before.at(facts.committer).map(|seat| seat.occupant.stay) else { return };
        for leaf in &facts.removes {
            let Some(seat) = before.at(*leaf) else { continue };
            let member = seat.occupant.stay;
            let by = (!accepted.departed.contains(&member)).then_some(by);
            shared.tell(Event::Gone { member, name: seat.name.clone(), by });
        }
        for seat in self.roster().seats() {
            let member = seat.occupant.stay;
            if before.of(member).is_none() {
                shared.tell(Event::Added { member, name: seat.name.clone(), by });
            }
        }
    }

    /// One's own commit was refused: it will not come to pass.
    fn give_up_own(&mut self, shared: &mut Shared, now_ms: u64) {
        // The verdict has been read from the log, so nobody merges it.
        let _ = self.group.drop_pending();
        self.forget_own(shared);
        self.give_way(shared, "the group's rules refuse it", now_ms);
    }

    fn forget_own(&mut self, shared: &mut Shared) {
        let Some(OwnCommit { entry, blob, .. }) = self.own_commit.take() else { return };
        shared.outbox.forget(entry);
        if let Some(blob) = blob {
            shared.outbox.forget(blob);
        }
    }

    /// Commits what is due, unless a commit of one's own is on its way already.
    pub(super) fn commit_due(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        if self.standing != Standing::Confirmed || self.group.has_pending() {
            return Ok(());
        }
        let Some(batch) = self.intents.next(self.roster(), now_ms) else { return Ok(()) };
        self.commit(shared, &batch, now_ms)
    }

    /// As [`Self::commit_due`], and gives up what stands in the way.
    pub(super) fn commit_what_can_be(&mut self, shared: &mut Shared, now_ms: u64) {
        while let Err(error) = self.commit_due(shared, now_ms) {
            let why = match error {
                // Tried again when the meeting is driven next.
                Error::NoEntropy => return,
                Error::MissingRight(_) => "the right to is gone",
                Error::Internal(what) => what,
                _ => "the invite is gone",
            };
            self.give_way(shared, why, now_ms);
        }
    }

    /// Gives up the least that can be what keeps a commit from coming to pass.
    fn give_way(&mut self, shared: &mut Shared, why: &'static str, now_ms: u64) {
        // The batch that failed: departures that are not due yet have no part in it.
        let failed = self.intents.next(self.roster(), now_ms);
        match failed.map(|batch| self.intents.retreat(&batch)) {
            None | Some(Retreat::Smaller) => {}
            Some(Retreat::Admission(knock)) => shared.tell(Event::KnockVoid { knock }),
            Some(Retreat::Removals) => shared.tell(Event::Alarm(Alarm::CannotCommit(why))),
        }
    }

    /// From here on nothing can be followed (SPEC \[G3\]), also by who leaves.
    fn break_off(&mut self) {
        self.broken = true;
        if self.standing != Standing::Leaving {
            self.standing = Standing::Broken;
        }
    }

    fn commit(&mut self, shared: &mut Shared, batch: &Batch, now_ms: u64) -> Result<(), Error> {
        let removal = policy::removal(self.roster().occupants(), &batch.removes, &batch.departed);
        let removal = removal.map_err(|_| Error::Internal("the plan of a removal"))?;
        if !removal.for_cause.is_empty() {
            self.require(Right::Remove)?;
        }
        let fresh = || Rotation::fresh(&self.state, &shared.entropy);
        let state = policy::derive(&self.state, self.roster().occupants(), &removal, fresh)?
            .map(|state| Zeroizing::new(state.encode()));
        let log_position = shared.log_position;
        let departures = batch.evidence.clone();
        let note = CommitNote { log_position, departures, statements: Vec::new() }.encode();
        let invite = match batch.invite {
            Some(id) => Some(policy::live_invite(&self.state, id).ok_or(Error::UnknownKnock)?),
            None => None,
        };
        let plan = CommitPlan {
            adds: &batch.adds,
            removes: &batch.removes,
            state: state.as_deref().map(Vec::as_slice),
            psk: batch.invite.zip(invite.map(|invite| &invite.secret)),
            note: &note,
            path: false,
            rename: None,
        };
        let built =
            self.group.build(&plan).map_err(|_| Error::Internal("the building of a commit"))?;
        let posted = self.post(shared, built, now_ms);
        if posted.is_err() {
            let _ = self.group.drop_pending();
        }
        posted
    }

    fn post(&mut self, shared: &mut Shared, built: BuiltCommit, now_ms: u64) -> Result<(), Error> {
        let BuiltCommit { message, welcome } = built;
        let mut blob = None;
        let welcome = match welcome {
            Some(BuiltWelcome { welcome, tree, tree_secret }) => {
                // SPEC [A9]
                let sealed = envelope::seal_blob(&tree_secret, &shared.entropy, &tree)?.encode();
                let hash = BlobHash::new(Sha256::digest(&sealed).into());
                blob = Some((hash, sealed));
                Some(WelcomeNote { welcome, tree: hash })
            }
            None => None,
        };
        let epoch = self.epochs.current().epoch;
        let head = Head { meeting: shared.meeting, kind: EnvelopeKind::Handshake, epoch, welcome };
        let entry = envelope::seal(&self.handshake_key, &shared.entropy, head, &message)?.encode();
        // The tree goes first, so that whoever reads the entry can fetch it.
        let tree = blob;
        let blob = match &tree {
            Some((hash, sealed)) => {
                Some(shared.post(Destination::Blob(*hash), sealed.clone(), now_ms)?)
            }
            None => None,
        };
        let entry = shared.post(Destination::Log, entry, now_ms)?;
        self.own_commit = Some(OwnCommit { entry, blob, tree });
        Ok(())
    }
}
