//! Adds and removals that the door, the invites or the ranks forbid, and commits that do two things
//! at once (SPEC \[G4\], \[G7\], \[G8\], \[G15\]).

use incamera_wire::{Door, Right};

use super::*;
use crate::policy::{self, Removal, Rotation};

/// A log entry by which `author` adds a stranger under this PSK, whoever it belongs to.
fn forged_add(world: &mut World, author: Who, id: PskId, secret: &Secret<32>) -> Vec<u8> {
    forged(world, author, (id, secret), CommitPlan::default())
}

/// The same, with whatever else the plan says.
fn forged(
    world: &mut World,
    author: Who,
    (id, secret): (PskId, &Secret<32>),
    plan: CommitPlan<'_>,
) -> Vec<u8> {
    let package = [key_package("Mallory", &world.clients[0].meeting)];
    let own = member(&mut world.clients[author].meeting);
    let live: Vec<_> = own.state.invites.iter().map(|i| i.secret.duplicate()).collect();
    own.group.set_psks(&[(id, secret)]).unwrap();
    let note = CommitNote::default().encode();
    let plan = CommitPlan { adds: &package, psk: Some((id, secret)), note: &note, ..plan };
    let entry = forged_commit(&mut world.clients[author].meeting, &plan);
    let live: Vec<_> =
        live.iter().map(|secret| (PskId::Invite(policy::invite_id(secret)), secret)).collect();
    member(&mut world.clients[author].meeting).group.set_psks(&live).unwrap();
    entry
}

fn id_of(psk: PskId) -> incamera_wire::InviteId {
    let (PskId::Invite(id) | PskId::Resync(id)) = psk;
    id
}

fn live_secret(world: &mut World) -> (PskId, Secret<32>) {
    let secret = state_of(world, 0).invites[0].secret.duplicate();
    (PskId::Invite(policy::invite_id(&secret)), secret)
}

/// A log entry by which `author` removes somebody for cause, with the state that follows.
fn forged_removal(world: &mut World, author: Who, target: Who, rename: Option<&[u8]>) -> Vec<u8> {
    let who = fingerprint(world, target);
    let own = member(&mut world.clients[author].meeting);
    let roster = own.roster().occupants().to_vec();
    let leaves: Vec<u32> = own.roster().leaves_of(who).collect();
    let removal = Removal { for_cause: vec![who], departed: vec![] };
    let fresh = || Rotation::fresh(&own.state, &Entropy::system());
    let state = policy::derive(&own.state, &roster, &removal, fresh).unwrap().unwrap().encode();
    let note = CommitNote::default().encode();
    let plan = CommitPlan {
        removes: &leaves,
        state: Some(&state),
        note: &note,
        rename,
        ..CommitPlan::default()
    };
    forged_commit(&mut world.clients[author].meeting, &plan)
}

#[test]
fn an_add_while_the_door_is_locked_is_refused_by_all() {
    // SPEC [G8]
    let mut world = world(120);
    give_role(&mut world, BEN, Role::CoHost);
    let dan = world.knock("Dan");
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::Locked, now));
    let (id, secret) = live_secret(&mut world);
    let entry = forged_add(&mut world, BEN, id, &secret);
    ben_breaks(&mut world, entry, Rule::Locked);
    let (ada, entry) = (world.member_id(0), forged_add(&mut world, 0, id, &secret));
    refused_by(&mut world, &[1, 2], entry, Some(ada), Fault::Refused(Rule::Locked));
    let now = world.now();
    let refused = world.clients[0].meeting.admit_all(now);
    assert_eq!(refused, Err(crate::Error::Refused(Rule::Locked)));
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::WaitingRoom, now));
    world.admit_all(0);
    assert!(world.has_joined(dan));
    world.assert_agreed(&[0, 1, 2, dan]);
}

#[test]
fn an_add_under_another_invites_secret_is_refused_by_all() {
    // SPEC [G7]
    let mut world = world(121);
    give_role(&mut world, BEN, Role::CoHost);
    let (first, _) = live_secret(&mut world);
    let options = crate::InviteOptions::default();
    act(&mut world, 0, |meeting, now| meeting.create_invite(options, now).map(drop));
    let second = state_of(&mut world, 0).invites[1].secret.duplicate();
    let entry = forged_add(&mut world, BEN, first, &second);
    let ben = world.member_id(BEN);
    let fault = Fault::InvalidCommit("the confirmation tag");
    refused_by(&mut world, &HONEST, entry, Some(ben), fault);
    // Nor under none that anybody has.
    let entry = forged_add(&mut world, BEN, first, &zeros());
    refused_by(&mut world, &HONEST, entry, Some(ben), fault);
    goes_on(world);
}

#[test]
fn an_add_under_a_revoked_or_rotated_invite_is_refused_by_all() {
    // SPEC [G7]
    let mut world = world(122);
    give_role(&mut world, BEN, Role::CoHost);
    let ben = world.member_id(BEN);
    let fault = Fault::InvalidCommit("a PSK of no live invite");
    let (old, secret) = live_secret(&mut world);
    act(&mut world, 0, |meeting, now| meeting.rotate_invite(id_of(old), now).map(drop));
    let entry = forged_add(&mut world, BEN, old, &secret);
    refused_by(&mut world, &HONEST, entry, Some(ben), fault);
    let options = crate::InviteOptions::default();
    act(&mut world, 0, |meeting, now| meeting.create_invite(options, now).map(drop));
    let (old, secret) = live_secret(&mut world);
    act(&mut world, 0, |meeting, now| meeting.revoke_invite(id_of(old), now));
    let entry = forged_add(&mut world, BEN, old, &secret);
    refused_by(&mut world, &HONEST, entry, Some(ben), fault);
    goes_on(world);
}

