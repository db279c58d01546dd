//! One round of whoever seals and opens.

use std::hint::black_box;

use incamera_bench::{Failure, nanoseconds};

/// How many frames go before those that are timed, so that everybody finds code and keys at hand.
const WARM: usize = 16;
/// How many bytes of frames one round has: they stay in a core's cache, as a frame does between its
/// codec and its transport.
const ROUND_BYTES: usize = 400_000;

/// How many frames of `len` bytes a round has.
pub(crate) fn frames_of(len: usize) -> usize {
    (ROUND_BYTES / len).clamp(8, 400)
}

/// Somebody who seals frames and opens them.
pub(crate) trait Contestant {
    /// Appends the frame to `out`, which is empty and has room for it.
    fn seal(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure>;

    /// Appends what is in the frame to `out`, which is empty and has room for it.
    fn open(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure>;

    /// Frames that nobody has opened yet.
    fn sealed(&mut self, text: &[u8], count: usize) -> Result<Vec<Vec<u8>>, Failure> {
        let mut frame = |_| {
            let mut frame = Vec::with_capacity(text.len() + 64);
            self.seal(text, &mut frame).map(|()| frame)
        };
        (0..count).map(&mut frame).collect()
    }

    /// Seals into one buffer and opens into one, as media threads do; nanoseconds a frame.
    fn round(&mut self, text: &[u8], count: usize) -> Result<[f64; 2], Failure> {
        let mut out = Vec::with_capacity(text.len() + 128);
        let mut seal = |count: usize| -> Result<(), Failure> {
            for _ in 0..count {
                out.clear();
                self.seal(black_box(text), black_box(&mut out))?;
            }
            Ok(())
        };
        seal(WARM)?;
        let (done, sealing) = nanoseconds(|| seal(count));
        done?;
        let frames = self.sealed(text, WARM + count)?;
        let (first, counted) = frames.split_at_checked(WARM).ok_or("too few frames")?;
        let mut open = |frames: &[Vec<u8>]| -> Result<(), Failure> {
            for frame in frames {
                out.clear();
                self.open(black_box(frame), black_box(&mut out))?;
            }
            Ok(())
        };
        open(first)?;
        let (done, opening) = nanoseconds(|| open(counted));
        done?;
        if out == text {
            Ok([sealing, opening].map(|time| time / count as f64))
        } else {
            Err("another frame came out".into())
        }
    }
}
