//! A client for tests: a link, and what a driver does for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use incamera::testing::Room;
use incamera::wire::{AnnouncedFraming, MediaKind, MediaRequest, RelayTrack};
use incamera::{AnnouncedTrack, Codec, Framing, Track};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::relay::Ask;
use crate::media::{
    IncomingFrame, LinkSettings, MediaEvent, MediaLink, OutgoingFrame, OutgoingTrack,
};

/// After how long something that a test waits for has failed.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// A link at the relay for tests.
pub(super) struct Client {
    pub(super) link: MediaLink,
    pub(super) transport: String,
    events: mpsc::Receiver<MediaEvent>,
    relay: mpsc::UnboundedSender<Ask>,
    /// What nobody has waited for yet.
    kept: VecDeque<MediaEvent>,
    /// How many offers there were.
    pub(super) offers: usize,
    /// What is done to answers.
    pub(super) spoil: fn(String) -> String,
}

/// The end of frames that only show whether anything gets through.
const TRIAL: &[u8] = b"a trial";
/// After how long the next one is sent.
const BETWEEN_TRIALS: Duration = Duration::from_millis(100);

impl Client {
    /// The link of a member, whose transport has a name of this digit.
    pub(super) fn new(
        room: &Room,
        who: usize,
        digit: char,
        relay: &mpsc::UnboundedSender<Ask>,
    ) -> Self {
        let now_ms = room.now().monotonic_ms;
        let (link, events) = MediaLink::start(LinkSettings {
            relay: "127.0.0.1".parse().unwrap(),
            receiver: room[who].receiver(),
            clock: Arc::new(move || now_ms),
        })
        .unwrap();
        link.trust(true).unwrap();
        Self {
            link,
            transport: String::from(digit).repeat(32),
            events,
            relay: relay.clone(),
            kept: VecDeque::new(),
            offers: 0,
            spoil: |answer| answer,
        }
    }

    /// Sends a track; gives the relay's name of it, once it has one.
    pub(super) async fn send(
        &mut self,
        room: &mut Room,
        who: usize,
        (track, codec): (Track, Codec),
        layers: &[&str],
    ) -> String {
        let sealer = room[who].sealer(track, Framing::WebRtc(codec)).unwrap();
        let layers = layers.iter().map(|layer| (*layer).to_owned()).collect();
        self.link.send_track(OutgoingTrack { codec, layers, sealer }).unwrap();
        self.opened(track).await
    }

    /// Waits until an own track has a place; gives the relay's name of it.
    pub(super) async fn opened(&mut self, track: Track) -> String {
        let mid = self
            .next(|event| match event {
                MediaEvent::TrackOpen { track: of, mid } if of == track => Ok(mid),
                other => Err(other),
            })
            .await;
        format!("{}/{mid}", self.transport)
    }

    /// Wants tracks.
    pub(super) fn want(&self, tracks: &[(&str, MediaKind)]) {
        let track = |(track, kind): &(&str, MediaKind)| RelayTrack {
            track: (*track).to_owned(),
            kind: *kind,
            layers: Vec::new(),
        };
        self.link.tracks(tracks.iter().map(track).collect()).unwrap();
    }

    pub(super) async fn write(&self, track: Track, data: &[u8], time: u64) {
        self.write_layer(track, None, data, time).await;
    }

    pub(super) async fn write_layer(
        &self,
        track: Track,
        layer: Option<&str>,
        data: &[u8],
        time: u64,
    ) {
        let layer = layer.map(str::to_owned);
        let frame = OutgoingFrame { track, data: data.to_vec(), time, layer };
        self.link.write(frame).await.unwrap();
    }

    /// The next frame that is no trial.
    pub(super) async fn frame(&mut self) -> IncomingFrame {
        self.next(|event| match event {
            MediaEvent::Frame(frame) if !frame.data.ends_with(TRIAL) => Ok(frame),
            other => Err(other),
        })
        .await
    }

    /// A frame, if one comes within a moment.
    pub(super) async fn frame_soon(&mut self) -> Option<IncomingFrame> {
        timeout(BETWEEN_TRIALS, self.frame()).await.ok()
    }

    /// Tries until frames of `track` get from here to `to`, over what it calls `relay_track`.
    pub(super) async fn reaches(&self, to: &mut Self, what: (Track, Codec), relay_track: &str) {
        self.reaches_in(to, (what, None), relay_track).await;
    }

    /// As [`Self::reaches`], in a layer.
    pub(super) async fn reaches_in(
        &self,
        to: &mut Self,
        ((track, codec), layer): ((Track, Codec), Option<&str>),
        relay_track: &str,
    ) {
        let head: &[u8] = if codec == Codec::Vp8 { super::KEY_FRAME } else { &[] };
        let trial = [head, TRIAL].concat();
        for time in 0..200 {
            self.write_layer(track, layer, &trial, time).await;
            let came = to.next(|event| match event {
                MediaEvent::Frame(frame)
                    if frame.relay_track == relay_track && frame.data == trial =>
                {
                    Ok(())
                }
                other => Err(other),
            });
            if timeout(BETWEEN_TRIALS, came).await.is_ok() {
                return;
            }
        }
        panic!("nothing gets through");
    }

    /// The next event that `wanted` takes; the others are kept, and offers made.
    pub(super) async fn next<T>(
        &mut self,
        mut wanted: impl FnMut(MediaEvent) -> Result<T, MediaEvent>,
    ) -> T {
        for _ in 0..self.kept.len() {
            match wanted(self.kept.pop_front().unwrap()) {
                Ok(found) => return found,
                Err(event) => self.kept.push_back(event),
            }
        }
        timeout(DEADLINE, async {
            loop {
                let event = self.events.recv().await.unwrap();
                let event = match wanted(event) {
                    Ok(found) => return found,
                    Err(event) => event,
                };
                match event {
                    MediaEvent::Request(MediaRequest::Offer { .. }) => self.offer(event),
                    event => self.kept.push_back(event),
                }
            }
        })
        .await
        .expect("it does not happen")
    }

    /// The next offer, which nobody carries to the relay.
    pub(super) async fn offered(&mut self) -> String {
        self.next(|event| match event {
            MediaEvent::Request(MediaRequest::Offer { sdp, .. }) => Ok(sdp),
            other => Err(other),
        })
        .await
    }

    /// Has an offer made, if there is one to make now.
    pub(super) async fn glance(&mut self) {
        let never = self.next(Err::<(), _>);
        let _ = timeout(BETWEEN_TRIALS, never).await;
    }

    /// Carries an offer to the relay, and the answer back.
    fn offer(&mut self, event: MediaEvent) {
        let MediaEvent::Request(MediaRequest::Offer { sdp, wanted }) = event else { return };
        self.offers += 1;
        let (answer, answered) = oneshot::channel();
        let transport = self.transport.clone();
        assert!(self.relay.send(Ask::Offer { transport, sdp, wanted, answer }).is_ok());
        let (link, spoil) = (self.link.clone(), self.spoil);
        tokio::spawn(async move {
            if let Ok(answer) = answered.await {
                let _ = link.answer(spoil(answer));
            }
        });
    }
}

/// What a member announces of a track.
pub(super) fn announced((track, codec): (Track, Codec), transport: &str) -> AnnouncedTrack {
    AnnouncedTrack {
        track,
        codec: codec.name().to_owned(),
        framing: AnnouncedFraming::WebRtc,
        transport: transport.to_owned(),
        muted: false,
    }
}
