//! Files that are sent, at their own pace.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use incamera::Codec;
use tokio::time::{Instant, sleep_until};

use crate::exit::Failure;
use crate::files::{IvfReader, OpusReader, Timed};

/// Ticks of a second: of video, and of sound.
const VIDEO_HZ: u64 = 90_000;
const SOUND_HZ: u64 = 48_000;

/// A file, open.
enum Reader {
    Video(IvfReader<BufReader<File>>),
    Sound(OpusReader<BufReader<File>>),
}

/// A file that is sent.
pub(crate) struct Player {
    path: PathBuf,
    reader: Reader,
    codec: Codec,
    repeat: bool,
    /// What is added to the file's times: those of the rounds before.
    base: u64,
    /// The last frame's time, and how long the one before it lasted.
    last: u64,
    step: u64,
    begun: bool,
}

/// All that is sent on one track: a file, or one for each layer from the lowest.
pub(crate) struct Source {
    layers: Vec<Player>,
    /// The next frame of each, if it is read.
    next: Vec<Option<Timed>>,
    begun: Option<Instant>,
}

/// The most layers of a track.
const MAX_LAYERS: usize = 4;

impl Source {
    /// Of these files, one at least.
    ///
    /// # Errors
    /// If they are too many, or of several codecs.
    pub(crate) fn new(layers: Vec<Player>) -> Result<Self, Failure> {
        if layers.len() > MAX_LAYERS {
            return Err(Failure::usage(format!("at most {MAX_LAYERS} layers can be sent")));
        }
        let codec = layers.first().map(|layer| layer.codec);
        if let Some(other) = layers.iter().find(|layer| Some(layer.codec) != codec) {
            let path = other.path.display();
            let text = format!("cannot send {path}: all layers of a picture have one codec");
            return Err(Failure::usage(text));
        }
        let next = layers.iter().map(|_| None).collect();
        Ok(Self { layers, next, begun: None })
    }

    pub(crate) fn codec(&self) -> Codec {
        self.layers.first().map_or(Codec::Opus, |layer| layer.codec)
    }

    /// The names of the layers; none if there is one alone.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = self.layers.len();
        if all < 2 { Vec::new() } else { (1..=all).map(|number| number.to_string()).collect() }
    }

    /// The next frame and its layer's place, at the moment at which it is to be sent; `None` at the end of a
    /// file. The first one is due at once, and the others follow it.
    pub(crate) async fn next(&mut self) -> Result<Option<(usize, Timed)>, Failure> {
        for (layer, next) in self.layers.iter_mut().zip(&mut self.next) {
            if next.is_none() {
                let read = layer.read().map_err(|error| unusable(&layer.path, &error))?;
                let Some(timed) = read else { return Ok(None) };
                *next = Some(timed);
            }
        }
        let waiting = self.next.iter_mut().enumerate();
        let first = waiting.min_by_key(|(_, next)| next.as_ref().map(|timed| timed.time));
        let Some((place, timed)) = first.and_then(|(place, next)| Some((place, next.take()?)))
        else {
            return Ok(None);
        };
        let hz = if self.codec() == Codec::Opus { SOUND_HZ } else { VIDEO_HZ };
        let ticks = u128::from(timed.time) * 1_000_000 / u128::from(hz);
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let offset = Duration::from_micros(u64::try_from(ticks).unwrap_or(u64::MAX));
        if let Some(at) = begun.checked_add(offset) {
            sleep_until(at).await;
        }
        Ok(Some((place, timed)))
    }
}

impl Player {
    /// A file of video.
    pub(crate) fn video(path: &Path, repeat: bool) -> Result<Self, Failure> {
        let reader = open(path).and_then(IvfReader::new).map_err(|error| unusable(path, &error))?;
        let codec = reader.codec();
        Ok(Self::new(path, Reader::Video(reader), codec, repeat))
    }

    /// A file of sound.
    pub(crate) fn sound(path: &Path, repeat: bool) -> Result<Self, Failure> {
        let reader =
            open(path).and_then(OpusReader::new).map_err(|error| unusable(path, &error))?;
        Ok(Self::new(path, Reader::Sound(reader), Codec::Opus, repeat))
    }

