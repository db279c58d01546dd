//! Parsers that hold no key.

#[path = "../../../wire/tests/common/decoders.rs"]
#[allow(unreachable_pub, reason = "the decoders of another package's tests")]
mod decoders;

use incamera::Invite;
use incamera::wire::{FrameHeader, HeaderError, MAX_HEADER_LEN};

use self::decoders::decode_as_everything;

/// Every decoder of the wire format: what one accepts is the one encoding of its value.
pub fn decoders(data: &[u8]) {
    // SPEC [W2]
    decode_as_everything(data);
}

/// The SFrame header, read by the parser of the crate and by one that goes by RFC 9605 §4.3 bit by bit.
pub fn header(data: &[u8]) {
    // SPEC [W7]
    let found = FrameHeader::parse(data).map(|(header, len)| (header.kid, header.ctr, len));
    assert_eq!(found.as_ref().ok(), bitwise(data).as_ref());
    let Ok((kid, ctr, len)) = found else {
        let short = data.len() < MAX_HEADER_LEN;
        assert!(short || found == Err(HeaderError::NotMinimal), "{found:?}");
        return;
    };
    let mut buffer = [0xaa; MAX_HEADER_LEN];
    let header = FrameHeader { kid, ctr };
    assert_eq!(header.write(&mut buffer), len);
    assert_eq!(header.encoded_len(), len);
    assert_eq!(buffer[..len], data[..len]);
}

/// KID, CTR and length of a header in its shortest form.
fn bitwise(data: &[u8]) -> Option<(u64, u64, usize)> {
    let bit = |at: usize| data.get(at / 8).map(|byte| u64::from(byte >> (7 - at % 8) & 1));
    let bits = |from: usize, count: usize| {
        (from..from + count).try_fold(0_u64, |number, at| Some(number << 1 | bit(at)?))
    };
    let mut at = 8;
    let mut value = |flag: usize| {
        let short = bits(flag + 1, 3)?;
        if bit(flag)? == 0 {
            return Some(short);
        }
        let width = 8 * (short as usize + 1);
        let value = bits(at, width)?;
        at += width;
        // In fewer bytes, or in the config byte itself, it would not fit.
        (value > 7 && (width == 8 || value >> (width - 8) != 0)).then_some(value)
    };
    let (kid, ctr) = (value(0)?, value(4)?);
    Some((kid, ctr, at / 8))
}

/// A link: what is read is written the same again.
pub fn invite(data: &[u8]) {
    // SPEC [A1]
    let Ok(text) = core::str::from_utf8(data) else { return };
    let Ok(invite) = Invite::parse(text) else { return };
    let link = invite.link();
    let code = link.strip_prefix("incamera:1.").expect("a link's beginning");
    assert!(text == link || text.starts_with("https://") && text.ends_with(code), "{text}");
    let again = Invite::parse(&link).expect("a link that was written");
    assert_eq!((again.link(), again.meeting()), (link, invite.meeting()));
}
