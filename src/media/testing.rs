//! A sealer and a receiver over a fixed key, for benches and tests of media alone, and the sealer
//! of a modified client.

use std::sync::Arc;

use incamera_wire::{Padding, StayId, Track, TrackKinds};
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
    let media = |own_leaf| {
        let leaves = (0..2).map(|leaf| (leaf, StayId::new([leaf as u8; 16]), TrackKinds::ALL));
        let (base_key, audio) = (base_key(suite), audio.map(|suite| (suite, base_key(suite))));
        let leaves = leaves.collect();
        let (adds, removes, padding) = (false, false, Padding::NONE);
        let install =
            EpochInstall { epoch: 1, base_key, audio, padding, own_leaf, leaves, adds, removes };
        KeyedMedia::in_one_epoch(suite, install)
    };
    let sealer = media(0)?.sealer(Track::MICROPHONE, Framing::Whole)?;
    Ok((sealer, media(1)?.receiver()))
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

/// An epoch's keys and members, as a client installs them.
#[derive(Clone)]
pub struct EpochKeys {
    /// The number of the epoch.
    pub epoch: u64,
    /// The base key, as long as the key of the suite.
    pub base_key: Vec<u8>,
    /// The suite of sound and its base key, if it has its own (SPEC \[K11\]).
    pub audio: Option<(u16, Vec<u8>)>,
    /// How frames are padded.
    pub padding: Padding,
    /// The client's own leaf.
    pub own_leaf: u32,
    /// Leaf, stay and what the state lets each member send.
    pub leaves: Vec<(u32, StayId, TrackKinds)>,
    /// Whether the commit into it added somebody.
    pub adds: bool,
    /// Whether it removed somebody.
    pub removes: bool,
}

/// The media of a client whose epochs are given, without a meeting. It may seal, and go on for ever.
#[derive(Debug)]
pub struct KeyedMedia(Arc<Keyring>);

impl KeyedMedia {
    /// For the SFrame suite of this number, without an epoch; `None` if no profile has it.
    #[must_use]
    pub fn new(suite: u16) -> Option<Self> {
        Some(Self::of(Suite::of_profiles(suite)?))
    }

    fn of(suite: Suite) -> Self {
        let keyring = Keyring::new(suite);
        keyring.renew(u64::MAX);
        keyring.allow_sealing(true);
        Self(Arc::new(keyring))
    }

    /// In an epoch from the start.
    pub(crate) fn in_one_epoch(suite: Suite, install: EpochInstall) -> Result<Self, InstallError> {
        let media = Self::of(suite);
        media.0.install(install, 0)?;
        Ok(media)
    }

    /// Enters an epoch; `false` if it cannot be: one of a lower number, a base key of another length, a leaf
    /// twice, or not one's own.
    #[must_use]
    pub fn install(&self, keys: EpochKeys, now_ms: u64) -> bool {
        let EpochKeys { epoch, base_key, audio, padding, own_leaf, leaves, adds, removes } = keys;
        let base_key = Zeroizing::new(base_key);
        let audio = match audio.map(|(suite, key)| (Suite::of_profiles(suite), key)) {
            Some((None, _)) => return false,
            Some((Some(suite), key)) => Some((suite, Zeroizing::new(key))),
            None => None,
        };
        let install =
            EpochInstall { epoch, base_key, audio, padding, own_leaf, leaves, adds, removes };
        self.0.install(install, now_ms).is_ok()
    }

    /// Stops sealing, or lets it go on until a time (SPEC \[M9\]).
    pub fn allow_sealing(&self, until_ms: Option<u64>) {
        self.0.allow_sealing(until_ms.is_some());
        self.0.renew(until_ms.unwrap_or_default());
    }

    /// A sealer of one track.
    ///
    /// # Errors
    /// [`FrameError::AlreadyLeased`].
    pub fn sealer(&self, track: Track, framing: Framing) -> Result<Sealer, FrameError> {
        Sealer::lease(Arc::clone(&self.0), track, framing)
    }

    /// A receiver of the others' frames.
    #[must_use]
    pub fn receiver(&self) -> Receiver {
        Receiver::new(Arc::clone(&self.0))
    }

    /// A digest of keys, counters and replay windows.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.0.digest()
    }
}
