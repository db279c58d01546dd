//! One client of a run: what reaches it, what it does by itself, and what comes of it.

use std::fmt;

use incamera_wire::{BlobHash, Destination, Door, MailboxId, MessageId, Right, Track};
use sha2::{Digest as _, Sha256};

use super::cast::{Cast, Checked, KEY, NAMES, identity, now};
use super::parcel::Parcel;
use super::witness::Witness;
use crate::error::Error;
use crate::media::{Framing, Sealer};
use crate::meeting::face::{Event, Input, Message, Output};
use crate::meeting::machine::Core;
use crate::meeting::member::{Member, Standing, entered};
use crate::meeting::shared::Shared;
use crate::meeting::upkeep::Upkeep;
use crate::policy::Change;

/// What somebody does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    /// Removes somebody.
    Remove(usize),
    /// Locks the door.
    Lock,
    /// Takes on another name.
    Rename,
    /// Admits everybody who waits.
    Admit,
    /// Renews its path.
    Renew,
    /// Leaves.
    Leave,
    /// Loses what it needs to read the next path.
    LosePath,
}

/// What reaches a client, or what it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stimulus {
    Connected {
        next: u64,
    },
    Entry {
        seq: u64,
        entry: Parcel,
    },
    Lobby(Parcel),
    Direct(Parcel),
    Blob(Parcel),
    Call(Call),
    Timeout,
    /// It crashed and is gone; its person knocks with a new client.
    Reborn,
    /// It crashed, and comes back from its newest snapshot or from the one before.
    Restored {
        newest: bool,
    },
}

/// A stimulus and when it came, in monotonic milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) at_ms: u64,
    pub(super) what: Stimulus,
}

/// What a client hands to its transport.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    Post { id: MessageId, to: Destination, parcel: Parcel },
    Fetch { from: u64 },
    FetchBlob { hash: BlobHash },
}

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) sent: Vec<Sent>,
    pub(super) told: Vec<Event>,
    /// The first rule that was broken.
    pub(super) flaw: Option<String>,
}

/// How a client stands to the meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Knocking,
    Unconfirmed,
    In,
    Leaving,
    Restored,
    Broken,
    Resyncing,
    Over,
}

/// A running client.
pub(super) struct Client<E: Checked>
where
    E::Joiner: 'static,
{
    pub(super) who: usize,
    pub(super) core: Core<E>,
    pub(super) mailbox: Option<MailboxId>,
    pub(super) witness: Witness,
    life: u8,
    /// Its last two snapshots, each with a digest of the client: the engine's part of them is the same
    /// records in any order.
    pub(super) stored: Vec<(Vec<u8>, [u8; 32])>,
    sealer: Option<Sealer>,
    probed: Option<Glance>,
}

/// What decides whether another frame would tell anything new.
type Glance = (u64, Phase, Option<u64>, usize);

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remove(whom) => write!(f, "removes {}", NAMES[*whom]),
            Self::Lock => f.write_str("locks the door"),
            Self::Rename => f.write_str("takes on another name"),
            Self::Admit => f.write_str("admits all who wait"),
            Self::Renew => f.write_str("renews its path"),
            Self::Leave => f.write_str("leaves"),
            Self::LosePath => f.write_str("loses its path keys"),
        }
    }
}

impl<E: Checked> Client<E> {
    /// The client of a person: a member from the start, or one who will knock.
    pub(super) fn new(cast: &Cast<E>, who: usize, at_ms: u64) -> Self {
        let (core, mailbox) = if who < cast.size() {
            (cast.member(who), None)
        } else {
            let (core, mailbox) = cast.knocker(who, 1, at_ms);
            (core, Some(mailbox))
        };
        let (witness, sealer, stored) = (Witness::default(), None, Vec::new());
        let mut client =
            Self { who, core, mailbox, witness, life: 1, stored, sealer, probed: None };
        client.store(cast);
        // Whoever creates a meeting is told that it is in.
        client.look_on(&mut Outcome::default(), 0);
        client.probe(at_ms);
        client
    }

