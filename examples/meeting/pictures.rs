//! A picture as members see it, and what a decoder makes of the bytes that the relay has.

use std::fs::{self, File};
use std::io::{BufWriter, Cursor};
use std::path::Path;

use image_webp::WebPDecoder;

use crate::ledger::Frame;
use crate::media::is_key_frame;
use crate::net::Kind;
use crate::world::{Outcome, World};

/// A decoded picture: red, green and blue of each pixel, by rows.
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// Decodes a VP8 key frame: it is what a lossy WebP file has in its chunk.
    fn decode(frame: &[u8]) -> Outcome<Self> {
        let mut decoder = WebPDecoder::new(Cursor::new(web_p(frame)?))?;
        let (width, height) = decoder.dimensions();
        let size = decoder.output_buffer_size().filter(|_| !decoder.has_alpha());
        let mut pixels = vec![0; size.ok_or("no plain picture")?];
        decoder.read_image(&mut pixels)?;
        Ok(Self { width, height, pixels })
    }

    /// Writes it as PNG.
    fn write(&self, path: &Path) -> Outcome<()> {
        let mut encoder =
            png::Encoder::new(BufWriter::new(File::create(path)?), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        Ok(writer.finish()?)
    }

    /// How alike two pictures are: the correlation of their pixels, from -1 to 1.
    fn correlation(&self, other: &Self) -> f64 {
        let mean = |picture: &Self| {
            let sum: f64 = picture.pixels.iter().copied().map(f64::from).sum();
            sum / picture.pixels.len().max(1) as f64
        };
        let (own, others) = (mean(self), mean(other));
        let [mut both, mut first, mut second] = [0.0; 3];
        for (a, b) in self.pixels.iter().zip(&other.pixels) {
            let (a, b) = (f64::from(*a) - own, f64::from(*b) - others);
            both += a * b;
            first += a * a;
            second += b * b;
        }
        both / (first * second).sqrt().max(f64::MIN_POSITIVE)
    }
}

/// The frame in a WebP file.
fn web_p(frame: &[u8]) -> Outcome<Vec<u8>> {
    let odd = frame.len() % 2;
    let len = u32::try_from(frame.len())?;
    let all = u32::try_from(frame.len() + odd + 12)?;
    let padding = [0].get(..odd).unwrap_or_default();
    let head = [&b"RIFF"[..], &all.to_le_bytes(), b"WEBPVP8 ", &len.to_le_bytes()].concat();
    Ok([&head, frame, padding].concat())
}

/// One key frame, seen by a member and by the relay.
pub(crate) struct Pair {
    member: Picture,
    relay: Picture,
    /// How many key frames were tried.
    tried: usize,
    /// Of how many of these the decoder made something, sealed as they are.
    decoded: usize,
}

impl Pair {
    /// The first key frame that a member opened and of whose sealed bytes, all of them, the decoder makes
    /// a picture: what it takes for tables is ciphertext, and mostly makes no sense to it.
    pub(crate) fn find(world: &World) -> Outcome<Self> {
        let wanted = |frame: &&Frame| frame.kind == Kind::Video && is_key_frame(&frame.plaintext);
        let opened = world.seats.iter().flat_map(|seat| seat.page.opened_ids());
        let opened: std::collections::BTreeSet<_> = opened.collect();
        let frames = opened.into_iter().filter_map(|id| world.frames.get(*id)).filter(wanted);
        let (mut tried, mut decoded, mut first) = (0, 0, None);
        for frame in frames {
            tried += 1;
            let Ok(relay) = Picture::decode(&frame.sealed) else { continue };
            decoded += 1;
            if first.is_none() {
                first = Some((Picture::decode(&frame.plaintext)?, relay));
            }
        }
        let (member, relay) = first.ok_or("the decoder refuses every sealed key frame")?;
        Ok(Self { member, relay, tried, decoded })
    }

    /// Writes `member.png` and `relay.png`.
    pub(crate) fn write(&self, folder: &Path) -> Outcome<()> {
        fs::create_dir_all(folder)?;
        self.member.write(&folder.join("member.png"))?;
        self.relay.write(&folder.join("relay.png"))
    }

    /// How alike both pictures are, from -1 to 1.
    pub(crate) fn likeness(&self) -> f64 {
        self.member.correlation(&self.relay)
    }

    /// What there is to see.
    pub(crate) fn summary(&self) -> String {
        format!(
            "Pictures  of {} sealed key frames that members opened a decoder makes something of {};\n\
             \x20         the first of these looks like what was sent by a correlation of {:.3}.",
            self.tried,
            self.decoded,
            self.likeness(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Media, Source};

    #[test]
    fn a_key_frame_is_a_picture_that_is_like_itself_and_not_like_its_negative() {
        let frame = Source::new(Media::load().unwrap(), 0).next(Kind::Video).unwrap();
        let picture = Picture::decode(&frame).unwrap();
        assert_eq!((picture.width, picture.height), (320, 180));
        assert!((picture.correlation(&picture) - 1.0).abs() < 1e-9);
        let pixels = picture.pixels.iter().map(|value| !value).collect();
        let negative = Picture { pixels, ..picture };
        assert!((picture.correlation(&negative) + 1.0).abs() < 1e-9);
        assert!(Picture::decode(frame.get(..9).unwrap()).is_err());
    }
}
