//! Sealing of everything that members post: XChaCha20-Poly1305 under a key of the epoch, the
//! envelope's clear fields as associated data (SPEC \[W6\], \[K6\], \[K8\]).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use incamera_wire::{
    Envelope, EnvelopeKind, KnockAnswer, MailboxId, MeetingId, SealedBlob, WelcomeNote,
};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

/// The bytes do not open under this key: forged, damaged, or sealed under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unopenable;

/// What an envelope says in clear.
pub(crate) struct Head {
    /// The meeting it belongs to.
    pub(crate) meeting: MeetingId,
    /// What it holds.
    pub(crate) kind: EnvelopeKind,
    /// The epoch whose key seals it.
    pub(crate) epoch: u64,
    /// The Welcome of a commit that adds.
    pub(crate) welcome: Option<WelcomeNote>,
}

/// Seals `plaintext` as a log entry.
pub(crate) fn seal(
    key: &Secret<32>,
    entropy: &Entropy,
    head: Head,
    plaintext: &[u8],
) -> Result<Envelope, NoEntropy> {
    let Head { meeting, kind, epoch, welcome } = head;
    // SPEC [K8]: 24 random bytes never repeat under one key.
    let nonce = entropy.array()?;
    let mut envelope = Envelope { meeting, kind, epoch, nonce, ciphertext: Vec::new(), welcome };
    // SPEC [W6]
    envelope.ciphertext = encrypt(key, &nonce, &envelope.associated_data(), plaintext);
    Ok(envelope)
}

/// Opens what [`seal`] sealed.
pub(crate) fn open(
    key: &Secret<32>,
    envelope: &Envelope,
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    // SPEC [W6]
    decrypt(key, &envelope.nonce, &envelope.associated_data(), &envelope.ciphertext)
}

/// What binds a blob to its use.
const BLOB: &[u8] = b"incamera 1 blob";

/// Seals a blob, such as the ratchet tree for a joiner.
pub(crate) fn seal_blob(
    key: &Secret<32>,
    entropy: &Entropy,
    plaintext: &[u8],
) -> Result<SealedBlob, NoEntropy> {
    let nonce = entropy.array()?;
    Ok(SealedBlob { nonce, ciphertext: encrypt(key, &nonce, BLOB, plaintext) })
}

/// Opens what [`seal_blob`] sealed.
pub(crate) fn open_blob(
    key: &Secret<32>,
    blob: &SealedBlob,
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    decrypt(key, &blob.nonce, BLOB, &blob.ciphertext)
}

/// Seals the answer to a knock.
pub(crate) fn seal_answer(
    key: &Secret<32>,
    entropy: &Entropy,
    mailbox: MailboxId,
    plaintext: &[u8],
) -> Result<KnockAnswer, NoEntropy> {
    let nonce = entropy.array()?;
    let mut answer = KnockAnswer { mailbox, nonce, ciphertext: Vec::new() };
    answer.ciphertext = encrypt(key, &nonce, &answer.associated_data(), plaintext);
    Ok(answer)
}

/// Opens what [`seal_answer`] sealed.
pub(crate) fn open_answer(
    key: &Secret<32>,
    answer: &KnockAnswer,
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    decrypt(key, &answer.nonce, &answer.associated_data(), &answer.ciphertext)
}

/// Seals what a client keeps for itself under a key of its owner's: a fresh nonce, and the
/// ciphertext.
pub(crate) fn seal_stored(
    key: &Secret<32>,
    entropy: &Entropy,
    aad: &[u8],
    plaintext: &[u8],
) -> Result<([u8; 24], Vec<u8>), NoEntropy> {
    let nonce = entropy.array()?;
    Ok((nonce, encrypt(key, &nonce, aad, plaintext)))
}

/// Opens what [`seal_stored`] sealed.
pub(crate) fn open_stored(
    key: &Secret<32>,
    nonce: &[u8; 24],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    decrypt(key, nonce, aad, ciphertext)
}

fn encrypt(key: &Secret<32>, nonce: &[u8; 24], aad: &[u8], msg: &[u8]) -> Vec<u8> {
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    // Fails only beyond 256 GiB, which no limit of the wire format reaches; an empty ciphertext
    // opens nowhere.
    cipher.encrypt(XNonce::from_slice(nonce), Payload { msg, aad }).unwrap_or_default()
}

