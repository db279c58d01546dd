//! Bytes under way.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// Bytes under way, told apart by their hash.
#[derive(Clone)]
pub(super) struct Parcel {
    pub(super) id: u64,
    pub(super) bytes: Arc<Vec<u8>>,
}

impl Parcel {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        let id = u64::from_be_bytes(hash[..8].try_into().unwrap());
        Self { id, bytes: Arc::new(bytes) }
    }

    pub(super) fn copy(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }
}

impl PartialEq for Parcel {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Parcel {}

impl Hash for Parcel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.id)
    }
}
