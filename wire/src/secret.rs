//! Secrets: boxed so that a move leaves no copy behind, zeroized on drop, redacted in `Debug`,
//! compared in constant time, never `Clone` but for a relay's token.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret of `N` bytes.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes<const N: usize>(Box<[u8; N]>);

impl<const N: usize> SecretBytes<N> {
    /// A secret of zeros for `fill` to write into, so that no copy passes over the stack.
    pub fn filled(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut bytes = Box::new([0; N]);
        fill(&mut bytes);
        Self(bytes)
    }

    /// A secret read from `bytes`; `None` if they are not exactly `N`.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let source: &[u8; N] = bytes.try_into().ok()?;
        Some(Self::filled(|secret| secret.copy_from_slice(source)))
    }

    /// A second holder of the same secret, said aloud because `Clone` would be too quiet.
    pub fn duplicate(&self) -> Self {
        Self::filled(|secret| secret.copy_from_slice(self.expose()))
    }

    /// The bytes, for the one call that needs them.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> fmt::Debug for SecretBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        write!(f, "SecretBytes<{N}>(..)")
    }
}

impl<const N: usize> PartialEq for SecretBytes<N> {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl<const N: usize> Eq for SecretBytes<N> {}

/// A secret text.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretText(Box<str>);

impl SecretText {
    /// A secret text with this content.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// A second holder of the same secret, said aloud because `Clone` would be too quiet.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::new(&self.0)
    }

    /// The text, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for SecretText {}

/// A token that lets its bearer in at a relay. It is `Clone`, as messages are.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BearerToken(String);

impl BearerToken {
    /// The token that is `text`.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

impl PartialEq for BearerToken {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for BearerToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_and_nothing_else() {
        let secret = SecretBytes::<4>::read(&[0xde, 0xad, 0xbe, 0xef]).unwrap();
        assert_eq!(format!("{secret:?}"), "SecretBytes<4>(..)");
    }

    #[test]
    fn a_secret_text_shows_nothing_and_compares_its_content() {
        let secret = SecretText::new("1234");
        assert_eq!(format!("{secret:?}"), "SecretText(..)");
        assert_eq!(secret, secret.duplicate());
        assert_ne!(secret, SecretText::new("1235"));
        assert_ne!(secret, SecretText::new("12345"));
    }

    #[test]
    fn a_token_shows_nothing_and_compares_its_text() {
        let token = BearerToken::new("abc".to_owned());
        assert_eq!(format!("{token:?}"), "BearerToken(..)");
        assert_eq!(token, token.clone());
        assert_ne!(token, BearerToken::new("abd".to_owned()));
    }

    #[test]
    fn a_wrong_length_is_no_secret() {
        assert!(SecretBytes::<4>::read(&[1, 2, 3]).is_none());
        assert!(SecretBytes::<4>::read(&[1, 2, 3, 4, 5]).is_none());
    }

    #[test]
    fn equality_is_of_the_bytes() {
        let secret = SecretBytes::<2>::read(&[1, 2]).unwrap();
        assert_eq!(secret, secret.duplicate());
        assert_ne!(secret, SecretBytes::read(&[1, 3]).unwrap());
    }
}
