//! Adds, removals and changes of name: one honest commit of each kind, and for each rule one change to
//! it that nothing but that rule refuses.

use incamera_wire::{InviteId, Profile};

use super::*;

/// A commit with the parts that `Proposed` borrows.
struct Case {
    old: GroupState,
    committer: u32,
    adds: Vec<Newcomer>,
    removes: Vec<u32>,
    departed: Vec<StayId>,
    state: Option<GroupState>,
    psk: Option<PskId>,
    renames: bool,
}

impl Case {
    fn verdict(&self) -> Verdict {
        let roster = roster();
        let scene = Scene { state: &self.old, roster: &roster, orders: &[] };
        let proposed = Proposed {
            committer: self.committer,
            adds: &self.adds,
            removes: &self.removes,
            departed: &self.departed,
            state: self.state.as_ref(),
            psk: self.psk,
            renames: self.renames,
            path: false,
            statements: &[],
            rejoins: &[],
        };
        judge(&scene, &proposed)
    }

    /// The same with the state that follows from its removals.
    fn derived(mut self) -> Self {
        let committer = by(u8::try_from(self.committer).unwrap());
        let removal = removal(&roster(), &committer, &self.removes, &self.departed).unwrap();
        let fresh = || Rotation::fresh(&self.old, &Entropy::seeded([2; 32]));
        self.state = derive(&self.old, &roster(), &removal, fresh).unwrap();
        self
    }
}

fn newcomer(byte: u8) -> Newcomer {
    newcomer_of(byte, byte)
}

/// The host changes its name.
fn rename() -> Case {
    Case {
        old: state(),
        committer: HOST.into(),
        adds: vec![],
        removes: vec![],
        departed: vec![],
        state: None,
        psk: None,
        renames: true,
    }
}

/// The host adds two people under one invite.
fn add() -> Case {
    let psk = Some(PskId::Invite(invite_id(&state().invites[1].secret)));
    Case { adds: vec![newcomer(50), newcomer(51)], psk, renames: false, ..rename() }
}

/// The host removes the attendee with two devices.
fn remove() -> Case {
    let removes = vec![OTHER_ATTENDEE.into(), SECOND_DEVICE];
    Case { removes, renames: false, ..rename() }.derived()
}

/// An attendee carries the other host's own leave.
fn departure() -> Case {
    let departed = vec![by(OTHER_HOST).stay];
    let committer = ATTENDEE.into();
    Case { committer, removes: vec![OTHER_HOST.into()], departed, ..remove() }.derived()
}

#[track_caller]
fn refused(mut case: Case, change: impl FnOnce(&mut Case), rule: Rule) {
    assert_eq!(case.verdict(), OK, "the unchanged case must pass");
    change(&mut case);
    assert_eq!(case.verdict(), Err(rule));
}

#[test]
fn honest_commits_pass() {
    for case in [add(), remove(), departure(), rename()] {
        assert_eq!(case.verdict(), OK);
    }
}

#[test]
fn a_commit_of_nothing_is_refused() {
    // SPEC [G4]
    refused(add(), |c| c.adds.clear(), Rule::Empty);
    refused(rename(), |c| c.renames = false, Rule::Empty);
}

#[test]
fn adds_and_removals_in_one_commit_are_refused() {
    // SPEC [G4]
    refused(remove(), |c| c.adds.push(newcomer(50)), Rule::Mixed);
}

#[test]
fn a_committer_outside_the_roster_is_refused() {
    // SPEC [G8]
    refused(add(), |c| c.committer = 99, Rule::UnknownCommitter);
    refused(rename(), |c| c.committer = 0, Rule::UnknownCommitter);
}

#[test]
fn the_door_says_who_may_add() {
    // SPEC [G8]
    let (admit, locked) = (no(Right::Admit), Err(Rule::Locked));
    #[rustfmt::skip]
    let rows = [
        // door,             host,   co-host, presenter, attendee, bot
        (Door::WaitingRoom, [OK,     OK,      admit,     admit,    admit]),
        (Door::Open,        [OK,     OK,      OK,        OK,       admit]),
        (Door::Locked,      [locked, locked,  locked,    locked,   locked]),
    ];
    for (door, expected) in rows {
        let old = || edited(|s| s.door = door);
        let found = ROLES.map(|who| Case { old: old(), committer: who.into(), ..add() }.verdict());
        assert_eq!(found, expected, "{door:?}");
    }
    // A label by the state's word counts like one of the member's own.
    let old = edited(|s| (s.door, s.members[3].label) = (Door::Open, Some(Label::Captioner)));
    assert_eq!(Case { old, committer: ATTENDEE.into(), ..add() }.verdict(), admit);
}

