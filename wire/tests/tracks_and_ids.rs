//! The small values.

use incamera_wire::{FormatRule, MeetingId, Profile, Role, Track, TrackKind, TrackKinds};

#[test]
fn every_track_has_its_own_context() {
    // SPEC [K2]
    let mut contexts = Vec::new();
    for &kind in TrackKind::ALL {
        for index in 0..=31 {
            let track = Track::new(kind, index).unwrap();
            assert_eq!(track.context(), u64::from(index) << 3 | u64::from(kind.number()));
            assert_eq!(Track::from_context(track.context()), Some(track));
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
fn sets_of_kinds_behave_as_sets() {
    let mut kinds = TrackKinds::NONE;
    kinds.insert(TrackKind::Screen);
    kinds.insert(TrackKind::Data);
    assert!(kinds.contains(TrackKind::Screen) && !kinds.contains(TrackKind::Camera));
    assert_eq!(kinds.intersection(TrackKinds::ALL), kinds);
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
fn an_error_says_what_and_where() {
    let malformed = incamera_wire::Envelope::decode(&[0x08, 2]).unwrap_err();
    assert_eq!(
        malformed.to_string(),
        "Envelope.version: the version is not 1; the message was discarded"
    );
}
