//! Epochs that do not grow old, trees that fill, and commits that wait for company (SPEC \[G23\],
//! \[A18\]).

use super::*;

const NAMES: [&str; 24] = [
    "Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gia", "Hal", "Ida", "Jon", "Kim", "Leo", "Mia",
    "Ned", "Oda", "Pia", "Quy", "Rosa", "Sam", "Tom", "Uma", "Vic", "Wim", "Xia",
];

fn epochs(world: &World) -> Vec<u64> {
    world.clients.iter().map(|client| client.meeting.epoch().unwrap()).collect()
}

/// What the log's entries hold that are handshakes.
fn commits(world: &World) -> usize {
    world.log.iter().filter(|entry| opened(entry).kind == EnvelopeKind::Handshake).count()
}

/// How large a commit of this member with a path would be.
fn path_size(world: &mut World, who: Who) -> usize {
    let note = CommitNote::default().encode();
    let plan = CommitPlan { path: true, note: &note, ..CommitPlan::default() };
    forged_commit(&mut world.clients[who].meeting, &plan).len()
}

#[test]
fn no_epoch_reaches_five_minutes_and_all_members_renew_in_turn() {
    // SPEC [G23]
    let mut world = world(170);
    let first = world.clients[0].meeting.epoch().unwrap();
    for round in 1..=3 {
        world.pass(299_000);
        assert!(world.clients[0].meeting.epoch().unwrap() >= first + round, "round {round}");
        world.assert_agreed(&[0, 1, 2]);
    }
    // The first in turn has the earliest deadline: each member once in three epochs.
    let mut deadlines: Vec<_> =
        (0..3).map(|who| member(&mut world.clients[who].meeting).upkeep.deadline()).collect();
    deadlines.sort_unstable();
    assert_eq!([deadlines[1] - deadlines[0], deadlines[2] - deadlines[1]], [2_000, 2_000]);
    for who in 0..3 {
        assert!(world.refusals(who).is_empty(), "{:?}", world.refusals(who));
    }
}

#[test]
fn if_whoever_is_in_turn_sleeps_the_next_one_renews() {
    // SPEC [G23]
    let mut world = world(171);
    let epoch = world.clients[1].meeting.epoch().unwrap();
    let turn = usize::try_from(epoch % 3).unwrap();
    world.clients[turn].online = false;
    world.pass(240_000 + 2_000);
    let others: Vec<_> = (0..3).filter(|who| *who != turn).collect();
    for who in &others {
        assert_eq!(world.clients[*who].meeting.epoch(), Some(epoch + 1), "client {who}");
    }
    world.connect(turn);
    world.pass(2_000);
    world.assert_agreed(&[0, 1, 2]);
}

#[test]
fn a_renewal_is_refused_while_an_order_is_not_carried_out() {
    // SPEC [G16], [G23]
    let mut world = world(172);
    let cleo = (fingerprint(&world, 2), world.member_id(2));
    let renewal = path_commit(&mut world, BEN);
    let order = EventKind::RemovalOrder { target: cleo.0, stay: cleo.1 };
    world.clients[0].unheard = true;
    let signed = signed(&mut world.clients[0].meeting, order).encode();
    let entry = seal(&mut world.clients[0].meeting, EnvelopeKind::Order, &signed);
    world.append(entry);
    world.settle();
    let ben = world.member_id(BEN);
    refused_by(&mut world, &[0], renewal, Some(ben), Fault::Refused(Rule::OrderIgnored));
}

/// A log entry with a commit that holds a path and nothing else.
fn path_commit(world: &mut World, who: Who) -> Vec<u8> {
    let note = CommitNote::default().encode();
    let plan = CommitPlan { path: true, note: &note, ..CommitPlan::default() };
    forged_commit(&mut world.clients[who].meeting, &plan)
}

#[test]
fn a_storm_leaves_a_tree_that_fills() {
    // SPEC [G23]
    let mut world = World::new(174);
    world.create("Ada");
    for name in &NAMES[1..] {
        world.knock(name);
    }
    world.admit_all(0);
    world.pass(1_000);
    let all: Vec<Who> = (0..NAMES.len()).collect();
    world.assert_agreed(&all);
    let cold = path_size(&mut world, 5);
    let (epoch, before) = (world.clients[0].meeting.epoch().unwrap(), commits(&world));
    world.pass(10_000);
    // Leaves 0, 8 and 16.
    assert_eq!(world.clients[0].meeting.epoch(), Some(epoch + 3));
    assert_eq!(commits(&world), before + 3);
    world.assert_agreed(&all);
    let warm = path_size(&mut world, 5);
    assert!(warm * 2 < cold, "{warm} of {cold} bytes");
    assert!(epochs(&world).iter().all(|it| *it == epoch + 3));
}

#[test]
fn knocks_let_in_one_by_one_within_a_tenth_of_a_second_are_two_commits() {
    // SPEC [A18]
    let mut world = World::new(175);
    world.create("Ada");
    let people: Vec<_> = NAMES[1..7].iter().map(|name| world.knock(name)).collect();
    let knocks: Vec<_> = world.clients[0]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Knock { knock, .. } => Some(*knock),
            _ => None,
        })
        .collect();
    let start = world.now_ms;
    for knock in knocks {
        let now = world.now();
        world.clients[0].meeting.admit(knock, now).unwrap();
        world.pass(10);
    }
    assert_eq!(commits(&world), 1);
    assert!(world.has_joined(people[0]), "nobody waits who comes alone");
    world.pass(start + 99 - world.now_ms);
    assert_eq!(commits(&world), 1);
    world.pass(1);
    assert_eq!(commits(&world), 2);
    assert!(people.iter().all(|who| world.has_joined(*who)));
}

#[test]
fn leavers_wait_for_company_and_a_removal_does_not() {
    // SPEC [A18]
    let mut world = World::meeting(176, &NAMES[..8]);
    world.pass(5_000);
    let (before, epoch) = (commits(&world), world.clients[0].meeting.epoch().unwrap());
    for who in [3, 4, 5] {
        act(&mut world, who, |meeting, now| meeting.leave(now));
        world.pass(100);
    }
    assert_eq!(commits(&world), before + 1, "the first at once, the others in a second");
    let gia = world.member_id(6);
    act(&mut world, 0, |meeting, now| meeting.remove(gia, now));
    // And takes with it whoever waits.
    assert_eq!(commits(&world), before + 2);
    assert_eq!(world.names(0), ["Ada", "Ben", "Cleo", "Hal"]);
    assert_eq!(world.clients[0].meeting.epoch(), Some(epoch + 2));
    act(&mut world, 7, |meeting, now| meeting.leave(now));
    world.pass(1_000);
    assert_eq!(world.names(0), ["Ada", "Ben", "Cleo"]);
}
