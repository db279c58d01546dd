//! Who of the members was heard when, and who should be (SPEC \[G24\]).

use std::collections::BTreeMap;

use incamera_wire::StayId;

use super::clocks::Clock;
use super::roster::Roster;
use crate::policy::Part;

/// How often those beat on whose word the others rely, in milliseconds.
pub(super) const OFTEN_MS: u64 = 5_000;
/// How often everybody else does, in milliseconds, and how much seldomer for each member.
const SELDOM_MS: u64 = 60_000;
const SELDOM_STAGGER_MS: u64 = 100;
/// How long one of those who beat often is silent before people are told, in milliseconds.
const UNHEARD_MS: u64 = 30_000;
/// After how many of its intervals anybody else counts as silent.
const UNHEARD_INTERVALS: u64 = 3;

/// How often ordinary members beat in a meeting of so many, in milliseconds.
pub(super) fn seldom(members: usize) -> u64 {
    SELDOM_MS.saturating_add(SELDOM_STAGGER_MS.saturating_mul(members as u64))
}

/// What was heard of one member.
#[derive(Debug)]
pub(super) struct Voice {
    pub(super) leaf: u32,
    pub(super) part: Part,
    /// When something of it was read last.
    pub(super) heard_ms: Option<u64>,
    /// When one of its heartbeats agreed last.
    pub(super) agreed_ms: Option<u64>,
    /// Whether its last heartbeat disagreed.
    pub(super) disagrees: bool,
    pub(super) clock: Clock,
    /// When the latest of its heartbeats that agreed was made at the earliest.
    pub(super) made_ms: Option<u64>,
    /// From when on its silence counts, whatever was heard.
    counts_from: u64,
    /// Whether people know that it is silent.
    told: bool,
}

/// What was heard of the members.
#[derive(Default)]
pub(super) struct Voices {
    voices: BTreeMap<StayId, Voice>,
    /// Nobody becomes silent before this.
    next_silent: u64,
}

impl Voices {
    /// Forgets those who are gone, and notes the parts that all others play. What is kept is bounded
    /// by the roster.
    pub(super) fn settle(&mut self, roster: &Roster, parts: &[Part], now_ms: u64) {
        self.next_silent = 0;
        roster.settle(&mut self.voices, || Voice::new(now_ms));
        // Both in the order of stays, and both of the same ones.
        for (voice, (position, seat)) in self.voices.values_mut().zip(roster.in_order_of_stay()) {
            let Some(part) = parts.get(position) else { continue };
            // Who has just come to beat often is given time to.
            if voice.part == Part::Other && *part != Part::Other {
                voice.counts_from = now_ms;
            }
            (voice.leaf, voice.part) = (seat.occupant.leaf, *part);
        }
    }

    pub(super) fn of(&self, stay: StayId) -> Option<&Voice> {
        self.voices.get(&stay)
    }

    pub(super) fn of_mut(&mut self, stay: StayId) -> Option<&mut Voice> {
        self.voices.get_mut(&stay)
    }

    /// Something of a member was read.
    pub(super) fn hear(&mut self, stay: StayId, now_ms: u64) {
        if let Some(voice) = self.of_mut(stay) {
            (voice.heard_ms, voice.told) = (Some(now_ms), false);
        }
    }

    /// Silence counts from now on.
    pub(super) fn count_from(&mut self, now_ms: u64) {
        self.next_silent = 0;
        self.voices.values_mut().for_each(|voice| voice.counts_from = now_ms);
    }

    /// The voices on whose word this member relies.
    pub(super) fn authorities(&self) -> impl Iterator<Item = (StayId, &Voice)> {
        let authority = |(_, voice): &(&StayId, &Voice)| voice.part == Part::Authority;
        self.voices.iter().filter(authority).map(|(stay, voice)| (*stay, voice))
    }

    /// The members but `own` that have become silent, once for each silence, and when the next may.
    pub(super) fn silent(&mut self, own: StayId, now_ms: u64) -> (Vec<StayId>, Option<u64>) {
        // It costs as much as there are members, and is asked with every entry.
        if now_ms < self.next_silent {
            return (Vec::new(), Some(self.next_silent));
        }
        let rest = UNHEARD_INTERVALS.saturating_mul(seldom(self.voices.len()));
        let (mut silent, mut next) = (Vec::new(), u64::MAX);
        for (stay, voice) in
            self.voices.iter_mut().filter(|(stay, voice)| **stay != own && !voice.told)
        {
            let patience = if voice.part == Part::Other { rest } else { UNHEARD_MS };
            let from = voice.heard_ms.unwrap_or_default().max(voice.counts_from);
            let at = from.saturating_add(patience);
            if at <= now_ms {
                voice.told = true;
                silent.push(*stay);
            } else {
                next = next.min(at);
            }
        }
        // Whoever was told to be silent may be again, at the earliest after this.
        self.next_silent = next.min(now_ms.saturating_add(UNHEARD_MS));
        (silent, Some(self.next_silent))
    }

    /// Everything that tells two of them apart, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn digest(&self, hash: &mut sha2::Sha256) {
        sha2::Digest::update(hash, format!("{:?} {}", self.voices, self.next_silent));
    }
}

impl Voice {
    fn new(now_ms: u64) -> Self {
        Self {
            leaf: 0,
            part: Part::Other,
            heard_ms: None,
            agreed_ms: None,
            disagrees: false,
            clock: Clock::default(),
            made_ms: None,
            counts_from: now_ms,
            told: false,
        }
    }
}
