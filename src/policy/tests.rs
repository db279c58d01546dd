//! The verdict, rule by rule: one honest commit of each kind, and for each rule one change to it
//! that nothing but that rule refuses.

use incamera_wire::{Door, Fingerprint, GroupState, InviteId, Profile, Role, RoleEntry, StayId};

use super::*;
use crate::entropy::Entropy;
use crate::error::{Right, Rule};

const HOST: u32 = 0;
const MEMBER: u32 = 1;
const SECOND_DEVICE: u32 = 3;

fn person(byte: u8) -> Fingerprint {
    Fingerprint::new([byte; 32])
}

fn stay(byte: u8) -> StayId {
    StayId::new([byte; 16])
}

fn occupant(leaf: u32, who: u8) -> Occupant {
    let byte = u8::try_from(leaf).unwrap() + 10;
    Occupant { leaf, stay: stay(byte), fingerprint: person(who), leaf_key: [byte; 32] }
}

/// A host (leaf 0), two members (leaves 1 and 2), a second device of the first (leaf 3).
fn roster() -> Vec<Occupant> {
    vec![occupant(0, 1), occupant(1, 2), occupant(2, 3), occupant(3, 2)]
}

fn state() -> GroupState {
    initial(Profile::Standard, person(1), &Entropy::seeded([1; 32])).unwrap()
}

fn rotation(state: &GroupState) -> Rotation {
    Rotation::fresh(state, &Entropy::seeded([2; 32])).unwrap()
}

fn newcomer(byte: u8) -> Newcomer {
    Newcomer { stay: stay(byte), fingerprint: person(byte), leaf_key: [byte; 32] }
}

/// A commit with the parts that `Proposed` borrows.
struct Case {
    committer: u32,
    adds: Vec<Newcomer>,
    removes: Vec<u32>,
    departed: Vec<StayId>,
    state: Option<GroupState>,
    psk: Option<InviteId>,
}

impl Case {
    fn verdict(&self, old: &GroupState) -> Result<(), Rule> {
        let proposed = Proposed {
            committer: self.committer,
            adds: &self.adds,
            removes: &self.removes,
            departed: &self.departed,
            state: self.state.as_ref(),
            psk: self.psk,
        };
        judge(old, &roster(), &proposed)
    }
}

/// The host adds two people under the one invite.
fn add() -> Case {
    Case {
        committer: HOST,
        adds: vec![newcomer(50), newcomer(51)],
        removes: vec![],
        departed: vec![],
        state: None,
        psk: Some(invite_id(&state().invites[0].secret)),
    }
}

/// The host removes the member with two devices.
fn remove() -> Case {
    let removal = Removal { for_cause: vec![person(2)], departed: vec![] };
    Case {
        committer: HOST,
        adds: vec![],
        removes: vec![MEMBER, SECOND_DEVICE],
        departed: vec![],
        state: derive(&state(), &removal, || Ok(rotation(&state()))).unwrap(),
        psk: None,
    }
}

/// A member carries the host's own leave.
fn host_departs() -> Case {
    let removal = Removal { for_cause: vec![], departed: vec![person(1)] };
    Case {
        committer: MEMBER,
        removes: vec![HOST],
        departed: vec![stay(10)],
        state: derive(&state(), &removal, || panic!("nothing rotates")).unwrap(),
        ..remove()
    }
}

#[track_caller]
fn refused(mut case: Case, change: impl FnOnce(&mut Case), rule: Rule) {
    assert_eq!(case.verdict(&state()), Ok(()), "the unchanged case must pass");
    change(&mut case);
    assert_eq!(case.verdict(&state()), Err(rule));
}

#[test]
fn honest_commits_pass() {
    for case in [add(), remove(), host_departs()] {
        assert_eq!(case.verdict(&state()), Ok(()));
    }
}

#[test]
fn a_commit_of_nothing_is_refused() {
    // SPEC [G4]
    refused(add(), |c| c.adds.clear(), Rule::Empty);
}

#[test]
fn adds_and_removals_in_one_commit_are_refused() {
    // SPEC [G4]
    refused(remove(), |c| c.adds.push(newcomer(50)), Rule::Mixed);
}

#[test]
fn a_committer_outside_the_roster_is_refused() {
    // SPEC [G8]
    refused(add(), |c| c.committer = 9, Rule::UnknownCommitter);
}

#[test]
fn an_add_by_a_member_without_the_right_is_refused() {
    // SPEC [G8]
    refused(add(), |c| c.committer = MEMBER, Rule::MissingRight(Right::Admit));
}

#[test]
fn an_open_door_lets_any_member_add_and_a_locked_one_nobody() {
    // SPEC [G8]
    let mut open = state();
    open.door = Door::Open;
    assert_eq!(Case { committer: MEMBER, ..add() }.verdict(&open), Ok(()));
    open.door = Door::Locked;
    assert_eq!(add().verdict(&open), Err(Rule::Locked));
}

#[test]
fn an_add_without_exactly_one_live_psk_is_refused() {
    // SPEC [G7]
    refused(add(), |c| c.psk = None, Rule::Psk);
    refused(add(), |c| c.psk = Some(InviteId::new([9; 16])), Rule::Psk);
}

#[test]
fn a_removal_with_a_psk_is_refused() {
    // SPEC [G7]
    refused(remove(), |c| c.psk = add().psk, Rule::Psk);
}

#[test]
fn a_banned_newcomer_is_refused() {
    // SPEC [G6]
    let mut banning = state();
    banning.bans = vec![person(51)];
    assert_eq!(add().verdict(&banning), Err(Rule::Banned));
}

