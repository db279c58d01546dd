#![doc = include_str!("../README.md")]

mod admission;
mod entropy;
mod envelope;
mod error;
mod hpke;
mod identity;
mod keyring;
mod media;
mod meeting;
mod mls;
mod policy;
mod secret;
mod sframe;

pub use incamera_wire as wire;
pub use media::{FrameError, Framing, Opened, Receiver, Released, Sealer};

/// Frames alone, over a fixed key: for benches and tests.
#[cfg(feature = "testing")]
pub mod testing {
    pub use crate::media::testing::pair;
}
