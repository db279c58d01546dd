//! Identifiers: fixed numbers of opaque bytes, each with a type of its own.

use core::fmt;

use crate::malformed::{FormatRule, Malformed};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The length in bytes.
            pub const LEN: usize = $len;

            /// The identifier made of `bytes`.
            pub const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = Malformed;

            /// # Errors
            /// If there are more or fewer bytes than [`Self::LEN`].
            fn try_from(bytes: &[u8]) -> Result<Self, Malformed> {
                let rule = if bytes.len() > $len { FormatRule::TooLong } else { FormatRule::TooShort };
                bytes.try_into().map(Self).map_err(|_| Malformed::new(stringify!($name), "*", rule))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        /// Lower-case hex.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    };
}

id! {
    /// A meeting: 16 random bytes, also the MLS group id.
    MeetingId, 16
}
id! {
    /// One stay of an identity in a meeting: 16 random bytes, fresh for each join.
    StayId, 16
}
id! {
    /// An invite: the first 16 bytes of SHA-256("incamera 1 invite id" || link secret). SPEC 7.4.
    InviteId, 16
}
id! {
    /// Where messages for one client alone are sent: 16 random bytes.
    MailboxId, 16
}
id! {
    /// A post, so that a repeated one has no second effect: 16 random bytes. SPEC \[S2\].
    MessageId, 16
}
id! {
    /// A client's connection at a relay: 16 random bytes.
    TransportId, 16
}
id! {
    /// A blob's address: the SHA-256 of its bytes, 32 bytes. SPEC \[W9\].
    BlobHash, 32
}
id! {
    /// An identity's fingerprint: 32 bytes.
    Fingerprint, 32
}
id! {
    /// An MLS KeyPackageRef (RFC 9420 §5.2): 32 bytes.
    KeyPackageRef, 32
}
