//! The simulation: clients, server and relay around one clock.

use std::error::Error;
use std::rc::Rc;

use incamera::wire::{Profile, ToClient, ToServer};

use crate::client::Client;
use crate::ledger::{Chain, Frame, Page, Room};
use crate::media::{Media, Source};
use crate::net::{Action, Kind, Trick};
use crate::powers::Forged;
use crate::queue::{Dice, Queue};
use crate::relay::{Copy, Relay};
use crate::sabotage::Sabotage;
use crate::server::Server;
use crate::story::{CAST, FORGERIES_AT, HOST, Part, SCRIPT, STOPS_AT, slowness};
use crate::tally::Tally;

/// The result of a step of the simulation.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Something that is going to happen.
pub(crate) enum Coming {
    /// A request reaches the server.
    AtServer(usize, ToServer),
    /// The server's answer or push reaches a client.
    AtClient(usize, ToClient),
    /// A client's timer goes off, if it is still set to that time.
    Timer(usize, u64),
    /// The next frame of a microphone or a camera.
    Capture(usize, Kind),
    /// A genuine frame reaches the relay.
    AtRelay(usize),
    /// A copy of a frame reaches a receiver.
    AtReceiver(usize),
    /// The script goes on.
    Cue(Cue),
}

/// What the script or a person decides.
#[derive(Clone, Copy)]
pub(crate) enum Cue {
    /// Somebody opens the client.
    Enter(usize),
    /// The host answers a knock (`.0`) of a seat (`.1`).
    Answer(usize, usize),
    /// The host removes somebody.
    Expel(usize),
    /// Somebody leaves.
    Leave(usize),
    /// The relay posts forged log entries.
    Forge,
    /// The host ends the meeting.
    End,
    /// Somebody says something, to all or to one seat.
    Say(Option<usize>, &'static str),
    /// Somebody raises a hand.
    RaiseHand,
    /// How many heard a word (`.0`), and what the story says of it (`.1`).
    CountWord(&'static str, &'static str),
    /// The host mutes somebody whose client is modified.
    Mute,
    /// What came of frames of the muted microphone.
    CountMuted,
    /// A guest shares its screen without the right to.
    Share,
    /// The host makes it presenter.
    MakePresenter,
    /// What came of the shared screen.
    CountScreen,
    /// It stops sharing.
    StopSharing,
    /// The host locks the door or has people wait again.
    Lock(bool),
    /// A modified client posts something.
    Forgery(Trick),
    /// What came of it, by its place in the list.
    CountForgery(usize),
    /// The host makes somebody co-host.
    MakeCoHost,
    /// The host hands over.
    Transfer,
    /// The new host records.
    Record,
}

/// One participant's place.
pub(crate) struct Seat {
    /// Its client, once opened.
    pub(crate) client: Option<Client>,
    /// What its microphone and camera see.
    pub(crate) source: Source,
    /// Its page in the accounts.
    pub(crate) page: Page,
    /// When the host decided to remove it.
    pub(crate) expelled_at: Option<u64>,
    /// It left or the meeting ended.
    pub(crate) gone: bool,
    /// Its meeting hears nothing of the server any more; it still gets what the relay sends.
    pub(crate) deaf: bool,
    /// Its microphone and camera are on.
    pub(crate) sending: bool,
    /// It shares its screen.
    pub(crate) sharing: bool,
    timer: Option<u64>,
    uplink_free_at: u64,
}

/// Everything there is.
pub(crate) struct World {
    /// The suites of the meeting.
    pub(crate) profile: Profile,
    pub(crate) queue: Queue<Coming>,
    pub(crate) dice: Dice,
    pub(crate) server: Server,
    pub(crate) relay: Relay,
    pub(crate) seats: Vec<Seat>,
    /// Every genuine frame, by number.
    pub(crate) frames: Vec<Frame>,
    /// Every copy that was sent to somebody, by tag.
    pub(crate) copies: Vec<Copy>,
    pub(crate) tally: Tally,
    /// The seat of the host of this moment.
    pub(crate) host: usize,
    /// What a modified client posted.
    pub(crate) forged: Vec<Forged>,
    /// What the client in hand is about to post.
    pub(crate) forging: Option<(usize, Trick)>,
    chain: Chain,
    /// The faults that the clients are to have: none but in a negative control.
    pub(crate) sabotage: Vec<Sabotage>,
    /// What happened, with the time.
    pub(crate) story: Vec<(u64, String)>,
}

impl World {
    /// The stage before anybody enters.
    pub(crate) fn new(seed: u64, profile: Profile, media: &Rc<Media>) -> Self {
        let seat = |start| Seat {
            client: None,
            source: Source::new(Rc::clone(media), start),
            page: Page::default(),
            expelled_at: None,
            gone: false,
            deaf: false,
            sending: false,
            sharing: false,
            timer: None,
            uplink_free_at: 0,
        };
        let mut queue = Queue::new();
        for (seat, role) in CAST.iter().enumerate() {
            queue.at(role.enters_at, Coming::Cue(Cue::Enter(seat)));
            if role.leaves_at < STOPS_AT {
                queue.at(role.leaves_at, Coming::Cue(Cue::Leave(seat)));
            }
        }
        FORGERIES_AT.iter().for_each(|at| queue.at(*at, Coming::Cue(Cue::Forge)));
        SCRIPT.iter().for_each(|(at, cue)| queue.at(*at, Coming::Cue(*cue)));
        Self {
            profile,
            queue,
            dice: Dice::new(seed),
            server: Server::new(),
            relay: Relay::new(seed ^ 0x5eed),
            seats: (0..CAST.len()).map(|number| seat(number * 67)).collect(),
            frames: Vec::new(),
            copies: Vec::new(),
            tally: Tally::default(),
            host: HOST,
            forged: Vec::new(),
            forging: None,
            chain: Chain::default(),
            sabotage: Vec::new(),
            story: Vec::new(),
        }
    }

