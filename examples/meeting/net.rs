//! What travels between a client and its user, in the simulation's own plain types: only
//! `client.rs` knows the meeting's face. What goes to the server is the wire's.

use incamera::wire::ToServer;

/// What a client tells its user.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    /// Somebody asks to be let in; `knock` is the handle for the answer.
    Knock { knock: usize, name: String },
    /// This client is a member now and has been confirmed.
    Joined,
    /// Somebody else is no member any more.
    Gone(String),
    /// Newcomers need a key frame of this client's video.
    KeyFrame,
    /// The knock was turned down, and why.
    Denied(&'static str),
    /// Somebody else said or did this; a chat text as it was said.
    Word(String),
    /// This client may share its screen from now on.
    MayShare,
    /// This client left, was removed, or the meeting ended; which of these.
    Over(&'static str),
    /// A message was refused: an entry of the log with its number, and why.
    Refused(Option<u64>, String),
    /// Something is wrong with the meeting as a whole.
    Alarm(String),
}

/// One step that a client wants done.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Give this to the server.
    Send(ToServer),
    /// Show this to the user.
    Notice(Notice),
}

/// What became of a frame that a receiver was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It opened, and this member's client sealed it on a track of this kind.
    Frame { from: String, kind: Kind },
    /// It waits for an epoch that this client has not reached.
    Held,
    /// It did not open.
    Refused,
}

/// Which kind of media a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Opus, 20 ms.
    Speech,
    /// VP8, 40 ms.
    Video,
    /// VP8, 100 ms: a shared screen.
    Screen,
}

/// What a modified client posts although it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    /// Makes itself host.
    Promotion,
    /// Ends the meeting.
    End,
    /// Orders somebody's removal.
    Order,
    /// Adds somebody while the door is locked.
    Add,
    /// Mutes somebody.
    Mute,
    /// Removes somebody.
    Removal,
}

impl Trick {
    /// What it claims to do.
    pub(crate) fn claim(self) -> &'static str {
        match self {
            Self::Promotion => "its own promotion to host",
            Self::End => "the end of the meeting",
            Self::Order => "an order to remove a guest",
            Self::Add => "the latecomer's admission",
            Self::Mute => "a mute of a guest",
            Self::Removal => "the removal of a guest",
        }
    }
}
