//! Logs and blobs in this process's memory: gone with it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use incamera_wire::server::OrderedLog;
use incamera_wire::{BlobHash, MeetingId, MessageId};
use tokio::sync::broadcast;

use super::{Bytes, News, StoreError, StoreLimits, locked};

/// News that a subscriber may lag behind before it misses some.
const BACKLOG: usize = 256;

/// A store in memory.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    limits: StoreLimits,
    /// Of all meetings together: bytes.
    total: u64,
    used: AtomicU64,
    /// Seconds since 1970, as the last sweep knew it.
    clock: AtomicU64,
    meetings: Mutex<HashMap<MeetingId, Arc<Mutex<Kept>>>>,
}

/// What is kept of one meeting.
#[derive(Debug)]
struct Kept {
    /// SPEC \[S1\]: an entry's place is its sequence number. Readers share the bytes.
    entries: Vec<Bytes>,
    /// SPEC \[S2\].
    ids: HashMap<MessageId, u64>,
    log_bytes: u64,
    blobs: VecDeque<(BlobHash, Bytes)>,
    news: broadcast::Sender<News>,
    /// Bytes of log and blobs.
    used: u64,
    /// When the last post was.
    last: u64,
    /// Swept away: whoever still holds it looks again.
    gone: bool,
}

impl Kept {
    /// Nothing is kept, and nobody listens.
    fn is_empty(&self) -> bool {
        self.used == 0 && self.news.receiver_count() == 0
    }
}

impl MemoryStore {
    /// An empty store, with `total` bytes for all meetings. `now`: seconds since 1970.
    pub(crate) fn new(limits: StoreLimits, total: u64, now: u64) -> Self {
        let (used, clock) = (AtomicU64::new(0), AtomicU64::new(now));
        Self { limits, total, used, clock, meetings: Mutex::default() }
    }

