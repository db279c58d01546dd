//! From frames to parts.

use incamera_wire::FrameHeader;

use super::error::CodecError;
use super::parts::Parts;
use super::trailer::Apart;
use super::{Codec, MAX_FRAME_LEN, annex_b, av1, max_sealed_len, vp8};

/// Finds what of `frame` is to be sealed, and fills `parts` with it.
///
/// # Errors
/// [`CodecError`]; `parts` hold nothing then.
pub(crate) fn split(codec: Codec, frame: &[u8], parts: &mut Parts) -> Result<(), CodecError> {
    parts.begin(codec);
    // SPEC [M21]
    if frame.len() > MAX_FRAME_LEN {
        return Err(CodecError::TooLong);
    }
    if frame.is_empty() {
        return Err(CodecError::Empty);
    }
    let parsed = match codec {
        Codec::Opus | Codec::Vp9 => parts.push_whole(0..frame.len()),
        Codec::Vp8 => vp8(frame, parts),
        Codec::Av1 => av1::parse(frame, parts),
        Codec::H264 | Codec::H265 => annex_b::split(codec, frame, parts),
    };
    // SPEC [M27]: no part of it can be sealed or joined.
    parsed.inspect_err(|_| parts.begin(codec))
}

/// Finds header, ciphertext and tag of a `sealed` frame, and the metadata of its clear bytes.
///
/// # Errors
/// [`CodecError`]: the frame is none, or damaged.
pub(crate) fn take_apart<'a>(
    codec: Codec,
    sealed: &'a [u8],
    parts: &'a mut Parts,
) -> Result<Apart<'a>, CodecError> {
    parts.begin(codec);
    // SPEC [M21]
    if sealed.len() > max_sealed_len(codec, MAX_FRAME_LEN) {
        return Err(CodecError::TooLong);
    }
    if sealed.is_empty() {
        return Err(CodecError::Empty);
    }
    match codec {
        Codec::Opus | Codec::Vp9 => return whole(sealed, parts),
        Codec::Vp8 => vp8(sealed, parts)?,
        Codec::Av1 => av1::parse(sealed, parts)?,
        Codec::H264 | Codec::H265 => annex_b::take_apart(codec, sealed, parts)?,
    }
    // What was escaped has been gathered.
    if parts.in_one_piece().is_none() && matches!(codec, Codec::Av1) {
        parts.settle(sealed);
    }
    let others = parts.runs.iter().rev().skip(1).map(|run| run.sealed.len()).sum();
    let apart = parts.apart(sealed)?;
    // SPEC [M22]: all of the trailer stands in the last unit.
    if apart.ciphertext.len() < others { Err(CodecError::NoTrailer) } else { Ok(apart) }
}

fn vp8(frame: &[u8], parts: &mut Parts) -> Result<(), CodecError> {
    let len = vp8::clear_len(frame)?;
    let clear = frame.get(..len).ok_or(CodecError::Truncated)?;
    parts.push(&[clear], len..frame.len(), true).map(drop)
}

/// A frame without clear bytes is a plain ciphertext of RFC 9605.
fn whole<'a>(sealed: &'a [u8], parts: &'a mut Parts) -> Result<Apart<'a>, CodecError> {
    let (_, len) = FrameHeader::parse(sealed).map_err(|_| CodecError::NoTrailer)?;
    let (header, ciphertext) = sealed.split_at_checked(len).ok_or(CodecError::NoTrailer)?;
    parts.push_whole(len..sealed.len())?;
    Ok(Apart { header, metadata: &parts.metadata, ciphertext, tag: &[] })
}
