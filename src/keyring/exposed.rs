//! The media keys, for tests that look for them where they must not be.

use super::ring::Keyring;
use crate::secret::Exposed;

impl Keyring {
    /// Of each epoch that is kept: what its base keys became, and the key and salt of every slot.
    pub(crate) fn expose(&self, into: &mut Exposed) {
        for kept in &self.view.load().kept {
            let kids = kept.epoch.kids();
            kept.epoch.with_base_keys(|base_key| {
                into.push(("an epoch's SFrame secret", base_key.exposed()));
                for (key, salt) in kids.iter().flat_map(|kid| base_key.key_and_salt(*kid)) {
                    into.push(("a sender's key", key));
                    into.push(("a sender's salt", salt.to_vec()));
                }
            });
        }
    }
}
