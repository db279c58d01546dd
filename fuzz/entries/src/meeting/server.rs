//! Clients, a server between them, and a clock.

use std::collections::{HashMap, HashSet, VecDeque};

use incamera::testing::{self, Room};
use incamera::wire::{BlobHash, MessageId};
use incamera::{
    Alarm, Destination, Error, Event, Input, Invite, KnockId, Meeting, Message, Now, Output,
    Receiver, Sealer, Settings,
};

/// The most deliveries after one operation: a meeting that goes on beyond talks to itself for ever.
const DELIVERIES: usize = 2_000;
/// The most timers of one wait.
const TIMERS: usize = 600;

pub(super) struct Client {
    pub(super) meeting: Meeting,
    pub(super) name: &'static str,
    /// What the server has for it, oldest first.
    pub(super) inbox: VecDeque<Input>,
    /// Whether the server keeps back what it has for it.
    pub(super) is_held: bool,
    /// Whether it is in and follows the log.
    pub(super) follows: bool,
    /// Whether it read anything but the server's log, or somebody else has its keys.
    pub(super) is_deceived: bool,
    /// Whether it has posted what its own rules refuse.
    pub(super) forges: bool,
    pub(super) sealer: Option<Sealer>,
    pub(super) receiver: Receiver,
    pub(super) snapshot: Option<Vec<u8>>,
    /// The knocks that it was told of.
    pub(super) knocks: Vec<KnockId>,
    /// The epoch in which it was last asked for something.
    asked_in: Option<u64>,
}

/// Why a change may be given up that was allowed when it was asked for: others were faster.
const OVERTAKEN: [&str; 4] = [
    "a change that the group's rules no longer allow",
    "the group's rules no longer allow it",
    "the right to is gone",
    "the invite is gone",
];

#[derive(Default)]
pub(super) struct World {
    pub(super) clients: Vec<Client>,
    pub(super) log: Vec<Vec<u8>>,
    seen: HashSet<MessageId>,
    blobs: HashMap<BlobHash, Vec<u8>>,
    now_ms: u64,
    seed: u8,
}

