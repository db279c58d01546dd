//! Logs and blobs on NATS JetStream: any number of relays serve one meeting.

mod blobs;
mod follow;
mod log;
mod meeting;
mod names;
mod note;
mod open;
mod parts;
mod streams;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_nats::connection::State;
use incamera_wire::{BlobHash, MeetingId, MessageId};
use tokio::sync::broadcast;

use super::{Bytes, News, StoreError, StoreLimits, locked};
use crate::hex;
use meeting::Meeting;
use names::Kind;
use note::Note;
pub(crate) use open::NatsSettings;
use streams::{Streams, deadline};

/// A store on NATS JetStream.
#[derive(Debug)]
pub(crate) struct NatsStore {
    shared: Arc<Shared>,
}

/// What followers and calls share.
struct Shared {
    streams: Streams,
    limits: StoreLimits,
    /// Seconds since 1970, as the last sweep knew it.
    clock: AtomicU64,
    meetings: Mutex<HashMap<MeetingId, Arc<Meeting>>>,
    /// When to look whether a meeting is idle.
    due: Mutex<HashMap<MeetingId, u64>>,
    /// When meetings that only other relays know are looked for.
    list: AtomicU64,
    closed: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Shared {
    /// Seconds since 1970.
    fn now(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn meeting(&self, id: MeetingId) -> Result<Arc<Meeting>, StoreError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the store is closed".to_owned()));
        }
        let mut meetings = locked(&self.meetings);
        let meeting = meetings.entry(id).or_insert_with(|| Arc::new(Meeting::new(id)));
        Ok(Arc::clone(meeting))
    }

    /// The next call finds nothing known of it.
    fn forget(&self, meeting: &Arc<Meeting>) {
        let mut meetings = locked(&self.meetings);
        if meetings.get(&meeting.id).is_some_and(|known| Arc::ptr_eq(known, meeting)) {
            meetings.remove(&meeting.id);
        }
    }

    /// Something was posted: the meeting need not be looked at before it can be idle.
    fn posted(&self, meeting: MeetingId) {
        let due = self.now().saturating_add(self.limits.idle_seconds);
        locked(&self.due).entry(meeting).or_insert(due);
    }

