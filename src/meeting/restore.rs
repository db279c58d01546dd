//! Back from a snapshot (SPEC \[R4\] to \[R8\]).

use incamera_wire::{
    BlobHash, Destination, EventBody, EventKind, Fingerprint, GroupState, KeyPackageRef, MailboxId,
    MeetingId, MessageId, Profile, StayId,
};
use thiserror::Error;
use zeroize::Zeroizing;

use super::client::Meeting;
use super::events::Counters;
use super::face::{Message, Now, Resync};
use super::machine::Core;
use super::member::{Member, OwnCommit, Standing};
use super::orders::OwnOrder;
use super::outbox::Outbox;
use super::prefix::Beginning;
use super::roster::Roster;
use super::shared::Shared;
use super::snapshot::{Content, HEAD, Place, Posted, StoredStanding, VERSION, associated_data};
use crate::entropy::Entropy;
use crate::envelope;
use crate::error::Error;
use crate::hpke;
use crate::identity::{Contact, Contacts, Identity};
use crate::mls::{Engine, EngineFault};
use crate::secret::Secret;

/// How far the counter of events jumps at a restore, so that it is above all that the former self can
/// have used after it was stored; a random number of 32 bits comes on top.
const JUMP: u64 = 1 << 32;

/// Why a snapshot was not restored. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The bytes are too short to be a snapshot.
    #[error("these bytes are no snapshot: it was cut off, or it is something else")]
    Malformed,
    /// It is of another version of the format.
    #[error(
        "the snapshot is of version {0}: restore it with the build that wrote it, or join again"
    )]
    Version(u8),
    /// It does not open: another key, or bytes that were changed.
    #[error("the snapshot does not open: another key, or it was changed; join again")]
    Unopenable,
    /// It is of another meeting than the one expected.
    #[error("the snapshot is of another meeting")]
    OtherMeeting,
    /// It is older than the one expected.
    #[error(
        "the snapshot has generation {generation}, which is older than the one known: an old copy was put back"
    )]
    RolledBack {
        /// The snapshot's.
        generation: u64,
    },
    /// It is of another identity.
    #[error("the snapshot is of another identity: give the one that joined")]
    OtherIdentity,
    /// It opens and does not hold together.
    #[error("the snapshot does not hold together ({0}): join again")]
    Damaged(&'static str),
    /// This build does not have the meeting's profile.
    #[error("this build does not support the meeting's profile: update it")]
    UnsupportedProfile,
    /// The operating system refused randomness.
    #[error("the operating system gave no randomness: nothing can be sealed safely")]
    NoEntropy,
}

impl From<Error> for RestoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoEntropy => Self::NoEntropy,
            Error::Internal(what) => Self::Damaged(what),
            _ => Self::Damaged("something in it cannot be used"),
        }
    }
}

impl From<EngineFault> for RestoreError {
    fn from(fault: EngineFault) -> Self {
        match fault {
            EngineFault::NoEntropy => Self::NoEntropy,
            EngineFault::Saved(what) | EngineFault::Internal(what) => Self::Damaged(what),
            _ => Self::Damaged("the group"),
        }
    }
}

/// What a caller knows of the snapshot that it restores. The default expects nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The meeting.
    pub meeting: Option<MeetingId>,
    /// The least generation, as [`Meeting::snapshot_generation`] gave it and as it was kept apart from
    /// the snapshot.
    pub generation: u64,
}

/// A snapshot that opened.
pub(super) struct Opened {
    generation: u64,
    meeting: MeetingId,
    pub(super) plaintext: Zeroizing<Vec<u8>>,
}

pub(super) fn open(
    key: &[u8; 32],
    snapshot: &[u8],
    expected: Expected,
) -> Result<Opened, RestoreError> {
    let (head, ciphertext) = snapshot.split_at_checked(HEAD).ok_or(RestoreError::Malformed)?;
    let (version, head) = head.split_first().ok_or(RestoreError::Malformed)?;
    // SPEC [R1]
    if *version != VERSION {
        return Err(RestoreError::Version(*version));
    }
    let (generation, head) = head.split_first_chunk().ok_or(RestoreError::Malformed)?;
    let (meeting, nonce) = head.split_first_chunk().ok_or(RestoreError::Malformed)?;
    let nonce = nonce.try_into().map_err(|_| RestoreError::Malformed)?;
    let (generation, meeting) = (u64::from_be_bytes(*generation), MeetingId::new(*meeting));
    let key = Secret::filled(|bytes| *bytes = *key);
    let aad = associated_data(generation, &meeting);
    // SPEC [R1]
    let plaintext = envelope::open_stored(&key, nonce, &aad, ciphertext)
        .map_err(|_| RestoreError::Unopenable)?;
    // SPEC [R8]
    if expected.meeting.is_some_and(|expected| expected != meeting) {
        return Err(RestoreError::OtherMeeting);
    }
    // SPEC [R8]
    if generation < expected.generation {
        return Err(RestoreError::RolledBack { generation });
    }
    Ok(Opened { generation, meeting, plaintext })
}

