//! Knocks and Welcomes that break a rule.

use incamera_wire::{BlobHash, CommitNote, Knock, KnockContent, MailboxId, Profile, WelcomeNote};
use sha2::{Digest, Sha256};

use super::*;
use crate::admission::seal_knock;
use crate::meeting::intents::Departure;
use crate::mls::{BuiltCommit, BuiltWelcome, KeyPackageFacts};
use crate::policy;

/// A log entry and a tree by which a hostile host adds whom it likes, with the state it likes.
fn forged_add(
    world: &mut World,
    packages: &[Vec<u8>],
    state: Option<&[u8]>,
) -> (Vec<u8>, BlobHash, Vec<u8>) {
    let meeting = world.clients[0].meeting.id();
    let own = member(&mut world.clients[0].meeting);
    let secret = own.state.invites[0].secret.duplicate();
    let note = CommitNote::default().encode();
    let psk = Some((PskId::Invite(policy::invite_id(&secret)), &secret));
    let plan = CommitPlan { adds: packages, psk, state, note: &note, ..CommitPlan::default() };
    let BuiltCommit { message, welcome } = own.group.build(&plan).unwrap();
    let BuiltWelcome { welcome, tree, tree_secret } = welcome.unwrap();
    own.group.drop_pending().unwrap();
    let entropy = Entropy::system();
    let blob = envelope::seal_blob(&tree_secret, &entropy, &tree).unwrap().encode();
    let hash = BlobHash::new(Sha256::digest(&blob).into());
    let welcome = Some(WelcomeNote { welcome, tree: hash });
    let epoch = own.epochs.current().epoch;
    let head = Head { meeting, kind: EnvelopeKind::Handshake, epoch, welcome };
    let entry = envelope::seal(&own.handshake_key, &entropy, head, &message).unwrap();
    (entry.encode(), hash, blob)
}

/// The key package in the knock that waits at the host's.
fn waiting_package(world: &mut World) -> Vec<u8> {
    let own = member(&mut world.clients[0].meeting);
    own.lobby.waiting().next().unwrap().key_package.clone()
}

#[track_caller]
fn joiner_refuses(
    world: &mut World,
    dan: Who,
    forged: (Vec<u8>, BlobHash, Vec<u8>),
    why: &'static str,
) {
    let (entry, hash, blob) = forged;
    world.blobs.insert(hash, blob);
    world.append(entry);
    world.settle();
    let refused = Event::Refused { source: Source::Blob, author: None, fault: Fault::Welcome(why) };
    assert_eq!(world.clients[dan].events, [refused]);
    assert!(world.clients[dan].meeting.roster().is_empty());
    // The genuine one still works.
    world.admit_all(0);
    assert!(world.has_joined(dan));
}

#[test]
fn a_welcome_into_a_roster_with_a_ghost_is_refused() {
    // SPEC [A7], [I2]
    let mut world = world(70);
    let elsewhere = World::meeting(99, &["Eve"]);
    let ghost = key_package("Mallory", &elsewhere.clients[0].meeting);
    let dan = world.knock("Dan");
    let packages = [ghost, waiting_package(&mut world)];
    let forged = forged_add(&mut world, &packages, None);
    joiner_refuses(&mut world, dan, forged, "a member's certificate does not verify");
}

#[test]
fn a_welcome_into_a_roster_where_two_share_a_stay_is_refused() {
    // SPEC [A7], [G6]
    let mut world = world(77);
    let taken = world.member_id(BEN);
    let twin = key_package_of("Mallory", &world.clients[0].meeting, taken);
    let dan = world.knock("Dan");
    let packages = [twin, waiting_package(&mut world)];
    let forged = forged_add(&mut world, &packages, None);
    joiner_refuses(&mut world, dan, forged, "two leaves claim one stay");
}

#[test]
fn a_welcome_into_a_group_of_another_profile_is_refused() {
    // SPEC [A7]
    let mut world = world(71);
    let dan = world.knock("Dan");
    let packages = [waiting_package(&mut world)];
    let mut state = member(&mut world.clients[0].meeting).state.duplicate();
    state.profile = Profile::Portable;
    let forged = forged_add(&mut world, &packages, Some(&state.encode()));
    joiner_refuses(&mut world, dan, forged, "its profile is not the invite's");
}

