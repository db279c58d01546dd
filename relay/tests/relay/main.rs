//! The program `incamera-relay`, started as others start it, and clients that speak to it.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests start processes, wait for them, and fail"
)]

mod client;
mod end;
mod hostile;
mod log;
mod measure;
mod process;
mod start;
mod tls;
mod tokens;
