//! What each fuzz target does with its input: one function for each target, from any bytes to a panic if
//! something does not hold. `tests/replay.rs` calls them with the inputs that are checked in.
//!
//! Everything drawn is seeded, so that an input means the same each time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a target fails"
)]

mod formats;
mod frames;
mod meeting;
mod packets;
mod stored;

pub use formats::{decoders, header, invite};
pub use frames::{codecs, frame, sealed_frame};
pub use meeting::meeting;
pub use packets::rtp;
pub use stored::snapshot;