#[test]
fn an_add_through_the_waiting_room_is_refused_of_a_label_whatever_its_role() {
    // SPEC [G8], [G18]
    let mut world = world(123);
    give_role(&mut world, BEN, Role::CoHost);
    let id = world.member_id(BEN);
    act(&mut world, 0, |m, now| m.set_label(id, Some(incamera_wire::Label::Bot), now));
    let (id, secret) = live_secret(&mut world);
    let entry = forged_add(&mut world, BEN, id, &secret);
    ben_breaks(&mut world, entry, Rule::MissingRight(Right::Admit));
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::Open, now));
    let entry = forged_add(&mut world, BEN, id, &secret);
    ben_breaks(&mut world, entry, Rule::MissingRight(Right::Admit));
    act(&mut world, 0, |meeting, now| meeting.set_door(Door::WaitingRoom, now));
    goes_on(world);
}

#[test]
fn a_removal_of_the_host_is_refused_by_all() {
    // SPEC [G8], [G15]
    let mut world = world(124);
    let entry = forged_removal(&mut world, BEN, 0, None);
    ben_breaks(&mut world, entry, Rule::MissingRight(Right::Remove));
    give_role(&mut world, BEN, Role::CoHost);
    let entry = forged_removal(&mut world, BEN, 0, None);
    ben_breaks(&mut world, entry, Rule::Outranked);
    give_role(&mut world, 2, Role::CoHost);
    let entry = forged_removal(&mut world, BEN, 2, None);
    ben_breaks(&mut world, entry, Rule::Outranked);
    goes_on(world);
}

#[test]
fn a_change_of_state_beside_an_add_is_refused_by_all() {
    // SPEC [G4], [G9]
    let mut world = world(125);
    let (ada, psk) = (world.member_id(0), live_secret(&mut world));
    let mut state = state_of(&mut world, 0);
    state.unmute_forbidden = true;
    let state = state.encode();
    let plan = CommitPlan { state: Some(&state), ..CommitPlan::default() };
    let entry = forged(&mut world, 0, (psk.0, &psk.1), plan);
    let fault = Fault::Refused(Rule::State("nothing in the commit changes the state"));
    refused_by(&mut world, &[1, 2], entry, Some(ada), fault);
    goes_on(world);
}

#[test]
fn a_change_of_state_beside_a_removal_is_refused_by_all() {
    // SPEC [G9]
    let mut world = world(126);
    let ada = world.member_id(0);
    let cleo = fingerprint(&world, 2);
    let own = member(&mut world.clients[0].meeting);
    let roster = own.roster().occupants().to_vec();
    let removal = Removal { for_cause: vec![cleo], departed: vec![] };
    let fresh = || Rotation::fresh(&own.state, &Entropy::system());
    let mut state = policy::derive(&own.state, &roster, &removal, fresh).unwrap().unwrap();
    state.unmute_forbidden = true;
    let (state, note) = (state.encode(), CommitNote::default().encode());
    let plan =
        CommitPlan { removes: &[2], state: Some(&state), note: &note, ..CommitPlan::default() };
    let entry = forged_commit(&mut world.clients[0].meeting, &plan);
    let fault = Fault::Refused(Rule::State("it is not what follows from the removal"));
    refused_by(&mut world, &[1, 2], entry, Some(ada), fault);
    goes_on(world);
}

#[test]
fn a_rename_beside_anything_else_is_refused_by_all() {
    // SPEC [G4], [G21]
    let mut world = world(127);
    let (ada, psk) = (world.member_id(0), live_secret(&mut world));
    let own = member(&mut world.clients[0].meeting).own_seat().unwrap().credential.clone();
    let rename = crate::identity::renamed(&own, "Eda").unwrap();
    let mut state = state_of(&mut world, 0);
    state.unmute_forbidden = true;
    let (state, note) = (state.encode(), CommitNote::default().encode());
    let plan = CommitPlan {
        state: Some(&state),
        note: &note,
        rename: Some(&rename),
        ..CommitPlan::default()
    };
    let with_state = forged_commit(&mut world.clients[0].meeting, &plan);
    let with_removal = forged_removal(&mut world, 0, 2, Some(&rename));
    let plan = CommitPlan { rename: Some(&rename), ..CommitPlan::default() };
    let with_add = forged(&mut world, 0, (psk.0, &psk.1), plan);
    let plan = CommitPlan { removes: &[2], ..CommitPlan::default() };
    let add_and_removal = forged(&mut world, 0, (psk.0, &psk.1), plan);
    for entry in [with_state, with_removal, with_add, add_and_removal] {
        refused_by(&mut world, &[1, 2], entry, Some(ada), Fault::Refused(Rule::Mixed));
    }
    goes_on(world);
}
