//! The walk over tags and lengths that stands before every decoding. It allocates nothing, and what
//! it accepts is the one encoding of some value: SPEC \[W2\] \[W3\] \[W4\].

mod reader;

use crate::limits::{FieldRule, Kind, MessageRule};
use crate::malformed::{FormatRule, Malformed};

pub(crate) use reader::{Reader, Value};

/// How deep messages may be nested, the outermost counted: SPEC \[W4\].
pub(crate) const MAX_DEPTH: usize = 8;

/// Checks that `bytes` are a message that obeys `rule` in everything the schema says.
pub(crate) fn check(rule: &'static MessageRule, bytes: &[u8]) -> Result<(), Malformed> {
    check_message(rule, bytes, MAX_DEPTH)
}

fn check_message(
    rule: &'static MessageRule,
    bytes: &[u8],
    depth_left: usize,
) -> Result<(), Malformed> {
    // SPEC [W4]: the depth left falls with each level, so the recursion is bounded too.
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Err(rule.fault("*", FormatRule::TooDeep));
    };
    // SPEC [W3]
    if bytes.len() > rule.max_size {
        return Err(rule.fault("*", FormatRule::TooLong));
    }
    let mut progress = Progress::new(rule);
    for field in Reader::new(bytes) {
        let field = field.map_err(|(number, broken)| rule.fault(rule.name_of(number), broken))?;
        let field_rule = progress.reach(field.number)?;
        check_value(field_rule, field.value)
            .map_err(|broken| rule.fault(field_rule.name, broken))?;
        if let (Kind::Message(inner), Value::Bytes(bytes)) = (&field_rule.kind, field.value) {
            check_message(inner, bytes, depth_left)?;
        }
    }
    progress.finish()
}

/// Checks a field's wire type, range and length; a message's content is left to the caller.
fn check_value(field: &FieldRule, value: Value<'_>) -> Result<(), FormatRule> {
    match (&field.kind, value) {
        // SPEC [W1]
        (Kind::Version(version), Value::Varint(number)) if number == *version => Ok(()),
        (Kind::Version(_), Value::Varint(_)) => Err(FormatRule::WrongVersion),
        (Kind::Varint { min, max }, Value::Varint(number)) => {
            if !(*min..=*max).contains(&number) {
                return Err(FormatRule::OutOfRange);
            }
            canonical(field, number == 0)
        }
        (Kind::Bytes { min, max }, Value::Bytes(bytes)) => check_length(field, *min, *max, bytes),
        (Kind::Text { min, max }, Value::Bytes(bytes)) => {
            check_length(field, *min, *max, bytes)?;
            core::str::from_utf8(bytes).map(|_| ()).map_err(|_| FormatRule::NotText)
        }
        (Kind::Message(_), Value::Bytes(_)) => Ok(()),
        // SPEC [W2]
        _ => Err(FormatRule::WrongWireType),
    }
}

/// SPEC \[W3\].
fn check_length(field: &FieldRule, min: usize, max: usize, bytes: &[u8]) -> Result<(), FormatRule> {
    if bytes.len() > max {
        return Err(FormatRule::TooLong);
    }
    if bytes.len() < min {
        return Err(FormatRule::TooShort);
    }
    canonical(field, bytes.is_empty())
}

/// A default value that could be left out must be left out.
fn canonical(field: &FieldRule, is_default: bool) -> Result<(), FormatRule> {
    if is_default && !field.explicit { Err(FormatRule::NotCanonical) } else { Ok(()) }
}

/// How far the walk through one message's fields has come.
struct Progress {
    message: &'static MessageRule,
    /// The fields that may still come; the first may have appeared already.
    ahead: &'static [FieldRule],
    /// How often the first of `ahead` has appeared.
    items: usize,
    /// One bit for each one-of that has its member.
    oneofs: u32,
}

impl Progress {
    fn new(message: &'static MessageRule) -> Self {
        Self { message, ahead: message.fields, items: 0, oneofs: 0 }
    }

    /// Moves to the field of this number.
    fn reach(&mut self, number: u32) -> Result<&'static FieldRule, Malformed> {
        while let Some((field, rest)) = self.ahead.split_first() {
            if field.number == number {
                return self.take(field);
            }
            if field.number > number {
                break;
            }
            self.leave(field)?;
            self.ahead = rest;
        }
        let known = self.message.fields.iter().any(|field| field.number == number);
        // SPEC [W2]
        let broken = if known { FormatRule::NotCanonical } else { FormatRule::UnknownField };
        Err(self.message.fault(self.message.name_of(number), broken))
    }

    /// Counts one more appearance: SPEC \[W2\] \[W3\].
    fn take(&mut self, field: &'static FieldRule) -> Result<&'static FieldRule, Malformed> {
        self.items += 1;
        if self.items > field.max_items {
            let broken =
                if field.max_items == 1 { FormatRule::Duplicate } else { FormatRule::TooMany };
            return Err(self.message.fault(field.name, broken));
        }
        if let Some(oneof) = field.oneof {
            let bit = 1 << oneof;
            if self.oneofs & bit != 0 {
                return Err(self.message.fault(field.name, FormatRule::Duplicate));
            }
            self.oneofs |= bit;
        }
        Ok(field)
    }

    /// Checks that the first of `ahead` has appeared often enough.
    fn leave(&mut self, field: &FieldRule) -> Result<(), Malformed> {
        if self.items < field.min_items {
            // SPEC [W1]: a message without a version is of a wrong one.
            let version = matches!(field.kind, Kind::Version(_));
            let broken = if version { FormatRule::WrongVersion } else { FormatRule::Missing };
            return Err(self.message.fault(field.name, broken));
        }
        self.items = 0;
        Ok(())
    }

    /// Checks that nothing is missing at the end.
    fn finish(mut self) -> Result<(), Malformed> {
        for field in self.ahead {
            self.leave(field)?;
        }
        for (index, oneof) in self.message.oneofs.iter().enumerate() {
            if self.oneofs & 1 << index == 0 {
                return Err(self.message.fault(oneof, FormatRule::Missing));
            }
        }
        Ok(())
    }
}

impl MessageRule {
    fn fault(&self, field: &'static str, broken: FormatRule) -> Malformed {
        Malformed::new(self.name, field, broken)
    }

    /// The name of a field; `*` for a number that no field has.
    fn name_of(&self, number: u32) -> &'static str {
        self.fields.iter().find(|field| field.number == number).map_or("*", |field| field.name)
    }
}

#[cfg(test)]
mod tests;
