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
        /// MLS suite 0x0003 and SFrame suite 0xF001: ChaCha20-Poly1305, for devices without AES
        /// instructions.
        Portable = 2,
        /// MLS suite 0x004F and SFrame suite 0x0005: what is sent stays confidential if there is a
        /// quantum computer one day. Its code points are provisional.
        PostQuantum = 3,
    }
}

impl Profile {
    /// Its name: `standard`, `portable` or `post-quantum`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Portable => "portable",
            Self::PostQuantum => "post-quantum",
        }
    }

    /// The profile of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|profile| profile.name() == name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_by_its_name_and_by_no_other() {
        for profile in Profile::ALL {
            assert_eq!(Profile::from_name(profile.name()), Some(*profile));
        }
        for name in ["", "Standard", "post quantum", "standard "] {
            assert_eq!(Profile::from_name(name), None);
        }
    }
}
