//! The client as a process.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client that runs. It is killed with it.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    events: Receiver<Value>,
    name: String,
}

impl Client {
    /// Starts one with these arguments, and `--json`.
    pub(crate) fn start(args: &[&str]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_incamera"));
        Self::spawn(command, args, Stdio::piped())
    }

    /// The same, which writes everything there is to log into a file.
    pub(crate) fn logging(args: &[&str], log: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_incamera"));
        command.env("INCAMERA_LOG", "trace");
        Self::spawn(command, args, File::create(log).unwrap().into())
    }

    fn spawn(mut command: Command, args: &[&str], errors: Stdio) -> Self {
        command.args(args).arg("--json").env_remove("INCAMERA_RELAY");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().unwrap();
        let (tell, events) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let event: Value = serde_json::from_str(&line).expect("one object a line");
                if tell.send(event).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, events, name: args.join(" ") }
    }

    /// Creates a meeting as Ada; gives its link too.
    pub(crate) fn host(args: &[&str]) -> (Self, String) {
        let client = Self::start(&[&["create", "--name", "Ada"], args].concat());
        let link = client.wait("link")["link"].as_str().unwrap().to_owned();
        (client, link)
    }

    /// Knocks.
    pub(crate) fn guest(link: &str, name: &str, args: &[&str]) -> Self {
        Self::start(&[&["join", link, "--name", name], args].concat())
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for an event of this name; those before it are dropped.
    pub(crate) fn wait(&self, event: &str) -> Value {
        self.wait_for(event, |_| true)
    }

    /// Waits for an event of this name that is the one.
    pub(crate) fn wait_for(&self, event: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let (until, mut before) = (Instant::now() + PATIENCE, Vec::new());
        loop {
            match self.events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(found) if found["event"] == event && is_it(&found) => return found,
                Ok(other) => before.push(other.to_string()),
                Err(why @ (RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)) => {
                    panic!("{}: no {event} ({why}) after\n{}", self.name, before.join("\n"));
                }
            }
        }
    }

    /// Waits for a chat with this text.
    pub(crate) fn hears(&self, text: &str) {
        self.wait_for("chat", |chat| chat["text"] == text);
    }

    /// Waits until it has ended; gives its exit code and what it said on standard error.
    pub(crate) fn end(mut self) -> (i32, String) {
        drop(self.input.take());
        let until = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code().unwrap();
            }
            assert!(Instant::now() < until, "{} does not end", self.name);
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut said = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_string(&mut said).unwrap();
        }
        (code, said)
    }

    /// Kills it, as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[cfg(unix)]
impl Client {
    /// Tells it to stop.
    pub(crate) fn terminate(&self) {
        terminate(self.child.id());
    }
}

/// Sends a process SIGTERM.
#[cfg(unix)]
pub(crate) fn terminate(process: u32) {
    let told = Command::new("kill").args(["-TERM", &process.to_string()]).status();
    assert!(told.unwrap().success());
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
