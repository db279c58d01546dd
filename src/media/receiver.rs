//! Opening what other members send.

use std::sync::Arc;

use incamera_wire::{StayId, Track};

use super::codec::Layer;
use super::error::FrameError;
use super::framed::Scratch;
use super::held::{HeldFrame, HeldFrames};
use super::sealer::Framing;
use crate::keyring::{Handle, Incoming, Keyring, OpenRefusal, Origin, Received};

/// What became of a frame that was no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Opened {
    /// It is genuine and new; its plaintext has been appended.
    Frame {
        /// Who sent it.
        member: StayId,
        /// On which track.
        track: Track,
        /// Where in a scalable stream it belongs, if its framing is of a codec that says so.
        layer: Option<Layer>,
    },
    /// It is genuine and new, and says that there is no sound now
    /// ([`Sealer::seal_silence`](crate::Sealer::seal_silence)): nothing has been appended.
    Silence {
        /// Who sent it.
        member: StayId,
        /// On which track.
        track: Track,
    },
    /// Its epoch has not been installed yet: [`Receiver::poll`] gives it back.
    Held,
    /// There was nothing in it.
    Ignored,
}

/// A frame that was held, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Released {
    /// The tag that the caller gave to [`Receiver::open`] with it.
    pub tag: u64,
    /// Never [`Opened::Held`] again.
    pub outcome: Result<Opened, FrameError>,
}

/// Opens the frames of all other members; take one per transport or media thread. It is `Send`.
///
/// Receivers keep no keys and no replay windows: two of one meeting never accept one frame twice,
/// and a new one accepts nothing that an earlier one did (SPEC \[M2\]).
///
/// Frames of an epoch that this member has not reached yet are held (SPEC \[M5\]): at most 4,096 of
/// them, 8 MiB, for 5 seconds. Call [`Self::poll`] until it gives `None` after each change of epoch
/// and about every second: frames leave in the order in which they came.
pub struct Receiver {
    handle: Handle,
    expected: Option<Origin>,
    held: HeldFrames,
    scratch: Scratch,
}

impl Receiver {
    /// A receiver for every member and track that `keyring` knows.
    pub(crate) fn new(keyring: Arc<Keyring>) -> Self {
        Self {
            handle: Handle::new(keyring),
            expected: None,
            held: HeldFrames::default(),
            scratch: Scratch::new(),
        }
    }

    /// The strict form, for a pipeline that knows whom it expects: frames of any other member or
    /// track are refused with [`FrameError::NotAllowed`], so that a relay cannot swap tiles.
    #[must_use]
    pub fn only(self, member: StayId, track: Track) -> Self {
        Self { expected: Some(Origin { member, track }), ..self }
    }

