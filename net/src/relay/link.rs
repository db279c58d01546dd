//! The link to a meeting at a relay.

use core::fmt;

use incamera::Invite;
use thiserror::Error;

use super::address::{AddressError, Relay};
use super::hex::to_hex;

/// What the invite's own text form begins with.
const INVITE: &str = "incamera:1.";
/// What stands before a pin.
const PIN: &str = "pin=";

/// Why a text is no link.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkError {
    /// It does not name a relay.
    #[error("the link names no relay: give its address, https://HOST:PORT")]
    NoRelay,
    /// The relay's part cannot be used.
    #[error(transparent)]
    Relay(#[from] AddressError),
    /// There is no `#`, or something unknown behind it.
    #[error(
        "the link is cut off or damaged ({0}): copy the whole link, with all that follows the #"
    )]
    Damaged(&'static str),
    /// The invite's part cannot be used.
    #[error(transparent)]
    Invite(#[from] incamera::Error),
}

/// A meeting at a relay, to send to those who shall knock:
///
/// ```text
/// https://HOST:PORT/#INVITE&pin=SHA256
/// ```
///
/// INVITE are the 111 characters of the [`Invite`]'s link. SHA256 is that of the relay's certificate in
/// hex; it and the `&` are left out where root certificates vouch for the relay: then the
/// link is also an invite of the library's. Nothing behind the `#` is sent to any server.
pub struct Link {
    /// Where the meeting is.
    pub relay: Relay,
    /// What lets one knock.
    pub invite: Invite,
}

impl Link {
    /// Reads a link. An invite without a relay, `incamera:1.…`, is a link together with `relay`,
    /// which is not used otherwise.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn parse(text: &str, relay: Option<&Relay>) -> Result<Self, LinkError> {
        let text = text.trim();
        if text.starts_with(INVITE) {
            let invite = Invite::parse(text)?;
            return Ok(Self { relay: relay.ok_or(LinkError::NoRelay)?.clone(), invite });
        }
        let (address, secret) =
            text.split_once('#').ok_or(LinkError::Damaged("it has nothing behind a #"))?;
        let mut parts = secret.split('&');
        let invite = parts.next().unwrap_or_default();
        let invite = Invite::parse(&format!("{INVITE}{invite}"))?;
        let mut relay = Relay::parse(address)?;
        if let Some(part) = parts.next() {
            let unknown = LinkError::Damaged("a part of it is unknown");
            relay = relay.with_pin(part.strip_prefix(PIN).ok_or(unknown)?)?;
        }
        if parts.next().is_some() {
            return Err(LinkError::Damaged("something follows the pin"));
        }
        Ok(Self { relay, invite })
    }
}

/// The link itself. Whoever reads it may knock.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let invite = self.invite.link();
        let secret = invite.strip_prefix(INVITE).unwrap_or(&invite);
        write!(f, "{}#{secret}", self.relay.url())?;
        self.relay.pin().map_or(Ok(()), |pin| write!(f, "&{PIN}{}", to_hex(&pin)))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { relay, invite } = self;
        f.debug_struct("Link").field("relay", relay).field("invite", invite).finish()
    }
}

#[cfg(test)]
mod tests {
    use incamera::{Identity, Meeting, Now, Settings};
    use proptest::prelude::*;

    use super::*;

    fn invite() -> Invite {
        let now = Now { monotonic_ms: 0, unix_ms: 1_790_000_000_000 };
        let ada = Identity::generate("Ada").unwrap();
        Meeting::create(&ada, Settings::default(), now).unwrap().invite().unwrap()
    }

    #[test]
    fn a_link_reads_back_with_and_without_a_pin() {
        let pinned = Relay::parse("https://127.0.0.1:9").unwrap().with_certificate([0xa1; 32]);
        let bare = Relay::parse("wss://relay.example").unwrap();
        let local = Relay::parse("http://localhost:8").unwrap();
        for relay in [pinned, bare, local] {
            let text = Link { relay: relay.clone(), invite: invite() }.to_string();
            let read = Link::parse(&format!(" {text}\n"), None).unwrap();
            assert_eq!(read.to_string(), text);
            assert_eq!((read.relay.url(), read.relay.pin()), (relay.url(), relay.pin()));
            let both_read = relay.pin().is_none() && text.starts_with("https");
            assert_eq!(Invite::parse(&text).is_ok(), both_read, "{text}");
        }
    }

    #[test]
    fn a_bare_invite_needs_a_relay() {
        let text = invite().link();
        assert_eq!(Link::parse(&text, None).unwrap_err(), LinkError::NoRelay);
        let relay = Relay::parse("https://relay.example:1").unwrap();
        let read = Link::parse(&text, Some(&relay)).unwrap();
        assert_eq!((read.relay.url(), read.invite.link()), (relay.url(), text));
    }

    #[test]
    fn damaged_links_are_refused_wherever_they_are_cut() {
        let relay = Relay::parse("https://127.0.0.1:9").unwrap().with_certificate([0xa1; 32]);
        let text = Link { relay, invite: invite() }.to_string();
        let invite_ends = text.find('&').unwrap();
        for length in (0..text.len()).filter(|length| *length != invite_ends) {
            assert!(Link::parse(&text[..length], None).is_err(), "{length}");
        }
        for more in ["&", "&x=1", "0", "&pin="] {
            assert!(Link::parse(&format!("{text}{more}"), None).is_err(), "{more}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let link = Link { relay: Relay::parse("https://a").unwrap(), invite: invite() };
        let shown = format!("{link:?}");
        assert!(!shown.contains(&link.invite.link()[80..]), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_is_a_link_or_is_refused(
            text in "(https://a:1/#|incamera:1\\.)?[A-Za-z0-9_-]{111}(&pin=[0-9a-f]{64})?|.{0,200}",
        ) {
            let relay = Relay::parse("https://b").unwrap();
            if let Ok(link) = Link::parse(&text, Some(&relay)) {
                let again = Link::parse(&link.to_string(), None).unwrap();
                prop_assert_eq!(again.to_string(), link.to_string());
            }
        }
    }
}
