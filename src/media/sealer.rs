//! Sealing one of this member's tracks.

use std::sync::Arc;

use incamera_wire::{AnnouncedFraming, AnnouncedTrack, MAX_HEADER_LEN, Track};

use super::codec::{self, Codec, CodecError};
use super::error::FrameError;
use super::framed::Scratch;
use crate::keyring::{Keyring, Lease, max_padded_len};
use crate::sframe::MAX_TAG_LEN;

/// What of a frame is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// All of it: for transports of one's own, MoQ and data.
    Whole,
    /// All but what the packetisers and SFUs of WebRTC look at in frames of this codec, which stays at
    /// its place and is authenticated (SPEC.md 9.5). Of Opus and VP9 that is nothing: their frames are
    /// as [`Whole`](Self::Whole).
    WebRtc(Codec),
}

impl Framing {
    /// What a member's announcement says of a track; `None` if it names a codec that is not known here.
    ///
    /// ```
    /// # use incamera::{AnnouncedFraming, AnnouncedTrack, Codec, Framing, Track};
    /// let track = AnnouncedTrack {
    ///     track: Track::CAMERA,
    ///     codec: "VP8".to_owned(),
    ///     framing: AnnouncedFraming::WebRtc,
    ///     transport: "1".to_owned(),
    ///     muted: false,
    /// };
    /// assert_eq!(Framing::of(&track), Some(Framing::WebRtc(Codec::Vp8)));
    /// ```
    #[must_use]
    pub fn of(track: &AnnouncedTrack) -> Option<Self> {
        match track.framing {
            AnnouncedFraming::Whole => Some(Self::Whole),
            AnnouncedFraming::WebRtc => Codec::from_name(&track.codec).map(Self::WebRtc),
        }
    }

    /// The codec, if frames of it have clear bytes.
    pub(super) fn codec(self) -> Option<Codec> {
        match self {
            Self::Whole | Self::WebRtc(Codec::Opus | Codec::Vp9) => None,
            Self::WebRtc(codec) => Some(codec),
        }
    }
}

/// Seals the frames of one track, under the key of whatever epoch is to be used: nobody has to
/// rekey it. It is `Send`, for a media thread, and there is one per track (SPEC \[M10\]): while it
/// lives no other can be had; after a drop the next one goes on where it stopped; leaked, the
/// track stays taken.
///
/// ```
/// # use incamera::{Codec, Framing, Opened, Track};
/// # use incamera::testing::Room;
/// # let mut room = Room::new(&["Ada", "Ben"])?;
/// # room.wait(1);
/// # let now_ms = room.now().monotonic_ms;
/// # let picture = [0x10, 2, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1, 7, 7, 7];
/// let framing = Framing::WebRtc(Codec::Vp8);
/// let mut camera = room[0].sealer(Track::CAMERA, framing)?;
/// let (mut sealed, mut opened) = (Vec::new(), Vec::new());
/// camera.seal(&picture, now_ms, &mut sealed)?;
/// assert_eq!(sealed[..10], picture[..10]); // what a packetiser looks at
///
/// let mut eyes = room[1].receiver();
/// let outcome = eyes.open_framed(framing, 0, &sealed, now_ms, &mut opened)?;
/// assert!(matches!(outcome, Opened::Frame { track: Track::CAMERA, .. }));
/// assert_eq!(opened, picture);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// While the meeting's state lists relays, it seals only once one of them is proved, and stops when
/// that one leaves the list: [`FrameError::NoRelay`] (SPEC \[M13\]).
#[derive(Debug)]
pub struct Sealer {
    lease: Lease,
    framing: Framing,
    scratch: Scratch,
    /// For callers with a slice.
    sealed: Vec<u8>,
}

impl Sealer {
    /// Takes `track` of this member.
    ///
    /// # Errors
    /// [`FrameError::AlreadyLeased`] or [`FrameError::Ended`].
    pub(crate) fn lease(
        keyring: Arc<Keyring>,
        track: Track,
        framing: Framing,
    ) -> Result<Self, FrameError> {
        if keyring.has_ended() {
            return Err(FrameError::Ended);
        }
        // SPEC [M10]
        let lease = Lease::take(keyring, track).ok_or(FrameError::AlreadyLeased)?;
        Ok(Self { lease, framing, scratch: Scratch::new(), sealed: Vec::new() })
    }

