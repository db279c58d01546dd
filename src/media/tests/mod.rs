//! Tests of sealers and receivers.

mod framed;
mod held;
mod padding;
mod random;
mod receivers;
mod sealers;

use std::sync::Arc;

use incamera_wire::Track;

use super::{FrameError, Framing, Opened, Receiver, Sealer};
use crate::keyring::Keyring;
use crate::keyring::fixture::stay;

const MIC: Track = Track::MICROPHONE;
const CAMERA: Track = Track::CAMERA;

fn sealer(keyring: &Arc<Keyring>, track: Track) -> Sealer {
    Sealer::lease(Arc::clone(keyring), track, Framing::Whole).unwrap()
}

fn receiver(keyring: &Arc<Keyring>) -> Receiver {
    Receiver::new(Arc::clone(keyring))
}

fn seal(sealer: &mut Sealer, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    sealer.seal(text, 0, &mut out).unwrap();
    out
}

/// Opens a frame and checks that an error changes nothing; gives what came out of it.
fn open(
    receiver: &mut Receiver,
    tag: u64,
    frame: &[u8],
    now_ms: u64,
) -> Result<(Opened, Vec<u8>), FrameError> {
    open_framed(receiver, Framing::Whole, tag, frame, now_ms)
}

/// As [`open`], of a frame with this framing.
fn open_framed(
    receiver: &mut Receiver,
    framing: Framing,
    tag: u64,
    frame: &[u8],
    now_ms: u64,
) -> Result<(Opened, Vec<u8>), FrameError> {
    let before = receiver.digest();
    let mut out = b"before".to_vec();
    let opened = receiver.open_framed(framing, tag, frame, now_ms, &mut out);
    assert!(out.starts_with(b"before"));
    if opened.is_err() {
        // SPEC [M11]
        assert_eq!((receiver.digest(), out.len()), (before, 6));
    }
    opened.map(|opened| (opened, out.split_off(6)))
}

fn from(leaf: u32, track: Track) -> Opened {
    Opened::Frame { member: stay(leaf), track, layer: None }
}
