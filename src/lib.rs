#![doc = include_str!("../README.md")]

mod admission;
mod entropy;
mod envelope;
mod error;
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

// The tests' world in a box names the crate as its users do.
#[cfg(test)]
extern crate self as incamera;

pub use incamera_wire as wire;
pub use incamera_wire::{
    DenyReason, Destination, Door, Fingerprint, Label, Profile, Right, Rights, Role, Track,
    TrackKind, TrackKinds,
};

pub use admission::{Invite, Proof};
pub use error::{Culprit, Error, Fault, Rule};
pub use identity::{Identity, SafetyCode};
pub use media::{FrameError, Framing, Opened, Receiver, Released, Sealer};
pub use meeting::{
    Alarm, Event, Input, KnockId, Meeting, MemberId, Message, Now, Output, Participant, Settings,
    Source,
};
