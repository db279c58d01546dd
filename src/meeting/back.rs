//! The way back of a member that can follow no more: what it keeps of its old leaf, and the knocks by
//! which it asks for a new one (SPEC \[A16\], \[A17\]).

use incamera_wire::{
    Destination, EventBody, EventKind, Fingerprint, Knock, KnockContent, LeafCredential, MailboxId,
    ResyncKey, StayId,
};

use super::begin::{engine, new_stay};
use super::events::LABEL;
use super::face::{Alarm, Event, Resync};
use super::knocking::Knocking;
use super::machine::Core;
use super::member::{Member, Standing};
use super::room::Room;
use super::roster::{Roster, Seat};
use super::shared::Shared;
use crate::admission::{KnockKey, seal_knock_under};
use crate::error::{Error, Fault};
use crate::hpke;
use crate::identity::renamed;
use crate::mls::{Engine, Stay};
use crate::policy::{self, Change, PskId};
use crate::secret::Secret;

/// How long to wait before knocking again at first, in milliseconds; doubled each time.
const FIRST_WAIT_MS: u64 = 2_000;
/// The longest wait, in milliseconds.
const LAST_WAIT_MS: u64 = 16_000;
/// How long after the first Welcome a try with another key package begins, if nobody has confirmed this
/// one, in milliseconds: whoever sent it may have meant no good.
const CONFIRMED_WITHIN_MS: u64 = 30_000;
/// How long nobody answers before the people are told, in milliseconds.
const TOLD_AFTER_MS: u64 = 120_000;
/// The most stays whose leaf may be in the group.
const MAX_STAYS: usize = 8;

/// A stay of this client whose leaf may be in the group.
pub(super) struct Past {
    pub(super) id: StayId,
    pub(super) stay: Stay,
    /// The counter of its next event.
    pub(super) counter: u64,
}

/// What outlives the leaf, because it is people's will and no key hangs on it.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) removals: Vec<Fingerprint>,
    pub(super) changes: Vec<Change>,
    pub(super) rename: Option<String>,
    pub(super) room: Room,
    pub(super) stay: Option<StayId>,
}

/// A member on its way back.
pub(super) struct Return {
    /// Who was here when it could follow last, and in which epoch that was.
    known: Roster,
    epoch: u64,
    /// The epoch that it came in with.
    first: u64,
    /// The state's resync keys of then, newest first.
    keys: Vec<ResyncKey>,
    /// Oldest first.
    past: Vec<Past>,
    pub(super) kept: Kept,
    knocks: usize,
    tries: u64,
    knock_at: u64,
    wait_ms: u64,
    /// When to tell the people, until they are told.
    tell_at: Option<u64>,
    /// When to try with another key package.
    retry_at: Option<u64>,
}

impl Return {
    /// The way back of `member`, whose leaf is `past`.
    pub(super) fn new<E: Engine>(member: &mut Member<E>, past: Past, now_ms: u64) -> Self {
        let intents = &mut member.intents;
        let kept = Kept {
            removals: std::mem::take(&mut intents.removals),
            changes: std::mem::take(&mut intents.changes),
            rename: intents.rename.take(),
            room: member.room.clone(),
            stay: Some(member.stay),
        };
        Self {
            known: member.roster().clone(),
            epoch: member.epochs.current().epoch,
            first: member.epochs.first(),
            keys: member.state.resync_keys.iter().map(ResyncKey::duplicate).collect(),
            past: vec![past],
            kept,
            knocks: 0,
            tries: 0,
            knock_at: now_ms,
            wait_ms: FIRST_WAIT_MS,
            tell_at: Some(now_ms.saturating_add(TOLD_AFTER_MS)),
            retry_at: None,
        }
    }

    /// Another key package is tried: the leaf of the last one may be in the group by now.
    pub(super) fn try_again(&mut self, stay: Stay, now_ms: u64) {
        let id = LeafCredential::decode(&stay.credential).map(|credential| credential.stay);
        let Ok(id) = id else { return };
        let past = Past { id, stay, counter: 0 };
        if self.past.len() >= MAX_STAYS {
            self.past.remove(0);
        }
        self.past.push(past);
        self.tries = self.tries.saturating_add(1);
        self.retry_at = None;
        self.hasten(now_ms);
    }

    /// Knocks at once: the transport is new.
    pub(super) fn hasten(&mut self, now_ms: u64) {
        self.knock_at = now_ms;
        self.wait_ms = FIRST_WAIT_MS;
    }

    /// Notes that a Welcome came.
    pub(super) fn welcomed(&mut self, now_ms: u64) {
        self.retry_at.get_or_insert(now_ms.saturating_add(CONFIRMED_WITHIN_MS));
    }

    /// Whether it is time to try with another key package.
    pub(super) fn is_stuck(&self, now_ms: u64) -> bool {
        self.retry_at.is_some_and(|at| at <= now_ms)
    }

