//! Wycheproof's cases through the ciphers of frames, by every library.

use super::super::backend::{self, Aead, Aes, Algorithm, Backend, Hash, Mac, Nonce, Refused};
use crate::wycheproof::{self, Case};

/// What became of the cases of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Sealed and opened by every library, as the file says.
    valid: usize,
    /// Refused by every library, as the file says.
    invalid: usize,
    /// Of a key of 24 bytes, which no suite has: every library refuses it.
    other_key: usize,
    /// Of a nonce that has not 12 bytes: [`Nonce`] cannot hold it.
    other_nonce: usize,
}

/// Runs every case of an AEAD's file; `algorithm` gives that of a key's length in bytes.
fn run_aead(file: &str, algorithm: impl Fn(usize) -> Option<Algorithm>) -> Tally {
    let mut tally = Tally::default();
    for case in wycheproof::cases(file) {
        let key = case.bytes("key");
        let Some(algorithm) = algorithm(key.len()) else {
            for (backend, aes) in both_sizes() {
                assert!(Aead::new(backend, Algorithm::Gcm(aes), &key).is_err(), "{case}");
            }
            tally.other_key += 1;
            continue;
        };
        let Ok(nonce) = case.bytes("iv").try_into() else {
            tally.other_nonce += 1;
            continue;
        };
        for &backend in Backend::ALL {
            check_aead(&case, &Aead::new(backend, algorithm, &key).unwrap(), Nonce::new(nonce));
        }
        assert_ne!(case.is_valid(), case.is_invalid(), "{case}");
        *if case.is_valid() { &mut tally.valid } else { &mut tally.invalid } += 1;
    }
    tally
}

fn both_sizes() -> impl Iterator<Item = (Backend, Aes)> {
    let sizes = [Aes::Bits128, Aes::Bits256];
    Backend::ALL.iter().flat_map(move |backend| sizes.map(|aes| (*backend, aes)))
}

fn check_aead(case: &Case, aead: &Aead, nonce: Nonce) {
    let [aad, text, sealed, tag] = ["aad", "msg", "ct", "tag"].map(|name| case.bytes(name));
    let mut out = vec![9; sealed.len()];
    let opened = aead.open(nonce, &aad, &sealed, &tag, &mut out);
    if case.is_invalid() {
        assert_eq!((opened, out), (Err(Refused), vec![0; sealed.len()]), "{case}");
        return;
    }
    assert_eq!((opened, &out), (Ok(()), &text), "{case}");
    let (mut out, mut made) = (vec![9; text.len()], [9; 16]);
    aead.seal(nonce, &aad, &text, &mut out, &mut made).unwrap();
    assert_eq!((&out, &made[..]), (&sealed, &tag[..]), "{case}");
    let (mut out, mut made) = (text, [9; 16]);
    aead.seal_in_place(nonce, &aad, &mut out, &mut made).unwrap();
    assert_eq!((out, &made[..]), (sealed, &tag[..]), "{case}");
}

#[test]
fn aes_gcm_comes_out_as_wycheproof_says() {
    let tally = run_aead(wycheproof::AES_GCM, |key_len| match key_len {
        16 => Some(Algorithm::Gcm(Aes::Bits128)),
        32 => Some(Algorithm::Gcm(Aes::Bits256)),
        _ => None,
    });
    assert_eq!(tally, Tally { valid: 79, invalid: 54, other_key: 103, other_nonce: 80 });
}

#[test]
fn chacha20_poly1305_comes_out_as_wycheproof_says() {
    let tally = run_aead(wycheproof::CHACHA20_POLY1305, |_| Some(Algorithm::ChaCha20Poly1305));
    assert_eq!(tally, Tally { valid: 256, invalid: 60, other_key: 0, other_nonce: 9 });
}

#[test]
fn hmac_comes_out_as_wycheproof_says() {
    for (file, hash) in
        [(wycheproof::HMAC_SHA256, Hash::Sha256), (wycheproof::HMAC_SHA512, Hash::Sha512)]
    {
        let (mut valid, mut invalid) = (0, 0);
        for case in wycheproof::cases(file) {
            let [key, text, tag] = ["key", "msg", "tag"].map(|name| case.bytes(name));
            assert_eq!(tag.len() * 8, case.number("tagSize"));
            let (one, other) = text.split_at(text.len() / 2);
            for &backend in Backend::ALL {
                let mac = Mac::new(backend, hash, &key).unwrap();
                let is_it = mac.code(&[one, b"", other], |code| code[..tag.len()] == tag);
                assert_eq!(is_it, case.is_valid(), "{case} {backend:?}");
                assert_ne!(is_it, case.is_invalid(), "{case} {backend:?}");
            }
            *if case.is_valid() { &mut valid } else { &mut invalid } += 1;
        }
        assert_eq!((valid, invalid), (66, 108), "{hash:?}");
    }
}

/// HKDF-Expand over `extracted`; `None` if it is refused.
fn expand(hash: Hash, extracted: &[u8], info: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut whole = [0; backend::MAX_HASH_LEN];
    whole[..extracted.len()].copy_from_slice(extracted);
    let mut out = vec![9; len];
    let outputs: [(&[&[u8]], &mut [u8]); 1] = [(&[info], &mut out)];
    backend::expand(hash, &whole, outputs).ok().map(|()| out)
}

#[test]
fn hkdf_comes_out_as_wycheproof_says() {
    for (file, hash, counts) in [
        (wycheproof::HKDF_SHA256, Hash::Sha256, (83, 3, 23)),
        (wycheproof::HKDF_SHA512, Hash::Sha512, (80, 3, 22)),
    ] {
        let (mut valid, mut invalid, mut without_salt) = (0, 0, 0);
        for case in wycheproof::cases(file) {
            let [secret, salt, info] = ["ikm", "salt", "info"].map(|name| case.bytes(name));
            let expected = case.is_valid().then(|| case.bytes("okm"));
            let len = case.number("size");
            // RFC 5869 §2.2: HKDF-Extract is HMAC under the salt.
            for &backend in Backend::ALL {
                let mac = Mac::new(backend, hash, &salt).unwrap();
                let made = mac.code(&[&secret], |extracted| expand(hash, extracted, &info, len));
                assert_eq!(made, expected, "{case} {backend:?}");
            }
            // Frame keys are extracted without a salt.
            if salt.is_empty() {
                let extracted = backend::extract(hash, &secret);
                let made = expand(hash, &extracted.expose()[..hash.len()], &info, len);
                assert_eq!(made, expected, "{case}");
                without_salt += 1;
            }
            assert_ne!(case.is_valid(), case.is_invalid(), "{case}");
            *if case.is_valid() { &mut valid } else { &mut invalid } += 1;
        }
        assert_eq!((valid, invalid, without_salt), counts, "{hash:?}");
    }
}
