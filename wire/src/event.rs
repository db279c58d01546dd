//! What members tell each other beside commits.

use prost::Message;

use crate::codec::{Source, VERSION};
use crate::ids::{MeetingId, StayId};
use crate::limits;
use crate::malformed::Malformed;
use crate::raw::{self, event_body::Kind};

/// An event and its author's signature; at most 8 KiB encoded. SPEC \[G11\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEvent {
    /// An encoded [`EventBody`], kept as the bytes that were signed; 1 to 4,096 bytes.
    pub body: Vec<u8>,
    /// Ed25519, by the author's MLS leaf key.
    pub signature: [u8; 64],
}

const SIGNED_EVENT: Source = Source(&limits::SIGNED_EVENT);
const EVENT_BODY: Source = Source(&limits::EVENT_BODY);

impl SignedEvent {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::SignedEvent {
            version: VERSION,
            body: self.body.clone(),
            signature: self.signature.to_vec(),
        };
        raw.encode_to_vec()
    }

    /// Reads a signed event; neither its body nor its signature is checked.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::SignedEvent = SIGNED_EVENT.decode(bytes)?;
        let signature = SIGNED_EVENT.array(&raw.signature, "signature")?;
        Ok(Self { body: raw.body, signature })
    }
}

/// What an event says, and everything its signature binds it to; at most 4 KiB encoded.
/// SPEC \[G11\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBody {
    /// The meeting: SPEC \[W8\].
    pub meeting: MeetingId,
    /// The MLS epoch it was said in.
    pub epoch: u64,
    /// The author's stay.
    pub stay: StayId,
    /// Never repeats within a stay.
    pub counter: u64,
    /// What is said.
    pub kind: EventKind,
}

/// What members say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The author leaves: evidence for the commit that removes it. SPEC \[G8\].
    Leave,
    /// The author vouches for its epoch to newcomers. SPEC \[A8\].
    Confirm {
        /// The MLS epoch authenticator of the event's epoch.
        authenticator: [u8; 32],
    },
    /// The author ends the meeting for all. SPEC \[G12\].
    End,
}

impl EventBody {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self.kind {
            EventKind::Leave => Kind::Leave(raw::Leave {}),
            EventKind::Confirm { authenticator } => {
                Kind::Confirm(raw::Confirm { authenticator: authenticator.to_vec() })
            }
            EventKind::End => Kind::End(raw::End {}),
        };
        let raw = raw::EventBody {
            version: VERSION,
            meeting: self.meeting.as_bytes().to_vec(),
            epoch: self.epoch,
            stay: self.stay.as_bytes().to_vec(),
            counter: self.counter,
            kind: Some(kind),
        };
        raw.encode_to_vec()
    }

    /// Reads an event's body.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::EventBody = EVENT_BODY.decode(bytes)?;
        let kind = match EVENT_BODY.present(raw.kind, "kind")? {
            Kind::Leave(raw::Leave {}) => EventKind::Leave,
            Kind::Confirm(confirm) => {
                let confirm_source = Source(&limits::CONFIRM);
                let authenticator =
                    confirm_source.array(&confirm.authenticator, "authenticator")?;
                EventKind::Confirm { authenticator }
            }
            Kind::End(raw::End {}) => EventKind::End,
        };
        Ok(Self {
            meeting: MeetingId::new(EVENT_BODY.array(&raw.meeting, "meeting")?),
            epoch: raw.epoch,
            stay: StayId::new(EVENT_BODY.array(&raw.stay, "stay")?),
            counter: raw.counter,
            kind,
        })
    }
}
