//! A meeting's blobs.

use incamera_wire::{BlobHash, MeetingId};
use tokio::time::Instant;

use super::super::{Bytes, StoreError};
use super::Shared;
use super::meeting::{Blobs, Meeting};
use super::names::Kind;
use super::parts;
use super::streams::deadline;
use crate::hex;

impl Shared {
    pub(super) async fn put_blob(
        &self,
        meeting: &Meeting,
        hash: BlobHash,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        self.put_under(meeting, &hex::encode(hash.as_bytes()), bytes).await
    }

    /// Puts a blob, and deletes the oldest if they are too many.
    pub(super) async fn put_under(
        &self,
        meeting: &Meeting,
        hash: &str,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let (deadline, from) = (deadline(), (Kind::Blob, meeting.id));
        let subject = Kind::Blob.part(meeting.id, hash, parts::END);
        if self.streams.look(from, &subject, None, deadline).await?.is_some() {
            return Ok(());
        }
        // A meeting has a log: it is by logs that meetings are counted.
        self.streams.create(Kind::Log, meeting.id, deadline).await?;
        parts::put(&self.streams, from, hash, (&bytes, self.now()), deadline).await?;
        self.posted(meeting.id);
        let mut blobs = meeting.blobs.lock().await;
        if !meeting.is_followed() {
            *blobs = Blobs::default();
        }
        self.look_further(meeting.id, &mut blobs, deadline).await?;
        let mut sum: u64 = blobs.kept.iter().map(|(_, _, length)| *length).sum();
        while blobs.kept.len() > 1 && sum > self.limits.blob_bytes {
            let Some((_, oldest, length)) = blobs.kept.front() else { break };
            let subject = Kind::Blob.part(meeting.id, oldest, "*");
            self.streams.purge(Kind::Blob, meeting.id, &subject, deadline).await?;
            sum -= length;
            blobs.kept.pop_front();
        }
        Ok(())
    }

    /// Learns of the blobs behind the last that is known.
    async fn look_further(
        &self,
        meeting: MeetingId,
        blobs: &mut Blobs,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let (from, ends) = ((Kind::Blob, meeting), Kind::Blob.part(meeting, "*", parts::END));
        loop {
            let next = Some(blobs.next.max(1));
            let Some(end) = self.streams.look(from, &ends, next, deadline).await? else {
                return Ok(());
            };
            blobs.next = end.sequence.saturating_add(1);
            let hash = end.subject.rsplit('.').nth(1).unwrap_or_default().to_owned();
            let length = parts::sizes(&end.payload).map_or(0, |(length, _)| length);
            // Put again, by another relay.
            blobs.kept.retain(|(_, known, _)| *known != hash);
            blobs.kept.push_back((end.sequence, hash, length));
        }
    }

    pub(super) async fn blob(
        &self,
        meeting: MeetingId,
        hash: &str,
    ) -> Result<Option<Bytes>, StoreError> {
        let (deadline, from) = (deadline(), (Kind::Blob, meeting));
        let subject = Kind::Blob.part(meeting, hash, parts::END);
        match self.streams.look(from, &subject, None, deadline).await? {
            Some(end) => parts::get(&self.streams, from, hash, &end.payload, deadline).await,
            None => Ok(None),
        }
    }
}
