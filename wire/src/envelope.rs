//! Log entries and the blobs that go with them.

use prost::Message;

use crate::choice::choice;
use crate::codec::{Source, VERSION};
use crate::ids::{BlobHash, MeetingId};
use crate::limits;
use crate::malformed::Malformed;
use crate::raw;

choice! {
    /// What an envelope's ciphertext holds.
    EnvelopeKind {
        /// An MLS PublicMessage.
        Handshake = 1,
        /// A [`SignedEvent`](crate::SignedEvent).
        Event = 2,
        /// A [`SignedEvent`](crate::SignedEvent) with a removal order, under a heartbeat key.
        Order = 3,
        /// A [`SignedEvent`](crate::SignedEvent) with a heartbeat, under a heartbeat key.
        Heartbeat = 4,
    }
}

/// One entry of a meeting's log; at most 1 MiB encoded, the Welcome included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The meeting it belongs to: SPEC \[W8\].
    pub meeting: MeetingId,
    /// What the ciphertext holds.
    pub kind: EnvelopeKind,
    /// The MLS epoch whose exporter secret sealed it (SPEC \[K6\]); of an order or a
    /// heartbeat, its author's epoch.
    pub epoch: u64,
    /// XChaCha20-Poly1305 nonce, fresh and random: SPEC \[K8\].
    pub nonce: [u8; 24],
    /// Ciphertext and tag, 16 bytes or more.
    pub ciphertext: Vec<u8>,
    /// Present if the commit in this entry adds members.
    pub welcome: Option<WelcomeNote>,
}

/// What those whom a commit adds need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WelcomeNote {
    /// The MLS Welcome, serialized as an MLSMessage; 1 byte to 1 MiB.
    pub welcome: Vec<u8>,
    /// The address of the [`SealedBlob`] that holds the ratchet tree.
    pub tree: BlobHash,
}

const ENVELOPE: Source = Source(&limits::ENVELOPE);
const WELCOME_NOTE: Source = Source(&limits::WELCOME_NOTE);
const SEALED_BLOB: Source = Source(&limits::SEALED_BLOB);

impl Envelope {
    /// The encoding. A value outside of the schema's limits encodes to bytes that
    /// [`decode`](Self::decode) refuses.
    pub fn encode(&self) -> Vec<u8> {
        let note = |note: &WelcomeNote| raw::WelcomeNote {
            welcome: note.welcome.clone(),
            tree: note.tree.as_bytes().to_vec(),
        };
        let raw = raw::Envelope {
            version: VERSION,
            meeting: self.meeting.as_bytes().to_vec(),
            kind: self.kind.into(),
            epoch: self.epoch,
            nonce: self.nonce.to_vec(),
            ciphertext: self.ciphertext.clone(),
            welcome: self.welcome.as_ref().map(note),
        };
        raw.encode_to_vec()
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::Envelope = ENVELOPE.decode(bytes)?;
        let note = |note: raw::WelcomeNote| {
            let tree = BlobHash::new(WELCOME_NOTE.array(&note.tree, "tree")?);
            Ok(WelcomeNote { welcome: note.welcome, tree })
        };
        Ok(Self {
            meeting: MeetingId::new(ENVELOPE.array(&raw.meeting, "meeting")?),
            kind: ENVELOPE.choice(raw.kind, EnvelopeKind::from_number, "kind")?,
            epoch: raw.epoch,
            nonce: ENVELOPE.array(&raw.nonce, "nonce")?,
            ciphertext: raw.ciphertext,
            welcome: raw.welcome.map(note).transpose()?,
        })
    }

    /// What the ciphertext is bound to, every clear field but the nonce: SPEC \[W6\].
    ///
    /// `"incamera 1 envelope"`, the kind (1 byte), the meeting (16), the epoch (8, big endian), the
    /// Welcome's length (4, big endian, 0 without one), the Welcome, and the tree's address (32
    /// bytes, or nothing without a Welcome).
    pub fn associated_data(&self) -> Vec<u8> {
        let welcome = self.welcome.as_ref().map_or(&[][..], |note| &note.welcome);
        let mut data = Vec::with_capacity(80 + welcome.len());
        data.extend_from_slice(b"incamera 1 envelope");
        data.push(self.kind.number());
        data.extend_from_slice(self.meeting.as_bytes());
        data.extend_from_slice(&self.epoch.to_be_bytes());
        let length = u32::try_from(welcome.len()).unwrap_or(u32::MAX);
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(welcome);
        if let Some(note) = &self.welcome {
            data.extend_from_slice(note.tree.as_bytes());
        }
        data
    }
}

/// A sealed ratchet tree, addressed by the SHA-256 of its encoding; at most 16 MiB encoded.
/// SPEC \[W9\] \[A9\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBlob {
    /// XChaCha20-Poly1305 nonce.
    pub nonce: [u8; 24],
    /// Ciphertext and tag, 16 bytes or more.
    pub ciphertext: Vec<u8>,
}

impl SealedBlob {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::SealedBlob {
            version: VERSION,
            nonce: self.nonce.to_vec(),
            ciphertext: self.ciphertext.clone(),
        };
        raw.encode_to_vec()
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::SealedBlob = SEALED_BLOB.decode(bytes)?;
        let nonce = SEALED_BLOB.array(&raw.nonce, "nonce")?;
        Ok(Self { nonce, ciphertext: raw.ciphertext })
    }
}
