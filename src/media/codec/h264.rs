//! NAL units of H.264 (§7.3.1, table 7-1), and what RTP makes of them (RFC 6184).

use super::Layer;
use super::annex_b::Kind;
use super::bits;
use super::error::CodecError;

const FORBIDDEN_BIT: u8 = 0x80;
/// Of the first byte of the extension of types 14 and 20: SVC, not MVC.
const SVC: u8 = 0x80;

/// What becomes of a NAL unit.
///
/// # Errors
/// [`CodecError::Truncated`] or [`CodecError::Forbidden`].
pub(super) fn kind(unit: &[u8]) -> Result<Kind, CodecError> {
    let header = unit.first().ok_or(CodecError::Truncated)?;
    // SPEC [M25]
    if header & FORBIDDEN_BIT != 0 {
        return Err(CodecError::Forbidden);
    }
    Ok(match header & 0x1f {
        0 | 24..=31 => return Err(CodecError::Forbidden),
        // first_mb_in_slice, slice_type, pic_parameter_set_id: depacketisers of libwebrtc look the
        // PPS up.
        1 | 5 => {
            let payload = unit.get(1..).unwrap_or_default();
            Kind::Sealed {
                clear_len: 1 + bits::len_of(payload, 0, 3).ok_or(CodecError::Truncated)?,
            }
        }
        // Captions and user data are in there, and no packetiser looks.
        6 => Kind::Sealed { clear_len: 1 },
        10 | 11 => Kind::Ending { header_len: 1 },
        7 | 8 | 13 | 15 | 16 => Kind::ParameterSet,
        9 | 12 => Kind::Dropped,
        14 | 20 | 21 => Kind::Sealed { clear_len: 4 },
        _ => Kind::Sealed { clear_len: 1 },
    })
}

/// The layer that the extension of an SVC unit names.
pub(super) fn layer(unit: &[u8]) -> Option<Layer> {
    let [header, first, second, third, ..] = unit else { return None };
    let is_svc = matches!(header & 0x1f, 14 | 20) && first & SVC != 0;
    is_svc.then_some(Layer { temporal: third >> 5, spatial: second >> 4 & 7 })
}