    /// Opens one frame with the framing [`Framing::Whole`]: appends its plaintext to `out`. `tag` is the
    /// caller's name for the frame, given back if it is held. `now_ms` is of the
    /// clock of [`Now::monotonic_ms`](crate::Now::monotonic_ms).
    ///
    /// # Errors
    /// [`FrameError::Malformed`], [`UnknownKey`](FrameError::UnknownKey),
    /// [`NotAllowed`](FrameError::NotAllowed), [`Full`](FrameError::Full),
    /// [`Unopenable`](FrameError::Unopenable) or [`Ended`](FrameError::Ended); nothing has changed
    /// (SPEC \[M11\]): drop the frame and go on.
    pub fn open(
        &mut self,
        tag: u64,
        sealed: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<Opened, FrameError> {
        if sealed.is_empty() {
            return Ok(Opened::Ignored);
        }
        let mut frame = Incoming::parse(sealed)?;
        let before = out.len();
        let way = Way { handle: &mut self.handle, held: &mut self.held, expected: self.expected };
        let origin = way.open((tag, Framing::Whole, sealed), &mut frame, now_ms, out)?;
        // Written out: put together elsewhere and copied, it would wait for the store buffer.
        let Some(Origin { member, track }) = origin else { return Ok(Opened::Held) };
        if out.len() == before && track.kind().is_audio() {
            return Ok(Opened::Silence { member, track });
        }
        Ok(Opened::Frame { member, track, layer: None })
    }

    /// Opens one frame with the framing that its sender announced: [`Self::open`]. With
    /// [`Framing::WebRtc`], what is appended is the frame in the one form that all receivers give it:
    /// as it was sealed, without what packetisers drop (SPEC.md 9.5).
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn open_framed(
        &mut self,
        framing: Framing,
        tag: u64,
        sealed: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<Opened, FrameError> {
        let Some(codec) = framing.codec() else { return self.open(tag, sealed, now_ms, out) };
        if sealed.is_empty() {
            return Ok(Opened::Ignored);
        }
        let mut frame = self.scratch.receive(codec, sealed).map_err(|_| FrameError::Malformed)?;
        let way = Way { handle: &mut self.handle, held: &mut self.held, expected: self.expected };
        let origin = way.open((tag, framing, sealed), &mut frame, now_ms, out)?;
        Ok(origin.map_or(Opened::Held, |origin| opened(origin, frame.layer, true)))
    }

    /// The next held frame whose epoch has been installed, or whose time is up: appends its
    /// plaintext to `out` if it opens. `None` if no frame is due: call again later.
    pub fn poll(&mut self, now_ms: u64, out: &mut Vec<u8>) -> Option<Released> {
        if self.held.len() == 0 {
            return None;
        }
        let keyring = self.handle.keyring();
        let newest = if keyring.has_ended() { Some(u64::MAX) } else { keyring.newest() };
        let held = self.held.pop(newest, now_ms)?;
        Some(Released { tag: held.tag, outcome: self.release(&held, now_ms, out) })
    }

    /// Opens a frame that need not wait any longer.
    fn release(
        &mut self,
        HeldFrame { framing, sealed, .. }: &HeldFrame,
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<Opened, FrameError> {
        let before = out.len();
        let Some(codec) = framing.codec() else {
            let mut frame = Incoming::parse(sealed)?;
            let origin = self.handle.open(&mut frame, self.expected, now_ms, out)?;
            return Ok(opened(origin, None, out.len() > before));
        };
        let mut frame = self.scratch.receive(codec, sealed).map_err(|_| FrameError::Malformed)?;
        let origin = self.handle.open(&mut frame, self.expected, now_ms, out)?;
        Ok(opened(origin, frame.layer, true))
    }

    /// How many frames are held.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// A digest of all state, so that tests can say that nothing has changed.
    #[cfg(test)]
    pub(crate) fn digest(&self) -> ([u8; 32], String) {
        (self.handle.keyring().digest(), format!("{:?}", self.held.state()))
    }
}

impl core::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Receiver")
            .field("expected", &self.expected)
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}

/// What a frame goes through.
struct Way<'a> {
    handle: &'a mut Handle,
    held: &'a mut HeldFrames,
    expected: Option<Origin>,
}

impl Way<'_> {
    /// Opens a frame, or holds it: `None`.
    #[inline(always)]
    fn open(
        self,
        (tag, framing, sealed): (u64, Framing, &[u8]),
        frame: &mut impl Received,
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<Option<Origin>, FrameError> {
        let kid = frame.header().kid;
        if let Some(epoch) = self.held.epoch_of(kid) {
            // SPEC [M5]: it must not overtake, unless it would be lost.
            if self.held.push((tag, kid, epoch), (framing, sealed), now_ms).is_ok() {
                return Ok(None);
            }
        }
        match self.handle.open(frame, self.expected, now_ms, out) {
            Ok(origin) => Ok(Some(origin)),
            Err(OpenRefusal::Ahead { epoch }) => {
                self.held.push((tag, kid, epoch), (framing, sealed), now_ms)?;
                Ok(None)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// What an application gets to know of a frame that opened.
#[inline(always)]
fn opened(origin: Origin, layer: Option<Layer>, has_content: bool) -> Opened {
    let Origin { member, track } = origin;
    if has_content || !track.kind().is_audio() {
        Opened::Frame { member, track, layer }
    } else {
        Opened::Silence { member, track }
    }
}
