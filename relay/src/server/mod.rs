//! From a TCP connection to a session.

mod http;
mod shared;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use futures_util::TryFutureExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use incamera_wire::RefusalReason;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::limits::{Denied, Inbound, Metered};
use crate::relay::Relay;
use http::Peer;
use shared::Shared;

pub(crate) use tls::tls;

/// A request's header: bytes.
const HEADER: usize = 16 * 1024;
/// Connections that are being told at once that there is no place for them.
const TURNED_AWAY: usize = 64;

/// Takes connections until the relay is about to stop. `alive` is held by each of them.
pub(crate) async fn serve(
    relay: Arc<Relay>,
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    alive: mpsc::Sender<()>,
) {
    let router = http::router(Arc::clone(&relay));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    let mut draining = relay.draining.subscribe();
    loop {
        let accepted = tokio::select! {
            _ = draining.wait_for(|draining| *draining) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // As a rule there are too many open files: some will be closed.
                tracing::warn!(%error, "no connection can be taken now");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // An answer is worth more than a full packet.
        let _ = stream.set_nodelay(true);
        let (relay, acceptor, alive) = (Arc::clone(&relay), acceptor.clone(), alive.clone());
        match relay.places.enter(address.ip(), relay.now()) {
            Ok(seat) => {
                if relay.settings.log_addresses {
                    tracing::info!(%address, "a connection");
                }
                let seat = Arc::new(Mutex::new(Some(seat)));
                let inbound = Inbound::default();
                let peer = Peer { address, seat, inbound, lingering: None, alive };
                let router = router.clone();
                tokio::spawn(async move {
                    let mut draining = relay.draining.subscribe();
                    // A session sees for itself that the relay is about to stop.
                    tokio::select! {
                        () = connection(&relay, router, stream, acceptor, peer) => {}
                        _ = draining.wait_for(|draining| *draining) => {}
                    }
                });
            }
            Err(denied) => {
                relay.metrics.refused(denied.reason);
                if let Ok(permit) = Arc::clone(&turned_away).try_acquire_owned() {
                    tokio::spawn(async move {
                        let patience = Duration::from_secs(relay.settings.handshake_seconds);
                        // Who does not listen is turned away all the same.
                        let _ = timeout(patience, turn_away(stream, acceptor, denied)).await;
                        drop((permit, alive));
                    });
                }
            }
        }
    }
}

async fn connection(
    relay: &Arc<Relay>,
    router: Router,
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    peer: Peer,
) {
    let stream = Shared::new(stream);
    let peer = Peer { lingering: Some(stream.clone()), ..peer };
    // Above TLS: what is counted are the messages' own bytes.
    let (inbound, large) = (peer.inbound.clone(), Arc::clone(&relay.large));
    let address = peer.address.ip();
    let Some(acceptor) = acceptor else {
        return requests(relay, router, Metered::new(stream, inbound, large, address), peer).await;
    };
    let patience = Duration::from_secs(relay.settings.handshake_seconds);
    match timeout(patience, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            requests(relay, router, Metered::new(stream, inbound, large, address), peer).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => relay.metrics.refused(RefusalReason::TooSlow),
    }
}

/// One request, then the session if it asks for one.
async fn requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    relay: &Arc<Relay>,
    router: Router,
    stream: S,
    peer: Peer,
) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let answered = router.clone().oneshot(request.map(Body::new));
        answered.map_ok(|mut response| {
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                response
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        })
    });
    let patience = Duration::from_secs(relay.settings.handshake_seconds);
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEADER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // The handlers answer at once: longer than twice this takes only who does not read the answer.
    match timeout(patience * 2, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a request failed"),
        Err(_) => relay.metrics.refused(RefusalReason::TooSlow),
    }
}

/// Says why there is no place.
async fn turn_away(stream: TcpStream, acceptor: Option<TlsAcceptor>, denied: Denied) {
    let status =
        if denied.by_address { "429 Too Many Requests" } else { "503 Service Unavailable" };
    let Denied { detail, retry_after, .. } = denied;
    let seconds = retry_after.as_secs().max(1);
    let text = format!(
        "HTTP/1.1 {status}\r\nRetry-After: {seconds}\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{detail}\n",
        detail.len() + 1
    );
    match acceptor {
        None => last_words(stream, &text).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                last_words(stream, &text).await;
            }
        }
    }
}

async fn last_words<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, text: &str) {
    use tokio::io::AsyncReadExt;
    // A request that is still unread would make the system drop the answer at close.
    let mut request = [0; 2048];
    let _ = stream.read(&mut request).await;
    if stream.write_all(text.as_bytes()).await.is_ok() {
        // Nobody is left to hear of it.
        let _ = stream.shutdown().await;
    }
}

/// Binds, or says in one line what is wrong with the address.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, crate::exit::StartError> {
    TcpListener::bind(address).await.map_err(|error| of_bind("listen", address, &error))
}

/// What is wrong with an address.
pub(crate) fn of_bind(
    setting: &str,
    address: SocketAddr,
    error: &std::io::Error,
) -> crate::exit::StartError {
    let text = if error.kind() == std::io::ErrorKind::AddrInUse {
        format!("{address} is in use: stop what listens there, or give another with --{setting}")
    } else {
        format!("{address} cannot be listened on ({error}): give another with --{setting}")
    };
    crate::exit::StartError::Address(text)
}
