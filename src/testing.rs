//! Seeded constructors for tests, examples and replays, and a modified client to attack with
//! (feature `testing`).
//!
//! A meeting made here takes all its randomness from 32 bytes: two runs with the same seeds and
//! inputs give the same outputs, byte for byte. Nothing here belongs in a product.

use crate::admission::Invite;
use crate::entropy::Entropy;
use crate::error::Error;
use crate::identity::Identity;
use crate::meeting::{Meeting, Now, Settings};

pub use crate::media::testing::{pair, seal_unasked};
pub use crate::meeting::testing::{Forgery, forge, key_package};

/// An identity whose key follows from `seed`.
///
/// # Errors
/// As [`Identity::generate`].
pub fn identity(seed: [u8; 32], name: &str) -> Result<Identity, Error> {
    Identity::generate_from(&Entropy::seeded(seed), name)
}

/// As [`Meeting::create`], from a seed.
///
/// # Errors
/// As [`Meeting::create`].
pub fn create(
    seed: [u8; 32],
    identity: &Identity,
    settings: Settings,
    now: Now,
) -> Result<Meeting, Error> {
    Meeting::create_from(Entropy::seeded(seed), identity, settings, now)
}

/// As [`Meeting::join`], from a seed.
///
/// # Errors
/// As [`Meeting::join`].
pub fn join(
    seed: [u8; 32],
    identity: &Identity,
    invite: &Invite,
    now: Now,
) -> Result<Meeting, Error> {
    Meeting::join_from(Entropy::seeded(seed), identity, invite, None, now)
}

/// As [`Meeting::join_with_passcode`], from a seed.
///
/// # Errors
/// As [`Meeting::join_with_passcode`].
pub fn join_with_passcode(
    seed: [u8; 32],
    identity: &Identity,
    invite: &Invite,
    passcode: &str,
    now: Now,
) -> Result<Meeting, Error> {
    Meeting::join_from(Entropy::seeded(seed), identity, invite, Some(passcode), now)
}

/// A digest of everything that a failed call must leave as it was: group, state, log position,
/// queues, timers, counters and replay windows.
#[must_use]
pub fn digest(meeting: &Meeting) -> [u8; 32] {
    meeting.digest()
}
