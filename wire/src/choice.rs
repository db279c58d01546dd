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
        /// For devices without AES instructions.
        Portable = 2,
        /// Confidential against a later quantum computer.
        PostQuantum = 3,
    }
}

choice! {
    /// What an identity is in a meeting.
    Role {
        /// Holds every right.
        Host = 1,
        /// Stands in for the host.
        CoHost = 2,
        /// May show video and screens.
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
        /// Any member.
        Open = 2,
        /// Nobody.
        Locked = 3,
    }
}
