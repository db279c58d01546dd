//! Frames of a thousand senders in turn, beside as many of one.

use std::hint::black_box;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use incamera::{Framing, Opened, Receiver, Sealer, Settings, Track};
use incamera_bench::{Failure, Hall, Verdicts, median, nanoseconds, rounded};
use serde_json::{Value, json};

const SENDERS: usize = 1_000;
const ROUNDS: usize = 51;
/// How many come in and are switched off again at once: with fewer, the first ones' epoch would be erased
/// before the last ones have come.
const BATCH: usize = 200;
const TEXT: [u8; 160] = [7; 160];
/// As long as the header of a frame in a meeting of a thousand.
const HEADER: [u8; 6] = [0x9b; 6];
/// How long somebody waits at most until it may seal, in tenths of a second.
const PATIENCE: usize = 50;

/// The ratio of a frame of many senders in turn to one of a single sender. `-- --senders N` takes
/// another number.
pub(crate) fn measure(options: &[String], verdicts: &mut Verdicts) -> Result<Value, Failure> {
    let given = options.iter().skip_while(|word| *word != "--senders").nth(1);
    let senders = given.map_or(Ok(SENDERS), |number| number.parse())?;
    let mut hall = Hall::new(Settings::MEETING)?;
    let (frames, mut single) = seal_all(&mut hall, senders)?;
    let (mut receiver, now_ms) = (hall.seat(0)?.receiver(), hall.now().monotonic_ms);
    let (mut one, mut many) = (Vec::new(), Vec::new());
    let (bare, mut bare_one, mut bare_many) = (Bare::new(senders)?, Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Copied, as they would just have come from the network.
        let all: Vec<_> = frames.iter().filter_map(|of_one| of_one.get(round)).cloned().collect();
        let alone =
            (0..senders).map(|_| seal(&mut single, now_ms)).collect::<Result<Vec<_>, _>>()?;
        one.push(open(&mut receiver, &alone, now_ms)?);
        many.push(open(&mut receiver, &all, now_ms)?);
        let (alone, all) = (bare.seal(|_| senders / 2)?, bare.seal(|number| number)?);
        bare_one.push(bare.open(&alone, |_| senders / 2)?);
        bare_many.push(bare.open(&all, |number| number)?);
    }
    let (one, many) = (median(&one), median(&many));
    let (bare_one, bare_many) = (median(&bare_one), median(&bare_many));
    println!("{senders} senders in turn: {many:.0} ns a frame, one alone: {one:.0} ns");
    println!("the bare cipher, {senders} keys: {bare_many:.0} ns a frame, one: {bare_one:.0} ns");
    let (ratio, bare_ratio) = (many / one, bare_many / bare_one);
    verdicts.at_most(&format!("{senders} senders in turn, against one"), ratio, 1.4);
    Ok(json!({ "senders": senders, "vs_one": rounded(ratio), "bare_vs_one": rounded(bare_ratio) }))
}

/// As many keys of the bare cipher: how much of the ratio is its own, whose key schedules come from a
/// farther cache as well.
struct Bare {
    sealing: Vec<LessSafeKey>,
    opening: Vec<LessSafeKey>,
}

impl Bare {
    fn new(senders: usize) -> Result<Self, Failure> {
        let key = |number: usize| {
            let key = UnboundKey::new(&AES_128_GCM, &(number as u128).to_be_bytes());
            Ok(LessSafeKey::new(key.map_err(|_| "no key")?))
        };
        let keys = || (0..senders).map(key).collect::<Result<_, Failure>>();
        Ok(Self { sealing: keys()?, opening: keys()? })
    }

    fn nonce() -> Nonce {
        Nonce::assume_unique_for_key([0x5a; 12])
    }

