//! Who a member is, and what members compare to know that they are in one meeting.

use prost::Message;

use crate::choice::Label;
use crate::codec::{Source, VERSION};
use crate::ids::{MeetingId, StayId};
use crate::limits;
use crate::malformed::Malformed;
use crate::raw;

/// The content of an MLS leaf's credential; at most 2,560 bytes encoded. SPEC \[I2\] \[I3\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafCredential {
    /// The long-term Ed25519 identity key.
    pub identity_key: [u8; 32],
    /// Random, fresh for each stay.
    pub stay: StayId,
    /// X25519 public key for messages to this member alone.
    pub direct_key: [u8; 32],
    /// The display name: 1 to 64 bytes of UTF-8. Whoever shows it also refuses control characters.
    pub name: String,
    /// Ed25519 by the identity key over (meeting, leaf signature key, stay, direct key, label,
    /// attestation).
    pub signature: [u8; 64],
    /// What the member says that it is, if it is no person.
    pub label: Option<Label>,
    /// For the application, such as a token of its identity provider: at most 2,048 bytes.
    pub attestation: Vec<u8>,
}

const LEAF: Source = Source(&limits::LEAF_CREDENTIAL);
const SAFETY: Source = Source(&limits::SAFETY_CODE_INPUT);
const MEMBER: Source = Source(&limits::SAFETY_MEMBER);

impl LeafCredential {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::LeafCredential {
            version: VERSION,
            identity_key: self.identity_key.to_vec(),
            stay: self.stay.as_bytes().to_vec(),
            direct_key: self.direct_key.to_vec(),
            name: self.name.clone(),
            signature: self.signature.to_vec(),
            label: self.label.map(Into::into),
            attestation: self.attestation.clone(),
        };
        raw.encode_to_vec()
    }

    /// Reads a credential; its signature is not checked.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::LeafCredential = LEAF.decode(bytes)?;
        let label = |number| LEAF.choice(number, Label::from_number, "label");
        Ok(Self {
            identity_key: LEAF.array(&raw.identity_key, "identity_key")?,
            stay: StayId::new(LEAF.array(&raw.stay, "stay")?),
            direct_key: LEAF.array(&raw.direct_key, "direct_key")?,
            name: raw.name,
            signature: LEAF.array(&raw.signature, "signature")?,
            label: raw.label.map(label).transpose()?,
            attestation: raw.attestation,
        })
    }
}

/// What a safety code is computed from; at most 256 KiB encoded. SPEC \[I4\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyCodeInput {
    /// The meeting.
    pub meeting: MeetingId,
    /// The MLS epoch.
    pub epoch: u64,
    /// The MLS epoch authenticator.
    pub authenticator: [u8; 32],
    /// The roster, sorted strictly by (identity key, stay): 1 to 4,096 members.
    pub members: Vec<SafetyMember>,
}

/// One member of the roster that a safety code covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafetyMember {
    /// The long-term Ed25519 identity key.
    pub identity_key: [u8; 32],
    /// The stay.
    pub stay: StayId,
}

impl SafetyCodeInput {
    /// The encoding. Whoever builds the value sorts `members`.
    pub fn encode(&self) -> Vec<u8> {
        let member = |member: &SafetyMember| raw::SafetyMember {
            identity_key: member.identity_key.to_vec(),
            stay: member.stay.as_bytes().to_vec(),
        };
        let raw = raw::SafetyCodeInput {
            version: VERSION,
            meeting: self.meeting.as_bytes().to_vec(),
            epoch: self.epoch,
            authenticator: self.authenticator.to_vec(),
            members: self.members.iter().map(member).collect(),
        };
        raw.encode_to_vec()
    }

    /// Reads a safety code's input.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\]; if the roster is not
    /// sorted strictly: SPEC \[I4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::SafetyCodeInput = SAFETY.decode(bytes)?;
        let member = |member: &raw::SafetyMember| {
            Ok(SafetyMember {
                identity_key: MEMBER.array(&member.identity_key, "identity_key")?,
                stay: StayId::new(MEMBER.array(&member.stay, "stay")?),
            })
        };
        let members = raw.members.iter().map(member).collect::<Result<Vec<_>, _>>()?;
        SAFETY.sorted(&members, "members")?; // SPEC [I4]
        Ok(Self {
            meeting: MeetingId::new(SAFETY.array(&raw.meeting, "meeting")?),
            epoch: raw.epoch,
            authenticator: SAFETY.array(&raw.authenticator, "authenticator")?,
            members,
        })
    }
}
