//! The clients: they knock, come, go and send, in steps of 20 milliseconds.

use std::sync::Mutex;

use incamera::wire::{MailboxId, Profile};
use incamera::{
    Error, Event, Framing, Identity, Invite, Meeting, Now, Opened, Output, Receiver, Sealer,
    Settings, Track, testing,
};

use crate::server::{Parcel, Server, To};

pub(crate) type Failure = Box<dyn std::error::Error>;

/// How far the clock goes at once, in milliseconds.
const STEP_MS: u64 = 20;
/// How often a sender seals a frame, in milliseconds.
const FRAME_EVERY_MS: u64 = 200;
/// On how many cores clients run.
const CORES: usize = 2;
/// How many clients a core takes at once.
const CLIENTS_AT_ONCE: usize = 8;

#[derive(Default)]
pub(crate) struct Frames {
    pub(crate) sealed: u64,
    pub(crate) opened: u64,
    pub(crate) lost: u64,
}

struct Client {
    meeting: Meeting,
    mailbox: Option<MailboxId>,
    ears: Receiver,
    inbox: Vec<Parcel>,
    outputs: Vec<Output>,
    joined: bool,
    over: bool,
    /// Whether somebody knocks who has not been let in.
    knocks: bool,
    trouble: Vec<Event>,
}

impl Client {
    fn new(meeting: Meeting) -> Self {
        let (mailbox, ears) = (meeting.mailbox(), meeting.receiver());
        let (inbox, outputs, trouble) = Default::default();
        Self {
            meeting,
            mailbox,
            ears,
            inbox,
            outputs,
            joined: false,
            over: false,
            knocks: false,
            trouble,
        }
    }

    /// Takes in what has come and does what is due.
    fn run(&mut self, now: Now) {
        if self.over {
            return self.inbox.clear();
        }
        for parcel in std::mem::take(&mut self.inbox) {
            let _ = self.meeting.handle(parcel.into_input(), now);
        }
        if self.meeting.poll_timeout().is_some_and(|at| at <= now.monotonic_ms) {
            let _ = self.meeting.handle_timeout(now);
        }
        self.poll();
        if std::mem::take(&mut self.knocks) {
            let _ = self.meeting.admit_all(now);
            self.poll();
        }
    }

    fn poll(&mut self) {
        while let Some(output) = self.meeting.poll() {
            match output {
                Output::Event(event) => self.note(event),
                output => self.outputs.push(output),
            }
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Joined => self.joined = true,
            Event::Knock { .. } => self.knocks = true,
            Event::Left | Event::Ended { .. } | Event::Removed { .. } | Event::Denied { .. } => {
                self.over = true;
            }
            Event::Refused { .. } | Event::Alarm(_) => self.trouble.push(event),
            _ => {}
        }
    }

    fn is_in(&self) -> bool {
        self.joined && !self.over
    }
}

pub(crate) struct Crowd {
    clients: Vec<Client>,
    pub(crate) server: Server,
    pub(crate) frames: Frames,
    invite: Invite,
    now_ms: u64,
    members: usize,
}

fn seed(number: usize) -> [u8; 32] {
    let mut seed = [7; 32];
    seed.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    seed
}

fn person(number: usize) -> Result<Identity, Error> {
    testing::identity(seed(number), &format!("Member {number}"))
}

impl Crowd {
    /// A host who lets everybody in that knocks.
    pub(crate) fn new(members: usize, profile: Profile) -> Result<Self, Failure> {
        let now = Now { monotonic_ms: 0, unix_ms: 1_790_000_000_000 };
        let mut settings = Settings::default();
        settings.profile = profile;
        let meeting = testing::create(seed(0), &person(0)?, settings, now)?;
        let (invite, clients) = (meeting.invite()?, vec![Client::new(meeting)]);
        let (server, frames) = Default::default();
        let mut crowd = Self { clients, server, frames, invite, now_ms: 0, members };
        crowd.server.connect(0, 0);
        Ok(crowd)
    }

