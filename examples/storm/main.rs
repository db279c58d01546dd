//! A meeting of a thousand, formed by a storm of knocks: every member is a full client, on a virtual
//! clock, with a server in between that is 100 milliseconds away from each.
//!
//! `cargo run --release --example storm` runs it; `-- --members N` in another size. It prints what the
//! library itself took: time, bytes, memory.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an example prints, and measures with the clock of the machine"
)]

mod crowd;
mod machine;
mod server;

use std::time::Instant;

use crowd::{Crowd, Failure};

/// How large the meeting becomes unless the command line says otherwise.
const MEMBERS: usize = 1_000;
/// Over how long the knocks are spread, in milliseconds.
const STORM_MS: u64 = 10_000;
/// How many of them leave and how many others come in their place.
const CHURN: usize = 100;
/// Over how long, in milliseconds.
const CHURN_MS: u64 = 20_000;
/// How many send all the while.
const SENDERS: usize = 20;

fn main() -> Result<(), Failure> {
    let members = members()?;
    let churn = CHURN.min(members / 4);
    let started = Instant::now();
    let mut crowd = Crowd::new(members)?;
    crowd.storm(STORM_MS)?;
    let formed = started.elapsed();
    report("formed", &crowd, formed);
    crowd.fill()?;
    let filled = started.elapsed();
    report("tree filled", &crowd, filled - formed);
    crowd.churn(churn, SENDERS.min(members), CHURN_MS)?;
    let churned = started.elapsed();
    report("churned", &crowd, churned - filled);
    println!(
        "frames  {} sealed by {SENDERS}, {} opened, {} not",
        crowd.frames.sealed, crowd.frames.opened, crowd.frames.lost
    );
    crowd.end()?;
    println!("ended   by all; {:.1} s in all", started.elapsed().as_secs_f64());
    println!("ok");
    Ok(())
}

fn members() -> Result<usize, Failure> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, None, None) => Ok(MEMBERS),
        (Some("--members"), Some(number), None) => {
            let number: usize = number.parse()?;
            if number < 2 { Err("a storm needs two members at least".into()) } else { Ok(number) }
        }
        _ => Err("usage: storm [--members N]".into()),
    }
}

fn report(what: &str, crowd: &Crowd, took: std::time::Duration) {
    let members = crowd.present();
    println!(
        "{what}: {members} members, epoch {}, meeting time {:.1} s; {:.1} s of computing",
        crowd.epoch(),
        crowd.meeting_ms() as f64 / 1_000.0,
        took.as_secs_f64()
    );
    let received = crowd.server.delivered / members.max(1) as u64;
    println!(
        "        {} log entries of {} kB; {} kB to each member; memory {} MB now, {} MB at most",
        crowd.server.log.len(),
        crowd.server.log_bytes / 1_000,
        received / 1_000,
        machine::resident_kb() / 1_000,
        machine::peak_kb() / 1_000
    );
}
