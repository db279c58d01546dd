//! Commits that break a rule.

use incamera_wire::{
    BlobHash, CommitNote, EventBody, EventKind, GroupState, MeetingId, MemberEntry, Right, Role,
    SignedEvent, WelcomeNote,
};

use super::*;

use crate::policy::{self, Removal, Rotation};

fn note(departures: Vec<Vec<u8>>) -> Vec<u8> {
    CommitNote { departures, ..CommitNote::default() }.encode()
}

/// The state that follows from removing Cleo for cause.
fn without_cleo(world: &mut World) -> GroupState {
    let state = state_of(world, 0);
    let cleo = world.clients[0].meeting.roster()[2].fingerprint;
    let removal = Removal { for_cause: vec![cleo], departed: vec![] };
    let rotation = || Rotation::fresh(&state, &Entropy::system());
    let roster = member(&mut world.clients[0].meeting).roster().occupants().to_vec();
    policy::derive(&state, &roster, &removal, rotation).unwrap().unwrap()
}

#[test]
fn a_removal_without_the_right_is_refused_by_all() {
    // SPEC [G2], [G8]
    let mut world = world(30);
    let (state, note) = (without_cleo(&mut world).encode(), note(vec![]));
    let plan =
        CommitPlan { removes: &[2], state: Some(&state), note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[BEN].meeting, &plan);
    let ben = world.member_id(BEN);
    let fault = Fault::Refused(Rule::MissingRight(Right::Remove));
    all_refuse(world, entry, Some(ben), fault);
}

#[test]
fn an_add_without_the_right_is_refused_by_all() {
    // SPEC [G2], [G8]
    let mut world = world(31);
    let package = [key_package("Mallory", &world.clients[0].meeting)];
    let state = state_of(&mut world, BEN);
    let secret = &state.invites[0].secret;
    let (note, psk) = (note(vec![]), Some((PskId::Invite(policy::invite_id(secret)), secret)));
    let plan = CommitPlan { adds: &package, psk, note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[BEN].meeting, &plan);
    let ben = world.member_id(BEN);
    all_refuse(world, entry, Some(ben), Fault::Refused(Rule::MissingRight(Right::Admit)));
}

#[test]
fn an_add_under_a_secret_of_no_invite_is_refused_by_all() {
    // SPEC [G7]
    let mut world = world(32);
    let package = [key_package("Mallory", &world.clients[0].meeting)];
    let secret = zeros();
    let psk = (PskId::Invite(policy::invite_id(&secret)), &secret);
    let own = member(&mut world.clients[0].meeting);
    own.group.set_psks(&[psk]).unwrap();
    let note = note(vec![]);
    let plan = CommitPlan { adds: &package, psk: Some(psk), note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[0].meeting, &plan);
    let seq = world.log.len() as u64;
    world.append(entry);
    world.settle();
    for who in [BEN, 2] {
        let Some(Event::Refused { source, fault, .. }) = world.clients[who].events.last() else {
            panic!("client {who} must refuse")
        };
        assert_eq!(*source, Source::Log { seq });
        assert!(matches!(fault, Fault::InvalidCommit(_)), "{fault}");
    }
}

#[test]
fn an_add_whose_certificate_is_for_another_meeting_is_refused_by_all() {
    // SPEC [I2], [G6]
    let mut world = world(33);
    let elsewhere = World::meeting(99, &["Eve"]);
    let package = [key_package("Mallory", &elsewhere.clients[0].meeting)];
    let state = state_of(&mut world, 0);
    let secret = &state.invites[0].secret;
    let (note, psk) = (note(vec![]), Some((PskId::Invite(policy::invite_id(secret)), secret)));
    let plan = CommitPlan { adds: &package, psk, note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[0].meeting, &plan);
    let ada = world.member_id(0);
    all_refuse(world, entry, Some(ada), Fault::Refused(Rule::Certificate));
}

#[test]
fn a_removal_that_promotes_its_author_is_refused_by_all() {
    // SPEC [G9]
    let mut world = world(34);
    let mut state = without_cleo(&mut world);
    let ada = state.members[0].fingerprint;
    let ben = world.clients[0].meeting.roster()[1].fingerprint;
    state.members.push(MemberEntry { role: Role::Host, ..MemberEntry::plain(ben) });
    state.members.sort_unstable_by_key(|entry| entry.fingerprint);
    assert_ne!(ada, ben);
    let (state, note) = (state.encode(), note(vec![]));
    let plan =
        CommitPlan { removes: &[2], state: Some(&state), note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[0].meeting, &plan);
    let author = world.member_id(0);
    let fault = Fault::Refused(Rule::State("it is not what follows from the removal"));
    all_refuse(world, entry, Some(author), fault);
}

#[test]
fn a_departure_without_the_leavers_own_signature_is_refused_by_all() {
    // SPEC [G8], [G11]
    let mut world = world(35);
    let cleo = world.member_id(2);
    let meeting = world.clients[0].meeting.id();
    let own = member(&mut world.clients[BEN].meeting);
    let body = EventBody {
        meeting,
        epoch: own.epochs.current().epoch,
        stay: cleo,
        counter: 0,
        kind: EventKind::Leave,
    };
    let body = body.encode();
    let signature = own.group.sign(&[b"incamera 1 event".as_slice(), &body].concat());
    let evidence = SignedEvent { body, signature }.encode();
    let note = note(vec![evidence]);
    let plan = CommitPlan { removes: &[2], note: &note, path: true, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[BEN].meeting, &plan);
    let ben = world.member_id(BEN);
    all_refuse(world, entry, Some(ben), Fault::Refused(Rule::Evidence));
}

