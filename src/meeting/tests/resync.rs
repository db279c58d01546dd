//! Members that can follow no more come back by themselves (SPEC \[A16\], \[A17\], \[G26\]).

use incamera_wire::{Door, TrackKind, TrackKinds};

use super::*;
use crate::media::{Opened, Receiver, Sealer};
use crate::{Alarm, FrameError, Framing, Resync, Track};

const NAMES: [&str; 8] = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal"];
const CLEO: Who = 2;

/// What these clients seal, that one opens.
fn hears(sealer: &mut Sealer, receiver: &mut Receiver, now_ms: u64) -> Result<Opened, FrameError> {
    let mut frame = Vec::new();
    sealer.seal(b"frame", now_ms, &mut frame)?;
    receiver.open(0, &frame, now_ms, &mut Vec::new())
}

/// The next commit with a path is unreadable to this client.
fn blind(world: &mut World, who: Who) {
    member(&mut world.clients[who].meeting).group.lose_path_keys();
}

/// The host makes a commit with a path.
fn shake(world: &mut World) {
    let door = match world.clients[0].meeting.rules().unwrap().door {
        Door::Locked => Door::WaitingRoom,
        _ => Door::Locked,
    };
    act(world, 0, |meeting, now| meeting.set_door(door, now));
}

#[test]
fn the_victim_of_an_unreadable_commit_comes_back_with_all_that_follows_its_identity() {
    // SPEC [G26], [A16]
    let mut world = World::meeting(200, &NAMES);
    let (ada, cleo, id) = (world.member_id(0), fingerprint(&world, CLEO), world.member_id(CLEO));
    give_role(&mut world, CLEO, Role::CoHost);
    act(&mut world, 0, |meeting, now| meeting.set_succession(vec![cleo], now));
    let camera = TrackKinds::of(&[TrackKind::Camera]);
    act(&mut world, 0, |meeting, now| meeting.mute(id, camera, now));
    world.clients[1].meeting.mark_verified(id, true).unwrap();
    world.clients[CLEO].meeting.mark_verified(ada, true).unwrap();
    let mut sealer = world.clients[CLEO].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let mut receiver = world.clients[CLEO].meeting.receiver();
    let mut host = world.clients[0].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap();
    let mut ben = world.clients[1].meeting.receiver();
    let now = world.now_ms;
    assert!(
        hears(&mut sealer, &mut ben, now).is_ok() && hears(&mut host, &mut receiver, now).is_ok()
    );
    blind(&mut world, CLEO);
    world.clients.iter_mut().for_each(|client| client.events.clear());
    shake(&mut world);
    let alarm = Event::Alarm(Alarm::Unreadable { by: ada });
    let events = &world.clients[CLEO].events;
    let expected = [alarm, Event::Resyncing { why: Resync::Unreadable }, Event::Joined];
    assert_eq!(events[..3], expected, "{events:?}");
    world.assert_agreed(&[0, 1, CLEO, 3, 4, 5, 6, 7]);
    assert_eq!(world.names(0), NAMES, "it has its old leaf");
    let back = world.member_id(CLEO);
    assert_ne!(back, id);
    let roster = world.clients[1].meeting.roster();
    let seen = roster.iter().find(|one| one.member == back).unwrap();
    assert_eq!((seen.role, seen.muted, seen.verified), (Role::CoHost, camera, true));
    assert_eq!(state_of(&mut world, 0).succession, [cleo]);
    assert!(world.clients[CLEO].meeting.roster()[0].verified);
    let returned = Event::Returned { was: id, member: back, name: "Cleo".into(), by: ada };
    for who in [0, 1, 3, 4, 5, 6, 7] {
        assert!(world.clients[who].events.contains(&returned), "client {who}");
        assert!(world.refusals(who).is_empty(), "client {who}");
    }
    let now = world.now_ms;
    let cleo = Opened::Frame { member: back, track: Track::MICROPHONE };
    assert_eq!(hears(&mut sealer, &mut ben, now), Ok(cleo));
    let ada = Opened::Frame { member: ada, track: Track::MICROPHONE };
    assert_eq!(hears(&mut host, &mut receiver, now), Ok(ada));
}
