//! What a change of members costs in a meeting, beside openmls alone with its own provider:
//! `cargo bench --bench group`, `-- --members N` for one size, `-- --publish` for the README's chart.
//!
//! Ours is all that a client does: envelope, verdict, state, keyring. Every member has committed a path
//! of its own before, on both sides. Rounds alternate, and medians of them are compared.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench measures and prints"
)]

mod ours;
mod stock;

use incamera_bench::{
    Failure, Group, Verdicts, draw, median, options, publish, rounded, write_json,
};
use serde_json::{Map, Value, json};

/// Rounds at every size.
const ROUNDS: usize = 15;

/// What is timed, and the most that it may be at 1,000 members and at 100, as a ratio to stock. Of a
/// join, up to the tree, and until the joiner is in and has verified every certificate.
const STEPS: [(&str, f64, f64); 5] = [
    ("add", 0.40, 0.90),
    ("receive", 0.60, 0.90),
    ("join", 0.85, 0.90),
    ("join_verified", 1.60, 1.60),
    ("remove", 0.50, 0.90),
];

/// The times of one round, in nanoseconds, in the order of [`STEPS`].
type Round = [f64; 5];

fn main() -> Result<(), Failure> {
    let options = options();
    let given = options.iter().skip_while(|word| *word != "--members").nth(1);
    let sizes =
        given.map_or(Ok(vec![10, 100, 1_000]), |size| size.parse().map(|size| vec![size]))?;
    let published = options.iter().any(|word| word == "--publish");
    let (mut verdicts, mut figures) = (Verdicts::default(), Map::new());
    let mut groups: Vec<_> =
        STEPS.map(|(step, ..)| Group { label: step.into(), bars: vec![] }).into();
    for members in &sizes {
        let (ours, stock) = measure(*members)?;
        for (place, (step, most, at_100)) in STEPS.into_iter().enumerate() {
            let (Some(ours), Some(stock)) = (ours.get(place), stock.get(place)) else { continue };
            println!(
                "{members:>5} members, {step:>13}: {:>8.3} ms, stock {:>8.3} ms",
                ours / 1e6,
                stock / 1e6
            );
            let ratio = ours / stock;
            let what = format!("{step} at {members} members, against stock");
            match members {
                1_000 => verdicts.at_most(&what, ratio, most),
                100 => verdicts.at_most(&what, ratio, at_100),
                _ => {}
            }
            add(
                &mut figures,
                step,
                *members,
                &json!({
                    "ms": rounded(ours / 1e6), "stock_ms": rounded(stock / 1e6), "vs_stock": rounded(ratio),
                }),
            );
            if let Some(group) = groups.get_mut(place) {
                group.bars.push(Some(ratio));
            }
        }
    }
    verdicts.print();
    write_json("group", &Value::Object(figures))?;
    let series: Vec<_> = sizes.iter().map(|size| format!("{size} members")).collect();
    let series: Vec<_> = series.iter().map(String::as_str).collect();
    let title = "A change of members: time beside openmls with its stock provider and store";
    draw(&publish("group", published)?, title, &series, &groups)
}

/// Puts what was measured of a step at one size.
fn add(figures: &mut Map<String, Value>, step: &str, members: usize, measured: &Value) {
    let of_step = figures.entry(step).or_insert_with(|| json!({}));
    if let Value::Object(of_step) = of_step {
        of_step.insert(members.to_string(), measured.clone());
    }
}

/// The medians of both sides.
fn measure(members: usize) -> Result<(Round, Round), Failure> {
    let (mut ours, mut stock) = (ours::Warm::new(members)?, stock::Warm::new(members)?);
    let mut times: [Vec<f64>; 10] = Default::default();
    for _ in 0..ROUNDS {
        let rounds = [ours.round()?, stock.round()?];
        times.iter_mut().zip(rounds.as_flattened()).for_each(|(times, time)| times.push(*time));
    }
    let medians = times.map(|times| median(&times));
    let [a, b, c, d, e, v, w, x, y, z] = medians;
    Ok(([a, b, c, d, e], [v, w, x, y, z]))
}
