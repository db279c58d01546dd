//! A digest of all state, so that tests can say that nothing has changed.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};

use super::epoch::Epoch;
use super::ring::Keyring;

impl Keyring {
    /// A digest over epochs, expiry, rights, counters, windows, leases and what sealing needs.
    /// A counter that was never used counts as one that is not there.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let view = self.view.load();
        hash.update([u8::from(view.ended), self.gate.load(Ordering::Acquire)]);
        hash.update(self.seal_until_ms.load(Ordering::Acquire).to_be_bytes());
        hash.update(view.linger_until_ms.to_be_bytes());
        for track in self.leased.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            hash.update(track.context().to_be_bytes());
        }
        for kept in &view.kept {
            hash.update(b"epoch");
            hash.update(kept.expires_ms.to_be_bytes());
            hash.update(format!("{:?}", kept.allowed));
            kept.epoch.digest(&mut hash);
        }
        hash.finalize().into()
    }
}

impl Epoch {
    fn digest(&self, hash: &mut Sha256) {
        hash.update(self.number.to_be_bytes());
        hash.update([u8::from(self.is_erased())]);
        let mut own: Vec<_> = self
            .own_slots
            .iter()
            .map(|(track, slot)| (track.context(), slot.lock().as_ref().map(|key| key.next())))
            .filter(|(_, next)| *next != Some(0))
            .collect();
        own.sort_unstable();
        hash.update(format!("{own:?}"));
        for leaf in &self.leaves {
            let mut windows: Vec<_> = leaf
                .slots
                .iter()
                .map(|(track, slot)| {
                    (track.context(), slot.lock().as_ref().map(|key| key.window_bytes()))
                })
                .collect();
            windows.sort_unstable();
            hash.update(format!("{}{:?}{windows:?}", leaf.index, leaf.stay));
        }
    }
}
