//! What must hold once the faults are over.

use incamera::wire::TrackKind;
use std::collections::HashSet;

use incamera::{Alarm, Event, FrameError, Role};

use super::World;
use super::network::Faults;
use super::seat::{Standing, Who};

/// How long the meeting has to come together, in milliseconds.
const WITHIN_MS: u64 = 300_000;
/// How long the longest trouble of a script may last, in milliseconds.
const TROUBLE_MS: u64 = 35_000;
/// How long after the decision a removed member may hear somebody at most, in milliseconds: until
/// those who cannot know of it stop, and as long again for a remover who is cut off.
const HEARD_MS: u64 = 120_000;
/// How long a person waits at the door, in milliseconds.
pub(crate) const PATIENCE_MS: u64 = 60_000;

impl World {
    /// Lets the faults pass, and time, until all agree; what does not hold then is a failure.
    pub(crate) fn finish(&mut self) {
        self.in_play = false;
        self.pass(TROUBLE_MS);
        self.faults = Faults::none();
        self.pass(25_000);
        let began_ms = self.queue.now_ms();
        self.pass(PATIENCE_MS);
        for who in 0..self.seats.len() {
            self.give_up(who);
        }
        while self.disagreement().is_some() && self.queue.now_ms() < began_ms + WITHIN_MS {
            self.pass(1_000);
            for who in 0..self.seats.len() {
                if self.seats[who].hopeless {
                    self.give_up(who);
                }
            }
        }
        self.tally.converged_ms = self.queue.now_ms() - began_ms;
        // Whoever agrees must go on agreeing.
        self.pass(20_000);
        if let Some(why) = self.disagreement() {
            self.fail(why);
        } else {
            self.hear_everybody();
        }
        let live = self.live();
        let codes: HashSet<_> =
            live.iter().filter_map(|who| Some(self.seats[*who].current()?.code)).collect();
        self.tally.apart = codes.len().saturating_sub(1) as u64;
        if self.tally.heard_after_removal_ms > HEARD_MS {
            self.fail("somebody was heard by a removed member for too long".to_owned());
        }
        self.tally.entries = self.server.entries();
        self.tally.world_ms = self.queue.now_ms();
        if self.ledger.repeats() > 0 {
            self.fail(format!("{} keys and nonces were used twice", self.ledger.repeats()));
        }
        if self.tally.replays_accepted > 0 || self.tally.altered_accepted > 0 {
            let Self { tally, .. } = self;
            let (replays, altered) = (tally.replays_accepted, tally.altered_accepted);
            self.fail(format!("{replays} replays and {altered} altered frames were accepted"));
        }
    }

    /// A person has waited at the door for long enough.
    pub(crate) fn give_up(&mut self, who: Who) {
        let now = self.local(who);
        let seat = &mut self.seats[who];
        if !seat.waits() {
            return;
        }
        if seat.client.is_none() {
            return;
        }
        seat.loose |= seat.standing == Standing::Resyncing;
        (seat.standing, seat.hopeless) = (Standing::Leaving, false);
        self.tally.gave_up += 1;
        if self.is_stranded(who) {
            self.tally.stranded += 1;
        }
        let Some(client) = &mut self.seats[who].client else { return };
        if let Err(error) = client.meeting.leave(now) {
            self.fail(format!("{} cannot even give up: {error}", self.seats[who].name));
        }
        self.pump(who);
    }

    /// Whether a person at the door is in the roster already and does not know.
    fn is_stranded(&self, who: Who) -> bool {
        let is_other = |stay| self.seats.iter().any(|seat| seat.stay == Some(stay));
        let people = self.live().into_iter().filter_map(|live| self.seats[live].client.as_ref());
        let mut people = people.flat_map(|client| client.meeting.roster());
        let (fingerprint, stay) = (self.seats[who].fingerprint, self.seats[who].stay);
        people.any(|member| {
            let own = stay == Some(member.member) || stay.is_none() && !is_other(member.member);
            member.fingerprint == fingerprint && own
        })
    }

    /// The members who follow the meeting.
    pub(crate) fn live(&self) -> Vec<Who> {
        (0..self.seats.len()).filter(|who| self.seats[*who].is_live()).collect()
    }

