//! Frames: sealed by a [`Sealer`], opened by a [`Receiver`], under keys that the keyring holds.

mod codec;
mod error;
mod framed;
mod held;
mod receiver;
mod rtp;
mod sealer;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use codec::{Codec, CodecError, Layer};
pub use error::FrameError;
pub use receiver::{Opened, Receiver, Released};
pub use rtp::{
    PayloadOrigin, RtpDrops, RtpError, RtpFragment, RtpFragmenter, RtpFrame, RtpHeader,
    RtpReassembler,
};
pub use sealer::{Framing, Sealer};
