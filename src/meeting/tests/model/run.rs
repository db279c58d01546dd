//! A run: all clients, the server and the network between them, and what can happen next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use incamera_wire::{BlobHash, Destination, MailboxId, MessageId};
use sha2::{Digest as _, Sha256};

use super::cast::{Checked, NAMES, START_MS};
use super::client::{Call, Frame, Outcome, Parcel, Phase, Sent, Step, Stimulus, Visit};
use super::table::{Node, NodeId, Table};
use crate::meeting::mistakes::Mistake;

/// How often the network and the clients may misbehave in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Entries that are lost on their way to a client, or to the server.
    pub(super) lost: u8,
    /// Entries that come twice.
    pub(super) twice: u8,
    /// Entries that overtake another.
    pub(super) early: u8,
    /// Clients that crash and knock anew.
    pub(super) crashes: u8,
    /// Times that a second goes by.
    pub(super) seconds: u8,
}

/// What a search is about.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// How many are in from the start.
    pub(super) members: usize,
    /// How many more knock from the start.
    pub(super) knockers: usize,
    /// What each does at any time, each once.
    pub(super) calls: Vec<(usize, Call)>,
    pub(super) faults: Faults,
    /// Whether what a client posts may be under way for a while; if not, the server has it at once.
    pub(super) uplink: bool,
    /// Whether steps that nobody else can notice go first.
    pub(super) reduced: bool,
    /// Who makes which mistake.
    pub(super) mistake: Option<(usize, Mistake)>,
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// A client makes the call of this number.
    Call(usize),
    /// The next entry reaches a client.
    Deliver(usize),
    /// The entry after the next reaches a client.
    Early(usize),
    /// The next entry reaches a client, and will once more.
    Twice(usize),
    /// The next entry is lost on its way to a client.
    Lose(usize),
    /// What a client posted first reaches the server.
    Post(usize),
    /// What it posted next overtakes that.
    PostEarly(usize),
    /// What it posted first is lost.
    LosePost(usize),
    /// A client is gone, and its person knocks with a new one.
    Crash(usize),
    /// A second goes by.
    Second,
}

/// Which rule was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) rule: Rule,
    pub(super) text: String,
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Members at one epoch have one authenticator.
    Agreement,
    /// What one client alone can break: merges, frames.
    Client,
    /// Whoever was removed opens nothing that was sealed since.
    Removed,
    /// In the end all agree.
    Ending,
}

impl Rule {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Agreement => "members agree",
            Self::Client => "clients keep the rules",
            Self::Removed => "the removed open nothing",
            Self::Ending => "all is well in the end",
        }
    }
}

/// A message to the server.
#[derive(Clone, Debug)]
struct Posted {
    id: MessageId,
    to: Destination,
    parcel: Parcel,
}

/// Sequence numbers below 64, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flight(u64);

impl Flight {
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    fn clear(&mut self) {
        self.0 = 0;
    }

    fn insert(&mut self, seq: usize) {
        assert!(seq < 64, "a log that is too long for this model");
        self.0 |= 1 << seq;
    }

    /// The lowest, or the one after it, which stay.
    fn get(self, place: usize) -> Option<usize> {
        let rest = if place == 0 { self.0 } else { self.0 & self.0.saturating_sub(1) };
        (rest != 0).then(|| rest.trailing_zeros() as usize)
    }

    fn remove(&mut self, seq: usize) {
        self.0 &= !(1 << seq);
    }
}

/// Everything at one moment.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) at_ms: u64,
    pub(super) clients: Vec<NodeId>,
    pub(super) log: Arc<Vec<Parcel>>,
    /// The entries on their way to each client.
    pub(super) flight: Vec<Flight>,
    uplink: Arc<Vec<VecDeque<Posted>>>,
    seen: Arc<BTreeSet<MessageId>>,
    blobs: Arc<BTreeMap<BlobHash, Parcel>>,
    /// The calls that were made, a bit for each.
    pub(super) called: u32,
    pub(super) left: Faults,
    pub(super) flaw: Option<Flaw>,
}

/// A run in a table of clients' states.
pub(super) struct Stage<'a, E: Checked>
where
    E::Joiner: 'static,
{
    pub(super) setup: &'a Setup,
    pub(super) table: &'a mut Table<E>,
}

impl View {
    /// Whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.flight.iter().all(|flight| flight.is_empty()) && self.uplink.iter().all(VecDeque::is_empty)
    }

    pub(super) fn uplink_is_empty(&self, who: usize) -> bool {
        self.uplink[who].is_empty()
    }

    pub(super) fn key<E: Checked>(&self, table: &Table<E>) -> [u8; 32]
    where
        E::Joiner: 'static,
    {
        let mut bytes = Vec::with_capacity(1_024);
        let Self { at_ms, clients, log, flight, uplink, seen: _, blobs, called, left, flaw } = self;
        clients.iter().for_each(|client| bytes.extend(table.node(*client).key));
        log.iter().for_each(|entry| bytes.extend(entry.id.to_be_bytes()));
        bytes.extend([0; 8]);
        flight.iter().for_each(|flight| bytes.extend(flight.0.to_be_bytes()));
        for uplink in uplink.iter() {
            uplink.iter().for_each(|posted| bytes.extend(posted.parcel.id.to_be_bytes()));
            bytes.extend([0xff; 8]);
        }
        bytes.extend(at_ms.to_be_bytes());
        bytes.extend(called.to_be_bytes());
        let Faults { lost, twice, early, crashes, seconds } = *left;
        bytes.extend([lost, twice, early, crashes, seconds, blobs.len() as u8]);
        bytes.push(u8::from(flaw.is_some()));
        Sha256::digest(&bytes).into()
    }
}

