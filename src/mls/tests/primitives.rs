//! Wycheproof's cases through the primitives as the engine calls them.

use openmls_traits::crypto::OpenMlsCrypto as _;
use openmls_traits::types::{AeadType, HashType, SignatureScheme};

use super::super::provider::Crypto;
use super::*;
use crate::wycheproof;

fn crypto() -> Crypto {
    Crypto::new(&entropy(1), Profile::Standard)
}

#[test]
fn every_signature_of_wycheproof_verifies_as_it_says() {
    // SPEC [I1]
    let crypto = crypto();
    let (mut valid, mut invalid) = (0, 0);
    for case in wycheproof::cases(wycheproof::ED25519) {
        let [text, signature] = ["msg", "sig"].map(|name| case.bytes(name));
        let key = case.group_key();
        let verified = crypto.verify_signature(SignatureScheme::ED25519, &text, &key, &signature);
        let verifies = verified.is_ok();
        assert_eq!((verifies, !verifies), (case.is_valid(), case.is_invalid()), "{case}");
        *if verifies { &mut valid } else { &mut invalid } += 1;
    }
    assert_eq!((valid, invalid), (88, 63));
}

#[test]
fn every_case_of_hkdf_and_hmac_comes_out_as_wycheproof_says() {
    // The suites of all profiles have SHA-256.
    let crypto = crypto();
    let (mut derived, mut refused) = (0, 0);
    for case in wycheproof::cases(wycheproof::HKDF_SHA256) {
        let [secret, salt, info] = ["ikm", "salt", "info"].map(|name| case.bytes(name));
        let extracted = crypto.hkdf_extract(HashType::Sha2_256, &salt, &secret).unwrap();
        let len = case.number("size");
        let made = crypto.hkdf_expand(HashType::Sha2_256, extracted.as_slice(), &info, len);
        let made = made.ok().map(|made| made.as_slice().to_vec());
        assert_eq!(made, case.is_valid().then(|| case.bytes("okm")), "{case}");
        *if case.is_valid() { &mut derived } else { &mut refused } += 1;
    }
    assert_eq!((derived, refused), (83, 3));
    let (mut valid, mut invalid) = (0, 0);
    for case in wycheproof::cases(wycheproof::HMAC_SHA256) {
        let [key, text, tag] = ["key", "msg", "tag"].map(|name| case.bytes(name));
        let code = crypto.hmac(HashType::Sha2_256, &key, &text).unwrap();
        let is_it = code.as_slice().starts_with(&tag);
        assert_eq!((is_it, !is_it), (case.is_valid(), case.is_invalid()), "{case}");
        *if is_it { &mut valid } else { &mut invalid } += 1;
    }
    assert_eq!((valid, invalid), (66, 108));
}

#[test]
fn every_case_of_the_suites_aeads_comes_out_as_wycheproof_says() {
    let crypto = crypto();
    // Beside those run: keys of other lengths, which no profile's suite has, and nonces of other
    // lengths, which the engine does not make.
    for (file, of, counts) in [
        (wycheproof::AES_GCM, AeadType::Aes128Gcm, (40, 27, 249)),
        (wycheproof::CHACHA20_POLY1305, AeadType::ChaCha20Poly1305, (256, 60, 9)),
    ] {
        let (mut valid, mut invalid, mut others) = (0, 0, 0);
        for case in wycheproof::cases(file) {
            let [key, nonce, aad] = ["key", "iv", "aad"].map(|name| case.bytes(name));
            let key_len = if of == AeadType::Aes128Gcm { 16 } else { 32 };
            if key.len() != key_len || nonce.len() != 12 {
                others += 1;
                continue;
            }
            let [text, sealed, tag] = ["msg", "ct", "tag"].map(|name| case.bytes(name));
            let sealed = [sealed, tag].concat();
            let opened = crypto.aead_decrypt(of, &key, &sealed, &nonce, &aad).ok();
            if case.is_invalid() {
                assert_eq!(opened, None, "{case}");
                invalid += 1;
                continue;
            }
            assert!(case.is_valid(), "{case}");
            assert_eq!(opened.as_ref(), Some(&text), "{case}");
            let made = crypto.aead_encrypt(of, &key, &text, &nonce, &aad).unwrap();
            assert_eq!(made, sealed, "{case}");
            valid += 1;
        }
        assert_eq!((valid, invalid, others), counts, "{of:?}");
    }
}
