//! Statements about silent hosts that prove nothing, and who follows a host (SPEC \[G17\]).

use incamera_wire::Door;

use super::*;
use crate::policy::{self, Change};

const CLEO: Who = 2;
const DAN: Who = 3;
const EVE: Who = 4;

/// Ada, her co-hosts Ben, Cleo and Dan who follow her in this order, and Eve.
fn listed(seed: u8) -> World {
    let mut world = World::meeting(seed, &["Ada", "Ben", "Cleo", "Dan", "Eve"]);
    let followers: Vec<_> = [BEN, CLEO, DAN].map(|who| fingerprint(&world, who)).into();
    for who in [BEN, CLEO, DAN] {
        give_role(&mut world, who, Role::CoHost);
    }
    act(&mut world, 0, |meeting, now| meeting.set_succession(followers, now));
    world
}

/// This client's signed word that it hears nothing of these hosts.
fn statement(world: &mut World, who: Who, hosts: &[Who]) -> Vec<u8> {
    let mut hosts: Vec<_> = hosts.iter().map(|host| fingerprint(world, *host)).collect();
    hosts.sort_unstable();
    signed(&mut world.clients[who].meeting, EventKind::HostSilent { hosts }).encode()
}

/// A log entry by which `author` replaces the hosts on these statements.
fn forged_replacement(world: &mut World, author: Who, statements: Vec<Vec<u8>>) -> Vec<u8> {
    let own = member(&mut world.clients[author].meeting);
    let by = own.own_occupant().unwrap();
    let mut state = own.state.duplicate();
    policy::apply(&mut state, own.roster().occupants(), &by, &Change::ReplaceHosts).unwrap();
    forged_with(world, author, statements, &state)
}

fn forged_with(
    world: &mut World,
    author: Who,
    statements: Vec<Vec<u8>>,
    state: &GroupState,
) -> Vec<u8> {
    let note = CommitNote { statements, ..CommitNote::default() }.encode();
    let state = state.encode();
    let plan = CommitPlan { state: Some(&state), note: &note, ..CommitPlan::default() };
    forged_commit(&mut world.clients[author].meeting, &plan)
}

/// Everyone but its author refuses it for this reason.
#[track_caller]
fn proves_nothing(world: &mut World, author: Who, entry: Vec<u8>, rule: Rule) {
    let id = world.member_id(author);
    let others: Vec<_> = (0..=EVE).filter(|who| *who != author).collect();
    refused_by(world, &others, entry, Some(id), Fault::Refused(rule));
}

#[test]
fn who_is_listed_says_nothing_of_silence_unasked() {
    // SPEC [G17]
    let mut world = listed(189);
    for round in 0..3 {
        let name = if round % 2 == 0 { "Eva" } else { "Eve" };
        act(&mut world, EVE, |meeting, now| meeting.rename(name, now));
        world.pass(5_000);
    }
    for who in 0..=EVE {
        assert_eq!(world.clients[who].meeting.roster()[0].role, Role::Host, "client {who}");
        assert!(member(&mut world.clients[who].meeting).statements.is_empty(), "client {who}");
    }
}

#[test]
fn open_door_puppets_do_not_vote_a_live_host_silent() {
    // SPEC [G17]
    let mut world = listed(190);
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::Open, now));
    let puppets: Vec<_> = ["P", "Q", "R", "S"].map(|name| world.knock(name)).into();
    world.pass(5_000);
    assert!(puppets.iter().all(|puppet| world.has_joined(*puppet)));
    let mut votes: Vec<_> = puppets.iter().map(|who| statement(&mut world, *who, &[0])).collect();
    votes.push(statement(&mut world, EVE, &[0]));
    let puppet = world.member_id(puppets[0]);
    let honest = [0, CLEO, DAN, EVE];
    let by_puppet = forged_replacement(&mut world, puppets[0], votes.clone());
    let fault = Fault::Refused(Rule::Statements("its committer is not listed"));
    refused_by(&mut world, &honest, by_puppet, Some(puppet), fault);
    // Nor when one of those who are listed is in league with them.
    let ben = world.member_id(BEN);
    votes.insert(0, statement(&mut world, BEN, &[0]));
    let entry = forged_replacement(&mut world, BEN, votes);
    let fault = Fault::Refused(Rule::Statements("one is of somebody who is not listed"));
    refused_by(&mut world, &honest, entry, Some(ben), fault);
    // What they say as events moves nobody.
    let hosts = vec![fingerprint(&world, 0)];
    for puppet in puppets {
        let kind = EventKind::HostSilent { hosts: hosts.clone() };
        let entry = forged_event(&mut world, puppet, kind);
        world.append(entry);
    }
    world.pass(10_000);
    for who in honest {
        assert_eq!(world.clients[who].meeting.roster()[0].role, Role::Host, "client {who}");
    }
}

