//! SFrame (RFC 9605): keys of one key id, and frames sealed and opened under them.
//!
//! Nothing here knows of meetings, epochs or members; the header codec is `incamera-wire`'s.

mod backend;
mod cipher;
mod key;
#[cfg(any(test, feature = "testing"))]
mod ledger;
mod sealing;
mod suite;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub(crate) use backend::Backend;
#[cfg(any(test, feature = "testing"))]
pub use backend::RustCrypto;
pub(crate) use cipher::{MAX_PLAINTEXT_LEN, MAX_TAG_LEN, MIN_TAG_LEN};
pub(crate) use key::{BaseKey, FrameKey, OpenError};
#[cfg(any(test, feature = "testing"))]
pub use ledger::Ledger;
pub(crate) use sealing::{SealError, SealingKey};
pub(crate) use suite::Suite;
