//! Frames, the relay that nobody trusts, and what has to become of every delivery.

use std::rc::Rc;

use incamera::wire::{FrameHeader, TrackKind};
use incamera::{MemberId, Opened, SafetyCode, testing};

use super::World;
use super::seat::{Parcel, Roster, Seat, Standing, Way, Who};

/// A genuine frame.
pub(crate) struct Frame {
    pub(crate) sender: Who,
    pub(crate) stay: MemberId,
    pub(crate) epoch: u64,
    /// `None` if its sender has not shown the epoch, but the one behind it.
    pub(crate) code: Option<SafetyCode>,
    pub(crate) kind: TrackKind,
    pub(crate) counter: u64,
    pub(crate) at_ms: u64,
    /// Whom its sender had shown as here.
    pub(crate) roster: Roster,
    sealed: Rc<Vec<u8>>,
}

/// What must become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Opens,
    /// Depends on what cannot be seen from outside.
    Either,
    Refused(&'static str),
}

/// How many of the relay's deliveries in a thousand are of an old frame.
const REPLAYED: u64 = 30;

/// SPEC [M2]
const WINDOW: u64 = 1_024;

fn plaintext(frame: usize) -> [u8; 12] {
    let mut plain = *b"........talk";
    plain[..8].copy_from_slice(&(frame as u64).to_be_bytes());
    plain
}

impl World {
    /// A client seals a frame and gives it to the relay; false if it may not seal now.
    pub(crate) fn speak(&mut self, who: Who, kind: TrackKind, unasked: bool) -> bool {
        let (number, at_ms) = (self.frames.len(), self.queue.now_ms());
        let seat = &mut self.seats[who];
        let now_ms = seat.clock.now(at_ms).monotonic_ms;
        let Some(client) = &mut seat.client else { return false };
        let (plain, mut sealed) = (plaintext(number), Vec::new());
        let Some(sealer) = client.sealer(kind) else { return false };
        let done = match unasked {
            true => testing::seal_unasked(sealer, &plain, now_ms, &mut sealed),
            false => sealer.seal(&plain, now_ms, &mut sealed),
        };
        self.refusal = done.err();
        if self.refusal.is_some() {
            return false;
        }
        let (Some(stay), current) = (seat.stay, client.meeting.epoch().unwrap_or_default()) else {
            self.fail(format!("{} seals before it has shown a roster", self.seats[who].name));
            return false;
        };
        let (header, _) = FrameHeader::parse(&sealed).unwrap();
        let epoch = current - (current.wrapping_sub(header.kid) & 0xff);
        // A sealer may stay for a moment in the epoch before an Add, and that may not have been shown
        // if two were read at once: whoever is in it is in the one that was.
        let shown = seat.shown(epoch).or(seat.current());
        let Some(shown) = shown.filter(|shown| shown.epoch <= epoch + 1 && current <= epoch + 1)
        else {
            self.fail(format!("{} seals in epoch {epoch}, unshown", self.seats[who].name));
            return false;
        };
        let code = (shown.epoch == epoch).then_some(shown.code);
        let roster = Rc::clone(&shown.roster);
        let (counter, sealed) = (header.ctr, Rc::new(sealed));
        let (sender, cut) = (who, seat.link(Way::Media).cut);
        self.note(&sealed);
        self.frames.push(Frame { sender, stay, epoch, code, kind, counter, at_ms, roster, sealed });
        self.tally.frames += 1;
        if !cut {
            self.relay(number);
        }
        true
    }

    fn relay(&mut self, number: usize) {
        let sender = self.frames[number].sender;
        for to in (0..self.seats.len()).filter(|to| *to != sender) {
            if self.seats[to].client.is_none() {
                continue;
            }
            self.pass_on(to, Way::Media, Parcel::Frame { frame: number, altered: None });
            if self.chance.permille(REPLAYED) {
                let old = self.chance.within(0..=number as u64) as usize;
                self.pass_on(to, Way::Media, Parcel::Frame { frame: old, altered: None });
            }
            if self.chance.permille(self.faults.corrupt) {
                let altered = Some(self.chance.next());
                self.tally.corrupted += 1;
                self.pass_on(to, Way::Media, Parcel::Frame { frame: number, altered });
            }
        }
    }

    /// A frame reaches a receiver.
    pub(crate) fn hear(&mut self, who: Who, frame: usize, altered: Option<u64>) {
        let due = self.due(who, frame, altered.is_some());
        let now_ms = self.local_ms(who);
        let mut bytes = self.frames[frame].sealed.to_vec();
        if let Some(at) = altered {
            let bit = at % (bytes.len() as u64 * 8);
            bytes[bit as usize / 8] ^= 1 << (bit % 8);
        }
        let Some(client) = &mut self.seats[who].client else { return };
        let (tag, mut out) = ((frame as u64) << 1 | u64::from(altered.is_some()), Vec::new());
        self.tally.replayed += u64::from(matches!(due, Due::Refused(_)));
        match client.receiver.open(tag, &bytes, now_ms, &mut out) {
            Ok(Opened::Held) => self.tally.held += 1,
            Ok(opened) => self.settle_frame(who, tag, Some(opened), &out, due),
            Err(_) => self.settle_frame(who, tag, None, &out, due),
        }
        self.take_released(who);
    }

