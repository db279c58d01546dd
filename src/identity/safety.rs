//! The meeting's safety code: what members read to each other to know that they are in one group
//! and that nobody else is (SPEC \[I4\]).

use core::fmt;

use incamera_wire::SafetyCodeInput;
use sha2::{Digest, Sha512};

/// Thirty decimal digits, about 99 bits: an insider who chooses its own secrets cannot grind
/// another group to the same code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SafetyCode([u32; 6]);

impl SafetyCode {
    /// The six groups of five digits, each below 100,000.
    #[must_use]
    pub const fn groups(&self) -> [u32; 6] {
        self.0
    }
}

impl fmt::Display for SafetyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{group:05}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SafetyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafetyCode({self})")
    }
}

/// SHA-512 over the encoded input; each group is five bytes of it, big-endian, modulo 100,000.
pub(crate) fn safety_code(input: &SafetyCodeInput) -> SafetyCode {
    // SPEC [I4]
    let hash = Sha512::new_with_prefix(b"incamera 1 safety code").chain_update(input.encode());
    let hash = hash.finalize();
    let mut groups = [0; 6];
    for (group, bytes) in groups.iter_mut().zip(hash.chunks_exact(5)) {
        let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        *group = u32::try_from(value % 100_000).unwrap_or_default();
    }
    SafetyCode(groups)
}

#[cfg(test)]
mod tests {
    use incamera_wire::{MeetingId, SafetyMember, StayId};

    use super::*;

    fn input() -> SafetyCodeInput {
        let member =
            |byte| SafetyMember { identity_key: [byte; 32], stay: StayId::new([byte; 16]) };
        SafetyCodeInput {
            meeting: MeetingId::new([1; 16]),
            epoch: 5,
            authenticator: [2; 32],
            members: vec![member(1), member(2)],
        }
    }

    #[test]
    fn a_code_is_thirty_digits_in_six_groups() {
        let shown = safety_code(&input()).to_string();
        assert_eq!(shown.len(), 35);
        assert!(shown.split(' ').all(|group| group.len() == 5 && group.parse::<u32>().is_ok()));
    }

    #[test]
    fn a_code_changes_with_all_that_it_covers() {
        // SPEC [I4]
        let changes: [fn(&mut SafetyCodeInput); 6] = [
            |i| i.meeting = MeetingId::new([9; 16]),
            |i| i.epoch += 1,
            |i| i.authenticator[31] ^= 1,
            |i| i.members[0].identity_key[0] ^= 1,
            |i| i.members[1].stay = StayId::new([9; 16]),
            |i| i.members.truncate(1),
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut changed = input();
            change(&mut changed);
            assert_ne!(safety_code(&changed), safety_code(&input()), "change {index}");
        }
    }
}