    /// Tells the followers of a meeting, at all relays.
    async fn tell(&self, meeting: MeetingId, note: &Note) -> Result<(), StoreError> {
        let sent = self.streams.client.publish(names::news(meeting), note.encode()).await;
        sent.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    async fn publish(&self, meeting: &Meeting, news: News) -> Result<(), StoreError> {
        let (mailbox, bytes) = match news {
            News::Lobby(bytes) => (None, bytes),
            News::Direct { mailbox, bytes } => (Some(mailbox), bytes),
            News::Log { .. } | News::Gone => return Ok(()),
        };
        if self.streams.client.connection_state() != State::Connected {
            return Err(StoreError::Unavailable("there is no connection to NATS".to_owned()));
        }
        if bytes.len() <= self.streams.room() {
            return self.tell(meeting.id, &Note::Post(mailbox, bytes)).await;
        }
        let hash = log::sha256(&bytes);
        self.put_under(meeting, &hash, bytes).await?;
        self.tell(meeting.id, &Note::Large(mailbox, hash)).await
    }

    /// When the last post to a meeting was: the last message of its log or of its blobs says so. Nothing: there is nothing in it.
    async fn last_post(&self, meeting: MeetingId) -> Result<Option<u64>, StoreError> {
        let mut last = None;
        for kind in [Kind::Log, Kind::Blob] {
            let subjects = kind.subjects(meeting);
            let from = (kind, meeting);
            let found = self.streams.look(from, &subjects, None, deadline()).await?;
            let time = found.and_then(|it| it.headers.get(names::TIME)?.as_str().parse().ok());
            last = last.max(time);
        }
        Ok(last)
    }

    /// Deletes the meeting if it is idle at `now`; says when to look again.
    async fn sweep_one(&self, meeting: MeetingId, now: u64) -> Result<Option<u64>, StoreError> {
        let Some(info) = self.streams.info(Kind::Log, meeting, deadline()).await? else {
            // Blobs whose log is gone are left from a deletion that was cut short.
            for kind in Kind::ALL {
                self.streams.delete(kind, meeting).await?;
            }
            return Ok(None);
        };
        // Begun now, and empty still.
        let last = self.last_post(meeting).await?.unwrap_or(now);
        let due = last.saturating_add(self.limits.idle_seconds);
        if due > now {
            return Ok(Some(due));
        }
        for kind in Kind::ALL {
            self.streams.delete(kind, meeting).await?;
        }
        let incarnation = info.config.description.unwrap_or_default();
        self.tell(meeting, &Note::Gone(incarnation)).await?;
        Ok(None)
    }

    /// Adds meetings that only other relays know to those that are looked at.
    async fn find_meetings(&self, now: u64) {
        if self.list.load(Ordering::Relaxed) > now {
            return;
        }
        let pause = (self.limits.idle_seconds / 4).max(1);
        if let Ok(meetings) = self.streams.meetings().await {
            self.list.store(now.saturating_add(pause), Ordering::Relaxed);
            let mut due = locked(&self.due);
            for meeting in meetings {
                due.entry(meeting).or_insert(now);
            }
        }
    }

    async fn sweep(&self, now: u64) {
        self.clock.store(now, Ordering::Relaxed);
        // Who holds one may be about to follow it.
        locked(&self.meetings).retain(|_, meeting| Arc::strong_count(meeting) > 1);
        self.find_meetings(now).await;
        let due: Vec<MeetingId> = locked(&self.due)
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(meeting, _)| *meeting)
            .collect();
        for meeting in due {
            // Forgotten first: a post that comes between is noted again.
            locked(&self.due).remove(&meeting);
            let again = match self.sweep_one(meeting, now).await {
                Ok(again) => again,
                Err(error) => {
                    tracing::warn!(%error, "an idle meeting cannot be deleted now");
                    Some(now.saturating_add(1))
                }
            };
            if let Some(again) = again {
                locked(&self.due).insert(meeting, again);
            }
        }
    }
}

impl NatsStore {
    /// Whether there is a connection to a server.
    pub(crate) fn is_available(&self) -> bool {
        self.shared.streams.client.connection_state() == State::Connected
    }

    pub(crate) async fn sweep(&self, now: u64) {
        self.shared.sweep(now).await;
    }

    /// Sends what waits to be sent.
    pub(crate) async fn close(&self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        let _ = tokio::time::timeout(streams::ATTEMPT, self.shared.streams.client.flush()).await;
    }

    pub(crate) async fn append(
        &self,
        meeting: MeetingId,
        id: MessageId,
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        let meeting = self.shared.meeting(meeting)?;
        self.shared.append(&meeting, id, bytes).await
    }

    pub(crate) async fn next(&self, meeting: MeetingId) -> Result<u64, StoreError> {
        self.shared.next(meeting).await
    }

    pub(crate) async fn read(
        &self,
        meeting: MeetingId,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let meeting = self.shared.meeting(meeting)?;
        self.shared.read(&meeting, from, most).await
    }

    pub(crate) async fn put_blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let meeting = self.shared.meeting(meeting)?;
        self.shared.put_blob(&meeting, hash, bytes).await
    }

    pub(crate) async fn blob(
        &self,
        meeting: MeetingId,
        hash: BlobHash,
    ) -> Result<Option<Bytes>, StoreError> {
        self.shared.blob(meeting, &hex::encode(hash.as_bytes())).await
    }

    pub(crate) async fn publish(&self, meeting: MeetingId, news: News) -> Result<(), StoreError> {
        let meeting = self.shared.meeting(meeting)?;
        self.shared.publish(&meeting, news).await
    }

    pub(crate) async fn subscribe(
        &self,
        meeting: MeetingId,
    ) -> Result<broadcast::Receiver<News>, StoreError> {
        let meeting = self.shared.meeting(meeting)?;
        self.shared.listen(meeting).await
    }
}

#[cfg(test)]
mod servers;
#[cfg(test)]
pub(super) use servers::Servers;
#[cfg(test)]
mod tests;
