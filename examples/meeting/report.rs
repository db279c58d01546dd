//! What is printed in the end: the story's sum, a table, and one JSON object.

use serde_json::{Value, json};

use crate::media::Media;
use crate::search::Search;
use crate::story::{CAST, HOST};
use crate::world::World;

/// Frames that must have been delivered for a run to count.
const DELIVERED_AT_LEAST: u64 = 5_000;
/// How often each trick must have been tried.
const ATTEMPTS_AT_LEAST: u64 = 100;
/// Members that must have been in the meeting.
const PARTICIPANTS_AT_LEAST: usize = 6;

/// The sums of a run.
pub(crate) struct Report {
    pub(crate) participants: usize,
    pub(crate) epochs: u64,
    pub(crate) sealed: u64,
    pub(crate) delivered: u64,
    pub(crate) opened: u64,
    pub(crate) denied: u64,
    pub(crate) lost: u64,
    pub(crate) unexpected: u64,
    pub(crate) held: u64,
    pub(crate) plaintext_hits: u64,
    first_frame_ms: Vec<u64>,
    removal_ms: Vec<u64>,
    /// Whether nothing opened that must not, and everything that must.
    pub(crate) clean: bool,
    /// Whether the run was also long and hostile enough to say something.
    pub(crate) ok: bool,
}

/// At how many places of what server and relay saw there is a run of plaintext or a name.
fn plaintext_hits(world: &World, media: &Media) -> u64 {
    let mut search = Search::default();
    media.frames().for_each(|frame| search.add_frame(frame));
    CAST.iter().for_each(|role| search.add_name(role.name));
    let frames = world.frames.iter().map(|frame| &frame.sealed);
    world.server.seen().iter().chain(frames).map(|seen| search.hits(seen)).sum()
}

/// The value below which `percent` of the sorted values lie, by nearest rank.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

impl Report {
    /// Adds the pages up.
    pub(crate) fn new(world: &World, media: &Media) -> Self {
        let members = || world.seats.iter().filter(|seat| seat.page.epoch().is_some());
        let sum =
            |count: fn(&crate::ledger::Page) -> u64| members().map(|seat| count(&seat.page)).sum();
        let first = |seat: &crate::world::Seat| {
            Some(seat.page.first_frame_at?.saturating_sub(seat.page.admitted_at?))
        };
        let mut first_frame_ms: Vec<u64> = members().filter_map(first).collect();
        first_frame_ms.sort_unstable();
        let mut removal_ms: Vec<u64> = world.tally.removal_ms.values().copied().collect();
        removal_ms.sort_unstable();
        let mut report = Self {
            participants: members().count(),
            epochs: world
                .seats
                .get(HOST)
                .and_then(|host| host.page.epoch())
                .map_or(0, |last| last + 1),
            sealed: sum(|page| page.sent),
            delivered: sum(|page| page.delivered()),
            opened: sum(|page| page.opened()),
            denied: sum(|page| page.denied),
            lost: sum(|page| page.lost().count() as u64),
            unexpected: sum(|page| page.unexpected().count() as u64),
            held: sum(|page| page.held),
            plaintext_hits: plaintext_hits(world, media),
            first_frame_ms,
            removal_ms,
            clean: false,
            ok: false,
        };
        report.judge(world);
        report
    }

    /// Decides whether the run was clean and whether it counts.
    fn judge(&mut self, world: &World) {
        let tally = &world.tally;
        let must_be_zero = [
            self.lost,
            self.unexpected,
            self.plaintext_hits,
            tally.wrong,
            tally.disagreements,
            tally.outsider_opened,
            tally.opened_after_removal,
            tally.accepted.iter().sum(),
        ];
        self.clean = must_be_zero.iter().all(|count| *count == 0) && self.delivered == self.opened;
        self.ok = self.clean
            && self.participants >= PARTICIPANTS_AT_LEAST
            && self.delivered >= DELIVERED_AT_LEAST
            && self.held >= 1
            && tally.attempted.iter().all(|count| *count >= ATTEMPTS_AT_LEAST);
    }

