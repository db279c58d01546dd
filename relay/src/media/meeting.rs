//! Who sends what to whom: the tracks of meetings and their receivers.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use incamera_wire::{MeetingId, RelayTrack, TransportId};
use str0m::media::{Mid, Rid};

use super::outgoing::Outgoing;
use super::peer::{Peer, Track};
use crate::hex;

/// The most tracks of one list: the wire's limit.
const MAX_LISTED: usize = 1_024;

/// All transports of one worker, by number.
#[derive(Default)]
pub(super) struct Peers {
    all: Vec<Option<Box<Peer>>>,
    by_transport: HashMap<TransportId, usize>,
    meetings: HashMap<MeetingId, Vec<usize>>,
    /// Meetings whose tracks have changed since the last lists.
    changed: Vec<MeetingId>,
    /// How many tracks there were when they were counted last.
    counted: u64,
}

/// The relay's name of a track.
fn name(transport: TransportId, mid: Mid) -> String {
    format!("{transport}/{mid}")
}

impl Peers {
    pub(super) fn get(&mut self, number: usize) -> Option<&mut Peer> {
        self.all.get_mut(number)?.as_deref_mut()
    }

    pub(super) fn number(&self, transport: TransportId) -> Option<usize> {
        self.by_transport.get(&transport).copied()
    }

    pub(super) fn add(&mut self, peer: Peer) -> usize {
        let (meeting, transport) = (peer.meeting, peer.transport);
        let free = self.all.iter().position(Option::is_none).unwrap_or(self.all.len());
        let peer = Some(Box::new(peer));
        match self.all.get_mut(free) {
            Some(place) => *place = peer,
            None => self.all.push(peer),
        }
        self.by_transport.insert(transport, free);
        self.meetings.entry(meeting).or_default().push(free);
        self.changed(meeting);
        free
    }

    /// Takes a transport out, and with it its tracks.
    pub(super) fn remove(&mut self, number: usize) -> Option<Box<Peer>> {
        self.clear(number);
        let peer = self.all.get_mut(number)?.take()?;
        self.by_transport.remove(&peer.transport);
        if let Some(members) = self.meetings.get_mut(&peer.meeting) {
            members.retain(|member| *member != number);
            if members.is_empty() {
                self.meetings.remove(&peer.meeting);
            }
        }
        Some(peer)
    }

    /// A transport's connection is over: it sends and gets nothing.
    pub(super) fn clear(&mut self, number: usize) {
        let Some(peer) = self.get(number) else { return };
        let meeting = peer.meeting;
        let (sent, received) = (std::mem::take(&mut peer.sent), std::mem::take(&mut peer.received));
        for (mid, Outgoing { source, .. }) in received {
            self.detach(source, (number, mid));
        }
        for (to, mid) in sent.into_values().flat_map(|track| track.receivers) {
            if let Some(peer) = self.get(to) {
                peer.received.remove(&mid);
            }
        }
        self.changed(meeting);
    }

    /// A source does not send to this receiver any more.
    fn detach(&mut self, (source, mid): (usize, Mid), receiver: (usize, Mid)) {
        let track = self.get(source).and_then(|peer| peer.sent.get_mut(&mid));
        if let Some(track) = track {
            track.receivers.retain(|known| *known != receiver);
        }
    }

    /// A description of a transport's media is new or another: whether it is not one too many.
    pub(super) fn described(&mut self, number: usize, mid: Mid) -> bool {
        let Some(peer) = self.get(number) else { return true };
        let meeting = peer.meeting;
        let Some((kind, [sends, receives], layers)) = peer.media(mid) else { return true };
        let mut changed = false;
        if sends && !peer.sent.contains_key(&mid) {
            if peer.sent.len() >= peer.most_tracks {
                return false;
            }
            peer.sent.insert(mid, Track::new(kind, layers));
            changed = true;
        }
        let gone = if sends { None } else { peer.sent.remove(&mid) };
        let unwanted = if receives { None } else { peer.received.remove(&mid) };
        changed |= gone.is_some();
        if let Some(Outgoing { source, .. }) = unwanted {
            self.detach(source, (number, mid));
        }
        for (to, mid) in gone.into_iter().flat_map(|track| track.receivers) {
            if let Some(peer) = self.get(to) {
                peer.received.remove(&mid);
            }
        }
        if changed {
            self.changed(meeting);
        }
        true
    }

