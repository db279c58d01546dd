//! What relays see of a frame: which bytes stay clear, and where its header stands (SPEC.md 9.5).

use incamera::wire::{FrameHeader, MAX_HEADER_LEN};
use incamera::{Codec, Framing};

use crate::media::is_key_frame;
use crate::net::Kind;
use crate::queue::Dice;

/// Clear bytes of a VP8 key frame: frame tag, start code, width and height.
pub(crate) const CLEAR_OF_KEY_FRAME: usize = 10;
/// Clear bytes of any other VP8 frame.
pub(crate) const CLEAR_OF_OTHERS: usize = 1;
/// Bytes of a tag in this meeting.
const TAG_LEN: usize = 16;

/// How a kind's frames are sealed, and opened. Receivers have the kind from the packet, whose payload
/// type says it: a relay that says another kind has made the frame unopenable.
pub(crate) fn framing(kind: Kind) -> Framing {
    Framing::WebRtc(match kind {
        Kind::Speech => Codec::Opus,
        Kind::Video | Kind::Screen => Codec::Vp8,
    })
}

/// How many bytes at its start a frame, sealed or not, leaves clear.
pub(crate) fn clear_len(kind: Kind, frame: &[u8]) -> usize {
    match kind {
        Kind::Speech => 0,
        Kind::Video | Kind::Screen if is_key_frame(frame) => CLEAR_OF_KEY_FRAME,
        Kind::Video | Kind::Screen => CLEAR_OF_OTHERS,
    }
}

/// The SFrame header of a sealed frame: in front, or in the trailer, whose length is the last byte.
pub(crate) fn header(kind: Kind, sealed: &[u8]) -> Option<FrameHeader> {
    let from = match kind {
        Kind::Speech => 0,
        Kind::Video | Kind::Screen => sealed.len().checked_sub(usize::from(*sealed.last()?))?,
    };
    Some(FrameHeader::parse(sealed.get(from..)?).ok()?.0)
}

/// Noise that looks like a sealed frame with this header, and with the clear bytes of a genuine one.
pub(crate) fn made_up(
    (kind, genuine): (Kind, &[u8]),
    header: FrameHeader,
    len: usize,
    dice: &mut Dice,
) -> Vec<u8> {
    let mut buffer = [0; MAX_HEADER_LEN];
    let written = header.write(&mut buffer);
    let header = buffer.get(..written).unwrap_or_default();
    if kind == Kind::Speech {
        return [header, &dice.bytes(len)].concat();
    }
    let clear = genuine.get(..clear_len(kind, genuine)).unwrap_or_default();
    let trailer_len = (written + TAG_LEN + 1) as u8;
    [clear, &dice.bytes(len), header, &dice.bytes(TAG_LEN), &[trailer_len]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_made_up_frame_is_found_where_it_was_put() {
        let mut dice = Dice::new(1);
        let genuine = [0x10, 2, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0, 7, 7, 7];
        let wanted = FrameHeader { kid: 300, ctr: 70_000 };
        for kind in [Kind::Speech, Kind::Video, Kind::Screen] {
            let frame = made_up((kind, &genuine), wanted, 40, &mut dice);
            assert_eq!(header(kind, &frame), Some(wanted));
            assert!(frame.starts_with(genuine.get(..clear_len(kind, &genuine)).unwrap()));
        }
        assert_eq!(header(Kind::Video, &[]), None);
        assert_eq!(header(Kind::Video, &[1, 200]), None);
    }
}
