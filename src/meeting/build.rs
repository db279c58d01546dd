//! One's own commits: what is due, judged as the others will judge it, built and posted.

use incamera_wire::{
    BlobHash, CommitNote, Destination, EnvelopeKind, GroupState, Right, WelcomeNote,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::face::{Alarm, Event};
use super::intents::{Batch, Retreat};
use super::member::{Member, OwnCommit, Standing};
use super::powers::Changed;
use super::shared::Shared;
use crate::envelope::{self, Head};
use crate::error::{Error, Rule};
use crate::identity::renamed;
use crate::mls::{BuiltCommit, BuiltWelcome, CommitPlan, Engine};
use crate::policy::{self, Change, PskId, Rotation};
use crate::secret::Secret;

/// What a batch adds to a commit beside adds and removals.
#[derive(Default)]
struct Content {
    state: Option<GroupState>,
    rename: Option<Vec<u8>>,
    statements: Vec<Vec<u8>>,
}

impl<E: Engine> Member<E> {
    /// Commits what is due, unless a commit of one's own is on its way already.
    pub(super) fn commit_due(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        if self.standing == Standing::Restored {
            return self.return_by_commit(shared, now_ms);
        }
        if self.standing != Standing::Confirmed || self.group.has_pending() {
            return Ok(());
        }
        // SPEC [G16]
        if self.is_ordered_out() {
            return Ok(());
        }
        self.drop_void_changes(shared);
        match self.intents.next(self.roster(), now_ms) {
            Some(batch) => {
                self.commit(shared, &batch, now_ms)?;
                self.intents.note_built(&batch, now_ms);
            }
            None if self.intents.orders.is_empty() && self.upkeep.is_due(now_ms) => {
                // SPEC [G23]
                let renewal = Batch { renews: true, ..Batch::default() };
                if self.commit(shared, &renewal, now_ms).is_err() {
                    self.upkeep.postpone(now_ms);
                }
            }
            None => {}
        }
        Ok(())
    }

    /// As [`Self::commit_due`], and gives up what stands in the way.
    pub(super) fn commit_what_can_be(&mut self, shared: &mut Shared, now_ms: u64) {
        while let Err(error) = self.commit_due(shared, now_ms) {
            let why = match error {
                // Tried again when the meeting is driven next.
                Error::NoEntropy => return,
                Error::MissingRight(_) => "the right to is gone",
                Error::Refused(_) => "the group's rules no longer allow it",
                Error::Internal(what) => what,
                _ => "the invite is gone",
            };
            // A path to come back by carries nothing that could be given up, but for what is ordered.
            let restored = self.standing == Standing::Restored;
            if !restored || !self.intents.orders.is_empty() {
                self.give_way(shared, why, now_ms);
            }
            if restored {
                return;
            }
        }
    }

    /// Gives up the least that can be what keeps a commit from coming to pass.
    pub(super) fn give_way(&mut self, shared: &mut Shared, why: &'static str, now_ms: u64) {
        // The batch that failed: departures that are not due yet have no part in it.
        let failed = self.intents.next(self.roster(), now_ms);
        match failed.map(|batch| self.intents.retreat(&batch)) {
            None | Some(Retreat::Smaller | Retreat::Returning) => {}
            Some(Retreat::Admission(knock)) => shared.tell(Event::KnockVoid { knock }),
            Some(Retreat::Removals | Retreat::Changes) => {
                shared.tell(Event::Alarm(Alarm::CannotCommit(why)));
            }
        }
    }

    /// Gives up changes that the rules no longer allow, or that the state shows already.
    fn drop_void_changes(&mut self, shared: &mut Shared) {
        if self.intents.changes.is_empty() {
            return;
        }
        let Changed { refused, .. } = self.changed();
        for place in refused.into_iter().rev() {
            self.intents.changes.remove(place);
            let why = "a change that the group's rules no longer allow";
            shared.tell(Event::Alarm(Alarm::CannotCommit(why)));
        }
        if self.changed().state == self.state {
            // What is left undoes itself, or is done.
            self.intents.changes.clear();
        }
        self.settle_changes();
    }

    pub(super) fn commit(
        &mut self,
        shared: &mut Shared,
        batch: &Batch,
        now_ms: u64,
    ) -> Result<(), Error> {
        let content = self.content(shared, batch)?;
        let state = content.state.as_ref().map(|state| Zeroizing::new(state.encode()));
        let log_position = shared.log_position;
        let departures = batch.evidence.clone();
        let statements = content.statements;
        let rejoins = batch.rejoins.clone();
        let note = CommitNote { log_position, departures, statements, rejoins }.encode();
        let psk = psk_of(&self.state, batch)?;
        let plan = CommitPlan {
            adds: &batch.adds,
            removes: &batch.removes,
            state: state.as_deref().map(Vec::as_slice),
            psk,
            note: &note,
            rename: content.rename.as_deref(),
            path: batch.renews,
        };
        let built =
            self.group.build(&plan).map_err(|_| Error::Internal("the building of a commit"))?;
        let posted = self.post(shared, built, now_ms);
        if posted.is_err() {
            let _ = self.group.drop_pending();
        }
        posted
    }

    fn content(&self, shared: &Shared, batch: &Batch) -> Result<Content, Error> {
        if let Some(key) = batch.resync {
            self.may_bring_back(batch, key)?;
            return Ok(Content::default());
        }
        if !batch.removes.is_empty() {
            return self.removal_content(shared, batch);
        }
        if batch.renews {
            return Ok(Content::default());
        }
        if batch.replaces_hosts {
            return self.replacement_content(shared);
        }
        if batch.changes {
            return Ok(Content { state: Some(self.changed().state), ..Content::default() });
        }
        if let Some(name) = &batch.rename {
            self.require(Right::RenameSelf)?;
            let own = self.own_seat().ok_or(Error::Internal("the own leaf"))?;
            let rename = renamed(&own.credential, name);
            let rename = rename.map_err(|_| Error::Internal("the new name"))?;
            return Ok(Content { rename: Some(rename), ..Content::default() });
        }
        policy::may_add(&self.state, &self.own_occupant()?)?;
        Ok(Content::default())
    }

    fn removal_content(&self, shared: &Shared, batch: &Batch) -> Result<Content, Error> {
        let occupants = self.roster().occupants();
        let own = self.own_occupant()?;
        let removal = policy::removal(occupants, &own, &batch.removes, &batch.departed);
        let removal = removal.map_err(|_| Error::Internal("the plan of a removal"))?;
        let ordered = self.intents.ordered();
        let scene = self.scene(&ordered);
        policy::may_remove(&scene, &own, &removal)?;
        let fresh = || Rotation::fresh(&self.state, &shared.entropy);
        let state = policy::derive(&self.state, occupants, &removal, fresh)?;
        Ok(Content { state, ..Content::default() })
    }

    fn replacement_content(&self, shared: &Shared) -> Result<Content, Error> {
        let own = self.own_occupant()?;
        let (judged, statements) = self.collected(shared);
        let mut state = self.state.duplicate();
        policy::apply(&mut state, self.roster().occupants(), &own, &Change::ReplaceHosts)?;
        if judged.is_empty() {
            return Err(Rule::Statements("there are none").into());
        }
        policy::judge(&self.scene(&[]), &self.proposes(&state, &judged))?;
        Ok(Content { state: Some(state), statements, ..Content::default() })
    }

    pub(super) fn post(
        &mut self,
        shared: &mut Shared,
        built: BuiltCommit,
        now_ms: u64,
    ) -> Result<(), Error> {
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
        // SPEC [R3]
        shared.snapshot_due = true;
        #[cfg(test)]
        if shared.errs(super::mistakes::Mistake::MergesUnread) {
            self.merge_unread(shared, &message, now_ms);
        }
        Ok(())
    }
}

/// The PSK that goes with those whom a batch adds (SPEC \[G7\]).
fn psk_of<'a>(
    state: &'a GroupState,
    batch: &Batch,
) -> Result<Option<(PskId, &'a Secret<32>)>, Error> {
    if let Some(id) = batch.resync {
        let key = policy::live_resync_key(state, id).ok_or(Rule::Psk)?;
        return Ok(Some((PskId::Resync(id), &key.secret)));
    }
    let Some(id) = batch.invite else { return Ok(None) };
    let invite = policy::live_invite(state, id).ok_or(Error::UnknownKnock)?;
    Ok(Some((PskId::Invite(id), &invite.secret)))
}
