//! WebRTC media of one client: tracks sealed on the way out, opened on the way in.
//!
//! [`MediaLink`] is the whole face: commands go in by its methods, everything else comes out of one
//! channel as [`MediaEvent`]s. Underneath, one task owns a UDP socket and a `str0m` connection.

mod codecs;
mod connection;
mod face;
mod handle;
mod incoming;
mod lines;
mod link;
mod outgoing;
mod outlet;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use face::Closed;
pub(crate) use face::{IncomingFrame, LinkSettings, MediaEvent, OutgoingFrame, OutgoingTrack};
pub(crate) use handle::MediaLink;
