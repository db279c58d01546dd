//! The processes that are measured: started, watched and stopped.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tokio::time::sleep_until;

use crate::Failure;
use crate::link::Times;

/// Processor time in seconds, user and system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// By the forwarder.
    pub(crate) forwarder: f64,
    /// By the thread that plays all members.
    pub(crate) generator: f64,
}

impl Used {
    /// Waits for the time that counts and says what was used within it.
    pub(crate) async fn from(forwarder: &Process, times: Times) -> Result<Self, Failure> {
        let now = || {
            Ok::<_, Failure>((
                cpu_seconds(&forwarder.child.id().to_string())?,
                cpu_seconds("self")?,
            ))
        };
        sleep_until(times.count.into()).await;
        let before = now()?;
        sleep_until(times.end.into()).await;
        let behind = now()?;
        Ok(Self { forwarder: behind.0 - before.0, generator: behind.1 - before.1 })
    }
}

/// Processor time that a process has used so far, in seconds: user and system.
fn cpu_seconds(process: &str) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may hold spaces: fields 14 and 15 of proc(5), in hundredths.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    let sum = ticks(11).zip(ticks(12)).map(|(user, system)| user + system);
    Ok(sum.ok_or("no processor times")? / 100.0)
}

/// A forwarder as a process of its own, stopped with the value.
pub(crate) struct Process {
    child: Child,
    /// The line with which it said that it is ready.
    pub(crate) ready: String,
}

impl Process {
    /// Starts a program and waits for its first line.
    pub(crate) fn start(mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let ready = lines.next().ok_or("it ended before it was ready")??;
        // Nobody else reads on, and a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, ready })
    }

    /// This program in another of its roles.
    pub(crate) fn of_this_program(role: &str) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role);
        Self::start(command)
    }

    /// Where the relay listens: `address:port`.
    pub(crate) fn address(&self) -> Result<&str, Failure> {
        let url = self.ready.split_whitespace().find_map(|word| word.split_once("://"));
        Ok(url.ok_or("the relay does not say where it is")?.1)
    }

    /// Memory in use, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("no VmRSS")?.trim().parse::<u64>()? * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The relay on ports of its own, with limits that one address with all members does not meet.
pub(crate) fn relay_command() -> Result<Command, Failure> {
    let mut command = Command::new(relay_program()?);
    command.args(["--plain", "--listen", "127.0.0.1:0", "--log", "warn"]);
    for limit in [
        "connections-per-address",
        "meetings-per-address",
        "messages-per-second",
        "media-requests-per-second",
        "bytes-per-second",
        "meeting-messages-per-second",
        "meeting-bytes-per-second",
        "address-messages-per-second",
        "address-bytes-per-second",
    ] {
        command.args([&format!("--{limit}"), "0"]);
    }
    command.stderr(Stdio::inherit());
    Ok(command)
}

/// The relay's program, built in the same profile if it is not there.
fn relay_program() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|examples| examples.parent()).ok_or("no target folder")?;
    let program = folder.join("incamera-relay");
    let mut build = Command::new("cargo");
    // Together with this example, so that all it depends on is there already.
    build.args(["build", "--quiet", "-p", "incamera-relay", "--bin", "incamera-relay"]);
    build.args(["--example", "load"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    if build.status()?.success() { Ok(program) } else { Err("the relay does not build".into()) }
}
