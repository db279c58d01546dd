//! Links at a relay, over real sockets of this machine.

mod client;
mod files;
mod relay;

use std::time::Duration;

use incamera::testing::Room;
use incamera::wire::MediaKind;
use incamera::{Codec, FrameError, Framing, Track};

use self::client::{Client, announced};
use self::relay::Ask;
use super::face::{LinkError, Unsent};
use super::{Closed, MediaEvent, OutgoingTrack};

const CAMERA: (Track, Codec) = (Track::CAMERA, Codec::Vp8);
const MICROPHONE: (Track, Codec) = (Track::MICROPHONE, Codec::Opus);

/// The clear bytes of a key frame of VP8.
const KEY_FRAME: &[u8] = &[0x10, 2, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1];
/// The time of a first frame: trials come before.
const BEGIN: u64 = 100_000;

/// Two people who may send.
fn room() -> Room {
    let mut room = Room::new(&["Ada", "Ben"]).unwrap();
    room.wait(2);
    room
}

/// Bytes without order.
fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// A frame of VP8, as far as packetisers look.
fn picture(number: u32, is_key: bool) -> Vec<u8> {
    let head: &[u8] = if is_key { KEY_FRAME } else { &[0x11] };
    let len = if is_key { 5_000 } else { 300 };
    [head, &noise(number + 1, len)].concat()
}

#[tokio::test]
async fn sound_and_pictures_come_out_as_they_went_in() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let sound = ada.send(&mut room, 0, MICROPHONE, &[]).await;
    let pictures = ada.send(&mut room, 0, CAMERA, &[]).await;
    ben.want(&[(&sound, MediaKind::Audio), (&pictures, MediaKind::Video)]);
    ada.reaches(&mut ben, MICROPHONE, &sound).await;
    ada.reaches(&mut ben, CAMERA, &pictures).await;
    for number in 0..30_u32 {
        let (word, shown) = (noise(number, 80), picture(number, number % 10 == 0));
        ada.write(Track::MICROPHONE, &word, BEGIN + u64::from(number) * 960).await;
        ada.write(Track::CAMERA, &shown, BEGIN + u64::from(number) * 3_000).await;
        for _ in 0..2 {
            let frame = ben.frame().await;
            assert_eq!(frame.member, room.member(0));
            let (data, name, ticks) = match frame.track {
                Track::MICROPHONE => (&word, &sound, 960),
                _ => (&shown, &pictures, 3_000),
            };
            assert!(frame.data == *data, "{:?} {number}", frame.track);
            assert_eq!((&frame.relay_track, frame.time), (name, BEGIN + u64::from(number) * ticks));
        }
    }
}

#[tokio::test]
async fn nothing_is_sealed_for_a_relay_before_its_proof_on_this_connection() {
    // SPEC [M13]
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    ada.link.trust(false).unwrap();
    let track = ada.send(&mut room, 0, MICROPHONE, &[]).await;
    let mut ben = Client::new(&room, 1, 'b', &relay);
    ben.want(&[(&track, MediaKind::Audio)]);
    ada.write(Track::MICROPHONE, &noise(1, 80), BEGIN).await;
    assert_eq!(ada.next(unsent).await, Unsent::NotProved);
    ada.link.trust(true).unwrap();
    ada.reaches(&mut ben, MICROPHONE, &track).await;
    ada.transport = "c".repeat(32);
    ada.link.restart("127.0.0.1".parse().unwrap()).unwrap();
    ada.opened(Track::MICROPHONE).await;
    ada.write(Track::MICROPHONE, &noise(2, 80), BEGIN + 960).await;
    assert_eq!(ada.next(unsent).await, Unsent::NotProved);
}

#[tokio::test]
async fn the_certificate_is_the_one_of_the_answer() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    ada.spoil = |answer| {
        let at = answer.find("a=fingerprint:sha-256 ").unwrap() + 22;
        let digit = if &answer[at..=at] == "A" { "B" } else { "A" };
        let first = answer[at..at + 95].to_owned();
        answer.replace(&first, &format!("{digit}{}", &first[1..]))
    };
    let sealer = room[0].sealer(Track::CAMERA, Framing::WebRtc(Codec::Vp8)).unwrap();
    ada.link.send_track(OutgoingTrack { codec: Codec::Vp8, layers: Vec::new(), sealer }).unwrap();
    let why = ada.next(closed).await;
    assert!(matches!(why, Closed::Wrong(_)), "{why}");
}

