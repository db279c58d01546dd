//! Starts the relay and stops it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A running relay; killed when it is dropped.
pub(crate) struct Relay {
    child: Child,
    /// Kept, so that the relay's output does not break.
    _stdout: BufReader<ChildStdout>,
    /// `host:port`.
    pub(crate) address: String,
    pub(crate) media: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
    /// `http` or `https`.
    pub(crate) scheme: String,
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_incamera-relay"));
    command.args(arguments).stdin(Stdio::null());
    command
}

impl Relay {
    /// Starts a relay without TLS on a free port.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_bare(&[&["--plain", "--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// Starts a relay and waits for its line.
    pub(crate) fn start_bare(arguments: &[&str]) -> Self {
        Self::spawn(command(arguments))
    }

    /// Waits for the line of what is started.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(&words[..2], ["incamera-relay", "ready"], "{line}");
        assert_eq!([words[3], words[5], words[7]], ["media", "certificate", "key"], "{line}");
        let (scheme, address) = words[2].split_once("://").unwrap();
        Self {
            child,
            _stdout: stdout,
            address: address.to_owned(),
            media: words[4].to_owned(),
            certificate: words[6].to_owned(),
            key: words[8].to_owned(),
            scheme: scheme.to_owned(),
        }
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Sends SIGKILL and waits.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Memory in use: bytes.
    pub(crate) fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    /// One plain HTTP request: the status and the body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: relay\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text.split_once("\r\n\r\n").unwrap().1.to_owned())
    }
}

fn wait(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < end, "the relay does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a relay that is expected to fail: its exit code, and what it says.
pub(crate) fn fails(arguments: &[&str]) -> (i32, String) {
    let mut child =
        command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let status = wait(&mut child);
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    (status.code().unwrap(), text)
}

/// A directory for one test, removed when dropped.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("incamera-relay-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
