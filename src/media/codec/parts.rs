//! The parts of one frame, in buffers that serve for the next one too.

use core::ops::Range;

use incamera_wire::PadTo;

use super::error::CodecError;
use super::trailer::{self, Apart};
use super::{Codec, Layer, MAX_CLEAR_LEN, MAX_UNITS};
use crate::keyring::pad;

/// Clear bytes, and the sealed bytes behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Where the clear bytes lie in the metadata, which hold them all.
    pub(super) clear: Range<usize>,
    /// Where the sealed bytes lie: in the text, or in the frame as long as they were not gathered.
    pub(super) sealed: Range<usize>,
    /// Where in a sealer's heads that of this run ends.
    pub(super) head_end: usize,
    /// Whether this unit has sealed bytes, be they none: others stay clear to their end.
    pub(super) is_sealed: bool,
    /// Whether the start code in front of the unit had 3 bytes.
    pub(super) is_short: bool,
}

/// What a sealer or a receiver knows of the frame in its hands. Once it has seen a frame of some
/// size, one of that size costs no allocation.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(super) codec: Codec,
    pub(super) layer: Option<Layer>,
    pub(super) runs: Vec<Run>,
    /// RFC 9605's metadata: see SPEC.md 9.5.
    pub(super) metadata: Vec<u8>,
    /// All sealed bytes, one run behind the other, and the trailer of a frame that was received.
    pub(super) text: Vec<u8>,
    /// What stands in the sealed frame before what is sealed of each run, one behind the other.
    pub(super) heads: Vec<u8>,
    /// What has no place in the frame, but at the end of the text.
    pub(super) suffix: Vec<u8>,
}

impl Parts {
    /// Without a frame.
    pub(crate) fn new() -> Self {
        Self {
            codec: Codec::Opus,
            layer: None,
            runs: Vec::new(),
            metadata: Vec::new(),
            text: Vec::new(),
            heads: Vec::new(),
            suffix: Vec::new(),
        }
    }

    /// What goes under the tag, behind the SFrame header.
    pub(crate) fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    /// The plaintext of the `frame` that was split.
    #[cfg(test)]
    pub(super) fn text(&self, frame: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        self.gather(frame, PadTo::Nothing, &mut text);
        text
    }

    /// Appends the plaintext of the `frame` that was split, padded, to `out`.
    pub(super) fn gather(&self, frame: &[u8], to: PadTo, out: &mut Vec<u8>) {
        let start = out.len();
        for run in &self.runs {
            out.extend_from_slice(frame.get(run.sealed.clone()).unwrap_or_default());
        }
        out.extend_from_slice(&self.suffix);
        pad(to, out, start);
    }

    /// The plaintext of the `frame` that was split, if it lies there in one piece.
    pub(crate) fn piece<'a>(&self, frame: &'a [u8], to: PadTo) -> Option<&'a [u8]> {
        let range = self.in_one_piece().filter(|_| to == PadTo::Nothing)?;
        frame.get(range)
    }

    /// Gathers what is sealed of the frame that was taken apart.
    pub(super) fn settle(&mut self, sealed: &[u8]) {
        let mut text = core::mem::take(&mut self.text);
        self.gather(sealed, PadTo::Nothing, &mut text);
        self.text = text;
    }

    /// The parts of the `sealed` frame that was taken apart.
    ///
    /// # Errors
    /// [`CodecError::NoTrailer`].
    pub(crate) fn apart<'a>(&'a self, sealed: &'a [u8]) -> Result<Apart<'a>, CodecError> {
        let body = match self.in_one_piece() {
            Some(range) if self.text.is_empty() => sealed.get(range).unwrap_or_default(),
            _ => &self.text,
        };
        trailer::cut(body, &self.metadata)
    }

    /// Where in a scalable stream the frame belongs.
    pub(crate) fn layer(&self) -> Option<Layer> {
        self.layer
    }

    /// Where in the frame all that is sealed lies, if there is nothing in between.
    pub(super) fn in_one_piece(&self) -> Option<Range<usize>> {
        match self.runs.as_slice() {
            [run] if self.suffix.is_empty() => Some(run.sealed.clone()),
            _ => None,
        }
    }

    /// Begins a frame.
    pub(super) fn begin(&mut self, codec: Codec) {
        self.codec = codec;
        self.layer = None;
        self.runs.clear();
        self.metadata.clear();
        self.metadata.extend(codec.number());
        self.text.clear();
        self.suffix.clear();
    }

    /// The one run of a codec that leaves nothing clear.
    ///
    /// # Errors
    /// None: as [`Self::push`].
    pub(super) fn push_whole(&mut self, sealed: Range<usize>) -> Result<(), CodecError> {
        self.runs.push(Run { clear: 0..0, sealed, head_end: 0, is_sealed: true, is_short: false });
        Ok(())
    }

    /// Adds a run. Of the one before, the length of what is sealed is now known not to be the last.
    ///
    /// # Errors
    /// [`CodecError::TooManyUnits`] or [`CodecError::TooMuchClear`].
    pub(super) fn push(
        &mut self,
        clear: &[&[u8]],
        sealed: Range<usize>,
        is_sealed: bool,
    ) -> Result<&mut Run, CodecError> {
        // SPEC [M20]
        if let Some(before) = self.runs.last() {
            push_length(&mut self.metadata, before.sealed.len());
        }
        let len = clear.iter().map(|piece| piece.len()).sum();
        push_length(&mut self.metadata, len);
        let start = self.metadata.len();
        // SPEC [M21]
        if start + len > MAX_CLEAR_LEN {
            return Err(CodecError::TooMuchClear);
        }
        if self.runs.len() >= MAX_UNITS {
            return Err(CodecError::TooManyUnits);
        }
        clear.iter().for_each(|piece| self.metadata.extend_from_slice(piece));
        let clear = start..self.metadata.len();
        self.runs.push(Run { clear, sealed, head_end: 0, is_sealed, is_short: false });
        self.runs.last_mut().ok_or(CodecError::Empty)
    }
}

/// A length as the metadata hold it. Frames are far shorter than 2^32 bytes.
fn push_length(metadata: &mut Vec<u8>, len: usize) {
    metadata.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}
