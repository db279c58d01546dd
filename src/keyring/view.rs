//! What media threads see: the epochs kept at one moment. A view never changes; an install or a
//! sweep makes the next one and swaps it in.

use std::sync::Arc;

use super::epoch::{Epoch, Leaf};
use super::kid::low_bits;
use super::open::OpenRefusal;
use super::ring::EpochInstall;
use incamera_wire::TrackKinds;

/// SPEC \[K7\]: how long the keys of an old epoch live after a removal, in milliseconds.
const KEPT_AFTER_REMOVAL_MS: u64 = 2_000;
/// SPEC \[K7\]: how long they live otherwise, in milliseconds.
const KEPT_MS: u64 = 10_000;
/// SPEC \[K7\]: how many old epochs are kept at most.
const MAX_OLD_EPOCHS: usize = 64;
/// SPEC \[M5\]: how far ahead of the newest epoch a frame may be and still wait for its key.
const MAX_AHEAD: u8 = 32;
/// Epochs this far behind the newest are dropped: their low 8 bits may come to mean one ahead.
const MAX_BEHIND: u64 = 256 - MAX_AHEAD as u64;
/// SPEC \[M6\]: how long a sealer may stay in the epoch before an Add-only commit, in milliseconds.
pub(crate) const LINGER_MS: u64 = 150;

/// An epoch, and what the newest one has to say about it.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) epoch: Arc<Epoch>,
    /// SPEC \[M7\]: what each leaf (by position) may use under this epoch and under the newest.
    pub(super) allowed: Arc<[TrackKinds]>,
    /// When the epoch's keys are to be erased; `u64::MAX` for the newest.
    pub(super) expires_ms: u64,
}

/// How soon the step into an epoch takes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// SPEC \[M6\]: whether sealers may stay in the epoch before it for a moment.
    lingers: bool,
    /// SPEC \[K7\]: how long the epochs before it live, in milliseconds.
    lifetime_ms: u64,
}

impl Pace {
    /// What the commit into this epoch calls for.
    pub(super) const fn of(install: &EpochInstall) -> Self {
        // SPEC [M6]: after an Add alone. Any other commit may have taken a member or a right away.
        let lingers = install.adds && !install.removes;
        let lifetime_ms = if install.removes { KEPT_AFTER_REMOVAL_MS } else { KEPT_MS };
        Self { lingers, lifetime_ms }
    }
}

/// The epochs kept, newest first.
#[derive(Clone, Default)]
pub(super) struct View {
    pub(super) kept: Vec<Kept>,
    /// SPEC \[M6\]: until when sealers stay in the epoch before the newest.
    pub(super) linger_until_ms: u64,
    /// Whether membership has ended.
    pub(super) ended: bool,
}

impl View {
    /// The newest epoch.
    pub(super) fn newest(&self) -> Option<&Kept> {
        self.kept.first()
    }

    /// The one epoch that `kid` can belong to. SPEC \[K2\], \[M4\]: found before anything else.
    #[inline(always)]
    pub(super) fn resolve(&self, kid: u64, now_ms: u64) -> Result<&Kept, OpenRefusal> {
        let low = low_bits(kid);
        // SPEC [M4]: at most one epoch kept has these low bits.
        if let Some(kept) = self.kept.iter().find(|kept| low_bits(kept.epoch.number) == low) {
            // SPEC [K7]: not even before the sweep comes round.
            return if now_ms < kept.expires_ms { Ok(kept) } else { Err(OpenRefusal::UnknownKey) };
        }
        let newest = self.newest().ok_or(OpenRefusal::UnknownKey)?.epoch.number;
        let ahead = low.wrapping_sub(low_bits(newest));
        // SPEC [M5]
        if !(1..=MAX_AHEAD).contains(&ahead) {
            return Err(OpenRefusal::UnknownKey);
        }
        let epoch = newest.checked_add(u64::from(ahead)).ok_or(OpenRefusal::UnknownKey)?;
        Err(OpenRefusal::Ahead { epoch })
    }

    /// The epoch to seal in. SPEC \[M6\]: the newest, or for a moment the one before it.
    #[inline(always)]
    pub(super) fn sealing(&self, now_ms: u64) -> Option<&Kept> {
        let lingering = now_ms < self.linger_until_ms;
        let before = self.kept.get(1).filter(|kept| lingering && now_ms < kept.expires_ms);
        before.or_else(|| self.newest())
    }

    /// The view after `epoch`, which follows the newest, and the epochs that it drops.
    pub(super) fn with(&self, epoch: Epoch, pace: Pace, now_ms: u64) -> (Self, Vec<Arc<Epoch>>) {
        let epoch = Arc::new(epoch);
        let allowed = epoch.leaves.iter().map(|leaf| leaf.kinds).collect();
        let mut next = Self {
            kept: vec![Kept { epoch: Arc::clone(&epoch), allowed, expires_ms: u64::MAX }],
            // SPEC [M6]: or at once, even for a media thread whose clock is a little behind.
            linger_until_ms: if pace.lingers { now_ms.saturating_add(LINGER_MS) } else { 0 },
            ended: false,
        };
        let changed = self.newest().map(|before| changed(&before.epoch, &epoch));
        let mut dropped = Vec::new();
        for old in &self.kept {
            let expires_ms = old.expires_ms.min(now_ms.saturating_add(pace.lifetime_ms));
            // SPEC [K2]: low bits that came back, or soon may, drop the old epoch.
            let near = epoch.number.saturating_sub(old.epoch.number) < MAX_BEHIND;
            if near && now_ms < expires_ms && next.kept.len() <= MAX_OLD_EPOCHS {
                let changed = changed.as_deref().unwrap_or_default();
                let allowed = still_allowed(old, &epoch, changed);
                next.kept.push(Kept { epoch: Arc::clone(&old.epoch), allowed, expires_ms });
            } else {
                dropped.push(Arc::clone(&old.epoch));
            }
        }
        (next, dropped)
    }

