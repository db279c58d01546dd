//! What is looked at: every suite by every library, and a passcode's confirmation.

use incamera::testing::{self, Confirmation, RustCrypto};
use incamera::{Profile, Receiver, Sealer};

use crate::Outcome;

/// Bytes behind each frame's header and before its tag.
pub(crate) const TEXT: [u8; 40] = [7; 40];
/// As long as any.
pub(crate) type BaseKey = [u8; 96];

/// A suite by a library.
#[derive(Clone, Copy)]
pub(crate) struct Cipher {
    pub(crate) name: &'static str,
    profile: Profile,
    short_audio_tags: bool,
    /// Of a tag in bytes.
    pub(crate) tag_len: usize,
    rust_crypto: bool,
}

impl Cipher {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        let suites = [
            ("AES-128-GCM", Profile::Standard, false, 16),
            ("AES-256-GCM", Profile::PostQuantum, false, 16),
            ("ChaCha20-Poly1305", Profile::Portable, false, 16),
            ("AES-128-CTR, HMAC-SHA256 of 10", Profile::Standard, true, 10),
            ("AES-256-CTR, HMAC-SHA512 of 10", Profile::PostQuantum, true, 10),
        ];
        let of = |rust_crypto: bool| {
            suites.map(|(name, profile, short_audio_tags, tag_len)| Self {
                name,
                profile,
                short_audio_tags,
                tag_len,
                rust_crypto,
            })
        };
        [false, true].into_iter().flat_map(of).collect()
    }

    /// Who does the work.
    pub(crate) fn library(&self) -> &'static str {
        if self.rust_crypto || cfg!(incamera_rustcrypto) { "RustCrypto" } else { "aws-lc" }
    }

    /// Both sides of a track, with the base key that `key` begins with.
    pub(crate) fn pair(&self, key: &BaseKey) -> Outcome<(Sealer, Receiver)> {
        let instead = self.rust_crypto.then(RustCrypto::instead);
        let pair = testing::pair_under(self.profile, self.short_audio_tags, key);
        drop(instead);
        pair
    }
}

/// A frame of [`TEXT`].
pub(crate) fn seal(sealer: &mut Sealer) -> Outcome<Vec<u8>> {
    let mut frame = Vec::with_capacity(sealer.max_sealed_len(TEXT.len()));
    sealer.seal(&TEXT, 0, &mut frame)?;
    Ok(frame)
}

/// Opens a frame; whether it was genuine. `out` has room.
pub(crate) fn open(receiver: &mut Receiver, frame: &[u8], out: &mut Vec<u8>) -> bool {
    receiver.open(0, frame, 0, out).is_ok()
}

/// The frame with one bit of it changed.
pub(crate) fn forged(frame: &[u8], at: usize) -> Vec<u8> {
    let mut forged = frame.to_vec();
    if let Some(byte) = forged.get_mut(at) {
        *byte ^= 1;
    }
    forged
}

/// An admitter that waits for a tag, and the tag.
pub(crate) fn confirmation(number: u64) -> Outcome<(Confirmation, [u8; 64])> {
    let mut seed = [9; 32];
    seed.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    Confirmation::new(seed, "blue heron", |_| ()).ok_or_else(|| "a run of the passcode".into())
}