fn decrypt(
    key: &Secret<32>,
    nonce: &[u8; 24],
    aad: &[u8],
    msg: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    let cipher = XChaCha20Poly1305::new(key.expose().into());
    let plaintext = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg, aad });
    plaintext.map(Zeroizing::new).map_err(|_| Unopenable)
}

#[cfg(test)]
mod tests {
    use incamera_wire::BlobHash;

    use super::*;
    use crate::wycheproof;

    fn key(byte: u8) -> Secret<32> {
        Secret::filled(|bytes| *bytes = [byte; 32])
    }

    fn sealed() -> Envelope {
        let head = Head {
            meeting: MeetingId::new([1; 16]),
            kind: EnvelopeKind::Handshake,
            epoch: 7,
            welcome: Some(WelcomeNote { welcome: vec![9; 20], tree: BlobHash::new([3; 32]) }),
        };
        seal(&key(1), &Entropy::seeded([0; 32]), head, b"commit").unwrap()
    }

    #[test]
    fn an_envelope_opens_under_its_key_alone() {
        assert_eq!(*open(&key(1), &sealed()).unwrap(), b"commit");
        assert_eq!(open(&key(2), &sealed()), Err(Unopenable));
    }

    #[test]
    fn an_envelope_with_a_changed_clear_field_is_refused() {
        // SPEC [W6]
        let changes: [fn(&mut Envelope); 7] = [
            |e| e.meeting = MeetingId::new([2; 16]),
            |e| e.kind = EnvelopeKind::Event,
            |e| e.epoch += 1,
            |e| e.welcome = None,
            |e| e.welcome.as_mut().unwrap().welcome[0] ^= 1,
            |e| e.welcome.as_mut().unwrap().tree = BlobHash::new([4; 32]),
            |e| e.nonce[23] ^= 1,
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut envelope = sealed();
            change(&mut envelope);
            assert_eq!(open(&key(1), &envelope), Err(Unopenable), "change {index}");
        }
    }

    #[test]
    fn every_flipped_bit_of_the_ciphertext_is_refused() {
        for bit in 0..sealed().ciphertext.len() * 8 {
            let mut envelope = sealed();
            envelope.ciphertext[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key(1), &envelope), Err(Unopenable), "bit {bit}");
        }
    }

    #[test]
    fn two_envelopes_of_the_same_bytes_share_no_nonce() {
        // SPEC [K8]
        let entropy = Entropy::system();
        let blob = || seal_blob(&key(1), &entropy, b"tree").unwrap();
        let (first, second) = (blob(), blob());
        assert_ne!(first.nonce, second.nonce);
        assert_ne!(first.ciphertext, second.ciphertext);
        assert_eq!(*open_blob(&key(1), &first).unwrap(), b"tree");
    }

    #[test]
    fn an_answer_for_another_mailbox_is_refused() {
        // SPEC [A10]
        let entropy = Entropy::seeded([0; 32]);
        let mut answer = seal_answer(&key(1), &entropy, MailboxId::new([5; 16]), b"no").unwrap();
        assert_eq!(*open_answer(&key(1), &answer).unwrap(), b"no");
        answer.mailbox = MailboxId::new([6; 16]);
        assert_eq!(open_answer(&key(1), &answer), Err(Unopenable));
    }

    #[test]
    fn every_case_of_wycheproof_comes_out_as_it_says() {
        let (mut valid, mut invalid, mut other_nonce) = (0, 0, 0);
        for case in wycheproof::cases(wycheproof::XCHACHA20_POLY1305) {
            // A nonce of another length cannot be in an envelope: the types refuse it.
            let Ok(nonce) = case.bytes("iv").try_into() else {
                other_nonce += 1;
                continue;
            };
            let key = Secret::read(&case.bytes("key")).unwrap();
            let [aad, text, ciphertext, tag] =
                ["aad", "msg", "ct", "tag"].map(|name| case.bytes(name));
            let sealed = [ciphertext, tag].concat();
            let opened = decrypt(&key, &nonce, &aad, &sealed);
            if case.is_invalid() {
                assert_eq!(opened, Err(Unopenable), "{case}");
                invalid += 1;
                continue;
            }
            assert!(case.is_valid(), "{case}");
            assert_eq!(*opened.unwrap(), text, "{case}");
            assert_eq!(encrypt(&key, &nonce, &aad, &text), sealed, "{case}");
            valid += 1;
        }
        assert_eq!((valid, invalid, other_nonce), (246, 60, 9));
    }
}
