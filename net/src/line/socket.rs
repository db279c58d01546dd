//! One connection to a relay: a WebSocket over TLS that carries the transport's messages.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use incamera::wire::{Malformed, ToClient, ToServer};
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::relay::{OtherCertificate, Relay, Seen, Trust, client_config};

/// The longest that each step of connecting may take.
const STEP: Duration = Duration::from_secs(10);
/// The longest that a message may take to be handed to the network.
const WRITE: Duration = Duration::from_secs(30);
/// The longest that the end of a connection may take.
const FAREWELL: Duration = Duration::from_secs(3);
/// The most messages that wait to be written.
const MAX_UNWRITTEN: usize = 4096;
/// The most messages that were read and wait to be taken.
const MAX_UNTAKEN: usize = 64;
/// The longest message that a relay may send, in bytes.
const MAX_MESSAGE: usize = 17 << 20;

/// Why there is no connection, or none any more.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Dropped {
    /// The host's name has no address, nobody listens there, or nothing answers.
    #[error("nobody answers at {0}: is the relay running, and is the address right?")]
    Unreachable(String),
    /// Whoever answers has another certificate than the one pinned.
    #[error(
        "the relay shows another certificate than the one pinned, {}: it was set up anew, or somebody is in \
         between; ask the host for a new link",
        crate::relay::to_hex(seen)
    )]
    OtherCertificate {
        /// The SHA-256 of what it shows.
        seen: [u8; 32],
    },
    /// There is neither pin nor root certificate, so nobody's certificate is believed.
    #[error("nothing says which certificate the relay has: give a pin, or root certificates")]
    Unchecked,
    /// TLS was refused: an untrusted certificate, or something that is no TLS.
    #[error("no secure connection to the relay ({0}): look at its address and certificate")]
    Tls(String),
    /// What answers is no relay.
    #[error("what answers there is no incamera relay ({0}): look at the address")]
    NoRelay(String),
    /// The connection has ended.
    #[error("the connection to the relay has ended")]
    Lost,
    /// Nothing has come for 30 seconds.
    #[error("nothing has come from the relay for 30 seconds")]
    Silent,
    /// The relay reads nothing: too much waits to be sent.
    #[error("the relay does not take what is sent to it")]
    Stuck,
    /// The relay has sent what breaks the wire format.
    #[error(
        "the relay does not speak this version of the protocol ({0}): update this program or the relay"
    )]
    Malformed(Malformed),
    /// The relay has asked to come again later.
    #[error("the relay asks to come again later: {0}")]
    Later(String),
}

/// A stream of bytes, encrypted or not.
trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A connection. It ends when it is dropped.
pub(crate) struct Socket {
    /// The SHA-256 of the certificate at the other end, if there is one.
    pub(crate) certificate_sha256: Option<[u8; 32]>,
    /// The relay's address.
    pub(crate) relay: IpAddr,
    to_send: mpsc::Sender<Message>,
    received: mpsc::Receiver<Result<Received, Dropped>>,
}

/// Something that came.
#[derive(Debug)]
pub(crate) enum Received {
    /// A message.
    Message(Box<ToClient>),
    /// A sign of life.
    Alive,
}

impl Socket {
    /// Sends a message after those before it.
    ///
    /// # Errors
    /// [`Dropped::Stuck`] if too many wait; [`Dropped::Lost`].
    pub(crate) fn send(&self, message: &ToServer) -> Result<(), Dropped> {
        self.write(Message::Binary(message.encode().into()))
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// As of [`send`](Self::send).
    pub(crate) fn ping(&self) -> Result<(), Dropped> {
        self.write(Message::Ping(Vec::new().into()))
    }

    fn write(&self, message: Message) -> Result<(), Dropped> {
        self.to_send.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => Dropped::Stuck,
            TrySendError::Closed(_) => Dropped::Lost,
        })
    }

    /// What comes next. Dropped before it is ready, it has taken nothing.
    ///
    /// # Errors
    /// [`Dropped`]: nothing follows.
    pub(crate) async fn recv(&mut self) -> Result<Received, Dropped> {
        self.received.recv().await.unwrap_or(Err(Dropped::Lost))
    }

    /// Sends what waits to be sent, and ends the connection.
    pub(crate) async fn close(self) {
        let Self { to_send, mut received, .. } = self;
        drop(to_send);
        let over = async { while received.recv().await.is_some() {} };
        let _ = timeout(FAREWELL, over).await;
    }
}

