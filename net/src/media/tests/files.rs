//! Real streams of every codec that is offered.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use incamera::wire::MediaKind;
use incamera::{Codec, Framing, Track};
use tokio::time::timeout;

use super::client::{Client, DEADLINE};
use super::{BEGIN, relay, room};
use crate::media::OutgoingTrack;

/// As many frames of each are sent.
const FRAMES: usize = 40;

fn media(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/media").join(name)
}

fn ivf(name: &str) -> Vec<Vec<u8>> {
    let mut file = BufReader::new(File::open(media(name)).unwrap());
    ivf::read_header(&mut file).unwrap();
    let packets = std::iter::from_fn(|| ivf::read_packet(&mut file).ok());
    packets.map(|packet| packet.data.to_vec()).take(FRAMES).collect()
}

fn opus(name: &str) -> Vec<Vec<u8>> {
    let mut packets = ogg::PacketReader::new(BufReader::new(File::open(media(name)).unwrap()));
    let packets = std::iter::from_fn(|| packets.read_packet().unwrap());
    // The first two are headers.
    packets.skip(2).map(|packet| packet.data).take(FRAMES).collect()
}

/// The pictures of a stream of H.264 with one slice each.
fn h264(name: &str) -> Vec<Vec<u8>> {
    let bytes = fs::read(media(name)).unwrap();
    let is_start = |at: usize| bytes[at..].starts_with(&[0, 0, 1]);
    let starts = (0..bytes.len() - 3).filter(|at| is_start(*at)).collect::<Vec<_>>();
    let (mut pictures, mut begun) = (Vec::new(), 0);
    for pair in starts.windows(2) {
        if matches!(bytes[pair[0] + 3] & 31, 1 | 5) {
            let end = if bytes[pair[1] - 1] == 0 { pair[1] - 1 } else { pair[1] };
            pictures.push(bytes[begun..end].to_vec());
            begun = end;
        }
    }
    pictures.truncate(FRAMES);
    pictures
}

/// Sends frames from one member to another; all have to arrive, as `expected` says.
async fn sent(
    (track, codec): (Track, Codec),
    frames: Vec<Vec<u8>>,
    expected: impl Fn(&[u8]) -> Vec<u8>,
) {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let sealer = room[0].sealer(track, Framing::WebRtc(codec)).unwrap();
    ada.link.send_track(OutgoingTrack { codec, layers: Vec::new(), sealer }).unwrap();
    let name = ada.opened(track).await;
    let kind = if codec == Codec::Opus { MediaKind::Audio } else { MediaKind::Video };
    ben.want(&[(&name, kind)]);
    assert!(frames.len() > 3);
    // The first key frame is sent until it comes.
    let first = timeout(DEADLINE, async {
        for time in 0.. {
            ada.write(track, &frames[0], BEGIN + time).await;
            if let Some(frame) = ben.frame_soon().await {
                return frame;
            }
        }
        panic!("there is no end");
    });
    assert!(first.await.unwrap().data == expected(&frames[0]));
    for (number, frame) in frames.iter().enumerate().skip(1) {
        let time = 2 * BEGIN + number as u64 * 3_000;
        ada.write(track, frame, time).await;
        let came = loop {
            let came = ben.frame().await;
            if came.time >= 2 * BEGIN {
                break came;
            }
        };
        assert!(came.data == expected(frame) && came.time == time, "{codec:?} {number}");
    }
}

#[tokio::test]
async fn opus_arrives() {
    sent((Track::MICROPHONE, Codec::Opus), opus("speech.opus"), <[u8]>::to_vec).await;
}

#[tokio::test]
async fn vp8_arrives() {
    sent((Track::CAMERA, Codec::Vp8), ivf("video.ivf"), <[u8]>::to_vec).await;
}

#[tokio::test]
async fn av1_arrives_without_temporal_delimiters() {
    let expected = |frame: &[u8]| frame.strip_prefix(&[0x12, 0]).unwrap_or(frame).to_vec();
    for name in ["streams/av1-tiny.ivf", "streams/av1-tiles.ivf", "streams/av1-groups.ivf"] {
        sent((Track::CAMERA, Codec::Av1), ivf(name), expected).await;
    }
}

#[tokio::test]
async fn h264_arrives() {
    sent((Track::CAMERA, Codec::H264), h264("streams/h264-tiny.264"), <[u8]>::to_vec).await;
}
