//! Silent hosts.

use super::*;

/// A third of the list: two statements of three are more than half.
fn listed() -> GroupState {
    edited(|s| s.succession = vec![person(CO_HOST), person(HEIR), person(OTHER_CO_HOST)])
}

fn says(author: u8, hosts: &[u8]) -> Statement {
    let hosts = hosts.iter().map(|who| person(*who)).collect();
    Statement { author: person(author), hosts }
}

fn all_say(authors: &[u8]) -> Vec<Statement> {
    authors.iter().map(|who| says(*who, &[HOST, OTHER_HOST])).collect()
}

fn replaced(old: &GroupState) -> GroupState {
    let mut new = old.duplicate();
    apply(&mut new, &roster(), &by(CO_HOST), &Change::ReplaceHosts).unwrap();
    new
}

fn verdict_in(old: &GroupState, who: u8, said: &[Statement], new: Option<&GroupState>) -> Verdict {
    let roster = roster();
    let scene = Scene { state: old, roster: &roster, orders: &[] };
    judge(&scene, &Proposed { state: new, statements: said, ..nothing(who) })
}

fn verdict(who: u8, said: &[Statement]) -> Verdict {
    verdict_in(&listed(), who, said, Some(&replaced(&listed())))
}

#[test]
fn a_majority_of_those_listed_replaces_silent_hosts() {
    // SPEC [G17]
    assert_eq!(verdict(CO_HOST, &all_say(&[CO_HOST, HEIR])), OK);
    assert_eq!(verdict(CO_HOST, &all_say(&[OTHER_CO_HOST, HEIR])), OK);
    assert_eq!(verdict(OTHER_CO_HOST, &all_say(&[HEIR, CO_HOST, OTHER_CO_HOST])), OK);
    let more = [says(HEIR, &[HOST, OTHER_HOST, ABSENT]), says(CO_HOST, &[OTHER_HOST, HOST])];
    assert_eq!(verdict(HEIR, &more), OK);
}

#[test]
fn the_first_who_is_here_follows_and_the_hosts_become_co_hosts() {
    // SPEC [G17]
    let mut old = listed();
    old.members[0].recording = true;
    old.members[5].recording = true;
    old.rights.co_host = CO_HOST_RIGHTS;
    let new = replaced(&old);
    let mut expected = old.duplicate();
    expected.members[0].role = Role::CoHost;
    expected.members[5].role = Role::CoHost;
    expected.members[1] = entry(CO_HOST, Role::Host);
    expected.succession.remove(0);
    assert_eq!(new, expected);
    // Somebody who is listed and not here is passed over, and so is a host that is not here.
    old.members.extend([entry(ABSENT, Role::CoHost), entry(32, Role::Host)]);
    old.succession.insert(0, person(ABSENT));
    let mut expected = expected.duplicate();
    expected.members.extend([entry(ABSENT, Role::CoHost), entry(32, Role::Host)]);
    expected.succession.insert(0, person(ABSENT));
    assert_eq!(replaced(&old), expected);
    old.succession.truncate(1);
    let nobody = Err(Rule::State("nobody of the succession is here"));
    assert_eq!(apply(&mut old, &roster(), &by(HOST), &Change::ReplaceHosts), nobody);
}

#[test]
fn a_replacement_by_somebody_who_is_not_listed_is_refused() {
    // SPEC [G17]
    let refused = Err(Rule::Statements("its committer is not listed"));
    for who in [HOST, PRESENTER, ATTENDEE, BOT] {
        assert_eq!(verdict(who, &all_say(&[CO_HOST, HEIR])), refused);
    }
}

#[test]
fn a_statement_of_somebody_who_is_not_listed_is_refused() {
    // SPEC [G17]
    let refused = Err(Rule::Statements("one is of somebody who is not listed"));
    for author in [HOST, PRESENTER, BOT, ABSENT] {
        assert_eq!(verdict(CO_HOST, &all_say(&[CO_HOST, HEIR, author])), refused);
    }
}

#[test]
fn a_statement_of_somebody_who_is_not_here_is_refused() {
    // SPEC [G17]
    let mut old = listed();
    old.members.push(entry(ABSENT, Role::CoHost));
    old.succession.push(person(ABSENT));
    let said = all_say(&[CO_HOST, HEIR, ABSENT]);
    let refused = Err(Rule::Statements("one is of somebody who is not here"));
    assert_eq!(verdict_in(&old, CO_HOST, &said, Some(&replaced(&old))), refused);
}

#[test]
fn two_statements_of_one_identity_are_refused() {
    // SPEC [G17]
    let refused = Err(Rule::Statements("two are of one identity"));
    assert_eq!(verdict(CO_HOST, &all_say(&[CO_HOST, CO_HOST])), refused);
    assert_eq!(verdict(CO_HOST, &all_say(&[CO_HOST, HEIR, CO_HOST])), refused);
}

#[test]
fn a_statement_that_leaves_a_host_out_is_refused() {
    // SPEC [G17]
    let refused = Err(Rule::Statements("one does not name every host"));
    for hosts in [&[HOST][..], &[OTHER_HOST], &[ABSENT], &[HOST, CO_HOST]] {
        let said = [says(CO_HOST, &[HOST, OTHER_HOST]), says(HEIR, hosts)];
        assert_eq!(verdict(CO_HOST, &said), refused);
    }
    // A host that is not here need not be named.
    let mut old = listed();
    old.members.push(entry(ABSENT, Role::Host));
    let said = all_say(&[CO_HOST, HEIR]);
    assert_eq!(verdict_in(&old, CO_HOST, &said, Some(&replaced(&old))), OK);
}

#[test]
fn statements_of_half_of_those_listed_are_refused() {
    // SPEC [G17]
    let refused = Err(Rule::Statements("not of more than half of those listed"));
    assert_eq!(verdict(CO_HOST, &all_say(&[CO_HOST])), refused);
    // Half of two, and of four; those who are not here count.
    let two = state();
    let one = all_say(&[HEIR]);
    assert_eq!(verdict_in(&two, CO_HOST, &one, Some(&replaced(&two))), refused);
    let said = all_say(&[HEIR, CO_HOST]);
    assert_eq!(verdict_in(&two, CO_HOST, &said, Some(&replaced(&two))), OK);
    let mut four = listed();
    four.members.push(entry(ABSENT, Role::CoHost));
    four.succession.push(person(ABSENT));
    assert_eq!(verdict_in(&four, CO_HOST, &said, Some(&replaced(&four))), refused);
    let said = all_say(&[HEIR, CO_HOST, OTHER_CO_HOST]);
    assert_eq!(verdict_in(&four, CO_HOST, &said, Some(&replaced(&four))), OK);
}

#[test]
fn a_replacement_that_does_anything_else_is_refused() {
    // SPEC [G17]
    let old = listed();
    let said = all_say(&[CO_HOST, HEIR]);
    let refused = Err(Rule::State("it is not what follows from the statements"));
    assert_eq!(verdict_in(&old, CO_HOST, &said, None), refused);
    assert_eq!(verdict_in(&old, CO_HOST, &said, Some(&old)), refused);
    let mut more = replaced(&old);
    more.door = Door::Locked;
    assert_eq!(verdict_in(&old, CO_HOST, &said, Some(&more)), refused);
}

#[test]
fn a_replacement_without_statements_is_refused() {
    // SPEC [G17]
    let old = listed();
    let outranked = Err(Rule::Outranked);
    assert_eq!(verdict_in(&old, CO_HOST, &[], Some(&replaced(&old))), outranked);
    assert_eq!(verdict_in(&old, HOST, &[], Some(&replaced(&old))), OK);
}
