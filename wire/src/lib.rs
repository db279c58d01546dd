//! The wire format of incamera.

mod secret;

pub use secret::SecretBytes;
