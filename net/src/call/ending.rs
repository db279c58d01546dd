//! Why a call could not begin, could not do what it was asked, or has ended.

use incamera::wire::Refusal;
use incamera::{DenyReason, FrameError, MemberId, RestoreError, StoreError};
use thiserror::Error;

use crate::line::Dropped;

/// Why a call did not begin, or did not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The meeting refuses.
    #[error(transparent)]
    Meeting(#[from] incamera::Error),
    /// There is no connection to the relay.
    #[error(transparent)]
    Line(#[from] Dropped),
    /// The relay refuses.
    #[error("the relay refuses: {}", .0.detail)]
    Refused(Refusal),
    /// A track cannot be sent.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// No media can be sent or received, or not so.
    #[error("no media: {0}")]
    Media(String),
    /// What is to be stored, or was, cannot be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was stored is no meeting of this identity.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// Nothing is stored in this place.
    #[error("nothing is stored there: look at the path, or join anew")]
    NothingStored,
    /// The call has ended.
    #[error("the call has ended: join again if you may")]
    Over,
}

/// Why a call has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ending {
    /// This client has left.
    Left,
    /// Every [`Call`](crate::Call) was dropped: nothing was said to the others.
    Dropped,
    /// Its knock was denied.
    Denied(DenyReason),
    /// It was removed.
    Removed {
        /// Who did it.
        by: MemberId,
    },
    /// The meeting was ended for everyone.
    Ended {
        /// Who did it.
        by: MemberId,
    },
    /// The relay does not want this client, and waiting is of no use.
    Refused(Refusal),
    /// There was no connection for [`Options::give_up_after`](crate::Options::give_up_after).
    Unreachable(Dropped),
    /// What has to be stored before it is said cannot be stored.
    NotStored(StoreError),
    /// The meeting cannot go on.
    Faulty(incamera::Error),
}
