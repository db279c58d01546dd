//! What goes into a meeting and what comes out.

use incamera_wire::{
    AnnouncedTrack, BlobHash, DenyReason, Destination, Door, Fingerprint, KeyPackageRef, Label,
    MessageId, Rights, Role, StayId, ToClient, ToServer, Track, TrackKinds,
};

use crate::admission::Proof;
use crate::error::Fault;

/// The time, as the caller knows it. The library reads no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back, from any origin.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z. Only whether invites have expired depends on it.
    pub unix_ms: u64,
}

/// Something that the transport received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The transport is connected, or connected again: `next` is the sequence number that the
    /// log's next entry will get. It comes before every entry that this connection brings. A
    /// joiner knocks then; a member notices what it missed.
    Connected {
        /// Sequence number of the next entry.
        next: u64,
    },
    /// An entry of the log. Order and repetition are the meeting's business, not the caller's.
    Log {
        /// Its sequence number, from 0.
        seq: u64,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Something posted to the lobby.
    Lobby(Vec<u8>),
    /// Something posted to this client's mailbox.
    Direct(Vec<u8>),
    /// A blob that was asked for.
    Blob(Vec<u8>),
}

/// Something for the caller to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Hand this to the server.
    Send(Message),
    /// Ask the server for the log's entries from here on.
    Fetch {
        /// Sequence number of the first entry wanted.
        from: u64,
    },
    /// Ask the server for a blob.
    FetchBlob {
        /// Its address: the SHA-256 of its bytes.
        hash: BlobHash,
    },
    /// Tell the people.
    Event(Event),
}

impl Input {
    /// What a server that speaks `incamera-wire`'s transport sent; `None` for what is no business
    /// of a meeting's, such as the receipt of a post.
    #[must_use]
    pub fn from_server(message: ToClient) -> Option<Self> {
        Some(match message {
            ToClient::Connected { next } => Self::Connected { next },
            ToClient::Log { seq, bytes } => Self::Log { seq, bytes },
            ToClient::Lobby { bytes } => Self::Lobby(bytes),
            ToClient::Direct { bytes } => Self::Direct(bytes),
            ToClient::Blob { bytes } => Self::Blob(bytes),
            ToClient::Accepted { .. }
            | ToClient::Transport { .. }
            | ToClient::Proof { .. }
            | ToClient::Media(_)
            | ToClient::Refused(_) => return None,
        })
    }
}

