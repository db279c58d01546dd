//! The trailer: where a frame with clear bytes has its SFrame header and its tag.

use incamera_wire::FrameHeader;

use super::error::CodecError;
use crate::sframe::MAX_TAG_LEN;

/// What a receiver's frame key wants of a sealed frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Apart<'a> {
    /// The SFrame header as received.
    pub(crate) header: &'a [u8],
    /// RFC 9605's metadata: goes under the tag behind the header.
    pub(crate) metadata: &'a [u8],
    /// The ciphertext. Of codecs without clear bytes the tag is at its end, and only the key
    /// knows how long it is.
    pub(crate) ciphertext: &'a [u8],
    /// The tag; empty for codecs without clear bytes.
    pub(crate) tag: &'a [u8],
}

/// The byte at the end of a trailer: the length of all of it.
pub(super) fn length_byte(header: &[u8], tag: &[u8]) -> u8 {
    u8::try_from(header.len() + tag.len() + 1).unwrap_or(u8::MAX)
}

/// Cuts `body`, all that is sealed of a frame, into ciphertext, header and tag.
///
/// # Errors
/// [`CodecError::NoTrailer`].
pub(super) fn cut<'a>(body: &'a [u8], metadata: &'a [u8]) -> Result<Apart<'a>, CodecError> {
    let cut = || {
        let (&len, rest) = body.split_last()?;
        let at = (rest.len() + 1).checked_sub(usize::from(len))?;
        let (ciphertext, trailer) = rest.split_at_checked(at)?;
        let (_, header_len) = FrameHeader::parse(trailer).ok()?;
        let (header, tag) = trailer.split_at_checked(header_len)?;
        let apart = Apart { header, metadata, ciphertext, tag };
        (1..=MAX_TAG_LEN).contains(&tag.len()).then_some(apart)
    };
    // SPEC [M22]
    cut().ok_or(CodecError::NoTrailer)
}
