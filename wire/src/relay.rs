//! How a relay shows that it is one that a meeting's state names. A server builds what it signs
//! with [`relay_statement`]; the signing is its own business.

use prost::Message;

use crate::codec::{Source, VERSION};
use crate::ids::MeetingId;
use crate::limits;
use crate::malformed::Malformed;
use crate::raw;

const CHALLENGE: Source = Source(&limits::RELAY_CHALLENGE);
const PROOF: Source = Source(&limits::RELAY_PROOF);

/// Asks a relay to prove itself; at most 64 bytes encoded. SPEC \[M12\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayChallenge {
    /// The meeting.
    pub meeting: MeetingId,
    /// Random, for this question alone.
    pub challenge: [u8; 32],
}

impl RelayChallenge {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::RelayChallenge {
            version: VERSION,
            meeting: self.meeting.as_bytes().to_vec(),
            challenge: self.challenge.to_vec(),
        };
        raw.encode_to_vec()
    }

    /// Reads a challenge.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::RelayChallenge = CHALLENGE.decode(bytes)?;
        Ok(Self {
            meeting: MeetingId::new(CHALLENGE.array(&raw.meeting, "meeting")?),
            challenge: CHALLENGE.array(&raw.challenge, "challenge")?,
        })
    }
}

/// A relay's answer to a [`RelayChallenge`]; at most 128 bytes encoded. SPEC \[M12\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayProof {
    /// The relay's Ed25519 key.
    pub key: [u8; 32],
    /// Ed25519 over what [`relay_statement`] builds.
    pub signature: [u8; 64],
}

impl RelayProof {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::RelayProof {
            version: VERSION,
            key: self.key.to_vec(),
            signature: self.signature.to_vec(),
        };
        raw.encode_to_vec()
    }

    /// Reads a proof; its signature is not checked.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::RelayProof = PROOF.decode(bytes)?;
        Ok(Self {
            key: PROOF.array(&raw.key, "key")?,
            signature: PROOF.array(&raw.signature, "signature")?,
        })
    }
}

/// What a relay signs: `"incamera 1 relay"`, the challenge (32 bytes), the meeting (16 bytes) and the
/// SHA-256 of the DTLS or TLS certificate (DER) that the client sees (32 bytes). SPEC \[M12\].
#[must_use]
pub fn relay_statement(challenge: &RelayChallenge, certificate_sha256: &[u8; 32]) -> Vec<u8> {
    let label: &[u8] = b"incamera 1 relay";
    let RelayChallenge { meeting, challenge } = challenge;
    [label, challenge, meeting.as_bytes(), certificate_sha256].concat()
}
