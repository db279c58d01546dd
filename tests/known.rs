//! Whom people know: codes that they compare, contacts, and the application's own judgement.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use incamera::{
    Alarm, Applicant, Contact, DenyReason, Event, Fault, Identity, IdentityHook, Source, testing,
};
use support::{Who, World};

/// An application that vouches for nobody of this name.
struct Not(&'static str);

impl IdentityHook for Not {
    fn vouches_for(&self, applicant: &Applicant) -> bool {
        applicant.name != self.0
    }
}

/// Somebody comes in whose identity is not this world's to choose.
fn enter(world: &mut World, name: &'static str, identity: &Identity) -> Who {
    let invite = world.clients[0].meeting.invite().unwrap();
    let seed = [u8::try_from(world.clients.len()).unwrap() + 100; 32];
    let meeting = testing::join(seed, identity, &invite, world.now()).unwrap();
    let who = world.add(name, meeting);
    world.settle();
    world.admit_all(0);
    assert!(world.has_joined(who), "{name} must be in");
    who
}

fn alarms(world: &World, who: Who) -> Vec<Alarm> {
    let alarm = |event: &Event| match event {
        Event::Alarm(alarm) => Some(*alarm),
        _ => None,
    };
    world.clients[who].events.iter().filter_map(alarm).collect()
}

#[test]
fn a_knock_for_which_the_application_does_not_vouch_is_turned_down() {
    let mut world = World::meeting(170, &["Ada", "Ben"]);
    world.clients[0].meeting.set_identity_hook(Box::new(Not("Mallory")));
    let mallory = world.knock("Mallory");
    let dan = world.knock("Dan");
    world.admit_all(0);
    let denied = Event::Denied { reason: DenyReason::NotExpected };
    assert_eq!(world.clients[mallory].events, [denied]);
    let refused = Event::Refused { source: Source::Lobby, author: None, fault: Fault::NotVouched };
    assert_eq!(world.refusals(0), [&refused]);
    assert!(world.has_joined(dan));
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn a_member_for_whom_an_application_does_not_vouch_raises_the_alarm_and_forks_nobody() {
    let mut world = World::meeting(171, &["Ada", "Ben", "Cleo"]);
    world.clients[1].meeting.set_identity_hook(Box::new(Not("Mallory")));
    let mallory = world.knock("Mallory");
    world.admit_all(0);
    let member = world.member_id(mallory);
    assert_eq!(alarms(&world, 1), [Alarm::NotVouched { member }]);
    assert_eq!(alarms(&world, 0), []);
    assert_eq!(alarms(&world, 2), []);
    world.assert_agreed(&[0, 1, 2, mallory]);
}

#[test]
fn a_mark_follows_the_identity_into_a_later_meeting() {
    // SPEC [I6]
    let ben = testing::identity([7; 32], "Ben").unwrap();
    let mut world = World::meeting(172, &["Ada", "Cleo"]);
    let who = enter(&mut world, "Ben", &ben);
    let member = world.member_id(who);
    world.clients[0].meeting.mark_verified(member, true).unwrap();
    let contacts = world.clients[0].meeting.contacts();
    let expected =
        Contact { fingerprint: ben.fingerprint(), name: "Ben".to_owned(), verified: true };
    assert_eq!(contacts, [expected]);
    let mut later = World::meeting(173, &["Ada", "Cleo"]);
    later.clients[0].meeting.set_contacts(contacts).unwrap();
    enter(&mut later, "Ben", &ben);
    let verified = |world: &World, who: Who| -> Vec<bool> {
        world.clients[who].meeting.roster().iter().map(|participant| participant.verified).collect()
    };
    assert_eq!(verified(&later, 0), [false, false, true]);
    assert_eq!(verified(&later, 1), [false; 3], "the mark is Ada's own");
    assert_eq!(alarms(&later, 0), []);
}

#[test]
fn a_verified_name_under_another_key_raises_the_alarm() {
    // SPEC [I6]
    let known = testing::identity([7; 32], "Ben Gale").unwrap();
    let mut world = World::meeting(174, &["Ada", "Cleo"]);
    let contact = |verified| Contact {
        fingerprint: known.fingerprint(),
        name: "Ben Gale".to_owned(),
        verified,
    };
    world.clients[0].meeting.set_contacts(vec![contact(true)]).unwrap();
    world.clients[1].meeting.set_contacts(vec![contact(false)]).unwrap();
    let impostor = testing::identity([8; 32], "ben gale").unwrap();
    let who = enter(&mut world, "ben gale", &impostor);
    let (member, known) = (world.member_id(who), known.fingerprint());
    assert_eq!(alarms(&world, 0), [Alarm::KnownNameOtherKey { member, known }]);
    assert_eq!(alarms(&world, 1), [], "she has verified nobody");
    world.assert_agreed(&[0, 1, who]);
}

#[test]
fn whoever_takes_on_the_name_of_a_verified_contact_raises_the_alarm() {
    // SPEC [I6], [G21]
    let known = testing::identity([7; 32], "Dan").unwrap().fingerprint();
    let mut world = World::meeting(175, &["Ada", "Ben"]);
    let contact = Contact { fingerprint: known, name: "Dan".to_owned(), verified: true };
    world.clients[0].meeting.set_contacts(vec![contact]).unwrap();
    world.ask(1, |ben, now| ben.rename("Dan", now));
    let member = world.member_id(1);
    assert!(world.clients[0].events.contains(&Event::Renamed { member, name: "Dan".to_owned() }));
    assert_eq!(alarms(&world, 0), [Alarm::KnownNameOtherKey { member, known }]);
}

#[test]
fn a_pair_code_is_one_for_both_and_outlives_joins_and_removals() {
    // SPEC [I5]
    let mut world = World::meeting(176, &["Ada", "Ben", "Cleo"]);
    let members = [0, 1, 2].map(|who| world.member_id(who));
    let code = |world: &World, who: Who, other: Who| {
        world.clients[who].meeting.pair_code(members[other]).unwrap()
    };
    let before = code(&world, 0, 1);
    assert_eq!(code(&world, 1, 0), before);
    assert!(before.matches(&code(&world, 1, 0).qr_payload()));
    assert_ne!(code(&world, 0, 2), before);
    world.knock("Dan");
    world.admit_all(0);
    assert_eq!(code(&world, 0, 1), before);
    world.ask(0, |host, now| host.remove(members[2], now));
    assert_eq!((code(&world, 0, 1), code(&world, 1, 0)), (before, before));
    assert!(!world.clients[0].meeting.safety_code().unwrap().matches(&before.qr_payload()));
}

#[test]
fn the_safety_code_agrees_in_digits_words_and_for_cameras() {
    // SPEC [I4]
    let mut world = World::meeting(177, &["Ada", "Ben", "Cleo"]);
    let codes = [0, 1, 2].map(|who| world.clients[who].meeting.safety_code().unwrap());
    for code in codes {
        assert_eq!(code.words(), codes[0].words());
        assert_eq!(code.groups(), codes[0].groups());
        assert!(codes[0].matches(&code.qr_payload()));
    }
    assert_eq!(codes[0].words().split(' ').count(), 12);
    world.knock("Dan");
    world.admit_all(0);
    let later = world.clients[1].meeting.safety_code().unwrap();
    assert!(!later.matches(&codes[0].qr_payload()));
    assert_ne!(later.words(), codes[0].words());
}
