//! The way of a frame: captured, sealed, through the relay, and opened or not.

use crate::ledger::Frame;
use crate::media::{SCREEN_PERIOD_MS, SPEECH_PERIOD_MS, VIDEO_PERIOD_MS};
use crate::net::{Heard, Kind};
use crate::relay::Nature;
use crate::story::CAST;
use crate::world::{Coming, Outcome, Seat, World};

impl World {
    /// A microphone or camera has the next frame: it is sealed and sent.
    pub(crate) fn capture(&mut self, number: usize, kind: Kind) -> Outcome<()> {
        let now = self.queue.now();
        let on = |seat: &&mut Seat| seat.sending && (kind != Kind::Screen || seat.sharing);
        let Some(seat) = self.seats.get_mut(number).filter(on) else {
            return Ok(());
        };
        let period = match kind {
            Kind::Speech => SPEECH_PERIOD_MS,
            Kind::Video => VIDEO_PERIOD_MS,
            Kind::Screen => SCREEN_PERIOD_MS,
        };
        self.queue.after(period, Coming::Capture(number, kind));
        let (Some(client), Some(plaintext)) = (&mut seat.client, seat.source.next(kind)) else {
            return Ok(());
        };
        let (sealed, epoch) = match client.seal(kind, &plaintext, now) {
            Ok(sealed) => sealed,
            // Nobody has to take care of what the expelled one sends.
            Err(_) if seat.expelled_at.is_some() => return Ok(()),
            Err(error) => return Err(error),
        };
        seat.page.sent += 1;
        let audience = seat.page.roster().clone();
        let sealed_at = now;
        let sender = number;
        self.frames.push(Frame { sender, kind, epoch, sealed_at, audience, plaintext, sealed });
        let delay = self.dice.within(10..=30);
        self.queue.after(delay, Coming::AtRelay(self.frames.len() - 1));
        Ok(())
    }

    /// The relay has a frame, and sends to everybody who is connected what it likes.
    pub(crate) fn at_relay(&mut self, id: usize) {
        let sender = self.frames.get(id).map(|frame| frame.sender);
        let others: Vec<usize> =
            self.server.connected().filter(|seat| Some(*seat) != sender).collect();
        for to in others {
            for (delay, copy) in self.relay.forward(id, to, &self.frames) {
                self.copies.push(copy);
                self.queue.after(delay, Coming::AtReceiver(self.copies.len() - 1));
            }
        }
    }

    /// A copy reaches a receiver.
    pub(crate) fn at_receiver(&mut self, tag: usize) {
        let now = self.queue.now();
        let Some(copy) = self.copies.get(tag) else { return };
        let (to, admitted) = (copy.to, World::is_admitted(copy.to));
        let Some(seat) = self.seats.get_mut(to).filter(|seat| !seat.gone) else { return };
        let present = seat.page.is_present();
        seat.page.received += u64::from(present || !admitted);
        match copy.frame.filter(|_| copy.nature == Nature::Genuine && admitted) {
            Some(id) if seat.expelled_at.is_none() => {
                seat.page.arrive(id, now, &self.frames);
                if present {
                    self.relay.note_arrival(to, id);
                }
            }
            Some(_) => self.tally.recorded += 1,
            None => {}
        }
        // A client listens as soon as it is in; the expelled and the uninvited listen to all.
        if admitted && !present && seat.expelled_at.is_none() {
            return;
        }
        if present {
            self.tally.attempt(copy.nature);
        }
        let mut out = Vec::new();
        let forbidden = copy.frame.is_some_and(|id| seat.page.is_forbidden(id));
        let Some(client) = &mut seat.client else { return };
        let mut heard = client.open((tag as u64, copy.kind, &copy.bytes), now, &mut out);
        for sabotage in &self.sabotage {
            sabotage.spoil(copy, &self.frames, forbidden, &mut heard, &mut out);
        }
        self.settle(tag, &heard, &out, false);
        self.take_released(to);
    }

    /// Takes what a receiver had held and now gives.
    pub(crate) fn take_released(&mut self, number: usize) {
        let now = self.queue.now();
        loop {
            let mut out = Vec::new();
            let Some(seat) = self.seats.get_mut(number) else { return };
            let Some(client) = &mut seat.client else { return };
            let Some((tag, heard)) = client.released(now, &mut out) else { return };
            if !seat.gone {
                self.settle(tag as usize, &heard, &out, true);
            }
        }
    }

    /// Books what became of a copy.
    fn settle(&mut self, tag: usize, heard: &Heard, out: &[u8], was_held: bool) {
        let now = self.queue.now();
        let Some(copy) = self.copies.get(tag) else { return };
        let Some(seat) = self.seats.get_mut(copy.to) else { return };
        let Heard::Frame { from, kind } = heard else {
            if *heard != Heard::Held {
                seat.page.refused += u64::from(seat.page.is_present());
            }
            return;
        };
        let frame = copy.frame.and_then(|id| Some((id, self.frames.get(id)?)));
        let Some((id, frame)) = frame.filter(|_| copy.nature == Nature::Genuine) else {
            return self.tally.accept(copy.nature);
        };
        let name = CAST.get(frame.sender).map(|role| role.name);
        if *frame.plaintext != *out || name != Some(from) || frame.kind != *kind {
            self.tally.wrong += 1;
        } else if !World::is_admitted(copy.to) {
            self.tally.outsider_opened += 1;
        } else if let Some(decided_at) = seat.expelled_at {
            self.tally.overhear(copy.to, decided_at, frame);
        } else {
            seat.page.open(id, now, was_held);
        }
    }
}
