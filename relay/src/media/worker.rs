//! One thread that forwards: a socket, the meetings that are its own, and no lock.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc as channel;
use std::time::{Duration, Instant};

use incamera_wire::{
    MediaNotice, MediaRequest, MeetingId, Refusal, RefusalReason, TransportId, WantedTrack,
};
use mio::{Events, Interest, Poll, Token, Waker};
use str0m::config::DtlsCert;
use str0m::media::{Mid, Rid};
use str0m::rtp::RtpPacket;
use tokio::sync::mpsc;

use super::deadlines::Deadlines;
use super::face::{MediaLimits, MediaMetrics, MediaOutcome, MediaSettings};
use super::meeting::Peers;
use super::outgoing::Numbered;
use super::peer::{Happened, Peer};
use super::socket::MediaSocket;
use super::stun::local_fragment;

/// Datagrams that are taken in before anything else gets its turn.
const BATCH: usize = 256;
/// The longest datagram that is taken, in bytes: an Ethernet frame has no longer one.
const LARGEST: usize = 1_500;
/// The longest wait.
const IDLE: Duration = Duration::from_secs(1);
const SOCKET: Token = Token(0);
const COMMANDS: Token = Token(1);

/// What a session asks of a worker.
#[derive(Debug)]
pub(super) enum Command {
    /// A transport is there.
    Join {
        meeting: MeetingId,
        transport: TransportId,
        limits: MediaLimits,
        notices: mpsc::Sender<MediaOutcome>,
    },
    /// It asks for something.
    Request { transport: TransportId, request: MediaRequest },
    /// It is gone.
    Leave { transport: TransportId },
}

/// The worker.
pub(super) struct Worker {
    settings: MediaSettings,
    certificate: DtlsCert,
    metrics: Arc<MediaMetrics>,
    commands: channel::Receiver<Command>,
    poll: Poll,
    socket: MediaSocket,
    peers: Peers,
    by_source: HashMap<SocketAddr, usize>,
    by_fragment: HashMap<String, usize>,
    deadlines: Deadlines,
    /// Peers with something to send.
    dirty: Vec<usize>,
    /// What happened in the last poll of a peer, by its number.
    happened: Vec<(usize, Happened)>,
    /// Tracks with a request for a key frame that waits.
    waiting: Vec<(usize, Mid)>,
}

/// Starts the worker's thread. It ends when the forwarder is dropped.
pub(super) fn spawn(worker: Worker, number: usize) -> io::Result<()> {
    let thread = std::thread::Builder::new().name(format!("media {number}"));
    thread.spawn(move || worker.run()).map(|_| ())
}

