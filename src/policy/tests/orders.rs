//! Removal orders.

use super::*;

fn binds(orders: &[u8], author: &Occupant, target: u8, of: StayId) -> Verdict {
    let orders: Vec<_> = orders.iter().map(|who| person(*who)).collect();
    let (state, roster) = (state(), roster());
    let scene = Scene { state: &state, roster: &roster, orders: &orders };
    order_binds(&scene, author, &person(target), of)
}

fn here(who: u8) -> StayId {
    by(who).stay
}

#[test]
fn an_order_binds_if_its_author_might_remove() {
    // SPEC [G16]
    #[rustfmt::skip]
    let rows = [
        // (target,          host, co-host,              presenter,         attendee,          bot)
        (OTHER_HOST,      [OK, Err(Rule::Outranked), no(Right::Remove), no(Right::Remove), no(Right::Remove)]),
        (OTHER_CO_HOST,   [OK, Err(Rule::Outranked), no(Right::Remove), no(Right::Remove), no(Right::Remove)]),
        (OTHER_PRESENTER, [OK, OK,                   no(Right::Remove), no(Right::Remove), no(Right::Remove)]),
        (OTHER_ATTENDEE,  [OK, OK,                   no(Right::Remove), no(Right::Remove), no(Right::Remove)]),
    ];
    for (target, expected) in rows {
        let found = ROLES.map(|who| binds(&[], &by(who), target, here(target)));
        assert_eq!(found, expected, "{target}");
    }
}

#[test]
fn an_order_of_somebody_who_is_not_here_is_void() {
    // SPEC [G16]
    let void = Err(Rule::VoidOrder("its author is not in the meeting"));
    assert_eq!(binds(&[], &by(ABSENT), ATTENDEE, here(ATTENDEE)), void);
    let another_stay = Occupant { stay: stay(1), ..by(HOST) };
    assert_eq!(binds(&[], &another_stay, ATTENDEE, here(ATTENDEE)), void);
}

#[test]
fn an_order_of_somebody_who_is_ordered_out_is_void() {
    // SPEC [G16]
    let orders = [PRESENTER, HOST];
    assert_eq!(binds(&orders, &by(HOST), ATTENDEE, here(ATTENDEE)), Err(Rule::OrderedOut));
    assert_eq!(binds(&orders, &by(OTHER_HOST), ATTENDEE, here(ATTENDEE)), OK);
}

#[test]
fn an_order_against_its_author_is_void() {
    // SPEC [G16]
    let void = Err(Rule::VoidOrder("its author is whom it names"));
    assert_eq!(binds(&[], &by(HOST), HOST, here(HOST)), void);
}

#[test]
fn an_order_for_a_stay_that_is_over_or_anothers_is_void() {
    // SPEC [G16]
    let void = Err(Rule::VoidOrder("the stay that it names has ended or is another's"));
    assert_eq!(binds(&[], &by(HOST), ATTENDEE, stay(1)), void);
    assert_eq!(binds(&[], &by(HOST), ATTENDEE, here(PRESENTER)), void);
    assert_eq!(binds(&[], &by(HOST), ABSENT, stay(1)), void);
    let second = occupant(SECOND_DEVICE, OTHER_ATTENDEE).stay;
    assert_eq!(binds(&[], &by(HOST), OTHER_ATTENDEE, second), OK);
}

#[test]
fn a_second_order_for_one_identity_is_void() {
    // SPEC [G16]
    let void = Err(Rule::VoidOrder("the one whom it names is ordered out already"));
    assert_eq!(binds(&[ATTENDEE], &by(HOST), ATTENDEE, here(ATTENDEE)), void);
}

/// A removal by `who` of these leaves, `departed` of them by their own word, under these orders.
fn removes(orders: &[u8], who: u8, leaves: &[u32], departed: &[u8]) -> Verdict {
    let orders: Vec<_> = orders.iter().map(|who| person(*who)).collect();
    let departed: Vec<_> = departed.iter().map(|who| here(*who)).collect();
    let (state, roster) = (state(), roster());
    let new = removal(&roster, &by(who), leaves, &departed).ok().and_then(|removal| {
        let fresh = || Rotation::fresh(&state, &Entropy::seeded([2; 32]));
        derive(&state, &roster, &removal, fresh).unwrap()
    });
    let scene = Scene { state: &state, roster: &roster, orders: &orders };
    let state = new.as_ref();
    judge(&scene, &Proposed { removes: leaves, departed: &departed, state, ..nothing(who) })
}

