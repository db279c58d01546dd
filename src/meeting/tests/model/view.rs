//! Everything at one moment of a run: where each client is, what the server has, what is under way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use incamera_wire::{BlobHash, Destination, MessageId};
use sha2::{Digest as _, Sha256};

use super::cast::Checked;
use super::choices::Faults;
use super::parcel::Parcel;
use super::table::{NodeId, Table};

/// Which rule was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) rule: Rule,
    pub(super) text: String,
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Members at one epoch have one authenticator.
    Agreement,
    /// What one client alone can break: merges, frames.
    Client,
    /// Whoever was removed opens nothing that was sealed since.
    Removed,
    /// In the end all agree.
    Ending,
}

impl Rule {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Agreement => "members agree",
            Self::Client => "clients keep the rules",
            Self::Removed => "the removed open nothing",
            Self::Ending => "all is well in the end",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.text)
    }
}

/// A message to the server.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub(super) id: MessageId,
    pub(super) to: Destination,
    pub(super) parcel: Parcel,
}

/// Sequence numbers below 128, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flight(u128);

impl Flight {
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(super) fn clear(&mut self) {
        self.0 = 0;
    }

    pub(super) fn insert(&mut self, seq: usize) {
        assert!(seq < 128, "a log that is too long for this model");
        self.0 |= 1 << seq;
    }

    /// The lowest, or the one after it, which stay.
    pub(super) fn get(self, place: usize) -> Option<usize> {
        let rest = if place == 0 { self.0 } else { self.0 & self.0.saturating_sub(1) };
        (rest != 0).then(|| rest.trailing_zeros() as usize)
    }

    pub(super) fn remove(&mut self, seq: usize) {
        self.0 &= !(1 << seq);
    }
}

/// Everything at one moment.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) at_ms: u64,
    pub(super) clients: Vec<NodeId>,
    pub(super) log: Arc<Vec<Parcel>>,
    /// The entries on their way to each client.
    pub(super) flight: Vec<Flight>,
    pub(super) uplink: Arc<Vec<VecDeque<Posted>>>,
    pub(super) seen: Arc<BTreeSet<MessageId>>,
    pub(super) blobs: Arc<BTreeMap<BlobHash, Parcel>>,
    /// The calls that were made, a bit for each.
    pub(super) called: u32,
    pub(super) left: Faults,
    pub(super) flaw: Option<Flaw>,
}

impl View {
    /// Whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.flight.iter().all(|flight| flight.is_empty())
            && self.uplink.iter().all(VecDeque::is_empty)
    }

    pub(super) fn uplink_is_empty(&self, who: usize) -> bool {
        self.uplink[who].is_empty()
    }

    pub(super) fn key<E: Checked>(&self, table: &Table<E>) -> [u8; 32]
    where
        E::Joiner: 'static,
    {
        let mut bytes = Vec::with_capacity(1_024);
        let Self { at_ms, clients, log, flight, uplink, seen: _, blobs, called, left, flaw } = self;
        clients.iter().for_each(|client| bytes.extend(table.node(*client).key));
        log.iter().for_each(|entry| bytes.extend(entry.id.to_be_bytes()));
        bytes.extend([0; 8]);
        flight.iter().for_each(|flight| bytes.extend(flight.0.to_be_bytes()));
        for uplink in uplink.iter() {
            uplink.iter().for_each(|posted| bytes.extend(posted.parcel.id.to_be_bytes()));
            bytes.extend([0xff; 8]);
        }
        bytes.extend(at_ms.to_be_bytes());
        bytes.extend(called.to_be_bytes());
        let Faults { lost, twice, early, crashes, restores, old, seconds } = *left;
        bytes.extend([lost, twice, early, crashes, restores, old, seconds, blobs.len() as u8]);
        bytes.push(u8::from(flaw.is_some()));
        Sha256::digest(&bytes).into()
    }
}
