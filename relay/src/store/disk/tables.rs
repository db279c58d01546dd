//! The database's tables. A meeting's first key is its id, so that it is deleted by ranges.

use incamera_wire::server::OrderedLog;
use incamera_wire::{BlobHash, MeetingId, MessageId};
use redb::{
    Database, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use super::super::{Bytes, StoreError, StoreLimits};

/// Entries, by meeting and sequence number.
const LOG: TableDefinition<'_, ([u8; 16], u64), &[u8]> = TableDefinition::new("log");
/// Sequence numbers, by meeting and message id: SPEC \[S2\].
const IDS: TableDefinition<'_, ([u8; 16], [u8; 16]), u64> = TableDefinition::new("ids");
/// Hash and bytes, by meeting and order of arrival.
const BLOBS: TableDefinition<'_, ([u8; 16], u64), HashAndBytes> = TableDefinition::new("blobs");
/// Order of arrival, by meeting and hash.
const HASHES: TableDefinition<'_, ([u8; 16], [u8; 32]), u64> = TableDefinition::new("hashes");
/// The rest, by meeting.
const MEETINGS: TableDefinition<'_, [u8; 16], Row> = TableDefinition::new("meetings");

type HashAndBytes = ([u8; 32], &'static [u8]);

/// The log's next sequence number and its bytes, the blobs' next number and their bytes, and when the
/// last post was (seconds since 1970).
type Row = (u64, u64, u64, u64, u64);

/// One meeting's row by its names.
#[derive(Clone, Copy, Debug, Default)]
struct Meeting {
    next: u64,
    log_bytes: u64,
    next_blob: u64,
    blob_bytes: u64,
    last: u64,
}

impl Meeting {
    fn of((next, log_bytes, next_blob, blob_bytes, last): Row) -> Self {
        Self { next, log_bytes, next_blob, blob_bytes, last }
    }

    fn row(self) -> Row {
        (self.next, self.log_bytes, self.next_blob, self.blob_bytes, self.last)
    }
}

/// Why a job is not done: of its own fault, or because nothing can be written.
#[derive(Debug)]
pub(super) enum Fault {
    /// The others of the transaction are done.
    Own(StoreError),
    /// No job of the transaction is done.
    Database(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Database(error.into())
    }
}

/// Makes the tables that are missing.
pub(super) fn create(database: &Database) -> Result<(), redb::Error> {
    let writer = database.begin_write()?;
    writer.open_table(LOG)?;
    writer.open_table(IDS)?;
    writer.open_table(BLOBS)?;
    writer.open_table(HASHES)?;
    writer.open_table(MEETINGS)?;
    writer.commit()?;
    Ok(())
}

/// The sequence number that the log gives next.
pub(super) fn next(reader: &ReadTransaction, meeting: MeetingId) -> Result<u64, redb::Error> {
    let row = reader.open_table(MEETINGS)?.get(*meeting.as_bytes())?;
    Ok(row.map_or(0, |row| row.value().0))
}

/// Entries from `from` on, `most` bytes at most but one at least.
pub(super) fn read(
    reader: &ReadTransaction,
    meeting: MeetingId,
    from: u64,
    most: usize,
) -> Result<Vec<(u64, Bytes)>, redb::Error> {
    let key = *meeting.as_bytes();
    let table = reader.open_table(LOG)?;
    let mut entries = Vec::new();
    let mut left = most;
    for entry in table.range((key, from)..=(key, u64::MAX))? {
        let (place, bytes) = entry?;
        let bytes = bytes.value();
        if !entries.is_empty() && bytes.len() > left {
            break;
        }
        left = left.saturating_sub(bytes.len().max(1));
        entries.push((place.value().1, Bytes::copy_from_slice(bytes)));
    }
    Ok(entries)
}

/// A blob, if it is kept.
pub(super) fn blob(
    reader: &ReadTransaction,
    meeting: MeetingId,
    hash: BlobHash,
) -> Result<Option<Bytes>, redb::Error> {
    let key = *meeting.as_bytes();
    let Some(number) = reader.open_table(HASHES)?.get((key, *hash.as_bytes()))? else {
        return Ok(None);
    };
    let blob = reader.open_table(BLOBS)?.get((key, number.value()))?;
    Ok(blob.map(|blob| Bytes::copy_from_slice(blob.value().1)))
}

/// The meeting's row, or a new one if there is room.
fn meeting(
    writer: &WriteTransaction,
    meeting: MeetingId,
    limits: &StoreLimits,
) -> Result<Meeting, Fault> {
    let table = writer.open_table(MEETINGS)?;
    if let Some(row) = table.get(*meeting.as_bytes())? {
        return Ok(Meeting::of(row.value()));
    }
    if table.len()? >= limits.meetings as u64 {
        return Err(Fault::Own(StoreError::TooManyMeetings { limit: limits.meetings }));
    }
    Ok(Meeting::default())
}

fn keep(writer: &WriteTransaction, id: MeetingId, meeting: Meeting) -> Result<(), Fault> {
    writer.open_table(MEETINGS)?.insert(*id.as_bytes(), meeting.row())?;
    Ok(())
}

/// Appends an entry, or finds it: its sequence number, and whether it is new. SPEC \[S1\] \[S2\].
pub(super) fn append(
    writer: &WriteTransaction,
    limits: &StoreLimits,
    now: u64,
    (id, message, bytes): (MeetingId, MessageId, &[u8]),
) -> Result<(u64, bool), Fault> {
    let key = *id.as_bytes();
    let mut ids = writer.open_table(IDS)?;
    if let Some(seq) = ids.get((key, *message.as_bytes()))? {
        return Ok((seq.value(), false));
    }
    let mut row = meeting(writer, id, limits)?;
    let cost = (bytes.len() as u64).saturating_add(OrderedLog::ENTRY_OVERHEAD as u64);
    let free_bytes = limits.log_bytes.saturating_sub(row.log_bytes);
    if cost > free_bytes {
        return Err(Fault::Own(StoreError::LogFull { free_bytes }));
    }
    let seq = row.next;
    writer.open_table(LOG)?.insert((key, seq), bytes)?;
    ids.insert((key, *message.as_bytes()), seq)?;
    row =
        Meeting { next: seq.saturating_add(1), log_bytes: row.log_bytes + cost, last: now, ..row };
    keep(writer, id, row)?;
    Ok((seq, true))
}

/// Keeps a blob, and lets the oldest go if there are too many bytes.
pub(super) fn put_blob(
    writer: &WriteTransaction,
    limits: &StoreLimits,
    now: u64,
    (id, hash, bytes): (MeetingId, BlobHash, &[u8]),
) -> Result<(), Fault> {
    let key = *id.as_bytes();
    let mut hashes = writer.open_table(HASHES)?;
    if hashes.get((key, *hash.as_bytes()))?.is_some() {
        return Ok(());
    }
    let mut row = meeting(writer, id, limits)?;
    let mut blobs = writer.open_table(BLOBS)?;
    hashes.insert((key, *hash.as_bytes()), row.next_blob)?;
    blobs.insert((key, row.next_blob), (*hash.as_bytes(), bytes))?;
    let newest = row.next_blob;
    row.next_blob = newest.saturating_add(1);
    row.blob_bytes = row.blob_bytes.saturating_add(bytes.len() as u64);
    row.last = now;
    while row.blob_bytes > limits.blob_bytes {
        let oldest = blobs.range((key, 0)..(key, newest))?.next().transpose()?;
        let Some((number, old)) = oldest.map(|(place, blob)| {
            let (hash, bytes) = blob.value();
            (place.value().1, (hash, bytes.len() as u64))
        }) else {
            break;
        };
        blobs.remove((key, number))?;
        hashes.remove((key, old.0))?;
        row.blob_bytes = row.blob_bytes.saturating_sub(old.1);
    }
    keep(writer, id, row)
}

/// Meetings without a post since `before`, `most` at most.
pub(super) fn idle(
    writer: &WriteTransaction,
    before: u64,
    most: usize,
) -> Result<Vec<MeetingId>, Fault> {
    let table = writer.open_table(MEETINGS)?;
    let mut found = Vec::new();
    for entry in table.iter()? {
        let (key, row) = entry?;
        if Meeting::of(row.value()).last <= before {
            found.push(MeetingId::new(key.value()));
            if found.len() == most {
                break;
            }
        }
    }
    Ok(found)
}

/// Deletes all of a meeting.
pub(super) fn delete(writer: &WriteTransaction, meeting: MeetingId) -> Result<(), Fault> {
    let key = *meeting.as_bytes();
    let numbers = (key, 0)..=(key, u64::MAX);
    writer.open_table(LOG)?.retain_in(numbers.clone(), |_, _| false)?;
    writer.open_table(BLOBS)?.retain_in(numbers, |_, _| false)?;
    writer.open_table(IDS)?.retain_in((key, [0; 16])..=(key, [0xff; 16]), |_, _| false)?;
    writer.open_table(HASHES)?.retain_in((key, [0; 32])..=(key, [0xff; 32]), |_, _| false)?;
    writer.open_table(MEETINGS)?.remove(key)?;
    Ok(())
}
