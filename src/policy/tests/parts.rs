//! On whose word the others rely.

use super::*;

/// The leaves with authority, and those that are listed beside them.
fn leaves(state: &GroupState, roster: &[Occupant], orders: &[Fingerprint]) -> [Vec<u8>; 2] {
    let parts = parts(&Scene { state, roster, orders });
    assert_eq!(parts.len(), roster.len());
    let of = |wanted| {
        let both = roster.iter().zip(&parts).filter(|(_, part)| **part == wanted);
        both.map(|(member, _)| u8::try_from(member.leaf).unwrap()).collect()
    };
    [of(Part::Authority), of(Part::Listed)]
}

#[test]
fn hosts_have_authority_and_their_followers_are_listed() {
    // SPEC [G24]
    let (hosts, listed) = (vec![HOST, OTHER_HOST], vec![CO_HOST, HEIR]);
    assert_eq!(leaves(&state(), &roster(), &[]), [hosts, listed.clone()]);
    // Nobody relies on the word of who is ordered out.
    let left = leaves(&state(), &roster(), &[person(HOST), person(HEIR)]);
    assert_eq!(left, [vec![OTHER_HOST], listed]);
    // Every leaf of a host's identity.
    let mut roster = roster();
    roster.push(occupant(20, HOST));
    let devices = leaves(&state(), &roster, &[]);
    assert_eq!(devices[0], [HOST, OTHER_HOST, 20]);
}

#[test]
fn without_a_host_the_three_at_the_lowest_leaves_stand_in() {
    // SPEC [G24]
    let gone = |who: &[u8]| {
        let gone: Vec<_> = who.iter().map(|who| person(*who)).collect();
        let here = |member: &Occupant| !gone.contains(&member.fingerprint);
        roster().into_iter().filter(here).collect::<Vec<_>>()
    };
    let without_hosts = gone(&[HOST, OTHER_HOST]);
    let [stand_ins, listed] = leaves(&state(), &without_hosts, &[]);
    assert_eq!(stand_ins, [CO_HOST, PRESENTER, ATTENDEE]);
    assert_eq!(listed, [HEIR]);
    let [stand_ins, _] = leaves(&state(), &without_hosts, &[person(PRESENTER)]);
    assert_eq!(stand_ins, [CO_HOST, ATTENDEE, BOT]);
    let two = gone(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(leaves(&state(), &two, &[])[0].len(), 2, "as many as there are");
}
