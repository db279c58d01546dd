//! The wire format of incamera.

mod admission;
mod choice;
mod codec;
mod commit;
mod envelope;
mod event;
mod identity;
mod ids;
mod malformed;
mod raw;
mod secret;
pub mod server;
mod state;
mod track;
mod transport;

pub use admission::{DenyReason, Knock, KnockAnswer, KnockAnswerContent, KnockContent};
pub use choice::{Door, Profile, Role};
pub use commit::CommitNote;
pub use envelope::{Envelope, EnvelopeKind, SealedBlob, WelcomeNote};
pub use event::{EventBody, EventKind, SignedEvent};
pub use identity::{LeafCredential, SafetyCodeInput, SafetyMember};
pub use ids::{
    BlobHash, Fingerprint, InviteId, KeyPackageRef, MailboxId, MeetingId, MessageId, StayId,
};
pub use malformed::{Malformed, Rule};
pub use secret::SecretBytes;
pub use state::{GroupState, InviteEntry, RoleEntry};
pub use track::{Track, TrackKind, TrackKinds};
pub use transport::{Destination, ToClient, ToServer};
