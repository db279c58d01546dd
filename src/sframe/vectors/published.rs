//! The published vectors: RFC 9605 Appendix C and draft-barnes-sframe-iana-256.

use incamera_wire::FrameHeader;

use super::{Case, SUITES, cases, everything};
use crate::sframe::Suite;
use crate::sframe::backend::{Backend, Nonce, expand, extract};
use crate::sframe::cipher::Cipher;
use crate::sframe::key::{BaseKey, FrameKey};
use crate::sframe::sealing::SealingKey;

const RFC: &str = include_str!("../../../tests/vectors/sframe/rfc9605-test-vectors.json");
const MAIN: &str = include_str!("../../../tests/vectors/sframe/wg-main-test-vectors.json");
const AES_256: &str =
    include_str!("../../../tests/vectors/sframe/draft-barnes-iana256-aes256-ctr-hmac.json");

/// All eight whole-frame vectors, five of them twice.
fn frames() -> Vec<Case> {
    let mut all = cases(RFC, "sframe", 5);
    all.extend(cases(MAIN, "sframe", 5));
    all.extend(cases(AES_256, "sframe_aes_256_ctr_hmac", 3));
    all
}

#[test]
fn every_published_frame_seals_and_opens() {
    // SPEC [M1]
    for case in frames() {
        case.seals_and_opens();
    }
}

#[test]
fn every_published_key_and_salt_follows_from_the_published_secret() {
    for case in frames() {
        let suite = case.suite();
        let labels = ["sframe_key_label", "sframe_salt_label"].map(|name| case.bytes(name));
        let (mut key, mut salt) = (vec![0; suite.key_len()], [0; Suite::NONCE_LEN]);
        let outputs: [(&[&[u8]], &mut [u8]); 2] =
            [(&[&labels[0]], &mut key), (&[&labels[1]], &mut salt)];
        let secret = extract(suite.hash(), &case.bytes("base_key"));
        assert_eq!(secret.expose()[..suite.hash().len()], case.bytes("sframe_secret"));
        expand(suite.hash(), secret.expose(), outputs).unwrap();
        assert_eq!(key, case.bytes("sframe_key"));
        assert_eq!(salt[..], case.bytes("sframe_salt"));
        for &backend in Backend::ALL {
            let base_key = BaseKey::new(backend, suite, &case.bytes("base_key"));
            assert_eq!(base_key.exposed(), case.bytes("sframe_secret"));
            assert_eq!(base_key.key_and_salt(case.number("kid")).unwrap(), (key.clone(), salt));
        }
    }
}

#[test]
fn every_published_ctr_hmac_case_seals_and_opens() {
    let mut all = cases(RFC, "aes_ctr_hmac", 3);
    all.extend(cases(MAIN, "aes_ctr_hmac", 3));
    all.extend(cases(MAIN, "aes_256_ctr_hmac", 3));
    let cases =
        all.iter().flat_map(|case| Backend::ALL.iter().map(move |backend| (case, *backend)));
    for (case, backend) in cases {
        let [aad, plaintext, sealed] = ["aad", "pt", "ct"].map(|name| case.bytes(name));
        let nonce = Nonce::new(case.bytes("nonce").try_into().unwrap());
        let key = case.bytes("key");
        let (ciphertext, tag) = sealed.split_at(plaintext.len());
        let (mut text, mut made) = (plaintext.clone(), tag.to_vec());
        made.fill(0);
        let cipher = Cipher::new(backend, case.suite(), &key).unwrap();
        cipher.seal(nonce, &aad, &plaintext, &mut text, &mut made).unwrap();
        assert_eq!((&text[..], &made[..]), (ciphertext, tag));
        let mut text = plaintext.clone();
        made.fill(0);
        cipher.seal_in_place(nonce, &aad, &mut text, &mut made).unwrap();
        assert_eq!((&text[..], &made[..]), (ciphertext, tag));
        let cipher = Cipher::new(backend, case.suite(), &key).unwrap();
        cipher.open(nonce, &aad, ciphertext, tag, &mut text).unwrap();
        assert_eq!(text, plaintext);
    }
}

