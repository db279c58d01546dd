//! The codecs, and the packetisers and depacketisers of webrtc-rs for them.

use bytes::Bytes;
use rtc_rtp::codec::av1::{Av1Depacketizer, Av1Payloader};
use rtc_rtp::codec::h264::{H264Packet, H264Payloader};
use rtc_rtp::codec::h265::HevcPayloader;
use rtc_rtp::codec::opus::{OpusPacket, OpusPayloader};
use rtc_rtp::codec::vp8::{Vp8Packet, Vp8Payloader};
use rtc_rtp::codec::vp9::{Vp9Packet, Vp9Payloader};
use rtc_rtp::packetizer::{Depacketizer, Payloader};

use crate::annexb::{coded_units, nal_units};
use crate::av1::{obus, sized};
use crate::h265::H265Depacketiser;

/// What a stream is coded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// VP8, a frame at a time.
    Vp8,
    /// VP9, a frame or a superframe at a time.
    Vp9,
    /// AV1, a temporal unit at a time, in the low-overhead format.
    Av1,
    /// H.264, an access unit at a time, as a byte stream.
    H264,
    /// H.265, an access unit at a time, as a byte stream.
    H265,
    /// Opus, a packet at a time.
    Opus,
}

impl Codec {
    /// A packetiser of one stream.
    pub fn packetiser(self) -> Box<dyn Payloader> {
        match self {
            Self::Vp8 => {
                let mut packetiser = Vp8Payloader::default();
                packetiser.enable_picture_id = true;
                Box::new(packetiser)
            }
            Self::Vp9 => Box::new(Vp9Payloader::default()),
            Self::Av1 => Box::new(Av1Payloader::default()),
            Self::H264 => Box::new(H264Payloader::default()),
            Self::H265 => Box::new(HevcPayloader),
            Self::Opus => Box::new(OpusPayloader),
        }
    }

    /// A depacketiser of one stream.
    pub fn depacketiser(self) -> Depacketiser {
        match self {
            Self::Vp8 => Depacketiser::Simple(Box::new(Vp8Packet::default())),
            Self::Vp9 => Depacketiser::Simple(Box::new(Vp9Packet::default())),
            Self::Av1 => Depacketiser::Simple(Box::new(Av1Depacketizer::default())),
            Self::H264 => Depacketiser::Simple(Box::new(H264Packet::default())),
            Self::H265 => Depacketiser::H265(H265Depacketiser::default()),
            Self::Opus => Depacketiser::Simple(Box::new(OpusPacket)),
        }
    }

    /// What of a frame survives every correct packetiser: all of it; its OBUs but those that RTP
    /// leaves out; its NAL units but access unit delimiters and filler data.
    pub fn canonical(self, frame: &[u8]) -> Vec<Vec<u8>> {
        let nals = || nal_units(frame).into_iter();
        match self {
            Self::Vp8 | Self::Vp9 | Self::Opus => vec![frame.to_vec()],
            Self::Av1 => obus(frame),
            Self::H264 | Self::H265 => {
                nals().filter(|nal| !self.drops(nal)).map(<[u8]>::to_vec).collect()
            }
        }
    }

    /// Access unit delimiters and filler data.
    fn drops(self, nal: &[u8]) -> bool {
        match self {
            Self::H265 => matches!(nal[0] >> 1, 35 | 38),
            _ => matches!(nal[0] & 0x1f, 9 | 12),
        }
    }

    /// The one form in which a frame comes out once it was sealed (SPEC.md 9.5): what survives, each OBU
    /// with its size, each NAL unit with a start code as long as its own.
    pub fn opened(self, frame: &[u8]) -> Vec<u8> {
        match self {
            Self::Vp8 | Self::Vp9 | Self::Opus => frame.to_vec(),
            Self::Av1 => obus(frame).iter().flat_map(|obu| sized(obu)).collect(),
            Self::H264 | Self::H265 => coded_units(frame)
                .into_iter()
                .filter(|(_, nal)| !self.drops(nal))
                .flat_map(|(is_short, nal)| [&[0, 0, 0, 1][usize::from(is_short)..], nal].concat())
                .collect(),
        }
    }
}

/// Puts the payloads of a frame together again.
pub enum Depacketiser {
    /// What comes out of each payload makes the frame.
    Simple(Box<dyn Depacketizer>),
    /// H.265, whose depacketiser takes payloads apart only.
    H265(H265Depacketiser),
}

impl Depacketiser {
    /// The frame that came in these payloads, or why they are none.
    ///
    /// # Errors
    /// What the depacketiser says.
    pub fn frame<'a>(
        &mut self,
        payloads: impl IntoIterator<Item = &'a Bytes>,
    ) -> Result<Vec<u8>, String> {
        let mut frame = Vec::new();
        for payload in payloads {
            let part = match self {
                Self::Simple(one) => one.depacketize(payload).map_err(|fault| fault.to_string())?,
                Self::H265(one) => one.depacketise(payload)?,
            };
            frame.extend_from_slice(&part);
        }
        Ok(frame)
    }
}
