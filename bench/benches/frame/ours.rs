//! A sealer and a receiver of two members of one meeting, as an application has them.

use std::hint::black_box;

use allocation_counter::measure;
use incamera::{Framing, Opened, Receiver, Sealer, Settings, Track};
use incamera_bench::{Failure, Hall, buffers, nanoseconds};

/// Frames that warm everything up.
const WARM: usize = 64;

/// A sealer of the host and a receiver of a guest.
pub(crate) struct Pair {
    pub(crate) sealer: Sealer,
    pub(crate) receiver: Receiver,
    pub(crate) hall: Hall,
}

impl Pair {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut hall = Hall::new(Settings::MEETING)?;
        let invite = hall.invite()?;
        let guest = hall.knock(&invite)?;
        hall.admit_all()?;
        let sealer = hall.seat(0)?.sealer(Track::CAMERA, Framing::Whole)?;
        let receiver = hall.seat(guest)?.receiver();
        let mut pair = Self { sealer, receiver, hall };
        pair.round(b"a frame that comes first", WARM)?;
        Ok(pair)
    }

    /// Frames that nobody has opened yet.
    pub(crate) fn seal(&mut self, text: &[u8], count: usize) -> Result<Vec<Vec<u8>>, Failure> {
        let now_ms = self.hall.now().monotonic_ms;
        let mut frames = buffers(count, text.len() + 64);
        for frame in &mut frames {
            self.sealer.seal(text, now_ms, frame)?;
        }
        Ok(frames)
    }

    /// Seals and opens; nanoseconds a frame.
    pub(crate) fn round(&mut self, text: &[u8], count: usize) -> Result<[f64; 2], Failure> {
        let now_ms = self.hall.now().monotonic_ms;
        let mut frames = buffers(count, text.len() + 64);
        let (done, seal) = nanoseconds(|| {
            frames.iter_mut().try_for_each(|frame| self.sealer.seal(black_box(text), now_ms, frame))
        });
        done?;
        let mut out = Vec::with_capacity(text.len() + 64);
        let (done, open) = nanoseconds(|| {
            frames.iter().try_for_each(|frame| {
                out.clear();
                let opened = self.receiver.open(0, black_box(frame), now_ms, &mut out)?;
                if matches!(opened, Opened::Frame { .. }) { Ok(()) } else { Err("held".into()) }
            })
        });
        let done: Result<(), Failure> = done;
        done?;
        Ok([seal, open].map(|time| time / count as f64))
    }
}

/// How often a thousand frames, sealed and opened, allocate.
pub(crate) fn allocations() -> Result<u64, Failure> {
    let mut pair = Pair::new()?;
    let now_ms = pair.hall.now().monotonic_ms;
    let (text, mut sealed, mut out) =
        (vec![7; 1_200], Vec::with_capacity(2_000), Vec::with_capacity(2_000));
    let mut done = Ok(());
    let counted = measure(|| {
        for _ in 0..1_000 {
            sealed.clear();
            out.clear();
            done = done.and_then(|()| pair.sealer.seal(&text, now_ms, &mut sealed));
            done = done.and_then(|()| pair.receiver.open(0, &sealed, now_ms, &mut out).map(drop));
        }
    });
    done?;
    Ok(counted.count_total)
}