impl Worker {
    /// Binds the socket.
    pub(super) fn new(
        settings: MediaSettings,
        certificate: DtlsCert,
        metrics: Arc<MediaMetrics>,
        commands: channel::Receiver<Command>,
    ) -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let mut socket = MediaSocket::bind(settings.listen, settings.advertise)?;
        poll.registry().register(&mut socket.socket, SOCKET, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), COMMANDS)?;
        let (peers, by_source, by_fragment) = Default::default();
        let (deadlines, dirty, happened, waiting) = Default::default();
        let worker = Self {
            settings,
            certificate,
            metrics,
            commands,
            poll,
            socket,
            peers,
            by_source,
            by_fragment,
            deadlines,
            dirty,
            happened,
            waiting,
        };
        Ok((worker, waker))
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.socket.local_addr()
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(self.settings.key_frame_interval_ms)
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(8);
        let (mut buffer, mut more) = (vec![0; 2048], false);
        loop {
            let wait = if more { Duration::ZERO } else { self.wait() };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "a media thread ends");
                return;
            }
            loop {
                match self.commands.try_recv() {
                    Ok(command) => self.obey(command),
                    Err(channel::TryRecvError::Empty) => break,
                    Err(channel::TryRecvError::Disconnected) => return,
                }
            }
            more = self.receive(&mut buffer);
            self.pass();
            self.flush();
            self.peers.tell_lists();
        }
    }

    /// How long nothing is to be done.
    fn wait(&mut self) -> Duration {
        let interval = self.interval();
        let requests = self
            .waiting
            .iter()
            .filter_map(|(number, mid)| self.peers.get(*number)?.sent.get(mid)?.next_due(interval));
        let next = requests.chain(self.deadlines.next()).min();
        let now = Instant::now();
        next.map_or(IDLE, |at| at.saturating_duration_since(now).min(IDLE))
    }

    /// The lower ones of the settings' limits and a token's; 0 bits are without a limit.
    fn limits(&self, token: MediaLimits) -> (usize, u64) {
        let MediaSettings { tracks_per_connection, bits_per_second, .. } = self.settings;
        let tracks = token.tracks.unwrap_or(usize::MAX).min(tracks_per_connection);
        let bits = [bits_per_second, token.bits_per_second.unwrap_or(0)];
        (tracks, bits.into_iter().filter(|bits| *bits > 0).min().unwrap_or(0))
    }

    /// Takes in what has come: whether there is more.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        for _ in 0..BATCH {
            let (len, source) = match self.socket.socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Such as an ICMP answer to something sent before.
                Err(_) => continue,
            };
            // What no path carries in one piece is not passed on either: the buffers behind end there.
            let Some(datagram) = buffer.get(..len).filter(|_| len <= LARGEST) else { continue };
            let Some(number) = self.owner(source, datagram) else { continue };
            let advertised = self.socket.advertised;
            let Some(peer) = self.peers.get(number) else { continue };
            peer.receive(source, advertised, datagram, Instant::now());
            self.poll_peer(number);
        }
        true
    }

    /// Whose datagram this is: of a known address, or a request that names a fragment that was given out and
    /// proves that it knows the password that belongs to it: nobody else's address leads to a peer.
    fn owner(&mut self, source: SocketAddr, datagram: &[u8]) -> Option<usize> {
        let known = self.by_source.get(&source).copied();
        let Some(fragment) = local_fragment(datagram) else { return known };
        let number = *self.by_fragment.get(fragment)?;
        let advertised = self.socket.advertised;
        let peer = self.peers.get(number)?;
        if !peer.accepts(source, advertised, datagram) {
            return None;
        }
        if known != Some(number) {
            let given_up = peer.comes_from(source);
            self.by_source.insert(source, number);
            if let Some(given_up) = given_up
                && self.by_source.get(&given_up) == Some(&number)
            {
                self.by_source.remove(&given_up);
            }
        }
        Some(number)
    }

    /// Sends what a peer has to send, and does what follows from what happened.
    fn poll_peer(&mut self, number: usize) {
        let Some(peer) = self.peers.get(number) else { return };
        peer.dirty = false;
        let happened = &mut self.happened;
        let next = peer.poll(&self.socket, &self.metrics, |what| happened.push((number, what)));
        match next {
            Some(at) => self.deadlines.set(number, at),
            None => self.deadlines.remove(number),
        }
        for (number, what) in std::mem::take(&mut self.happened) {
            match what {
                Happened::Packet(packet) => self.forward(number, &packet),
                Happened::Media(mid) => self.described(number, mid),
                Happened::KeyFrame(mid) => {
                    let outgoing = self.peers.get(number).and_then(|peer| peer.received.get(&mid));
                    if let Some((source, layer)) = outgoing.map(|out| (out.source, out.wanted)) {
                        self.ask_key_frame(source, layer);
                    }
                }
                Happened::Over => self.over(number),
            }
        }
    }

    /// A connection is over; the transport stays.
    fn over(&mut self, number: usize) {
        self.peers.clear(number);
        self.by_source.retain(|_, known| *known != number);
        self.by_fragment.retain(|_, known| *known != number);
        self.count_tracks();
    }

    fn described(&mut self, number: usize, mid: Mid) {
        if !self.peers.described(number, mid)
            && let Some(peer) = self.peers.get(number)
        {
            let most = peer.most_tracks;
            let detail = format!("tracks-per-connection: {most}; send fewer");
            let (post, reason, retry_after_ms) = (None, RefusalReason::Full, 0);
            peer.notify(MediaOutcome::Refused(Refusal { post, reason, detail, retry_after_ms }));
        }
        self.count_tracks();
    }

    fn count_tracks(&mut self) {
        // Of this worker alone there is no count: the others' changes come through theirs.
        let now = self.peers.count_tracks();
        let before = self.peers.counted(now);
        self.metrics.tracks.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
    }

    /// Passes a packet on to all who get the track.
    fn forward(&mut self, number: usize, packet: &RtpPacket) {
        self.metrics.received_packets.fetch_add(1, Ordering::Relaxed);
        let Some(peer) = self.peers.get(number) else { return };
        if !peer.budget.admits(packet.payload.len(), packet.timestamp) {
            self.metrics.dropped_packets.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let Some((mid, layer, payload)) = peer.place(packet) else { return };
        let Some(track) = peer.sent.get_mut(&mid) else { return };
        let (sequence, ends) = (packet.seq_no, packet.header.marker);
        let begins = track.begins(layer, sequence, ends);
        let (time, at) = (packet.header.timestamp, packet.timestamp);
        let numbered = Numbered { layer, sequence, time, begins, ends, at };
        let video = track.kind == incamera_wire::MediaKind::Video;
        let receivers = std::mem::take(&mut track.receivers);
        let mut forwarded = 0;
        for (to, out) in &receivers {
            let Some(peer) = self.peers.get(*to) else { continue };
            let clean = !peer.dirty;
            if peer.forward((*out, video), payload, &numbered, packet) {
                forwarded += 1;
                if clean {
                    self.dirty.push(*to);
                }
            }
        }
        if let Some(track) = self.peers.get(number).and_then(|peer| peer.sent.get_mut(&mid)) {
            track.receivers = receivers;
        }
        self.metrics.forwarded_packets.fetch_add(forwarded, Ordering::Relaxed);
        let bytes = forwarded.saturating_mul(packet.payload.len() as u64);
        self.metrics.forwarded_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Asks a sender for a key frame, now or when it may be asked again.
    fn ask_key_frame(&mut self, source: (usize, Mid), layer: Option<Rid>) {
        let interval = self.interval();
        if self.peers.ask_key_frame(source, layer, Instant::now(), interval) {
            self.metrics.key_frame_requests.fetch_add(1, Ordering::Relaxed);
            self.dirty.push(source.0);
        } else if !self.waiting.contains(&source) {
            self.waiting.push(source);
        }
    }

    /// Lets time pass for those whose time has come.
    fn pass(&mut self) {
        let (now, interval) = (Instant::now(), self.interval());
        for source in std::mem::take(&mut self.waiting) {
            let track = self.peers.get(source.0).and_then(|peer| peer.sent.get(&source.1));
            let Some(track) = track else { continue };
            let waits = track.next_due(interval).is_some_and(|at| at > now);
            for layer in track.due(now, interval) {
                self.ask_key_frame(source, layer);
            }
            if waits && !self.waiting.contains(&source) {
                self.waiting.push(source);
            }
        }
        while let Some(number) = self.deadlines.take(now) {
            self.dirty.push(number);
        }
    }

    /// Sends all that waits.
    fn flush(&mut self) {
        let now = Instant::now();
        for number in std::mem::take(&mut self.dirty) {
            if let Some(peer) = self.peers.get(number) {
                peer.pass(now);
                self.poll_peer(number);
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Join { meeting, transport, limits, notices } => {
                let limits = self.limits(limits);
                self.peers.add(Peer::new((meeting, transport), notices, limits));
                self.metrics.connections.fetch_add(1, Ordering::Relaxed);
            }
            Command::Request { transport, request } => {
                if let Some(number) = self.peers.number(transport) {
                    self.request(number, request);
                }
            }
            Command::Leave { transport } => {
                let Some(number) = self.peers.number(transport) else { return };
                if let Some(peer) = self.peers.get(number) {
                    peer.close();
                    peer.pass(Instant::now());
                    self.poll_peer(number);
                }
                self.over(number);
                self.deadlines.remove(number);
                self.peers.remove(number);
                self.metrics.connections.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    fn request(&mut self, number: usize, request: MediaRequest) {
        match request {
            MediaRequest::Offer { sdp, wanted } => self.offer(number, &sdp, &wanted),
            MediaRequest::SelectLayer { track, layer } => {
                let layer = Rid::from(layer.as_str());
                if let Some(source) = self.peers.select(number, &track, layer) {
                    self.ask_key_frame(source, Some(layer));
                }
            }
        }
    }

    fn offer(&mut self, number: usize, sdp: &str, wanted: &[WantedTrack]) {
        let at = self.socket.advertised;
        let Some(peer) = self.peers.get(number) else { return };
        let (sdp, fragment) = match peer.offer(sdp, &self.certificate, at) {
            Ok(answer) => answer,
            Err(refusal) => return peer.notify(MediaOutcome::Refused(refusal)),
        };
        peer.notify(MediaOutcome::Notice(MediaNotice::Answer { sdp }));
        self.by_fragment.insert(fragment, number);
        // The descriptions first: what is wanted needs its own.
        self.poll_peer(number);
        for WantedTrack { mid, track } in wanted {
            if let Some(source) = self.peers.attach(number, Mid::from(mid.as_str()), track) {
                let outgoing = self.peers.get(number).and_then(|peer| {
                    peer.received.get(&Mid::from(mid.as_str())).map(|out| out.layer)
                });
                self.ask_key_frame(source, outgoing.flatten());
            }
        }
    }
}
