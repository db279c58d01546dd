//! Emulation prevention (H.264 §7.4.1, H.265 §7.4.2): inside a NAL unit a byte of 0 to 3 behind two
//! zeros is preceded by a 3, so that no start code appears.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::zeros;

const PREVENTION: u8 = 3;

// Making a finder costs more than the search in a short frame.
static ZEROS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&[0, 0]));
static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&[0, 0, PREVENTION]));

/// Writes into a NAL unit, piece by piece.
pub(super) struct Escaping {
    /// How many zeros were written last: 0 to 2.
    zeros: usize,
}

impl Escaping {
    /// Behind `clear`, which was escaped before.
    pub(super) fn behind(clear: &[u8]) -> Self {
        Self { zeros: zeros_at_end(clear) }
    }

    /// Appends `bytes`, escaped, to `out`: at most 3 for 2.
    pub(super) fn write(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        loop {
            while self.zeros > 0 {
                let Some((&byte, rest)) = bytes.split_first() else { return };
                // SPEC [M26]
                if self.zeros == 2 && byte <= PREVENTION {
                    out.push(PREVENTION);
                    self.zeros = 0;
                }
                out.push(byte);
                self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
                bytes = rest;
            }
            let pair = ZEROS.find(bytes).map_or(bytes.len(), |at| at + 2);
            let (copied, rest) = bytes.split_at_checked(pair).unwrap_or((bytes, &[]));
            out.extend_from_slice(copied);
            self.zeros = zeros_at_end(copied);
            if rest.is_empty() {
                return;
            }
            bytes = rest;
        }
    }
}

/// Whether `text` needs an escape behind `clear`. It may say so if none is needed.
pub(super) fn needs_escape(clear: &[u8], text: &[u8]) -> bool {
    zeros_at_end(clear) > 0 && text.first().is_none_or(|&byte| byte <= PREVENTION)
}

/// Whether there is a byte of 0 to 3 behind two zeros. Most ciphertexts have none, and stay where they
/// are.
pub(super) fn has_to_escape(bytes: &[u8]) -> bool {
    zeros::find(bytes, first_to_escape).is_some()
}

/// Where the first byte of 0 to 3 behind two zeros is.
fn first_to_escape(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let third = from + ZEROS.find(bytes.get(from..)?)? + 2;
        if *bytes.get(third)? <= PREVENTION {
            return Some(third);
        }
        from = third;
    }
}

/// Appends `bytes`, which stand behind `clear` in a NAL unit, to `out` without their escapes.
pub(super) fn unescape(clear: &[u8], mut bytes: &[u8], out: &mut Vec<u8>) {
    let mut zeros = zeros_at_end(clear);
    while let Some((&byte, rest)) = bytes.split_first().filter(|_| zeros > 0) {
        bytes = rest;
        if zeros == 2 && byte == PREVENTION {
            break;
        }
        out.push(byte);
        zeros = if byte == 0 { 2 } else { 0 };
    }
    while let Some(at) = zeros::find(bytes, |bytes| ESCAPE.find(bytes)) {
        let (copied, rest) = bytes.split_at_checked(at + 2).unwrap_or((bytes, &[]));
        out.extend_from_slice(copied);
        bytes = rest.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(bytes);
}

/// How many zeros `bytes` end in; 2 stand for more.
fn zeros_at_end(bytes: &[u8]) -> usize {
    bytes.iter().rev().take(2).take_while(|&&byte| byte == 0).count()
}
