//! What a member stores of itself: one sealed blob, from which it comes back after a crash (SPEC 7.14).

use incamera_wire::{Destination, EventBody, EventKind, MeetingId, MessageId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::client::Meeting;
use super::machine::Core;
use super::member::{Member, Standing};
use super::shared::Shared;
use crate::entropy::{Entropy, NoEntropy};
use crate::envelope;
use crate::error::Error;
use crate::mls::Engine;
use crate::secret::Secret;

/// The version of the format.
pub(super) const VERSION: u8 = 1;
/// The length of what precedes the ciphertext: version, generation, meeting and nonce.
pub(super) const HEAD: usize = 1 + 8 + 16 + 24;
/// What binds the ciphertext to its use.
const LABEL: &[u8] = b"incamera 1 snapshot";

/// The associated data (SPEC \[R1\]).
pub(super) fn associated_data(generation: u64, meeting: &MeetingId) -> Vec<u8> {
    // SPEC [R1]
    [LABEL, &[VERSION], &generation.to_be_bytes(), meeting.as_bytes()].concat()
}

/// A snapshot with this content.
pub(super) fn seal(
    entropy: &Entropy,
    key: &[u8; 32],
    generation: u64,
    meeting: &MeetingId,
    content: &[u8],
) -> Result<Vec<u8>, NoEntropy> {
    let aad = associated_data(generation, meeting);
    let key = Secret::filled(|bytes| *bytes = *key);
    // SPEC [R1]
    let (nonce, ciphertext) = envelope::seal_stored(&key, entropy, &aad, content)?;
    let (version, generation) = ([VERSION], generation.to_be_bytes());
    let parts: [&[u8]; 5] = [&version, &generation, meeting.as_bytes(), &nonce, &ciphertext];
    Ok(parts.concat())
}

/// What is sealed, in this order, as postcard writes it. The secrets are borrowed: from the member as
/// it is written, from the opened plaintext as it is read.
#[derive(Serialize, Deserialize)]
pub(super) struct Content<'a> {
    pub(super) profile: u8,
    /// The identity that this member certified its stay with; never its key (SPEC \[R2\]).
    pub(super) identity: [u8; 32],
    pub(super) stay: [u8; 16],
    pub(super) standing: StoredStanding,
    /// The counter of the next event.
    pub(super) counter: u64,
    /// The log entry to read next.
    pub(super) log_position: u64,
    /// The X25519 private key for messages to this member alone.
    pub(super) direct_key: &'a [u8],
    /// The group, as the engine saves it.
    pub(super) group: &'a [u8],
    /// The pending commit: the message ids of its entry and of its tree.
    pub(super) own_commit: Option<([u8; 16], Option<[u8; 16]>)>,
    /// What was posted and not yet seen to arrive.
    #[serde(borrow)]
    pub(super) outbox: Vec<Posted<'a>>,
    /// Author, highest counter, and the bits of the 64 up to it.
    pub(super) counters: Vec<([u8; 16], u64, u64)>,
    /// Identities that this member means to remove.
    pub(super) removals: Vec<[u8; 32]>,
    /// Identities that binding orders name.
    pub(super) orders: Vec<[u8; 32]>,
    /// This member's own orders: whom they name, their message ids, and as they are signed.
    #[serde(borrow)]
    pub(super) own_orders: Vec<([u8; 32], [u8; 16], &'a [u8])>,
    /// Stays and their signed leave events.
    #[serde(borrow)]
    pub(super) departures: Vec<([u8; 16], &'a [u8])>,
    /// Stays whose hands are up.
    pub(super) hands: Vec<[u8; 16]>,
    /// Announcements, each as an encoded event body.
    pub(super) announcements: Vec<Vec<u8>>,
    /// Knocks that came and were answered, with their log positions.
    pub(super) knocks: Vec<([u8; 32], u64)>,
    /// Fingerprint, name, and whether it was verified.
    pub(super) contacts: Vec<([u8; 32], String, bool)>,
}

/// How a stored member stands to its group.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StoredStanding {
    /// It is in.
    In,
    /// It is in, and has said that all is over.
    Ending,
    /// It has said that it leaves.
    Leaving,
    /// It can follow no more.
    Broken,
}

/// A message of the outbox: its id, where it goes, its bytes.
#[derive(Serialize, Deserialize)]
pub(super) struct Posted<'a>(pub(super) [u8; 16], pub(super) Place, pub(super) &'a [u8]);

