//! Whether whoever waits has proved that it knows the passcode.

/// What a waiting knock has shown of the passcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// The invite asks for no passcode.
    NotAsked,
    /// The invite asks for one, and the knock offers none.
    Missing,
    /// The knock offers one: a run to prove it is to come, or under way.
    Pending,
    /// Whoever knocks knows the passcode.
    Proved,
    /// Whoever knocks does not know the passcode, or a member's client and its own do not agree.
    Failed,
}
