//! Errors, by who is at fault.
//!
//! [`Error`] is the caller's: a call that cannot be carried out, or the end of membership. What a
//! remote party sent is never an `Error`; it is a [`Fault`] inside `Event::Refused`.

use incamera_wire::{Malformed, Right};
use thiserror::Error;

use crate::entropy::NoEntropy;

/// Why a call on a meeting failed. A call that fails has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no invite of this version.
    #[error("this is no usable incamera invite: {0}")]
    Invite(&'static str),
    /// Something that the caller gave cannot be used.
    #[error("{0}")]
    Argument(&'static str),
    /// The caller's identity may not do this.
    #[error("your identity lacks the right to {0}: ask a host")]
    MissingRight(Right),
    /// The group's rules refuse what the caller asks for, so that nobody would accept it.
    #[error("the group's rules refuse this: {0}")]
    Refused(Rule),
    /// No waiting knock has this id.
    #[error("no waiting knock has this id: it was answered already, or it never came")]
    UnknownKnock,
    /// No member has this id.
    #[error("nobody with this member id is in the meeting: read the roster again")]
    UnknownMember,
    /// Not yet admitted and confirmed.
    #[error("not yet in the meeting: wait for `Event::Joined`")]
    NotJoined,
    /// The membership is over.
    #[error("this membership has ended: drop the meeting and join again if you may")]
    Ended,
    /// The client can follow its group no more, for instance after an unreadable commit, and is on its
    /// way back.
    #[error(
        "this member cannot follow the group and is coming back: wait for `Event::Joined`, or leave"
    )]
    Broken,
    /// The operating system refused randomness.
    #[error("the operating system gave no randomness: nothing can be sealed safely")]
    NoEntropy,
    /// A fault inside this crate or the MLS engine.
    #[error("internal fault in {0}: please report it; the meeting is unchanged")]
    Internal(&'static str),
}

impl From<Rule> for Error {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::MissingRight(right) => Self::MissingRight(right),
            rule => Self::Refused(rule),
        }
    }
}

impl From<NoEntropy> for Error {
    fn from(NoEntropy: NoEntropy) -> Self {
        Self::NoEntropy
    }
}

/// Who caused a [`Fault`], as far as the receiver can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Culprit {
    /// The server, or anyone who can write through it: nothing signed reached this client.
    Server,
    /// A member of the meeting: its key was needed to get this far.
    Member,
    /// Somebody who knocks with a valid link.
    Knocker,
}