fn closed(event: MediaEvent) -> Result<Closed, MediaEvent> {
    match event {
        MediaEvent::Closed(why) => Ok(why),
        MediaEvent::Connected { .. } => panic!("it is another one"),
        other => Err(other),
    }
}

#[tokio::test]
async fn a_lost_picture_has_the_sender_asked_for_a_key_frame() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let pictures = ada.send(&mut room, 0, CAMERA, &[]).await;
    ben.want(&[(&pictures, MediaKind::Video)]);
    ada.reaches(&mut ben, CAMERA, &pictures).await;
    assert!(relay.send(Ask::Lose { packets: 1 }).is_ok());
    let send = async {
        let mut number = 1;
        loop {
            ada.write(Track::CAMERA, &picture(number, false), BEGIN + u64::from(number) * 3_000)
                .await;
            number += 1;
            tokio::select! {
                layer = ada.next(|event| match event {
                    MediaEvent::KeyFrameWanted { track: Track::CAMERA, layer } => Ok(layer),
                    other => Err(other),
                }) => break layer,
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
        }
    };
    assert_eq!(send.await, None);
}

#[tokio::test]
async fn key_frames_are_asked_for_at_most_once_a_second() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let pictures = ada.send(&mut room, 0, CAMERA, &[]).await;
    ben.want(&[(&pictures, MediaKind::Video)]);
    ada.reaches(&mut ben, CAMERA, &pictures).await;
    let begun = tokio::time::Instant::now();
    let wanted = |event| match event {
        MediaEvent::KeyFrameWanted { track: Track::CAMERA, layer: None } => Ok(()),
        other => Err(other),
    };
    for number in 0..3 {
        for _ in 0..20 {
            ben.link.want_key_frame(&pictures).unwrap();
        }
        ada.next(wanted).await;
        let earliest = Duration::from_millis(950) * number;
        assert!(begun.elapsed() >= earliest, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn after_a_restart_all_goes_on() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let pictures = ada.send(&mut room, 0, CAMERA, &[]).await;
    ben.want(&[(&pictures, MediaKind::Video)]);
    ada.reaches(&mut ben, CAMERA, &pictures).await;

    assert!(relay.send(Ask::Close { transport: ada.transport.clone() }).is_ok());
    assert_eq!(ada.next(closed_after).await, Closed::ByRelay);
    ada.write(Track::CAMERA, &picture(1, true), 0).await;
    assert_eq!(ada.next(unsent).await, Unsent::NotConnected);
    ada.transport = "c".repeat(32);
    ada.link.restart("127.0.0.1".parse().unwrap()).unwrap();
    ada.link.trust(true).unwrap();
    let renamed = ada.opened(Track::CAMERA).await;
    assert_ne!(pictures, renamed);
    ben.want(&[(&renamed, MediaKind::Video)]);
    ada.reaches(&mut ben, CAMERA, &renamed).await;
    ada.write(Track::CAMERA, &picture(2, true), BEGIN).await;
    let frame = ben.frame().await;
    assert_eq!((frame.data, frame.relay_track), (picture(2, true), renamed));
}

#[tokio::test]
async fn a_relay_that_says_nothing_is_lost() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    ada.send(&mut room, 0, CAMERA, &[]).await;
    assert!(relay.send(Ask::Forget { transport: ada.transport.clone() }).is_ok());
    assert_eq!(ada.next(closed_after).await, Closed::Unreachable);
}

