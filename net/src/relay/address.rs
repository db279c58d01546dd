//! A relay's address and what a connection to it needs.

use core::fmt;
use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

use super::hex::{from_hex, to_hex};
use super::trust::{Roots, Trust};

/// The port if the address names none.
const PORT: u16 = 7443;

/// Why an address, a pin or a file of root certificates cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no address of a relay.
    #[error("this is no address of a relay ({0}): write https://HOST:PORT")]
    Address(&'static str),
    /// Unencrypted and not on this machine.
    #[error("http:// and ws:// are for relays on this machine alone: write https://HOST:PORT")]
    Insecure,
    /// The pin is no SHA-256.
    #[error(
        "a pin is the SHA-256 of the relay's certificate, 64 hex digits: copy the relay's ready line"
    )]
    Pin,
    /// The root certificates cannot be read.
    #[error(
        "no root certificates in this file ({0}): give a PEM file, or pin the relay's certificate"
    )]
    Roots(String),
    /// The token is longer than the wire format allows.
    #[error("a token has 1 to 2,048 bytes: ask the relay's operator for another")]
    Token,
}

/// A relay: where it is, how its certificate is checked, and what it wants to see first.
///
/// The meeting does not depend on it: whoever stands in between sees what the relay sees, which is
/// no content and no name. It sees who connects when, though, so a connection is encrypted, and its end is
/// checked, by a [pin](Self::with_pin) or by [root certificates](Self::with_roots).
#[derive(Clone)]
pub struct Relay {
    secure: bool,
    host: String,
    port: u16,
    trust: Trust,
    token: Option<String>,
}

impl Relay {
    /// Reads `https://HOST:PORT` or `wss://HOST:PORT`, which mean the same; without a port it is 7443.
    /// `http` and `ws` are for relays on this machine alone.
    ///
    /// ```
    /// use incamera_net::Relay;
    /// let relay = Relay::parse("wss://relay.example")?.with_pin(&"0f".repeat(32))?;
    /// assert_eq!(relay.url(), "https://relay.example:7443/");
    /// assert!(Relay::parse("http://relay.example").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let wrong = AddressError::Address;
        let (scheme, rest) = text.split_once("://").ok_or(wrong("it has no scheme"))?;
        let secure = match scheme {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(wrong("its scheme is unknown")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(authority)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        if host.is_empty() || host.len() > 253 || !host.chars().all(fits) {
            return Err(wrong("its host is no name and no number"));
        }
        let relay = Self { secure, host: host.to_owned(), port, trust: Trust::Nobody, token: None };
        if relay.secure || relay.is_on_this_machine() {
            Ok(relay)
        } else {
            Err(AddressError::Insecure)
        }
    }

    /// Connects to nobody but who has this certificate: its SHA-256 in hex, 64 digits, as the relay
    /// prints it when it is ready.
    ///
    /// # Errors
    /// [`AddressError::Pin`].
    pub fn with_pin(self, hex: &str) -> Result<Self, AddressError> {
        from_hex(hex).map(|sha256| self.with_certificate(sha256)).ok_or(AddressError::Pin)
    }

    /// As [`with_pin`](Self::with_pin), with the SHA-256 of the certificate (DER) itself.
    #[must_use]
    pub fn with_certificate(self, sha256: [u8; 32]) -> Self {
        Self { trust: Trust::Pin(sha256), ..self }
    }

    /// Connects to whoever has a certificate of this host's name under one of these roots: a PEM
    /// file, for instance `/etc/ssl/certs/ca-certificates.crt`.
    ///
    /// # Errors
    /// [`AddressError::Roots`].
    pub fn with_roots(self, pem: &[u8]) -> Result<Self, AddressError> {
        Ok(Self { trust: Trust::Roots(Roots::read(pem)?), ..self })
    }

    /// Shows this token, a JSON Web Token of the relay's operator, before everything else.
    ///
    /// # Errors
    /// [`AddressError::Token`].
    pub fn with_token(self, token: &str) -> Result<Self, AddressError> {
        let fits = (1..=2048).contains(&token.len());
        let token = Some(token.to_owned()).filter(|_| fits).ok_or(AddressError::Token)?;
        Ok(Self { token: Some(token), ..self })
    }

    /// The address, as [`parse`](Self::parse) reads it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}/", self.authority())
    }