/// What was wrong with something that a remote party sent. It took no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes do not parse.
    #[error("malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The message belongs to another meeting.
    #[error("it belongs to another meeting: dropped; check that the server keeps meetings apart")]
    OtherMeeting,
    /// It does not open under the key that it names.
    #[error("it does not open: forged or damaged on the way; nothing to do")]
    Unopenable,
    /// It names an epoch that this member has not reached, although the log is read in order.
    #[error(
        "it names an epoch that does not exist yet: the server skipped an entry or forged one; nothing to do"
    )]
    EpochAhead,
    /// An event's epoch ended too long ago.
    #[error("its epoch ended over 30 seconds ago: nothing to do; a leave or an end is said again")]
    EpochEnded,
    /// A blob does not hash to its address.
    #[error("the blob is not the one asked for: it is asked for again, nothing to do")]
    WrongBlob,
    /// The engine refused a commit for a reason that every member sees alike.
    #[error("the commit is invalid ({0}): its author's client is broken or hostile")]
    InvalidCommit(&'static str),
    /// The verdict on a commit.
    #[error("the group's rules refuse this commit: {0}")]
    Refused(Rule),
    /// The author of an event is no member of its epoch, or has gone since.
    #[error("its author is not in the meeting: ignore it")]
    UnknownAuthor,
    /// The signature of an event does not verify.
    #[error("its signature does not verify: its author's client is broken or hostile")]
    Signature,
    /// A counter or a knock came a second time.
    #[error("it came before: nothing to do")]
    Replayed,
    /// The author lacks a right.
    #[error("its author lacks the right to {0}: nothing has changed, tell its author")]
    MissingRight(Right),
    /// A knock names a log position too far from now.
    #[error("the knock is stale: whoever knocks must knock again")]
    StaleKnock,
    /// A knock was made with a link that a removal has replaced, or that never was.
    #[error("the knock's link is not valid any more: whoever knocks needs the new one")]
    DeadInvite,
    /// A certificate of an identity key does not verify.
    #[error("the identity certificate does not verify: do not admit")]
    Certificate,
    /// An invite has expired by the admitter's clock.
    #[error("the knock's link has expired: whoever knocks needs a new one")]
    ExpiredInvite,
    /// The application's identity hook refuses a credential.
    #[error("the application does not vouch for the identity: not admitted")]
    NotVouched,
    /// A passcode was not proved.
    #[error("the passcode was not proved: the knock waits for a person's decision")]
    Passcode,
    /// A relay's proof does not verify.
    #[error("the relay is not proved ({0}): send no media through it")]
    Relay(&'static str),
    /// A banned identity knocks.
    #[error("the identity is banned from this meeting: nothing to do")]
    Banned,
    /// A table with a bound is full.
    #[error("too many knock: answer some; if none wait, remove somebody, which replaces the link")]
    Full,
    /// A Welcome that is addressed to this client cannot be used.
    #[error("the Welcome is unusable ({0}): wait for another, or knock again")]
    Welcome(&'static str),
}

impl Fault {
    /// Who caused it, as far as the receiver can tell: a hint, no proof. What anyone on the way can
    /// cause is put down to the server, although a member may have done it.
    #[must_use]
    pub const fn culprit(&self) -> Culprit {
        match self {
            Self::Malformed(_)
            | Self::OtherMeeting
            | Self::Unopenable
            | Self::EpochAhead
            | Self::EpochEnded
            | Self::WrongBlob
            | Self::Welcome(_)
            | Self::Relay(_)
            | Self::Replayed => Culprit::Server,
            Self::InvalidCommit(_)
            | Self::Refused(_)
            | Self::UnknownAuthor
            | Self::Signature
            | Self::MissingRight(_) => Culprit::Member,
            Self::StaleKnock
            | Self::DeadInvite
            | Self::ExpiredInvite
            | Self::NotVouched
            | Self::Passcode
            | Self::Certificate
            | Self::Banned
            | Self::Full => Culprit::Knocker,
        }
    }
}

/// The rule that refused a commit (SPEC section "Group operations").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Rule {
    /// The commit changes nothing.
    #[error("[G4] it proposes nothing")]
    Empty,
    /// Adds and removals in one commit.
    #[error("[G4] it both adds and removes")]
    Mixed,
    /// The committer is no member that may commit.
    #[error("[G8] its committer is not in the roster")]
    UnknownCommitter,
    /// A newcomer's certificate does not verify (SPEC \[I2\]).
    #[error("[I2] a newcomer's certificate does not verify")]
    Certificate,
    /// A newcomer's stay id or key is in the roster already (SPEC \[G6\]).
    #[error("[G6] a newcomer's stay id or key is in the roster already")]
    Duplicate,
    /// A newcomer's identity is banned (SPEC \[G6\]).
    #[error("[G6] a newcomer's identity is banned")]
    Banned,
    /// Not exactly one PSK of a live invite with an Add, or of a live resync key with a resync, or one
    /// with anything else (SPEC \[G7\]).
    #[error(
        "[G7] an Add carries exactly one PSK of a live invite, a resync one of a live resync key, anything else none"
    )]
    Psk,
    /// The committer lacks a right (SPEC \[G8\]).
    #[error("[G8] its committer lacks the right to {0}")]
    MissingRight(Right),
    /// The door is locked.
    #[error("[G8] the door is locked")]
    Locked,
    /// The meeting has as many leaves as its profile allows (SPEC \[G30\]).
    #[error("[G30] the meeting is full: somebody has to leave first")]
    Full,
    /// A removed leaf is not in the tree, or twice in the list.
    #[error("[G8] it removes a leaf that is empty, twice named, or its committer's own")]
    NoSuchLeaf,
    /// A removal for cause leaves other leaves of the same identity (SPEC \[G8\]).
    #[error("[G8] it removes one of an identity's leaves and leaves another")]
    PartialRemoval,
    /// Evidence that does not verify (SPEC \[G8\]).
    #[error("[G8] it carries evidence that does not verify or is not needed")]
    Evidence,
    /// It touches somebody whose role is not below its committer's (SPEC \[G15\]).
    #[error("[G15] it touches somebody whose role is not below its committer's")]
    Outranked,
    /// It gives or takes a right that its committer does not have (SPEC \[G15\]).
    #[error("[G15] its committer gives or takes the right to {0} without having it")]
    NotHeld(Right),
    /// A change that only a host may make (SPEC \[G15\]).
    #[error("[G15] only a host may change this: {0}")]
    HostOnly(&'static str),
    /// A member lifts its own mute although that is forbidden (SPEC \[G15\]).
    #[error("[G15] its committer may not lift its own mute")]
    UnmuteForbidden,
    /// The new state contradicts itself (SPEC \[G22\]).
    #[error("[G22] its new state contradicts itself: {0}")]
    Inconsistent(&'static str),
    /// Its committer is ordered out (SPEC \[G16\]).
    #[error("[G16] its committer is ordered to be removed")]
    OrderedOut,
    /// It does not carry out a removal order that came before it (SPEC \[G16\]).
    #[error("[G16] it does not carry out a removal order")]
    OrderIgnored,
    /// A removal order that binds nobody (SPEC \[G16\]).
    #[error("[G16] the removal order is void: {0}")]
    VoidOrder(&'static str),
    /// Statements about silent hosts that prove nothing (SPEC \[G17\]).
    #[error("[G17] its statements about silent hosts do not suffice: {0}")]
    Statements(&'static str),
    /// A change of the own leaf that is no change of name (SPEC \[G21\]).
    #[error("[G21] its path changes more than the display name, or to none that can be shown")]
    Rename,
    /// The words of members who come back that prove nothing (SPEC \[G26\]).
    #[error("[G26] it brings back members without proof: {0}")]
    Rejoin(&'static str),
    /// The new state is not what the rule derives (SPEC \[G9\]).
    #[error("[G9] its new state differs from what follows from the commit: {0}")]
    State(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_to_do() {
        assert_eq!(
            Error::MissingRight(Right::Admit).to_string(),
            "your identity lacks the right to admit: ask a host"
        );
        assert_eq!(
            Fault::Refused(Rule::MissingRight(Right::Remove)).to_string(),
            "the group's rules refuse this commit: [G8] its committer lacks the right to remove members"
        );
    }

    #[test]
    fn a_rule_broken_by_a_member_is_not_blamed_on_the_server() {
        assert_eq!(Fault::Refused(Rule::Psk).culprit(), Culprit::Member);
        assert_eq!(Fault::Unopenable.culprit(), Culprit::Server);
        assert_eq!(Fault::StaleKnock.culprit(), Culprit::Knocker);
    }
}
