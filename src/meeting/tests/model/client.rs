//! One client of a run, and what a witness of it writes down: what the application is told and what
//! leaves through a microphone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use incamera_wire::{
    Destination, Door, Envelope, EnvelopeKind, FrameHeader, MailboxId, MessageId, Right, StayId, Track,
};
use sha2::{Digest as _, Sha256};

use super::cast::{Cast, Checked, NAMES, identity, now};
use crate::error::Error;
use crate::media::{Framing, Sealer};
use crate::meeting::face::{Event, Input, Message, Output};
use crate::meeting::machine::Core;
use crate::meeting::member::{Member, Standing, entered};
use crate::meeting::shared::Shared;
use crate::meeting::upkeep::Upkeep;
use crate::policy::Change;

/// Bytes under way, told apart by their hash.
#[derive(Clone)]
pub(super) struct Parcel {
    pub(super) id: u64,
    pub(super) bytes: Arc<Vec<u8>>,
}

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
    Connected { next: u64 },
    Entry { seq: u64, entry: Parcel },
    Lobby(Parcel),
    Direct(Parcel),
    Blob(Parcel),
    Call(Call),
    Timeout,
    /// It crashed and is gone; its person knocks with a new client.
    Reborn,
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
    FetchBlob { hash: incamera_wire::BlobHash },
}

/// What came of a step.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) sent: Vec<Sent>,
    pub(super) told: Vec<Event>,
    /// The first rule that was broken.
    pub(super) flaw: Option<String>,
}

/// An epoch in which a client was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    pub(super) epoch: u64,
    pub(super) authenticator: [u8; 32],
    pub(super) stay: StayId,
    /// Whether a member had confirmed this client by then.
    pub(super) confirmed: bool,
}

/// A frame that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Of the epoch that it was sealed in.
    pub(super) authenticator: [u8; 32],
    pub(super) kid: u64,
    pub(super) counter: u64,
    /// Whom its sender saw in the meeting as it sealed.
    pub(super) roster: BTreeSet<StayId>,
}

/// How a client stands to the meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Knocking,
    Unconfirmed,
    In,
    Leaving,
    Broken,
    Over,
}

/// All that matters of a client's past.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness {
    pub(super) visits: Vec<Visit>,
    pub(super) frames: Vec<Frame>,
    /// Whom the application has been told of.
    shown: BTreeSet<StayId>,
    /// Who is ordered out, and since when.
    ordered: BTreeMap<StayId, u64>,
    /// Alarms and refusals, in order.
    pub(super) alarms: Vec<String>,
    /// The epochs of the commits that reached it, by sequence number.
    commits: BTreeMap<u64, u64>,
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
    sealer: Option<Sealer>,
    probed: Option<Glance>,
}

/// What decides whether another frame would tell anything new.
type Glance = (u64, Phase, Option<u64>, usize);

impl Witness {
    /// Whether the people were told that something is wrong with the group.
    pub(super) fn is_alarmed(&self) -> bool {
        let serious = ["Unreadable", "Disagreement"];
        self.alarms.iter().any(|alarm| serious.iter().any(|word| alarm.contains(word)))
    }
}

