//! Between a client and a relay.

use prost::Message;

use crate::codec::{Source, VERSION};
use crate::ids::{BlobHash, MailboxId, MeetingId, MessageId, TransportId};
use crate::limits;
use crate::malformed::Malformed;
use crate::raw::{self, destination::To, to_client, to_server};
use crate::secret::BearerToken;
use crate::signal::{MediaNotice, MediaRequest, Refusal};

/// From a client to a relay; at most 17 MiB encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToServer {
    /// Opens a connection.
    Hello {
        /// The meeting this connection is about.
        meeting: MeetingId,
        /// Where direct messages are awaited, if anywhere.
        mailbox: Option<MailboxId>,
    },
    /// Bytes for others.
    Post {
        /// A second post under one id has no effect: SPEC \[S2\].
        id: MessageId,
        /// Where they go.
        to: Destination,
        /// 1 byte to 16 MiB.
        bytes: Vec<u8>,
    },
    /// Asks for the log again.
    Fetch {
        /// The first sequence number wanted.
        from: u64,
    },
    /// Asks for a blob.
    FetchBlob {
        /// Its address.
        hash: BlobHash,
    },
    /// Before [`Self::Hello`], to a relay that asks for it.
    Authorize {
        /// A JSON Web Token (RFC 7519) of the relay's operator: 1 to 2,048 bytes.
        token: BearerToken,
    },
    /// Asks the relay to prove that it stands behind a certificate: SPEC \[M12\].
    Prove {
        /// An encoded [`RelayChallenge`](crate::RelayChallenge).
        challenge: Vec<u8>,
        /// The SHA-256 of the DTLS or TLS certificate (DER) that the client sees.
        certificate_sha256: [u8; 32],
    },
    /// About media.
    Media(MediaRequest),
    /// Ends somebody's transport, if this client's token says that it may.
    EndTransport {
        /// Whose.
        transport: TransportId,
    },
}

/// Where a post goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The meeting's log: SPEC \[S1\].
    Log,
    /// Everyone who is in the meeting.
    Lobby,
    /// One mailbox.
    Direct(MailboxId),
    /// The store of blobs, under the SHA-256 of the bytes: SPEC \[W9\].
    Blob(BlobHash),
}

const TO_SERVER: Source = Source(&limits::TO_SERVER);
const TO_CLIENT: Source = Source(&limits::TO_CLIENT);

impl ToServer {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let body = match self {
            Self::Hello { meeting, mailbox } => to_server::Body::Hello(raw::Hello {
                meeting: meeting.as_bytes().to_vec(),
                mailbox: mailbox.map(|id| id.as_bytes().to_vec()),
            }),
            Self::Post { id, to, bytes } => to_server::Body::Post(raw::Post {
                id: id.as_bytes().to_vec(),
                to: Some(to.to_raw()),
                bytes: bytes.clone(),
            }),
            Self::Fetch { from } => to_server::Body::Fetch(raw::Fetch { from: *from }),
            Self::FetchBlob { hash } => {
                to_server::Body::FetchBlob(raw::FetchBlob { hash: hash.as_bytes().to_vec() })
            }
            Self::Authorize { token } => {
                to_server::Body::Authorize(raw::Authorize { token: token.expose().to_owned() })
            }
            Self::Prove { challenge, certificate_sha256 } => to_server::Body::Prove(raw::Prove {
                challenge: challenge.clone(),
                certificate_sha256: certificate_sha256.to_vec(),
            }),
            Self::Media(request) => to_server::Body::Media(request.to_raw()),
            Self::EndTransport { transport } => to_server::Body::EndTransport(raw::EndTransport {
                transport: transport.as_bytes().to_vec(),
            }),
        };
        raw::ToServer { version: VERSION, body: Some(body) }.encode_to_vec()
    }

    /// Reads a message to a relay.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::ToServer = TO_SERVER.decode(bytes)?;
        Ok(match TO_SERVER.present(raw.body, "body")? {
            to_server::Body::Hello(hello) => {
                let source = Source(&limits::HELLO);
                let mailbox = |id: Vec<u8>| source.array(&id, "mailbox").map(MailboxId::new);
                Self::Hello {
                    meeting: MeetingId::new(source.array(&hello.meeting, "meeting")?),
                    mailbox: hello.mailbox.map(mailbox).transpose()?,
                }
            }
            to_server::Body::Post(post) => {
                let source = Source(&limits::POST);
                let id = MessageId::new(source.array(&post.id, "id")?);
                let to = Destination::from_raw(source.present(post.to, "to")?)?;
                Self::Post { id, to, bytes: post.bytes }
            }
            to_server::Body::Fetch(fetch) => Self::Fetch { from: fetch.from },
            to_server::Body::FetchBlob(fetch) => {
                let hash = BlobHash::new(Source(&limits::FETCH_BLOB).array(&fetch.hash, "hash")?);
                Self::FetchBlob { hash }
            }
            to_server::Body::Authorize(authorize) => {
                Self::Authorize { token: BearerToken::new(authorize.token) }
            }
            to_server::Body::Prove(prove) => {
                let sha256 = &prove.certificate_sha256;
                let certificate_sha256 =
                    Source(&limits::PROVE).array(sha256, "certificate_sha256")?;
                Self::Prove { challenge: prove.challenge, certificate_sha256 }
            }
            to_server::Body::Media(request) => Self::Media(MediaRequest::from_raw(request)?),
            to_server::Body::EndTransport(end) => {
                let id = Source(&limits::END_TRANSPORT).array(&end.transport, "transport")?;
                Self::EndTransport { transport: TransportId::new(id) }
            }
        })
    }
}

