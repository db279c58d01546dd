//! Model checking: every run of a small meeting, with races, loss, repetition and crashes, is gone
//! through and checked; with symbols in place of the MLS engine, and with the engine itself.

mod cast;
mod choices;
mod client;
mod ending;
mod mistaken;
mod parcel;
mod races;
mod run;
mod search;
mod table;
mod view;
mod witness;

use cast::Checked;
use choices::{Faults, Setup};
use client::Call;
use search::{Report, play, search, told};
use view::Rule;

/// A meeting in which these calls are made, without any fault.
fn setup(members: usize, calls: &[(usize, Call)]) -> Setup {
    Setup {
        members,
        knockers: 0,
        calls: calls.to_vec(),
        faults: Faults::default(),
        uplink: false,
        reduced: true,
        mistake: None,
    }
}

/// Searches, and says what came of it.
fn report<E: Checked>(name: &str, setup: &Setup, depth: usize, until: Option<Rule>) -> Report
where
    E::Joiner: 'static,
{
    #[allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "how long it takes is worth knowing"
    )]
    let began = std::time::Instant::now();
    let report = search::<E>(setup, depth, until);
    let Report { states, transitions, depth, clients, steps, ends, cut, found } = &report;
    eprintln!(
        "{name}: {states} states, {transitions} transitions, scripts of up to {depth} actions, \
         {clients} states of clients in {steps} steps, {} ends, {cut} cut off, {:?}",
        ends.len(),
        began.elapsed()
    );
    for (property, script, flaw) in found {
        let flaw = flaw.as_ref().map(ToString::to_string).unwrap_or_default();
        eprintln!("not so: {property}. {flaw}\n{}", told(setup, script));
    }
    report
}

/// Searches, and fails if anything is wrong or was left out, or if there was little to search.
fn complete<E: Checked>(name: &str, setup: &Setup, at_least: usize) -> Report
where
    E::Joiner: 'static,
{
    let report = report::<E>(name, setup, usize::MAX, None);
    assert!(report.found.is_empty(), "{name}: see above");
    assert_eq!(report.cut, 0, "{name}: not complete");
    assert!(report.states > at_least, "{name}: only {} states", report.states);
    report
}
