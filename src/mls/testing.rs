//! What tests against another implementation are given of a group (feature `testing`).

use openmls_traits::OpenMlsProvider as _;
use zeroize::Zeroizing;

use super::group::Group;
use super::store::{Label, decode_exactly, record_key};
use super::tree;

impl Group {
    /// The exporter secret of the current epoch (RFC 9420 §8), which the engine keeps and does not show.
    pub(crate) fn exporter_secret(&self) -> Option<Zeroizing<Vec<u8>>> {
        let key = record_key(Label::EpochSecrets, self.mls.group_id()).ok()?;
        let stored = self.provider.storage().bytes(&key)?;
        // Init secret, exporter secret, authenticator, external secret, resumption PSK.
        let [_, exporter_secret, ..]: [Vec<u8>; 5] = decode_exactly(&stored).ok()?;
        Some(Zeroizing::new(exporter_secret))
    }

    /// The encoded ratchet tree of the current epoch.
    pub(crate) fn ratchet_tree(&self) -> Option<Vec<u8>> {
        tree::encoded(self.mls.public_group().treesync())
    }

    /// The private key of one's own leaf.
    pub(crate) fn leaf_secret(&self) -> [u8; 32] {
        *self.signer.secret_key()
    }
}
