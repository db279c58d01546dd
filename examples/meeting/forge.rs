//! What the relay makes up: changed frames, frames under made-up key ids, log entries.

use incamera::wire::{Envelope, EnvelopeKind, FrameHeader};

use crate::framing::{header, made_up};
use crate::net::Kind;
use crate::queue::Dice;

/// A copy of `sealed` that differs from it in one place.
pub(crate) fn tampered(sealed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = sealed.to_vec();
    let bits = (bytes.len() as u64).saturating_mul(8);
    match dice.within(0..=9) {
        0 => bytes.truncate(bytes.len().saturating_sub(1)),
        1 => bytes.push(0),
        // The header or the clear bytes, and where there is a trailer its end.
        2..=3 => flip(&mut bytes, dice.within(0..=63)),
        4 => flip(&mut bytes, bits.saturating_sub(1 + dice.within(0..=63))),
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
pub(crate) fn injected(
    (kind, genuine): (Kind, &[u8]),
    own: Option<&[u8]>,
    dice: &mut Dice,
) -> Vec<u8> {
    let (len, width) = (dice.within(16..=400) as usize, dice.within(0..=8));
    let ctr = dice.within(0..=100_000);
    let kid = match dice.within(0..=3) {
        0 => u64::from_be_bytes(dice.array()) >> (64 - 8 * width.max(1)),
        1 => dice.within(0..=0xffff),
        2 => return own.map_or_else(|| dice.bytes(len), <[u8]>::to_vec),
        _ => header(kind, genuine).map_or(0, |header| header.kid),
    };
    made_up((kind, genuine), FrameHeader { kid, ctr }, len, dice)
}

/// Log entries that look like an Add to somebody without a key: a genuine Welcome beside a commit
/// of the newest epoch. One commit is noise, as if sealed under a key that was made up; the other
/// is an old genuine one, moved to the newest epoch.
pub(crate) fn made_up_adds(log: &[Vec<u8>], dice: &mut Dice) -> Vec<Vec<u8>> {
    let entries = || log.iter().rev().filter_map(|entry| Envelope::decode(entry).ok());
    let commits = || entries().filter(|entry| entry.kind == EnvelopeKind::Handshake);
    let Some(newest) = commits().next().map(|entry| entry.epoch + 1) else { return Vec::new() };
    let mut made_up = Vec::new();
    if let Some(mut entry) = commits().find(|entry| entry.welcome.is_some()) {
        entry.epoch = newest;
        made_up.push(entry.encode());
        entry.nonce = dice.array();
        entry.ciphertext = dice.bytes(entry.ciphertext.len());
        made_up.push(entry.encode());
    }
    made_up
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tampered_copy_differs() {
        let mut dice = Dice::new(1);
        let sealed = dice.bytes(40);
        assert!((0..1_000).all(|_| tampered(&sealed, &mut dice) != sealed));
    }
}
