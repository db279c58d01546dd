//! Members that come back, and leaves of one's own identity (SPEC \[G26\], \[G27\]).

use incamera_wire::InviteId;

use super::*;

/// A commit that brings members back, with the parts that `Proposed` borrows.
struct Case {
    old: GroupState,
    committer: u32,
    adds: Vec<Newcomer>,
    removes: Vec<u32>,
    rejoins: Vec<Rejoin>,
    psk: Option<PskId>,
    orders: Vec<Fingerprint>,
}

impl Case {
    fn verdict(&self) -> Verdict {
        let roster = roster();
        let scene = Scene { state: &self.old, roster: &roster, orders: &self.orders };
        let (adds, removes, rejoins) = (&self.adds[..], &self.removes[..], &self.rejoins[..]);
        let who = u8::try_from(self.committer).unwrap();
        judge(
            &scene,
            &Proposed { adds, removes, rejoins, psk: self.psk, path: true, ..nothing(who) },
        )
    }
}

fn rejoin(stay: StayId, byte: u8) -> Rejoin {
    Rejoin { stay, knock: KeyPackageRef::new([byte; 32]), renames: false }
}

fn key(state: &GroupState, place: usize) -> Option<PskId> {
    Some(PskId::Resync(resync_id(&state.resync_keys[place].secret)))
}

/// An attendee brings back the host, and another on its second device, while the door is locked.
fn back() -> Case {
    let mut old = state();
    old.door = Door::Locked;
    old.resync_keys.push(resync_key(70));
    Case {
        psk: key(&old, 1),
        old,
        committer: ATTENDEE.into(),
        adds: vec![newcomer_of(50, HOST), newcomer_of(51, OTHER_ATTENDEE)],
        removes: vec![SECOND_DEVICE, HOST.into()],
        rejoins: vec![
            rejoin(by(HOST).stay, 50),
            rejoin(occupant(SECOND_DEVICE, OTHER_ATTENDEE).stay, 51),
        ],
        orders: vec![],
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Case), rule: Rule) {
    let mut case = back();
    assert_eq!(case.verdict(), OK, "the unchanged case must pass");
    change(&mut case);
    assert_eq!(case.verdict(), Err(rule));
}

#[test]
fn anybody_brings_back_whoever_was_here() {
    // SPEC [G26]
    for who in [CO_HOST, PRESENTER, ATTENDEE, BOT] {
        for door in [Door::WaitingRoom, Door::Open, Door::Locked] {
            let mut case = Case { committer: who.into(), ..back() };
            case.old.door = door;
            assert_eq!(case.verdict(), OK, "{who} {door:?}");
        }
    }
    // Each resync key of the state is as good as another.
    assert_eq!(Case { psk: key(&back().old, 0), ..back() }.verdict(), OK);
}

#[test]
fn a_return_without_the_psk_of_a_live_resync_key_is_refused() {
    // SPEC [G7]
    refused(|c| c.psk = None, Rule::Psk);
    refused(|c| c.psk = Some(PskId::Invite(invite_id(&c.old.invites[0].secret))), Rule::Psk);
    refused(|c| c.psk = Some(PskId::Resync(InviteId::new([9; 16]))), Rule::Psk);
    refused(|c| c.old.resync_keys.truncate(1), Rule::Psk);
    // Not even by the id of an invite under the other name, nor the other way round.
    refused(|c| c.psk = Some(PskId::Resync(invite_id(&c.old.invites[0].secret))), Rule::Psk);
    let stolen = |c: &mut Case| {
        c.psk = Some(PskId::Invite(resync_id(&c.old.resync_keys[0].secret)));
    };
    refused(stolen, Rule::Psk);
}

#[test]
fn a_return_that_is_not_one_for_one_is_refused() {
    // SPEC [G26]
    let uneven = Rule::Rejoin("it does not remove, add and prove one for one");
    refused(|c| c.adds.truncate(1), uneven);
    refused(|c| c.removes.truncate(1), uneven);
    refused(|c| c.rejoins.truncate(1), uneven);
    refused(|c| c.adds.push(newcomer_of(52, ABSENT)), uneven);
    refused(|c| c.removes.push(PRESENTER.into()), uneven);
    refused(|c| c.rejoins.push(rejoin(by(PRESENTER).stay, 52)), uneven);
    let twice = Rule::Rejoin("one leaf or key package is named twice");
    refused(|c| c.rejoins[1].stay = c.rejoins[0].stay, twice);
    refused(|c| c.rejoins[1].knock = c.rejoins[0].knock, twice);
    let stays = Rule::Rejoin("evidence is for a leaf that stays");
    refused(|c| c.rejoins[0].stay = by(PRESENTER).stay, stays);
    refused(|c| c.rejoins[0].stay = stay(1), stays);
    refused(|c| c.removes[1] = PRESENTER.into(), stays);
    let other = Rule::Rejoin("evidence is for another key package");
    refused(|c| c.rejoins[0].knock = KeyPackageRef::new([52; 32]), other);
    refused(|c| c.adds[0].reference = KeyPackageRef::new([52; 32]), other);
}

