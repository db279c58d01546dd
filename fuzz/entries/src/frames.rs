//! Frames under real keys: bytes that nobody sealed, and inputs that are sealed first.

use arbitrary::{Arbitrary, Unstructured};
use incamera::testing::{BareEpoch, KeyedMedia};
use incamera::{Codec, FrameError, Framing, Opened, PadTo, Padding, Profile, Receiver, Track};

const TRACKS: [Track; 5] =
    [Track::MICROPHONE, Track::CAMERA, Track::SCREEN, Track::SCREEN_AUDIO, Track::DATA];
const LENGTHS: [PadTo; 6] = [
    PadTo::Nothing,
    PadTo::Padme,
    PadTo::Multiple(2),
    PadTo::Multiple(7),
    PadTo::Multiple(160),
    PadTo::Multiple(u16::MAX),
];

/// The two sides of a meeting of two in one epoch; always the same keys.
fn media(own_leaf: u32, to: PadTo, short_tags: bool) -> KeyedMedia {
    let epoch = BareEpoch {
        profile: Profile::Standard,
        epoch: 1,
        base_key: vec![7; 16],
        audio_base_key: short_tags.then(|| vec![8; 48]),
        padding: Padding { audio: to, other: to },
        own_leaf,
        leaves: vec![0, 1],
    };
    epoch.media().expect("keys of the suite's lengths")
}

fn framing(choice: u8) -> Framing {
    let codec = usize::from(choice).checked_sub(1).map(|at| Codec::ALL[at % Codec::ALL.len()]);
    codec.map_or(Framing::Whole, Framing::WebRtc)
}

fn is_frame(outcome: &Result<Opened, FrameError>) -> bool {
    matches!(outcome, Ok(Opened::Frame { .. } | Opened::Silence { .. }))
}

/// Opens a frame that has to be refused or held; held, it does not open later either.
fn refused(receiver: &mut Receiver, framing: Framing, sealed: &[u8]) {
    // SPEC [M11]
    let mut out = vec![0xaa];
    let outcome = receiver.open_framed(framing, 7, sealed, 0, &mut out);
    assert!(!is_frame(&outcome), "{outcome:?}");
    if outcome == Ok(Opened::Held) {
        let released = receiver.poll(60_000, &mut out).expect("its time is up");
        assert!(released.tag == 7 && released.outcome.is_err(), "{released:?}");
    }
    assert_eq!((receiver.held(), out.as_slice()), (0, &[0xaa][..]));
}

/// Any bytes as a frame: nothing opens, and a genuine frame still does.
pub fn frame(data: &[u8]) {
    let [choice, sealed @ ..] = data else { return };
    let (framing, short_tags) = (framing(choice & 7), choice & 8 != 0);
    let to = LENGTHS[usize::from(choice >> 4) % LENGTHS.len()];
    let mut receiver = media(1, to, short_tags).receiver();
    refused(&mut receiver, framing, sealed);
    let mut sealer = media(0, to, short_tags).sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let (mut genuine, mut out) = (Vec::new(), Vec::new());
    sealer.seal(b"genuine", 0, &mut genuine).unwrap();
    let outcome = receiver.open(0, &genuine, 0, &mut out);
    assert!(is_frame(&outcome) && out == b"genuine", "{outcome:?}");
}

/// A plaintext that is sealed, by a member that pads or by one that does not.
#[derive(Arbitrary, Debug)]
struct Sealed<'a> {
    track: u8,
    to: u8,
    short_tags: bool,
    pads: bool,
    flip: (u16, u8),
    text: &'a [u8],
}

/// The input is sealed whole, then opened: behind the tag stands whatever a member likes.
pub fn sealed_frame(data: &[u8]) {
    let Ok(case) = Sealed::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let Sealed { track, short_tags, pads, text, .. } = case;
    let track = TRACKS[usize::from(track) % TRACKS.len()];
    let to = LENGTHS[usize::from(case.to) % LENGTHS.len()];
    let sender = media(0, if pads { to } else { PadTo::Nothing }, short_tags);
    let mut sealer = sender.sealer(track, Framing::Whole).unwrap();
    let mut sealed = Vec::new();
    sealer.seal(text, 0, &mut sealed).unwrap();
    assert!(sealed.len() <= sealer.max_sealed_len(text.len()));
    let mut receiver = media(1, to, short_tags).receiver();
    let mut flipped = sealed.clone();
    let at = usize::from(case.flip.0) % sealed.len();
    flipped[at] ^= case.flip.1;
    if flipped != sealed {
        // SPEC [M1]
        refused(&mut receiver, Framing::Whole, &flipped);
    }
    let expected = if pads { Some(text) } else { unpadded(to, text) };
    let Some(expected) = expected else {
        // SPEC [M40]
        return refused(&mut receiver, Framing::Whole, &sealed);
    };
    let mut out = Vec::new();
    let outcome = receiver.open(0, &sealed, 0, &mut out).unwrap();
    assert_eq!(out, expected);
    let silent = track.kind().is_audio() && expected.is_empty();
    let member = BareEpoch::stay(0);
    let is = Opened::Frame { member, track, layer: None };
    assert_eq!(outcome, if silent { Opened::Silence { member, track } } else { is });
    // SPEC [M2]
    refused(&mut receiver, Framing::Whole, &sealed);
}

