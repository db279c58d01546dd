//! Connects meetings to a relay.

mod line;
mod media;
mod relay;

pub use relay::{AddressError, Link, LinkError, Relay};
