//! The state machine, over any engine: inputs are sorted to the joiner or the member that this
//! client is, and what is due is done.

use incamera_wire::{Envelope, EnvelopeKind};
use sha2::{Digest, Sha256};

use super::face::{Alarm, Event, Input, Now, Output, Participant, Source};
use super::knocking::Knocking;
use super::member::{Member, Outcome};
use super::order::Order;
use super::prefix::Place;
use super::shared::{Refusal, Shared};
use crate::error::{Error, Fault};
use crate::mls::Engine;

/// How long sealing goes on when nothing drives the meeting, in milliseconds (SPEC \[M9\]).
const SEAL_FOR_MS: u64 = 15_000;
/// How long the caller may sleep, in milliseconds, so that sealing never stops by itself.
const DRIVE_EVERY_MS: u64 = 5_000;

/// The state machine of one client in one meeting.
pub(super) struct Core<E: Engine> {
    pub(super) shared: Shared,
    pub(super) order: Order,
    pub(super) knocking: Option<Box<Knocking<E>>>,
    pub(super) member: Option<Box<Member<E>>>,
    pub(super) over: bool,
    /// Who was here when the membership ended.
    pub(super) last_roster: Vec<Participant>,
    /// The latest time that the caller told.
    now_ms: u64,
    /// When something is due.
    deadline: Option<u64>,
}

impl<E: Engine> Core<E> {
    /// A client that has just created its meeting.
    pub(super) fn created(shared: Shared, member: Member<E>, now: Now) -> Self {
        let mut core = Self::new(shared, Order::starting_at(0), now);
        core.shared.tell(Event::Joined);
        core.shared.snapshot_due = true;
        core.member = Some(Box::new(member));
        core.drive(now.monotonic_ms);
        core
    }

    /// A member that comes from a snapshot.
    pub(super) fn restored(shared: Shared, member: Member<E>, now: Now) -> Self {
        let order = Order::starting_at(shared.log_position);
        let mut core = Self::new(shared, order, now);
        core.shared.snapshot_due = true;
        core.member = Some(Box::new(member));
        core.drive(now.monotonic_ms);
        core
    }

    /// A client that will knock.
    pub(super) fn joining(shared: Shared, knocking: Knocking<E>, now: Now) -> Self {
        let mut core = Self::new(shared, Order::default(), now);
        core.knocking = Some(Box::new(knocking));
        core.drive(now.monotonic_ms);
        core
    }

    fn new(shared: Shared, order: Order, now: Now) -> Self {
        let now_ms = now.monotonic_ms;
        Self {
            shared,
            order,
            knocking: None,
            member: None,
            over: false,
            last_roster: Vec::new(),
            now_ms,
            deadline: None,
        }
    }

    /// Takes an input in. Whatever a remote party sent ends in an event, never in an error.
    pub(super) fn handle(&mut self, input: Input, now: Now) -> Result<(), Error> {
        self.require_going()?;
        let now_ms = self.now_ms.max(now.monotonic_ms);
        self.shared.unix_ms = now.unix_ms;
        self.order.hear();
        match input {
            Input::Connected { next } => self.connected(next, now_ms)?,
            Input::Log { seq, bytes } => self.order.offer(seq, bytes),
            Input::Lobby(bytes) => self.read_lobby(&bytes, now_ms),
            Input::Direct(bytes) => self.read_direct(&bytes, now_ms),
            Input::Blob(bytes) => self.read_blob(&bytes, now_ms),
        }
        self.now_ms = now_ms;
        self.go_on(now_ms);
        Ok(())
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Now) -> Result<(), Error> {
        self.require_going()?;
        self.now_ms = self.now_ms.max(now.monotonic_ms);
        self.shared.unix_ms = now.unix_ms;
        self.go_on(self.now_ms);
        Ok(())
    }

    /// Verifies some more of a roster, reads what there is to read, and does what is due.
    fn go_on(&mut self, now_ms: u64) {
        if self.is_entering() {
            self.enter(now_ms);
        }
        self.read_log(now_ms);
        self.drive(now_ms);
    }

    /// When to call [`Core::handle_timeout`], in monotonic milliseconds.
    pub(super) fn poll_timeout(&self) -> Option<u64> {
        self.deadline.filter(|_| !self.over)
    }

