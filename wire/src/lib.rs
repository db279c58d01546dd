//! The wire format of incamera.

mod secret;
mod sframe_header;

pub use secret::SecretBytes;
pub use sframe_header::{FrameHeader, HeaderError, MAX_HEADER_LEN};
