//! A member: who is in the group and follows its log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use incamera_wire::{
    BlobHash, DenyReason, EventKind, Fingerprint, GroupState, InviteEntry, KeyPackageRef,
    MailboxId, MessageId, ResyncKey, Right, StayId,
};

use super::epochs::{EpochView, Epochs, handshake_key};
use super::events::Counters;
use super::face::{Event, Participant};
use super::intents::Intents;
use super::liveness::Liveness;
use super::orders::OwnOrder;
use super::prefix::{Beginning, Prefix};
use super::proving::Handling;
use super::recovery::Recovery;
use super::resync::Arrivals;
use super::room::Room;
use super::roster::{Roster, Seat};
use super::shared::{Shared, audio_suite, suite};
use super::upkeep::{Entered, Upkeep};
use crate::admission::{Budget, Lobby};
use crate::error::Error;
use crate::identity::Contacts;
use crate::keyring::EpochInstall;
use crate::mls::Engine;
use crate::policy::{self, PskId};
use crate::secret::Secret;

/// Exporter label of SFrame's base key (RFC 9605 §5.2).
pub(super) const BASE_KEY: &str = "SFrame 1.0 Base Key";
/// How long after a merge the first of the others confirms newcomers, in milliseconds.
const CONFIRM_AFTER_MS: u64 = 1_000;
/// How much later the next one does, in milliseconds.
const CONFIRM_STAGGER_MS: u64 = 250;
/// The longest that anyone waits to confirm, in milliseconds.
const CONFIRM_LATEST_MS: u64 = 10_000;

/// How a member stands to its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has agreed yet that this is the group's epoch (SPEC \[A8\]).
    Unconfirmed,
    /// In.
    Confirmed,
    /// Comes from a snapshot and has merged no path commit that it made since: it follows the log,
    /// and neither seals nor opens (SPEC \[R4\]).
    Restored,
    /// Has said that it leaves.
    Leaving,
    /// A commit that the others read is unreadable here (SPEC \[G3\]).
    Broken,
}

/// What reading something means for the membership.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It goes on.
    Goes,
    /// It is over, and this says why.
    Over(Event),
}

/// One's own commit on its way through the log.
pub(super) struct OwnCommit {
    pub(super) entry: MessageId,
    pub(super) blob: Option<MessageId>,
    /// The address and the bytes of its sealed tree.
    pub(super) tree: Option<(BlobHash, Vec<u8>)>,
}

/// A sealed tree, and whom it was sealed for.
pub(super) struct SentTree {
    pub(super) newcomers: Vec<KeyPackageRef>,
    /// Of their knocks, by which they are known when the link is void.
    pub(super) mailboxes: Vec<MailboxId>,
    pub(super) hash: BlobHash,
    pub(super) sealed: Vec<u8>,
}

/// The most trees kept to be sent again.
pub(super) const MAX_TREES: usize = 4;

/// A member: who is in the group and follows its log.
pub(super) struct Member<E: Engine> {
    pub(super) group: E,
    pub(super) state: GroupState,
    pub(super) epochs: Epochs,
    pub(super) handshake_key: Secret<32>,
    pub(super) stay: StayId,
    pub(super) standing: Standing,
    /// The counter of the next event (SPEC \[G11\]).
    pub(super) counter: u64,
    pub(super) counters: Counters,
    /// What this member has said and has not read back: that it leaves, or that all is over.
    pub(super) stands_by: Option<EventKind>,
    /// Whether it has confirmed newcomers and has not read that back.
    pub(super) confirming: bool,
    /// Whether a commit that the others read is unreadable here (SPEC \[G3\]).
    pub(super) broken: bool,
    pub(super) recovery: Recovery,
    /// The trees of the latest commits that added, to be sent again to who missed them.
    pub(super) trees: VecDeque<SentTree>,
    pub(super) lobby: Lobby,
    pub(super) handling: Handling,
    pub(super) budget: Budget,
    pub(super) room: Room,
    pub(super) arrivals: Arrivals,
    /// Orders that this member has given and that are not carried out.
    pub(super) own_orders: Vec<OwnOrder>,
    /// Whether this member says that nothing is heard of the hosts.
    pub(super) declares_silent: bool,
    /// Signed statements of this epoch that nothing is heard of the hosts, by author.
    pub(super) statements: BTreeMap<Fingerprint, Vec<u8>>,
    pub(super) intents: Intents,
    pub(super) upkeep: Upkeep,
    pub(super) own_commit: Option<OwnCommit>,
    /// When to confirm newcomers, if nobody else does.
    pub(super) confirm_at: Option<u64>,
    /// What shows that the log is the others' too, and current.
    pub(super) live: Liveness,
}