fn message(Posted(id, place, bytes): &Posted<'_>) -> Message {
    let to = match place {
        Place::Log => Destination::Log,
        Place::Lobby => Destination::Lobby,
        Place::Direct(mailbox) => Destination::Direct(MailboxId::new(*mailbox)),
        Place::Blob(hash) => Destination::Blob(BlobHash::new(*hash)),
    };
    // SPEC [R5]: the server knows it by this id, if it has it.
    Message { id: MessageId::new(*id), to, bytes: bytes.to_vec() }
}

impl Content<'_> {
    fn shared(
        &self,
        entropy: Entropy,
        identity: &Identity,
        opened: &Opened,
        now: Now,
    ) -> Result<Shared, RestoreError> {
        // SPEC [R8]
        if self.identity != *identity.fingerprint().as_bytes() {
            return Err(RestoreError::OtherIdentity);
        }
        let profile = Profile::from_number(self.profile).ok_or(RestoreError::UnsupportedProfile)?;
        let mut shared = Shared::new(entropy, identity, opened.meeting, profile)?;
        let direct_key = Secret::read(self.direct_key);
        shared.direct_key = direct_key.ok_or(RestoreError::Damaged("the direct key"))?;
        shared.unix_ms = now.unix_ms;
        shared.log_position = self.log_position;
        shared.generation = opened.generation;
        let messages = self.outbox.iter().map(message).collect();
        shared.outbox = Outbox::restored(messages, now.monotonic_ms);
        let contact = |(who, name, verified): &([u8; 32], String, bool)| Contact {
            fingerprint: Fingerprint::new(*who),
            name: name.clone(),
            verified: *verified,
        };
        shared.contacts = Contacts::new(self.contacts.iter().map(contact).collect())?;
        Ok(shared)
    }

    /// The member at the epoch that was stored, with no media key of it (SPEC \[R4\]).
    fn member<E: Engine>(&self, shared: &mut Shared, now: Now) -> Result<Member<E>, RestoreError> {
        let Shared { entropy, profile, meeting, .. } = &*shared;
        let group = E::load(entropy, *profile, meeting, self.group)?;
        let roster = Roster::read(&group.leaves(), *meeting);
        let roster = roster.map_err(|_| RestoreError::Damaged("the roster"))?;
        let state = GroupState::decode(group.state());
        let state = state.map_err(|_| RestoreError::Damaged("the state"))?;
        // SPEC [R4]
        let (standing, from) =
            (Standing::Restored, Beginning::Restored { next: self.log_position });
        let at = now.monotonic_ms;
        let mut member = Member::enter(shared, group, state, roster, standing, from, at)?;
        self.check(shared, &member)?;
        self.fill(shared, &mut member, now.monotonic_ms)?;
        Ok(member)
    }

    /// Whether the leaf is this identity's, in this stay, with this direct key.
    fn check<E: Engine>(&self, shared: &Shared, member: &Member<E>) -> Result<(), RestoreError> {
        let own = member.own_occupant()?;
        let seat = member.own_seat().ok_or(RestoreError::Damaged("the own leaf"))?;
        // SPEC [R8]
        if self.stay != *own.stay.as_bytes() || self.identity != *own.fingerprint.as_bytes() {
            return Err(RestoreError::Damaged("the own leaf is somebody else's"));
        }
        // On its way back it has the one of the leaf to come.
        let stays = self.standing != StoredStanding::Broken;
        if stays && hpke::public_key(&shared.direct_key) != seat.direct_key {
            return Err(RestoreError::Damaged("the direct key is not the leaf's"));
        }
        if self.own_commit.is_some() != member.group.has_pending() {
            return Err(RestoreError::Damaged("the pending commit"));
        }
        Ok(())
    }

    fn fill<E: Engine>(
        &self,
        shared: &mut Shared,
        member: &mut Member<E>,
        now_ms: u64,
    ) -> Result<(), RestoreError> {
        // SPEC [R6]: by a random number more, so that two from one snapshot use different ones.
        let random = u32::from_be_bytes(shared.entropy.array().map_err(Error::from)?);
        let unused = self.counter.saturating_add(JUMP);
        member.counter = unused.saturating_add(u64::from(random));
        member.recovery.foreign = unused..member.counter;
        member.counters = Counters::of(&self.counters);
        for who in &self.orders {
            let target = Fingerprint::new(*who);
            let own = self.own_orders.iter().any(|(of, ..)| of == who);
            member.bind(own, target, now_ms);
        }
        member.intents.removals = self.removals.iter().map(|who| Fingerprint::new(*who)).collect();
        let own_order = |(who, id, signed): &([u8; 32], [u8; 16], &[u8])| OwnOrder {
            target: Fingerprint::new(*who),
            id: MessageId::new(*id),
            signed: signed.to_vec(),
        };
        member.own_orders = self.own_orders.iter().map(own_order).collect();
        for (stay, evidence) in &self.departures {
            member.note_departure(StayId::new(*stay), evidence.to_vec(), now_ms);
        }
        self.hands.iter().for_each(|stay| member.room.raise(StayId::new(*stay), true));
        for body in &self.announcements {
            let body = EventBody::decode(body);
            let body = body.map_err(|_| RestoreError::Damaged("an announcement"))?;
            if let EventKind::Announcement { tracks } = body.kind {
                member.room.announce(body.stay, tracks);
            }
        }
        for (reference, position) in &self.knocks {
            member.lobby.remember(KeyPackageRef::new(*reference), *position);
        }
        member.own_commit = self.own_commit.map(|(entry, blob)| own_commit(shared, entry, blob));
        Ok(())
    }

    /// What the former self had said of the end is said again: whether it was heard is unknown.
    fn stand_by<E: Engine>(
        &self,
        shared: &mut Shared,
        member: &mut Member<E>,
        now_ms: u64,
    ) -> Result<(), RestoreError> {
        match self.standing {
            StoredStanding::In => {}
            StoredStanding::Leaving => member.leave(shared, now_ms)?,
            StoredStanding::Ending => {
                member.say(shared, EventKind::End, now_ms)?;
                member.stands_by = Some(EventKind::End);
            }
            StoredStanding::Broken => {
                member.break_off();
                shared.lose_track(Resync::Restore);
            }
        }
        Ok(())
    }
}

