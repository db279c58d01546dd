//! Whether the time of opening a frame, or of confirming a passcode, tells anything of a secret. Two ways:
//!
//! - `cargo run --release --example constant_time -- time` measures, as dudect does: two sorts of inputs in
//!   random order, and Welch's t for the difference of their times.
//! - `valgrind target/release/examples/constant_time branches` runs the same with keys and passcode
//!   marked, and counts what depends on them and may not: branches and addresses.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program's job is to print, and this one measures time"
)]

mod branches;
mod contests;
mod leaky;
mod statistics;
mod subjects;
mod valgrind;

use std::error::Error;
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "time [SAMPLES], or under valgrind: branches";

fn run() -> Outcome<bool> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["time"] => contests::run(contests::SAMPLES),
        ["time", samples] => contests::run(samples.parse()?),
        ["branches"] => branches::run(),
        _ => Err(USAGE.into()),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
