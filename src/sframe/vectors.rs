//! The published vectors: RFC 9605 Appendix C, draft-barnes-sframe-iana-256, and our own.

use incamera_wire::FrameHeader;
use serde_json::Value;

use super::backend::{self, Hash};
use super::cipher::Cipher;
use super::key::FrameKey;
use super::suite::Suite;

const RFC: &str = include_str!("../../tests/vectors/sframe/rfc9605-test-vectors.json");
const MAIN: &str = include_str!("../../tests/vectors/sframe/wg-main-test-vectors.json");
const AES_256: &str =
    include_str!("../../tests/vectors/sframe/draft-barnes-iana256-aes256-ctr-hmac.json");
const DERIVED: &str = include_str!("../../tests/vectors/sframe/derived-kats.json");

const SUITES: [Suite; 8] = [
    Suite::AesCtr128HmacSha256_80,
    Suite::AesCtr128HmacSha256_64,
    Suite::AesCtr128HmacSha256_32,
    Suite::AesGcm128Sha256_128,
    Suite::AesGcm256Sha512_128,
    Suite::AesCtr256HmacSha512_80,
    Suite::AesCtr256HmacSha512_64,
    Suite::AesCtr256HmacSha512_32,
];

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

fn cases(file: &str, section: &str, count: usize) -> Vec<Case> {
    let vectors: Value = serde_json::from_str(file).unwrap();
    let cases: Vec<_> = vectors[section].as_array().unwrap().iter().cloned().map(Case).collect();
    assert_eq!(cases.len(), count);
    cases
}

/// All eight whole-frame vectors, five of them twice.
fn frames() -> Vec<Case> {
    let mut all = cases(RFC, "sframe", 5);
    all.extend(cases(MAIN, "sframe", 5));
    all.extend(cases(AES_256, "sframe_aes_256_ctr_hmac", 3));
    all
}

struct Case(Value);

impl Case {
    fn bytes(&self, name: &str) -> Vec<u8> {
        hex(self.0[name].as_str().unwrap())
    }

    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap()
    }

    fn suite(&self) -> Suite {
        let id = self.number("cipher_suite");
        *SUITES.iter().find(|suite| u64::from(suite.id()) == id).unwrap()
    }

    fn key(&self, kid: u64) -> FrameKey {
        FrameKey::derive(self.suite(), &self.bytes("base_key"), kid).unwrap()
    }

    /// Opens `frame` as a receiver that derives the key from the frame's own header.
    fn open(&self, frame: &[u8], metadata: &[u8]) -> Option<Vec<u8>> {
        let (header, len) = FrameHeader::parse(frame).ok()?;
        let mut out = b"before".to_vec();
        let key = self.key(header.kid);
        let opened = key.open(&frame[..len], header.ctr, metadata, &frame[len..], &mut out);
        assert!(out.starts_with(b"before"));
        match opened {
            Ok(()) => Some(out.split_off(6)),
            Err(_) => {
                assert_eq!(out, b"before");
                None
            }
        }
    }
}

#[test]
fn every_published_frame_seals_and_opens() {
    // SPEC [M1]
    for case in frames() {
        let [metadata, plaintext, frame] = ["metadata", "pt", "ct"].map(|name| case.bytes(name));
        let key = case.key(case.number("kid"));
        let mut out = vec![0; key.sealed_len(case.number("ctr"), plaintext.len())];
        key.seal_into(case.number("ctr"), &metadata, &plaintext, &mut out).unwrap();
        assert_eq!(out, frame);
        out.truncate(3);
        key.seal(case.number("ctr"), &metadata, &plaintext, &mut out).unwrap();
        assert_eq!(out[3..], frame);
        assert_eq!(case.open(&frame, &metadata), Some(plaintext));
    }
}

#[test]
fn every_published_key_and_salt_follows_from_the_published_secret() {
    for case in frames() {
        let suite = case.suite();
        let labels = ["sframe_key_label", "sframe_salt_label"].map(|name| case.bytes(name));
        let outputs = [(&labels[0][..], suite.key_len()), (&labels[1], Suite::NONCE_LEN)];
        let [key, salt] = backend::derive(suite.hash(), &case.bytes("base_key"), outputs).unwrap();
        assert_eq!(*key, case.bytes("sframe_key"));
        assert_eq!(*salt, case.bytes("sframe_salt"));
    }
}

