//! A commit that others can read and one member cannot (SPEC \[G3\]).

use incamera_wire::CommitNote;

use super::*;
use crate::error::Error;
use crate::{Alarm, FrameError, Framing, Track};

#[test]
fn an_unreadable_commit_stops_its_victim_and_nobody_else() {
    // SPEC [G3], [M9]
    let mut world = World::meeting(60, &["Ada", "Ben", "Cleo", "Dan"]);
    let (ada, dan) = (world.member_id(0), world.member_id(3));
    let (now, epoch) = (world.now(), world.clients[0].meeting.epoch().unwrap());
    let mut sealer = world.clients[2].meeting.sealer(Track::CAMERA, Framing::Whole).unwrap();
    // Nobody hears that she asks to come back.
    world.clients[2].unheard = true;
    // Stands for a committer that seals rubbish to Cleo's leaf: see the tests of `mls`.
    member(&mut world.clients[2].meeting).group.lose_path_keys();
    world.clients[0].meeting.remove(dan, now).unwrap();
    world.settle();
    for who in [0, 1] {
        assert_eq!(world.clients[who].meeting.epoch(), Some(epoch + 1));
    }
    let alarm = Event::Alarm(Alarm::Unreadable { by: ada });
    assert!(world.clients[2].events.contains(&alarm));
    let cleo = &mut world.clients[2].meeting;
    assert_eq!(sealer.seal(b"x", now.monotonic_ms, &mut vec![]), Err(FrameError::Stopped));
    assert_eq!(cleo.remove(ada, now), Err(Error::Broken));
    // What comes next in that epoch is not for her: taking it would fork the group.
    let eve = world.knock("Eve");
    world.admit_all(0);
    assert!(world.has_joined(eve));
    assert_eq!(world.clients[2].meeting.epoch(), Some(epoch));
    let now = world.now();
    world.clients[2].unheard = false;
    world.clients[2].meeting.leave(now).unwrap();
    world.settle();
    assert_eq!(world.clients[2].events.last(), Some(&Event::Left));
    assert_eq!(world.names(0), ["Ada", "Ben", "Eve"], "her word was heard in time");
}

#[test]
fn the_victim_of_an_unreadable_commit_takes_no_other_for_that_epoch() {
    // SPEC [G3]
    let mut world = World::meeting(61, &["Ada", "Ben", "Cleo", "Dan"]);
    let (dan, now) = (world.member_id(3), world.now());
    let epoch = world.clients[2].meeting.epoch();
    // An Add of the host's that loses to its removal of Dan.
    let package = [key_package("Eve", &world.clients[0].meeting)];
    let secret = member(&mut world.clients[0].meeting).state.invites[0].secret.duplicate();
    let note = CommitNote::default().encode();
    let psk = Some((PskId::Invite(crate::policy::invite_id(&secret)), &secret));
    let plan = CommitPlan { adds: &package, psk, note: &note, ..CommitPlan::default() };
    let late = forged_commit(&mut world.clients[0].meeting, &plan);
    world.clients[2].unheard = true;
    member(&mut world.clients[2].meeting).group.lose_path_keys();
    world.clients[0].meeting.remove(dan, now).unwrap();
    world.settle();
    world.append(late);
    world.settle();
    assert_eq!(world.clients[2].meeting.epoch(), epoch, "she would be in a group of her own");
    assert_eq!(world.names(0), ["Ada", "Ben", "Cleo"]);
}
