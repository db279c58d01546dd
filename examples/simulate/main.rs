//! Random meetings on a harsh network, in virtual time, each from one seed:
//! `cargo run --release --example simulate -- --seeds N [--first S] [--json]`. With `--members`,
//! `--operations`, `--epochs`, `--loss` and `--duplicate` (in a thousand) and `--reorder` the meetings
//! are others; `--profile` takes `standard`, `portable` or `post-quantum`; with `--lies` the server also shows some another log; `--script` prints what happened in each, and
//! `--trace W` what its client `W` sent and took in.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's job is to print")]

mod figures;

#[path = "../../tests/support/world/mod.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use figures::Figures;
use incamera::wire::Profile;
use world::{Plan, Tally, random_run};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What the command line asks for.
struct Options {
    first: u64,
    seeds: u64,
    threads: u64,
    json: bool,
    script: bool,
    plan: Plan,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let (first, seeds, threads, json, script) = (1, 10, 2, false, false);
        let mut options = Self { first, seeds, threads, json, script, plan: Plan::full() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => options.json = true,
                "--lies" => options.plan.lies = true,
                "--script" => options.script = true,
                "--profile" => {
                    let profile = Profile::from_name(&words.next().unwrap_or_default());
                    options.plan.profile = profile.ok_or("standard, portable or post-quantum?")?;
                }
                option => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    options.set(option, number.ok_or_else(|| format!("{option} N?"))?)?;
                }
            }
        }
        Ok(options)
    }

    fn set(&mut self, option: &str, number: u64) -> Outcome<()> {
        let plan = &mut self.plan;
        match option {
            "--first" => self.first = number,
            "--seeds" => self.seeds = number,
            "--threads" => self.threads = number.clamp(1, 256),
            "--trace" => plan.traced = usize::try_from(number).ok(),
            "--members" => plan.members = number.clamp(2, 10) as usize,
            "--operations" => plan.operations = number,
            "--epochs" => plan.epochs = number,
            "--loss" => plan.faults.loss = number.min(900),
            "--duplicate" => plan.faults.duplicate = number.min(1_000),
            "--reorder" => plan.faults.reorder = number,
            _ => return Err(format!("{option} is not known: see the head of main.rs").into()),
        }
        Ok(())
    }
}

/// What came of one seed.
struct Run {
    seed: u64,
    tally: Tally,
    failures: Vec<String>,
    script: String,
}

/// Runs one seed; a panic is a failure.
fn run(seed: u64, plan: &Plan) -> Run {
    let world = catch_unwind(AssertUnwindSafe(|| random_run(seed, plan)));
    match world {
        Ok(world) => {
            let (tally, script) = (world.tally.clone(), world.story());
            Run { seed, tally, failures: world.failures, script }
        }
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
            let (tally, script) = (Tally::default(), String::new());
            Run { seed, tally, failures: vec![format!("panic: {text}")], script }
        }
    }
}

/// Runs all seeds, one at a time on each thread; gives them in order.
fn run_all(options: &Options) -> Vec<Run> {
    let (next, runs) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= options.seeds {
                        return;
                    }
                    let run = run(options.first + number, &options.plan);
                    if let Ok(mut runs) = runs.lock() {
                        runs.push(run);
                    }
                }
            });
        }
    });
    let mut runs = runs.into_inner().unwrap_or_default();
    runs.sort_by_key(|run: &Run| run.seed);
    runs
}

#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "how long a run took")]
fn simulate(options: &Options) -> bool {
    let began = std::time::Instant::now();
    let runs = run_all(options);
    let figures = Figures::new(&runs, began.elapsed().as_secs_f64());
    if options.json {
        println!("{}", figures.json(options.first, options.seeds));
    } else {
        println!("{}", figures.table());
    }
    for run in runs.iter().filter(|_| options.script) {
        eprintln!("seed {}\n{}", run.seed, run.script);
    }
    figures.is_good()
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(options) if simulate(&options) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_seeds_go_as_they_must() {
        let words = "--seeds 2 --operations 40 --epochs 6 --members 4 --json";
        let options = Options::parse(words.split(' ').map(str::to_owned)).unwrap();
        let runs = run_all(&options);
        let figures = Figures::new(&runs, 1.0);
        assert!(figures.is_good(), "{}", figures.table());
        assert_eq!(figures.json(1, 2)["failing_seeds"].as_array().map(Vec::len), Some(0));
    }
}
