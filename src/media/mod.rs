//! Frames: sealed by a [`Sealer`], opened by a [`Receiver`], under keys that the keyring holds.

#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "sealers and receivers do not call it yet"
)]
mod codec;
mod error;
mod held;
mod receiver;
mod rtp;
mod sealer;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use error::FrameError;
pub use receiver::{Opened, Receiver, Released};
pub use rtp::{
    PayloadOrigin, RtpDrops, RtpError, RtpFragment, RtpFragmenter, RtpFrame, RtpHeader,
    RtpReassembler,
};
pub use sealer::{Framing, Sealer};
