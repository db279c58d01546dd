//! What becomes of the figures: verdicts beside them, files under `target/bench`, and the copies that
//! the README shows.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Failure;

/// Figures beside what they have to be.
#[derive(Default)]
pub struct Verdicts(Vec<String>);

impl Verdicts {
    /// A figure that may be `most`.
    pub fn at_most(&mut self, what: &str, figure: f64, most: f64) {
        self.note(what, figure, "at most", most, figure <= most);
    }

    /// A figure that has to be `least`.
    pub fn at_least(&mut self, what: &str, figure: f64, least: f64) {
        self.note(what, figure, "at least", least, figure >= least);
    }

    fn note(&mut self, what: &str, figure: f64, bound: &str, value: f64, holds: bool) {
        let verdict = if holds { "ok" } else { "MISSED" };
        self.0.push(format!("{what:<44} {figure:>7.2}   {bound} {value:.2}   {verdict}"));
    }

    /// Prints them all.
    pub fn print(&self) {
        for line in &self.0 {
            println!("{line}");
        }
    }
}

/// A figure as it is written: two digits are more than is known of it.
#[must_use]
pub fn rounded(figure: f64) -> Value {
    ((figure * 1_000.0).round() / 1_000.0).into()
}

/// The processor, as Linux names it; elsewhere its kind.
#[must_use]
pub fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = info.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split(':').nth(1));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |name| name.trim().to_owned())
}

/// The command line without what cargo adds to it.
#[must_use]
pub fn options() -> Vec<String> {
    std::env::args().skip(1).filter(|word| word != "--bench").collect()
}

fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

fn folder() -> Result<PathBuf, Failure> {
    let folder = root().join("target").join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Writes `target/bench/NAME.json`.
///
/// # Errors
/// Those of the file system.
pub fn write_json(name: &str, figures: &Value) -> Result<(), Failure> {
    let path = folder()?.join(format!("{name}.json"));
    fs::write(&path, format!("{figures:#}\n"))?;
    println!("figures in target/bench/{name}.json");
    Ok(())
}

/// Where the chart of this name goes; with `published`, where the README has it from.
///
/// # Errors
/// Those of the file system.
pub fn publish(name: &str, published: bool) -> Result<PathBuf, Failure> {
    let chart = format!("{name}.svg");
    if published {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts");
        fs::create_dir_all(&folder)?;
        return Ok(folder.join(chart));
    }
    println!("chart in target/bench/{chart}");
    Ok(folder()?.join(chart))
}
