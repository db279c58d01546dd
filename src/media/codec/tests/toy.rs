//! What stands in the place of an AEAD: a key stream, and a sum for a tag.

use incamera_wire::{FrameHeader, MAX_HEADER_LEN};

use super::super::{Apart, Codec};

pub(super) struct Toy {
    header: Vec<u8>,
    tag_len: usize,
    /// Repeated; or, to have a ciphertext of one's choice, what makes it of the plaintext.
    stream: Vec<u8>,
}

impl Default for Toy {
    fn default() -> Self {
        Self::new(0x1234, 16, vec![0x5b, 0xc4, 0x1d, 0x87, 0x93])
    }
}

impl Toy {
    pub(super) fn new(ctr: u64, tag_len: usize, stream: Vec<u8>) -> Self {
        let mut header = [0; MAX_HEADER_LEN];
        let len = FrameHeader { kid: 9, ctr }.write(&mut header);
        Self { header: header[..len].to_vec(), tag_len, stream }
    }

    /// One under which `text` becomes `ciphertext`, repeated.
    pub(super) fn forcing(text: &[u8], ciphertext: &[u8]) -> Self {
        let wanted = ciphertext.iter().cycle();
        let stream: Vec<u8> = text.iter().zip(wanted).map(|(a, b)| a ^ b).collect();
        Self::new(0, 16, if stream.is_empty() { vec![0] } else { stream })
    }

    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    pub(super) fn seal(&self, metadata: &[u8], text: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let ciphertext = self.apply(text);
        let tag = self.tag(&self.header, metadata, &ciphertext);
        (ciphertext, tag)
    }

    pub(super) fn open(&self, apart: &Apart) -> Option<Vec<u8>> {
        let whole = [apart.ciphertext, apart.tag].concat();
        let at = whole.len().checked_sub(self.tag_len)?;
        let (ciphertext, tag) = whole.split_at(at);
        let right = self.tag(apart.header, apart.metadata, ciphertext) == tag;
        right.then(|| self.apply(ciphertext))
    }

    fn apply(&self, text: &[u8]) -> Vec<u8> {
        text.iter().zip(self.stream.iter().cycle()).map(|(a, b)| a ^ b).collect()
    }

    /// FNV-1a over all three, their lengths included, drawn out.
    fn tag(&self, header: &[u8], metadata: &[u8], ciphertext: &[u8]) -> Vec<u8> {
        let add = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        for part in [header, metadata, ciphertext] {
            sum = part.len().to_be_bytes().into_iter().chain(part.iter().copied()).fold(sum, add);
        }
        let next = |_| {
            sum = add(sum, 1);
            (sum >> 32) as u8
        };
        (0..self.tag_len).map(next).collect()
    }
}

/// Whether a codec has a trailer.
pub(super) fn has_trailer(codec: Codec) -> bool {
    !matches!(codec, Codec::Opus | Codec::Vp9)
}
