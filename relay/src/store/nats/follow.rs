//! Follows one meeting for all of this process who listen to it.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Subscriber;
use futures_util::StreamExt;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::super::{News, StoreError};
use super::Shared;
use super::log::entries;
use super::meeting::Meeting;
use super::names::{self, Kind};
use super::note::Note;
use super::streams::deadline;

/// How often the server is asked whether the meeting exists and how far its log is: notes can be lost.
const LOOK: Duration = Duration::from_secs(2);
/// Bytes of entries that are read at once.
const PAGE: usize = 1024 * 1024;
/// Entries that are told in one go: behind them, who listens has time to take them.
const BURST: usize = 32;

/// Why a follower ended.
enum End {
    /// Nobody listens.
    Alone,
    /// The meeting was deleted.
    Gone,
    /// This process's connection to the server was closed.
    Closed,
}

/// A follower's place.
struct Follower {
    shared: Arc<Shared>,
    meeting: Arc<Meeting>,
    notes: Subscriber,
    exists: watch::Receiver<u64>,
    next: u64,
    incarnation: Option<String>,
    /// Times that the meeting was looked for in vain.
    missed: u32,
}

impl Shared {
    /// Listens to a meeting; the first who does starts its follower.
    pub(super) async fn listen(
        self: &Arc<Self>,
        meeting: Arc<Meeting>,
    ) -> Result<broadcast::Receiver<News>, StoreError> {
        let _starting = meeting.starting.lock().await;
        if let Some(news) = meeting.listen() {
            return Ok(news);
        }
        let fault = |error: &dyn std::fmt::Display| StoreError::Unavailable(error.to_string());
        let notes = self.streams.client.subscribe(names::news(meeting.id)).await;
        let notes = notes.map_err(|error| fault(&error))?;
        // The server knows of the subscription before it is asked how far the log is.
        self.streams.client.flush().await.map_err(|error| fault(&error))?;
        let info = self.streams.info(Kind::Log, meeting.id, deadline()).await?;
        let next = info.as_ref().map_or(0, |info| info.state.last_sequence);
        let incarnation = info.and_then(|info| info.config.description);
        meeting.exists.send_replace(next);
        meeting.begin();
        let exists = meeting.exists.subscribe();
        let news = meeting.news.subscribe();
        let (shared, followed) = (Arc::clone(self), Arc::clone(&meeting));
        let follower =
            Follower { shared, meeting: followed, notes, exists, next, incarnation, missed: 0 };
        tokio::spawn(follower.run());
        Ok(news)
    }
}

impl Follower {
    async fn run(mut self) {
        let end = self.follow().await;
        match end {
            // What was known is forgotten already, and perhaps another follower has begun.
            End::Alone => return,
            End::Gone => {}
            End::Closed => tracing::error!("the connection to NATS was closed"),
        }
        // Whoever comes now finds another meeting of this name.
        self.shared.forget(&self.meeting);
        self.meeting.end();
        drop(self.meeting.news.send(News::Gone));
    }

    async fn follow(&mut self) -> End {
        let mut look = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let end = tokio::select! {
                note = self.notes.next() => match note {
                    Some(message) => self.heard(Note::decode(&message.payload)).await,
                    None => Some(End::Closed),
                },
                _ = self.exists.changed() => None,
                _ = look.tick() => self.look().await,
            };
            if let Some(end) = end {
                return end;
            }
            self.catch_up().await;
        }
    }

    async fn heard(&mut self, note: Option<Note>) -> Option<End> {
        let (mailbox, bytes) = match note? {
            Note::Exists(next) => {
                self.meeting.heard_of(next);
                return None;
            }
            Note::Gone(of) => return (self.incarnation.as_ref() == Some(&of)).then_some(End::Gone),
            Note::Post(mailbox, bytes) => (mailbox, bytes),
            // What cannot be read now is sent again by whoever needs an answer.
            Note::Large(mailbox, hash) => {
                (mailbox, self.shared.blob(self.meeting.id, &hash).await.ok()??)
            }
        };
        let news = match mailbox {
            Some(mailbox) => News::Direct { mailbox, bytes },
            None => News::Lobby(bytes),
        };
        drop(self.meeting.news.send(news));
        None
    }

    /// Looks after the meeting; without an answer, later again.
    async fn look(&mut self) -> Option<End> {
        if self.meeting.end_if_alone() {
            return Some(End::Alone);
        }
        let soon = Instant::now() + LOOK;
        let info = self.shared.streams.info(Kind::Log, self.meeting.id, soon).await.ok()?;
        let Some(info) = info else {
            // A cluster's new leader may not have heard of it yet.
            self.missed += 1;
            return (self.missed > 1 && self.incarnation.is_some()).then_some(End::Gone);
        };
        self.missed = 0;
        if self.incarnation.is_some() && self.incarnation != info.config.description {
            return Some(End::Gone);
        }
        self.incarnation = info.config.description;
        self.meeting.heard_of(info.state.last_sequence);
        None
    }

    /// Tells all that exists, in order and without gaps.
    async fn catch_up(&mut self) {
        loop {
            let exists = *self.exists.borrow_and_update();
            if self.next >= exists {
                return;
            }
            let (streams, id) = (&self.shared.streams, self.meeting.id);
            let page = match entries(streams, id, (self.next, exists), PAGE).await {
                Ok(page) if page.is_empty() => return,
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "a log cannot be followed now");
                    return;
                }
            };
            for (entry, count) in page.into_iter().zip(1..) {
                self.meeting.note(entry.seq, entry.id, entry.cost());
                self.next = entry.seq.saturating_add(1);
                drop(self.meeting.news.send(News::Log { seq: entry.seq, bytes: entry.bytes }));
                if count % BURST == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}