/// [`Destination`], to be stored.
#[derive(Serialize, Deserialize)]
pub(super) enum Place {
    Log,
    Lobby,
    Direct([u8; 16]),
    Blob([u8; 32]),
}

impl Place {
    const fn of(to: &Destination) -> Self {
        match to {
            Destination::Log => Self::Log,
            Destination::Lobby => Self::Lobby,
            Destination::Direct(mailbox) => Self::Direct(*mailbox.as_bytes()),
            Destination::Blob(hash) => Self::Blob(*hash.as_bytes()),
        }
    }
}

/// Measures before it writes: a buffer that grew would leave copies of secrets behind.
fn encode(content: &Content<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let fault = |_| Error::Internal("the encoding of a snapshot");
    let size = postcard::ser_flavors::Size::default();
    let size = postcard::serialize_with_flavor(content, size).map_err(fault)?;
    let mut plaintext = Zeroizing::new(vec![0; size]);
    postcard::to_slice(content, &mut plaintext).map_err(fault)?;
    Ok(plaintext)
}

impl<E: Engine> Member<E> {
    fn stored_standing(&self) -> Result<StoredStanding, Error> {
        Ok(match self.standing {
            Standing::Unconfirmed => return Err(Error::NotJoined),
            Standing::Confirmed | Standing::Restored => match self.stands_by {
                Some(EventKind::End) => StoredStanding::Ending,
                _ => StoredStanding::In,
            },
            Standing::Leaving if !self.broken => StoredStanding::Leaving,
            Standing::Leaving | Standing::Broken => StoredStanding::Broken,
        })
    }

    /// Everything of this member that comes back, `group` being the engine's part.
    fn stored<'a>(&'a self, shared: &'a Shared, group: &'a [u8]) -> Result<Content<'a>, Error> {
        let id = |id: MessageId| *id.as_bytes();
        let contacts = shared.contacts.to_vec().into_iter();
        let announced = |(stay, tracks): (_, &[_])| {
            let kind = EventKind::Announcement { tracks: tracks.to_vec() };
            EventBody { meeting: shared.meeting, epoch: 0, stay, counter: 0, kind }.encode()
        };
        // SPEC [R2]: what is not named here is not stored, media keys and the identity's key above all.
        Ok(Content {
            profile: shared.profile.number(),
            identity: *shared.identity.fingerprint().as_bytes(),
            stay: *self.stay.as_bytes(),
            standing: self.stored_standing()?,
            counter: self.counter,
            log_position: shared.log_position,
            direct_key: shared.direct_key.expose(),
            group,
            own_commit: self.own_commit.as_ref().map(|own| (id(own.entry), own.blob.map(id))),
            outbox: shared
                .outbox
                .messages()
                .map(|message| Posted(id(message.id), Place::of(&message.to), &message.bytes))
                .collect(),
            counters: self.counters.to_vec(),
            removals: self.intents.removals.iter().map(|who| *who.as_bytes()).collect(),
            orders: self.intents.orders.iter().map(|order| *order.target.as_bytes()).collect(),
            own_orders: self
                .own_orders
                .iter()
                .map(|order| (*order.target.as_bytes(), id(order.id), order.signed.as_slice()))
                .collect(),
            departures: self
                .intents
                .departures
                .iter()
                .map(|departure| (*departure.stay.as_bytes(), departure.evidence.as_slice()))
                .collect(),
            hands: self.room.hands().map(|stay| *stay.as_bytes()).collect(),
            announcements: self.room.announced().map(announced).collect(),
            knocks: self.lobby.answered().map(|(of, at)| (*of.as_bytes(), at)).collect(),
            contacts: contacts.map(|c| (*c.fingerprint.as_bytes(), c.name, c.verified)).collect(),
        })
    }
}