impl Output {
    /// What to send to a server that speaks `incamera-wire`'s transport.
    ///
    /// # Errors
    /// The event, if this is one: it is for the people and for no server.
    pub fn into_request(self) -> Result<ToServer, Event> {
        match self {
            Self::Send(Message { id, to, bytes }) => Ok(ToServer::Post { id, to, bytes }),
            Self::Fetch { from } => Ok(ToServer::Fetch { from }),
            Self::FetchBlob { hash } => Ok(ToServer::FetchBlob { hash }),
            Self::Event(event) => Err(event),
        }
    }
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Names the message, 16 bytes, so that the server appends it to the log once: a message may
    /// come out more than once (SPEC \[S2\]).
    pub id: MessageId,
    /// Where it goes.
    pub to: Destination,
    /// By `to`: an encoded `Envelope` (1 MiB at most), `Knock` (64 KiB), `KnockAnswer` (1 KiB) or
    /// `SealedBlob` (16 MiB).
    pub bytes: Vec<u8>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody knocks. Answer with `admit` or `deny`. Only those who may admit see this.
    Knock {
        /// Names the knock.
        knock: KnockId,
        /// The display name, under the identity's signature for this meeting.
        name: String,
        /// The identity.
        fingerprint: Fingerprint,
        /// What it says that it is, if it is no person.
        label: Option<Label>,
        /// Whether the passcode was proved, as far as it is known yet.
        proof: Proof,
    },
    /// More is known about the passcode of somebody who knocks.
    KnockProof {
        /// Names the knock.
        knock: KnockId,
        /// Whether it was proved.
        proof: Proof,
    },
    /// A waiting knock is void, because its invite is no longer valid, its key package clashes
    /// with the group or nobody answered for ten minutes: whoever knocked has to knock again, with a
    /// new link if there is one.
    KnockVoid {
        /// Names the knock.
        knock: KnockId,
    },
    /// This client is in, and a member has confirmed it: sealing works from now on. Whoever
    /// creates a meeting is in at once. It comes again once a client is [back](Self::Resyncing), and after
    /// a [restore](crate::Meeting::restore), when sealing works again.
    Joined,
    /// This client's knock was denied. The meeting is over for it.
    Denied {
        /// The admitter's reason.
        reason: DenyReason,
    },
    /// Somebody came in.
    Added {
        /// The newcomer.
        member: MemberId,
        /// Its display name.
        name: String,
        /// Who let it in.
        by: MemberId,
    },
    /// Somebody is out: removed, or left.
    Gone {
        /// Who.
        member: MemberId,
        /// Its display name.
        name: String,
        /// Who removed it; `None` if it left by its own signed word.
        by: Option<MemberId>,
    },
    /// Somebody who could follow no more is back, under another id. Roles, mutes and all else that
    /// follows the identity are as they were.
    Returned {
        /// How it was named before.
        was: MemberId,
        /// How it is named now.
        member: MemberId,
        /// Its display name.
        name: String,
        /// Who brought it back.
        by: MemberId,
    },
    /// This client can follow no more and is coming back by itself: nothing is sealed or opened until
    /// [`Joined`](Self::Joined) comes again. Sealers and receivers are kept, and the roster shows who was
    /// here. What it had said and not seen come back is lost.
    Resyncing {
        /// What has happened.
        why: Resync,
    },
    /// This client was removed. The meeting is over for it.
    Removed {
        /// Who did it.
        by: MemberId,
    },
    /// This client has left. The others have its word, unless it could not follow the group any
    /// more: then it was sent once. The meeting is over for it.
    Left,
    /// A member with the right to has ended the meeting.
    Ended {
        /// Who.
        by: MemberId,
    },
    /// Somebody goes by another name.
    Renamed {
        /// Who.
        member: MemberId,
        /// The new display name.
        name: String,
    },
    /// A member with the right to has ordered that somebody's identity be removed. It follows,
    /// whatever else is committed.
    Ordered {
        /// Who has to go.
        member: MemberId,
        /// Who ordered it.
        by: MemberId,
    },
    /// The door is another.
    Door {
        /// Who may admit from now on.
        door: Door,
        /// Who changed it.
        by: MemberId,
    },
    /// An identity has another role.
    Role {
        /// The identity.
        who: Fingerprint,
        /// Its role.
        role: Role,
        /// Who changed it.
        by: MemberId,
    },
    /// An identity says that it records, or does no longer.
    Recording {
        /// The identity.
        who: Fingerprint,
        /// Whether it records.
        on: bool,
    },
    /// What this client may send has changed. Frames of other kinds would be dropped by everyone.
    MaySend {
        /// The kinds of tracks that it may send.
        kinds: TrackKinds,
    },
    /// The meeting's rules have changed, in the ways told before this or in others: read the roster
    /// and [`Meeting::rules`](crate::Meeting::rules).
    Rules {
        /// Who changed them.
        by: MemberId,
    },
    /// Somebody said something; also this client itself, once everyone can read it.
    Chat {
        /// Who.
        member: MemberId,
        /// What: 1 to 2,048 bytes of UTF-8, as it was sent.
        text: String,
        /// Whether it was said to this client alone.
        private: bool,
    },
    /// Somebody reacted.
    Reaction {
        /// Who.
        member: MemberId,
        /// How: 1 to 32 bytes of UTF-8, as it was sent.
        symbol: String,
    },
    /// Somebody raised or lowered a hand.
    Hand {
        /// Who.
        member: MemberId,
        /// Whether it is up.
        raised: bool,
    },
    /// This client is asked to send: ask the person in front of it.
    AskedToSend {
        /// Who asks.
        by: MemberId,
        /// What to send.
        kinds: TrackKinds,
    },
    /// Somebody announced its tracks, in place of what it announced before.
    Tracks {
        /// Who.
        member: MemberId,
        /// All of its tracks, by ascending context.
        tracks: Vec<AnnouncedTrack>,
    },
    /// Somebody sees nothing of this track before its next key frame: make one now. Newcomers, or
    /// a member that has asked. It comes at most once a second for each track, however many ask and
    /// however often (SPEC \[M45\] to \[M47\]).
    KeyFrameNeeded {
        /// The caller's own track.
        track: Track,
    },
    /// Something that a remote party sent took no effect.
    Refused {
        /// Where it came from.
        source: Source,
        /// The member who made it, where a signature or the tree says so.
        author: Option<MemberId>,
        /// What was wrong, who is to blame and what to do.
        fault: Fault,
    },
    /// The log is known to be current again: it ends [`Alarm::Withheld`], and if sealing had stopped,
    /// it goes on.
    LogCurrent,
    /// Something that the people in the meeting should know.
    Alarm(Alarm),
}

