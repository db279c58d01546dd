//! One connection to a relay: a socket, and `str0m` behind it.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use incamera::Codec;
use incamera::Track;
use incamera::wire::MediaRequest;
use str0m::crypto::from_feature_flags;
use str0m::media::{KeyframeRequest, KeyframeRequestKind, MediaData, MediaTime, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcConfig, RtcError};
use tokio::net::UdpSocket;
use tokio::time::Instant;

use super::codecs;
use super::face::{Closed, Unsent};
use super::lines::{Lines, Placed, Want};

/// After how long without a connection an answer was in vain.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// Whether the relay is there is asked at least this often.
const CHECK_WITHIN: Duration = Duration::from_millis(1_500);
/// After so many questions without an answer it is not: within 10 seconds or so.
const CHECKS: usize = 6;
/// The port to which a socket is connected in thought, to learn which address leads to a relay.
const ANY_PORT: u16 = 9;
/// The longest datagram that is taken in, in bytes.
const MAX_DATAGRAM: usize = 2_000;

/// Something that a connection has come to.
pub(super) enum Happening {
    /// It stands; SHA-256 of the certificate at the other end.
    Connected([u8; 32]),
    /// A frame has come.
    Data(Box<MediaData>),
    /// Packets have come that make no frame.
    Broken(Mid),
    /// A key frame is asked for.
    KeyFrame(KeyframeRequest),
    /// It has ended.
    Closed(Closed),
}

/// A connection, from its first offer to its end.
pub(super) struct Connection {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    lines: Lines,
    stands: bool,
    /// When it has to stand.
    connect_by: Option<Instant>,
    /// When `str0m` wants to be called again.
    due: Instant,
    datagram: Vec<u8>,
}

impl Connection {
    /// Begins one, from the address of this machine that leads to `relay`.
    pub(super) fn begin(relay: IpAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind((local_address(relay)?, 0))?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let local = socket.local_addr()?;
        let provider = Arc::new(from_feature_flags());
        let mut config = codecs::offer(RtcConfig::new().set_crypto_provider(provider));
        config.set_max_stun_rto(CHECK_WITHIN);
        config.set_max_stun_retransmits(CHECKS);
        let now = Instant::now();
        let mut rtc = config.build(now.into_std());
        let candidate = Candidate::host(local, Protocol::Udp).map_err(io::Error::other)?;
        rtc.add_local_candidate(candidate);
        Ok(Self {
            rtc,
            socket,
            local,
            lines: Lines::default(),
            stands: false,
            connect_by: None,
            due: now,
            datagram: vec![0; MAX_DATAGRAM],
        })
    }

    /// Whether media can go through.
    pub(super) fn stands(&self) -> bool {
        self.stands
    }

    /// What it carries where.
    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// As of [`Lines::offer`].
    pub(super) fn offer(
        &mut self,
        own: &[Want<Track>],
        theirs: &[Want<String>],
    ) -> Option<MediaRequest> {
        self.lines.offer(&mut self.rtc, own, theirs)
    }

    /// As of [`Lines::answer`].
    pub(super) fn answer(&mut self, sdp: &str) -> Result<Vec<Placed>, Closed> {
        if !self.stands && self.lines.is_busy() {
            self.connect_by.get_or_insert(Instant::now() + CONNECT_WITHIN);
        }
        self.lines.answer(&mut self.rtc, sdp).map_err(Closed::Wrong)
    }

    /// As of [`Lines::refused`].
    pub(super) fn refused(&mut self) {
        self.lines.refused();
    }

    /// Sends a sealed frame.
    pub(super) fn write(
        &mut self,
        (mid, layer): (Mid, Option<&str>),
        codec: Codec,
        time: u64,
        sealed: &[u8],
    ) -> Result<(), Unsent> {
        let writer = self.rtc.writer(mid).ok_or(Unsent::NotConnected)?;
        let params = writer.payload_params().find(|params| codecs::of(params) == Some(codec));
        let payload = params.ok_or(Unsent::NotTaken)?.pt();
        let writer = match layer {
            Some(layer) => writer.rid(Rid::from(layer)),
            None => writer,
        };
        let time = MediaTime::new(time, codecs::clock(codec));
        let now = Instant::now().into_std();
        writer.write(payload, now, time, sealed).map_err(|_| Unsent::NotTaken)
    }

    /// Asks for a key frame; false if nothing has come yet for which one could be asked.
    pub(super) fn ask_key_frame(&mut self, mid: Mid, rid: Option<Rid>) -> bool {
        let Some(mut writer) = self.rtc.writer(mid) else { return false };
        writer.request_keyframe(rid, KeyframeRequestKind::Pli).is_ok()
    }

