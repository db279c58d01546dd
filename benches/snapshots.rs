//! What a snapshot costs: `cargo bench --bench snapshots --features testing`.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench measures and prints"
)]

use std::time::Instant;

use incamera::testing::{self, Room};
use incamera::{Error, Expected, Meeting};

/// Medians are taken over so many.
const ROUNDS: usize = 50;
const KEY: [u8; 32] = [7; 32];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    println!("{:>8}  {:>8}  {:>10}  {:>10}", "members", "bytes", "snapshot", "restore");
    for members in [2, 10, 100] {
        measure(members)?;
    }
    Ok(())
}

/// A meeting of so many, all let in at once, and the guest at the second leaf.
fn meeting(members: usize) -> Result<Room, Error> {
    let mut room = Room::new(&["Ada"])?;
    let invite = room[0].invite()?;
    for number in 1..members {
        room.knock(&format!("Guest number {number:03}"), &invite, None)?;
    }
    let now = room.now();
    room[0].admit_all(now)?;
    room.wait(5);
    Ok(room)
}

fn measure(members: usize) -> Result<(), Failure> {
    let mut room = meeting(members)?;
    let (identity, now) = (Room::identity("Guest number 001")?, room.now());
    let guest = &mut room[1];
    assert_eq!(guest.roster().len(), members, "everybody is in");
    let snapshot = guest.snapshot(&KEY)?;
    let out = median(|| Ok(guest.snapshot(&KEY).map(drop)?))?;
    let restore = || -> Result<Meeting, Failure> {
        Ok(testing::restore([9; 32], &identity, &snapshot, &KEY, Expected::default(), now)?)
    };
    let back = median(|| restore().map(drop))?;
    println!("{members:>8}  {:>8}  {out:>7.0} us  {back:>7.0} us", snapshot.len());
    Ok(())
}

/// In microseconds.
fn median(mut run: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(ROUNDS / 2).copied().unwrap_or_default())
}
