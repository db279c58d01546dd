//! What was measured, as a table, as JSON and as a line.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Load;

/// What one forwarder did under one load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// Packets that should have come out within the time.
    pub(crate) expected: u64,
    /// Packets that did.
    pub(crate) received: u64,
    /// Seconds of the processor that the forwarder took.
    pub(crate) cpu_seconds: f64,
    /// Seconds in which packets were counted.
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
        self.cpu_seconds * 1e6 / self.received.max(1) as f64
    }

    /// Packets that one core would forward in a second.
    pub(crate) fn packets_per_core(&self) -> f64 {
        self.received as f64 / self.cpu_seconds.max(1e-9)
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
            "cores": self.cpu_seconds / self.seconds.max(1e-9),
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
            "{:>8} {:>8} {:>9} {:>9.0} {:>8.2} {:>8.2} {:>6.1} {:>9} {:>9} {:>8.4} {:>9} {:>6}",
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

    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "{:>8} {:>8} {:>9} {:>9} {:>8} {:>8} {:>6} {:>9} {:>9} {:>8} {:>9} {:>6}\n",
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
