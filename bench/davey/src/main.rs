//! Times frames of davey, and of the bare cipher beside them, for the bench `frame`: reads lines of a
//! length in bytes and a count of frames, and answers each with four times in nanoseconds a frame:
//! davey seals, davey opens, aws-lc-rs seals, aws-lc-rs opens.

mod session;

use std::hint::black_box;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::time::Instant;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use davey::{Codec, DaveSession, MediaType};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let (mut sender, mut receiver) = session::pair()?;
    let bare = Bare::new()?;
    for line in stdin().lock().lines() {
        let line = line?;
        let mut words = line.split_whitespace().map(str::parse);
        let (len, count) = (words.next().ok_or("a length?")??, words.next().ok_or("a count?")??);
        let [seal, open] = davey(&mut sender, &mut receiver, len, count)?;
        let [bare_seal, bare_open] = bare.round(len, count)?;
        println!("{seal} {open} {bare_seal} {bare_open}");
        stdout().flush()?;
    }
    Ok(())
}

/// Frames that go before those that are timed.
const WARM: usize = 16;

/// Nanoseconds that each of `count` runs takes, after those that warm everything up.
fn timed(count: usize, mut run: impl FnMut(usize) -> Result<(), Failure>) -> Result<f64, Failure> {
    (0..WARM).try_for_each(&mut run)?;
    let start = Instant::now();
    (WARM..WARM + count).try_for_each(run)?;
    Ok(start.elapsed().as_nanos() as f64 / count as f64)
}

/// Frames of sound, which DAVE encrypts as a whole, sealed and opened into buffers that are used again.
fn davey(
    sender: &mut DaveSession,
    receiver: &mut DaveSession,
    len: usize,
    count: usize,
) -> Result<[f64; 2], Failure> {
    let (text, mut sealed) = (vec![7; len], Vec::with_capacity(len + 128));
    let seal = timed(count, |_| {
        sender.encrypt_into(MediaType::AUDIO, Codec::OPUS, black_box(&text), &mut sealed)?;
        black_box(&sealed);
        Ok(())
    })?;
    let mut frames = vec![Vec::new(); WARM + count];
    for frame in &mut frames {
        sender.encrypt_into(MediaType::AUDIO, Codec::OPUS, &text, frame)?;
    }
    let mut out = vec![0; len + 128];
    let open = timed(count, |number| {
        let frame = frames.get(number).ok_or("no frame")?;
        let opened =
            receiver.decrypt_into(session::SENDER, MediaType::AUDIO, black_box(frame), &mut out)?;
        if opened != len {
            return Err("a frame came out shorter".into());
        }
        black_box(&out);
        Ok(())
    })?;
    Ok([seal, open])
}

/// AES-128-GCM alone, as the bench itself measures it.
struct Bare(LessSafeKey);

impl Bare {
    fn new() -> Result<Self, Failure> {
        let key = UnboundKey::new(&AES_128_GCM, &[7; 16]).map_err(|_| "no key")?;
        Ok(Self(LessSafeKey::new(key)))
    }

    fn nonce(counter: usize) -> Nonce {
        let mut nonce = [0; 12];
        if let Some(low) = nonce.last_chunk_mut() {
            *low = (counter as u64).to_be_bytes();
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&self, number: usize, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        out.extend_from_slice(text);
        let tag = self.0.seal_in_place_separate_tag(Self::nonce(number), Aad::from([0; 6]), out);
        out.extend_from_slice(tag.map_err(|_| "not sealed")?.as_ref());
        Ok(())
    }

    fn round(&self, len: usize, count: usize) -> Result<[f64; 2], Failure> {
        let (text, mut out) = (vec![7; len], Vec::with_capacity(len + 128));
        let seal = timed(count, |number| {
            out.clear();
            self.seal(number, black_box(&text), black_box(&mut out))
        })?;
        let mut frames = vec![Vec::new(); WARM + count];
        for (number, frame) in frames.iter_mut().enumerate() {
            self.seal(number, &text, frame)?;
        }
        let open = timed(count, |number| {
            let frame = frames.get(number).ok_or("no frame")?;
            out.clear();
            out.extend_from_slice(black_box(frame));
            let opened = self.0.open_in_place(Self::nonce(number), Aad::from([0; 6]), &mut out);
            black_box(opened.map_err(|_| "not opened")?);
            Ok(())
        })?;
        Ok([seal, open])
    }
}
