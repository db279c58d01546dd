//! Messages from one client, counted against its limits.

use axum::Error;
use axum::extract::ws::Message;
use futures_util::{Stream, StreamExt};
use incamera_wire::{MeetingId, Refusal, RefusalReason, ToServer};

use super::{Ending, denied, refused};
use crate::limits::{Inbound, Seat};
use crate::relay::Relay;

/// Refused posts in a row that are borne.
const PATIENCE: u32 = 256;

/// What messages come from.
pub(super) trait Messages: Stream<Item = Result<Message, Error>> + Unpin {}

impl<S: Stream<Item = Result<Message, Error>> + Unpin> Messages for S {}

/// The receiving end of a connection.
pub(super) struct Receiver<S> {
    stream: S,
    seat: Seat,
    inbound: Inbound,
    refused_in_a_row: u32,
}

/// What came.
pub(super) enum Received {
    /// Something to do.
    Message(ToServer),
    /// Not done, and said to the client; the connection goes on.
    NotTaken(Refusal),
    /// A sign of life.
    Alive,
}

impl<S: Messages> Receiver<S> {
    pub(super) fn new(stream: S, seat: Seat, inbound: Inbound) -> Self {
        Self { stream, seat, inbound, refused_in_a_row: 0 }
    }

    /// The next message; dropping the future loses none. An error ends the connection.
    pub(super) async fn next(&mut self, relay: &Relay) -> Result<Received, Ending> {
        let message = match self.stream.next().await {
            None => return Err(None),
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(of_stream(&error, relay.settings.message_bytes)),
        };
        self.inbound.taken();
        let (bytes, length) = match message {
            Message::Binary(bytes) => {
                let length = bytes.len();
                (Some(bytes), length)
            }
            Message::Text(_) => {
                let text = "a text message: send binary ones, each one encoded ToServer";
                return Err(Some(refused(RefusalReason::Malformed, text)));
            }
            Message::Ping(bytes) | Message::Pong(bytes) => (None, bytes.len()),
            Message::Close(_) => return Err(None),
        };
        let charged = self.seat.charge(length, relay.now());
        let Some(bytes) = bytes else {
            return charged.map(|()| Received::Alive).map_err(|it| Some(denied(it)));
        };
        let message = ToServer::decode(&bytes);
        let message =
            message.map_err(|it| Some(refused(RefusalReason::Malformed, it.to_string())))?;
        let Err(too_fast) = charged else {
            self.refused_in_a_row = 0;
            return Ok(Received::Message(message));
        };
        self.refused_in_a_row += 1;
        match message {
            ToServer::Post { id, .. } if self.refused_in_a_row <= PATIENCE => {
                Ok(Received::NotTaken(Refusal { post: Some(id), ..denied(too_fast) }))
            }
            // Only a post can be refused by itself.
            _ => Err(Some(denied(too_fast))),
        }
    }

    /// The connection is about this meeting.
    pub(super) fn hello(
        &mut self,
        relay: &Relay,
        meeting: MeetingId,
        most: Option<usize>,
    ) -> Result<(), Ending> {
        self.seat.hello(meeting, most, relay.now()).map_err(|it| Some(denied(it)))
    }
}

/// What a client is told whose WebSocket messages cannot be read.
fn of_stream(error: &Error, most: usize) -> Ending {
    let text = error.to_string();
    // The WebSocket library's own error type is not within reach; these are its words.
    if text.contains("too long") || text.contains("too big") {
        let detail = format!("message-bytes: a message may have {most}; send less at once");
        return Some(refused(RefusalReason::TooLarge, detail));
    }
    if text.contains("protocol error") && !text.contains("without closing handshake") {
        let detail = "this is not a WebSocket message (RFC 6455)";
        return Some(refused(RefusalReason::Malformed, detail));
    }
    None
}
