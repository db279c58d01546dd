//! davey, in a process of its own: it pins versions of the MLS engine's dependencies that cannot be
//! linked together with ours. Its rounds alternate with the others; it is compared by its ratio to
//! the bare cipher in that very process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use incamera_bench::Failure;

/// The process.
pub(crate) struct Davey {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Davey {
    /// Builds it if need be, and starts it.
    pub(crate) fn start() -> Result<Self, Failure> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = own.parent().unwrap_or(own).join("target").join("davey");
        let mut child = Command::new(cargo)
            .args(["run", "--quiet", "--release", "--locked", "--manifest-path"])
            .arg(own.join("davey").join("Cargo.toml"))
            .arg("--target-dir")
            .arg(target)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = child.stdin.take().ok_or("no way to davey")?;
        let from = BufReader::new(child.stdout.take().ok_or("no way from davey")?);
        Ok(Self { child, to, from })
    }

    /// Seals and opens; the ratio of each to the bare cipher.
    pub(crate) fn round(&mut self, len: usize, count: usize) -> Result<[f64; 2], Failure> {
        writeln!(self.to, "{len} {count}")?;
        self.to.flush()?;
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let times: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        match times.as_slice() {
            [seal, open, bare_seal, bare_open] => Ok([seal / bare_seal, open / bare_open]),
            _ => Err("davey gave no times".into()),
        }
    }
}

impl Drop for Davey {
    fn drop(&mut self) {
        // It waits for lines that never come.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