#[test]
fn a_newcomer_whose_stay_or_key_is_taken_is_refused() {
    // SPEC [G6]
    refused(add(), |c| c.adds[1].stay = stay(11), Rule::Duplicate);
    refused(add(), |c| c.adds[1].leaf_key = [12; 32], Rule::Duplicate);
    refused(add(), |c| c.adds[1].stay = stay(50), Rule::Duplicate);
    refused(add(), |c| c.adds[1].leaf_key = [50; 32], Rule::Duplicate);
}

#[test]
fn an_add_that_sets_a_state_or_carries_evidence_is_refused() {
    // SPEC [G9], [G8]
    let nothing = Rule::State("nothing in the commit changes the state");
    refused(add(), |c| c.state = Some(state()), nothing);
    refused(add(), |c| c.departed = vec![stay(11)], Rule::Evidence);
}

#[test]
fn a_removal_for_cause_without_the_right_is_refused() {
    // SPEC [G8]
    refused(
        remove(),
        |c| {
            c.committer = 2;
        },
        Rule::MissingRight(Right::Remove),
    );
}

#[test]
fn a_removal_of_an_empty_a_repeated_or_the_own_leaf_is_refused() {
    // SPEC [G8]
    refused(remove(), |c| c.removes.push(7), Rule::NoSuchLeaf);
    refused(remove(), |c| c.removes.push(MEMBER), Rule::NoSuchLeaf);
    refused(remove(), |c| c.removes.push(HOST), Rule::NoSuchLeaf);
}

#[test]
fn a_removal_of_one_device_of_two_is_refused() {
    // SPEC [G8]
    refused(remove(), |c| c.removes.truncate(1), Rule::PartialRemoval);
}

#[test]
fn evidence_about_somebody_who_stays_or_twice_is_refused() {
    // SPEC [G8]
    refused(host_departs(), |c| c.departed.push(stay(12)), Rule::Evidence);
    refused(host_departs(), |c| c.departed.push(stay(10)), Rule::Evidence);
}

#[test]
fn a_departure_without_its_evidence_needs_the_right_to_remove() {
    // SPEC [G8]
    refused(host_departs(), |c| c.departed.clear(), Rule::MissingRight(Right::Remove));
}

#[test]
fn a_state_that_does_not_follow_is_refused() {
    // SPEC [G9]
    let differs = Rule::State("roles, bans, door, profile or secrets differ");
    let with = |change: fn(&mut GroupState)| move |c: &mut Case| change(c.state.as_mut().unwrap());
    refused(remove(), with(|s| s.door = Door::Open), differs);
    refused(remove(), with(|s| s.profile = Profile::Portable), differs);
    refused(remove(), with(|s| s.bans.clear()), differs);
    refused(remove(), with(|s| s.bans.push(person(200))), differs);
    refused(remove(), with(|s| s.roles.clear()), differs);
    refused(remove(), with(|s| s.invites[0].passcode = true), differs);
    let promoted = RoleEntry { fingerprint: person(3), role: Role::Host };
    refused(host_departs(), |c| c.state.as_mut().unwrap().roles.push(promoted), differs);
    refused(
        host_departs(),
        |c| c.state.as_mut().unwrap().lobby_key = rotation(&state()).lobby_key,
        differs,
    );
}

#[test]
fn a_removal_that_keeps_a_secret_is_refused() {
    // SPEC [G9]
    let kept = Rule::State("a removal replaces every link secret and the lobby key");
    refused(
        remove(),
        |c| c.state.as_mut().unwrap().invites[0].secret = state().invites[0].secret.duplicate(),
        kept,
    );
    refused(remove(), |c| c.state.as_mut().unwrap().lobby_key = state().lobby_key, kept);
    let number = Rule::State("a removal keeps the number of invites");
    refused(remove(), |c| c.state.as_mut().unwrap().invites.clear(), number);
}

#[test]
fn a_removal_without_its_new_state_is_refused() {
    // SPEC [G9]
    let missing = Rule::State("the new state is missing");
    refused(remove(), |c| c.state = None, missing);
    refused(host_departs(), |c| c.state = None, missing);
}

#[test]
fn a_departing_device_leaves_its_identity_as_it_was() {
    let case = Case {
        committer: HOST,
        removes: vec![SECOND_DEVICE],
        departed: vec![stay(13)],
        state: None,
        ..remove()
    };
    assert_eq!(case.verdict(&state()), Ok(()));
}

#[test]
fn a_full_list_of_bans_still_lets_hosts_remove() {
    let mut full = state();
    full.bans = (0..1024_u32)
        .map(|n| {
            let mut bytes = [255; 32];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            Fingerprint::new(bytes)
        })
        .collect();
    let removal = Removal { for_cause: vec![person(2)], departed: vec![] };
    let next = derive(&full, &removal, || Ok(rotation(&full))).unwrap();
    assert_eq!(Case { state: next, ..remove() }.verdict(&full), Ok(()));
}

#[test]
fn only_hosts_have_rights() {
    // SPEC [G12]
    let mut state = state();
    for role in [Role::CoHost, Role::Presenter] {
        state.roles = vec![RoleEntry { fingerprint: person(1), role }];
        for right in [Right::Admit, Right::Remove, Right::End] {
            assert!(!has_right(&state, &person(1), right));
        }
    }
    assert_eq!(role_of(&state, &person(9)), Role::Attendee);
}
