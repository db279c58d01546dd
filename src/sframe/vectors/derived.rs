//! Our own known answers, computed by an independent program (tests/vectors/sframe/SOURCES.md).

use serde_json::Value;

use super::{Case, cases, hex};
use crate::sframe::Suite;
use crate::sframe::backend::{self, Aead, Algorithm, Backend, Hash, Mac, Nonce};
use crate::sframe::cipher::Cipher;

const DERIVED: &str = include_str!("../../../tests/vectors/sframe/derived-kats.json");

/// The sections that tests of this file run, and the test that does.
const RUN_HERE: [(&str, fn()); 4] = [
    ("ratchet", the_derivation_reproduces_the_ratchet),
    ("ssrc_key", the_derivation_reproduces_the_keys_per_ssrc),
    ("chacha_sha256", the_private_suite_reproduces_its_frame),
    ("chacha_sha512", the_private_suite_is_not_the_one_with_sha512),
];

/// The sections that other modules run, and how many cases they find there: `keyring::kid`, and
/// `sframe_header` of `incamera-wire`.
const RUN_ELSEWHERE: [(&str, usize); 2] = [("mls_kid", 9), ("header_must_reject", 9)];

/// The one case of a section that is no list.
fn case(section: &str) -> Case {
    let vectors: Value = serde_json::from_str(DERIVED).unwrap();
    Case(vectors[section].clone())
}

/// HKDF-Extract (RFC 5869 §2.2) from HMAC alone, not from a library's HKDF.
fn extract(backend: Backend, hash: Hash, salt: &[u8], secret: &[u8]) -> Vec<u8> {
    Mac::new(backend, hash, salt).unwrap().code(&[secret], <[u8]>::to_vec)
}

/// The first block of HKDF-Expand (RFC 5869 §2.3), cut to `len` bytes.
fn expand(backend: Backend, hash: Hash, extracted: &[u8], label: &[u8], len: usize) -> Vec<u8> {
    assert!(len <= hash.len());
    Mac::new(backend, hash, extracted).unwrap().code(&[label, &[1]], |code| code[..len].to_vec())
}

/// The steps from base key to nonce, by HMAC alone and by the back end's HKDF (RFC 9605 §4.4.2).
fn check_key_schedule(case: &Case, hash: Hash) {
    let [base_key, secret, key, salt, nonce] =
        ["base_key", "sframe_secret", "sframe_key", "sframe_salt", "nonce"].map(|n| case.bytes(n));
    let [kid, ctr] = ["kid", "ctr"].map(|name| case.number(name).to_be_bytes());
    let labels = [&b"SFrame 1.0 Secret key "[..], b"SFrame 1.0 Secret salt "]
        .map(|label| [label, &kid, &0xf001_u16.to_be_bytes()].concat());
    for &backend in Backend::ALL {
        assert_eq!(extract(backend, hash, &vec![0; hash.len()], &base_key), secret);
        assert_eq!(expand(backend, hash, &secret, &labels[0], 32), key);
        assert_eq!(expand(backend, hash, &secret, &labels[1], 12), salt);
    }
    let (mut made_key, mut made_salt) = ([0; 32], [0; 12]);
    let outputs: [(&[&[u8]], &mut [u8]); 2] =
        [(&[&labels[0]], &mut made_key), (&[&labels[1]], &mut made_salt)];
    backend::expand(hash, backend::extract(hash, &base_key).expose(), outputs).unwrap();
    assert_eq!((&made_key[..], &made_salt[..]), (&key[..], &salt[..]));
    let padded = [&[0; 4][..], &ctr].concat();
    let laid_over: Vec<u8> = salt.iter().zip(padded).map(|(salt, ctr)| salt ^ ctr).collect();
    assert_eq!(laid_over, nonce);
    let made_nonce = Nonce::new(made_salt).with(u64::from_be_bytes(ctr)).bytes();
    assert_eq!(made_nonce[..], nonce);
}

/// The header of the frame of `case`, then its ciphertext, then its tag.
fn parts(case: &Case) -> [Vec<u8>; 3] {
    let frame = case.bytes("ct");
    let (header, rest) = frame.split_at(frame.len() - case.bytes("pt").len() - 16);
    let (ciphertext, tag) = rest.split_at(rest.len() - 16);
    [header, ciphertext, tag].map(<[u8]>::to_vec)
}

/// What is under the tag of the frame of `case` beside its text. SPEC \[M1\]
fn associated_data(case: &Case) -> Vec<u8> {
    [&parts(case)[0][..], &case.bytes("metadata")].concat()
}