/// Where something refused came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The log.
    Log {
        /// The entry's sequence number.
        seq: u64,
    },
    /// The lobby.
    Lobby,
    /// This client's mailbox.
    Direct,
    /// A blob.
    Blob,
}

/// Why a client can follow its group no more and comes back by a fresh leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resync {
    /// A commit that the others read is unreadable here (SPEC \[G3\]).
    Unreadable,
    /// Entries of the log are missing and do not come.
    Gap,
    /// Its side of a split meeting gives way to the one with the host.
    Fork,
    /// Another client acts with this one's keys.
    Clone,
    /// What was restored is too old to follow the log from there.
    Restore,
}

/// Something that the people in the meeting should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alarm {
    /// A commit that the others can read is unreadable here: sealing has stopped, and this client
    /// comes back by itself. Tell the people who made it.
    Unreadable {
        /// The commit's author.
        by: MemberId,
    },
    /// A member says that it is in another group, or has read another log: compare safety codes.
    Disagreement {
        /// Who says so.
        member: MemberId,
    },
    /// Another client acts with this one's keys: both come from one snapshot, or from one that is older
    /// than what was done since. Sealing has stopped, and this client follows its leaf no more (SPEC
    /// \[R7\]).
    Clone,
    /// For 30 seconds nothing has shown that the log which the server delivers is current: no host's
    /// word has come, or only old ones. The hosts have gone, or the server withholds the log: a
    /// removal may be in what it keeps back. Unless [`Event::LogCurrent`] comes, sealing stops 30
    /// seconds later (SPEC \[M14\]).
    Withheld,
    /// Nothing of a member has come for long, while the hosts are heard: for 30 seconds if it is a
    /// host or listed to follow one, else for three minutes and 0.3 seconds for each member.
    /// Its client has gone, or the server keeps it apart.
    Unheard {
        /// Who.
        member: MemberId,
    },
    /// The server's log is shorter than what was read of it: it lost or hides entries.
    LogShrank,
    /// The application does not vouch for a member whom somebody else let in.
    NotVouched {
        /// Who.
        member: MemberId,
    },
    /// A member goes by the name of a verified contact and has another identity key: ask both.
    KnownNameOtherKey {
        /// Who.
        member: MemberId,
        /// The contact's identity.
        known: Fingerprint,
    },
    /// The relay in use has left the meeting's list: sealing has stopped until another is proved.
    RelayDropped,
    /// This client could follow no more, and nobody has brought it back for two minutes: it may have been
    /// removed meanwhile, or everybody whom it knew has gone. It goes on asking; or leave, and knock
    /// again.
    NotBack,
    /// A commit of one's own cannot be built. What it was for has not happened.
    CannotCommit(&'static str),
}

/// One leaf of the group, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Participant {
    /// Names this stay in the meeting; no two stays share one.
    pub member: MemberId,
    /// The identity behind it, the same in every meeting.
    pub fingerprint: Fingerprint,
    /// The display name, signed by the leaf.
    pub name: String,
    /// How many members have this identity.
    pub devices: usize,
    /// The role of the identity.
    pub role: Role,
    /// What it may do.
    pub rights: Rights,
    /// The kinds of tracks on which it may send. Frames of other kinds are dropped.
    pub may_send: TrackKinds,
    /// The kinds of tracks that are muted for it, whether or not it has the right to them.
    pub muted: TrackKinds,
    /// What it is, if it is no person.
    pub label: Option<Label>,
    /// Whether it says that it records.
    pub recording: bool,
    /// Whether its hand is up.
    pub hand_raised: bool,
    /// The tracks that it has announced.
    pub tracks: Vec<AnnouncedTrack>,
    /// Whether the caller has verified its identity key.
    pub verified: bool,
    /// Whether it is ordered to be removed.
    pub ordered_out: bool,
    /// When this client first saw it, in milliseconds of [`Now::monotonic_ms`].
    pub since_ms: u64,
    /// When this client last read something of it in the log, in milliseconds of
    /// [`Now::monotonic_ms`].
    pub heard_ms: Option<u64>,
    /// The leaf index in the current epoch. Indices are reused: keep `member` instead.
    pub leaf: u32,
    /// Whether this is the caller.
    pub own: bool,
}

/// Names one stay of somebody in a meeting: 16 bytes.
pub type MemberId = StayId;
/// Names a knock: the reference of its key package (RFC 9420 §5.2), 32 bytes.
pub type KnockId = KeyPackageRef;
