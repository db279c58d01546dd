//! Lower-case hex.

use std::fmt::Write;

/// Two digits for each byte.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `N` bytes, if `text` is their hex digits.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_there_and_back() {
        assert_eq!(encode(&[0, 0xab]), "00ab");
        assert_eq!(decode::<2>("00aB"), Some([0, 0xab]));
    }

    #[test]
    fn what_is_not_hex_is_refused() {
        for text in ["", "00", "00a", "00ag", "00abc", "+0ab", "é0a"] {
            assert_eq!(decode::<2>(text), None, "{text}");
        }
    }
}
