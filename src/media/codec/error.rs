//! Why a frame was neither split nor taken apart.

/// Why a frame does not fit the codec that was named. A frame that does not parse is never sent
/// in part or clear: drop it, and look at what hands it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// There is nothing in the frame, or only what packetisers drop.
    #[error("there is nothing in the frame: send nothing")]
    Empty,
    /// The frame is longer than 16 MiB.
    #[error("the frame is longer than 16 MiB: split it")]
    TooLong,
    /// The frame has more than 1,024 OBUs or NAL units.
    #[error("the frame has more than 1,024 units: encode it with fewer slices or tile groups")]
    TooManyUnits,
    /// Headers and parameter sets of the frame have more than 64 KiB.
    #[error(
        "more than 64 KiB of the frame would stay clear: its parameter sets or headers are too long"
    )]
    TooMuchClear,
    /// The frame ends inside a header or a size.
    #[error("the frame ends inside a header: hand over whole frames as the encoder made them")]
    Truncated,
    /// An H.264 or H.265 frame does not begin with 00 00 01, or a VP8 key frame has no 9d 01 2a.
    #[error("there is no start code: check that the frame is of this codec, and in Annex B form")]
    NoStartCode,
    /// A header has its forbidden bit set, or the type of an RTP packet.
    #[error("a unit has a forbidden header: hand over what the encoder made, not RTP payloads")]
    Forbidden,
    /// The last NAL unit is a parameter set.
    #[error("the frame ends in a parameter set: put it in front of the slice that it is for")]
    NoSlice,
    /// A sealed frame does not end in a trailer: it is none, or was damaged.
    #[error("the frame has no trailer: drop it")]
    NoTrailer,
    /// A sealed NAL unit lacks its stop byte, or the plaintext is too short for the clear part, or
    /// names start codes of units that are not there.
    #[error("the frame is not in the form that sealers give it: drop it")]
    NotCanonical,
}
