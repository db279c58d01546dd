//! The world in a box: clients with clocks of their own, a server, a relay, and networks with every
//! fault, around one virtual clock. One seed and one script replay a run.

#![allow(dead_code, unused_imports, reason = "every user takes a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a simulation that goes wrong by itself fails by panicking"
)]

mod ask;
mod chance;
mod check;
mod clock;
mod crash;
mod media;
mod network;
mod operation;
mod script;
mod seat;
mod server;
mod tally;
mod trouble;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::rc::Rc;

use incamera::wire::{Profile, ToServer};
use incamera::{
    Alarm, DenyReason, Event, FrameError, Identity, Input, KnockId, Meeting, MemberId, Now, Output,
    Settings, testing,
};

use chance::Chance;
use clock::{Clock, Queue};
use media::Frame;
use network::Fate;
use seat::{Parcel, Reach, Seat, Standing, Way};
use server::Server;
use trouble::Trouble;

pub(crate) use network::Faults;
pub(crate) use operation::{Operation, Trick};
pub(crate) use script::{Plan, random_run, replay};
pub(crate) use seat::{Name, Who};
pub(crate) use tally::Tally;

/// The people there are.
pub(crate) const NAMES: [Name; 12] =
    ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jon", "Kim", "Lou"];

/// What is going to happen.
enum Coming {
    /// A client's timer goes off, if it is still set to that time.
    Timer(Who, u64),
    Arrival(Who, Parcel),
    /// A held message need not wait for others any longer.
    Flush(Who, Way, u64),
    /// A person answers a knock.
    Answer(Who, KnockId),
    /// Something that went wrong is over.
    Over(Who, Trouble),
}

/// Everything there is.
pub(crate) struct World {
    queue: Queue<Coming>,
    chance: Chance,
    server: Server,
    pub(crate) seats: Vec<Seat>,
    pub(crate) faults: Faults,
    frames: Vec<Frame>,
    pub(crate) tally: Tally,
    /// When a removal was decided and by whom, by stay.
    removed: HashMap<MemberId, (u64, Who)>,
    /// How often a person had to take a new identity.
    lives: HashMap<Name, u8>,
    /// The client whose traffic is of interest.
    traced: Option<Who>,
    /// Whether people still do what they like.
    pub(crate) in_play: bool,
    /// Why the last frame that somebody wanted to seal was not.
    refusal: Option<FrameError>,
    /// Whether two clients may act with one leaf.
    twins: bool,
    /// What was done, and when.
    pub(crate) script: Vec<(u64, Operation)>,
    /// What must not be.
    pub(crate) failures: Vec<String>,
    digest: DefaultHasher,
    bytes: DefaultHasher,
    /// Every key and nonce that sealed a frame.
    ledger: testing::Ledger,
}

impl World {
    /// A world with Ada alone in her meeting.
    pub(crate) fn new(seed: u64, profile: Profile, faults: Faults, traced: Option<Who>) -> Self {
        let mut world = Self {
            queue: Queue::new(),
            chance: Chance::new(seed),
            server: Server::default(),
            seats: Vec::new(),
            faults,
            frames: Vec::new(),
            tally: Tally::default(),
            removed: HashMap::new(),
            lives: HashMap::new(),
            traced,
            in_play: true,
            twins: false,
            refusal: None,
            script: Vec::new(),
            failures: Vec::new(),
            digest: DefaultHasher::new(),
            bytes: DefaultHasher::new(),
            ledger: testing::Ledger::open(),
        };
        let (identity, clock) = (world.identity(NAMES[0]), Clock::new(&mut world.chance));
        let seed = world.chance.seed();
        let mut settings = Settings::default();
        settings.profile = profile;
        let meeting = testing::create(seed, &identity, settings, clock.now(0)).unwrap();
        world.add(NAMES[0], &identity, meeting, clock);
        world
    }

    /// The identity that a person has in this life.
    fn identity(&self, name: Name) -> Identity {
        Self::identity_in(name, self.lives.get(name).copied().unwrap_or(0))
    }

