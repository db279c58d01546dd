//! What members have said about themselves and still holds: raised hands and tracks; and since when
//! this client has seen them.

use std::collections::{BTreeMap, BTreeSet};

use incamera_wire::{AnnouncedTrack, StayId};

use super::roster::Roster;

/// How long after somebody came in members introduce themselves at the earliest, in milliseconds.
const INTRODUCE_AFTER_MS: u64 = 2_000;
/// How much later each next one does, in milliseconds.
const INTRODUCE_STAGGER_MS: u64 = 50;
/// The longest that anyone waits, in milliseconds.
const INTRODUCE_LATEST_MS: u64 = 10_000;

/// What members have said about themselves.
#[derive(Clone, Default)]
pub(super) struct Room {
    hands: BTreeSet<StayId>,
    tracks: BTreeMap<StayId, Vec<AnnouncedTrack>>,
    since: BTreeMap<StayId, u64>,
    introduce_at: Option<u64>,
}

impl Room {
    /// Forgets those who are gone and notes when the others came. What is kept is bounded by the
    /// roster.
    pub(super) fn settle(&mut self, roster: &Roster, now_ms: u64) {
        self.hands.retain(|stay| roster.of(*stay).is_some());
        self.tracks.retain(|stay, _| roster.of(*stay).is_some());
        roster.settle(&mut self.since, || now_ms);
    }

    /// What `before` knew of those who are still here, and of `was`, who is `is` now.
    pub(super) fn take_over(&mut self, before: &Self, was: StayId, is: StayId) {
        for (stay, since) in &mut self.since {
            let known = before.since.get(if *stay == is { &was } else { stay });
            *since = known.copied().unwrap_or(*since);
        }
        self.raise(is, before.is_raised(was));
        if let Some(tracks) = before.tracks.get(&was) {
            self.announce(is, tracks.clone());
        }
    }

    pub(super) fn raise(&mut self, stay: StayId, raised: bool) {
        if raised {
            self.hands.insert(stay);
        } else {
            self.hands.remove(&stay);
        }
    }

    pub(super) fn is_raised(&self, stay: StayId) -> bool {
        self.hands.contains(&stay)
    }

    /// Whose hands are up.
    pub(super) fn hands(&self) -> impl Iterator<Item = StayId> {
        self.hands.iter().copied()
    }

    /// Who has announced which tracks.
    pub(super) fn announced(&self) -> impl Iterator<Item = (StayId, &[AnnouncedTrack])> {
        self.tracks.iter().map(|(stay, tracks)| (*stay, tracks.as_slice()))
    }

    pub(super) fn announce(&mut self, stay: StayId, tracks: Vec<AnnouncedTrack>) {
        self.tracks.insert(stay, tracks);
    }

    pub(super) fn tracks_of(&self, stay: StayId) -> &[AnnouncedTrack] {
        self.tracks.get(&stay).map_or(&[], Vec::as_slice)
    }

    /// When this client first saw the stay, in its own monotonic milliseconds.
    pub(super) fn since(&self, stay: StayId) -> u64 {
        self.since.get(&stay).copied().unwrap_or_default()
    }

    /// Somebody came in, who has not heard what was said. A crowd hears it once.
    pub(super) fn introduce_later(&mut self, now_ms: u64, rank: u64) {
        let stagger = rank.saturating_mul(INTRODUCE_STAGGER_MS);
        let wait = INTRODUCE_AFTER_MS.saturating_add(stagger).min(INTRODUCE_LATEST_MS);
        self.introduce_at.get_or_insert(now_ms.saturating_add(wait));
    }

    /// Whether it is time for this member to introduce itself; asked once.
    pub(super) fn introduces(&mut self, now_ms: u64) -> bool {
        let due = self.introduce_at.is_some_and(|at| at <= now_ms);
        if due {
            self.introduce_at = None;
        }
        due
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.introduce_at
    }

    /// Everything that tells two rooms apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        use sha2::Digest as _;
        let Self { hands, tracks, since, introduce_at } = self;
        hash.update(format!("{hands:?} {tracks:?} {since:?} {introduce_at:?}"));
    }
}
