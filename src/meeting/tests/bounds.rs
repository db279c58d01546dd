//! What is kept is bounded, whoever fills it (SPEC 7.15).

use super::*;
use crate::meeting::intents::MAX_ADMISSIONS;
use crate::meeting::outbox::MAX_UNCONFIRMED;
use crate::meeting::shared::MAX_OUTPUTS;
use crate::{Error, Input, Output};

#[test]
fn who_is_offline_and_goes_on_talking_is_told_to_connect() {
    // SPEC [G29]
    let mut world = world(190);
    let now = world.now();
    let ben = &mut world.clients[BEN].meeting;
    let said = (0..2 * MAX_UNCONFIRMED).take_while(|_| ben.chat("hello?", now).is_ok()).count();
    assert!((MAX_UNCONFIRMED - 8..=MAX_UNCONFIRMED).contains(&said), "{said}");
    assert!(matches!(ben.chat("hello?", now), Err(Error::Argument(_))));
    world.clients[BEN].online = false;
    world.pass(3_600_000);
    let kept = world.clients[BEN].meeting.core.shared.outbox.messages().count();
    assert!(kept <= MAX_UNCONFIRMED, "{kept}");
}

#[test]
fn refusals_that_nobody_polls_are_bounded() {
    // SPEC [G29]
    let mut world = world(191);
    let now = world.now();
    let meeting = &mut world.clients[BEN].meeting;
    for knock in 0..3 * MAX_OUTPUTS as u64 {
        let bytes = knock.to_be_bytes().to_vec();
        meeting.handle(Input::Blob(bytes.clone()), now).unwrap();
        meeting.handle(Input::Log { seq: world.log.len() as u64 + knock, bytes }, now).unwrap();
    }
    let outputs: Vec<_> = std::iter::from_fn(|| meeting.poll()).collect();
    assert!(outputs.len() <= MAX_OUTPUTS + 64, "{}", outputs.len());
    let refused = |output: &&Output| matches!(output, Output::Event(Event::Refused { .. }));
    assert!(outputs.iter().filter(refused).count() > MAX_OUTPUTS / 2);
}

#[test]
fn those_who_are_being_let_in_are_bounded() {
    // SPEC [G29]
    let mut world = World::meeting(192, &["Ada", "Ben"]);
    world.knock("Dan");
    let first = world.last_knock(0);
    world.knock("Eve");
    let (next, now) = (world.last_knock(0), world.now());
    let own = member(&mut world.clients[0].meeting);
    let waiting = own.lobby.take(first).unwrap().1;
    let invite = waiting.invite;
    own.intents.admissions.push(waiting);
    for number in 1..MAX_ADMISSIONS {
        let mut reference = [0; 32];
        reference[..8].copy_from_slice(&number.to_be_bytes());
        own.intents.admissions.push(crate::admission::Waiting {
            reference: incamera_wire::KeyPackageRef::new(reference),
            invite,
            key_package: vec![1],
            mailbox: incamera_wire::MailboxId::new([1; 16]),
            answer_key: zeros(),
            name: String::new(),
            fingerprint: Fingerprint::new([1; 32]),
            label: None,
            proof: crate::admission::Proof::NotAsked,
            by_door: false,
            arrived_ms: 0,
        });
    }
    let meeting = &mut world.clients[0].meeting;
    assert!(matches!(meeting.admit(next, now), Err(Error::Argument(_))));
    assert!(member(meeting).lobby.waiting().any(|waiting| waiting.reference == next));
}
