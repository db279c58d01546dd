//! What the others send, in files: one for each of their tracks, and `frames.txt` with a line for
//! each frame.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use incamera::{Codec, MemberId, Track, TrackKind};

use crate::files::{IvfWriter, OpusWriter};
use crate::names::stem;
use crate::state::hex;

/// The most files of one meeting: what strangers send does not fill the directory.
const MAX_FILES: usize = 256;

/// One track's file.
enum Output {
    Video(IvfWriter<BufWriter<File>>),
    Sound(OpusWriter<BufWriter<File>>),
}

/// Writes what the others send.
pub(crate) struct Recorder {
    directory: PathBuf,
    list: BufWriter<File>,
    tracks: HashMap<(MemberId, Track), Written>,
}

struct Written {
    name: String,
    output: Output,
    frames: u64,
}

impl Recorder {
    /// Begins to write into `directory`, which is made if it is not there.
    ///
    /// # Errors
    /// If the directory cannot be made, or has a `frames.txt` already.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let list = BufWriter::new(create(&directory.join("frames.txt"))?);
        Ok(Self { directory: directory.to_owned(), list, tracks: HashMap::new() })
    }

    /// Adds a frame: `name` is its sender's, and `time` is in ticks of the codec's RTP clock. Gives
    /// the name of the file, if it is a new one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(
        &mut self,
        (member, track): (MemberId, Track),
        name: &str,
        codec: Codec,
        (time, frame): (u64, &[u8]),
    ) -> io::Result<Option<String>> {
        let mut new = None;
        if !self.tracks.contains_key(&(member, track)) {
            if self.tracks.len() >= MAX_FILES {
                return Ok(None);
            }
            let file = file_name(member, track, name, codec);
            let out = BufWriter::new(create(&self.directory.join(&file))?);
            let output = match codec {
                Codec::Opus => Output::Sound(OpusWriter::new(out)?),
                codec => Output::Video(IvfWriter::new(out, codec)?),
            };
            new = Some(file.clone());
            self.tracks.insert((member, track), Written { name: file, output, frames: 0 });
        }
        let Some(written) = self.tracks.get_mut(&(member, track)) else { return Ok(None) };
        match &mut written.output {
            Output::Video(output) => output.write(time, frame)?,
            Output::Sound(output) => output.write(frame)?,
        }
        let Written { name, frames, .. } = written;
        let sha256 = hex(digest(&SHA256, frame).as_ref());
        writeln!(self.list, "{name} {frames} {time} {} {sha256}", frame.len())?;
        *frames += 1;
        Ok(new)
    }

    /// Ends all files; gives their names and how many frames each has.
    ///
    /// # Errors
    /// If one cannot be written.
    pub(crate) fn end(mut self) -> io::Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for Written { name, output, frames } in self.tracks.into_values() {
            match output {
                Output::Video(output) => drop(output.end()?),
                Output::Sound(output) => drop(output.end()?),
            }
            files.push((name, frames));
        }
        self.list.flush()?;
        files.sort();
        Ok(files)
    }
}

/// A new file; one that is there is left as it is.
fn create(path: &Path) -> io::Result<File> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot make {}: {error}", path.display()))
    };
    OpenOptions::new().write(true).create_new(true).open(path).map_err(named)
}

/// A name for a track's file that no other track has, whatever its member is called.
fn file_name(member: MemberId, track: Track, name: &str, codec: Codec) -> String {
    let kind = match track.kind() {
        TrackKind::Microphone => "microphone",
        TrackKind::Camera => "camera",
        TrackKind::Screen => "screen",
        TrackKind::ScreenAudio => "screen-audio",
        TrackKind::Data => "data",
    };
    let extension = if codec == Codec::Opus { "ogg" } else { "ivf" };
    let stay = hex(&member.as_bytes()[..4]);
    format!("{}-{stay}-{kind}-{}.{extension}", stem(name), track.index())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::files::IvfReader;

    #[test]
    fn each_track_has_its_file_and_each_frame_its_line() {
        let directory =
            std::env::temp_dir().join(format!("incamera-record-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        let mut recorder = Recorder::new(&directory).unwrap();
        let [ada, eve] = [1, 2].map(|number| MemberId::new([number; 16]));
        let (camera, voice) = (Track::CAMERA, Track::MICROPHONE);
        let new = recorder.write((ada, camera), "../Ada", Codec::Vp8, (9, b"one")).unwrap();
        assert_eq!(new.unwrap(), "Ada-01010101-camera-0.ivf");
        assert_eq!(recorder.write((ada, camera), "x", Codec::Vp8, (10, b"two")).unwrap(), None);
        let new = recorder.write((eve, camera), "../Ada", Codec::Vp9, (0, b"three")).unwrap();
        assert_eq!(new.unwrap(), "Ada-02020202-camera-0.ivf");
        recorder.write((eve, voice), "Eve", Codec::Opus, (0, &[0x78, 1])).unwrap();
        assert_eq!(recorder.end().unwrap().len(), 3);
        let file = fs::read(directory.join("Ada-01010101-camera-0.ivf")).unwrap();
        let mut reader = IvfReader::new(&file[..]).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().frame, b"one");
        assert_eq!(reader.next().unwrap().unwrap().time, 10);
        let list = fs::read_to_string(directory.join("frames.txt")).unwrap();
        let first = "Ada-01010101-camera-0.ivf 0 9 3 7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
        assert_eq!((list.lines().count(), list.lines().next()), (4, Some(first)));
        assert!(Recorder::new(&directory).is_err(), "nothing is overwritten");
        fs::remove_dir_all(&directory).unwrap();
    }
}
