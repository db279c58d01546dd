//! The one error of decoding: which message, which field, which rule.

use core::fmt;

use thiserror::Error;

/// Bytes that are not a message of this version. The sender is at fault; nothing was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("{message}.{field}: {rule}; the message was discarded")]
pub struct Malformed {
    message: &'static str,
    field: &'static str,
    rule: FormatRule,
}

impl Malformed {
    pub(crate) const fn new(message: &'static str, field: &'static str, rule: FormatRule) -> Self {
        Self { message, field, rule }
    }

    /// The schema's name of the message, such as `Envelope`.
    pub fn message(&self) -> &'static str {
        self.message
    }

    /// The schema's name of the field; `*` if the fault is not in one field.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The rule that was broken.
    pub fn rule(&self) -> FormatRule {
        self.rule
    }
}

/// The rules that every encoding obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FormatRule {
    /// The version is missing or not 1: SPEC \[W1\].
    WrongVersion,
    /// A field that this version does not know: SPEC \[W2\].
    UnknownField,
    /// A singular field, or a second member of a one-of, appears again: SPEC \[W2\].
    Duplicate,
    /// A field's wire type is not the schema's, or is a group: SPEC \[W2\].
    WrongWireType,
    /// The bytes end inside a field, or trail behind the last: SPEC \[W2\].
    Truncated,
    /// A second way to write the same value (order, varint, default written out): SPEC \[W5\].
    NotCanonical,
    /// A length or a size above its limit: SPEC \[W3\].
    TooLong,
    /// A length below its limit: SPEC \[W3\].
    TooShort,
    /// More entries than the limit: SPEC \[W3\].
    TooMany,
    /// A required field, or a required number of entries, is missing: SPEC \[W3\].
    Missing,
    /// A number outside of its range: SPEC \[W3\].
    OutOfRange,
    /// A string that is not UTF-8: SPEC \[W2\].
    NotText,
    /// Entries that must be sorted strictly are not, or entries that must differ do not: SPEC
    /// \[W5\].
    NotSorted,
    /// Messages nested deeper than 8: SPEC \[W4\].
    TooDeep,
}

impl fmt::Display for FormatRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongVersion => "the version is not 1",
            Self::UnknownField => "this version has no such field",
            Self::Duplicate => "appears twice",
            Self::WrongWireType => "has the wrong wire type",
            Self::Truncated => "the bytes end too early or too late",
            Self::NotCanonical => "is not in the one canonical form",
            Self::TooLong => "is longer than its limit",
            Self::TooShort => "is shorter than its limit",
            Self::TooMany => "has more entries than its limit",
            Self::Missing => "is missing",
            Self::OutOfRange => "is out of range",
            Self::NotText => "is not UTF-8",
            Self::NotSorted => "has entries out of order or repeated",
            Self::TooDeep => "is nested too deep",
        })
    }
}
