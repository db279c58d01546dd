//! The media relay, which nobody trusts: it delays, reorders and drops, and beside the genuine
//! frames it sends tampered, replayed and invented ones.

use std::collections::BTreeMap;

use crate::forge;
use crate::ledger::Frame;
use crate::net::Kind;
use crate::queue::Dice;

/// Frames in a thousand that the network loses, for each receiver.
const DROPPED_PERMILLE: u64 = 20;
/// Frames in a thousand that come very late, within or after the grace of their epoch.
const LATE_PERMILLE: u64 = 5;
/// How often, in a thousand frames, the relay tries each of its three tricks.
const TRICK_PERMILLE: u64 = 20;

/// What a copy of a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// The frame as it was sealed, for the first time.
    Genuine,
    /// A genuine frame with a change.
    Tampered,
    /// A genuine frame that this receiver got before.
    Replayed,
    /// A frame that nobody sealed, or the receiver's own.
    Injected,
}

/// One delivery to one receiver.
pub(crate) struct Copy {
    /// The seat of the receiver.
    pub(crate) to: usize,
    /// What it is.
    pub(crate) nature: Nature,
    /// The genuine frame, for all natures but `Injected`.
    pub(crate) frame: Option<usize>,
    /// What kind the packet says it is.
    pub(crate) kind: Kind,
    /// What is sent.
    pub(crate) bytes: Vec<u8>,
}

impl Copy {
    /// A copy of the frame with this number.
    fn of(frame: &Frame, to: usize, nature: Nature, id: usize) -> Self {
        Self { to, nature, frame: Some(id), kind: frame.kind, bytes: frame.sealed.clone() }
    }
}

/// The relay's memory.
pub(crate) struct Relay {
    dice: Dice,
    arrived: BTreeMap<usize, Vec<usize>>,
}

impl Relay {
    /// A relay with its own chance.
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), arrived: BTreeMap::new() }
    }

    /// A genuine frame reached this receiver: from now on it can be replayed.
    pub(crate) fn note_arrival(&mut self, to: usize, frame: usize) {
        self.arrived.entry(to).or_default().push(frame);
    }

    /// What the relay sends to `to` on receipt of frame `id`, each with its delay in
    /// milliseconds.
    pub(crate) fn forward(&mut self, id: usize, to: usize, frames: &[Frame]) -> Vec<(u64, Copy)> {
        let Some(frame) = frames.get(id) else { return Vec::new() };
        let mut copies = Vec::new();
        if !self.dice.chance(DROPPED_PERMILLE) {
            let delay = match self.dice.chance(LATE_PERMILLE) {
                true => self.dice.within(500..=12_000),
                false => self.delay(),
            };
            copies.push((delay, Copy::of(frame, to, Nature::Genuine, id)));
        }
        if self.dice.chance(TRICK_PERMILLE) {
            let mut copy = Copy::of(frame, to, Nature::Tampered, id);
            copy.bytes = forge::tampered(&copy.bytes, &mut self.dice);
            copies.push((self.delay(), copy));
        }
        if self.dice.chance(TRICK_PERMILLE) {
            let old = self.old_frame(to).and_then(|old| Some((old, frames.get(old)?)));
            copies.extend(
                old.map(|(old, frame)| (self.delay(), Copy::of(frame, to, Nature::Replayed, old))),
            );
        }
        if self.dice.chance(TRICK_PERMILLE) {
            let kind = frame.kind;
            let own = frames.iter().rev().find(|own| (own.sender, own.kind) == (to, kind));
            let own = own.map(|own| &*own.sealed);
            let bytes = forge::injected((kind, &frame.sealed), own, &mut self.dice);
            let copy = Copy { to, nature: Nature::Injected, frame: None, kind, bytes };
            copies.push((self.delay(), copy));
        }
        copies
    }

    /// From the relay to a client.
    fn delay(&mut self) -> u64 {
        self.dice.within(10..=50)
    }

    /// A frame that this receiver got already: mostly a recent one, at times any.
    fn old_frame(&mut self, to: usize) -> Option<usize> {
        let arrived = self.arrived.get(&to)?;
        let recent = arrived.get(arrived.len().saturating_sub(50)..)?;
        match self.dice.chance(700) {
            true => self.dice.pick(recent).copied(),
            false => self.dice.pick(arrived).copied(),
        }
    }
}
