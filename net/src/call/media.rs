//! The media of a call: what is said between the meeting, the relay and the media link.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use incamera::wire::{AnnouncedFraming, MediaNotice, MediaRequest, TransportId};
use incamera::{AnnouncedTrack, Codec, Error, Event, Framing, Meeting, MemberId, Now, Track};
use tokio::sync::mpsc;

use super::clock::now;
use super::ending::CallError;
use super::event::{CallEvent, Frame};
use super::outlet::Outlet;
use crate::media::{IncomingFrame, LinkSettings, MediaEvent, MediaLink, OutgoingTrack};

/// After how many milliseconds a media connection that has gone is made anew.
const RESTART_MS: u64 = 1_000;

/// A track that this client sends.
struct Own {
    track: Track,
    codec: Codec,
    /// Its place in the connection, once it has one.
    mid: Option<String>,
    muted: bool,
}

/// Why the relay at the other end of the media connection gets frames.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// It does not.
    None,
    /// The meeting lists no relays.
    Unlisted,
    /// It has proved on this connection that it is one of those listed.
    Proved,
}

/// The media of a call.
pub(super) struct Media {
    link: MediaLink,
    events: Option<mpsc::Receiver<MediaEvent>>,
    /// The relay's address, as signalling reached it.
    relay: IpAddr,
    /// How the relay names this connection.
    transport: Option<TransportId>,
    own: Vec<Own>,
    /// What the others say that they send: the codec, if it is known here, and the relay's name.
    others: HashMap<(MemberId, Track), (Option<Codec>, String)>,
    /// The certificate at the other end of the media connection, while there is one.
    pub(super) certificate_sha256: Option<[u8; 32]>,
    trust: Trust,
    /// Whether what is sent is to be said, and whether anything ever was.
    announces: bool,
    announced: bool,
    restart_at: Option<u64>,
    epoch: Option<u64>,
}

impl Media {
    pub(super) fn new(meeting: &Meeting, relay: IpAddr) -> io::Result<Self> {
        let clock = Arc::new(|| now().monotonic_ms);
        let (link, events) =
            MediaLink::start(LinkSettings { relay, receiver: meeting.receiver(), clock })?;
        Ok(Self {
            link,
            events: Some(events),
            relay,
            transport: None,
            own: Vec::new(),
            others: HashMap::new(),
            certificate_sha256: None,
            trust: Trust::None,
            announces: false,
            announced: false,
            restart_at: None,
            epoch: None,
        })
    }

    /// The next event of the link; for ever none once it has ended.
    pub(super) async fn recv(&mut self) -> MediaEvent {
        if let Some(events) = &mut self.events {
            match events.recv().await {
                Some(event) => return event,
                None => self.events = None,
            }
        }
        core::future::pending().await
    }

    pub(super) fn link(&self) -> MediaLink {
        self.link.clone()
    }

    /// When there is something to do besides.
    pub(super) fn due(&self) -> Option<u64> {
        self.restart_at
    }

    /// Begins to send a track.
    pub(super) fn send(
        &mut self,
        meeting: &mut Meeting,
        track: Track,
        codec: Codec,
        layers: Vec<String>,
    ) -> Result<(), CallError> {
        let sealer = meeting.sealer(track, Framing::WebRtc(codec))?;
        let sent = self.link.send_track(OutgoingTrack { codec, layers, sealer });
        sent.map_err(|error| CallError::Media(error.to_string()))?;
        self.own.push(Own { track, codec, mid: None, muted: false });
        Ok(())
    }

    /// Sends a track no longer.
    pub(super) fn stop(&mut self, track: Track) {
        self.own.retain(|own| own.track != track);
        self.announces = true;
        // The link has ended: then it sends nothing anyway.
        let _ = self.link.stop_track(track);
    }

    /// Notes that a track is silenced, or no longer.
    pub(super) fn silence(&mut self, track: Track, muted: bool) {
        for own in self.own.iter_mut().filter(|own| own.track == track) {
            own.muted = muted;
            self.announces = true;
        }
    }

    /// Asks for a key frame of somebody else's track, by a picture loss indication.
    pub(super) fn want_key_frame(&self, member: MemberId, track: Track) -> Result<(), CallError> {
        let _ = self.link.want_key_frame(self.named_by_relay(member, track)?);
        Ok(())
    }

    /// Asks for another layer of somebody else's track.
    pub(super) fn select_layer(
        &self,
        member: MemberId,
        track: Track,
        layer: &str,
    ) -> Result<(), CallError> {
        let _ = self.link.select_layer(self.named_by_relay(member, track)?, layer);
        Ok(())
    }

    fn named_by_relay(&self, member: MemberId, track: Track) -> Result<&str, CallError> {
        let known = self.others.get(&(member, track)).map(|(_, name)| name.as_str());
        known.ok_or_else(|| CallError::Media("this member has announced no such track".to_owned()))
    }

    /// The signalling connection is a new one: so must the media's be.
    pub(super) fn reconnected(&mut self, relay: IpAddr) {
        self.relay = relay;
        self.transport = None;
        self.restart();
    }

    fn restart(&mut self) {
        self.restart_at = None;
        self.gone();
        let _ = self.link.restart(self.relay);
    }

