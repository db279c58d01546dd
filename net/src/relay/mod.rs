//! Which relay: its address, how its certificate is checked, and the link that names it.

mod address;
mod hex;
mod link;
mod trust;

pub use address::{AddressError, Relay};
pub(crate) use hex::to_hex;
pub use link::{Link, LinkError};
pub(crate) use trust::{OtherCertificate, Seen, Trust, client_config};
