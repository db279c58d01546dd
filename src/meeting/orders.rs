//! Removal orders: a signed word, once in the log, that every later commit has to carry out, so that
//! neither a flood of commits nor a server that favours them keeps somebody in (SPEC \[G16\]).

use hkdf::Hkdf;
use incamera_wire::{
    Destination, Envelope, EnvelopeKind, EventBody, EventKind, Fingerprint, MessageId, SignedEvent,
    StayId,
};
use sha2::Sha256;

use super::doors::OWN_MEMBER;
use super::events::{LABEL, Verified, verify};
use super::face::{Event, MemberId};
use super::intents::Ordered;
use super::member::{Member, Outcome, Standing};
use super::roster::Seat;
use super::shared::{Refusal, Shared};
use super::voices::OFTEN_MS;
use crate::envelope::{self, Head};
use crate::error::{Error, Fault};
use crate::mls::Engine;
use crate::policy::{self, Occupant};
use crate::secret::Secret;

/// How much later each next leaf carries an order out, in milliseconds.
const CARRY_STAGGER_MS: u64 = 1_000;
/// The longest that any member waits to carry an order out, in milliseconds.
const CARRY_LATEST_MS: u64 = 10_000;
/// How long a member goes on sealing while it knows of an order that nobody has carried out, in
/// milliseconds (SPEC \[M9\]).
const ORDER_GRACE_MS: u64 = 1_000;

/// The key that seals orders, from a heartbeat key: HKDF-Expand(key, "incamera 1 order", 32).
pub(super) fn order_key(heartbeat_key: &Secret<32>) -> Result<Secret<32>, Error> {
    // SPEC [K9]
    expand(heartbeat_key, b"incamera 1 order")
}

/// The key for this use of a heartbeat key: HKDF-Expand(key, use, 32).
pub(super) fn expand(heartbeat_key: &Secret<32>, info: &[u8]) -> Result<Secret<32>, Error> {
    let fault = Error::Internal("the key of an order or a heartbeat");
    let expander = Hkdf::<Sha256>::from_prk(heartbeat_key.expose()).map_err(|_| fault)?;
    let mut done = Ok(());
    let key = Secret::filled(|bytes| done = expander.expand(info, bytes));
    done.map_err(|_| fault)?;
    Ok(key)
}

/// An order that this member has given.
pub(super) struct OwnOrder {
    pub(super) target: Fingerprint,
    /// On its way to the log.
    pub(super) id: MessageId,
    /// Encoded, for heartbeats to carry along.
    pub(super) signed: Vec<u8>,
}

/// An order under a member's signature, which may be void.
pub(super) struct SignedOrder {
    pub(super) author: Occupant,
    pub(super) epoch: u64,
    /// Of its author's events.
    pub(super) counter: u64,
    target: Fingerprint,
    stay: StayId,
}

impl<E: Engine> Member<E> {
    /// Removes an identity for cause, with all its leaves: orders it, and commits it.
    pub(super) fn remove(
        &mut self,
        shared: &mut Shared,
        member: MemberId,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        let own = self.own_seat().ok_or(Error::Internal("the own leaf"))?.occupant.clone();
        let seat = self.roster().of(member).ok_or(Error::UnknownMember)?;
        let target = seat.occupant.fingerprint;
        if own.fingerprint == target {
            return Err(OWN_MEMBER);
        }
        if self.intents.removals.contains(&target) || self.intents.orders_out(&target) {
            return Ok(());
        }
        policy::order_binds(&self.scene(&self.intents.ordered()), &own, &target, member)?;
        self.order(shared, target, member, now_ms)?;
        self.intents.removals.push(target);
        // The order stands, whatever becomes of this commit.
        self.commit_what_can_be(shared, now_ms);
        Ok(())
    }

