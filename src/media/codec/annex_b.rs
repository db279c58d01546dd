//! The byte stream of H.264 and H.265 (Annex B of both): NAL units with start codes in front.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::error::CodecError;
use super::escape::unescape;
use super::parts::Parts;
use super::{Codec, Layer, h264, h265, zeros};

static START_CODE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&[0, 0, 1]));

/// What ends the sealed bytes of every unit but the last, so that it does not end in 0: such
/// zeros belong to the next start code.
pub(super) const STOP: u8 = 0x80;

/// What becomes of a NAL unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Packetisers drop it: access unit delimiters, filler data.
    Dropped,
    /// It stays clear, and cannot be the last.
    ParameterSet,
    /// The end of a sequence or stream, nothing but a header: it is sealed if it is the last, so that the
    /// trailer has its place.
    Ending {
        /// The length of its header in bytes.
        header_len: usize,
    },
    /// It is sealed behind its first bytes.
    Sealed {
        /// How many bytes stay clear.
        clear_len: usize,
    },
}

/// A NAL unit in its frame.
struct Unit<'a> {
    bytes: &'a [u8],
    /// Where it begins.
    start: usize,
    /// Whether its start code had 3 bytes, not 4.
    is_short: bool,
    kind: Kind,
}

/// Finds the NAL units of a frame that is to be sealed.
///
/// # Errors
/// [`CodecError`] if it is no such frame.
pub(super) fn split(codec: Codec, frame: &[u8], parts: &mut Parts) -> Result<(), CodecError> {
    each(codec, frame, |unit, clear_len, is_sealed| {
        let clear = unit.bytes.get(..clear_len).ok_or(CodecError::Truncated)?;
        let sealed = unit.start + clear_len..unit.start + unit.bytes.len();
        parts.push(&[clear], sealed, is_sealed)?.is_short = unit.is_short;
        parts.layer = layer(codec, unit.bytes).or(parts.layer);
        Ok(())
    })?;
    for runs in parts.runs.chunks(8) {
        let bit = |(at, run): (usize, &super::parts::Run)| u8::from(run.is_short) << (7 - at);
        parts.suffix.push(runs.iter().enumerate().map(bit).sum());
    }
    Ok(())
}

/// Finds the NAL units of a sealed frame, and gathers what is sealed of them.
///
/// # Errors
/// [`CodecError`] if it is no such frame.
pub(super) fn take_apart(codec: Codec, frame: &[u8], parts: &mut Parts) -> Result<(), CodecError> {
    let mut ended = true;
    each(codec, frame, |unit, clear_len, is_sealed| {
        if !core::mem::replace(&mut ended, true) {
            cut_stop(parts)?;
        }
        let (clear, sealed) =
            unit.bytes.split_at_checked(clear_len).ok_or(CodecError::Truncated)?;
        let start = parts.text.len();
        unescape(clear, sealed, &mut parts.text);
        ended = !is_sealed;
        parts.push(&[clear], start..parts.text.len(), is_sealed)?;
        parts.layer = layer(codec, unit.bytes).or(parts.layer);
        Ok(())
    })
}

/// Takes the stop byte from the end of the run that turned out not to be the last.
fn cut_stop(parts: &mut Parts) -> Result<(), CodecError> {
    let run = parts.runs.last_mut().filter(|run| !run.sealed.is_empty());
    let run = run.ok_or(CodecError::NotCanonical)?;
    // SPEC [M26]
    if parts.text.pop() != Some(STOP) {
        return Err(CodecError::NotCanonical);
    }
    run.sealed.end -= 1;
    Ok(())
}

/// Calls `add` with each unit that is not dropped, how many of its bytes stay clear, and whether it
/// has sealed ones.
fn each(
    codec: Codec,
    frame: &[u8],
    mut add: impl FnMut(&Unit, usize, bool) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    let mut before: Option<Unit> = None;
    let mut next = Some(first(frame)?);
    while let Some((start, is_short)) = next {
        let (bytes, following) = unit(frame, start);
        next = following;
        let kind = kind(codec, bytes)?;
        // SPEC [M25]
        if kind == Kind::Dropped {
            continue;
        }
        if let Some(unit) = before.replace(Unit { bytes, start, is_short, kind }) {
            add_unit(&unit, false, &mut add)?;
        }
    }
    add_unit(&before.ok_or(CodecError::Empty)?, true, &mut add)
}

fn add_unit(
    unit: &Unit,
    is_last: bool,
    add: &mut impl FnMut(&Unit, usize, bool) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    match unit.kind {
        Kind::Dropped => Ok(()),
        // SPEC [M25]
        Kind::ParameterSet if is_last => Err(CodecError::NoSlice),
        Kind::Ending { header_len } if is_last => add(unit, header_len, true),
        Kind::ParameterSet | Kind::Ending { .. } => add(unit, unit.bytes.len(), false),
        Kind::Sealed { clear_len } => add(unit, clear_len, true),
    }
}

/// Where the first unit begins, and whether its start code has 3 bytes.
fn first(frame: &[u8]) -> Result<(usize, bool), CodecError> {
    let at = frame.iter().position(|&byte| byte != 0).ok_or(CodecError::Empty)?;
    // SPEC [M25]
    if at >= 2 && frame.get(at) == Some(&1) {
        Ok((at + 1, at == 2))
    } else {
        Err(CodecError::NoStartCode)
    }
}

/// The unit that begins at `start`, without the zeros behind it, and what [`first`] would say of the
/// next one.
fn unit(frame: &[u8], start: usize) -> (&[u8], Option<(usize, bool)>) {
    let rest = frame.get(start..).unwrap_or_default();
    let found = zeros::find(rest, |bytes| START_CODE.find(bytes));
    let bytes = found.and_then(|at| rest.get(..at)).unwrap_or(rest);
    let len = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    let next = found.map(|at| (start + at + 3, len == at));
    (bytes.get(..len).unwrap_or_default(), next)
}

fn kind(codec: Codec, unit: &[u8]) -> Result<Kind, CodecError> {
    if codec == Codec::H265 { h265::kind(unit) } else { h264::kind(unit) }
}

fn layer(codec: Codec, unit: &[u8]) -> Option<Layer> {
    if codec == Codec::H265 { h265::layer(unit) } else { h264::layer(unit) }
}