    /// Takes a step; nothing if a call was refused, which changes nothing.
    pub(super) fn take(&mut self, cast: &Cast<E>, step: &Step) -> Option<Outcome> {
        let (position, before) = (self.core.shared.log_position, self.standing());
        let at = now(step.at_ms);
        let mut outcome = Outcome::default();
        let done = match &step.what {
            Stimulus::Connected { next } => self.core.handle(Input::Connected { next: *next }, at),
            Stimulus::Entry { seq, entry } => {
                self.witness.note_entry(*seq, entry);
                self.core.handle(Input::Log { seq: *seq, bytes: entry.copy() }, at)
            }
            Stimulus::Lobby(parcel) => self.core.handle(Input::Lobby(parcel.copy()), at),
            Stimulus::Direct(parcel) => self.core.handle(Input::Direct(parcel.copy()), at),
            Stimulus::Blob(parcel) => self.core.handle(Input::Blob(parcel.copy()), at),
            Stimulus::Timeout => self.core.handle_timeout(at),
            Stimulus::Call(call) => {
                self.call(*call, step.at_ms).ok()?;
                Ok(())
            }
            Stimulus::Reborn => {
                self.be_reborn(cast, step.at_ms);
                Ok(())
            }
            Stimulus::Restored { newest } => {
                self.be_restored(cast, *newest, step.at_ms)?;
                Ok(())
            }
        };
        self.store(cast);
        assert!(matches!(done, Ok(()) | Err(Error::Ended)), "{done:?}");
        self.look_on(&mut outcome, step.at_ms);
        let merged = self.check_merges(position, before);
        let flaw = merged.or_else(|| self.probe(step.at_ms));
        outcome.flaw = flaw.map(|flaw| format!("{} {flaw}", NAMES[self.who]));
        Some(outcome)
    }

    fn be_reborn(&mut self, cast: &Cast<E>, at_ms: u64) {
        self.life += 1;
        let (core, mailbox) = cast.knocker(self.who, self.life, at_ms);
        (self.core, self.mailbox) = (core, Some(mailbox));
        (self.sealer, self.probed) = (None, None);
        self.stored.clear();
        self.witness.forget();
    }

    /// A new process takes up what the old one stored: the newest, or the one before it.
    fn be_restored(&mut self, cast: &Cast<E>, newest: bool, at_ms: u64) -> Option<()> {
        let (stored, _) = if newest { self.stored.last()? } else { self.stored.first()? };
        self.life += 1;
        self.core = cast.restored(self.who, self.life, stored, at_ms);
        (self.sealer, self.probed) = (None, None);
        self.witness.forget();
        Some(())
    }

    /// As an application is to do before it carries out what the client gives (SPEC \[R3\]).
    fn store(&mut self, cast: &Cast<E>) {
        if !cast.stores() || !self.core.snapshot_due() {
            return;
        }
        let digest = self.core.digest();
        self.stored.push((self.core.snapshot(&KEY).unwrap(), digest));
        if self.stored.len() > 2 {
            self.stored.remove(0);
        }
    }

