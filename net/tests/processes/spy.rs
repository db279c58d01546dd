//! What a relay sees: an outsider with the relay's view. It knows the meeting's id, says hello as a
//! member does, gets every entry of the log, the lobby and the blobs, and has all tracks forwarded to it. In none of
//! it is a run of what members said or sent, nor a name.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use incamera::wire::{
    Envelope, MediaKind, MediaNotice, MediaRequest, MeetingId, RelayTrack, ToClient, ToServer,
    WantedTrack,
};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::Direction;
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Everything that came, each message and each packet's payload.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) video: Vec<Vec<u8>>,
}

/// Bytes of a run that are looked for: longer than the clear bytes of a frame.
const RUN: usize = 12;

/// Whether a run says anything: a few bytes repeated stand in many places.
fn telling(run: &[u8]) -> bool {
    run.iter().collect::<HashSet<_>>().len() > 6
}

impl Seen {
    /// How many runs of `secret` are in anything that was seen.
    pub(crate) fn runs_of<'a>(&self, secret: impl IntoIterator<Item = &'a [u8]>) -> usize {
        let runs = secret.into_iter().flat_map(|text| text.windows(RUN));
        let runs: HashSet<&[u8]> = runs.filter(|run| telling(run)).collect();
        let all = self.messages.iter().chain(&self.payloads);
        all.flat_map(|seen| seen.windows(RUN)).filter(|window| runs.contains(window)).count()
    }

    /// Whether a name is in anything that was seen.
    pub(crate) fn names(&self, name: &str) -> bool {
        let all = self.messages.iter().chain(&self.payloads);
        all.into_iter().any(|seen| seen.windows(name.len()).any(|window| window == name.as_bytes()))
    }
}

/// A connection that passes on everything between clients and a relay without TLS, and keeps it.
pub(crate) struct Proxy {
    pub(crate) url: String,
    recorded: mpsc::Receiver<Vec<u8>>,
    _runtime: tokio::runtime::Runtime,
}

impl Proxy {
    pub(crate) fn before(relay: &str) -> Self {
        let to = relay.split_once("://").unwrap().1.to_owned();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (record, recorded) = mpsc::channel();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(relay) = TcpStream::connect(&to).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_relay, to_relay) = relay.into_split();
                tokio::spawn(pass(from_client, to_relay, record.clone()));
                tokio::spawn(pass(from_relay, to_client, record.clone()));
            }
        });
        Self { url, recorded, _runtime: runtime }
    }

    /// All that has gone through, in pieces as they came.
    pub(crate) fn recorded(&self) -> Vec<Vec<u8>> {
        self.recorded.try_iter().collect()
    }
}

async fn pass(
    from: tokio::net::tcp::OwnedReadHalf,
    to: tokio::net::tcp::OwnedWriteHalf,
    record: mpsc::Sender<Vec<u8>>,
) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        if from.readable().await.is_err() {
            return;
        }
        match from.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(len) => {
                let mut rest = &buffer[..len];
                let _ = record.send(rest.to_vec());
                while !rest.is_empty() {
                    if to.writable().await.is_err() {
                        return;
                    }
                    match to.try_write(rest) {
                        Ok(len) => rest = &rest[len..],
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                        Err(_) => return,
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// The relay's view of a meeting, without a key.
pub(crate) struct Spy {
    line: WebSocketStream<MaybeTlsStream<TcpStream>>,
    socket: UdpSocket,
    address: SocketAddr,
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
    asked: HashSet<String>,
    video: HashSet<str0m::media::Mid>,
    pub(crate) seen: Seen,
}

impl Spy {
    /// Connects to a relay without TLS.
    pub(crate) async fn connect(relay: &str, meeting: MeetingId) -> Self {
        let url = format!("{}/v1/connect", relay.replace("http://", "ws://"));
        let (line, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let (pending, asked, video, seen) = Default::default();
        let mut spy = Self { line, socket, address, rtc, pending, asked, video, seen };
        spy.say(&ToServer::Hello { meeting, mailbox: None }).await;
        spy.say(&ToServer::Fetch { from: 0 }).await;
        spy
    }

    async fn say(&mut self, message: &ToServer) {
        self.line.send(Message::Binary(message.encode().into())).await.unwrap();
    }

    /// Listens for so long, and asks for every track that there is.
    pub(crate) async fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            let next = self.drive().min(until);
            tokio::select! {
                message = self.line.next() => {
                    if let Message::Binary(bytes) = message.unwrap().unwrap() {
                        self.seen.messages.push(bytes.to_vec());
                        self.hear(ToClient::decode(&bytes).unwrap()).await;
                    }
                }
                _ = self.socket.readable() => self.receive(),
                () = tokio::time::sleep_until(next.into()) => {
                    self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
                }
            }
        }
    }

    async fn hear(&mut self, message: ToClient) {
        match message {
            ToClient::Media(MediaNotice::Answer { sdp }) => {
                let answer = SdpAnswer::from_sdp_string(&sdp).unwrap();
                let pending = self.pending.take().unwrap();
                self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
            }
            ToClient::Media(MediaNotice::Tracks(tracks)) => self.ask(&tracks).await,
            ToClient::Log { bytes, .. } => {
                // The Welcome's note names a blob: the relay has that, too.
                let tree = Envelope::decode(&bytes).unwrap().welcome.map(|note| note.tree);
                if let Some(hash) = tree {
                    self.say(&ToServer::FetchBlob { hash }).await;
                }
            }
            _ => {}
        }
    }

    async fn ask(&mut self, tracks: &[RelayTrack]) {
        let new: Vec<_> =
            tracks.iter().filter(|track| self.asked.insert(track.track.clone())).collect();
        if new.is_empty() || self.pending.is_some() {
            return;
        }
        let mut api = self.rtc.sdp_api();
        let mut wanted = Vec::new();
        for RelayTrack { track, kind, .. } in new {
            let media = match kind {
                MediaKind::Audio => str0m::media::MediaKind::Audio,
                MediaKind::Video => str0m::media::MediaKind::Video,
            };
            let mid = api.add_media(media, Direction::RecvOnly, None, None, None);
            if *kind == MediaKind::Video {
                self.video.insert(mid);
            }
            wanted.push(WantedTrack { mid: mid.to_string(), track: track.clone() });
        }
        let (offer, pending) = api.apply().unwrap();
        self.pending = Some(pending);
        let sdp = offer.to_sdp_string();
        self.say(&ToServer::Media(MediaRequest::Offer { sdp, wanted })).await;
    }

    fn receive(&mut self) {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = self.socket.try_recv_from(&mut buffer) {
            let received = Receive::new(Protocol::Udp, from, self.address, &buffer[..len]).unwrap();
            self.rtc.handle_input(Input::Receive(Instant::now(), received)).unwrap();
            self.drive();
        }
    }

    fn drive(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => return at,
                Output::Transmit(datagram) => {
                    let _ = self.socket.try_send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    let mut api = self.rtc.direct_api();
                    let mid = api.stream_rx(&packet.header.ssrc).map(|stream| stream.mid());
                    if mid.is_some_and(|mid| self.video.contains(&mid)) {
                        self.seen.video.push(packet.payload.to_vec());
                    }
                    self.seen.payloads.push(packet.payload.to_vec());
                }
                Output::Event(_) => {}
            }
        }
    }
}
