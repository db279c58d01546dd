//! Random meetings in the world in a box.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/world/mod.rs"]
mod world;

use world::{Faults, Plan, World, random_run};

#[track_caller]
fn assert_good(world: &World) {
    assert!(world.failures.is_empty(), "{}\n{}", world.report(), world.text());
}

#[test]
fn a_meeting_without_faults_agrees() {
    let world = random_run(1, &Plan { faults: Faults::none(), ..Plan::small() });
    assert_good(&world);
}

#[test]
fn one_seed_replays_a_run() {
    let plan = Plan::small();
    let (one, two) = (random_run(3, &plan), random_run(3, &plan));
    assert_eq!(one.digest(), two.digest());
    assert_ne!(one.digest(), random_run(4, &plan).digest());
}

#[test]
fn meetings_survive_a_harsh_network() {
    for seed in 10..14 {
        assert_good(&random_run(seed, &Plan::small()));
    }
}
