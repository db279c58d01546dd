//! Clients around one server on a virtual clock, event by event; whatever crosses the network may be
//! late or lost, by one seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use incamera::wire::{BlobHash, MailboxId, MessageId};
use incamera::{Destination, Event, Input, Meeting, Message, Now, Output};

use crate::chance::Chance;

pub(crate) type Failure = Box<dyn std::error::Error>;

/// Half of a round trip, in milliseconds.
pub(crate) const ONE_WAY_MS: u64 = 100;

/// What the server does to one client's log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Treatment {
    Honest,
    /// Nothing comes any more.
    Withheld,
    /// What was posted a while after this comes twice as late.
    Slower {
        since_ms: u64,
    },
}

pub(crate) struct Client {
    pub(crate) meeting: Meeting,
    mailbox: Option<MailboxId>,
    pub(crate) events: Vec<(u64, Event)>,
    pub(crate) treatment: Treatment,
    /// Neither hears nor runs before this.
    pub(crate) asleep_until: u64,
    /// Runs, and neither sends nor hears before this.
    pub(crate) cut_off_until: u64,
    /// Outputs while cut off are lost; this says whether to connect anew.
    reconnects_at: Option<u64>,
}

enum Parcel {
    /// To a client, which hears it if it is there.
    Arrives { who: usize, input: Input },
    /// To the server.
    Reaches(Message),
}

/// A parcel under way: when it arrives, and which it is.
type Due = Reverse<(u64, u64)>;

