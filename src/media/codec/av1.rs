//! AV1's low-overhead format (AV1 specification §5.3): OBUs with a header of 1 or 2 bytes and a
//! size that only the last may lack. Packetisers rewrite sizes, so that the metadata hold none.

use super::Layer;
use super::error::CodecError;
use super::parts::Parts;

const FORBIDDEN_BIT: u8 = 0x80;
const HAS_EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;

/// Types that RTP does not carry: temporal delimiter, tile list, padding.
const DROPPED: [u8; 3] = [2, 8, 15];
/// How many bytes a size may take (AV1 specification §4.10.5), be they needed or not.
const MAX_SIZE_LEN: usize = 8;

/// Finds the OBUs of `frame`, whatever their sizes look like.
///
/// # Errors
/// [`CodecError`] if it is no AV1 frame.
pub(super) fn parse(frame: &[u8], parts: &mut Parts) -> Result<(), CodecError> {
    let mut rest = frame;
    while let Some((&header, behind)) = rest.split_first() {
        // SPEC [M24]
        if header & FORBIDDEN_BIT != 0 {
            return Err(CodecError::Forbidden);
        }
        let extension_len = usize::from(header & HAS_EXTENSION != 0);
        let (extension, behind) =
            behind.split_at_checked(extension_len).ok_or(CodecError::Truncated)?;
        let (len, behind) = match header & HAS_SIZE {
            0 => (behind.len(), behind),
            _ => size(behind)?,
        };
        let start = frame.len() - behind.len();
        rest = behind.get(len..).ok_or(CodecError::Truncated)?;
        // SPEC [M24]
        if !DROPPED.contains(&(header >> 3 & 0x0f)) {
            parts.push(&[&[header & !HAS_SIZE], extension], start..start + len, true)?;
            let layer = |e: &u8| Layer { temporal: e >> 5, spatial: e >> 3 & 3 };
            parts.layer = extension.first().map(layer).or(parts.layer);
        }
    }
    if parts.runs.is_empty() { Err(CodecError::Empty) } else { Ok(()) }
}

/// Writes header, extension and, unless `len` is left out, the size in as few bytes as it needs.
pub(super) fn write_head(clear: &[u8], len: Option<usize>, out: &mut Vec<u8>) {
    let Some((header, extension)) = clear.split_first() else { return };
    out.push(header | if len.is_some() { HAS_SIZE } else { 0 });
    out.extend_from_slice(extension);
    let Some(mut len) = len else { return };
    while len > 0x7f {
        out.push(0x80 | (len & 0x7f) as u8);
        len >>= 7;
    }
    out.push((len & 0x7f) as u8);
}

/// Reads a size (leb128), minimal or not; also gives what follows it.
fn size(bytes: &[u8]) -> Result<(usize, &[u8]), CodecError> {
    let mut size = 0_u64;
    for (at, &byte) in bytes.iter().take(MAX_SIZE_LEN).enumerate() {
        size |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let behind = bytes.get(at + 1..).unwrap_or_default();
            return Ok((usize::try_from(size).map_err(|_| CodecError::Truncated)?, behind));
        }
    }
    Err(CodecError::Truncated)
}
