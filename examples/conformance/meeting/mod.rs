//! Whole meetings, and what a member refuses in them.

mod calls;
mod flip;
mod hostile;
mod live;
mod party;
mod play;
mod refusals;
mod refuse;
mod shown;
mod stories;

use crate::case::Kind;
use crate::flips::Flips;

/// Transcripts of all that some clients were given, and of all that they gave.
pub(crate) const KIND: Kind = Kind {
    name: "meetings",
    about: "whole meetings: each input of each client, and what comes out of it",
    make: stories::make,
    run: play::run,
    flips: Flips::Own(flip::play),
};

/// What one member is given at the end of a scene.
pub(crate) const REFUSALS: Kind = Kind {
    name: "refusals",
    about: "what a member refuses, each at the end of a scene that brought it there, and beside it what it takes",
    make: refusals::make,
    run: refuse::run,
    flips: Flips::Own(flip::refusal),
};
