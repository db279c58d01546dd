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
    /// What an identity is in a meeting: a named set of rights (SPEC 7.7).
    Role {
        /// Holds every right, whatever else the state says.
        Host = 1,
        /// Helps the host; may be listed to follow it.
        CoHost = 2,
        /// Speaks and shows.
        Presenter = 3,
        /// Everyone else: the default.
        Attendee = 4,
    }
}

choice! {
    /// What a member is that is no person. It narrows the member's rights (SPEC \[G18\]).
    Label {
        /// Records, and does nothing else.
        Recorder = 1,
        /// Writes down what is said.
        Captioner = 2,
        /// Brings in people of another system.
        Bridge = 3,
        /// Any other program.
        Bot = 4,
    }
}

choice! {
    /// Who may admit those who knock.
    Door {
        /// Members with the right to admit.
        WaitingRoom = 1,
        /// Any member, without asking.
        Open = 2,
        /// Nobody.
        Locked = 3,
    }
}
