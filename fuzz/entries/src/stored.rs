//! Snapshots.

use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use incamera::testing::{self, Room};
use incamera::{Expected, RestoreError};

const KEY: [u8; 32] = [7; 32];
/// SPEC.md 7.14: version, generation and meeting, which are authenticated; then the nonce.
const AUTHENTICATED: usize = 1 + 8 + 16;
const HEAD: usize = AUTHENTICATED + 24;

/// A genuine snapshot, and its content.
fn genuine() -> &'static (Vec<u8>, Vec<u8>) {
    static GENUINE: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    GENUINE.get_or_init(|| {
        let mut room = Room::new(&["Ada", "Ben"]).unwrap();
        let now = room.now();
        room[1].chat("not heard yet", now).unwrap();
        let snapshot = room[1].snapshot(&KEY).unwrap();
        let (head, ciphertext) = snapshot.split_at(HEAD);
        let (aad, nonce) = head.split_at(AUTHENTICATED);
        let content = cipher().decrypt(XNonce::from_slice(nonce), payload(aad, ciphertext));
        (snapshot.clone(), content.unwrap())
    })
}

fn cipher() -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&KEY.into())
}

fn payload<'a>(head: &'a [u8], msg: &'a [u8]) -> Payload<'a, 'a> {
    static AAD: OnceLock<Vec<u8>> = OnceLock::new();
    let label = b"incamera 1 snapshot";
    let aad = AAD.get_or_init(|| [&label[..], head].concat());
    assert_eq!(aad[label.len()..], *head);
    Payload { msg, aad }
}

#[derive(Arbitrary, Debug)]
enum Case<'a> {
    /// Bytes of a stranger.
    Bytes(&'a [u8]),
    /// A genuine snapshot with changes.
    Changed(Vec<(u16, u8)>, Option<u16>),
    /// A genuine content with changes, sealed by whoever has the key.
    Sealed(Vec<(u16, u8)>, Option<u16>),
    /// Any content, sealed by whoever has the key.
    Content(&'a [u8]),
}

fn changed(bytes: &[u8], changes: &[(u16, u8)], cut: Option<u16>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, mask) in changes {
        let at = usize::from(*at) % bytes.len();
        bytes[at] ^= mask;
    }
    if let Some(cut) = cut {
        bytes.truncate(usize::from(cut) % bytes.len());
    }
    bytes
}

fn sealed(content: &[u8]) -> Vec<u8> {
    let head = &genuine().0[..HEAD];
    let (aad, nonce) = head.split_at(AUTHENTICATED);
    let ciphertext = cipher().encrypt(XNonce::from_slice(nonce), payload(aad, content));
    [head, &ciphertext.unwrap()].concat()
}

/// What is no snapshot restores nothing, and what its owner's key sealed is no worse than refused.
pub fn snapshot(data: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let (stored, content) = genuine();
    let (snapshot, has_key) = match case {
        Case::Bytes(bytes) => (bytes.to_vec(), false),
        Case::Changed(changes, cut) => (changed(stored, &changes, cut), false),
        Case::Sealed(changes, cut) => (sealed(&changed(content, &changes, cut)), true),
        Case::Content(content) => (sealed(content), true),
    };
    let (identity, now) = (Room::identity("Ben").unwrap(), Room::default().now());
    let restored = testing::restore([9; 32], &identity, &snapshot, &KEY, Expected::default(), now);
    match restored {
        Ok(mut meeting) => {
            // SPEC [R1]
            assert!(has_key || snapshot == *stored, "a changed snapshot is restored");
            let _ = meeting.handle_timeout(now);
            while meeting.poll().is_some() {}
            assert!(!meeting.roster().is_empty());
        }
        Err(RestoreError::Unopenable) => assert!(!has_key),
        Err(_) => {}
    }
}
