//! Searches that have to find what a test has put wrong.

use super::*;
use crate::meeting::mistakes::Mistake;
use crate::mls::Symbolic;

/// An order and its commit, and another commit at once.
const REMOVAL: [(usize, Call); 2] = [(0, Call::Remove(2)), (1, Call::Lock)];
/// Two commits at once that are both as good.
const RACE: [(usize, Call); 2] = [(0, Call::Renew), (1, Call::Lock)];

/// A meeting in which somebody makes a mistake, and what is posted may be late.
fn mistaken(mistake: (usize, Mistake), calls: &[(usize, Call)]) -> Setup {
    let members = 1 + mistake.0.max(2);
    Setup { uplink: true, reduced: false, mistake: Some(mistake), ..setup(members, calls) }
}

/// The search finds a run in which this rule is broken, and shows it.
#[track_caller]
fn finds(setup: &Setup, rule: Rule) {
    let mistake = setup.mistake;
    let report = report::<Symbolic>(&format!("{mistake:?}"), setup, usize::MAX, Some(rule));
    let breaks = report.found.iter().filter_map(|(_, _, flaw)| flaw.as_ref());
    let broken: Vec<_> = breaks.map(|flaw| flaw.rule).collect();
    assert!(broken.contains(&rule), "{mistake:?}: {broken:?}");
}

#[test]
fn a_commit_merged_before_it_is_read_back_is_found() {
    // SPEC [G1]
    finds(&mistaken((1, Mistake::MergesUnread), &RACE), Rule::Client);
}

#[test]
fn a_commit_of_ones_own_that_is_not_merged_is_found() {
    // SPEC [G1]
    finds(&mistaken((1, Mistake::MissesItsOwn), &RACE), Rule::Agreement);
}

#[test]
fn a_second_commit_for_an_epoch_that_is_merged_is_found() {
    // SPEC [G1]
    finds(&mistaken((1, Mistake::PrefersItsOwn), &RACE), Rule::Agreement);
}

#[test]
fn a_verdict_that_is_skipped_is_found() {
    // SPEC [G2]
    finds(&mistaken((3, Mistake::SkipsVerdicts), &REMOVAL), Rule::Agreement);
}

#[test]
fn a_frame_that_is_sealed_under_an_overdue_order_is_found() {
    // SPEC [M9]
    let faults = Faults { seconds: 1, ..Faults::default() };
    let setup = Setup { faults, ..mistaken((3, Mistake::IgnoresOrders), &REMOVAL) };
    finds(&setup, Rule::Client);
}

#[test]
fn an_old_epoch_that_is_sealed_in_after_a_removal_is_found() {
    // SPEC [M6]
    finds(&mistaken((3, Mistake::LingersOn), &REMOVAL), Rule::Removed);
}

#[test]
fn a_newcomer_who_is_not_shown_is_found() {
    let calls = [(0, Call::Admit)];
    let setup = Setup { knockers: 1, mistake: Some((1, Mistake::HidesPeople)), ..setup(2, &calls) };
    let report = report::<Symbolic>("a newcomer is hidden", &setup, usize::MAX, Some(Rule::Client));
    let text = report.found[0].2.as_ref().unwrap().to_string();
    assert!(text.contains("whom it has not shown"), "{text}");
}
