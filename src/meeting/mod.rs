//! The sans-IO state machine of one client in one meeting: inputs through `handle*`, outputs
//! through `poll*`, time as an argument.
//!
//! [`Meeting`] is the public face over [`machine::Core`], which is generic over the MLS engine. A
//! [`member::Member`] follows the group; a [`knocking::Knocking`] is not in it yet. Whoever has a
//! Welcome but no confirmation is both.

mod client;
mod commits;
mod doors;
mod epochs;
mod events;
mod face;
mod intents;
mod knocking;
mod machine;
mod member;
mod order;
mod outbox;
mod roster;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod verdict;

pub use client::Meeting;
pub use face::{Alarm, Event, Input, KnockId, MemberId, Message, Now, Output, Participant, Source};
pub use settings::Settings;
