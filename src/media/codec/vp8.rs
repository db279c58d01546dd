//! VP8 (RFC 6386 §9.1): a frame tag of 3 bytes; in key frames a start code and the picture's size
//! behind it. Payload descriptors (RFC 7741) repeat none of that, so SFUs look for the P bit here,
//! and libwebrtc reads all 10 bytes of a key frame.

use super::error::CodecError;

/// The clear bytes of a key frame: tag, start code, width and height.
const KEY_FRAME_CLEAR: usize = 10;
/// Of the frame tag: 0 in key frames.
const P_BIT: u8 = 1;
const START_CODE: [u8; 3] = [0x9d, 0x01, 0x2a];

/// How many bytes of `frame` stay clear.
///
/// # Errors
/// [`CodecError::Empty`], [`CodecError::Truncated`] or [`CodecError::NoStartCode`].
pub(super) fn clear_len(frame: &[u8]) -> Result<usize, CodecError> {
    let first = frame.first().ok_or(CodecError::Empty)?;
    // SPEC [M23]
    if first & P_BIT != 0 {
        return Ok(1);
    }
    let head: &[u8; KEY_FRAME_CLEAR] = frame.first_chunk().ok_or(CodecError::Truncated)?;
    let [_, _, _, code @ .., _, _, _, _] = head;
    if *code == START_CODE { Ok(KEY_FRAME_CLEAR) } else { Err(CodecError::NoStartCode) }
}
