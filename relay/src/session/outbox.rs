//! What waits to be read by one client: bounded in bytes and in messages, each message counted as a
//! fixed share at least.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use futures_util::{Sink, SinkExt};
use incamera_wire::{Refusal, RefusalReason, ToClient};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::store::Bytes;

/// How long a client that is being closed has to read why.
const LAST_WORD: Duration = Duration::from_secs(3);
/// Above the time for any message, a second is given for so many bytes.
const SLOWEST: usize = 32 * 1024;

/// An entry of the log as it is written, or more: bytes.
const ENTRY: u32 = 1024 * 1024 + 1024;

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// A message that there was no room for.
#[derive(Debug)]
pub(super) struct Waiting(Message);

/// The session's end.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: mpsc::UnboundedSender<Queued>,
    room: Arc<Semaphore>,
    all: Arc<Semaphore>,
    capacity: usize,
    least: usize,
    last: Option<oneshot::Sender<Option<Refusal>>>,
}

/// The socket's end.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::UnboundedReceiver<Queued>,
    last: oneshot::Receiver<Option<Refusal>>,
    stall: Duration,
}

/// A message with the room that it takes.
#[derive(Debug)]
struct Queued {
    message: Message,
    _room: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// Room for `bytes` and `messages`, out of what all connections share.
pub(super) fn outbox(
    bytes: usize,
    messages: usize,
    all: Arc<Semaphore>,
    stall: Duration,
) -> (Outbox, Writer) {
    let (sender, queue) = mpsc::unbounded_channel();
    let (say_last, last) = oneshot::channel();
    let room = Arc::new(Semaphore::new(bytes));
    let least = bytes / messages.max(1);
    let outbox = Outbox { queue: sender, room, all, capacity: bytes, least, last: Some(say_last) };
    (outbox, Writer { queue, last, stall })
}

impl Outbox {
    /// Of this connection's room; a message above a quarter of it takes a quarter.
    fn cost(&self, bytes: usize) -> u32 {
        let cost = bytes.max(self.least).max(1).min(self.capacity / 4);
        u32::try_from(cost).unwrap_or(u32::MAX)
    }

    /// Queues a message, if there is room.
    pub(super) fn offer(&self, message: &ToClient) -> Result<(), Full> {
        self.offer_raw(Message::Binary(message.encode().into()))
    }

    /// Queues an entry of the log, if a quarter of the room stays free but for it: what can be read again
    /// leaves room for what cannot.
    pub(super) fn offer_spare(&self, message: &ToClient) -> Result<(), Full> {
        if self.room.available_permits() < self.capacity / 2 {
            return Err(Full);
        }
        self.offer(message)
    }

    /// Queues a ping, if there is room: if there is none, the client has enough to read.
    pub(super) fn ping(&self) {
        let _ = self.offer_raw(Message::Ping(Bytes::new()));
    }

    fn offer_raw(&self, message: Message) -> Result<(), Full> {
        let bytes = length(&message);
        let room = Arc::clone(&self.room).try_acquire_many_owned(self.cost(bytes));
        let all = Arc::clone(&self.all).try_acquire_many_owned(whole(bytes));
        let (Ok(_room), Ok(_all)) = (room, all) else { return Err(Full) };
        self.queue.send(Queued { message, _room, _all }).map_err(|_| Full)
    }

    /// Queues a message, or gives it back to be given to [`Self::send`].
    pub(super) fn offer_or_keep(&self, message: &ToClient) -> Option<Waiting> {
        let message = Message::Binary(message.encode().into());
        self.offer_raw(message.clone()).is_err().then_some(Waiting(message))
    }

    /// Queues a message when there is room for it; without one it waits for ever.
    pub(super) async fn send(&self, waiting: Option<&Waiting>) -> Result<(), Full> {
        let Some(Waiting(message)) = waiting else { return std::future::pending().await };
        let bytes = length(message);
        let room = Arc::clone(&self.room).acquire_many_owned(self.cost(bytes)).await;
        let all = Arc::clone(&self.all).acquire_many_owned(whole(bytes)).await;
        let (Ok(_room), Ok(_all)) = (room, all) else { return Err(Full) };
        self.queue.send(Queued { message: message.clone(), _room, _all }).map_err(|_| Full)
    }

    /// Waits until half of the room is free, and of what all share enough for any entry of the log.
    pub(super) async fn half_free(&self) {
        let half = u32::try_from(self.capacity / 2).unwrap_or(u32::MAX);
        drop(self.room.acquire_many(half).await);
        drop(self.all.acquire_many(ENTRY).await);
    }

    /// What a page of the log may have: bytes.
    pub(super) fn page(&self) -> usize {
        self.capacity / 2
    }

    /// Waits until the writer has given up.
    pub(super) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Nothing more follows but this; what still waits is dropped if there is a refusal.
    pub(super) fn finish(mut self, refusal: Option<Refusal>) {
        if let Some(last) = self.last.take() {
            // A writer that is gone already wrote all it could.
            let _ = last.send(refusal);
        }
    }
}

fn length(message: &Message) -> usize {
    match message {
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Text(text) => text.len(),
        Message::Close(_) => 0,
    }
}

fn whole(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Writer {
    /// Writes what is queued until the session ends or the client takes no more.
    pub(super) async fn run<S: Sink<Message> + Unpin>(mut self, mut sink: S) -> Wrote {
        let mut wrote = Wrote::default();
        let refusal = loop {
            let queued = tokio::select! {
                biased;
                last = &mut self.last => break last.ok().flatten(),
                queued = self.queue.recv() => queued,
            };
            let Some(queued) = queued else { break None };
            let bytes = length(&queued.message);
            let patience = self.stall + Duration::from_secs((bytes / SLOWEST) as u64);
            tokio::select! {
                biased;
                last = &mut self.last => break last.ok().flatten(),
                sent = tokio::time::timeout(patience, sink.send(queued.message)) => match sent {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return wrote,
                    Err(_) => {
                        wrote.stalled = true;
                        break Some(too_slow("stall-seconds"));
                    }
                },
            }
        };
        // The session learns at once that nothing more can be queued.
        self.queue.close();
        let rest = async {
            if let Some(refusal) = refusal {
                let message = ToClient::Refused(refusal).encode();
                sink.send(Message::Binary(message.into())).await?;
            } else {
                while let Ok(queued) = self.queue.try_recv() {
                    sink.send(queued.message).await?;
                }
            }
            sink.close().await
        };
        // A client that does not read even this is gone.
        let _ = tokio::time::timeout(LAST_WORD, rest).await;
        wrote
    }
}

/// How writing went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wrote {
    /// The client took nothing for too long.
    pub(super) stalled: bool,
}

/// What a client is told that reads too slowly.
pub(super) fn too_slow(limit: &str) -> Refusal {
    Refusal {
        post: None,
        reason: RefusalReason::TooSlow,
        detail: format!(
            "{limit}: you read too slowly; connect again and fetch from where you were"
        ),
        retry_after_ms: 1000,
    }
}

#[cfg(test)]
mod tests;
