//! Rights, ranks and mutes.

use super::*;
use crate::policy::rights::{is_host, outranks, right_for};

fn labelled(who: u8, label: Label) -> Occupant {
    Occupant { label: Some(label), ..by(who) }
}

#[test]
fn a_host_may_do_everything_and_everyone_else_what_its_role_may() {
    // SPEC [G12]
    let state = state();
    assert_eq!(rights_of(&state, &by(HOST)), Rights::ALL);
    assert_eq!(rights_of(&state, &by(CO_HOST)), state.rights.co_host);
    assert_eq!(rights_of(&state, &by(PRESENTER)), state.rights.presenter);
    assert_eq!(rights_of(&state, &by(ATTENDEE)), state.rights.attendee);
    assert_eq!(rights_of(&state, &by(OTHER_ATTENDEE)), state.rights.attendee);
    assert!(has_right(&state, &by(HOST), Right::End));
    assert!(!has_right(&state, &by(CO_HOST), Right::End));
    assert_eq!(role_of(&state, &person(ABSENT)), Role::Attendee);
    assert_eq!(entry_of(&state, &person(ABSENT)), MemberEntry::plain(person(ABSENT)));
}

#[test]
fn exceptions_add_and_take_rights() {
    let state = edited(|s| {
        s.members[2].granted = Rights::of(&[Right::End]);
        s.members[2].withheld = Rights::of(&[Right::Speak]);
    });
    let expected = Rights::of(&[Right::ShareScreen, Right::RenameSelf, Right::End]);
    assert_eq!(rights_of(&state, &by(PRESENTER)), expected);
}

#[test]
fn a_label_narrows_rights_whoever_says_it() {
    // SPEC [G18]
    let rows = [
        (Label::Recorder, Rights::of(&[Right::Record])),
        (Label::Captioner, Rights::of(&[Right::Chat])),
        (Label::Bridge, Rights::of(&[Right::Speak, Right::Video, Right::ShareScreen, Right::Chat])),
        (Label::Bot, Rights::of(&[Right::Chat, Right::React])),
    ];
    for (label, ceiling) in rows {
        assert_eq!(rights_of(&state(), &labelled(HOST, label)), ceiling);
        let state = edited(|s| {
            s.rights.presenter = Rights::ALL;
            s.members[2].label = Some(label);
        });
        assert_eq!(rights_of(&state, &by(PRESENTER)), ceiling);
        assert_eq!(label_of(&state, &by(PRESENTER)), Some(label));
        assert_eq!(label_of(&state, &labelled(PRESENTER, Label::Bot)), Some(Label::Bot));
    }
    // A label gives nothing, and two leave what both leave.
    assert_eq!(rights_of(&state(), &labelled(ATTENDEE, Label::Recorder)), Rights::NONE);
    let state = edited(|s| s.members[1].label = Some(Label::Bridge));
    let both = Rights::of(&[Right::Chat]);
    assert_eq!(rights_of(&state, &labelled(CO_HOST, Label::Bot)), both);
    assert_eq!(label_of(&state, &by(HOST)), None);
}

#[test]
fn a_member_outranks_those_strictly_below_and_a_host_everyone() {
    // SPEC [G15]
    let rows = [
        (HOST, [true, true, true, true]),
        (CO_HOST, [false, false, true, true]),
        (PRESENTER, [false, false, false, true]),
        (ATTENDEE, [false, false, false, false]),
        (BOT, [false, false, true, true]),
    ];
    for (who, expected) in rows {
        let found = Role::ALL.iter().map(|role| outranks(&state(), &by(who), *role));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{who}");
        assert_eq!(is_host(&state(), &by(who)), who == HOST);
    }
    let program = labelled(HOST, Label::Bot);
    assert!(!is_host(&state(), &program) && !outranks(&state(), &program, Role::Host));
}

#[test]
fn each_kind_of_track_needs_its_right() {
    // SPEC [M7]
    let rows = [
        (TrackKind::Microphone, Right::Speak),
        (TrackKind::Camera, Right::Video),
        (TrackKind::Screen, Right::ShareScreen),
        (TrackKind::ScreenAudio, Right::ShareScreen),
        (TrackKind::Data, Right::Chat),
    ];
    for (kind, right) in rows {
        assert_eq!(right_for(kind), right);
        let state = edited(|s| {
            s.rights.attendee = Rights::of(&[right]);
            s.muted = TrackKinds::NONE;
        });
        assert!(kinds_of(&state, &by(OTHER_ATTENDEE)).contains(kind));
        let without = edited(|s| s.rights.attendee = Rights::ALL.without(right));
        assert!(!kinds_of(&without, &by(OTHER_ATTENDEE)).contains(kind));
    }
}

#[test]
fn mutes_of_all_spare_those_who_may_mute_and_those_who_are_exempt() {
    // SPEC [M7]
    let mut state = state();
    state.rights.attendee = Rights::ALL.without(Right::MuteOthers);
    assert_eq!(muted_of(&state, &by(HOST)), TrackKinds::NONE);
    assert_eq!(muted_of(&state, &by(HEIR)), TrackKinds::NONE);
    assert_eq!(muted_of(&state, &by(CO_HOST)), CAMERA);
    assert_eq!(muted_of(&state, &by(ATTENDEE)), CAMERA.union(SCREEN));
    assert_eq!(muted_of(&state, &by(OTHER_ATTENDEE)), SCREEN);
    assert_eq!(kinds_of(&state, &by(OTHER_ATTENDEE)), TrackKinds::ALL.difference(SCREEN));
    state.members[3].unmuted = SCREEN;
    assert_eq!(muted_of(&state, &by(ATTENDEE)), CAMERA);
}