/// Connects; the first message is the caller's business.
///
/// # Errors
/// [`Dropped`].
pub(crate) async fn connect(relay: &Relay) -> Result<Socket, Dropped> {
    if relay.is_unchecked() {
        return Err(Dropped::Unchecked);
    }
    let (tcp, seen) = (reach(relay).await?, Seen::default());
    let address = tcp.peer_addr().map_err(|_| Dropped::Lost)?.ip();
    let stream: Box<dyn Bytes> = if relay.is_secure() {
        Box::new(encrypt(relay, relay.trust(), tcp, &seen).await?)
    } else {
        Box::new(tcp)
    };
    let uri = format!("ws://{}/v1/connect", relay.authority());
    let no_relay = |error: &dyn core::fmt::Display| Dropped::NoRelay(error.to_string());
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(MAX_MESSAGE);
    config.max_frame_size = Some(MAX_MESSAGE);
    let upgrade = timeout(STEP, client_async_with_config(uri, stream, Some(config))).await;
    let upgraded = upgrade.map_err(|_| no_relay(&"it says nothing"))?;
    let (stream, _) = upgraded.map_err(|error| no_relay(&error))?;
    let (to_send, unsent) = mpsc::channel(MAX_UNWRITTEN);
    let (read, received) = mpsc::channel(MAX_UNTAKEN);
    tokio::spawn(async move {
        let why = serve(stream, unsent, &read).await;
        // Whoever dropped the socket does not want to know.
        let _ = read.send(Err(why)).await;
    });
    Ok(Socket { certificate_sha256: seen.sha256(), relay: address, to_send, received })
}

/// The SHA-256 of the certificate that a relay shows, whoever it is: to be shown to a person, who compares it,
/// and then pinned.
///
/// # Errors
/// [`Dropped`].
pub async fn certificate_of(relay: &Relay) -> Result<[u8; 32], Dropped> {
    let seen = Seen::default();
    drop(encrypt(relay, &Trust::Any, reach(relay).await?, &seen).await?);
    seen.sha256().ok_or(Dropped::Tls("it showed none".to_owned()))
}

async fn reach(relay: &Relay) -> Result<TcpStream, Dropped> {
    let unreachable = || Dropped::Unreachable(relay.authority());
    let tcp = timeout(STEP, TcpStream::connect((relay.host(), relay.port()))).await;
    let tcp = tcp.map_err(|_| unreachable())?.map_err(|_| unreachable())?;
    tcp.set_nodelay(true).map_err(|_| Dropped::Lost)?;
    Ok(tcp)
}

async fn encrypt(
    relay: &Relay,
    trust: &Trust,
    tcp: TcpStream,
    seen: &Seen,
) -> Result<TlsStream<TcpStream>, Dropped> {
    let text = |error: &dyn core::fmt::Display| Dropped::Tls(error.to_string());
    let config = client_config(trust, seen).map_err(|error| text(&error))?;
    let name = ServerName::try_from(relay.host().to_owned()).map_err(|error| text(&error))?;
    let connector = TlsConnector::from(std::sync::Arc::new(config));
    let shaken = timeout(STEP, connector.connect(name, tcp)).await;
    shaken.map_err(|_| text(&"it takes too long"))?.map_err(|error| match seen.sha256() {
        Some(seen) if is_other(&error) => Dropped::OtherCertificate { seen },
        _ => text(&error),
    })
}

/// Whether the pin was the reason.
fn is_other(error: &std::io::Error) -> bool {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other))) = error
    else {
        return false;
    };
    other.0.is::<OtherCertificate>()
}

type Stream = WebSocketStream<Box<dyn Bytes>>;

/// Writes and reads until one end has gone.
async fn serve(
    mut stream: Stream,
    mut unsent: mpsc::Receiver<Message>,
    read: &mpsc::Sender<Result<Received, Dropped>>,
) -> Dropped {
    loop {
        tokio::select! {
            message = unsent.recv() => {
                let Some(message) = message else {
                    // A word of farewell, if there is time.
                    let _ = timeout(FAREWELL, stream.close(None)).await;
                    return Dropped::Lost;
                };
                match timeout(WRITE, stream.send(message)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return last_words(stream, read).await,
                    Err(_) => return Dropped::Stuck,
                }
            }
            message = stream.next() => {
                if let Err(why) = take(message, read).await {
                    return why;
                }
            }
        }
    }
}

/// Reads what the relay has said before it went: it may say why.
async fn last_words(mut stream: Stream, read: &mpsc::Sender<Result<Received, Dropped>>) -> Dropped {
    let rest = async {
        loop {
            if let Err(why) = take(stream.next().await, read).await {
                return why;
            }
        }
    };
    timeout(FAREWELL, rest).await.unwrap_or(Dropped::Lost)
}

/// Hands on what was read.
async fn take(
    message: Option<Result<Message, tungstenite::Error>>,
    read: &mpsc::Sender<Result<Received, Dropped>>,
) -> Result<(), Dropped> {
    let received = match message {
        Some(Ok(Message::Binary(bytes))) => {
            let message = ToClient::decode(&bytes).map_err(Dropped::Malformed)?;
            Received::Message(Box::new(message))
        }
        Some(Ok(Message::Close(_))) | None => return Err(Dropped::Lost),
        Some(Ok(_)) => Received::Alive,
        Some(Err(tungstenite::Error::Capacity(error))) => {
            return Err(Dropped::NoRelay(error.to_string()));
        }
        Some(Err(_)) => return Err(Dropped::Lost),
    };
    read.send(Ok(received)).await.map_err(|_| Dropped::Lost)
}
