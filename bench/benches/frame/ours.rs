//! A sealer and a receiver of two members of one meeting, as an application has them.

use allocation_counter::measure;
use incamera::{Framing, Opened, Receiver, Sealer, Settings, Track};
use incamera_bench::{Failure, Hall};

use crate::contest::Contestant;

/// Frames that warm everything up.
const WARM: usize = 64;
/// Frames in which allocations are counted.
const COUNTED: usize = 1_000;

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
}

impl Contestant for Pair {
    fn seal(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        Ok(self.sealer.seal(text, self.hall.now().monotonic_ms, out)?)
    }

    fn open(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let opened = self.receiver.open(0, frame, self.hall.now().monotonic_ms, out)?;
        if matches!(opened, Opened::Frame { .. }) { Ok(()) } else { Err("held".into()) }
    }
}

/// How often a frame allocates that is sealed, and one that is opened, into buffers with room.
pub(crate) fn allocations() -> Result<[f64; 2], Failure> {
    let mut pair = Pair::new()?;
    let (text, mut out) = (vec![7; 1_200], Vec::with_capacity(2_000));
    let frames = pair.sealed(&text, COUNTED)?;
    let mut done = Ok(());
    let seal = measure(|| {
        done = (0..COUNTED).try_for_each(|_| {
            out.clear();
            pair.seal(&text, &mut out)
        });
    });
    done?;
    let mut done = Ok(());
    let open = measure(|| {
        done = frames.iter().try_for_each(|frame| {
            out.clear();
            pair.open(frame, &mut out)
        });
    });
    done?;
    Ok([seal, open].map(|counted| counted.count_total as f64 / COUNTED as f64))
}
