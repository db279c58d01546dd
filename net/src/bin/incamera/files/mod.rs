//! Files of media: IVF for video, Ogg Opus for sound.

mod ivf;
mod opus;

pub(crate) use ivf::{IvfReader, IvfWriter};
pub(crate) use opus::{OpusReader, OpusWriter};

/// One encoded frame, and when it is to be sent or shown, in ticks of its file's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timed {
    pub(crate) time: u64,
    pub(crate) frame: Vec<u8>,
}
