//! A track on its way to one receiver: which layer, and under which numbers.

use std::time::{Duration, Instant};

use str0m::media::{Mid, Pt, Rid};
use str0m::rtp::{SeqNo, Ssrc};

/// The clock of video, ticks a second. (Sound has no layers to switch between.)
const CLOCK: u64 = 90_000;
/// A layer of which nothing comes for so long has stopped.
const STOPPED: Duration = Duration::from_millis(500);

/// What one packet of a layer is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbered {
    pub(super) layer: Option<Rid>,
    pub(super) sequence: SeqNo,
    pub(super) time: u32,
    /// Whether it begins a frame.
    pub(super) begins: bool,
    /// Whether it ends one.
    pub(super) ends: bool,
    pub(super) at: Instant,
}

/// The numbers that one packet gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) sequence: u64,
    pub(super) time: u32,
}

/// A stream of a receiver's connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream {
    /// The payload type at its sender's connection, and at this one.
    pub(super) from: Pt,
    pub(super) to: Pt,
    pub(super) source: Ssrc,
}

/// The state of one receiver's copy of a track.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Whose track: a peer's number, and the mid there.
    pub(super) source: (usize, Mid),
    /// The layer that goes out, and the one that is to.
    pub(super) layer: Option<Rid>,
    pub(super) wanted: Option<Rid>,
    begun: bool,
    /// The first sequence number of the layer, and the one that it went out with.
    base: (u64, u64),
    /// Added to the layer's time.
    offset: u32,
    /// Of the packet with the highest number: that number, its time, when, and whether it ended a frame.
    last: Option<(u64, u32, Instant, bool)>,
    /// When something of the wanted layer came that did not go out.
    seen: Option<Instant>,
    /// How it went out last; none again with each offer.
    pub(super) stream: Option<Stream>,
}

impl Outgoing {
    /// Nothing has gone out yet.
    pub(super) fn new(source: (usize, Mid), layer: Option<Rid>) -> Self {
        let (begun, base, offset, last, seen, stream) = Default::default();
        Self { source, layer, wanted: layer, begun, base, offset, last, seen, stream }
    }

    /// The numbers under which a packet goes out; `None` if it does not.
    pub(super) fn take(&mut self, packet: &Numbered) -> Option<Sent> {
        self.switch(packet);
        if packet.layer != self.layer || self.makes_way(packet) {
            return None;
        }
        if !self.begun {
            self.begin(packet);
        }
        // Gaps are kept, so that what is lost can be asked for. What came before the switch is not.
        let ahead = (*packet.sequence).checked_sub(self.base.0)?;
        let sent =
            Sent { sequence: self.base.1 + ahead, time: packet.time.wrapping_add(self.offset) };
        if self.last.is_none_or(|(highest, ..)| sent.sequence > highest) {
            self.last = Some((sent.sequence, sent.time, packet.at, packet.ends));
        }
        Some(sent)
    }

    /// Goes over to the wanted layer where a frame of it begins and none is on its way.
    fn switch(&mut self, packet: &Numbered) {
        if packet.layer == self.layer || packet.layer != self.wanted {
            return;
        }
        self.seen = Some(packet.at);
        let ended = self.last.is_none_or(|(.., at, ended)| {
            // A layer that its sender has stopped ends no frame any more.
            ended || packet.at.saturating_duration_since(at) > STOPPED
        });
        if packet.begins && ended {
            self.begin(packet);
        }
    }

    /// Whether a frame is not begun any more, so that one of the wanted layer can. Senders send their layers
    /// in step: otherwise one would always be on its way when the other begins.
    fn makes_way(&self, packet: &Numbered) -> bool {
        let comes = |at| packet.at.saturating_duration_since(at) < STOPPED;
        self.wanted != self.layer
            && self.seen.is_some_and(comes)
            && self.last.is_some_and(|(highest, .., ended)| {
                let next = (*packet.sequence).saturating_sub(self.base.0) + self.base.1;
                ended && next > highest
            })
    }

