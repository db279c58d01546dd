//! The small values.

use incamera_wire::{FormatRule, MeetingId, PadTo, Profile, Role, Track, TrackKind, TrackKinds};

#[test]
fn every_track_has_its_own_context() {
    // SPEC [K2]
    let mut contexts = Vec::new();
    for &kind in TrackKind::ALL {
        for index in 0..=31 {
            let track = Track::new(kind, index).unwrap();
            assert_eq!(track.context(), u64::from(index) << 3 | u64::from(kind.number()));
            assert_eq!(Track::from_context(track.context()), Some(track));
            assert_eq!((track.kind(), track.index()), (kind, index));
            let shown = format!("Track {{ kind: {kind:?}, index: {index} }}");
            assert_eq!(format!("{track:?}"), shown);
            contexts.push(track.context());
        }
    }
    for context in 0..1000 {
        assert_eq!(Track::from_context(context).is_some(), contexts.contains(&context));
    }
    assert_eq!(Track::from_context(u64::MAX), None);
    assert_eq!(Track::from_context(256 << 3), None);
}

#[test]
fn a_track_index_above_31_is_refused() {
    assert_eq!(Track::new(TrackKind::Camera, 32), None);
    assert_eq!(Track::new(TrackKind::Camera, 0), Some(Track::CAMERA));
}

#[test]
fn a_kind_is_of_sound_or_of_pictures_or_of_neither() {
    let sound = [TrackKind::Microphone, TrackKind::ScreenAudio];
    let pictures = [TrackKind::Camera, TrackKind::Screen];
    for kind in TrackKind::ALL {
        assert_eq!(kind.is_audio(), sound.contains(kind), "{kind:?}");
        assert_eq!(kind.is_video(), pictures.contains(kind), "{kind:?}");
    }
}

#[test]
fn sets_of_kinds_behave_as_sets() {
    let mut kinds = TrackKinds::NONE;
    assert!(kinds.is_empty());
    kinds.insert(TrackKind::Screen);
    kinds.insert(TrackKind::Data);
    assert!(kinds.contains(TrackKind::Screen) && !kinds.contains(TrackKind::Camera));
    assert!(!kinds.is_empty());
    assert_eq!(kinds.intersection(TrackKinds::ALL), kinds);
    // What is in already stays in, and what is out stays out.
    let before = kinds;
    kinds.insert(TrackKind::Screen);
    kinds.remove(TrackKind::Camera);
    assert_eq!(kinds, before);
    let others = TrackKinds::of(&[TrackKind::Screen, TrackKind::Camera]);
    let all_three = [TrackKind::Screen, TrackKind::Data, TrackKind::Camera];
    assert_eq!(kinds.union(others), TrackKinds::of(&all_three));
    assert_eq!(kinds.intersection(others), TrackKinds::of(&[TrackKind::Screen]));
    assert_eq!(kinds.difference(others), TrackKinds::of(&[TrackKind::Data]));
    kinds.remove(TrackKind::Screen);
    kinds.remove(TrackKind::Data);
    assert_eq!(kinds, TrackKinds::NONE);
    assert!(TrackKind::ALL.iter().all(|&kind| TrackKinds::ALL.contains(kind)));
}

#[test]
fn an_id_of_another_length_is_refused() {
    assert_eq!(MeetingId::try_from(&[7; 16][..]), Ok(MeetingId::new([7; 16])));
    assert_eq!(MeetingId::try_from(&[7; 15][..]).unwrap_err().rule(), FormatRule::TooShort);
    assert_eq!(MeetingId::try_from(&[7; 17][..]).unwrap_err().rule(), FormatRule::TooLong);
    assert_eq!(
        format!("{:?}", MeetingId::new([0xa7; 16])),
        format!("MeetingId({})", "a7".repeat(16))
    );
}

#[test]
fn a_number_that_is_no_choice_is_refused() {
    assert_eq!(Profile::from_number(0), None);
    assert_eq!(Profile::from_number(4), None);
    for &role in Role::ALL {
        assert_eq!(Role::from_number(role.number()), Some(role));
    }
}

#[test]
fn a_padding_has_one_number() {
    let named = [(0, PadTo::Nothing), (1, PadTo::Padme), (2, PadTo::Multiple(2))];
    for (number, pad) in named.into_iter().chain([(65_535, PadTo::Multiple(65_535))]) {
        assert_eq!(PadTo::from_number(number), Some(pad));
        assert_eq!(pad.number(), number);
    }
    for other in [65_536, 65_537, u32::MAX] {
        assert_eq!(PadTo::from_number(other), None);
    }
}

#[test]
fn an_error_says_what_and_where() {
    let malformed = incamera_wire::Envelope::decode(&[0x08, 2]).unwrap_err();
    assert_eq!(
        malformed.to_string(),
        "Envelope.version: the version is not 1; the message was discarded"
    );
}
