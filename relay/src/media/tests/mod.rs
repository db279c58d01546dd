//! The forwarder with real clients on loopback.

mod client;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use incamera_wire::{MediaRequest, RefusalReason};
use str0m::media::MediaKind::{Audio, Video};

use super::{Forwarder, MediaLimits, MediaMetrics, MediaSettings};
use client::{Client, settle, track_of, until};

fn settings() -> MediaSettings {
    MediaSettings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        advertise: None,
        workers: 2,
        tracks_per_connection: 4,
        bits_per_second: 10_000_000,
        key_frame_interval_ms: 60_000,
    }
}

fn start(settings: MediaSettings) -> (Forwarder, Arc<MediaMetrics>) {
    let metrics = Arc::<MediaMetrics>::default();
    (Forwarder::start(settings, Arc::clone(&metrics)).unwrap(), metrics)
}

fn connected(clients: &[&mut Client]) -> bool {
    clients.iter().all(|client| client.rtc.is_connected())
}

fn payloads(client: &Client) -> Vec<Vec<u8>> {
    client.packets.iter().map(|packet| packet.payload.to_vec()).collect()
}

#[test]
fn what_one_sends_comes_out_at_the_others_of_its_meeting_byte_for_byte() {
    let (forwarder, metrics) = start(settings());
    let [mut ada, mut ben] = [1, 2].map(|number| Client::new(&forwarder, 1, number));
    let mut eve = Client::new(&forwarder, 9, 3);
    let microphone = ada.offer(&forwarder, &[(Audio, &[])], &[])[0];
    until(&mut [&mut ada, &mut ben, &mut eve], "a list of tracks", |all| !all[1].tracks.is_empty());
    assert_eq!(ben.tracks[0].track, track_of(&ada, microphone));
    // SPEC [S8]: of another meeting's tracks nobody hears, not even by their name.
    assert!(eve.tracks.is_empty());
    for client in [&mut ben, &mut eve] {
        client.offer(&forwarder, &[], &[(Audio, track_of(&ada, microphone))]);
    }
    until(&mut [&mut ada, &mut ben, &mut eve], "connections", connected);
    settle(&mut [&mut ada, &mut ben, &mut eve]);
    let sent: Vec<Vec<u8>> =
        (1..=50).map(|number| vec![number; 40 + usize::from(number)]).collect();
    for (number, text) in (100..).zip(&sent) {
        ada.send(microphone, None, number, true, text);
    }
    until(&mut [&mut ada, &mut ben, &mut eve], "50 packets", |all| all[1].packets.len() == 50);
    assert_eq!(payloads(&ben), sent);
    assert!(eve.packets.is_empty() && ada.packets.is_empty());
    assert_eq!(metrics.forwarded_packets.load(Ordering::Relaxed), 50);
    assert_eq!(metrics.tracks.load(Ordering::Relaxed), 1);
    // What was gone with its sender is told.
    forwarder.leave(ada.transport);
    until(&mut [&mut ben], "an empty list", |all| all[0].tracks.is_empty());
    assert_eq!(metrics.tracks.load(Ordering::Relaxed), 0);
}