/// A section that nobody runs looks like a known answer and is none.
#[test]
fn every_section_is_run_by_a_test() {
    let vectors: Value = serde_json::from_str(DERIVED).unwrap();
    let mut tested: Vec<&str> = RUN_HERE.iter().map(|(name, _)| *name).collect();
    for (name, count) in RUN_ELSEWHERE {
        assert_eq!(vectors[name].as_array().unwrap().len(), count, "{name}");
        tested.push(name);
    }
    tested.sort_unstable();
    let all = vectors.as_object().unwrap().keys().map(String::as_str);
    let mut sections: Vec<&str> = all.filter(|name| *name != "note").collect();
    sections.sort_unstable();
    assert_eq!(sections, tested);
}

/// The ratchet of RFC 9605 §5.1 is used by no profile; its vectors check the derivation itself.
#[test]
fn the_derivation_reproduces_the_ratchet() {
    for case in cases(DERIVED, "ratchet", 4) {
        let hash = case.suite().hash();
        let mut base_key = case.bytes("base_key");
        let steps = case.0["steps"].as_array().unwrap();
        assert_eq!(steps.len(), 3);
        for step in steps {
            let mut next = vec![0; hash.len()];
            let outputs: [(&[&[u8]], &mut [u8]); 1] = [(&[b"SFrame 1.0 Ratchet"], &mut next)];
            backend::expand(hash, backend::extract(hash, &base_key).expose(), outputs).unwrap();
            assert_eq!(next, hex(step.as_str().unwrap()));
            base_key = next;
        }
    }
}

/// A key per SSRC, as the draft for RTP has it, is used by no profile and by nothing in `src/`.
#[test]
fn the_derivation_reproduces_the_keys_per_ssrc() {
    for case in cases(DERIVED, "ssrc_key", 4) {
        let hash = case.suite().hash();
        let ssrc = u32::try_from(case.number("ssrc")).unwrap().to_be_bytes();
        for &backend in Backend::ALL {
            let extracted = extract(backend, hash, &ssrc, &case.bytes("base_key"));
            let key = expand(backend, hash, &extracted, b"SFrame 1.0 RTP Stream", hash.len());
            assert_eq!(key, case.bytes("ssrc_key"));
        }
    }
}

#[test]
fn the_private_suite_reproduces_its_frame() {
    let case = case("chacha_sha256");
    assert_eq!(case.suite(), Suite::ChaCha20Poly1305Sha256_128);
    check_key_schedule(&case, case.suite().hash());
    let [_, ciphertext, tag] = parts(&case);
    let [key, plaintext] = ["sframe_key", "pt"].map(|name| case.bytes(name));
    let nonce = Nonce::new(case.bytes("nonce").try_into().unwrap());
    for &backend in Backend::ALL {
        let cipher = Cipher::new(backend, case.suite(), &key).unwrap();
        let (mut text, mut made) = (vec![0; plaintext.len()], [0; 16]);
        cipher.seal(nonce, &associated_data(&case), &plaintext, &mut text, &mut made).unwrap();
        assert_eq!((&text, &made[..]), (&ciphertext, &tag[..]));
    }
    case.seals_and_opens();
}

#[test]
fn a_frame_of_the_private_suite_with_any_bit_flipped_is_refused() {
    // SPEC [M1] [W7]
    let case = case("chacha_sha256");
    Backend::ALL.iter().for_each(|&backend| case.refuses_every_flipped_bit(backend));
}

/// The same cipher under the same number, but with keys by HKDF-SHA512, would be another suite.
#[test]
fn the_private_suite_is_not_the_one_with_sha512() {
    let case = case("chacha_sha512");
    check_key_schedule(&case, Hash::Sha512);
    let [header, ciphertext, tag] = parts(&case);
    let [metadata, plaintext, frame] = ["metadata", "pt", "ct"].map(|name| case.bytes(name));
    let nonce = Nonce::new(case.bytes("nonce").try_into().unwrap());
    let (aad, key) = (associated_data(&case), case.bytes("sframe_key"));
    assert_eq!(case.suite(), Suite::ChaCha20Poly1305Sha256_128);
    for &backend in Backend::ALL {
        let aead = Aead::new(backend, Algorithm::ChaCha20Poly1305, &key).unwrap();
        let (mut text, mut made) = (vec![0; plaintext.len()], [0; 16]);
        aead.seal(nonce, &aad, &plaintext, &mut text, &mut made).unwrap();
        assert_eq!((&text, &made[..]), (&ciphertext, &tag[..]));
        aead.open(nonce, &aad, &ciphertext, &tag, &mut text).unwrap();
        assert_eq!(text, plaintext);

        let mut ours = Vec::new();
        case.sealing_key(backend).seal(&metadata, &plaintext, &mut ours).unwrap();
        assert!(ours.starts_with(&header) && ours.len() == frame.len() && ours != frame);
        assert_eq!(case.open(backend, &ours, &metadata).as_ref(), Some(&plaintext));
        assert_eq!(case.open(backend, &frame, &metadata), None);
    }
}
