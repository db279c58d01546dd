//! What streams, subjects and headers are called.

use std::fmt::Display;

use incamera_wire::MeetingId;

use crate::hex;

/// An entry's message id: JetStream appends each once.
pub(super) const ID: &str = "Nats-Msg-Id";
/// When a message was posted, by the clock of the relay that took it: seconds since 1970, 12 digits.
pub(super) const TIME: &str = "Incamera-Time";
/// In place of the bytes of an entry that no single message can hold: their SHA-256, in hex.
pub(super) const LARGE: &str = "Incamera-Large";

/// What the names of all streams begin with.
const PREFIX: &str = "incamera";

/// A meeting's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One message for each entry, for as long as the meeting lives.
    Log,
    /// Blobs in parts; the oldest go.
    Blob,
    /// Entries in parts that are too large for one message. None go.
    Large,
}

impl Kind {
    /// All of a meeting's, in the order in which they are deleted: without a log there is no meeting.
    pub(super) const ALL: [Self; 3] = [Self::Log, Self::Blob, Self::Large];

    fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Blob => "blob",
            Self::Large => "large",
        }
    }

    /// The stream's name.
    pub(super) fn stream(self, meeting: MeetingId) -> String {
        format!("{PREFIX}-{}-{}", hex::encode(meeting.as_bytes()), self.word())
    }

    /// The subject of a log's entries, or what all subjects of parts begin with.
    pub(super) fn subject(self, meeting: MeetingId) -> String {
        format!("{PREFIX}.{}.{}", hex::encode(meeting.as_bytes()), self.word())
    }

    /// All subjects that the stream keeps.
    pub(super) fn subjects(self, meeting: MeetingId) -> String {
        let subject = self.subject(meeting);
        if self == Self::Log { subject } else { format!("{subject}.>") }
    }

    /// A part of what has this hash; `part`: a number, or a wildcard.
    pub(super) fn part(self, meeting: MeetingId, hash: &str, part: impl Display) -> String {
        format!("{}.{hash}.{part}", self.subject(meeting))
    }
}

/// Subjects of all meetings' logs.
pub(super) fn logs() -> String {
    format!("{PREFIX}.*.log")
}

/// Subjects of everything.
pub(super) fn all() -> String {
    format!("{PREFIX}.>")
}

/// Subject of what is kept nowhere.
pub(super) fn news(meeting: MeetingId) -> String {
    format!("{PREFIX}.{}.news", hex::encode(meeting.as_bytes()))
}

/// The meeting that a stream belongs to.
pub(super) fn meeting(stream: &str) -> Option<MeetingId> {
    let digits = stream.strip_prefix(PREFIX)?.strip_prefix('-')?.get(..MeetingId::LEN * 2)?;
    hex::decode(digits).map(MeetingId::new)
}
