//! The forwarder of media: WebRTC in, WebRTC out. Of what it forwards it decrypts the hop's own SRTP,
//! and under that are the members' sealed frames.

mod budget;
mod deadlines;
mod face;
mod key_frames;
mod meeting;
mod outgoing;
mod peer;
mod socket;
mod stun;
#[cfg(test)]
mod tests;
mod worker;

pub(crate) use face::{Forwarder, MediaMetrics, MediaOutcome, MediaSettings};
