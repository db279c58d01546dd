//! One client's connection, from the upgrade to its end.

mod appends;
mod cursor;
mod live;
mod opening;
mod outbox;
mod post;
mod receive;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocket;
use futures_util::StreamExt;
use incamera_wire::{Refusal, RefusalReason};

use crate::limits::{Denied, Inbound, Seat};
use crate::relay::Relay;
use live::Live;
use receive::Receiver;

/// How a session ended: with a refusal to be told, or because the client has gone.
type Ending = Option<Refusal>;

/// Serves one client until it goes or has to; its place is free when the connection is.
pub(crate) async fn run(
    relay: Arc<Relay>,
    socket: WebSocket,
    seat: Seat,
    inbound: Inbound,
) -> Seat {
    let (sink, stream) = socket.split();
    let settings = &relay.settings;
    let (outbox, writer) = outbox::outbox(
        settings.backlog_bytes,
        settings.backlog_messages,
        Arc::clone(&relay.backlog),
        Duration::from_secs(settings.stall_seconds),
    );
    let writing = tokio::spawn(writer.run(sink));
    relay.metrics.connections.inc();
    let mut receiver = Receiver::new(stream, seat, inbound);
    let ending = tokio::select! {
        biased;
        ending = drained(&relay) => ending,
        () = outbox.closed() => None,
        ending = serve(&relay, &mut receiver, &outbox) => ending,
    };
    if let Some(refusal) = &ending {
        relay.metrics.refused(refusal.reason);
        tracing::debug!(reason = ?refusal.reason, detail = refusal.detail, "a connection is refused");
    }
    outbox.finish(ending);
    // The client's close frame, or its end of the stream, ends the writer's patience early.
    if writing.await.is_ok_and(|wrote| wrote.stalled) {
        relay.metrics.refused(RefusalReason::TooSlow);
    }
    relay.metrics.connections.dec();
    receiver.into_seat()
}

async fn serve<S: receive::Messages>(
    relay: &Arc<Relay>,
    receiver: &mut Receiver<S>,
    outbox: &outbox::Outbox,
) -> Ending {
    let opened = match opening::open(relay, receiver).await {
        Ok(opened) => opened,
        Err(ending) => return ending,
    };
    match Live::begin(relay, outbox, opened).await {
        Ok(live) => live.run(receiver).await,
        Err(ending) => ending,
    }
}

/// Waits until the relay is about to stop.
async fn drained(relay: &Relay) -> Ending {
    let mut draining = relay.draining.subscribe();
    // The sender lives as long as the relay.
    let _ = draining.wait_for(|draining| *draining).await;
    let text = "this relay is about to stop: connect again, to it or another";
    Some(refused_for_now(RefusalReason::Draining, text))
}

/// What ends a connection.
fn refused(reason: RefusalReason, detail: impl Into<String>) -> Refusal {
    Refusal { post: None, reason, detail: shortened(detail.into()), retry_after_ms: 0 }
}

/// What ends a connection that may be opened again at once.
fn refused_for_now(reason: RefusalReason, detail: impl Into<String>) -> Refusal {
    Refusal { retry_after_ms: 1000, ..refused(reason, detail) }
}

/// What a refusal says at most: 256 bytes.
fn shortened(mut detail: String) -> String {
    if detail.len() > 256 {
        let end = (0..=256).rev().find(|&at| detail.is_char_boundary(at)).unwrap_or(0);
        detail.truncate(end);
    }
    detail
}

/// Tells a limit's denial.
fn denied(denied: Denied) -> Refusal {
    let retry_after_ms = u32::try_from(denied.retry_after.as_millis()).unwrap_or(u32::MAX).max(1);
    Refusal { retry_after_ms, ..refused(denied.reason, denied.detail) }
}

#[cfg(test)]
mod tests;
