//! The wire format of incamera: typed, validated messages, and a server's view of them.
//!
//! Two kinds of programs use this crate. Clients get it through `incamera`, which seals and opens
//! what these messages carry. **Servers depend on it alone**: it has no cipher, no MLS and no
//! signature in its dependency tree, and so a server built upon it has no way to hold a key.
//!
//! Every message has `encode` and `decode`. `decode` first walks over the bytes, driven by a table
//! generated from `proto/incamera/v1/`, and refuses with [`Malformed`] whatever breaks a rule of the
//! format, before anything is allocated: wrong versions (SPEC \[W1\]), unknown or repeated fields
//! (SPEC \[W2\]), lengths and counts above their limits (SPEC \[W3\]), deep nesting (SPEC \[W4\]).
//! What it accepts is the one encoding of a value. `encode` cannot fail: a value outside of the
//! limits, which its type's documentation gives, encodes to bytes that every reader refuses.
//!
//! # A server's view
//!
//! A server orders what members post and hands it out again. It reads where a message goes, and of
//! an envelope the meeting and the epoch; the rest is ciphertext.
//!
//! ```
//! use incamera_wire::server::{EnvelopeHead, OrderedLog};
//! use incamera_wire::{Destination, MeetingId, ToClient, ToServer};
//!
//! /// Takes one message of a client of `meeting`, and returns what the client is answered.
//! fn serve(
//!     meeting: MeetingId,
//!     log: &mut OrderedLog,
//!     received: &[u8],
//! ) -> Result<Vec<ToClient>, Box<dyn std::error::Error>> {
//!     match ToServer::decode(received)? {
//!         ToServer::Post { id, to: Destination::Log, bytes } => {
//!             if EnvelopeHead::peek(&bytes)?.meeting != meeting {
//!                 return Err("posted to another meeting's log".into());
//!             }
//!             // A repeated post gets the first one's place, so clients may retry at will.
//!             let appended = log.append(id, &bytes)?;
//!             Ok(vec![ToClient::Accepted { id, seq: Some(appended.seq) }])
//!         }
//!         ToServer::Fetch { from } => {
//!             Ok(log.read(from).map(|(seq, e)| ToClient::Log { seq, bytes: e.to_vec() }).collect())
//!         }
//!         _ => Ok(Vec::new()), // lobby, mailboxes and blobs: forwarded as they are
//!     }
//! }
//! # use incamera_wire::{Envelope, EnvelopeKind, MessageId};
//! # let meeting = MeetingId::new([1; 16]);
//! # let kind = EnvelopeKind::Event;
//! # let ciphertext = vec![0; 40];
//! # let envelope = Envelope { meeting, kind, epoch: 7, nonce: [2; 24], ciphertext, welcome: None };
//! # let id = MessageId::new([3; 16]);
//! # let post = ToServer::Post { id, to: Destination::Log, bytes: envelope.encode() };
//! # let mut log = OrderedLog::new(1 << 20);
//! # let answers = serve(meeting, &mut log, &post.encode())?;
//! # assert_eq!(answers, [ToClient::Accepted { id, seq: Some(0) }]);
//! # let answers = serve(meeting, &mut log, &ToServer::Fetch { from: 0 }.encode())?;
//! # assert_eq!(answers, [ToClient::Log { seq: 0, bytes: envelope.encode() }]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod choice;
mod codec;
mod commit;
mod envelope;
mod event;
mod identity;
mod ids;
mod limits;
mod malformed;
mod padding;
mod raw;
mod relay;
mod rights;
mod secret;
pub mod server;
mod sframe_header;
mod signal;
mod state;
mod track;
mod transport;
mod walk;

pub use admission::{Challenge, DenyReason, Knock, KnockAnswer, KnockAnswerContent, KnockContent};
pub use choice::{Door, Label, Profile, Role};
pub use commit::CommitNote;
pub use envelope::{Envelope, EnvelopeKind, SealedBlob, WelcomeNote};
pub use event::{AnnouncedFraming, AnnouncedTrack, EventBody, EventKind, Heartbeat, SignedEvent};
pub use identity::{LeafCredential, SafetyCodeInput, SafetyMember};
pub use ids::{
    BlobHash, Fingerprint, InviteId, KeyPackageRef, MailboxId, MeetingId, MessageId, StayId,
    TransportId,
};
pub use malformed::{FormatRule, Malformed};
pub use padding::{PadTo, Padding};
pub use relay::{RelayChallenge, RelayProof, relay_statement};
pub use rights::{Right, Rights};
pub use secret::{BearerToken, SecretBytes, SecretText};
pub use sframe_header::{FrameHeader, HeaderError, MAX_HEADER_LEN};
pub use signal::{
    MediaKind, MediaNotice, MediaRequest, Refusal, RefusalReason, RelayTrack, WantedTrack,
};
pub use state::{GroupState, InviteEntry, MemberEntry, RelayEntry, ResyncKey, RoleRights};
pub use track::{Track, TrackKind, TrackKinds};
pub use transport::{Destination, ToClient, ToServer};