    /// The run as one JSON object.
    pub(crate) fn json(&self, world: &World, seed: u64) -> Value {
        let tally = &world.tally;
        let percentiles = |values: &[u64]| json!({ "p50": percentile(values, 50), "p99": percentile(values, 99) });
        let [tampered, replayed, injected] = tally.accepted;
        let [tampered_attempted, replayed_attempted, injected_attempted] = tally.attempted;
        json!({
            "seed": seed,
            "participants": self.participants,
            "epochs": self.epochs,
            "frames_sealed": self.sealed,
            "frames_delivered": self.delivered,
            "frames_denied": self.denied,
            "frames_opened": self.opened,
            "frames_held": self.held,
            "frames_lost_to_rekey": self.lost,
            "frames_opened_unexpectedly": self.unexpected,
            "frames_opened_as_another": tally.wrong,
            "rosters_that_disagree": tally.disagreements,
            "tampered_attempted": tampered_attempted,
            "replayed_attempted": replayed_attempted,
            "injected_attempted": injected_attempted,
            "tampered_accepted": tampered,
            "replayed_accepted": replayed,
            "injected_accepted": injected,
            "opened_after_removal": tally.opened_after_removal,
            "opened_by_outsiders": tally.outsider_opened,
            "relay_plaintext_hits": self.plaintext_hits,
            "first_frame_ms": percentiles(&self.first_frame_ms),
            "removal_ms": percentiles(&self.removal_ms),
            "ok": self.ok,
        })
    }

    /// What the numbers mean, in a few sentences.
    pub(crate) fn summary(&self, world: &World) -> String {
        let tally = &world.tally;
        let verdict = if self.clean { "exactly the right frames opened" } else { "FAILED" };
        let [tampered, replayed, injected] = tally.attempted;
        let accepted: u64 = tally.accepted.iter().sum();
        let last = percentile(&self.removal_ms, 99).unwrap_or(0);
        let lines = [
            format!(
                "{} members, {} epochs, {} frames sealed: {} had to open, {} did: {verdict}.",
                self.participants, self.epochs, self.sealed, self.delivered, self.opened
            ),
            format!(
                "{} copies came too late, too early or from nobody's member, as they may. {} waited \
                 for an epoch; {} were lost to a change of keys.",
                self.denied, self.held, self.lost
            ),
            format!(
                "The relay tried {tampered} tampered, {replayed} replayed and {injected} invented \
                 frames: {accepted} opened. It posted {} forged log entries.",
                tally.forged
            ),
            format!(
                "The removed member recorded {} frames after the decision and could open {} of them, \
                 the last one sealed {last} ms after it; {} were sealed by somebody who knew.",
                tally.recorded, tally.overheard, tally.opened_after_removal
            ),
            format!(
                "In what server and relay saw, plaintext or a name turned up {} times. Those who \
                 were turned away opened {} frames.",
                self.plaintext_hits, tally.outsider_opened
            ),
        ];
        let mut text = lines.join("\n") + "\n";
        for (why, count) in &tally.refusals {
            text += &format!("  refused {count:>4} times by a client: {why}\n");
        }
        text
    }
}

/// One line for each participant.
pub(crate) fn table(world: &World) -> String {
    let mut text = format!(
        "{:<20} {:>6} {:>9} {:>7} {:>6} {:>5} {:>8} {:>12}\n",
        "", "sent", "received", "opened", "due", "held", "refused", "first frame"
    );
    for (seat, role) in world.seats.iter().zip(&CAST) {
        let page = &seat.page;
        let first = page.first_frame_at.zip(page.admitted_at);
        let first =
            first.map_or("-".into(), |(at, from)| format!("{} ms", at.saturating_sub(from)));
        text += &format!(
            "{:<20} {:>6} {:>9} {:>7} {:>6} {:>5} {:>8} {first:>12}\n",
            role.name,
            page.sent,
            page.received,
            page.opened(),
            page.delivered(),
            page.held,
            page.refused,
        );
    }
    text + "due: genuine frames that had to open. first frame: counted from the host's decision.\n"
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[4], 99), Some(4));
        assert_eq!(percentile(&[1, 2, 3, 4], 50), Some(2));
        assert_eq!(percentile(&[1, 2, 3, 4], 99), Some(4));
    }
}
