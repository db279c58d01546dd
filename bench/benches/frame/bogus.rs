//! What a frame costs that does not open.

use std::hint::black_box;

use incamera::wire::{FrameHeader, MAX_HEADER_LEN};
use incamera::{FrameError, Receiver};
use incamera_bench::{Failure, Verdicts, median, nanoseconds, rounded};
use serde_json::{Map, Value, json};

use crate::contest::Contestant as _;
use crate::ours::Pair;

const ROUNDS: usize = 201;
const FRAMES: usize = 200;

/// The same frame with another header.
fn relabelled(frame: &[u8], change: impl FnOnce(&mut FrameHeader)) -> Result<Vec<u8>, Failure> {
    let (mut header, len) = FrameHeader::parse(frame)?;
    change(&mut header);
    let mut buffer = [0; MAX_HEADER_LEN];
    let new_len = header.write(&mut buffer);
    let (head, body) = (buffer.get(..new_len), frame.get(len..));
    Ok([head.ok_or("no header")?, body.ok_or("no body")?].concat())
}

fn refuse(
    receiver: &mut Receiver,
    frames: &[Vec<u8>],
    now_ms: u64,
    as_what: FrameError,
) -> Result<f64, Failure> {
    let mut out = Vec::with_capacity(60_000);
    let (others, time) = nanoseconds(|| {
        let opened =
            frames.iter().map(|frame| receiver.open(0, black_box(frame), now_ms, &mut out));
        opened.filter(|opened| *opened != Err(as_what)).count()
    });
    if others > 0 {
        Err("a bogus frame was not refused".into())
    } else {
        Ok(time / frames.len() as f64)
    }
}

/// The ratio of each kind of bogus frame to a genuine one of its size.
pub(crate) fn measure(verdicts: &mut Verdicts) -> Result<Value, Failure> {
    let mut figures = Map::new();
    for len in [40, 160, 1_200, 5_000] {
        let mut pair = Pair::new()?;
        let (now_ms, text) = (pair.hall.now().monotonic_ms, vec![7; len]);
        let mut times: [Vec<f64>; 5] = Default::default();
        for _ in 0..ROUNDS {
            let [_, genuine] = pair.round(&text, FRAMES)?;
            let old = pair.sealed(&text, FRAMES)?;
            let mut out = Vec::new();
            for frame in &old {
                pair.receiver.open(0, frame, now_ms, &mut out)?;
                out.clear();
            }
            let fresh = pair.sealed(&text, FRAMES)?;
            let unknown: Vec<_> = fresh
                .iter()
                .map(|f| relabelled(f, |h| h.kid ^= 1 << 40))
                .collect::<Result<_, _>>()?;
            let tagged: Vec<_> = fresh
                .iter()
                .map(|f| relabelled(f, |h| h.ctr |= 1 << 40))
                .collect::<Result<_, _>>()?;
            // Another track of the same member: no genuine frame of it has ever come.
            let silent: Vec<_> = fresh
                .iter()
                .map(|f| relabelled(f, |h| h.kid ^= 3 << 9))
                .collect::<Result<_, _>>()?;
            let receiver = &mut pair.receiver;
            let round = [
                genuine,
                refuse(receiver, &unknown, now_ms, FrameError::UnknownKey)?,
                refuse(receiver, &tagged, now_ms, FrameError::Unopenable)?,
                refuse(receiver, &old, now_ms, FrameError::Unopenable)?,
                refuse(receiver, &silent, now_ms, FrameError::Unopenable)?,
            ];
            times.iter_mut().zip(round).for_each(|(times, time)| times.push(time));
        }
        let [genuine, unknown, tag, replay, silent] = times.map(|times| median(&times));
        let kinds = [
            ("unknown_key", unknown),
            ("bad_tag", tag),
            ("replay", replay),
            ("unused_track", silent),
        ];
        let mut of_len = Map::new();
        for (kind, time) in kinds {
            verdicts.at_most(&format!("bogus {len} B, {kind}"), time / genuine, 1.2);
            of_len.insert(kind.to_owned(), rounded(time / genuine));
        }
        figures.insert(len.to_string(), of_len.into());
    }
    Ok(json!(figures))
}