    fn new(path: &Path, reader: Reader, codec: Codec, repeat: bool) -> Self {
        let path = path.to_owned();
        Self { path, reader, codec, repeat, base: 0, last: 0, step: 0, begun: false }
    }

    /// The next frame, with the times of all rounds before added; `None` at the end.
    fn read(&mut self) -> io::Result<Option<Timed>> {
        let mut read = self.read_once()?;
        if read.is_none() && self.repeat && self.begun {
            self.base = self.last.saturating_add(self.step);
            self.reader = match &self.reader {
                Reader::Video(_) => Reader::Video(open(&self.path).and_then(IvfReader::new)?),
                Reader::Sound(_) => Reader::Sound(open(&self.path).and_then(OpusReader::new)?),
            };
            read = self.read_once()?;
        }
        let Some(mut timed) = read else { return Ok(None) };
        timed.time = timed.time.saturating_add(self.base);
        self.step = timed.time.saturating_sub(self.last).max(1);
        (self.last, self.begun) = (timed.time, true);
        Ok(Some(timed))
    }

    fn read_once(&mut self) -> io::Result<Option<Timed>> {
        match &mut self.reader {
            Reader::Video(reader) => reader.next(),
            Reader::Sound(reader) => reader.next(),
        }
    }
}

fn open(path: &Path) -> io::Result<BufReader<File>> {
    let mut file = BufReader::new(File::open(path)?);
    // A pipe cannot be sent again, nor an Ogg file be read from it.
    file.rewind()?;
    Ok(file)
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot send {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/media").join(name)
    }

    #[tokio::test(start_paused = true)]
    async fn files_are_sent_at_their_own_pace() {
        for (player, frames, ms) in [
            (Player::video(&media("video.ivf"), false).unwrap(), 250, 9_960),
            (Player::sound(&media("speech.opus"), false).unwrap(), 501, 10_000),
        ] {
            let (begun, mut count) = (Instant::now(), 0);
            let mut player = Source::new(vec![player]).unwrap();
            while player.next().await.unwrap().is_some() {
                count += 1;
            }
            assert_eq!((count, begun.elapsed().as_millis() / 20 * 20), (frames, ms));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_file_goes_on_without_a_gap() {
        let player = Player::sound(&media("speech.opus"), true).unwrap();
        let mut player = Source::new(vec![player]).unwrap();
        for number in 0..1_100 {
            assert_eq!(player.next().await.unwrap().unwrap().1.time, number * 960);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn layers_are_sent_in_step() {
        let layers = (0..3).map(|_| Player::video(&media("video.ivf"), true).unwrap()).collect();
        let (mut layers, begun) = (Source::new(layers).unwrap(), Instant::now());
        assert_eq!(layers.names(), ["1", "2", "3"]);
        for number in 0..900 {
            let (place, timed) = layers.next().await.unwrap().unwrap();
            let time = number / 3 * 3_600;
            assert_eq!((place as u64, timed.time), (number % 3, time));
            assert_eq!(begun.elapsed().as_millis() as u64, time / 90);
        }
    }

    #[test]
    fn too_many_layers_and_mixed_codecs_are_refused() {
        let video = || Player::video(&media("video.ivf"), false).unwrap();
        let sound = Player::sound(&media("speech.opus"), false).unwrap();
        assert!(Source::new((0..5).map(|_| video()).collect()).is_err());
        let failure = Source::new(vec![video(), sound]).err().unwrap();
        assert!(failure.text.contains("speech.opus"), "{}", failure.text);
    }

    #[test]
    fn what_cannot_be_sent_is_said_so() {
        for path in ["nothing.ivf", "speech.opus", "README.md"] {
            let failure = Player::video(&media(path), false).err().unwrap();
            assert!(failure.text.contains(path), "{}", failure.text);
        }
        assert!(Player::sound(&media("video.ivf"), false).is_err());
    }
}