#[test]
fn every_published_ctr_hmac_case_seals_and_opens() {
    let mut all = cases(RFC, "aes_ctr_hmac", 3);
    all.extend(cases(MAIN, "aes_ctr_hmac", 3));
    all.extend(cases(MAIN, "aes_256_ctr_hmac", 3));
    for case in all {
        let [aad, plaintext, sealed] = ["aad", "pt", "ct"].map(|name| case.bytes(name));
        let nonce = case.bytes("nonce").try_into().unwrap();
        let cipher = Cipher::new(case.suite(), &case.bytes("key")).unwrap();
        let (ciphertext, tag) = sealed.split_at(plaintext.len());
        let mut text = plaintext.clone();
        let mut made = vec![0; cipher.tag_len()];
        cipher.seal(nonce, &aad, &mut text, &mut made).unwrap();
        assert_eq!((&text[..], &made[..]), (ciphertext, tag));
        cipher.open(nonce, &aad, ciphertext, tag, &mut text).unwrap();
        assert_eq!(text, plaintext);
    }
}

#[test]
fn a_frame_with_any_bit_flipped_is_refused() {
    // SPEC [M1] [W7]
    for case in frames() {
        let [metadata, frame] = ["metadata", "ct"].map(|name| case.bytes(name));
        let (header, header_len) = FrameHeader::parse(&frame).unwrap();
        let key = case.key(header.kid);
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(case.open(&flipped, &metadata), None, "bit {bit}");
            // Not even a receiver that ignored the header's values would take it.
            let (head, body) = flipped.split_at(header_len);
            assert!(key.open(head, header.ctr, &metadata, body, &mut Vec::new()).is_err());
        }
        for bit in 0..metadata.len() * 8 {
            let mut flipped = metadata.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(case.open(&frame, &flipped), None, "metadata bit {bit}");
        }
    }
}

#[test]
fn without_metadata_a_header_of_other_bytes_is_refused() {
    // SPEC [M1]: the key and the counter alone do not make the frame: the bytes of the header do.
    for suite in SUITES {
        let key = FrameKey::derive(suite, &[1; 16], 9).unwrap();
        let mut frame = vec![0; key.sealed_len(300, 5)];
        key.seal_into(300, b"", b"hello", &mut frame).unwrap();
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
        for len in 0..frame.len() {
            assert_eq!(case.open(&frame[..len], &metadata), None, "cut to {len}");
        }
        let grown = [&frame[..], &[0]].concat();
        assert_eq!(case.open(&grown, &metadata), None);
    }
}

#[test]
fn every_suite_has_its_registered_sizes() {
    let sizes = [(48, 10), (48, 8), (48, 4), (16, 16), (32, 16), (96, 10), (96, 8), (96, 4)];
    for ((suite, (key_len, tag_len)), id) in SUITES.iter().zip(sizes).zip(1..) {
        assert_eq!((suite.id(), suite.key_len(), suite.tag_len()), (id, key_len, tag_len));
    }
}

#[test]
fn an_empty_frame_seals_and_opens_in_every_suite() {
    for suite in SUITES {
        let key = FrameKey::derive(suite, &[1; 16], 0).unwrap();
        let mut out = vec![0; key.sealed_len(0, 0)];
        key.seal_into(0, b"", b"", &mut out).unwrap();
        assert_eq!(out.len(), 1 + suite.tag_len());
        key.open(&out[..1], 0, b"", &out[1..], &mut Vec::new()).unwrap();
    }
}

/// The ratchet of RFC 9605 §5.1 is used by no profile; its vectors check the derivation itself.
#[test]
fn the_derivation_reproduces_the_ratchet() {
    let hash = |case: &Case| if case.suite().id() <= 4 { Hash::Sha256 } else { Hash::Sha512 };
    for case in cases(DERIVED, "ratchet", 4) {
        let mut base_key = case.bytes("base_key");
        for step in case.0["steps"].as_array().unwrap() {
            let labels = [(&b"SFrame 1.0 Ratchet"[..], hash(&case).len())];
            let [next] = backend::derive(hash(&case), &base_key, labels).unwrap();
            assert_eq!(*next, hex(step.as_str().unwrap()));
            base_key = next.to_vec();
        }
    }
}
