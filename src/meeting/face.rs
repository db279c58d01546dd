//! What goes into a meeting and what comes out.

use incamera_wire::{
    BlobHash, DenyReason, Destination, Fingerprint, KeyPackageRef, MessageId, Role, StayId,
    ToClient, ToServer, Track,
};

use crate::error::Fault;

/// The time, as the caller knows it. The library reads no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back, from any origin.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970-01-01T00:00:00Z. Nothing in this version depends on it.
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
            ToClient::Accepted { .. } => return None,
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
    },
    /// A waiting knock is void, because its invite is no longer valid or its key package clashes
    /// with the group: whoever knocked has to knock again, with a new link if there is one.
    KnockVoid {
        /// Names the knock.
        knock: KnockId,
    },
    /// This client is in, and a member has confirmed it: sealing works from now on. Whoever
    /// creates a meeting is in at once.
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
    /// Newcomers see nothing of this track before its next key frame: make one now.
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

/// Something that the people in the meeting should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alarm {
    /// A commit that the others can read is unreadable here: sealing has stopped, and this client
    /// follows the meeting no more. Leave, knock again, and tell the people who made it.
    Unreadable {
        /// The commit's author.
        by: MemberId,
    },
    /// A member says, in the same epoch, that it is in another group: compare safety codes.
    Disagreement {
        /// Who says so.
        member: MemberId,
    },
    /// The server's log is shorter than what was read of it: it lost or hides entries.
    LogShrank,
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
    /// The role of the identity.
    pub role: Role,
    /// The leaf index in the current epoch. Indices are reused: keep `member` instead.
    pub leaf: u32,
    /// Whether this is the caller.
    pub own: bool,
}

/// Names one stay of somebody in a meeting: 16 bytes.
pub type MemberId = StayId;
/// Names a knock: the reference of its key package (RFC 9420 §5.2), 32 bytes.
pub type KnockId = KeyPackageRef;
