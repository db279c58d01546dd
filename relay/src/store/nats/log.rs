//! A meeting's log.

use std::collections::HashMap;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::Info;
use futures_util::{StreamExt, stream};
use incamera_wire::server::OrderedLog;
use incamera_wire::{MeetingId, MessageId};
use tokio::time::Instant;

use super::super::{Bytes, StoreError};
use super::Shared;
use super::meeting::Meeting;
use super::names::{self, Kind};
use super::note::Note;
use super::parts;
use super::streams::{Streams, Which, deadline};
use crate::{digest, hex};

/// Entries that are on their way at once.
const AT_ONCE: usize = 32;
/// What the server counts for a message beside subject, headers and bytes: number, time, lengths and
/// checksum.
const RECORD: u64 = 22 + 4 + 8;

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) id: Option<MessageId>,
    pub(super) bytes: Bytes,
}

impl Entry {
    pub(super) fn cost(&self) -> u64 {
        cost(&self.bytes)
    }
}

fn cost(bytes: &[u8]) -> u64 {
    (bytes.len() as u64).saturating_add(OrderedLog::ENTRY_OVERHEAD as u64)
}

/// SHA-256 in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(&digest::sha256(bytes))
}

/// What the server counts for an entry beside its bytes.
fn overhead(meeting: MeetingId) -> u64 {
    let line = |name: &str, value: usize| name.len() + ": \r\n".len() + value;
    let headers = "NATS/1.0\r\n\r\n".len() + line(names::ID, 32) + line(names::TIME, 12);
    RECORD + (Kind::Log.subject(meeting).len() + headers) as u64
}

/// An entry from its message.
async fn entry(
    streams: &Streams,
    meeting: MeetingId,
    message: StreamMessage,
    deadline: Instant,
) -> Result<Option<Entry>, StoreError> {
    let header = |name| message.headers.get(name).map(|value| value.as_str());
    let id = header(names::ID).and_then(hex::decode).map(MessageId::new);
    let seq = message.sequence.saturating_sub(1);
    let Some(hash) = header(names::LARGE) else {
        return Ok(Some(Entry { seq, id, bytes: message.payload }));
    };
    let (large, subject) = ((Kind::Large, meeting), Kind::Large.part(meeting, hash, parts::END));
    let Some(end) = streams.message(large, Which::Subject(&subject), deadline).await? else {
        return Ok(None);
    };
    let bytes = parts::get(streams, large, hash, &end.payload, deadline).await?;
    match bytes {
        Some(bytes) if sha256(&bytes) != hash => {
            Err(StoreError::Unavailable(format!("entry {seq} is damaged")))
        }
        bytes => Ok(bytes.map(|bytes| Entry { seq, id, bytes })),
    }
}

/// Entries `from` to `to`, all of which exist: those of them, in order, that fit into `most` bytes, but
/// one at least. Fewer: the meeting is being deleted.
pub(super) async fn entries(
    streams: &Streams,
    meeting: MeetingId,
    (from, to): (u64, u64),
    most: usize,
) -> Result<Vec<Entry>, StoreError> {
    let deadline = deadline();
    // Small entries come many at once; large ones must not come for nothing.
    let at_once = (most / 4096).clamp(1, AT_ONCE);
    let gets = stream::iter(from..to).map(|seq| {
        let streams = streams.clone();
        async move {
            let which = Which::Number(seq.saturating_add(1));
            match streams.message((Kind::Log, meeting), which, deadline).await? {
                Some(message) => entry(&streams, meeting, message, deadline).await,
                None => Ok(None),
            }
        }
    });
    let mut gets = gets.buffered(at_once);
    let (mut page, mut left) = (Vec::new(), most);
    while let Some(entry) = gets.next().await {
        let Some(entry) = entry? else { break };
        if !page.is_empty() && entry.bytes.len() > left {
            break;
        }
        left = left.saturating_sub(entry.bytes.len().max(1));
        page.push(entry);
        if left == 0 {
            break;
        }
    }
    Ok(page)
}