    fn identity_in(name: Name, life: u8) -> Identity {
        let mut seed = [0; 32];
        seed.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        seed[31] = life;
        testing::identity(seed, name).unwrap()
    }

    fn add(&mut self, name: Name, identity: &Identity, meeting: Meeting, clock: Clock) -> Who {
        self.seats.push(Seat::new(name, identity, meeting, clock));
        let who = self.seats.len() - 1;
        self.seats[who].life = self.lives.get(name).copied().unwrap_or(0);
        self.seats[who].since_ms = self.queue.now_ms();
        self.seats[who].traffic = (self.traced == Some(who)).then(Vec::new);
        self.connect(who);
        self.pump(who);
        who
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.queue.now_ms()
    }

    /// What a client takes the time for.
    fn local(&self, who: Who) -> Now {
        self.seats[who].clock.now(self.queue.now_ms())
    }

    fn local_ms(&self, who: Who) -> u64 {
        self.local(who).monotonic_ms
    }

    /// The last client of a person that is in; else the last one.
    pub(crate) fn find(&self, name: Name) -> Option<Who> {
        let own = |seat: &Seat| seat.name == name;
        let live = self.seats.iter().rposition(|seat| own(seat) && seat.is_live());
        live.or_else(|| self.seats.iter().rposition(own))
    }

    /// The last client of a person that waits at the door, or is not let back in.
    fn waiting(&self, name: Name) -> Option<Who> {
        self.seats.iter().rposition(|seat| seat.name == name && seat.waits())
    }

    fn fail(&mut self, what: String) {
        let at_ms = self.queue.now_ms();
        self.failures.push(format!("{:>4}.{:03} s  {what}", at_ms / 1_000, at_ms % 1_000));
    }

    fn trace(&mut self, who: Who, line: impl FnOnce() -> String) {
        let at_ms = self.queue.now_ms();
        if let Some(traffic) = &mut self.seats[who].traffic {
            traffic.push((at_ms, line()));
        }
    }

    /// Takes bytes into the digest of the run.
    fn note(&mut self, bytes: &[u8]) {
        self.digest.write_u64(self.queue.now_ms());
        self.digest.write_usize(bytes.len());
        self.bytes.write(bytes);
    }

