//! A WebRTC client on a socket of its own, driven by hand.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use incamera_wire::{
    MediaNotice, MediaRequest, MeetingId, Refusal, RelayTrack, TransportId, WantedTrack,
};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{
    Direction, KeyframeRequestKind, MediaKind, Mid, Rid, Simulcast, SimulcastLayer,
};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::sync::mpsc;

use super::super::{Forwarder, MediaLimits, MediaOutcome};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client and what it has seen.
pub(super) struct Client {
    pub(super) rtc: Rtc,
    socket: UdpSocket,
    pub(super) transport: TransportId,
    notices: mpsc::Receiver<MediaOutcome>,
    pending: Option<SdpPendingOffer>,
    pub(super) tracks: Vec<RelayTrack>,
    pub(super) refused: Option<Refusal>,
    pub(super) packets: Vec<RtpPacket>,
    /// The relay's ICE fragment for it.
    pub(super) fragment: String,
    /// Requests for key frames that came.
    pub(super) asked: Vec<(Mid, Option<Rid>)>,
}

/// The relay's name for somebody's track.
pub(super) fn track_of(client: &Client, mid: Mid) -> String {
    format!("{}/{mid}", client.transport)
}

impl Client {
    pub(super) fn new(forwarder: &Forwarder, meeting: u8, number: u8) -> Self {
        Self::limited(forwarder, MediaLimits::default(), meeting, number)
    }

    /// One whose token limits it.
    pub(super) fn limited(
        forwarder: &Forwarder,
        limits: MediaLimits,
        meeting: u8,
        number: u8,
    ) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
        let transport = TransportId::new([number; 16]);
        let (sender, notices) = mpsc::channel(64);
        forwarder.join((MeetingId::new([meeting; 16]), transport), limits, sender);
        let (pending, refused) = (None, None);
        let (tracks, packets, asked) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            rtc,
            socket,
            transport,
            notices,
            pending,
            tracks,
            refused,
            packets,
            fragment: String::new(),
            asked,
        }
    }

    /// Offers sound to send, `videos` with these layers, and to receive these tracks.
    pub(super) fn offer(
        &mut self,
        forwarder: &Forwarder,
        send: &[(MediaKind, &[&str])],
        receive: &[(MediaKind, String)],
    ) -> Vec<Mid> {
        let mut api = self.rtc.sdp_api();
        let mut mids = Vec::new();
        for (kind, layers) in send {
            let mut simulcast = Simulcast::new();
            for layer in *layers {
                simulcast.add_send_layer(SimulcastLayer::new(layer));
            }
            let simulcast = (!layers.is_empty()).then_some(simulcast);
            mids.push(api.add_media(*kind, Direction::SendOnly, None, None, simulcast));
        }
        let mut wanted = Vec::new();
        for (kind, track) in receive {
            let mid = api.add_media(*kind, Direction::RecvOnly, None, None, None);
            wanted.push(WantedTrack { mid: mid.to_string(), track: track.clone() });
            mids.push(mid);
        }
        let (offer, pending) = api.apply().unwrap();
        self.pending = Some(pending);
        let sdp = offer.to_sdp_string();
        forwarder.request(self.transport, MediaRequest::Offer { sdp, wanted });
        mids
    }

    fn poll(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(datagram) => {
                    self.socket.send_to(&datagram.contents, datagram.destination).unwrap();
                }
                Output::Event(Event::RtpPacket(packet)) => self.packets.push(packet),
                Output::Event(Event::KeyframeRequest(request)) => {
                    self.asked.push((request.mid, request.rid));
                }
                Output::Event(_) => {}
            }
        }
    }

    /// Lets whatever is there happen.
    pub(super) fn turn(&mut self) {
        while let Ok(outcome) = self.notices.try_recv() {
            match outcome {
                MediaOutcome::Notice(MediaNotice::Answer { sdp }) => {
                    let line = sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:"));
                    self.fragment = line.unwrap().to_owned();
                    let answer = SdpAnswer::from_sdp_string(&sdp).unwrap();
                    let pending = self.pending.take().unwrap();
                    self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
                }
                MediaOutcome::Notice(MediaNotice::Tracks(tracks)) => self.tracks = tracks,
                MediaOutcome::Refused(refusal) => self.refused = Some(refusal),
            }
        }
        let mut buffer = [0; 2048];
        let local = self.socket.local_addr().unwrap();
        while let Ok((len, from)) = self.socket.recv_from(&mut buffer) {
            let received = Receive::new(Protocol::Udp, from, local, &buffer[..len]).unwrap();
            self.rtc.handle_input(Input::Receive(Instant::now(), received)).unwrap();
            self.poll();
        }
        self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
        self.poll();
    }

    /// Sends any bytes from its own address.
    pub(super) fn send_raw(&mut self, forwarder: &Forwarder, bytes: &[u8]) {
        for port in 0..2 {
            // One of the workers has the meeting.
            let mut to = forwarder.local_addr();
            to.set_port(to.port().wrapping_add(port));
            let _ = self.socket.send_to(bytes, to);
        }
    }

    /// Sends one packet, which ends a frame if it is said.
    pub(super) fn send(
        &mut self,
        mid: Mid,
        layer: Option<&str>,
        number: u64,
        ends: bool,
        text: &[u8],
    ) {
        let payload_type = self.rtc.media(mid).unwrap().remote_pts()[0];
        let time = number as u32 * 3_000;
        let write = RtpWrite::new(payload_type, number.into(), time, Instant::now(), text.to_vec());
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, layer.map(Rid::from)).unwrap();
        stream.write_rtp(write.marker(ends));
        self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
        self.poll();
    }

    /// Says, as a receiver does that cannot decode, that it needs a key frame.
    pub(super) fn ask_key_frame(&mut self, mid: Mid) {
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
        self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
        self.poll();
    }
}

/// Turns all until it holds.
pub(super) fn until(
    clients: &mut [&mut Client],
    what: &str,
    holds: impl Fn(&[&mut Client]) -> bool,
) {
    let end = Instant::now() + PATIENCE;
    while !holds(clients) {
        assert!(Instant::now() < end, "never: {what}");
        for client in clients.iter_mut() {
            client.turn();
        }
        std::thread::yield_now();
    }
}

/// Turns all for a while, so that what should not happen could.
pub(super) fn settle(clients: &mut [&mut Client]) {
    let end = Instant::now() + Duration::from_millis(300);
    while Instant::now() < end {
        clients.iter_mut().for_each(|client| client.turn());
        std::thread::yield_now();
    }
}
