//! Model checking: every run of a small meeting, with races, loss, repetition and crashes, is gone
//! through and checked; with symbols in place of the MLS engine, and with the engine itself.

mod cast;
mod client;
mod ending;
mod run;
mod search;
mod table;

use cast::Checked;
use client::Call;
use run::{Faults, Setup};
use search::{Report, search, told};

use crate::mls::{Group, Symbolic};

fn setup(members: usize, calls: &[(usize, Call)]) -> Setup {
    Setup {
        members,
        knockers: 0,
        calls: calls.to_vec(),
        faults: Faults::default(),
        uplink: false,
        reduced: false,
    }
}

/// Searches, says what came of it, and fails if anything is wrong or was left out.
fn complete<E: Checked>(name: &str, setup: &Setup, depth: usize, at_least: usize) -> Report
where
    E::Joiner: 'static,
{
    #[allow(clippy::disallowed_methods, reason = "how long a search takes is worth knowing")]
    let began = std::time::Instant::now();
    let report = search::<E>(setup, depth);
    eprintln!("{name}: {report:?} in {:?}", began.elapsed());
    for (property, script, flaw) in &report.found {
        eprintln!("{property}: {flaw:?}\n{}", told(setup, script));
    }
    assert!(report.found.is_empty(), "{name}: see above");
    assert_eq!(report.cut, 0, "{name}: cut off");
    assert!(report.states > at_least, "{name}: {} states", report.states);
    report
}

#[test]
fn three_commits_race() {
    let calls = [(0, Call::Remove(3)), (1, Call::Lock), (2, Call::Rename)];
    complete::<Symbolic>("three commits", &setup(4, &calls), 100, 100);
}