impl<E: Engine> Member<E> {
    /// A member at the current epoch of `group`; installs its media keys.
    pub(super) fn enter(
        shared: &Shared,
        mut group: E,
        state: GroupState,
        roster: Roster,
        standing: Standing,
        from: Beginning,
        now_ms: u64,
    ) -> Result<Self, Error> {
        let stay = roster.at(group.own_leaf()).map(|seat| seat.occupant.stay);
        let stay = stay.ok_or(Error::Internal("the own leaf"))?;
        install_psks(&mut group, &state)?;
        let mut room = Room::default();
        room.settle(&roster, now_ms);
        let mut arrivals = Arrivals::default();
        arrivals.settle(&roster, group.epoch());
        let view = EpochView::of(&group, roster)?;
        let prefix = Prefix::new(from, shared.meeting, view.epoch, &view.authenticator);
        let entered = entered(&group, &view.roster, true, false);
        let mut member = Self {
            handshake_key: handshake_key(&group)?,
            epochs: Epochs::new(view),
            group,
            state,
            stay,
            standing,
            counter: 0,
            counters: Counters::default(),
            stands_by: None,
            confirming: false,
            broken: false,
            recovery: Recovery::default(),
            trees: VecDeque::new(),
            lobby: Lobby::default(),
            handling: Handling::default(),
            budget: match standing {
                // SPEC [A13]: nor does a snapshot say when runs began.
                Standing::Unconfirmed | Standing::Restored => Budget::of_newcomer(now_ms),
                _ => Budget::default(),
            },
            room,
            arrivals,
            own_orders: Vec::new(),
            declares_silent: false,
            statements: BTreeMap::new(),
            intents: Intents::default(),
            upkeep: Upkeep::new(entered, now_ms),
            own_commit: None,
            confirm_at: None,
            live: Liveness::new(prefix, now_ms),
        };
        member.begin_liveness(now_ms);
        member.install(shared, false, false, now_ms)?;
        Ok(member)
    }

    /// Installs the media keys of the current epoch (SPEC \[K1\]); whoever leaves has erased them all,
    /// and those of an epoch that a former self may have sealed in stay out.
    pub(super) fn install(
        &self,
        shared: &Shared,
        adds: bool,
        removes: bool,
        now_ms: u64,
    ) -> Result<(), Error> {
        // SPEC [R4]
        if matches!(self.standing, Standing::Leaving | Standing::Restored) {
            return Ok(());
        }
        // SPEC [K1]
        let base_key = |suite: crate::sframe::Suite| {
            let exported = self.group.export(BASE_KEY, b"", suite.key_len());
            exported.map_err(|_| Error::Internal("the exporter"))
        };
        // SPEC [K11]
        let audio = audio_suite(shared.profile).filter(|_| self.state.short_audio_tags);
        let audio = audio.map(|suite| Ok::<_, Error>((suite, base_key(suite)?))).transpose()?;
        let base_key = base_key(suite(shared.profile))?;
        let seats = self.roster().seats().iter();
        // SPEC [M7]
        let kinds = |seat: &Seat| policy::kinds_of(&self.state, &seat.occupant);
        let leaves = seats.map(|seat| (seat.occupant.leaf, seat.occupant.stay, kinds(seat)));
        let install = EpochInstall {
            epoch: self.group.epoch(),
            base_key,
            audio,
            padding: self.state.padding,
            own_leaf: self.group.own_leaf(),
            leaves: leaves.collect(),
            adds,
            removes,
        };
        shared.keyring.install(install, now_ms).map_err(|_| Error::Internal("the keyring"))
    }

