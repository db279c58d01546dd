//! From an address to a connection on which the relay has answered.

use std::time::Duration;

use incamera::wire::{BearerToken, Refusal, RefusalReason, ToClient, ToServer};
use tokio::time::timeout;

use super::ending::CallError;
use crate::line::{Dropped, Received, Socket, connect};
use crate::relay::Relay;

/// The longest that the relay may take to answer the first message.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection, and the number that the log's next entry gets.
pub(super) struct Opened {
    pub(super) socket: Socket,
    pub(super) next: u64,
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum NotOpened {
    Dropped(Dropped),
    Refused(Refusal),
}

impl From<Dropped> for NotOpened {
    fn from(why: Dropped) -> Self {
        Self::Dropped(why)
    }
}

impl From<NotOpened> for CallError {
    fn from(not: NotOpened) -> Self {
        match not {
            NotOpened::Dropped(why) => Self::Line(why),
            NotOpened::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// Connects, shows the token if there is one, says which meeting it is about and waits for the
/// answer.
pub(super) async fn open(relay: Relay, hello: ToServer) -> Result<Opened, NotOpened> {
    let mut socket = connect(&relay).await?;
    if let Some(token) = relay.token() {
        socket.send(&ToServer::Authorize { token: BearerToken::new(token.to_owned()) })?;
    }
    // If the relay has refused the token already, its answer says so.
    let _ = socket.send(&hello);
    let next = timeout(ANSWER, answer(&mut socket)).await.map_err(|_| Dropped::Silent)??;
    Ok(Opened { socket, next })
}

async fn answer(socket: &mut Socket) -> Result<u64, NotOpened> {
    loop {
        if let Received::Message(message) = socket.recv().await? {
            match *message {
                ToClient::Connected { next } => return Ok(next),
                ToClient::Refused(refusal) => return Err(NotOpened::Refused(refusal)),
                // Nothing else can be meant for a connection that is about no meeting yet.
                _ => {}
            }
        }
    }
}

/// Whether a relay that refuses a connection so will do so again.
pub(super) fn is_final(refusal: &Refusal) -> bool {
    match refusal.reason {
        RefusalReason::Unauthorized | RefusalReason::NotFound | RefusalReason::Ended => true,
        RefusalReason::Malformed | RefusalReason::TooLarge | RefusalReason::Full => {
            refusal.retry_after_ms == 0
        }
        RefusalReason::TooFast
        | RefusalReason::TooSlow
        | RefusalReason::Unavailable
        | RefusalReason::Draining => false,
    }
}