    /// The PSKs that a Welcome may name.
    pub(super) fn psks(&self) -> impl Iterator<Item = (PskId, &Secret<32>)> {
        let psk = |key: &ResyncKey| PskId::Resync(policy::resync_id(&key.secret));
        self.keys.iter().map(move |key| (psk(key), &key.secret))
    }

    /// The private keys of resync keys and of one's own stays, for tests that look for them.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn expose(&self, into: &mut crate::secret::Exposed) {
        super::exposed::expose_resync_keys(&self.keys, into);
        let signing = self.past.iter().map(|past| past.stay.signing_key.to_bytes().to_vec());
        into.extend(signing.map(|key| ("a leaf's signature key", key)));
    }

    /// Refuses a Welcome by anyone whom this client did not know.
    pub(super) fn check_author(&self, author: Option<&Seat>) -> Result<(), Fault> {
        let knew = |seat: &Seat| {
            let same = |known: &Seat| {
                known.occupant.leaf_key == seat.occupant.leaf_key
                    && known.identity_key == seat.identity_key
            };
            self.known.of(seat.occupant.stay).is_some_and(same)
        };
        // SPEC [A17]: and none of one's own stays is another.
        let own = |seat: &Seat| self.past.iter().any(|past| past.id == seat.occupant.stay);
        if author.is_some_and(|seat| knew(seat) && !own(seat)) {
            Ok(())
        } else {
            Err(Fault::Welcome("its author is nobody whom this client knew"))
        }
    }

    /// Does what is due, and says when something is due next.
    pub(super) fn drive<E: Engine>(
        &mut self,
        shared: &mut Shared,
        mailbox: MailboxId,
        key_package: &[u8],
        now_ms: u64,
    ) -> Option<u64> {
        if self.knock_at <= now_ms {
            self.knock_at = now_ms.saturating_add(self.wait_ms);
            self.wait_ms = self.wait_ms.saturating_mul(2).min(LAST_WAIT_MS);
            // Without randomness it is tried again in its time.
            let _ = self.knock::<E>(shared, mailbox, key_package);
        }
        if self.tell_at.is_some_and(|at| at <= now_ms) {
            self.tell_at = None;
            shared.tell(Event::Alarm(Alarm::NotBack));
        }
        let retry = self.retry_at.filter(|at| *at > now_ms);
        [Some(self.knock_at), self.tell_at, retry].into_iter().flatten().min()
    }

    /// Everything that tells two ways back apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        let Self { epoch, past, knocks, knock_at, wait_ms, tell_at, retry_at, .. } = self;
        let past: Vec<_> = past.iter().map(|past| (past.id, past.counter)).collect();
        let times = format!("{knock_at} {wait_ms} {tell_at:?} {retry_at:?}");
        sha2::Digest::update(hash, format!("{epoch} {past:?} {knocks} {times}"));
    }

    /// Knocks by the newest key of the state, under the word of the latest stay; each time by the next
    /// combination, since the group may have gone another way meanwhile.
    fn knock<E: Engine>(
        &mut self,
        shared: &mut Shared,
        mailbox: MailboxId,
        key_package: &[u8],
    ) -> Result<(), Error> {
        let inspected = E::inspect_key_package(shared.profile, key_package);
        let knock = inspected.map_err(|_| Error::Internal("the own key package"))?.reference;
        let (stays, keys) = (self.past.len().max(1), self.keys.len().max(1));
        let past = self.past.iter_mut().rev().nth(self.knocks % stays);
        let key = self.keys.get((self.knocks / stays) % keys);
        let (Some(past), Some(key)) = (past, key) else { return Ok(()) };
        self.knocks = self.knocks.wrapping_add(1);
        let kind = EventKind::Rejoin { knock };
        // The numbers of two sides of a split are not the same epochs: whoever was here before this
        // client is on both.
        let epoch = if self.tries.is_multiple_of(2) { self.epoch } else { self.first };
        let meeting = shared.meeting;
        let body =
            EventBody { meeting, epoch, stay: past.id, counter: past.counter, kind }.encode();
        past.counter = past.counter.saturating_add(1);
        // SPEC [A16], [G11]
        let signature = past.stay.sign(&[LABEL, &body].concat());
        let content = KnockContent {
            key_package: key_package.to_vec(),
            log_position: shared.log_position,
            passcode_share: None,
            passcode_tag: None,
            rejoin: Some(incamera_wire::SignedEvent { body, signature }.encode()),
        };
        let lobby_key = hpke::public_key(&key.lobby_key);
        let id = policy::resync_id(&key.secret);
        let key = KnockKey { meeting, id, lobby_key, secret: &key.secret };
        // SPEC [A16]
        let (knock, _) = seal_knock_under(&key, &shared.entropy, mailbox, &content)?;
        shared.send(Destination::Lobby, Knock::encode(&knock))
    }
}