impl Destination {
    fn to_raw(self) -> raw::Destination {
        let to = match self {
            Self::Log => To::Log(raw::ToLog {}),
            Self::Lobby => To::Lobby(raw::ToLobby {}),
            Self::Direct(mailbox) => To::Direct(mailbox.as_bytes().to_vec()),
            Self::Blob(hash) => To::Blob(hash.as_bytes().to_vec()),
        };
        raw::Destination { to: Some(to) }
    }

    fn from_raw(raw: raw::Destination) -> Result<Self, Malformed> {
        let source = Source(&limits::DESTINATION);
        Ok(match source.present(raw.to, "to")? {
            To::Log(raw::ToLog {}) => Self::Log,
            To::Lobby(raw::ToLobby {}) => Self::Lobby,
            To::Direct(id) => Self::Direct(MailboxId::new(source.array(&id, "direct")?)),
            To::Blob(hash) => Self::Blob(BlobHash::new(source.array(&hash, "blob")?)),
        })
    }
}

/// From a relay to a client; at most 17 MiB encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToClient {
    /// The answer to [`ToServer::Hello`].
    Connected {
        /// The sequence number that the log will give next.
        next: u64,
    },
    /// One entry of the log: SPEC \[S1\].
    Log {
        /// Counted from 0 without gaps.
        seq: u64,
        /// An encoded [`Envelope`](crate::Envelope), 1 byte to 1 MiB.
        bytes: Vec<u8>,
    },
    /// One message of the lobby.
    Lobby {
        /// An encoded [`Knock`](crate::Knock), 1 byte to 64 KiB.
        bytes: Vec<u8>,
    },
    /// A message to this client's mailbox.
    Direct {
        /// 1 byte to 64 KiB.
        bytes: Vec<u8>,
    },
    /// A blob that was asked for; the receiver hashes it: SPEC \[W9\].
    Blob {
        /// An encoded [`SealedBlob`](crate::SealedBlob), 1 byte to 16 MiB.
        bytes: Vec<u8>,
    },
    /// A post was taken, for the first time or again.
    Accepted {
        /// The post's id.
        id: MessageId,
        /// The entry's sequence number, if the post went to the log.
        seq: Option<u64>,
    },
    /// Behind [`Self::Connected`]: how the relay names this connection's transport.
    Transport {
        /// Random, for this connection alone.
        id: TransportId,
    },
    /// The answer to [`ToServer::Prove`].
    Proof {
        /// An encoded [`RelayProof`](crate::RelayProof).
        proof: Vec<u8>,
        /// The operator's word for where the relay stands: at most 64 bytes.
        region: String,
    },
    /// About media.
    Media(MediaNotice),
    /// Something was not done.
    Refused(Refusal),
}

impl ToClient {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        use to_client::Body;
        let body = match self {
            Self::Connected { next } => Body::Connected(raw::Connected { next: *next }),
            Self::Log { seq, bytes } => {
                Body::Log(raw::LogEntry { seq: *seq, bytes: bytes.clone() })
            }
            Self::Lobby { bytes } => Body::Lobby(raw::LobbyEntry { bytes: bytes.clone() }),
            Self::Direct { bytes } => Body::Direct(raw::DirectMessage { bytes: bytes.clone() }),
            Self::Blob { bytes } => Body::Blob(raw::BlobBytes { bytes: bytes.clone() }),
            Self::Accepted { id, seq } => {
                Body::Accepted(raw::Accepted { id: id.as_bytes().to_vec(), seq: *seq })
            }
            Self::Transport { id } => {
                Body::Transport(raw::Transport { id: id.as_bytes().to_vec() })
            }
            Self::Proof { proof, region } => {
                Body::Proof(raw::Proof { proof: proof.clone(), region: region.clone() })
            }
            Self::Media(notice) => Body::Media(notice.to_raw()),
            Self::Refused(refusal) => Body::Refusal(refusal.to_raw()),
        };
        raw::ToClient { version: VERSION, body: Some(body) }.encode_to_vec()
    }

    /// Reads a message to a client.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        use to_client::Body;
        let raw: raw::ToClient = TO_CLIENT.decode(bytes)?;
        Ok(match TO_CLIENT.present(raw.body, "body")? {
            Body::Connected(connected) => Self::Connected { next: connected.next },
            Body::Log(entry) => Self::Log { seq: entry.seq, bytes: entry.bytes },
            Body::Lobby(entry) => Self::Lobby { bytes: entry.bytes },
            Body::Direct(message) => Self::Direct { bytes: message.bytes },
            Body::Blob(blob) => Self::Blob { bytes: blob.bytes },
            Body::Accepted(accepted) => Self::Accepted {
                id: MessageId::new(Source(&limits::ACCEPTED).array(&accepted.id, "id")?),
                seq: accepted.seq,
            },
            Body::Transport(transport) => Self::Transport {
                id: TransportId::new(Source(&limits::TRANSPORT).array(&transport.id, "id")?),
            },
            Body::Proof(proof) => Self::Proof { proof: proof.proof, region: proof.region },
            Body::Media(notice) => Self::Media(MediaNotice::from_raw(notice)?),
            Body::Refusal(refusal) => Self::Refused(Refusal::from_raw(refusal)?),
        })
    }
}
