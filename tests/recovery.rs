//! Clients that die at every single step, and come back from what they stored (SPEC 7.14).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::{HashMap, HashSet, VecDeque};

use incamera::testing::{self, Ledger};
use incamera::wire::{BlobHash, MessageId};
use incamera::{
    Alarm, Destination, Error, Event, Expected, FrameError, Framing, Input, Invite, Meeting,
    Message, Now, Opened, Output, Role, Sealer, Settings, Track,
};

const KEY: [u8; 32] = [3; 32];
const NAMES: [&str; 4] = ["Ada", "Ben", "Cleo", "Dan"];

/// Who dies, after how many of its steps, and how many snapshots older than the newest the one is
/// that it comes back from.
#[derive(Clone, Copy, Debug)]
struct Death {
    who: usize,
    after: usize,
    back: usize,
}

struct Actor {
    meeting: Meeting,
    sealer: Option<Sealer>,
    inbox: VecDeque<Input>,
    events: Vec<Event>,
    /// Every snapshot that was ever stored, oldest first.
    stored: Vec<Vec<u8>>,
    /// How many snapshots were stored at each of its steps.
    steps: Vec<usize>,
    /// Whether it came back, and has not been told that it is in again.
    silent: bool,
}

struct Stage {
    actors: Vec<Actor>,
    log: Vec<Vec<u8>>,
    seen: HashSet<MessageId>,
    blobs: HashMap<BlobHash, Vec<u8>>,
    now_ms: u64,
    death: Option<Death>,
    died: bool,
    /// Whether all that was to happen has: what follows are heartbeats.
    quiet: bool,
    invite: Option<Invite>,
}

fn seed(who: usize, life: u8) -> [u8; 32] {
    let mut seed = [life; 32];
    seed[0] = who as u8;
    seed
}

impl Stage {
    fn now(&self) -> Now {
        Now { monotonic_ms: self.now_ms, unix_ms: 1_700_000_000_000 + self.now_ms }
    }

    fn enter(&mut self, meeting: Meeting) {
        let next = self.log.len() as u64;
        let inbox = VecDeque::from([Input::Connected { next }]);
        let sealer = None;
        let (events, stored) = (Vec::new(), Vec::new());
        self.actors.push(Actor {
            meeting,
            sealer,
            inbox,
            events,
            stored,
            steps: Vec::new(),
            silent: false,
        });
        self.settle();
    }

    fn join(&mut self) {
        let who = self.actors.len();
        let identity = testing::identity(seed(who, 0), NAMES[who]).unwrap();
        // The host may be on its way back, or out for good: its link is known.
        let invite = self.actors[0].meeting.invite().ok().or(self.invite.take());
        let invite = invite.expect("a host has a link at first");
        let meeting = testing::join(seed(who, 1), &identity, &invite, self.now()).unwrap();
        self.invite = Some(invite);
        self.enter(meeting);
        for _ in 0..25 {
            if self.actors[who].events.contains(&Event::Joined) || self.is_alarmed(0) {
                return;
            }
            self.ask(0, |host, now| host.admit_all(now));
            self.pass(1);
        }
    }

    /// Asks something of a client, which may have no part in the meeting just then.
    fn ask(&mut self, who: usize, what: impl FnOnce(&mut Meeting, Now) -> Result<(), Error>) {
        let now = self.now();
        let _ = what(&mut self.actors[who].meeting, now);
        self.after_step(who);
        self.settle();
    }

    /// A step was taken: it may be the last one, before what came of it is stored or after.
    fn after_step(&mut self, who: usize) {
        self.count(who);
        let actor = &mut self.actors[who];
        // SPEC [R3]: before the outputs are carried out.
        if actor.meeting.snapshot_due() {
            let snapshot = actor.meeting.snapshot(&KEY).unwrap();
            actor.stored.push(snapshot);
            self.count(who);
        }
    }

    fn count(&mut self, who: usize) {
        self.speak(who);
        let actor = &mut self.actors[who];
        if actor.stored.is_empty() || self.quiet {
            return;
        }
        actor.steps.push(actor.stored.len());
        let due = |death: Death| death.who == who && death.after == actor.steps.len();
        if !self.died && self.death.is_some_and(due) {
            self.die(who);
        }
    }