#[test]
fn an_add_to_a_full_meeting_is_refused() {
    // SPEC [G30]
    for (profile, most) in
        [(Profile::Standard, 7_000), (Profile::Portable, 7_000), (Profile::PostQuantum, 500)]
    {
        let state = edited(|state| state.profile = profile);
        let psk = add().psk;
        let mut crowd = roster();
        for leaf in 1_000.. {
            if crowd.len() == most - 1 {
                break;
            }
            let stay =
                StayId::new([&u32::to_be_bytes(leaf)[..], &[7; 12]].concat().try_into().unwrap());
            crowd.push(Occupant { leaf, stay, leaf_key: [200; 32], ..by(ATTENDEE) });
        }
        let verdict = |adds: &[Newcomer]| {
            let scene = Scene { state: &state, roster: &crowd, orders: &[] };
            judge(&scene, &Proposed { adds, psk, ..nothing(HOST) })
        };
        assert_eq!(verdict(&[newcomer(50)]), OK);
        assert_eq!(verdict(&[newcomer(50), newcomer(51)]), Err(Rule::Full));
    }
}

#[test]
fn an_add_without_exactly_one_live_psk_is_refused() {
    // SPEC [G7]
    refused(add(), |c| c.psk = None, Rule::Psk);
    refused(add(), |c| c.psk = Some(PskId::Invite(InviteId::new([9; 16]))), Rule::Psk);
}

#[test]
fn a_psk_in_anything_but_an_add_is_refused() {
    // SPEC [G7]
    refused(remove(), |c| c.psk = add().psk, Rule::Psk);
    refused(departure(), |c| c.psk = add().psk, Rule::Psk);
    refused(rename(), |c| c.psk = add().psk, Rule::Psk);
}

#[test]
fn a_banned_newcomer_is_refused() {
    // SPEC [G6]
    refused(add(), |c| c.old.bans.push(person(51)), Rule::Banned);
    refused(add(), |c| c.adds[0].fingerprint = person(BANNED), Rule::Banned);
}

#[test]
fn a_newcomer_whose_stay_or_key_is_taken_is_refused() {
    // SPEC [G6]
    let taken = by(ATTENDEE);
    refused(add(), |c| c.adds[1].stay = taken.stay, Rule::Duplicate);
    refused(add(), |c| c.adds[1].leaf_key = taken.leaf_key, Rule::Duplicate);
    refused(add(), |c| c.adds[1].stay = stay(50), Rule::Duplicate);
    refused(add(), |c| c.adds[1].leaf_key = [50; 32], Rule::Duplicate);
}

#[test]
fn a_second_device_may_be_added() {
    let mut case = add();
    case.adds[0].fingerprint = person(ATTENDEE);
    assert_eq!(case.verdict(), OK);
}

#[test]
fn an_add_that_sets_a_state_is_refused() {
    // SPEC [G9]
    let nothing = Rule::State("nothing in the commit changes the state");
    refused(add(), |c| c.state = Some(state()), nothing);
    refused(add(), |c| c.state = Some(edited(|s| s.door = Door::Locked)), nothing);
}

#[test]
fn evidence_of_a_leave_in_anything_but_a_removal_is_refused() {
    // SPEC [G8]
    refused(add(), |c| c.departed = vec![by(ATTENDEE).stay], Rule::Evidence);
    refused(rename(), |c| c.departed = vec![by(ATTENDEE).stay], Rule::Evidence);
}

#[test]
fn a_removal_for_cause_needs_the_right_and_the_rank() {
    // SPEC [G8], [G15]
    let (right, rank) = (no(Right::Remove), Err(Rule::Outranked));
    #[rustfmt::skip]
    let rows = [
        // whom,             host, co-host, presenter, attendee, bot
        (OTHER_HOST,      [OK,   rank,    right,     right,    right]),
        (OTHER_CO_HOST,   [OK,   rank,    right,     right,    right]),
        (OTHER_PRESENTER, [OK,   OK,      right,     right,    right]),
    ];
    for (whom, expected) in rows {
        let case = || Case { removes: vec![whom.into()], ..remove() }.derived();
        let found = ROLES.map(|who| Case { committer: who.into(), ..case() }.verdict());
        assert_eq!(found, expected, "{whom}");
    }
    // Each of several counts.
    let both = vec![OTHER_PRESENTER.into(), OTHER_CO_HOST.into()];
    let case = Case { committer: CO_HOST.into(), removes: both, ..remove() }.derived();
    assert_eq!(case.verdict(), rank);
}

