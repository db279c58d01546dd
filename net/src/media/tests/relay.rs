//! A relay for tests: one ICE-lite `str0m` in RTP mode for each client, packets are passed on as they come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use incamera::wire::WantedTrack;
use str0m::change::SdpOffer;
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, KeyframeRequest, KeyframeRequestKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

/// What a test asks of the relay.
pub(super) enum Ask {
    /// An offer, of the client with this transport.
    Offer {
        transport: String,
        sdp: String,
        wanted: Vec<WantedTrack>,
        answer: oneshot::Sender<String>,
    },
    /// The next packets of everybody are lost.
    Lose { packets: usize },
    /// A client is closed.
    Close { transport: String },
    /// A client is forgotten.
    Forget { transport: String },
}

/// A client, as the relay sees it.
struct Peer {
    transport: String,
    rtc: Rtc,
    socket: Arc<UdpSocket>,
    /// The mids under which it gets which tracks.
    wanted: HashMap<String, Mid>,
    /// The layers of its tracks that are passed on, if they have any: the first that comes.
    layers: HashMap<Mid, Rid>,
}

/// The relay: gives up when nobody asks any more.
pub(super) fn start() -> mpsc::UnboundedSender<Ask> {
    let (asks, mut asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (packets, mut received) = mpsc::unbounded_channel();
        let (mut peers, mut lose) = (Vec::new(), 0);
        loop {
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(ask) => carry_out(ask, &mut peers, &mut lose, &packets).await,
                    None => return,
                },
                Some((transport, source, bytes)) = received.recv() => {
                    take(&mut peers, &transport, source, &bytes);
                }
                () = sleep(Duration::from_millis(5)) => {}
            }
            for peer in &mut peers {
                let _ = peer.rtc.handle_input(Input::Timeout(Instant::now().into_std()));
            }
            // What one client sends is for another: around once more.
            while poll(&mut peers, &mut lose).await {}
        }
    });
    asks
}

type Packets = mpsc::UnboundedSender<(String, std::net::SocketAddr, Vec<u8>)>;

async fn carry_out(ask: Ask, peers: &mut Vec<Peer>, lose: &mut usize, packets: &Packets) {
    match ask {
        Ask::Offer { transport, sdp, wanted, answer } => {
            if !peers.iter().any(|peer| peer.transport == transport) {
                peers.push(Peer::new(transport.clone(), packets.clone()).await);
            }
            let peer = peers.iter_mut().find(|peer| peer.transport == transport).unwrap();
            let offer = SdpOffer::from_sdp_string(&sdp).unwrap();
            let sdp = peer.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
            let mid = |it: WantedTrack| (it.track, Mid::from(it.mid.as_str()));
            peer.wanted = wanted.into_iter().map(mid).collect();
            for mid in peer.wanted.values() {
                let media = peer.rtc.media(*mid).unwrap();
                assert_eq!(media.direction(), Direction::SendOnly);
            }
            answer.send(sdp).unwrap();
        }
        Ask::Forget { transport } => peers.retain(|peer| peer.transport != transport),
        Ask::Lose { packets } => *lose = packets,
        Ask::Close { transport } => {
            let peer = peers.iter_mut().find(|peer| peer.transport == transport).unwrap();
            peer.rtc.close().unwrap();
        }
    }
}

fn take(peers: &mut [Peer], transport: &str, source: std::net::SocketAddr, bytes: &[u8]) {
    let Some(peer) = peers.iter_mut().find(|peer| peer.transport == transport) else { return };
    let destination = peer.socket.local_addr().unwrap();
    let Ok(contents) = bytes.try_into() else { return };
    let received = Receive { proto: Protocol::Udp, source, destination, contents };
    let _ = peer.rtc.handle_input(Input::Receive(Instant::now().into_std(), received));
}

/// Empties all clients once; whether something was passed on.
async fn poll(peers: &mut [Peer], lose: &mut usize) -> bool {
    let (mut packets, mut asks) = (Vec::new(), Vec::new());
    for peer in peers.iter_mut() {
        loop {
            match peer.rtc.poll_output().unwrap() {
                Output::Timeout(_) => break,
                Output::Transmit(it) => {
                    peer.socket.send_to(&it.contents, it.destination).await.unwrap();
                }
                Output::Event(Event::RtpPacket(packet)) => packets.extend(peer.named(packet)),
                Output::Event(Event::KeyframeRequest(request)) => asks.extend(peer.asks(request)),
                Output::Event(_) => {}
            }
        }
    }
    let passed = !packets.is_empty() || !asks.is_empty();
    for (track, packet) in packets {
        if *lose > 0 {
            *lose -= 1;
            continue;
        }
        for peer in peers.iter_mut() {
            peer.pass_on(&track, &packet);
        }
    }
    for track in asks {
        for peer in peers.iter_mut() {
            peer.ask(&track);
        }
    }
    passed
}

impl Peer {
    async fn new(transport: String, packets: Packets) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
        let provider = Arc::new(from_feature_flags());
        let config = RtcConfig::new().set_crypto_provider(provider).set_ice_lite(true);
        let mut rtc = config.set_rtp_mode(true).build(Instant::now().into_std());
        let local = socket.local_addr().unwrap();
        rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
        let (reads, name) = (socket.clone(), transport.clone());
        tokio::spawn(async move {
            let mut bytes = vec![0; 2_000];
            while let Ok((len, source)) = reads.recv_from(&mut bytes).await {
                if packets.send((name.clone(), source, bytes[..len].to_vec())).is_err() {
                    return;
                }
            }
        });
        Self { transport, rtc, socket, wanted: HashMap::new(), layers: HashMap::new() }
    }

    /// The relay's name of the track to which a packet belongs, if it is to be passed on.
    fn named(&mut self, packet: RtpPacket) -> Option<(String, RtpPacket)> {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&packet.header.ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let passes = rid.is_none_or(|rid| *self.layers.entry(mid).or_insert(rid) == rid);
        passes.then(|| (format!("{}/{mid}", self.transport), packet))
    }

    fn asks(&self, request: KeyframeRequest) -> Option<String> {
        self.wanted.iter().find(|(_, mid)| **mid == request.mid).map(|(track, _)| track.clone())
    }

    fn pass_on(&mut self, track: &str, packet: &RtpPacket) {
        let Some(mid) = self.wanted.get(track) else { return };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(*mid, None) else { return };
        let header = &packet.header;
        let now = Instant::now().into_std();
        let write = RtpWrite::new(
            header.payload_type,
            packet.seq_no,
            header.timestamp,
            now,
            packet.payload.clone(),
        );
        stream.write_rtp(write.marker(header.marker).nackable(true));
    }

    fn ask(&mut self, track: &str) {
        let Some(mid) = track.strip_prefix(&format!("{}/", self.transport)) else { return };
        let mid = Mid::from(mid);
        let rid = self.layers.get(&mid).copied();
        let mut api = self.rtc.direct_api();
        if let Some(stream) = api.stream_rx_by_mid(mid, rid) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }
}
