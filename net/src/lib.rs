//! Connects meetings to a relay.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this crate does input and output: it reads clocks and runs tasks"
)]

#[allow(dead_code, unused_imports, reason = "the driver takes it into use")]
mod media;
