//! How the program ends.

use std::process::ExitCode;

use incamera::DenyReason;
use incamera_net::{AddressError, CallError, Ending, LinkError};

/// What the help says of exit codes.
pub(crate) const HELP: &str = "\
Exit codes:
  0  the meeting was left, or ended for everyone
  1  something else failed: the line on standard error says what to do
  2  the command line, the link or a file cannot be used
  3  the relay cannot be reached, or has another certificate than the one pinned
  4  denied at the door, or nobody answered
  5  removed from the meeting
  6  refused by the relay: its token, its limits, or the transport was ended";

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Other = 1,
    Usage = 2,
    Unreachable = 3,
    Denied = 4,
    Removed = 5,
    Refused = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the program fails: one line that says what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into() }
    }

    /// For something on the command line.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let exit = match &error {
            CallError::Line(_) => Exit::Unreachable,
            CallError::Refused(_) => Exit::Refused,
            _ => Exit::Other,
        };
        Self::new(exit, error.to_string())
    }
}

/// What the end of a call is for the program.
pub(crate) fn of(
    ending: &Ending,
    who: impl Fn(&incamera::MemberId) -> String,
) -> Result<(), Failure> {
    let failure = match ending {
        Ending::Left | Ending::Ended { .. } => return Ok(()),
        Ending::Denied(reason) => Failure::new(Exit::Denied, denied(*reason)),
        Ending::Removed { by } => {
            let text = format!("{} has removed you: the link is void", who(by));
            Failure::new(Exit::Removed, text)
        }
        Ending::Refused(refusal) => {
            let text = format!("the relay refuses: {}", refusal.detail);
            Failure::new(Exit::Refused, text)
        }
        Ending::Unreachable(why) => {
            Failure::new(Exit::Unreachable, format!("gave up on the relay: {why}"))
        }
        Ending::NotStored(error) => {
            let text = format!("the meeting cannot be stored, so it stops: {error}");
            Failure::new(Exit::Other, text)
        }
        Ending::Faulty(error) => Failure::new(Exit::Other, error.to_string()),
        other => Failure::new(Exit::Other, format!("the call has ended: {other:?}")),
    };
    Err(failure)
}

fn denied(reason: DenyReason) -> &'static str {
    match reason {
        DenyReason::NotExpected => "denied: you are not expected; ask the host",
        DenyReason::Banned => "denied: you are banned from this meeting",
        DenyReason::Locked => {
            "denied: the door is locked; ask the host to unlock it, and join again"
        }
        DenyReason::Full => "denied: the meeting is full; join again later",
        DenyReason::Expired => "denied: the link has expired; ask for a new one",
        DenyReason::Stale => "denied: the knock came too late; join again",
        DenyReason::NoAnswer => "nobody answered at the door: join again when a host is there",
        DenyReason::WrongPasscode => "denied: the passcode is wrong; ask the host for it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use incamera::MemberId;

    #[test]
    fn every_end_has_its_code() {
        let by = MemberId::new([1; 16]);
        let code = |ending| of(&ending, |_| "Ada".to_owned()).err().map(|failure| failure.exit);
        assert_eq!(code(Ending::Left), None);
        assert_eq!(code(Ending::Ended { by }), None);
        assert_eq!(code(Ending::Denied(DenyReason::Locked)), Some(Exit::Denied));
        assert_eq!(code(Ending::Removed { by }), Some(Exit::Removed));
        assert_eq!(code(Ending::Faulty(incamera::Error::Ended)), Some(Exit::Other));
        assert_eq!(code(Ending::Dropped), Some(Exit::Other));
        for reason in DenyReason::ALL {
            assert!(!denied(*reason).is_empty());
        }
    }
}