#[test]
fn anybody_may_carry_a_leave() {
    // SPEC [G8]
    for who in ROLES {
        assert_eq!(Case { committer: who.into(), ..departure() }.verdict(), OK, "{who}");
    }
}

#[test]
fn a_removal_of_an_empty_a_repeated_or_the_own_leaf_is_refused() {
    // SPEC [G8]
    refused(remove(), |c| c.removes.push(77), Rule::NoSuchLeaf);
    refused(remove(), |c| c.removes.push(SECOND_DEVICE), Rule::NoSuchLeaf);
    refused(remove(), |c| c.removes.push(HOST.into()), Rule::NoSuchLeaf);
    // Also by its own word.
    refused(departure(), |c| c.committer = OTHER_HOST.into(), Rule::NoSuchLeaf);
}

#[test]
fn a_removal_of_one_device_of_two_is_refused() {
    // SPEC [G8]
    refused(remove(), |c| c.removes.truncate(1), Rule::PartialRemoval);
    refused(
        remove(),
        |c| {
            c.removes.remove(0);
        },
        Rule::PartialRemoval,
    );
}

#[test]
fn evidence_about_somebody_who_stays_or_twice_is_refused() {
    // SPEC [G8]
    refused(departure(), |c| c.departed.push(by(HOST).stay), Rule::Evidence);
    refused(departure(), |c| c.departed.push(by(OTHER_HOST).stay), Rule::Evidence);
}

#[test]
fn a_departure_without_its_evidence_needs_the_right_to_remove() {
    // SPEC [G8]
    refused(departure(), |c| c.departed.clear(), Rule::MissingRight(Right::Remove));
}

#[test]
fn a_departing_device_leaves_its_identity_as_it_was() {
    let departed = vec![occupant(SECOND_DEVICE, OTHER_ATTENDEE).stay];
    let case = Case { removes: vec![SECOND_DEVICE], departed, state: None, ..remove() };
    assert_eq!(case.verdict(), OK);
}

#[test]
fn who_goes_and_why() {
    let attendee = u32::from(OTHER_ATTENDEE);
    let gone =
        |leaves: &[u32], departed: &[StayId]| removal(&roster(), &by(HOST), leaves, departed);
    let (first, second) = (by(OTHER_ATTENDEE).stay, occupant(SECOND_DEVICE, OTHER_ATTENDEE).stay);
    let (cause, left) = (vec![person(OTHER_ATTENDEE)], vec![person(OTHER_ATTENDEE)]);
    let both = [attendee, SECOND_DEVICE];
    let none = Vec::new;
    let expected = |for_cause, departed| Ok(Removal { for_cause, departed });
    assert_eq!(gone(&[], &[]), expected(none(), none()));
    assert_eq!(gone(&both, &[]), expected(cause.clone(), none()));
    assert_eq!(gone(&both, &[first, second]), expected(none(), left.clone()));
    assert_eq!(gone(&both, &[second]), expected(cause, left));
    assert_eq!(gone(&[attendee], &[first]), expected(none(), none()));
}

#[test]
fn a_change_of_name_needs_its_right_and_stands_alone() {
    // SPEC [G21]
    let right = no(Right::RenameSelf);
    let found = ROLES.map(|who| Case { committer: who.into(), ..rename() }.verdict());
    assert_eq!(found, [OK, OK, OK, OK, right]);
    let old = edited(|s| s.rights.attendee = Rights::ALL.without(Right::RenameSelf));
    assert_eq!(Case { old, committer: ATTENDEE.into(), ..rename() }.verdict(), right);
    refused(rename(), |c| c.state = Some(edited(|s| s.door = Door::Locked)), Rule::Mixed);
    refused(add(), |c| c.renames = true, Rule::Mixed);
    refused(remove(), |c| c.renames = true, Rule::Mixed);
}