    /// Takes what a receiver held and need not hold any more.
    pub(crate) fn take_released(&mut self, who: Who) {
        let now_ms = self.local_ms(who);
        let mut out = Vec::new();
        loop {
            let Some(client) = &mut self.seats[who].client else { return };
            let queue = client.receiver.held() as u64;
            self.tally.longest_queue = self.tally.longest_queue.max(queue);
            let Some(released) = client.receiver.poll(now_ms, &mut out) else { return };
            let due = self.due(who, (released.tag >> 1) as usize, released.tag & 1 == 1);
            self.settle_frame(who, released.tag, released.outcome.ok(), &out, due);
            out.clear();
        }
    }

    fn settle_frame(&mut self, who: Who, tag: u64, opened: Option<Opened>, out: &[u8], due: Due) {
        let number = (tag >> 1) as usize;
        let remover = self.remover(who);
        let (seat, frame) = (&mut self.seats[who], &self.frames[number]);
        let Some(Opened::Frame { member, track, .. }) = opened else {
            if due == Due::Opens {
                self.tally.lost_to_rekey += 1;
                self.fail(format!("frame {number} did not open: {}", self.delivery(who, number)));
            }
            return;
        };
        self.tally.opened += 1;
        let window = seat.windows.entry((frame.epoch, frame.stay, frame.kind)).or_default();
        *window = (*window).max(frame.counter + 1);
        let again = !seat.opened.insert(number);
        let genuine =
            out == plaintext(number) && member == frame.stay && track.kind() == frame.kind;
        let shown = seat.stay.is_some_and(|own| frame.roster.iter().any(|(stay, _)| *stay == own));
        self.tally.replays_accepted += u64::from(again);
        self.tally.altered_accepted += u64::from(tag & 1 == 1 || !genuine);
        if let Some((removed_ms, by)) = seat.stay.and_then(|stay| self.removed.get(&stay))
            && remover.is_some_and(|shown| shown == *by)
        {
            let late_ms = frame.at_ms.saturating_sub(*removed_ms);
            self.tally.heard_after_removal_ms = self.tally.heard_after_removal_ms.max(late_ms);
        }
        if !shown {
            self.fail(format!("opened by nobody that was shown: {}", self.delivery(who, number)));
        }
        if let Due::Refused(why) = due {
            self.fail(format!("opened although {why}: {}", self.delivery(who, number)));
        }
    }

    /// Who has removed this client, still follows the meeting and has shown that it is done.
    fn remover(&self, who: Who) -> Option<Who> {
        let stay = self.seats[who].stay?;
        let (_, by) = self.removed.get(&stay)?;
        let seat = &self.seats[*by];
        let done = seat.current().is_some_and(|shown| shown.kinds_of(stay).is_none());
        (seat.is_live() && done).then_some(*by)
    }

    fn delivery(&self, who: Who, number: usize) -> String {
        let (seat, frame) = (&self.seats[who], &self.frames[number]);
        let (from, at) = (self.seats[frame.sender].name, seat.current().map(|shown| shown.epoch));
        let (epoch, counter) = (frame.epoch, frame.counter);
        format!("{from}'s, epoch {epoch}, counter {counter}, to {} in epoch {at:?}", seat.name)
    }

    fn due(&self, who: Who, number: usize, altered: bool) -> Due {
        let (seat, frame) = (&self.seats[who], &self.frames[number]);
        if altered {
            return Due::Refused("it was altered");
        }
        if seat.opened.contains(&number) {
            return Due::Refused("it came before");
        }
        if seat.standing == Standing::Over || frame.sender == who {
            return Due::Refused("it is for others");
        }
        // SPEC [R4]
        if seat.standing == Standing::Restoring {
            return Due::Refused("it has no fresh keys yet");
        }
        due_by_epoch(seat, frame, self.local_ms(who))
    }
}

fn due_by_epoch(seat: &Seat, frame: &Frame, now_ms: u64) -> Due {
    let Some(current) = seat.current() else { return Due::Refused("there is no epoch") };
    let Some(shown) = seat.shown(frame.epoch) else {
        // Of several commits read at once only the last one's epoch was shown.
        let was_in = |stay| frame.roster.iter().any(|(other, _)| *other == stay);
        let skipped = frame.epoch < current.epoch && seat.stay.is_some_and(was_in);
        return if skipped { Due::Either } else { Due::Refused("its epoch is not here") };
    };
    let Some(code) = frame.code else { return Due::Either };
    if shown.code != code {
        return Due::Refused("it is of another group");
    }
    if now_ms >= shown.expires_ms {
        return Due::Refused("its epoch is over");
    }
    let allowed = |shown: &super::seat::Shown| {
        shown.kinds_of(frame.stay).is_some_and(|kinds| kinds.contains(frame.kind))
    };
    if !allowed(shown) || !allowed(current) {
        return Due::Refused("its sender may not send it");
    }
    let end = seat.windows.get(&(frame.epoch, frame.stay, frame.kind)).copied().unwrap_or(0);
    if frame.counter + WINDOW < end {
        return Due::Refused("it is below the window");
    }
    // An unconfirmed joiner may have to enter another epoch in the meantime.
    let settled = seat.standing == Standing::In && current.epoch - frame.epoch <= 64;
    if settled { Due::Opens } else { Due::Either }
}