#[test]
fn statements_that_do_not_suffice_are_refused_by_all() {
    // SPEC [G17]
    let mut world = listed(191);
    let early = statement(&mut world, CLEO, &[0]);
    act(&mut world, EVE, |meeting, now| meeting.rename("Eva", now));
    let ben = statement(&mut world, BEN, &[0]);
    let cleo = statement(&mut world, CLEO, &[0]);
    let cleo_again = statement(&mut world, CLEO, &[0]);
    let other_host = statement(&mut world, CLEO, &[EVE]);
    let chat = signed(&mut world.clients[CLEO].meeting, EventKind::Leave).encode();
    let mut damaged = SignedEvent::decode(&cleo).unwrap();
    damaged.signature[0] ^= 1;
    let cases = [
        ("not of more than half of those listed", vec![ben.clone()]),
        ("one is of another epoch", vec![ben.clone(), early]),
        ("two are of one identity", vec![cleo.clone(), cleo_again]),
        ("one does not name every host", vec![ben.clone(), other_host]),
        ("one says something else", vec![ben.clone(), chat]),
        ("one does not verify", vec![ben.clone(), damaged.encode()]),
        ("one does not parse", vec![ben.clone(), vec![0xff]]),
    ];
    for (why, statements) in cases {
        let entry = forged_replacement(&mut world, BEN, statements);
        proves_nothing(&mut world, BEN, entry, Rule::Statements(why));
    }
    let entry = forged_replacement(&mut world, EVE, vec![ben, cleo]);
    proves_nothing(&mut world, EVE, entry, Rule::Statements("its committer is not listed"));
}

#[test]
fn statements_that_spare_one_of_two_hosts_are_refused_by_all() {
    // SPEC [G17]
    let mut world = listed(192);
    give_role(&mut world, EVE, Role::Host);
    let votes = vec![statement(&mut world, BEN, &[0]), statement(&mut world, CLEO, &[0])];
    let entry = forged_replacement(&mut world, BEN, votes);
    let why = Rule::Statements("one does not name every host");
    proves_nothing(&mut world, BEN, entry, why);
    let votes = vec![statement(&mut world, BEN, &[0, EVE]), statement(&mut world, CLEO, &[0, EVE])];
    let entry = forged_replacement(&mut world, BEN, votes);
    world.append(entry);
    world.settle();
    for who in [0, CLEO, DAN, EVE] {
        let roles: Vec<_> = world.clients[who].meeting.roster().iter().map(|p| p.role).collect();
        use Role::{CoHost, Host};
        assert_eq!(roles, [CoHost, Host, CoHost, CoHost, CoHost], "client {who}");
    }
}

#[test]
fn a_replacement_that_makes_another_the_host_is_refused_by_all() {
    // SPEC [G17]
    let mut world = listed(193);
    let votes = vec![statement(&mut world, CLEO, &[0]), statement(&mut world, DAN, &[0])];
    let (ada, cleo) = (fingerprint(&world, 0), fingerprint(&world, CLEO));
    let mut state = state_of(&mut world, CLEO);
    for entry in &mut state.members {
        match entry.fingerprint {
            who if who == ada => entry.role = Role::CoHost,
            who if who == cleo => entry.role = Role::Host,
            _ => {}
        }
    }
    state.succession.retain(|who| *who != cleo);
    let entry = forged_with(&mut world, CLEO, votes.clone(), &state);
    let why = Rule::State("it is not what follows from the statements");
    proves_nothing(&mut world, CLEO, entry, why);
    // Nor without any state, nor the same without the statements.
    let note = CommitNote { statements: votes, ..CommitNote::default() }.encode();
    let plan = CommitPlan { path: true, note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[CLEO].meeting, &plan);
    proves_nothing(&mut world, CLEO, entry, why);
    let entry = forged_replacement(&mut world, CLEO, vec![]);
    let missing = Rule::HostOnly("the succession");
    let id = world.member_id(CLEO);
    let seq = world.log.len() as u64;
    world.append(entry);
    world.settle();
    // Which of the rules that it breaks comes first is the same for all.
    let refusals: Vec<_> =
        [0, BEN, DAN, EVE].map(|who| world.clients[who].events.last().cloned()).into();
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]));
    let Some(Event::Refused { source, author, fault }) = &refusals[0] else {
        panic!("{refusals:?}")
    };
    assert_eq!((*source, *author), (Source::Log { seq }, Some(id)));
    let right = Rule::MissingRight(incamera_wire::Right::SetRights);
    assert!([missing, right].map(Fault::Refused).contains(fault), "{fault}");
}

