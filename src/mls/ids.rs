//! Stand-ins for the identifiers of `incamera-wire`, until that crate has them.

macro_rules! id {
    ($name:ident, $len:literal, $what:literal) => {
        #[doc = $what]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name([u8; $len]);

        impl $name {
            /// The identifier with these bytes.
            pub(crate) const fn new(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            pub(crate) const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }
    };
}

id!(MeetingId, 16, "Names a meeting; its bytes are the MLS group id.");
id!(InviteId, 16, "Names an invite.");
id!(KeyPackageRef, 32, "The hash by which MLS names a KeyPackage (RFC 9420 §5.2).");

/// The cipher suites of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// MLS suite 0x0001.
    Standard = 1,
    /// MLS suite 0x0003.
    Portable = 2,
    /// MLS suite 0x004F.
    PostQuantum = 3,
}