/// The pending commit, with the tree that waits in the outbox beside it.
fn own_commit(shared: &Shared, entry: [u8; 16], blob: Option<[u8; 16]>) -> OwnCommit {
    let blob = blob.map(MessageId::new);
    let tree = shared.outbox.messages().find(|message| Some(message.id) == blob);
    let tree = tree.and_then(|message| match message.to {
        Destination::Blob(hash) => Some((hash, message.bytes.clone())),
        _ => None,
    });
    OwnCommit { entry: MessageId::new(entry), blob, tree }
}

impl<E: Engine> Core<E> {
    /// The member of a snapshot.
    pub(super) fn restore(
        entropy: Entropy,
        identity: &Identity,
        key: &[u8; 32],
        snapshot: &[u8],
        expected: Expected,
        now: Now,
    ) -> Result<Self, RestoreError> {
        let opened = open(key, snapshot, expected)?;
        let (content, rest): (Content<'_>, _) = postcard::take_from_bytes(&opened.plaintext)
            .map_err(|_| RestoreError::Damaged("it does not decode"))?;
        if !rest.is_empty() {
            return Err(RestoreError::Damaged("it does not decode"));
        }
        let mut shared = content.shared(entropy, identity, &opened, now)?;
        let mut member = content.member(&mut shared, now)?;
        content.stand_by(&mut shared, &mut member, now.monotonic_ms)?;
        // SPEC [M13]
        shared.gate_relay(&member.state);
        Ok(Self::restored(shared, member, now))
    }
}

impl Meeting {
    /// A member that comes back from a [`snapshot`](Self::snapshot), under the key that it was sealed
    /// with. Connect it as ever: [`hello`](Self::hello), then [`Input::Connected`](crate::Input).
    ///
    /// It reads what it missed, settles a commit that was on its way, and commits fresh keys of its own. Until
    /// that is merged it seals and opens nothing, since its former self may have sealed in
    /// the same epoch: [`Event::Joined`](crate::Event::Joined) comes again (SPEC \[R4\]). Other members'
    /// video is black until their next key frames: ask the transport for them. Sealers and receivers
    /// are to be taken anew; identity hook and proved relays are to be given anew.
    ///
    /// If the snapshot is not the newest, or its former self still runs, one of them raises
    /// [`Alarm::Clone`](crate::Alarm::Clone) and stops (SPEC \[R7\]).
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(
        identity: &Identity,
        snapshot: &[u8],
        key: &[u8; 32],
        expected: Expected,
        now: Now,
    ) -> Result<Self, RestoreError> {
        Self::restore_from(Entropy::system(), identity, snapshot, key, expected, now)
    }

    pub(crate) fn restore_from(
        entropy: Entropy,
        identity: &Identity,
        snapshot: &[u8],
        key: &[u8; 32],
        expected: Expected,
        now: Now,
    ) -> Result<Self, RestoreError> {
        Ok(Self::of(Core::restore(entropy, identity, key, snapshot, expected, now)?))
    }
}
