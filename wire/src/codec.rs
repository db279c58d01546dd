//! From bytes to prost types behind the walk, and from prost fields to validated values.

use prost::Message;
use prost::bytes::Bytes;
use zeroize::Zeroizing;

use crate::limits::MessageRule;
use crate::malformed::{FormatRule, Malformed};
use crate::walk;

/// The message whose fields are being validated.
#[derive(Clone, Copy)]
pub(crate) struct Source(pub(crate) &'static MessageRule);

impl Source {
    pub(crate) fn fault(self, field: &'static str, rule: FormatRule) -> Malformed {
        Malformed::new(self.0.name, field, rule)
    }

    /// Decodes the prost type, after the walk has found nothing to refuse.
    pub(crate) fn decode<M: Message + Default>(self, bytes: &[u8]) -> Result<M, Malformed> {
        walk::check(self.0, bytes)?; // SPEC [W1] [W2] [W3] [W4]
        M::decode(bytes).map_err(|_| self.fault("*", FormatRule::NotCanonical))
    }

    /// The same for a message that holds secrets, into `raw`, which its owner wipes whatever becomes of it.
    /// Out of a slice prost copies each field twice and leaves one copy behind.
    pub(crate) fn decode_secret<M: Message>(
        self,
        bytes: &[u8],
        raw: &mut M,
    ) -> Result<(), Malformed> {
        walk::check(self.0, bytes)?; // SPEC [W1] [W2] [W3] [W4]
        let shared = Bytes::from_owner(Zeroizing::new(bytes.to_vec()));
        raw.merge(shared).map_err(|_| self.fault("*", FormatRule::NotCanonical))
    }

    /// A field of exactly `N` bytes.
    pub(crate) fn array<const N: usize>(
        self,
        bytes: &[u8],
        field: &'static str,
    ) -> Result<[u8; N], Malformed> {
        let rule = if bytes.len() > N { FormatRule::TooLong } else { FormatRule::TooShort };
        bytes.try_into().map_err(|_| self.fault(field, rule))
    }

    /// A field that must be there.
    pub(crate) fn present<T>(self, value: Option<T>, field: &'static str) -> Result<T, Malformed> {
        value.ok_or_else(|| self.fault(field, FormatRule::Missing))
    }

    /// A choice by its number.
    pub(crate) fn choice<T>(
        self,
        number: i32,
        from_number: impl Fn(u8) -> Option<T>,
        field: &'static str,
    ) -> Result<T, Malformed> {
        let choice = u8::try_from(number).ok().and_then(from_number);
        choice.ok_or_else(|| self.fault(field, FormatRule::OutOfRange))
    }

    /// A set by its number.
    pub(crate) fn set<T>(
        self,
        bits: u32,
        from_bits: impl Fn(u32) -> Option<T>,
        field: &'static str,
    ) -> Result<T, Malformed> {
        from_bits(bits).ok_or_else(|| self.fault(field, FormatRule::OutOfRange))
    }

    /// Demands that each entry is above the one before it.
    pub(crate) fn sorted<T: Ord>(
        self,
        entries: impl IntoIterator<Item = T>,
        field: &'static str,
    ) -> Result<(), Malformed> {
        let ordered = entries.into_iter().is_sorted_by(|before, after| before < after);
        if ordered { Ok(()) } else { Err(self.fault(field, FormatRule::NotSorted)) }
    }
}

/// The value of every version field: SPEC \[W1\].
pub(crate) const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::KNOCK;

    #[test]
    fn a_field_of_fixed_length_has_that_length() {
        let rule = |bytes: &[u8]| Source(&KNOCK).array::<4>(bytes, "meeting").map_err(|e| e.rule());
        assert_eq!(rule(&[1, 2, 3, 4]), Ok([1, 2, 3, 4]));
        assert_eq!(rule(&[1, 2, 3]), Err(FormatRule::TooShort));
        assert_eq!(rule(&[1, 2, 3, 4, 5]), Err(FormatRule::TooLong));
    }
}
