//! Heartbeats: forged, replayed and disagreeing ones, and the orders inside them (SPEC \[G24\],
//! \[G25\], \[G28\], \[K10\]).

use incamera_wire::{Heartbeat, Right};

use super::*;
use crate::{Alarm, Input};

const CLEO: Who = 2;

/// What a client would say now, changed.
fn said(world: &mut World, who: Who, change: impl FnOnce(&mut Heartbeat)) -> EventKind {
    let now_ms = world.now_ms;
    let own = member(&mut world.clients[who].meeting);
    let mut heartbeat = Heartbeat {
        authenticator: own.epochs.current().authenticator,
        log_position: own.live.prefix.position(),
        log_hash: own.live.prefix.hash(),
        time_ms: now_ms - own.live.origin_ms,
        orders: Vec::new(),
    };
    change(&mut heartbeat);
    EventKind::Heartbeat(heartbeat)
}

/// A log entry with a heartbeat of `who`'s, changed before it is signed.
fn heartbeat(world: &mut World, who: Who, change: impl FnOnce(&mut Heartbeat)) -> Vec<u8> {
    let kind = said(world, who, change);
    let author = &mut world.clients[who].meeting;
    let signed = signed(author, kind).encode();
    seal(author, EnvelopeKind::Heartbeat, &signed)
}

/// The heartbeats in the log, with their authors, as long as the keys are those of now.
fn heartbeats(world: &mut World) -> Vec<(StayId, Heartbeat)> {
    let key = heartbeat_key(&state_of(world, 0).heartbeat_keys[0]);
    let entries = world.log.iter().map(|entry| opened(entry));
    let beats = entries.filter(|entry| entry.kind == EnvelopeKind::Heartbeat);
    beats
        .map(|entry| {
            let signed = SignedEvent::decode(&envelope::open(&key, &entry).unwrap()).unwrap();
            let body = EventBody::decode(&signed.body).unwrap();
            let EventKind::Heartbeat(heartbeat) = body.kind else { panic!("{:?}", body.kind) };
            (body.stay, heartbeat)
        })
        .collect()
}

fn alarms(world: &World, who: Who) -> usize {
    world.count(who, |event| matches!(event, Event::Alarm(_)))
}

/// An order of `author`'s that no envelope of its own brings.
fn held_order(world: &mut World, author: Who, target: Who) -> Vec<u8> {
    let (target, stay) = (fingerprint(world, target), world.member_id(target));
    let kind = EventKind::RemovalOrder { target, stay };
    signed(&mut world.clients[author].meeting, kind).encode()
}

#[test]
fn hosts_beat_every_five_seconds_their_followers_too_and_the_others_once_a_minute() {
    // SPEC [G24]
    let mut world = world(220);
    give_role(&mut world, BEN, Role::CoHost);
    let ben = fingerprint(&world, BEN);
    act(&mut world, 0, |meeting, now| meeting.set_succession(vec![ben], now));
    world.pass(200_000);
    let ids = [0, BEN, CLEO].map(|who| world.member_id(who));
    let beats = heartbeats(&mut world);
    let count = ids.map(|id| beats.iter().filter(|(stay, _)| *stay == id).count());
    assert_eq!(count[..2], [40, 40]);
    // One a minute, and one in the beginning for the host to answer.
    assert!((3..=5).contains(&count[2]), "{count:?}");
    let times: Vec<_> = beats.iter().filter(|(stay, _)| *stay == ids[0]).collect();
    assert!(times.windows(2).all(|pair| pair[1].1.time_ms - pair[0].1.time_ms == 5_000));
    for who in [0, BEN, CLEO] {
        assert_eq!(alarms(&world, who), 0, "client {who}");
        assert!(world.refusals(who).is_empty(), "client {who}");
    }
}

#[test]
fn a_heartbeat_that_comes_again_is_refused_by_all() {
    // SPEC [G24], [G11]
    let mut world = world(221);
    world.pass(2_000);
    let entry = heartbeat(&mut world, BEN, |_| ());
    world.append(entry.clone());
    world.settle();
    let (ben, heard) = (world.member_id(BEN), world.now_ms);
    world.pass(3_000);
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Replayed);
    assert_eq!(world.clients[0].meeting.roster()[1].heard_ms, Some(heard));
    goes_on(world);
}

