//! Base mode (RFC 9180 §5.1.1) for the MLS engine, in the suites of the profiles.

use ::hpke::aead::{Aead, AesGcm128, ChaCha20Poly1305};
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::Kem;
use ::hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use super::x_wing::XWing;
use super::{Unopenable, Unsealable};
use crate::entropy::{Entropy, NoEntropy};

/// An HPKE suite of a profile's MLS suite (RFC 9420 §5.1); the KDF is HKDF-SHA256 in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BaseSuite {
    /// DHKEM(X25519, HKDF-SHA256), AES-128-GCM: of MLS 0x0001.
    X25519AesGcm128,
    /// DHKEM(X25519, HKDF-SHA256), ChaCha20-Poly1305: of MLS 0x0003.
    X25519ChaCha20Poly1305,
    /// X-Wing, AES-128-GCM: of MLS 0x004F.
    XWingAesGcm128,
}

impl BaseSuite {
    /// Whether something can be sealed to this public key at all.
    pub(crate) fn is_usable(self, public_key: &[u8]) -> bool {
        match self {
            Self::X25519AesGcm128 | Self::X25519ChaCha20Poly1305 => super::is_usable(public_key),
            Self::XWingAesGcm128 => <XWing as Kem>::PublicKey::from_bytes(public_key).is_ok(),
        }
    }

    /// Seals `plaintext`: the encapsulated key, 32 bytes by X25519 and 1,120 by X-Wing, and the
    /// ciphertext, 16 bytes longer than the plaintext.
    pub(crate) fn seal(
        self,
        entropy: &Entropy,
        recipient: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), Unsealable> {
        match self {
            Self::X25519AesGcm128 => {
                seal::<super::Kem, AesGcm128>(entropy, recipient, info, aad, plaintext)
            }
            Self::X25519ChaCha20Poly1305 => {
                seal::<super::Kem, ChaCha20Poly1305>(entropy, recipient, info, aad, plaintext)
            }
            Self::XWingAesGcm128 => {
                seal::<XWing, AesGcm128>(entropy, recipient, info, aad, plaintext)
            }
        }
    }

    /// Opens what [`Self::seal`] sealed to the owner of `private_key`, of 32 bytes in each suite.
    pub(crate) fn open(
        self,
        private_key: &[u8],
        encapsulated_key: &[u8],
        info: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
        let sealed = (encapsulated_key, ciphertext);
        match self {
            Self::X25519AesGcm128 => open::<super::Kem, AesGcm128>(private_key, sealed, info, aad),
            Self::X25519ChaCha20Poly1305 => {
                open::<super::Kem, ChaCha20Poly1305>(private_key, sealed, info, aad)
            }
            Self::XWingAesGcm128 => open::<XWing, AesGcm128>(private_key, sealed, info, aad),
        }
    }

    /// What [`Self::seal`] would give in length, for a recipient to whom nothing can be sealed.
    pub(crate) fn noise(
        self,
        entropy: &Entropy,
        recipient: &[u8],
        info: &[u8],
        plaintext: &[u8],
    ) -> Result<(Vec<u8>, Vec<u8>), NoEntropy> {
        use rand_core::RngCore as _;
        let mut rng = entropy.for_operation(&[b"noise", recipient, info, plaintext])?;
        let (mut key, mut ciphertext) =
            (vec![0; self.encapsulated_key_len()], vec![0; plaintext.len() + 16]);
        rng.fill_bytes(&mut key);
        rng.fill_bytes(&mut ciphertext);
        Ok((key, ciphertext))
    }

    fn encapsulated_key_len(self) -> usize {
        match self {
            Self::X25519AesGcm128 | Self::X25519ChaCha20Poly1305 => {
                <super::Kem as Kem>::EncappedKey::size()
            }
            Self::XWingAesGcm128 => <XWing as Kem>::EncappedKey::size(),
        }
    }
}

fn seal<K: Kem, A: Aead>(
    entropy: &Entropy,
    recipient: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), Unsealable> {
    let mut rng = entropy.for_operation(&[recipient, info, plaintext])?;
    let recipient = K::PublicKey::from_bytes(recipient)?;
    let (key, mut sender) =
        ::hpke::setup_sender::<A, HkdfSha256, K, _>(&OpModeS::Base, &recipient, info, &mut rng)?;
    Ok((key.to_bytes().to_vec(), sender.seal(plaintext, aad)?))
}

