//! What people, networks and attackers do: the words of a script.

use incamera::Role;

use super::World;
use super::seat::Name;

/// One thing that happens. Whoever is named and is not there does nothing. Times are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Somebody who is not there opens a link.
    Join(Name),
    /// Somebody who is there opens a link on a second device.
    SecondDevice(Name),
    /// Somebody has waited at the door for long enough.
    GiveUp(Name),
    Leave(Name),
    End(Name),
    Remove(Name, Name),
    /// As `Remove`, of a client that has been made deaf to it.
    RemoveDeaf(Name, Name),
    Mute(Name, Name),
    Unmute(Name, Name),
    MuteAll(Name),
    UnmuteAll(Name),
    ForbidUnmute(Name, bool),
    Lock(Name),
    /// Those who knock wait.
    Unlock(Name),
    /// Those who knock come in.
    OpenDoor(Name),
    SetRole(Name, Name, Role),
    TransferHost(Name, Name),
    /// A host lists all the co-hosts who are here.
    SetSuccession(Name),
    DeclareSilent(Name),
    Chat(Name),
    Whisper(Name, Name),
    React(Name),
    RaiseHand(Name, bool),
    Announce(Name),
    AskToSend(Name, Name),
    Rename(Name),
    Record(Name, bool),
    NewLink(Name),
    RotateLink(Name),
    Passcode(Name, bool),
    Unban(Name),
    /// So many frames of a microphone.
    Speak(Name, u64),
    /// A frame of a camera by a client that does not ask what it may send.
    SendUnasked(Name),
    /// More frames than a replay window holds.
    Burst(Name),
    /// A modified client posts what it may not.
    Forge(Name, Trick, Name),
    /// Nothing passes between somebody and the rest of the world, and nobody tells.
    Partition(Name, u64),
    /// Somebody's transport is gone and knows it.
    Offline(Name, u64),
    /// Somebody's machine sleeps; perhaps its clock too.
    Sleep(Name, u64, bool),
    /// Another network: what was on its way is lost.
    Handover(Name),
    /// The server keeps the log from somebody.
    Withhold(Name, u64),
    /// Everything takes longer and longer: by so much with each message.
    Slow(Name, u64, u64),
    /// The server shows somebody, and all who are later in the list of names, a log of their own.
    Split(Name, u64),
    /// The server shows somebody so many entries with a change.
    Garble(Name, u64),
    /// A client is no more.
    Crash(Name),
    /// It comes back from what it stored last, or that many times before.
    Restore(Name, u64),
    /// A second client runs from what the first one stored.
    Clone(Name),
}

/// What a modified client posts although it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    Promotion,
    Mute,
    Removal,
    Order,
    End,
}

impl World {
    /// Does something, and writes it down.
    pub(crate) fn perform(&mut self, operation: Operation) {
        self.script.push((self.queue.now_ms(), operation));
        self.tally.operations += 1;
        match operation {
            Operation::Join(name) => self.join(name, false),
            Operation::SecondDevice(name) => self.join(name, true),
            Operation::GiveUp(name) => {
                if let Some(who) = self.waiting(name) {
                    self.give_up(who);
                }
            }
            Operation::Speak(..) | Operation::SendUnasked(_) | Operation::Burst(_) => {
                self.talk(operation);
            }
            Operation::Partition(..)
            | Operation::Offline(..)
            | Operation::Sleep(..)
            | Operation::Handover(_)
            | Operation::Withhold(..)
            | Operation::Slow(..)
            | Operation::Split(..)
            | Operation::Garble(..)
            | Operation::Crash(_) => self.strike(operation),
            Operation::Restore(name, back) => self.restore(name, back),
            Operation::Clone(name) => self.clone_client(name),
            _ => self.ask(operation),
        }
    }

    /// The first things that went wrong.
    pub(crate) fn report(&self) -> String {
        let more = self.failures.len().saturating_sub(8);
        let first: Vec<&str> = self.failures.iter().take(8).map(String::as_str).collect();
        format!("{}\nand {more} more", first.join("\n"))
    }

    /// What was done and what everybody was told, in order.
    pub(crate) fn story(&self) -> String {
        let done = self.script.iter().map(|(at_ms, what)| (*at_ms, format!("{what:?}")));
        let told = self.seats.iter().enumerate().flat_map(|(who, seat)| {
            let line = move |event: &incamera::Event| format!("    {}/{who}: {event:?}", seat.name);
            seat.events.iter().map(move |(at_ms, event)| (*at_ms, line(event)))
        });
        let traffic = self.seats.iter().flat_map(|seat| {
            let lines = seat.traffic.iter().flatten();
            lines.map(|(at_ms, line)| (*at_ms, format!("  {} {line:.200}", seat.name)))
        });
        let mut lines: Vec<(u64, String)> = done.chain(told).chain(traffic).collect();
        lines.sort_by_key(|(at_ms, _)| *at_ms);
        lines.iter().map(|(at_ms, line)| format!("{at_ms:>7} {line}\n")).collect()
    }

    /// The script, one line for each operation.
    pub(crate) fn text(&self) -> String {
        let line = |(at_ms, operation): &(u64, Operation)| format!("({at_ms}, {operation:?}),\n");
        self.script.iter().map(line).collect()
    }
}
