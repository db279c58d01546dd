//! One transport: its WebRTC connection, what it sends and what it gets.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use incamera_wire::{
    MediaKind as TrackKind, MediaNotice, MeetingId, Refusal, RefusalReason, RelayTrack, TransportId,
};
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::config::DtlsCert;
use str0m::format::PayloadParams;
use str0m::media::{KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, RtpPacket, RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::sync::mpsc;

use super::budget::Budget;
use super::face::{MediaMetrics, MediaOutcome};
use super::key_frames::KeyFrames;
use super::outgoing::{Numbered, Outgoing, Stream};
use super::socket::MediaSocket;

/// A track that a peer sends.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) kind: TrackKind,
    /// Empty if it is sent in one.
    pub(super) layers: Vec<Rid>,
    /// Who gets it: a peer's number, and the mid there.
    pub(super) receivers: Vec<(usize, Mid)>,
    /// Of each layer: the last packet's number, and whether it ended a frame.
    ends: Vec<(Option<Rid>, SeqNo, bool)>,
    requests: Vec<(Option<Rid>, KeyFrames)>,
}

impl Track {
    pub(super) fn new(kind: TrackKind, layers: Vec<Rid>) -> Self {
        let (receivers, ends, requests) = Default::default();
        Self { kind, layers, receivers, ends, requests }
    }

    /// Whether the layer's packet begins a frame, as the marker of the one before it says.
    pub(super) fn begins(&mut self, layer: Option<Rid>, sequence: SeqNo, ends: bool) -> bool {
        match self.ends.iter_mut().find(|(known, ..)| *known == layer) {
            Some((_, last, ended)) => {
                let begins = *sequence == **last + 1 && *ended;
                if *sequence > **last {
                    (*last, *ended) = (sequence, ends);
                }
                begins
            }
            None => {
                self.ends.push((layer, sequence, ends));
                false
            }
        }
    }

    /// Somebody asks for a key frame of a layer: whether the sender is to be asked now.
    pub(super) fn ask(&mut self, layer: Option<Rid>, now: Instant, interval: Duration) -> bool {
        let layer = layer.filter(|layer| self.layers.contains(layer));
        match self.requests.iter_mut().find(|(known, _)| *known == layer) {
            Some((_, requests)) => requests.ask(now, interval),
            None => {
                let mut requests = KeyFrames::default();
                let may = requests.ask(now, interval);
                self.requests.push((layer, requests));
                may
            }
        }
    }

    /// The layers whose waiting requests are due by then.
    pub(super) fn due(&self, now: Instant, interval: Duration) -> Vec<Option<Rid>> {
        let due = |(layer, requests): &(Option<Rid>, KeyFrames)| {
            requests.due(interval).filter(|at| *at <= now).map(|_| *layer)
        };
        self.requests.iter().filter_map(due).collect()
    }

    /// When the first request that waits is due.
    pub(super) fn next_due(&self, interval: Duration) -> Option<Instant> {
        self.requests.iter().filter_map(|(_, requests)| requests.due(interval)).min()
    }
}

/// What the connection says happened.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are packets: a box would be an allocation each"
)]
pub(super) enum Happened {
    /// A packet came.
    Packet(RtpPacket),
    /// A description of media is new, or another.
    Media(Mid),
    /// The client asks for a key frame of what it gets.
    KeyFrame(Mid),
    /// The connection is over; the transport may make another.
    Over,
}

/// The most addresses that one transport comes from.
const MAX_SOURCES: usize = 8;

/// A transport.
pub(super) struct Peer {
    pub(super) transport: TransportId,
    pub(super) meeting: MeetingId,
    notices: mpsc::Sender<MediaOutcome>,
    rtc: Option<Rtc>,
    /// The client's ICE fragment: another one is another connection.
    remote_fragment: String,
    pub(super) sent: BTreeMap<Mid, Track>,
    pub(super) received: BTreeMap<Mid, Outgoing>,
    pub(super) budget: Budget,
    /// Tracks that it may send.
    pub(super) most_tracks: usize,
    /// Where it comes from, the latest last.
    sources: VecDeque<SocketAddr>,
    /// Whether a mistake in the connection's code was met.
    broken: bool,
    /// The list of others' tracks that it knows.
    told: Vec<RelayTrack>,
    /// Whether something waits to go out.
    pub(super) dirty: bool,
}

/// The value of the first line of an SDP with this name.
fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| line.trim_end().strip_prefix(name))
}

/// What is wrong with an offer; it ends the connection.
pub(super) fn malformed(detail: &str) -> Refusal {
    let (reason, retry_after_ms) = (RefusalReason::Malformed, 0);
    Refusal { post: None, reason, detail: detail.to_owned(), retry_after_ms }
}

impl Peer {
    pub(super) fn new(
        (meeting, transport): (MeetingId, TransportId),
        notices: mpsc::Sender<MediaOutcome>,
        (most_tracks, bits_per_second): (usize, u64),
    ) -> Self {
        let (rtc, remote_fragment, sent, received, told, dirty) = Default::default();
        let (sources, broken) = Default::default();
        let budget = Budget::new(bits_per_second, Instant::now());
        Self {
            transport,
            meeting,
            notices,
            rtc,
            remote_fragment,
            sent,
            received,
            budget,
            most_tracks,
            sources,
            broken,
            told,
            dirty,
        }
    }