    /// When it is to be polled, if nothing comes before.
    pub(super) fn due(&self) -> Instant {
        self.connect_by.map_or(self.due, |by| by.min(self.due))
    }

    /// Waits for a datagram and takes it in.
    pub(super) async fn receive(&mut self) -> Result<(), Closed> {
        let (len, source) = match self.socket.recv_from(&mut self.datagram).await {
            Ok(received) => received,
            // What another datagram came to.
            Err(error) if is_passing(error.kind()) => return Ok(()),
            Err(error) => return Err(Closed::Socket(error.to_string())),
        };
        let bytes = self.datagram.get(..len).unwrap_or_default();
        let Ok(contents) = bytes.try_into() else { return Ok(()) };
        let received = Receive { proto: Protocol::Udp, source, destination: self.local, contents };
        let input = Input::Receive(Instant::now().into_std(), received);
        if self.rtc.accepts(&input) {
            return take(&mut self.rtc, input);
        }
        Ok(())
    }

    /// Lets time pass.
    pub(super) fn tick(&mut self) -> Result<(), Closed> {
        let now = Instant::now();
        if self.connect_by.is_some_and(|by| now >= by) {
            return Err(Closed::Unreachable);
        }
        take(&mut self.rtc, Input::Timeout(now.into_std()))
    }

    /// Sends what is to be sent, up to the next happening; `None` if there is nothing to do before
    /// [`Self::due`].
    pub(super) async fn poll(&mut self) -> Option<Happening> {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.due = Instant::from_std(due);
                    return None;
                }
                Ok(Output::Transmit(transmit)) => {
                    let sent = self.socket.send_to(&transmit.contents, transmit.destination).await;
                    if let Err(error) = sent {
                        tracing::debug!(%error, "a datagram was not sent");
                    }
                }
                Ok(Output::Event(event)) => {
                    if let Some(happening) = self.read(event) {
                        return Some(happening);
                    }
                }
                Err(RtcError::Packet(mid, _, error)) => {
                    tracing::debug!(%error, "packets that make no frame");
                    return Some(Happening::Broken(mid));
                }
                Err(error) => return Some(Happening::Closed(wrong(&error))),
            }
        }
    }

    fn read(&mut self, event: Event) -> Option<Happening> {
        match event {
            Event::Connected => {
                (self.stands, self.connect_by) = (true, None);
                let certificate = self.certificate_sha256();
                let wrong = || Closed::Wrong("it has no SHA-256 fingerprint".to_owned());
                Some(certificate.map_or_else(|| Happening::Closed(wrong()), Happening::Connected))
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                Some(Happening::Closed(Closed::Unreachable))
            }
            Event::Closed => Some(Happening::Closed(Closed::ByRelay)),
            Event::MediaData(data) => Some(Happening::Data(Box::new(data))),
            Event::KeyframeRequest(request) => Some(Happening::KeyFrame(request)),
            _ => None,
        }
    }

    /// SHA-256 of the certificate at the other end, which `str0m` has compared with the answer's.
    fn certificate_sha256(&mut self) -> Option<[u8; 32]> {
        let api = self.rtc.direct_api();
        let fingerprint = api.remote_dtls_fingerprint()?;
        let is_sha256 = fingerprint.hash_func.eq_ignore_ascii_case("sha-256");
        fingerprint.bytes.as_slice().try_into().ok().filter(|_| is_sha256)
    }

    /// Says goodbye to the relay.
    pub(super) async fn close(mut self) {
        if self.rtc.close().is_ok() && self.tick().is_ok() {
            while self.poll().await.is_some() {}
        }
    }
}

/// Gives an input to `rtc`. What it does not like is dropped, for a stranger can send anything.
fn take(rtc: &mut Rtc, input: Input<'_>) -> Result<(), Closed> {
    match rtc.handle_input(input) {
        Err(error) if !rtc.is_alive() => return Err(wrong(&error)),
        Err(error) => tracing::debug!(%error, "a datagram was dropped"),
        Ok(()) => {}
    }
    Ok(())
}

fn wrong(error: &RtcError) -> Closed {
    Closed::Wrong(error.to_string())
}

/// Whether a socket goes on after this error.
fn is_passing(kind: ErrorKind) -> bool {
    use ErrorKind::{ConnectionRefused, ConnectionReset, Interrupted, WouldBlock};
    matches!(kind, ConnectionRefused | ConnectionReset | Interrupted | WouldBlock)
}

/// The address of this machine that leads to `relay`. Nothing is sent.
fn local_address(relay: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match relay {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.connect((relay, ANY_PORT))?;
    Ok(socket.local_addr()?.ip())
}
