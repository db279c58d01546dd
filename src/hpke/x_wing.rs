//! X-Wing (draft-connolly-cfrg-xwing-kem-06: X25519 and ML-KEM-768) as a KEM of HPKE, number 0x647a:
//! the crate `x-wing` behind the traits of the crate `hpke`.

use ::hpke::generic_array::GenericArray;
use ::hpke::generic_array::typenum::{Sum, U32, U96, U192, U1024};
use ::hpke::kem::{Kem, SharedSecret};
use ::hpke::rand_core::{CryptoRng, RngCore};
use ::hpke::{Deserializable, HpkeError, Serializable};
use shake::{ExtendableOutput as _, Shake256};
use subtle::ConstantTimeEq as _;
use x_wing::{Decapsulate as _, Decapsulator as _, KeyExport as _};
use zeroize::Zeroizing;

/// The KEM.
pub(super) struct XWing;

/// A public key, 1,216 bytes, that can be encapsulated to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicKey(x_wing::EncapsulationKey);

/// A private key: the seed of 32 bytes from which both parts come.
#[derive(Clone)]
pub(super) struct PrivateKey(Zeroizing<[u8; 32]>);

/// An encapsulated key, 1,120 bytes.
#[derive(Clone)]
pub(super) struct EncappedKey(x_wing::Ciphertext);

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Eq for PrivateKey {}

impl PrivateKey {
    fn expanded(&self) -> x_wing::DecapsulationKey {
        x_wing::DecapsulationKey::from(*self.0)
    }
}

impl Serializable for PublicKey {
    type OutputSize = Sum<U1024, U192>;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.0.to_bytes());
    }
}

impl Deserializable for PublicKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        x_wing::EncapsulationKey::try_from(encoded)
            .map(Self)
            .map_err(|_| HpkeError::ValidationError)
    }
}

impl Serializable for PrivateKey {
    type OutputSize = U32;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(&*self.0);
    }
}

impl Deserializable for PrivateKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        let seed = encoded.try_into().map_err(|_| HpkeError::ValidationError)?;
        Ok(Self(Zeroizing::new(seed)))
    }
}

impl Serializable for EncappedKey {
    type OutputSize = Sum<U1024, U96>;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.0);
    }
}

impl Deserializable for EncappedKey {
    fn from_bytes(encoded: &[u8]) -> Result<Self, HpkeError> {
        x_wing::Ciphertext::try_from(encoded).map(Self).map_err(|_| HpkeError::ValidationError)
    }
}

impl Kem for XWing {
    type PublicKey = PublicKey;
    type PrivateKey = PrivateKey;
    type EncappedKey = EncappedKey;
    type NSecret = U32;

    const KEM_ID: u16 = 0x647a;

    fn sk_to_pk(private_key: &PrivateKey) -> PublicKey {
        PublicKey(private_key.expanded().encapsulation_key().clone())
    }

    /// The seed is SHAKE-256 of `ikm`, of 32 bytes.
    fn derive_keypair(ikm: &[u8]) -> (PrivateKey, PublicKey) {
        let mut seed = Zeroizing::new([0; 32]);
        Shake256::digest_xof(ikm, &mut *seed);
        let private_key = PrivateKey(seed);
        let public_key = Self::sk_to_pk(&private_key);
        (private_key, public_key)
    }

    fn decap(
        recipient: &PrivateKey,
        sender: Option<&PublicKey>,
        encapped: &EncappedKey,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::DecapError);
        }
        Ok(shared(&recipient.expanded().decapsulate(&encapped.0)))
    }

    fn encap<R: CryptoRng + RngCore>(
        recipient: &PublicKey,
        sender: Option<(&PrivateKey, &PublicKey)>,
        rng: &mut R,
    ) -> Result<(SharedSecret<Self>, EncappedKey), HpkeError> {
        if sender.is_some() {
            return Err(HpkeError::EncapError);
        }
        let mut randomness = Zeroizing::new([0; x_wing::ENCAPSULATION_RANDOMNESS_SIZE]);
        rng.fill_bytes(&mut *randomness);
        let (encapped, secret) = recipient.0.encapsulate_deterministic((&*randomness).into());
        Ok((shared(&secret), EncappedKey(encapped)))
    }
}

fn shared(secret: &x_wing::SharedKey) -> SharedSecret<XWing> {
    let mut shared = SharedSecret(GenericArray::default());
    shared.0.copy_from_slice(secret);
    shared
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::MontgomeryPoint;
    use ml_kem::{MlKem768, Seed};
    use sha3::{Digest as _, Sha3_256};

    use super::*;
    use crate::entropy::Entropy;
    use crate::wycheproof;

    /// The lengths of ML-KEM-768's encapsulation key and ciphertext in bytes.
    const EK: usize = 1_184;
    const CT: usize = 1_088;

    type KemKey = ml_kem::DecapsulationKey<MlKem768>;

    /// X-Wing's combiner of ML-KEM's secret, X25519's, its ciphertext and its public key.
    fn combined(of: [&[u8]; 4]) -> Vec<u8> {
        Sha3_256::digest([&of.concat()[..], br"\.//^\"].concat()).to_vec()
    }

    /// X-Wing makes its ML-KEM key from a seed of its own, so a vector's key can be put in on the side
    /// that encapsulates only; the other side is written out here.
    #[test]
    fn what_is_encapsulated_to_wycheproofs_keys_decapsulates() {
        let x25519 = [5; 32];
        let public = MontgomeryPoint::mul_base_clamped(x25519).to_bytes();
        let (mut keys, mut secrets, mut wrong_length, mut no_key) = (0, 0, 0, 0);
        for case in wycheproof::cases(wycheproof::ML_KEM_768) {
            let Some(ek) = case.bytes_if_there("ek") else {
                // A seed of another length, which X-Wing does not take from anybody.
                assert!(case.is_invalid() && case.bytes("seed").len() != 64, "{case}");
                no_key += 1;
                continue;
            };
            let seed = Seed::try_from(&case.bytes("seed")[..]).unwrap();
            let key = KemKey::from_seed(seed);
            let c = case.bytes("c");
            if case.is_invalid() {
                assert_ne!(c.len(), CT, "{case}");
                assert!(EncappedKey::from_bytes(&[&c[..], &public].concat()).is_err(), "{case}");
                wrong_length += 1;
            } else {
                // The crate below `x-wing`.
                let secret = key.decapsulate_slice(&c).unwrap();
                assert_eq!(secret[..], case.bytes("K"), "{case}");
                secrets += 1;
            }
            let recipient = PublicKey::from_bytes(&[&ek[..], &public].concat()).unwrap();
            let mut rng = Entropy::seeded([3; 32]).for_operation(&[&ek]).unwrap();
            let (shared, encapped) = XWing::encap(&recipient, None, &mut rng).unwrap();
            let (ct_m, ct_x) = encapped.0.split_at(CT);
            let ss_m = key.decapsulate_slice(ct_m).unwrap();
            let ss_x = MontgomeryPoint(ct_x.try_into().unwrap()).mul_clamped(x25519).to_bytes();
            assert_eq!(shared.0[..], combined([&ss_m, &ss_x, ct_x, &public]), "{case}");
            assert_eq!(ek.len(), EK);
            keys += 1;
        }
        assert_eq!((keys, secrets, wrong_length, no_key), (173, 153, 20, 20));
    }
}
