//! Paths that change one's own leaf beyond the display name, or the name without the right
//! (SPEC \[G21\]).

use incamera::testing;
use incamera_wire::{Label, LeafCredential, Right, Rights};

use super::*;

/// The seed of the meeting and Ben's own.
fn world_and_ben(seed: u8) -> (World, Identity) {
    let world = world(seed);
    let mut own = [seed; 32];
    own[0] = BEN as u8;
    let ben = testing::identity(own, "Ben").unwrap();
    assert_eq!(ben.fingerprint(), fingerprint(&world, BEN));
    (world, ben)
}

/// A log entry by which Ben puts this credential into his leaf.
fn forged_credential(world: &mut World, credential: &[u8]) -> Vec<u8> {
    let note = CommitNote::default().encode();
    let plan = CommitPlan { note: &note, rename: Some(credential), ..CommitPlan::default() };
    forged_commit(&mut world.clients[BEN].meeting, &plan)
}

fn credential(world: &mut World) -> LeafCredential {
    let seat = member(&mut world.clients[BEN].meeting).own_seat().unwrap().clone();
    LeafCredential::decode(&seat.credential).unwrap()
}

#[test]
fn a_rename_without_the_right_is_refused_by_all() {
    // SPEC [G21]
    let (mut world, _) = world_and_ben(130);
    let (ben, right) = (world.member_id(BEN), Rights::of(&[Right::RenameSelf]));
    act(&mut world, 0, |meeting, now| meeting.set_exceptions(ben, Rights::NONE, right, now));
    let renamed = LeafCredential { name: "Ada".into(), ..credential(&mut world) };
    let entry = forged_credential(&mut world, &renamed.encode());
    ben_breaks(&mut world, entry, Rule::MissingRight(Right::RenameSelf));
    assert_eq!(world.names(2), ["Ada", "Ben", "Cleo"]);
    goes_on(world);
}

#[test]
fn a_rename_to_a_name_that_cannot_be_shown_is_refused_by_all() {
    // SPEC [G21], [I3]
    let (mut world, _) = world_and_ben(131);
    for name in ["B\u{202e}neB", "Ben\n", "\u{0}", "Ben\u{2066}"] {
        let renamed = LeafCredential { name: name.into(), ..credential(&mut world) };
        let entry = forged_credential(&mut world, &renamed.encode());
        ben_breaks(&mut world, entry, Rule::Rename);
    }
    let renamed = LeafCredential { name: "x".repeat(65), ..credential(&mut world) };
    let entry = forged_credential(&mut world, &renamed.encode());
    ben_breaks(&mut world, entry, Rule::Rename);
    let entry = forged_credential(&mut world, b"no credential");
    ben_breaks(&mut world, entry, Rule::Rename);
    goes_on(world);
}

#[test]
fn a_path_that_changes_another_field_of_the_credential_is_refused_by_all() {
    // SPEC [G21], [I7]
    let (mut world, ben) = world_and_ben(132);
    let old = credential(&mut world);
    let leaf_key = member(&mut world.clients[BEN].meeting).own_seat().unwrap().occupant.leaf_key;
    let meeting = world.clients[BEN].meeting.id();
    let again = |identity: &Identity, stay, direct_key| {
        certify(identity, meeting, &leaf_key, stay, direct_key)
    };
    let key = ben.secret_key();
    let ben_again = || Identity::from_secret_key(&key, "Ben").unwrap();
    let (_, other_key) = hpke::generate_key(&Entropy::system()).unwrap();
    let (stay, direct_key) = (old.stay, old.direct_key);
    assert_eq!(again(&ben, stay, direct_key).encode(), old.encode());
    // Signed by the identity itself, and still not for one's own path to change.
    let mallory = Identity::generate("Mallory").unwrap();
    let changed = [
        again(&ben_again().labelled(Label::Bot), stay, direct_key),
        again(&ben_again().with_attestation(b"token".to_vec()).unwrap(), stay, direct_key),
        again(&ben, stay, other_key),
        again(&ben, StayId::new([9; 16]), direct_key),
        again(&mallory, stay, direct_key),
        LeafCredential { name: "Bea".into(), ..again(&ben, stay, other_key) },
        // And under a signature for something else.
        LeafCredential { label: Some(Label::Bot), ..again(&ben, stay, direct_key) },
        LeafCredential { direct_key: other_key, ..again(&ben, stay, direct_key) },
    ];
    for changed in changed {
        let entry = forged_credential(&mut world, &changed.encode());
        ben_breaks(&mut world, entry, Rule::Rename);
    }
    goes_on(world);
}

#[test]
fn a_label_declared_in_the_certificate_cannot_be_taken_off_in_a_path() {
    // SPEC [G18], [G21], [I7]
    let mut world = World::meeting(133, &["Ada"]);
    let bot = testing::identity([7; 32], "Ben").unwrap().labelled(Label::Bot);
    let invite = world.clients[0].meeting.invite().unwrap();
    let meeting = testing::join([8; 32], &bot, &invite, world.now()).unwrap();
    world.add("Ben", meeting);
    world.settle();
    world.admit_all(0);
    world.knock("Cleo");
    world.admit_all(0);
    let key = bot.secret_key();
    let person = Identity::from_secret_key(&key, "Ben").unwrap();
    let own = member(&mut world.clients[BEN].meeting);
    let seat = own.own_seat().unwrap().clone();
    let id = world.clients[0].meeting.id();
    let leaf_key = &seat.occupant.leaf_key;
    let taken_off = certify(&person, id, leaf_key, seat.occupant.stay, seat.direct_key);
    let entry = forged_credential(&mut world, &taken_off.encode());
    ben_breaks(&mut world, entry, Rule::Rename);
    assert_eq!(world.clients[2].meeting.roster()[1].label, Some(Label::Bot));
    goes_on(world);
}

#[test]
fn a_new_name_shows_at_every_member_and_nothing_else_of_the_leaf_changes() {
    // SPEC [G21]
    let (mut world, _) = world_and_ben(134);
    let (ben, code) = (world.member_id(BEN), world.clients[0].meeting.roster()[1].fingerprint);
    act(&mut world, BEN, |meeting, now| meeting.rename("Bea", now));
    for who in 0..3 {
        assert_eq!(world.names(who), ["Ada", "Bea", "Cleo"]);
        let renamed = Event::Renamed { member: ben, name: "Bea".into() };
        assert!(world.clients[who].events.contains(&renamed), "client {who}");
        assert_eq!(world.clients[who].meeting.roster()[1].fingerprint, code);
    }
    world.assert_agreed(&[0, 1, 2]);
    // What Ben commits later keeps the name.
    give_role(&mut world, BEN, Role::CoHost);
    act(&mut world, BEN, |m, now| m.set_door(incamera_wire::Door::Locked, now));
    assert_eq!(world.names(2), ["Ada", "Bea", "Cleo"]);
}