    /// The current roster.
    pub(super) fn roster(&self) -> &Roster {
        &self.epochs.current().roster
    }

    /// The current roster, as people see it.
    pub(super) fn participants(&self, contacts: &Contacts) -> Vec<Participant> {
        let seats = self.roster().seats();
        let mut devices = BTreeMap::<Fingerprint, usize>::new();
        for seat in seats {
            *devices.entry(seat.occupant.fingerprint).or_default() += 1;
        }
        let participant = |seat: &Arc<Seat>| {
            let Seat { occupant, name, .. } = &**seat;
            let (member, fingerprint) = (occupant.stay, occupant.fingerprint);
            let entry = policy::entry_of(&self.state, &fingerprint);
            Participant {
                member,
                fingerprint,
                name: name.clone(),
                devices: devices.get(&fingerprint).copied().unwrap_or_default(),
                role: entry.role,
                rights: policy::rights_of(&self.state, occupant),
                may_send: policy::kinds_of(&self.state, occupant),
                muted: policy::muted_of(&self.state, occupant),
                label: policy::label_of(&self.state, occupant),
                recording: entry.recording,
                hand_raised: self.room.is_raised(member),
                tracks: self.room.tracks_of(member).to_vec(),
                verified: contacts.is_verified(&fingerprint),
                ordered_out: self.intents.orders_out(&fingerprint),
                since_ms: self.room.since(member),
                heard_ms: self.live.voices.of(member).and_then(|voice| voice.heard_ms),
                leaf: occupant.leaf,
                own: member == self.stay,
            }
        };
        seats.iter().map(participant).collect()
    }

    /// The caller's own seat.
    pub(super) fn own_seat(&self) -> Option<&Seat> {
        self.roster().of(self.stay)
    }

    /// Refuses what only a confirmed member may ask for.
    pub(super) fn require_in(&self) -> Result<(), Error> {
        match self.standing {
            Standing::Confirmed => Ok(()),
            Standing::Unconfirmed | Standing::Restored => Err(Error::NotJoined),
            Standing::Leaving => Err(Error::Ended),
            Standing::Broken => Err(Error::Broken),
        }
    }

    /// After a commit that adds: when to confirm it, and when to make key frames.
    pub(super) fn greet(&mut self, shared: &mut Shared, own: bool, now_ms: u64) {
        shared.key_frames.need_for_newcomers(now_ms);
        // SPEC [A8]: the author at once, also as it leaves; the others in turn in case that its
        // word is lost, also those who are confirmed by then only.
        if own && self.confirm(shared, now_ms).is_ok() {
            return;
        }
        let rank = self.rank(|_| true);
        let wait = CONFIRM_AFTER_MS.saturating_add(rank.saturating_mul(CONFIRM_STAGGER_MS));
        self.confirm_at = Some(now_ms.saturating_add(wait.min(CONFIRM_LATEST_MS)));
    }

    fn confirm(&mut self, shared: &mut Shared, now_ms: u64) -> Result<(), Error> {
        let authenticator = self.epochs.current().authenticator;
        self.say(shared, EventKind::Confirm { authenticator }, now_ms)?;
        self.confirming = true;
        Ok(())
    }