#[test]
fn a_forged_heartbeat_is_refused_by_all() {
    // SPEC [G24], [I1]
    let mut world = world(222);
    let ben = world.member_id(BEN);
    let kind = said(&mut world, BEN, |_| ());
    let author = &mut world.clients[BEN].meeting;
    let good = signed(author, kind);
    let mut flipped = good.clone();
    flipped.signature[0] ^= 1;
    let mut of_nobody = EventBody::decode(&good.body).unwrap();
    of_nobody.stay = StayId::new([9; 16]);
    let of_nobody = SignedEvent { body: of_nobody.encode(), ..good.clone() };
    let entry = seal(author, EnvelopeKind::Heartbeat, &flipped.encode());
    let stranger = seal(author, EnvelopeKind::Heartbeat, &of_nobody.encode());
    refused_by(&mut world, &HONEST, entry, None, Fault::Signature);
    refused_by(&mut world, &HONEST, stranger, None, Fault::UnknownAuthor);
    // Signed for another epoch than its envelope says.
    give_role(&mut world, CLEO, Role::Presenter);
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Heartbeat, &good.encode());
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    for who in HONEST {
        assert_eq!(alarms(&world, who), 0, "client {who}");
    }
    goes_on(world);
}

#[test]
fn a_heartbeat_in_an_events_envelope_and_an_event_in_a_heartbeats_are_refused_by_all() {
    // SPEC [G24]
    let mut world = world(223);
    let ben = world.member_id(BEN);
    let kind = said(&mut world, BEN, |_| ());
    let entry = forged_event(&mut world, BEN, kind.clone());
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    let author = &mut world.clients[BEN].meeting;
    let signed_beat = signed(author, kind).encode();
    let entry = seal(author, EnvelopeKind::Order, &signed_beat);
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    let author = &mut world.clients[BEN].meeting;
    let signed_leave = signed(author, EventKind::Leave).encode();
    let entry = seal(author, EnvelopeKind::Heartbeat, &signed_leave);
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    goes_on(world);
}

#[test]
fn a_heartbeat_under_the_key_of_orders_or_one_that_has_left_the_state_is_refused_by_all() {
    // SPEC [K10]
    let mut world = World::meeting(224, &["Ada", "Ben", "Cleo", "Dan", "Eve"]);
    let kind = said(&mut world, BEN, |_| ());
    let author = &mut world.clients[BEN].meeting;
    let mut entry = |kind: &EventKind, key: fn(&Secret<32>) -> Secret<32>| {
        let signed = signed(author, kind.clone()).encode();
        let meeting = author.id();
        let key = key(&member(author).state.heartbeat_keys[0]);
        let head = Head { meeting, kind: EnvelopeKind::Heartbeat, epoch: 4, welcome: None };
        envelope::seal(&key, &Entropy::system(), head, &signed).unwrap().encode()
    };
    let wrong_use = entry(&kind, order_key);
    let (next, old) = (entry(&kind, heartbeat_key), entry(&kind, heartbeat_key));
    assert_eq!(world.clients[0].meeting.epoch(), Some(4));
    refused_by(&mut world, &HONEST, wrong_use, None, Fault::Unopenable);
    let dan = world.member_id(3);
    act(&mut world, 0, |meeting, now| meeting.remove(dan, now));
    // The key before the newest still opens: what it says is true.
    world.append(next);
    world.settle();
    assert!(world.refusals(CLEO).len() == 1 && alarms(&world, CLEO) == 0);
    let eve = world.member_id(4);
    act(&mut world, 0, |meeting, now| meeting.remove(eve, now));
    refused_by(&mut world, &HONEST, old, None, Fault::Unopenable);
    goes_on(world);
}