impl<E: Engine> Core<E> {
    /// All that the member needs to come back.
    pub(super) fn snapshot(&mut self, key: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let (shared, member) = self.look()?;
        let group = member.group.save().map_err(|_| Error::Internal("saving the group"))?;
        let plaintext = encode(&member.stored(shared, &group)?)?;
        let generation = shared.generation.saturating_add(1);
        let sealed = seal(&shared.entropy, key, generation, &shared.meeting, &plaintext)?;
        self.shared.generation = generation;
        self.shared.snapshot_due = false;
        Ok(sealed)
    }

    /// Whether something has changed that has to be stored, of a member that can be.
    pub(super) fn snapshot_due(&self) -> bool {
        self.shared.snapshot_due
            && self.look().is_ok_and(|(_, member)| member.standing != Standing::Unconfirmed)
    }

    /// What is in a snapshot of this member, for tests that look for keys.
    #[cfg(test)]
    pub(super) fn snapshot_plaintext(&self) -> Zeroizing<Vec<u8>> {
        let (shared, member) = self.look().unwrap();
        encode(&member.stored(shared, &member.group.save().unwrap()).unwrap()).unwrap()
    }
}

impl Meeting {
    /// All that this member needs to come back after a crash, sealed under the caller's key: 32
    /// random bytes that are kept where the device keeps secrets, and used for nothing else. It has
    /// neither media keys nor the identity's key in it (SPEC 7.14).
    ///
    /// Store it whenever [`snapshot_due`](Self::snapshot_due) says so, before anything that
    /// [`poll`](Self::poll) gives is carried out: a commit that was sent and not stored cannot be
    /// followed after a crash. [`FileStore`](crate::FileStore) stores it so that a crash leaves the
    /// old one or the new one. Keep the newest one only, and delete it once the membership is over.
    ///
    /// Not in it: events that `poll` has not given yet, and changes asked for that no commit carries
    /// yet.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// use incamera::{Event, Expected, FileStore, Framing, Meeting, Track};
    /// # let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// # let (identity, key) = (Room::identity("Ben")?, [7; 32]);
    /// # let directory = std::env::temp_dir().join(format!("incamera-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory)?;
    /// let store = FileStore::new(directory.join("meeting"));
    /// // After each call, and before `poll`:
    /// if room[1].snapshot_due() {
    ///     store.save(&room[1].snapshot(&key)?)?;
    /// }
    /// // Ben's process dies. In the next one:
    /// let Some(snapshot) = store.load(0)? else { panic!("nothing was stored: join") };
    /// let mut ben = Meeting::restore(&identity, &snapshot, &key, Expected::default(), now)?;
    /// let mut microphone = ben.sealer(Track::MICROPHONE, Framing::Whole)?;
    /// // It seals nothing before it has fresh keys.
    /// assert!(microphone.seal(b"an Opus packet", now.monotonic_ms, &mut Vec::new()).is_err());
    /// store.save(&ben.snapshot(&key)?)?;
    /// # room.events(1);
    /// room.restart(1, ben); // it connects
    /// assert!(room.events(1).contains(&Event::Joined));
    /// microphone.seal(b"an Opus packet", now.monotonic_ms, &mut Vec::new())?;
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotJoined`] before [`Event::Joined`](crate::Event::Joined), [`Error::Ended`],
    /// [`Error::NoEntropy`], [`Error::Internal`].
    pub fn snapshot(&mut self, key: &[u8; 32]) -> Result<Vec<u8>, Error> {
        self.core.snapshot(key)
    }

    /// Whether something has happened since the last [`snapshot`](Self::snapshot) that has to be
    /// stored before the outputs of [`poll`](Self::poll) are carried out (SPEC \[R3\]).
    #[must_use]
    pub fn snapshot_due(&self) -> bool {
        self.core.snapshot_due()
    }

    /// The number of the last snapshot, from 1 on; 0 if there is none. Kept apart from the snapshot, it
    /// shows that somebody puts an older one in its place: see [`Expected`](crate::Expected).
    #[must_use]
    pub fn snapshot_generation(&self) -> u64 {
        self.core.shared.generation
    }
}
