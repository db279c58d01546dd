//! What a call tells.

use std::time::Duration;

use incamera::wire::Refusal;
use incamera::{Codec, Event, Layer, MemberId, Track};
use tokio::sync::mpsc;

use super::ending::Ending;
use crate::line::Dropped;

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallEvent {
    /// In the meeting.
    Meeting(Event),
    /// The connection to the relay has gone, or an attempt to make it has failed. The call goes on
    /// trying.
    Disconnected {
        /// Why.
        why: Dropped,
        /// When it is tried next.
        retry_in: Duration,
    },
    /// The connection is there again; the meeting fetches what it missed.
    Reconnected,
    /// The relay has refused something, and the call goes on: a post, which is posted again if
    /// [`retry_after_ms`](Refusal::retry_after_ms) is not 0.
    Refused(Refusal),
    /// So many posts were given up, since they waited for the relay for too long. What has to
    /// arrive, the meeting says again.
    GivenUp {
        /// How many.
        posts: u64,
    },
    /// This client has created the meeting, and could not say that media may go through its relay
    /// alone: they may go through any.
    RelayNotListed {
        /// Why.
        why: String,
    },
    /// The meeting's rules say through which relays media may go, and this one has proved that it is
    /// one of them: sealing works.
    RelayProved {
        /// What its operator says of where it stands.
        region: String,
    },
    /// The meeting's rules say through which relays media may go, and this one has not proved that it is
    /// one of them: nothing is sealed.
    RelayNotProved {
        /// Why.
        why: String,
    },
    /// The media connection to the relay stands.
    MediaConnected,
    /// The media connection has gone. The call goes on trying.
    MediaLost {
        /// Why.
        why: String,
    },
    /// A frame of somebody else's. If the application is behind by many events, frames are dropped.
    Frame(Frame),
    /// Somebody else's track of sound says that there is none now.
    Silence {
        /// Whose.
        member: MemberId,
        /// Which.
        track: Track,
    },
    /// Somebody can show nothing of an own track before its next key frame: make one now.
    KeyFrameWanted {
        /// Which.
        track: Track,
        /// Of which layer, if it is sent in several and one is meant.
        layer: Option<String>,
    },
    /// A frame was dropped, for it cannot be sent now.
    NotSent {
        /// Of which track.
        track: Track,
        /// Why.
        why: String,
    },
    /// The call has ended: nothing follows.
    Ended(Ending),
}

/// A frame of somebody else's, as its encoder gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// Who sealed it: authentic.
    pub member: MemberId,
    /// On which of its tracks: authentic.
    pub track: Track,
    /// What it is encoded with, as its sender announced; `None` before it did.
    pub codec: Option<Codec>,
    /// Where in a scalable stream it belongs, if its codec says so.
    pub layer: Option<Layer>,
    /// The frame.
    pub data: Vec<u8>,
    /// The media time in units of the codec's clock: 1/90,000 s for pictures, 1/48,000 s for Opus, from
    /// any origin. The relay can change it.
    pub time: u64,
}

/// The stream of a call's events.
///
/// Take them as they come: if a thousand wait, the call stops reading from the relay until there is room.
/// If it is dropped, they are too, and the call goes on.
#[derive(Debug)]
pub struct Events(pub(super) mpsc::Receiver<CallEvent>);

impl Events {
    /// The next one; `None` after [`CallEvent::Ended`]. A call to it that is dropped before it is ready
    /// has lost nothing.
    pub async fn recv(&mut self) -> Option<CallEvent> {
        self.0.recv().await
    }
}
