//! The codes that people compare: the meeting's safety code, by which members know that they are in
//! one group and that nobody else is (SPEC \[I4\]), and the code of a pair of identities, by which two
//! people know each other's keys in every meeting (SPEC \[I5\]).

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use incamera_wire::SafetyCodeInput;
use sha2::{Digest, Sha512};

use super::words::WORDS;

/// A code that two people compare over another channel, by voice, by eye or by a camera.
///
/// It shows in three forms, each computed from the same hash: thirty decimal digits (`Display` and
/// [`Self::groups`], about 99 bits), twelve words ([`Self::words`], 96 bits), and text for a QR code
/// ([`Self::qr_payload`], 256 bits). Even the shortest cannot be ground: an insider who chooses its
/// own secrets does not find another group with the same code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SafetyCode {
    kind: Kind,
    /// The first 32 bytes of a SHA-512.
    hash: [u8; 32],
}

/// What a code is about: the two are never taken for each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// An epoch of a meeting.
    Meeting,
    /// A pair of identities.
    Pair,
}

impl SafetyCode {
    fn new(kind: Kind, hasher: Sha512) -> Self {
        let mut hash = [0; 32];
        hash.iter_mut().zip(hasher.finalize()).for_each(|(to, from)| *to = from);
        Self { kind, hash }
    }

    /// The six groups of five digits, each below 100,000.
    #[must_use]
    pub fn groups(&self) -> [u32; 6] {
        // Each group is five bytes of the hash, big-endian, modulo 100,000.
        let mut groups = [0; 6];
        for (group, bytes) in groups.iter_mut().zip(self.hash.chunks_exact(5)) {
            let value = bytes.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
            *group = u32::try_from(value % 100_000).unwrap_or_default();
        }
        groups
    }

    /// Twelve English words with single spaces between them, to be read aloud.
    #[must_use]
    pub fn words(&self) -> String {
        // One word for each of the first twelve bytes of the hash.
        let bytes = self.hash.iter().take(12);
        let words: Vec<_> =
            bytes.filter_map(|byte| WORDS.get(usize::from(*byte)).copied()).collect();
        words.join(" ")
    }

    /// Text for a QR code: a prefix that says what kind of code it is, and 43 characters of unpadded
    /// base64url. Drawing it is the application's job.
    #[must_use]
    pub fn qr_payload(&self) -> String {
        let prefix = match self.kind {
            Kind::Meeting => "incamera-code:1.",
            Kind::Pair => "incamera-pair:1.",
        };
        format!("{prefix}{}", Base64UrlUnpadded::encode_string(&self.hash))
    }

    /// Whether `payload`, which was read from another member's screen, is the text of this very code.
    /// Any other text is not, malformed or not.
    #[must_use]
    pub fn matches(&self, payload: &str) -> bool {
        // A code has one text only, so nothing has to be parsed.
        payload == self.qr_payload()
    }
}

impl fmt::Display for SafetyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.groups().iter().enumerate() {
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

/// The code of one epoch of a meeting: SHA-512 over the encoded input.
pub(crate) fn safety_code(input: &SafetyCodeInput) -> SafetyCode {
    // SPEC [I4]
    let hash = Sha512::new_with_prefix(b"incamera 1 safety code").chain_update(input.encode());
    SafetyCode::new(Kind::Meeting, hash)
}

/// The code of two identity keys, the same for both sides, in every meeting and for as long as both
/// keep their keys. Two devices of one person have one key and still a code.
pub(crate) fn pair_code(one: &[u8; 32], other: &[u8; 32]) -> SafetyCode {
    // SPEC [I5]: ordered by the keys, so that neither side comes first.
    let (lower, higher) = if one <= other { (one, other) } else { (other, one) };
    let hash = Sha512::new_with_prefix(b"incamera 1 pair code");
    SafetyCode::new(Kind::Pair, hash.chain_update(lower).chain_update(higher))
}

#[cfg(test)]
mod tests {
    use incamera_wire::{MeetingId, SafetyMember, StayId};
    use proptest::prelude::*;

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

