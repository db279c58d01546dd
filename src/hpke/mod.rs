//! HPKE (RFC 9180): in PSK mode for knocks and for messages to one member, in base mode for the
//! MLS engine. Every encryption has a generator of its own, because the engine encrypts on
//! several threads at once and a seeded run has to repeat all the same.

mod base;
#[cfg(test)]
pub(crate) mod by_hand;
mod x_wing;

pub(crate) use base::BaseSuite;

use ::hpke::aead::ChaCha20Poly1305;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::{Kem as KemTrait, X25519HkdfSha256};
use ::hpke::{Deserializable as _, HpkeError, OpModeR, OpModeS, PskBundle, Serializable as _};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, NoEntropy};
use crate::secret::Secret;

type Kem = X25519HkdfSha256;
type PublicKey = <Kem as KemTrait>::PublicKey;
type PrivateKey = <Kem as KemTrait>::PrivateKey;
type EncappedKey = <Kem as KemTrait>::EncappedKey;

/// The exporter context of the key that answers a message (SPEC \[A10\]).
const ANSWER: &[u8] = b"incamera 1 answer";

/// A message sealed in PSK mode.
pub(crate) struct SealedPsk {
    /// The ephemeral X25519 public key, 32 bytes.
    pub(crate) encapsulated_key: [u8; 32],
    /// The plaintext's length plus 16 bytes of tag.
    pub(crate) ciphertext: Vec<u8>,
    /// A key that only the recipient shares, to open an answer with.
    pub(crate) exported: Secret<32>,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsealable {
    /// The source of randomness gave nothing.
    #[error("no randomness: nothing can be done safely")]
    NoEntropy,
    /// The recipient's public key is of small order, or another input cannot be used.
    #[error("no HPKE message can be sealed with these inputs")]
    Inputs,
}

impl From<NoEntropy> for Unsealable {
    fn from(NoEntropy: NoEntropy) -> Self {
        Self::NoEntropy
    }
}

impl From<HpkeError> for Unsealable {
    fn from(_: HpkeError) -> Self {
        Self::Inputs
    }
}

/// A message that does not open. Which of its inputs is wrong stays unsaid: SPEC \[M8\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HPKE message does not open")]
pub(crate) struct Unopenable;

impl From<HpkeError> for Unopenable {
    fn from(_: HpkeError) -> Self {
        Self
    }
}

/// A new key pair: the private key and the public key, both of X25519.
pub(crate) fn generate_key(entropy: &Entropy) -> Result<(Secret<32>, [u8; 32]), NoEntropy> {
    let seed = entropy.secret::<32>()?;
    let (private, public) = Kem::derive_keypair(seed.expose());
    Ok((Secret::filled(|bytes| private.write_exact(bytes)), public.to_bytes().into()))
}

/// The public key of an X25519 private key.
pub(crate) fn public_key(private_key: &Secret<32>) -> [u8; 32] {
    // Any 32 bytes are a private key. Were they not, nobody would seal to a key of zeros.
    PrivateKey::from_bytes(private_key.expose())
        .map_or([0; 32], |private| Kem::sk_to_pk(&private).to_bytes().into())
}

/// The numbers u, little-endian, of all points of order 1, 2, 4 and 8 of the curve and of its twist; the
/// last two are 0 and 1 once more, without reduction.
const SMALL_ORDER: [[u8; 32]; 7] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
];

/// Whether X25519 with this public key gives a secret at all: small-order keys do not.
pub(crate) fn is_usable(public_key: &[u8]) -> bool {
    let Ok(mut u) = <[u8; 32]>::try_from(public_key) else { return false };
    // The highest bit is ignored (RFC 7748 §5).
    let [.., last] = &mut u;
    *last &= 0x7f;
    !SMALL_ORDER.contains(&u)
}

