//! Searches that have to find nothing wrong.

use super::*;
use crate::mls::{Group, Symbolic};

/// A removal, a change and a rename at once.
const THREE: [(usize, Call); 3] = [(0, Call::Remove(3)), (1, Call::Lock), (2, Call::Rename)];

#[test]
fn three_commits_race() {
    complete::<Symbolic>("three commits", &setup(4, &THREE), 1_000);
}

#[test]
fn three_commits_race_over_the_engine() {
    complete::<Group>("three commits, openmls", &setup(4, &THREE), 1_000);
}

#[test]
fn the_reduction_loses_no_end() {
    let calls = [(0, Call::Remove(2)), (1, Call::Lock)];
    let reduced = setup(3, &calls);
    let whole = Setup { reduced: false, ..reduced.clone() };
    let few = complete::<Symbolic>("two commits, reduced", &reduced, 10);
    let all = complete::<Symbolic>("two commits, whole", &whole, 300);
    assert!(few.ends.keys().eq(all.ends.keys()));
    assert!(few.states < all.states);
}

#[test]
fn what_the_table_keeps_is_what_a_run_alone_comes_to() {
    let faults = Faults { twice: 1, restores: 1, ..Faults::default() };
    let setup = Setup { faults, ..setup(2, &[(1, Call::Lock)]) };
    let report = complete::<Symbolic>("two faults", &setup, 50);
    for (key, script) in report.ends.iter().step_by(5) {
        assert_eq!(play::<Symbolic>(&setup, script), *key, "{}", told(&setup, script));
    }
}

#[test]
fn two_admitters_race() {
    let calls = [(0, Call::Admit), (1, Call::Admit), (2, Call::Rename)];
    let setup = Setup { knockers: 1, ..setup(3, &calls) };
    complete::<Symbolic>("two admitters", &setup, 2_000);
}

#[test]
fn a_removal_and_an_admission_race() {
    let calls = [(0, Call::Remove(2)), (1, Call::Admit)];
    let setup = Setup { knockers: 1, ..setup(3, &calls) };
    complete::<Symbolic>("a removal and an admission", &setup, 200);
}

#[test]
fn a_leaver_and_a_removal_race() {
    let calls = [(3, Call::Leave), (0, Call::Remove(2)), (1, Call::Renew)];
    complete::<Symbolic>("a leaver", &setup(4, &calls), 1_500);
}

#[test]
fn what_is_lost_repeated_or_overtaken_changes_no_end() {
    let calls = [(0, Call::Remove(2)), (1, Call::Lock)];
    for (name, faults) in [
        ("one lost", Faults { lost: 1, ..Faults::default() }),
        ("one twice", Faults { twice: 1, ..Faults::default() }),
        ("one early", Faults { early: 1, ..Faults::default() }),
    ] {
        complete::<Symbolic>(name, &Setup { faults, ..setup(3, &calls) }, 1_000);
    }
}

#[test]
fn what_is_posted_may_be_late_or_lost() {
    let calls = [(0, Call::Remove(2)), (1, Call::Lock)];
    let faults = Faults { lost: 1, ..Faults::default() };
    let setup = Setup { uplink: true, faults, ..setup(3, &calls) };
    complete::<Symbolic>("posts late or lost", &setup, 2_500);
}

#[test]
fn a_second_goes_by_anywhere() {
    let calls = [(0, Call::Remove(2)), (1, Call::Lock)];
    let faults = Faults { seconds: 1, ..Faults::default() };
    complete::<Symbolic>("a second", &Setup { faults, ..setup(3, &calls) }, 4_000);
}

#[test]
fn a_client_crashes_and_comes_back_by_the_door() {
    let calls = [(0, Call::Renew), (1, Call::Lock)];
    let faults = Faults { crashes: 1, ..Faults::default() };
    complete::<Symbolic>("a crash", &Setup { faults, ..setup(3, &calls) }, 700);
}

#[test]
fn a_path_is_unreadable_to_one() {
    let calls = [(2, Call::LosePath), (0, Call::Lock), (1, Call::Renew)];
    complete::<Symbolic>("unreadable", &setup(3, &calls), 60);
}

#[test]
fn a_client_crashes_anywhere_and_is_restored() {
    let calls = [(0, Call::Renew), (1, Call::Lock)];
    let faults = Faults { restores: 1, ..Faults::default() };
    complete::<Symbolic>("a restore", &Setup { faults, ..setup(3, &calls) }, 2_000);
}

#[test]
fn a_client_is_restored_from_a_snapshot_that_is_too_old() {
    let calls = [(0, Call::Renew), (1, Call::Lock)];
    let faults = Faults { old: 1, ..Faults::default() };
    complete::<Symbolic>("an old snapshot", &Setup { faults, ..setup(3, &calls) }, 1_000);
}

/// The three commits with one fault, in half a million states and more: minutes each.
fn deep(name: &str, faults: Faults) {
    complete::<Symbolic>(name, &Setup { faults, ..setup(4, &THREE) }, 100_000);
}

#[test]
#[ignore = "takes minutes"]
fn three_commits_race_and_one_entry_is_lost() {
    deep("three commits, one lost", Faults { lost: 1, ..Faults::default() });
}

#[test]
#[ignore = "takes minutes"]
fn three_commits_race_and_one_entry_comes_twice() {
    deep("three commits, one twice", Faults { twice: 1, ..Faults::default() });
}

#[test]
#[ignore = "takes minutes"]
fn three_commits_race_and_one_entry_is_early() {
    deep("three commits, one early", Faults { early: 1, ..Faults::default() });
}

#[test]
#[ignore = "takes minutes"]
fn three_commits_race_and_a_second_goes_by() {
    deep("three commits, a second", Faults { seconds: 1, ..Faults::default() });
}

#[test]
#[ignore = "takes minutes"]
fn three_commits_race_and_a_client_is_restored() {
    deep("three commits, a restore", Faults { restores: 1, ..Faults::default() });
}

/// The same over the engine, for two commits.
#[test]
#[ignore = "takes minutes"]
fn two_commits_race_under_any_two_faults_over_the_engine() {
    let calls = [(0, Call::Remove(2)), (1, Call::Lock)];
    let faults = Faults { lost: 1, early: 1, restores: 1, ..Faults::default() };
    let setup = Setup { uplink: true, faults, ..setup(3, &calls) };
    complete::<Group>("two commits and faults, openmls", &setup, 100_000);
}
