//! The crate `sframe` on ring, as its documentation drives it: one key each, a counter, a check
//! against replay, buffers that are used again.

use std::hint::black_box;

use incamera_bench::{Failure, buffers, nanoseconds};
use sframe::CipherSuite;
use sframe::frame::validation::{ReplayAttackProtection, Tolerance};
use sframe::frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter};
use sframe::key::{DecryptionKey, EncryptionKey};

const KEY_ID: u64 = 300;

/// A sender and a receiver.
pub(crate) struct Peer {
    sealing: EncryptionKey,
    opening: DecryptionKey,
    counter: MonotonicCounter,
    window: ReplayAttackProtection,
}

impl Peer {
    pub(crate) fn new() -> Result<Self, Failure> {
        let suite = CipherSuite::AesGcm128Sha256;
        Ok(Self {
            sealing: EncryptionKey::derive_from(suite, KEY_ID, [7; 16])?,
            opening: DecryptionKey::derive_from(suite, KEY_ID, [7; 16])?,
            counter: MonotonicCounter::default(),
            window: ReplayAttackProtection::new(KEY_ID, Tolerance::new(1_024)),
        })
    }

    /// Seals and opens; nanoseconds a frame.
    pub(crate) fn round(&mut self, text: &[u8], count: usize) -> Result<[f64; 2], Failure> {
        let mut frames = buffers(count, text.len() + 64);
        let (done, seal) = nanoseconds(|| {
            frames.iter_mut().try_for_each(|frame| {
                let media = MediaFrameView::try_new(&mut self.counter, black_box(text))?;
                media.encrypt_into(&self.sealing, frame).map(drop)
            })
        });
        done?;
        let mut out = Vec::with_capacity(text.len() + 64);
        let (done, open) = nanoseconds(|| {
            frames.iter().try_for_each(|frame| {
                out.clear();
                let frame = EncryptedFrameView::try_new(black_box(frame))?;
                frame.validated_decrypt_into(&self.opening, &mut out, &mut self.window).map(drop)
            })
        });
        done?;
        Ok([seal, open].map(|time| time / count as f64))
    }
}
