//! A suite of its own for sound.

use super::super::fixture::keyring;
use super::*;

const SHORT: Suite = Suite::AesCtr128HmacSha256_80;

/// Two members of an epoch whose sound has short tags.
fn short_tagged() -> [Arc<crate::keyring::Keyring>; 2] {
    std::array::from_fn(|leaf| {
        let keyring = keyring();
        let audio = Some((SHORT, Zeroizing::new(vec![0xa5; SHORT.key_len()])));
        let install = EpochInstall { audio, ..epoch(1, leaf as u32, &[0, 1], false) };
        keyring.install(install, 0).unwrap();
        keyring
    })
}

#[test]
fn sound_has_the_short_tag_and_everything_else_the_long_one() {
    // SPEC [K11]
    let [alice, bob] = short_tagged();
    for (track, tag_len) in [
        (Track::MICROPHONE, 10),
        (Track::SCREEN_AUDIO, 10),
        (Track::CAMERA, 16),
        (Track::SCREEN, 16),
        (Track::DATA, 16),
    ] {
        let frame = seal(&alice, track, 0, b"hello").unwrap();
        let (_, header_len) = FrameHeader::parse(&frame).unwrap();
        assert_eq!(frame.len(), header_len + 5 + tag_len, "{track:?}");
        let origin = Origin { member: stay(0), track };
        assert_eq!(open(&bob, &frame, 0), Ok((origin, b"hello".to_vec())));
        let mut forged = seal(&alice, track, 0, b"hello").unwrap();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(open(&bob, &forged, 0), Err(OpenRefusal::Unopenable));
        let cut = &frame[..header_len + tag_len - 1];
        assert_eq!(open(&bob, cut, 0), Err(OpenRefusal::Malformed));
    }
}

#[test]
fn sound_is_not_sealed_under_the_base_key_of_other_tracks() {
    // SPEC [K11]
    let [alice, bob] = short_tagged();
    let base_key = epoch(1, 0, &[0, 1], false).base_key;
    let kid = kid(&seal(&alice, Track::MICROPHONE, 0, b"hello").unwrap());
    assert_eq!(open(&bob, &forge(&base_key, kid, 0), 0), Err(OpenRefusal::Unopenable));
}

#[test]
fn forgeries_before_the_first_frame_of_sound_count_as_well() {
    // SPEC [K12]: whatever slots they were under, for their keys make room for one another.
    let [alice, bob] = short_tagged();
    let frame = |track| seal(&alice, track, 0, b"hello").unwrap();
    let view = bob.view.load_full();
    let candidates = &view.kept[0].epoch.candidates;
    let forged = |track| {
        let mut forged = frame(track);
        *forged.last_mut().unwrap() ^= 1;
        forged
    };
    candidates.place(kid(&frame(Track::MICROPHONE))).unwrap().patience = 2;
    for track in [Track::CAMERA, Track::MICROPHONE, Track::CAMERA, Track::MICROPHONE] {
        assert_eq!(open(&bob, &forged(track), 0), Err(OpenRefusal::Unopenable));
    }
    assert_eq!(open(&bob, &frame(Track::MICROPHONE), 0), Err(OpenRefusal::Unopenable));
    // Another key id of the same place.
    let mut place = candidates.place(kid(&frame(Track::MICROPHONE))).unwrap();
    assert_eq!(place.patience, 0);
    place.candidate = None;
    drop(place);
    assert_eq!(open(&bob, &frame(Track::MICROPHONE), 0), Err(OpenRefusal::Unopenable));
    assert!(open(&bob, &frame(Track::CAMERA), 0).is_ok());
}

#[test]
fn a_base_key_of_sound_of_the_wrong_length_is_refused() {
    let alice = keyring();
    for length in [16, 47, 49] {
        let audio = Some((SHORT, Zeroizing::new(vec![1; length])));
        let install = EpochInstall { audio, ..epoch(1, 0, &[0], false) };
        assert_eq!(alice.install(install, 0), Err(InstallError::BaseKey));
    }
}

#[test]
fn what_is_shown_to_tests_is_all_that_there_is() {
    let [alice, bob] = short_tagged();
    for track in [Track::MICROPHONE, Track::CAMERA] {
        open(&bob, &seal(&alice, track, 0, b"hello").unwrap(), 0).unwrap();
    }
    let kid = kid(&seal(&bob, Track::DATA, 0, b"hello").unwrap());
    let base_key = &epoch(1, 0, &[0, 1], false).base_key;
    let suite = Suite::AesGcm128Sha256_128;
    let base_key = BaseKey::new(Backend::of_new_keyrings(), suite, base_key);
    let (key, salt) = base_key.key_and_salt(kid).unwrap();
    let mut shown = Vec::new();
    bob.expose(&mut shown);
    // Of each of two base keys its secret, and a key and a salt of three slots.
    assert_eq!(shown.len(), 2 * (1 + 3 * 2));
    for secret in [base_key.exposed(), key, salt.to_vec()] {
        assert!(shown.iter().any(|(_, bytes)| *bytes == secret));
    }
    bob.clear();
    shown.clear();
    bob.expose(&mut shown);
    assert!(shown.is_empty());
}