#[test]
fn another_identity_takes_nobodys_place() {
    // SPEC [G26]
    let other = Rule::Rejoin("another identity takes the place of a leaf");
    refused(|c| c.adds[0].fingerprint = person(ABSENT), other);
    refused(|c| c.adds[1].fingerprint = person(HOST), other);
    refused(
        |c| {
            let (first, second) = (c.rejoins[0].knock, c.rejoins[1].knock);
            (c.rejoins[0].knock, c.rejoins[1].knock) = (second, first);
        },
        other,
    );
}

#[test]
fn a_return_removes_neither_an_empty_leaf_nor_one_twice_nor_its_committer() {
    // SPEC [G8]
    refused(|c| c.removes[1] = 77, Rule::NoSuchLeaf);
    refused(|c| c.removes[1] = SECOND_DEVICE, Rule::NoSuchLeaf);
    refused(|c| c.committer = HOST.into(), Rule::NoSuchLeaf);
    refused(|c| c.committer = 99, Rule::UnknownCommitter);
}

#[test]
fn a_return_under_a_key_or_stay_that_was_here_is_refused() {
    // SPEC [G6]
    refused(|c| c.adds[0].stay = by(HOST).stay, Rule::Duplicate);
    refused(|c| c.adds[0].leaf_key = by(HOST).leaf_key, Rule::Duplicate);
    refused(|c| c.adds[0].leaf_key = by(PRESENTER).leaf_key, Rule::Duplicate);
    refused(|c| c.adds[1].stay = c.adds[0].stay, Rule::Duplicate);
    refused(|c| c.adds[1].leaf_key = c.adds[0].leaf_key, Rule::Duplicate);
    refused(|c| c.old.bans = vec![person(OTHER_ATTENDEE)], Rule::Banned);
}

#[test]
fn a_return_under_another_name_needs_the_right_to_it() {
    // SPEC [G21], [G26]
    let renamed = |c: &mut Case| c.rejoins.iter_mut().for_each(|rejoin| rejoin.renames = true);
    let mut case = back();
    renamed(&mut case);
    assert_eq!(case.verdict(), OK);
    case.old.rights.attendee = Rights::NONE;
    assert_eq!(case.verdict(), no(Right::RenameSelf));
    // The host may always; it is not the committer's right that counts.
    case.rejoins[1].renames = false;
    assert_eq!(case.verdict(), OK);
}

#[test]
fn nobody_comes_back_while_an_order_binds() {
    // SPEC [G26], [G16]
    for ordered in [PRESENTER, HOST, OTHER_HOST] {
        refused(|c| c.orders = vec![person(ordered)], Rule::OrderIgnored);
    }
    // Also if the commit removes every leaf of the identity that the order names.
    let mut case = back();
    case.adds.truncate(1);
    case.rejoins.truncate(1);
    case.removes = vec![HOST.into()];
    assert_eq!(case.verdict(), OK);
    case.orders = vec![person(HOST)];
    assert_eq!(case.verdict(), Err(Rule::OrderIgnored));
    refused(|c| c.orders = vec![person(ATTENDEE)], Rule::OrderedOut);
}

/// The verdict on a removal of these leaves by the member at `leaf`.
fn removes(leaf: u32, leaves: &[u32], departed: &[StayId], new: Option<&GroupState>) -> Verdict {
    let (old, roster) = (state(), roster());
    let scene = Scene { state: &old, roster: &roster, orders: &[] };
    let none = nothing(HOST);
    let removal = Proposed { committer: leaf, removes: leaves, departed, state: new, ..none };
    judge(&scene, &removal)
}

#[test]
fn a_member_removes_other_leaves_of_its_own_identity_and_nothing_follows() {
    // SPEC [G27]
    let first = u32::from(OTHER_ATTENDEE);
    assert_eq!(removes(first, &[SECOND_DEVICE], &[], None), OK);
    assert_eq!(removes(SECOND_DEVICE, &[first], &[], None), OK);
    // A leave is as good.
    let left = [occupant(SECOND_DEVICE, OTHER_ATTENDEE).stay];
    assert_eq!(removes(first, &[SECOND_DEVICE], &left, None), OK);
    let nothing = Err(Rule::State("nothing in the commit changes the state"));
    assert_eq!(removes(first, &[SECOND_DEVICE], &[], Some(&state())), nothing);
    // Nobody else does without removing them all, and nobody itself.
    assert_eq!(removes(HOST.into(), &[SECOND_DEVICE], &[], None), Err(Rule::PartialRemoval));
    assert_eq!(removes(first, &[first, SECOND_DEVICE], &[], None), Err(Rule::NoSuchLeaf));
    // And it needs the right to remove anybody beside.
    let presenter = u32::from(OTHER_PRESENTER);
    assert_eq!(removes(first, &[SECOND_DEVICE, presenter], &[], None), no(Right::Remove));
}