    /// The view without the epochs that have expired, and these.
    pub(super) fn swept(&self, now_ms: u64) -> (Self, Vec<Arc<Epoch>>) {
        let (kept, expired): (Vec<_>, Vec<_>) =
            self.kept.iter().cloned().partition(|kept| now_ms < kept.expires_ms);
        (Self { kept, ..*self }, expired.into_iter().map(|kept| kept.epoch).collect())
    }

    /// When the next epoch expires.
    pub(super) fn next_expiry(&self) -> Option<u64> {
        self.kept.iter().map(|kept| kept.expires_ms).filter(|&at| at != u64::MAX).min()
    }
}

/// SPEC \[M7\]: what each leaf of `old` may use under both its epoch and `newest`, which differs from the
/// newest one until now in the leaves `changed`. A member keeps its leaf for the whole of its stay, so a
/// leaf that another stay holds by now has lost its member.
fn still_allowed(old: &Kept, newest: &Epoch, changed: &[u32]) -> Arc<[TrackKinds]> {
    let now = |leaf: &Leaf| {
        let current = newest.leaves.get(newest.position(leaf.index)?)?;
        (current.stay == leaf.stay).then(|| current.kinds.intersection(leaf.kinds))
    };
    let epoch = &old.epoch;
    let mut changed = changed.iter().filter_map(|index| epoch.position(*index)).peekable();
    if changed.peek().is_none() {
        return Arc::clone(&old.allowed);
    }
    let mut allowed = old.allowed.to_vec();
    for position in changed {
        if let (Some(allowed), Some(leaf)) = (allowed.get_mut(position), epoch.leaves.get(position))
        {
            *allowed = now(leaf).unwrap_or(TrackKinds::NONE);
        }
    }
    allowed.into()
}

/// The leaves, by index, that only one of two epochs has, or at which another sits or another right holds.
fn changed(before: &Epoch, after: &Epoch) -> Vec<u32> {
    let (mut changed, mut later) = (Vec::new(), after.leaves.iter().peekable());
    for leaf in &before.leaves {
        while let Some(new) = later.next_if(|new| new.index < leaf.index) {
            changed.push(new.index);
        }
        let same = |new: &Leaf| new.stay == leaf.stay && new.kinds == leaf.kinds;
        if !later.next_if(|new| new.index == leaf.index).is_some_and(same) {
            changed.push(leaf.index);
        }
    }
    changed.extend(later.map(|new| new.index));
    changed
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{epoch, keyring, stay};
    use super::*;
    use crate::sframe::{Backend, Suite};

    #[test]
    fn only_leaves_at_which_something_is_another_are_changed() {
        // SPEC [M7]
        let made = |leaves: &[u32], other: u32| {
            let mut install = epoch(1, 0, leaves, false);
            for leaf in install.leaves.iter_mut().filter(|leaf| leaf.0 == other) {
                leaf.1 = stay(99);
            }
            Epoch::new(Backend::of_new_keyrings(), Suite::AesGcm128Sha256_128, install).unwrap()
        };
        let before = made(&[0, 2, 4, 5, 8], 99);
        assert!(changed(&before, &made(&[0, 2, 4, 5, 8], 99)).is_empty());
        assert_eq!(changed(&before, &made(&[0, 1, 2, 4, 7, 8, 9, 10], 4)), [1, 4, 5, 7, 9, 10]);
        assert_eq!(changed(&before, &made(&[0], 99)), [2, 4, 5, 8]);
    }

    #[test]
    fn an_epoch_is_dropped_before_its_low_bits_may_mean_one_ahead() {
        // SPEC [K2]
        let kept = |later| {
            let keyring = keyring();
            keyring.install(epoch(1, 0, &[0], false), 0).unwrap();
            keyring.install(epoch(later, 0, &[0], false), 0).unwrap();
            keyring.view.load().kept.len()
        };
        assert_eq!([1 + 223, 1 + 224, 1 + 225].map(kept), [2, 1, 1]);
        // Nor is one kept that expires now.
        let keyring = keyring();
        for (number, now_ms) in [(1, 0), (2, 0), (3, KEPT_MS)] {
            keyring.install(epoch(number, 0, &[0], false), now_ms).unwrap();
        }
        let view = keyring.view.load();
        let numbers: Vec<u64> = view.kept.iter().map(|kept| kept.epoch.number).collect();
        assert_eq!(numbers, [3, 2]);
    }
}
