//! What the sessions see of the forwarder.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as channel};

use incamera_wire::{MediaNotice, MediaRequest, MeetingId, Refusal, TransportId};
use mio::Waker;
use str0m::config::DtlsCert;
use tokio::sync::mpsc;

use super::worker::{self, Command, Worker};
use crate::digest::sha256;

/// What the forwarder is started with.
#[derive(Clone, Debug)]
pub(crate) struct MediaSettings {
    /// UDP: the first worker's address; the others have the ports behind it, or any if it is 0.
    pub(crate) listen: SocketAddr,
    /// The address in candidates, if it is not the one listened on.
    pub(crate) advertise: Option<IpAddr>,
    /// Threads.
    pub(crate) workers: usize,
    /// Tracks that one connection may send.
    pub(crate) tracks_per_connection: usize,
    /// Into the relay, of one connection.
    pub(crate) bits_per_second: u64,
    /// At most one request for a key frame per layer in this time.
    pub(crate) key_frame_interval_ms: u64,
}

/// What one connection's token says; the settings' limits hold as well.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MediaLimits {
    /// Tracks that it may send.
    pub(crate) tracks: Option<usize>,
    /// Into the relay.
    pub(crate) bits_per_second: Option<u64>,
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
    /// RTP packets that came in.
    pub(crate) received_packets: AtomicU64,
    /// RTP packets that went out.
    pub(crate) forwarded_packets: AtomicU64,
    /// Bytes of their payloads.
    pub(crate) forwarded_bytes: AtomicU64,
    /// Packets that were not passed on: above a limit, or for a full socket.
    pub(crate) dropped_packets: AtomicU64,
    /// Requests for key frames that went to senders.
    pub(crate) key_frame_requests: AtomicU64,
    /// Transports now.
    pub(crate) connections: AtomicU64,
    /// Tracks that are sent now.
    pub(crate) tracks: AtomicU64,
}

/// A worker as the sessions see it.
#[derive(Debug)]
struct Line {
    commands: channel::Sender<Command>,
    waker: Waker,
}

/// Forwards media, on threads of its own.
#[derive(Debug)]
pub(crate) struct Forwarder {
    lines: Vec<Line>,
    /// Which worker has a transport.
    places: Mutex<HashMap<TransportId, usize>>,
    hasher: RandomState,
    address: SocketAddr,
    certificate_sha256: [u8; 32],
}

impl Forwarder {
    /// Binds the sockets and starts the threads.
    ///
    /// # Errors
    /// If an address is taken, or nobody could reach it.
    pub(crate) fn start(settings: MediaSettings, metrics: Arc<MediaMetrics>) -> io::Result<Self> {
        if settings.listen.ip().is_unspecified() && settings.advertise.is_none() {
            let text =
                "media-listen is every address: give media-advertise, the one that clients reach";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let certificate = certificate()?;
        let certificate_sha256 = sha256(&certificate.certificate);
        let (mut lines, mut address) = (Vec::new(), settings.listen);
        for number in 0..settings.workers.max(1) {
            let settings = at_place(&settings, number)?;
            let (commands, received) = channel::channel();
            let (worker, waker) =
                Worker::new(settings, certificate.clone(), Arc::clone(&metrics), received)?;
            if number == 0 {
                address = worker.local_addr();
            }
            worker::spawn(worker, number)?;
            lines.push(Line { commands, waker });
        }
        let (places, hasher) = (Mutex::default(), RandomState::new());
        Ok(Self { lines, places, hasher, address, certificate_sha256 })
    }

    /// The first worker's address.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The SHA-256 of the DTLS certificate (DER).
    pub(crate) fn certificate_sha256(&self) -> [u8; 32] {
        self.certificate_sha256
    }

    /// A transport is there. It gets the list of tracks, and answers to its requests.
    pub(crate) fn join(
        &self,
        (meeting, transport): (MeetingId, TransportId),
        limits: MediaLimits,
        notices: mpsc::Sender<MediaOutcome>,
    ) {
        // All of a meeting are on one thread, which needs no lock to forward.
        let place = self.hasher.hash_one(meeting) as usize % self.lines.len().max(1);
        self.places().insert(transport, place);
        self.tell(place, Command::Join { meeting, transport, limits, notices });
    }

    /// A transport asks for something.
    pub(crate) fn request(&self, transport: TransportId, request: MediaRequest) {
        let place = self.places().get(&transport).copied();
        if let Some(place) = place {
            self.tell(place, Command::Request { transport, request });
        }
    }

    /// A transport is gone.
    pub(crate) fn leave(&self, transport: TransportId) {
        let place = self.places().remove(&transport);
        if let Some(place) = place {
            self.tell(place, Command::Leave { transport });
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<TransportId, usize>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, place: usize, command: Command) {
        let Some(line) = self.lines.get(place) else { return };
        // A worker that has died forwards nothing: its transports notice by themselves.
        if line.commands.send(command).is_ok() {
            drop(line.waker.wake());
        }
    }
}

/// The settings of the worker with this number.
fn at_place(settings: &MediaSettings, number: usize) -> io::Result<MediaSettings> {
    let mut settings = settings.clone();
    let port = settings.listen.port();
    if port != 0 {
        let port = u16::try_from(number).ok().and_then(|number| port.checked_add(number));
        let text = "there are not so many ports above media-listen's: take a lower one";
        settings.listen.set_port(port.ok_or_else(|| io::Error::other(text))?);
    }
    Ok(settings)
}

/// One certificate for all connections, so that the relay can vouch for it.
fn certificate() -> io::Result<DtlsCert> {
    let made = str0m::crypto::from_feature_flags().dtls_provider.generate_certificate();
    made.ok_or_else(|| io::Error::other("no certificate for media could be made"))
}