impl World {
    /// A meeting of people who are all in.
    pub(super) fn new(names: &[&'static str]) -> Self {
        let mut world = Self::default();
        let Some((host, guests)) = names.split_first() else { return world };
        let (identity, seed) = (Room::identity(host).unwrap(), world.seed());
        let created = testing::create(seed, &identity, Settings::default(), world.now()).unwrap();
        world.add(created, host);
        for name in guests {
            let invite = world.clients[0].meeting.invite().unwrap();
            world.join(name, &invite);
            world.call(0, |meeting, now| meeting.admit_all(now));
            world.wait(200);
        }
        assert!(world.clients.iter().all(|client| client.follows), "not all are in");
        world
    }

    pub(super) fn now(&self) -> Now {
        Now { monotonic_ms: self.now_ms, unix_ms: 1_790_000_000_000 + self.now_ms }
    }

    /// Another one each time.
    pub(super) fn seed(&mut self) -> [u8; 32] {
        self.seed += 1;
        [self.seed; 32]
    }

    pub(super) fn join(&mut self, name: &'static str, invite: &Invite) {
        let (identity, seed) = (Room::identity(name).unwrap(), self.seed());
        if let Ok(meeting) = testing::join(seed, &identity, invite, self.now()) {
            self.add(meeting, name);
            self.deliver();
        }
    }

    fn add(&mut self, meeting: Meeting, name: &'static str) {
        let receiver = meeting.receiver();
        let next = self.log.len() as u64;
        self.clients.push(Client {
            meeting,
            name,
            inbox: VecDeque::from([Input::Connected { next }]),
            is_held: false,
            follows: false,
            is_deceived: false,
            forges: false,
            sealer: None,
            receiver,
            snapshot: None,
            knocks: Vec::new(),
            asked_in: None,
        });
        self.collect(self.clients.len() - 1);
    }

    /// A client's process dies, and another takes its place from what was stored.
    pub(super) fn restart(&mut self, who: usize, meeting: Meeting) {
        let next = self.log.len() as u64;
        let client = &mut self.clients[who];
        client.receiver = meeting.receiver();
        (client.sealer, client.follows, client.is_deceived) = (None, false, true);
        client.inbox = VecDeque::from([Input::Connected { next }]);
        client.meeting = meeting;
    }

    /// Has a client do something: an error changes nothing, and is never a fault of the crate's own.
    pub(super) fn call(
        &mut self,
        who: usize,
        call: impl FnOnce(&mut Meeting, Now) -> Result<(), Error>,
    ) {
        let now = self.now();
        let meeting = &mut self.clients[who].meeting;
        let before = testing::digest(meeting);
        if let Err(error) = call(meeting, now) {
            assert!(!matches!(error, Error::Internal(_)), "{error}");
            assert_eq!(testing::digest(meeting), before, "changed by a failed call: {error}");
        }
        self.clients[who].asked_in = self.clients[who].meeting.epoch();
        self.collect(who);
    }

    /// Hands an input to a client.
    pub(super) fn hand_in(&mut self, who: usize, input: Input) {
        let (now, client) = (self.now(), &mut self.clients[who]);
        let done = client.meeting.handle(input, now);
        assert!(matches!(done, Ok(()) | Err(Error::Ended)), "{done:?}");
        self.collect(who);
    }

    /// Delivers until nobody has anything more to say.
    pub(super) fn deliver(&mut self) {
        for _ in 0..DELIVERIES {
            let waits = |client: &&mut Client| !client.is_held && !client.inbox.is_empty();
            let next = self.clients.iter_mut().enumerate().find(|(_, client)| waits(client));
            let Some((who, input)) = next.and_then(|(who, c)| Some((who, c.inbox.pop_front()?)))
            else {
                return;
            };
            self.hand_in(who, input);
        }
        panic!("the clients do not come to rest");
    }

    /// Lets time pass, with every timer that falls due.
    pub(super) fn wait(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        for _ in 0..TIMERS {
            let timers = self.clients.iter().filter_map(|client| client.meeting.poll_timeout());
            // A timer that is due already has fired: the next moment is another.
            let next = timers.min().unwrap_or(until).max(self.now_ms + 1);
            self.now_ms = next.min(until);
            for who in 0..self.clients.len() {
                let (now, client) = (self.now(), &mut self.clients[who]);
                let done = client.meeting.handle_timeout(now);
                assert!(matches!(done, Ok(()) | Err(Error::Ended)), "{done:?}");
                self.collect(who);
            }
            self.deliver();
            if self.now_ms == until {
                return;
            }
        }
        self.now_ms = until;
    }

    fn collect(&mut self, who: usize) {
        while let Some(output) = self.clients[who].meeting.poll() {
            match output {
                Output::Event(event) => self.clients[who].hear(&event),
                Output::Send(message) => self.post(message),
                Output::Fetch { from } => {
                    let entries = (0..).zip(&self.log).filter(|(seq, _)| *seq >= from);
                    let entry =
                        |(seq, bytes): (u64, &Vec<u8>)| Input::Log { seq, bytes: bytes.clone() };
                    let entries: Vec<Input> = entries.map(entry).collect();
                    // Whoever asks again is not sent what is on its way twice.
                    let inbox = &mut self.clients[who].inbox;
                    inbox.retain(|it| !matches!(it, Input::Log { seq, .. } if *seq >= from));
                    inbox.extend(entries);
                }
                Output::FetchBlob { hash } => {
                    let blob = self.blobs.get(&hash).cloned().map(Input::Blob);
                    self.clients[who].inbox.extend(blob);
                }
            }
        }
    }

    fn post(&mut self, Message { id, to, bytes }: Message) {
        match to {
            Destination::Log if self.seen.insert(id) => self.append(bytes),
            Destination::Log => {}
            Destination::Lobby => self.spread(&Input::Lobby(bytes)),
            Destination::Direct(mailbox) => {
                let is = |client: &&mut Client| client.meeting.mailbox() == Some(mailbox);
                for client in self.clients.iter_mut().filter(is) {
                    client.inbox.push_back(Input::Direct(bytes.clone()));
                }
            }
            Destination::Blob(hash) => drop(self.blobs.insert(hash, bytes)),
        }
    }

    /// Puts an entry into the log, for everybody.
    pub(super) fn append(&mut self, bytes: Vec<u8>) {
        let seq = self.log.len() as u64;
        self.log.push(bytes.clone());
        self.spread(&Input::Log { seq, bytes });
    }

    fn spread(&mut self, input: &Input) {
        self.clients.iter_mut().for_each(|client| client.inbox.push_back(input.clone()));
    }
}

impl Client {
    fn hear(&mut self, event: &Event) {
        match event {
            Event::Joined => self.follows = true,
            Event::Knock { knock, .. } => self.knocks.push(*knock),
            Event::Removed { .. }
            | Event::Left
            | Event::Ended { .. }
            | Event::Denied { .. }
            | Event::Resyncing { .. } => self.follows = false,
            Event::Alarm(Alarm::Clone) => {
                assert!(self.is_deceived, "an alarm about a clone that is none");
                self.follows = false;
            }
            Event::Alarm(Alarm::CannotCommit(why)) if !self.forges => {
                assert!(OVERTAKEN.contains(why), "no commit can be built: {why}");
                assert_ne!(self.meeting.epoch(), self.asked_in, "nobody was faster: {why}");
            }
            _ => {}
        }
    }
}
