//! HPKE's sender (RFC 9180) written out from HKDF and the ciphers alone, so that tests can seal under a
//! Diffie-Hellman result of their choice, such as Wycheproof's. It shares no line with what it tests.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use hkdf::Hkdf;
use sha2::Sha256;

/// DHKEM(X25519, HKDF-SHA256), RFC 9180 §7.1.
const KEM_ID: u16 = 0x0020;
/// HKDF-SHA256, RFC 9180 §7.2.
const KDF_ID: u16 = 0x0001;

/// The AEAD, by its number of RFC 9180 §7.3.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AeadId {
    Aes128Gcm = 0x0001,
    ChaCha20Poly1305 = 0x0003,
}

/// Who seals for whom.
pub(crate) struct Sender<'a> {
    /// What X25519 gave.
    pub(crate) dh: &'a [u8; 32],
    /// The ephemeral public key.
    pub(crate) encapsulated_key: &'a [u8; 32],
    /// The recipient's public key.
    pub(crate) recipient: &'a [u8; 32],
}

/// HKDF with the labels of one suite (RFC 9180 §4).
struct Labeled(Vec<u8>);

impl Labeled {
    fn extract(&self, salt: &[u8], label: &str, secret: &[u8]) -> [u8; 32] {
        let secret = [b"HPKE-v1", &self.0[..], label.as_bytes(), secret].concat();
        Hkdf::<Sha256>::extract(Some(salt), &secret).0.into()
    }

    fn expand(&self, extracted: &[u8; 32], label: &str, info: &[u8], len: u16) -> Vec<u8> {
        let info = [&len.to_be_bytes(), &b"HPKE-v1"[..], &self.0, label.as_bytes(), info].concat();
        let mut out = vec![0; len.into()];
        Hkdf::<Sha256>::from_prk(extracted).unwrap().expand(&info, &mut out).unwrap();
        out
    }
}

/// The first message of a sender: in PSK mode if there is a PSK with its id, else in base mode.
pub(crate) fn seal(
    sender: &Sender<'_>,
    aead: AeadId,
    psk: Option<(&[u8; 32], &[u8])>,
    (info, aad): (&[u8], &[u8]),
    plaintext: &[u8],
) -> Vec<u8> {
    let kem = Labeled([&b"KEM"[..], &KEM_ID.to_be_bytes()].concat());
    let context = [*sender.encapsulated_key, *sender.recipient].concat();
    let shared = kem.expand(&kem.extract(b"", "eae_prk", sender.dh), "shared_secret", &context, 32);
    let ids = [KEM_ID, KDF_ID, aead as u16].map(u16::to_be_bytes);
    let suite = Labeled([b"HPKE", ids.as_flattened()].concat());
    let (mode, psk, psk_id) = match psk {
        None => (0, &b""[..], &b""[..]),
        Some((psk, psk_id)) => (1, &psk[..], psk_id),
    };
    let [psk_id, info] = [("psk_id_hash", psk_id), ("info_hash", info)]
        .map(|(label, of)| suite.extract(b"", label, of));
    let context = [&[mode], &psk_id[..], &info].concat();
    let secret = suite.extract(&shared, "secret", psk);
    let key = |len| suite.expand(&secret, "key", &context, len);
    let nonce = suite.expand(&secret, "base_nonce", &context, 12);
    let (nonce, payload) = (nonce.as_slice().into(), Payload { msg: plaintext, aad });
    match aead {
        AeadId::Aes128Gcm => {
            aes_gcm::Aes128Gcm::new_from_slice(&key(16)).unwrap().encrypt(nonce, payload)
        }
        AeadId::ChaCha20Poly1305 => {
            let key = key(32);
            chacha20poly1305::ChaCha20Poly1305::new_from_slice(&key)
                .unwrap()
                .encrypt(nonce, payload)
        }
    }
    .unwrap()
}
