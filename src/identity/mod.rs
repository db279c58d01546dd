//! Who somebody is: a long-term Ed25519 identity key, the certificate by which it vouches for one
//! stay in one meeting, the codes by which people compare what they see, and whom they know.

mod certificate;
mod contacts;
mod relay;
mod safety;
mod signature;
mod words;

use core::fmt;

use ed25519_dalek::SigningKey;
use incamera_wire::{Fingerprint, Label};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::entropy::Entropy;
use crate::error::Error;
use crate::secret::Secret;

pub(crate) use certificate::{Certified, certify, renamed, verify_certificate};
pub use contacts::Contact;
pub(crate) use contacts::Contacts;
pub(crate) use relay::verify_relay;
pub use safety::SafetyCode;
pub(crate) use safety::{pair_code, safety_code};
pub(crate) use signature::verify_strict;

/// A person's long-term Ed25519 key and the display name that it goes by.
///
/// The key stays on its device and signs nothing but certificates. Roles and bans follow it from stay
/// to stay.
pub struct Identity {
    /// Boxed, so that a move leaves no copy behind.
    key: Box<SigningKey>,
    name: DisplayName,
    label: Option<Label>,
    attestation: Vec<u8>,
}

/// The longest attestation, in bytes.
const MAX_ATTESTATION: usize = 2048;

impl Identity {
    /// A new identity with a random key.
    ///
    /// # Errors
    /// [`Error::Argument`] if `name` is not a display name, [`Error::NoEntropy`].
    pub fn generate(name: &str) -> Result<Self, Error> {
        Self::generate_from(&Entropy::system(), name)
    }

    /// As [`Identity::generate`], from a given source of randomness.
    pub(crate) fn generate_from(entropy: &Entropy, name: &str) -> Result<Self, Error> {
        let name = DisplayName::new(name)?;
        let secret = entropy.secret::<32>()?;
        Ok(Self::of(SigningKey::from_bytes(secret.expose()), name))
    }

    /// The identity whose secret key was stored before: 32 bytes, RFC 8032 §5.1.5's seed.
    ///
    /// # Errors
    /// [`Error::Argument`] if `name` is not a display name.
    pub fn from_secret_key(secret_key: &[u8; 32], name: &str) -> Result<Self, Error> {
        let name = DisplayName::new(name)?;
        Ok(Self::of(SigningKey::from_bytes(secret_key), name))
    }

    fn of(key: SigningKey, name: DisplayName) -> Self {
        let key = Box::new(key);
        Self { key, name, label: None, attestation: Vec::new() }
    }

    /// The same identity as something that is no person. Its rights are narrowed accordingly, and
    /// everyone sees the label in the roster (SPEC \[G18\]).
    #[must_use]
    pub fn labelled(self, label: Label) -> Self {
        Self { label: Some(label), ..self }
    }

    /// The same identity with something for the other members' applications to judge it by, such as
    /// a token of an identity provider: at most 2,048 bytes, covered by the certificate and never
    /// read by this library.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is longer.
    pub fn with_attestation(self, attestation: Vec<u8>) -> Result<Self, Error> {
        if attestation.len() > MAX_ATTESTATION {
            return Err(Error::Argument("an attestation has at most 2,048 bytes: shorten it"));
        }
        Ok(Self { attestation, ..self })
    }

    /// The secret key, to be stored as safely as the device can: 32 bytes.
    #[must_use]
    pub fn secret_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The display name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The name by which other members' clients know this identity: 32 bytes,
    /// SHA-256("incamera 1 fingerprint" || identity key) (SPEC section 2).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint(self.key.verifying_key().as_bytes())
    }

    /// A second holder of the same identity, for a meeting that may have to certify another stay.
    pub(crate) fn duplicate(&self) -> Self {
        let Self { key, name, label, attestation } = self;
        let (name, attestation) = (name.clone(), attestation.clone());
        Self { key: key.clone(), name, label: *label, attestation }
    }

    /// A fresh signing key for one stay.
    pub(crate) fn stay_key(entropy: &Entropy) -> Result<SigningKey, Error> {
        let secret: Secret<32> = entropy.secret()?;
        Ok(SigningKey::from_bytes(secret.expose()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, name, label: _, attestation: _ } = self;
        f.debug_struct("Identity").field("name", name).finish_non_exhaustive()
    }
}

/// SHA-256("incamera 1 fingerprint" || identity key).
pub(crate) fn fingerprint(identity_key: &[u8; 32]) -> Fingerprint {
    let hash = Sha256::new_with_prefix(b"incamera 1 fingerprint").chain_update(identity_key);
    Fingerprint::new(hash.finalize().into())
}

/// What a caller is told about a name that cannot be shown.
pub(crate) const BAD_NAME: Error = Error::Argument(
    "a display name has 1 to 64 bytes of UTF-8 without control characters, line separators and marks \
     of direction: choose another",
);

/// A name that can be shown: 1 to 64 bytes of UTF-8 without control characters (SPEC \[I3\]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DisplayName(String);

impl DisplayName {
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        // SPEC [I3]: a control or bidirectional character could make one name look like another.
        let shown = (1..=64).contains(&name.len()) && !name.chars().any(is_unshowable);
        if shown { Ok(Self(name.to_owned())) } else { Err(BAD_NAME) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, line and paragraph separators, and the overrides of writing direction.
fn is_unshowable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_comes_back_from_its_secret_key() {
        let ada = Identity::generate("Ada").unwrap();
        let again = Identity::from_secret_key(&ada.secret_key(), "Ada").unwrap();
        assert_eq!(ada.fingerprint(), again.fingerprint());
    }

    #[test]
    fn debug_shows_the_name_alone() {
        let ada = Identity::from_secret_key(&[7; 32], "Ada").unwrap();
        assert_eq!(format!("{ada:?}"), r#"Identity { name: DisplayName("Ada"), .. }"#);
    }

    #[test]
    fn names_that_cannot_be_shown_are_refused() {
        // SPEC [I3]
        let long = "x".repeat(65);
        for name in ["", "a\nb", "a\u{0}b", "a\u{202e}b", "a\u{2066}b", "a\u{feff}", long.as_str()]
        {
            assert_eq!(Identity::generate(name).unwrap_err(), BAD_NAME, "{name:?}");
        }
        let refused = [
            ('\u{0}', '\u{1f}'),
            ('\u{7f}', '\u{9f}'),
            ('\u{61c}', '\u{61c}'),
            ('\u{200e}', '\u{200f}'),
            ('\u{2028}', '\u{202e}'),
            ('\u{2066}', '\u{2069}'),
            ('\u{feff}', '\u{feff}'),
        ];
        for c in '\u{0}'..='\u{ffff}' {
            let shown = !refused.iter().any(|(first, last)| (*first..=*last).contains(&c));
            assert_eq!(Identity::from_secret_key(&[7; 32], &c.to_string()).is_ok(), shown, "{c:?}");
        }
        for name in ["A", "Åsa Öberg", "李小龍", "x".repeat(64).as_str()] {
            assert!(Identity::generate(name).is_ok(), "{name:?}");
        }
    }
}
