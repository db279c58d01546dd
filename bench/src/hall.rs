//! Meetings as an application drives them: an ordered log, a lobby and blobs in memory, and a clock
//! that moves when told to. Nothing of the library but its public face is used.

use std::collections::{HashMap, HashSet, VecDeque};

use incamera::wire::{BlobHash, MessageId};
use incamera::{
    Destination, Event, Identity, Input, Invite, Meeting, Message, Now, Output, Settings,
};

use crate::Failure;

/// Who takes part, and the server between them.
pub struct Hall {
    /// The first one is host. Who is no longer here has left its leaf behind.
    pub seats: Vec<Option<Meeting>>,
    inboxes: Vec<VecDeque<Input>>,
    /// The log.
    pub log: Vec<Vec<u8>>,
    seen: HashSet<MessageId>,
    blobs: HashMap<BlobHash, Vec<u8>>,
    now_ms: u64,
}

/// All that a meeting has to say.
pub fn outputs(meeting: &mut Meeting) -> impl Iterator<Item = Output> {
    std::iter::from_fn(|| meeting.poll())
}

impl Hall {
    /// A meeting of the host alone.
    ///
    /// # Errors
    /// Those of the library.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let (seats, inboxes, log, seen, blobs, now_ms) = Default::default();
        let mut hall = Self { seats, inboxes, log, seen, blobs, now_ms };
        let host = Meeting::create(&Identity::generate("Host")?, settings, hall.now())?;
        hall.take_seat(host);
        hall.settle();
        Ok(hall)
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Now {
        Now { monotonic_ms: self.now_ms, unix_ms: 1_790_000_000_000 + self.now_ms }
    }

    /// Somebody's meeting.
    ///
    /// # Errors
    /// If nobody sits there.
    pub fn seat(&mut self, who: usize) -> Result<&mut Meeting, Failure> {
        Ok(self.seats.get_mut(who).and_then(Option::as_mut).ok_or("nobody sits there")?)
    }

    /// The link that the host gives out.
    ///
    /// # Errors
    /// Those of the library.
    pub fn invite(&mut self) -> Result<Invite, Failure> {
        Ok(self.seat(0)?.invite()?)
    }

    fn take_seat(&mut self, meeting: Meeting) -> usize {
        self.seats.push(Some(meeting));
        self.inboxes.push(VecDeque::from([Input::Connected { next: self.log.len() as u64 }]));
        self.seats.len() - 1
    }

    /// Somebody knocks, and waits.
    ///
    /// # Errors
    /// Those of the library.
    pub fn knock(&mut self, invite: &Invite) -> Result<usize, Failure> {
        let number = self.seats.len();
        let identity = Identity::generate(&format!("Member {number:05}"))?;
        let meeting = Meeting::join(&identity, invite, self.now())?;
        let who = self.take_seat(meeting);
        self.settle();
        Ok(who)
    }

    /// The host lets in whoever knocks, everybody learns of it, and sealers have left the epoch before.
    ///
    /// # Errors
    /// Those of the library.
    pub fn admit_all(&mut self) -> Result<(), Failure> {
        let now = self.now();
        self.seat(0)?.admit_all(now)?;
        self.pass(500);
        Ok(())
    }

    /// Whether somebody is in and others have said so.
    #[must_use]
    pub fn is_in(&self, who: usize) -> bool {
        let meeting = self.seats.get(who).and_then(Option::as_ref);
        meeting.is_some_and(|meeting| meeting.roster().iter().any(|one| one.own))
    }

    /// Somebody's device is switched off; its leaf stays.
    pub fn switch_off(&mut self, who: usize) {
        if let Some(seat) = self.seats.get_mut(who) {
            *seat = None;
        }
    }

    /// Time passes, with every timer when it falls due.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        loop {
            self.settle();
            let timers = self.seats.iter().flatten().filter_map(Meeting::poll_timeout);
            let Some(due) = timers.min().filter(|due| *due <= end) else { break };
            self.now_ms = self.now_ms.max(due);
            let now = self.now();
            let is_due = |meeting: &&mut Meeting| {
                meeting.poll_timeout().is_some_and(|due| due <= now.monotonic_ms)
            };
            for meeting in self.seats.iter_mut().flatten().filter(is_due) {
                // Who is out has no timers any more.
                let _ = meeting.handle_timeout(now);
            }
        }
        self.now_ms = end;
    }

    /// Time passes, and nobody is woken.
    pub fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    /// What is not to be taken in yet.
    pub fn put_back(&mut self, who: usize, inputs: VecDeque<Input>) {
        if let Some(inbox) = self.inboxes.get_mut(who) {
            inputs.into_iter().rev().for_each(|input| inbox.push_front(input));
        }
    }

    /// Delivers until nobody has anything more to say.
    pub fn settle(&mut self) {
        let now = self.now();
        loop {
            let mut said = Vec::new();
            let seats = self.seats.iter_mut().zip(&mut self.inboxes).enumerate();
            for (who, (seat, inbox)) in seats {
                let Some(meeting) = seat else {
                    inbox.clear();
                    continue;
                };
                for input in inbox.drain(..) {
                    // Who is out takes in nothing any more.
                    let _ = meeting.handle(input, now);
                }
                said.extend(outputs(meeting).map(|output| (who, output)));
            }
            if said.is_empty() {
                return;
            }
            for (who, output) in said {
                self.carry_out(who, output);
            }
        }
    }

    /// Does what a meeting asks of its application.
    pub fn carry_out(&mut self, who: usize, output: Output) {
        let mut answers = Vec::new();
        match output {
            Output::Event(Event::Refused { source, fault, .. }) => {
                println!("seat {who} refuses {source:?}: {fault:?}");
            }
            Output::Event(_) => {}
            Output::Fetch { from } => {
                let entries = (0..).zip(&self.log).filter(|(seq, _)| *seq >= from);
                let entry =
                    |(seq, bytes): (u64, &Vec<u8>)| Input::Log { seq, bytes: bytes.clone() };
                answers.extend(entries.map(entry));
            }
            Output::FetchBlob { hash } => {
                answers.extend(self.blobs.get(&hash).cloned().map(Input::Blob));
            }
            Output::Send(message) => return self.post(message),
        }
        if let Some(inbox) = self.inboxes.get_mut(who) {
            inbox.extend(answers);
        }
    }

    /// The blob of this name.
    #[must_use]
    pub fn blob(&self, hash: &BlobHash) -> Option<Vec<u8>> {
        self.blobs.get(hash).cloned()
    }

    fn post(&mut self, Message { id, to, bytes }: Message) {
        let input = match to {
            Destination::Log if self.seen.insert(id) => {
                self.log.push(bytes.clone());
                Input::Log { seq: self.log.len() as u64 - 1, bytes }
            }
            Destination::Log => return,
            Destination::Lobby => Input::Lobby(bytes),
            Destination::Direct(_) => Input::Direct(bytes),
            Destination::Blob(hash) => return drop(self.blobs.insert(hash, bytes)),
        };
        for (seat, inbox) in self.seats.iter().zip(&mut self.inboxes) {
            let Some(meeting) = seat else { continue };
            let mailbox = meeting.mailbox().map(Destination::Direct);
            if !matches!(to, Destination::Direct(_)) || mailbox == Some(to) {
                inbox.push_back(input.clone());
            }
        }
    }

    /// What waits for somebody, taken out of the server's hands.
    pub fn take_inbox(&mut self, who: usize) -> Vec<Input> {
        self.inboxes.get_mut(who).map(|inbox| inbox.drain(..).collect()).unwrap_or_default()
    }
}
