//! The media: an Ogg Opus speech file and a VP8 IVF video, taken apart by libraries.

use std::error::Error;
use std::io::{Cursor, ErrorKind};
use std::rc::Rc;

use ogg::PacketReader;

use crate::net::Kind;

/// Milliseconds between two Opus packets.
pub(crate) const SPEECH_PERIOD_MS: u64 = 20;
/// Milliseconds between two pictures.
pub(crate) const VIDEO_PERIOD_MS: u64 = 40;
/// Milliseconds between two pictures of a shared screen.
pub(crate) const SCREEN_PERIOD_MS: u64 = 100;

/// One encoded frame, shared between the sender and the accounts.
pub(crate) type Plaintext = Rc<[u8]>;

/// Both files, frame by frame.
pub(crate) struct Media {
    speech: Vec<Plaintext>,
    video: Vec<Plaintext>,
}

impl Media {
    /// Takes the two files of `tests/media/` apart.
    pub(crate) fn load() -> Result<Rc<Self>, Box<dyn Error>> {
        let speech = opus_packets(include_bytes!("../../tests/media/speech.opus"))?;
        let video = vp8_frames(include_bytes!("../../tests/media/video.ivf"))?;
        Ok(Rc::new(Self { speech, video }))
    }

    /// Every frame there is.
    pub(crate) fn frames(&self) -> impl Iterator<Item = &Plaintext> {
        self.speech.iter().chain(&self.video)
    }
}

/// The packets of an Ogg Opus file without its two headers (RFC 7845 §3).
fn opus_packets(file: &[u8]) -> Result<Vec<Plaintext>, Box<dyn Error>> {
    let mut reader = PacketReader::new(Cursor::new(file));
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet()? {
        packets.push(Plaintext::from(packet.data));
    }
    if !packets.first().is_some_and(|head| head.starts_with(b"OpusHead")) || packets.len() < 3 {
        return Err("speech.opus is no Ogg Opus file".into());
    }
    Ok(packets.split_off(2))
}

/// The frames of an IVF file of VP8.
fn vp8_frames(file: &[u8]) -> Result<Vec<Plaintext>, Box<dyn Error>> {
    let mut reader = Cursor::new(file);
    let header = ivf::read_header(&mut reader)?;
    if &header.tag != b"VP80" {
        return Err("video.ivf does not hold VP8".into());
    }
    let mut frames = Vec::new();
    loop {
        match ivf::read_packet(&mut reader) {
            Ok(packet) => frames.push(Plaintext::from(packet.data)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error.into()),
        }
    }
    if !frames.first().is_some_and(|frame| is_key_frame(frame)) {
        return Err("video.ivf does not begin with a key frame".into());
    }
    Ok(frames)
}

/// Whether a VP8 frame can be decoded alone: bit 0 of its first byte is clear (RFC 6386 §9.1).
pub(crate) fn is_key_frame(frame: &[u8]) -> bool {
    frame.first().is_some_and(|byte| byte & 1 == 0)
}

/// One participant's microphone and camera: both files, in a loop, from its own starting point.
pub(crate) struct Source {
    media: Rc<Media>,
    speech_at: usize,
    video_at: usize,
    screen_at: usize,
}

impl Source {
    /// Starts the speech at `start`; the video starts at a key frame, as a camera does.
    pub(crate) fn new(media: Rc<Media>, start: usize) -> Self {
        let mut source = Self { media, speech_at: start, video_at: start, screen_at: 0 };
        source.key_frame();
        source
    }

    /// The next frame of this kind.
    pub(crate) fn next(&mut self, kind: Kind) -> Option<Plaintext> {
        let (frames, at) = match kind {
            Kind::Speech => (&self.media.speech, &mut self.speech_at),
            Kind::Video => (&self.media.video, &mut self.video_at),
            Kind::Screen => (&self.media.video, &mut self.screen_at),
        };
        let frame = frames.get(*at % frames.len().max(1)).cloned();
        *at += 1;
        frame
    }

    /// Goes to the next key frame, as an encoder makes one when it is asked to.
    pub(crate) fn key_frame(&mut self) {
        let video = &self.media.video;
        let ahead = video.iter().cycle().skip(self.video_at % video.len().max(1)).take(video.len());
        self.video_at += ahead.take_while(|frame| !is_key_frame(frame)).count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_ten_seconds_of_frames() {
        let media = Media::load().unwrap();
        assert_eq!(media.speech.len(), 501);
        assert_eq!(media.video.len(), 250);
        assert!(media.frames().filter(|frame| frame.len() >= 64).count() > 600);
        assert_eq!(media.video.iter().filter(|frame| is_key_frame(frame)).count(), 5);
    }

    #[test]
    fn a_source_loops_and_goes_to_a_key_frame_when_asked() {
        let mut source = Source::new(Media::load().unwrap(), 30);
        for _ in 0..600 {
            assert!(source.next(Kind::Speech).is_some());
            assert!(source.next(Kind::Video).is_some());
        }
        source.key_frame();
        assert!(is_key_frame(&source.next(Kind::Video).unwrap()));
        assert!(!is_key_frame(&source.next(Kind::Video).unwrap()));
    }
}
