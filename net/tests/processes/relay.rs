//! The relay as a process.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The binary, beside this test's: built if it is not there.
fn binary() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let directory = test.parent().unwrap().parent().unwrap();
        let name = format!("incamera-relay{}", std::env::consts::EXE_SUFFIX);
        let binary = directory.join(name);
        if !binary.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args([
                "build",
                "-p",
                "incamera-relay",
                "--bin",
                "incamera-relay",
                "--target-dir",
            ]);
            build.arg(directory.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
            if directory.ends_with("release") {
                build.arg("--release");
            }
            assert!(build.status().unwrap().success());
        }
        binary
    });
    built.clone()
}

/// A relay that runs. It is killed with it.
pub(crate) struct Relay {
    child: Child,
    /// Its address, `https://HOST:PORT` or `http://HOST:PORT`.
    pub(crate) url: String,
    /// The SHA-256 of its certificate, or `none`.
    pub(crate) certificate: String,
}

impl Relay {
    /// Starts one, and waits until it is ready. Its media go through any free port.
    pub(crate) fn start(listen: &str, args: &[&str]) -> Self {
        Self::try_start(listen, args, Stdio::null()).expect("the relay says that it is ready")
    }

    /// The same on a free port, which writes everything there is to log into a file.
    pub(crate) fn logging(args: &[&str], log: &Path) -> Self {
        let args = [&["--log", "trace"], args].concat();
        let log = File::create(log).unwrap();
        Self::try_start("127.0.0.1:0", &args, log.into()).expect("the relay says that it is ready")
    }

    fn try_start(listen: &str, args: &[&str], errors: Stdio) -> Option<Self> {
        let mut command = Command::new(binary());
        command.args(["--listen", listen, "--media-listen", "127.0.0.1:0"]).args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let words: Vec<&str> = ready.split_whitespace().collect();
        let ["incamera-relay", "ready", url, .., "certificate", certificate, "key", _] = words[..]
        else {
            assert_eq!(ready, "");
            child.wait().unwrap();
            return None;
        };
        Some(Self { child, url: url.to_owned(), certificate: certificate.to_owned() })
    }

    /// On a free port, as soon as what it keeps its log on is there.
    pub(crate) fn patiently(args: &[&str]) -> Self {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(40);
        loop {
            match Self::try_start("127.0.0.1:0", args, Stdio::null()) {
                Some(relay) => return relay,
                None => assert!(std::time::Instant::now() < until, "no relay starts with {args:?}"),
            }
        }
    }

    /// On a free port.
    pub(crate) fn anywhere(args: &[&str]) -> Self {
        Self::start("127.0.0.1:0", args)
    }

    /// Kills it, as a crash does; gives the address to start another one at.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.url.split_once("://").unwrap().1.to_owned()
    }

    /// Tells it to stop, as an operator does, and waits until it has; gives the address to start another one
    /// at.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> String {
        crate::client::terminate(self.child.id());
        assert!(self.child.wait().unwrap().success());
        self.url.split_once("://").unwrap().1.to_owned()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
