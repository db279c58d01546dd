//! Reading protobuf's tags, varints and lengths, without copying and in their shortest form only.

use crate::malformed::FormatRule;

/// One field as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Its number.
    pub(crate) number: u32,
    /// What it holds.
    pub(crate) value: Value<'a>,
}

/// What a field holds. The schema has no fixed-width numbers, and groups are refused: SPEC \[W2\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 2: bytes, text or a message.
    Bytes(&'a [u8]),
}

/// Reads one message's fields, one after the other; a fault ends it.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// The number of the field that was being read, 0 if its tag could not be read, and the rule.
pub(crate) type Fault = (u32, FormatRule);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn field(&mut self) -> Result<Field<'a>, Fault> {
        let tag = self.varint().map_err(|broken| (0, broken))?;
        let number = u32::try_from(tag >> 3).map_err(|_| (0, FormatRule::UnknownField))?;
        let value = match tag & 7 {
            0 => self.varint().map(Value::Varint),
            2 => self.bytes().map(Value::Bytes),
            _ => Err(FormatRule::WrongWireType), // SPEC [W2]
        };
        value.map(|value| Field { number, value }).map_err(|broken| (number, broken))
    }

    /// A varint of at most 10 bytes, in its shortest form and within 64 bits.
    fn varint(&mut self) -> Result<u64, FormatRule> {
        let mut value = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(FormatRule::Truncated)?;
            self.rest = rest;
            let group = u64::from(byte & 0x7f);
            let shifted = group << shift;
            if shifted >> shift != group {
                return Err(FormatRule::NotCanonical);
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                // A last group of zeros adds nothing, unless it is the only one.
                return if byte == 0 && shift > 0 {
                    Err(FormatRule::NotCanonical)
                } else {
                    Ok(value)
                };
            }
        }
        Err(FormatRule::NotCanonical)
    }

    /// As many bytes as a length says, if they are there: SPEC \[W3\].
    fn bytes(&mut self) -> Result<&'a [u8], FormatRule> {
        let length = usize::try_from(self.varint()?).map_err(|_| FormatRule::Truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(FormatRule::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Field<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}