    /// Does something with a meeting, which is made if it is missing.
    fn with<T>(
        &self,
        meeting: MeetingId,
        act: impl Fn(&mut Kept) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            let kept = self.kept(meeting)?;
            let mut kept = locked(&kept);
            if !kept.gone {
                return act(&mut kept);
            }
        }
    }

    fn kept(&self, meeting: MeetingId) -> Result<Arc<Mutex<Kept>>, StoreError> {
        let mut meetings = locked(&self.meetings);
        if let Some(kept) = meetings.get(&meeting) {
            return Ok(Arc::clone(kept));
        }
        if meetings.len() >= self.limits.meetings {
            meetings.retain(|_, kept| {
                let mut kept = locked(kept);
                kept.gone = kept.is_empty();
                !kept.gone
            });
        }
        if meetings.len() >= self.limits.meetings {
            return Err(StoreError::TooManyMeetings { limit: self.limits.meetings });
        }
        let (news, _) = broadcast::channel(BACKLOG);
        let last = self.clock.load(Ordering::Relaxed);
        let kept = Kept {
            entries: Vec::new(),
            ids: HashMap::new(),
            log_bytes: 0,
            blobs: VecDeque::new(),
            news,
            used: 0,
            last,
            gone: false,
        };
        let kept = Arc::new(Mutex::new(kept));
        meetings.insert(meeting, Arc::clone(&kept));
        Ok(kept)
    }

    /// A meeting that may be missing.
    fn known(&self, meeting: MeetingId) -> Option<Arc<Mutex<Kept>>> {
        locked(&self.meetings).get(&meeting).map(Arc::clone)
    }

    /// Takes `bytes` out of what all meetings share.
    fn reserve(&self, bytes: u64) -> Result<(), StoreError> {
        let room = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.total);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        taken
            .map(|_| ())
            .map_err(|used| StoreError::LogFull { free_bytes: self.total.saturating_sub(used) })
    }

    pub(crate) async fn append(
        &self,
        meeting: MeetingId,
        id: MessageId,
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        let cost = (bytes.len() as u64).saturating_add(OrderedLog::ENTRY_OVERHEAD as u64);
        self.with(meeting, |kept| {
            // SPEC [S2]
            if let Some(seq) = kept.ids.get(&id) {
                return Ok(*seq);
            }
            let free_bytes = self.limits.log_bytes.saturating_sub(kept.log_bytes);
            if cost > free_bytes {
                return Err(StoreError::LogFull { free_bytes });
            }
            self.reserve(cost)?;
            // SPEC [S1]: the next number, at the end.
            let seq = kept.entries.len() as u64;
            kept.entries.push(bytes.clone());
            kept.ids.insert(id, seq);
            kept.log_bytes += cost;
            kept.used += cost;
            kept.last = self.clock.load(Ordering::Relaxed);
            // Nobody listening is no fault.
            drop(kept.news.send(News::Log { seq, bytes: bytes.clone() }));
            Ok(seq)
        })
    }

    pub(crate) async fn next(&self, meeting: MeetingId) -> Result<u64, StoreError> {
        Ok(self.known(meeting).map_or(0, |kept| locked(&kept).entries.len() as u64))
    }

    pub(crate) async fn read(
        &self,
        meeting: MeetingId,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let Some(kept) = self.known(meeting) else { return Ok(Vec::new()) };
        let kept = locked(&kept);
        let start = usize::try_from(from).unwrap_or(usize::MAX);
        let (mut page, mut left) = (Vec::new(), most);
        for (entry, seq) in kept.entries.get(start..).unwrap_or_default().iter().zip(from..) {
            if !page.is_empty() && entry.len() > left {
                break;
            }
            left = left.saturating_sub(entry.len().max(1));
            page.push((seq, entry.clone()));
        }
        Ok(page)
    }

    pub(crate) async fn put_blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let size = bytes.len() as u64;
        self.with(meeting, |kept| {
            if kept.blobs.iter().any(|(known, _)| *known == hash) {
                return Ok(());
            }
            self.reserve(size)?;
            kept.blobs.push_back((hash, bytes.clone()));
            kept.used += size;
            kept.last = self.clock.load(Ordering::Relaxed);
            while kept.blobs.len() > 1 && kept.used - kept.log_bytes > self.limits.blob_bytes {
                let Some((_, oldest)) = kept.blobs.pop_front() else { break };
                kept.used -= oldest.len() as u64;
                self.used.fetch_sub(oldest.len() as u64, Ordering::Relaxed);
            }
            Ok(())
        })
    }

    pub(crate) async fn blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
    ) -> Result<Option<Bytes>, StoreError> {
        let Some(kept) = self.known(meeting) else { return Ok(None) };
        let kept = locked(&kept);
        let found = kept.blobs.iter().find(|(known, _)| *known == hash);
        Ok(found.map(|(_, bytes)| bytes.clone()))
    }

    pub(crate) async fn publish(&self, meeting: MeetingId, news: News) -> Result<(), StoreError> {
        if let Some(kept) = self.known(meeting) {
            drop(locked(&kept).news.send(news));
        }
        Ok(())
    }

    pub(crate) async fn subscribe(
        &self,
        meeting: MeetingId,
    ) -> Result<broadcast::Receiver<News>, StoreError> {
        self.with(meeting, |kept| Ok(kept.news.subscribe()))
    }

    /// Deletes what has been idle for too long at `now` (seconds since 1970), and what is empty.
    pub(crate) async fn sweep(&self, now: u64) {
        self.clock.store(now, Ordering::Relaxed);
        locked(&self.meetings).retain(|_, kept| {
            let mut kept = locked(kept);
            let idle = kept.last.saturating_add(self.limits.idle_seconds) <= now;
            kept.gone = kept.is_empty() || (idle && kept.used > 0);
            if kept.gone {
                self.used.fetch_sub(kept.used, Ordering::Relaxed);
                drop(kept.news.send(News::Gone));
            }
            !kept.gone
        });
    }
}
