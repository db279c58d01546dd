//! Removal orders: void ones, and what nobody does against a binding one (SPEC \[G16\], \[K9\]).

use incamera::testing;
use incamera_wire::{Destination, Right, Rights};

use super::*;
use crate::meeting::face::{Input, Message, Output};
use crate::policy::{self, Removal};
use crate::{FrameError, Framing, Track};

/// A log entry with an order of `author`'s, whatever the rules say.
fn forged_order(world: &mut World, author: Who, target: Fingerprint, stay: StayId) -> Vec<u8> {
    let author = &mut world.clients[author].meeting;
    let signed = signed(author, EventKind::RemovalOrder { target, stay }).encode();
    seal(author, EnvelopeKind::Order, &signed)
}

/// The same, naming a client.
fn order(world: &mut World, author: Who, target: Who) -> Vec<u8> {
    let (who, stay) = (fingerprint(world, target), world.member_id(target));
    forged_order(world, author, who, stay)
}

/// Appends entries that everybody reads at once, while the server passes on nothing that comes of
/// it.
fn read_withholding(world: &mut World, entries: Vec<Vec<u8>>) {
    for client in &mut world.clients {
        client.online = false;
    }
    let now = world.now();
    for bytes in entries {
        let seq = world.log.len() as u64;
        world.append(bytes.clone());
        for client in &mut world.clients {
            // Whoever is out reads nothing.
            let _ = client.meeting.handle(Input::Log { seq, bytes: bytes.clone() }, now);
        }
    }
    world.settle();
}

/// The server passes on again what everybody has to say.
fn reconnect(world: &mut World) {
    (0..world.clients.len()).for_each(|who| world.connect(who));
    world.settle();
}

/// The last thing that these refused, whoever passes on what.
#[track_caller]
fn refused_last(world: &World, honest: &[Who], author: Option<MemberId>, fault: Fault) {
    let seq = world.log.len() as u64 - 1;
    let refused = Event::Refused { source: Source::Log { seq }, author, fault };
    for who in honest {
        assert!(world.clients[*who].events.contains(&refused), "client {who}");
    }
}

/// Ben is out at all honest members, and banned.
#[track_caller]
fn ben_is_out(world: &mut World, ben: Fingerprint) {
    for who in HONEST {
        assert_eq!(world.names(who), ["Ada", "Cleo"], "client {who}");
        assert_eq!(world.clients[who].meeting.rules().unwrap().bans, [ben], "client {who}");
    }
    world.assert_agreed(&HONEST);
}

#[test]
fn an_order_without_the_right_or_the_rank_is_refused_by_all() {
    // SPEC [G16]
    let mut world = world(140);
    let ben = world.member_id(BEN);
    for target in [0, 2] {
        let entry = order(&mut world, BEN, target);
        let fault = Fault::Refused(Rule::MissingRight(Right::Remove));
        refused_by(&mut world, &HONEST, entry, Some(ben), fault);
    }
    give_role(&mut world, BEN, Role::CoHost);
    give_role(&mut world, 2, Role::CoHost);
    for target in [0, 2] {
        let entry = order(&mut world, BEN, target);
        refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Refused(Rule::Outranked));
    }
    goes_on(world);
}

#[test]
fn an_order_that_names_its_author_or_an_absent_stay_is_refused_by_all() {
    // SPEC [G16]
    let mut world = world(141);
    give_role(&mut world, BEN, Role::CoHost);
    let (ben, cleo) = (world.member_id(BEN), fingerprint(&world, 2));
    let own = order(&mut world, BEN, BEN);
    let void = |why| Fault::Refused(Rule::VoidOrder(why));
    let why = "its author is whom it names";
    refused_by(&mut world, &HONEST, own, Some(ben), void(why));
    let why = "the stay that it names has ended or is another's";
    for stay in [StayId::new([9; 16]), world.member_id(0), ben] {
        let entry = forged_order(&mut world, BEN, cleo, stay);
        refused_by(&mut world, &HONEST, entry, Some(ben), void(why));
    }
    let entry = forged_order(&mut world, BEN, Fingerprint::new([9; 32]), StayId::new([9; 16]));
    refused_by(&mut world, &HONEST, entry, Some(ben), void(why));
    goes_on(world);
}

