//! Bytes of any length in a stream, in parts that fit into messages. A last message, which says how
//! many bytes there are, makes them exist.

use async_nats::HeaderMap;
use futures_util::{StreamExt, TryStreamExt, stream};
use incamera_wire::MeetingId;
use tokio::time::Instant;

use super::super::{Bytes, StoreError};
use super::names::{self, Kind};
use super::streams::{Streams, Which};

/// Bytes of one part, if the server takes as many.
const PART: usize = 256 * 1024;
/// Parts that are on their way at once.
const AT_ONCE: usize = 8;
/// What the last message has for a part number.
pub(super) const END: &str = "end";
/// No more bytes than these are under one hash.
const MOST: u64 = 32 * 1024 * 1024;

/// The headers of a message that is posted at `time` (seconds since 1970).
pub(super) fn headers(time: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(names::TIME, format!("{time:012}"));
    headers
}

/// Bytes and bytes of a part, as the last message says.
pub(super) fn sizes(end: &[u8]) -> Option<(u64, u64)> {
    let (length, part) = end.split_first_chunk::<8>()?;
    let sizes = (u64::from_be_bytes(*length), u64::from_be_bytes(part.try_into().ok()?));
    (sizes.0 <= MOST && sizes.1 > 0).then_some(sizes)
}

/// Puts bytes under a hash.
pub(super) async fn put(
    streams: &Streams,
    (kind, meeting): (Kind, MeetingId),
    hash: &str,
    (bytes, time): (&Bytes, u64),
    deadline: Instant,
) -> Result<(), StoreError> {
    let size = PART.min(streams.room()).max(1);
    let headers = headers(time);
    let parts = (0..bytes.len().div_ceil(size)).map(|number| {
        let from = number * size;
        let part = bytes.slice(from..bytes.len().min(from + size));
        (kind.part(meeting, hash, number), part)
    });
    // Collected first: a stream that borrows from a closure is not `Send`.
    let puts: Vec<_> =
        parts
            .map(|(subject, part)| {
                let (streams, headers) = (streams.clone(), headers.clone());
                async move {
                    streams.publish((kind, meeting), &subject, &headers, &part, deadline).await
                }
            })
            .collect();
    stream::iter(puts).buffered(AT_ONCE).try_collect::<Vec<u64>>().await?;
    let end = [(bytes.len() as u64).to_be_bytes(), (size as u64).to_be_bytes()].concat();
    let subject = kind.part(meeting, hash, END);
    streams.publish((kind, meeting), &subject, &headers, &end.into(), deadline).await.map(|_| ())
}

/// The bytes under a hash, whose last message was found. Nothing: they are being deleted.
pub(super) async fn get(
    streams: &Streams,
    (kind, meeting): (Kind, MeetingId),
    hash: &str,
    end: &[u8],
    deadline: Instant,
) -> Result<Option<Bytes>, StoreError> {
    let fault = || StoreError::Unavailable(format!("what is under {hash} is damaged"));
    let (length, size) = sizes(end).ok_or_else(fault)?;
    let gets: Vec<_> = (0..length.div_ceil(size))
        .map(|number| {
            let (streams, subject) = (streams.clone(), kind.part(meeting, hash, number));
            async move {
                let from = (kind, meeting);
                if kind == Kind::Blob {
                    return streams.look(from, &subject, None, deadline).await;
                }
                streams.message(from, Which::Subject(&subject), deadline).await
            }
        })
        .collect();
    let mut parts = stream::iter(gets).buffered(AT_ONCE);
    let mut bytes = Vec::new();
    while let Some(part) = parts.try_next().await? {
        let Some(part) = part else { return Ok(None) };
        bytes.extend_from_slice(&part.payload);
    }
    if bytes.len() as u64 != length { Err(fault()) } else { Ok(Some(bytes.into())) }
}
