//! Real streams of every codec, sent through real packetisers and over a bad network, as a test of
//! what is done to frames on the way: a [`Through`] says what that is. Here it is nothing; `tests/sealed` seals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code: what is not as expected ends the test"
)]

mod annexb;
mod av1;
mod codec;
mod corpus;
mod h265;
mod network;
mod pictures;
mod receiver;
mod through;
mod trip;

pub use annexb::{access_units, nal_units};
pub use av1::{obus, sized};
pub use codec::{Codec, Depacketiser};
pub use corpus::{Stream, streams};
pub use network::{Network, Packet};
pub use pictures::{Pictures, expected_pictures, pictures};
pub use receiver::Receiver;
pub use through::{Identity, Through};
pub use trip::{Arrived, Trip, trip};
