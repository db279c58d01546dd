//! What the ciphers of RustCrypto make of a key before its first frame and hold as long as it: round keys,
//! GHASH's key, the inner states of HMAC. Whoever has them does not need the key.

use aes::{Aes128Enc, Aes256Enc};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use hmac::Hmac;
use hmac::digest::KeyInit;
use sha2::{Sha256, Sha512};

use crate::memory;

/// What lies there is looked at in words of so many bytes, so that a counter beside a state is told from it, and
/// taken by twos: a round key, GHASH's key, half a state of SHA-256.
const WORD: usize = 8;

/// What is made of a sender's key, in pieces as they lie in memory, by the name of what made it.
pub(crate) fn of_a_senders_key(key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    match key.len() {
        16 => lasting::<Aes128Gcm>("a state of AES-128-GCM", key),
        // ChaCha20 makes nothing of the same key.
        32 => lasting::<Aes256Gcm>("a state of AES-256-GCM", key),
        48 => ctr::<Aes128Enc, Hmac<Sha256>>(key, 16),
        96 => ctr::<Aes256Enc, Hmac<Sha512>>(key, 32),
        len => panic!("no suite has keys of {len} bytes"),
    }
}

/// The key of AES-CTR and that of HMAC stand in a row.
fn ctr<C: KeyInit, M: KeyInit>(key: &[u8], encryption: usize) -> Vec<(&'static str, Vec<u8>)> {
    let (encryption, authentication) = key.split_at(encryption);
    let mut both = lasting::<C>("a state of AES-CTR", encryption);
    both.extend(lasting::<M>("a state of HMAC", authentication));
    both
}

/// The pieces that depend on the key and on nothing else.
fn lasting<T: KeyInit>(name: &'static str, key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let blank = vec![0; key.len()];
    let [one, same, other] = [key, key, &blank].map(|key| {
        let state = Box::new(T::new_from_slice(key).unwrap());
        memory::of(&*state)
    });
    let words = |state: &[u8]| -> Vec<u64> {
        let word = |word: &[u8]| u64::from_ne_bytes(word.try_into().unwrap());
        state.chunks_exact(WORD).map(word).collect()
    };
    let [one, same, other] = [one, same, other].map(|state| words(&state));
    let depends = |at: &usize| one[*at] == same[*at] && one[*at] != other[*at];
    let places: Vec<usize> = (0..one.len()).filter(depends).collect();
    let in_a_row = places.chunk_by(|before, after| before + 1 == *after);
    let pairs = in_a_row.flat_map(|row| row.chunks_exact(2));
    pairs.map(|pair| (name, pair.iter().flat_map(|at| one[*at].to_ne_bytes()).collect())).collect()
}

#[test]
fn what_ciphers_make_of_keys_is_known_by_the_key() {
    let [key, other] = [7, 8].map(|seed| crate::scene::bytes(seed, 1).repeat(3));
    for (len, least) in [(16, 11 + 1), (32, 15 + 1), (48, 11 + 2 + 2), (96, 15 + 4 + 4)] {
        let [made, again, others] = [&key, &key, &other].map(|key| of_a_senders_key(&key[..len]));
        // Round keys, and what GHASH or both halves of HMAC begin with.
        assert!(made.len() >= least, "{} pieces of {len} bytes", made.len());
        assert_eq!(made, again);
        assert!(made.iter().all(|piece| !others.contains(piece)));
    }
}
