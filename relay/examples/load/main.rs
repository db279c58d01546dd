//! What forwarding costs: `cargo run --release -p incamera-relay --example load -- --meetings 10
//! --members 10 --tracks 1 --seconds 10`. Members are WebRTC clients on real sockets that send sealed
//! frames of sound at 50 a second; the relay is a process of its own, and so is the bare forwarder
//! (blocking `UdpSocket`, no cryptography) that gets the same packets in the same run.
//!
//! `--json` prints one object in place of the table; `--ladder` goes up from two meetings to as many as
//! are asked for, until one loses more than 1 % or is late by more than 100 ms, says what was used up, and
//! draws `target/load.svg`. So that this is not the generator, `--opening 1` lets one member of each
//! meeting open what comes, SRTP and frames; the others count datagrams.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a load generator measures and prints"
)]

mod bare;
mod chart;
mod crowd;
mod link;
mod log;
mod member;
mod process;
mod report;
mod seal;

use std::time::Duration;

use clap::Parser;

use report::{Report, Run};

/// Whatever stops a run.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The load of one run.
#[derive(Clone, Copy, Debug, Parser)]
#[command(about = "Loads a relay with meetings and measures what forwarding costs")]
pub(crate) struct Load {
    /// Meetings at once.
    #[arg(long, default_value_t = 10)]
    pub(crate) meetings: usize,
    /// Members of each.
    #[arg(long, default_value_t = 10)]
    pub(crate) members: usize,
    /// Tracks of sound that each member sends.
    #[arg(long, default_value_t = 1)]
    pub(crate) tracks: usize,
    /// How long packets are counted.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Bytes of a frame before it is sealed.
    #[arg(long, default_value_t = 120)]
    pub(crate) bytes: usize,
    /// Members of each meeting that open what they get; the others count datagrams. All, if not given.
    #[arg(long)]
    opening: Option<usize>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
    /// Runs with more and more meetings, and draws a chart.
    #[arg(long)]
    ladder: bool,
    /// Measures the log instead: posts and their receipts.
    #[arg(long)]
    log: bool,
    /// Is the bare forwarder: a process of the run's own.
    #[arg(long, hide = true)]
    bare: bool,
}

impl Load {
    /// Packets that all members send in a second.
    pub(crate) fn packets_in(&self) -> usize {
        self.meetings * self.members * self.tracks * 50
    }

    /// Packets that a forwarder sends in a second.
    pub(crate) fn packets_out(&self) -> usize {
        self.packets_in() * self.members.saturating_sub(1)
    }

    /// Whether the member with this number in its meeting opens what it gets.
    pub(crate) fn opens(&self, member: usize) -> bool {
        self.opening.is_none_or(|opening| member < opening)
    }

    /// How long packets are counted.
    pub(crate) fn window(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn main() -> Result<(), Failure> {
    let load = Load::parse();
    if load.bare {
        return bare::serve();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if load.log {
        let runs = runtime.block_on(log::measure(load.seconds))?;
        let lines = runs.iter().map(log::LogRun::line).collect::<Vec<_>>().join("\n");
        let json = serde_json::Value::Array(runs.iter().map(log::LogRun::json).collect());
        println!("{}", if load.json { format!("{json:#}") } else { lines });
        return Ok(());
    }
    let report =
        if load.ladder { ladder(&runtime, load)? } else { Report::of(vec![run(&runtime, load)?]) };
    if load.json {
        println!("{:#}", report.json());
    } else {
        print!("{}", report.table());
    }
    if load.ladder {
        eprintln!("{}", report.used_up());
        std::fs::create_dir_all("target")?;
        chart::draw("target/load.svg".as_ref(), &report)?;
    }
    Ok(())
}

/// One load on the bare forwarder, then on the relay.
fn run(runtime: &tokio::runtime::Runtime, load: Load) -> Result<Run, Failure> {
    let bare = bare::measure(load)?;
    let relay = runtime.block_on(crowd::measure(load))?;
    Ok(Run { load, bare, relay })
}

/// More and more meetings, until packets are lost or late.
fn ladder(runtime: &tokio::runtime::Runtime, most: Load) -> Result<Report, Failure> {
    let mut runs = Vec::new();
    let mut meetings = 2;
    while meetings <= most.meetings {
        let run = run(runtime, Load { meetings, ..most })?;
        eprintln!("{}", run.line());
        let saturated = run.relay.loss() > 0.01 || run.relay.latency_us(0.99) > 100_000;
        runs.push(run);
        if saturated {
            break;
        }
        meetings = (meetings * 3).div_ceil(2);
    }
    Ok(Report::of(runs))
}
