//! Reading the fields of a case: hex, numbers, texts; and writing them.

use serde_json::Value;

/// What makes a file of vectors, or a question to this program, unusable: one line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad(pub(crate) String);

impl std::fmt::Display for Bad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) type Read<T> = Result<T, Bad>;

/// Something that cannot be used.
pub(crate) fn bad<T>(what: impl Into<String>) -> Read<T> {
    Err(Bad(what.into()))
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    text
}

/// The bytes of lower-case hex, which may have spaces in sources of this program.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

/// An object of a case, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    value: &'a Value,
}

impl<'a> Fields<'a> {
    /// The fields of `value`, which is called `place` in messages.
    pub(crate) fn of(value: &'a Value, place: &str) -> Read<Self> {
        if value.is_object() { Ok(Self { value }) } else { bad(format!("{place} is no object")) }
    }

    /// A field that may be missing.
    pub(crate) fn find(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    fn get(&self, name: &str) -> Read<&'a Value> {
        self.find(name).ok_or_else(|| Bad(format!("`{name}` is missing")))
    }

    pub(crate) fn bytes(&self, name: &str) -> Read<Vec<u8>> {
        bytes(self.get(name)?, name)
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> Read<[u8; N]> {
        array(self.get(name)?, name)
    }

    pub(crate) fn number(&self, name: &str) -> Read<u64> {
        number(self.get(name)?, name)
    }

    /// A number of fewer bits.
    pub(crate) fn small<T: TryFrom<u64>>(&self, name: &str) -> Read<T> {
        let number = self.number(name)?;
        T::try_from(number).map_err(|_| Bad(format!("`{name}` is too large: {number}")))
    }

    pub(crate) fn flag(&self, name: &str) -> Read<bool> {
        let flag = self.get(name)?.as_bool();
        flag.ok_or_else(|| Bad(format!("`{name}` is neither true nor false")))
    }

    pub(crate) fn text(&self, name: &str) -> Read<&'a str> {
        text(self.get(name)?, name)
    }

    pub(crate) fn list(&self, name: &str) -> Read<&'a [Value]> {
        let list = self.get(name)?.as_array();
        Ok(list.ok_or_else(|| Bad(format!("`{name}` is no list")))?)
    }

    pub(crate) fn object(&self, name: &str) -> Read<Fields<'a>> {
        Fields::of(self.get(name)?, name)
    }

    /// The name of the one field, and its value: a choice among kinds.
    pub(crate) fn only(&self) -> Read<(&'a str, &'a Value)> {
        let mut fields = self.value.as_object().into_iter().flatten();
        match (fields.next(), fields.next()) {
            (Some((name, value)), None) => Ok((name, value)),
            _ => bad(format!("one field is wanted in {}", self.value)),
        }
    }
}

pub(crate) fn bytes(value: &Value, name: &str) -> Read<Vec<u8>> {
    let hex = value.as_str().filter(|text| !text.contains(' ')).and_then(unhex);
    hex.ok_or_else(|| Bad(format!("`{name}` is not lower-case hex")))
}

pub(crate) fn array<const N: usize>(value: &Value, name: &str) -> Read<[u8; N]> {
    let bytes = bytes(value, name)?;
    bytes.try_into().map_err(|_| Bad(format!("`{name}` has not {N} bytes")))
}

pub(crate) fn number(value: &Value, name: &str) -> Read<u64> {
    value.as_u64().ok_or_else(|| Bad(format!("`{name}` is no number")))
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Read<&'a str> {
    value.as_str().ok_or_else(|| Bad(format!("`{name}` is no text")))
}

/// Each of a list.
pub(crate) fn each<'a, T>(list: &'a [Value], read: impl Fn(&'a Value) -> Read<T>) -> Read<Vec<T>> {
    list.iter().map(read).collect()
}
