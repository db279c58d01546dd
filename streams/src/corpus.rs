//! The streams in `tests/media`.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use crate::annexb::access_units;
use crate::codec::Codec;

/// A stream of the corpus.
pub struct Stream {
    /// The name of its file.
    pub name: String,
    /// What it is coded in.
    pub codec: Codec,
    /// Its frames, in order of decoding.
    pub frames: Vec<Vec<u8>>,
    /// The header of its file.
    header: Vec<u8>,
}

impl Stream {
    /// Other frames of the same kind.
    #[must_use]
    pub fn with(&self, frames: Vec<Vec<u8>>) -> Self {
        let Self { name, codec, header, .. } = self;
        Self { name: name.clone(), codec: *codec, frames, header: header.clone() }
    }

    /// A file with other frames in the place of these: IVF or a byte stream.
    pub fn file(&self, frames: &[Vec<u8>]) -> Vec<u8> {
        let mut file = self.header.clone();
        for (at, frame) in frames.iter().enumerate() {
            if self.name.ends_with(".ivf") {
                ivf::write_ivf_frame(&mut file, at as u64, frame);
            } else {
                file.extend_from_slice(frame);
            }
        }
        file
    }
}

pub(crate) fn media() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/media")
}

/// Every stream, in order of names, and the speech of the examples.
pub fn streams() -> Vec<Stream> {
    let folder = media().join("streams");
    let entries = fs::read_dir(&folder).expect("the corpus");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.push(media().join("speech.opus"));
    paths.iter().filter_map(|path| read(path)).collect()
}

fn read(path: &Path) -> Option<Stream> {
    let name = path.file_name()?.to_str()?.to_owned();
    let codec = match name.get(..4)? {
        "vp8-" => Codec::Vp8,
        "vp9-" => Codec::Vp9,
        "av1-" => Codec::Av1,
        "h264" => Codec::H264,
        "h265" => Codec::H265,
        "spee" => Codec::Opus,
        _ => return None,
    };
    let bytes = fs::read(path).expect("a file of the corpus");
    let (header, frames) = match codec {
        Codec::Vp8 | Codec::Vp9 | Codec::Av1 => (bytes[..32].to_vec(), ivf_frames(&bytes)),
        Codec::H264 | Codec::H265 => (Vec::new(), access_units(&bytes, codec)),
        Codec::Opus => (Vec::new(), opus_packets(bytes)),
    };
    Some(Stream { name, codec, frames, header })
}

fn ivf_frames(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = bytes;
    ivf::read_header(&mut reader).expect("an IVF header");
    let mut frames = Vec::new();
    while !reader.is_empty() {
        frames.push(ivf::read_packet(&mut reader).expect("a whole frame").data.into_vec());
    }
    frames
}

fn opus_packets(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let mut reader = ogg::PacketReader::new(Cursor::new(bytes));
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet().expect("whole pages") {
        packets.push(packet.data);
    }
    // After the two headers.
    packets.split_off(2)
}
