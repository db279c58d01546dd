//! Meetings whose frames are sealed and opened for real. Their keys come from a room in memory, since
//! it is the forwarding that is measured; their time stands still, so that none of them ends.

use std::time::Instant;

use incamera::testing::Room;
use incamera::{Framing, Opened, Receiver, Sealer, Track, TrackKind};

use crate::{Failure, Load};

/// What one member sends and hears with.
pub(crate) struct Voice {
    pub(crate) sealers: Vec<Sealer>,
    receiver: Receiver,
    now_ms: u64,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    opened: Vec<u8>,
}

/// The members of one meeting.
pub(crate) fn voices(load: Load) -> Result<Vec<Voice>, Failure> {
    let names: Vec<String> = (0..load.members).map(|at| format!("Member {at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut room = Room::new(&names)?;
    room.wait(1);
    let now_ms = room.now().monotonic_ms;
    #[allow(clippy::indexing_slicing, reason = "the room has as many seats as there are names")]
    let voice = |at: usize| {
        let sealer = |index| {
            let track =
                u8::try_from(index).ok().and_then(|at| Track::new(TrackKind::Microphone, at));
            let track = track.ok_or("a member has no so many microphones")?;
            Ok::<_, Failure>(room[at].sealer(track, Framing::Whole)?)
        };
        let sealers = (0..load.tracks).map(sealer).collect::<Result<_, _>>()?;
        let receiver = room[at].receiver();
        let (plain, sealed, opened) = (vec![0x5a; load.bytes.max(8)], Vec::new(), Vec::new());
        Ok(Voice { sealers, receiver, now_ms, plain, sealed, opened })
    };
    (0..load.members).map(voice).collect()
}

impl Voice {
    /// The next frame of a track: the time since `start` in nanoseconds, 8 bytes, big-endian, and
    /// filling.
    pub(crate) fn seal(&mut self, track: usize, start: Instant) -> Result<&[u8], Failure> {
        let at = u64::try_from(start.elapsed().as_nanos())?.to_be_bytes();
        self.plain.iter_mut().zip(at).for_each(|(to, byte)| *to = byte);
        let sealer = self.sealers.get_mut(track).ok_or("no such track")?;
        self.sealed.clear();
        sealer.seal(&self.plain, self.now_ms, &mut self.sealed)?;
        Ok(&self.sealed)
    }

    /// How old a frame is, in nanoseconds; `None` if it does not open.
    pub(crate) fn age(&mut self, sealed: &[u8], start: Instant) -> Option<u64> {
        self.opened.clear();
        let opened = self.receiver.open(0, sealed, self.now_ms, &mut self.opened).ok()?;
        if !matches!(opened, Opened::Frame { .. }) {
            return None;
        }
        let sent = u64::from_be_bytes(*self.opened.first_chunk()?);
        Some(u64::try_from(start.elapsed().as_nanos()).ok()?.saturating_sub(sent))
    }
}