#[test]
fn a_welcome_whose_entry_names_another_epoch_is_refused() {
    // SPEC [A7]
    let mut world = world(72);
    let dan = world.knock("Dan");
    let packages = [waiting_package(&mut world)];
    let (entry, hash, blob) = forged_add(&mut world, &packages, None);
    let mut entry = opened(&entry);
    entry.epoch += 5;
    let forged = (entry.encode(), hash, blob);
    let why = "it leads to another epoch than its log entry says";
    joiner_refuses(&mut world, dan, forged, why);
}

/// Puts a knock with this key package and log position into the lobby.
fn knock_with(world: &mut World, key_package: Vec<u8>, log_position: u64) {
    let invite = world.clients[0].meeting.invite().unwrap();
    let content = KnockContent {
        key_package,
        log_position,
        passcode_share: None,
        passcode_tag: None,
        rejoin: None,
    };
    let mailbox = MailboxId::new([1; 16]);
    let (knock, _) = seal_knock(&invite, &Entropy::system(), mailbox, &content).unwrap();
    let (bytes, now) = (Knock::encode(&knock), world.now());
    world.clients[0].meeting.handle(crate::Input::Lobby(bytes), now).unwrap();
    world.settle();
}

#[track_caller]
fn host_refuses(world: &World, knocks: usize, fault: Fault) {
    let refused = Event::Refused { source: Source::Lobby, author: None, fault };
    assert_eq!(world.clients[0].events.last(), Some(&refused));
    let shown = |event: &&Event| matches!(event, Event::Knock { .. });
    assert_eq!(world.clients[0].events.iter().filter(shown).count(), knocks);
}

#[test]
fn a_knock_whose_certificate_is_for_another_meeting_shows_no_name() {
    // SPEC [A3], [I2]
    let mut world = World::meeting(73, &["Ada"]);
    let elsewhere = World::meeting(99, &["Eve"]);
    let package = key_package("Ben", &elsewhere.clients[0].meeting);
    knock_with(&mut world, package, 0);
    host_refuses(&world, 0, Fault::Certificate);
}

#[test]
fn a_knock_with_something_else_than_a_key_package_is_refused() {
    let mut world = World::meeting(74, &["Ada"]);
    knock_with(&mut world, vec![1, 2, 3], 0);
    host_refuses(&world, 0, Fault::Certificate);
}

#[test]
fn a_replayed_or_stale_knock_is_refused() {
    // SPEC [A4]
    let mut world = World::meeting(75, &["Ada", "Ben"]);
    let knock = world.lobby[0].clone();
    let (replay, now) = (crate::Input::Lobby(knock), world.now());
    // As long as Ben is in, a late copy of his knock means nothing.
    world.clients[0].meeting.handle(replay.clone(), now).unwrap();
    world.clients[1].meeting.leave(now).unwrap();
    world.settle();
    assert!(world.refusals(0).is_empty());
    world.clients[0].meeting.handle(replay, now).unwrap();
    world.settle();
    host_refuses(&world, 1, Fault::Replayed);
    let package = key_package("Cleo", &world.clients[0].meeting);
    knock_with(&mut world, package, 10_000);
    host_refuses(&world, 1, Fault::StaleKnock);
}

#[test]
fn the_knock_of_a_banned_identity_is_refused() {
    // SPEC [G6]
    let mut world = World::meeting(76, &["Ada"]);
    let package = key_package("Ben", &world.clients[0].meeting);
    let KeyPackageFacts { credential, .. } =
        Group::inspect_key_package(Profile::Standard, &package).unwrap();
    let credential = incamera_wire::LeafCredential::decode(&credential).unwrap();
    let ben = crate::identity::fingerprint(&credential.identity_key);
    member(&mut world.clients[0].meeting).state.bans = vec![ben];
    knock_with(&mut world, package, 0);
    host_refuses(&world, 0, Fault::Banned);
}

#[test]
fn a_knock_at_another_meeting_is_refused() {
    // SPEC [W8]
    let mut world = World::meeting(78, &["Ada", "Ben"]);
    let mut knock = Knock::decode(&world.lobby[0]).unwrap();
    knock.meeting = incamera_wire::MeetingId::new([9; 16]);
    let now = world.now();
    world.clients[0].meeting.handle(crate::Input::Lobby(knock.encode()), now).unwrap();
    world.settle();
    host_refuses(&world, 1, Fault::OtherMeeting);
}

#[test]
fn an_invite_whose_lobby_key_gives_no_secret_is_refused() {
    let world = World::meeting(79, &["Ada"]);
    let mut invite = world.clients[0].meeting.invite().unwrap();
    invite.lobby_key = [0; 32];
    let ben = Identity::generate("Ben").unwrap();
    let refused = Meeting::join(&ben, &invite, world.now()).map(drop);
    assert!(matches!(refused, Err(crate::Error::Invite(_))), "{refused:?}");
}