#[test]
fn anybody_may_carry_out_an_order() {
    // SPEC [G16]
    for who in [HOST, CO_HOST, PRESENTER, ATTENDEE, BOT] {
        assert_eq!(removes(&[OTHER_HOST], who, &[OTHER_HOST.into()], &[]), OK);
    }
    // And nothing beyond it.
    let more = [OTHER_HOST.into(), OTHER_CO_HOST.into()];
    assert_eq!(removes(&[OTHER_HOST], ATTENDEE, &more, &[]), no(Right::Remove));
    assert_eq!(removes(&[OTHER_HOST], CO_HOST, &more, &[]), Err(Rule::Outranked));
    assert_eq!(removes(&[OTHER_HOST], HOST, &more, &[]), OK);
    // Somebody else's leave may come along.
    let more = [OTHER_HOST.into(), CO_HOST.into()];
    assert_eq!(removes(&[OTHER_HOST], ATTENDEE, &more, &[CO_HOST]), OK);
}

#[test]
fn a_commit_by_somebody_who_is_ordered_out_is_refused() {
    // SPEC [G16]
    let leaves = [OTHER_PRESENTER.into()];
    assert_eq!(removes(&[HOST], HOST, &leaves, &[]), Err(Rule::OrderedOut));
    assert_eq!(removes(&[OTHER_PRESENTER, HOST], HOST, &leaves, &[]), Err(Rule::OrderedOut));
}

#[test]
fn a_commit_that_does_not_carry_out_every_order_is_refused() {
    // SPEC [G16]
    let ignored = Err(Rule::OrderIgnored);
    let attendee = u32::from(OTHER_ATTENDEE);
    assert_eq!(removes(&[OTHER_ATTENDEE], HOST, &[OTHER_PRESENTER.into()], &[]), ignored);
    assert_eq!(removes(&[OTHER_ATTENDEE], HOST, &[attendee], &[]), ignored);
    assert_eq!(removes(&[OTHER_ATTENDEE], HOST, &[SECOND_DEVICE], &[]), ignored);
    assert_eq!(removes(&[OTHER_ATTENDEE], HOST, &[attendee, SECOND_DEVICE], &[]), OK);
    let both = [OTHER_ATTENDEE, OTHER_PRESENTER];
    assert_eq!(removes(&both, HOST, &[attendee, SECOND_DEVICE], &[]), ignored);
    let all = [attendee, SECOND_DEVICE, OTHER_PRESENTER.into()];
    assert_eq!(removes(&both, HOST, &all, &[]), OK);
}

#[test]
fn a_leave_does_not_carry_out_an_order() {
    // SPEC [G16]
    let ignored = Err(Rule::OrderIgnored);
    let leaves = [OTHER_PRESENTER.into()];
    let orders = [OTHER_PRESENTER];
    assert_eq!(removes(&orders, HOST, &leaves, &[OTHER_PRESENTER]), ignored);
    assert_eq!(removes(&[], HOST, &leaves, &[OTHER_PRESENTER]), OK);
    let leaves = [OTHER_ATTENDEE.into(), SECOND_DEVICE];
    assert_eq!(removes(&[OTHER_ATTENDEE], HOST, &leaves, &[OTHER_ATTENDEE]), ignored);
}

#[test]
fn every_other_commit_waits_for_the_order() {
    // SPEC [G16]
    let (state, roster) = (state(), roster());
    let orders = [person(ATTENDEE)];
    let scene = Scene { state: &state, roster: &roster, orders: &orders };
    let new = edited(|s| s.door = Door::Locked);
    let adds = [newcomer_of(1, ABSENT)];
    let psk = Some(PskId::Invite(invite_id(&state.invites[0].secret)));
    let commits = [
        Proposed { adds: &adds, psk, ..nothing(HOST) },
        Proposed { state: Some(&new), ..nothing(HOST) },
        Proposed { renames: true, ..nothing(HOST) },
    ];
    for commit in commits {
        assert_eq!(judge(&scene, &commit), Err(Rule::OrderIgnored));
        assert_eq!(judge(&Scene { orders: &[], ..scene }, &commit), OK);
    }
}
