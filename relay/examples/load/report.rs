//! What was measured, as a table, as JSON and as a line.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Load;
use crate::process::Used;

/// What one forwarder did under one load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Packets that should have come out in the whole run.
    pub(crate) expected: u64,
    /// Packets that did.
    pub(crate) received: u64,
    /// Packets that should have come out while the processor's time was taken.
    pub(crate) expected_in_window: u64,
    /// Processor time in that window.
    pub(crate) used: Used,
    /// The window's seconds.
    pub(crate) seconds: f64,
    /// How old packets were when they came out, in microseconds, sorted.
    pub(crate) ages_us: Vec<u32>,
    /// Bytes of memory that each member takes, idle: connected, nothing sent yet.
    pub(crate) bytes_per_member: u64,
    /// What stopped being able to follow first, if anything did.
    pub(crate) generator_lag_ms: u64,
}

impl Measured {
    /// The share of packets that did not come out.
    pub(crate) fn loss(&self) -> f64 {
        if self.expected == 0 {
            return 0.0;
        }
        self.expected.saturating_sub(self.received) as f64 / self.expected as f64
    }

    /// Microseconds of the processor for each packet that came out.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.used.forwarder * 1e6 / self.packets().max(1.0)
    }

    /// Packets that one core would forward in a second.
    pub(crate) fn packets_per_core(&self) -> f64 {
        self.packets() / self.used.forwarder.max(1e-9)
    }

    /// Packets that came out in the window.
    fn packets(&self) -> f64 {
        self.expected_in_window as f64 * (1.0 - self.loss())
    }

    /// Cores that the forwarder used.
    fn cores(&self) -> f64 {
        self.used.forwarder / self.seconds.max(1e-9)
    }

    /// Cores that the generator used, of the one that its thread can.
    fn generator_cores(&self) -> f64 {
        self.used.generator / self.seconds.max(1e-9)
    }

    /// The age of packets, in microseconds, that this share of them does not exceed.
    pub(crate) fn latency_us(&self, share: f64) -> u32 {
        let at = (self.ages_us.len().saturating_sub(1) as f64 * share) as usize;
        self.ages_us.get(at).copied().unwrap_or_default()
    }

    fn json(&self) -> Value {
        json!({
            "packets_expected": self.expected, "packets_received": self.received,
            "loss": self.loss(), "cpu_us_per_packet": self.cpu_us(),
            "packets_per_second_per_core": self.packets_per_core(),
            "cores": self.cores(), "generator_cores": self.generator_cores(),
            "latency_us": { "p50": self.latency_us(0.5), "p99": self.latency_us(0.99) },
            "bytes_per_idle_member": self.bytes_per_member,
            "generator_lag_ms": self.generator_lag_ms,
        })
    }
}

/// Both forwarders under one load.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) load: Load,
    pub(crate) bare: Measured,
    pub(crate) relay: Measured,
}

impl Run {
    /// How many times the bare forwarder's processor time the relay takes for a packet.
    pub(crate) fn ratio(&self) -> f64 {
        self.relay.cpu_us() / self.bare.cpu_us().max(1e-9)
    }

    /// The latency that the relay adds to the bare forwarder's, in microseconds.
    pub(crate) fn added_us(&self, share: f64) -> i64 {
        i64::from(self.relay.latency_us(share)) - i64::from(self.bare.latency_us(share))
    }

    /// One line of the table.
    pub(crate) fn line(&self) -> String {
        let Self { load, bare, relay } = self;
        format!(
            "{:>8} {:>8} {:>9} {:>9.0} {:>8.2} {:>8.2} {:>6.1} {:>9} {:>9} {:>8.4} {:>9} {:>6} {:>5.2} {:>5.2}",
            load.meetings,
            load.meetings * load.members,
            load.packets_out(),
            relay.packets_per_core(),
            bare.cpu_us(),
            relay.cpu_us(),
            self.ratio(),
            self.added_us(0.5),
            self.added_us(0.99),
            relay.loss() * 100.0,
            relay.bytes_per_member / 1000,
            relay.generator_lag_ms,
            relay.cores(),
            relay.generator_cores(),
        )
    }
}

/// All runs.
pub(crate) struct Report {
    pub(crate) runs: Vec<Run>,
}

impl Report {
    pub(crate) fn of(runs: Vec<Run>) -> Self {
        Self { runs }
    }

    /// What was used up first in the last run.
    pub(crate) fn used_up(&self) -> String {
        let Some(Run { load, relay, .. }) = self.runs.last() else { return String::new() };
        let all = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let (cores, generator) = (relay.cores(), relay.generator_cores());
        let first = if generator > 0.9 {
            "the generator's thread"
        } else if cores + generator > 0.9 * all {
            "the machine's cores"
        } else {
            "neither"
        };
        format!(
            "{} members: relay {cores:.2} cores, generator {generator:.2} of its one, machine {all:.0}; used up: {first}",
            load.meetings * load.members,
        )
    }

    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "{:>8} {:>8} {:>9} {:>9} {:>8} {:>8} {:>6} {:>9} {:>9} {:>8} {:>9} {:>6} {:>5} {:>5}\n",
            "meetings",
            "members",
            "out/s",
            "/s/core",
            "bare us",
            "relay us",
            "ratio",
            "+p50 us",
            "+p99 us",
            "loss %",
            "kB/member",
            "lag ms",
            "cores",
            "gen",
        );
        for run in &self.runs {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", run.line());
        }
        text
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let run = |run: &Run| {
            json!({
                "meetings": run.load.meetings, "members": run.load.members,
                "tracks": run.load.tracks, "packets_out_per_second": run.load.packets_out(),
                "cpu_ratio": run.ratio(),
                "added_latency_us": { "p50": run.added_us(0.5), "p99": run.added_us(0.99) },
                "relay": run.relay.json(), "bare": run.bare.json(),
            })
        };
        json!({ "runs": self.runs.iter().map(run).collect::<Vec<_>>() })
    }
}
