//! From parts to frames.

use incamera_wire::{MAX_HEADER_LEN, PadTo};

use super::annex_b::STOP;
use super::error::CodecError;
use super::escape::{Escaping, has_to_escape, needs_escape};
use super::parts::{Parts, Run};
use super::trailer::length_byte;
use super::{Codec, Layer, MAX_UNITS, av1};
use crate::sframe::MAX_TAG_LEN;

const LONG_START_CODE: [u8; 4] = [0, 0, 0, 1];
const SHORT_START_CODE: [u8; 3] = [0, 0, 1];

/// Appends the sealed frame to `out`: the clear bytes of the frame that was split, `ciphertext`
/// where its plaintext stood, and the trailer.
///
/// # Errors
/// [`CodecError::NotCanonical`] if the ciphertext is shorter than the plaintext was; `out` is as
/// it was.
pub(crate) fn join_sealed(
    parts: &Parts,
    ciphertext: &[u8],
    header: &[u8],
    tag: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    if parts.codec.number().is_none() {
        [header, ciphertext, tag].iter().for_each(|piece| out.extend_from_slice(piece));
        return Ok(());
    }
    let trailer = [header, tag, &[length_byte(header, tag)]];
    each(parts, ciphertext, |run, clear, text, is_last| {
        let behind: &[&[u8]] = if is_last { &trailer } else { &[] };
        write_head(parts.codec, clear, (!is_last).then_some(text.len()), out);
        if !is_annex_b(parts.codec) {
            out.extend_from_slice(text);
            behind.iter().for_each(|piece| out.extend_from_slice(piece));
        } else if run.is_sealed {
            let mut escaping = Escaping::behind(clear);
            escaping.write(text, out);
            behind.iter().for_each(|piece| escaping.write(piece, out));
            // SPEC [M26]
            out.extend((!is_last).then_some(STOP));
        }
    })
}

/// Appends to `out` all that stands before sealed bytes, in one, and behind it the padded plaintext
/// of the `frame` that was split, to be sealed in place; if it is [`Parts::piece`], zeros for its
/// ciphertext. Gives where the plaintext begins; [`end_sealed`] does the rest.
pub(crate) fn begin_sealed(parts: &mut Parts, frame: &[u8], to: PadTo, out: &mut Vec<u8>) -> usize {
    let Parts { codec, runs, metadata, heads, .. } = &mut *parts;
    heads.clear();
    let (count, mut stop) = (runs.len(), false);
    for (at, run) in runs.iter_mut().enumerate() {
        // SPEC [M26]
        heads.extend(stop.then_some(STOP));
        stop = run.is_sealed && is_annex_b(*codec);
        let clear = metadata.get(run.clear.clone()).unwrap_or_default();
        write_head(*codec, clear, (at + 1 < count).then_some(run.sealed.len()), heads);
        run.head_end = heads.len();
    }
    out.extend_from_slice(heads);
    let at = out.len();
    match parts.piece(frame, to) {
        Some(plaintext) => out.resize(at + plaintext.len(), 0),
        None => parts.gather(frame, to, out),
    }
    if is_annex_b(parts.codec) {
        // A rare escape is not to allocate.
        parts.text.reserve(out.len() - at);
    }
    at
}

/// Makes a sealed frame of what [`begin_sealed`] appended to `out` from `start` on, once a cipher has
/// been over what stands there from `at` on: the same as [`join_sealed`].
///
/// # Errors
/// None: as of [`join_sealed`].
pub(crate) fn end_sealed(
    parts: &mut Parts,
    [start, at]: [usize; 2],
    header: &[u8],
    tag: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    if is_annex_b(parts.codec) && escapes(parts, out.get(at..).unwrap_or_default()) {
        let mut text = core::mem::take(&mut parts.text);
        text.clear();
        text.extend_from_slice(out.get(at..).unwrap_or_default());
        out.truncate(start);
        let joined = join_sealed(parts, &text, header, tag, out);
        parts.text = text;
        return joined;
    }
    spread(parts, [start, at], out);
    let trailer = [header, tag, &[length_byte(header, tag)]];
    if !is_annex_b(parts.codec) {
        trailer.iter().for_each(|piece| out.extend_from_slice(piece));
        return Ok(());
    }
    // Of a short text the two bytes before are the clear ones.
    let mut escaping = Escaping::behind(out.get(start..).unwrap_or_default());
    trailer.iter().for_each(|piece| escaping.write(piece, out));
    Ok(())
}

/// Whether the ciphertext needs an escape, which takes room. It may say so if none is needed.
fn escapes(parts: &Parts, ciphertext: &[u8]) -> bool {
    let mut escapes = has_to_escape(ciphertext);
    let edges = each(parts, ciphertext, |run, clear, text, _| {
        escapes |= run.is_sealed && needs_escape(clear, text);
    });
    escapes || edges.is_err()
}

