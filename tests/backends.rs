//! Members whose frames are sealed and opened by different libraries are in one meeting.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use allocation_counter::measure;
use incamera::testing::{Room, RustCrypto};
use incamera::{FrameError, Framing, Opened, Track};

/// Ada, the host, whose frames are the target's library's, and Ben, whose are RustCrypto's.
fn room() -> Room {
    let mut room = Room::new(&["Ada"]).unwrap();
    let invite = room[0].invite().unwrap();
    let instead = RustCrypto::instead();
    room.knock("Ben", &invite, None).unwrap();
    drop(instead);
    let now = room.now();
    room[0].admit_all(now).unwrap();
    // Sealers linger in the epoch before Ben's.
    room.wait(1);
    room
}

#[test]
fn members_with_different_libraries_hear_each_other_across_epochs() {
    let mut room = room();
    let tracks = [Track::MICROPHONE, Track::CAMERA];
    let mut sealers: Vec<_> = [0, 1]
        .iter()
        .flat_map(|who| tracks.map(|track| (*who, track)))
        .map(|(who, track)| (who, track, room[who].sealer(track, Framing::Whole).unwrap()))
        .collect();
    let mut receivers = [room[0].receiver(), room[1].receiver()];
    for (round, len) in [2, 1, 40, 160, 1_200, 50_000].into_iter().enumerate() {
        let now_ms = room.now().monotonic_ms;
        for (who, track, sealer) in &mut sealers {
            let text = vec![u8::try_from(round).unwrap(); len];
            let (mut sealed, mut out) = (Vec::new(), Vec::new());
            sealer.seal(&text, now_ms, &mut sealed).unwrap();
            let receiver = &mut receivers[1 - *who];
            let mut forged = sealed.clone();
            *forged.last_mut().unwrap() ^= 1;
            let refused = receiver.open(0, &forged, now_ms, &mut out);
            assert_eq!((refused, out.len()), (Err(FrameError::Unopenable), 0));
            let opened = receiver.open(0, &sealed, now_ms, &mut out);
            let genuine = Opened::Frame { member: room.member(*who), track: *track, layer: None };
            assert_eq!((opened, &out), (Ok(genuine), &text));
            let replayed = receiver.open(0, &sealed, now_ms, &mut out);
            assert_eq!((replayed, out.len()), (Err(FrameError::Unopenable), len));
        }
        // The next round is in another epoch.
        let invite = room[0].invite().unwrap();
        room.knock(&format!("Guest {round}"), &invite, None).unwrap();
        let now = room.now();
        room[0].admit_all(now).unwrap();
        room.wait(1);
    }
}

#[test]
fn a_frame_allocates_nothing_by_either_library() {
    let mut room = room();
    let now_ms = room.now().monotonic_ms;
    for who in [0, 1] {
        let mut sealer = room[who].sealer(Track::MICROPHONE, Framing::Whole).unwrap();
        let mut receiver = room[1 - who].receiver();
        let mut sealed = Vec::with_capacity(sealer.max_sealed_len(1_200));
        let (mut into, mut out) = (vec![0; sealed.capacity()], Vec::with_capacity(1_200));
        let mut seal = |len: usize, text: &[u8]| {
            let info = measure(|| {
                sealed.clear();
                sealer.seal(&text[..len], now_ms, &mut sealed).unwrap();
                sealer.seal_into(&text[..len], now_ms, &mut into).unwrap();
            });
            (info.count_total, sealed.clone())
        };
        let mut open = |sealed: &[u8]| {
            let mut opened = Err(FrameError::Ended);
            let info = measure(|| {
                out.clear();
                opened = receiver.open(0, sealed, now_ms, &mut out);
            });
            (info.count_total, opened)
        };
        // The first frame sets the key up.
        assert!(open(&seal(40, &[7; 1_200]).1).1.is_ok());
        for len in [1, 40, 160, 1_200] {
            let (allocated, sealed) = seal(len, &[7; 1_200]);
            assert_eq!(allocated, 0, "{who} seals {len} bytes");
            let mut forged = sealed.clone();
            *forged.last_mut().unwrap() ^= 1;
            assert_eq!(open(&forged), (0, Err(FrameError::Unopenable)));
            assert!(matches!(open(&sealed), (0, Ok(Opened::Frame { .. }))), "{who}: {len} bytes");
        }
    }
}