#[test]
fn an_event_that_is_no_leave_is_no_evidence() {
    // SPEC [G8]
    let mut world = world(36);
    let meeting = world.clients[0].meeting.id();
    let own = member(&mut world.clients[2].meeting);
    let kind = EventKind::Confirm { authenticator: [0; 32] };
    let (stay, epoch) = (own.stay, own.epochs.current().epoch);
    let body = EventBody { meeting, epoch, stay, counter: 0, kind }.encode();
    let signature = own.group.sign(&[b"incamera 1 event".as_slice(), &body].concat());
    let note = note(vec![SignedEvent { body, signature }.encode()]);
    let plan = CommitPlan { removes: &[2], note: &note, path: true, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[BEN].meeting, &plan);
    let ben = world.member_id(BEN);
    all_refuse(world, entry, Some(ben), Fault::Refused(Rule::Evidence));
}

#[test]
fn a_commit_with_a_malformed_note_is_refused_by_all() {
    // SPEC [W2]
    let mut world = world(37);
    let plan = CommitPlan { note: b"\xff", path: true, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[BEN].meeting, &plan);
    let ben = world.member_id(BEN);
    let malformed = CommitNote::decode(b"\xff").unwrap_err();
    all_refuse(world, entry, Some(ben), Fault::Malformed(malformed));
}

#[test]
fn a_commit_for_an_epoch_that_does_not_exist_is_refused_by_all() {
    // SPEC [G13]
    let mut world = world(38);
    let mut entry = opened(&seal(&mut world.clients[BEN].meeting, EnvelopeKind::Handshake, b"x"));
    entry.epoch += 1;
    all_refuse(world, entry.encode(), None, Fault::EpochAhead);
}

#[test]
fn an_entry_of_another_meeting_is_refused_by_all() {
    // SPEC [W8]
    let mut world = world(39);
    let mut entry = opened(&seal(&mut world.clients[BEN].meeting, EnvelopeKind::Handshake, b"x"));
    entry.meeting = MeetingId::new([9; 16]);
    all_refuse(world, entry.encode(), None, Fault::OtherMeeting);
}

#[test]
fn an_entry_with_a_welcome_put_on_is_refused_by_all() {
    // SPEC [W6]
    let mut world = world(40);
    let mut entry = opened(&seal(&mut world.clients[BEN].meeting, EnvelopeKind::Handshake, b"x"));
    entry.welcome = Some(WelcomeNote { welcome: vec![1], tree: BlobHash::new([1; 32]) });
    all_refuse(world, entry.encode(), None, Fault::Unopenable);
}

#[test]
fn a_handshake_that_is_no_commit_is_refused_by_all() {
    let mut world = world(41);
    let entry = seal(&mut world.clients[BEN].meeting, EnvelopeKind::Handshake, b"no MLS message");
    all_refuse(world, entry, None, Fault::InvalidCommit("no MLS commit"));
}

#[test]
fn every_past_entry_delivered_again_changes_nothing() {
    // SPEC [G1], [G11]
    let mut world = world(42);
    let past = world.log.clone();
    let epoch = world.clients[0].meeting.epoch();
    let codes: Vec<_> = world.clients.iter_mut().map(|c| c.meeting.safety_code()).collect();
    for entry in past {
        world.append(entry);
    }
    world.settle();
    assert_eq!(world.clients[0].meeting.epoch(), epoch);
    let after: Vec<_> = world.clients.iter_mut().map(|c| c.meeting.safety_code()).collect();
    assert_eq!(codes, after);
    let confirmed = |event: &&Event| matches!(event, Event::Joined);
    assert_eq!(world.clients[2].events.iter().filter(confirmed).count(), 1);
}

#[test]
fn envelopes_are_sealed_under_the_exporters_of_their_kind() {
    // SPEC [K6]
    let mut world = world(43);
    let export = |own: &Member<Group>, label: &str| {
        Secret::read(&own.group.export(label, b"", 32).unwrap()).unwrap()
    };
    let own = member(&mut world.clients[BEN].meeting);
    let (handshake, event) = (export(own, "incamera 1 handshake"), export(own, "incamera 1 event"));
    let commit = opened(&seal(&mut world.clients[BEN].meeting, EnvelopeKind::Handshake, b"c"));
    let said = opened(&seal(&mut world.clients[BEN].meeting, EnvelopeKind::Event, b"e"));
    assert_eq!(*envelope::open(&handshake, &commit).unwrap(), b"c");
    assert_eq!(*envelope::open(&event, &said).unwrap(), b"e");
    assert!(envelope::open(&event, &commit).is_err());
    assert!(envelope::open(&handshake, &said).is_err());
    world.knock("Dan");
    world.admit_all(0);
    let own = member(&mut world.clients[BEN].meeting);
    assert_ne!(export(own, "incamera 1 handshake"), handshake, "each epoch has its own");
}
