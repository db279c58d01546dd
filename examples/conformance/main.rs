//! The conformance kit: `cargo run --release --example conformance -- [DIR or FILE ..]` replays vectors, those of
//! `tests/vectors/incamera` if no other are named, and says of each case what went wrong. `--case NAME` takes one case alone;
//! `--flip` flips every bit of every golden message and frame instead, one at a time (`--up-to N`: of those longer than N
//! bytes as many bits as N have); `--write DIR` makes the vectors anew. It ends with 0 if all is well, with 1 if a case
//! failed, with 2 if it was asked for something that is not there.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's job is to print")]
#![allow(
    clippy::indexing_slicing,
    reason = "of JSON what is not there is null; of bytes the makers of vectors alone take places"
)]

mod case;
mod fields;
mod flips;
mod json;
mod kinds;
mod meeting;
#[cfg(test)]
mod musts;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rayon::prelude::*;
use serde_json::Value;

use case::File;
use fields::{Bad, Read, bad};
use flips::Bits;
use kinds::KINDS;

/// Where the vectors are that are checked in.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/incamera");

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    paths: Vec<PathBuf>,
    case: Option<String>,
    write: Option<PathBuf>,
    flip: bool,
    up_to: Option<usize>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Read<Self> {
        let mut options = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Bad(format!("{word} what?")));
            match word.as_str() {
                "--case" => options.case = Some(value()?),
                "--write" => options.write = Some(value()?.into()),
                "--flip" => options.flip = true,
                "--up-to" => {
                    let number = value()?.parse().map_err(|_| Bad("--up-to N?".to_owned()))?;
                    options.up_to = Some(number);
                }
                option if option.starts_with('-') => {
                    return bad(format!("{option} is not known: see the head of main.rs"));
                }
                path => options.paths.push(path.into()),
            }
        }
        if options.paths.is_empty() {
            options.paths.push(HOME.into());
        }
        Ok(options)
    }
}

/// The files of vectors that a path names.
fn files(path: &Path) -> Read<Vec<File>> {
    if !path.is_dir() {
        return Ok(vec![File::read(path, KINDS)?]);
    }
    let shown = path.display();
    let unreadable = |error| Bad(format!("{shown} cannot be read: {error}"));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    if paths.is_empty() {
        return bad(format!("{shown} holds no vectors: no file ends in .json"));
    }
    paths.iter().map(|path| File::read(path, KINDS)).collect()
}

/// How many cases passed, and what is to be said of those that did not.
#[derive(Debug, Default)]
struct Report {
    passed: usize,
    bits: u64,
    failures: Vec<String>,
}

/// Runs what the options ask for over all files.
fn run(options: &Options) -> Read<Report> {
    let mut all = Vec::new();
    for path in &options.paths {
        all.extend(files(path)?);
    }
    let bits = options.up_to.map_or(Bits::ALL, |up_to| Bits { up_to });
    let mut cases = Vec::new();
    for file in &all {
        cases.extend(file.cases()?.iter().map(|case| (file, case)));
    }
    if let Some(wanted) = &options.case {
        cases.retain(|(_, case)| case["name"] == wanted.as_str());
        if cases.is_empty() {
            return bad(format!("there is no case `{wanted}`"));
        }
    }
    let outcome = |(file, case): &(&File, &Value)| match options.flip {
        true => Ok(match flips::flip_case(file, case, &bits)? {
            Ok(count) => (count, Vec::new()),
            Err(taken) => (0, vec![taken]),
        }),
        false => file.replay(case).map(|differences| (0, differences)),
    };
    let outcomes: Vec<Read<(u64, Vec<String>)>> = cases.par_iter().map(outcome).collect();
    let mut report = Report::default();
    for ((file, case), outcome) in cases.into_iter().zip(outcomes) {
        let (bits, differences) = outcome?;
        report.bits += bits;
        report.note(file, case, &differences);
    }
    Ok(report)
}

impl Report {
    fn note(&mut self, file: &File, case: &Value, differences: &[String]) {
        if differences.is_empty() {
            self.passed += 1;
            return;
        }
        let (path, name) = (file.path.display(), case["name"].as_str().unwrap_or_default());
        let differences = differences.join("\n  ");
        self.failures.push(format!("{path}: {name}: must {}\n  {differences}", case["must"]));
    }
}

/// Makes all vectors anew.
fn write(folder: &Path) -> Read<()> {
    let unwritable = |error| Bad(format!("{} cannot be written: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let mut wrong = Vec::new();
    for kind in KINDS {
        let path = folder.join(format!("{}.json", kind.name));
        match kind.file() {
            Ok(file) => std::fs::write(path, json::print(&file)).map_err(unwritable)?,
            Err(Bad(why)) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(()) } else { bad(wrong.join("\n")) }
}

/// Does what the options ask for; the exit code, after everything that is to be said was printed.
fn conform(options: &Options) -> Read<u8> {
    if let Some(folder) = &options.write {
        write(folder)?;
        println!("{} files written to {}", KINDS.len(), folder.display());
        return Ok(0);
    }
    let report = run(options)?;
    for failure in &report.failures {
        println!("FAILED {failure}");
    }
    let (passed, failed) = (report.passed, report.failures.len());
    let bits = if options.flip { format!(", {} bits flipped", report.bits) } else { String::new() };
    println!("{passed} cases passed, {failed} failed{bits}");
    Ok(u8::from(failed > 0))
}

/// The exit code, and what is to be said on the way out.
fn exit(conformed: Read<u8>) -> (u8, String) {
    match conformed {
        Ok(code) => (code, String::new()),
        Err(Bad(why)) => (2, why),
    }
}

fn main() -> ExitCode {
    let options = Options::parse(std::env::args().skip(1));
    let (code, why) = exit(options.and_then(|options| conform(&options)));
    if !why.is_empty() {
        eprintln!("{why}");
    }
    ExitCode::from(code)
}
