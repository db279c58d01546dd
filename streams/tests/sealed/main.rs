//! Every stream sealed by one member of a meeting, sent through real packetisers and networks, and
//! opened by another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests are test code"
)]

mod altered;
mod damaged;
mod framing;
mod layers;
mod meeting;
mod structure;
mod trips;
