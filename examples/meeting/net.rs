//! What travels between a client and the world, in the simulation's own plain types: only
//! `client.rs` knows the library.

/// A message's, mailbox's or knock's 16 bytes.
pub(crate) type Id = [u8; 16];

/// Where a posted message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// The ordered log of the meeting.
    Log,
    /// The lobby: whoever is inside hears it.
    Lobby,
    /// One mailbox.
    Direct(Id),
    /// The store of blobs, under the SHA-256 of the bytes.
    Blob([u8; 32]),
}

/// What a client asks of the server.
#[derive(Clone, Debug)]
pub(crate) enum FromClient {
    /// The transport is up; answers to a knock are read from `mailbox`.
    Hello { mailbox: Option<Id> },
    /// Deliver `bytes` to `to`; `id` makes a repetition harmless.
    Post { id: Id, to: To, bytes: Vec<u8> },
    /// Send the log again from this sequence number on.
    Fetch { from: u64 },
    /// Send the blob with this address.
    FetchBlob { hash: [u8; 32] },
}

/// What the server sends to a client.
#[derive(Clone, Debug)]
pub(crate) enum FromServer {
    /// Answer to `Hello`: the sequence number that the next log entry will have.
    Connected { next: u64 },
    /// One entry of the log.
    Log { seq: u64, bytes: Vec<u8> },
    /// A knock.
    Lobby(Vec<u8>),
    /// Something for this client's mailbox.
    Direct(Vec<u8>),
    /// A blob that was asked for.
    Blob(Vec<u8>),
}

/// What a client tells its user.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    /// Somebody asks to be let in; `knock` is the handle for the answer.
    Knock { knock: usize, name: String },
    /// This client is a member now and has been confirmed.
    Joined,
    /// Somebody else became a member.
    Added(String),
    /// Somebody else is no member any more.
    Removed(String),
    /// Newcomers need a key frame of this client's video.
    KeyFrame,
    /// The knock was turned down.
    Denied,
    /// This client left, was removed, or the meeting ended.
    Over(&'static str),
    /// A message was refused, and why.
    Refused(String),
    /// Something is wrong with the meeting as a whole.
    Alarm(String),
}

/// One step that a client wants done.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Give this to the server.
    Send(FromClient),
    /// Show this to the user.
    Notice(Notice),
}

/// What became of a frame that a receiver was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It opened, and this member's client sealed it.
    Frame { from: String },
    /// It waits for an epoch that this client has not reached.
    Held,
    /// It is nobody's frame, or this client's own.
    Ignored,
    /// It did not open.
    Refused,
}

/// Which of the two kinds of media a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Opus, 20 ms.
    Speech,
    /// VP8, 40 ms.
    Video,
}
