//! What of a frame stays clear, so that packetisers and SFUs can do their work, and where the
//! ciphertext goes (SPEC.md 9.5). Nothing here knows a key.
//!
//! A sealer calls [`split`] and [`begin_sealed`], seals what that wrote or [`Parts::piece`] with
//! [`Parts::metadata`], and calls [`end_sealed`]; a receiver calls [`take_apart`], opens what it gives, and
//! calls [`join_opened`]. If the plaintext is in one piece, a cipher can write it straight to its
//! place: [`begin_opened`].

mod annex_b;
mod av1;
mod bits;
mod error;
mod escape;
mod h264;
mod h265;
mod join;
mod parts;
mod split;
#[cfg(test)]
pub(super) mod tests;
mod trailer;
mod vp8;
mod zeros;

pub use error::CodecError;
#[cfg(test)]
pub(crate) use join::join_sealed;
pub(crate) use join::{begin_opened, begin_sealed, end_sealed, join_opened, max_sealed_len};
pub(crate) use parts::Parts;
pub(crate) use split::{split, take_apart};
pub(crate) use trailer::Apart;

/// The codec of a track, which says what of its frames stays clear: as much as packetisers,
/// depacketisers and SFUs of WebRTC look at, and no more. Every clear byte is authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// Opus: nothing stays clear.
    Opus,
    /// VP9: nothing stays clear, the RTP payload descriptor says all. For SFUs that forward RTP
    /// packets; one that makes packets itself has to read the frame.
    Vp9,
    /// VP8: the first 10 bytes of a key frame (type, size of the picture), the first byte of others.
    Vp8,
    /// AV1: header, extension and size of each OBU. A frame is a temporal unit or the part of one
    /// that belongs to a layer, in the low-overhead format.
    Av1,
    /// H.264 in Annex B form: NAL unit headers, parameter sets, and of a slice what comes before the end
    /// of its PPS id. A frame is an access unit.
    H264,
    /// H.265 in Annex B form: the same as of H.264.
    H265,
}

/// Where in a scalable stream a frame belongs, as its clear bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    /// The temporal id, from 0: frames of higher ids can be left out.
    pub temporal: u8,
    /// The spatial id, from 0: the spatial id of AV1, the dependency id of H.264 SVC, the layer id
    /// of H.265.
    pub spatial: u8,
}

/// The greatest length of a frame in bytes, before it is sealed.
const MAX_FRAME_LEN: usize = 1 << 24;
/// The most units (OBUs, NAL units) of one frame: H.265 knows at most 600 slice segments.
const MAX_UNITS: usize = 1_024;
/// The most clear bytes of one frame: parameter sets and messages take a few hundred.
const MAX_CLEAR_LEN: usize = 1 << 16;

impl Codec {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Opus, Self::Vp9, Self::Vp8, Self::Av1, Self::H264, Self::H265];

    /// The name under which RTP knows it (the subtype of its media type), and announcements too.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Vp9 => "VP9",
            Self::Vp8 => "VP8",
            Self::Av1 => "AV1",
            Self::H264 => "H264",
            Self::H265 => "H265",
        }
    }

    /// The codec of this [`name`](Self::name), in upper or lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// The first byte of the metadata. Codecs without metadata have none.
    fn number(self) -> Option<u8> {
        match self {
            Self::Opus | Self::Vp9 => None,
            Self::Vp8 => Some(1),
            Self::Av1 => Some(2),
            Self::H264 => Some(3),
            Self::H265 => Some(4),
        }
    }
}
