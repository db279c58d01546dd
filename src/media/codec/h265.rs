//! NAL units of H.265 (§7.3.1, table 7-1), and what RTP makes of them (RFC 7798).

use super::Layer;
use super::annex_b::Kind;
use super::bits;
use super::error::CodecError;

const FORBIDDEN_BIT: u8 = 0x80;
const HEADER_LEN: usize = 2;

/// What becomes of a NAL unit.
///
/// # Errors
/// [`CodecError::Truncated`] or [`CodecError::Forbidden`].
pub(super) fn kind(unit: &[u8]) -> Result<Kind, CodecError> {
    let [first, second, payload @ ..] = unit else { return Err(CodecError::Truncated) };
    // SPEC [M25]: a temporal id plus 1 of 0 is as forbidden as the bit of that name.
    if first & FORBIDDEN_BIT != 0 || second & 7 == 0 {
        return Err(CodecError::Forbidden);
    }
    let kind = first >> 1;
    Ok(match kind {
        // first_slice_segment_in_pic_flag, slice_pic_parameter_set_id; of random access points,
        // no_output_of_prior_pics_flag in between.
        0..=31 => {
            let flags = if (16..=23).contains(&kind) { 2 } else { 1 };
            let len = bits::len_of(payload, flags, 1).ok_or(CodecError::Truncated)?;
            Kind::Sealed { clear_len: HEADER_LEN + len }
        }
        32..=34 => Kind::ParameterSet,
        35 | 38 => Kind::Dropped,
        36 | 37 => Kind::Ending { header_len: HEADER_LEN },
        // SEI among them: captions and user data are in there, and no packetiser looks.
        39..=47 => Kind::Sealed { clear_len: HEADER_LEN },
        _ => return Err(CodecError::Forbidden),
    })
}

/// The layer of a slice.
pub(super) fn layer(unit: &[u8]) -> Option<Layer> {
    let [first, second, ..] = unit else { return None };
    let temporal = (second & 7).checked_sub(1)?;
    (first >> 1 < 32).then_some(Layer { temporal, spatial: (first & 1) << 5 | second >> 3 })
}
