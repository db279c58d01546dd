//! What the relay makes up: changed frames, frames under made-up key ids, log entries.

use incamera_wire::{Envelope, EnvelopeKind};

use crate::queue::Dice;

/// A copy of `sealed` that differs from it in one place.
pub(crate) fn tampered(sealed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = sealed.to_vec();
    let bits = (bytes.len() as u64).saturating_mul(8);
    match dice.within(0..=9) {
        0 => bytes.truncate(bytes.len().saturating_sub(1)),
        1 => bytes.push(0),
        2..=4 => flip(&mut bytes, dice.within(0..=63)),
        _ => flip(&mut bytes, dice.within(0..=bits.saturating_sub(1))),
    }
    bytes
}

/// Turns one bit over.
fn flip(bytes: &mut [u8], bit: u64) {
    if let Some(byte) = bytes.get_mut((bit / 8) as usize) {
        *byte ^= 1 << (bit % 8);
    }
}

/// A frame that nobody sealed for this receiver: under a random key id, under the key id of a
/// genuine frame with another counter, or the receiver's `own` latest frame sent back to it.
pub(crate) fn injected(genuine: &[u8], own: Option<&[u8]>, dice: &mut Dice) -> Vec<u8> {
    let (len, width) = (dice.within(16..=400) as usize, dice.within(0..=8));
    let body = dice.bytes(len);
    let ctr = dice.within(0..=100_000);
    let kid = match dice.within(0..=3) {
        0 => u64::from_be_bytes(dice.array()) >> (64 - 8 * width.max(1)),
        1 => dice.within(0..=0xffff),
        2 => return own.map_or(body, <[u8]>::to_vec),
        _ => key_id(genuine).unwrap_or(0),
    };
    [header(kid, ctr), body].concat()
}

/// A log entry that looks like an Add to somebody without a key: the clear part of the newest
/// handshake and, if there is one, a real Welcome, around noise.
pub(crate) fn made_up_add(log: &[Vec<u8>], dice: &mut Dice) -> Option<Vec<u8>> {
    let entries = || log.iter().rev().filter_map(|entry| Envelope::decode(entry).ok());
    let mut entry = entries().find(|entry| entry.kind == EnvelopeKind::Handshake)?;
    entry.welcome = entries().find_map(|entry| entry.welcome);
    entry.epoch += dice.within(0..=1);
    entry.nonce = dice.array();
    entry.ciphertext = dice.bytes(600);
    Some(entry.encode())
}

/// The key id and counter of an SFrame header (RFC 9605 §4.3) with what is left of the bytes.
fn field(small: bool, bits: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    if small {
        return Some((u64::from(bits), rest));
    }
    let (value, rest) = rest.split_at_checked(usize::from(bits) + 1)?;
    Some((value.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), rest))
}

/// The key id that a sealed frame shows to everybody.
pub(crate) fn key_id(sealed: &[u8]) -> Option<u64> {
    let (config, rest) = sealed.split_first()?;
    field(config & 0x80 == 0, config >> 4 & 7, rest).map(|(kid, _)| kid)
}

/// An SFrame header in its shortest form.
pub(crate) fn header(kid: u64, ctr: u64) -> Vec<u8> {
    let part = |value: u64| {
        let bytes = value.to_be_bytes();
        let skip = (value.leading_zeros() / 8).min(7) as usize;
        let bytes = bytes.get(skip..).unwrap_or(&[]).to_vec();
        if value < 8 { (value as u8, Vec::new()) } else { (7 + bytes.len() as u8, bytes) }
    };
    let ((kid_bits, kid), (ctr_bits, ctr)) = (part(kid), part(ctr));
    [vec![kid_bits << 4 | ctr_bits], kid, ctr].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        for kid in [0, 7, 8, 255, 256, 0xffff, 1 << 24, u64::MAX] {
            assert_eq!(key_id(&header(kid, 3)), Some(kid), "{kid}");
            assert_eq!(key_id(&header(kid, u64::MAX)), Some(kid), "{kid}");
        }
        assert_eq!(header(1, 2), [0x12]);
        assert_eq!(header(8, 256), [0x89, 8, 1, 0]);
    }

    #[test]
    fn every_tampered_copy_differs() {
        let mut dice = Dice::new(1);
        let sealed = dice.bytes(40);
        assert!((0..1_000).all(|_| tampered(&sealed, &mut dice) != sealed));
    }
}
