//! The kinds of vectors: how each is made and replayed.

mod certificates;
mod codecs;
mod doors;
mod envelopes;
mod frames;
mod headers;
mod keys;
mod log;
mod media;
mod messages;
mod passcode;
mod relays;
mod rtp;
mod snapshots;
mod verdicts;

use crate::case::Kind;
use crate::meeting;

pub(crate) use keys::{shown, track};

/// All kinds, in the order of SPEC.md.
pub(crate) const KINDS: &[Kind] = &[
    messages::KIND,
    headers::KIND,
    keys::KIND,
    envelopes::KIND,
    certificates::KIND,
    log::KIND,
    verdicts::KIND,
    snapshots::KIND,
    doors::KIND,
    passcode::KIND,
    frames::KIND,
    codecs::KIND,
    rtp::KIND,
    relays::KIND,
    meeting::KIND,
    meeting::REFUSALS,
];
