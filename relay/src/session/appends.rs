//! One client's posts to the log that are not durable yet: several at once, so that they share the
//! store's next transaction. They are answered in the order in which they came.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use incamera_wire::{MeetingId, MessageId};
use tokio::time::Instant;

use crate::relay::Relay;
use crate::store::{Bytes, StoreError};

/// Posts, and their bytes, beyond which the client is not heard until one is durable.
const POSTS: usize = 64;
const BYTES: usize = 64 * 1024;

/// What became of a post.
pub(super) struct Appended {
    pub(super) id: MessageId,
    pub(super) bytes: usize,
    pub(super) result: Result<u64, StoreError>,
    pub(super) took: Duration,
}

/// The posts that are under way.
#[derive(Default)]
pub(super) struct Appends {
    under_way: FuturesOrdered<Pin<Box<dyn Future<Output = Appended> + Send>>>,
    bytes: usize,
}

impl Appends {
    /// Whether the client may post more.
    pub(super) fn has_room(&self) -> bool {
        self.under_way.len() < POSTS && self.bytes < BYTES
    }

    /// Whether none is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// One more.
    pub(super) fn add(
        &mut self,
        relay: &Arc<Relay>,
        meeting: MeetingId,
        id: MessageId,
        entry: Bytes,
    ) {
        let (relay, bytes, began) = (Arc::clone(relay), entry.len(), Instant::now());
        self.bytes += bytes;
        self.under_way.push_back(Box::pin(async move {
            let result = relay.store.append(meeting, id, entry).await;
            Appended { id, bytes, result, took: began.elapsed() }
        }));
    }

    /// The oldest, when it is done; nothing if there is none.
    pub(super) async fn next(&mut self) -> Option<Appended> {
        let appended = self.under_way.next().await?;
        self.bytes = self.bytes.saturating_sub(appended.bytes);
        Some(appended)
    }
}
