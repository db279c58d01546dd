//! How long what must end goes on, and how often people are alarmed for nothing.
//!
//! `cargo run --release --example bounds` measures removals over a poor network and against a server that
//! keeps them back; `-- alarms --hours N` counts false alarms in so many simulated hours.

#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

mod alarms;
#[allow(dead_code, reason = "one source of chance for all that is simulated")]
#[path = "../../tests/support/world/chance.rs"]
mod chance;
mod net;
mod removal;
mod room;

use alarms::Count;
use net::Failure;

/// How many hours are simulated unless the command line says otherwise.
const HOURS: u64 = 20;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => removals(),
        ["alarms"] => false_alarms(HOURS),
        ["alarms", "--hours", hours] => false_alarms(hours.parse()?),
        _ => Err("usage: bounds [alarms [--hours N]]".into()),
    }
}

fn removals() -> Result<(), Failure> {
    println!("200 ms round trip, 100 members, 5 % of all messages lost:");
    let mut latest = Vec::new();
    for seed in 0..8 {
        latest.extend(removal::prompt(seed, 100, 10)?);
    }
    removal::print("last frame that a removed member's keys open", &mut latest);
    let prompt = room::quantile(&mut latest, 990) <= 2_000;
    let mut bounded = true;
    for (slowly, what) in [(false, "withholds the log"), (true, "delivers it ever later")] {
        let (mut told, mut last) = (Vec::new(), Vec::new());
        for seed in 0..50 {
            let (at, sealed) = removal::kept_back(seed, slowly)?;
            told.push(at);
            last.push(sealed);
        }
        println!("a server that {what} of one sender, from the host's decision on:");
        removal::print("  that sender is alarmed, or has read the removal, after", &mut told);
        removal::print("  its last frame that the removed member's keys open", &mut last);
        bounded &= room::quantile(&mut told, 1_000) <= 30_000;
        bounded &= room::quantile(&mut last, 1_000) <= 60_000;
    }
    if !(prompt && bounded) {
        return Err("NOT ok: 2 s at p99, told within 30 s, stopped at 60 s".into());
    }
    println!("ok: 2 s at p99, told within 30 s, stopped at 60 s");
    Ok(())
}

fn false_alarms(hours: u64) -> Result<(), Failure> {
    let half = |from: u64| -> Result<Count, String> {
        let mut count = Count::default();
        for seed in (from..hours).step_by(2) {
            let hour = alarms::hour(seed).map_err(|failure| format!("seed {seed}: {failure}"))?;
            count.add(&hour);
        }
        Ok(count)
    };
    let halves: Vec<_> = std::thread::scope(|scope| {
        let threads = [0, 1].map(|from| scope.spawn(move || half(from)));
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let mut count = Count::default();
    for half in halves {
        count.add(&half.map_err(|_| "a thread panicked")??);
    }
    println!("{} hours of a host, a listed co-host and two others", count.hours);
    println!(
        "trouble of host or co-host: {} handovers of 15 s, {} sleeps of 60 s, {} crashes of 120 s",
        count.handovers, count.sleeps, count.crashes
    );
    println!("successions: {}, of these during a handover: {}", count.successions, count.hasty);
    println!(
        "alarms of a withheld log at others: {}, at whoever was away: {}",
        count.alarms, count.own_alarms
    );
    println!("seconds in which somebody else could not seal: {}", count.stops);
    if count.hasty > 0 || count.stops > 0 {
        return Err("NOT ok: succession comes before every stop, and not for a handover".into());
    }
    println!("ok");
    Ok(())
}
