//! One's own leaf key, as the MLS engine wants to use it.

use std::sync::Arc;

use ed25519_dalek::{Signer as _, SigningKey};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;

/// Signs with the Ed25519 key of one stay. The engine's store never holds the key.
#[derive(Clone)]
pub(super) struct LeafSigner(Arc<SigningKey>);

impl LeafSigner {
    /// A signer with this key.
    pub(super) fn new(key: &Arc<SigningKey>) -> Self {
        Self(Arc::clone(key))
    }

    /// Another holder of the key.
    pub(super) fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.0)
    }

    /// The private key, to be saved with the group.
    pub(super) fn secret_key(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public key.
    pub(super) fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The signature of `message` as it is, without a label.
    pub(super) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl Signer for LeafSigner {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.sign_bytes(payload).into())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}
