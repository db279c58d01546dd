//! One member as the relay sees it: a WebSocket, and WebRTC on a socket of its own.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use incamera_wire::{
    MediaNotice, MediaRequest, MeetingId, RelayTrack, ToClient, ToServer, WantedTrack,
};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::{TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::link::{Cadence, Shared, Times};
use crate::seal::Voice;
use crate::{Failure, Load};

/// A member that is connected.
pub(crate) struct Member {
    load: Load,
    line: WebSocketStream<MaybeTlsStream<TcpStream>>,
    socket: UdpSocket,
    address: SocketAddr,
    rtc: Rtc,
    own: Vec<Mid>,
    /// Tracks of others that are asked for.
    asked: usize,
    voice: Voice,
    sequence: u64,
    /// Sealed frames that came, and have not been opened.
    arrived: VecDeque<std::sync::Arc<[u8]>>,
    /// How many came, if they are not opened.
    counted: Option<u64>,
}

impl Member {
    /// Connects, and says what it sends.
    pub(crate) async fn connect(
        load: Load,
        url: &str,
        meeting: MeetingId,
        voice: Voice,
    ) -> Result<Self, Failure> {
        let (line, _) = tokio_tungstenite::connect_async(format!("{url}/v1/connect")).await?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let config = Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false);
        let mut rtc = config.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp")?);
        let (own, asked, sequence, arrived, counted) = Default::default();
        let mut member = Self {
            load,
            line,
            socket,
            address,
            rtc,
            own,
            asked,
            voice,
            sequence,
            arrived,
            counted,
        };
        member.say(&ToServer::Hello { meeting, mailbox: None }).await?;
        let mut api = member.rtc.sdp_api();
        let add = |_| api.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        member.own = (0..load.tracks).map(add).collect();
        let (offer, pending) = api.apply().ok_or("nothing is offered")?;
        member.offer(&offer.to_sdp_string(), pending, Vec::new()).await?;
        Ok(member)
    }

    async fn say(&mut self, message: &ToServer) -> Result<(), Failure> {
        Ok(self.line.send(Message::Binary(message.encode().into())).await?)
    }

    /// The next message, while the media go on.
    async fn hear(&mut self) -> Result<ToClient, Failure> {
        loop {
            let next = self.drive()?;
            tokio::select! {
                message = self.line.next() => match message.ok_or("the relay hung up")?? {
                    Message::Binary(bytes) => return Ok(ToClient::decode(&bytes)?),
                    Message::Close(why) => return Err(format!("the relay hung up: {why:?}").into()),
                    _ => {}
                },
                ready = self.socket.readable() => { ready?; self.receive()?; }
                () = tokio::time::sleep_until(next.into()) => {
                    self.rtc.handle_input(Input::Timeout(Instant::now()))?;
                }
            }
        }
    }

    /// Offers, and waits for the answer; lists of tracks on the way come again with every change.
    async fn offer(
        &mut self,
        sdp: &str,
        pending: SdpPendingOffer,
        wanted: Vec<WantedTrack>,
    ) -> Result<Option<Vec<RelayTrack>>, Failure> {
        let request = MediaRequest::Offer { sdp: sdp.to_owned(), wanted };
        self.say(&ToServer::Media(request)).await?;
        let mut last = None;
        loop {
            match self.hear().await? {
                ToClient::Media(MediaNotice::Answer { sdp }) => {
                    let answer = SdpAnswer::from_sdp_string(&sdp)?;
                    self.rtc.sdp_api().accept_answer(pending, answer)?;
                    return Ok(last);
                }
                ToClient::Media(MediaNotice::Tracks(tracks)) => last = Some(tracks),
                ToClient::Refused(refusal) => return Err(refusal.detail.into()),
                _ => {}
            }
        }
    }

    /// Waits until all others send and this one is to receive all their tracks.
    pub(crate) async fn subscribe(&mut self) -> Result<(), Failure> {
        let all = (self.load.members - 1) * self.load.tracks;
        let mut tracks = Vec::new();
        while self.asked < all {
            if tracks.len() < all {
                if let ToClient::Media(MediaNotice::Tracks(list)) = self.hear().await? {
                    tracks = list;
                }
                continue;
            }
            let mut api = self.rtc.sdp_api();
            let mut want = |track: &RelayTrack| WantedTrack {
                mid: api
                    .add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None)
                    .to_string(),
                track: track.track.clone(),
            };
            let wanted: Vec<WantedTrack> = tracks.iter().map(&mut want).collect();
            let (offer, pending) = api.apply().ok_or("nothing is asked for")?;
            self.asked = wanted.len();
            self.offer(&offer.to_sdp_string(), pending, wanted).await?;
        }
        while !self.rtc.is_connected() {
            self.step(Instant::now() + std::time::Duration::from_millis(50)).await?;
        }
        Ok(())
    }

    /// One wait for a datagram, a message or a time.
    pub(crate) async fn step(&mut self, until: Instant) -> Result<(), Failure> {
        let next = self.drive()?.min(until);
        tokio::select! {
            ready = self.socket.readable() => { ready?; self.receive() }
            // Pings are answered by reading on: a relay closes who does not.
            message = self.line.next() => message.ok_or("the relay hung up")?.map(|_| ()).map_err(Into::into),
            () = tokio::time::sleep_until(next.into()) => {
                Ok(self.rtc.handle_input(Input::Timeout(Instant::now()))?)
            }
        }
    }

    /// Takes in all datagrams that are there.
    fn receive(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = self.socket.try_recv_from(&mut buffer) {
            let bytes = buffer.get(..len).unwrap_or_default();
            if let Some(counted) = self.counted.as_mut().filter(|_| is_rtp(bytes)) {
                *counted += 1;
                continue;
            }
            let received = Receive::new(Protocol::Udp, from, self.address, bytes)?;
            self.rtc.handle_input(Input::Receive(Instant::now(), received))?;
            self.drive()?;
        }
        Ok(())
    }

    /// Sends what is to be sent, and gives the time of the next call.
    fn drive(&mut self) -> Result<Instant, Failure> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => return Ok(at),
                Output::Transmit(datagram) => {
                    // A full buffer is a lost packet, and is seen as one.
                    drop(self.socket.try_send_to(&datagram.contents, datagram.destination));
                }
                Output::Event(Event::RtpPacket(packet)) => self.arrived.push_back(packet.payload),
                Output::Event(Event::Closed) => return Err("the relay closed the media".into()),
                Output::Event(_) => {}
            }
        }
    }

    /// From here on datagrams of media are counted, and nothing more is done with them.
    pub(crate) fn count(&mut self) {
        self.counted = Some(0);
    }

    /// Sends frames at their times and opens what comes, until the run ends.
    pub(crate) async fn attend(
        &mut self,
        times: Times,
        (number, all): (usize, usize),
        seen: &Shared,
    ) -> Result<(), Failure> {
        let mut cadence = Cadence::of(&times, number, all);
        while Instant::now() < times.close {
            self.step(cadence.next().unwrap_or(times.close)).await?;
            while let Some(frame) = self.arrived.pop_front() {
                if let Some(age) = self.voice.age(&frame, times.origin) {
                    seen.borrow_mut().arrived(&times, age);
                }
            }
            while let Some(due) = cadence.take(Instant::now()) {
                for track in 0..self.load.tracks {
                    seen.borrow_mut().leaves(&times, due);
                    self.send(track, &times)?;
                }
            }
        }
        seen.borrow_mut().received_in_all += self.counted.unwrap_or_default();
        Ok(())
    }

    fn send(&mut self, track: usize, times: &Times) -> Result<(), Failure> {
        let mid = *self.own.get(track).ok_or("no such track")?;
        let media = self.rtc.media(mid).ok_or("the track is not there")?;
        let payload_type = *media.remote_pts().first().ok_or("no codec was agreed")?;
        let sealed = self.voice.seal(track, times.origin)?.to_vec();
        if track == 0 {
            self.sequence += 1;
        }
        // 48,000 a second: 960 in a frame.
        let time = u32::try_from(self.sequence * 960 % (1 << 32))?;
        let packet =
            RtpWrite::new(payload_type, self.sequence.into(), time, Instant::now(), sealed);
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).ok_or("the track has no stream")?;
        stream.write_rtp(packet);
        self.drive().map(|_| ())
    }
}

/// Whether a datagram is RTP and not RTCP, DTLS or STUN (RFC 7983 §7, RFC 5761 §4).
fn is_rtp(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(64..=95).contains(&(kind & 0x7f)))
}
