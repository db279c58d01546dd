//! The bare cipher: aws-lc-rs with a cached key, the same bytes into the same kind of buffer.

use std::hint::black_box;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use incamera_bench::{Failure, buffers, nanoseconds};

/// The header that a frame of ours has in a small meeting, which goes under the tag.
const HEADER: [u8; 4] = [0x98, 1, 0x2c, 9];

/// AES-128-GCM under one key.
pub(crate) struct Raw(LessSafeKey);

impl Raw {
    pub(crate) fn new() -> Result<Self, Failure> {
        let key = UnboundKey::new(&AES_128_GCM, &[7; 16]).map_err(|_| "no key")?;
        Ok(Self(LessSafeKey::new(key)))
    }

    fn nonce(counter: u64) -> Nonce {
        let mut nonce = [0x5a; 12];
        if let Some(low) = nonce.last_chunk_mut() {
            *low = counter.to_be_bytes();
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(&self, counter: u64, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        out.extend_from_slice(&HEADER);
        out.extend_from_slice(text);
        let body = out.get_mut(HEADER.len()..).ok_or("short")?;
        let tag = self.0.seal_in_place_separate_tag(Self::nonce(counter), Aad::from(&HEADER), body);
        out.extend_from_slice(tag.map_err(|_| "not sealed")?.as_ref());
        Ok(())
    }

    fn open(&self, counter: u64, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let (header, body) = frame.split_at_checked(HEADER.len()).ok_or("short")?;
        out.extend_from_slice(body);
        let opened = self.0.open_in_place(Self::nonce(counter), Aad::from(header), out);
        black_box(opened.map_err(|_| "not opened")?);
        Ok(())
    }

    /// Seals and opens; nanoseconds a frame.
    pub(crate) fn round(&self, text: &[u8], count: usize) -> Result<[f64; 2], Failure> {
        let mut frames = buffers(count, text.len() + 64);
        let (done, seal) = nanoseconds(|| {
            let mut frames = (0..).zip(&mut frames);
            frames.try_for_each(|(counter, frame)| self.seal(counter, black_box(text), frame))
        });
        done?;
        let mut out = Vec::with_capacity(text.len() + 64);
        let (done, open) = nanoseconds(|| {
            (0..).zip(&frames).try_for_each(|(counter, frame)| {
                out.clear();
                self.open(counter, black_box(frame), &mut out)
            })
        });
        done?;
        Ok([seal, open].map(|time| time / count as f64))
    }
}