    /// Tells which tracks others send, if that is not what was told last.
    pub(super) fn tell_tracks(&mut self, tracks: Vec<RelayTrack>) {
        if self.told != tracks {
            self.told.clone_from(&tracks);
            self.notify(MediaOutcome::Notice(MediaNotice::Tracks(tracks)));
        }
    }

    /// Tells the session something, without waiting: a session that does not listen is on its way out.
    pub(super) fn notify(&self, outcome: MediaOutcome) {
        if self.notices.try_send(outcome).is_err() {
            tracing::debug!("a session does not take the forwarder's notices");
        }
    }

    /// Takes an offer, on a new connection if there is none that it is of. Gives the answer, and the
    /// ICE fragment by which requests find this peer.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn offer(
        &mut self,
        sdp: &str,
        certificate: &DtlsCert,
        at: SocketAddr,
    ) -> Result<(String, String), Refusal> {
        let offer = SdpOffer::from_sdp_string(sdp)
            .map_err(|_| malformed("the offer is no SDP that can be read: make it with WebRTC"))?;
        let fragment = attribute(sdp, "a=ice-ufrag:").unwrap_or_default();
        let alive = self.rtc.as_ref().is_some_and(Rtc::is_alive);
        if !alive || fragment != self.remote_fragment {
            self.rtc = Some(connection(certificate, at).ok_or_else(|| {
                malformed("media-listen is no address for media: tell the relay's operator")
            })?);
            self.remote_fragment = fragment.to_owned();
            self.sent.clear();
            self.received.clear();
        }
        let rtc = self.rtc.as_mut().ok_or_else(|| malformed("there is no connection"))?;
        let answer = guarded(|| rtc.sdp_api().accept_offer(offer)).unwrap_or_else(|| {
            self.broken = true;
            Err(str0m::RtcError::RemoteSdp("it cannot be worked on".to_owned()))
        });
        let answer: SdpAnswer = answer.map_err(|error| {
            let mut detail = format!("the offer was not taken: {error}");
            detail.truncate(detail.floor_char_boundary(200));
            malformed(&detail)
        })?;
        self.dirty = true;
        // Payload types may have been agreed anew.
        self.received.values_mut().for_each(|outgoing| outgoing.stream = None);
        let answer = answer.to_sdp_string();
        let local = attribute(&answer, "a=ice-ufrag:").unwrap_or_default().to_owned();
        Ok((answer, local))
    }

    /// What a mid is about: its kind, whether the client sends there, whether it receives, and the layers.
    pub(super) fn media(&self, mid: Mid) -> Option<(TrackKind, [bool; 2], Vec<Rid>)> {
        let media = self.rtc.as_ref()?.media(mid)?;
        let kind = if media.kind().is_audio() { TrackKind::Audio } else { TrackKind::Video };
        let direction = media.direction();
        let layers = match media.rids_rx() {
            str0m::media::Rids::Specific(layers) => layers.clone(),
            _ => Vec::new(),
        };
        Some((kind, [direction.is_receiving(), direction.is_sending()], layers))
    }

    /// Whether a request is of whoever made the offer: it has the password.
    pub(super) fn accepts(&self, source: SocketAddr, to: SocketAddr, bytes: &[u8]) -> bool {
        let Some(rtc) = &self.rtc else { return false };
        let Ok(received) = Receive::new(Protocol::Udp, source, to, bytes) else { return false };
        rtc.accepts(&Input::Receive(Instant::now(), received))
    }

    /// Notes an address that it comes from, and gives the one that is given up for it.
    pub(super) fn comes_from(&mut self, source: SocketAddr) -> Option<SocketAddr> {
        self.sources.push_back(source);
        if self.sources.len() > MAX_SOURCES { self.sources.pop_front() } else { None }
    }

    /// Takes in a datagram.
    pub(super) fn receive(
        &mut self,
        source: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
        now: Instant,
    ) {
        let Ok(received) = Receive::new(Protocol::Udp, source, to, bytes) else { return };
        self.input(Input::Receive(now, received));
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, now: Instant) {
        self.input(Input::Timeout(now));
    }

    fn input(&mut self, input: Input<'_>) {
        let Some(rtc) = &mut self.rtc else { return };
        match guarded(|| rtc.handle_input(input)) {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(%error, "what came was not taken"),
            None => self.broken = true,
        }
    }

    /// Sends what is to be sent, tells what happened, and gives the time of the next call.
    pub(super) fn poll(
        &mut self,
        socket: &MediaSocket,
        metrics: &MediaMetrics,
        mut happened: impl FnMut(Happened),
    ) -> Option<Instant> {
        let rtc = self.rtc.as_mut()?;
        loop {
            let output = if self.broken { None } else { guarded(|| rtc.poll_output()) };
            let Some(output) = output else {
                tracing::error!("a connection's state is broken: it is dropped");
                self.broken = false;
                happened(Happened::Over);
                self.rtc = None;
                return None;
            };
            match output {
                Ok(Output::Timeout(at)) => {
                    if !rtc.is_alive() {
                        happened(Happened::Over);
                        self.rtc = None;
                        return None;
                    }
                    return Some(at);
                }
                Ok(Output::Transmit(datagram)) => {
                    if !socket.send(&datagram.contents, datagram.destination) {
                        metrics.dropped_packets.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok(Output::Event(Event::RtpPacket(packet))) => happened(Happened::Packet(packet)),
                Ok(Output::Event(Event::MediaAdded(media))) => happened(Happened::Media(media.mid)),
                Ok(Output::Event(Event::MediaChanged(media))) => {
                    happened(Happened::Media(media.mid));
                }
                Ok(Output::Event(Event::KeyframeRequest(request))) => {
                    happened(Happened::KeyFrame(request.mid));
                }
                Ok(Output::Event(_)) => {}
                Err(error) => {
                    tracing::debug!(%error, "a connection has failed");
                    happened(Happened::Over);
                    self.rtc = None;
                    return None;
                }
            }
        }
    }

    /// Where a received packet belongs: the mid and the layer, and what its payload is.
    pub(super) fn place(
        &mut self,
        packet: &RtpPacket,
    ) -> Option<(Mid, Option<Rid>, PayloadParams)> {
        let rtc = self.rtc.as_mut()?;
        let payload_type = packet.header.payload_type;
        let payload = *rtc.codec_config().find(|known| known.pt() == payload_type)?;
        let mut api = rtc.direct_api();
        let stream = api.stream_rx(&packet.header.ssrc)?;
        Some((stream.mid(), stream.rid(), payload))
    }

    /// Sends a packet of somebody else, if the track's receiver is to get it: whether it does.
    pub(super) fn forward(
        &mut self,
        (mid, video): (Mid, bool),
        payload: PayloadParams,
        numbered: &Numbered,
        packet: &RtpPacket,
    ) -> bool {
        let Some(outgoing) = self.received.get_mut(&mid) else { return false };
        let Some(sent) = outgoing.take(numbered) else { return false };
        let Some(rtc) = &mut self.rtc else { return false };
        // Who has not come in yet would let packets pile up.
        if !rtc.is_connected() {
            return false;
        }
        let known = outgoing.stream.filter(|stream| stream.from == payload.pt());
        let Some(stream) = known.or_else(|| stream(rtc, mid, payload)) else { return false };
        outgoing.stream = Some(stream);
        let mut api = rtc.direct_api();
        let Some(lane) = api.stream_tx(&stream.source) else { return false };
        let (sequence, time) = (sent.sequence.into(), sent.time);
        let write =
            RtpWrite::new(stream.to, sequence, time, packet.timestamp, packet.payload.clone());
        lane.write_rtp(write.marker(packet.header.marker).nackable(video));
        self.dirty = true;
        true
    }

    /// Whether anything of a layer has come.
    pub(super) fn has_come(&mut self, mid: Mid, layer: Option<Rid>) -> bool {
        let Some(rtc) = &mut self.rtc else { return false };
        rtc.direct_api().stream_rx_by_mid(mid, layer).is_some()
    }

    /// Asks the client for a key frame.
    pub(super) fn ask_key_frame(&mut self, mid: Mid, layer: Option<Rid>) {
        let Some(rtc) = &mut self.rtc else { return };
        if let Some(stream) = rtc.direct_api().stream_rx_by_mid(mid, layer) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
            self.dirty = true;
        }
    }

    /// Says good-bye, as far as one datagram goes.
    pub(super) fn close(&mut self) {
        if let Some(rtc) = &mut self.rtc {
            // It is gone either way.
            drop(rtc.close());
        }
    }
}