    /// The transport with this number is to get a track under `mid`. Gives the track's place, if there is
    /// one of that name in its meeting; it may have gone a moment ago.
    pub(super) fn attach(&mut self, number: usize, mid: Mid, track: &str) -> Option<(usize, Mid)> {
        let meeting = self.get(number)?.meeting;
        let (source, layer) = self.find(meeting, track)?;
        if source.0 == number {
            return None;
        }
        let peer = self.get(number)?;
        if peer.received.get(&mid).is_some_and(|known| known.source == source) {
            return None;
        }
        let before = peer.received.insert(mid, Outgoing::new(source, layer));
        if let Some(Outgoing { source, .. }) = before {
            self.detach(source, (number, mid));
        }
        let track = self.get(source.0)?.sent.get_mut(&source.1)?;
        track.receivers.push((number, mid));
        Some(source)
    }

    /// A track by its name, and the layer in which it is sent first.
    fn find(&mut self, meeting: MeetingId, track: &str) -> Option<((usize, Mid), Option<Rid>)> {
        let (transport, mid) = track.split_once('/')?;
        let number = self.number(TransportId::new(hex::decode(transport)?))?;
        let peer = self.get(number)?;
        // SPEC [S8]
        if peer.meeting != meeting {
            return None;
        }
        let mid = Mid::from(mid);
        Some(((number, mid), peer.sent.get(&mid)?.layers.first().copied()))
    }

    /// A receiver wants another layer. Gives the track's place, if there is such a layer.
    pub(super) fn select(
        &mut self,
        number: usize,
        track: &str,
        layer: Rid,
    ) -> Option<(usize, Mid)> {
        let meeting = self.get(number)?.meeting;
        let (source, _) = self.find(meeting, track)?;
        let known = self.get(source.0)?.sent.get(&source.1)?.layers.contains(&layer);
        let peer = self.get(number).filter(|_| known)?;
        let outgoing = peer.received.values_mut().find(|outgoing| outgoing.source == source)?;
        outgoing.wanted = Some(layer);
        Some(source)
    }

    /// Somebody needs a key frame of a track: the sender is asked, now or when it may be.
    pub(super) fn ask_key_frame(
        &mut self,
        (source, mid): (usize, Mid),
        layer: Option<Rid>,
        now: Instant,
        interval: Duration,
    ) -> bool {
        let Some(peer) = self.get(source) else { return false };
        // A layer of which nothing has come begins with a key frame by itself.
        if !peer.has_come(mid, layer) {
            return false;
        }
        let may = peer.sent.get_mut(&mid).is_some_and(|track| track.ask(layer, now, interval));
        if may {
            peer.ask_key_frame(mid, layer);
        }
        may
    }

    /// How many tracks are sent.
    pub(super) fn count_tracks(&self) -> u64 {
        self.all.iter().flatten().map(|peer| peer.sent.len() as u64).sum()
    }

    /// Notes the count, and gives the one before.
    pub(super) fn counted(&mut self, now: u64) -> u64 {
        std::mem::replace(&mut self.counted, now)
    }

    fn changed(&mut self, meeting: MeetingId) {
        if !self.changed.contains(&meeting) {
            self.changed.push(meeting);
        }
    }

    /// Tells all transports of the meetings that have changed which tracks there are.
    pub(super) fn tell_lists(&mut self) {
        for meeting in std::mem::take(&mut self.changed) {
            let members = self.meetings.get(&meeting).cloned().unwrap_or_default();
            let lists: Vec<Vec<RelayTrack>> =
                members.iter().map(|member| self.tracks_of(*member)).collect();
            for member in &members {
                let others = members.iter().zip(&lists).filter(|(other, _)| *other != member);
                let all = others.flat_map(|(_, tracks)| tracks).take(MAX_LISTED).cloned().collect();
                if let Some(peer) = self.get(*member) {
                    peer.tell_tracks(all);
                }
            }
        }
    }

    fn tracks_of(&mut self, number: usize) -> Vec<RelayTrack> {
        let Some(peer) = self.get(number) else { return Vec::new() };
        let transport = peer.transport;
        let listed = |(mid, track): (&Mid, &Track)| RelayTrack {
            track: name(transport, *mid),
            kind: track.kind,
            layers: track.layers.iter().take(4).map(ToString::to_string).collect(),
        };
        let mut tracks: Vec<RelayTrack> = peer.sent.iter().map(listed).collect();
        tracks.sort_by(|one, other| one.track.cmp(&other.track));
        tracks
    }
}
