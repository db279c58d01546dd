//! What this process knows of one meeting, while somebody here listens to it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use incamera_wire::{MeetingId, MessageId};
use tokio::sync::{broadcast, watch};

use super::super::News;

/// News that a subscriber may lag behind before it misses some.
const BACKLOG: usize = 256;

/// One meeting. All but its name and senders is trusted only while a follower sees to it that the
/// meeting has not been deleted and begun again.
#[derive(Debug)]
pub(super) struct Meeting {
    pub(super) id: MeetingId,
    pub(super) news: broadcast::Sender<News>,
    /// All entries before this number exist.
    pub(super) exists: watch::Sender<u64>,
    /// Held while a follower starts.
    pub(super) starting: tokio::sync::Mutex<()>,
    /// The blobs in order of arrival, and held while that is changed.
    pub(super) blobs: tokio::sync::Mutex<Blobs>,
    known: Mutex<Known>,
}

/// Last messages of blobs that were seen: their place in the stream, hash and bytes.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    pub(super) kept: VecDeque<(u64, String, u64)>,
    /// The place behind the last.
    pub(super) next: u64,
}

/// What is known of the log.
#[derive(Debug, Default)]
struct Known {
    following: bool,
    ids: HashMap<MessageId, u64>,
    /// All ids up to the follower's place are known, those from before it too.
    ids_complete: bool,
    /// Bytes of the entries before a number.
    used: Option<(u64, u64)>,
    /// Bytes of entries that are known out of turn.
    ahead: BTreeMap<u64, u64>,
}

impl Meeting {
    pub(super) fn new(id: MeetingId) -> Self {
        Self {
            id,
            news: broadcast::channel(BACKLOG).0,
            exists: watch::Sender::new(0),
            starting: tokio::sync::Mutex::default(),
            blobs: tokio::sync::Mutex::default(),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is known is kept up to date.
    pub(super) fn is_followed(&self) -> bool {
        self.known().following
    }

    /// From now on it is.
    pub(super) fn begin(&self) {
        *self.known() = Known { following: true, ..Known::default() };
    }

    /// Nothing is known any more.
    pub(super) fn end(&self) {
        *self.known() = Known::default();
    }

    /// The same, if nobody listens; a listener that comes later begins again.
    pub(super) fn end_if_alone(&self) -> bool {
        let mut known = self.known();
        let alone = self.news.receiver_count() == 0;
        if alone {
            *known = Known::default();
        }
        alone
    }

    /// A receiver of a meeting that is followed.
    pub(super) fn listen(&self) -> Option<broadcast::Receiver<News>> {
        // Under the lock: it does not end in between.
        let known = self.known();
        known.following.then(|| self.news.subscribe())
    }

    /// All entries before `next` exist.
    pub(super) fn heard_of(&self, next: u64) {
        self.exists.send_if_modified(|known| {
            let newer = *known < next;
            *known = next.max(*known);
            newer
        });
    }

    /// An entry is in the log: one of this process, or the follower's next.
    pub(super) fn note(&self, seq: u64, id: Option<MessageId>, cost: u64) {
        let mut known = self.known();
        if !known.following {
            return;
        }
        if let Some(id) = id {
            known.ids.entry(id).or_insert(seq);
        }
        let Some((mut next, mut used)) = known.used else { return };
        if seq >= next {
            known.ahead.insert(seq, cost);
        }
        while let Some(cost) = known.ahead.remove(&next) {
            (next, used) = (next + 1, used + cost);
        }
        known.used = Some((next, used));
    }

    /// The place of an id that was seen.
    pub(super) fn place(&self, id: MessageId) -> Option<u64> {
        self.known().ids.get(&id).copied()
    }

    /// Bytes of the log as far as they are known.
    pub(super) fn used(&self) -> Option<u64> {
        let known = self.known();
        known.used.map(|(_, used)| used + known.ahead.values().sum::<u64>())
    }

    /// The entries before `next` have so many bytes.
    pub(super) fn set_used(&self, next: u64, used: u64) {
        let mut known = self.known();
        if known.following && known.used.is_none() {
            known.used = Some((next, used));
            known.ahead.clear();
        }
    }

    /// Whether an id that was not seen is in no entry.
    pub(super) fn has_all_ids(&self) -> bool {
        self.known().ids_complete
    }

    /// Ids of all entries so far.
    pub(super) fn set_ids(&self, ids: &HashMap<MessageId, u64>) {
        let mut known = self.known();
        if known.following {
            known.ids.extend(ids);
            known.ids_complete = true;
        }
    }
}
