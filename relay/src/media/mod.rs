//! The forwarder of media: WebRTC in, WebRTC out, nothing decrypted but the hop's own SRTP.
#![allow(dead_code, reason = "the face alone: it answers nothing yet")]

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use incamera_wire::{MediaNotice, MediaRequest, MeetingId, Refusal, TransportId};
use tokio::sync::mpsc;

/// What the forwarder is started with.
#[derive(Clone, Debug)]
pub(crate) struct MediaSettings {
    /// UDP.
    pub(crate) listen: SocketAddr,
    /// The address in candidates, if it is not the one listened on.
    pub(crate) advertise: Option<IpAddr>,
    /// Threads.
    pub(crate) workers: usize,
    /// Tracks that one connection may send.
    pub(crate) tracks_per_connection: usize,
    /// Into the relay, of one connection.
    pub(crate) bits_per_second: u64,
    /// At most one request for a key frame per sender in this time.
    pub(crate) key_frame_interval_ms: u64,
}

/// What the forwarder tells a connection.
#[derive(Debug)]
pub(crate) enum MediaOutcome {
    /// For the client.
    Notice(MediaNotice),
    /// For the client, and the end of the connection.
    Refused(Refusal),
}

/// What the forwarder counts.
#[derive(Debug, Default)]
pub(crate) struct MediaMetrics {
    pub(crate) received_packets: AtomicU64,
    pub(crate) forwarded_packets: AtomicU64,
    pub(crate) forwarded_bytes: AtomicU64,
    pub(crate) dropped_packets: AtomicU64,
    pub(crate) key_frame_requests: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) tracks: AtomicU64,
}

/// Forwards media.
#[derive(Debug)]
pub(crate) struct Forwarder {
    socket: UdpSocket,
    address: SocketAddr,
}

impl Forwarder {
    pub(crate) fn start(settings: MediaSettings, _metrics: Arc<MediaMetrics>) -> io::Result<Self> {
        let socket = UdpSocket::bind(settings.listen)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn certificate_sha256(&self) -> [u8; 32] {
        [0; 32]
    }

    pub(crate) fn join(&self, _: MeetingId, _: TransportId, _: mpsc::Sender<MediaOutcome>) {}

    pub(crate) fn request(&self, _: TransportId, _: MediaRequest) {}

    pub(crate) fn leave(&self, _: TransportId) {}
}
