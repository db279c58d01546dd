//! A meeting of two: Alice seals, Bob opens.

use incamera::testing::Room;
use incamera::{FrameError, Framing, Opened, PadTo, Padding, Receiver, Sealer, Settings, Track};
use incamera_streams::{Codec, Through};

use crate::altered::altered;

/// The codec as the library names it.
pub(crate) fn known(codec: Codec) -> incamera::Codec {
    match codec {
        Codec::Vp8 => incamera::Codec::Vp8,
        Codec::Vp9 => incamera::Codec::Vp9,
        Codec::Av1 => incamera::Codec::Av1,
        Codec::H264 => incamera::Codec::H264,
        Codec::H265 => incamera::Codec::H265,
        Codec::Opus => incamera::Codec::Opus,
    }
}

/// A meeting of two.
pub(crate) struct Call {
    room: Room,
}

impl Call {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    /// One that pads.
    pub(crate) fn padded() -> Self {
        let padding = Padding { audio: PadTo::Multiple(160), other: PadTo::Padme };
        let mut settings = Settings::default();
        settings.padding = padding;
        Self::with(settings)
    }

    fn with(settings: Settings) -> Self {
        let mut room = Room::with(settings, &["Alice", "Bob"]).expect("a room");
        // Until Alice seals in the epoch that Bob came in.
        room.wait(1);
        Self { room }
    }

    /// The two ends of Alice's camera, or of her microphone if it is a stream of sound, framed for
    /// WebRTC.
    pub(crate) fn line(&mut self, codec: Codec) -> Line {
        self.framed(codec, Framing::WebRtc(known(codec)))
    }

    pub(crate) fn framed(&mut self, codec: Codec, framing: Framing) -> Line {
        let track = if codec == Codec::Opus { Track::MICROPHONE } else { Track::CAMERA };
        Line {
            codec,
            framing,
            track,
            sealer: self.room[0].sealer(track, framing).expect("a sealer"),
            receiver: self.room[1].receiver(),
            now_ms: self.room.now().monotonic_ms,
            before: Vec::new(),
            altered: 0,
        }
    }
}

/// A sealer and a receiver of what it sealed.
pub(crate) struct Line {
    codec: Codec,
    framing: Framing,
    track: Track,
    sealer: Sealer,
    receiver: Receiver,
    now_ms: u64,
    /// The frame that arrived last.
    before: Vec<u8>,
    /// How many altered frames were refused.
    pub(crate) altered: usize,
}

impl Line {
    pub(crate) fn seal(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        self.sealer.seal(frame, self.now_ms, &mut sealed).expect("sealed");
        assert!(sealed.len() <= self.sealer.max_sealed_len(frame.len()));
        sealed
    }

    pub(crate) fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, FrameError> {
        self.open_with_layer(sealed).map(|(opened, _)| opened)
    }

    /// And in which layer the frame says that it is.
    pub(crate) fn open_with_layer(
        &mut self,
        sealed: &[u8],
    ) -> Result<(Vec<u8>, Option<incamera::Layer>), FrameError> {
        let mut out = b"before".to_vec();
        let opened = self.receiver.open_framed(self.framing, 0, sealed, self.now_ms, &mut out);
        let plain = out.strip_prefix(b"before").expect("what was there stays");
        let left = matches!(opened, Ok(Opened::Frame { .. })) || plain.is_empty();
        assert!(left, "a frame that did not open left something");
        match opened? {
            Opened::Frame { track, layer, .. } if track == self.track => {
                Ok((plain.to_vec(), layer))
            }
            // Its header names an epoch that may come, if somebody has altered it.
            Opened::Held => Err(FrameError::UnknownKey),
            other => panic!("{other:?}"),
        }
    }
}

impl Through for Line {
    fn out(&mut self, frame: &[u8]) -> Vec<u8> {
        self.seal(frame)
    }

    /// Opens it once: before that nothing that is like it opens, after that not even itself.
    fn back(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let codec = if self.framing == Framing::Whole { Codec::Vp9 } else { self.codec };
        for (how, other) in altered(codec, frame, &self.before) {
            assert!(self.open(&other).is_err(), "{how}: {other:02x?} for {frame:02x?}");
            self.altered += 1;
        }
        let opened = self.open(frame).ok()?;
        assert_eq!(self.open(frame), Err(FrameError::Unopenable), "it opened twice");
        self.before = frame.to_vec();
        Some(opened)
    }
}
