#![doc = include_str!("../README.md")]

mod admission;
mod entropy;
mod envelope;
mod error;
mod file_store;
mod hpke;
mod identity;
mod keyring;
mod media;
mod meeting;
mod mls;
mod policy;
mod secret;
mod sframe;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod wycheproof;

// The tests' world in a box names the crate as its users do.
#[cfg(test)]
extern crate self as incamera;

pub use incamera_wire as wire;
pub use incamera_wire::{
    AnnouncedFraming, AnnouncedTrack, DenyReason, Destination, Door, Fingerprint, InviteId, Label,
    PadTo, Padding, Profile, RelayChallenge, RelayEntry, RelayProof, Right, Rights, Role,
    RoleRights, Track, TrackKind, TrackKinds,
};

pub use admission::{Invite, Proof};
pub use error::{Culprit, Error, Fault, Rule};
pub use file_store::{FileStore, StoreError};
pub use identity::{Contact, Identity, SafetyCode};
pub use media::{
    Codec, CodecError, FrameError, Framing, Layer, Opened, PayloadOrigin, Receiver, Released,
    RtpDrops, RtpError, RtpFragment, RtpFragmenter, RtpFrame, RtpHeader, RtpReassembler, Sealer,
};
pub use meeting::{
    Advice, Alarm, Applicant, Event, Expected, IdentityHook, Input, InviteOptions, KnockId,
    LiveInvite, Meeting, MemberId, Message, Now, Output, Participant, ProvedRelay, RestoreError,
    Resync, Rules, Settings, Source,
};
