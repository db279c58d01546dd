//! Frames under given base keys: epochs, leaves and counters that no short meeting comes to.

use incamera::testing::{BareEpoch, KeyedMedia};
use incamera::wire::TrackKind;
use incamera::{Framing, Opened, Profile, Track};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::reader::{Reader, each, hex, unhex};
use crate::watch::{Make, makes};

const EPOCHS: [u64; 5] = [0, 7, 255, 256, 1 << 40];
/// The leaves of members in an epoch; the second sends, the first receives.
const LEAVES: [[u32; 3]; 4] = [[1, 0, 1], [0, 5, 5], [5, 255, 255], [3, 4_000, 6_999]];

/// Key lengths of a profile's suites: frames, and sound with short tags.
fn key_lengths(make: Make) -> (usize, Option<usize>) {
    let (frames, short) = match make.profile {
        Profile::Standard => (16, 48),
        Profile::Portable => (32, 0),
        Profile::PostQuantum => (32, 96),
    };
    (frames, make.short_audio_tags.then_some(short))
}

/// One epoch as this crate and as a reader have it.
struct Both<'a> {
    reader: &'a mut Reader,
    make: Make,
    epoch: BareEpoch,
    sender: u32,
}

impl Both<'_> {
    fn media(&self, own_leaf: u32) -> KeyedMedia {
        BareEpoch { own_leaf, ..self.epoch.clone() }.media().unwrap()
    }

    fn begin(&mut self) {
        begin(self.reader, self.make, &self.epoch);
    }

    fn reader_hears(&mut self, track: Track, frames: usize, chance: &mut Chance) {
        let media = self.media(self.sender);
        let mut sealer = media.sealer(track, Framing::Whole).unwrap();
        for counter in 0..frames {
            let (frame, mut sealed) = (chance.bytes(counter % 50), Vec::new());
            sealer.seal(&frame, 0, &mut sealed).unwrap();
            let request = json!({ "in": "bare", "framing": "whole", "frame": hex(&sealed) });
            self.reader.says("open", request, &json!({
                "epoch": self.epoch.epoch.to_string(), "leaf": self.sender,
                "context": track.context(), "counter": counter.to_string(), "content": hex(&frame),
            }));
        }
    }

    fn reader_speaks(&mut self, track: Track, chance: &mut Chance) {
        let mut receiver = self.media(self.epoch.own_leaf).receiver();
        let member = BareEpoch::stay(self.sender);
        for counter in counters() {
            let frame = chance.bytes(30);
            let sealed = self.reader.get(
                "seal",
                json!({
                    "in": "bare", "epoch": self.epoch.epoch.to_string(), "leaf": self.sender,
                    "context": track.context(), "counter": counter.to_string(), "framing": "whole",
                    "frame": hex(&frame),
                }),
            );
            let (sealed, mut opened) = (unhex(&sealed["frame"]), Vec::new());
            let outcome = receiver.open(0, &sealed, 0, &mut opened).unwrap();
            assert_eq!(outcome, Opened::Frame { member, track, layer: None }, "{counter}");
            assert_eq!(opened, frame);
            let mut spoilt = sealed.clone();
            let at = chance.below(spoilt.len());
            spoilt[at] ^= 1 << chance.below(8);
            // It may seem to be of an epoch to come, and is held then.
            let outcome = receiver.open(0, &spoilt, 0, &mut opened);
            assert!(matches!(outcome, Err(_) | Ok(Opened::Held)), "{outcome:?}");
        }
    }
}

/// Tells a reader of an epoch; it is at the leaf of the one who receives.
pub(crate) fn begin(reader: &mut Reader, make: Make, epoch: &BareEpoch) {
    let BareEpoch { epoch, base_key, audio_base_key, leaves, own_leaf, .. } = epoch;
    reader.get("meeting", make.told("bare", &"00".repeat(16), *own_leaf));
    let mut keys = json!({});
    for key in [Some(base_key), audio_base_key.as_ref()].into_iter().flatten() {
        keys[key.len().to_string()] = json!(hex(key));
    }
    let told = json!({
        "in": "bare", "epoch": epoch.to_string(), "leaves": leaves, "base_keys": keys,
    });
    reader.get("bare_epoch", told);
}

/// The least and the greatest counter of each length.
fn counters() -> Vec<u64> {
    let lengths = (1..8).flat_map(|bytes| [(1 << (8 * bytes)) - 1, 1 << (8 * bytes)]);
    [0, 7, 8].into_iter().chain(lengths).chain([u64::MAX]).collect()
}