#[test]
fn a_heartbeat_of_another_log_raises_the_alarm_once() {
    // SPEC [G24], [G25]
    let wrong: [fn(&mut Heartbeat); 5] = [
        |said| said.log_hash[0] ^= 1,
        |said| said.authenticator[31] ^= 1,
        |said| said.log_position += 1,
        |said| said.log_position -= 1,
        |said| said.log_position = u64::MAX,
    ];
    for (case, wrong) in wrong.into_iter().enumerate() {
        let mut world = world(225);
        let alarm = Event::Alarm(Alarm::Disagreement { member: world.member_id(BEN) });
        for _ in 0..2 {
            let entry = heartbeat(&mut world, BEN, wrong);
            world.append(entry);
            world.settle();
        }
        for who in HONEST {
            assert_eq!(world.count(who, |event| *event == alarm), 1, "case {case}, client {who}");
            // Nobody goes after somebody without a say.
            assert_eq!(world.clients[who].meeting.core.shared.wants_resync, None);
            let resyncs = |event: &Event| matches!(event, Event::Resyncing { .. });
            assert_eq!(world.count(who, resyncs), 0);
        }
        // And once more if it agreed in between.
        let again = heartbeat(&mut world, BEN, |_| ());
        world.append(again);
        world.settle();
        let bad = heartbeat(&mut world, BEN, wrong);
        world.append(bad);
        world.settle();
        assert_eq!(world.count(0, |event| *event == alarm), 2, "case {case}");
        goes_on(world);
    }
}

#[test]
fn a_heartbeat_of_a_place_that_is_not_known_moves_nobody() {
    // SPEC [G24], [G25]
    let mut world = world(226);
    world.pass(20_000);
    let early = heartbeat(&mut world, 0, |_| ());
    let dan = world.knock("Dan");
    world.admit_all(0);
    let before = member(&mut world.clients[dan].meeting).live.fresh_ms;
    world.append(early);
    world.settle();
    assert!(alarms(&world, dan) == 0 && world.refusals(dan).is_empty());
    assert_eq!(member(&mut world.clients[dan].meeting).live.fresh_ms, before);
    // What lies too far back for everybody.
    let old = heartbeat(&mut world, 0, |_| ());
    for _ in 0..super::super::prefix::MAX_PLACES {
        world.append(b"no envelope at all".to_vec());
    }
    world.settle();
    world.pass(200);
    let fresh = member(&mut world.clients[CLEO].meeting).live.fresh_ms;
    world.append(old);
    world.settle();
    assert_eq!(alarms(&world, CLEO), 0);
    assert_eq!(member(&mut world.clients[CLEO].meeting).live.fresh_ms, fresh);
    world.pass(60_000);
    for who in 0..=dan {
        assert_eq!(alarms(&world, who), 0, "client {who}");
    }
}

#[test]
fn an_order_binds_that_nobody_has_read_but_in_a_heartbeat() {
    // SPEC [G28]
    let mut world = world(227);
    let (ben, order) = (fingerprint(&world, BEN), held_order(&mut world, 0, BEN));
    let entry = heartbeat(&mut world, 0, |said| said.orders = vec![order]);
    let ordered = Event::Ordered { member: world.member_id(BEN), by: world.member_id(0) };
    world.append(entry);
    world.settle();
    assert!(world.clients[CLEO].events.contains(&ordered));
    for who in HONEST {
        assert_eq!(world.names(who), ["Ada", "Cleo"], "client {who}");
        assert_eq!(world.clients[who].meeting.rules().unwrap().bans, [ben], "client {who}");
    }
    world.assert_agreed(&HONEST);
}

#[test]
fn an_order_binds_whatever_its_heartbeat_says_of_the_log() {
    // SPEC [G28], [G2]: a joiner, to whom the place is unknown, comes to the same verdict.
    let mut world = world(228);
    let order = held_order(&mut world, 0, BEN);
    let hold = |said: &mut Heartbeat| said.orders = vec![order.clone()];
    let early = heartbeat(&mut world, 0, hold);
    let dan = world.knock("Dan");
    world.admit_all(0);
    let ordered = Event::Ordered { member: world.member_id(BEN), by: world.member_id(0) };
    world.append(early.clone());
    world.settle();
    for who in [0, CLEO, dan] {
        assert!(world.clients[who].events.contains(&ordered), "client {who}");
    }
    world.assert_agreed(&[0, CLEO, dan]);
    // Once it is carried out, it says nothing more, and nobody is to blame.
    let ada = world.member_id(0);
    refused_by(&mut world, &[CLEO, dan], early, Some(ada), Fault::Replayed);
    let disagreeing = world.knock("Eve");
    world.admit_all(0);
    let order = held_order(&mut world, 0, disagreeing);
    let ordered = Event::Ordered { member: world.member_id(disagreeing), by: ada };
    let entry = heartbeat(&mut world, 0, |said| {
        (said.orders, said.log_hash) = (vec![order], [0; 32]);
    });
    world.append(entry);
    world.settle();
    for who in [0, CLEO, dan] {
        assert!(world.clients[who].events.contains(&ordered), "client {who}");
    }
}