    /// From this packet on, its layer goes out.
    fn begin(&mut self, packet: &Numbered) {
        (self.layer, self.seen) = (packet.layer, None);
        self.begun = true;
        self.base = (*packet.sequence, self.last.map_or(1, |(highest, ..)| highest + 1));
        // Clocks of layers have no common origin: it goes on with the time that has passed.
        self.offset = self.last.map_or(0, |(_, time, at, _)| {
            let micros = packet.at.saturating_duration_since(at).as_micros() as u64;
            let ticks = (micros.saturating_mul(CLOCK) / 1_000_000).max(1) as u32;
            time.wrapping_add(ticks).wrapping_sub(packet.time)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Layers {
        start: Instant,
        out: Outgoing,
    }

    impl Layers {
        fn new() -> Self {
            let out = Outgoing::new((0, Mid::from("0")), Some(Rid::from("h")));
            Self { start: Instant::now(), out }
        }

        fn packet(&mut self, layer: &str, sequence: u64, ms: u64, ends: [bool; 2]) -> Option<Sent> {
            let [begins, ends] = ends;
            let at = self.start + Duration::from_millis(ms);
            // Each layer has a clock of its own.
            let time = (ms * 90) as u32 + if layer == "h" { 5 } else { 700_000 };
            let layer = Some(Rid::from(layer));
            self.out.take(&Numbered { layer, sequence: sequence.into(), time, begins, ends, at })
        }
    }

    #[test]
    fn gaps_and_late_packets_keep_their_places() {
        let mut layers = Layers::new();
        let sent = |sent: Option<Sent>| sent.map(|sent| sent.sequence);
        assert_eq!(sent(layers.packet("h", 70_000, 0, [true, true])), Some(1));
        assert_eq!(sent(layers.packet("h", 70_003, 20, [true, true])), Some(4));
        assert_eq!(sent(layers.packet("h", 70_001, 20, [true, true])), Some(2));
        assert_eq!(sent(layers.packet("h", 69_999, 20, [true, true])), None);
        assert_eq!(sent(layers.packet("l", 5, 20, [true, true])), None);
    }

    #[test]
    fn a_switch_waits_for_the_end_of_a_frame_and_goes_on_in_number_and_time() {
        let mut layers = Layers::new();
        layers.packet("h", 100, 0, [true, false]).unwrap();
        layers.out.wanted = Some(Rid::from("l"));
        assert_eq!(layers.packet("l", 9, 10, [true, true]), None);
        let last = layers.packet("h", 101, 12, [false, true]).unwrap();
        // In the middle of a frame of the other layer.
        assert_eq!(layers.packet("l", 11, 15, [false, false]), None);
        let first = layers.packet("l", 12, 22, [true, true]).unwrap();
        assert_eq!(first.sequence, last.sequence + 1);
        assert_eq!(first.time, last.time + 10 * 90);
        assert_eq!(layers.packet("h", 102, 23, [true, true]), None);
        // A late one from before the switch.
        assert_eq!(layers.packet("l", 10, 24, [true, true]), None);
        assert_eq!(layers.packet("l", 13, 42, [true, true]).unwrap().time, first.time + 20 * 90);
    }

    #[test]
    fn layers_in_step_are_switched_all_the_same() {
        let mut layers = Layers::new();
        let mut switched = false;
        for number in 0..6 {
            for ends in [false, true] {
                let sequence = 2 * number + u64::from(ends);
                let high = layers.packet("h", sequence, 33 * number, [!ends, ends]);
                layers.out.wanted = Some(Rid::from("l"));
                let low = layers.packet("l", sequence, 33 * number, [!ends, ends]);
                assert!(high.is_none() || low.is_none());
                switched |= low.is_some();
            }
        }
        assert!(switched);
    }

    #[test]
    fn a_layer_goes_on_while_nothing_of_the_wanted_one_comes() {
        let mut layers = Layers::new();
        layers.packet("h", 1, 0, [true, true]).unwrap();
        layers.out.wanted = Some(Rid::from("l"));
        assert!(layers.packet("h", 2, 20, [true, true]).is_some());
        // It came once, and then no more.
        layers.packet("l", 1, 21, [false, false]);
        assert_eq!(layers.packet("h", 3, 40, [true, true]), None);
        assert!(layers.packet("h", 4, 600, [true, true]).is_some());
    }
}
