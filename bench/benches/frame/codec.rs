//! Sealing of which a codec's clear bytes are left out, beside sealing the same frame whole.

use std::hint::black_box;

use allocation_counter::measure as count;
use incamera::{Codec, Framing, Sealer, Settings, Track};
use incamera_bench::{Failure, Hall, Verdicts, median, nanoseconds, rounded};
use serde_json::{Map, Value, json};

use crate::contest::frames_of;

const ROUNDS: usize = 201;
const LENGTHS: [usize; 2] = [5_000, 50_000];
/// Of the ratio to the frame sealed whole.
const MOST: f64 = 1.25;
const COUNTED: usize = 200;

/// A codec, and how many bytes of a frame go where: what comes before the picture, and in how many
/// pieces the picture is.
struct Case {
    name: &'static str,
    codec: Codec,
    before: &'static [u8],
    /// What each piece begins with.
    head: &'static [u8],
    pieces: usize,
}

const SETS_264: [u8; 26] = [
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x02, 0xc4, 0xe8, 0x40, 0x01, 0x12, 0x34, 0, 0, 0, 1,
    0x68, 0xce, 0x3c, 0x80, 0x11, 0x22,
];
const SETS_265: [u8; 27] = [
    0, 0, 0, 1, 0x40, 1, 0x0c, 1, 0xff, 0, 0, 0, 1, 0x42, 1, 1, 1, 0x60, 0, 0, 0, 1, 0x44, 1, 0xc1,
    0x72, 0xb4,
];
const SLICE_264: &[u8] = &[0, 0, 0, 1, 0x65, 0xb8];
const SLICE_265: &[u8] = &[0, 0, 0, 1, 0x02, 0x01, 0xd0];
const HEADER_AV1: &[u8] = &[0x0a, 0x0a, 0, 0, 0, 4, 0x45, 0x7e, 0x3e, 0xff, 0xfc, 0xc0];

const CASES: [Case; 9] = [
    Case { name: "vp8", codec: Codec::Vp8, before: &[], head: &[1], pieces: 1 },
    Case { name: "av1", codec: Codec::Av1, before: &[], head: &[0x30], pieces: 1 },
    Case { name: "av1_header", codec: Codec::Av1, before: HEADER_AV1, head: &[0x30], pieces: 1 },
    Case { name: "h264", codec: Codec::H264, before: &[], head: SLICE_264, pieces: 1 },
    Case { name: "h264_sets", codec: Codec::H264, before: &SETS_264, head: SLICE_264, pieces: 1 },
    Case { name: "h264_slices", codec: Codec::H264, before: &[], head: SLICE_264, pieces: 4 },
    Case { name: "h265", codec: Codec::H265, before: &[], head: SLICE_265, pieces: 1 },
    Case { name: "h265_sets", codec: Codec::H265, before: &SETS_265, head: SLICE_265, pieces: 1 },
    Case { name: "h265_slices", codec: Codec::H265, before: &[], head: SLICE_265, pieces: 4 },
];

impl Case {
    /// A frame of about `len` bytes: noise, as entropy coders make it, without start codes.
    fn frame(&self, len: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let (mut frame, mut last) = (self.before.to_vec(), 1);
        for _ in 0..self.pieces {
            frame.extend_from_slice(self.head);
            for _ in 0..(len - self.before.len()) / self.pieces - self.head.len() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let byte = (state >> 56) as u8;
                last = if byte == 0 && last == 0 { 0x80 } else { byte };
                frame.push(last);
            }
            frame.push(0x80);
        }
        frame
    }
}

/// The ratios by case and length.
pub(crate) fn measure(verdicts: &mut Verdicts) -> Result<Value, Failure> {
    let mut hall = Hall::new(Settings::MEETING)?;
    let mut figures = Map::new();
    println!("{:>12} {:>6} {:>10} {:>10} {:>6}", "codec", "bytes", "split", "whole", "ratio");
    for case in &CASES {
        let mut of_case = Map::new();
        for len in LENGTHS {
            let ratio = ratio(&mut hall, case, len)?;
            verdicts.at_most(&format!("seal {len} B of {}, against whole", case.name), ratio, MOST);
            of_case.insert(len.to_string(), json!(rounded(ratio)));
        }
        let allocated = allocations(&mut hall, case)?;
        let what = format!("allocations of a frame of {}", case.name);
        verdicts.at_most(&what, allocated, 0.0);
        figures.insert(case.name.to_owned(), Value::Object(of_case));
    }
    Ok(Value::Object(figures))
}

fn ratio(hall: &mut Hall, case: &Case, len: usize) -> Result<f64, Failure> {
    let now_ms = hall.now().monotonic_ms;
    let mut split = hall.seat(0)?.sealer(Track::CAMERA, Framing::WebRtc(case.codec))?;
    let mut whole = hall.seat(0)?.sealer(Track::SCREEN, Framing::Whole)?;
    let (frame, count) = (case.frame(len), frames_of(len));
    let mut out = Vec::with_capacity(split.max_sealed_len(frame.len()));
    let mut round = |sealer: &mut Sealer| -> Result<f64, Failure> {
        let (done, time) = nanoseconds(|| {
            (0..count).try_for_each(|_| {
                out.clear();
                sealer.seal(black_box(&frame), now_ms, black_box(&mut out))
            })
        });
        done?;
        Ok(time / count as f64)
    };
    let (mut splits, mut wholes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        splits.push(round(&mut split)?);
        wholes.push(round(&mut whole)?);
    }
    let (split, whole) = (median(&splits), median(&wholes));
    let ratio = split / whole;
    println!("{:>12} {len:>6} {split:>7.0} ns {whole:>7.0} ns {ratio:>6.2}", case.name);
    Ok(ratio)
}

/// How often a sealed frame allocates, once one of its size was sealed.
fn allocations(hall: &mut Hall, case: &Case) -> Result<f64, Failure> {
    let now_ms = hall.now().monotonic_ms;
    let mut sealer = hall.seat(0)?.sealer(Track::CAMERA, Framing::WebRtc(case.codec))?;
    let frame = case.frame(5_000);
    let mut out = Vec::with_capacity(sealer.max_sealed_len(frame.len()));
    let mut seal = |times: usize| {
        (0..times).try_for_each(|_| {
            out.clear();
            sealer.seal(&frame, now_ms, &mut out)
        })
    };
    seal(1)?;
    let mut done = Ok(());
    let counted = count(|| done = seal(COUNTED));
    done?;
    Ok(counted.count_total as f64 / COUNTED as f64)
}
