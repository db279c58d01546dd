//! What networks, machines and servers do to a client, and how it passes.

use super::operation::Operation;
use super::seat::{Name, Reach, Seat, Way, Who};
use super::{Coming, World};

/// Something that goes wrong for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Partition,
    Offline,
    /// Since when, and whether the clock stands still.
    Sleep(u64, bool),
    Withheld,
    Slow,
    Split,
}

impl World {
    /// Something goes wrong.
    pub(crate) fn strike(&mut self, operation: Operation) {
        match operation {
            Operation::Partition(name, ms) => self.partition(name, ms),
            Operation::Offline(name, ms) => self.go_offline(name, ms),
            Operation::Sleep(name, ms, still) => self.sleep(name, ms, still),
            Operation::Handover(name) => {
                let Some(who) = self.running(name) else { return };
                self.tally.absences += 1;
                self.connect(who);
            }
            Operation::Withhold(name, ms) => {
                let Some(who) = self.running(name) else { return };
                self.tally.withheld += 1;
                self.server.withhold(who, true);
                self.queue.after(ms, Coming::Over(who, Trouble::Withheld));
            }
            Operation::Slow(name, ramp_ms, ms) => {
                let Some(who) = self.running(name) else { return };
                self.tally.withheld += 1;
                self.seats[who].link(Way::Down).ramp_ms = ramp_ms;
                self.queue.after(ms, Coming::Over(who, Trouble::Slow));
            }
            Operation::Split(name, ms) => self.split(name, ms),
            Operation::Garble(name, times) => {
                let Some(who) = self.running(name) else { return };
                self.tally.lies += 1;
                self.twins = true;
                self.server.garble(who, times);
            }
            Operation::Crash(name) => self.crash(name),
            _ => {}
        }
    }

    /// The client of a person that runs and has no other trouble of that kind.
    pub(crate) fn running(&self, name: Name) -> Option<Who> {
        let running = |who: &Who| {
            let seat = &self.seats[*who];
            seat.is_about() && matches!(seat.reach, Reach::Connected | Reach::Connecting)
        };
        self.find(name).filter(running)
    }

    fn partition(&mut self, name: Name, ms: u64) {
        let Some(who) = self.running(name) else { return };
        self.tally.partitions += 1;
        Way::ALL.into_iter().for_each(|way| self.seats[who].link(way).cut = true);
        self.queue.after(ms, Coming::Over(who, Trouble::Partition));
    }

    fn go_offline(&mut self, name: Name, ms: u64) {
        let Some(who) = self.running(name) else { return };
        self.tally.absences += 1;
        self.seats[who].reach = Reach::Offline;
        self.server.disconnect(who);
        self.queue.after(ms, Coming::Over(who, Trouble::Offline));
    }

    fn split(&mut self, name: Name, ms: u64) {
        let later = |seat: &Seat| seat.is_about() && seat.name >= name;
        let some: Vec<Who> = (0..self.seats.len()).filter(|who| later(&self.seats[*who])).collect();
        self.tally.lies += 1;
        self.twins = true;
        self.server.split(&some);
        for who in some {
            self.queue.after(ms, Coming::Over(who, Trouble::Split));
        }
    }

    fn sleep(&mut self, name: Name, ms: u64, still: bool) {
        let Some(who) = self.running(name) else { return };
        self.tally.absences += 1;
        self.seats[who].reach = Reach::Asleep;
        self.server.disconnect(who);
        let trouble = Trouble::Sleep(self.queue.now_ms(), still);
        self.queue.after(ms, Coming::Over(who, trouble));
    }

    /// It has passed.
    pub(crate) fn is_over(&mut self, who: Who, trouble: Trouble) {
        let seat = &mut self.seats[who];
        match trouble {
            Trouble::Partition => {
                Way::ALL.into_iter().for_each(|way| seat.link(way).cut = false);
                // A connection may outlast a short cut.
                if seat.reach == Reach::Connecting || self.chance.permille(500) {
                    self.connect_if_up(who);
                }
            }
            Trouble::Offline => {
                if seat.reach == Reach::Offline {
                    self.connect(who);
                }
            }
            Trouble::Sleep(since_ms, still) => {
                if seat.reach == Reach::Asleep {
                    if still {
                        seat.clock.stand_still(self.queue.now_ms() - since_ms);
                    }
                    seat.timer = None;
                    self.connect(who);
                    self.pump(who);
                }
            }
            Trouble::Withheld => self.server.withhold(who, false),
            Trouble::Split => self.server.rejoin(who),
            Trouble::Slow => {
                let link = seat.link(Way::Down);
                (link.slow_ms, link.ramp_ms) = (0, 0);
            }
        }
    }

    fn connect_if_up(&mut self, who: Who) {
        if matches!(self.seats[who].reach, Reach::Connected | Reach::Connecting) {
            self.connect(who);
        }
    }
}
