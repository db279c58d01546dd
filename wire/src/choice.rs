//! Closed sets of choices, with the numbers they have on the wire.

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$variant_doc])* $variant = $number,)* }

        impl $name {
            /// Every choice, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The choice of this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl From<$name> for i32 {
            fn from(choice: $name) -> i32 {
                i32::from(choice.number())
            }
        }
    };
}
pub(crate) use choice;

choice! {
    /// The cryptographic parts that a meeting uses for life.
    Profile {
        /// MLS suite 0x0001 and SFrame suite 0x0004.
        Standard = 1,
        /// For devices without AES instructions. Reserved in version 1.
        Portable = 2,
        /// Confidential against a later quantum computer. Reserved in version 1.
        PostQuantum = 3,
    }
}

choice! {
    /// What an identity is in a meeting.
    Role {
        /// Holds every right.
        Host = 1,
        /// Reserved: without rights in version 1 (SPEC 7.7).
        CoHost = 2,
        /// Reserved: without rights in version 1 (SPEC 7.7).
        Presenter = 3,
        /// Everyone else: the default, never listed in a [`GroupState`](crate::GroupState).
        Attendee = 4,
    }
}

choice! {
    /// Who may admit those who knock.
    Door {
        /// Members with the right to admit.
        WaitingRoom = 1,
        /// Any member. Nothing sets it in version 1.
        Open = 2,
        /// Nobody. Nothing sets it in version 1.
        Locked = 3,
    }
}
