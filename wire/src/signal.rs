//! How a client and a relay agree on media.

use crate::choice::choice;
use crate::codec::Source;
use crate::ids::MessageId;
use crate::limits;
use crate::malformed::Malformed;
use crate::raw::{self, media_notice, media_request};

choice! {
    /// What a track at a relay carries.
    MediaKind {
        /// Sound.
        Audio = 1,
        /// Pictures.
        Video = 2,
    }
}

/// What a client asks of a relay about media; at most 256 KiB encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaRequest {
    /// An SDP offer (RFC 8829). Clients alone make offers.
    Offer {
        /// 1 byte to 128 KiB.
        sdp: String,
        /// Which track each receiving media description is for; 1,024 at most.
        wanted: Vec<WantedTrack>,
    },
    /// Asks for another layer of a track.
    SelectLayer {
        /// The relay's name of the track: 1 to 64 bytes.
        track: String,
        /// A restriction identifier (RFC 8851): 1 to 16 bytes.
        layer: String,
    },
}

/// A media description that is to receive somebody's track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedTrack {
    /// Its identification tag (RFC 5888): 1 to 16 bytes.
    pub mid: String,
    /// The relay's name of the track: 1 to 64 bytes.
    pub track: String,
}

/// What a relay says about media; at most 256 KiB encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaNotice {
    /// The answer to an offer.
    Answer {
        /// 1 byte to 128 KiB.
        sdp: String,
    },
    /// All tracks that others send, in place of what was said before; 1,024 at most.
    Tracks(Vec<RelayTrack>),
}

/// A track that somebody sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayTrack {
    /// The sender's [`TransportId`](crate::TransportId) in 32 lower-case hex digits, a slash, and the
    /// mid under which it sends: at most 64 bytes.
    pub track: String,
    /// What it carries.
    pub kind: MediaKind,
    /// Restriction identifiers (RFC 8851), if it is sent in several layers: at most 4 of 1 to 16
    /// bytes.
    pub layers: Vec<String>,
}

choice! {
    /// Why a relay did not do what it was asked.
    RefusalReason {
        /// The message breaks a rule of the wire format, or makes no sense here.
        Malformed = 1,
        /// It is larger than the relay takes.
        TooLarge = 2,
        /// There were too many of it in too short a time.
        TooFast = 3,
        /// The client reads too slowly; what it missed is in the log.
        TooSlow = 4,
        /// Something has no room left: a log, a meeting, the relay.
        Full = 5,
        /// The token is missing, wrong or expired, or does not allow it.
        Unauthorized = 6,
        /// There is no such thing here.
        NotFound = 7,
        /// The relay's store cannot be reached or written.
        Unavailable = 8,
        /// The relay is about to stop.
        Draining = 9,
        /// Somebody with the right to has ended this transport.
        Ended = 10,
    }
}

/// Something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The post that was refused; `None` if the connection is, which then ends.
    pub post: Option<MessageId>,
    /// Why.
    pub reason: RefusalReason,
    /// Names the limit and says what to do: at most 256 bytes.
    pub detail: String,
    /// When to try again, in milliseconds; 0 if trying again is of no use.
    pub retry_after_ms: u32,
}

const REQUEST: Source = Source(&limits::MEDIA_REQUEST);
const NOTICE: Source = Source(&limits::MEDIA_NOTICE);
const TRACK: Source = Source(&limits::RELAY_TRACK);
const REFUSAL: Source = Source(&limits::REFUSAL);

impl MediaRequest {
    pub(crate) fn to_raw(&self) -> raw::MediaRequest {
        use media_request::Request;
        let wanted =
            |it: &WantedTrack| raw::WantedTrack { mid: it.mid.clone(), track: it.track.clone() };
        let request = match self {
            Self::Offer { sdp, wanted: list } => Request::Offer(raw::Offer {
                sdp: sdp.clone(),
                wanted: list.iter().map(wanted).collect(),
            }),
            Self::SelectLayer { track, layer } => Request::SelectLayer(raw::SelectLayer {
                track: track.clone(),
                layer: layer.clone(),
            }),
        };
        raw::MediaRequest { request: Some(request) }
    }

    pub(crate) fn from_raw(raw: raw::MediaRequest) -> Result<Self, Malformed> {
        use media_request::Request;
        let wanted = |it: raw::WantedTrack| WantedTrack { mid: it.mid, track: it.track };
        Ok(match REQUEST.present(raw.request, "request")? {
            Request::Offer(offer) => Self::Offer {
                sdp: offer.sdp,
                wanted: offer.wanted.into_iter().map(wanted).collect(),
            },
            Request::SelectLayer(select) => {
                Self::SelectLayer { track: select.track, layer: select.layer }
            }
        })
    }
}

impl MediaNotice {
    pub(crate) fn to_raw(&self) -> raw::MediaNotice {
        use media_notice::Notice;
        let track = |it: &RelayTrack| raw::RelayTrack {
            track: it.track.clone(),
            kind: it.kind.into(),
            layers: it.layers.clone(),
        };
        let notice = match self {
            Self::Answer { sdp } => Notice::Answer(raw::Answer { sdp: sdp.clone() }),
            Self::Tracks(tracks) => {
                Notice::Tracks(raw::Tracks { tracks: tracks.iter().map(track).collect() })
            }
        };
        raw::MediaNotice { notice: Some(notice) }
    }

    pub(crate) fn from_raw(raw: raw::MediaNotice) -> Result<Self, Malformed> {
        use media_notice::Notice;
        let track = |it: raw::RelayTrack| {
            let kind = TRACK.choice(it.kind, MediaKind::from_number, "kind")?;
            Ok(RelayTrack { track: it.track, kind, layers: it.layers })
        };
        Ok(match NOTICE.present(raw.notice, "notice")? {
            Notice::Answer(answer) => Self::Answer { sdp: answer.sdp },
            Notice::Tracks(tracks) => {
                Self::Tracks(tracks.tracks.into_iter().map(track).collect::<Result<_, _>>()?)
            }
        })
    }
}

impl Refusal {
    pub(crate) fn to_raw(&self) -> raw::Refusal {
        raw::Refusal {
            post: self.post.map(|id| id.as_bytes().to_vec()),
            reason: self.reason.into(),
            detail: self.detail.clone(),
            retry_after_ms: self.retry_after_ms,
        }
    }

    pub(crate) fn from_raw(raw: raw::Refusal) -> Result<Self, Malformed> {
        let post = |id: Vec<u8>| REFUSAL.array(&id, "post").map(MessageId::new);
        Ok(Self {
            post: raw.post.map(post).transpose()?,
            reason: REFUSAL.choice(raw.reason, RefusalReason::from_number, "reason")?,
            detail: raw.detail,
            retry_after_ms: raw.retry_after_ms,
        })
    }
}
