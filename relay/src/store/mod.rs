//! Where a meeting's log and blobs are, and how what is new reaches every connection.

mod disk;
mod memory;
mod nats;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use incamera_wire::{BlobHash, MailboxId, MeetingId, MessageId};
use thiserror::Error;
use tokio::sync::broadcast;

use disk::DiskStore;
use memory::MemoryStore;
pub(crate) use nats::NatsSettings;
use nats::NatsStore;

/// Something new in a meeting, for its connections at this relay.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// An entry of the log. They come in order and without gaps.
    Log { seq: u64, bytes: Bytes },
    /// For all.
    Lobby(Bytes),
    /// For one mailbox.
    Direct { mailbox: MailboxId, bytes: Bytes },
    /// The meeting's log is gone.
    Gone,
}

/// Bytes that many connections share.
pub(crate) type Bytes = axum::body::Bytes;

/// Why the store did not do what it was asked; nothing has changed, or, for an append, it may be
/// repeated under the same id.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum StoreError {
    /// The meeting's share is used up.
    #[error("the meeting's log has {free_bytes} bytes left")]
    LogFull { free_bytes: u64 },
    /// There is no room for another meeting.
    #[error("the relay keeps {limit} meetings already")]
    TooManyMeetings { limit: usize },
    /// Disk or server.
    #[error("the store cannot be used now: {0}")]
    Unavailable(String),
}

/// The places that a log can be in.
#[derive(Debug)]
pub(crate) enum Store {
    /// In this process's memory.
    Memory(MemoryStore),
    /// In a file.
    Disk(DiskStore),
    /// On NATS JetStream, shared with other relays.
    Nats(NatsStore),
}

/// The lock, also after a thread that held it has died.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a store may keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreLimits {
    /// Meetings.
    pub(crate) meetings: usize,
    /// Bytes of one meeting's log.
    pub(crate) log_bytes: u64,
    /// Bytes of one meeting's blobs: the oldest go first.
    pub(crate) blob_bytes: u64,
    /// How long a meeting is kept behind its last post, in seconds.
    pub(crate) idle_seconds: u64,
}

/// Where each call goes.
macro_rules! each {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Self::Memory($store) => $call,
            Self::Disk($store) => $call,
            Self::Nats($store) => $call,
        }
    };
}

impl Store {
    /// A store in memory, with so much for all meetings together. `now`: seconds since 1970.
    pub(crate) fn memory(limits: StoreLimits, total_bytes: u64, now: u64) -> Self {
        Self::Memory(MemoryStore::new(limits, total_bytes, now))
    }

    /// A store on disk. `now`: seconds since 1970.
    pub(crate) fn disk(
        directory: &Path,
        limits: StoreLimits,
        now: u64,
    ) -> Result<Self, StoreError> {
        DiskStore::open(directory, limits, now).map(Self::Disk)
    }

    /// A store on NATS JetStream. `now`: seconds since 1970.
    pub(crate) async fn nats(
        settings: NatsSettings,
        limits: StoreLimits,
        now: u64,
    ) -> Result<Self, StoreError> {
        NatsStore::open(settings, limits, now).await.map(Self::Nats)
    }

    /// Whether it can be used, as far as is known.
    pub(crate) fn is_available(&self) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::Disk(store) => store.is_available(),
            Self::Nats(store) => store.is_available(),
        }
    }

    /// Deletes meetings that have been idle for too long, and tells their connections [`News::Gone`].
    /// To be called again and again: it is the store's clock. `now`: seconds since 1970.
    pub(crate) async fn sweep(&self, now: u64) {
        each!(self, store => store.sweep(now).await);
    }

    /// Makes all that was acknowledged last, and ends.
    pub(crate) async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Disk(store) => store.close().await,
            Self::Nats(store) => store.close().await,
        }
    }

    /// Appends an entry, unless one with this id is there already, and gives its sequence number:
    /// SPEC \[S1\] \[S2\]. It is acknowledged only when a crash would not lose it (in memory: at once).
    pub(crate) async fn append(
        &self,
        meeting: MeetingId,
        id: MessageId,
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        each!(self, store => store.append(meeting, id, bytes).await)
    }

    /// The sequence number that the log gives next.
    pub(crate) async fn next(&self, meeting: MeetingId) -> Result<u64, StoreError> {
        each!(self, store => store.next(meeting).await)
    }

    /// Entries from `from` on, in order, `most` bytes of them at most but one at least.
    pub(crate) async fn read(
        &self,
        meeting: MeetingId,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        each!(self, store => store.read(meeting, from, most).await)
    }

    /// Keeps a blob.
    pub(crate) async fn put_blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        each!(self, store => store.put_blob(meeting, hash, bytes).await)
    }

    /// A blob, if it is kept.
    pub(crate) async fn blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
    ) -> Result<Option<Bytes>, StoreError> {
        each!(self, store => store.blob(meeting, hash).await)
    }

    /// Passes on what is kept nowhere: [`News::Lobby`] or [`News::Direct`].
    pub(crate) async fn publish(&self, meeting: MeetingId, news: News) -> Result<(), StoreError> {
        each!(self, store => store.publish(meeting, news).await)
    }

    /// All news of a meeting from now on, whichever relay it came in at. Who lags behind misses some,
    /// and reads the log again.
    pub(crate) async fn subscribe(
        &self,
        meeting: MeetingId,
    ) -> Result<broadcast::Receiver<News>, StoreError> {
        each!(self, store => store.subscribe(meeting).await)
    }
}

#[cfg(test)]
mod tests;
