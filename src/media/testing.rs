//! A sealer and a receiver over a fixed key, for benches and tests of media alone, and the sealer
//! of a modified client.

use std::sync::Arc;

use incamera_wire::{StayId, Track, TrackKinds};
use zeroize::Zeroizing;

use super::{FrameError, Framing, Receiver, Sealer};
use crate::keyring::{EpochInstall, InstallError, Keyring};
use crate::sframe::Suite;

/// The two sides of a meeting of two: the sealer of leaf 0's microphone and the receiver of leaf 1.
///
/// # Errors
/// None that a caller could cause.
pub fn pair() -> Result<(Sealer, Receiver), Box<dyn std::error::Error>> {
    pair_of(Suite::AesGcm128Sha256_128, None, &[7; MAX_BASE_KEY_LEN])
}

/// As many bytes as a base key of any suite has.
pub(crate) const MAX_BASE_KEY_LEN: usize = 96;

/// The same in these suites, with base keys that are the first bytes of `key`.
pub(crate) fn pair_of(
    suite: Suite,
    audio: Option<Suite>,
    key: &[u8; MAX_BASE_KEY_LEN],
) -> Result<(Sealer, Receiver), Box<dyn std::error::Error>> {
    let base_key = |suite: Suite| {
        let base_key = key.get(..suite.key_len()).unwrap_or_default();
        Zeroizing::new(base_key.to_vec())
    };
    let keyring = |own_leaf| {
        let keyring = Keyring::new(suite);
        let leaves = (0..2).map(|leaf| (leaf, StayId::new([leaf as u8; 16]), TrackKinds::ALL));
        let (base_key, audio) = (base_key(suite), audio.map(|suite| (suite, base_key(suite))));
        let leaves = leaves.collect();
        let (adds, removes) = (false, false);
        let padding = incamera_wire::Padding::NONE;
        let install =
            EpochInstall { epoch: 1, base_key, audio, padding, own_leaf, leaves, adds, removes };
        keyring.install(install, 0)?;
        keyring.renew(u64::MAX);
        keyring.allow_sealing(true);
        Ok::<_, InstallError>(Arc::new(keyring))
    };
    let sealer = Sealer::lease(keyring(0)?, Track::MICROPHONE, Framing::Whole)?;
    Ok((sealer, Receiver::new(keyring(1)?)))
}

/// What a modified client does whose microphone is muted, or who may not share its screen: it seals
/// all the same. The frame is genuine in all but the right, under the key and with the counter that
/// are due, so that nothing but the receivers' own look at the rules keeps it out (SPEC \[M7\]).
///
/// # Errors
/// As [`Sealer::seal`], but for [`FrameError::NotAllowed`].
pub fn seal_unasked(
    sealer: &mut Sealer,
    plaintext: &[u8],
    now_ms: u64,
    out: &mut Vec<u8>,
) -> Result<(), FrameError> {
    sealer.seal_unasked(plaintext, now_ms, out)
}