    /// Seals one frame and appends it to `out`. `now_ms` is of the
    /// clock of [`Now::monotonic_ms`](crate::Now::monotonic_ms).
    ///
    /// Without room in `out` it allocates; with [`Self::max_sealed_len`] of it, never, once it has
    /// sealed a frame of that size. Of an empty frame, and of one of which packetisers would drop all,
    /// nothing is sealed and nothing appended, unless the framing is [`Framing::Whole`].
    ///
    /// # Errors
    /// [`FrameError::Stopped`], [`NoRelay`](FrameError::NoRelay), [`Ended`](FrameError::Ended),
    /// [`NotAllowed`](FrameError::NotAllowed), [`Exhausted`](FrameError::Exhausted),
    /// [`FrameTooLong`](FrameError::FrameTooLong) or [`Codec`](FrameError::Codec); `out` is as it was
    /// (SPEC \[M11\]).
    pub fn seal(
        &mut self,
        plaintext: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        match self.framing {
            Framing::Whole => self.seal_whole(plaintext, now_ms, out),
            Framing::WebRtc(_) => self.seal_framed(plaintext, now_ms, out),
        }
    }

    /// Seals a frame without a sound, for a track of sound in a meeting that pads: to be called
    /// whenever the encoder has nothing to send, so that frames go out at one rate and, if they are
    /// padded to a multiple that none exceeds, at one size, whoever speaks. Receivers get
    /// [`Opened::Silence`](crate::Opened::Silence).
    ///
    /// # Errors
    /// Those of [`Self::seal`]; [`FrameError::NotAllowed`] also for a track that is none of sound.
    pub fn seal_silence(&mut self, now_ms: u64, out: &mut Vec<u8>) -> Result<(), FrameError> {
        if !self.track().kind().is_audio() {
            return Err(FrameError::NotAllowed);
        }
        self.seal_whole(&[], now_ms, out)
    }

    #[inline(always)]
    fn seal_whole(
        &mut self,
        plaintext: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let slot = self.lease.slot(now_ms)?;
        let text = self.scratch.padded(plaintext, slot.padding);
        Ok(slot.seal(text, out)?)
    }

    #[inline(never)]
    fn seal_framed(
        &mut self,
        frame: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let slot = self.lease.slot(now_ms)?;
        if frame.is_empty() {
            return Ok(());
        }
        match self.scratch.seal(self.framing.codec(), frame, slot, out) {
            Err(FrameError::Codec(CodecError::Empty)) => Ok(()),
            done => done,
        }
    }

    /// Seals one frame into the start of `out` and gives its length in bytes, at most
    /// [`Self::max_sealed_len`]. `now_ms` is of the
    /// clock of [`Now::monotonic_ms`](crate::Now::monotonic_ms).
    ///
    /// # Errors
    /// Those of [`Self::seal`], and [`FrameError::BufferTooSmall`]; `out` is as it was
    /// (SPEC \[M11\]). For a codec whose frames have clear bytes there must be room for the greatest
    /// length.
    pub fn seal_into(
        &mut self,
        plaintext: &[u8],
        now_ms: u64,
        out: &mut [u8],
    ) -> Result<usize, FrameError> {
        if self.framing == Framing::Whole {
            let slot = self.lease.slot(now_ms)?;
            let text = self.scratch.padded(plaintext, slot.padding);
            return Ok(slot.seal_into(text, out)?);
        }
        let needed = self.max_sealed_len(plaintext.len());
        if out.len() < needed {
            return Err(FrameError::BufferTooSmall { needed });
        }
        let mut sealed = core::mem::take(&mut self.sealed);
        sealed.clear();
        let done = self.seal(plaintext, now_ms, &mut sealed);
        out.iter_mut().zip(&sealed).for_each(|(to, byte)| *to = *byte);
        let len = sealed.len();
        self.sealed = sealed;
        done.map(|()| len)
    }

    /// As [`Self::seal`], by a modified client that does not ask what it may send: an attack.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn seal_unasked(
        &mut self,
        plaintext: &[u8],
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let slot = self.lease.slot_unasked(now_ms)?;
        self.scratch.seal(self.framing.codec(), plaintext, slot, out)
    }

    /// The greatest length in bytes of a sealed frame, if the frame has `plaintext_len` bytes,
    /// whatever the epoch and the counter: 33 more, or what padding and the codec's escapes can come
    /// to.
    pub fn max_sealed_len(&self, plaintext_len: usize) -> usize {
        let padded = max_padded_len(self.lease.padding(), plaintext_len);
        match self.framing.codec() {
            Some(codec) => codec::max_sealed_len(codec, padded),
            None => padded.saturating_add(MAX_HEADER_LEN + MAX_TAG_LEN),
        }
    }

    /// The track that it seals.
    pub fn track(&self) -> Track {
        self.lease.track()
    }
}