/// Seals `plaintext` to the owner of `recipient`, in PSK mode: DHKEM(X25519, HKDF-SHA256),
/// HKDF-SHA256, ChaCha20-Poly1305 (RFC 9180 §5.1.2). `psk_id` names the PSK and is not empty; the
/// ciphertext is bound to `aad` and `info`. SPEC \[A2\].
pub(crate) fn seal_psk(
    entropy: &Entropy,
    recipient: &[u8; 32],
    info: &[u8],
    psk: &Secret<32>,
    psk_id: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<SealedPsk, Unsealable> {
    let mode = OpModeS::Psk(PskBundle::new(psk.expose(), psk_id)?);
    let mut rng = entropy.for_operation(&[recipient, info, plaintext])?;
    let (key, mut sender) = ::hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, Kem, _>(
        &mode,
        &PublicKey::from_bytes(recipient)?,
        info,
        &mut rng,
    )?;
    let ciphertext = sender.seal(plaintext, aad)?;
    let mut done = Ok(());
    let exported = Secret::filled(|bytes| done = sender.export(ANSWER, bytes));
    done?;
    Ok(SealedPsk { encapsulated_key: key.to_bytes().into(), ciphertext, exported })
}

/// Opens what [`seal_psk`] made for the owner of `private_key`: the plaintext, and the key to
/// seal an answer under, equal to the sender's.
pub(crate) fn open_psk(
    private_key: &Secret<32>,
    encapsulated_key: &[u8; 32],
    info: &[u8],
    psk: &Secret<32>,
    psk_id: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, Secret<32>), Unopenable> {
    let mode = OpModeR::Psk(PskBundle::new(psk.expose(), psk_id)?);
    let mut receiver = ::hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &mode,
        &PrivateKey::from_bytes(private_key.expose())?,
        &EncappedKey::from_bytes(encapsulated_key)?,
        info,
    )?;
    let plaintext = Zeroizing::new(receiver.open(ciphertext, aad)?);
    let mut done = Ok(());
    let exported = Secret::filled(|bytes| done = receiver.export(ANSWER, bytes));
    done?;
    Ok((plaintext, exported))
}

#[cfg(test)]
mod tests {
    use super::by_hand::{AeadId, Sender};
    use super::*;
    use crate::wycheproof;

    fn entropy() -> Entropy {
        Entropy::seeded([3; 32])
    }

    fn psk(byte: u8) -> Secret<32> {
        Secret::filled(|bytes| *bytes = [byte; 32])
    }

    const ID: &[u8] = b"id";

    #[test]
    fn the_recipient_opens_and_both_export_the_same_key() {
        let (private, public) = generate_key(&entropy()).unwrap();
        assert_eq!(public_key(&private), public);
        let psk = psk(1);
        let sealed = seal_psk(&entropy(), &public, b"info", &psk, ID, b"aad", b"hello").unwrap();
        let key = &sealed.encapsulated_key;
        let (plaintext, exported) =
            open_psk(&private, key, b"info", &psk, ID, b"aad", &sealed.ciphertext).unwrap();
        assert_eq!(*plaintext, b"hello");
        assert_eq!(exported, sealed.exported);
    }

    #[test]
    fn another_psk_key_or_binding_opens_nothing() {
        // SPEC [A2]
        let (private, public) = generate_key(&entropy()).unwrap();
        let (good, other) = (psk(1), psk(2));
        let sealed = seal_psk(&entropy(), &public, b"info", &good, ID, b"aad", b"hello").unwrap();
        let (key, sealed) = (&sealed.encapsulated_key, &sealed.ciphertext);
        let mut flipped = sealed.clone();
        flipped[0] ^= 1;
        for opened in [
            open_psk(&private, key, b"info", &other, ID, b"aad", sealed),
            open_psk(&other, key, b"info", &good, ID, b"aad", sealed),
            open_psk(&private, &public, b"info", &good, ID, b"aad", sealed),
            open_psk(&private, key, b"onfi", &good, ID, b"aad", sealed),
            open_psk(&private, key, b"info", &good, b"di", b"aad", sealed),
            open_psk(&private, key, b"info", &good, b"", b"aad", sealed),
            open_psk(&private, key, b"info", &good, ID, b"add", sealed),
            open_psk(&private, key, b"info", &good, ID, b"aad", &flipped),
            open_psk(&private, key, b"info", &good, ID, b"aad", &[]),
        ] {
            assert_eq!(opened.err(), Some(Unopenable));
        }
    }

