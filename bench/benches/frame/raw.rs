//! The bare cipher: aws-lc-rs with a cached key, a nonce from a counter, a header as long as ours, the
//! same bytes into the same kind of buffer.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use incamera_bench::Failure;

use crate::contest::Contestant;

/// As long as the header of a frame of ours in a small meeting; its end is the counter.
const HEADER_LEN: usize = 6;
const TAG_LEN: usize = 16;

/// How a text gets into the buffer that the other side of the cipher wants it in.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// It is copied there, and sealed or opened in place.
    InPlace,
    /// The cipher writes it there.
    OutOfPlace,
}

/// AES-128-GCM under one key.
pub(crate) struct Raw {
    key: LessSafeKey,
    way: Way,
    next: u32,
}

impl Raw {
    pub(crate) fn new(way: Way) -> Result<Self, Failure> {
        let key = UnboundKey::new(&AES_128_GCM, &[7; 16]).map_err(|_| "no key")?;
        Ok(Self { key: LessSafeKey::new(key), way, next: 0 })
    }

    fn nonce(counter: u32) -> Nonce {
        let mut nonce = [0x5a; 12];
        if let Some(low) = nonce.last_chunk_mut() {
            *low = counter.to_be_bytes();
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

impl Contestant for Raw {
    fn seal(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let [a, b, c, d] = self.next.to_be_bytes();
        let header: [u8; HEADER_LEN] = [0x9b, 2, a, b, c, d];
        let nonce = Self::nonce(self.next);
        self.next += 1;
        out.extend_from_slice(&header);
        match self.way {
            Way::InPlace => {
                out.extend_from_slice(text);
                let body = out.get_mut(HEADER_LEN..).ok_or("short")?;
                let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(&header), body);
                out.extend_from_slice(tag.map_err(|_| "not sealed")?.as_ref());
            }
            Way::OutOfPlace => {
                out.resize(HEADER_LEN + text.len() + TAG_LEN, 0);
                let body = out.get_mut(HEADER_LEN..).ok_or("short")?;
                let (body, tag) = body.split_at_mut_checked(text.len()).ok_or("short")?;
                let aad = Aad::from(&header);
                let sealed = self.key.seal_out_of_place_scatter(nonce, aad, text, body, &[], tag);
                sealed.map_err(|_| "not sealed")?;
            }
        }
        Ok(())
    }

    fn open(&mut self, frame: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let (header, body) = frame.split_first_chunk::<HEADER_LEN>().ok_or("short")?;
        let counter = header.last_chunk().map_or(0, |low| u32::from_be_bytes(*low));
        let (nonce, aad) = (Self::nonce(counter), Aad::from(header));
        match self.way {
            Way::InPlace => {
                out.extend_from_slice(body);
                let opened = self.key.open_in_place(nonce, aad, out);
                let len = opened.map_err(|_| "not opened")?.len();
                out.truncate(len);
            }
            Way::OutOfPlace => {
                let len = body.len().checked_sub(TAG_LEN).ok_or("short")?;
                let (text, tag) = body.split_at_checked(len).ok_or("short")?;
                out.resize(len, 0);
                let opened = self.key.open_separate_gather(nonce, aad, text, tag, out);
                opened.map_err(|_| "not opened")?;
            }
        }
        Ok(())
    }
}