    /// Signs and posts an order.
    pub(super) fn order(
        &mut self,
        shared: &mut Shared,
        target: Fingerprint,
        stay: StayId,
        now_ms: u64,
    ) -> Result<(), Error> {
        let epoch = self.epochs.current().epoch;
        let newest = self.state.heartbeat_keys.first();
        let key = order_key(newest.ok_or(Error::Internal("the state's heartbeat keys"))?)?;
        let kind = EventKind::RemovalOrder { target, stay };
        let signed = self.sign_event(shared, kind, epoch).encode();
        let head =
            Head { meeting: shared.meeting, kind: EnvelopeKind::Order, epoch, welcome: None };
        let envelope = envelope::seal(&key, &shared.entropy, head, &signed)?;
        let id = shared.post(Destination::Log, envelope.encode(), now_ms)?;
        self.own_orders.push(OwnOrder { target, id, signed });
        self.counter += 1;
        // SPEC [G28]: until it is read back, heartbeats say it too.
        self.live.beat_at = self.live.beat_at.min(now_ms.saturating_add(OFTEN_MS));
        Ok(())
    }

    /// Nobody needs an order any more whose target is gone.
    pub(super) fn forget_orders(&mut self, shared: &mut Shared) {
        let mut orders = std::mem::take(&mut self.own_orders);
        orders.retain(|OwnOrder { target, id, .. }| {
            let here = self.roster().leaves_of(*target).next().is_some();
            if !here {
                shared.outbox.forget(*id);
            }
            here
        });
        self.own_orders = orders;
    }

    /// Orders again what this member means to remove and nothing in the log binds to: the key under
    /// which it was said is gone.
    pub(super) fn order_again(&mut self, shared: &mut Shared, now_ms: u64) {
        if self.standing != Standing::Confirmed {
            return;
        }
        let ordered = self.intents.ordered();
        let open: Vec<_> =
            self.intents.removals.iter().filter(|who| !ordered.contains(who)).copied().collect();
        for target in open {
            let seats = self.roster().seats().iter();
            let stay = seats.filter(|s| s.occupant.fingerprint == target).map(|s| s.occupant.stay);
            if let Some(stay) = stay.min() {
                // Without randomness the commit alone has to do.
                let _ = self.order(shared, target, stay, now_ms);
            }
        }
    }

    /// Reads an order from the log.
    pub(super) fn read_order(
        &mut self,
        shared: &mut Shared,
        sealed: &Envelope,
        now_ms: u64,
    ) -> Result<Outcome, Refusal> {
        // Also one of an epoch before this member's own: it binds the others from here on.
        if self.broken {
            return Ok(Outcome::Goes);
        }
        // However old: a flood of commits before it must not make it void.
        if sealed.epoch > self.epochs.current().epoch {
            return Err(Fault::EpochAhead.into());
        }
        // SPEC [G16]: of the keys in the state at this place of the log.
        let keys = self.state.heartbeat_keys.iter().filter_map(|key| order_key(key).ok());
        let opened = keys.filter_map(|key| envelope::open(&key, sealed).ok()).next();
        let opened = opened.ok_or(Fault::Unopenable)?;
        let order = self.verify_order(shared, &opened)?;
        // SPEC [G16], [G11]
        if order.epoch != sealed.epoch {
            return Err(Refusal::by(order.author.stay, Fault::Signature));
        }
        self.look_for_clone(shared, order.author.stay, order.counter, &opened, now_ms);
        self.take_order(shared, &order, now_ms)?;
        Ok(Outcome::Goes)
    }

    /// An order, if that is what these bytes are, of a member of the current roster.
    pub(super) fn verify_order(
        &self,
        shared: &Shared,
        signed: &[u8],
    ) -> Result<SignedOrder, Refusal> {
        let signed = SignedEvent::decode(signed).map_err(Fault::from)?;
        let Verified { body, author } = verify(&signed, shared.meeting, self.roster())?;
        let author = author.occupant.clone();
        let EventBody { epoch, kind, counter, .. } = body;
        // SPEC [G16], [G11]
        match kind {
            EventKind::RemovalOrder { target, stay } => {
                Ok(SignedOrder { author, epoch, counter, target, stay })
            }
            _ => Err(Refusal::by(author.stay, Fault::Signature)),
        }
    }