    /// A code with bytes that can be computed by hand.
    fn counting(kind: Kind) -> SafetyCode {
        SafetyCode { kind, hash: std::array::from_fn(|at| at as u8) }
    }

    #[test]
    fn a_code_is_thirty_digits_in_six_groups() {
        let shown = safety_code(&input()).to_string();
        assert_eq!(shown.len(), 35);
        assert!(shown.split(' ').all(|group| group.len() == 5 && group.parse::<u32>().is_ok()));
    }

    #[test]
    fn a_code_shows_in_digits_words_and_text_as_specified() {
        let code = counting(Kind::Meeting);
        // 0x0001020304 is 16,909,060, and so on.
        assert_eq!(code.to_string(), "09060 60585 12110 63635 15160 66685");
        assert_eq!(code.words(), WORDS[..12].join(" "));
        let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        assert_eq!(code.qr_payload(), format!("incamera-code:1.{text}"));
        assert_eq!(counting(Kind::Pair).qr_payload(), format!("incamera-pair:1.{text}"));
    }

    #[test]
    fn a_code_is_the_start_of_its_hash() {
        // SPEC [I4] [I5]
        let start = |parts: &[&[u8]]| -> [u8; 64] { Sha512::digest(parts.concat()).into() };
        let meeting = start(&[b"incamera 1 safety code", &input().encode()]);
        assert_eq!(safety_code(&input()).hash, meeting[..32]);
        let pair = start(&[b"incamera 1 pair code", &[1; 32], &[2; 32]]);
        assert_eq!(pair_code(&[2; 32], &[1; 32]).hash, pair[..32]);
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
        let genuine = safety_code(&input());
        for (index, change) in changes.iter().enumerate() {
            let mut changed = input();
            change(&mut changed);
            let changed = safety_code(&changed);
            assert_ne!(changed, genuine, "change {index}");
            assert_ne!(changed.to_string(), genuine.to_string(), "change {index}");
            assert_ne!(changed.words(), genuine.words(), "change {index}");
            assert!(!genuine.matches(&changed.qr_payload()), "change {index}");
        }
    }

    #[test]
    fn a_pair_code_is_the_same_from_both_sides() {
        // SPEC [I5]
        let code = pair_code(&[1; 32], &[2; 32]);
        assert_eq!(code, pair_code(&[2; 32], &[1; 32]));
        assert!(code.matches(&pair_code(&[2; 32], &[1; 32]).qr_payload()));
        let own_devices = pair_code(&[1; 32], &[1; 32]);
        assert_ne!(own_devices, code);
    }

    #[test]
    fn a_pair_code_changes_with_either_key() {
        // SPEC [I5]
        let code = pair_code(&[1; 32], &[2; 32]);
        for at in 0..32 {
            let mut key = [1; 32];
            key[at] ^= 1;
            assert_ne!(pair_code(&key, &[2; 32]), code, "byte {at}");
            assert_ne!(pair_code(&[2; 32], &key), code, "byte {at}");
        }
    }

    #[test]
    fn a_pair_code_is_never_taken_for_a_meeting_code() {
        // SPEC [I5]
        let (meeting, pair) = (counting(Kind::Meeting), counting(Kind::Pair));
        assert_ne!(meeting, pair);
        assert!(!meeting.matches(&pair.qr_payload()) && !pair.matches(&meeting.qr_payload()));
    }

    #[test]
    fn any_other_text_does_not_match() {
        let code = counting(Kind::Meeting);
        let text = code.qr_payload();
        assert!(code.matches(&text));
        let (cut, tail) = text.split_at(text.len() - 1);
        // The last: spare bits set, which a lenient decoder would ignore.
        let others = [
            String::new(),
            cut.to_owned(),
            format!("{text}="),
            format!("{text}A"),
            format!(" {text}"),
            text.to_uppercase(),
            text.replace(":1.", ":2."),
            code.to_string(),
            code.words(),
            format!("{cut}9"),
        ];
        assert_eq!(tail, "8");
        for other in others {
            assert!(!code.matches(&other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_match(text in ".*") {
            prop_assert!(!counting(Kind::Pair).matches(&text));
        }
    }
}