/// How a payload goes out under a mid.
fn stream(rtc: &mut Rtc, mid: Mid, payload: PayloadParams) -> Option<Stream> {
    let to = rtc.codec_config().match_params(payload)?.pt();
    let source = rtc.direct_api().stream_tx_by_mid(mid, None)?.ssrc();
    Some(Stream { from: payload.pt(), to, source })
}

/// Runs what works on a stranger's bytes: a mistake in it costs that stranger's connection, not all of the
/// thread's.
fn guarded<R>(work: impl FnOnce() -> R) -> Option<R> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok()
}

/// A connection that waits for an offer.
fn connection(certificate: &DtlsCert, at: SocketAddr) -> Option<Rtc> {
    // No extension that tells of the content, such as how loud a voice is: of what is sealed the relay is to
    // know no more than it must.
    let config = Rtc::builder()
        .set_rtp_mode(true)
        .set_ice_lite(true)
        .set_dtls_cert(certificate.clone())
        .clear_extension_map()
        .set_extension(2, Extension::AbsoluteSendTime)
        .set_extension(3, Extension::TransportSequenceNumber)
        .set_extension(4, Extension::RtpMid)
        .set_extension(10, Extension::RtpStreamId)
        .set_extension(11, Extension::RepairedRtpStreamId);
    let mut rtc = config.build(Instant::now());
    rtc.add_local_candidate(Candidate::host(at, "udp").ok()?)?;
    Some(rtc)
}