    fn now(&self) -> Now {
        Now { monotonic_ms: self.now_ms, unix_ms: 1_790_000_000_000 + self.now_ms }
    }

    fn come(&mut self) -> Result<(), Failure> {
        let number = self.clients.len();
        let meeting = testing::join(seed(number), &person(number)?, &self.invite, self.now())?;
        self.clients.push(Client::new(meeting));
        self.server.connect(number, self.now_ms);
        Ok(())
    }

    /// Everybody knocks, evenly spread, and is in.
    pub(crate) fn storm(&mut self, over_ms: u64) -> Result<(), Failure> {
        let guests = self.members - 1;
        while self.clients.len() < self.members {
            let due = guests as u64 * (self.now_ms + STEP_MS) / over_ms;
            let due = usize::try_from(due)?.min(guests) + 1;
            while self.clients.len() < due {
                self.come()?;
            }
            self.step();
        }
        self.until(120_000, "everybody is in", |crowd| crowd.clients.iter().all(Client::is_in))?;
        self.agree()
    }

    /// Time enough for every eighth leaf to send its path.
    pub(crate) fn fill(&mut self) -> Result<(), Failure> {
        let end = self.now_ms + 4_000 + 125 * self.members as u64;
        while self.now_ms < end {
            self.step();
        }
        self.agree()
    }

    /// Some leave, others come, and some send all the while.
    pub(crate) fn churn(
        &mut self,
        churn: usize,
        senders: usize,
        over_ms: u64,
    ) -> Result<(), Failure> {
        let mut microphones: Vec<(usize, Sealer)> = Vec::new();
        for who in 0..senders {
            let client = self.clients.get_mut(who).ok_or("a sender")?;
            microphones.push((who, client.meeting.sealer(Track::MICROPHONE, Framing::Whole)?));
        }
        let start = self.now_ms;
        let (mut gone, mut come) = (0, 0);
        while self.now_ms < start + over_ms {
            let passed = self.now_ms - start;
            let due = usize::try_from(churn as u64 * passed / over_ms)?;
            while gone < due {
                gone += 1;
                let (who, now) = (self.members - gone, self.now());
                self.clients.get_mut(who).ok_or("a leaver")?.meeting.leave(now)?;
            }
            while come < due {
                come += 1;
                self.come()?;
            }
            if passed.is_multiple_of(FRAME_EVERY_MS) {
                self.talk(&mut microphones)?;
            }
            self.step();
        }
        let settled = |crowd: &Self| crowd.clients.iter().all(|c| c.is_in() || c.over);
        self.until(60_000, "everybody is in or out", settled)?;
        for _ in 0..100 {
            self.step();
        }
        self.agree()
    }

    /// Each sender seals a frame, and every tenth member opens it at once.
    fn talk(&mut self, microphones: &mut [(usize, Sealer)]) -> Result<(), Failure> {
        for (who, microphone) in microphones {
            let mut sealed = Vec::new();
            microphone.seal(
                b"twenty milliseconds of somebody speaking",
                self.now_ms,
                &mut sealed,
            )?;
            self.frames.sealed += 1;
            for listener in (0..self.members).step_by(10).filter(|listener| listener != who) {
                let Some(client) = self.clients.get_mut(listener) else { continue };
                if !client.is_in() {
                    continue;
                }
                let opened = client.ears.open(0, &sealed, self.now_ms, &mut Vec::new());
                match opened {
                    Ok(Opened::Frame { .. }) => self.frames.opened += 1,
                    // It comes out below, once its epoch is here.
                    Ok(_) => {}
                    Err(_) => self.frames.lost += 1,
                }
            }
        }
        for client in &mut self.clients {
            while client.ears.poll(self.now_ms, &mut Vec::new()).is_some() {
                self.frames.opened += 1;
            }
        }
        Ok(())
    }