fn open<K: Kem, A: Aead>(
    private_key: &[u8],
    (encapsulated_key, ciphertext): (&[u8], &[u8]),
    info: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unopenable> {
    let mut receiver = ::hpke::setup_receiver::<A, HkdfSha256, K>(
        &OpModeR::Base,
        &K::PrivateKey::from_bytes(private_key)?,
        &K::EncappedKey::from_bytes(encapsulated_key)?,
        info,
    )?;
    Ok(Zeroizing::new(receiver.open(ciphertext, aad)?))
}

#[cfg(any(test, feature = "testing"))]
impl BaseSuite {
    /// The public key of a private key of 32 bytes, for tests that look for private keys.
    pub(crate) fn public_key(self, private_key: &[u8]) -> Option<Vec<u8>> {
        fn public<K: Kem>(private_key: &[u8]) -> Option<Vec<u8>> {
            let private_key = K::PrivateKey::from_bytes(private_key).ok()?;
            Some(K::sk_to_pk(&private_key).to_bytes().to_vec())
        }
        match self {
            Self::XWingAesGcm128 => public::<XWing>(private_key),
            Self::X25519AesGcm128 | Self::X25519ChaCha20Poly1305 => {
                public::<super::Kem>(private_key)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [BaseSuite; 3] =
        [BaseSuite::X25519AesGcm128, BaseSuite::X25519ChaCha20Poly1305, BaseSuite::XWingAesGcm128];

    fn entropy() -> Entropy {
        Entropy::seeded([3; 32])
    }

    fn key_pair(suite: BaseSuite) -> (Vec<u8>, Vec<u8>) {
        fn pair<K: Kem>() -> (Vec<u8>, Vec<u8>) {
            let (private, public) = K::derive_keypair(&[9; 32]);
            (private.to_bytes().to_vec(), public.to_bytes().to_vec())
        }
        match suite {
            BaseSuite::XWingAesGcm128 => pair::<XWing>(),
            _ => pair::<super::super::Kem>(),
        }
    }

    #[test]
    fn the_recipient_opens_and_nothing_else_does() {
        for suite in ALL {
            let (private, public) = key_pair(suite);
            assert!(suite.is_usable(&public));
            let (key, sealed) = suite.seal(&entropy(), &public, b"info", b"aad", b"text").unwrap();
            assert_eq!((key.len(), sealed.len()), (suite.encapsulated_key_len(), 20));
            let opened = suite.open(&private, &key, b"info", b"aad", &sealed).unwrap();
            assert_eq!(*opened, b"text");
            let (mut other_key, mut other_text) = (key.clone(), sealed.clone());
            other_key[7] ^= 1;
            other_text[3] ^= 1;
            for (private, key, info, aad, sealed) in [
                (&[7; 32][..], &key, b"info", b"aad", &sealed),
                (&private, &other_key, b"info", b"aad", &sealed),
                (&private, &key, b"onfi", b"aad", &sealed),
                (&private, &key, b"info", b"ada", &sealed),
                (&private, &key, b"info", b"aad", &other_text),
            ] {
                assert_eq!(suite.open(private, key, info, aad, sealed), Err(Unopenable));
            }
            assert_eq!(suite.open(&private[1..], &key, b"info", b"aad", &sealed), Err(Unopenable));
            assert_eq!(suite.open(&private, &key[1..], b"info", b"aad", &sealed), Err(Unopenable));
        }
    }

    #[test]
    fn a_key_that_nothing_can_be_sealed_to_is_told_and_gets_noise_of_the_right_length() {
        for suite in ALL {
            let (_, public) = key_pair(suite);
            // X25519: a point of order 1. ML-KEM: coefficients above the modulus.
            let bad = match suite {
                BaseSuite::XWingAesGcm128 => vec![0xff; public.len()],
                _ => vec![0; 32],
            };
            for bad in [&bad[..], &public[1..], &[]] {
                assert!(!suite.is_usable(bad));
                let sealed = suite.seal(&entropy(), bad, b"", b"", b"text");
                assert_eq!(sealed, Err(Unsealable::Inputs));
            }
            let (key, sealed) = suite.seal(&entropy(), &public, b"", b"", b"text").unwrap();
            let (noise, text) = suite.noise(&entropy(), &bad, b"", b"text").unwrap();
            assert_eq!((noise.len(), text.len()), (key.len(), sealed.len()));
        }
    }

    #[test]
    fn a_seeded_encryption_depends_on_its_inputs_and_not_on_order() {
        for suite in ALL {
            let (_, public) = key_pair(suite);
            let one = entropy();
            let seal = |plaintext: &[u8]| suite.seal(&one, &public, b"", b"", plaintext).unwrap();
            let first = seal(b"a");
            assert_ne!(first.0, seal(b"b").0);
            assert_eq!(first, seal(b"a"));
        }
    }
}
