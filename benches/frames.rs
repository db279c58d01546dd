//! What a frame costs beside the bare cipher: `cargo bench --bench frames --features testing`.
//!
//! Rounds of all contestants are interleaved in one process, and medians of the rounds are compared:
//! only the ratios carry over to another machine or another day.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench measures and prints"
)]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use incamera::wire::{FrameHeader, MAX_HEADER_LEN};
use incamera::{FrameError, Receiver};

/// Frames in one round of one contestant.
const FRAMES: usize = 500;
/// Rounds; medians are taken over them.
const ROUNDS: usize = 400;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    println!("{:>6}  {:>22}  {:>22}  {:>22}", "bytes", "seal", "open", "forged");
    for len in [160, 1_200, 5_000] {
        measure(len)?;
    }
    Ok(())
}

/// One line of the table: nanoseconds a frame, and the ratio to the bare cipher.
fn measure(len: usize) -> Result<(), Failure> {
    let (mut sealer, mut receiver) = incamera::testing::pair()?;
    let bare = Bare::new()?;
    let text = vec![7; len];
    let mut out = Vec::with_capacity(sealer.max_sealed_len(len));
    let mut times: [Vec<f64>; 5] = Default::default();
    for _ in 0..ROUNDS {
        let frames = batch(|frame| Ok(sealer.seal(&text, 0, frame)?))?;
        let forged: Vec<_> = frames.iter().map(|frame| forge(frame)).collect();
        let bare_frames = batch(|frame| bare.seal(&text, frame))?;
        let round = [
            timed(&bare_frames, &mut out, |_, out| bare.seal(&text, out))?,
            timed(&frames, &mut out, |_, out| Ok(sealer.seal(&text, 0, out)?))?,
            timed(&bare_frames, &mut out, |frame, out| bare.open(frame, out))?,
            timed(&frames, &mut out, |frame, out| open(&mut receiver, frame, out))?,
            timed(&forged, &mut out, |frame, out| refuse(&mut receiver, frame, out))?,
        ];
        times.iter_mut().zip(round).for_each(|(times, time)| times.push(time));
    }
    let [bare_seal, seal, bare_open, open, forged] = times.map(median);
    let shown = |ours: f64, bare: f64| format!("{ours:.0} / {bare:.0} ns = {:.2}", ours / bare);
    println!(
        "{len:>6}  {:>22}  {:>22}  {:>22}",
        shown(seal, bare_seal),
        shown(open, bare_open),
        shown(forged, bare_open)
    );
    Ok(())
}

/// One round's frames.
fn batch(
    mut seal: impl FnMut(&mut Vec<u8>) -> Result<(), Failure>,
) -> Result<Vec<Vec<u8>>, Failure> {
    let frame = |_| {
        let mut frame = Vec::new();
        seal(&mut frame).map(|()| frame)
    };
    (0..FRAMES).map(frame).collect()
}

fn open(receiver: &mut Receiver, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
    receiver.open(0, frame, 0, out)?;
    Ok(())
}

/// The same frame with a counter that no genuine one will have.
fn forge(frame: &[u8]) -> Vec<u8> {
    let Ok((FrameHeader { kid, .. }, len)) = FrameHeader::parse(frame) else { return vec![] };
    let mut buffer = [0; MAX_HEADER_LEN];
    let forged_len = FrameHeader { kid, ctr: u64::MAX }.write(&mut buffer);
    let header = buffer.iter().take(forged_len);
    header.chain(frame.iter().skip(len)).copied().collect()
}

fn refuse(receiver: &mut Receiver, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
    match receiver.open(0, frame, 0, out) {
        Err(FrameError::Unopenable) => Ok(()),
        other => Err(format!("a forged frame gave {other:?}").into()),
    }
}

/// AES-128-GCM alone: a cached key, a counter for a nonce, one copy into the caller's buffer.
struct Bare {
    key: LessSafeKey,
}

impl Bare {
    fn new() -> Result<Self, Failure> {
        let unbound = UnboundKey::new(&AES_128_GCM, &[7; 16]).map_err(|_| "no key")?;
        Ok(Self { key: LessSafeKey::new(unbound) })
    }

    fn seal(&self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        out.extend_from_slice(text);
        let nonce = Nonce::assume_unique_for_key(black_box([0; 12]));
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from([0; 4]), out);
        out.extend_from_slice(tag.map_err(|_| "not sealed")?.as_ref());
        Ok(())
    }

    fn open(&self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        out.extend_from_slice(frame);
        let nonce = Nonce::assume_unique_for_key(black_box([0; 12]));
        let text = self.key.open_in_place(nonce, Aad::from([0; 4]), out);
        black_box(text.map_err(|_| "not opened")?);
        Ok(())
    }
}

/// The time of `run` over `frames`, in nanoseconds a frame.
fn timed(
    frames: &[Vec<u8>],
    out: &mut Vec<u8>,
    mut run: impl FnMut(&[u8], &mut Vec<u8>) -> Result<(), Failure>,
) -> Result<f64, Failure> {
    let start = Instant::now();
    for frame in frames {
        out.clear();
        run(black_box(frame), black_box(out))?;
    }
    Ok(start.elapsed().as_nanos() as f64 / frames.len() as f64)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
