//! Why a frame was not sealed or opened, by who is at fault.

use incamera_wire::HeaderError;

use super::codec::CodecError;
use crate::keyring::{OpenRefusal, SealRefusal};
use crate::sframe::SealError;

/// Why a frame was not sealed or opened. Whatever the variant, nothing has changed: neither the
/// caller's buffer nor a counter nor a replay window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The caller: this track has a sealer already (SPEC \[M10\]).
    #[error("this track has a sealer already: use that one, or drop it first")]
    AlreadyLeased,
    /// The caller: the slice given to `seal_into` is too short.
    #[error("the buffer is too small for the sealed frame: give it {needed} bytes")]
    BufferTooSmall {
        /// The length of this sealed frame in bytes.
        needed: usize,
    },
    /// The caller: the plaintext is longer than 16 MiB.
    #[error("the frame is longer than 16 MiB: split it")]
    FrameTooLong,
    /// The caller: the frame is not one of the codec that the sealer was told.
    #[error("the frame cannot be split for its codec: {0}")]
    Codec(#[from] CodecError),
    /// The meeting: nothing may be sealed now (SPEC \[M9\]).
    #[error(
        "sealing is stopped: drive the meeting's timers, wait until it is confirmed, and look at \
         its events"
    )]
    Stopped,
    /// The meeting: its state lists relays, and none of them has proved itself, or the one that had
    /// is no longer on the list (SPEC \[M13\]).
    #[error("no relay of the meeting's list is proved: call verify_relay and use_relay")]
    NoRelay,
    /// The meeting: membership has ended and its keys are erased.
    #[error("membership has ended: drop this sealer or receiver")]
    Ended,
    /// The key: it has sealed all it may in this epoch (SPEC \[K5\]).
    #[error("this epoch's key for the track is used up: seal again in the next epoch")]
    Exhausted,
    /// The sender or the relay: these bytes are no frame (SPEC \[W7\]).
    #[error("these bytes are no sealed frame: drop them")]
    Malformed,
    /// The sender or the relay: the key id belongs to no epoch that is kept or may be waited for,
    /// to nobody in its roster, to no track, or to this member itself (SPEC \[M3\], \[K4\]).
    #[error("no key is known for this frame's key id: drop it")]
    UnknownKey,
    /// The sender or the relay: the meeting's state does not let the sender use this track, or the
    /// frame is not the one that [`Receiver::only`](crate::Receiver::only) asks for. From a
    /// sealer: the state does not let this member use the track (SPEC \[M7\]).
    #[error("this track is not the sender's to use here: drop the frame")]
    NotAllowed,
    /// The relay, mostly: too many frames of epochs to come are waiting (SPEC \[M5\]).
    #[error(
        "too many frames wait for their epoch: drop this one, and poll the receiver more often"
    )]
    Full,
    /// The sender or the relay: the frame is forged, damaged, or was accepted before; nobody is
    /// told which (SPEC \[M8\]).
    #[error("the frame does not open: drop it")]
    Unopenable,
}

impl From<HeaderError> for FrameError {
    fn from(_: HeaderError) -> Self {
        Self::Malformed
    }
}

impl From<SealRefusal> for FrameError {
    fn from(refusal: SealRefusal) -> Self {
        match refusal {
            SealRefusal::Ended => Self::Ended,
            SealRefusal::Stopped => Self::Stopped,
            SealRefusal::NoRelay => Self::NoRelay,
            SealRefusal::NotAllowed => Self::NotAllowed,
            SealRefusal::Key(SealError::Exhausted) => Self::Exhausted,
            SealRefusal::Key(SealError::TooLong) => Self::FrameTooLong,
            SealRefusal::Key(SealError::BufferTooSmall { needed }) => {
                Self::BufferTooSmall { needed }
            }
        }
    }
}

impl From<OpenRefusal> for FrameError {
    fn from(refusal: OpenRefusal) -> Self {
        match refusal {
            OpenRefusal::Ended => Self::Ended,
            OpenRefusal::Malformed => Self::Malformed,
            // An epoch that may still come is the receiver's to wait for; here it did not come.
            OpenRefusal::UnknownKey | OpenRefusal::Ahead { .. } => Self::UnknownKey,
            OpenRefusal::NotAllowed => Self::NotAllowed,
            OpenRefusal::Unopenable => Self::Unopenable,
        }
    }
}
