//! IVF: video, frame by frame.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

use incamera::Codec;

use super::Timed;

/// The longest frame that is read from a file, in bytes: what can be sealed at most.
const MAX_FRAME: u32 = 16 << 20;
/// The length of the file's header and of a frame's, in bytes.
const HEADER: usize = 32;

/// Reads a file.
#[derive(Debug)]
pub(crate) struct IvfReader<R> {
    input: R,
    codec: Codec,
    /// Seconds are ticks times this over that.
    timebase: (u32, u32),
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

impl<R: Read> IvfReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// If it is no IVF file of VP8, VP9 or AV1.
    pub(crate) fn new(mut input: R) -> io::Result<Self> {
        let header = ivf::read_header(&mut input).map_err(|_| invalid("it is no IVF file"))?;
        let codec = match &header.tag {
            b"VP80" => Codec::Vp8,
            b"VP90" => Codec::Vp9,
            b"AV01" => Codec::Av1,
            _ => return Err(invalid("it holds neither VP8 nor VP9 nor AV1")),
        };
        if header.timebase_den == 0 || header.timebase_num == 0 {
            return Err(invalid("it does not say how long a tick is"));
        }
        Ok(Self { input, codec, timebase: (header.timebase_num, header.timebase_den) })
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// The next frame, with its time in ticks of 1/90,000 s; `None` at the end.
    ///
    /// # Errors
    /// If the file is cut off or cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Timed>> {
        let mut head = [0; 12];
        match self.input.read(&mut head)? {
            0 => return Ok(None),
            read => self.input.read_exact(head.get_mut(read..).unwrap_or_default())?,
        }
        let [a, b, c, d, time @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length > MAX_FRAME {
            return Err(invalid("a frame is longer than 16 MiB"));
        }
        let mut frame = Vec::new();
        (&mut self.input).take(length.into()).read_to_end(&mut frame)?;
        if frame.len() != length as usize {
            return Err(invalid("its last frame is cut off"));
        }
        let (num, den) = (u128::from(self.timebase.0), u128::from(self.timebase.1));
        let time = u128::from(u64::from_le_bytes(time)) * 90_000 * num / den;
        Ok(Some(Timed { time: u64::try_from(time).unwrap_or(u64::MAX), frame }))
    }
}

/// Writes a file, with ticks of 1/90,000 s.
#[derive(Debug)]
pub(crate) struct IvfWriter<W: Write + Seek> {
    output: W,
    frames: u32,
}

impl<W: Write + Seek> IvfWriter<W> {
    /// Begins to write. What the pictures' size is, the stream itself says; players look there.
    ///
    /// # Errors
    /// If nothing can be written, or IVF has no name for this codec.
    pub(crate) fn new(mut output: W, codec: Codec) -> io::Result<Self> {
        let tag: &[u8; 4] = match codec {
            Codec::Vp8 => b"VP80",
            Codec::Vp9 => b"VP90",
            Codec::Av1 => b"AV01",
            Codec::H264 => b"H264",
            Codec::H265 => b"HEVC",
            _ => return Err(invalid("this codec is none of video")),
        };
        let mut header = Vec::with_capacity(HEADER);
        header.extend(b"DKIF\0\0\x20\0");
        header.extend(tag);
        header.extend([0; 4]);
        header.extend(90_000u32.to_le_bytes());
        header.extend(1u32.to_le_bytes());
        header.extend([0; 8]);
        output.write_all(&header)?;
        Ok(Self { output, frames: 0 })
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&mut self, time: u64, frame: &[u8]) -> io::Result<()> {
        let length = u32::try_from(frame.len()).map_err(|_| invalid("the frame is too long"))?;
        self.output.write_all(&length.to_le_bytes())?;
        self.output.write_all(&time.to_le_bytes())?;
        self.output.write_all(frame)?;
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    /// Ends the file: its header says how many frames there are.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn end(mut self) -> io::Result<W> {
        self.output.seek(SeekFrom::Start(24))?;
        self.output.write_all(&self.frames.to_le_bytes())?;
        self.output.seek(SeekFrom::End(0))?;
        self.output.flush()?;
        Ok(self.output)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn frames(mut reader: IvfReader<impl Read>) -> Vec<Timed> {
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    #[test]
    fn a_real_file_reads_back_as_it_was_written() {
        let file = include_bytes!("../../../../../tests/media/video.ivf");
        let reader = IvfReader::new(&file[..]).unwrap();
        assert_eq!(reader.codec(), Codec::Vp8);
        let read = frames(reader);
        assert_eq!((read.len(), read[1].time - read[0].time), (250, 3_600));
        let mut writer = IvfWriter::new(Cursor::new(Vec::new()), Codec::Vp8).unwrap();
        read.iter().for_each(|timed| writer.write(timed.time, &timed.frame).unwrap());
        let written = writer.end().unwrap().into_inner();
        assert_eq!(written[24..28], 250u32.to_le_bytes());
        assert_eq!(frames(IvfReader::new(&written[..]).unwrap()), read);
    }

    #[test]
    fn a_file_that_is_cut_off_or_something_else_is_refused() {
        let file = &include_bytes!("../../../../../tests/media/video.ivf")[..4_000];
        assert!(IvfReader::new(&file[..31]).is_err() && IvfReader::new(&b"OggS"[..]).is_err());
        let mut reader = IvfReader::new(file).unwrap();
        while let Ok(frame) = reader.next() {
            assert!(frame.is_some(), "it ends with an error");
        }
        let mut huge = file[..32].to_vec();
        huge.extend([0xff; 12]);
        assert!(IvfReader::new(&huge[..]).unwrap().next().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_file_or_refused(
            mut file in proptest::collection::vec(any::<u8>(), 0..600),
            is_cut in any::<bool>(),
            at in 0..3_000usize,
        ) {
            if is_cut {
                let mut real = include_bytes!("../../../../../tests/media/video.ivf")[..3_000].to_vec();
                real[at] ^= file.first().copied().unwrap_or(1);
                file = real;
            }
            if let Ok(mut reader) = IvfReader::new(&file[..]) {
                while let Ok(Some(timed)) = reader.next() {
                    prop_assert!(timed.frame.len() <= file.len());
                }
            }
        }
    }
}
