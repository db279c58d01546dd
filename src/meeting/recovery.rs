//! A member that comes from a snapshot: how it comes back in, and how two that are one find out
//! (SPEC \[R4\] to \[R7\]).

use core::ops::Range;
use std::collections::VecDeque;

use incamera_wire::{EventKind, StayId};
use sha2::{Digest as _, Sha256};

use super::face::{Alarm, Event, Resync};
use super::intents::Batch;
use super::member::{Member, Standing};
use super::shared::Shared;
use crate::error::Error;
use crate::mls::{CommitFacts, Engine};

/// How many entries of the log a restored member reads to catch up, at most.
pub(super) const MAX_BEHIND: u64 = 65_536;

/// What a member knows of its former self.
#[derive(Default)]
pub(super) struct Recovery {
    /// The counters of events that neither the former self nor this one has used.
    pub(super) foreign: Range<u64>,
    /// The length of the log, as the server told it: nothing is committed before it is read.
    head: Option<u64>,
    /// Whether this client has shown that it is back.
    shown: bool,
    /// Whether the commit on its way was built after the restore, with a path.
    returns: bool,
    /// The latest events of this stay that came from the log: counters and hashes.
    read: VecDeque<(u64, [u8; 32])>,
}

/// How many of its own events a member remembers.
const MAX_READ: usize = 64;

impl Recovery {
    /// Everything that tells two apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut Sha256) {
        let Self { foreign, head, shown, returns, read } = self;
        hash.update(format!("{foreign:?} {head:?} {shown} {returns} {read:?}"));
    }

    /// Whether this client has shown that it is back.
    #[cfg(test)]
    pub(super) fn is_shown(&self) -> bool {
        self.shown
    }

    /// Whether another event of this stay came under this counter before.
    fn reads_another(&mut self, counter: u64, signed: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(signed).into();
        if let Some((_, before)) = self.read.iter().find(|(of, _)| *of == counter) {
            return *before != hash;
        }
        if self.read.len() >= MAX_READ {
            self.read.pop_front();
        }
        self.read.push_back((counter, hash));
        false
    }
}

impl<E: Engine> Member<E> {
    /// Learns how much of the log there is to read.
    pub(super) fn learn_head(&mut self, shared: &mut Shared, head: u64) {
        if self.standing != Standing::Restored {
            return;
        }
        // SPEC [R5]
        if head.saturating_sub(shared.log_position) > MAX_BEHIND {
            self.break_off();
            shared.lose_track(Resync::Restore);
        }
        self.recovery.head = Some(head);
    }

    /// Commits the path that lets a restored member seal again, once it has read all that was in the
    /// log and no commit of its former self is on its way.
    pub(super) fn return_by_commit(
        &mut self,
        shared: &mut Shared,
        now_ms: u64,
    ) -> Result<(), Error> {
        // SPEC [R5]
        let caught_up = self.recovery.head.is_some_and(|head| shared.log_position >= head);
        if !caught_up || self.group.has_pending() || self.is_ordered_out() {
            return Ok(());
        }
        self.show(shared, now_ms)?;
        // SPEC [G16]: while orders bind, nothing is valid but what carries them out, with a path.
        let batch = match self.intents.orders.is_empty() {
            true => Some(Batch { renews: true, ..Batch::default() }),
            false => self.intents.next(self.roster(), now_ms),
        };
        let Some(batch) = batch else { return Ok(()) };
        self.commit(shared, &batch, now_ms)?;
        self.recovery.returns = true;
        Ok(())
    }

    /// Says something, once: whoever else acts as this member reads a counter that is not its own.
    fn show(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        if !self.recovery.shown {
            // SPEC [R7]
            let authenticator = self.epochs.current().authenticator;
            self.say(shared, EventKind::Confirm { authenticator }, now_ms)?;
            self.recovery.shown = true;
        }
        Ok(())
    }

    /// Whether this commit, just merged, is the path of its own that a restored member waits for. It
    /// is in from here on.
    pub(super) fn returns_by(&mut self, facts: &CommitFacts) -> bool {
        let built_since = core::mem::take(&mut self.recovery.returns);
        // SPEC [R4]: one that was built before may lead where the former self has sealed.
        let returns = built_since && facts.own && facts.path;
        let returns = returns && self.standing == Standing::Restored;
        if returns {
            self.standing = Standing::Confirmed;
        }
        returns
    }

    /// From here on sealing works and people are told.
    pub(super) fn come_back(&mut self, shared: &mut Shared, now_ms: u64) {
        // SPEC [M13]: sealers may have been taken before, and may run beside this call.
        shared.gate_relay(&self.state);
        shared.keyring.allow_sealing(true);
        shared.tell(Event::Joined);
        self.begin_liveness(now_ms);
        self.vet_all(shared);
    }

    /// Looks whether a verified event of this stay is by somebody else who has its keys.
    pub(super) fn look_for_clone(
        &mut self,
        shared: &mut Shared,
        author: StayId,
        counter: u64,
        signed: &[u8],
        now_ms: u64,
    ) {
        if author != self.stay {
            return;
        }
        let unused = counter >= self.counter || self.recovery.foreign.contains(&counter);
        // SPEC [R7]
        if unused || self.recovery.reads_another(counter, signed) {
            self.notice_clone(shared, now_ms);
        }
    }

    /// Somebody else acts as this member: which of the two goes on is decided by neither.
    pub(super) fn notice_clone(&mut self, shared: &mut Shared, now_ms: u64) {
        if self.broken {
            return;
        }
        if self.standing == Standing::Restored {
            // Without randomness the other one learns it later, or not.
            let _ = self.show(shared, now_ms);
        }
        // SPEC [R7], [M9]
        self.break_off();
        shared.keyring.allow_sealing(false);
        shared.tell(Event::Alarm(Alarm::Clone));
        shared.lose_track(Resync::Clone);
    }
}
