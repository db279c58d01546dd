//! Times and what is made of them.

use std::time::Instant;

/// The median of some times; 0 of none.
#[must_use]
pub fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// What `run` gives, and how many nanoseconds it took.
pub fn nanoseconds<R>(run: impl FnOnce() -> R) -> (R, f64) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed().as_nanos() as f64)
}
