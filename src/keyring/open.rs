//! From a received frame to its plaintext.

use incamera_wire::{FrameHeader, HeaderError};

use super::handle::Handle;
use super::padding::strip;
use crate::sframe::{FrameKey, MAX_PLAINTEXT_LEN, MIN_TAG_LEN, OpenError};
use incamera_wire::{PadTo, StayId, Track};

/// A received frame, taken apart but not yet believed.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    /// What the header says.
    pub(crate) header: FrameHeader,
    /// The header as received.
    head: &'a [u8],
    /// Ciphertext and tag.
    body: &'a [u8],
}

/// Whose frame it was; known only once it has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The member.
    pub(crate) member: StayId,
    /// The member's track.
    pub(crate) track: Track,
}

/// Why a frame did not open; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenRefusal {
    /// Membership has ended.
    Ended,
    /// The body cannot be that of a frame.
    Malformed,
    /// The epoch is not kept, the leaf not occupied (or our own), or the track unknown.
    UnknownKey,
    /// The epoch may still come: SPEC \[M5\].
    Ahead {
        /// The full number of the epoch that the frame seems to be of.
        epoch: u64,
    },
    /// Its sender may not use this track, or it is not of the sender and track expected.
    NotAllowed,
    /// SPEC \[M8\]: the tag does not verify, or the frame was accepted before.
    Unopenable,
}

impl From<OpenError> for OpenRefusal {
    fn from(_: OpenError) -> Self {
        // SPEC [M8]: replay or forgery, nobody is told.
        Self::Unopenable
    }
}

impl<'a> Incoming<'a> {
    /// Takes `sealed` apart.
    ///
    /// # Errors
    /// If its header is not one: SPEC \[W7\].
    #[inline(always)]
    pub(crate) fn parse(sealed: &'a [u8]) -> Result<Self, HeaderError> {
        let (header, len) = FrameHeader::parse(sealed)?;
        let (head, body) = sealed.split_at_checked(len).ok_or(HeaderError::Truncated)?;
        Ok(Self { header, head, body })
    }
}

/// A received frame, whatever its framing.
pub(crate) trait Received {
    /// What the header says.
    fn header(&self) -> FrameHeader;

    /// The length of ciphertext and tag in bytes.
    fn body_len(&self) -> usize;

    /// Opens it under `key` and takes the padding off: appends the plaintext to `out`.
    ///
    /// # Errors
    /// [`OpenError`]; `out` is as it was.
    fn open_with(
        &mut self,
        key: &FrameKey,
        padding: PadTo,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError>;
}

impl Received for Incoming<'_> {
    #[inline(always)]
    fn header(&self) -> FrameHeader {
        self.header
    }

    #[inline(always)]
    fn body_len(&self) -> usize {
        self.body.len()
    }

    #[inline(always)]
    fn open_with(
        &mut self,
        key: &FrameKey,
        padding: PadTo,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let start = out.len();
        // SPEC [M1]: no metadata.
        key.open(self.head, self.header.ctr, &[], self.body, out)?;
        strip(padding, out, start).inspect_err(|_| out.truncate(start))
    }
}

impl Handle {
    /// Opens a frame of another member: appends its plaintext to `out`. With `expected`, no frame
    /// of any other member or track opens.
    ///
    /// # Errors
    /// [`OpenRefusal`]; `out`, windows and counters are as they were (SPEC \[M11\]).
    #[inline(always)]
    pub(crate) fn open(
        &mut self,
        frame: &mut impl Received,
        expected: Option<Origin>,
        now_ms: u64,
        out: &mut Vec<u8>,
    ) -> Result<Origin, OpenRefusal> {
        if frame.body_len() < MIN_TAG_LEN {
            return Err(OpenRefusal::Malformed);
        }
        let (_, view) = self.current();
        if view.ended {
            return Err(OpenRefusal::Ended);
        }
        let kid = frame.header().kid;
        let kept = view.resolve(kid, now_ms)?;
        // SPEC [M3]
        let located = kept.epoch.locate(kid);
        let (position, track) = located.ok_or(OpenRefusal::UnknownKey)?;
        let leaf = kept.epoch.leaves.get(position).ok_or(OpenRefusal::UnknownKey)?;
        let origin = Origin { member: leaf.stay, track };
        // SPEC [M7]
        let allowed = kept.allowed.get(position).is_some_and(|kinds| kinds.contains(track.kind()));
        if !allowed || expected.is_some_and(|expected| expected != origin) {
            return Err(OpenRefusal::NotAllowed);
        }
        kept.epoch.open(leaf, track, frame, out).map_err(|refusal| {
            // Looked at last: every other frame has a length that it may have.
            let tag_len = kept.epoch.tag_len_of(track.kind());
            let fits = (tag_len..=MAX_PLAINTEXT_LEN + tag_len).contains(&frame.body_len());
            if fits { refusal } else { OpenRefusal::Malformed }
        })?;
        Ok(origin)
    }
}
