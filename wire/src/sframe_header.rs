//! The SFrame header, RFC 9605 §4.3: a config byte, then a key id (KID) and a counter (CTR) in as
//! few big-endian bytes as they need.
//!
//! ```text
//!  0 1 2 3 4 5 6 7
//! +-+-+-+-+-+-+-+-+----------------+----------------+
//! |X|  K  |Y|  C  | KID, if X is 1 | CTR, if Y is 1 |
//! +-+-+-+-+-+-+-+-+----------------+----------------+
//! ```
//!
//! X = 0: K is the KID (0 to 7). X = 1: the KID takes K + 1 bytes. Y and C: the same for CTR.

/// The greatest length of a header in bytes: the config byte and two values of 8 bytes.
pub const MAX_HEADER_LEN: usize = 17;

/// The greatest value that the config byte itself can hold.
const MAX_INLINE: u64 = 7;

/// The flag that says that a value follows the config byte, in a half of that byte.
const EXTENDED: u8 = 0b1000;

/// The key id and the counter of a frame, all that a relay can read of it.
///
/// Nothing here is authenticated: a client trusts it only after the frame has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// The key id (KID): which key sealed the frame.
    pub kid: u64,
    /// The counter (CTR): which frame under that key.
    pub ctr: u64,
}

/// Why bytes are no SFrame header. The sender, or whoever carried the frame, is at fault: drop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HeaderError {
    /// The bytes end before the header does.
    #[error("the frame ends inside its SFrame header: drop it")]
    Truncated,
    /// A value takes more bytes than it needs.
    #[error("the SFrame header is not in its shortest form: drop the frame")]
    NotMinimal,
}

impl FrameHeader {
    /// Reads the header at the start of `frame`; also gives its length in bytes, 1 to 17.
    ///
    /// Exactly one encoding of each header is accepted, the shortest, although RFC 9605 §4.3 binds
    /// senders alone: a second form would give one frame two faces.
    ///
    /// # Errors
    /// [`HeaderError::Truncated`] or [`HeaderError::NotMinimal`] (SPEC \[W7\]).
    #[inline]
    pub fn parse(frame: &[u8]) -> Result<(Self, usize), HeaderError> {
        let (&config, rest) = frame.split_first().ok_or(HeaderError::Truncated)?;
        let (kid, rest) = read(config >> 4, rest)?;
        let (ctr, rest) = read(config & 0x0f, rest)?;
        Ok((Self { kid, ctr }, frame.len() - rest.len()))
    }

    /// Writes the header into the start of `buffer` and gives its length in bytes; what is behind
    /// it in `buffer` may change too.
    #[inline]
    pub fn write(&self, buffer: &mut [u8; MAX_HEADER_LEN]) -> usize {
        let mut len = 1;
        let mut config = 0;
        for value in [self.kid, self.ctr] {
            let extra = extra_len(value);
            config = config << 4 | half(value, extra);
            // All 8 bytes at once, the meaningful ones first; what is behind them is written over,
            // or lies behind the header.
            if let Some(room) = buffer.get_mut(len..len + 8).filter(|_| extra != 0) {
                room.copy_from_slice(&(value << (64 - 8 * extra)).to_be_bytes());
            }
            len += extra;
        }
        let [first, ..] = buffer;
        *first = config;
        len
    }

    /// The length of this header in bytes, 1 to [`MAX_HEADER_LEN`].
    #[inline]
    pub fn encoded_len(&self) -> usize {
        1 + extra_len(self.kid) + extra_len(self.ctr)
    }
}

/// How many bytes `value` takes after the config byte.
#[inline]
fn extra_len(value: u64) -> usize {
    if value <= MAX_INLINE { 0 } else { (value.ilog2() / 8 + 1) as usize }
}

/// The half of the config byte that speaks for `value`.
#[inline]
fn half(value: u64, extra: usize) -> u8 {
    if extra == 0 { (value & MAX_INLINE) as u8 } else { EXTENDED | (extra - 1) as u8 }
}