#[test]
fn an_order_in_a_heartbeat_is_void_without_the_right_or_of_another_author() {
    // SPEC [G28], [G16]
    let mut world = world(229);
    let (ben, ada) = (world.member_id(BEN), world.member_id(0));
    let own = held_order(&mut world, BEN, CLEO);
    let entry = heartbeat(&mut world, BEN, |said| said.orders = vec![own]);
    let missing = Fault::Refused(Rule::MissingRight(Right::Remove));
    refused_by(&mut world, &HONEST, entry, Some(ben), missing);
    let hosts = held_order(&mut world, 0, CLEO);
    let entry = heartbeat(&mut world, BEN, |said| said.orders = vec![hosts]);
    refused_by(&mut world, &HONEST, entry, Some(ben), Fault::Signature);
    // Nor one of an epoch that has not come, which would be read again as one of that.
    let (target, cleo) = (fingerprint(&world, CLEO), world.member_id(CLEO));
    let (meeting, stay) = (world.clients[0].meeting.id(), ada);
    let own = member(&mut world.clients[0].meeting);
    let (epoch, counter) = (own.epochs.current().epoch + 1, own.counter);
    let kind = EventKind::RemovalOrder { target, stay: cleo };
    let body = EventBody { meeting, epoch, stay, counter, kind }.encode();
    let signature = own.group.sign(&[b"incamera 1 event".as_slice(), &body].concat());
    let early = SignedEvent { body, signature }.encode();
    let entry = heartbeat(&mut world, 0, |said| said.orders = vec![early]);
    refused_by(&mut world, &[BEN, CLEO], entry, Some(ada), Fault::Signature);
    let leave = signed(&mut world.clients[0].meeting, EventKind::Leave).encode();
    let entry = heartbeat(&mut world, 0, |said| said.orders = vec![leave]);
    refused_by(&mut world, &[BEN, CLEO], entry, Some(ada), Fault::Signature);
    for who in 0..=CLEO {
        let roster = world.clients[who].meeting.roster();
        assert!(roster.len() == 3 && roster.iter().all(|p| !p.ordered_out), "client {who}");
    }
    goes_on(world);
}

#[test]
fn an_order_that_is_kept_from_the_log_comes_with_the_next_heartbeat() {
    // SPEC [G28]
    let mut world = world(230);
    give_role(&mut world, BEN, Role::CoHost);
    world.pass(2_000);
    let (cleo, entries) = (world.member_id(CLEO), world.log.len());
    // The server drops the order and the commit of a co-host who beats seldom otherwise.
    world.clients[BEN].unheard = true;
    act(&mut world, BEN, |meeting, now| meeting.remove(cleo, now));
    world.withheld.clear();
    world.pass(5_000);
    let is_beat = |message: &&crate::Message| {
        Envelope::decode(&message.bytes).is_ok_and(|e| e.kind == EnvelopeKind::Heartbeat)
    };
    let beat = world.withheld.iter().find(is_beat).cloned().unwrap();
    assert!(world.log[entries..].iter().all(|e| opened(e).kind == EnvelopeKind::Heartbeat));
    let seq = world.log.len() as u64;
    world.serve(beat);
    world.settle();
    assert!(world.clients[0].meeting.roster()[2].ordered_out);
    world.pass(1_000);
    assert_eq!(world.names(0), ["Ada", "Ben"]);
    // What was read in any order is read once.
    let bytes = world.log[seq as usize].clone();
    let now = world.now();
    let before = world.clients[0].meeting.digest();
    world.clients[0].meeting.handle(Input::Log { seq, bytes }, now).unwrap();
    assert_eq!(world.clients[0].meeting.digest(), before);
}
