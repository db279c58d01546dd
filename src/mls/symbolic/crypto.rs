//! What stands for cryptography: hashes, and sealing that only this folder can undo without a key.

#![cfg(test)]

use sha2::{Digest as _, Sha256};

pub(super) type Key = [u8; 32];

/// The longest export of the real engine's suite, in bytes.
const LONGEST: usize = 255 * 32;
/// A public key is its private key behind this.
const MASK: Key = [0x5a; 32];

/// A hash of labelled parts; no two lists of parts give one input.
pub(super) fn hash(label: &str, parts: &[&[u8]]) -> Key {
    let mut hash = Sha256::new_with_prefix([label.len() as u8]);
    hash.update(label);
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// `length` bytes that follow from a secret, or nothing if the suite has not as many.
pub(super) fn expand(secret: &Key, label: &str, context: &[u8], length: usize) -> Option<Vec<u8>> {
    if length > LONGEST {
        return None;
    }
    let block = |number: u32| hash(label, &[secret, context, &number.to_be_bytes()]);
    let mut bytes: Vec<u8> = (0..).take(length.div_ceil(32)).flat_map(block).collect();
    bytes.truncate(length);
    Some(bytes)
}

/// One secret of another.
pub(super) fn derive(secret: &Key, label: &str) -> Key {
    hash(label, &[secret])
}

pub(super) fn public_key(private_key: &Key) -> Key {
    std::array::from_fn(|at| private_key[at] ^ MASK[at])
}

/// Whether anything can be sealed to this key.
pub(super) fn is_usable(public_key: &Key) -> bool {
    *public_key != [0; 32]
}

/// Seals to the owner of a public key.
pub(super) fn seal_to(recipient: &Key, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    // The mask is its own inverse.
    seal(&public_key(recipient), context, plaintext)
}

/// Seals under a key: the plaintext behind a stream, and a tag of 32 bytes.
pub(super) fn seal(key: &Key, context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let tag = hash("tag", &[key, context, plaintext]);
    [stream(key, context, plaintext), tag.to_vec()].concat()
}

/// Opens what [`seal`] sealed, or with a private key what [`seal_to`] sealed.
pub(super) fn open(key: &Key, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (hidden, tag) = sealed.split_at_checked(sealed.len().checked_sub(32)?)?;
    let plaintext = stream(key, context, hidden);
    (hash("tag", &[key, context, &plaintext]) == tag).then_some(plaintext)
}

fn stream(key: &Key, context: &[u8], bytes: &[u8]) -> Vec<u8> {
    let block = |at: usize| hash("stream", &[key, context, &at.to_be_bytes()]);
    let hide = |(at, chunk): (usize, &[u8])| {
        chunk.iter().zip(block(at)).map(|(byte, key)| byte ^ key).collect::<Vec<u8>>()
    };
    bytes.chunks(32).enumerate().flat_map(hide).collect()
}
