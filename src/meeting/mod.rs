//! The sans-IO state machine of one client in one meeting: inputs through `handle*`, outputs
//! through `poll*`, time as an argument.
//!
//! [`Meeting`] is the public face over [`machine::Core`], which is generic over the MLS engine. A
//! [`member::Member`] follows the group; a [`knocking::Knocking`] is not in it yet. Whoever has a
//! Welcome but no confirmation is both.

mod advice;
mod back;
mod begin;
mod build;
mod client;
mod clocks;
mod commits;
mod doors;
mod entering;
mod epochs;
mod events;
#[cfg(any(test, feature = "testing"))]
mod exposed;
mod face;
mod heartbeat;
mod hook;
mod host;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod inside;
mod intents;
mod key_frames;
mod knocking;
mod know;
mod links;
mod liveness;
mod machine;
mod member;
#[cfg(test)]
mod mistakes;
mod news;
mod order;
mod orders;
mod outbox;
mod people;
mod powers;
mod prefix;
mod proving;
mod recovery;
mod relays;
mod restore;
mod resync;
mod room;
mod roster;
mod settings;
mod shared;
mod snapshot;
mod succession;
mod talk;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod upkeep;
mod verdict;
mod voices;

pub use advice::Advice;
pub use client::Meeting;
pub use face::{
    Alarm, Event, Input, KnockId, MemberId, Message, Now, Output, Participant, Resync, Source,
};
pub use hook::{Applicant, IdentityHook};
pub use know::Rules;
pub use links::{InviteOptions, LiveInvite};
pub use relays::ProvedRelay;
pub use restore::{Expected, RestoreError};
pub use settings::Settings;
