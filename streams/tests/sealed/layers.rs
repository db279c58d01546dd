//! Simulcast, and layers that a box in the middle leaves out.

use std::collections::VecDeque;

use incamera_streams::{
    Arrived, Codec, Network, Stream, Through, nal_units, pictures, streams, trip,
};

use crate::meeting::Call;

/// Frames that were sealed before they are sent, and are opened after.
struct Ready(VecDeque<Vec<u8>>);

impl Through for Ready {
    fn out(&mut self, _: &[u8]) -> Vec<u8> {
        self.0.pop_front().expect("a frame")
    }

    fn back(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        Some(frame.to_vec())
    }
}

fn named(name: &str) -> Stream {
    streams().into_iter().find(|stream| stream.name == name).expect("a stream")
}

const ENCODINGS: [[&str; 3]; 5] = [
    ["vp8-tiny.ivf", "vp8-l1t2.ivf", "vp8-altref.ivf"],
    ["vp9-tiny.ivf", "vp9-l1t2.ivf", "vp9-altref.ivf"],
    ["av1-tiny.ivf", "av1-svt.ivf", "av1-groups.ivf"],
    ["h264-tiny.264", "h264-slices.264", "h264-bframes.264"],
    ["h265-tiny.265", "h265-layers.265", "h265-bframes.265"],
];

/// Three encodings sealed by one sealer, each sent as an RTP stream of its own.
fn simulcast(names: [&str; 3], networks: [Network; 3]) -> usize {
    let mut call = Call::new();
    let encodings = names.map(named);
    let mut line = call.line(encodings[0].codec);
    let count = encodings.iter().map(|encoding| encoding.frames.len()).min().expect("three");
    let mut sealed = [const { VecDeque::new() }; 3];
    for at in 0..count {
        for (encoding, sealed) in encodings.iter().zip(&mut sealed) {
            sealed.push_back(line.seal(&encoding.frames[at]));
        }
    }
    let arrived =
        encodings.iter().zip(sealed).zip(networks).map(|((stream, sealed), mut network)| {
            let frames = stream.frames[..count].to_vec();
            let stream = stream.with(frames);
            trip(&stream, &mut Ready(sealed), 500, &mut network).frames
        });
    let arrived: Vec<Vec<Arrived>> = arrived.collect();
    let mut opened = 0;
    // Up, down, and for a moment two at once.
    let forwarded = |at| match 4 * at / count {
        0 => &[0][..],
        1 => &[1, 0],
        2 => &[2],
        _ => &[0],
    };
    for (at, forwarded) in (0..count).map(|at| (at, forwarded(at))) {
        for &layer in forwarded {
            let Arrived::Complete(Some(frame)) = &arrived[layer][at] else { continue };
            let source = &encodings[layer].frames[at];
            let back = line.back(frame).expect("it opens");
            assert!(back == encodings[layer].codec.opened(source), "{}: {at}", names[layer]);
            opened += 1;
        }
    }
    assert!(opened > count / 2, "{opened} of {count}");
    opened
}

#[test]
fn encodings_of_one_track_open_whichever_is_forwarded() {
    for names in ENCODINGS {
        let opened = simulcast(names, [(); 3].map(|()| Network::perfect()));
        println!("{names:?}: {opened} frames");
        for seed in 0..3 {
            simulcast(names, [3 * seed, 3 * seed + 1, 3 * seed + 2].map(Network::bad));
        }
    }
}

/// Whether a frame is of the base layer: of VP8 and VP9 the RTP descriptor or the dependency
/// descriptor would say it, of H.265 the clear header of the sealed frame does.
fn is_base(codec: Codec, sealed: &[u8], at: usize, layers: usize) -> bool {
    match codec {
        Codec::H265 => nal_units(sealed).iter().all(|nal| nal[1] & 7 == 1),
        _ => at.is_multiple_of(1 << (layers - 1)),
    }
}

#[test]
fn what_is_left_of_a_stream_without_its_upper_layers_opens_and_is_shown() {
    for (name, layers) in [
        ("vp8-l1t2.ivf", 2),
        ("vp8-l1t3.ivf", 3),
        ("vp9-l1t2.ivf", 2),
        ("vp9-l1t3.ivf", 3),
        ("h265-layers.265", 2),
    ] {
        let (mut call, stream) = (Call::new(), named(name));
        let mut line = call.line(stream.codec);
        for mut network in [Network::perfect(), Network::bad(7)] {
            let sealed: Vec<Vec<u8>> = stream.frames.iter().map(|frame| line.seal(frame)).collect();
            let (sources, sealed): (Vec<_>, VecDeque<_>) = (stream.frames.iter().cloned())
                .zip(sealed)
                .enumerate()
                .filter(|(at, (_, sealed))| is_base(stream.codec, sealed, *at, layers))
                .map(|(_, frames)| frames)
                .unzip();
            assert!(sources.len() > 2 && sources.len() < stream.frames.len(), "{name}");
            let base = stream.with(sources);
            let arrived = trip(&base, &mut Ready(sealed), 101, &mut network).frames;
            let mut opened = Vec::new();
            for (arrived, source) in arrived.iter().zip(&base.frames) {
                let Arrived::Complete(Some(frame)) = arrived else { continue };
                let (back, layer) = line.open_with_layer(frame).expect("it opens");
                assert!(back == stream.codec.opened(source), "{name}");
                let says = (stream.codec == Codec::H265).then_some(0);
                assert_eq!(layer.map(|layer| layer.temporal), says, "{name}");
                opened.push(back);
            }
            if network.seed() == 0 {
                assert_eq!(opened.len(), base.frames.len());
                let source = pictures(name, &base.file(&base.frames));
                assert_eq!(pictures(name, &base.file(&opened)), source, "{name}");
            }
        }
    }
}