    /// Every byte that was sent. The engine keeps the Removes of one commit in a hash map: where a
    /// commit removes several, their order, and the keys that follow, are no function of the seed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.finish()
    }

    /// When what was sent, how long it was, and what everybody was told.
    pub(crate) fn digest(&self) -> u64 {
        let mut digest = self.digest.clone();
        for seat in &self.seats {
            digest.write(format!("{:?} {:?}", seat.name, seat.events).as_bytes());
        }
        digest.finish()
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end_ms = self.queue.now_ms() + ms;
        while let Some(coming) = self.queue.next_until(end_ms) {
            match coming {
                Coming::Timer(who, at_ms) => self.timer(who, at_ms),
                Coming::Arrival(who, parcel) => self.arrive(who, parcel),
                Coming::Flush(who, way, number) => {
                    if let Some(parcel) = self.seats[who].link(way).release(number, &mut self.tally)
                    {
                        self.arrive(who, parcel);
                    }
                }
                Coming::Answer(who, knock) => self.answer(who, knock),
                Coming::Over(who, trouble) => self.is_over(who, trouble),
            }
        }
    }

    fn timer(&mut self, who: Who, at_ms: u64) {
        let now = self.local(who);
        let seat = &mut self.seats[who];
        if seat.timer != Some(at_ms) || seat.reach == Reach::Asleep {
            return;
        }
        seat.timer = None;
        let Some(client) = &mut seat.client else { return };
        if client.meeting.poll_timeout().is_none_or(|due| due > now.monotonic_ms) {
            return self.pump(who);
        }
        let done = client.meeting.handle_timeout(now);
        let spins = client.meeting.poll_timeout().is_some_and(|due| due <= now.monotonic_ms);
        if done.is_err() || spins {
            self.fail(format!("{}'s timer: {done:?}, spins: {spins}", self.seats[who].name));
        }
        self.pump(who);
    }

    /// Gives something to a link, with what it overtakes.
    fn pass_on(&mut self, who: Who, way: Way, parcel: Parcel) {
        let link = self.seats[who].link(way);
        for fate in link.send(parcel, &self.faults, &mut self.chance, &mut self.tally) {
            match fate {
                Fate::Arrives(ms, parcel) => self.queue.after(ms, Coming::Arrival(who, parcel)),
                Fate::Held(number, ms) => self.queue.after(ms, Coming::Flush(who, way, number)),
            }
        }
    }

    fn arrive(&mut self, who: Who, parcel: Parcel) {
        let current = self.seats[who].connection;
        match parcel {
            Parcel::Request { connection, request } if connection == current => {
                self.trace(who, || format!("> {request:?}"));
                self.note(&request.encode());
                for (to, push) in self.server.serve(who, &request) {
                    self.push(to, push);
                }
            }
            Parcel::Push { connection, push } if connection == current => self.take_in(who, &push),
            Parcel::Frame { frame, altered } if self.seats[who].reach != Reach::Asleep => {
                self.hear(who, frame, altered);
            }
            _ => {}
        }
    }

    fn push(&mut self, to: Who, push: server::Push) {
        let connection = self.seats[to].connection;
        if let server::Push::Connected { .. } = push {
            let ms = self.chance.within(self.faults.delay_ms.clone());
            return self.queue.after(ms, Coming::Arrival(to, Parcel::Push { connection, push }));
        }
        let altered = self.chance.permille(self.faults.corrupt);
        let altered = if altered { push.altered(self.chance.next()) } else { None };
        self.tally.corrupted += u64::from(altered.is_some());
        let push = altered.unwrap_or(push);
        self.pass_on(to, Way::Down, Parcel::Push { connection, push });
    }

    fn take_in(&mut self, who: Who, push: &server::Push) {
        let now = self.local(who);
        let seat = &mut self.seats[who];
        let input = push.input();
        if let (Some(traffic), Reach::Connected) = (&mut seat.traffic, seat.reach) {
            traffic.push((self.queue.now_ms(), format!("< {input:?}")));
        }
        match (&input, seat.reach) {
            // A connection begins with its answer, whatever overtakes that.
            (Input::Connected { .. }, Reach::Connecting) => seat.reach = Reach::Connected,
            (_, Reach::Connected) => {}
            _ => return,
        }
        if seat.deaf || matches!(seat.standing, Standing::Over | Standing::Crashed) {
            return;
        }
        let Some(client) = &mut seat.client else { return };
        if let Err(error) = client.meeting.handle(input, now) {
            self.fail(format!("{} fails at an input: {error}", self.seats[who].name));
        }
        self.pump(who);
    }

    /// Carries out what a client asks for, looks at its roster, and sets its timer.
    fn pump(&mut self, who: Who) {
        let mut gone = false;
        if self.store(who) {
            return;
        }
        loop {
            let seat = &mut self.seats[who];
            let Some(output) = seat.client.as_mut().and_then(|client| client.meeting.poll()) else {
                break;
            };
            match output {
                Output::Event(event) => {
                    gone |= matches!(event, Event::Gone { .. });
                    self.tell(who, event);
                }
                output => drop(output.into_request().map(|request| self.request(who, request))),
            }
        }
        let now_ms = self.local_ms(who);
        let seat = &mut self.seats[who];
        if let Some(size) = seat.look(now_ms, gone) {
            self.tally.members = self.tally.members.max(size as u64);
            let epoch = seat.current().map_or(0, |shown| shown.epoch);
            self.tally.epochs = self.tally.epochs.max(epoch);
        }
        self.take_released(who);
        self.set_timer(who);
        if self.seats[who].dies.is_some() {
            self.die(who);
        }
    }

    fn set_timer(&mut self, who: Who) {
        let late_ms = self.chance.within(1..=15);
        let seat = &mut self.seats[who];
        if seat.reach == Reach::Asleep {
            return;
        }
        let Some(due) = seat.client.as_ref().and_then(|client| client.meeting.poll_timeout())
        else {
            return;
        };
        let at_ms = seat.clock.world_time(due).max(self.queue.now_ms()) + late_ms;
        if seat.timer.is_none_or(|set| at_ms < set || set < self.queue.now_ms()) {
            seat.timer = Some(at_ms);
            self.queue.at(at_ms, Coming::Timer(who, at_ms));
        }
    }

    fn request(&mut self, who: Who, request: ToServer) {
        let seat = &self.seats[who];
        if seat.reach == Reach::Connected {
            let (connection, request) = (seat.connection, Rc::new(request));
            self.pass_on(who, Way::Up, Parcel::Request { connection, request });
        }
    }

    /// A transport connects, again and again until it is answered.
    fn connect(&mut self, who: Who) {
        let seat = &mut self.seats[who];
        seat.connection += 1;
        seat.reach = Reach::Connecting;
        Way::ALL.into_iter().for_each(|way| seat.link(way).reset());
        let (connection, cut) = (seat.connection, seat.link(Way::Up).cut);
        let Some(client) = &seat.client else { return };
        let request = Rc::new(client.meeting.hello());
        self.server.disconnect(who);
        if !cut {
            let ms = self.chance.within(self.faults.delay_ms.clone());
            self.queue.after(ms, Coming::Arrival(who, Parcel::Request { connection, request }));
        }
    }

    /// Something is told to the person in front of a client.
    fn tell(&mut self, who: Who, event: Event) {
        let seat = &mut self.seats[who];
        match &event {
            Event::Knock { knock, .. } => {
                let (knock, ms) = (*knock, self.chance.within(100..=2_500));
                self.queue.after(ms, Coming::Answer(who, knock));
            }
            Event::Resyncing { .. } => {
                self.tally.resyncs += 1;
                seat.shown.clear();
                seat.windows.clear();
                if seat.standing != Standing::Leaving {
                    seat.standing = Standing::Resyncing;
                }
            }
            Event::Joined => {
                (seat.hopeless, seat.looks_anew) = (false, true);
                // What it showed until here it has no keys of.
                if seat.standing == Standing::Restoring {
                    seat.shown.clear();
                }
                seat.standing = Standing::In;
                self.tally.joined += 1;
            }
            Event::Removed { .. } => {
                seat.standing = Standing::Over;
                let name = seat.name;
                *self.lives.entry(name).or_default() += 1;
            }
            Event::Denied { .. } | Event::Left | Event::Ended { .. } => {
                seat.standing = Standing::Over;
                if matches!(event, Event::Denied { reason: DenyReason::Banned }) {
                    let name = seat.name;
                    *self.lives.entry(name).or_default() += 1;
                }
            }
            Event::Alarm(alarm) => {
                self.tally.alarms += 1;
                self.tally.withheld_alarms += u64::from(*alarm == Alarm::Withheld);
                self.tally.unheard_alarms += u64::from(matches!(alarm, Alarm::Unheard { .. }));
                let split = matches!(alarm, Alarm::Disagreement { .. } | Alarm::LogShrank);
                if split && !self.twins {
                    let name = seat.name;
                    self.failures.push(format!("{name} is alarmed without need: {alarm:?}"));
                }
                seat.hopeless |= *alarm == Alarm::NotBack;
                let stuck = matches!(alarm, Alarm::Clone | Alarm::Unreadable { .. });
                if stuck && !matches!(seat.standing, Standing::Leaving | Standing::Resyncing) {
                    seat.standing = Standing::Stuck;
                }
            }
            _ => {}
        }
        let at_ms = self.queue.now_ms();
        self.seats[who].events.push((at_ms, event));
    }

    /// A person answers a knock: most are let in.
    fn answer(&mut self, who: Who, knock: KnockId) {
        let (now, luck) = (self.local(who), self.chance.within(0..=99));
        let seat = &mut self.seats[who];
        if !seat.is_awake() {
            return;
        }
        let Some(client) = &mut seat.client else { return };
        // Who has the right and who is asked twice is the client's to know.
        let _ = match luck {
            0..=3 if self.in_play => client.meeting.deny(knock, DenyReason::NotExpected, now),
            4..=9 if self.in_play => Ok(()),
            _ => client.meeting.admit(knock, now),
        };
        self.pump(who);
    }
}
