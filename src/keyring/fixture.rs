//! Members, epochs and frames for tests.

use std::sync::Arc;

use incamera_wire::{Padding, StayId, Track, TrackKinds};
use zeroize::Zeroizing;

use super::{EpochInstall, Handle, Incoming, Keyring, Lease, OpenRefusal, Origin, SealRefusal};
use crate::sframe::Suite;

/// The stay of the member who sits at `leaf`.
pub(crate) fn stay(leaf: u32) -> StayId {
    let mut bytes = [0x55; 16];
    bytes[..4].copy_from_slice(&leaf.to_be_bytes());
    StayId::new(bytes)
}

/// An epoch in which `leaves` may use every track, as the member at `own_leaf` sees it. The commit
/// into it removed somebody or added somebody.
pub(crate) fn epoch(epoch: u64, own_leaf: u32, leaves: &[u32], removes: bool) -> EpochInstall {
    let mut base_key = Zeroizing::new(vec![0xb5; 16]);
    base_key[..8].copy_from_slice(&epoch.to_be_bytes());
    let leaves = leaves.iter().map(|&leaf| (leaf, stay(leaf), TrackKinds::ALL)).collect();
    EpochInstall {
        epoch,
        base_key,
        audio: None,
        padding: Padding::NONE,
        own_leaf,
        leaves,
        adds: !removes,
        removes,
    }
}

/// A keyring without an epoch that may seal.
pub(crate) fn keyring() -> Arc<Keyring> {
    let keyring = Keyring::new(Suite::AesGcm128Sha256_128);
    keyring.renew(u64::MAX);
    keyring.allow_sealing(true);
    Arc::new(keyring)
}

/// The keyrings of leaves 0, 1 and so on, all in epoch `number`.
pub(crate) fn members<const N: usize>(number: u64) -> [Arc<Keyring>; N] {
    let leaves: Vec<u32> = (0..N as u32).collect();
    std::array::from_fn(|leaf| {
        let keyring = keyring();
        keyring.install(epoch(number, leaf as u32, &leaves, false), 0).unwrap();
        keyring
    })
}

/// Seals one frame.
pub(crate) fn seal(
    keyring: &Arc<Keyring>,
    track: Track,
    now_ms: u64,
    text: &[u8],
) -> Result<Vec<u8>, SealRefusal> {
    let mut lease = Lease::take(Arc::clone(keyring), track).unwrap();
    let mut out = Vec::new();
    lease.slot(now_ms)?.seal(text, &mut out)?;
    Ok(out)
}

/// Opens one frame and checks that a refusal changes nothing.
pub(crate) fn open(
    keyring: &Arc<Keyring>,
    frame: &[u8],
    now_ms: u64,
) -> Result<(Origin, Vec<u8>), OpenRefusal> {
    let before = keyring.digest();
    let mut out = b"before".to_vec();
    let mut handle = Handle::new(Arc::clone(keyring));
    let opened = handle.open(&mut Incoming::parse(frame).unwrap(), None, now_ms, &mut out);
    match opened {
        Ok(origin) => {
            assert_ne!(keyring.digest(), before);
            Ok((origin, out.split_off(6)))
        }
        Err(refusal) => {
            // SPEC [M11]
            assert_eq!((keyring.digest(), &out[..]), (before, &b"before"[..]));
            Err(refusal)
        }
    }
}

/// The counter that the frame shows.
pub(crate) fn counter(frame: &[u8]) -> u64 {
    Incoming::parse(frame).unwrap().header.ctr
}

/// The low bits of the epoch that the frame shows.
pub(crate) fn epoch_byte(frame: &[u8]) -> u8 {
    Incoming::parse(frame).unwrap().header.kid as u8
}
