//! The sample, sealed by a member of a meeting and opened by another.

use std::io::Cursor;
use std::ops::Range;

use incamera::testing::Room;
use incamera::wire::FrameHeader;
use incamera::{Codec, Framing, Opened, PadTo, Padding, Settings, Track};
use ogg::PacketReader;

use crate::Outcome;

/// Milliseconds of sound in a packet.
pub(crate) const PACKET_MS: u64 = 20;

/// Where `tests/media/speech.opus` has no sound, in milliseconds: `ffmpeg -i speech.opus -af
/// silencedetect=noise=-45dB:d=0.1 -f null -` (5.1), so that it does not come from the sizes.
const PAUSES_MS: [Range<u64>; 6] =
    [644..793, 2_270..2_583, 3_854..4_093, 6_389..6_694, 8_114..8_259, 9_642..u64::MAX];

/// The middle of a packet's sound, from its start: decoders drop the sample's first 6.5 ms.
const MIDDLE_MS: u64 = 3;

/// What a sender does in a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pauses {
    /// It seals what the encoder makes of it.
    Encoded,
    /// It sends nothing, as with an encoder that stops (DTX).
    Gaps,
    /// It seals silence.
    Silence,
}

/// How frames are padded, and pauses sent.
pub(crate) struct Scheme {
    /// What the table calls it.
    pub(crate) name: &'static str,
    pub(crate) padding: PadTo,
    pub(crate) pauses: Pauses,
}

/// One packet of the sample, and what went over the wire in its time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Bytes of the packet.
    pub(crate) plain: usize,
    /// Whether it has no sound.
    pub(crate) pause: bool,
    /// Bytes behind the header, whose own length says only how many frames went before; 0 if nothing was
    /// sent.
    pub(crate) seen: usize,
    /// Bytes in all.
    pub(crate) sent: usize,
}

/// The packets of the sample, without its two headers (RFC 7845 §3).
pub(crate) fn packets() -> Outcome<Vec<Vec<u8>>> {
    let file: &[u8] = include_bytes!("../../tests/media/speech.opus");
    let mut reader = PacketReader::new(Cursor::new(file));
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet()? {
        packets.push(packet.data);
    }
    Ok(packets.split_off(packets.len().min(2)))
}

/// Whether a packet, by its number, has no sound.
fn is_pause(number: u64) -> bool {
    PAUSES_MS.iter().any(|pause| pause.contains(&(number * PACKET_MS + MIDDLE_MS)))
}

/// Seals the packets in a meeting of two that pads like this; whatever is sent has to open.
pub(crate) fn send(scheme: &Scheme, packets: &[Vec<u8>]) -> Outcome<Vec<Slot>> {
    let mut settings = Settings::default();
    settings.padding = Padding { audio: scheme.padding, other: PadTo::Nothing };
    let mut room = Room::with(settings, &["Ada", "Ben"])?;
    // Until Ada seals with keys that Ben has.
    room.wait(1);
    let framing = Framing::WebRtc(Codec::Opus);
    let mut microphone = room[0].sealer(Track::MICROPHONE, framing)?;
    let (mut ears, now) = (room[1].receiver(), room.now().monotonic_ms);
    let mut slots = Vec::new();
    for (number, packet) in (0..).zip(packets) {
        let pause = is_pause(number);
        let (mut sealed, mut heard) = (Vec::new(), Vec::new());
        match scheme.pauses {
            Pauses::Gaps if pause => {}
            Pauses::Silence if pause => microphone.seal_silence(now, &mut sealed)?,
            _ => microphone.seal(packet, now, &mut sealed)?,
        }
        let opened = ears.open_framed(framing, number, &sealed, now, &mut heard)?;
        let right = match opened {
            Opened::Frame { .. } => heard == *packet,
            Opened::Silence { .. } => pause && scheme.pauses == Pauses::Silence,
            Opened::Ignored => pause && scheme.pauses == Pauses::Gaps,
            _ => false,
        };
        if !right {
            return Err(format!("packet {number} opened as {opened:?}").into());
        }
        let header = if sealed.is_empty() { 0 } else { FrameHeader::parse(&sealed)?.1 };
        let (plain, sent) = (packet.len(), sealed.len());
        slots.push(Slot { plain, pause, seen: sent - header, sent });
    }
    Ok(slots)
}