    /// As many frames as there are keys; `place` says by which key each.
    fn seal(&self, place: impl Fn(usize) -> usize) -> Result<Vec<Vec<u8>>, Failure> {
        let frame = |number: usize| {
            let mut frame = [&HEADER[..], &TEXT].concat();
            let body = frame.get_mut(HEADER.len()..).ok_or("short")?;
            let key = self.sealing.get(place(number)).ok_or("no key")?;
            let tag = key.seal_in_place_separate_tag(Self::nonce(), Aad::from(&HEADER), body);
            frame.extend_from_slice(tag.map_err(|_| "not sealed")?.as_ref());
            Ok(frame)
        };
        (0..self.sealing.len()).map(frame).collect()
    }

    /// Opens them; nanoseconds a frame.
    fn open(&self, frames: &[Vec<u8>], place: impl Fn(usize) -> usize) -> Result<f64, Failure> {
        let mut out = Vec::with_capacity(256);
        let (done, time) = nanoseconds(|| {
            frames.iter().enumerate().try_for_each(|(number, frame)| {
                let (header, body) = black_box(frame).split_at_checked(HEADER.len())?;
                let (text, tag) = body.split_at_checked(TEXT.len())?;
                let key = self.opening.get(place(number))?;
                out.clear();
                out.resize(TEXT.len(), 0);
                key.open_separate_gather(Self::nonce(), Aad::from(header), text, tag, &mut out).ok()
            })
        });
        done.ok_or("not opened")?;
        Ok(time / frames.len().max(1) as f64)
    }
}

/// The frames of one sender.
type Frames = Vec<Vec<u8>>;

/// The frames of each sender, and one who can go on sealing. They come in batches and are switched
/// off once they have sealed, since a thousand members that live at once take gigabytes; so they are
/// of several epochs, all of which the host keeps.
fn seal_all(hall: &mut Hall, senders: usize) -> Result<(Vec<Frames>, Sealer), Failure> {
    let (mut frames, mut single) = (Vec::new(), None);
    let invite = hall.invite()?;
    while frames.len() < senders {
        let newcomers = (0..BATCH.min(senders - frames.len()))
            .map(|_| hall.knock(&invite))
            .collect::<Result<Vec<_>, _>>()?;
        hall.admit_all()?;
        for &who in &newcomers {
            let mut sealer = hall.seat(who)?.sealer(Track::MICROPHONE, Framing::Whole)?;
            let first = first(hall, &mut sealer)?;
            let now_ms = hall.now().monotonic_ms;
            let more = (1..ROUNDS).map(|_| seal(&mut sealer, now_ms));
            frames.push(std::iter::once(Ok(first)).chain(more).collect::<Result<Vec<_>, _>>()?);
            if single.is_none() && frames.len() * 2 >= senders {
                single = Some(hall.seat(who)?.sealer(Track::CAMERA, Framing::Whole)?);
            }
        }
        newcomers.into_iter().for_each(|who| hall.switch_off(who));
    }
    Ok((frames, single.ok_or("no sender")?))
}

/// Somebody's first frame, once it may seal.
fn first(hall: &mut Hall, sealer: &mut Sealer) -> Result<Vec<u8>, Failure> {
    for _ in 0..PATIENCE {
        if let Ok(sealed) = seal(sealer, hall.now().monotonic_ms) {
            return Ok(sealed);
        }
        hall.pass(100);
    }
    Err("somebody may not seal".into())
}

fn seal(sealer: &mut Sealer, now_ms: u64) -> Result<Vec<u8>, Failure> {
    let mut sealed = Vec::with_capacity(256);
    sealer.seal(&TEXT, now_ms, &mut sealed)?;
    Ok(sealed)
}

/// Nanoseconds a frame.
fn open(receiver: &mut Receiver, frames: &[Vec<u8>], now_ms: u64) -> Result<f64, Failure> {
    let mut out = Vec::with_capacity(256);
    let (done, time) = nanoseconds(|| {
        frames.iter().try_for_each(|frame| {
            out.clear();
            let opened = receiver.open(0, black_box(frame), now_ms, &mut out)?;
            if matches!(opened, Opened::Frame { .. }) { Ok(()) } else { Err("held".into()) }
        })
    });
    let done: Result<(), Failure> = done;
    done?;
    Ok(time / frames.len().max(1) as f64)
}
