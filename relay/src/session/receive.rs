//! Messages from one client, counted against its limits.

use axum::Error;
use axum::extract::ws::Message;
use futures_util::{Stream, StreamExt};
use incamera_wire::{MeetingId, Refusal, RefusalReason, ToServer};

use super::{Ending, denied, refused, refused_for_now};
use crate::limits::{Denied, Inbound, LONG_LARGE, MANY_LARGE, Seat};
use crate::relay::Relay;

/// What is refused in a row and borne.
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
    /// The last message was given out: what it took is free when the next is asked for.
    given_out: bool,
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
        Self { stream, seat, inbound, refused_in_a_row: 0, given_out: false }
    }

    /// The next message; dropping the future loses none. An error ends the connection.
    pub(super) async fn next(&mut self, relay: &Relay) -> Result<Received, Ending> {
        if std::mem::take(&mut self.given_out) {
            self.inbound.taken();
        }
        let message = match self.stream.next().await {
            None => return Err(None),
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(of_stream(&error, relay.settings.message_bytes)),
        };
        let (bytes, length) = match message {
            Message::Binary(bytes) => {
                self.given_out = true;
                let length = bytes.len();
                (Some(bytes), length)
            }
            Message::Text(_) => {
                let text = "a text message: send binary ones, each one encoded ToServer";
                return Err(Some(refused(RefusalReason::Malformed, text)));
            }
            Message::Ping(bytes) | Message::Pong(bytes) => {
                self.inbound.taken_between(bytes.len());
                (None, bytes.len())
            }
            Message::Close(_) => return Err(None),
        };
        let charged = self.seat.charge(length, relay.now());
        let Some(bytes) = bytes else {
            return self.sign_of_life(charged);
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

    /// Pongs are asked for by the relay: some beyond the limits are borne.
    fn sign_of_life(&mut self, charged: Result<(), Denied>) -> Result<Received, Ending> {
        if let Err(too_fast) = charged {
            self.refused_in_a_row += 1;
            if self.refused_in_a_row > PATIENCE {
                return Err(Some(denied(too_fast)));
            }
        }
        Ok(Received::Alive)
    }

    /// What remains of it.
    pub(super) fn into_seat(self) -> Seat {
        self.seat
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
    if text.contains(MANY_LARGE) {
        let detail = "large-messages: too many are on their way to this relay; send it again";
        return Some(refused_for_now(RefusalReason::Full, detail));
    }
    if text.contains(LONG_LARGE) {
        let detail = "a message above 64 KiB took too long to arrive; send less at once";
        return Some(refused_for_now(RefusalReason::TooSlow, detail));
    }
    if text.contains("protocol error") && !text.contains("without closing handshake") {
        let detail = "this is not a WebSocket message (RFC 6455)";
        return Some(refused(RefusalReason::Malformed, detail));
    }
    None
}
