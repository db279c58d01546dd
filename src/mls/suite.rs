//! The MLS suites of the profiles (SPEC section 5.1), and the primitives that each stands for.

use openmls_traits::types::{
    Ciphersuite, CryptoError, HpkeAeadType, HpkeConfig, HpkeKdfType, HpkeKemType,
};

use super::Profile;
use crate::hpke::BaseSuite;

/// The suite of a profile. Each has hashes of 32 bytes and signatures of Ed25519.
pub(super) const fn suite_of(profile: Profile) -> Ciphersuite {
    match profile {
        Profile::Standard => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        Profile::Portable => Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
        Profile::PostQuantum => Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
    }
}

/// The HPKE suite that `config` means, if a profile has it.
fn hpke_suite(config: HpkeConfig) -> Result<BaseSuite, CryptoError> {
    let HpkeConfig(kem, HpkeKdfType::HkdfSha256, aead) = config else {
        return Err(CryptoError::UnsupportedCiphersuite);
    };
    match (kem, aead) {
        (HpkeKemType::DhKem25519, HpkeAeadType::AesGcm128) => Ok(BaseSuite::X25519AesGcm128),
        (HpkeKemType::DhKem25519, HpkeAeadType::ChaCha20Poly1305) => {
            Ok(BaseSuite::X25519ChaCha20Poly1305)
        }
        (HpkeKemType::XWingKemDraft6, HpkeAeadType::AesGcm128) => Ok(BaseSuite::XWingAesGcm128),
        _ => Err(CryptoError::UnsupportedCiphersuite),
    }
}

/// As [`hpke_suite`], if `suite` has it.
pub(super) fn hpke_suite_within(
    suite: Ciphersuite,
    config: HpkeConfig,
) -> Result<BaseSuite, CryptoError> {
    let (asked, own) = (hpke_suite(config)?, hpke_suite(suite.hpke_config())?);
    if asked == own { Ok(own) } else { Err(CryptoError::UnsupportedCiphersuite) }
}

/// Whether a member can encrypt to `key` in `suite`.
pub(super) fn is_usable(suite: Ciphersuite, key: &[u8]) -> bool {
    hpke_suite(suite.hpke_config()).is_ok_and(|suite| suite.is_usable(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_has_its_suite_and_no_other_suite_has_a_profile() {
        let numbers = Profile::ALL.iter().map(|profile| suite_of(*profile) as u16);
        assert_eq!(numbers.collect::<Vec<_>>(), [0x0001, 0x0003, 0x004f]);
        for profile in Profile::ALL {
            assert!(hpke_suite(suite_of(*profile).hpke_config()).is_ok());
        }
        let other = Ciphersuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256;
        assert!(hpke_suite(other.hpke_config()).is_err());
    }
}
