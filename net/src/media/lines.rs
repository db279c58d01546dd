//! The media descriptions of a connection, and what each of them carries.
//!
//! `str0m` never takes one out of its offers. So those that carry nothing any more are used again, for
//! something of the same kind, once the relay has answered that they rest.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use incamera::Track;
use incamera::wire::{MediaRequest, WantedTrack};
use str0m::Rtc;
use str0m::change::{SdpAnswer, SdpApi, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Simulcast, SimulcastLayer};

/// The most media descriptions for own tracks, and for those of others, so that an offer stays within the
/// 128 KiB that a relay takes.
const MAX_OWN: usize = 8;
const MAX_THEIRS: usize = 80;
/// The name of the one stream to which all own tracks belong: they are to be played together.
const STREAM: &str = "incamera";

/// Something that wants a media description.
#[derive(Clone)]
pub(super) struct Want<T> {
    /// What it is.
    pub(super) name: T,
    /// Sound or pictures.
    pub(super) kind: MediaKind,
    /// Restriction identifiers of the layers to send.
    pub(super) layers: Vec<String>,
}

/// Whether the relay knows how a media description is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It has answered.
    Yes,
    /// It is to be told of a change, or was and has not answered.
    No,
    /// It is to be told of the whole description, or was and has not answered.
    New,
}

/// A media description.
struct Line<T> {
    mid: Mid,
    /// What it carries; if it is not active, what it carried last.
    want: Want<T>,
    active: bool,
    known: Known,
}

/// All media descriptions of a connection.
#[derive(Default)]
pub(super) struct Lines {
    own: Vec<Line<Track>>,
    theirs: Vec<Line<String>>,
    pending: Option<SdpPendingOffer>,
}

impl Lines {
    /// Whether an offer waits for its answer.
    pub(super) fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    /// The offer under which there is a place for all that is wanted; `None` if there is one already,
    /// or an offer is under way.
    pub(super) fn offer(
        &mut self,
        rtc: &mut Rtc,
        own: &[Want<Track>],
        theirs: &[Want<String>],
    ) -> Option<MediaRequest> {
        if self.is_busy() {
            return None;
        }
        let mut changes = rtc.sdp_api();
        plan(&mut self.own, own, MAX_OWN, Direction::SendOnly, &mut changes);
        plan(&mut self.theirs, theirs, MAX_THEIRS, Direction::RecvOnly, &mut changes);
        let (offer, pending) = changes.apply()?;
        self.pending = Some(pending);
        let wanted = |line: &Line<String>| WantedTrack {
            mid: line.mid.to_string(),
            track: line.want.name.clone(),
        };
        let wanted = self.theirs.iter().filter(|line| line.active).map(wanted).collect();
        Some(MediaRequest::Offer { sdp: shorten(&offer.to_sdp_string()), wanted })
    }

    /// Takes in an answer; gives the own tracks that have a place now, and those that the relay does
    /// not take. Nothing, if no offer is under way.
    pub(super) fn answer(&mut self, rtc: &mut Rtc, sdp: &str) -> Result<Vec<Placed>, String> {
        if !self.is_answer(sdp) {
            return Ok(Vec::new());
        }
        let Some(pending) = self.pending.take() else { return Ok(Vec::new()) };
        accept(rtc, pending, sdp)?;
        let news = self.own.iter().filter(|line| line.active && line.known != Known::Yes);
        let placed = news.map(|line| {
            let taken = rtc.media(line.mid).is_some_and(|media| media.direction().is_sending());
            Placed { track: line.want.name, mid: taken.then_some(line.mid) }
        });
        let placed = placed.collect();
        self.own.iter_mut().for_each(|line| line.known = Known::Yes);
        self.theirs.iter_mut().for_each(|line| line.known = Known::Yes);
        Ok(placed)
    }

    /// Whether this answers the offer that is under way, and not one of an earlier connection: `str0m`
    /// draws identifications at random.
    fn is_answer(&self, sdp: &str) -> bool {
        let said = sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=mid:"));
        let own = self.own.iter().map(|line| line.mid);
        let offered = own.chain(self.theirs.iter().map(|line| line.mid)).collect::<HashSet<_>>();
        said.map(Mid::from).collect::<HashSet<_>>() == offered
    }

