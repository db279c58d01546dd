//! `incamera`: a command-line client for end-to-end encrypted meetings.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this program does input and output"
)]

mod args;
mod exit;
mod files;
mod input;
mod names;
mod player;
mod prompt;
mod recorder;
mod say;
mod session;
mod start;
mod state;
mod tell;
mod traffic;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use args::Args;
use exit::{Exit, Failure};

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("INCAMERA_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let outcome = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(start::run(&args));
            // A read of standard input may never end: nobody waits for it.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::new(Exit::Other, format!("no threads can be started: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("incamera: {}", names::printable(&failure.text));
            failure.exit.into()
        }
    }
}
