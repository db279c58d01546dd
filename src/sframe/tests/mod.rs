//! The two libraries side by side, in every suite, and what holds of keys by either.

mod allocations;

use incamera_wire::FrameHeader;
use proptest::prelude::*;

use super::backend::{Backend, Hash, Mac, Nonce, Refused};
use super::cipher::Cipher;
use super::vectors::{SUITES, everything};
use super::{BaseKey, FrameKey, MAX_PLAINTEXT_LEN, OpenError, SealingKey, Suite};

const AAD: &[u8] = b"associated data";

/// What `backend` makes of `text`: the ciphertext and the tag.
fn sealed(backend: Backend, suite: Suite, text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = vec![7; suite.key_len()];
    let cipher = Cipher::new(backend, suite, &key).unwrap();
    let (mut out, mut tag) = (vec![9; text.len()], vec![9; suite.tag_len()]);
    cipher.seal(Nonce::new([2; 12]), AAD, text, &mut out, &mut tag).unwrap();
    (out, tag)
}

/// Opens under the same key and nonce; whatever becomes of it, nothing of `out` from before is left.
fn opened(
    (suite, backend): (Suite, Backend),
    aad: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Result<Vec<u8>, Refused> {
    let cipher = Cipher::new(backend, suite, &vec![7; suite.key_len()]).unwrap();
    let mut out = vec![9; ciphertext.len()];
    let opened = cipher.open(Nonce::new([2; 12]), aad, ciphertext, tag, &mut out);
    // SPEC [M11]
    if opened.is_err() && tag.len() == suite.tag_len() {
        assert!(out.iter().all(|&byte| byte == 0), "{suite:?} {backend:?}");
    }
    opened.map(|()| out)
}

#[test]
fn an_open_that_is_refused_leaves_only_zeros() {
    // SPEC [M11]: `opened` looks at the buffer.
    for of in everything() {
        for len in [0, 1, 15, 16, 17, 40, 1_200] {
            let text = vec![1; len];
            let (ciphertext, tag) = sealed(of.1, of.0, &text);
            assert_eq!(opened(of, AAD, &ciphertext, &tag), Ok(text));
            for at in 0..tag.len() * 8 {
                let mut tag = tag.clone();
                tag[at / 8] ^= 1 << (at % 8);
                assert_eq!(opened(of, AAD, &ciphertext, &tag), Err(Refused), "{of:?} bit {at}");
            }
            for at in [0, 15, 16, len.saturating_sub(1)].into_iter().filter(|at| *at < len) {
                let mut ciphertext = ciphertext.clone();
                ciphertext[at] ^= 0x80;
                assert_eq!(opened(of, AAD, &ciphertext, &tag), Err(Refused), "{of:?} byte {at}");
            }
            assert_eq!(opened(of, b"others", &ciphertext, &tag), Err(Refused));
            assert_eq!(opened(of, b"", &ciphertext, &tag), Err(Refused));
        }
    }
}

#[test]
fn a_tag_of_another_length_is_refused() {
    for of @ (suite, backend) in everything() {
        let (ciphertext, tag) = sealed(backend, suite, &[1; 40]);
        let long = [&tag[..], &[0; 16]].concat();
        for len in (0..=tag.len() + 16).filter(|len| *len != tag.len()) {
            assert_eq!(opened(of, AAD, &ciphertext, &long[..len]), Err(Refused), "{of:?} {len}");
            let cipher = Cipher::new(backend, suite, &vec![7; suite.key_len()]).unwrap();
            let made =
                cipher.seal(Nonce::new([2; 12]), AAD, &[1; 40], &mut [0; 40], &mut vec![0; len]);
            assert_eq!(made, Err(Refused), "{of:?} {len}");
        }
    }
}

#[test]
fn a_buffer_of_another_length_is_refused() {
    for (suite, backend) in everything() {
        let key = vec![7; suite.key_len()];
        let (ciphertext, tag) = sealed(backend, suite, &[1; 40]);
        for len in [0, 39, 41] {
            let cipher = Cipher::new(backend, suite, &key).unwrap();
            let refused =
                cipher.open(Nonce::new([2; 12]), AAD, &ciphertext, &tag, &mut vec![0; len]);
            assert_eq!(refused, Err(Refused), "{suite:?} {backend:?} {len}");
            let cipher = Cipher::new(backend, suite, &key).unwrap();
            let refused = cipher.seal(
                Nonce::new([2; 12]),
                AAD,
                &[1; 40],
                &mut vec![0; len],
                &mut tag.clone(),
            );
            assert_eq!(refused, Err(Refused), "{suite:?} {backend:?} {len}");
        }
    }
}

#[test]
fn a_key_of_the_wrong_length_is_refused() {
    for (suite, backend) in everything() {
        for len in (0..130).filter(|len| *len != suite.key_len()) {
            let key = vec![7; len];
            let of = format!("{suite:?} {backend:?} {len}");
            assert!(Cipher::new(backend, suite, &key).is_err(), "{of}");
        }
    }
}

#[test]
fn a_frame_longer_than_any_that_is_sealed_gets_no_room() {
    let suite = Suite::AesGcm128Sha256_128;
    let base_key = BaseKey::new(Backend::DEFAULT, suite, &[1; 16]);
    let key = FrameKey::derive(&base_key, 9).unwrap();
    let (text, mut frame, mut out) = (vec![7; MAX_PLAINTEXT_LEN], Vec::new(), Vec::new());
    SealingKey::derive(&base_key, 9).unwrap().seal(b"", &text, &mut frame).unwrap();
    let (header, len) = FrameHeader::parse(&frame).unwrap();
    key.open(&frame[..len], header.ctr, b"", &frame[len..], &mut out).unwrap();
    assert_eq!(out, text);
    let (mut out, aad) = (Vec::new(), &frame[..len]);
    let refused = key.open_apart(aad, header.ctr, &frame[..=MAX_PLAINTEXT_LEN], &[0; 16], &mut out);
    assert!(refused.is_err() && out.capacity() == 0);
}

#[test]
fn debug_shows_no_key_to_open_with() {
    let base_key = BaseKey::new(Backend::DEFAULT, Suite::AesGcm128Sha256_128, &[1; 16]);
    assert_eq!(format!("{:?}", FrameKey::derive(&base_key, 9).unwrap()), "FrameKey { .. }");
}

#[test]
fn hmac_is_the_same_by_both() {
    for hash in [Hash::Sha256, Hash::Sha512] {
        for len in [0, 1, 32, 64, 65, 128, 129, 300] {
            let key = vec![3; len];
            let codes = Backend::ALL.iter().map(|&backend| {
                let mac = Mac::new(backend, hash, &key).unwrap();
                // Twice: a code leaves no trace in the key.
                mac.code(&[b"x"], |_| ());
                mac.code(&[b"one", b"", b"two"], <[u8]>::to_vec)
            });
            let codes: Vec<_> = codes.collect();
            assert!(codes.iter().all(|code| *code == codes[0] && code.len() == hash.len()));
        }
    }
}

proptest! {
    #[test]
    fn what_one_library_seals_the_other_opens(
        suite in proptest::sample::select(&SUITES[..]),
        base_key in proptest::collection::vec(any::<u8>(), 1..80),
        kid: u64,
        before in 0..1_000_u64,
        metadata in proptest::collection::vec(any::<u8>(), 0..40),
        text in proptest::collection::vec(any::<u8>(), 0..2_000),
        at: proptest::sample::Index,
    ) {
        let made = Backend::ALL.iter().map(|&backend| {
            let mut frame = Vec::new();
            let base_key = BaseKey::new(backend, suite, &base_key);
            let key = SealingKey::derive(&base_key, kid).unwrap();
            key.after(before).seal(&metadata, &text, &mut frame).unwrap();
            frame
        });
        let made: Vec<_> = made.collect();
        let frame = &made[0];
        prop_assert!(made.iter().all(|other| other == frame));
        let (FrameHeader { ctr, .. }, len) = FrameHeader::parse(frame).unwrap();
        prop_assert_eq!(ctr, before);
        let (head, body) = frame.split_at(len);
        let mut forged = body.to_vec();
        forged[at.index(body.len())] ^= 1;
        for &backend in Backend::ALL {
            let base_key = BaseKey::new(backend, suite, &base_key);
            let key = FrameKey::derive(&base_key, kid).unwrap();
            let mut out = Vec::new();
            prop_assert_eq!(key.open(head, ctr, &metadata, body, &mut out), Ok(()));
            prop_assert_eq!(&out, &text);
            let refused = key.open(head, ctr, &metadata, &forged, &mut out);
            prop_assert_eq!(refused, Err(OpenError));
            prop_assert_eq!(&out, &text);
        }
    }
}
