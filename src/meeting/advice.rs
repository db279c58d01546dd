//! What to do about an event, in five words, for an application that shows them to people.

use incamera_wire::DenyReason;

use super::face::{Alarm, Event};
use crate::error::Fault;

/// What the caller, or the person in front of it, is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing: the meeting goes on, and this client has done what there was to do.
    Nothing,
    /// Wait: the next entry, host or connection sets it right; keep driving the meeting.
    Wait,
    /// Send again: ask once more for what was asked, or knock anew, with a new link if the old one is
    /// void.
    Resend,
    /// Let this client come back: it does so by itself; drive the meeting until
    /// [`Event::Joined`].
    Resync,
    /// Give up: this membership is over, or will not come about.
    GiveUp,
}

impl Event {
    /// Whether to wait, to send again, to let this client come back, or to give up.
    ///
    /// ```
    /// # use incamera::{Advice, DenyReason, Event};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada"])?;
    /// # let now = room.now();
    /// let invite = room[0].invite()?;
    /// let mallory = room.knock("Mallory", &invite, None)?;
    /// let Some(Event::Knock { knock, .. }) = room.events(0).pop() else { panic!("nobody knocks") };
    /// room[0].deny(knock, DenyReason::NotExpected, now)?;
    /// room.run();
    /// assert_eq!(room.events(mallory)[0].advice(), Advice::GiveUp);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Refused { fault, .. } => fault.advice(),
            Self::Alarm(alarm) => alarm.advice(),
            Self::Denied { reason } => denied(*reason),
            Self::Resyncing { .. } => Advice::Resync,
            Self::Removed { .. } | Self::Left | Self::Ended { .. } => Advice::GiveUp,
            Self::Knock { .. }
            | Self::KnockProof { .. }
            | Self::KnockVoid { .. }
            | Self::Joined
            | Self::Added { .. }
            | Self::Gone { .. }
            | Self::Returned { .. }
            | Self::Renamed { .. }
            | Self::Ordered { .. }
            | Self::Door { .. }
            | Self::Role { .. }
            | Self::Recording { .. }
            | Self::MaySend { .. }
            | Self::Rules { .. }
            | Self::Chat { .. }
            | Self::Reaction { .. }
            | Self::Hand { .. }
            | Self::AskedToSend { .. }
            | Self::Tracks { .. }
            | Self::KeyFrameNeeded { .. }
            | Self::LogCurrent => Advice::Nothing,
        }
    }
}

const fn denied(reason: DenyReason) -> Advice {
    match reason {
        DenyReason::Full | DenyReason::Locked => Advice::Wait,
        DenyReason::Stale
        | DenyReason::Expired
        | DenyReason::NoAnswer
        | DenyReason::WrongPasscode => Advice::Resend,
        DenyReason::NotExpected | DenyReason::Banned => Advice::GiveUp,
    }
}

impl Alarm {
    const fn advice(self) -> Advice {
        match self {
            Self::Unreadable { .. } | Self::Clone => Advice::Resync,
            Self::Withheld | Self::LogShrank | Self::NotBack => Advice::Wait,
            // The relay's proof, or what the commit was for.
            Self::RelayDropped | Self::CannotCommit(_) => Advice::Resend,
            Self::Disagreement { .. }
            | Self::Unheard { .. }
            | Self::NotVouched { .. }
            | Self::KnownNameOtherKey { .. } => Advice::Nothing,
        }
    }
}

impl Fault {
    /// What refused took no effect; what is left is to wait for what should have come in its place.
    const fn advice(self) -> Advice {
        match self {
            // One's own: it came too late.
            Self::EpochEnded => Advice::Resend,
            Self::EpochAhead | Self::WrongBlob | Self::Welcome(_) => Advice::Wait,
            Self::Relay(_) => Advice::Resend,
            Self::Malformed(_)
            | Self::OtherMeeting
            | Self::Unopenable
            | Self::InvalidCommit(_)
            | Self::Refused(_)
            | Self::UnknownAuthor
            | Self::Signature
            | Self::Replayed
            | Self::MissingRight(_)
            | Self::StaleKnock
            | Self::DeadInvite
            | Self::Certificate
            | Self::ExpiredInvite
            | Self::NotVouched
            | Self::Passcode
            | Self::Banned
            | Self::Full => Advice::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meeting::face::{MemberId, Resync, Source};

    #[test]
    fn an_event_says_what_to_do() {
        let by = MemberId::new([1; 16]);
        let refused =
            |fault| Event::Refused { source: Source::Log { seq: 1 }, author: None, fault };
        for (event, advice) in [
            (refused(Fault::Unopenable), Advice::Nothing),
            (refused(Fault::EpochAhead), Advice::Wait),
            (refused(Fault::EpochEnded), Advice::Resend),
            (refused(Fault::Welcome("it is for others")), Advice::Wait),
            (Event::Alarm(Alarm::Unreadable { by }), Advice::Resync),
            (Event::Alarm(Alarm::Withheld), Advice::Wait),
            (Event::Alarm(Alarm::CannotCommit("")), Advice::Resend),
            (Event::Resyncing { why: Resync::Gap }, Advice::Resync),
            (Event::Denied { reason: DenyReason::Locked }, Advice::Wait),
            (Event::Denied { reason: DenyReason::Stale }, Advice::Resend),
            (Event::Denied { reason: DenyReason::Banned }, Advice::GiveUp),
            (Event::Removed { by }, Advice::GiveUp),
            (Event::Joined, Advice::Nothing),
        ] {
            assert_eq!(event.advice(), advice, "{event:?}");
        }
    }
}
