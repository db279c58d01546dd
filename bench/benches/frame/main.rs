//! What a frame costs beside the bare cipher and beside its peers: `cargo bench --bench frame`.
//!
//! Rounds of all contestants are interleaved, and medians of the rounds are compared: only the ratios
//! carry over to another machine or another day. `-- --publish` also writes the README's chart; `-- --codec` measures the
//! codecs' framing alone.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench measures and prints"
)]

mod bogus;
mod codec;
mod contest;
mod crowd;
mod davey;
mod epochs;
mod ours;
mod raw;
mod sframe_crate;

use incamera_bench::{
    Failure, Group, Verdicts, cpu, draw, median, options, publish, rounded, write_json,
};
use serde_json::{Map, Value, json};

use contest::{Contestant as _, frames_of};
use davey::Davey;
use ours::Pair;
use raw::{Raw, Way};
use sframe_crate::Peer;

/// Rounds of every contestant.
const ROUNDS: usize = 301;

/// A length in bytes and the bounds that hold for it.
struct Row {
    len: usize,
    /// Of the ratio to the bare cipher, sealing and opening.
    most: [f64; 2],
    /// Of the times that we are faster than the crate `sframe`, sealing and opening.
    beats_sframe: [f64; 2],
    /// Of the times that we seal faster than davey.
    beats_davey: f64,
}

const ROWS: [Row; 5] = [
    Row { len: 40, most: [1.10, 1.25], beats_sframe: [2.6, 2.8], beats_davey: 1.8 },
    Row { len: 160, most: [1.08, 1.20], beats_sframe: [2.6, 2.8], beats_davey: 2.3 },
    Row { len: 1_200, most: [1.05, 1.10], beats_sframe: [2.1, 2.2], beats_davey: 5.0 },
    Row { len: 5_000, most: [1.04, 1.06], beats_sframe: [1.8, 1.8], beats_davey: 8.0 },
    Row { len: 50_000, most: [1.02, 1.03], beats_sframe: [1.9, 1.8], beats_davey: 10.0 },
];

/// The medians of one length, in nanoseconds a frame.
struct Medians {
    ours: [f64; 2],
    raw: [f64; 2],
    sframe: [f64; 2],
    /// By ratio to the bare cipher in davey's own process.
    davey: [f64; 2],
}

fn main() -> Result<(), Failure> {
    let options = options();
    let published = options.iter().any(|word| word == "--publish");
    let mut verdicts = Verdicts::default();
    if options.iter().any(|word| word == "--codec") {
        codec::measure(&mut verdicts)?;
        verdicts.print();
        return Ok(());
    }
    let mut davey = Davey::start()?;
    let (mut seal, mut open) = (Map::new(), Map::new());
    let (mut sealing, mut opening) = (Vec::new(), Vec::new());
    println!(
        "{:>6} {:>6} {:>10} {:>10} {:>10} {:>10}",
        "bytes", "", "ours", "raw", "sframe", "davey"
    );
    for row in &ROWS {
        let medians = measure(row.len, &mut davey)?;
        show(row, &medians, &mut verdicts);
        for (what, place, json, chart) in
            [("seal", 0, &mut seal, &mut sealing), ("open", 1, &mut open, &mut opening)]
        {
            let Some(figures) = Figures::of(&medians, place) else { continue };
            println!("{:>6} {what:>6} {}", row.len, figures.text());
            json.insert(row.len.to_string(), figures.json());
            chart.push(figures.group(row.len));
        }
    }
    let [seal_allocs, open_allocs] = ours::allocations()?;
    verdicts.at_most("allocations of a frame, seal", seal_allocs, 0.0);
    verdicts.at_most("allocations of a frame, open", open_allocs, 0.0);
    let bogus = bogus::measure(&mut verdicts)?;
    let epoch = epochs::measure(&mut verdicts)?;
    let codec = codec::measure(&mut verdicts)?;
    let senders = crowd::measure(&options, &mut verdicts)?;
    verdicts.print();
    let figures = json!({
        "seal": seal, "open": open, "bogus": bogus, "epoch": epoch, "senders": senders, "codec": codec,
        "allocs": { "seal": seal_allocs, "open": open_allocs }, "cpu": cpu(),
    });
    write_json("frame", &figures)?;
    let series = ["incamera", "sframe 2 (ring)", "davey 0.2 (DAVE)"];
    for (name, title, groups) in [
        ("frame-seal", "Sealing a frame: time beside the bare AES-128-GCM, by size", &sealing),
        ("frame-open", "Opening a frame: time beside the bare AES-128-GCM, by size", &opening),
    ] {
        draw(&publish(name, published)?, title, &series, groups)?;
    }
    Ok(())
}

