//! A run: all clients, the server and the network between them.

use std::collections::VecDeque;
use std::sync::Arc;

use incamera_wire::{Destination, MailboxId};

use super::cast::{Checked, NAMES, START_MS};
use super::choices::{Action, Faults, Setup};
use super::client::{Outcome, Phase, Sent, Step, Stimulus};
use super::table::{Node, NodeId, Table};
use super::view::{Flaw, Flight, Posted, Rule, View};
use super::witness::{Frame, Visit};

/// A run in a table of clients' states.
pub(super) struct Stage<'a, E: Checked>
where
    E::Joiner: 'static,
{
    pub(super) setup: &'a Setup,
    pub(super) table: &'a mut Table<E>,
}

impl<E: Checked> Stage<'_, E>
where
    E::Joiner: 'static,
{
    pub(super) fn node(&self, view: &View, who: usize) -> Arc<Node> {
        Arc::clone(self.table.node(view.clients[who]))
    }

    /// The beginning: everybody is in, and those who knock have knocked.
    pub(super) fn begin(&mut self) -> View {
        let size = self.setup.members + self.setup.knockers;
        let mut view = View {
            at_ms: START_MS,
            clients: (0..size).map(|who| self.table.root(who)).collect(),
            log: Arc::default(),
            flight: vec![Flight::default(); size],
            uplink: Arc::new(vec![VecDeque::new(); size]),
            seen: Arc::default(),
            blobs: Arc::default(),
            called: 0,
            left: self.setup.faults,
            flaw: None,
        };
        for who in self.setup.members..size {
            self.step(&mut view, who, Stimulus::Connected { next: 0 });
        }
        view
    }

    /// What comes of an action; nothing if it changes nothing.
    pub(super) fn act(&mut self, view: &View, action: Action) -> Option<View> {
        let mut next = view.clone();
        match action {
            Action::Call(number) => {
                let (who, call) = self.setup.calls[number];
                next.called |= 1 << number;
                self.step(&mut next, who, Stimulus::Call(call)).then_some(())?;
            }
            Action::CallTorn(number) => {
                let (who, call) = self.setup.calls[number];
                next.called |= 1 << number;
                self.take(&mut next, who, Stimulus::Call(call))?;
                self.restore(&mut next, who, true)?;
            }
            Action::Deliver(who) => self.deliver(&mut next, who, 0, false),
            Action::DeliverTorn(who) => {
                let at = next.flight[who].get(0)?;
                let (seq, entry) = (at as u64, next.log[at].clone());
                self.take(&mut next, who, Stimulus::Entry { seq, entry })?;
                self.restore(&mut next, who, true)?;
            }
            Action::Restore(who) => self.restore(&mut next, who, true)?,
            Action::RestoreOld(who) => self.restore(&mut next, who, false)?,
            Action::Early(who) => {
                next.left.early -= 1;
                self.deliver(&mut next, who, 1, false);
            }
            Action::Twice(who) => {
                next.left.twice -= 1;
                self.deliver(&mut next, who, 0, true);
            }
            Action::Lose(who) => {
                next.left.lost -= 1;
                let first = next.flight[who].get(0)?;
                next.flight[who].remove(first);
            }
            Action::Post(who) => self.post(&mut next, who, 0),
            Action::PostEarly(who) => {
                next.left.early -= 1;
                self.post(&mut next, who, 1);
            }
            Action::LosePost(who) => {
                next.left.lost -= 1;
                Arc::make_mut(&mut next.uplink)[who].pop_front();
            }
            Action::Crash(who) => {
                next.left.crashes -= 1;
                next.flight[who].clear();
                self.step(&mut next, who, Stimulus::Reborn);
                let length = next.log.len() as u64;
                self.step(&mut next, who, Stimulus::Connected { next: length });
            }
            Action::Second => {
                next.left.seconds -= 1;
                let at_ms = next.at_ms + 1_000;
                self.pass(&mut next, at_ms);
            }
        }
        Some(next)
    }

    /// A client comes back from a snapshot; what was under way to it is gone.
    fn restore(&mut self, view: &mut View, who: usize, newest: bool) -> Option<()> {
        let Faults { restores, old, .. } = &mut view.left;
        let left = if newest { restores } else { old };
        *left = left.checked_sub(1)?;
        view.flight[who].clear();
        self.step(view, who, Stimulus::Restored { newest }).then_some(())?;
        let next = view.log.len() as u64;
        self.step(view, who, Stimulus::Connected { next });
        Some(())
    }

    /// Time goes by, and each client does what is due.
    pub(super) fn pass(&mut self, view: &mut View, at_ms: u64) {
        view.at_ms = at_ms;
        for who in 0..view.clients.len() {
            if self.node(view, who).deadline.is_some_and(|due| due <= at_ms) {
                self.step(view, who, Stimulus::Timeout);
            }
        }
    }

    /// An entry in flight reaches a client.
    pub(super) fn deliver(&mut self, view: &mut View, who: usize, place: usize, again: bool) {
        let Some(at) = view.flight[who].get(place) else { return };
        if !again {
            view.flight[who].remove(at);
        }
        let (seq, entry) = (at as u64, view.log[at].clone());
        self.step(view, who, Stimulus::Entry { seq, entry });
    }

    /// Something posted reaches the server.
    pub(super) fn post(&mut self, view: &mut View, who: usize, place: usize) {
        if let Some(posted) = Arc::make_mut(&mut view.uplink)[who].remove(place) {
            self.arrive(view, who, posted);
        }
    }

    /// A client takes a step, and what it sends is left where it is. Nothing if the step was refused.
    fn take(&mut self, view: &mut View, who: usize, what: Stimulus) -> Option<Arc<Outcome>> {
        let step = Step { at_ms: view.at_ms, what };
        let from = view.clients[who];
        let (to, outcome) = self.table.step(from, &step)?;
        view.clients[who] = to;
        let past = |id: NodeId| {
            let witness = &self.table.node(id).witness;
            (witness.visits.len(), witness.frames.len())
        };
        if past(from) != past(to) {
            self.compare(view, who);
        }
        if let Some(text) = &outcome.flaw {
            view.flaw.get_or_insert(Flaw { rule: Rule::Client, text: text.clone() });
        }
        if self.node(view, who).phase == Phase::Over {
            view.flight[who].clear();
        }
        Some(outcome)
    }

    /// A client takes a step, and the network carries what it sends. `false` if the step was refused.
    pub(super) fn step(&mut self, view: &mut View, who: usize, what: Stimulus) -> bool {
        let Some(outcome) = self.take(view, who, what) else { return false };
        for sent in outcome.sent.clone() {
            match sent {
                Sent::Post { id, to, parcel } => {
                    let posted = Posted { id, to, parcel };
                    if self.setup.uplink && posted.to == Destination::Log {
                        Arc::make_mut(&mut view.uplink)[who].push_back(posted);
                    } else {
                        self.arrive(view, who, posted);
                    }
                }
                Sent::Fetch { from } => {
                    let from = usize::try_from(from).unwrap_or(usize::MAX);
                    (from..view.log.len()).for_each(|seq| view.flight[who].insert(seq));
                }
                Sent::FetchBlob { hash } => {
                    if let Some(blob) = view.blobs.get(&hash).cloned() {
                        self.step(view, who, Stimulus::Blob(blob));
                    }
                }
            }
        }
        true
    }

    /// The server has a message. Only the log's entries take their time to those who read them.
    fn arrive(&mut self, view: &mut View, from: usize, posted: Posted) {
        let Posted { id, to, parcel } = posted;
        match to {
            // SPEC [S2]
            Destination::Log if view.seen.contains(&id) => {}
            Destination::Log => {
                let seq = view.log.len();
                Arc::make_mut(&mut view.seen).insert(id);
                Arc::make_mut(&mut view.log).push(parcel);
                for who in 0..view.clients.len() {
                    if self.node(view, who).phase != Phase::Over {
                        view.flight[who].insert(seq);
                    }
                }
            }
            Destination::Lobby => {
                for who in (0..view.clients.len()).filter(|who| *who != from) {
                    self.step(view, who, Stimulus::Lobby(parcel.clone()));
                }
            }
            Destination::Direct(mailbox) => {
                if let Some(who) = self.holder(view, mailbox) {
                    self.step(view, who, Stimulus::Direct(parcel));
                }
            }
            Destination::Blob(hash) => drop(Arc::make_mut(&mut view.blobs).insert(hash, parcel)),
        }
    }

    fn holder(&self, view: &View, mailbox: MailboxId) -> Option<usize> {
        (0..view.clients.len()).find(|who| self.node(view, *who).mailbox == Some(mailbox))
    }

    /// Compares what a client has done last with all that the others ever did.
    fn compare(&self, view: &mut View, who: usize) {
        let own = self.node(view, who);
        for other in (0..view.clients.len()).filter(|other| *other != who) {
            let theirs = self.node(view, other);
            let pair = (NAMES[who], NAMES[other]);
            if let Some(visit) = own.witness.visits.last() {
                let apart = |other: &Visit| {
                    other.confirmed
                        && other.epoch == visit.epoch
                        && other.authenticator != visit.authenticator
                };
                let alarmed = own.witness.is_alarmed() || theirs.witness.is_alarmed();
                if visit.confirmed && !alarmed && theirs.witness.visits.iter().any(apart) {
                    let text =
                        format!("{} and {} are in two epochs {}", pair.0, pair.1, visit.epoch);
                    view.flaw.get_or_insert(Flaw { rule: Rule::Agreement, text });
                }
            }
            let late = |frame: &Frame, visit: &Visit| {
                frame.authenticator == visit.authenticator && !frame.roster.contains(&visit.stay)
            };
            let (mine, yours) = (&own.witness, &theirs.witness);
            let opens = mine.frames.last().is_some_and(|f| yours.visits.iter().any(|v| late(f, v)));
            let opened =
                mine.visits.last().is_some_and(|v| yours.frames.iter().any(|f| late(f, v)));
            if opens || opened {
                let text = format!("one of {pair:?} opens what the other sealed without it");
                view.flaw.get_or_insert(Flaw { rule: Rule::Removed, text });
            }
        }
    }
}
