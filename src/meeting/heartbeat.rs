//! Heartbeats: what members say of the log that they have read, so that nobody is shown another one
//! or an old one for long (SPEC \[G24\], \[G28\]).

use incamera_wire::{
    Destination, Envelope, EnvelopeKind, EventBody, EventKind, Heartbeat, SignedEvent,
};

use super::events::{Verified, verify};
use super::face::{Alarm, Event, Resync, Source};
use super::liveness::{ALARM_MS, SILENT_MS};
use super::member::{Member, Outcome, Standing};
use super::orders::expand;
use super::prefix::{Comparison, Place};
use super::shared::{Refusal, Shared};
use super::voices::Voice;
use crate::envelope::{self, Head};
use crate::error::{Error, Fault, Rule};
use crate::mls::Engine;
use crate::policy::{self, Occupant, Part};
use crate::secret::Secret;

/// The most orders that one heartbeat holds.
const MAX_ORDERS: usize = 4;
/// The most own heartbeats that are sent again until they are read back.
const MAX_BEATS: usize = 3;

/// The key that seals heartbeats: HKDF-Expand(heartbeat key, "incamera 1 heartbeat", 32).
pub(super) fn heartbeat_key(heartbeat_key: &Secret<32>) -> Result<Secret<32>, Error> {
    // SPEC [K10]
    expand(heartbeat_key, b"incamera 1 heartbeat")
}

impl<E: Engine> Member<E> {
    /// Says what was read; whether orders went with it.
    pub(super) fn beat(&mut self, shared: &mut Shared, now_ms: u64) -> bool {
        let waiting = self.own_orders.iter().filter(|order| shared.outbox.holds(order.id));
        let orders: Vec<_> = waiting.take(MAX_ORDERS).map(|order| order.signed.clone()).collect();
        let carries = !orders.is_empty();
        // Without randomness the next one has to do.
        let _ = self.post_heartbeat(shared, orders, now_ms);
        carries
    }

    fn post_heartbeat(
        &mut self,
        shared: &mut Shared,
        orders: Vec<Vec<u8>>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let current = self.epochs.current();
        let (epoch, authenticator) = (current.epoch, current.authenticator);
        let newest = self.state.heartbeat_keys.first();
        // SPEC [K10]
        let key = heartbeat_key(newest.ok_or(Error::Internal("the state's heartbeat keys"))?)?;
        // SPEC [G24], [G25]
        let kind = EventKind::Heartbeat(Heartbeat {
            authenticator,
            log_position: self.live.prefix.position(),
            log_hash: self.live.prefix.hash(),
            time_ms: now_ms.saturating_sub(self.live.origin_ms),
            orders,
        });
        let signed = self.sign_event(shared, kind, epoch).encode();
        let (meeting, kind) = (shared.meeting, EnvelopeKind::Heartbeat);
        let head = Head { meeting, kind, epoch, welcome: None };
        let envelope = envelope::seal(&key, &shared.entropy, head, &signed)?;
        let id = shared.post(Destination::Log, envelope.encode(), now_ms)?;
        self.counter += 1;
        self.live.beats.push_back(id);
        if self.live.beats.len() > MAX_BEATS
            && let Some(oldest) = self.live.beats.pop_front()
        {
            // The newer ones say more.
            shared.outbox.forget(oldest);
        }
        Ok(())
    }

    /// Reads a heartbeat from the log.
    pub(super) fn read_heartbeat(
        &mut self,
        shared: &mut Shared,
        sealed: &Envelope,
        place: Place,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        if self.broken {
            return Ok(Outcome::Goes);
        }
        // SPEC [K10]: also one of the other side of a split.
        let keys = self.state.heartbeat_keys.iter().filter_map(|key| heartbeat_key(key).ok());
        let opened = keys.filter_map(|key| envelope::open(&key, sealed).ok()).next();
        let opened = opened.ok_or(Fault::Unopenable)?;
        let signed = SignedEvent::decode(&opened).map_err(Fault::from)?;
        // SPEC [G24]
        let Verified { body, author } = verify(&signed, shared.meeting, self.roster())?;
        let author = author.occupant.clone();
        let EventBody { epoch, counter, kind, .. } = body;
        let EventKind::Heartbeat(heartbeat) = kind else {
            return Err(Refusal::by(author.stay, Fault::Signature));
        };
        // SPEC [G24]
        if epoch != sealed.epoch {
            return Err(Refusal::by(author.stay, Fault::Signature));
        }
        self.look_for_clone(shared, author.stay, counter, &opened, now_ms);
        // SPEC [G28]: before all that not everyone judges alike.
        for order in &heartbeat.orders {
            self.read_held_order(shared, &author, epoch, order, place, now_ms);
        }
        // SPEC [G11]
        if !self.counters.accept(author.stay, counter) {
            return Err(Refusal::by(author.stay, Fault::Replayed));
        }
        self.live.voices.hear(author.stay, now_ms);
        // Nobody has said yet that this is the group's epoch.
        if self.standing != Standing::Confirmed {
            return Ok(Outcome::Goes);
        }
        match self.live.prefix.compare(epoch, &heartbeat) {
            Comparison::Agrees => self.note_agreement(&author, &heartbeat, place, now_ms),
            Comparison::Disagrees => self.note_disagreement(shared, &author, now_ms),
            Comparison::Unknown => {}
        }
        Ok(Outcome::Goes)
    }