#[test]
fn an_order_by_somebody_ordered_out_is_refused_by_all() {
    // SPEC [G16]
    let mut world = world(142);
    give_role(&mut world, BEN, Role::CoHost);
    let (ben, id) = (fingerprint(&world, BEN), world.member_id(BEN));
    let (first, second) = (order(&mut world, 0, BEN), order(&mut world, BEN, 2));
    read_withholding(&mut world, vec![first, second]);
    refused_last(&world, &HONEST, Some(id), Fault::Refused(Rule::OrderedOut));
    reconnect(&mut world);
    ben_is_out(&mut world, ben);
}

#[test]
fn an_order_replayed_after_unban_and_rejoin_is_refused_by_all() {
    // SPEC [G16]
    let mut world = world(143);
    let (ben, ada, stay) = (fingerprint(&world, BEN), world.member_id(0), world.member_id(BEN));
    let place = world.log.len();
    act(&mut world, 0, |meeting, now| meeting.remove(stay, now));
    let entry = world.log[place].clone();
    assert_eq!(opened(&entry).kind, EnvelopeKind::Order);
    act(&mut world, 0, |meeting, now| meeting.unban(ben, now));
    let mut seed = [143; 32];
    seed[0] = BEN as u8;
    let identity = testing::identity(seed, "Ben").unwrap();
    assert_eq!(identity.fingerprint(), ben);
    let invite = world.clients[0].meeting.invite().unwrap();
    let again = testing::join([7; 32], &identity, &invite, world.now()).unwrap();
    let again = world.add("Ben", again);
    world.settle();
    world.admit_all(0);
    assert!(world.has_joined(again));
    let void = Rule::VoidOrder("the stay that it names has ended or is another's");
    refused_by(&mut world, &HONEST, entry, Some(ada), Fault::Refused(void));
    world.assert_agreed(&[0, 2, again]);
}

#[test]
fn an_order_under_a_key_that_has_left_the_state_is_refused_by_all() {
    // SPEC [G16], [K9]
    let mut world = World::meeting(144, &["Ada", "Ben", "Cleo", "Dan", "Eve"]);
    let early = order(&mut world, 0, 2);
    let dan = world.member_id(3);
    act(&mut world, 0, |meeting, now| meeting.remove(dan, now));
    // The key before the newest still opens.
    let newest = state_of(&mut world, 0).heartbeat_keys[0].duplicate();
    assert_eq!(state_of(&mut world, 0).heartbeat_keys.len(), 2);
    let eve = world.member_id(4);
    act(&mut world, 0, |meeting, now| meeting.remove(eve, now));
    assert_eq!(state_of(&mut world, 0).heartbeat_keys[1], newest);
    refused_by(&mut world, &HONEST, early, None, Fault::Unopenable);
    assert_eq!(world.names(2), ["Ada", "Ben", "Cleo"]);
    goes_on(world);
}

#[test]
fn an_order_under_the_key_before_the_newest_binds() {
    // SPEC [G16], [K9]
    let mut world = World::meeting(145, &["Ada", "Ben", "Cleo", "Dan"]);
    let (early, ben) = (order(&mut world, 0, BEN), fingerprint(&world, BEN));
    let dan = world.member_id(3);
    act(&mut world, 0, |meeting, now| meeting.remove(dan, now));
    world.append(early);
    world.settle();
    for who in HONEST {
        assert_eq!(world.names(who), ["Ada", "Cleo"], "client {who}");
        assert!(world.clients[who].meeting.rules().unwrap().bans.contains(&ben));
    }
}

#[test]
fn an_order_in_an_event_envelope_and_an_event_in_an_orders_are_refused_by_all() {
    // SPEC [G16], [G11]
    let mut world = world(146);
    give_role(&mut world, BEN, Role::CoHost);
    let (ben, target, stay) = (world.member_id(BEN), fingerprint(&world, 2), world.member_id(2));
    let entry = forged_event(&mut world, BEN, EventKind::RemovalOrder { target, stay });
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    for kind in [EventKind::Leave, EventKind::Chat { text: "hello".into() }] {
        let author = &mut world.clients[BEN].meeting;
        let signed = signed(author, kind).encode();
        let entry = seal(author, EnvelopeKind::Order, &signed);
        refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    }
    // And one that is signed for another epoch than its envelope says.
    let author = &mut world.clients[BEN].meeting;
    let early = signed(author, EventKind::RemovalOrder { target, stay }).encode();
    give_role(&mut world, 2, Role::Presenter);
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Order, &early);
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    goes_on(world);
}

