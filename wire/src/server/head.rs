//! An envelope's clear part.

use crate::codec::Source;
use crate::envelope::EnvelopeKind;
use crate::ids::MeetingId;
use crate::limits;
use crate::malformed::Malformed;
use crate::walk::{self, Reader, Value};

const ENVELOPE: Source = Source(&limits::ENVELOPE);

// Field numbers of `Envelope`; a number never changes its meaning.
const MEETING: u32 = 2;
const KIND: u32 = 3;
const EPOCH: u32 = 4;
const CIPHERTEXT: u32 = 6;
const WELCOME: u32 = 7;

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
    /// Reads the clear part of an encoded envelope, without copying or allocating anything.
    ///
    /// # Errors
    /// If [`Envelope::decode`](crate::Envelope::decode) would refuse the bytes.
    pub fn peek(bytes: &[u8]) -> Result<Self, Malformed> {
        walk::check(ENVELOPE.0, bytes)?; // SPEC [W1] [W2] [W3] [W4]
        let mut meeting = None;
        let mut kind = None;
        let (mut epoch, mut ciphertext_len, mut has_welcome) = (0, 0, false);
        for field in Reader::new(bytes).map_while(Result::ok) {
            match (field.number, field.value) {
                (MEETING, Value::Bytes(bytes)) => meeting = MeetingId::try_from(bytes).ok(),
                (KIND, Value::Varint(number)) => {
                    kind = u8::try_from(number).ok().and_then(EnvelopeKind::from_number);
                }
                (EPOCH, Value::Varint(number)) => epoch = number,
                (CIPHERTEXT, Value::Bytes(bytes)) => ciphertext_len = bytes.len(),
                (WELCOME, _) => has_welcome = true,
                _ => {}
            }
        }
        let meeting = ENVELOPE.present(meeting, "meeting")?;
        let kind = ENVELOPE.present(kind, "kind")?;
        Ok(Self { meeting, kind, epoch, ciphertext_len, has_welcome })
    }
}