    /// Does what is due, and says when something is due next.
    pub(super) fn drive(&mut self, shared: &mut Shared, now_ms: u64) -> Option<u64> {
        if self.confirm_at.is_some_and(|at| at <= now_ms) {
            self.confirm_at = None;
            if self.standing == Standing::Confirmed {
                // A failure leaves the newcomers to the next one in turn.
                let _ = self.confirm(shared, now_ms);
            }
        }
        let frames = self.drive_key_frames(shared, now_ms);
        if self.room.introduces(now_ms) && self.standing == Standing::Confirmed {
            self.introduce(shared, now_ms);
        }
        let lobby = self.drive_lobby(shared, now_ms);
        // What the lobby has let in is committed at once.
        self.commit_what_can_be(shared, now_ms);
        let live = self.drive_liveness(shared, now_ms);
        shared.gate_relay(&self.state);
        let gate = self.gate_sealing(shared, now_ms);
        let commits = self.standing == Standing::Confirmed && !self.group.has_pending();
        let commits = commits && !self.is_ordered_out();
        let due = self.intents.deadline().into_iter();
        let due =
            due.chain(Some(self.upkeep.deadline()).filter(|_| self.intents.orders.is_empty()));
        let intents = due.min().filter(|_| commits);
        // What is overdue waits for the log.
        let returns = self.intents.deadline().filter(|at| *at > now_ms);
        let returns = returns.filter(|_| self.standing == Standing::Restored);
        let ended = self.epochs.sweep(now_ms);
        let own = [self.confirm_at, frames, intents, returns, ended];
        own.into_iter().chain([lobby, live, gate, self.room.deadline()]).flatten().min()
    }

    /// Drops knocks and admissions whose invites are no longer live.
    pub(super) fn void_dead_knocks(&mut self, shared: &mut Shared) {
        let state = &self.state;
        let live = |invite| policy::live_invite(state, invite).is_some();
        let mut void = self.lobby.drop_dead(live);
        void.extend(self.intents.drop_dead(live));
        let denies = self.require_in().and_then(|()| self.require(Right::Admit)).is_ok();
        for waiting in void {
            if denies {
                self.turn_away(shared, &waiting, DenyReason::Stale);
            }
            shared.tell(Event::KnockVoid { knock: waiting.reference });
        }
    }

    /// Everything that tells two members apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        let own = self.own_commit.as_ref().map(|own| (own.entry, own.blob));
        let Self { standing, counter, confirm_at, .. } = self;
        hash.update(format!("{standing:?} {counter} {own:?} {confirm_at:?}"));
        hash.update(format!("{:?} {}", self.group.authenticator(), self.group.has_pending()));
        hash.update(self.state.encode());
        let waiting: Vec<_> = self.lobby.waiting().map(|waiting| waiting.reference).collect();
        hash.update(format!("{waiting:?}"));
        self.counters.digest(hash);
        self.room.digest(hash);
        self.handling.digest(hash);
        hash.update(format!("{} {:?}", self.declares_silent, self.statements));
        self.intents.digest(hash);
        self.upkeep.digest(hash);
        self.recovery.digest(hash);
        self.live.digest(hash);
    }
}

/// The current epoch of `group` as upkeep sees it.
pub(super) fn entered(group: &impl Engine, roster: &Roster, adds: bool, own_path: bool) -> Entered {
    let leaf = group.own_leaf();
    let before = roster.seats().iter().take_while(|seat| seat.occupant.leaf < leaf);
    let (members, rank) = (roster.seats().len(), before.count() as u64);
    Entered { epoch: group.epoch(), members, rank, leaf, adds, own_path }
}

/// Gives the engine the PSKs that commits may name from now on (SPEC \[G7\]).
pub(super) fn install_psks(group: &mut impl Engine, state: &GroupState) -> Result<(), Error> {
    let invite = |entry: &'_ InviteEntry| PskId::Invite(policy::invite_id(&entry.secret));
    let invites = state.invites.iter().map(|entry| (invite(entry), &entry.secret));
    // SPEC [G7]
    let key = |key: &'_ ResyncKey| PskId::Resync(policy::resync_id(&key.secret));
    let keys = state.resync_keys.iter().map(|entry| (key(entry), &entry.secret));
    let psks: Vec<_> = invites.chain(keys).collect();
    group.set_psks(&psks).map_err(|_| Error::Internal("the PSK store"))
}