    /// Does the next thing; false when nothing is left to come.
    pub(crate) fn step(&mut self) -> Outcome<bool> {
        let Some(coming) = self.queue.next().filter(|_| self.queue.now() < STOPS_AT) else {
            return Ok(false);
        };
        match coming {
            Coming::AtServer(from, request) => self.at_server(from, request)?,
            Coming::AtClient(to, what) => self.at_client(to, what)?,
            Coming::Timer(seat, at) => self.timer(seat, at)?,
            Coming::Capture(seat, kind) => self.capture(seat, kind)?,
            Coming::AtRelay(frame) => self.at_relay(frame),
            Coming::AtReceiver(tag) => self.at_receiver(tag),
            Coming::Cue(cue) => self.cue(cue)?,
        }
        Ok(true)
    }

    /// Adds a line to the story.
    pub(crate) fn tell(&mut self, line: impl Into<String>) {
        self.story.push((self.queue.now(), line.into()));
    }

    /// The server takes a request; what it sends takes 10 to 50 ms, one message in seven (a lost
    /// packet of its connection) up to 250 ms more, so that messages overtake each other.
    pub(crate) fn at_server(&mut self, from: usize, request: ToServer) -> Outcome<()> {
        let (posted, before) = (request.clone(), self.server.log_len());
        let mails = self.server.serve(from, request)?;
        if self.server.log_len() > before {
            self.note_entry(before, &posted);
        }
        for mail in mails {
            let again = if self.dice.chance(140) { self.dice.within(100..=250) } else { 0 };
            let slow = slowness(mail.to, self.queue.now());
            let delay = match mail.what {
                // The first message of a connection: nothing overtakes it.
                ToClient::Connected { .. } => 10,
                _ => self.dice.within(10..=50) + again + slow,
            };
            self.queue.after(delay, Coming::AtClient(mail.to, mail.what));
        }
        Ok(())
    }

    fn at_client(&mut self, to: usize, what: ToClient) -> Outcome<()> {
        let now = self.queue.now();
        let Some(seat) = self.seats.get_mut(to) else { return Ok(()) };
        if seat.gone || seat.deaf {
            return Ok(());
        }
        if let Some(client) = &mut seat.client {
            client.handle(what, now)?;
        }
        self.pump(to)
    }

    fn timer(&mut self, number: usize, at: u64) -> Outcome<()> {
        let now = self.queue.now();
        let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
        if seat.gone || seat.timer != Some(at) {
            return Ok(());
        }
        seat.timer = None;
        if let Some(client) = &mut seat.client {
            client.timeout(now)?;
        }
        self.pump(number)
    }

    /// After every call of a client: books its epoch, does what it asks for, takes what it held.
    pub(crate) fn pump(&mut self, number: usize) -> Outcome<()> {
        let now = self.queue.now();
        self.book_epoch(number);
        loop {
            let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
            let Some(action) = seat.client.as_mut().and_then(Client::poll) else { break };
            match action {
                Action::Send(request) => self.send(number, request),
                Action::Notice(notice) => self.notice(number, notice)?,
            }
        }
        self.take_released(number);
        let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
        let next = seat.client.as_ref().filter(|_| !seat.gone).and_then(Client::poll_timeout);
        if let Some(next) = next.map(|at| at.max(now + 1)).filter(|at| seat.timer != Some(*at)) {
            seat.timer = Some(next);
            self.queue.at(next, Coming::Timer(number, next));
        }
        Ok(())
    }

    /// A request goes to the server in 10 to 30 ms and in order; one in fifty goes twice.
    pub(crate) fn send(&mut self, from: usize, request: ToServer) {
        let now = self.queue.now();
        self.note_forgery(&request);
        let twice = self.dice.chance(20);
        let delay = self.dice.within(10..=30);
        let Some(seat) = self.seats.get_mut(from) else { return };
        seat.uplink_free_at = seat.uplink_free_at.max(now + delay);
        let at = seat.uplink_free_at;
        if twice {
            self.queue.at(at, Coming::AtServer(from, request.clone()));
        }
        self.queue.at(at, Coming::AtServer(from, request));
    }

    /// Notes the epoch and the roster that a member's client has come to.
    fn book_epoch(&mut self, number: usize) {
        let now = self.queue.now();
        let Some(seat) = self.seats.get_mut(number) else { return };
        let (Some(client), page) = (&mut seat.client, &mut seat.page) else { return };
        let Some(epoch) = client.epoch().filter(|epoch| page.epoch() != Some(*epoch)) else {
            return;
        };
        let mut roster = client.roster();
        let people = roster.len();
        let seats = CAST.iter().enumerate().filter(|(seat, _)| World::is_admitted(*seat));
        let room: Room =
            seats.filter_map(|(seat, role)| Some((seat, roster.remove(role.name)?))).collect();
        self.tally.intruders += people.abs_diff(room.len()) as u64;
        self.tally.disagreements += u64::from(!self.chain.note(epoch, room));
        if page.epoch().is_none() || page.is_present() {
            page.reach(number, epoch, now, &self.chain, &self.frames);
        }
    }

    /// Whether this seat is one that the host lets in.
    pub(crate) fn is_admitted(seat: usize) -> bool {
        CAST.get(seat).is_some_and(|role| matches!(role.part, Part::Host | Part::Guest))
    }
}
