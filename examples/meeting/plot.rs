//! The script's cues: people open their clients, decide, and go; and what clients tell them.

use incamera::wire::{Destination, MessageId, ToServer};

use crate::client::Client;
use crate::forge;
use crate::net::{Kind, Notice};
use crate::sabotage::Sabotage;
use crate::story::{CAST, Part};
use crate::world::{Coming, Cue, Outcome, World};

impl World {
    /// One cue of the script.
    pub(crate) fn cue(&mut self, cue: Cue) -> Outcome<()> {
        match cue {
            Cue::Enter(seat) => self.enter(seat),
            Cue::Answer(knock, seat) => self.answer(knock, seat),
            Cue::Expel(seat) => self.expel(seat),
            Cue::Leave(seat) => self.leave(seat),
            Cue::Forge => self.forge(),
            Cue::End => self.end(),
            power => self.power(power),
        }
    }

    /// Somebody opens the client: the host creates the meeting, others use a link.
    fn enter(&mut self, number: usize) -> Outcome<()> {
        let (now, seed) = (self.queue.now(), self.dice.array());
        let Some(role) = CAST.get(number) else { return Ok(()) };
        let client = match role.part {
            Part::Host => Client::host(seed, role.name, self.profile, now)?,
            Part::Guest | Part::Uninvited | Part::Latecomer => {
                Client::guest(seed, role.name, &self.link()?, now)?
            }
            Part::Stranger => {
                let link = Client::made_up_link(&self.link()?, self.dice.array())?;
                Client::guest(seed, role.name, &link, now)?
            }
        };
        self.tell(match role.part {
            Part::Host => format!("{} creates the meeting", role.name),
            Part::Guest => format!("{} opens the link", role.name),
            Part::Uninvited => format!("{} got hold of the link", role.name),
            Part::Stranger => format!("{} tries with a link secret of its own making", role.name),
            Part::Latecomer => format!("{} comes late", role.name),
        });
        let hello = ToServer::Hello { meeting: client.meeting(), mailbox: client.mailbox() };
        if let Some(seat) = self.seats.get_mut(number) {
            seat.client = Some(client);
        }
        self.send(number, hello);
        self.pump(number)
    }

    /// A link from the host's hand, always a fresh one: a removal makes old ones worthless.
    fn link(&mut self) -> Outcome<String> {
        self.host()?.link()
    }

    /// The host's client.
    pub(crate) fn host(&mut self) -> Outcome<&mut Client> {
        self.client(self.host)
    }

    /// The client of a seat.
    pub(crate) fn client(&mut self, seat: usize) -> Outcome<&mut Client> {
        let client = self.seats.get_mut(seat).and_then(|seat| seat.client.as_mut());
        client.ok_or_else(|| "somebody is not there".into())
    }

    /// The host decides about a knock.
    fn answer(&mut self, knock: usize, number: usize) -> Outcome<()> {
        let now = self.queue.now();
        let name = CAST.get(number).map_or("", |role| role.name);
        if World::is_admitted(number) {
            self.host()?.admit(knock, now)?;
            self.tell(format!("the host lets {name} in"));
            if let Some(seat) = self.seats.get_mut(number) {
                seat.page.admitted_at = Some(now);
            }
        } else {
            self.host()?.deny(knock, now)?;
            self.tell(format!("the host turns {name} down"));
        }
        self.pump(self.host)
    }

    /// The host removes somebody, who stops listening to the log and goes on recording.
    fn expel(&mut self, number: usize) -> Outcome<()> {
        let now = self.queue.now();
        let name = CAST.get(number).map_or("", |role| role.name);
        self.host()?.remove(name, now)?;
        self.tell(format!("the host removes {name}, who goes on recording"));
        if let Some(seat) = self.seats.get_mut(number) {
            // From here on nothing reaches its meeting any more: server and relay keep the removal
            // from it, the worst case, so that it keeps every key it has.
            (seat.expelled_at, seat.deaf) = (Some(now), true);
            seat.page.part();
        }
        self.pump(self.host)
    }

    /// Somebody leaves.
    fn leave(&mut self, number: usize) -> Outcome<()> {
        let now = self.queue.now();
        let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
        seat.sending = false;
        seat.page.part();
        if let Some(client) = &mut seat.client {
            client.leave(now)?;
        }
        self.pump(number)
    }

    /// The relay, which is the server too, posts Adds of its own making and an old entry.
    fn forge(&mut self) -> Outcome<()> {
        let log = self.server.log();
        let mut entries = forge::made_up_adds(&log, &mut self.dice);
        entries.extend(self.dice.pick(&log).cloned());
        self.tally.forged += entries.len() as u64;
        for bytes in entries {
            let id = MessageId::new(self.dice.array());
            let post = ToServer::Post { id, to: Destination::Log, bytes };
            self.queue.after(0, Coming::AtServer(usize::MAX, post));
        }
        self.tell("the relay posts two Adds that it made up, and an old entry once more");
        Ok(())
    }

    /// The host ends the meeting.
    fn end(&mut self) -> Outcome<()> {
        let now = self.queue.now();
        if let Some(host) = self.seats.get_mut(self.host) {
            host.sending = false;
        }
        self.host()?.end(now)?;
        self.tell(format!("{} ends the meeting", Self::name(self.host)));
        self.pump(self.host)
    }

    /// A client tells its user something.
    pub(crate) fn notice(&mut self, number: usize, notice: Notice) -> Outcome<()> {
        let name = CAST.get(number).map_or("", |role| role.name);
        let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
        match notice {
            Notice::Knock { knock, name } if number == self.host => self.knock(knock, &name),
            Notice::Joined => {
                let line = format!("{name} is in, in epoch {}", seat.page.epoch().unwrap_or(0));
                if !std::mem::replace(&mut seat.sending, true) {
                    self.queue.after(0, Coming::Capture(number, Kind::Speech));
                    self.queue.after(0, Coming::Capture(number, Kind::Video));
                }
                self.tell(line);
            }
            Notice::KeyFrame => seat.source.key_frame(),
            Notice::Denied(why) => {
                seat.deaf = true;
                self.tell(format!("{name} learns that it was turned down{why}"));
            }
            Notice::Word(word) => {
                self.tally.words.entry(word).or_default().insert(number);
            }
            Notice::MayShare => self.shares_by_right(number),
            Notice::Gone(gone) if number == self.host => self.tell(format!("{gone} is out")),
            Notice::Over(why) => {
                seat.page.part();
                (seat.gone, seat.sending) = (true, false);
                self.server.hang_up(number);
                self.tell(format!("{name} {why}"));
            }
            Notice::Refused(seq, why) => {
                if !self.sabotage.contains(&Sabotage::Obeys) {
                    self.note_refusal(number, seq, &why);
                }
                self.tally.refusal(why);
            }
            Notice::Alarm(why) => {
                // Who hears nothing of the server any more has every reason.
                self.tally.alarms += u64::from(!seat.deaf);
                self.tell(format!("{name} is alarmed: {why}"));
            }
            Notice::Knock { .. } | Notice::Gone(_) => {}
        }
        Ok(())
    }

    /// The host sees a knock, and thinks for a moment.
    fn knock(&mut self, knock: usize, name: &str) {
        let seat = CAST.iter().position(|role| role.name == name);
        self.tell(format!("{name} knocks, and waits"));
        if let Some(seat) = seat {
            let delay = self.dice.within(200..=600);
            self.queue.after(delay, Coming::Cue(Cue::Answer(knock, seat)));
        }
    }
}
