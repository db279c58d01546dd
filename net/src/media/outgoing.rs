//! The tracks of this client: sealed here.

use std::time::Duration;

use incamera::{Codec, Sealer, Track};
use str0m::media::Mid;
use tokio::time::Instant;

use super::codecs;
use super::connection::Connection;
use super::face::{Clock, MediaEvent, OutgoingFrame, OutgoingTrack, Unsent};
use super::lines::{Placed, Want};
use super::outlet::Outlet;

/// Key frames of a track are asked for no more often.
const BETWEEN_KEY_FRAMES: Duration = Duration::from_secs(1);

/// Whether a track can be sent.
enum Place {
    /// The relay has not answered yet.
    None,
    /// The relay does not take it.
    Refused,
    /// Here.
    At(Mid),
}

/// A track of this client.
struct Own {
    codec: Codec,
    layers: Vec<String>,
    sealer: Sealer,
    place: Place,
    /// Why the last frame was not sent, if it was not.
    unsent: Option<Unsent>,
    /// How many frames in a row were not sent.
    dropped: u64,
    /// The layers of which key frames are to be asked for.
    asked: Vec<Option<String>>,
    /// When that was done last.
    told: Option<Instant>,
}

/// All tracks of this client.
pub(super) struct Outgoing {
    own: Vec<Own>,
    clock: Clock,
    sealed: Vec<u8>,
    /// Whether the relay may get frames (SPEC \[M13\]).
    trusted: bool,
}

impl Outgoing {
    pub(super) fn new(clock: Clock) -> Self {
        Self { own: Vec::new(), clock, sealed: Vec::new(), trusted: false }
    }

    /// One more track, or one in place of the same.
    pub(super) fn add(&mut self, OutgoingTrack { codec, layers, sealer }: OutgoingTrack) {
        self.remove(sealer.track());
        self.own.push(Own {
            codec,
            layers,
            sealer,
            place: Place::None,
            unsent: None,
            dropped: 0,
            asked: Vec::new(),
            told: None,
        });
    }

    /// One track less.
    pub(super) fn remove(&mut self, track: Track) {
        self.own.retain(|own| own.sealer.track() != track);
    }

    /// The places that they need.
    pub(super) fn wants(&self) -> Vec<Want<Track>> {
        let want = |own: &Own| Want {
            name: own.sealer.track(),
            kind: codecs::kind(own.codec),
            layers: own.layers.clone(),
        };
        self.own.iter().map(want).collect()
    }

    /// What became of a place; if there is one, it is said once the connection `stands`.
    pub(super) fn place(&mut self, placed: Placed, stands: bool, outlet: &mut Outlet) {
        let Some(own) = self.find(placed.track) else { return };
        own.place = placed.mid.map_or(Place::Refused, Place::At);
        if stands {
            own.open(outlet);
        }
    }

    /// The connection stands.
    pub(super) fn connected(&mut self, outlet: &mut Outlet) {
        self.own.iter().for_each(|own| own.open(outlet));
    }

    /// The connection is gone.
    pub(super) fn disconnected(&mut self) {
        self.trusted = false;
        self.own.iter_mut().for_each(|own| own.place = Place::None);
    }

    /// Says whether the relay may get frames.
    pub(super) fn trust(&mut self, trusted: bool) {
        self.trusted = trusted;
    }

    /// Seals and sends a frame. What becomes of it is said once, until it is something else.
    pub(super) fn write(
        &mut self,
        frame: &OutgoingFrame,
        connection: Option<&mut Connection>,
        outlet: &mut Outlet,
    ) {
        let now_ms = (self.clock)();
        let mut sealed = core::mem::take(&mut self.sealed);
        sealed.clear();
        let (track, trusted) = (frame.track, self.trusted);
        let stands = connection.as_ref().is_some_and(|connection| connection.stands());
        // One that has been stopped meanwhile has nobody to tell.
        if let Some(own) = self.find(track) {
            // SPEC [M13]
            let sent = if stands && !trusted {
                Err(Unsent::NotProved)
            } else {
                own.send(frame, connection, now_ms, &mut sealed)
            };
            match sent {
                Ok(()) => own.sent(),
                Err(why) => own.not_sent(why, outlet),
            }
        }
        self.sealed = sealed;
    }

    /// A key frame of a track is asked for.
    pub(super) fn ask(&mut self, track: Track, layer: Option<String>) {
        let Some(own) = self.find(track) else { return };
        let layer = layer.filter(|layer| own.layers.contains(layer));
        if !own.asked.contains(&layer) {
            own.asked.push(layer);
        }
    }

    /// Says which key frames are due; gives when the next ones are.
    pub(super) fn tell_asked(&mut self, now: Instant, outlet: &mut Outlet) -> Option<Instant> {
        let waiting = self.own.iter_mut().filter(|own| !own.asked.is_empty());
        waiting.filter_map(|own| own.tell_asked(now, outlet)).min()
    }

    fn find(&mut self, track: Track) -> Option<&mut Own> {
        self.own.iter_mut().find(|own| own.sealer.track() == track)
    }
}

impl Own {
    fn open(&self, outlet: &mut Outlet) {
        if let Place::At(mid) = self.place {
            let track = self.sealer.track();
            outlet.tell(MediaEvent::TrackOpen { track, mid: mid.to_string() });
        }
    }

    fn send(
        &mut self,
        frame: &OutgoingFrame,
        connection: Option<&mut Connection>,
        now_ms: u64,
        sealed: &mut Vec<u8>,
    ) -> Result<(), Unsent> {
        let connection = connection.filter(|connection| connection.stands());
        let (Some(connection), Place::At(mid)) = (connection, &self.place) else {
            let refused = matches!(self.place, Place::Refused);
            return Err(if refused { Unsent::NotTaken } else { Unsent::NotConnected });
        };
        let fits = match &frame.layer {
            Some(layer) => self.layers.contains(layer),
            None => self.layers.is_empty(),
        };
        if !fits {
            return Err(Unsent::NotTaken);
        }
        self.sealer.seal(&frame.data, now_ms, sealed)?;
        if sealed.is_empty() {
            return Ok(());
        }
        connection.write((*mid, frame.layer.as_deref()), self.codec, frame.time, sealed)
    }

    fn sent(&mut self) {
        if self.dropped > 0 {
            let (track, dropped) = (self.sealer.track(), self.dropped);
            tracing::debug!(?track, dropped, "frames could not be sent; now they can");
        }
        (self.unsent, self.dropped) = (None, 0);
    }

    fn not_sent(&mut self, why: Unsent, outlet: &mut Outlet) {
        self.dropped = self.dropped.saturating_add(1);
        if self.unsent != Some(why)
            && outlet.offer(MediaEvent::Unsent { track: self.sealer.track(), why })
        {
            self.unsent = Some(why);
        }
    }

    fn tell_asked(&mut self, now: Instant, outlet: &mut Outlet) -> Option<Instant> {
        let due = self.told.map_or(now, |told| told + BETWEEN_KEY_FRAMES);
        if now < due {
            return Some(due);
        }
        self.told = Some(now);
        let track = self.sealer.track();
        for layer in self.asked.drain(..) {
            outlet.tell(MediaEvent::KeyFrameWanted { track, layer });
        }
        None
    }
}