impl Shared {
    /// Bytes of the log, counted as the other stores count them.
    async fn used(&self, meeting: &Meeting, deadline: Instant) -> Result<u64, StoreError> {
        if let Some(used) = meeting.used() {
            return Ok(used);
        }
        let (log, large) = tokio::try_join!(
            self.streams.info(Kind::Log, meeting.id, deadline),
            self.streams.info(Kind::Large, meeting.id, deadline),
        )?;
        let bytes = |info: &Info| info.state.bytes;
        let (next, stored) =
            log.as_ref().map_or((0, 0), |info| (info.state.last_sequence, bytes(info)));
        let counted = next * (OrderedLog::ENTRY_OVERHEAD as u64);
        let used = stored.saturating_sub(next * overhead(meeting.id)) + counted;
        let used = used + large.as_ref().map_or(0, bytes);
        meeting.set_used(next, used);
        Ok(used)
    }

    /// The place of an id in a log that takes no more. All entries are read, once.
    async fn find(&self, meeting: &Meeting, id: MessageId) -> Result<Option<u64>, StoreError> {
        if meeting.has_all_ids() {
            return Ok(meeting.place(id));
        }
        let info = self.streams.info(Kind::Log, meeting.id, deadline()).await?;
        let (mut from, to) = (0, info.map_or(0, |info| info.state.last_sequence));
        let mut ids = HashMap::new();
        while from < to {
            let page = entries(&self.streams, meeting.id, (from, to), 4 << 20).await?;
            let Some(last) = page.last() else { break };
            from = last.seq + 1;
            ids.extend(page.iter().filter_map(|entry| entry.id.map(|id| (id, entry.seq))));
        }
        meeting.set_ids(&ids);
        Ok(ids.get(&id).copied())
    }

    /// SPEC \[S1\]: the stream's order is the log's, and its numbers, less one, are the log's: the server
    /// gives them without gaps, and nothing is ever deleted from the stream but all of it.
    pub(super) async fn append(
        &self,
        meeting: &Meeting,
        id: MessageId,
        bytes: Bytes,
    ) -> Result<u64, StoreError> {
        let (deadline, cost) = (deadline(), cost(&bytes));
        // SPEC [S2]: the server knows the ids as well (see `streams::DUPLICATES`); this spares asking it.
        if let Some(seq) = meeting.place(id) {
            return Ok(seq);
        }
        let free_bytes = self.limits.log_bytes.saturating_sub(self.used(meeting, deadline).await?);
        if cost > free_bytes {
            let place = self.find(meeting, id).await?;
            return place.ok_or(StoreError::LogFull { free_bytes });
        }
        let mut headers = parts::headers(self.now());
        headers.insert(names::ID, hex::encode(id.as_bytes()));
        let mut body = bytes;
        if body.len() > self.streams.room() {
            let (hash, large) = (sha256(&body), (Kind::Large, meeting.id));
            self.streams.create(Kind::Log, meeting.id, deadline).await?;
            parts::put(&self.streams, large, &hash, (&body, self.now()), deadline).await?;
            headers.insert(names::LARGE, hash);
            body = Bytes::new();
        }
        let subject = Kind::Log.subject(meeting.id);
        let log = (Kind::Log, meeting.id);
        let number = self.streams.publish(log, &subject, &headers, &body, deadline).await?;
        let seq = number.saturating_sub(1);
        meeting.note(seq, Some(id), cost);
        meeting.heard_of(number);
        // A follower that misses it looks by itself, later.
        let _ = self.tell(meeting.id, &Note::Exists(number)).await;
        self.posted(meeting.id);
        Ok(seq)
    }

    pub(super) async fn read(
        &self,
        meeting: &Meeting,
        from: u64,
        most: usize,
    ) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let known = if meeting.is_followed() { *meeting.exists.borrow() } else { 0 };
        let to = if from < known { known } else { self.next(meeting.id).await? };
        if from >= to {
            return Ok(Vec::new());
        }
        let page = entries(&self.streams, meeting.id, (from, to), most).await?;
        Ok(page.into_iter().map(|entry| (entry.seq, entry.bytes)).collect())
    }

    pub(super) async fn next(&self, meeting: MeetingId) -> Result<u64, StoreError> {
        let info = self.streams.info(Kind::Log, meeting, deadline()).await?;
        Ok(info.map_or(0, |info| info.state.last_sequence))
    }
}