    /// What keeps the clients from being of one mind.
    fn disagreement(&self) -> Option<String> {
        let live = self.live();
        let code = |who: &Who| self.seats[*who].current().map(|shown| shown.code);
        let like = |who: &&Who| live.iter().filter(|other| code(other) == code(who)).count();
        let most = *live.iter().max_by_key(like)?;
        let first = self.seats[most].current()?;
        let together: Vec<Who> = live
            .iter()
            .copied()
            .filter(|who| code(who) == Some(first.code) || !self.is_told(*who))
            .collect();
        for who in &together {
            let seat = &self.seats[*who];
            let Some(shown) = seat.current() else {
                return Some(format!("{} is in and shows nobody", seat.name));
            };
            if shown.code != first.code || shown.epoch != first.epoch {
                let (other, epochs) = (self.seats[most].name, (first.epoch, shown.epoch));
                return Some(format!("{other} and {} disagree: {epochs:?}", seat.name));
            }
        }
        self.misplaced(&together, first.roster.iter().map(|(stay, _)| *stay).collect())
    }

    /// Whether the people in front of a client that a server lied to know that something is wrong.
    fn is_told(&self, who: Who) -> bool {
        let alarm = |(_, event): &(u64, Event)| {
            let Event::Alarm(alarm) = event else { return false };
            matches!(alarm, Alarm::Disagreement { .. } | Alarm::LogShrank | Alarm::Withheld)
        };
        self.tally.lies > 0 && self.seats[who].events.iter().any(alarm)
    }

    fn misplaced(&self, live: &[Who], roster: Vec<incamera::MemberId>) -> Option<String> {
        for who in live {
            let seat = &self.seats[*who];
            if !seat.stay.is_some_and(|stay| roster.contains(&stay)) {
                return Some(format!("{} is in and in nobody's roster", seat.name));
            }
        }
        for seat in self.seats.iter().filter(|seat| !seat.deaf) {
            let here = seat.stay.is_some_and(|stay| roster.contains(&stay));
            match seat.standing {
                Standing::Knocking if here => return Some(format!("{} is unconfirmed", seat.name)),
                Standing::Restoring | Standing::Resyncing => {
                    return Some(format!("{} does not come back", seat.name));
                }
                Standing::Stuck => return Some(format!("{} is stuck", seat.name)),
                // Nobody whom it could tell hears it.
                Standing::Leaving if self.tally.lies > 0 => {}
                Standing::Leaving => return Some(format!("{} does not get away", seat.name)),
                _ => {}
            }
        }
        // Nobody else, but those who are gone without a word.
        let known = |stay: &&incamera::MemberId| self.seats.iter().any(|s| s.stay == Some(**stay));
        let strangers: Vec<_> = roster.iter().filter(|stay| !known(stay)).collect();
        let silent = |standing| matches!(standing, Standing::Over | Standing::Crashed);
        let may = self
            .seats
            .iter()
            .filter(|s| (s.stay.is_none() || s.loose) && silent(s.standing))
            .count();
        (strangers.len() > may).then(|| format!("strangers are in the roster: {strangers:?}"))
    }

    /// In the end everybody hears everybody who may speak.
    fn hear_everybody(&mut self) {
        self.faults.delay_ms = 1..=1;
        let code = |who: &Who| self.seats[*who].current().map(|shown| shown.code);
        let live = self.live();
        let (of_all, before) = (live.first().and_then(code), self.frames.len());
        // Those who are apart, and know it, talk among themselves.
        let live: Vec<Who> = live.into_iter().filter(|who| code(who) == of_all).collect();
        // A lone host that is silent cannot be told from a server that withholds the log.
        let hosted = live.iter().any(|who| self.role_of(*who) == Role::Host);
        self.tally.silenced += u64::from(!hosted);
        let mut speakers = 0;
        for who in &live {
            speakers += usize::from(self.speak(*who, TrackKind::Microphone, false));
            let fine = |why: &FrameError| *why == FrameError::NotAllowed || !hosted;
            if let Some(refusal) = self.refusal.filter(|why| !fine(why)) {
                self.fail(format!("{} cannot speak: {refusal}", self.seats[*who].name));
            }
        }
        self.pass(1_000);
        let heard = |seat: &super::Seat| {
            (before..before + speakers).filter(|n| seat.opened.contains(n)).count()
        };
        for who in &live {
            let own = self.frames[before..].iter().filter(|frame| frame.sender == *who).count();
            let missing = speakers - own - heard(&self.seats[*who]);
            if missing > 0 {
                self.fail(format!(
                    "{} does not hear {missing} of the others",
                    self.seats[*who].name
                ));
            }
        }
    }
}
