//! Frames of a thousand senders in turn, beside as many of one.

use std::hint::black_box;

use incamera::{Framing, Sealer, Settings, Track};
use incamera_bench::{Failure, Hall, Verdicts, median, nanoseconds, rounded};
use serde_json::{Value, json};

const SENDERS: usize = 1_000;
const ROUNDS: usize = 51;
/// How many come in at once.
const BATCH: usize = 64;

/// The ratio of a frame of many senders in turn to one of a single sender. `-- --senders N` takes
/// another number: a thousand full members have to form a meeting first.
pub(crate) fn measure(options: &[String], verdicts: &mut Verdicts) -> Result<Value, Failure> {
    let given = options.iter().skip_while(|word| *word != "--senders").nth(1);
    let senders = given.map_or(Ok(SENDERS), |number| number.parse())?;
    let mut hall = Hall::new(Settings::OPEN)?;
    let invite = hall.invite()?;
    while hall.seats.len() <= senders {
        for _ in 0..BATCH.min(senders + 1 - hall.seats.len()) {
            hall.knock(&invite)?;
        }
        hall.pass(400);
    }
    hall.pass(1_000);
    let mut sealers = (1..=senders)
        .map(|who| Ok(hall.seat(who)?.sealer(Track::MICROPHONE, Framing::Whole)?))
        .collect::<Result<Vec<_>, Failure>>()?;
    let (mut receiver, now_ms) = (hall.seat(0)?.receiver(), hall.now().monotonic_ms);
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let all =
            sealers.iter_mut().map(|sealer| seal(sealer, now_ms)).collect::<Result<Vec<_>, _>>()?;
        let first = sealers.first_mut().ok_or("no sender")?;
        let alone = (0..senders).map(|_| seal(first, now_ms)).collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(256);
        for (frames, times) in [(&alone, &mut one), (&all, &mut many)] {
            let (done, time) = nanoseconds(|| {
                frames.iter().try_for_each(|frame| {
                    out.clear();
                    receiver.open(0, black_box(frame), now_ms, &mut out).map(drop)
                })
            });
            done?;
            times.push(time / senders as f64);
        }
    }
    let ratio = median(&many) / median(&one);
    verdicts.at_most(&format!("{senders} senders in turn, against one"), ratio, 1.4);
    Ok(json!({ "senders": senders, "vs_one": rounded(ratio) }))
}

fn seal(sealer: &mut Sealer, now_ms: u64) -> Result<Vec<u8>, Failure> {
    let mut sealed = Vec::with_capacity(256);
    sealer.seal(&[7; 160], now_ms, &mut sealed)?;
    Ok(sealed)
}