#[test]
fn a_frame_with_any_bit_flipped_is_refused() {
    // SPEC [M1] [W7]
    for case in frames() {
        Backend::ALL.iter().for_each(|&backend| case.refuses_every_flipped_bit(backend));
    }
}

#[test]
fn without_metadata_a_header_of_other_bytes_is_refused() {
    // SPEC [M1]: the key and the counter alone do not make the frame: the bytes of the header do.
    for (suite, backend) in everything() {
        let base_key = BaseKey::new(backend, suite, &[1; 16]);
        let key = FrameKey::derive(&base_key, 9).unwrap();
        let sealing = SealingKey::derive(&base_key, 9).unwrap();
        let mut frame = Vec::new();
        sealing.after(300).seal(b"", b"hello", &mut frame).unwrap();
        let (header, body) = frame.split_at(FrameHeader { kid: 9, ctr: 300 }.encoded_len());
        let mut out = Vec::new();
        for bit in 0..header.len() * 8 {
            let mut flipped = header.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(&flipped, 300, b"", body, &mut out).is_err());
        }
        assert!(key.open(b"", 300, b"", body, &mut out).is_err());
        key.open(header, 300, b"", body, &mut out).unwrap();
        assert_eq!(out, b"hello");
    }
}

#[test]
fn a_frame_cut_short_or_grown_is_refused() {
    // SPEC [M1]
    for case in frames() {
        let [metadata, frame] = ["metadata", "ct"].map(|name| case.bytes(name));
        let grown = [&frame[..], &[0]].concat();
        for &backend in Backend::ALL {
            for len in 0..frame.len() {
                assert_eq!(case.open(backend, &frame[..len], &metadata), None, "cut to {len}");
            }
            assert_eq!(case.open(backend, &grown, &metadata), None);
        }
    }
}

#[test]
fn every_suite_has_its_sizes() {
    let sizes = [(48, 10), (48, 8), (48, 4), (16, 16), (32, 16), (96, 10), (96, 8), (96, 4)];
    let registered = (1..).zip(sizes).map(|(id, (key_len, tag_len))| (id, key_len, tag_len));
    let expected: Vec<_> = registered.chain([(0xf001, 32, 16)]).collect();
    let ours = SUITES.map(|suite| (suite.id(), suite.key_len(), suite.tag_len()));
    assert_eq!(ours[..], expected);
    assert_eq!(SUITES.map(Suite::key_len).into_iter().max(), Some(Suite::MAX_KEY_LEN));
    let of_profiles = SUITES.map(|suite| Suite::of_profiles(suite.id()) == Some(suite));
    assert_eq!(of_profiles.map(u8::from), [1, 0, 0, 1, 1, 1, 0, 0, 1]);
    assert_eq!(Suite::of_profiles(0), None);
    for (suite, backend) in everything() {
        let key = FrameKey::derive(&BaseKey::new(backend, suite, &[1; 16]), 9).unwrap();
        let [gcm_128, gcm_256] = [Suite::AesGcm128Sha256_128, Suite::AesGcm256Sha512_128];
        let whole = [gcm_128, gcm_256, Suite::ChaCha20Poly1305Sha256_128].contains(&suite);
        assert_eq!(key.has_short_tag(), !whole, "{suite:?}");
    }
}

#[test]
fn an_empty_frame_seals_and_opens_in_every_suite() {
    for (suite, backend) in everything() {
        let base_key = BaseKey::new(backend, suite, &[1; 16]);
        let key = FrameKey::derive(&base_key, 0).unwrap();
        let mut sealing = SealingKey::derive(&base_key, 0).unwrap();
        let mut out = Vec::new();
        sealing.seal(b"", b"", &mut out).unwrap();
        assert_eq!(out.len(), 1 + suite.tag_len());
        key.open(&out[..1], 0, b"", &out[1..], &mut Vec::new()).unwrap();
    }
}