/// The frame in `text`, if it is padded exactly as SPEC.md 9.7 says.
fn unpadded(to: PadTo, text: &[u8]) -> Option<&[u8]> {
    if to == PadTo::Nothing {
        return Some(text);
    }
    let end = text.iter().rposition(|byte| *byte != 0)?;
    let least = end as u64 + 1;
    let len = match to {
        PadTo::Multiple(of) => least.div_ceil(u64::from(of)) * u64::from(of),
        _ if least < 2 => least,
        _ => {
            let exponent = least.ilog2();
            let unit = 1 << (exponent - (exponent.checked_ilog2().map_or(0, |log| log + 1)));
            least.div_ceil(unit) * unit
        }
    };
    (text[end] == 0x80 && len == text.len() as u64).then(|| &text[..end])
}

/// A frame of a codec, and what happens to it.
#[derive(Arbitrary, Debug)]
struct Framed<'a> {
    codec: u8,
    to: u8,
    other: u8,
    flip: (u16, u8),
    frame: &'a [u8],
}

/// A frame is split, sealed, put together, taken apart, opened and put together again.
pub fn codecs(data: &[u8]) {
    let Ok(case) = Framed::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let codec = Codec::ALL[usize::from(case.codec) % Codec::ALL.len()];
    let (framing, to) = (Framing::WebRtc(codec), LENGTHS[usize::from(case.to) % LENGTHS.len()]);
    // What was not sealed is none, also if it looks like one.
    refused(&mut media(1, to, false).receiver(), framing, case.frame);
    let Some(sealed) = seal(framing, to, case.frame) else { return };
    let first = open(framing, to, &sealed).expect("a frame that was sealed");
    if matches!(codec, Codec::Opus | Codec::Vp9 | Codec::Vp8) {
        assert_eq!(first.1, case.frame);
    }
    // SPEC [M28]: the one opened form.
    let again = seal(framing, to, &first.1).expect("an opened frame");
    assert_eq!(open(framing, to, &again), Some(first.clone()));
    let mut flipped = sealed.clone();
    let at = usize::from(case.flip.0) % sealed.len();
    flipped[at] ^= case.flip.1;
    // SPEC [M20]: what opens nevertheless differs in the length of a start code or of a size.
    let opened = open(framing, to, &flipped);
    assert!(opened.is_none() || opened == Some(first), "a changed frame opens as another");
    let other = Codec::ALL[usize::from(case.other) % Codec::ALL.len()];
    if let (Some(own), Some(others)) = (number(codec), number(other)) {
        assert!(own == others || open(Framing::WebRtc(other), to, &sealed).is_none());
    }
    // A member that does not pad: its plaintext and the start codes at its end are anything.
    if let Some(sealed) = seal(framing, PadTo::Nothing, case.frame) {
        open(framing, to, &sealed);
    }
}

/// SPEC.md 9.5: the codec's number in the metadata, if its frames have any.
fn number(codec: Codec) -> Option<u8> {
    match codec {
        Codec::Vp8 => Some(1),
        Codec::Av1 => Some(2),
        Codec::H264 => Some(3),
        Codec::H265 => Some(4),
        _ => None,
    }
}

/// Seals in both ways; `None` if the frame is none or nothing of it is to be sent.
fn seal(framing: Framing, to: PadTo, frame: &[u8]) -> Option<Vec<u8>> {
    let sealer = || media(0, to, false).sealer(Track::CAMERA, framing).unwrap();
    let mut sealed = vec![0xaa];
    let done = sealer().seal(frame, 0, &mut sealed);
    assert_eq!(sealed.remove(0), 0xaa);
    let mut buffer = vec![0; sealer().max_sealed_len(frame.len())];
    let into = sealer().seal_into(frame, 0, &mut buffer);
    assert_eq!(into, done.map(|()| sealed.len()));
    match done {
        Ok(()) => assert_eq!(sealed, buffer[..sealed.len()]),
        // SPEC [M27]
        Err(error) => assert!(matches!(error, FrameError::Codec(_)) && sealed.is_empty()),
    }
    (!sealed.is_empty()).then_some(sealed)
}

/// The outcome and the plaintext of a frame that opens.
fn open(framing: Framing, to: PadTo, sealed: &[u8]) -> Option<(Opened, Vec<u8>)> {
    let mut out = vec![0xaa];
    let outcome = media(1, to, false).receiver().open_framed(framing, 0, sealed, 0, &mut out);
    assert_eq!(out.remove(0), 0xaa);
    match outcome {
        Ok(opened @ (Opened::Frame { .. } | Opened::Silence { .. })) => Some((opened, out)),
        _ => {
            assert!(out.is_empty());
            None
        }
    }
}
