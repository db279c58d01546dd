//! Rights, by number, and sets of them.

use core::fmt;

use crate::choice::choice;

choice! {
    /// Something that the group's state allows to some identities only (SPEC 7.7).
    ///
    /// `Display` completes the sentence "the right to ...".
    Right {
        /// Admit those who knock, or deny them.
        Admit = 1,
        /// Remove members, ban and unban.
        Remove = 2,
        /// Lock the door, open it, or have people wait.
        Lock = 3,
        /// Change roles, rights and labels of those below.
        SetRights = 4,
        /// Mute others, stop their video and their shared screens, and lift a mute.
        MuteOthers = 5,
        /// Send sound from a microphone.
        Speak = 6,
        /// Send video from a camera.
        Video = 7,
        /// Send a screen and its sound.
        ShareScreen = 8,
        /// Chat, and send data frames.
        Chat = 9,
        /// Send reactions.
        React = 10,
        /// Record.
        Record = 11,
        /// Change the own display name.
        RenameSelf = 12,
        /// Make, rotate and revoke invites, and set the passcode.
        ManageInvites = 13,
        /// Say through which relays media may go.
        ManageRelays = 14,
        /// End the meeting for everyone.
        End = 15,
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admit => "admit",
            Self::Remove => "remove members",
            Self::Lock => "lock and open the door",
            Self::SetRights => "set rights",
            Self::MuteOthers => "mute others",
            Self::Speak => "speak",
            Self::Video => "send video",
            Self::ShareScreen => "share a screen",
            Self::Chat => "chat",
            Self::React => "react",
            Self::Record => "record",
            Self::RenameSelf => "change its own name",
            Self::ManageInvites => "manage invites",
            Self::ManageRelays => "manage relays",
            Self::End => "end the meeting",
        })
    }
}

/// A set of rights; on the wire right `n` is bit `n - 1` of a number.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Rights(u16);

impl Rights {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Every right.
    pub const ALL: Self = Self(0x7fff);

    /// The set of these rights.
    #[must_use]
    pub const fn of(rights: &[Right]) -> Self {
        let mut set = Self::NONE;
        let mut rest = rights;
        while let [right, others @ ..] = rest {
            set = set.with(*right);
            rest = others;
        }
        set
    }

    /// The set with this number on the wire; `None` if it has bits of no right.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !(Self::ALL.0 as u32) == 0 { Some(Self(bits as u16)) } else { None }
    }

    /// The set's number on the wire.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// Whether `right` is in the set.
    #[must_use]
    pub const fn contains(self, right: Right) -> bool {
        self.0 & 1 << (right.number() - 1) != 0
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// This set and `right`.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << (right.number() - 1))
    }

    /// This set without `right`.
    #[must_use]
    pub const fn without(self, right: Right) -> Self {
        Self(self.0 & !(1 << (right.number() - 1)))
    }

    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The rights in the set, by ascending number.
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.iter().copied().filter(move |right| self.contains(*right))
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = Rights::of(&[Right::Admit, Right::End]);
        assert_eq!(set.bits(), 0b100_0000_0000_0001);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Right::Admit, Right::End]);
        assert_eq!(format!("{set:?}"), "{Admit, End}");
        assert_eq!(set.without(Right::End), Rights::NONE.with(Right::Admit));
        assert_eq!(Rights::ALL.difference(set).union(set), Rights::ALL);
        assert_eq!(Rights::ALL.intersection(set), set);
        assert!(Rights::NONE.is_empty() && !set.is_empty());
        assert!(Right::ALL.iter().all(|right| Rights::ALL.contains(*right)));
        // What is in already stays in.
        assert_eq!(set.with(Right::End), set);
        assert_eq!(set.union(Rights::of(&[Right::End, Right::Chat])), set.with(Right::Chat));
    }

    #[test]
    fn every_right_has_words_of_its_own() {
        let words: BTreeSet<_> = Right::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), Right::ALL.len());
        assert!(words.iter().all(|words| !words.is_empty()));
    }

    #[test]
    fn a_number_with_bits_of_no_right_is_no_set() {
        assert_eq!(Rights::from_bits(0x7fff), Some(Rights::ALL));
        assert_eq!(Rights::from_bits(0x8000), None);
        assert_eq!(Rights::from_bits(u32::MAX), None);
    }
}