    fn die(&mut self, who: usize) {
        let back = self.death.map_or(0, |death| death.back);
        let Some(at) = self.actors[who].stored.len().checked_sub(back + 1) else { return };
        self.died = true;
        let identity = testing::identity(seed(who, 0), NAMES[who]).unwrap();
        let (now, expected) = (self.now(), Expected::default());
        let snapshot = self.actors[who].stored[at].clone();
        let restored = testing::restore(seed(who, 2), &identity, &snapshot, &KEY, expected, now);
        let next = self.log.len() as u64;
        let actor = &mut self.actors[who];
        actor.meeting = restored.unwrap();
        actor.sealer = None;
        actor.silent = true;
        actor.events.clear();
        actor.inbox = VecDeque::from([Input::Connected { next }]);
        actor.stored.push(actor.meeting.snapshot(&KEY).unwrap());
        self.speak(who);
    }

    /// A client tries to send a frame.
    fn speak(&mut self, who: usize) -> Option<Vec<u8>> {
        let now_ms = self.now_ms;
        let actor = &mut self.actors[who];
        if actor.sealer.is_none() {
            actor.sealer = actor.meeting.sealer(Track::MICROPHONE, Framing::Whole).ok();
        }
        let mut sealed = Vec::new();
        let result = actor.sealer.as_mut()?.seal(b"a packet", now_ms, &mut sealed);
        actor.silent &= !actor.events.contains(&Event::Joined);
        if result.is_ok() && actor.silent {
            // The event is on its way out, and the path commit has been merged.
            let told = std::iter::from_fn(|| actor.meeting.poll()).collect::<Vec<_>>();
            assert!(told.contains(&Output::Event(Event::Joined)), "SPEC [R4]");
            actor.silent = false;
            told.into_iter().for_each(|output| self.carry_out(who, output));
        }
        (result != Err(FrameError::Stopped) && result.is_ok()).then_some(sealed)
    }

    fn step(&mut self, who: usize) -> bool {
        let now = self.now();
        if let Some(output) = self.actors[who].meeting.poll() {
            self.carry_out(who, output);
            self.count(who);
            return true;
        }
        let Some(input) = self.actors[who].inbox.pop_front() else { return false };
        let _ = self.actors[who].meeting.handle(input, now);
        self.after_step(who);
        true
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            let busy = (0..self.actors.len()).filter(|who| self.step(*who)).count();
            if busy == 0 {
                return;
            }
        }
        panic!("the meeting does not come to rest");
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now_ms += 1_000;
            let now = self.now();
            for who in 0..self.actors.len() {
                let _ = self.actors[who].meeting.handle_timeout(now);
                // A timer with nothing to do is no step.
                if self.actors[who].meeting.snapshot_due() {
                    self.after_step(who);
                }
            }
            self.settle();
        }
    }

    fn carry_out(&mut self, who: usize, output: Output) {
        match output {
            Output::Event(event) => self.actors[who].events.push(event),
            Output::Fetch { from } => {
                let entries = (from..).zip(&self.log[from as usize..]);
                let inputs = entries.map(|(seq, bytes)| Input::Log { seq, bytes: bytes.clone() });
                self.actors[who].inbox.extend(inputs);
            }
            Output::FetchBlob { hash } => {
                let blob = self.blobs.get(&hash).cloned().map(Input::Blob);
                self.actors[who].inbox.extend(blob);
            }
            Output::Send(Message { id, to, bytes }) => {
                let input = match to {
                    Destination::Log => {
                        Input::Log { seq: self.log.len() as u64, bytes: bytes.clone() }
                    }
                    Destination::Lobby => Input::Lobby(bytes.clone()),
                    Destination::Direct(_) => Input::Direct(bytes.clone()),
                    Destination::Blob(hash) => return drop(self.blobs.insert(hash, bytes)),
                };
                // SPEC [S2]
                if to == Destination::Log && !self.seen.insert(id) {
                    return;
                }
                if to == Destination::Log {
                    self.log.push(bytes);
                }
                self.actors.iter_mut().for_each(|actor| actor.inbox.push_back(input.clone()));
            }
        }
    }

    fn is_alarmed(&self, who: usize) -> bool {
        let alarm =
            |event: &Event| matches!(event, Event::Alarm(Alarm::Clone | Alarm::Unreadable { .. }));
        self.actors[who].events.iter().any(alarm)
    }

    /// Those who are in, and were told so, and not that they cannot go on.
    fn live(&self) -> Vec<usize> {
        let lives = |who: &usize| {
            let Actor { meeting, events, .. } = &self.actors[*who];
            let joined = meeting.epoch().is_some() && events.contains(&Event::Joined);
            joined && !self.is_alarmed(*who)
        };
        (0..self.actors.len()).filter(lives).collect()
    }
}

