//! Many runs in numbers.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Run;
use crate::world::Tally;

type Count = (&'static str, fn(&Tally) -> u64);

/// What is counted in every run.
const COUNTS: [Count; 36] = [
    ("members", |t| t.members),
    ("joined", |t| t.joined),
    ("gave up at the door", |t| t.gave_up),
    ("in the roster without knowing", |t| t.stranded),
    ("epochs", |t| t.epochs),
    ("operations", |t| t.operations),
    ("refused operations", |t| t.refused),
    ("log entries", |t| t.entries),
    ("messages and frames sent", |t| t.sent),
    ("lost", |t| t.lost),
    ("duplicated", |t| t.duplicated),
    ("reordered", |t| t.reordered),
    ("furthest reordering", |t| t.furthest),
    ("corrupted", |t| t.corrupted),
    ("partitions", |t| t.partitions),
    ("absences", |t| t.absences),
    ("withheld or slowed", |t| t.withheld),
    ("lies of the server", |t| t.lies),
    ("crashes", |t| t.crashes),
    ("restores", |t| t.restores),
    ("clones", |t| t.clones),
    ("forgeries", |t| t.forgeries),
    ("resyncs", |t| t.resyncs),
    ("alarms", |t| t.alarms),
    ("withheld alarms", |t| t.withheld_alarms),
    ("unheard alarms", |t| t.unheard_alarms),
    ("groups left apart", |t| t.apart),
    ("hosts gone", |t| t.silenced),
    ("frames", |t| t.frames),
    ("frames opened", |t| t.opened),
    ("frames held", |t| t.held),
    ("replays and forgeries delivered", |t| t.replayed),
    ("heard after removal, ms", |t| t.heard_after_removal_ms),
    ("converged after, ms", |t| t.converged_ms),
    ("meeting, ms", |t| t.world_ms),
    ("longest queue", |t| t.longest_queue),
];

/// What must be nought.
const NOUGHTS: [Count; 3] = [
    ("replays accepted", |t| t.replays_accepted),
    ("altered frames accepted", |t| t.altered_accepted),
    ("in-window frames lost to a rekey", |t| t.lost_to_rekey),
];

/// The figures of many runs.
pub(crate) struct Figures<'a> {
    runs: &'a [Run],
    seconds: f64,
}

/// Least, median, 99th percentile and most.
fn spread(runs: &[Run], count: fn(&Tally) -> u64) -> [u64; 4] {
    let mut values: Vec<u64> = runs.iter().map(|run| count(&run.tally)).collect();
    values.sort_unstable();
    let at = |share: f64| {
        let last = values.len().saturating_sub(1);
        values.get((last as f64 * share).ceil() as usize).copied().unwrap_or(0)
    };
    [at(0.0), at(0.5), at(0.99), at(1.0)]
}

impl<'a> Figures<'a> {
    pub(crate) fn new(runs: &'a [Run], seconds: f64) -> Self {
        Self { runs, seconds }
    }

    fn failing(&self) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(|run| !run.failures.is_empty())
    }

    fn total(&self, count: fn(&Tally) -> u64) -> u64 {
        self.runs.iter().map(|run| count(&run.tally)).sum()
    }

    /// Whether every seed went as it must.
    pub(crate) fn is_good(&self) -> bool {
        self.failing().next().is_none()
    }

    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{:<34}{:>10}{:>10}{:>10}{:>10}", "", "min", "p50", "p99", "max");
        for (name, count) in COUNTS {
            let [min, p50, p99, max] = spread(self.runs, count);
            let _ = writeln!(text, "{name:<34}{min:>10}{p50:>10}{p99:>10}{max:>10}");
        }
        for (name, count) in NOUGHTS {
            let _ = writeln!(text, "{name:<34}{:>10}", self.total(count));
        }
        for run in self.failing() {
            let first = run.failures.iter().take(3).map(String::as_str);
            let _ =
                writeln!(text, "seed {}: {}", run.seed, first.collect::<Vec<_>>().join("\n    "));
        }
        let (runs, failed) = (self.runs.len(), self.failing().count());
        let _ = write!(text, "{runs} seeds, {failed} failed, {:.1} s", self.seconds);
        text
    }

    pub(crate) fn json(&self, first: u64, seeds: u64) -> Value {
        let key = |name: &str| name.replace(", ", "_").replace([' ', '-'], "_");
        let spreads = COUNTS.iter().map(|(name, count)| {
            let [min, p50, p99, max] = spread(self.runs, *count);
            (key(name), json!({ "min": min, "p50": p50, "p99": p99, "max": max }))
        });
        let noughts = NOUGHTS.iter().map(|(name, count)| (key(name), json!(self.total(*count))));
        let failing = self.failing().map(|run| {
            json!({ "seed": run.seed, "failures": run.failures.iter().take(5).collect::<Vec<_>>() })
        });
        let mut all: serde_json::Map<String, Value> = spreads.chain(noughts).collect();
        all.insert("first".to_owned(), json!(first));
        all.insert("seeds".to_owned(), json!(seeds));
        all.insert("seconds".to_owned(), json!(self.seconds));
        all.insert("ok".to_owned(), json!(self.is_good()));
        all.insert("failing_seeds".to_owned(), failing.collect());
        Value::Object(all)
    }
}
