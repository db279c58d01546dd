//! The invite: what a link carries.

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use incamera_wire::{InviteEntry, InviteId, MeetingId, Profile};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::policy;
use crate::secret::Secret;

/// Format version of an invite's bytes.
const VERSION: u8 = 1;
/// version || profile || flags || meeting || lobby public key || link secret.
const LENGTH: usize = 3 + 16 + 32 + 32;
/// Flag: a passcode is asked.
const PASSCODE: u8 = 1;
/// What a link's text begins with; the version is repeated there so that people see it.
const PREFIX: &str = "incamera:1.";

/// Everything that a person needs to knock at a meeting's door.
///
/// It holds the link secret: whoever has it may knock, and may be admitted. In a URL it belongs in
/// the fragment, which browsers do not send to servers.
pub struct Invite {
    pub(crate) profile: Profile,
    pub(crate) passcode: bool,
    pub(crate) meeting: MeetingId,
    pub(crate) lobby_key: [u8; 32],
    pub(crate) link_secret: Secret<32>,
}

impl Invite {
    /// Reads a link: `incamera:1.` and 111 characters of unpadded base64url, or an `https` URL
    /// whose fragment is those 111 characters (SPEC \[A1\]).
    ///
    /// # Errors
    /// [`Error::Invite`] says what is wrong with it.
    pub fn parse(link: &str) -> Result<Self, Error> {
        // SPEC [A1]
        let text = match link.strip_prefix(PREFIX) {
            Some(text) => text,
            None if link.starts_with("https://") => {
                link.split_once('#')
                    .ok_or(Error::Invite("the URL has no fragment: copy the whole link"))?
                    .1
            }
            None => {
                return Err(Error::Invite(
                    "it begins neither with incamera:1. nor with https://: ask the host for the link",
                ));
            }
        };
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let decoded = Base64UrlUnpadded::decode(text, &mut *bytes).map_err(|_| {
            Error::Invite("it is not 111 characters of unpadded base64url: copy the whole link")
        })?;
        let decoded: &[u8; LENGTH] = decoded
            .try_into()
            .map_err(|_| Error::Invite("it is too short: copy the whole link"))?;
        Self::from_bytes(decoded)
    }

    fn from_bytes(bytes: &[u8; LENGTH]) -> Result<Self, Error> {
        let short = Error::Invite("it is too short: copy the whole link");
        // SPEC [A1]
        let ([version, profile, flags], rest) = bytes.split_first_chunk().ok_or(short)?;
        let (meeting, rest) = rest.split_first_chunk::<16>().ok_or(short)?;
        let (lobby_key, secret) = rest.split_first_chunk::<32>().ok_or(short)?;
        if *version != VERSION {
            return Err(Error::Invite("its version is not 1: update this program"));
        }
        if flags & !PASSCODE != 0 {
            return Err(Error::Invite("it asks for something unknown: update this program"));
        }
        Ok(Self {
            profile: Profile::from_number(*profile)
                .ok_or(Error::Invite("its profile is unknown: update this program"))?,
            passcode: flags & PASSCODE != 0,
            meeting: MeetingId::new(*meeting),
            lobby_key: *lobby_key,
            link_secret: Secret::read(secret).ok_or(short)?,
        })
    }

    /// The link to send: 122 characters of ASCII. Whoever reads it may knock.
    #[must_use]
    pub fn link(&self) -> String {
        let flags = if self.passcode { PASSCODE } else { 0 };
        let head = [VERSION, self.profile.number(), flags];
        let parts: [&[u8]; 4] =
            [&head, self.meeting.as_bytes(), &self.lobby_key, self.link_secret.expose()];
        let bytes = Zeroizing::new(parts.concat());
        format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&bytes))
    }

    /// The meeting that it leads to.
    #[must_use]
    pub fn meeting(&self) -> MeetingId {
        self.meeting
    }

    /// Whether a passcode is asked.
    #[must_use]
    pub fn asks_passcode(&self) -> bool {
        self.passcode
    }

    /// A second copy for a joiner to keep.
    pub(crate) fn duplicate(&self) -> Self {
        let Self { profile, passcode, meeting, lobby_key, link_secret } = self;
        Self {
            profile: *profile,
            passcode: *passcode,
            meeting: *meeting,
            lobby_key: *lobby_key,
            link_secret: link_secret.duplicate(),
        }
    }

    /// The id under which the group knows this invite.
    pub(crate) fn id(&self) -> InviteId {
        policy::invite_id(&self.link_secret)
    }
}

