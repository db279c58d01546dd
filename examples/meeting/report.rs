//! What is printed in the end: the story's sum, a table, and one JSON object.

use serde_json::{Value, json};

use crate::framing::{CLEAR_OF_KEY_FRAME, CLEAR_OF_OTHERS};
use crate::media::Media;
use crate::search::Search;
use crate::story::{CAST, TO_ALL, TO_HOST};
use crate::world::World;

/// The sums of a run.
pub(crate) struct Report {
    participants: usize,
    epochs: u64,
    sealed: u64,
    delivered: u64,
    opened: u64,
    denied: u64,
    lost: u64,
    unexpected: u64,
    held: u64,
    /// Forged log entries and forbidden frames that reached members, and how many took effect.
    forged: [(u64, u64); 2],
    plaintext_hits: u64,
    /// Frames of which [`CLEAR_OF_KEY_FRAME`] and [`CLEAR_OF_OTHERS`] bytes are left out of the search.
    clear: [u64; 2],
    first_frame_ms: Vec<u64>,
    removal_ms: Vec<u64>,
    /// Why the run is not ok, by the names of the JSON object.
    faults: Vec<(&'static str, u64)>,
}

/// How many frames have so many clear bytes.
fn clear(world: &World, len: usize) -> u64 {
    world.frames.iter().filter(|frame| frame.clear() == len).count() as u64
}

/// At how many places of what server and relay saw there is a run of plaintext or a name. Of each
/// frame nothing is left out but the bytes at its start that its framing leaves clear.
fn plaintext_hits(world: &World, media: &Media) -> u64 {
    let mut search = Search::default();
    media.frames().for_each(|frame| search.add_frame(frame));
    CAST.iter().for_each(|role| search.add_name(role.name));
    [TO_ALL, TO_HOST].iter().for_each(|text| search.add_name(text));
    let frames = world.frames.iter().filter_map(|frame| frame.sealed.get(frame.clear()..));
    let seen = world.server.seen().iter().map(Vec::as_slice);
    seen.chain(frames).map(|seen| search.hits(seen)).sum()
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
            epochs: members().filter_map(|seat| seat.page.epoch()).max().map_or(0, |last| last + 1),
            sealed: sum(|page| page.sent),
            delivered: sum(|page| page.delivered()),
            opened: sum(|page| page.opened()),
            denied: sum(|page| page.denied),
            lost: sum(|page| page.lost().count() as u64),
            unexpected: sum(|page| page.unexpected().count() as u64),
            held: sum(|page| page.held),
            forged: world.forged_powers(),
            plaintext_hits: plaintext_hits(world, media),
            clear: [CLEAR_OF_KEY_FRAME, CLEAR_OF_OTHERS].map(|len| clear(world, len)),
            first_frame_ms,
            removal_ms,
            faults: Vec::new(),
        };
        report.faults = report.judge(world);
        report
    }

    /// What went wrong, and what there was too little of for the run to say something.
    fn judge(&self, world: &World) -> Vec<(&'static str, u64)> {
        let tally = &world.tally;
        let [tampered, replayed, injected] = tally.accepted;
        let [tampered_attempted, replayed_attempted, injected_attempted] = tally.attempted;
        let [(entries, entries_accepted), (frames, frames_accepted)] = self.forged;
        let none = [
            ("frames_lost_to_rekey", self.lost),
            ("frames_opened_unexpectedly", self.unexpected),
            ("frames_opened_as_another", tally.wrong),
            ("tampered_accepted", tampered),
            ("replayed_accepted", replayed),
            ("injected_accepted", injected),
            ("forged_powers_accepted", entries_accepted + frames_accepted),
            ("private_words_overheard", world.private_words_overheard()),
            ("opened_after_removal", tally.opened_after_removal),
            ("opened_by_outsiders", tally.outsider_opened),
            ("rosters_that_disagree", tally.disagreements),
            ("intruders", tally.intruders),
            ("alarms", tally.alarms),
            ("relay_plaintext_hits", self.plaintext_hits),
        ];
        let enough = [
            ("participants", self.participants as u64, 6),
            ("frames_delivered", self.delivered, 5_000),
            ("frames_held", self.held, 1),
            ("tampered_attempted", tampered_attempted, 100),
            ("replayed_attempted", replayed_attempted, 100),
            ("injected_attempted", injected_attempted, 100),
            ("forged_powers_attempted", entries + frames, 500),
            ("forged_entries_attempted", entries, 20),
            ("words_heard", world.words_heard(), 10),
        ];
        let differs = ("frames_opened", self.opened);
        let mut faults: Vec<_> = none.into_iter().filter(|(_, count)| *count > 0).collect();
        faults.extend(Some(differs).filter(|_| self.opened != self.delivered));
        let few = enough.into_iter().filter(|(_, count, least)| count < least);
        faults.extend(few.map(|(name, count, _)| (name, count)));
        faults
    }

    /// Whether everything opened that must and nothing that must not, in a run that was long and
    /// hostile enough to say something.
    pub(crate) fn is_ok(&self) -> bool {
        self.faults.is_empty()
    }

    /// The same in words.
    pub(crate) fn verdict(&self) -> String {
        let fault = |(name, count): &(&str, u64)| format!("{name} {count}");
        let faults: Vec<_> = self.faults.iter().map(fault).collect();
        if faults.is_empty() { "ok".into() } else { format!("NOT ok: {}", faults.join(", ")) }
    }

    /// How many bytes of frames the search leaves out.
    fn clear_bytes(&self) -> u64 {
        let [key_frames, others] = self.clear;
        key_frames * CLEAR_OF_KEY_FRAME as u64 + others * CLEAR_OF_OTHERS as u64
    }

    /// The run as one JSON object.
    pub(crate) fn json(&self, world: &World, seed: u64) -> Value {
        let tally = &world.tally;
        let percentiles = |values: &[u64]| json!({ "p50": percentile(values, 50), "p99": percentile(values, 99) });
        let [tampered, replayed, injected] = tally.accepted;
        let [tampered_attempted, replayed_attempted, injected_attempted] = tally.attempted;
        let [(entries, entries_accepted), (frames, frames_accepted)] = self.forged;
        let [key_frames, others] = self.clear;
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
            "intruders": tally.intruders,
            "alarms": tally.alarms,
            "tampered_attempted": tampered_attempted,
            "replayed_attempted": replayed_attempted,
            "injected_attempted": injected_attempted,
            "tampered_accepted": tampered,
            "replayed_accepted": replayed,
            "injected_accepted": injected,
            "forged_powers_attempted": entries + frames,
            "forged_powers_accepted": entries_accepted + frames_accepted,
            "forged_entries_attempted": entries,
            "words_heard": world.words_heard(),
            "private_words_overheard": world.private_words_overheard(),
            "opened_after_removal": tally.opened_after_removal,
            "opened_by_outsiders": tally.outsider_opened,
            "relay_plaintext_hits": self.plaintext_hits,
            "frames_with_10_bytes_clear": key_frames,
            "frames_with_1_byte_clear": others,
            "clear_bytes": self.clear_bytes(),
            "first_frame_ms": percentiles(&self.first_frame_ms),
            "removal_ms": percentiles(&self.removal_ms),
            "ok": self.is_ok(),
        })
    }

    /// What the numbers mean, by what they are about.
    pub(crate) fn summary(&self, world: &World) -> String {
        let tally = &world.tally;
        let [tampered, replayed, injected] = tally.attempted;
        let accepted: u64 = tally.accepted.iter().sum();
        let ms = |values: &[u64], percent| percentile(values, percent).unwrap_or_default();
        let mut text = format!(
            "Frames    {} sealed in {} epochs; of the copies that reached members, {} had to open,\n\
             \x20         and {} did. {} waited for their epoch; {} were lost to a change of keys.\n\
             \x20         {} need not open: too early, too late, or from somebody who is out.\n",
            self.sealed,
            self.epochs,
            self.delivered,
            self.opened,
            self.held,
            self.lost,
            self.denied,
        );
        text += &format!(
            "Relay     tried {tampered} tampered, {replayed} replayed and {injected} injected frames:\n\
             \x20         {accepted} opened. Plaintext or a name in all it saw: {} times.\n\
             \x20         It posted {} forged log entries.\n",
            self.plaintext_hits, tally.forged,
        );
        let [key_frames, others] = self.clear;
        text += &format!(
            "Clear     by the framing of VP8, under the tag: {CLEAR_OF_KEY_FRAME} bytes each of {key_frames} key frames (frame tag,\n\
             \x20         start code, size) and {CLEAR_OF_OTHERS} each of {others} others: {} bytes, which the search leaves out.\n",
            self.clear_bytes(),
        );
        let [(entries, entries_accepted), (frames, frames_accepted)] = self.forged;
        text += &format!(
            "Powers    of forged commits, orders and an end, {entries} reached members: {entries_accepted} took effect.\n\
             \x20         {frames} frames came from a muted microphone or a reserved screen: {frames_accepted} opened.\n",
        );
        text += &format!(
            "Removed   recorded {} frames after the host's decision and opened {}, the last one sealed\n\
             \x20         {} ms after it; {} of them by somebody who had merged the removal.\n",
            tally.recorded,
            tally.overheard,
            ms(&self.removal_ms, 99),
            tally.opened_after_removal,
        );
        text += &format!(
            "Outside   those who were turned away opened {} frames.\n\
             Joining   first frame {} ms after the host's decision (p50), {} ms (p99).\n",
            tally.outsider_opened,
            ms(&self.first_frame_ms, 50),
            ms(&self.first_frame_ms, 99),
        );
        for (number, (why, count)) in tally.refusals.iter().enumerate() {
            let head = if number == 0 { "Refused" } else { "" };
            text += &format!("{head:<9} {count:>3} x {why}\n");
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
    use incamera::wire::Profile;

    use super::*;
    use crate::media::is_key_frame;
    use crate::net::Kind;

    #[test]
    fn a_leak_behind_the_clear_bytes_is_found() {
        let media = Media::load().unwrap();
        let mut world = World::new(3, Profile::Standard, &media);
        while world.queue.now() < 4_000 && world.step().unwrap() {}
        let [key_frames, others] = Report::new(&world, &media).clear;
        let of_video = world.frames.iter().filter(|frame| frame.kind == Kind::Video).count();
        assert!(key_frames >= 2 && others >= 20 && key_frames + others == of_video as u64);
        assert_eq!(plaintext_hits(&world, &media), 0);
        for key_frame in [true, false] {
            let wanted = |frame: &crate::ledger::Frame| {
                frame.kind == Kind::Video && is_key_frame(&frame.plaintext) == key_frame
            };
            let frame = world.frames.iter_mut().find(|frame| wanted(frame)).unwrap();
            let clear = frame.clear();
            let (genuine, leak) = (frame.sealed.clone(), clear..clear + 8);
            frame.sealed[leak.clone()].copy_from_slice(&frame.plaintext[leak]);
            assert_eq!(frame.clear(), clear);
            assert_eq!(plaintext_hits(&world, &media), 1, "key frame: {key_frame}");
            let frame = world.frames.iter_mut().find(|frame| wanted(frame)).unwrap();
            // Who leaves anything else clear is found out as well.
            frame.sealed = [&[!frame.plaintext[0]][..], &frame.plaintext[1..]].concat();
            assert_eq!(frame.clear(), 0);
            let runs = frame.plaintext.len() as u64 - 8;
            assert!(plaintext_hits(&world, &media) >= runs);
            world.frames.iter_mut().find(|frame| wanted(frame)).unwrap().sealed = genuine;
            assert_eq!(plaintext_hits(&world, &media), 0);
        }
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[4], 99), Some(4));
        assert_eq!(percentile(&[1, 2, 3, 4], 50), Some(2));
        assert_eq!(percentile(&[1, 2, 3, 4], 99), Some(4));
    }
}