    /// The host ends the meeting for all.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        let now = self.now();
        self.clients.first_mut().ok_or("the host")?.meeting.end(now)?;
        self.until(10_000, "everybody is out", |crowd| crowd.clients.iter().all(|c| c.over))
    }

    /// How many are in.
    pub(crate) fn present(&self) -> usize {
        self.clients.iter().filter(|client| client.is_in()).count()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.clients.first().and_then(|host| host.meeting.epoch()).unwrap_or_default()
    }

    pub(crate) fn meeting_ms(&self) -> u64 {
        self.now_ms
    }

    fn until(
        &mut self,
        within_ms: u64,
        what: &str,
        done: impl Fn(&Self) -> bool,
    ) -> Result<(), Failure> {
        let end = self.now_ms + within_ms;
        while !done(self) {
            if self.now_ms > end {
                let trouble = self.clients.iter().find(|client| !client.trouble.is_empty());
                let trouble = trouble.map(|client| client.trouble.clone());
                let (present, all) = (self.present(), self.clients.len());
                return Err(
                    format!("not so in time: {what}; {present} of {all}: {trouble:?}").into()
                );
            }
            self.step();
        }
        Ok(())
    }

    /// All who are in see one group.
    fn agree(&mut self) -> Result<(), Failure> {
        for _ in 0..1_000 {
            if self.server.is_quiet() && self.codes()?.len() == 1 {
                return Ok(());
            }
            self.step();
        }
        let codes = self.codes()?.len();
        Err(format!("the members see {codes} groups").into())
    }

    fn codes(&self) -> Result<Vec<String>, Failure> {
        let mut codes = Vec::new();
        for client in self.clients.iter().filter(|client| client.is_in()) {
            codes.push(client.meeting.safety_code()?.to_string());
        }
        codes.sort_unstable();
        codes.dedup();
        Ok(codes)
    }

    /// Runs all clients on both cores, a few at a time: some have more to do than others.
    fn run_all(&mut self) {
        let now = self.now();
        let groups = Mutex::new(self.clients.chunks_mut(CLIENTS_AT_ONCE));
        let next = || groups.lock().ok().and_then(|mut groups| groups.next());
        std::thread::scope(|scope| {
            for _ in 0..CORES {
                scope.spawn(|| {
                    while let Some(clients) = next() {
                        clients.iter_mut().for_each(|client| client.run(now));
                    }
                });
            }
        });
    }

    /// Moves the clock, hands out what arrives, and runs all clients on both cores.
    fn step(&mut self) {
        self.now_ms += STEP_MS;
        for (to, parcel) in self.server.arrived(self.now_ms) {
            let to_all = self.clients.len() as u64;
            match to {
                To::Everyone => {
                    self.server.count(&parcel, to_all);
                    self.clients.iter_mut().for_each(|client| client.inbox.push(parcel.clone()));
                }
                To::One(who) => {
                    self.server.count(&parcel, 1);
                    if let Some(client) = self.clients.get_mut(who) {
                        client.inbox.push(parcel);
                    }
                }
                To::Mailbox(mailbox) => {
                    self.server.count(&parcel, 1);
                    let mine = |client: &&mut Client| client.mailbox == Some(mailbox);
                    if let Some(client) = self.clients.iter_mut().find(mine) {
                        client.inbox.push(parcel);
                    }
                }
            }
        }
        self.run_all();
        for who in 0..self.clients.len() {
            let Some(client) = self.clients.get_mut(who) else { continue };
            for output in std::mem::take(&mut client.outputs) {
                match output {
                    Output::Send(message) => self.server.post(message, self.now_ms),
                    Output::Fetch { from } => self.server.fetch(who, from, self.now_ms),
                    Output::FetchBlob { hash } => self.server.fetch_blob(who, &hash, self.now_ms),
                    Output::Event(_) => {}
                }
            }
        }
    }
}
