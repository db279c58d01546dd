//! What the first frame of an epoch costs beyond a later one: its key is derived then.

use std::hint::black_box;

use incamera_bench::{Failure, Verdicts, median, nanoseconds, rounded};
use serde_json::{Value, json};

use crate::ours::Pair;

const EPOCHS: usize = 101;

/// How much longer the first frame takes, sealed and opened, in microseconds.
pub(crate) fn measure(verdicts: &mut Verdicts) -> Result<Value, Failure> {
    let mut pair = Pair::new()?;
    let (text, mut name) = ([7; 160], 0);
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..EPOCHS {
        // A rename is a commit of every member's.
        name += 1;
        let now = pair.hall.now();
        pair.hall.seat(0)?.rename(&format!("Host {name}"), now)?;
        pair.hall.pass(200);
        let now_ms = pair.hall.now().monotonic_ms;
        let (mut out, mut round) = (Vec::with_capacity(256), Vec::new());
        for _ in 0..2 {
            let mut sealed = Vec::with_capacity(256);
            let (done, seal) =
                nanoseconds(|| pair.sealer.seal(black_box(&text), now_ms, &mut sealed));
            done?;
            out.clear();
            let (done, open) =
                nanoseconds(|| pair.receiver.open(0, black_box(&sealed), now_ms, &mut out));
            done?;
            round.extend([seal, open]);
        }
        times.iter_mut().zip(round).for_each(|(times, time)| times.push(time));
    }
    let [first_seal, first_open, seal, open] = times.map(|times| median(&times) / 1_000.0);
    let (seal, open) = (first_seal - seal, first_open - open);
    verdicts.at_most("first frame of an epoch, seal, us more", seal, 1.5);
    verdicts.at_most("first frame of an epoch, open, us more", open, 1.5);
    Ok(json!({ "first_seal_us_more": rounded(seal), "first_open_us_more": rounded(open) }))
}