    /// Takes in an order at this place of the log: it binds from here on, or is void.
    pub(super) fn take_order(
        &mut self,
        shared: &mut Shared,
        order: &SignedOrder,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let SignedOrder { author, target, stay, epoch: _, counter: _ } = order;
        let (target, stay) = (*target, *stay);
        let ordered = self.intents.ordered();
        if ordered.contains(&target) {
            return Ok(());
        }
        // SPEC [G16]
        policy::order_binds(&self.scene(&ordered), author, &target, stay)
            .map_err(|rule| Refusal::by(author.stay, Fault::Refused(rule)))?;
        self.bind(author.stay == self.stay, target, now_ms);
        shared.tell(Event::Ordered { member: stay, by: author.stay });
        Ok(())
    }

    /// From here on an order binds.
    pub(super) fn bind(&mut self, own: bool, target: Fingerprint, now_ms: u64) {
        let rank = self.rank(|seat| seat.occupant.fingerprint != target);
        let wait = CARRY_STAGGER_MS.saturating_mul(rank.saturating_add(1)).min(CARRY_LATEST_MS);
        // Its author's commit is behind it in the log.
        let wait = if own { 0 } else { wait };
        let carry_at = now_ms.saturating_add(wait);
        self.intents.orders.push(Ordered { target, bound_at: now_ms, carry_at });
        self.settle_parts(now_ms);
    }

    /// Whether an order names this very identity.
    pub(super) fn is_ordered_out(&self) -> bool {
        let own = self.own_seat().map(|seat| seat.occupant.fingerprint);
        own.is_some_and(|own| self.intents.orders_out(&own))
    }

    /// Lets sealers work, or stops them: before confirmation, and while an order is not carried out
    /// (SPEC \[M9\], \[G16\]). Says when that may change.
    pub(super) fn gate_sealing(&self, shared: &Shared, now_ms: u64) -> Option<u64> {
        let stops = |bound_at: u64| bound_at.saturating_add(ORDER_GRACE_MS);
        let first = self.intents.orders.iter().map(|order| stops(order.bound_at)).min();
        // SPEC [G16]
        let held_up = first.is_some_and(|at| at <= now_ms) || self.is_ordered_out();
        let confirmed = self.standing == Standing::Confirmed;
        let stops_at = self.stops_at(shared);
        // SPEC [M14]
        let stale = stops_at.is_some_and(|at| at <= now_ms);
        let follows = shared.wants_resync.is_none();
        #[cfg(test)]
        let held_up = held_up && !shared.errs(super::mistakes::Mistake::IgnoresOrders);
        // SPEC [M9]
        shared.keyring.allow_sealing(confirmed && follows && !held_up && !stale);
        first.into_iter().chain(stops_at).filter(|at| *at > now_ms).min()
    }

    /// How many of the members that `counts` says count come before this one in the tree.
    pub(super) fn rank(&self, counts: impl Fn(&Seat) -> bool) -> u64 {
        let seats = self.roster().seats().iter();
        let before = seats.take_while(|seat| seat.occupant.stay != self.stay);
        before.filter(|seat| counts(seat)).count() as u64
    }

    /// An event of this epoch under this member's signature.
    pub(super) fn sign_event(&self, shared: &Shared, kind: EventKind, epoch: u64) -> SignedEvent {
        let (meeting, stay, counter) = (shared.meeting, self.stay, self.counter);
        let body = EventBody { meeting, epoch, stay, counter, kind }.encode();
        // SPEC [G11]
        let signature = self.group.sign(&[LABEL, &body].concat());
        SignedEvent { body, signature }
    }
}
