//! Ogg Opus (RFC 7845): sound, packet by packet.

use std::io::{self, ErrorKind, Read, Seek, Write};

use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};

use super::Timed;

/// Samples at 48 kHz that a decoder drops at the beginning: what RFC 7845 recommends.
const PRE_SKIP: u16 = 3_840;
/// The serial number of the one stream in a file.
const SERIAL: u32 = 1;

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.into())
}

/// Reads a file.
pub(crate) struct OpusReader<R: Read + Seek> {
    packets: PacketReader<R>,
    time: u64,
}

impl<R: Read + Seek> OpusReader<R> {
    /// Begins to read: takes the two headers.
    ///
    /// # Errors
    /// If it is no Ogg Opus file.
    pub(crate) fn new(input: R) -> io::Result<Self> {
        let mut reader = Self { packets: PacketReader::new(input), time: 0 };
        for begins in [b"OpusHead", b"OpusTags"] {
            let header = reader.packet()?.unwrap_or_default();
            if !header.starts_with(begins) {
                return Err(invalid("it is no Ogg Opus file"));
            }
        }
        Ok(reader)
    }

    /// The next packet, with its time in ticks of 1/48,000 s; `None` at the end.
    ///
    /// # Errors
    /// If the file is damaged or cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Timed>> {
        let Some(frame) = self.packet()? else { return Ok(None) };
        let time = self.time;
        self.time += samples(&frame).ok_or_else(|| invalid("a packet is none of Opus"))?;
        Ok(Some(Timed { time, frame }))
    }

    fn packet(&mut self) -> io::Result<Option<Vec<u8>>> {
        let packet = self.packets.read_packet().map_err(|error| invalid(error.to_string()))?;
        Ok(packet.map(|packet| packet.data))
    }
}

/// How many samples at 48 kHz an Opus packet has (RFC 6716 §3.1).
pub(crate) fn samples(packet: &[u8]) -> Option<u64> {
    let (toc, rest) = packet.split_first()?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(rest.first()? & 0x3f),
    };
    let of_one = match toc >> 3 {
        config @ 0..12 => [480, 960, 1_920, 2_880].into_iter().nth(usize::from(config & 3))?,
        config @ 12..16 => [480, 960].into_iter().nth(usize::from(config & 1))?,
        config => [120, 240, 480, 960].into_iter().nth(usize::from(config & 3))?,
    };
    Some(frames * of_one).filter(|samples| (1..=5_760).contains(samples))
}

/// Writes a file.
pub(crate) struct OpusWriter<W: Write> {
    packets: PacketWriter<'static, W>,
    /// The last packet: the one at the end is marked as such.
    last: Option<(Vec<u8>, u64)>,
    time: u64,
}

impl<W: Write> OpusWriter<W> {
    /// Begins to write: a mono stream. What a packet has, it says itself.
    ///
    /// # Errors
    /// If nothing can be written.
    pub(crate) fn new(output: W) -> io::Result<Self> {
        let mut packets = PacketWriter::new(output);
        let mut head = b"OpusHead\x01\x01".to_vec();
        head.extend(PRE_SKIP.to_le_bytes());
        head.extend(48_000u32.to_le_bytes());
        head.extend([0, 0, 0]);
        packets.write_packet(head, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        let mut tags = b"OpusTags".to_vec();
        tags.extend(8u32.to_le_bytes());
        tags.extend(b"incamera");
        tags.extend(0u32.to_le_bytes());
        packets.write_packet(tags, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Self { packets, last: None, time: 0 })
    }

    /// Adds a packet.
    ///
    /// # Errors
    /// If it is none of Opus, or cannot be written.
    pub(crate) fn write(&mut self, packet: &[u8]) -> io::Result<()> {
        let samples = samples(packet).ok_or_else(|| invalid("the packet is none of Opus"))?;
        self.time += samples;
        if let Some((packet, time)) = self.last.replace((packet.to_vec(), self.time)) {
            self.packets.write_packet(packet, SERIAL, PacketWriteEndInfo::NormalPacket, time)?;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn end(mut self) -> io::Result<W> {
        if let Some((packet, time)) = self.last.take() {
            self.packets.write_packet(packet, SERIAL, PacketWriteEndInfo::EndStream, time)?;
        }
        let mut output = self.packets.into_inner();
        output.flush()?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn packets(file: &[u8]) -> Vec<Timed> {
        let mut reader = OpusReader::new(Cursor::new(file)).unwrap();
        std::iter::from_fn(|| reader.next().unwrap()).collect()
    }

    #[test]
    fn a_real_file_reads_back_as_it_was_written() {
        let read = packets(include_bytes!("../../../../../tests/media/speech.opus"));
        assert_eq!(read.len(), 501);
        assert!(read.iter().zip(0..).all(|(timed, number)| timed.time == number * 960));
        let mut writer = OpusWriter::new(Vec::new()).unwrap();
        read.iter().for_each(|timed| writer.write(&timed.frame).unwrap());
        assert_eq!(packets(&writer.end().unwrap()), read);
    }

    #[test]
    fn what_is_no_ogg_opus_is_refused() {
        for file in [&b""[..], b"DKIF", &include_bytes!("../../../../../tests/media/video.ivf")[..]]
        {
            assert!(OpusReader::new(Cursor::new(file)).is_err());
        }
        assert_eq!(samples(&[]), None);
        assert_eq!(samples(&[0xfb, 0]), None, "no frames");
        assert_eq!(samples(&[0x1b, 63]), None, "longer than 120 ms");
        assert_eq!(samples(&[0x78]), Some(960));
        assert_eq!(samples(&[0xe1, 0, 0]), Some(240));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_file_or_refused(
            mut file in proptest::collection::vec(any::<u8>(), 0..600),
            is_cut in any::<bool>(),
            at in 0..6_000usize,
        ) {
            if is_cut {
                let mut real = include_bytes!("../../../../../tests/media/speech.opus")[..6_000].to_vec();
                real[at] ^= file.first().copied().unwrap_or(1);
                file = real;
            }
            if let Ok(mut reader) = OpusReader::new(Cursor::new(&file[..])) {
                while let Ok(Some(timed)) = reader.next() {
                    prop_assert!(samples(&timed.frame).is_some());
                }
            }
        }
    }
}