    /// An order that came in a heartbeat counts as if it stood there by itself (SPEC \[G28\]).
    fn read_held_order(
        &mut self,
        shared: &mut Shared,
        author: &Occupant,
        epoch: u64,
        order: &[u8],
        place: Place,
        now_ms: u64,
    ) {
        let latest = epoch.min(self.epochs.current().epoch);
        let read = self.verify_order(shared, order).and_then(|order| {
            // SPEC [G28]
            if order.author != *author || order.epoch > latest {
                return Err(Refusal::by(author.stay, Fault::Signature));
            }
            self.take_order(shared, &order, now_ms)
        });
        match read {
            // It has been carried out meanwhile, as it should.
            Ok(()) | Err(Refusal { fault: Fault::Refused(Rule::VoidOrder(_)), .. }) => {}
            Err(refusal) => shared.refuse(Source::Log { seq: place.seq }, refusal),
        }
    }

    /// Both have read the same log: when was that?
    fn note_agreement(
        &mut self,
        author: &Occupant,
        heartbeat: &Heartbeat,
        place: Place,
        now_ms: u64,
    ) {
        // It has read that it was replaced, in this log.
        self.live
            .replaced
            .retain(|who, behind| *who != author.fingerprint || heartbeat.log_position < *behind);
        let anchor = self.live.anchors.below(heartbeat.log_position);
        let own = author.stay == self.stay;
        let Some(voice) = self.live.voices.of_mut(author.stay) else { return };
        // SPEC [G24]
        let made =
            if own { place.posted_ms } else { voice.clock.made(heartbeat.time_ms, anchor, now_ms) };
        voice.made_ms = voice.made_ms.max(made);
        (voice.agreed_ms, voice.disagrees) = (Some(now_ms), false);
        if voice.part == Part::Authority {
            self.live.shows(made);
        }
        // One that was long on its way does not show that the host is there.
        if made.is_none_or(|made| now_ms.saturating_sub(made) < SILENT_MS) {
            self.heard_host(&author.fingerprint, now_ms);
        }
    }

    /// The author has read another log, and its signature shows it.
    fn note_disagreement(&mut self, shared: &mut Shared, author: &Occupant, now_ms: u64) {
        let Some(voice) = self.live.voices.of_mut(author.stay) else { return };
        // SPEC [G24]
        if !std::mem::replace(&mut voice.disagrees, true) {
            shared.tell(Event::Alarm(Alarm::Disagreement { member: author.stay }));
        }
        if self.yields_to(author, now_ms) {
            shared.lose_track(Resync::Fork);
            // SPEC [M9]
            shared.keyring.allow_sealing(false);
        }
    }

    /// Whether it is this side of a split meeting that goes over to the other.
    fn yields_to(&self, author: &Occupant, now_ms: u64) -> bool {
        let Some(theirs) = self.claim(author) else { return false };
        let hosts = policy::hosts_here(&self.state, self.roster().occupants());
        if hosts.is_empty() && theirs.0 {
            let authorities = || self.live.voices.authorities();
            let others = authorities().filter(|(_, voice)| voice.disagrees).count();
            // SPEC [G24]: any member may stand at a low leaf, so that one of them does not suffice.
            return others.saturating_mul(2) > authorities().count();
        }
        let recent = |at: u64| now_ms.saturating_sub(at) < ALARM_MS;
        let agrees = |voice: &Voice| !voice.disagrees && voice.agreed_ms.is_some_and(recent);
        let here = |member: &&Occupant| {
            member.stay == self.stay || self.live.voices.of(member.stay).is_some_and(agrees)
        };
        // SPEC [G24]: both sides come to the same.
        let mut own_side = self.roster().occupants().iter().filter(here);
        !own_side.any(|member| self.claim(member).is_some_and(|own| own < theirs))
    }

    /// How good a member's claim is that the log it has read is the meeting's, the best first: that of a
    /// host whom others have only ceased to hear, then by leaf of those with authority.
    fn claim(&self, member: &Occupant) -> Option<(bool, u32)> {
        if self.live.replaced.contains_key(&member.fingerprint) {
            return Some((false, member.leaf));
        }
        let part = self.live.voices.of(member.stay)?.part;
        (part == Part::Authority).then_some((true, member.leaf))
    }
}