/// Three join, one more comes and is removed, names and roles change, people talk.
fn play(death: Option<Death>) -> Stage {
    let mut stage = Stage {
        actors: Vec::new(),
        log: Vec::new(),
        seen: HashSet::new(),
        blobs: HashMap::new(),
        now_ms: 1_000,
        death,
        died: false,
        quiet: false,
        invite: None,
    };
    let ada = testing::identity(seed(0, 0), NAMES[0]).unwrap();
    let now = stage.now();
    let meeting = testing::create(seed(0, 1), &ada, Settings::default(), now).unwrap();
    stage.enter(meeting);
    stage.join();
    stage.join();
    stage.ask(1, |ben, now| ben.chat("hello", now));
    stage.ask(1, |ben, now| ben.rename("Benjamin", now));
    stage.join();
    let ben = testing::identity(seed(1, 0), NAMES[1]).unwrap().fingerprint();
    stage.ask(0, |ada, now| ada.set_role(ben, Role::CoHost, now));
    let dan = stage.actors[0].meeting.roster().into_iter().find(|seat| seat.name == NAMES[3]);
    if let Some(dan) = dan {
        stage.ask(0, |ada, now| ada.remove(dan.member, now));
    }
    stage.ask(2, |cleo, now| cleo.chat("goodbye", now));
    stage.ask(0, |ada, now| ada.raise_hand(true, now));
    stage.quiet = true;
    stage.pass(15);
    stage
}

/// What has to hold after any death.
fn assert_whole(stage: &mut Stage, death: Option<Death>) {
    let live = stage.live();
    let alarmed: Vec<_> = (0..stage.actors.len()).filter(|who| stage.is_alarmed(*who)).collect();
    assert!(alarmed.iter().all(|who| Some(*who) == death.map(|death| death.who)), "{death:?}");
    assert!(live.len() >= 3 || !alarmed.is_empty(), "{death:?}: {live:?}");
    let Some(first) = live.first() else { return };
    let code = stage.actors[*first].meeting.safety_code().unwrap();
    for who in &live {
        assert_eq!(stage.actors[*who].meeting.safety_code().unwrap(), code, "{death:?}: {who}");
        let mut receivers: Vec<_> = live
            .iter()
            .filter(|other| *other != who)
            .map(|other| stage.actors[*other].meeting.receiver())
            .collect();
        let sealed = stage.speak(*who).unwrap_or_else(|| panic!("{death:?}: {who} is silent"));
        for receiver in &mut receivers {
            let opened = receiver.open(0, &sealed, stage.now_ms, &mut Vec::new());
            assert!(matches!(opened, Ok(Opened::Frame { .. })), "{death:?}: {opened:?}");
        }
    }
}

/// One run with a death; whether somebody died.
fn run(death: Death) -> bool {
    let ledger = Ledger::open();
    let mut stage = play(Some(death));
    assert_whole(&mut stage, Some(death));
    assert!(ledger.seals() > 0, "{death:?}");
    assert_eq!(ledger.repeats(), 0, "{death:?}");
    // Whoever obeyed the order of things has nothing to be alarmed about.
    assert!(death.back > 0 || stage.live().len() >= 3, "{death:?}: {:?}", stage.live());
    stage.died
}

/// How many snapshots a client has stored at each of its steps, if nobody dies.
fn steps(who: usize) -> Vec<usize> {
    let mut stage = play(None);
    assert_whole(&mut stage, None);
    assert_eq!(stage.live(), [0, 1, 2]);
    stage.actors[who].steps.clone()
}

/// A client dies after each of its steps, and comes back from its newest snapshot.
fn dies_at_every_step(who: usize) {
    for after in 1..=steps(who).len() {
        assert!(run(Death { who, after, back: 0 }), "nobody died: {who} {after}");
    }
}

/// A client dies after each of its steps, and comes back from its older snapshots: of these, every
/// `one_of`th at each step, another at the next.
fn goes_back(who: usize, one_of: usize) {
    for (step, stored) in steps(who).into_iter().enumerate() {
        for back in (1..stored).filter(|back| (step + back).is_multiple_of(one_of)) {
            assert!(run(Death { who, after: step + 1, back }), "nobody died: {who} {step}");
        }
    }
}

#[test]
fn a_host_that_dies_at_any_step_comes_back_from_its_newest_snapshot() {
    // SPEC [R4], [R5], [R6]
    dies_at_every_step(0);
}

#[test]
fn a_guest_that_dies_at_any_step_comes_back_from_its_newest_snapshot() {
    // SPEC [R4], [R5], [R6]
    dies_at_every_step(1);
}

#[test]
fn a_hosts_older_snapshot_leads_back_in_or_to_an_alarm() {
    // SPEC [R7]
    goes_back(0, 4);
}

#[test]
fn a_guests_older_snapshot_leads_back_in_or_to_an_alarm() {
    // SPEC [R7]
    goes_back(1, 2);
}