    fn call(&mut self, call: Call, at_ms: u64) -> Result<(), Error> {
        let at = now(at_ms);
        let core = &mut self.core;
        let stay_of = |member: &Member<E>, who: usize| {
            let who = identity(who).fingerprint();
            let mut seats = member.roster().seats().iter();
            let seat = seats.find(|seat| seat.occupant.fingerprint == who);
            seat.map(|seat| seat.occupant.stay).ok_or(Error::UnknownMember)
        };
        core.look()?.1.require_in()?;
        match call {
            Call::Remove(whom) => core.call(at, |shared, member, at_ms| {
                member.remove(shared, stay_of(member, whom)?, at_ms)
            }),
            Call::Lock => core.call(at, |shared, member, at_ms| {
                member.change(shared, Change::Door(Door::Locked), at_ms)
            }),
            Call::Rename => core.call(at, |shared, member, at_ms| {
                member.rename(shared, &format!("{} the Second", NAMES[self.who]), at_ms)
            }),
            Call::Admit => core.call(at, |shared, member, at_ms| {
                member.lobby.waiting().next().ok_or(Error::UnknownKnock)?;
                member.admit_all(shared, at_ms)
            }),
            Call::Renew => core.call(at, |_, member: &mut Member<E>, _| {
                let entered = entered(&member.group, member.roster(), false, false);
                // As if the epoch were old.
                member.upkeep = Upkeep::new(entered, 0);
                Ok(())
            }),
            Call::Leave => core.leave(at),
            Call::LosePath => core.call(at, |_: &mut Shared, member, _| {
                member.group.lose_path();
                Ok(())
            }),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match (self.core.member.as_ref().map(|member| member.standing), &self.core.knocking) {
            (Some(Standing::Unconfirmed), _) => Phase::Unconfirmed,
            (Some(Standing::Confirmed), _) => Phase::In,
            (Some(Standing::Leaving), _) => Phase::Leaving,
            (Some(Standing::Restored), _) => Phase::Restored,
            (Some(Standing::Broken), _) => Phase::Broken,
            (None, Some(_)) if self.witness.resyncs => Phase::Resyncing,
            (None, Some(_)) => Phase::Knocking,
            (None, None) => Phase::Over,
        }
    }

    /// How many knocks wait for this client's people, if they may let somebody in.
    pub(super) fn waiting(&self) -> usize {
        let Some(member) = &self.core.member else { return 0 };
        let admits = member.require(Right::Admit).is_ok();
        if admits { member.lobby.waiting().count() } else { 0 }
    }

    /// Whether nothing of its own is under way.
    pub(super) fn is_idle(&self) -> bool {
        let pending = self.core.member.as_ref().is_some_and(|member| member.group.has_pending());
        !pending && self.core.shared.outbox.deadline().is_none()
    }

    /// The epoch, if this client is in the meeting.
    fn standing(&self) -> Option<u64> {
        let member = self.core.member.as_ref()?;
        (member.standing == Standing::Confirmed).then_some(member.epochs.current().epoch)
    }

    /// Polls, and writes down what there is to see.
    fn look_on(&mut self, outcome: &mut Outcome, at_ms: u64) {
        while let Some(output) = self.core.poll() {
            match output {
                Output::Send(Message { id, to, bytes }) => {
                    outcome.sent.push(Sent::Post { id, to, parcel: Parcel::new(bytes) });
                }
                Output::Fetch { from } => outcome.sent.push(Sent::Fetch { from }),
                Output::FetchBlob { hash } => outcome.sent.push(Sent::FetchBlob { hash }),
                Output::Event(event) => {
                    self.witness.hear(&self.core, &event, at_ms);
                    outcome.told.push(event);
                }
            }
        }
        if let Some(member) = &self.core.member {
            self.witness.visit(member);
        }
    }

    /// A member enters no epoch whose commit it has not just read in the log.
    fn check_merges(&self, position: u64, before: Option<u64>) -> Option<String> {
        let epochs = (before?, self.standing()?);
        let unread = self.witness.unread(epochs, position, self.core.shared.log_position)?;
        Some(format!("leaves epoch {unread} by a commit that it has not read"))
    }

    /// Tries to seal a frame, if something has changed since the last; gives what is wrong with it.
    fn probe(&mut self, at_ms: u64) -> Option<String> {
        let shared = &self.core.shared;
        let epoch = self.core.member.as_ref().map(|member| member.epochs.current().epoch);
        let glance = (at_ms, self.phase(), epoch, self.witness.ordered.len());
        if self.probed == Some(glance) {
            return None;
        }
        self.probed = Some(glance);
        if self.sealer.is_none() {
            let leased = Sealer::lease(shared.keyring.clone(), Track::MICROPHONE, Framing::Whole);
            self.sealer = leased.ok();
        }
        let mut sealed = Vec::new();
        self.sealer.as_mut()?.seal(b"a word", at_ms, &mut sealed).ok()?;
        let Some(member) = &self.core.member else { return Some("seals outside".to_owned()) };
        self.witness.note_frame(member, &sealed, at_ms).err()
    }

    /// Everything that tells two clients apart, hashed; also how much randomness they have drawn, or one
    /// could come to use a message id that the other has used.
    pub(super) fn key(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.core.digest());
        let Self { who, witness, life, probed, .. } = self;
        let drawn = self.core.shared.entropy.drawn();
        hash.update(format!("{who} {life} {drawn} {probed:?}"));
        witness.digest(&mut hash);
        if let Some(member) = &self.core.member {
            let Member { stands_by, confirming, broken, own_orders, .. } = &**member;
            let orders: Vec<_> = own_orders.iter().map(|order| (order.target, order.id)).collect();
            hash.update(format!("{stands_by:?} {confirming} {broken} {orders:?}"));
            for tree in &member.trees {
                hash.update(tree.hash.as_bytes());
            }
        }
        self.stored.iter().for_each(|(_, digest)| hash.update(digest));
        hash.finalize().into()
    }
}