#[test]
fn an_order_in_anothers_name_is_refused_by_all() {
    // SPEC [G16], [G11]
    let mut world = world(147);
    let (ada, target, stay) = (world.member_id(0), fingerprint(&world, 2), world.member_id(2));
    let meeting = world.clients[BEN].meeting.id();
    let own = member(&mut world.clients[BEN].meeting);
    let (epoch, kind) = (own.epochs.current().epoch, EventKind::RemovalOrder { target, stay });
    let body = EventBody { meeting, epoch, stay: ada, counter: 99, kind }.encode();
    let signature = own.group.sign(&[b"incamera 1 event".as_slice(), &body].concat());
    let signed = SignedEvent { body, signature }.encode();
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Order, &signed);
    all_refuse(world, entry, None, Fault::Signature);
}

/// Cleo renames herself.
fn rename_cleo(world: &mut World) -> Vec<u8> {
    let own = member(&mut world.clients[2].meeting).own_seat().unwrap().credential.clone();
    let rename = crate::identity::renamed(&own, "Clea").unwrap();
    let note = CommitNote::default().encode();
    let plan = CommitPlan { note: &note, rename: Some(&rename), ..CommitPlan::default() };
    forged_commit(&mut world.clients[2].meeting, &plan)
}

#[test]
fn a_commit_that_ignores_a_binding_order_is_refused_by_all() {
    // SPEC [G16]
    let mut world = World::meeting(148, &["Ada", "Ben", "Cleo", "Dan"]);
    let (ben, cleo) = (fingerprint(&world, BEN), world.member_id(2));
    let rename = rename_cleo(&mut world);
    let binding = order(&mut world, 0, BEN);
    // Somebody else's departure, without Ben.
    let leave = signed(&mut world.clients[3].meeting, EventKind::Leave).encode();
    let note = CommitNote { departures: vec![leave], ..CommitNote::default() }.encode();
    let plan = CommitPlan { removes: &[3], note: &note, path: true, ..CommitPlan::default() };
    let departure = forged_commit(&mut world.clients[2].meeting, &plan);
    read_withholding(&mut world, vec![binding, rename]);
    refused_last(&world, &[0, 3], Some(cleo), Fault::Refused(Rule::OrderIgnored));
    read_withholding(&mut world, vec![departure]);
    refused_last(&world, &[0, 3], Some(cleo), Fault::Refused(Rule::OrderIgnored));
    reconnect(&mut world);
    for who in [0, 2, 3] {
        assert!(!world.names(who).contains(&"Ben".to_owned()));
        assert_eq!(world.clients[who].meeting.rules().unwrap().bans, [ben]);
    }
    world.assert_agreed(&[0, 2, 3]);
}

#[test]
fn a_departure_does_not_spare_the_ordered_one_the_ban() {
    // SPEC [G16], [G8]
    let mut world = world(149);
    let (ben, cleo) = (fingerprint(&world, BEN), world.member_id(2));
    let binding = order(&mut world, 0, BEN);
    let leave = signed(&mut world.clients[BEN].meeting, EventKind::Leave);
    let said = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, &leave.encode());
    // His friend carries his leave out, and not the order.
    let note = CommitNote { departures: vec![leave.encode()], ..CommitNote::default() }.encode();
    let plan = CommitPlan { removes: &[1], note: &note, path: true, ..CommitPlan::default() };
    let friend = forged_commit(&mut world.clients[2].meeting, &plan);
    read_withholding(&mut world, vec![said, binding, friend]);
    refused_last(&world, &[0], Some(cleo), Fault::Refused(Rule::OrderIgnored));
    reconnect(&mut world);
    ben_is_out(&mut world, ben);
    // Ada's own commit of his leave was on its way too: she makes it anew, at once.
    let gave_up = |event: &Event| matches!(event, Event::Alarm(_));
    assert!(!world.clients[0].events.iter().any(gave_up));
}

