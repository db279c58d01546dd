//! Runs a bench of the crate `bench/`, which builds peers that nothing else here needs.

use std::process::{Command, ExitCode};

/// Hands the command line on.
pub(crate) fn launch(bench: &str) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words = std::env::args_os().skip(1).filter(|word| word != "--bench");
    let mut command = Command::new(cargo);
    command.args(["bench", "-p", "incamera-bench", "--bench", bench, "--"]).args(words);
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