#[tokio::test]
async fn an_answer_that_is_none_closes_the_connection() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mids = |sdp: &str| {
        let mids = sdp.lines().filter(|line| line.starts_with("a=mid:"));
        mids.map(str::to_owned).collect::<Vec<_>>().join("\r\n")
    };
    let sealer = room[0].sealer(Track::CAMERA, Framing::WebRtc(Codec::Vp8)).unwrap();
    ada.link.send_track(OutgoingTrack { codec: Codec::Vp8, layers: Vec::new(), sealer }).unwrap();
    let offer = ada.offered().await;
    // One of an earlier connection has no effect.
    ada.link.answer("v=0\r\na=mid:old\r\n".to_owned()).unwrap();
    ada.link.answer(format!("v=0\r\n{}\r\n", mids(&offer))).unwrap();
    assert!(matches!(ada.next(closed_after).await, Closed::Wrong(_)));
}

fn closed_after(event: MediaEvent) -> Result<Closed, MediaEvent> {
    match event {
        MediaEvent::Closed(why) => Ok(why),
        other => Err(other),
    }
}

fn unsent(event: MediaEvent) -> Result<Unsent, MediaEvent> {
    match event {
        MediaEvent::Unsent { why, .. } => Ok(why),
        other => Err(other),
    }
}

#[tokio::test]
async fn a_track_is_opened_as_announced_and_is_nobody_elses() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let pictures = ada.send(&mut room, 0, CAMERA, &[]).await;
    let sound = ada.send(&mut room, 0, MICROPHONE, &[]).await;
    let (own, other) = (room.member(0), room.member(1));
    ben.want(&[(&pictures, MediaKind::Video), (&sound, MediaKind::Audio)]);
    ada.reaches(&mut ben, MICROPHONE, &sound).await;
    ada.reaches(&mut ben, CAMERA, &pictures).await;
    // Somebody else says that it is theirs.
    ben.link.announced(other, vec![announced(CAMERA, &pictures)]).unwrap();
    ada.write(Track::CAMERA, &picture(0, true), BEGIN).await;
    // And another track, of another codec.
    ben.link.announced(other, vec![announced((Track::SCREEN, Codec::H264), &pictures)]).unwrap();
    ada.write(Track::CAMERA, &picture(1, true), BEGIN + 3_000).await;
    // What comes behind them on the same way shows that they are through.
    ada.reaches(&mut ben, MICROPHONE, &sound).await;
    ben.link.announced(own, vec![announced(CAMERA, &pictures)]).unwrap();
    ada.write(Track::CAMERA, &picture(2, true), BEGIN + 6_000).await;
    // The first two were dropped, and the right one is not kept out by a wrong claim.
    assert_eq!(ben.frame().await.data, picture(2, true));
}

#[tokio::test]
async fn places_are_used_again() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let pictures = ada.send(&mut room, 0, CAMERA, &[]).await;
    for number in 0..5 {
        ben.want(&[(&pictures, MediaKind::Video)]);
        ada.reaches(&mut ben, CAMERA, &pictures).await;
        // A datagram may be lost where a description is used again: senders go on, and so does this. Then one that is
        // only late comes in the next round.
        let mut time = BEGIN * u64::from(number + 1);
        loop {
            ada.write(Track::CAMERA, &picture(number, true), time).await;
            let patience = Duration::from_millis(500);
            let came = tokio::time::timeout(patience, ben.frame()).await;
            if came.is_ok_and(|frame| frame.data == picture(number, true)) {
                break;
            }
            time += 3_000;
            assert!(time < BEGIN * u64::from(number + 1) + 60_000, "pictures do not come any more");
        }
        ben.want(&[]);
        let offers = ben.offers;
        while ben.offers == offers {
            ben.glance().await;
        }
    }
    ben.want(&[(&pictures, MediaKind::Video)]);
    assert_eq!(ben.offered().await.matches("m=").count(), 1);
}

#[tokio::test]
async fn changes_while_an_offer_is_under_way_go_into_one_more() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let sound = ada.send(&mut room, 0, MICROPHONE, &[]).await;
    let pictures = ada.send(&mut room, 0, CAMERA, &[]).await;
    let all = [(sound.as_str(), MediaKind::Audio), (pictures.as_str(), MediaKind::Video)];
    for count in [1, 2, 0, 1, 0, 2] {
        ben.want(&all[..count]);
    }
    ada.reaches(&mut ben, MICROPHONE, &sound).await;
    ada.reaches(&mut ben, CAMERA, &pictures).await;
    assert!(ben.offers <= 2, "{}", ben.offers);
}