impl<E: Checked> Stage<'_, E>
where
    E::Joiner: 'static,
{
    fn node(&self, view: &View, who: usize) -> Arc<Node> {
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

    /// What can happen next.
    pub(super) fn actions(&mut self, view: &View) -> Vec<Action> {
        if view.flaw.is_some() {
            return Vec::new();
        }
        if self.setup.reduced
            && let Some(who) = self.alone(view)
        {
            return vec![Action::Deliver(who)];
        }
        let mut actions = Vec::new();
        for (number, (who, _)) in self.setup.calls.iter().enumerate() {
            if view.called & (1 << number) == 0 && self.node(view, *who).phase == Phase::In {
                actions.push(Action::Call(number));
            }
        }
        for who in 0..view.clients.len() {
            self.actions_at(view, who, &mut actions);
        }
        if view.left.seconds > 0 {
            actions.push(Action::Second);
        }
        actions
    }

    /// Somebody whose next step is to read the next entry, whatever the others do, and who then sends
    /// nothing. The order of such a step and of what the others do makes no difference: to explore
    /// it first, and nothing else, loses no outcome (partial-order reduction; its steps are no part
    /// of a cycle, since each uses up an entry that is under way).
    fn alone(&mut self, view: &View) -> Option<usize> {
        if view.left != Faults::default() {
            return None;
        }
        let waits = |who: usize| {
            let mut calls = self.setup.calls.iter().enumerate();
            calls.any(|(number, (by, _))| *by == who && view.called & (1 << number) == 0)
        };
        let alone = |who: &usize| !view.flight[*who].is_empty() && !waits(*who);
        let candidates: Vec<_> = (0..view.clients.len()).filter(alone).collect();
        candidates.into_iter().find(|who| {
            let Some(at) = view.flight[*who].get(0) else { return false };
            let what = Stimulus::Entry { seq: at as u64, entry: view.log[at].clone() };
            let step = Step { at_ms: view.at_ms, what };
            let taken = self.table.step(view.clients[*who], &step);
            taken.is_some_and(|(_, outcome)| outcome.sent.is_empty())
        })
    }

    fn actions_at(&self, view: &View, who: usize, actions: &mut Vec<Action>) {
        let Faults { lost, twice, early, crashes, .. } = view.left;
        let (flight, uplink) = (&view.flight[who], &view.uplink[who]);
        if !flight.is_empty() {
            actions.push(Action::Deliver(who));
            actions.extend((twice > 0).then_some(Action::Twice(who)));
            actions.extend((lost > 0).then_some(Action::Lose(who)));
        }
        actions.extend((flight.len() > 1 && early > 0).then_some(Action::Early(who)));
        if !uplink.is_empty() {
            actions.push(Action::Post(who));
            actions.extend((lost > 0).then_some(Action::LosePost(who)));
        }
        actions.extend((uplink.len() > 1 && early > 0).then_some(Action::PostEarly(who)));
        let crashes = crashes > 0 && self.node(view, who).phase != Phase::Over;
        actions.extend(crashes.then_some(Action::Crash(who)));
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
            Action::Deliver(who) => self.deliver(&mut next, who, 0, false),
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

    /// A client takes a step, and the network carries what it sends. `false` if the step was a call
    /// and was refused.
    pub(super) fn step(&mut self, view: &mut View, who: usize, what: Stimulus) -> bool {
        let step = Step { at_ms: view.at_ms, what };
        let from = view.clients[who];
        let Some((to, outcome)) = self.table.step(from, &step) else { return false };
        view.clients[who] = to;
        let Outcome { sent, flaw, .. } = &*outcome;
        if let Some(text) = flaw {
            view.flaw.get_or_insert(Flaw { rule: Rule::Client, text: text.clone() });
        }
        let past = |id: NodeId| {
            let witness = &self.table.node(id).witness;
            (witness.visits.len(), witness.frames.len())
        };
        if past(from) != past(to) {
            self.compare(view, who);
        }
        if self.node(view, who).phase == Phase::Over {
            view.flight[who].clear();
        }
        for sent in sent.clone() {
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
                    let text = format!("{} and {} are in two epochs {}", pair.0, pair.1, visit.epoch);
                    view.flaw.get_or_insert(Flaw { rule: Rule::Agreement, text });
                }
            }
            let late = |frame: &Frame, visit: &Visit| {
                frame.authenticator == visit.authenticator && !frame.roster.contains(&visit.stay)
            };
            let (mine, yours) = (&own.witness, &theirs.witness);
            let opens = mine.frames.last().is_some_and(|f| yours.visits.iter().any(|v| late(f, v)));
            let opened = mine.visits.last().is_some_and(|v| yours.frames.iter().any(|f| late(f, v)));
            if opens || opened {
                let text = format!("one of {pair:?} opens what the other sealed without it");
                view.flaw.get_or_insert(Flaw { rule: Rule::Removed, text });
            }
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.text)
    }
}
