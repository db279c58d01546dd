//! A meeting of a thousand, formed by a storm of knocks: every member is a full client, on a virtual
//! clock, with a server in between that is 100 milliseconds away from each.
//!
//! `cargo run --release --example storm` runs it; `-- --members N` in another size, `--profile P` in another profile; with `--fill` it waits
//! after the storm until the tree is filled, one path a second. It prints what the library itself took:
//! time, bytes, memory.

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
use incamera::wire::Profile;

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
    let Options { members, profile, fill } = Options::parse(std::env::args().skip(1))?;
    let churn = CHURN.min(members / 4);
    let started = Instant::now();
    let mut crowd = Crowd::new(members, profile)?;
    crowd.storm(STORM_MS)?;
    let formed = started.elapsed();
    report("formed", &crowd, formed);
    if fill {
        crowd.fill()?;
        report("tree filled", &crowd, started.elapsed() - formed);
    }
    let quiet = started.elapsed();
    crowd.churn(churn, SENDERS.min(members), CHURN_MS)?;
    report("churned", &crowd, started.elapsed() - quiet);
    println!(
        "frames  {} sealed by {SENDERS}, {} opened, {} not",
        crowd.frames.sealed, crowd.frames.opened, crowd.frames.lost
    );
    crowd.end()?;
    println!("ended   by all; {:.1} s in all", started.elapsed().as_secs_f64());
    println!("ok");
    Ok(())
}

/// What the command line asks for.
struct Options {
    members: usize,
    profile: Profile,
    fill: bool,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Self { members: MEMBERS, profile: Profile::Standard, fill: false };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--fill" => options.fill = true,
                "--members" => options.members = words.next().ok_or("--members N?")?.parse()?,
                "--profile" => {
                    let profile = Profile::from_name(&words.next().unwrap_or_default());
                    options.profile = profile.ok_or("standard, portable or post-quantum?")?;
                }
                _ => return Err("usage: storm [--members N] [--profile P] [--fill]".into()),
            }
        }
        if options.members < 2 {
            return Err("a storm needs two members at least".into());
        }
        Ok(options)
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
