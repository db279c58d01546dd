//! The few requests that are served.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::mpsc;

use crate::limits::{Inbound, Seat};
use crate::relay::Relay;
use crate::session;

use super::shared::Shared;

/// What a WebSocket reads and writes at once: bytes. Small, for each connection has both.
const BUFFER: usize = 8 * 1024;

/// A TCP connection's place, which the session takes over.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) seat: Arc<Mutex<Option<Seat>>>,
    pub(super) inbound: Inbound,
    /// What remains of the connection when the session has ended.
    pub(super) lingering: Option<Shared>,
    /// Dropped when the connection has ended.
    pub(super) alive: mpsc::Sender<()>,
}

/// All of them.
pub(super) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route("/v1/connect", get(connect))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .with_state(relay)
}

async fn connect(
    State(relay): State<Arc<Relay>>,
    Extension(peer): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let seat = peer.seat.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(seat) = seat else {
        return (StatusCode::SERVICE_UNAVAILABLE, "one connection, one session\n").into_response();
    };
    let most = relay.settings.message_bytes;
    upgrade
        .max_message_size(most)
        .max_frame_size(most)
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            let seat = session::run(relay, socket, seat, peer.inbound).await;
            if let Some(lingering) = peer.lingering {
                lingering.linger().await;
            }
            drop((seat, peer.alive));
        })
}

async fn health(State(relay): State<Arc<Relay>>) -> (StatusCode, &'static str) {
    if *relay.draining.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    if !relay.store.is_available() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be used\n");
    }
    (StatusCode::OK, "ok\n")
}

async fn metrics(State(relay): State<Arc<Relay>>, Extension(peer): Extension<Peer>) -> Response {
    if !peer.address.ip().to_canonical().is_loopback() && !relay.settings.public_metrics {
        return (StatusCode::NOT_FOUND, "see --public-metrics\n").into_response();
    }
    let meetings = i64::try_from(relay.places.meetings()).unwrap_or(i64::MAX);
    relay.metrics.meetings.set(meetings);
    let text = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match relay.metrics.encode() {
        Ok(body) => ([(header::CONTENT_TYPE, text)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