    /// The relay has refused the offer.
    pub(super) fn refused(&mut self) {
        if self.pending.take().is_some() {
            // `str0m` rolls back what is new, and nothing else.
            self.own.retain(|line| line.known != Known::New);
            self.theirs.retain(|line| line.known != Known::New);
        }
    }

    /// Whose track a media description receives now.
    pub(super) fn track_of(&self, mid: Mid) -> Option<&str> {
        let line = self.theirs.iter().find(|line| line.mid == mid && line.active)?;
        Some(&line.want.name)
    }

    /// Where somebody's track is received.
    pub(super) fn mid_of(&self, track: &str) -> Option<Mid> {
        let line = self.theirs.iter().find(|line| line.active && line.want.name == track)?;
        Some(line.mid)
    }

    /// Which own track a media description sends now.
    pub(super) fn own_track_of(&self, mid: Mid) -> Option<Track> {
        let line = self.own.iter().find(|line| line.mid == mid && line.active)?;
        Some(line.want.name)
    }
}

/// Gives an answer to `rtc`. If it fails, `rtc` is of no more use.
fn accept(rtc: &mut Rtc, pending: SdpPendingOffer, sdp: &str) -> Result<(), String> {
    // The parser is not ours, and what it parses is a relay's.
    let accept = || {
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
        let accepted = rtc.sdp_api().accept_answer(pending, answer);
        accepted.map_err(|error| error.to_string())
    };
    let accepted = catch_unwind(AssertUnwindSafe(accept));
    accepted.unwrap_or_else(|_| Err("its answer breaks a rule of SDP".to_owned()))
}

/// An offer without what media descriptions that only receive say of sources.
fn shorten(sdp: &str) -> String {
    let mut short = String::with_capacity(sdp.len());
    for section in sdp.split_inclusive("\r\nm=") {
        let receives = section.contains("\r\na=recvonly\r\n");
        let is_needless = |line: &&str| line.starts_with("a=ssrc") || line.starts_with("a=msid:");
        let lines = section.split_inclusive("\r\n");
        short.extend(lines.filter(|line| !(receives && is_needless(line))));
    }
    short
}

/// What an answer says of an own track.
pub(super) struct Placed {
    /// Which.
    pub(super) track: Track,
    /// Its place; `None` if the relay does not take it.
    pub(super) mid: Option<Mid>,
}

/// Changes `lines` so that there is one for each of `wants`, and tells `changes`; those for which there
/// is no room have none.
fn plan<T: Clone + PartialEq>(
    lines: &mut Vec<Line<T>>,
    wants: &[Want<T>],
    most: usize,
    direction: Direction,
    changes: &mut SdpApi<'_>,
) {
    for line in lines.iter_mut().filter(|line| line.active) {
        if !wants.iter().any(|want| line.carries(want)) {
            changes.set_direction(line.mid, Direction::Inactive);
            (line.active, line.known) = (false, Known::No);
        }
    }
    for want in wants {
        if lines.iter().any(|line| line.active && line.carries(want)) {
            continue;
        }
        let rests = lines.iter_mut().filter(|line| line.fits(want));
        if let Some(line) = rests.min_by_key(|line| line.want.name != want.name) {
            changes.set_direction(line.mid, direction);
            line.want = want.clone();
            (line.active, line.known) = (true, Known::No);
        } else if lines.len() < most {
            let (stream, layers) = (Some(STREAM.to_owned()), simulcast(&want.layers));
            let mid = changes.add_media(want.kind, direction, stream, None, layers);
            lines.push(Line { mid, want: want.clone(), active: true, known: Known::New });
        }
    }
}

fn simulcast(layers: &[String]) -> Option<Simulcast> {
    let send = layers.iter().map(|layer| SimulcastLayer::new(layer)).collect::<Vec<_>>();
    (!send.is_empty()).then(|| Simulcast { send, recv: Vec::new() })
}

impl<T: PartialEq> Line<T> {
    /// Whether it is for this.
    fn carries(&self, want: &Want<T>) -> bool {
        self.want.name == want.name && self.is_like(want)
    }

    /// Whether it is free for this.
    fn fits(&self, want: &Want<T>) -> bool {
        !self.active && self.known == Known::Yes && self.is_like(want)
    }

    fn is_like(&self, want: &Want<T>) -> bool {
        self.want.kind == want.kind && self.want.layers == want.layers
    }
}
