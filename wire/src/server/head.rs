//! An envelope's clear part.

use crate::envelope::{Envelope, EnvelopeKind};
use crate::ids::MeetingId;
use crate::malformed::Malformed;

/// What a server reads of an [`Envelope`](crate::Envelope) before it appends it to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeHead {
    /// The meeting whose log it belongs to.
    pub meeting: MeetingId,
    /// What the ciphertext holds.
    pub kind: EnvelopeKind,
    /// The MLS epoch that sealed it. Only members can tell whether it is current.
    pub epoch: u64,
    /// The ciphertext's length in bytes, tag included.
    pub ciphertext_len: usize,
    /// Whether newcomers find their Welcome in it.
    pub has_welcome: bool,
}

impl EnvelopeHead {
    /// Reads the clear part of an encoded envelope.
    ///
    /// # Errors
    /// If [`Envelope::decode`](crate::Envelope::decode) would refuse the bytes.
    pub fn peek(bytes: &[u8]) -> Result<Self, Malformed> {
        let envelope = Envelope::decode(bytes)?;
        Ok(Self {
            meeting: envelope.meeting,
            kind: envelope.kind,
            epoch: envelope.epoch,
            ciphertext_len: envelope.ciphertext.len(),
            has_welcome: envelope.welcome.is_some(),
        })
    }
}
