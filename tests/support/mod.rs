//! A world in a box: clients, a server that orders their messages, and a virtual clock.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::collections::{HashMap, HashSet};

use incamera::wire::{BlobHash, MailboxId, MessageId};
use incamera::{
    Destination, Error, Event, Input, Invite, KnockId, Meeting, MemberId, Message, Now, Output,
    Settings, testing,
};

/// Names a client of the world.
pub(crate) type Who = usize;

pub(crate) struct Client {
    pub(crate) name: &'static str,
    pub(crate) meeting: Meeting,
    pub(crate) events: Vec<Event>,
    /// Whether the server delivers to it.
    pub(crate) online: bool,
    /// Whether the server keeps back what it sends, in [`World::withheld`].
    pub(crate) unheard: bool,
    /// What the server has for it, oldest first.
    inbox: Vec<Input>,
}

/// A server and its clients.
pub(crate) struct World {
    pub(crate) clients: Vec<Client>,
    pub(crate) log: Vec<Vec<u8>>,
    pub(crate) lobby: Vec<Vec<u8>>,
    pub(crate) directs: Vec<(MailboxId, Vec<u8>)>,
    pub(crate) blobs: HashMap<BlobHash, Vec<u8>>,
    pub(crate) now_ms: u64,
    /// Messages that a test keeps from the server.
    pub(crate) withheld: Vec<Message>,
    /// Whether the server forgets blobs at once.
    pub(crate) lose_blobs: bool,
    /// Whether the server loses what is posted to the lobby.
    pub(crate) lose_lobby: bool,
    /// Entries of the log that the server keeps from a client.
    pub(crate) lost: HashSet<(Who, u64)>,
    seen: HashSet<MessageId>,
    seed: u8,
}

