//! Commits: read from the log, judged, merged; and one's own, built and posted (SPEC \[G1\] to
//! \[G3\]).

use incamera_wire::{BlobHash, Envelope, GroupState, KeyPackageRef};

use super::epochs::{EpochView, handshake_key};
use super::face::{Alarm, Event, Resync};
use super::member::{
    MAX_TREES, Member, Outcome, OwnCommit, SentTree, Standing, entered, install_psks,
};
use super::shared::{Refusal, Shared};
use super::verdict::{self, Accepted};
use crate::envelope;
use crate::error::{Error, Fault, Rule};
use crate::mls::{CommitFacts, Engine, StageFault};

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
            Err(StageFault::NotMine(facts)) => self.read_clones(shared, &facts, now_ms),
            Err(fault) => Err(self.name_author(fault)),
        }
    }

    pub(super) fn read_staged(
        &mut self,
        shared: &mut Shared,
        staged: E::Staged,
        facts: &CommitFacts,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        #[cfg(test)]
        if self.passes_over(shared, facts) {
            return Ok(Outcome::Goes);
        }
        let accepted = match self.judge(shared, facts) {
            Ok(accepted) => accepted,
            // SPEC [G2]: dropped, it takes no epoch.
            Err(refusal) => {
                if facts.own {
                    self.give_up_own(shared, refusal.fault, now_ms);
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
        let (epoch, ordered) = (self.epochs.current().epoch, self.intents.ordered());
        let verdict =
            verdict::judge(&self.scene(&ordered), self.roster(), shared.meeting, epoch, facts)
                .map_err(|fault| Refusal::by(author, fault));
        #[cfg(test)]
        let verdict = super::mistakes::waived(shared, verdict);
        verdict
    }

    /// Others can read it: it takes the epoch, and this member has to come back (SPEC \[G3\]).
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
        shared.lose_track(Resync::Unreadable);
        Ok(Outcome::Goes)
    }

    /// One's own leaf made a commit, and this client did not: if the others take it, somebody else
    /// goes on as this member (SPEC \[R7\]).
    fn read_clones(
        &mut self,
        shared: &mut Shared,
        facts: &CommitFacts,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        self.judge(shared, facts)?;
        // SPEC [R7]
        self.notice_clone(shared, now_ms);
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
            StageFault::NotMine(_) => Fault::InvalidCommit("of another's making").into(),
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
        let old_state = self.state.duplicate();
        let hosts = self.present_hosts();
        self.group.merge(staged).map_err(|_| Error::Internal("the merge"))?;
        // SPEC [R3]
        shared.snapshot_due = true;
        let returned = self.returns_by(facts);
        if let Err(error) = self.enter_next(shared, facts, accepted, now_ms) {
            // Half in the new epoch: nothing may be sealed from here.
            self.break_off();
            shared.keyring.allow_sealing(false);
            return Err(error);
        }
        if returned {
            self.come_back(shared, now_ms);
        }
        let tree = self.own_commit.as_mut().and_then(|own| own.tree.take());
        self.forget_own(shared);
        let added: Vec<KeyPackageRef> = facts.adds.iter().map(|add| add.reference).collect();
        if let Some((hash, sealed)) = tree.filter(|_| facts.own) {
            self.keep_tree(hash, sealed, &added);
        }
        for reference in &added {
            self.lobby.take(*reference);
        }
        self.intents.settle(&self.epochs.current().roster, &added);
        if !facts.adds.is_empty() || !facts.removes.is_empty() {
            self.settle_people(shared, now_ms);
        }
        added.iter().for_each(|reference| self.budget.note_added(*reference));
        self.void_dead_knocks(shared);
        self.review_lobby(shared, old_state.door);
        self.tell_changes(shared, &before, facts, accepted);
        self.tell_state(shared, &before, &old_state, facts.committer);
        self.settle_changes();
        let committer = before.at(facts.committer).map(|seat| &seat.occupant);
        self.settle_liveness(committer, &hosts, now_ms);
        self.restate_silence(shared, &hosts, now_ms);
        self.forget_orders(shared);
        self.order_again(shared, now_ms);
        if !added.is_empty() {
            self.greet(shared, facts.own, now_ms);
            self.room.introduce_later(now_ms, self.rank(|_| true));
        }
        Ok(())
    }

    /// Others are here than before.
    fn settle_people(&mut self, shared: &mut Shared, now_ms: u64) {
        let EpochView { roster, epoch, .. } = self.epochs.current();
        self.counters.retain(roster);
        self.room.settle(roster, now_ms);
        shared.key_frames.settle(roster, now_ms);
        self.arrivals.settle(roster, *epoch);
    }

    /// Keeps a tree for those who do not find it.
    fn keep_tree(&mut self, hash: BlobHash, sealed: Vec<u8>, added: &[KeyPackageRef]) {
        let let_in = self.intents.admissions.iter().filter(|w| added.contains(&w.reference));
        let mailboxes = let_in.map(|waiting| waiting.mailbox).collect();
        let newcomers = added.to_vec();
        self.trees.push_back(SentTree { newcomers, mailboxes, hash, sealed });
        if self.trees.len() > MAX_TREES {
            self.trees.pop_front();
        }
    }

    fn enter_next(
        &mut self,
        shared: &mut Shared,
        facts: &CommitFacts,
        accepted: &Accepted,
        now_ms: u64,
    ) -> Result<(), Error> {
        let leaves = self.group.leaves();
        let roster = self.roster().next(&leaves, shared.meeting, &accepted.newcomers);
        let roster = roster.map_err(|_| Error::Internal("the roster after a merge"))?;
        self.state = GroupState::decode(self.group.state())
            .map_err(|_| Error::Internal("the state after a merge"))?;
        install_psks(&mut self.group, &self.state)?;
        self.handshake_key = handshake_key(&self.group)?;
        self.epochs.enter(EpochView::of(&self.group, roster)?, now_ms);
        // SPEC [M13]: before a sealer can see the new epoch.
        shared.gate_relay(&self.state);
        let (adds, removes) = (!facts.adds.is_empty(), !facts.removes.is_empty());
        #[cfg(test)]
        let (adds, removes) = match shared.errs(super::mistakes::Mistake::LingersOn) {
            true => (true, false),
            false => (adds, removes),
        };
        let entered = entered(&self.group, self.roster(), adds, facts.own && facts.path);
        self.upkeep.enter(entered, now_ms);
        self.install(shared, adds, removes, now_ms)
    }

    /// One's own commit was refused: it will not come to pass.
    fn give_up_own(&mut self, shared: &mut Shared, fault: Fault, now_ms: u64) {
        // The verdict has been read from the log, so nobody merges it.
        let _ = self.group.drop_pending();
        self.forget_own(shared);
        // An order has overtaken it: made anew, it carries that out.
        if fault != Fault::Refused(Rule::OrderIgnored) {
            self.give_way(shared, "the group's rules refuse it", now_ms);
        }
    }

    fn forget_own(&mut self, shared: &mut Shared) {
        let Some(OwnCommit { entry, blob, .. }) = self.own_commit.take() else { return };
        shared.outbox.forget(entry);
        if let Some(blob) = blob {
            shared.outbox.forget(blob);
        }
    }

    /// From here on nothing can be followed (SPEC \[G3\]), also by who leaves.
    pub(super) fn break_off(&mut self) {
        self.broken = true;
        if self.standing != Standing::Leaving {
            self.standing = Standing::Broken;
        }
    }
}
