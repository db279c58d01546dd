//! RTP framing of draft-ietf-avtcore-rtp-sframe: a sealed frame, or a sealed packet, goes into RTP
//! payloads that each begin with one descriptor byte, and comes out of them again.

mod descriptor;
mod drops;
mod error;
mod fragmenter;
mod reassembler;
mod run;
mod store;
#[cfg(test)]
mod tests;
mod window;

pub use descriptor::PayloadOrigin;
pub use drops::RtpDrops;
pub use error::RtpError;
pub use fragmenter::{RtpFragment, RtpFragmenter};
pub use reassembler::{RtpFrame, RtpHeader, RtpReassembler};