    /// The next thing for the caller to do.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.shared.outputs.pop_front()
    }

    /// What everyone needs, and the member that this client is.
    pub(super) fn look(&self) -> Result<(&Shared, &Member<E>), Error> {
        self.require_going()?;
        match &self.member {
            Some(member) => Ok((&self.shared, member)),
            None => Err(Error::NotJoined),
        }
    }

    /// Runs a call of the member's; what it made due is done before the caller polls.
    pub(super) fn call(
        &mut self,
        now: Now,
        call: impl FnOnce(&mut Shared, &mut Member<E>, u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let now_ms = self.now_ms.max(now.monotonic_ms);
        self.require_going()?;
        let member = self.member.as_mut().ok_or(Error::NotJoined)?;
        // SPEC [A15]: the caller's clock of this very call.
        self.shared.unix_ms = now.unix_ms;
        call(&mut self.shared, member, now_ms)?;
        self.now_ms = now_ms;
        self.drive(now_ms);
        Ok(())
    }

    /// Leaves, in whatever state the client is.
    pub(super) fn leave(&mut self, now: Now) -> Result<(), Error> {
        self.require_going()?;
        if self.member.is_none() {
            self.finish(Event::Left);
            return Ok(());
        }
        self.call(now, |shared, member, now_ms| member.leave(shared, now_ms))?;
        // An unconfirmed joiner is in everybody's roster all the same, unless its Add lost.
        self.stop_knocking();
        // Whoever cannot follow reads nothing back that means anything.
        if self.member.as_ref().is_some_and(|member| member.broken) {
            self.finish(Event::Left);
        }
        Ok(())
    }

    /// Says after how long without a sign that the log is current sealing stops.
    pub(super) fn set_stop(&mut self, stop_ms: Option<u64>, now: Now) -> Result<(), Error> {
        self.require_going()?;
        self.shared.stop_ms = stop_ms;
        self.now_ms = self.now_ms.max(now.monotonic_ms);
        self.drive(self.now_ms);
        Ok(())
    }

    pub(super) fn require_going(&self) -> Result<(), Error> {
        if self.over { Err(Error::Ended) } else { Ok(()) }
    }

    fn connected(&mut self, next: u64, now_ms: u64) -> Result<(), Error> {
        self.shared.outbox.expire(now_ms);
        if let Some(knocking) = &mut self.knocking
            && self.order.next().is_none()
        {
            // SPEC [A4]: the log position makes the knock fresh.
            knocking.knock(&mut self.shared, next, now_ms)?;
            self.order.begin(next);
        }
        if let Some(knocking) = &mut self.knocking {
            knocking.hasten(now_ms);
        }
        if let Some(member) = &mut self.member {
            member.learn_head(&mut self.shared, next);
        }
        if !self.order.learn_head(next) {
            self.shared.tell(Event::Alarm(Alarm::LogShrank));
            self.forget_false_head();
        }
        Ok(())
    }

    fn read_log(&mut self, now_ms: u64) {
        while let Some((seq, bytes)) = self.order.pop() {
            self.shared.log_position = seq.saturating_add(1);
            let entry = Sha256::digest(&bytes).into();
            let posted_ms = self.shared.outbox.arrived(&entry);
            let place = Place { seq, entry, posted_ms };
            if let Err(refusal) = self.read_entry(place, &bytes, now_ms) {
                self.shared.refuse(Source::Log { seq }, refusal);
            }
            if let Some(member) = &mut self.member {
                member.note_read(place);
            }
            if self.over {
                return;
            }
        }
    }

    fn read_entry(&mut self, place: Place, bytes: &[u8], now_ms: u64) -> Result<(), Refusal> {
        let own = place.posted_ms.is_some();
        let entry = Envelope::decode(bytes).map_err(Fault::from)?;
        // SPEC [W8]
        if entry.meeting != self.shared.meeting {
            return Err(Fault::OtherMeeting.into());
        }
        if let Some(knocking) = self.knocking.as_mut().filter(|k| k.is_welcome(&entry)) {
            match knocking.read_welcome(&mut self.shared, place, &entry, now_ms) {
                // What follows is read again once the tree is here.
                Ok(()) => self.order.remember(),
                Err(fault) if self.member.as_ref().is_none_or(|member| member.broken) => {
                    return Err(fault.into());
                }
                // To the member that this client may be already, it is a commit like any other.
                Err(_) => {}
            }
        }
        let Some(member) = &mut self.member else { return Ok(()) };
        let outcome = match entry.kind {
            EnvelopeKind::Handshake => member.read_commit(&mut self.shared, &entry, now_ms)?,
            EnvelopeKind::Order => member.read_order(&mut self.shared, &entry, now_ms)?,
            EnvelopeKind::Heartbeat => {
                member.read_heartbeat(&mut self.shared, &entry, place, now_ms)?
            }
            EnvelopeKind::Event => match member.read_event(&mut self.shared, &entry, now_ms) {
                // It was long on its way: nobody else could open it either.
                Err(late @ Refusal { fault: Fault::EpochEnded, .. }) if own => {
                    if member.say_again(&mut self.shared, now_ms)? {
                        return Ok(());
                    }
                    return Err(Refusal { author: Some(member.stay), ..late });
                }
                read => read?,
            },
        };
        match outcome {
            Outcome::Goes => self.settle_joining(now_ms),
            Outcome::Over(event) => self.finish(event),
        }
        Ok(())
    }

    /// Once confirmed, a joiner is a member and nothing else.
    fn settle_joining(&mut self, now_ms: u64) {
        let Some(member) = &mut self.member else { return };
        if member.require_in().is_ok() {
            let knocking = self.stop_knocking();
            if let (Some(kept), Some(member)) =
                (knocking.and_then(|knocking| knocking.into_kept()), &mut self.member)
            {
                member.resume(&mut self.shared, kept, now_ms);
            }
        } else if let Some(knocking) = &mut self.knocking {
            // SPEC [M2]: no Welcome may lead into this epoch once more.
            knocking.note_epoch(member);
        }
    }

    fn stop_knocking(&mut self) -> Option<Box<Knocking<E>>> {
        let knocking = self.knocking.take()?;
        knocking.answered(&mut self.shared);
        self.order.forget();
        Some(knocking)
    }

    fn read_lobby(&mut self, bytes: &[u8], now_ms: u64) {
        let Some(member) = &mut self.member else { return };
        if let Err(fault) = member.read_knock(&mut self.shared, bytes, now_ms) {
            self.shared.refuse(Source::Lobby, fault);
        }
    }

    fn read_direct(&mut self, bytes: &[u8], now_ms: u64) {
        let Some(knocking) = &mut self.knocking else { return };
        match knocking.read_answer(&mut self.shared, bytes, now_ms) {
            // A lost Add's Welcome may have led to where nobody is.
            Ok(Some(denied)) if self.member.is_none() || knocking.waits_in_vain(now_ms) => {
                self.finish(denied);
            }
            // Whoever is in the group already was admitted by somebody else.
            Ok(_) => {}
            Err(fault) => self.shared.refuse(Source::Direct, fault),
        }
    }

    fn read_blob(&mut self, bytes: &[u8], now_ms: u64) {
        if !self.knocking.as_ref().is_some_and(|knocking| knocking.is_fetching()) {
            return;
        }
        // Whoever comes first is judged first.
        while self.is_entering() {
            self.enter(now_ms);
        }
        let Some(knocking) = self.knocking.as_mut() else { return };
        // What it leads to is entered by `go_on`.
        if let Err(fault) = knocking.read_tree(&self.shared, bytes, now_ms) {
            self.shared.refuse(Source::Blob, fault);
        }
    }

    /// Whether there is a roster still to be verified.
    fn is_entering(&self) -> bool {
        self.knocking.as_ref().is_some_and(|knocking| knocking.is_entering())
    }

    /// Goes on to where a Welcome leads.
    fn enter(&mut self, now_ms: u64) {
        let Some(knocking) = &mut self.knocking else { return };
        match knocking.enter(&self.shared, now_ms) {
            Ok(None) => {}
            Ok(Some((member, seq))) => {
                self.member = Some(Box::new(member));
                self.order.rewind(seq.saturating_add(1));
            }
            Err(fault) => self.shared.refuse(Source::Blob, fault),
        }
    }

    /// The membership is over: every key is erased.
    pub(super) fn finish(&mut self, event: Event) {
        self.shared.keyring.clear();
        self.over = true;
        let contacts = &self.shared.contacts;
        self.last_roster =
            self.member.take().map(|member| member.participants(contacts)).unwrap_or_default();
        self.knocking = None;
        self.shared.tell(event);
    }

    fn drive(&mut self, now_ms: u64) {
        if self.over {
            return;
        }
        self.mind_losses(now_ms);
        if self.over {
            return;
        }
        // SPEC [M9]: whoever stops driving stops sealing.
        let undriven = now_ms.saturating_add(SEAL_FOR_MS);
        // SPEC [M14]: on time, also if nobody drives.
        let stops = self.member.as_ref().and_then(|member| member.stops_at(&self.shared));
        self.shared.keyring.renew(undriven.min(stops.unwrap_or(undriven)));
        let mut next = vec![Some(now_ms.saturating_add(DRIVE_EVERY_MS))];
        if let Some(member) = &mut self.member {
            member.commit_what_can_be(&mut self.shared, now_ms);
            next.push(member.drive(&mut self.shared, now_ms));
        }
        if let Some(knocking) = &mut self.knocking {
            next.push(knocking.drive(&mut self.shared, now_ms));
            next.push(knocking.is_entering().then_some(now_ms.saturating_add(1)));
        }
        for message in self.shared.outbox.due(now_ms) {
            self.shared.outputs.push_back(Output::Send(message));
        }
        if let Some(from) = self.order.ask(now_ms) {
            self.shared.outputs.push_back(Output::Fetch { from });
        }
        next.extend([self.shared.outbox.deadline(), self.order.deadline()]);
        next.push(self.shared.keyring.sweep(now_ms));
        self.deadline = next.into_iter().flatten().min();
    }

    /// Everything that tells two states apart but unpolled outputs, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(self.digest_unread());
        self.order.digest(&mut hash);
        self.member.iter().for_each(|member| member.live.prefix.digest(&mut hash));
        hash.finalize().into()
    }

    /// As [`Self::digest`], but for what has been read of the log: an entry that is refused counts there too.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest_unread(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let Self { shared, order: _, knocking, member, over, last_roster: _, now_ms, deadline } =
            self;
        hash.update(format!("{over} {now_ms} {deadline:?} {}", shared.outputs.len()));
        hash.update(format!("{:?} {:?}", shared.stop_ms, shared.wants_resync));
        shared.outbox.digest(&mut hash);
        hash.update(shared.keyring.digest());
        shared.key_frames.digest(&mut hash);
        if let Some(knocking) = knocking {
            knocking.digest(&mut hash);
        }
        if let Some(member) = member {
            member.digest(&mut hash);
        }
        hash.finalize().into()
    }
}
