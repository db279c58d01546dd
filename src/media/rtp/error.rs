//! What a caller of the fragmenter can do wrong. Packets that come are never an error.

/// Why a sealed frame was not put into RTP payloads. Whatever the variant, nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RtpError {
    /// A frame without a byte was never sealed.
    #[error("the frame is empty: give what the sealer has written")]
    Empty,
    /// No receiver takes a frame of more than 2 MiB from RTP (SPEC \[M32\]).
    #[error("the sealed frame is longer than 2 MiB: let the encoder make smaller frames")]
    TooLong,
    /// The payloads would have no room for a byte of the frame, or be more than 2,048.
    #[error("payloads of this size cannot hold the frame: allow {needed} bytes")]
    PayloadTooSmall {
        /// The least maximum for a frame of this length, in bytes.
        needed: usize,
    },
    /// The slice is shorter than the next payload.
    #[error("the buffer is too small for the next payload: give it {needed} bytes")]
    BufferTooSmall {
        /// The length of the next payload in bytes.
        needed: usize,
    },
    /// The frame has another length than the one that this fragmenter was made for.
    #[error("this is another frame: give the same one until the last payload is written")]
    OtherFrame,
}