#[test]
fn layers_are_switched_between_frames_under_one_row_of_numbers() {
    let (forwarder, metrics) = start(settings());
    let received = || metrics.received_packets.load(Ordering::Relaxed);
    let [mut ada, mut ben] = [1, 2].map(|number| Client::new(&forwarder, 1, number));
    let camera = ada.offer(&forwarder, &[(Video, &["h", "m", "l"])], &[])[0];
    until(&mut [&mut ada, &mut ben], "a list of tracks", |all| !all[1].tracks.is_empty());
    assert_eq!(ben.tracks[0].layers, ["h", "m", "l"]);
    ben.offer(&forwarder, &[], &[(Video, track_of(&ada, camera))]);
    until(&mut [&mut ada, &mut ben], "connections", connected);
    let (mut number, mut sent) = (1, 0);
    let mut frames = |ada: &mut Client, ben: &mut Client, layer: &str, count: usize| {
        let before = ben.packets.len();
        // Two packets a frame, in each layer.
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while ben
            .packets
            .iter()
            .skip(before)
            .filter(|p| p.payload.starts_with(layer.as_bytes()))
            .count()
            < count
        {
            assert!(std::time::Instant::now() < end, "nothing of layer {layer} came");
            for ends in [false, true] {
                for of in ["h", "m", "l"] {
                    let text = format!("{of} {number}");
                    ada.send(camera, Some(of), number, ends, text.as_bytes());
                }
                number += 1;
            }
            // No faster than they are taken: a full buffer would lose some.
            sent += 6;
            until(&mut [ada, ben], "what was sent", |_| received() >= sent);
        }
    };
    for layer in ["h", "l", "m", "h"] {
        let track = track_of(&ada, camera);
        let select = MediaRequest::SelectLayer { track, layer: layer.to_owned() };
        forwarder.request(ben.transport, select);
        frames(&mut ada, &mut ben, layer, 20);
    }
    // Of each that was switched to, a key frame was asked for.
    for layer in ["l", "m"] {
        assert!(ada.asked.contains(&(camera, Some(layer.into()))), "{:?}", ada.asked);
    }
    // In one row, and a layer's packets are whole frames.
    let numbers: Vec<u64> = ben.packets.iter().map(|packet| *packet.seq_no).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let layer = |at: usize| ben.packets[at].payload[0];
    for at in 1..ben.packets.len() {
        let switched = layer(at) != layer(at - 1);
        assert!(!switched || ben.packets[at - 1].header.marker, "half a frame before {at}");
        let forward =
            ben.packets[at].header.timestamp.wrapping_sub(ben.packets[at - 1].header.timestamp);
        assert!(forward < 1 << 31, "time goes back at {at}");
    }
}

#[test]
fn a_flood_of_requests_for_key_frames_reaches_the_sender_once() {
    let (forwarder, metrics) = start(settings());
    let [mut ada, mut ben] = [1, 2].map(|number| Client::new(&forwarder, 1, number));
    let camera = ada.offer(&forwarder, &[(Video, &[])], &[])[0];
    until(&mut [&mut ada, &mut ben], "a list of tracks", |all| !all[1].tracks.is_empty());
    let wanted = ben.offer(&forwarder, &[], &[(Video, track_of(&ada, camera))])[0];
    until(&mut [&mut ada, &mut ben], "connections", connected);
    until(&mut [&mut ada, &mut ben], "a request for a key frame", |all| !all[0].asked.is_empty());
    ada.send(camera, None, 1, true, b"a frame");
    until(&mut [&mut ada, &mut ben], "a packet", |all| !all[1].packets.is_empty());
    for _ in 0..200 {
        ben.ask_key_frame(wanted);
        ben.turn();
        ada.turn();
    }
    settle(&mut [&mut ada, &mut ben]);
    // The newcomer's own was the one of this minute.
    assert_eq!(ada.asked, [(camera, None)]);
    assert_eq!(metrics.key_frame_requests.load(Ordering::Relaxed), 1);
}

/// A request of STUN that names a fragment and has no proof that its password is known.
fn forged_request(fragment: &str) -> Vec<u8> {
    let name = format!("{fragment}:abcd");
    let padded = name.len().next_multiple_of(4);
    let mut datagram = vec![0, 1, 0, (padded + 4) as u8, 0x21, 0x12, 0xa4, 0x42];
    datagram.extend([7; 12]);
    datagram.extend([0, 6, 0, name.len() as u8]);
    datagram.extend(name.as_bytes());
    datagram.resize(24 + padded, 0);
    datagram
}

#[test]
fn a_forged_request_takes_nobodys_address_away_and_what_is_too_long_is_dropped() {
    let (forwarder, _) = start(MediaSettings { workers: 1, ..settings() });
    let [mut ada, mut ben] = [1, 2].map(|number| Client::new(&forwarder, 1, number));
    let microphone = ada.offer(&forwarder, &[(Audio, &[])], &[])[0];
    until(&mut [&mut ada, &mut ben], "a list of tracks", |all| !all[1].tracks.is_empty());
    ben.offer(&forwarder, &[], &[(Audio, track_of(&ada, microphone))]);
    until(&mut [&mut ada, &mut ben], "connections", connected);
    settle(&mut [&mut ada, &mut ben]);
    // As if somebody spoofed Ada's address and knew how Ben's connection is called.
    let fragment = ben.fragment.clone();
    ada.send_raw(&forwarder, &forged_request(&fragment));
    for len in [1_501, 1_999, 2_020, 2_048, 60_000] {
        let mut datagram = vec![0x80; len];
        datagram[1] = 111;
        ada.send_raw(&forwarder, &datagram);
    }
    // At once: later a genuine request would lead back to her.
    for number in 1..=20 {
        ada.send(microphone, None, number, true, &[7; 100]);
    }
    until(&mut [&mut ada, &mut ben], "20 packets", |all| all[1].packets.len() == 20);
}