#[test]
fn a_knocker_whose_key_clashes_stands_in_nobodys_way() {
    let mut world = World::meeting(62, &["Ada", "Ben"]);
    let key = Identity::stay_key(&Entropy::system()).unwrap();
    for stay in [1, 2] {
        let meeting = &world.clients[0].meeting;
        let package = key_package_under(key.clone(), "Twin", meeting, StayId::new([stay; 16]));
        knock_with(&mut world, package, 2);
    }
    let dan = world.knock("Dan");
    let eve = world.knock("Eve");
    let ben = world.member_id(BEN);
    world.admit_all(0);
    assert!(world.has_joined(dan) && world.has_joined(eve));
    assert_eq!(world.names(0), ["Ada", "Ben", "Twin", "Dan", "Eve"]);
    let void = |event: &&Event| matches!(event, Event::KnockVoid { .. });
    assert_eq!(world.clients[0].events.iter().filter(void).count(), 1, "the second twin");
    let now = world.now();
    world.clients[0].meeting.remove(ben, now).unwrap();
    world.settle();
    assert_eq!(world.names(0), ["Ada", "Twin", "Dan", "Eve"]);
}

#[test]
fn a_clashing_key_costs_no_departure_that_is_not_due() {
    let mut world = World::meeting(63, &["Ada", "Ben"]);
    let key = Identity::stay_key(&Entropy::system()).unwrap();
    for stay in [1, 2] {
        let meeting = &world.clients[0].meeting;
        let package = key_package_under(key.clone(), "Twin", meeting, StayId::new([stay; 16]));
        knock_with(&mut world, package, 2);
    }
    let (stay, not_before) = (world.member_id(BEN), world.now_ms + 60_000);
    let departure = Departure { stay, evidence: vec![], not_before };
    member(&mut world.clients[0].meeting).intents.depart(departure);
    world.admit_all(0);
    assert_eq!(world.names(0), ["Ada", "Ben", "Twin"]);
    assert_eq!(member(&mut world.clients[0].meeting).intents.departures.len(), 1);
}

/// Serves what was kept back while these are away, and brings them back.
fn release_behind(world: &mut World, away: &[Who]) {
    for who in away {
        world.clients[*who].online = false;
        world.clients[*who].unheard = false;
    }
    for message in std::mem::take(&mut world.withheld) {
        world.serve(message);
    }
    world.settle();
    away.iter().for_each(|who| world.connect(*who));
    world.settle();
}

#[test]
fn whoever_is_denied_where_a_lost_welcome_led_is_told_once_nobody_confirms() {
    let mut world = world(90);
    give_role(&mut world, BEN, Role::CoHost);
    let dan = world.knock("Dan");
    // Ben's Add loses to a removal, which voids the link that Dan came by.
    let (cleo, away) = (world.member_id(2), [0, BEN]);
    away.iter().for_each(|who| world.clients[*who].unheard = true);
    act(&mut world, 0, |meeting, now| meeting.remove(cleo, now));
    act(&mut world, BEN, |meeting, now| meeting.admit_all(now));
    release_behind(&mut world, &away);
    assert_eq!(world.clients[0].meeting.epoch(), world.clients[dan].meeting.epoch());
    let denied = Event::Denied { reason: incamera_wire::DenyReason::Stale };
    world.pass(10_000);
    assert!(!world.clients[dan].events.contains(&denied), "somebody might still confirm");
    world.pass(30_000);
    assert_eq!(world.clients[dan].events.last(), Some(&denied));
    assert!(!world.has_joined(dan));
}

#[test]
fn a_lost_denial_comes_again_though_the_link_is_void() {
    // SPEC [A10]
    let mut world = world(91);
    let (dan, cleo) = (world.knock("Dan"), world.member_id(2));
    world.clients[0].unheard = true;
    act(&mut world, 0, |meeting, now| meeting.remove(cleo, now));
    // Her order and her commit reach the server, her word to Dan does not.
    let kept = std::mem::take(&mut world.withheld);
    kept.into_iter().for_each(|message| world.serve(message));
    world.settle();
    assert_eq!(world.withheld.len(), 1, "the denial");
    world.withheld.clear();
    world.clients[0].unheard = false;
    world.pass(20_000);
    let denied = Event::Denied { reason: incamera_wire::DenyReason::Stale };
    assert_eq!(world.clients[dan].events, [denied]);
}
