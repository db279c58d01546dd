//! What the first frame of a track in an epoch costs beyond a later one: its key is derived then.

use std::hint::black_box;

use incamera::{Framing, Sealer, Track};
use incamera_bench::{Failure, Verdicts, median, nanoseconds, rounded};
use serde_json::{Value, json};

use crate::ours::Pair;

const EPOCHS: usize = 201;

/// Seals and opens one frame; nanoseconds.
fn one(pair: &mut Pair, sealer: &mut Sealer) -> Result<[f64; 2], Failure> {
    let now_ms = pair.hall.now().monotonic_ms;
    let (mut sealed, mut out) = (Vec::with_capacity(256), Vec::with_capacity(256));
    let (done, seal) = nanoseconds(|| sealer.seal(black_box(&[7; 160]), now_ms, &mut sealed));
    done?;
    let (done, open) = nanoseconds(|| pair.receiver.open(0, black_box(&sealed), now_ms, &mut out));
    done?;
    Ok([seal, open])
}

/// How much longer the first frame takes, sealed and opened, in microseconds: with everything at hand
/// but the key, and right after the commit, when nothing of the frame path is in the caches.
pub(crate) fn measure(verdicts: &mut Verdicts) -> Result<Value, Failure> {
    let mut pair = Pair::new()?;
    let tracks = [Track::MICROPHONE, Track::SCREEN];
    let sealers = tracks.map(|track| Ok(pair.hall.seat(0)?.sealer(track, Framing::Whole)?));
    let [microphone, screen]: [Result<Sealer, Failure>; 2] = sealers;
    let (mut microphone, mut screen) = (microphone?, screen?);
    let mut times: [Vec<f64>; 6] = Default::default();
    for epoch in 0..EPOCHS {
        // A rename is a commit of every member's.
        let now = pair.hall.now();
        pair.hall.seat(0)?.rename(&format!("Host {epoch}"), now)?;
        pair.hall.pass(500);
        let cold = one(&mut pair, &mut microphone)?;
        for _ in 0..32 {
            one(&mut pair, &mut microphone)?;
        }
        let first = one(&mut pair, &mut screen)?;
        let later = one(&mut pair, &mut screen)?;
        let round = [cold, first, later];
        times.iter_mut().zip(round.as_flattened()).for_each(|(times, time)| times.push(*time));
    }
    let [cold_seal, cold_open, first_seal, first_open, seal, open] =
        times.map(|times| median(&times) / 1_000.0);
    let (first_seal, first_open) = (first_seal - seal, first_open - open);
    verdicts.at_most("first frame of an epoch, seal, us more", first_seal, 1.5);
    verdicts.at_most("first frame of an epoch, open, us more", first_open, 1.5);
    Ok(json!({
        "first_seal_us_more": rounded(first_seal),
        "first_open_us_more": rounded(first_open),
        "cold_seal_us_more": rounded(cold_seal - seal),
        "cold_open_us_more": rounded(cold_open - open),
    }))
}