/// Whether nobody may be admitted under this invite any more, by the admitter's clock: `unix_ms`
/// are the milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn has_expired(entry: &InviteEntry, unix_ms: u64) -> bool {
    // SPEC [A15]
    entry.expires_s.is_some_and(|expires_s| unix_ms / 1000 >= expires_s.get())
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, passcode, meeting, lobby_key: _, link_secret: _ } = self;
        f.debug_struct("Invite")
            .field("profile", profile)
            .field("passcode", passcode)
            .field("meeting", meeting)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invite() -> Invite {
        Invite {
            profile: Profile::Standard,
            passcode: true,
            meeting: MeetingId::new([0xab; 16]),
            lobby_key: [0xcd; 32],
            link_secret: Secret::filled(|bytes| *bytes = [0xef; 32]),
        }
    }

    fn body() -> String {
        invite().link().strip_prefix(PREFIX).unwrap().to_owned()
    }

    #[test]
    fn a_link_reads_back_in_both_forms() {
        assert_eq!(body().len(), 111);
        for link in [invite().link(), format!("https://meet.example/j#{}", body())] {
            let read = Invite::parse(&link).unwrap();
            assert_eq!(read.link(), invite().link());
            assert_eq!(read.id(), invite().id());
            assert!(read.asks_passcode());
        }
    }

    #[test]
    fn malformed_links_are_refused() {
        // SPEC [A1]
        let body = body();
        let change = |position: usize, with: char| {
            body.chars().enumerate().map(|(i, c)| if i == position { with } else { c }).collect()
        };
        let bodies: [(&str, String); 9] = [
            ("empty", String::new()),
            ("short", body[..110].to_owned()),
            ("long", format!("{body}A")),
            ("padded", format!("{body}=")),
            ("space", format!("{body} ")),
            ("standard alphabet", change(20, '+')),
            ("version", change(0, 'B')),
            ("trailing bits", change(110, if body.ends_with('9') { '8' } else { '9' })),
            ("two fragments", format!("x#{body}")),
        ];
        for (fault, body) in &bodies {
            for link in [format!("{PREFIX}{body}"), format!("https://meet.example/j#{body}")] {
                assert!(matches!(Invite::parse(&link), Err(Error::Invite(_))), "{fault}: {link}");
            }
        }
        let insecure = format!("http://meet.example/j#{body}");
        for link in [body.as_str(), "incamera:2.AAAA", &insecure, "https://x/y"] {
            assert!(matches!(Invite::parse(link), Err(Error::Invite(_))), "{link}");
        }
    }

    #[test]
    fn unknown_profiles_and_flags_are_refused() {
        // SPEC [A1]
        let mut bytes = [1; LENGTH];
        assert!(Invite::from_bytes(&bytes).is_ok());
        for profile in [0, 4, 255] {
            bytes[1] = profile;
            assert!(Invite::from_bytes(&bytes).is_err());
        }
        bytes[1] = 1;
        for flags in [2, 3, 0x80] {
            bytes[2] = flags;
            assert!(Invite::from_bytes(&bytes).is_err());
        }
    }

    #[test]
    fn an_invite_says_whether_it_asks_for_a_passcode() {
        // SPEC [A1]
        for asked in [true, false] {
            let link = Invite { passcode: asked, ..invite() }.link();
            let read = Invite::parse(&link).unwrap();
            assert_eq!((read.asks_passcode(), read.meeting()), (asked, invite().meeting));
            assert_eq!(read.duplicate().link(), link);
        }
    }

    #[test]
    fn an_expired_invite_is_refused_from_its_second_on() {
        // SPEC [A15]
        let entry = |expires_s| InviteEntry {
            expires_s: core::num::NonZeroU64::new(expires_s),
            ..InviteEntry::new(invite().link_secret)
        };
        assert!(!has_expired(&entry(1_700_000_000), 0));
        assert!(!has_expired(&entry(1_700_000_000), 1_699_999_999_999));
        assert!(has_expired(&entry(1_700_000_000), 1_700_000_000_000));
        assert!(has_expired(&entry(1_700_000_000), u64::MAX));
        assert!(!has_expired(&entry(0), u64::MAX), "no expiry");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", invite());
        assert!(!shown.contains("ef") && !shown.contains("239"), "{shown}");
        assert!(shown.starts_with("Invite { profile: Standard, passcode: true, "), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(link in ".{0,200}", body in "[A-Za-z0-9_-]{100,120}") {
            let _ = Invite::parse(&link);
            let _ = Invite::parse(&format!("https://meet.example/#{link}"));
            if let Ok(invite) = Invite::parse(&format!("{PREFIX}{body}")) {
                prop_assert_eq!(invite.link(), format!("{PREFIX}{body}"));
            }
        }
    }
}
