//! The server: a log in one order, a lobby, mailboxes, blobs, each 100 ms away from everybody.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use incamera::wire::{BlobHash, MailboxId, MessageId};
use incamera::{Destination, Input, Message};

/// How long a message takes from a client to the server, and back, in milliseconds.
pub(crate) const LATENCY_MS: u64 = 100;

/// What is on its way to clients. Bytes are shared: a thousand read the same entry.
#[derive(Clone)]
pub(crate) enum Parcel {
    Connected { next: u64 },
    Log { seq: u64, bytes: Arc<[u8]> },
    Lobby(Arc<[u8]>),
    Direct(Arc<[u8]>),
    Blob(Arc<[u8]>),
}

impl Parcel {
    pub(crate) fn into_input(self) -> Input {
        match self {
            Self::Connected { next } => Input::Connected { next },
            Self::Log { seq, bytes } => Input::Log { seq, bytes: bytes.to_vec() },
            Self::Lobby(bytes) => Input::Lobby(bytes.to_vec()),
            Self::Direct(bytes) => Input::Direct(bytes.to_vec()),
            Self::Blob(bytes) => Input::Blob(bytes.to_vec()),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::Connected { .. } => 8,
            Self::Log { bytes, .. }
            | Self::Lobby(bytes)
            | Self::Direct(bytes)
            | Self::Blob(bytes) => bytes.len() as u64,
        }
    }
}

/// To whom a parcel goes.
pub(crate) enum To {
    Everyone,
    One(usize),
    Mailbox(MailboxId),
}

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) log: Vec<Arc<[u8]>>,
    pub(crate) log_bytes: u64,
    /// How many bytes all clients have received.
    pub(crate) delivered: u64,
    blobs: HashMap<BlobHash, Arc<[u8]>>,
    seen: HashSet<MessageId>,
    /// When each arrives, oldest first.
    under_way: VecDeque<(u64, To, Parcel)>,
}

impl Server {
    /// Takes a message that a client sent at `now_ms`.
    pub(crate) fn post(&mut self, Message { id, to, bytes }: Message, now_ms: u64) {
        let bytes: Arc<[u8]> = bytes.into();
        match to {
            Destination::Log => {
                if self.seen.insert(id) {
                    let seq = self.log.len() as u64;
                    self.log_bytes += bytes.len() as u64;
                    self.log.push(Arc::clone(&bytes));
                    self.send(To::Everyone, Parcel::Log { seq, bytes }, now_ms);
                }
            }
            Destination::Lobby => self.send(To::Everyone, Parcel::Lobby(bytes), now_ms),
            Destination::Direct(mailbox) => {
                self.send(To::Mailbox(mailbox), Parcel::Direct(bytes), now_ms);
            }
            Destination::Blob(hash) => drop(self.blobs.insert(hash, bytes)),
        }
    }

    pub(crate) fn connect(&mut self, who: usize, now_ms: u64) {
        let next = self.log.len() as u64;
        self.send(To::One(who), Parcel::Connected { next }, now_ms);
    }

    pub(crate) fn fetch(&mut self, who: usize, from: u64, now_ms: u64) {
        let entries: Vec<_> = self.log.iter().enumerate().skip(from as usize).collect();
        let parcels: Vec<_> = entries
            .into_iter()
            .map(|(seq, bytes)| Parcel::Log { seq: seq as u64, bytes: Arc::clone(bytes) })
            .collect();
        parcels.into_iter().for_each(|parcel| self.send(To::One(who), parcel, now_ms));
    }

    pub(crate) fn fetch_blob(&mut self, who: usize, hash: &BlobHash, now_ms: u64) {
        if let Some(blob) = self.blobs.get(hash) {
            let parcel = Parcel::Blob(Arc::clone(blob));
            self.send(To::One(who), parcel, now_ms);
        }
    }

    fn send(&mut self, to: To, parcel: Parcel, now_ms: u64) {
        self.under_way.push_back((now_ms + 2 * LATENCY_MS, to, parcel));
    }

    /// What arrives by `now_ms`.
    pub(crate) fn arrived(&mut self, now_ms: u64) -> Vec<(To, Parcel)> {
        let mut arrived = Vec::new();
        while self.under_way.front().is_some_and(|(at, ..)| *at <= now_ms) {
            if let Some((_, to, parcel)) = self.under_way.pop_front() {
                arrived.push((to, parcel));
            }
        }
        arrived
    }

    /// Counts what was handed to a client.
    pub(crate) fn count(&mut self, parcel: &Parcel, times: u64) {
        self.delivered += parcel.len() * times;
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.under_way.is_empty()
    }
}
