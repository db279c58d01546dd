//! What a member means to change of the state: judged before it is asked for, kept until the state
//! shows it, applied anew after a lost race (SPEC \[G15\]).

use incamera_wire::{EventKind, Fingerprint, GroupState, Right, TrackKinds};

use super::doors::OWN_MEMBER;
use super::face::MemberId;
use super::member::Member;
use super::roster::Seat;
use super::shared::Shared;
use crate::error::{Error, Rule};
use crate::mls::Engine;
use crate::policy::{self, Change, Occupant, Proposed, Scene, Statement};

/// The most changes that wait for their commit.
const MAX_CHANGES: usize = 256;

/// What a commit of changes comes to: the state after it.
pub(super) struct Changed {
    pub(super) state: GroupState,
    /// Changes that the rules no longer allow, as places in the list.
    pub(super) refused: Vec<usize>,
}

impl<E: Engine> Member<E> {
    /// What every verdict of this moment depends on.
    pub(super) fn scene<'a>(&'a self, orders: &'a [Fingerprint]) -> Scene<'a> {
        Scene { state: &self.state, roster: self.roster().occupants(), orders }
    }

    pub(super) fn own_occupant(&self) -> Result<Occupant, Error> {
        let seat = self.own_seat().ok_or(Error::Internal("the own leaf"))?;
        Ok(seat.occupant.clone())
    }

    /// The member of this id.
    pub(super) fn seat(&self, member: MemberId) -> Result<&Seat, Error> {
        self.roster().of(member).ok_or(Error::UnknownMember)
    }

    /// The identity of another member.
    pub(super) fn identity_of(&self, member: MemberId) -> Result<Fingerprint, Error> {
        Ok(self.seat(member)?.occupant.fingerprint)
    }

    /// Asks for a change of the state.
    pub(super) fn change(
        &mut self,
        shared: &mut Shared,
        change: Change,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        // What waits counts as done: locking a door and opening it again leaves it open.
        let current = self.changed().state;
        if !self.allows(&current, &change)?.1 {
            return Ok(());
        }
        if self.intents.changes.len() >= MAX_CHANGES {
            return Err(Error::Argument("too many changes wait for their commit: try again later"));
        }
        self.intents.changes.push(change);
        let committed = self.commit_due(shared, now_ms);
        if committed.is_err() {
            self.intents.changes.pop();
        }
        committed
    }

    /// The state after `change` on top of `state`, and whether it differs.
    fn allows(&self, state: &GroupState, change: &Change) -> Result<(GroupState, bool), Rule> {
        let own = self.own_seat().map(|seat| &seat.occupant).ok_or(Rule::UnknownCommitter)?;
        let mut next = state.duplicate();
        policy::apply(&mut next, self.roster().occupants(), own, change)?;
        let differs = next != *state;
        // Back to what is in force: there is nothing to judge.
        if !differs || next == self.state {
            return Ok((next, differs));
        }
        let ordered = self.intents.ordered();
        let proposed = self.proposes(&next, &[]);
        // Others carry binding orders first; what follows is judged then.
        let orders = if self.is_ordered_out() { ordered.as_slice() } else { &[] };
        policy::judge(&self.scene(orders), &proposed)?;
        Ok((next, differs))
    }

    pub(super) fn proposes<'a>(
        &self,
        state: &'a GroupState,
        statements: &'a [Statement],
    ) -> Proposed<'a> {
        Proposed {
            committer: self.group.own_leaf(),
            adds: &[],
            removes: &[],
            departed: &[],
            state: Some(state),
            psk: None,
            renames: false,
            path: true,
            statements,
            rejoins: &[],
        }
    }

    /// What the changes that wait come to, if they change anything.
    pub(super) fn changed(&self) -> Changed {
        let mut state = self.state.duplicate();
        let mut refused = Vec::new();
        for (place, change) in self.intents.changes.iter().enumerate() {
            match self.allows(&state, change) {
                Ok((next, _)) => state = next,
                Err(_) => refused.push(place),
            }
        }
        Changed { state, refused }
    }

    /// Forgets changes that the state shows.
    pub(super) fn settle_changes(&mut self) {
        let mut changes = std::mem::take(&mut self.intents.changes);
        let mut state = self.state.duplicate();
        changes.retain(|change| match self.allows(&state, change) {
            Ok((next, differs)) => {
                state = next;
                differs
            }
            Err(_) => true,
        });
        self.intents.changes = changes;
        let own = self.own_seat().map(|seat| seat.name.clone());
        if self.intents.rename == own {
            self.intents.rename = None;
        }
    }

    /// Takes on another display name.
    pub(super) fn rename(
        &mut self,
        shared: &mut Shared,
        name: &str,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        let own = self.own_seat().ok_or(Error::Internal("the own leaf"))?;
        crate::identity::renamed(&own.credential, name).map_err(|_| crate::identity::BAD_NAME)?;
        // SPEC [G21]
        self.require(Right::RenameSelf)?;
        let before = self.intents.rename.replace(name.to_owned());
        let committed = self.commit_due(shared, now_ms);
        if committed.is_err() {
            self.intents.rename = before;
        }
        committed
    }

    /// Mutes another member's tracks of these kinds.
    pub(super) fn mute(
        &mut self,
        shared: &mut Shared,
        member: MemberId,
        kinds: TrackKinds,
        now_ms: u64,
    ) -> Result<(), Error> {
        let who = self.identity_of(member)?;
        self.change(shared, Change::Mute(who, kinds), now_ms)
    }

    /// Lifts a mute, and asks the member to send.
    pub(super) fn ask_to_send(
        &mut self,
        shared: &mut Shared,
        member: MemberId,
        kinds: TrackKinds,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        if member == self.stay {
            return Err(OWN_MEMBER);
        }
        if kinds.is_empty() {
            return Err(Error::Argument("name at least one kind of track"));
        }
        // SPEC [G19]
        self.require(Right::MuteOthers)?;
        let who = self.identity_of(member)?;
        self.change(shared, Change::Unmute(who, kinds), now_ms)?;
        self.say(shared, EventKind::Ask { to: member, kinds }, now_ms)
    }

    /// The hosts that are here, as a statement about silent hosts names them.
    pub(super) fn present_hosts(&self) -> Vec<Fingerprint> {
        policy::hosts_here(&self.state, self.roster().occupants())
    }
}