impl<E: Engine> Core<E> {
    /// Comes back by a fresh leaf. If it fails nothing has changed.
    pub(super) fn resync(&mut self, why: Resync, now_ms: u64) -> Result<(), Error> {
        let Some(member) = &mut self.member else { return Ok(()) };
        let returning = self.knocking.as_ref().is_some_and(|knocking| knocking.is_returning());
        if self.over || returning {
            return Ok(());
        }
        if member.standing == Standing::Leaving {
            // Nothing is read back any more that means anything.
            self.finish(Event::Left);
            return Ok(());
        }
        let past = member.past()?;
        let (joiner, mailbox) = new_leaf::<E>(&mut self.shared, &member.own_name()?)?;
        // SPEC [M9], [K7]: the others have left these epochs.
        member.break_off();
        self.shared.keyring.start_over();
        self.shared.outbox.clear();
        let back = Return::new(member, past, now_ms);
        self.knocking = Some(Box::new(Knocking::returning(back, joiner, mailbox)));
        self.shared.snapshot_due = true;
        self.shared.tell(Event::Resyncing { why });
        Ok(())
    }

    /// The log is shorter than an earlier connection said: what a client has skipped on the way back is
    /// nothing that it needs.
    pub(super) fn forget_false_head(&mut self) {
        let returning = self.knocking.as_ref().is_some_and(|knocking| knocking.is_returning());
        if returning && self.member.as_ref().is_some_and(|member| member.broken) {
            self.shared.log_position = self.order.skip();
        }
    }

    /// Does what has to be done about a member that can follow no more.
    pub(super) fn mind_losses(&mut self, now_ms: u64) {
        if self.order.is_lost() {
            self.shared.lose_track(Resync::Gap);
        }
        if let Some(why) = self.shared.wants_resync.take()
            && self.resync(why, now_ms).is_err()
        {
            // Without randomness it is tried again when the meeting is driven next.
            self.shared.wants_resync = Some(why);
            return;
        }
        let Some(knocking) = self.knocking.as_mut().filter(|k| k.is_returning()) else { return };
        let Some(member) = &mut self.member else { return };
        let is_lost = self.order.is_lost();
        if knocking.is_stuck(now_ms) || (is_lost && !member.broken) {
            let name = member.own_name();
            let leaf = name.and_then(|name| new_leaf::<E>(&mut self.shared, &name));
            let Ok((joiner, mailbox)) = leaf else { return };
            member.break_off();
            self.shared.keyring.start_over();
            knocking.try_again(joiner, mailbox, now_ms);
        }
        if is_lost {
            // Nothing that was said meanwhile is for the new leaf.
            self.shared.log_position = self.order.skip();
        }
    }
}

impl<E: Engine> Member<E> {
    fn own_name(&self) -> Result<String, Error> {
        Ok(self.own_seat().ok_or(Error::Internal("the own leaf"))?.name.clone())
    }

    /// The leaf that this member had until now.
    pub(super) fn past(&self) -> Result<Past, Error> {
        let fault = Error::Internal("the own leaf");
        let stay = self.group.stay().map_err(|_| fault)?;
        Ok(Past { id: self.stay, stay, counter: self.counter })
    }

    /// A member that has come back goes on where it was.
    pub(super) fn resume(&mut self, shared: &mut Shared, kept: Kept, now_ms: u64) {
        let Kept { removals, changes, rename, room, stay } = kept;
        let here = |who: &Fingerprint| self.roster().leaves_of(*who).next().is_some();
        self.intents.removals = removals.into_iter().filter(here).collect();
        self.intents.changes = changes;
        self.intents.rename = rename;
        self.settle_changes();
        if let Some(stay) = stay {
            self.room.take_over(&room, stay, self.stay);
        }
        self.room.introduce_later(now_ms, 0);
        self.order_again(shared, now_ms);
        shared.key_frames.settle(self.roster(), now_ms);
        // To the others this is a new sender.
        for track in shared.tracks.iter().filter(|track| track.kind().is_video()) {
            shared.key_frames.need(*track);
        }
    }
}

/// Makes the keys of another stay, under a name: a key package, and a mailbox for its knocks. If it fails
/// nothing has changed.
pub(super) fn new_leaf<E: Engine>(
    shared: &mut Shared,
    name: &str,
) -> Result<(E::Joiner, MailboxId), Error> {
    let before = shared.direct_key.duplicate();
    let made = make_leaf::<E>(shared, name);
    if made.is_err() {
        shared.direct_key = before;
    }
    made
}

fn make_leaf<E: Engine>(shared: &mut Shared, name: &str) -> Result<(E::Joiner, MailboxId), Error> {
    let mut stay = new_stay(shared)?;
    stay.credential = renamed(&stay.credential, name).map_err(|_| Error::Internal("the name"))?;
    let joiner = E::joiner(&shared.entropy, shared.profile, &stay).map_err(engine)?;
    Ok((joiner, MailboxId::new(shared.entropy.array()?)))
}
