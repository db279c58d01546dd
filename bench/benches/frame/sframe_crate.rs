//! The crate `sframe` on ring, as its documentation drives it: one key each, a counter, a check
//! against replay, buffers that are used again.

use incamera_bench::Failure;
use sframe::CipherSuite;
use sframe::frame::validation::{ReplayAttackProtection, Tolerance};
use sframe::frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter};
use sframe::key::{DecryptionKey, EncryptionKey};

use crate::contest::Contestant;

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
}

impl Contestant for Peer {
    fn seal(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        MediaFrameView::try_new(&mut self.counter, text)?.encrypt_into(&self.sealing, out)?;
        Ok(())
    }

    fn open(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let frame = EncryptedFrameView::try_new(frame)?;
        frame.validated_decrypt_into(&self.opening, out, &mut self.window)?;
        Ok(())
    }
}