#[test]
fn what_the_ordered_one_commits_or_says_is_refused_by_all() {
    // SPEC [G16], [G12], [G19]
    let mut world = world(150);
    let (ben, id) = (fingerprint(&world, BEN), world.member_id(BEN));
    give_role(&mut world, BEN, Role::CoHost);
    let end = Rights::of(&[Right::End]);
    act(&mut world, 0, |meeting, now| meeting.set_exceptions(id, end, Rights::NONE, now));
    let binding = order(&mut world, 0, BEN);
    let change = forged_state(&mut world, BEN, |s| s.door = incamera_wire::Door::Locked);
    read_withholding(&mut world, vec![binding, change]);
    refused_last(&world, &HONEST, Some(id), Fault::Refused(Rule::OrderedOut));
    let said = [
        (EventKind::End, Right::End),
        (EventKind::Chat { text: "wait".into() }, Right::Chat),
        (EventKind::Reaction { symbol: "!".into() }, Right::React),
    ];
    for (kind, right) in said {
        let entry = forged_event(&mut world, BEN, kind);
        read_withholding(&mut world, vec![entry]);
        refused_last(&world, &HONEST, Some(id), Fault::MissingRight(right));
    }
    // He cannot take somebody with him either.
    let cleo = fingerprint(&world, 2);
    let own = member(&mut world.clients[BEN].meeting);
    let roster = own.roster().occupants().to_vec();
    let removal = Removal { for_cause: vec![cleo], departed: vec![] };
    let fresh = || policy::Rotation::fresh(&own.state, &Entropy::system());
    let state = policy::derive(&own.state, &roster, &removal, fresh).unwrap().unwrap().encode();
    let note = CommitNote::default().encode();
    let plan =
        CommitPlan { removes: &[2], state: Some(&state), note: &note, ..CommitPlan::default() };
    own.group.drop_pending().unwrap();
    let entry = forged_commit(&mut world.clients[BEN].meeting, &plan);
    read_withholding(&mut world, vec![entry]);
    refused_last(&world, &HONEST, Some(id), Fault::Refused(Rule::OrderedOut));
    reconnect(&mut world);
    ben_is_out(&mut world, ben);
}

#[test]
fn anyone_carries_an_order_out_while_its_author_sleeps() {
    // SPEC [G16]
    let mut world = world(151);
    let (ben, ada, id) = (fingerprint(&world, BEN), world.member_id(0), world.member_id(BEN));
    let binding = order(&mut world, 0, BEN);
    world.clients[0].online = false;
    world.append(binding);
    world.pass(3_000);
    let ordered = Event::Ordered { member: id, by: ada };
    assert!(world.clients[2].events.contains(&ordered));
    // Cleo is a plain attendee.
    assert_eq!(world.names(2), ["Ada", "Cleo"]);
    world.connect(0);
    world.settle();
    ben_is_out(&mut world, ben);
}

#[test]
fn sealing_stops_while_an_order_is_not_carried_out() {
    // SPEC [G16], [M9]
    let mut world = world(152);
    let ben = fingerprint(&world, BEN);
    let binding = order(&mut world, 0, BEN);
    let mut sealers: Vec<_> = (0..3)
        .map(|who| world.clients[who].meeting.sealer(Track::MICROPHONE, Framing::Whole).unwrap())
        .collect();
    read_withholding(&mut world, vec![binding]);
    let mut seal = |who: Who, now| sealers[who].seal(b"frame", now, &mut Vec::new());
    assert_eq!(seal(BEN, world.now_ms), Err(FrameError::Stopped), "he knows that he is out");
    assert_eq!(seal(0, world.now_ms), Ok(()));
    assert_eq!(seal(2, world.now_ms), Ok(()));
    world.pass(999);
    assert_eq!(seal(2, world.now_ms), Ok(()));
    world.pass(1);
    for who in HONEST {
        assert_eq!(seal(who, world.now_ms), Err(FrameError::Stopped), "client {who}");
    }
    reconnect(&mut world);
    ben_is_out(&mut world, ben);
    for who in HONEST {
        assert_eq!(seal(who, world.now_ms), Ok(()), "client {who}");
    }
}