#[test]
fn a_statement_that_spares_the_host_does_not_spoil_those_of_the_others() {
    // SPEC [G17]
    let mut world = listed(199);
    let spared = vec![fingerprint(&world, EVE)];
    let entry = forged_event(&mut world, DAN, EventKind::HostSilent { hosts: spared });
    world.append(entry);
    world.settle();
    for who in [BEN, CLEO] {
        act(&mut world, who, |meeting, now| meeting.declare_hosts_silent(now));
    }
    world.pass(10_000);
    let roles: Vec<_> = world.clients[EVE].meeting.roster().iter().map(|p| p.role).collect();
    assert_eq!(roles[..2], [Role::CoHost, Role::Host]);
}

#[test]
fn hosts_are_replaced_on_the_word_of_most_of_those_listed() {
    // SPEC [G17]
    let mut world = listed(194);
    let (ada, ben) = (fingerprint(&world, 0), fingerprint(&world, BEN));
    world.clients[0].online = false;
    act(&mut world, DAN, |meeting, now| meeting.declare_hosts_silent(now));
    world.pass(5_000);
    assert_eq!(world.clients[EVE].meeting.roster()[0].role, Role::Host, "one of three");
    // The first of the list becomes host, whoever said it.
    act(&mut world, CLEO, |meeting, now| meeting.declare_hosts_silent(now));
    world.pass(5_000);
    world.connect(0);
    world.settle();
    world.assert_agreed(&[0, BEN, CLEO, DAN, EVE]);
    for who in 0..=EVE {
        let roster = world.clients[who].meeting.roster();
        let role = |identity| roster.iter().find(|p| p.fingerprint == identity).unwrap().role;
        assert_eq!((role(ada), role(ben)), (Role::CoHost, Role::Host), "client {who}");
        let succession = world.clients[who].meeting.rules().unwrap().succession;
        assert_eq!(succession.len(), 2, "client {who}");
    }
}

#[test]
fn a_statement_by_somebody_who_is_not_listed_is_not_even_asked_for() {
    // SPEC [G17]
    let mut world = listed(195);
    let now = world.now();
    let refused = world.clients[EVE].meeting.declare_hosts_silent(now);
    assert!(matches!(refused, Err(crate::Error::Refused(Rule::Statements(_)))), "{refused:?}");
}

#[test]
fn the_first_of_the_succession_who_is_here_follows_a_host_that_leaves() {
    // SPEC [G17], [G9]
    let mut world = world(196);
    let (absent, cleo) = (Fingerprint::new([9; 32]), fingerprint(&world, 2));
    act(&mut world, 0, |meeting, now| meeting.set_role(absent, Role::CoHost, now));
    give_role(&mut world, 2, Role::CoHost);
    act(&mut world, 0, |meeting, now| meeting.set_succession(vec![absent, cleo], now));
    act(&mut world, 0, |meeting, now| meeting.leave(now));
    world.assert_agreed(&[BEN, 2]);
    for who in [BEN, 2] {
        let roster = world.clients[who].meeting.roster();
        assert_eq!(roster.iter().map(|p| p.role).collect::<Vec<_>>(), [Role::Attendee, Role::Host]);
        assert_eq!(world.clients[who].meeting.rules().unwrap().succession, [absent]);
    }
    let ben = world.member_id(BEN);
    act(&mut world, 2, |meeting, now| meeting.remove(ben, now));
    assert_eq!(world.names(2), ["Cleo"]);
}

#[test]
fn a_departure_that_makes_its_carrier_the_host_is_refused_by_all() {
    // SPEC [G17], [G9]
    let mut world = listed(197);
    let leave = signed(&mut world.clients[0].meeting, EventKind::Leave).encode();
    let (ada, cleo) = (fingerprint(&world, 0), fingerprint(&world, CLEO));
    let mut state = state_of(&mut world, CLEO);
    state.members.retain(|entry| entry.fingerprint != ada);
    for entry in state.members.iter_mut().filter(|entry| entry.fingerprint == cleo) {
        entry.role = Role::Host;
    }
    state.succession.retain(|who| *who != cleo);
    let note = CommitNote { departures: vec![leave], ..CommitNote::default() }.encode();
    let state = state.encode();
    let plan =
        CommitPlan { removes: &[0], state: Some(&state), note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[CLEO].meeting, &plan);
    let id = world.member_id(CLEO);
    let why = Fault::Refused(Rule::State("it is not what follows from the removal"));
    refused_by(&mut world, &[BEN, DAN, EVE], entry, Some(id), why);
}

#[test]
fn with_nobody_listed_no_host_is_left_and_nobody_is_let_in() {
    // SPEC [G17], [G8]
    let mut world = world(198);
    let invite = world.clients[0].meeting.invite().unwrap();
    act(&mut world, 0, |meeting, now| meeting.leave(now));
    world.assert_agreed(&[BEN, 2]);
    let dan = world.knock_with("Dan", &invite);
    world.pass(5_000);
    assert!(!world.has_joined(dan));
    for who in [BEN, 2] {
        let roster = world.clients[who].meeting.roster();
        assert!(roster.iter().all(|p| p.role == Role::Attendee), "client {who}");
    }
}
