//! Known answers: the published ones and our own. What both need is here.

mod derived;
mod published;
mod wycheproof;

use incamera_wire::FrameHeader;
use serde_json::Value;

use super::backend::Backend;
use super::key::{BaseKey, FrameKey};
use super::sealing::SealingKey;
use super::suite::Suite;

/// Every suite, in the order of their numbers.
pub(super) const SUITES: [Suite; 9] = [
    Suite::AesCtr128HmacSha256_80,
    Suite::AesCtr128HmacSha256_64,
    Suite::AesCtr128HmacSha256_32,
    Suite::AesGcm128Sha256_128,
    Suite::AesGcm256Sha512_128,
    Suite::AesCtr256HmacSha512_80,
    Suite::AesCtr256HmacSha512_64,
    Suite::AesCtr256HmacSha512_32,
    Suite::ChaCha20Poly1305Sha256_128,
];

/// Every suite by every library.
pub(super) fn everything() -> impl Iterator<Item = (Suite, Backend)> {
    SUITES.into_iter().flat_map(|suite| Backend::ALL.iter().map(move |backend| (suite, *backend)))
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The cases of a section that is a list, counted so that none gets lost.
fn cases(file: &str, section: &str, count: usize) -> Vec<Case> {
    let vectors: Value = serde_json::from_str(file).unwrap();
    let cases: Vec<_> = vectors[section].as_array().unwrap().iter().cloned().map(Case).collect();
    assert_eq!(cases.len(), count);
    cases
}

/// One case of a file of vectors; the names of its fields are those of RFC 9605 Appendix C.
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

    fn base_key(&self, backend: Backend) -> BaseKey {
        BaseKey::new(backend, self.suite(), &self.bytes("base_key"))
    }

    fn key(&self, backend: Backend, kid: u64) -> FrameKey {
        FrameKey::derive(&self.base_key(backend), kid).unwrap()
    }

    /// The key that seals the frame of this case next.
    fn sealing_key(&self, backend: Backend) -> SealingKey {
        let [kid, ctr] = ["kid", "ctr"].map(|name| self.number(name));
        SealingKey::derive(&self.base_key(backend), kid).unwrap().after(ctr)
    }

    /// Opens `frame` as a receiver that derives the key from the frame's own header.
    fn open(&self, backend: Backend, frame: &[u8], metadata: &[u8]) -> Option<Vec<u8>> {
        let (header, len) = FrameHeader::parse(frame).ok()?;
        let mut out = b"before".to_vec();
        let key = self.key(backend, header.kid);
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

    /// Every way of sealing makes exactly the frame of this case, and it opens.
    fn seals_and_opens(&self) {
        let [metadata, plaintext, frame] = ["metadata", "pt", "ct"].map(|name| self.bytes(name));
        for &backend in Backend::ALL {
            let mut out = vec![7; frame.len() + 1];
            let len = self.sealing_key(backend).seal_into(&metadata, &plaintext, &mut out);
            let expected = [&frame[..], &[7]].concat();
            assert_eq!((len, &out), (Ok(frame.len()), &expected));
            out.truncate(3);
            self.sealing_key(backend).seal(&metadata, &plaintext, &mut out).unwrap();
            assert_eq!(out[3..], frame);
            self.seals_in_parts(backend);
            assert_eq!(self.open(backend, &frame, &metadata), Some(plaintext.clone()));
        }
    }

    /// A frame whose header, ciphertext and tag do not lie behind one another is no other frame.
    fn seals_in_parts(&self, backend: Backend) {
        let [metadata, plaintext, frame] = ["metadata", "pt", "ct"].map(|name| self.bytes(name));
        let (mut aad, mut apart) = (b"before".to_vec(), vec![7; plaintext.len()]);
        let mut key = self.sealing_key(backend);
        let made = key.seal_apart(&metadata, &plaintext, &mut aad, &mut apart).unwrap();
        assert_eq!([made.header(), &apart, made.tag()].concat(), frame);
        assert_eq!(key.next(), self.number("ctr") + 1);
        let (mut key, mut text) = (self.sealing_key(backend), plaintext);
        let made = key.seal_in_place(&metadata, &mut aad, &mut text).unwrap();
        assert_eq!([made.header(), &text, made.tag()].concat(), frame);
        assert_eq!(key.next(), self.number("ctr") + 1);
    }

    /// Each bit of header, ciphertext, tag and metadata counts.
    fn refuses_every_flipped_bit(&self, backend: Backend) {
        let [metadata, frame] = ["metadata", "ct"].map(|name| self.bytes(name));
        let (header, header_len) = FrameHeader::parse(&frame).unwrap();
        let key = self.key(backend, header.kid);
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(self.open(backend, &flipped, &metadata), None, "bit {bit}");
            // Not even a receiver that ignored the header's values would take it.
            let (head, body) = flipped.split_at(header_len);
            assert!(key.open(head, header.ctr, &metadata, body, &mut Vec::new()).is_err());
        }
        for bit in 0..metadata.len() * 8 {
            let mut flipped = metadata.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(self.open(backend, &frame, &flipped), None, "metadata bit {bit}");
        }
    }
}
