//! SHA-256, as certificates, blobs and messages are named by it.

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    // It has 32 bytes (FIPS 180-4).
    hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, byte)| *to = *byte);
    hash
}