/// Interleaved rounds of one length.
fn measure(len: usize, davey: &mut Davey) -> Result<Medians, Failure> {
    let (mut pair, mut peer) = (Pair::new()?, Peer::new()?);
    let (mut in_place, mut other) = (Raw::new(Way::InPlace)?, Raw::new(Way::OutOfPlace)?);
    let (count, text) = (frames_of(len), vec![7; len]);
    let mut times: [Vec<f64>; 10] = Default::default();
    for _ in 0..ROUNDS {
        let rounds = [
            in_place.round(&text, count)?,
            pair.round(&text, count)?,
            other.round(&text, count)?,
            peer.round(&text, count)?,
            davey.round(len, count)?,
        ];
        times.iter_mut().zip(rounds.as_flattened()).for_each(|(times, time)| times.push(*time));
    }
    let medians = times.map(|times| median(&times));
    let [seal_in_place, open_in_place, seal, open, other_seal, other_open, medians @ ..] = medians;
    let [peer_seal, peer_open, davey_seal, davey_open] = medians;
    // Whichever way is the faster one; davey's process knows the first only.
    let (raw_seal, raw_open) = (seal_in_place.min(other_seal), open_in_place.min(other_open));
    Ok(Medians {
        ours: [seal, open],
        raw: [raw_seal, raw_open],
        sframe: [peer_seal, peer_open],
        davey: [davey_seal * seal_in_place / raw_seal, davey_open * open_in_place / raw_open],
    })
}

fn show(row: &Row, medians: &Medians, verdicts: &mut Verdicts) {
    for (what, place) in [("seal", 0), ("open", 1)] {
        let (Some(figures), Some(most), Some(least)) =
            (Figures::of(medians, place), row.most.get(place), row.beats_sframe.get(place))
        else {
            continue;
        };
        verdicts.at_most(&format!("{what} {} B, against raw", row.len), figures.vs_raw(), *most);
        verdicts.at_least(
            &format!("{what} {} B, against sframe", row.len),
            figures.vs_sframe(),
            *least,
        );
        if place == 0 {
            let what = format!("{what} {} B, against davey", row.len);
            verdicts.at_least(&what, figures.vs_davey(), row.beats_davey);
        }
    }
}

/// One length, sealing or opening.
struct Figures {
    ours: f64,
    raw: f64,
    sframe: f64,
    davey: f64,
}

impl Figures {
    fn of(medians: &Medians, place: usize) -> Option<Self> {
        let Medians { ours, raw, sframe, davey } = medians;
        Some(Self {
            ours: *ours.get(place)?,
            raw: *raw.get(place)?,
            sframe: *sframe.get(place)?,
            davey: *davey.get(place)?,
        })
    }

    fn vs_raw(&self) -> f64 {
        self.ours / self.raw
    }

    fn vs_sframe(&self) -> f64 {
        self.sframe / self.ours
    }

    fn vs_davey(&self) -> f64 {
        self.davey / self.vs_raw()
    }

    fn text(&self) -> String {
        let Self { ours, raw, sframe, davey } = self;
        format!("{ours:>7.0} ns {raw:>7.0} ns {sframe:>7.0} ns {:>7.0} ns", davey * raw)
    }

    fn json(&self) -> Value {
        json!({
            "ns": rounded(self.ours),
            "vs_raw": rounded(self.vs_raw()),
            "vs_sframe": rounded(self.vs_sframe()),
            "vs_davey": rounded(self.vs_davey()),
        })
    }

    fn group(&self, len: usize) -> Group {
        let bars = vec![Some(self.vs_raw()), Some(self.sframe / self.raw), Some(self.davey)];
        Group { label: format!("{len} B"), bars }
    }
}