#[test]
fn of_two_hosts_that_order_each_other_out_the_first_in_the_log_wins() {
    // SPEC [G16]
    for (seed, first) in [(153, 0), (154, BEN)] {
        let mut world = World::meeting(seed, &["Ada", "Ben", "Cleo", "Dan"]);
        give_role(&mut world, BEN, Role::Host);
        let second = if first == 0 { BEN } else { 0 };
        let (loser, id) = (fingerprint(&world, second), world.member_id(second));
        let entries = vec![order(&mut world, first, second), order(&mut world, second, first)];
        read_withholding(&mut world, entries);
        refused_last(&world, &[first, 2, 3], Some(id), Fault::Refused(Rule::OrderedOut));
        reconnect(&mut world);
        world.assert_agreed(&[first, 2, 3]);
        for who in [first, 2, 3] {
            assert_eq!(world.clients[who].meeting.rules().unwrap().bans, [loser]);
        }
    }
}

/// What this client wants to have in the log by now.
fn posts(client: &mut Meeting) -> Vec<Vec<u8>> {
    let entry = |output| match output {
        Output::Send(Message { to: Destination::Log, bytes, .. }) => Some(bytes),
        _ => None,
    };
    std::iter::from_fn(|| client.poll()).filter_map(entry).collect()
}

/// `count` commits that follow each other, made in advance: Ben reads each back by himself.
fn pipelined(world: &mut World, count: usize) -> Vec<Vec<u8>> {
    let (now, first) = (world.now(), world.log.len());
    let ben = &mut world.clients[BEN].meeting;
    let mut entries = Vec::new();
    for place in 0..count {
        ben.rename(if place % 2 == 0 { "Bob" } else { "Ben" }, now).unwrap();
        let entry = posts(ben).pop().unwrap();
        let input = Input::Log { seq: (first + place) as u64, bytes: entry.clone() };
        ben.handle(input, now).unwrap();
        entries.push(entry);
    }
    entries
}

#[test]
fn a_removal_is_not_starved_by_a_thousand_pipelined_commits() {
    // SPEC [G16]
    const BEFORE: usize = 200;
    let mut world = world(155);
    let (ben, id) = (fingerprint(&world, BEN), world.member_id(BEN));
    world.clients[BEN].online = false;
    let mut entries = pipelined(&mut world, 1_000);
    let epoch = world.clients[2].meeting.epoch().unwrap();
    let now = world.now();
    world.clients[0].meeting.remove(id, now).unwrap();
    // The server passes on everything of Ben's before anything of Ada's, and her order late.
    let order = posts(&mut world.clients[0].meeting).remove(0);
    assert_eq!(opened(&order).kind, EnvelopeKind::Order);
    entries.insert(BEFORE, order);
    entries.into_iter().for_each(|entry| world.append(entry));
    world.settle();
    ben_is_out(&mut world, ben);
    for who in HONEST {
        let after = world.clients[who].meeting.epoch().unwrap();
        assert_eq!(after, epoch + BEFORE as u64 + 1, "nothing behind the order took an epoch");
        let out = |event: &&Event| {
            matches!(event, Event::Refused { author: Some(author), fault, .. }
                if *author == id && *fault == Fault::Refused(Rule::OrderedOut))
        };
        assert_eq!(world.clients[who].events.iter().filter(out).count(), 1);
        assert_eq!(world.refusals(who).len(), 1_000 - BEFORE, "client {who}");
    }
    goes_on(world);
}

#[test]
fn a_change_that_an_order_overtakes_is_made_afterwards() {
    // SPEC [G16], [G15]
    let mut world = world(156);
    give_role(&mut world, 2, Role::CoHost);
    let (ben, binding) = (fingerprint(&world, BEN), order(&mut world, 2, BEN));
    let now = world.now();
    let door = incamera_wire::Door::Locked;
    world.clients[0].meeting.set_door(door, now).unwrap();
    let overtaken = posts(&mut world.clients[0].meeting);
    world.append(binding);
    overtaken.into_iter().for_each(|entry| world.append(entry));
    world.settle();
    ben_is_out(&mut world, ben);
    for who in HONEST {
        assert_eq!(world.clients[who].meeting.rules().unwrap().door, door, "client {who}");
        let alarm = |event: &Event| matches!(event, Event::Alarm(_));
        assert!(!world.clients[who].events.iter().any(alarm), "client {who}");
    }
}