#[test]
fn too_many_tracks() {
    let (forwarder, _) = start(settings());
    let mut ada = Client::new(&forwarder, 1, 1);
    let sound: (_, &[&str]) = (Audio, &[]);
    ada.offer(&forwarder, &[sound; 5], &[]);
    until(&mut [&mut ada], "a refusal", |all| all[0].refused.is_some());
    let refusal = ada.refused.unwrap();
    assert_eq!((refusal.post, refusal.reason), (None, RefusalReason::Full));
    assert!(refusal.detail.starts_with("tracks-per-connection: 4"), "{}", refusal.detail);
}

#[test]
fn more_tracks_than_the_token_allows() {
    let (forwarder, _) = start(settings());
    let limits = MediaLimits { tracks: Some(1), bits_per_second: None };
    let mut ada = Client::limited(&forwarder, limits, 1, 1);
    let sound: (_, &[&str]) = (Audio, &[]);
    ada.offer(&forwarder, &[sound; 2], &[]);
    until(&mut [&mut ada], "a refusal", |all| all[0].refused.is_some());
    let refusal = ada.refused.unwrap();
    assert!(refusal.detail.starts_with("tracks-per-connection: 1"), "{}", refusal.detail);
}

#[test]
fn what_is_no_offer() {
    let (forwarder, _) = start(settings());
    for (number, sdp) in
        (1..).zip(["", "hello", "v=0\r\n", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"])
    {
        let mut ada = Client::new(&forwarder, 1, number);
        let offer = MediaRequest::Offer { sdp: sdp.to_owned(), wanted: Vec::new() };
        forwarder.request(ada.transport, offer);
        until(&mut [&mut ada], "a refusal", |all| all[0].refused.is_some());
        assert_eq!(
            ada.refused.map(|refusal| refusal.reason),
            Some(RefusalReason::Malformed),
            "{sdp}"
        );
    }
}

#[test]
fn more_than_a_connection_may_send_is_dropped_and_counted() {
    let (forwarder, metrics) = start(settings());
    let limits = MediaLimits { tracks: None, bits_per_second: Some(80_000) };
    let [mut ada, mut ben] = [1, 2].map(|number| Client::limited(&forwarder, limits, 1, number));
    let microphone = ada.offer(&forwarder, &[(Audio, &[])], &[])[0];
    until(&mut [&mut ada, &mut ben], "a list of tracks", |all| !all[1].tracks.is_empty());
    ben.offer(&forwarder, &[], &[(Audio, track_of(&ada, microphone))]);
    until(&mut [&mut ada, &mut ben], "connections", connected);
    settle(&mut [&mut ada, &mut ben]);
    for number in 1..=100 {
        ada.send(microphone, None, number, true, &[7; 1000]);
    }
    let received = || metrics.received_packets.load(Ordering::Relaxed);
    until(&mut [&mut ada, &mut ben], "100 packets", |_| received() == 100);
    settle(&mut [&mut ada, &mut ben]);
    // A second's worth is ten; while they were sent, a few more.
    assert!((10..40).contains(&ben.packets.len()), "{}", ben.packets.len());
    let dropped = metrics.dropped_packets.load(Ordering::Relaxed);
    assert_eq!(dropped + ben.packets.len() as u64, 100);
}

#[test]
fn an_address_that_nobody_could_reach() {
    let listen = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let error = Forwarder::start(MediaSettings { listen, ..settings() }, Arc::default());
    assert!(error.unwrap_err().to_string().contains("media-advertise"));
}
