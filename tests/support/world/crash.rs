//! Clients that die, come back from what they stored, or run twice.

use incamera::{Expected, Meeting, testing};

use super::World;
use super::clock::Clock;
use super::seat::{Client, Death, Name, Reach, Seat, Standing, Who};

/// The key of all snapshots.
const KEY: [u8; 32] = [7; 32];
/// How many snapshots are kept: an application keeps one.
const KEPT: usize = 8;

impl World {
    /// Stores what a client wants stored, before anything of it is carried out; true if it dies here.
    pub(crate) fn store(&mut self, who: Who) -> bool {
        let seat = &mut self.seats[who];
        let Some(client) = &mut seat.client else { return false };
        if seat.dies == Some(Death::BeforeStoring) {
            self.die(who);
            return true;
        }
        if !client.meeting.snapshot_due() {
            return false;
        }
        match client.meeting.snapshot(&KEY) {
            Ok(snapshot) => seat.stored.push(snapshot),
            Err(error) => {
                let name = seat.name;
                self.fail(format!("{name} has a snapshot due and cannot take it: {error}"));
                return false;
            }
        }
        if seat.stored.len() > KEPT {
            seat.stored.remove(0);
        }
        let dies = seat.dies == Some(Death::BeforeSending);
        if dies {
            self.die(who);
        }
        dies
    }

    /// A client dies at its next step.
    pub(crate) fn crash(&mut self, name: Name) {
        let Some(who) = self.running(name) else { return };
        let deaths = [Death::BeforeStoring, Death::BeforeSending, Death::AfterSending];
        self.seats[who].dies = self.chance.pick(&deaths);
    }

    pub(crate) fn die(&mut self, who: Who) {
        self.tally.crashes += 1;
        let seat = &mut self.seats[who];
        seat.loose |= seat.standing == Standing::Resyncing;
        (seat.client, seat.standing, seat.timer) = (None, Standing::Crashed, None);
        seat.dies = None;
        self.server.disconnect(who);
    }

    /// The meeting in a snapshot of a client's, so many snapshots before the newest.
    fn stored(&mut self, who: Who, back: u64, clock: &Clock) -> Option<Meeting> {
        let seat = &self.seats[who];
        let at = seat.stored.len().checked_sub(back as usize + 1)?;
        let identity = Self::identity_in(seat.name, seat.life);
        let (seed, now) = (self.chance.seed(), clock.now(self.queue.now_ms()));
        let snapshot = &self.seats[who].stored[at];
        let restored = testing::restore(seed, &identity, snapshot, &KEY, Expected::default(), now);
        match restored {
            Ok(meeting) => Some(meeting),
            Err(error) => {
                let name = self.seats[who].name;
                self.fail(format!("{name} cannot be restored: {error}"));
                None
            }
        }
    }

    /// A client that died comes back, on a machine that has started anew.
    pub(crate) fn restore(&mut self, name: Name, back: u64) {
        let dead = |seat: &Seat| seat.name == name && seat.standing == Standing::Crashed;
        let Some(who) = self.seats.iter().rposition(dead) else { return };
        let clock = Clock::new(&mut self.chance);
        let Some(meeting) = self.stored(who, back, &clock) else { return };
        self.tally.restores += 1;
        self.twins |= back > 0;
        self.come_back(who, meeting, clock);
    }

    fn come_back(&mut self, who: Who, meeting: Meeting, clock: Clock) {
        let seat = &mut self.seats[who];
        seat.client = Some(Client::new(meeting));
        let leaves = seat.client.as_ref().is_some_and(|client| client.microphone.is_none());
        seat.standing = if leaves { Standing::Leaving } else { Standing::Restoring };
        (seat.clock, seat.reach) = (clock, Reach::Connecting);
        seat.looks_anew = true;
        seat.shown.clear();
        seat.windows.clear();
        self.connect(who);
        self.pump(who);
    }

    /// A second client runs from what the first one stored.
    pub(crate) fn clone_client(&mut self, name: Name) {
        let Some(who) = self.awake(name) else { return };
        let clock = Clock::new(&mut self.chance);
        let Some(meeting) = self.stored(who, 0, &clock) else { return };
        self.tally.clones += 1;
        self.twins = true;
        let (identity, life) =
            (Self::identity_in(name, self.seats[who].life), self.seats[who].life);
        let stored = self.seats[who].stored.clone();
        let clone = self.add(name, &identity, meeting, clock.clone());
        let seat = &mut self.seats[clone];
        (seat.life, seat.stored, seat.standing) = (life, stored, Standing::Restoring);
    }
}