    #[test]
    fn a_small_order_key_is_refused_at_either_end() {
        let psk = psk(1);
        let sealed = seal_psk(&entropy(), &[0; 32], b"", &psk, ID, b"", b"hello");
        assert_eq!(sealed.err(), Some(Unsealable::Inputs));
        let (private, public) = generate_key(&entropy()).unwrap();
        let opened = open_psk(&private, &[0; 32], b"", &psk, ID, b"", &[0; 40]);
        assert_eq!(opened.err(), Some(Unopenable));
        assert!(!is_usable(b"short"));
        assert!(is_usable(&public));
    }

    #[test]
    fn a_key_is_usable_if_x25519_with_it_gives_a_secret() {
        let decapsulates = |key: &[u8; 32]| {
            let key = EncappedKey::from_bytes(key).unwrap();
            Kem::decap(&Kem::derive_keypair(&[0; 32]).0, None, &key).is_ok()
        };
        let hex = |text: &str| -> [u8; 32] {
            std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
        };
        let last = |last: u8, rest: u8| -> [u8; 32] {
            std::array::from_fn(|at| if at == 31 { last } else { rest })
        };
        let with_first = |first: u8, of: [u8; 32]| {
            std::array::from_fn(|at| if at == 0 { first } else { of[at] })
        };
        // Every point of order 1, 2, 4 or 8 of the curve and its twist; 0 and 1 once more without
        // reduction, as 2^255 - 19 and the number after it.
        let small = [
            [0; 32],
            with_first(1, [0; 32]),
            hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
            hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
            with_first(0xec, last(0x7f, 0xff)),
            with_first(0xed, last(0x7f, 0xff)),
            with_first(0xee, last(0x7f, 0xff)),
        ];
        for mut key in small {
            for top in [0, 0x80] {
                // The highest bit is ignored (RFC 7748 §5).
                key[31] = (key[31] & 0x7f) | top;
                assert!(!decapsulates(&key) && !is_usable(&key), "{key:?}");
            }
        }
        let mut rng = entropy().for_operation(&[b"keys"]).unwrap();
        for _ in 0..64 {
            let mut key = [0; 32];
            rand_core::RngCore::fill_bytes(&mut rng, &mut key);
            assert!(decapsulates(&key) && is_usable(&key), "{key:?}");
        }
    }

    #[test]
    fn an_empty_psk_name_is_refused() {
        let (_, public) = generate_key(&entropy()).unwrap();
        let sealed = seal_psk(&entropy(), &public, b"", &psk(1), b"", b"", b"x");
        assert_eq!(sealed.err(), Some(Unsealable::Inputs));
    }

    #[test]
    fn a_key_pair_is_new_each_time() {
        let entropy = entropy();
        assert_ne!(generate_key(&entropy).unwrap().1, generate_key(&entropy).unwrap().1);
    }

    #[test]
    fn x25519_by_the_engines_suites_comes_out_as_wycheproof_says() {
        let (mut shared, mut zero) = (0, 0);
        for case in wycheproof::cases(wycheproof::X25519) {
            let [private, public, dh] = ["private", "public", "shared"].map(|n| case.array(n));
            let recipient = public_key(&Secret::read(&private).unwrap());
            let sender = Sender { dh: &dh, encapsulated_key: &public, recipient: &recipient };
            for (suite, aead) in [
                (BaseSuite::X25519AesGcm128, AeadId::Aes128Gcm),
                (BaseSuite::X25519ChaCha20Poly1305, AeadId::ChaCha20Poly1305),
            ] {
                let sealed = by_hand::seal(&sender, aead, None, (b"info", b"aad"), b"text");
                let opened = suite.open(&private, &public, b"info", b"aad", &sealed);
                let expected = if dh == [0; 32] { Err(Unopenable) } else { Ok(b"text".to_vec()) };
                assert_eq!(opened.map(|mut text| core::mem::take(&mut *text)), expected, "{case}");
                // Nothing is sealed to such a key either.
                assert_eq!(suite.is_usable(&public), dh != [0; 32], "{case}");
                let sealed = suite.seal(&entropy(), &public, b"", b"", b"text");
                assert_eq!(sealed.is_ok(), dh != [0; 32], "{case}");
            }
            *if dh == [0; 32] { &mut zero } else { &mut shared } += 1;
        }
        assert_eq!((shared, zero), (487, 31));
    }
}