/// Reads the value that `half` of the config byte announces; gives what follows it too.
#[inline]
fn read(half: u8, rest: &[u8]) -> Result<(u64, &[u8]), HeaderError> {
    if half & EXTENDED == 0 {
        return Ok((u64::from(half), rest));
    }
    let len = usize::from(half & !EXTENDED) + 1;
    let (bytes, behind) = rest.split_at_checked(len).ok_or(HeaderError::Truncated)?;
    // All 8 bytes at once and the meaningful ones kept, unless the frame ends before.
    let value = match rest.first_chunk() {
        Some(chunk) => u64::from_be_bytes(*chunk) >> (64 - 8 * len),
        None => bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)),
    };
    // SPEC [W7]
    if extra_len(value) == len { Ok((value, behind)) } else { Err(HeaderError::NotMinimal) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const RFC: &str = include_str!("../../tests/vectors/sframe/rfc9605-test-vectors.json");
    const MAIN: &str = include_str!("../../tests/vectors/sframe/wg-main-test-vectors.json");
    const DERIVED: &str = include_str!("../../tests/vectors/sframe/derived-kats.json");

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    fn encode(header: FrameHeader) -> Vec<u8> {
        let mut buffer = [0xaa; MAX_HEADER_LEN];
        let len = header.write(&mut buffer);
        assert_eq!(len, header.encoded_len());
        buffer[..len].to_vec()
    }

    #[test]
    fn every_published_header_encodes_and_parses() {
        for file in [RFC, MAIN] {
            let vectors: Value = serde_json::from_str(file).unwrap();
            let cases = vectors["header"].as_array().unwrap();
            assert_eq!(cases.len(), 289);
            for case in cases {
                let number = |name: &str| case[name].as_u64().unwrap();
                let header = FrameHeader { kid: number("kid"), ctr: number("ctr") };
                let mut bytes = hex(case["encoded"].as_str().unwrap());
                assert_eq!(encode(header), bytes);
                let len = bytes.len();
                bytes.extend([0xff; 3]);
                assert_eq!(FrameHeader::parse(&bytes), Ok((header, len)));
            }
        }
    }

    #[test]
    fn a_header_that_is_truncated_or_not_minimal_is_refused() {
        // SPEC [W7]
        let vectors: Value = serde_json::from_str(DERIVED).unwrap();
        for case in vectors["header_must_reject"].as_array().unwrap() {
            let bytes = hex(case.as_str().unwrap());
            assert!(FrameHeader::parse(&bytes).is_err(), "{case}");
        }
        for (bytes, error) in [
            (&[][..], HeaderError::Truncated),
            (&[0x08][..], HeaderError::Truncated),
            (&[0xff, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7][..], HeaderError::Truncated),
            (&[0x08, 7][..], HeaderError::NotMinimal),
            (&[0x80, 0][..], HeaderError::NotMinimal),
            (&[0x90, 0, 8][..], HeaderError::NotMinimal),
        ] {
            assert_eq!(FrameHeader::parse(bytes), Err(error));
        }
    }

    #[test]
    fn every_short_input_parses_to_itself_or_is_refused() {
        // SPEC [W7]
        for config in 0..=u8::MAX {
            for value in 0..=u16::MAX {
                let [high, low] = value.to_be_bytes();
                let bytes = [config, high, low];
                if let Ok((header, len)) = FrameHeader::parse(&bytes) {
                    assert_eq!(encode(header), bytes[..len]);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_the_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            // SPEC [W7]
            if let Ok((header, len)) = FrameHeader::parse(&bytes) {
                prop_assert_eq!(encode(header), &bytes[..len]);
            }
        }

        #[test]
        fn every_header_comes_back(kid: u64, ctr: u64, shift in 0..64u32) {
            for header in [FrameHeader { kid, ctr }, FrameHeader { kid: kid >> shift, ctr: ctr >> shift }] {
                let bytes = encode(header);
                prop_assert_eq!(FrameHeader::parse(&bytes), Ok((header, bytes.len())));
                prop_assert_eq!(
                    FrameHeader::parse(&bytes[..bytes.len() - 1]).is_err(),
                    true
                );
            }
        }
    }
}