impl Parcel {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        let id = u64::from_be_bytes(hash[..8].try_into().unwrap());
        Self { id, bytes: Arc::new(bytes) }
    }

    fn copy(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Parcel {}

impl std::hash::Hash for Parcel {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.id)
    }
}

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
        let (witness, sealer) = (Witness::default(), None);
        let mut client = Self { who, core, mailbox, witness, life: 1, sealer, probed: None };
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
                self.note_commit(*seq, entry);
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
        };
        assert!(matches!(done, Ok(()) | Err(Error::Ended)), "{done:?}");
        self.look_on(&mut outcome, step.at_ms);
        let merged = self.check_merges(position, before);
        outcome.flaw = merged.or_else(|| self.probe(step.at_ms));
        Some(outcome)
    }

    fn be_reborn(&mut self, cast: &Cast<E>, at_ms: u64) {
        self.life += 1;
        let (core, mailbox) = cast.knocker(self.who, self.life, at_ms);
        (self.core, self.mailbox) = (core, Some(mailbox));
        (self.sealer, self.probed) = (None, None);
        self.witness.shown.clear();
        self.witness.ordered.clear();
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

    fn note_commit(&mut self, seq: u64, entry: &Parcel) {
        if let Ok(Envelope { kind: EnvelopeKind::Handshake, epoch, .. }) =
            Envelope::decode(&entry.bytes)
        {
            self.witness.commits.insert(seq, epoch);
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match (self.core.member.as_ref().map(|member| member.standing), &self.core.knocking) {
            (Some(Standing::Unconfirmed), _) => Phase::Unconfirmed,
            (Some(Standing::Confirmed), _) => Phase::In,
            (Some(Standing::Leaving), _) => Phase::Leaving,
            (Some(Standing::Broken), _) => Phase::Broken,
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
                    self.hear(&event, at_ms);
                    outcome.told.push(event);
                }
            }
        }
        let Some(member) = &self.core.member else { return };
        let current = member.epochs.current();
        let visit = Visit {
            epoch: current.epoch,
            authenticator: current.authenticator,
            stay: member.stay,
            confirmed: member.standing != Standing::Unconfirmed,
        };
        if self.witness.visits.last() != Some(&visit) {
            self.witness.visits.push(visit);
        }
    }

    /// What an application makes of an event.
    fn hear(&mut self, event: &Event, at_ms: u64) {
        let Witness { shown, ordered, alarms, .. } = &mut self.witness;
        match event {
            Event::Joined => {
                if let Some(member) = &self.core.member {
                    let all = member.participants(&self.core.shared.contacts);
                    *shown = all.into_iter().map(|participant| participant.member).collect();
                }
            }
            Event::Added { member, .. } => drop(shown.insert(*member)),
            Event::Gone { member, .. } => {
                shown.remove(member);
                ordered.remove(member);
            }
            Event::Ordered { member, .. } => drop(ordered.insert(*member, at_ms)),
            Event::Alarm(_) => alarms.push(format!("{event:?}")),
            _ => {}
        }
    }

    /// A member enters no epoch whose commit it has not just read in the log.
    fn check_merges(&self, position: u64, before: Option<u64>) -> Option<String> {
        let (before, after) = (before?, self.standing()?);
        let read = self.witness.commits.range(position..self.core.shared.log_position);
        let read: BTreeSet<u64> = read.map(|(_, epoch)| *epoch).collect();
        let unread = (before..after).find(|epoch| !read.contains(epoch))?;
        Some(format!("{} left epoch {unread} by a commit that it had not read", NAMES[self.who]))
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
        self.check_frame(&sealed, at_ms).err()
    }

    fn check_frame(&mut self, sealed: &[u8], at_ms: u64) -> Result<(), String> {
        let name = NAMES[self.who];
        let (FrameHeader { kid, ctr: counter }, _) = FrameHeader::parse(sealed).unwrap();
        let member = self.core.member.as_ref().ok_or(format!("{name} seals outside"))?;
        if member.standing != Standing::Confirmed {
            return Err(format!("{name} seals although it is {:?}", member.standing));
        }
        let current = member.epochs.current().epoch;
        let mut epochs = (current.saturating_sub(64)..=current).rev();
        let epoch = epochs.find(|epoch| epoch % 256 == kid % 256);
        let view = epoch.and_then(|epoch| member.epochs.view(epoch));
        let view = view.ok_or(format!("{name} seals in an epoch that it does not know"))?;
        let stays = |seats: &[crate::meeting::roster::Seat]| -> BTreeSet<StayId> {
            seats.iter().map(|seat| seat.occupant.stay).collect()
        };
        let Witness { shown, ordered, frames, .. } = &mut self.witness;
        if !stays(view.roster.seats()).is_subset(shown) {
            return Err(format!("{name} seals for somebody whom it has not shown"));
        }
        let overdue = |since: &u64| *since + 1_000 <= at_ms;
        if ordered.values().any(overdue) {
            return Err(format!("{name} seals although an order is overdue"));
        }
        let authenticator = view.authenticator;
        let same = |other: &Frame| {
            (other.authenticator, other.kid, other.counter) == (authenticator, kid, counter)
        };
        if frames.iter().any(same) {
            return Err(format!("{name} seals twice with one key and one nonce"));
        }
        let roster = stays(member.roster().seats());
        frames.push(Frame { authenticator, kid, counter, roster });
        Ok(())
    }

    /// Everything that tells two clients apart, hashed. Randomness still to come is left out: it makes
    /// other bytes of the same meaning.
    pub(super) fn key(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.core.digest());
        let Self { who, witness, life, probed, .. } = self;
        hash.update(format!("{who} {witness:?} {life} {probed:?}"));
        if let Some(member) = &self.core.member {
            let Member { stands_by, confirming, broken, own_orders, .. } = &**member;
            hash.update(format!("{stands_by:?} {confirming} {broken} {own_orders:?}"));
            for tree in &member.trees {
                hash.update(tree.hash.as_bytes());
            }
        }
        hash.finalize().into()
    }
}
