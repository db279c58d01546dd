//! An operator's tokens: JSON Web Tokens (RFC 7519) under HMAC-SHA-256.

use std::collections::HashSet;

use incamera_wire::MeetingId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::hex;

/// The claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The meeting: 32 hex digits.
    pub(crate) sub: String,
    /// When it ends, in seconds since 1970.
    pub(crate) exp: u64,
    /// The token's name, by which it can be barred.
    pub(crate) jti: String,
    /// What else it says.
    #[serde(default)]
    pub(crate) incamera: Powers,
}

/// What a token allows and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Powers {
    /// Connections that its bearer may make the meeting's total grow to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) members: Option<usize>,
    /// Tracks that its bearer may send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracks: Option<usize>,
    /// Of media from its bearer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bits_per_second: Option<u64>,
    /// Whether its bearer may end others' transports.
    pub(crate) may_end: bool,
}

/// Checks and makes tokens.
pub(crate) struct Tokens {
    check: DecodingKey,
    sign: EncodingKey,
}

impl Tokens {
    /// Under the operator's secret.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let check = DecodingKey::from_secret(secret);
        Self { check, sign: EncodingKey::from_secret(secret) }
    }

    /// The claims of a token that this operator signed and that has not expired at `now` (seconds
    /// since 1970), or what the client is told.
    pub(crate) fn verify(&self, token: &str, now: u64) -> Result<Claims, &'static str> {
        let mut validation = Validation::new(Algorithm::HS256);
        // Time is an argument: it is checked below.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::new();
        let claims = jsonwebtoken::decode::<Claims>(token, &self.check, &validation)
            .map_err(|_| "the token is not one of this relay's operator: ask for another")?
            .claims;
        if claims.exp <= now {
            return Err("the token has expired: ask the relay's operator for another");
        }
        Ok(claims)
    }

    /// Signs a token.
    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.sign)
            .map_err(|error| format!("the token cannot be signed: {error}"))
    }
}

impl Claims {
    /// Whether the token is for this meeting.
    pub(crate) fn is_for(&self, meeting: MeetingId) -> bool {
        hex::decode::<16>(&self.sub).is_some_and(|bytes| bytes == *meeting.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEETING: MeetingId = MeetingId::new([0xab; 16]);

    fn claims() -> Claims {
        let incamera = Powers { members: Some(9), may_end: true, ..Powers::default() };
        Claims { sub: MEETING.to_string(), exp: 1000, jti: "1".to_owned(), incamera }
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let tokens = Tokens::new(&[7; 32]);
        let token = tokens.sign(&claims()).unwrap();
        assert_eq!(tokens.verify(&token, 999).unwrap(), claims());
        assert!(claims().is_for(MEETING));
    }

    #[test]
    fn an_expired_token_is_refused() {
        let tokens = Tokens::new(&[7; 32]);
        let token = tokens.sign(&claims()).unwrap();
        assert!(tokens.verify(&token, 1000).unwrap_err().contains("expired"));
    }

    #[test]
    fn a_token_under_another_secret_is_refused() {
        let token = Tokens::new(&[8; 32]).sign(&claims()).unwrap();
        assert!(Tokens::new(&[7; 32]).verify(&token, 0).is_err());
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        let token = Tokens::new(&[7; 32]).sign(&claims()).unwrap();
        let body = token.split('.').nth(1).unwrap();
        // {"alg":"none"}
        let bare = format!("eyJhbGciOiJub25lIn0.{body}.");
        assert!(Tokens::new(&[7; 32]).verify(&bare, 0).is_err());
        for junk in ["", ".", "..", "a.b.c", "\u{fffd}"] {
            assert!(Tokens::new(&[7; 32]).verify(junk, 0).is_err());
        }
    }

    #[test]
    fn a_token_for_another_meeting_is_not_for_this_one() {
        let other = Claims { sub: "ac".repeat(16), ..claims() };
        assert!(!other.is_for(MEETING));
        assert!(!Claims { sub: "ab".repeat(15), ..claims() }.is_for(MEETING));
    }
}
