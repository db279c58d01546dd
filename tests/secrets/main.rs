//! Where keys must not be: in anything that is shown or logged, and in memory that was given back.
//! A whole meeting is played twice from one seed: the first time every key is noted that a client
//! holds at any time, the second time they are looked for.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[cfg(target_os = "linux")]
mod derived;
mod finder;
mod found;
#[cfg(target_os = "linux")]
mod heap;
#[cfg(target_os = "linux")]
mod memory;
mod scene;
mod shown;
#[path = "../support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod wiped;
