//! What goes into a link and comes out of it.

use std::net::IpAddr;
use std::sync::Arc;

use incamera::wire::{MediaRequest, StayId};
use incamera::{Codec, FrameError, Layer, Receiver, Sealer, Track};

/// Milliseconds of the clock of [`Now::monotonic_ms`](incamera::Now::monotonic_ms).
pub(crate) type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What a link needs to begin.
pub(crate) struct LinkSettings {
    /// The address at which the relay's signalling was reached. Nothing is sent there: it says which
    /// of this machine's addresses leads to the relay.
    pub(crate) relay: IpAddr,
    /// Opens what comes in; the link's own from now on.
    pub(crate) receiver: Receiver,
    /// The meeting's clock.
    pub(crate) clock: Clock,
}

/// A track to send.
pub(crate) struct OutgoingTrack {
    /// What its frames are encoded with. The sealer's framing is `Framing::WebRtc` of the same.
    pub(crate) codec: Codec,
    /// Restriction identifiers of its layers, from the lowest, 1 to 8 letters or digits each, at most 4;
    /// none if it is sent in one.
    pub(crate) layers: Vec<String>,
    /// Seals it, and says which track it is.
    pub(crate) sealer: Sealer,
}

/// One encoded frame of an own track.
pub(crate) struct OutgoingFrame {
    /// One that was given to [`MediaLink::send_track`](super::MediaLink::send_track).
    pub(crate) track: Track,
    /// What the encoder gave: an Opus packet, a VP8 frame, a temporal unit of AV1 in the low-overhead
    /// format, an access unit of H.264 in Annex B form.
    pub(crate) data: Vec<u8>,
    /// The media time in units of the codec's clock: 1/90,000 s for pictures, 1/48,000 s for Opus. It
    /// does not wrap.
    pub(crate) time: u64,
    /// Which layer, if the track has several.
    pub(crate) layer: Option<String>,
}

/// What a link has to say. `Frame`, `Silence` and `Unsent` are dropped when nobody takes them out of the
/// channel; the others wait.
pub(crate) enum MediaEvent {
    /// To be sent to the relay. One offer is under way at a time: the next comes after
    /// [`MediaLink::answer`](super::MediaLink::answer) or
    /// [`MediaLink::refused`](super::MediaLink::refused).
    Request(MediaRequest),
    /// The connection stands, and the relay's end has shown this certificate: prove the relay with it
    /// (SPEC \[M12\]). Nothing is sealed for it before [`MediaLink::trust`](super::MediaLink::trust).
    Connected {
        /// SHA-256 of the DTLS certificate (DER), which is the one that the answer named.
        certificate_sha256: [u8; 32],
    },
    /// An own track has a place: announce it with `transport` as the relay's name of this transport,
    /// a slash and `mid`. Comes again after [`MediaLink::restart`](super::MediaLink::restart). Frames
    /// written before are [`Unsent::NotConnected`].
    TrackOpen {
        /// Which.
        track: Track,
        /// The media identification (RFC 5888): 1 to 16 letters and digits.
        mid: String,
    },
    /// A frame of somebody else's has been opened.
    Frame(IncomingFrame),
    /// Somebody else's track of sound says that there is none now.
    Silence {
        /// Whose.
        member: StayId,
        /// Which.
        track: Track,
    },
    /// Somebody can show nothing of an own track before its next key frame.
    KeyFrameWanted {
        /// Which.
        track: Track,
        /// Of which layer, if it is sent in several.
        layer: Option<String>,
    },
    /// A frame that was written has not been sent. It is said once for all in a row for which the reason
    /// is the same.
    Unsent {
        /// Of which track.
        track: Track,
        /// Why.
        why: Unsent,
    },
    /// The connection is gone, and so are all places of tracks. The link waits for
    /// [`MediaLink::restart`](super::MediaLink::restart).
    Closed(Closed),
}

/// A frame of somebody else's, as its encoder gave it.
pub(crate) struct IncomingFrame {
    /// Who sealed it: authentic.
    pub(crate) member: StayId,
    /// On which of its tracks: authentic.
    pub(crate) track: Track,
    /// Where in a scalable stream it belongs, if its codec says so.
    pub(crate) layer: Option<Layer>,
    /// The frame.
    pub(crate) data: Vec<u8>,
    /// The media time in units of the codec's clock, counted on where it wraps. Its origin is the
    /// relay's choice; not authentic.
    pub(crate) time: u64,
    /// The relay's name of the track; not authentic.
    #[allow(dead_code, reason = "for those who choose layers of what they see")]
    pub(crate) relay_track: String,
}

/// Why a frame was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    /// There is no connection now, or the track has no place in it yet.
    #[error("the media connection does not stand yet")]
    NotConnected,
    /// The relay has not proved itself on this connection.
    #[error("the relay has not proved on this connection that it is one of the meeting's")]
    NotProved,
    /// It could not be sealed: so say the meeting, the key or the codec.
    #[error("not sealed: {0}")]
    Seal(#[from] FrameError),
    /// The layer is none of the track's, or the relay does not take the codec.
    #[error("the relay takes no such layer or codec")]
    NotTaken,
}

/// Why a connection is gone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Closed {
    /// Nothing has been heard of the relay for some seconds.
    #[error("the relay cannot be reached")]
    Unreachable,
    /// The relay has closed it.
    #[error("the relay has closed the media connection")]
    ByRelay,
    /// An answer of the relay's was none, or its certificate was not the one in its answer.
    #[error("the relay's side of the media connection is wrong: {0}")]
    Wrong(String),
    /// The socket failed.
    #[error("media cannot be sent or received here: {0}")]
    Socket(String),
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    /// `str0m` cannot packetise sealed frames of this codec: it reads VP9's frames, and H.265 is not
    /// negotiated.
    #[error("frames of {0:?} cannot be sent by WebRTC here: use VP8, AV1, H.264 or Opus")]
    Unsupported(Codec),
    /// More than 4 layers, or a name that is none, or layers of sound.
    #[error("a track has at most 4 layers, of pictures, named with 1 to 8 letters or digits")]
    Layers,
    /// The link's task has ended.
    #[error("the media link has ended")]
    Ended,
}
