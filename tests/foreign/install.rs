//! What the readers run on: a virtual environment for Python, packages of npm for JavaScript, each made
//! once for what its lock says, under the target folder.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Says that the readers must run: then what is missing is a failure.
const REQUIRED: &str = "INCAMERA_FOREIGN";

static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| told("Python", python()));
static JAVASCRIPT: LazyLock<Option<PathBuf>> = LazyLock::new(|| told("JavaScript", javascript()));

/// The programs of those readers that can run here.
pub(crate) fn readers() -> Vec<(&'static str, Command)> {
    let mut readers = Vec::new();
    if let Some(folder) = PYTHON.as_deref() {
        let mut command = Command::new(binary(folder, "python"));
        command.args(["-B", "-m", "reader", ROOT]).current_dir(source("python"));
        readers.push(("Python", command));
    }
    if let Some(folder) = JAVASCRIPT.as_deref() {
        let mut command = Command::new("node");
        // Ed25519 and X25519 of WebCrypto are new there, and it says so.
        command.args(["--no-warnings", "reader/main.js", ROOT]).current_dir(folder);
        readers.push(("JavaScript", command));
    }
    readers
}

/// Says why a reader is left out where nobody can miss it, once.
fn told(name: &str, folder: Result<PathBuf, String>) -> Option<PathBuf> {
    let why = match folder {
        Ok(folder) => return Some(folder),
        Err(why) => why,
    };
    assert!(std::env::var_os(REQUIRED).is_none_or(|value| value != "required"), "{name}: {why}");
    // Not `println!`: of a test that passes nobody sees that.
    let _ = writeln!(std::io::stderr(), "\nleft out: the second reader in {name}: {why}\n");
    None
}

fn source(language: &str) -> PathBuf {
    Path::new(ROOT).join("tests/foreign").join(language)
}

fn binary(folder: &Path, name: &str) -> PathBuf {
    if cfg!(windows) { folder.join("Scripts").join(name) } else { folder.join("bin").join(name) }
}

/// Where what these files ask for is installed, and whether it is already.
fn place(language: &str, files: &[&str], version: &str) -> (PathBuf, bool) {
    let mut hash = Sha256::new_with_prefix(version);
    for file in files {
        hash.update(fs::read(source(language).join(file)).unwrap());
    }
    let name: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("foreign-{language}-{name}"));
    let done = folder.join("done").is_file();
    if !done {
        // Somebody may have been interrupted.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
    }
    (folder, done)
}

/// Runs a program; gives what it says.
fn run(program: impl AsRef<OsStr>, args: &[&str], folder: &Path) -> Result<String, String> {
    let mut command = Command::new(&program);
    command.args(args).current_dir(folder).stdin(Stdio::null());
    let name = program.as_ref().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = [text(&output.stdout), text(&output.stderr)].join("\n");
    let last: Vec<_> = said.lines().rev().take(3).collect();
    Err(format!("{name} {}: {}", args.join(" "), last.join(" / ")))
}

fn python() -> Result<PathBuf, String> {
    const LOOK: &str =
        "import ensurepip, sys, venv; assert sys.version_info >= (3, 10); print(sys.version)";
    let here = Path::new(ROOT);
    let found = ["python3", "python"]
        .into_iter()
        .find_map(|name| run(name, &["-c", LOOK], here).ok().map(|version| (name, version)));
    let (program, version) = found.ok_or("no Python 3.10 with venv and pip")?;
    let (folder, done) = place("python", &["requirements.txt"], &version);
    if done {
        return Ok(folder);
    }
    run(program, &["-m", "venv", "."], &folder)?;
    let requirements = source("python").join("requirements.txt");
    let patience = ["--timeout", "20", "--retries", "1"];
    let mut args =
        vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
    args.extend(["--only-binary", ":all:"].into_iter().chain(patience));
    args.extend(["-r", requirements.to_str().ok_or("a path that is no text")?]);
    run(binary(&folder, "python"), &args, &folder)?;
    fs::write(folder.join("done"), "").map_err(|error| error.to_string())?;
    Ok(folder)
}

fn javascript() -> Result<PathBuf, String> {
    let here = Path::new(ROOT);
    let version = run("node", &["--version"], here)?;
    let major =
        version.trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    if major.is_none_or(|major: u32| major < 20) {
        return Err(format!("node {version}; 20 or later is needed"));
    }
    let files = ["package.json", "package-lock.json", ".npmrc"];
    let (folder, done) = place("javascript", &files, &version);
    // The program stands beside the packages that it imports.
    copy_folder(&source("javascript").join("reader"), &folder.join("reader"));
    if done {
        return Ok(folder);
    }
    for file in files {
        fs::copy(source("javascript").join(file), folder.join(file)).unwrap();
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let patience = ["--fetch-timeout", "20000", "--fetch-retries", "1"];
    let mut args = vec!["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
    args.extend(patience);
    run(npm, &args, &folder)?;
    fs::write(folder.join("done"), "").map_err(|error| error.to_string())?;
    Ok(folder)
}

fn copy_folder(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
