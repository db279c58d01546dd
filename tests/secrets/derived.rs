//! What the ciphers of RustCrypto make of a key before its first frame and hold as long as it: round keys,
//! GHASH's key, the inner states of HMAC. Whoever has them does not need the key.

use aes::Aes128Enc;
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use hmac::Hmac;
use hmac::digest::KeyInit;
use sha2::Sha256;

use crate::memory;

/// What lies there is cut into pieces of so many bytes: a round key, GHASH's key, half a state of SHA-256.
const PIECE: usize = 16;

/// The first bytes of a key of AES-CTR with HMAC are that of AES.
const CTR_KEY_LEN: usize = 16;

/// What is made of a sender's key, in pieces as they lie in memory, by the name of what made it.
pub(crate) fn of_a_senders_key(key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    match key.len() {
        16 => lasting::<Aes128Gcm>("a state of AES-128-GCM", key),
        // ChaCha20 makes nothing of the same key.
        32 => lasting::<Aes256Gcm>("a state of AES-256-GCM", key),
        48 => {
            let (encryption, authentication) = key.split_at(CTR_KEY_LEN);
            let mut both = lasting::<Aes128Enc>("a state of AES-128-CTR", encryption);
            both.extend(lasting::<Hmac<Sha256>>("a state of HMAC", authentication));
            both
        }
        len => panic!("no suite has keys of {len} bytes"),
    }
}

/// The pieces that depend on the key and on nothing else.
fn lasting<T: KeyInit>(name: &'static str, key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let blank = vec![0; key.len()];
    let [one, same, other] = [key, key, &blank].map(|key| {
        let state = Box::new(T::new_from_slice(key).unwrap());
        memory::of(&*state)
    });
    let pieces = one.chunks_exact(PIECE).zip(same.chunks_exact(PIECE));
    let pieces = pieces.zip(other.chunks_exact(PIECE));
    let depends = pieces.filter(|((one, same), other)| one == same && one != other);
    depends.map(|((piece, _), _)| (name, piece.to_vec())).collect()
}

#[test]
fn what_ciphers_make_of_keys_is_known_by_the_key() {
    let [key, other] = [7, 8].map(|seed| crate::scene::bytes(seed, 1).repeat(2));
    for (len, least) in [(16, 11 + 1), (32, 15 + 1), (48, 11 + 2 + 2)] {
        let [made, again, others] = [&key, &key, &other].map(|key| of_a_senders_key(&key[..len]));
        // Round keys, and what GHASH or both halves of HMAC begin with.
        assert!(made.len() >= least, "{} pieces of {len} bytes", made.len());
        assert_eq!(made, again);
        assert!(made.iter().all(|piece| !others.contains(piece)));
    }
}
