//! The script's cues about powers: what the host and those whom it trusts do, and what somebody with
//! a modified client tries without the right to. Its keys are genuine: only the rules, which every
//! client applies for itself, are in its way.

use incamera::Role;
use incamera::wire::{Destination, Envelope, MessageId, ToServer};

use crate::client::{HAND, RECORDING};
use crate::ledger::Seats;
use crate::net::{Kind, Trick};
use crate::story::{CAST, EXPELLED, HEIR, HOST, LATECOMER, PRESENTER, TALKER, TO_ALL, TO_HOST};
use crate::world::{Coming, Cue, Outcome, World};

/// How long after a cue the story says what came of it.
const LATER_MS: u64 = 900;
/// How long a modified client waits while a commit of its own is on its way.
const AGAIN_MS: u64 = 60;

/// Something that a modified client posted.
pub(crate) struct Forged {
    trick: Trick,
    author: usize,
    id: MessageId,
    seq: Option<u64>,
    /// Who has to refuse it: whoever is in its epoch when it gets into the log.
    due: Seats,
    refused: Seats,
    /// Who shows what it was to do.
    obeyed: Seats,
    reason: String,
}

impl Forged {
    /// How many members had to refuse it.
    pub(crate) fn attempted(&self) -> u64 {
        self.due.len() as u64
    }

    /// How many of them did not, or show what it was to do.
    pub(crate) fn accepted(&self) -> u64 {
        let good = |seat: &&usize| self.refused.contains(seat) && !self.obeyed.contains(seat);
        self.attempted() - self.due.iter().filter(good).count() as u64
    }
}

/// Whom a trick is to harm.
fn victim(trick: Trick) -> usize {
    if trick == Trick::Order { HEIR } else { TALKER }
}

