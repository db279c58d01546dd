//! Logs and blobs in this process's memory: gone with it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use incamera_wire::server::OrderedLog;
use incamera_wire::{BlobHash, MeetingId, MessageId};
use tokio::sync::broadcast;

use super::{Bytes, News, StoreError, StoreLimits};

/// News that a subscriber may lag behind before it misses some.
const BACKLOG: usize = 256;

/// A store in memory.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    limits: StoreLimits,
    meetings: Mutex<HashMap<MeetingId, Arc<Mutex<Kept>>>>,
}

/// What is kept of one meeting.
#[derive(Debug)]
struct Kept {
    log: OrderedLog,
    blobs: VecDeque<(BlobHash, Bytes)>,
    news: broadcast::Sender<News>,
}

/// The lock, also after a thread that held it has died.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryStore {
    /// An empty store.
    pub(crate) fn new(limits: StoreLimits, _total_bytes: u64) -> Self {
        Self { limits, meetings: Mutex::default() }
    }

    fn kept(&self, meeting: MeetingId) -> Result<Arc<Mutex<Kept>>, StoreError> {
        let mut meetings = locked(&self.meetings);
        if let Some(kept) = meetings.get(&meeting) {
            return Ok(Arc::clone(kept));
        }
        if meetings.len() >= self.limits.meetings {
            return Err(StoreError::TooManyMeetings { limit: self.limits.meetings });
        }
        let log = OrderedLog::new(usize::try_from(self.limits.log_bytes).unwrap_or(usize::MAX));
        let (news, _) = broadcast::channel(BACKLOG);
        let kept = Arc::new(Mutex::new(Kept { log, blobs: VecDeque::new(), news }));
        meetings.insert(meeting, Arc::clone(&kept));
        Ok(kept)
    }

    pub(crate) async fn append(
        &self,
        meeting: MeetingId,
        id: MessageId,
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        let kept = self.kept(meeting)?;
        let mut kept = locked(&kept);
        let full = |full: incamera_wire::server::LogFull| StoreError::LogFull {
            free_bytes: full.free_bytes as u64,
        };
        let appended = kept.log.append(id, &bytes).map_err(full)?;
        if !appended.duplicate {
            // Nobody listening is no fault.
            drop(kept.news.send(News::Log { seq: appended.seq, bytes }));
        }
        Ok(appended.seq)
    }

    pub(crate) async fn next(&self, meeting: MeetingId) -> Result<u64, StoreError> {
        Ok(locked(&*self.kept(meeting)?).log.next())
    }

    pub(crate) async fn read(
        &self,
        meeting: MeetingId,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let kept = self.kept(meeting)?;
        let kept = locked(&kept);
        let mut left = most;
        let within = |(_, entry): &(u64, &[u8])| {
            let first = left == most;
            let room = entry.len() <= left;
            left = left.saturating_sub(entry.len().max(1));
            first || room
        };
        let entries = kept.log.read(from).take_while(within);
        Ok(entries.map(|(seq, entry)| (seq, Bytes::copy_from_slice(entry))).collect())
    }

    pub(crate) async fn put_blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let kept = self.kept(meeting)?;
        let mut kept = locked(&kept);
        if kept.blobs.iter().any(|(known, _)| *known == hash) {
            return Ok(());
        }
        kept.blobs.push_back((hash, bytes));
        let size = |blobs: &VecDeque<(BlobHash, Bytes)>| -> u64 {
            blobs.iter().map(|(_, bytes)| bytes.len() as u64).sum()
        };
        while kept.blobs.len() > 1 && size(&kept.blobs) > self.limits.blob_bytes {
            kept.blobs.pop_front();
        }
        Ok(())
    }

    pub(crate) async fn blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
    ) -> Result<Option<Bytes>, StoreError> {
        let kept = self.kept(meeting)?;
        let kept = locked(&kept);
        let found = kept.blobs.iter().find(|(known, _)| *known == hash);
        Ok(found.map(|(_, bytes)| bytes.clone()))
    }

    pub(crate) async fn publish(&self, meeting: MeetingId, news: News) -> Result<(), StoreError> {
        let kept = self.kept(meeting)?;
        drop(locked(&kept).news.send(news));
        Ok(())
    }

    pub(crate) async fn subscribe(
        &self,
        meeting: MeetingId,
    ) -> Result<broadcast::Receiver<News>, StoreError> {
        Ok(locked(&*self.kept(meeting)?).news.subscribe())
    }
}
