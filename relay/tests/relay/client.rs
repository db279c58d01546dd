//! A client that says exactly what a test wants.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use incamera_wire::{
    Destination, Envelope, EnvelopeKind, MailboxId, MeetingId, MessageId, Refusal, ToClient,
    ToServer, TransportId,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::process::Relay;

pub(crate) const MEETING: MeetingId = MeetingId::new([0x42; 16]);

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client<S = MaybeTlsStream<TcpStream>> {
    pub(crate) socket: WebSocketStream<S>,
}

/// A connection behind Hello.
pub(crate) struct Connected<S = MaybeTlsStream<TcpStream>> {
    pub(crate) client: Client<S>,
    pub(crate) next: u64,
    pub(crate) transport: TransportId,
}

impl Client {
    pub(crate) async fn open(relay: &Relay) -> Self {
        Self::try_open(relay).await.unwrap()
    }

    pub(crate) async fn try_open(
        relay: &Relay,
    ) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let url = format!("ws://{}/v1/connect", relay.address);
        let (socket, _) = tokio_tungstenite::connect_async(url).await?;
        Ok(Self { socket })
    }

    /// Opens a connection and says Hello.
    pub(crate) async fn connect(relay: &Relay, meeting: MeetingId) -> Connected {
        Self::open(relay).await.hello(meeting, None).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn hello(
        mut self,
        meeting: MeetingId,
        mailbox: Option<MailboxId>,
    ) -> Connected<S> {
        self.say(&ToServer::Hello { meeting, mailbox }).await;
        let ToClient::Connected { next } = self.hear().await else { panic!("no Connected") };
        let ToClient::Transport { id } = self.hear().await else { panic!("no Transport") };
        Connected { client: self, next, transport: id }
    }

    pub(crate) async fn say(&mut self, message: &ToServer) {
        self.socket.send(Message::Binary(message.encode().into())).await.unwrap();
    }

    /// The next message; `None`: the relay has closed the connection.
    pub(crate) async fn try_hear(&mut self) -> Option<ToClient> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            match message? {
                Ok(Message::Binary(bytes)) => return Some(ToClient::decode(&bytes).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(crate) async fn hear(&mut self) -> ToClient {
        self.try_hear().await.expect("the relay closed the connection")
    }

    /// The refusal that ends the connection; what comes before is skipped.
    pub(crate) async fn last_refusal(&mut self) -> Refusal {
        let mut last = None;
        while let Some(message) = self.try_hear().await {
            if let ToClient::Refused(refusal) = message {
                last = Some(refusal);
            }
        }
        last.expect("the connection ended without a refusal")
    }

    /// Posts, and waits until it is accepted, or refused.
    pub(crate) async fn post(
        &mut self,
        id: MessageId,
        to: Destination,
        bytes: Vec<u8>,
    ) -> Result<Option<u64>, Refusal> {
        self.say(&ToServer::Post { id, to, bytes }).await;
        loop {
            match self.hear().await {
                ToClient::Accepted { id: accepted, seq } if accepted == id => return Ok(seq),
                ToClient::Refused(refusal) if refusal.post == Some(id) => return Err(refusal),
                _ => {}
            }
        }
    }

    /// The next entry of the log, and nothing else but acceptances before it.
    pub(crate) async fn entry(&mut self) -> (u64, Vec<u8>) {
        loop {
            match self.hear().await {
                ToClient::Log { seq, bytes } => return (seq, bytes),
                ToClient::Accepted { .. } => {}
                other => panic!("no entry but {other:?}"),
            }
        }
    }
}

/// An envelope of this meeting, told apart by its number, with so much ciphertext.
pub(crate) fn envelope(meeting: MeetingId, number: u64, length: usize) -> Vec<u8> {
    let (kind, nonce) = (EnvelopeKind::Event, [7; 24]);
    let ciphertext = vec![number as u8; length.max(16)];
    Envelope { meeting, kind, epoch: number, nonce, ciphertext, welcome: None }.encode()
}

pub(crate) fn id(number: u64) -> MessageId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    MessageId::new(bytes)
}
