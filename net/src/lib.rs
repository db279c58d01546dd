//! Connects meetings to a relay.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this crate does input and output: it reads clocks and runs tasks"
)]

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this crate does input and output, and has the clock that the core is given"
)]

mod call;
mod line;
mod media;
mod relay;

pub use call::{
    Call, CallError, CallEvent, Ending, Events, Frame, Options, Save, TrackSender, now,
};
pub use line::{Dropped, certificate_of};
pub use relay::{AddressError, Link, LinkError, Relay};
