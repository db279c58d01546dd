//! Events that break a rule.

use incamera_wire::{EventBody, EventKind, Right, SignedEvent};

use super::*;

/// An event of Ben's, changed before and after he signs it.
fn event(
    world: &mut World,
    before: impl FnOnce(&mut EventBody),
    after: impl FnOnce(&mut SignedEvent),
) -> Vec<u8> {
    let author = &mut world.clients[BEN].meeting;
    let meeting = author.id();
    let own = member(author);
    let (stay, epoch, counter) = (own.stay, own.epochs.current().epoch, own.counter);
    let mut body = EventBody { meeting, epoch, stay, counter, kind: EventKind::Leave };
    before(&mut body);
    let body = body.encode();
    let signature = own.group.sign(&[b"incamera 1 event".as_slice(), &body].concat());
    let mut signed = SignedEvent { body, signature };
    after(&mut signed);
    // Ben's own client, which has not said this, takes it for a clone's: nobody hears what it does then.
    world.clients[BEN].unheard = true;
    let author = &mut world.clients[BEN].meeting;
    seal(author, EnvelopeKind::Event, &signed.encode())
}

#[test]
fn an_end_without_the_right_is_refused_by_all() {
    // SPEC [G12]
    let mut world = world(50);
    let entry = event(&mut world, |body| body.kind = EventKind::End, |_| ());
    let ben = world.member_id(BEN);
    all_refuse(world, entry, Some(ben), Fault::MissingRight(Right::End));
}

#[test]
fn an_event_in_anothers_name_is_refused_by_all() {
    // SPEC [G11], [I1]
    let mut world = world(51);
    let cleo = world.member_id(2);
    let entry = event(&mut world, |body| body.stay = cleo, |_| ());
    all_refuse(world, entry, None, Fault::Signature);
}

#[test]
fn an_event_of_nobody_is_refused_by_all() {
    // SPEC [G11]
    let mut world = world(52);
    let entry = event(&mut world, |body| body.stay = StayId::new([9; 16]), |_| ());
    all_refuse(world, entry, None, Fault::UnknownAuthor);
}

#[test]
fn an_event_signed_for_another_epoch_is_refused_by_all() {
    // SPEC [G11]
    let mut world = world(53);
    let entry = event(&mut world, |body| body.epoch += 1, |_| ());
    let ben = world.member_id(BEN);
    all_refuse(world, entry, Some(ben), Fault::Signature);
}

#[test]
fn an_event_of_another_meeting_is_refused_by_all() {
    // SPEC [W8]
    let mut world = world(54);
    let elsewhere = incamera_wire::MeetingId::new([9; 16]);
    let entry = event(&mut world, |body| body.meeting = elsewhere, |_| ());
    all_refuse(world, entry, None, Fault::OtherMeeting);
}

#[test]
fn an_event_with_a_flipped_signature_bit_is_refused_by_all() {
    // SPEC [I1]
    let mut world = world(55);
    let entry = event(&mut world, |_| (), |signed| signed.signature[0] ^= 1);
    all_refuse(world, entry, None, Fault::Signature);
}

#[test]
fn an_event_whose_counter_came_before_is_refused_by_all() {
    // SPEC [G11]
    let mut world = world(56);
    let kind = EventKind::Confirm { authenticator: [0; 32] };
    let first = event(&mut world, |body| body.kind = kind.clone(), |_| ());
    world.append(first);
    world.settle();
    let entry = event(&mut world, |body| body.kind = kind, |_| ());
    let ben = world.member_id(BEN);
    all_refuse(world, entry, Some(ben), Fault::Replayed);
}

#[test]
fn a_confirmation_of_another_group_raises_the_alarm() {
    let mut world = world(57);
    let kind = EventKind::Confirm { authenticator: [0; 32] };
    let entry = event(&mut world, |body| body.kind = kind, |_| ());
    let ben = world.member_id(BEN);
    world.append(entry);
    world.settle();
    for who in HONEST {
        let alarm = Event::Alarm(crate::Alarm::Disagreement { member: ben });
        assert_eq!(world.clients[who].events.last(), Some(&alarm));
    }
}

#[test]
fn an_event_of_an_epoch_that_ended_opens_for_thirty_seconds() {
    // SPEC [G11]
    for (wait, opens) in [(29_000, true), (30_000, false)] {
        let mut world = world(58);
        let early = event(&mut world, |_| (), |_| ());
        world.knock("Dan");
        world.admit_all(0);
        // Nobody has driven the timers that erase the keys.
        world.now_ms += wait;
        world.append(early);
        world.settle();
        let left = world.names(0).len() == 3;
        assert_eq!(left, opens, "after {wait} ms");
        if !opens {
            let refused = world.refusals(0);
            let last = refused.last();
            assert!(
                matches!(last, Some(Event::Refused { fault: Fault::EpochEnded, .. })),
                "{last:?}"
            );
        }
    }
}

#[test]
fn an_event_of_somebody_who_has_gone_since_is_refused() {
    // SPEC [G11]
    let mut world = world(59);
    let early = event(&mut world, |_| (), |_| ());
    let (ben, now) = (world.member_id(BEN), world.now());
    world.clients[0].meeting.remove(ben, now).unwrap();
    world.settle();
    world.append(early);
    world.settle();
    let last = world.clients[2].events.last();
    let refused = matches!(
        last,
        Some(Event::Refused { fault: Fault::UnknownAuthor, author: Some(author), .. })
            if *author == ben
    );
    assert!(refused, "{last:?}");
}