/// Moves what is sealed of each run but the last to its place, and what stands before it.
fn spread(parts: &Parts, [start, at]: [usize; 2], out: &mut [u8]) {
    let Some((_, others)) = parts.runs.split_last() else { return };
    if others.iter().all(|run| run.sealed.is_empty()) {
        return;
    }
    let (mut from, mut to, mut head) = (at, start, 0);
    for run in &parts.runs {
        let bytes = parts.heads.get(head..run.head_end).unwrap_or_default();
        let room = out.get_mut(to..).unwrap_or_default();
        room.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
        (head, to) = (run.head_end, to + bytes.len());
        // All that follows lies behind this, as far as what stands before it takes; the last lies
        // where it is to be.
        if to < from {
            out.copy_within(from..from + run.sealed.len(), to);
        }
        from += run.sealed.len();
        to += run.sealed.len();
    }
}

/// Appends the opened frame to `out`, in the one form that every receiver gives it. `text` is its
/// plaintext, without what was added behind it.
///
/// # Errors
/// [`CodecError::NotCanonical`] if the plaintext is too short; `out` is as it was.
pub(crate) fn join_opened(
    parts: &Parts,
    text: &[u8],
    out: &mut Vec<u8>,
) -> Result<Option<Layer>, CodecError> {
    let units = if is_annex_b(parts.codec) { parts.runs.len() } else { 0 };
    let flags_len = units.div_ceil(8);
    let at = text.len().checked_sub(flags_len).ok_or(CodecError::NotCanonical)?;
    let (text, flags) = text.split_at_checked(at).ok_or(CodecError::NotCanonical)?;
    // SPEC [M28]: bits without a unit are 0.
    let unused = 8 * flags_len - units;
    if flags.last().is_some_and(|byte| (byte.trailing_zeros() as usize) < unused) {
        return Err(CodecError::NotCanonical);
    }
    let mut flags = flags.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
    each(parts, text, |_, clear, text, _| {
        if flags.next() == Some(true) {
            out.extend_from_slice(&SHORT_START_CODE);
            out.extend_from_slice(clear);
        } else {
            write_head(parts.codec, clear, Some(text.len()), out);
        }
        out.extend_from_slice(text);
    })?;
    Ok(parts.layer)
}

/// Appends to `out` what stands before the plaintext, if nothing stands behind it and the length of it
/// is not said: then a cipher can write it there at once, and nothing is left to do. Otherwise gives
/// false, and `out` is as it was: use [`join_opened`].
pub(crate) fn begin_opened(parts: &Parts, out: &mut Vec<u8>) -> bool {
    match (parts.codec, parts.runs.as_slice()) {
        (Codec::Opus | Codec::Vp9 | Codec::Vp8, [run]) => {
            out.extend_from_slice(parts.metadata.get(run.clear.clone()).unwrap_or_default());
            true
        }
        _ => false,
    }
}

/// The greatest length in bytes of a sealed frame, if the frame and what is added to its plaintext
/// have `len` bytes.
pub(crate) fn max_sealed_len(codec: Codec, len: usize) -> usize {
    const TRAILER: usize = MAX_HEADER_LEN + MAX_TAG_LEN + 1;
    match codec {
        Codec::Opus | Codec::Vp9 => len.saturating_add(TRAILER - 1),
        Codec::Vp8 | Codec::Av1 => len.saturating_add(TRAILER),
        // A unit takes 4 bytes at least. A longer start code and a stop byte make it longer by 2,
        // which is what a half of 4 comes to, and escapes by less than a half of the rest.
        Codec::H264 | Codec::H265 => {
            let flags = (len / 4 + 1).min(MAX_UNITS).div_ceil(8);
            let plain = len.saturating_add(flags + TRAILER);
            plain.saturating_add(plain / 2 + 1)
        }
    }
}

/// Calls `add` with each run, its clear bytes, its share of `text`, and whether it is the last: that
/// one has all the rest.
fn each(
    parts: &Parts,
    text: &[u8],
    mut add: impl FnMut(&Run, &[u8], &[u8], bool),
) -> Result<(), CodecError> {
    let (last, others) = parts.runs.split_last().ok_or(CodecError::NotCanonical)?;
    let len = others.iter().map(|run| run.sealed.len()).sum();
    let (mut text, rest) = text.split_at_checked(len).ok_or(CodecError::NotCanonical)?;
    let clear = |run: &Run| parts.metadata.get(run.clear.clone()).unwrap_or_default();
    for run in others {
        let (piece, behind) = text.split_at_checked(run.sealed.len()).unwrap_or((text, &[]));
        add(run, clear(run), piece, false);
        text = behind;
    }
    add(last, clear(last), rest, true);
    Ok(())
}

/// Writes what stands before the text of a run; `len` is the text's, if an OBU is to say it.
fn write_head(codec: Codec, clear: &[u8], len: Option<usize>, out: &mut Vec<u8>) {
    match codec {
        Codec::Av1 => av1::write_head(clear, len, out),
        Codec::H264 | Codec::H265 => {
            out.extend_from_slice(&LONG_START_CODE);
            out.extend_from_slice(clear);
        }
        Codec::Vp8 | Codec::Vp9 | Codec::Opus => out.extend_from_slice(clear),
    }
}

fn is_annex_b(codec: Codec) -> bool {
    matches!(codec, Codec::H264 | Codec::H265)
}
