//! The real relay and real clients, each a process of its own, on this machine.
#![cfg(test)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests start processes and wait for them"
)]

mod client;
mod control;
mod exits;
#[path = "../../../tests/secrets/finder.rs"]
mod finder;
mod layers;
mod logs;
mod media;
mod nats;
mod place;
mod relay;
mod restart;
mod sealed;
mod spy;
