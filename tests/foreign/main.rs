//! A second reader: programs in Python and JavaScript, written from SPEC.md and `proto/` alone, read what
//! this crate writes and write what it reads. README.md beside this file says what they are asked.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bare;
mod chance;
mod changes;
mod codecs;
mod codes;
mod door;
mod events;
mod examples;
mod frames;
mod golden;
mod history;
mod install;
mod log;
mod messages;
mod own;
mod reader;
#[path = "../support/mod.rs"]
mod support;
mod transport;
mod vectors;
mod watch;