#[tokio::test]
async fn no_offer_is_longer_than_a_relay_takes() {
    let mut room = room();
    let mut ben = Client::new(&room, 1, 'b', &relay::start());
    for track in [Track::CAMERA, Track::SCREEN] {
        let sealer = room[1].sealer(track, Framing::WebRtc(Codec::Vp8)).unwrap();
        let layers = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        ben.link.send_track(OutgoingTrack { codec: Codec::Vp8, layers, sealer }).unwrap();
    }
    let names = (0..1_024).map(|number| format!("{number:032x}/mid")).collect::<Vec<_>>();
    let all = names.iter().map(|name| (name.as_str(), MediaKind::Video)).collect::<Vec<_>>();
    ben.want(&all);
    // The first offers may have been made before all was said.
    let mut len = 0;
    while len < 80 << 10 {
        len = ben.offered().await.len();
        ben.link.refused().unwrap();
    }
    assert!((80 << 10..=120 << 10).contains(&len), "{len}");
}

#[tokio::test]
async fn layers_go_out_under_one_sealer() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let mut ben = Client::new(&room, 1, 'b', &relay);
    let pictures = ada.send(&mut room, 0, CAMERA, &["l", "h"]).await;
    ben.want(&[(&pictures, MediaKind::Video)]);
    // The layer that the relay sees first is the one that it passes on.
    ada.reaches_in(&mut ben, (CAMERA, Some("l")), &pictures).await;
    for number in 0..3 {
        let time = BEGIN + u64::from(number) * 3_000;
        ada.write_layer(Track::CAMERA, Some("l"), &picture(number, true), time).await;
        ada.write_layer(Track::CAMERA, Some("h"), &picture(number + 9, true), time).await;
        assert_eq!(ben.frame().await.data, picture(number, true));
    }
    ben.link.want_key_frame(&pictures).unwrap();
    let layer = ada.next(|event| match event {
        MediaEvent::KeyFrameWanted { layer, .. } => Ok(layer),
        other => Err(other),
    });
    assert_eq!(layer.await.as_deref(), Some("l"));
    for layer in [None, Some("m")] {
        ada.write_layer(Track::CAMERA, layer, &picture(0, true), 9_000).await;
    }
    assert_eq!(ada.next(unsent).await, Unsent::NotTaken);
}

#[tokio::test]
async fn what_cannot_be_sealed_is_said_once() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    ada.send(&mut room, 0, CAMERA, &[]).await;
    for _ in 0..10 {
        // A key frame without its start code.
        ada.write(Track::CAMERA, &[0x10; 20], 0).await;
    }
    ada.write_layer(Track::CAMERA, Some("h"), &picture(0, true), 0).await;
    assert!(matches!(ada.next(unsent).await, Unsent::Seal(FrameError::Codec(_))));
    assert_eq!(ada.next(unsent).await, Unsent::NotTaken);
}

#[tokio::test]
async fn what_str0m_cannot_packetise_is_refused() {
    let mut room = room();
    let relay = relay::start();
    let ada = Client::new(&room, 0, 'a', &relay);
    for codec in [Codec::Vp9, Codec::H265] {
        let sealer = room[0].sealer(Track::CAMERA, Framing::WebRtc(codec)).unwrap();
        let sent = ada.link.send_track(OutgoingTrack { codec, layers: Vec::new(), sealer });
        assert_eq!(sent, Err(LinkError::Unsupported(codec)));
    }
}

#[tokio::test]
async fn a_refused_offer_is_made_again_with_the_next_change() {
    let mut room = room();
    let relay = relay::start();
    let mut ada = Client::new(&room, 0, 'a', &relay);
    let sealer = room[0].sealer(Track::CAMERA, Framing::WebRtc(Codec::Vp8)).unwrap();
    ada.link.send_track(OutgoingTrack { codec: Codec::Vp8, layers: Vec::new(), sealer }).unwrap();
    ada.offered().await;
    ada.link.refused().unwrap();
    ada.send(&mut room, 0, MICROPHONE, &[]).await;
    ada.opened(Track::CAMERA).await;
}