    /// There is no connection any more, and nothing that was so of it.
    fn gone(&mut self) {
        (self.certificate_sha256, self.trust) = (None, Trust::None);
        self.own.iter_mut().for_each(|own| own.mid = None);
    }

    /// Whether the meeting lists relays: then what is sealed waits for this connection's proof.
    pub(super) fn relays_listed(&mut self, listed: bool) {
        let trust = match (self.trust, listed) {
            (Trust::None, false) => Trust::Unlisted,
            (Trust::Unlisted, true) => Trust::None,
            (trust, _) => trust,
        };
        self.set_trust(trust);
    }

    /// The relay has proved itself with this certificate.
    pub(super) fn proved(&mut self, certificate_sha256: [u8; 32]) {
        // An answer may come after the connection that it is about.
        if self.certificate_sha256 == Some(certificate_sha256) {
            self.set_trust(Trust::Proved);
        }
    }

    #[cfg(test)]
    pub(super) fn trusts(&self) -> bool {
        self.trust != Trust::None
    }

    fn set_trust(&mut self, trust: Trust) {
        if trust != self.trust {
            self.trust = trust;
            let _ = self.link.trust(trust != Trust::None);
        }
    }

    /// The relay names this connection.
    pub(super) fn named(&mut self, transport: TransportId) {
        self.transport = Some(transport);
        self.announces = true;
    }

    /// What the relay says about media.
    pub(super) fn notice(&self, notice: MediaNotice) {
        let _ = match notice {
            MediaNotice::Answer { sdp } => self.link.answer(sdp),
            MediaNotice::Tracks(tracks) => self.link.tracks(tracks),
        };
    }

    /// What has happened in the meeting.
    pub(super) fn happened(&mut self, event: &Event) {
        match event {
            Event::Joined => self.announces = true,
            Event::Tracks { member, tracks } => {
                self.forget(*member);
                for announced in tracks {
                    let codec = Codec::from_name(&announced.codec);
                    let of = (codec, announced.transport.clone());
                    self.others.insert((*member, announced.track), of);
                }
                let _ = self.link.announced(*member, tracks.clone());
            }
            Event::Gone { member, .. } | Event::Returned { was: member, .. } => {
                self.forget(*member);
                let _ = self.link.announced(*member, Vec::new());
            }
            _ => {}
        }
    }

    fn forget(&mut self, member: MemberId) {
        self.others.retain(|(of, _), _| *of != member);
    }

    /// What the link says, for the application; gives what is to be sent to the relay.
    pub(super) fn said(&mut self, event: MediaEvent, outlet: &mut Outlet) -> Option<MediaRequest> {
        match event {
            MediaEvent::Request(request) => return Some(request),
            MediaEvent::Connected { certificate_sha256 } => {
                self.certificate_sha256 = Some(certificate_sha256);
                outlet.tell(CallEvent::MediaConnected);
            }
            MediaEvent::TrackOpen { track, mid } => {
                for own in self.own.iter_mut().filter(|own| own.track == track) {
                    own.mid = Some(mid.clone());
                }
                self.announces = true;
            }
            MediaEvent::Frame(frame) => {
                let IncomingFrame { member, track, layer, data, time, .. } = frame;
                let codec = self.others.get(&(member, track)).and_then(|(codec, _)| *codec);
                outlet.offer(CallEvent::Frame(Frame { member, track, codec, layer, data, time }));
            }
            MediaEvent::Silence { member, track } => {
                outlet.offer(CallEvent::Silence { member, track });
            }
            MediaEvent::KeyFrameWanted { track, layer } => {
                outlet.offer(CallEvent::KeyFrameWanted { track, layer });
            }
            MediaEvent::Unsent { track, why } => {
                outlet.offer(CallEvent::NotSent { track, why: why.to_string() });
            }
            MediaEvent::Closed(why) => {
                self.gone();
                self.restart_at = Some(now().monotonic_ms + RESTART_MS);
                outlet.tell(CallEvent::MediaLost { why: why.to_string() });
            }
        }
        None
    }

    /// Does what is due: says what is sent, hands on a new epoch, and begins anew.
    pub(super) fn tend(&mut self, meeting: &mut Meeting, now: Now) {
        let epoch = meeting.epoch();
        if epoch != self.epoch {
            self.epoch = epoch;
            let _ = self.link.epoch_changed();
        }
        if self.restart_at.is_some_and(|at_ms| now.monotonic_ms >= at_ms) {
            self.restart();
        }
        if self.announces
            && let Some(transport) = self.transport
        {
            let tracks: Vec<_> =
                self.own.iter().filter_map(|own| announced(own, transport)).collect();
            if tracks.is_empty() && !self.announced {
                self.announces = false;
                return;
            }
            match meeting.announce(tracks, now) {
                // It is said once this client is in, or back.
                Err(Error::NotJoined | Error::Broken) => {}
                _ => (self.announces, self.announced) = (false, true),
            }
        }
    }
}

fn announced(own: &Own, transport: TransportId) -> Option<AnnouncedTrack> {
    Some(AnnouncedTrack {
        track: own.track,
        codec: own.codec.name().to_owned(),
        framing: AnnouncedFraming::WebRtc,
        transport: format!("{transport}/{}", own.mid.as_ref()?),
        muted: own.muted,
    })
}
