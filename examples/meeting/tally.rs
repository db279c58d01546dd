//! Counts that belong to nobody's page.

use std::collections::BTreeMap;

use crate::ledger::{Frame, Seats};
use crate::relay::Nature;

/// The relay's tricks with what came of them, and what the expelled one overheard.
#[derive(Default)]
pub(crate) struct Tally {
    /// Tampered, replayed and injected copies that reached a member.
    pub(crate) attempted: [u64; 3],
    /// How many of them opened.
    pub(crate) accepted: [u64; 3],
    /// Genuine frames that opened as something else than was sealed.
    pub(crate) wrong: u64,
    /// Frames that opened for those who were never let in.
    pub(crate) outsider_opened: u64,
    /// Members who saw another roster than others in the same epoch.
    pub(crate) disagreements: u64,
    /// Members whom the host did not let in, in anybody's roster.
    pub(crate) intruders: u64,
    /// Alarms that clients raised who still hear the server: nothing of what happens here is a reason for
    /// one.
    pub(crate) alarms: u64,
    /// Forged log entries.
    pub(crate) forged: u64,
    /// Frames that the expelled one recorded after the decision.
    pub(crate) recorded: u64,
    /// How many of these it could open.
    pub(crate) overheard: u64,
    /// How many of these were sealed by somebody who had merged the removal.
    pub(crate) opened_after_removal: u64,
    /// By sender: from the decision to the sealing of the last frame that it could open.
    pub(crate) removal_ms: BTreeMap<usize, u64>,
    /// Who heard a word: a chat text, or that a hand is up or somebody records.
    pub(crate) words: BTreeMap<String, Seats>,
    /// Refused messages, by reason.
    pub(crate) refusals: BTreeMap<String, u64>,
}

/// The place of a trick in the counts.
fn place(nature: Nature) -> Option<usize> {
    match nature {
        Nature::Genuine => None,
        Nature::Tampered => Some(0),
        Nature::Replayed => Some(1),
        Nature::Injected => Some(2),
    }
}

impl Tally {
    /// A copy of this nature reached a member.
    pub(crate) fn attempt(&mut self, nature: Nature) {
        if let Some(count) = place(nature).and_then(|place| self.attempted.get_mut(place)) {
            *count += 1;
        }
    }

    /// A copy of this nature opened.
    pub(crate) fn accept(&mut self, nature: Nature) {
        if let Some(count) = place(nature).and_then(|place| self.accepted.get_mut(place)) {
            *count += 1;
        }
    }

    /// The expelled member opened a genuine frame after the host's decision.
    pub(crate) fn overhear(&mut self, who: usize, decided_at: u64, frame: &Frame) {
        self.overheard += 1;
        self.opened_after_removal += u64::from(!frame.audience.contains(&who));
        let late = frame.sealed_at.saturating_sub(decided_at);
        let last = self.removal_ms.entry(frame.sender).or_default();
        *last = late.max(*last);
    }

    /// A client refused a message of the server.
    pub(crate) fn refusal(&mut self, why: String) {
        *self.refusals.entry(why).or_default() += 1;
    }
}