fn go_through(reader: &mut Reader, make: Make, chance: &mut Chance) {
    let (length, short) = key_lengths(make);
    for epoch in EPOCHS {
        for [own_leaf, sender, highest] in LEAVES {
            let mut leaves = vec![own_leaf, sender, highest];
            leaves.sort_unstable();
            leaves.dedup();
            let epoch = BareEpoch {
                profile: make.profile,
                epoch,
                base_key: chance.bytes(length),
                audio_base_key: short.map(|length| chance.bytes(length)),
                padding: make.padding,
                own_leaf,
                leaves,
            };
            let mut both = Both { reader, make, epoch, sender };
            both.begin();
            for track in [Track::MICROPHONE, Track::new(TrackKind::Screen, 31).unwrap()] {
                both.reader_hears(track, 12, chance);
                both.reader_speaks(track, chance);
            }
        }
    }
}

#[test]
fn frames_of_any_epoch_leaf_and_counter_open_on_the_other_side() {
    // SPEC [K2], [K11]
    each(|reader| {
        let mut chance = Chance(11);
        for make in makes() {
            go_through(reader, make, &mut chance);
        }
    });
}

#[test]
fn a_window_is_as_wide_on_both_sides() {
    // SPEC [M2]
    let make = makes()[0];
    let base_key = vec![7; 16];
    let epoch = BareEpoch {
        profile: make.profile,
        epoch: 1,
        base_key,
        audio_base_key: None,
        padding: make.padding,
        own_leaf: 0,
        leaves: vec![0, 1],
    };
    each(|reader| {
        let mut chance = Chance(12);
        let mut both = Both { reader, make, epoch: epoch.clone(), sender: 1 };
        both.begin();
        let mut receiver = both.media(0).receiver();
        let (mut taken, mut refused) = (0, 0);
        let edges =
            [5_000, 5_000 - 1_024, 5_000 - 1_023, 5_000 - 1_023, 6_024, 5_000, 5_001, 7_048, 6_024];
        for step in 0..800_u64 {
            let wandering = (step * 3 + 7_000 + chance.below(1_600) as u64).saturating_sub(800);
            let counter = edges.get(step as usize).copied().unwrap_or(wandering);
            let sealed = both.reader.get("seal", json!({
                "in": "bare", "epoch": "1", "leaf": 1, "context": 0, "counter": counter.to_string(),
                "framing": "whole", "frame": "00",
            }));
            let request = json!({ "in": "bare", "framing": "whole", "frame": sealed["frame"] });
            let theirs = both.reader.ask("open", request).is_ok();
            let ours = receiver.open(0, &unhex(&sealed["frame"]), 0, &mut Vec::new()).is_ok();
            assert_eq!(theirs, ours, "counter {counter} at step {step}");
            *(if ours { &mut taken } else { &mut refused }) += 1;
        }
        assert!(taken > 100 && refused > 100, "{taken} {refused}");
    });
}

#[test]
fn the_key_id_of_somebody_alone_has_no_bits_for_leaves() {
    // SPEC [K2]
    let make = makes()[0];
    let epoch = BareEpoch {
        profile: make.profile,
        epoch: 300,
        base_key: vec![7; 16],
        audio_base_key: None,
        padding: make.padding,
        own_leaf: 0,
        leaves: vec![0],
    };
    each(|reader| {
        begin(reader, make, &epoch);
        let media = epoch.clone().media().unwrap();
        for track in [Track::MICROPHONE, Track::DATA] {
            let mut sealed = Vec::new();
            media.sealer(track, Framing::Whole).unwrap().seal(b"x", 0, &mut sealed).unwrap();
            let header = reader.get("parse_header", json!({ "data": hex(&sealed) }));
            let request = json!({
                "in": "bare", "epoch": "300", "leaf": 0, "context": track.context(),
            });
            assert_eq!(reader.get("media_key", request)["kid"], header["kid"]);
        }
    });
}

#[test]
fn frames_of_nobody_are_refused() {
    // SPEC [M3], [K4]
    let make = makes()[0];
    let epoch = BareEpoch {
        profile: make.profile,
        epoch: 1,
        base_key: vec![7; 16],
        audio_base_key: None,
        padding: make.padding,
        own_leaf: 0,
        leaves: vec![0, 2],
    };
    each(|reader| {
        let mut both = Both { reader, make, epoch: epoch.clone(), sender: 2 };
        both.begin();
        // One's own leaf, an empty one, a kind that there is not.
        for (leaf, context) in [(0, 0), (1, 0), (3, 0), (2, 5)] {
            let sealed = seal_at(both.reader, leaf, context);
            let request = json!({ "in": "bare", "framing": "whole", "frame": sealed });
            both.reader.refuses("open", request);
            let mut receiver = both.media(0).receiver();
            assert!(receiver.open(0, &unhex(&sealed), 0, &mut Vec::new()).is_err());
        }
    });
}

fn seal_at(reader: &mut Reader, leaf: u32, context: u32) -> Value {
    let request = json!({
        "in": "bare", "epoch": "1", "leaf": leaf, "context": context, "counter": "0",
        "framing": "whole", "frame": "00",
    });
    reader.get("seal", request)["frame"].clone()
}