pub(crate) struct Net {
    pub(crate) clients: Vec<Client>,
    pub(crate) now_ms: u64,
    pub(crate) chance: Chance,
    /// Of a thousand messages in each direction, how many are lost.
    pub(crate) loss_permille: u64,
    log: Vec<Vec<u8>>,
    blobs: HashMap<BlobHash, Vec<u8>>,
    seen: HashSet<MessageId>,
    under_way: BinaryHeap<Due>,
    parcels: HashMap<u64, Parcel>,
    number: u64,
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            clients: Vec::new(),
            now_ms: 1_000,
            chance: Chance::new(seed),
            loss_permille: 0,
            log: Vec::new(),
            blobs: HashMap::new(),
            seen: HashSet::new(),
            under_way: BinaryHeap::new(),
            parcels: HashMap::new(),
            number: 0,
        }
    }

    pub(crate) fn now(&self) -> Now {
        Now { monotonic_ms: self.now_ms, unix_ms: 1_790_000_000_000 + self.now_ms }
    }

    pub(crate) fn add(&mut self, meeting: Meeting) -> usize {
        let mailbox = meeting.mailbox();
        self.clients.push(Client {
            meeting,
            mailbox,
            events: Vec::new(),
            treatment: Treatment::Honest,
            asleep_until: 0,
            cut_off_until: 0,
            reconnects_at: None,
        });
        let who = self.clients.len() - 1;
        self.connect(who);
        who
    }

    pub(crate) fn connect(&mut self, who: usize) {
        let next = self.log.len() as u64;
        self.arrive(self.now_ms + 2 * ONE_WAY_MS, who, Input::Connected { next });
    }

    /// A client's machine sleeps, or its network is gone: then it connects anew.
    pub(crate) fn away(&mut self, who: usize, for_ms: u64, asleep: bool) {
        let until = self.now_ms + for_ms;
        if let Some(client) = self.clients.get_mut(who) {
            client.cut_off_until = until;
            client.asleep_until = if asleep { until } else { 0 };
            client.reconnects_at = Some(until);
        }
    }

    fn arrive(&mut self, at_ms: u64, who: usize, input: Input) {
        self.ship(at_ms, Parcel::Arrives { who, input });
    }

    fn ship(&mut self, at_ms: u64, parcel: Parcel) {
        self.number += 1;
        self.under_way.push(Reverse((at_ms, self.number)));
        self.parcels.insert(self.number, parcel);
    }

    /// Something for a client, unless it is lost.
    fn send(&mut self, who: usize, input: Input) {
        let Some(client) = self.clients.get(who) else { return };
        let is_log = matches!(input, Input::Log { .. });
        let late = match client.treatment {
            Treatment::Withheld if is_log => return,
            Treatment::Slower { since_ms } if is_log => self.now_ms.saturating_sub(since_ms),
            _ => 0,
        };
        if !self.chance.permille(self.loss_permille) {
            let jitter = self.chance.within(0..=19);
            self.arrive(self.now_ms + ONE_WAY_MS + jitter + late, who, input);
        }
    }

    fn serve(&mut self, Message { id, to, bytes }: Message) {
        match to {
            Destination::Log if !self.seen.insert(id) => {}
            Destination::Log => {
                let seq = self.log.len() as u64;
                self.log.push(bytes.clone());
                for who in 0..self.clients.len() {
                    self.send(who, Input::Log { seq, bytes: bytes.clone() });
                }
            }
            Destination::Lobby => {
                for who in 0..self.clients.len() {
                    self.send(who, Input::Lobby(bytes.clone()));
                }
            }
            Destination::Direct(mailbox) => {
                let mine = |client: &Client| client.mailbox == Some(mailbox);
                if let Some(who) = self.clients.iter().position(mine) {
                    self.send(who, Input::Direct(bytes));
                }
            }
            Destination::Blob(hash) => drop(self.blobs.insert(hash, bytes)),
        }
    }

    /// Carries out what a client wants.
    pub(crate) fn poll(&mut self, who: usize) {
        while let Some(output) = self.clients.get_mut(who).and_then(|c| c.meeting.poll()) {
            if let Output::Event(event) = output {
                let at = self.now_ms;
                if let Some(client) = self.clients.get_mut(who) {
                    client.events.push((at, event));
                }
                continue;
            }
            let cut_off = self.clients.get(who).is_none_or(|c| c.cut_off_until > self.now_ms);
            if cut_off || self.chance.permille(self.loss_permille) {
                continue;
            }
            match output {
                Output::Send(message) => {
                    let at = self.now_ms + ONE_WAY_MS + self.chance.within(0..=19);
                    self.ship(at, Parcel::Reaches(message));
                }
                Output::Fetch { from } => {
                    let from = usize::try_from(from).unwrap_or(usize::MAX);
                    let missing: Vec<_> = self.log.iter().cloned().enumerate().skip(from).collect();
                    for (seq, bytes) in missing {
                        self.send(who, Input::Log { seq: seq as u64, bytes });
                    }
                }
                Output::FetchBlob { hash } => {
                    if let Some(blob) = self.blobs.get(&hash).cloned() {
                        self.send(who, Input::Blob(blob));
                    }
                }
                Output::Event(_) => {}
            }
        }
    }

    /// Lets time pass, with everything that happens in it.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        loop {
            let parcel = self.under_way.peek().map(|Reverse((at, _))| *at);
            let timers = self.clients.iter().filter_map(|client| client.wakes_at(self.now_ms));
            let Some(next) = timers.chain(parcel).min().filter(|at| *at <= end) else { break };
            self.now_ms = self.now_ms.max(next);
            self.deliver();
            self.wake();
        }
        self.now_ms = end;
    }

    fn deliver(&mut self) {
        while self.under_way.peek().is_some_and(|Reverse((at, _))| *at <= self.now_ms) {
            let Some(Reverse((_, number))) = self.under_way.pop() else { return };
            match self.parcels.remove(&number) {
                Some(Parcel::Reaches(message)) => self.serve(message),
                Some(Parcel::Arrives { who, input }) => {
                    let now = self.now();
                    let Some(client) = self.clients.get_mut(who) else { continue };
                    if client.cut_off_until <= self.now_ms {
                        let _ = client.meeting.handle(input, now);
                        self.poll(who);
                    }
                }
                None => {}
            }
        }
    }

    fn wake(&mut self) {
        for who in 0..self.clients.len() {
            let now = self.now();
            let Some(client) = self.clients.get_mut(who) else { continue };
            if client.reconnects_at.is_some_and(|at| at <= self.now_ms) {
                client.reconnects_at = None;
                self.connect(who);
            }
            let Some(client) = self.clients.get_mut(who) else { continue };
            let due = client.meeting.poll_timeout().is_some_and(|at| at <= self.now_ms);
            if due && client.asleep_until <= self.now_ms {
                let _ = client.meeting.handle_timeout(now);
            }
            self.poll(who);
        }
    }
}

impl Client {
    fn wakes_at(&self, now_ms: u64) -> Option<u64> {
        let timer = self.meeting.poll_timeout().map(|at| at.max(self.asleep_until).max(now_ms));
        timer.into_iter().chain(self.reconnects_at).min()
    }

    /// When an event came after a moment, in milliseconds since then.
    pub(crate) fn first(&self, since_ms: u64, such: impl Fn(&Event) -> bool) -> Option<u64> {
        let mut events = self.events.iter().filter(|(at, _)| *at >= since_ms);
        events.find(|(_, event)| such(event)).map(|(at, _)| at - since_ms)
    }
}
