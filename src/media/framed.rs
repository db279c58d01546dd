//! Frames with clear bytes, sealed and opened: where codec and key meet.

use incamera_wire::{FrameHeader, PadTo};

use super::codec::{
    Apart, Codec, CodecError, Layer, Parts, begin_opened, begin_sealed, end_sealed, join_opened,
    split, take_apart,
};
use super::error::FrameError;
use crate::keyring::{OwnSlot, Received, pad, strip};
use crate::sframe::{FrameKey, OpenError};

/// Buffers that serve for every frame.
#[derive(Debug)]
pub(super) struct Scratch {
    parts: Parts,
    /// Header and metadata.
    aad: Vec<u8>,
    /// What is not written to its place at once: the plaintext of a receiver, a frame and its padding.
    text: Vec<u8>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self { parts: Parts::new(), aad: Vec::new(), text: Vec::new() }
    }

    /// The frame with its padding.
    #[inline(always)]
    pub(super) fn padded<'a>(&'a mut self, frame: &'a [u8], to: PadTo) -> &'a [u8] {
        if to == PadTo::Nothing {
            return frame;
        }
        self.text.clear();
        self.text.extend_from_slice(frame);
        pad(to, &mut self.text, 0);
        &self.text
    }

    /// Seals a frame and appends it to `out`. With `codec` something of it stays clear.
    ///
    /// # Errors
    /// [`FrameError`]; `out` is as it was.
    pub(super) fn seal(
        &mut self,
        codec: Option<Codec>,
        frame: &[u8],
        slot: OwnSlot<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameError> {
        let Some(codec) = codec else {
            let text = self.padded(frame, slot.padding);
            return Ok(slot.seal(text, out)?);
        };
        let Self { parts, aad, .. } = self;
        split(codec, frame, parts)?;
        let start = out.len();
        let at = begin_sealed(parts, frame, slot.padding, out);
        let room = out.get_mut(at..).unwrap_or_default();
        let metadata = parts.metadata();
        let sealed = match parts.piece(frame, slot.padding) {
            Some(plaintext) => slot.with(|key| key.seal_apart(metadata, plaintext, aad, room)),
            None => slot.with(|key| key.seal_in_place(metadata, aad, room)),
        };
        let sealed = sealed.inspect_err(|_| out.truncate(start))?;
        end_sealed(parts, [start, at], sealed.header(), sealed.tag(), out)?;
        Ok(())
    }

    /// Takes a sealed frame apart.
    ///
    /// # Errors
    /// [`CodecError`].
    pub(super) fn receive<'a>(
        &'a mut self,
        codec: Codec,
        sealed: &'a [u8],
    ) -> Result<Framed<'a>, CodecError> {
        let Self { parts, aad, text } = self;
        take_apart(codec, sealed, parts)?;
        let parts = &*parts;
        let apart = parts.apart(sealed)?;
        let (header, _) = FrameHeader::parse(apart.header).map_err(|_| CodecError::NoTrailer)?;
        Ok(Framed { header, apart, parts, aad, text, layer: None })
    }
}

/// A received frame with clear bytes, taken apart but not yet believed.
pub(super) struct Framed<'a> {
    header: FrameHeader,
    apart: Apart<'a>,
    parts: &'a Parts,
    aad: &'a mut Vec<u8>,
    text: &'a mut Vec<u8>,
    /// Where in a scalable stream it belongs, once it has opened.
    pub(super) layer: Option<Layer>,
}

impl Framed<'_> {
    /// Opens it to the end of `out`, where a failure leaves something.
    fn open_into(
        &mut self,
        key: &FrameKey,
        padding: PadTo,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let Apart { header, metadata, ciphertext, tag } = self.apart;
        // SPEC [M1]
        self.aad.clear();
        self.aad.extend_from_slice(header);
        self.aad.extend_from_slice(metadata);
        let ctr = self.header.ctr;
        if begin_opened(self.parts, out) {
            let at = out.len();
            key.open_apart(self.aad, ctr, ciphertext, tag, out)?;
            strip(padding, out, at)?;
            self.layer = self.parts.layer();
        } else {
            self.text.clear();
            key.open_apart(self.aad, ctr, ciphertext, tag, self.text)?;
            strip(padding, self.text, 0)?;
            self.layer = join_opened(self.parts, self.text, out).map_err(|_| OpenError)?;
        }
        Ok(())
    }
}

impl Received for Framed<'_> {
    fn header(&self) -> FrameHeader {
        self.header
    }

    fn body_len(&self) -> usize {
        self.apart.ciphertext.len() + self.apart.tag.len()
    }

    fn open_with(
        &mut self,
        key: &FrameKey,
        padding: PadTo,
        out: &mut Vec<u8>,
    ) -> Result<(), OpenError> {
        let start = out.len();
        let opened = self.open_into(key, padding, out);
        opened.inspect_err(|_| out.truncate(start))
    }
}