impl World {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            clients: Vec::new(),
            log: Vec::new(),
            lobby: Vec::new(),
            directs: Vec::new(),
            blobs: HashMap::new(),
            now_ms: 1_000,
            withheld: Vec::new(),
            lose_blobs: false,
            lose_lobby: false,
            lost: HashSet::new(),
            seen: HashSet::new(),
            seed,
        }
    }

    /// A world with a host and members who have all joined, and their indices.
    pub(crate) fn meeting(seed: u8, names: &[&'static str]) -> Self {
        let mut world = Self::new(seed);
        world.create(names[0]);
        for name in &names[1..] {
            let who = world.knock(name);
            world.admit_all(0);
            assert!(world.has_joined(who), "{name} must be in");
        }
        world
    }

    pub(crate) fn now(&self) -> Now {
        Now { monotonic_ms: self.now_ms, unix_ms: 1_700_000_000_000 + self.now_ms }
    }

    fn fresh_seed(&self) -> [u8; 32] {
        let mut seed = [self.seed; 32];
        seed[0] = self.clients.len() as u8;
        seed
    }

    pub(crate) fn create(&mut self, name: &'static str) -> Who {
        self.create_with(name, Settings::default())
    }

    pub(crate) fn create_with(&mut self, name: &'static str, settings: Settings) -> Who {
        let seed = self.fresh_seed();
        let identity = testing::identity(seed, name).unwrap();
        let meeting = testing::create(seed, &identity, settings, self.now()).unwrap();
        self.add(name, meeting)
    }

    /// A client that knocks with the host's current invite.
    pub(crate) fn knock(&mut self, name: &'static str) -> Who {
        let invite = self.clients[0].meeting.invite().unwrap();
        self.knock_with(name, &invite)
    }

    pub(crate) fn knock_with(&mut self, name: &'static str, invite: &Invite) -> Who {
        let seed = self.fresh_seed();
        let identity = testing::identity(seed, name).unwrap();
        let meeting = testing::join(seed, &identity, invite, self.now()).unwrap();
        let who = self.add(name, meeting);
        self.settle();
        who
    }

    /// A client that offers a passcode when it knocks.
    pub(crate) fn knock_proving(
        &mut self,
        name: &'static str,
        invite: &Invite,
        passcode: &str,
    ) -> Who {
        let seed = self.fresh_seed();
        let identity = testing::identity(seed, name).unwrap();
        let meeting = testing::join_with_passcode(seed, &identity, invite, passcode, self.now());
        let who = self.add(name, meeting.unwrap());
        self.settle();
        who
    }

    /// Delivers what was kept back, and keeps back nothing more.
    pub(crate) fn release(&mut self) {
        self.clients.iter_mut().for_each(|client| client.unheard = false);
        for message in std::mem::take(&mut self.withheld) {
            self.serve(message);
        }
        self.settle();
    }

    /// The knock that a client showed last.
    pub(crate) fn last_knock(&self, who: Who) -> KnockId {
        let knock = |event: &Event| match event {
            Event::Knock { knock, .. } => Some(*knock),
            _ => None,
        };
        self.clients[who].events.iter().rev().find_map(knock).unwrap()
    }

    /// Asks something of a client's meeting that must work, and lets it happen.
    #[track_caller]
    pub(crate) fn ask<T>(
        &mut self,
        who: Who,
        what: impl FnOnce(&mut Meeting, Now) -> Result<T, Error>,
    ) -> T {
        let now = self.now();
        let asked = what(&mut self.clients[who].meeting, now).unwrap();
        self.settle();
        asked
    }

    /// How many events of a client are such.
    pub(crate) fn count(&self, who: Who, such: impl Fn(&Event) -> bool) -> usize {
        self.clients[who].events.iter().filter(|event| such(event)).count()
    }

    pub(crate) fn add(&mut self, name: &'static str, meeting: Meeting) -> Who {
        let client =
            Client { name, meeting, events: vec![], online: true, unheard: false, inbox: vec![] };
        self.clients.push(client);
        let who = self.clients.len() - 1;
        self.connect(who);
        who
    }

    /// Connects a client anew.
    pub(crate) fn connect(&mut self, who: Who) {
        self.clients[who].online = true;
        let next = self.log.len() as u64;
        self.clients[who].inbox.push(Input::Connected { next });
    }

    /// A client's process dies, with what was on its way to it, and another takes its place.
    pub(crate) fn restart(&mut self, who: Who, meeting: Meeting) {
        self.clients[who].meeting = meeting;
        self.clients[who].inbox.clear();
        self.connect(who);
    }

    /// Everything that the host has not answered is admitted.
    pub(crate) fn admit_all(&mut self, host: Who) {
        let knocks: Vec<KnockId> = self.clients[host]
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Knock { knock, .. } => Some(*knock),
                _ => None,
            })
            .collect();
        let now = self.now();
        for knock in knocks {
            match self.clients[host].meeting.admit(knock, now) {
                Ok(()) | Err(Error::UnknownKnock) => {}
                Err(error) => panic!("admit: {error}"),
            }
        }
        self.settle();
        // Who is let in right after somebody else waits for company.
        self.pass(100);
    }

    /// Lets everything happen that happens without time passing.
    pub(crate) fn settle(&mut self) {
        for _ in 0..10_000 {
            if !self.step() {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    /// Delivers one round of inputs and outputs; `false` if nothing was there to do.
    pub(crate) fn step(&mut self) -> bool {
        let now = self.now();
        let mut busy = false;
        for who in 0..self.clients.len() {
            let client = &mut self.clients[who];
            if client.online {
                for input in std::mem::take(&mut client.inbox) {
                    busy = true;
                    let _ = client.meeting.handle(input, now);
                }
            }
            while let Some(output) = self.clients[who].meeting.poll() {
                busy = true;
                self.carry_out(who, output);
            }
        }
        busy
    }

    fn carry_out(&mut self, who: Who, output: Output) {
        match output {
            Output::Event(event) => self.clients[who].events.push(event),
            _ if !self.clients[who].online => {}
            Output::Send(message) if self.clients[who].unheard => self.withheld.push(message),
            Output::Send(message) => self.serve(message),
            Output::Fetch { from } => {
                let entries = self.log.iter().enumerate().skip(from as usize);
                let inputs: Vec<_> = entries
                    .filter(|(seq, _)| !self.lost.contains(&(who, *seq as u64)))
                    .map(|(seq, bytes)| Input::Log { seq: seq as u64, bytes: bytes.clone() })
                    .collect();
                self.clients[who].inbox.extend(inputs);
            }
            Output::FetchBlob { hash } => {
                if let Some(blob) = self.blobs.get(&hash) {
                    self.clients[who].inbox.push(Input::Blob(blob.clone()));
                }
            }
        }
    }

    /// What the server does with a message.
    pub(crate) fn serve(&mut self, Message { id, to, bytes }: Message) {
        match to {
            // SPEC [S2]
            Destination::Log if !self.seen.insert(id) => {}
            Destination::Log => self.append(bytes),
            Destination::Lobby if self.lose_lobby => {}
            Destination::Lobby => {
                self.lobby.push(bytes.clone());
                self.everyone(&Input::Lobby(bytes));
            }
            Destination::Direct(mailbox) => {
                self.directs.push((mailbox, bytes.clone()));
                for client in &mut self.clients {
                    if client.meeting.mailbox() == Some(mailbox) {
                        client.inbox.push(Input::Direct(bytes.clone()));
                    }
                }
            }
            Destination::Blob(_) if self.lose_blobs => {}
            Destination::Blob(hash) => drop(self.blobs.insert(hash, bytes)),
        }
    }

    /// Puts an entry at the end of the log.
    pub(crate) fn append(&mut self, bytes: Vec<u8>) {
        let seq = self.log.len() as u64;
        self.log.push(bytes.clone());
        self.everyone(&Input::Log { seq, bytes });
    }

    fn everyone(&mut self, input: &Input) {
        for (who, client) in self.clients.iter_mut().enumerate() {
            let lost = |seq: &u64| self.lost.contains(&(who, *seq));
            let lost = matches!(input, Input::Log { seq, .. } if lost(seq));
            if client.online && !lost {
                client.inbox.push(input.clone());
            }
        }
    }

    /// Lets time pass, every timer on time.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        loop {
            self.settle();
            let timers = self.clients.iter().filter_map(|client| client.meeting.poll_timeout());
            let Some(next) = timers.min().filter(|at| *at <= end) else { break };
            self.now_ms = self.now_ms.max(next);
            let now = self.now();
            for client in &mut self.clients {
                if client.meeting.poll_timeout().is_some_and(|at| at <= self.now_ms) {
                    client.meeting.handle_timeout(now).unwrap();
                    let next = client.meeting.poll_timeout();
                    assert!(next.is_none_or(|at| at > self.now_ms), "{} spins", client.name);
                }
            }
        }
        self.now_ms = end;
        self.settle();
    }

    pub(crate) fn has_joined(&self, who: Who) -> bool {
        self.clients[who].events.contains(&Event::Joined)
    }

    pub(crate) fn member_id(&self, who: Who) -> MemberId {
        let roster = self.clients[who].meeting.roster();
        roster.into_iter().find(|participant| participant.own).unwrap().member
    }

    pub(crate) fn names(&self, who: Who) -> Vec<String> {
        self.clients[who].meeting.roster().into_iter().map(|p| p.name).collect()
    }

    /// Asserts that these clients see one group with one roster.
    #[track_caller]
    pub(crate) fn assert_agreed(&mut self, members: &[Who]) {
        let code = self.clients[members[0]].meeting.safety_code().unwrap();
        let names = self.names(members[0]);
        for who in members {
            assert_eq!(self.clients[*who].meeting.safety_code().unwrap(), code, "client {who}");
            assert_eq!(self.names(*who), names, "client {who}");
        }
        assert_eq!(names.len(), members.len());
    }

    /// The refusals that a client reported.
    pub(crate) fn refusals(&self, who: Who) -> Vec<&Event> {
        let refused = |event: &&Event| matches!(event, Event::Refused { .. });
        self.clients[who].events.iter().filter(refused).collect()
    }
}