    /// The pin, if there is one.
    #[must_use]
    pub fn pin(&self) -> Option<[u8; 32]> {
        if let Trust::Pin(sha256) = &self.trust { Some(*sha256) } else { None }
    }

    /// Whether the connection's end cannot be checked: there is neither pin nor root, and it is
    /// to be encrypted. Such a relay is not connected to.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.secure && matches!(self.trust, Trust::Nobody)
    }

    /// Whether the address is one of this machine's own: `localhost`, 127.0.0.0/8 or ::1.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        let number: Option<IpAddr> = self.host.parse().ok();
        number.map_or(self.host == "localhost", |number| number.is_loopback())
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Host and port, as a URL has them.
    pub(crate) fn authority(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(number) => format!("[{number}]:{}", self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }
}

fn split_port(authority: &str) -> Result<(&str, u16), AddressError> {
    let wrong = AddressError::Address("its port is no number of 1 to 65535");
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => match host.parse::<Ipv6Addr>() {
            Ok(_) if port.is_empty() => (host, None),
            Ok(_) => (host, Some(port.strip_prefix(':').ok_or(wrong.clone())?)),
            Err(_) => return Err(AddressError::Address("its host is no name and no number")),
        },
        None => match authority.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => return Err(wrong),
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let Some(port) = port else { return Ok((host, PORT)) };
    let port = port.parse().ok().filter(|port| *port != 0).ok_or(wrong)?;
    Ok((host, port))
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("url", &self.url())
            .field("pin", &self.pin().map(|sha256| to_hex(&sha256)))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_read_back() {
        for (text, url) in [
            ("https://relay.example:443", "https://relay.example:443/"),
            ("wss://relay.example/", "https://relay.example:7443/"),
            ("https://127.0.0.1:9", "https://127.0.0.1:9/"),
            ("https://[::1]:9/", "https://[::1]:9/"),
            ("https://[::1]", "https://[::1]:7443/"),
            ("http://localhost:80", "http://localhost:80/"),
            ("ws://127.0.0.1", "http://127.0.0.1:7443/"),
        ] {
            let relay = Relay::parse(text).unwrap();
            assert_eq!(relay.url(), url);
            assert_eq!(Relay::parse(url).unwrap().url(), url);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "relay.example",
            "ftp://relay.example",
            "https://",
            "https://:7443",
            "https://a:0",
            "https://a:65536",
            "https://a:b",
            "https://a/b",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "https://a b",
            "https://a:1:2",
            "https://[::1",
            "https://[a]:1",
            "https://[::1]x",
            "https://a\n",
        ] {
            assert!(matches!(Relay::parse(text), Err(AddressError::Address(_))), "{text:?}");
        }
        for text in ["http://relay.example", "ws://10.0.0.1", "ws://localhost.example"] {
            assert_eq!(Relay::parse(text).unwrap_err(), AddressError::Insecure, "{text}");
        }
    }

    #[test]
    fn a_relay_is_unchecked_until_it_has_a_pin_or_roots() {
        let relay = Relay::parse("https://relay.example").unwrap();
        assert!(relay.is_unchecked());
        assert!(!relay.clone().with_certificate([7; 32]).is_unchecked());
        assert!(!Relay::parse("http://127.0.0.1").unwrap().is_unchecked());
        assert!(matches!(relay.clone().with_pin("12"), Err(AddressError::Pin)));
        assert!(matches!(relay.with_roots(b"no certificate"), Err(AddressError::Roots(_))));
    }

    #[test]
    fn debug_shows_no_token() {
        let relay = Relay::parse("https://a").unwrap().with_token("secret").unwrap();
        assert!(!format!("{relay:?}").contains("secret"));
        assert!(relay.with_token("").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_an_address_that_reads_back_or_is_refused(
            text in "(https|wss|http|ws)?(://)?[a-z0-9.:\\[\\]/@#-]{0,24}|.{0,40}",
        ) {
            if let Ok(relay) = Relay::parse(&text) {
                let again = Relay::parse(&relay.url()).unwrap();
                prop_assert_eq!(again.url(), relay.url());
                prop_assert!(again.is_secure() || again.is_on_this_machine());
            }
        }
    }
}
