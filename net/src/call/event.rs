//! What a call tells.

use std::time::Duration;

use incamera::Event;
use incamera::wire::Refusal;
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
        why: &'static str,
    },
    /// The call has ended: nothing follows.
    Ended(Ending),
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
