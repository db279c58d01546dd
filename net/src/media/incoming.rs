//! The tracks of others: opened here.

use std::collections::HashMap;
use std::time::Duration;

use incamera::wire::StayId;
use incamera::{AnnouncedTrack, Codec, FrameError, Framing, Opened, Receiver, Released, Track};
use str0m::media::{MediaData, Rid};
use tokio::time::Instant;

use super::codecs;
use super::connection::Connection;
use super::face::{Clock, IncomingFrame, MediaEvent};
use super::outlet::Outlet;

/// How often it is looked whether held frames can be opened, besides changes of epoch.
const POLL_HELD: Duration = Duration::from_millis(20);
/// Key frames of a track are asked for no more often.
const BETWEEN_KEY_FRAMES: Duration = Duration::from_secs(1);

/// What a member says that a relay's track is.
#[derive(Clone, Copy)]
struct Claim {
    member: StayId,
    track: Track,
    framing: Framing,
}

/// Where a frame came from.
struct Origin {
    relay_track: String,
    codec: Codec,
    time: u64,
}

/// What there is of a relay's track.
#[derive(Default)]
struct Theirs {
    /// Whether a frame has come.
    begun: bool,
    /// The layer in which frames come, if the relay says.
    rid: Option<Rid>,
    /// Whether a key frame is to be asked for.
    asks: bool,
    /// When that was done last.
    asked: Option<Instant>,
}

/// All tracks of others.
pub(super) struct Incoming {
    receiver: Receiver,
    clock: Clock,
    claims: HashMap<String, Vec<Claim>>,
    theirs: HashMap<String, Theirs>,
    /// Where frames came from that the receiver holds.
    held: HashMap<u64, Origin>,
    next_tag: u64,
}

impl Incoming {
    pub(super) fn new(receiver: Receiver, clock: Clock) -> Self {
        Self {
            receiver,
            clock,
            claims: HashMap::new(),
            theirs: HashMap::new(),
            held: HashMap::new(),
            next_tag: 0,
        }
    }

    /// What a member says that it sends, in place of what it said before.
    pub(super) fn announced(&mut self, member: StayId, tracks: Vec<AnnouncedTrack>) {
        self.claims.retain(|_, claims| {
            claims.retain(|claim| claim.member != member);
            !claims.is_empty()
        });
        for announced in tracks {
            if let Some(framing) = Framing::of(&announced) {
                let claim = Claim { member, track: announced.track, framing };
                self.claims.entry(announced.transport).or_default().push(claim);
            }
        }
    }

    /// Nothing is known any more of relay's tracks but these.
    pub(super) fn keep(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.theirs.retain(|track, _| is_wanted(track));
    }

    /// Opens a frame.
    pub(super) fn take(&mut self, relay_track: &str, data: &MediaData, outlet: &mut Outlet) {
        let Some(codec) = codecs::of(&data.params) else { return };
        self.note(relay_track, codec, data);
        let origin = Origin { relay_track: relay_track.to_owned(), codec, time: data.time.numer() };
        let mut plain = Vec::with_capacity(data.data.len());
        let outcome = self.open(&origin, &data.data, &mut plain);
        if outcome == Ok(Opened::Held) {
            self.held.insert(self.next_tag, origin);
            self.next_tag = self.next_tag.wrapping_add(1);
        } else {
            self.settle(origin, outcome, plain, outlet);
        }
    }

    /// Notes what a packet says of the track.
    fn note(&mut self, relay_track: &str, codec: Codec, data: &MediaData) {
        if !self.theirs.contains_key(relay_track) {
            self.theirs.insert(relay_track.to_owned(), Theirs::default());
        }
        let Some(theirs) = self.theirs.get_mut(relay_track) else { return };
        theirs.rid = data.rid;
        let is_lost = if theirs.begun { !data.contiguous } else { !data.is_keyframe() };
        theirs.asks |= is_lost && is_video(codec);
        theirs.begun = true;
    }