impl World {
    /// The name of whoever sits there.
    pub(crate) fn name(seat: usize) -> &'static str {
        CAST.get(seat).map_or("", |role| role.name)
    }

    /// A cue about powers.
    pub(crate) fn power(&mut self, cue: Cue) -> Outcome<()> {
        match cue {
            Cue::Forgery(trick) => return self.try_forgery(trick),
            Cue::Say(to, text) => return self.say(to, text),
            Cue::RaiseHand => return self.raise_hand(),
            Cue::CountWord(word, line) => self.count_word(word, line),
            Cue::Mute => return self.mute(),
            Cue::CountMuted => self.count_muted(),
            Cue::Share => return self.share(),
            Cue::CountScreen => self.count_screen(),
            Cue::StopSharing => self.stop_sharing(),
            Cue::CountForgery(place) => self.count_forgery(place),
            Cue::Record => return self.record(),
            _ => return self.command(cue),
        }
        Ok(())
    }

    /// A change of the room's rules, which its host asks for.
    fn command(&mut self, cue: Cue) -> Outcome<()> {
        let (now, host) = (self.queue.now(), self.host);
        let client = self.host()?;
        let line = match cue {
            Cue::Lock(locked) => {
                client.lock(locked, now)?;
                let how = if locked { "locks the door" } else { "has people knock and wait again" };
                format!("the host {how}")
            }
            Cue::MakePresenter => {
                client.set_role(Self::name(PRESENTER), Role::Presenter, now)?;
                format!("the host makes {} a presenter", Self::name(PRESENTER))
            }
            Cue::MakeCoHost => {
                client.set_role(Self::name(HEIR), Role::CoHost, now)?;
                format!("the host makes {} a co-host", Self::name(HEIR))
            }
            Cue::Transfer => {
                client.transfer_host(Self::name(HEIR), now)?;
                self.host = HEIR;
                format!(
                    "{} hands over to {}, the host from now on",
                    Self::name(host),
                    Self::name(HEIR)
                )
            }
            _ => return Ok(()),
        };
        self.tell(line);
        self.pump(host)
    }

    fn say(&mut self, to: Option<usize>, text: &'static str) -> Outcome<()> {
        let now = self.queue.now();
        self.client(TALKER)?.say(to.map(Self::name), text, now)?;
        let line = if to.is_some() { "to the host alone" } else { "to all" };
        self.queue.after(LATER_MS, Coming::Cue(Cue::CountWord(text, line)));
        self.pump(TALKER)
    }

    fn raise_hand(&mut self) -> Outcome<()> {
        let now = self.queue.now();
        self.client(PRESENTER)?.raise_hand(now)?;
        self.queue.after(LATER_MS, Coming::Cue(Cue::CountWord(HAND, "raises a hand")));
        self.pump(PRESENTER)
    }

    fn record(&mut self) -> Outcome<()> {
        let (now, host) = (self.queue.now(), self.host);
        self.host()?.record(now)?;
        self.queue.after(LATER_MS, Coming::Cue(Cue::CountWord(RECORDING, "records")));
        self.pump(host)
    }

    fn count_word(&mut self, word: &'static str, line: &'static str) {
        let heard = self.tally.words.get(word).map_or(0, Seats::len);
        self.tell(match word {
            HAND => format!("{} {line}; {heard} others see it", Self::name(PRESENTER)),
            RECORDING => format!("{} {line}; all {heard} clients say so", Self::name(self.host)),
            _ => format!("{} says {line}: \"{word}\" ({heard} read it)", Self::name(TALKER)),
        });
    }

    /// Who of those whom it was not for read what was said to the host alone.
    pub(crate) fn private_words_overheard(&self) -> u64 {
        let heard = self.tally.words.get(TO_HOST).into_iter().flatten();
        heard.filter(|seat| **seat != HOST).count() as u64
    }

    /// How often the words of the script were heard.
    pub(crate) fn words_heard(&self) -> u64 {
        let words = [TO_ALL, TO_HOST, HAND, RECORDING];
        words
            .iter()
            .filter_map(|word| self.tally.words.get(*word))
            .map(|who| who.len() as u64)
            .sum()
    }

    /// The host mutes a microphone; the client behind it is modified and goes on.
    fn mute(&mut self) -> Outcome<()> {
        let (now, host, whom) = (self.queue.now(), self.host, Self::name(EXPELLED));
        self.host()?.mute(whom, now)?;
        self.client(EXPELLED)?.modified = true;
        self.tell(format!("the host mutes {whom}, whose modified client goes on sealing"));
        self.pump(host)
    }

    fn count_muted(&mut self) {
        let (reached, opened) = self.forbidden_frames();
        self.tell(format!("of {reached} forbidden frames that reached members, {opened} opened"));
    }

    /// How many forbidden frames reached members, and how many of them opened.
    pub(crate) fn forbidden_frames(&self) -> (u64, u64) {
        let sum = |count: fn(&crate::ledger::Page) -> u64| {
            self.seats.iter().map(|seat| count(&seat.page)).sum()
        };
        (sum(|page| page.forbidden()), sum(|page| page.forbidden_opened))
    }

    /// A guest shares its screen, which attendees may not.
    fn share(&mut self) -> Outcome<()> {
        self.client(PRESENTER)?.modified = true;
        if let Some(seat) = self.seats.get_mut(PRESENTER) {
            seat.sharing = true;
        }
        self.queue.after(0, Coming::Capture(PRESENTER, Kind::Screen));
        let who = Self::name(PRESENTER);
        self.tell(format!(
            "{who}, an attendee, shares a screen by a modified client: nobody opens it"
        ));
        Ok(())
    }

    /// A client learns that it may share, and needs no tricks any more.
    pub(crate) fn shares_by_right(&mut self, number: usize) {
        let client = self.seats.get_mut(number).and_then(|seat| seat.client.as_mut());
        if let Some(client) = client.filter(|client| number == PRESENTER && client.modified) {
            client.modified = false;
            self.tell(format!("{} shares by right from here on", Self::name(number)));
        }
    }

    fn count_screen(&mut self) {
        let screen = |id: &usize| self.frames.get(*id).is_some_and(|f| f.kind == Kind::Screen);
        let opened =
            self.seats.iter().flat_map(|seat| seat.page.opened_ids()).filter(|id| screen(id));
        let opened = opened.count();
        self.tell(format!("{}'s shared screen: {opened} frames opened", Self::name(PRESENTER)));
    }

    fn stop_sharing(&mut self) {
        if let Some(seat) = self.seats.get_mut(PRESENTER) {
            seat.sharing = false;
        }
        self.tell(format!("{} stops sharing", Self::name(PRESENTER)));
    }

    /// Whoever is going to be removed posts what it has no right to.
    fn try_forgery(&mut self, trick: Trick) -> Outcome<()> {
        let now = self.queue.now();
        let deaf = self.seats.get(EXPELLED).is_none_or(|seat| seat.deaf);
        if deaf {
            return Ok(());
        }
        let key_package = self.client(LATECOMER)?.key_package();
        let client = self.client(EXPELLED)?;
        if client.forge(trick, Self::name(victim(trick)), key_package, now).is_err() {
            // The one before is still on its way.
            self.queue.after(AGAIN_MS, Coming::Cue(Cue::Forgery(trick)));
            return Ok(());
        }
        self.forging = Some((EXPELLED, trick));
        self.pump(EXPELLED)?;
        self.forging = None;
        self.queue
            .after(LATER_MS, Coming::Cue(Cue::CountForgery(self.forged.len().saturating_sub(1))));
        Ok(())
    }

    /// Keeps the name of what a modified client sends.
    pub(crate) fn note_forgery(&mut self, request: &ToServer) {
        let ToServer::Post { id, to: Destination::Log, .. } = request else { return };
        let Some((author, trick)) = self.forging.take() else { return };
        let (due, refused, obeyed, reason) = Default::default();
        self.forged.push(Forged {
            trick,
            author,
            id: *id,
            seq: None,
            due,
            refused,
            obeyed,
            reason,
        });
    }

    /// An entry is in the log: if it is a forgery, whoever is in its epoch has to refuse it.
    pub(crate) fn note_entry(&mut self, seq: u64, posted: &ToServer) {
        let ToServer::Post { id, bytes, .. } = posted else { return };
        let Some(forged) = self.forged.iter_mut().find(|forged| forged.id == *id) else { return };
        forged.seq = Some(seq);
        let Ok(envelope) = Envelope::decode(bytes) else { return };
        let present = || self.seats.iter().enumerate().filter(|(_, seat)| seat.page.is_present());
        // Whatever comes too late for its epoch is not even judged.
        if present().all(|(_, seat)| seat.page.epoch() <= Some(envelope.epoch)) {
            forged.due =
                present().map(|(seat, _)| seat).filter(|seat| *seat != forged.author).collect();
        }
    }

    /// A member refused something.
    pub(crate) fn note_refusal(&mut self, number: usize, seq: Option<u64>, why: &str) {
        let Some(seq) = seq else { return };
        let Some(forged) = self.forged.iter_mut().find(|one| one.seq == Some(seq)) else { return };
        forged.refused.insert(number);
        why.clone_into(&mut forged.reason);
    }

    fn count_forgery(&mut self, place: usize) {
        let Some(forged) = self.forged.get_mut(place) else { return };
        let (author, trick) = (Self::name(forged.author), forged.trick);
        let (victim, newcomer) = (Self::name(victim(trick)), Self::name(LATECOMER));
        for seat in &forged.due {
            let client = self.seats.get(*seat).and_then(|seat| seat.client.as_ref());
            if client.is_some_and(|client| client.shows(trick, author, victim, newcomer)) {
                forged.obeyed.insert(*seat);
            }
        }
        let refused = forged.attempted() - forged.accepted();
        let of = forged.attempted();
        // `a log entry: `, whose rules they are, the rule, and for some what to do.
        let mut reason = forged.reason.trim_start_matches("a log entry: ");
        reason = reason.trim_start_matches("the group's rules refuse this commit: ");
        let reason = reason.split(": ").next().unwrap_or_default().to_owned();
        self.tell(format!(
            "{author} forges {}: {refused} of {of} refuse, as {reason}",
            trick.claim()
        ));
    }

    /// What was tried without the right to, as often as it reached a member, and how often it took
    /// effect: log entries, then frames.
    pub(crate) fn forged_powers(&self) -> [(u64, u64); 2] {
        let entries = self.forged.iter();
        let attempted = entries.clone().map(Forged::attempted).sum();
        let accepted = entries.map(Forged::accepted).sum();
        [(attempted, accepted), self.forbidden_frames()]
    }
}