    /// Opens a frame with the framing that was announced, or that of its codec. If several members
    /// claim a track, it is opened with the first framing with which it opens.
    fn open(
        &mut self,
        origin: &Origin,
        sealed: &[u8],
        plain: &mut Vec<u8>,
    ) -> Result<Opened, FrameError> {
        let (now_ms, tag, receiver) = ((self.clock)(), self.next_tag, &mut self.receiver);
        let claims = self.claims.get(&origin.relay_track).map(Vec::as_slice).unwrap_or_default();
        let mut outcome = Err(FrameError::Malformed);
        let mut tried = Vec::new();
        for claim in claims {
            if !tried.contains(&claim.framing) {
                tried.push(claim.framing);
                outcome = receiver.open_framed(claim.framing, tag, sealed, now_ms, plain);
            }
            if outcome.is_ok() {
                return outcome;
            }
        }
        if claims.is_empty() {
            let framing = Framing::WebRtc(origin.codec);
            outcome = receiver.open_framed(framing, tag, sealed, now_ms, plain);
        }
        outcome
    }

    /// Says what was in a frame, if it is whose it should be.
    fn settle(
        &mut self,
        origin: Origin,
        outcome: Result<Opened, FrameError>,
        data: Vec<u8>,
        outlet: &mut Outlet,
    ) {
        match outcome {
            Ok(Opened::Frame { member, track, layer })
                if self.is_claimed(&origin.relay_track, member, track) =>
            {
                let Origin { relay_track, time, codec } = origin;
                let frame = IncomingFrame {
                    member,
                    track,
                    layer,
                    data,
                    time,
                    relay_track: relay_track.clone(),
                };
                if !outlet.offer(MediaEvent::Frame(frame)) && is_video(codec) {
                    self.want_key_frame(&relay_track);
                }
            }
            Ok(Opened::Silence { member, track })
                if self.is_claimed(&origin.relay_track, member, track) =>
            {
                outlet.offer(MediaEvent::Silence { member, track });
            }
            Ok(_) | Err(FrameError::NotAllowed | FrameError::Ended) => {}
            Err(error) => {
                tracing::trace!(%error, track = origin.relay_track, "a frame does not open");
                if is_video(origin.codec) {
                    self.want_key_frame(&origin.relay_track);
                }
            }
        }
    }

    /// Whether a track is a member's, as far as anybody has said.
    fn is_claimed(&self, relay_track: &str, member: StayId, track: Track) -> bool {
        let is_it = |claim: &Claim| claim.member == member && claim.track == track;
        self.claims.get(relay_track).is_none_or(|claims| claims.iter().any(is_it))
    }

    /// Opens held frames whose epoch has come; gives when it is to be looked again.
    pub(super) fn release(&mut self, now: Instant, outlet: &mut Outlet) -> Option<Instant> {
        let now_ms = (self.clock)();
        loop {
            let mut plain = Vec::new();
            let Some(Released { tag, outcome }) = self.receiver.poll(now_ms, &mut plain) else {
                break;
            };
            if let Some(origin) = self.held.remove(&tag) {
                self.settle(origin, outcome, plain, outlet);
            }
        }
        (self.receiver.held() > 0).then(|| now + POLL_HELD)
    }

    /// A key frame is to be asked for.
    pub(super) fn want_key_frame(&mut self, relay_track: &str) {
        if let Some(theirs) = self.theirs.get_mut(relay_track) {
            theirs.asks = true;
        } else {
            let theirs = Theirs { asks: true, ..Theirs::default() };
            self.theirs.insert(relay_track.to_owned(), theirs);
        }
    }

    /// Asks for the key frames that are due; gives when the next ones are.
    pub(super) fn ask_key_frames(
        &mut self,
        now: Instant,
        connection: &mut Connection,
    ) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for (track, theirs) in self.theirs.iter_mut().filter(|(_, theirs)| theirs.asks) {
            let due = theirs.asked.map_or(now, |asked| asked + BETWEEN_KEY_FRAMES);
            if now < due {
                next = Some(next.map_or(due, |next| next.min(due)));
            } else if let Some(mid) = connection.lines().mid_of(track)
                && connection.ask_key_frame(mid, theirs.rid)
            {
                (theirs.asks, theirs.asked) = (false, Some(now));
            }
        }
        next
    }
}

fn is_video(codec: Codec) -> bool {
    codec != Codec::Opus
}
