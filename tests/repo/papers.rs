//! The pages around the code, and what no committed file may hold.

use std::fs;

use crate::none;
use crate::source;

const COMMANDS: [&str; 2] = ["cargo run --release --example meeting", "cargo test"];

const PAGES: [&str; 13] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "INDEX.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "SPEC.md",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
];

/// Written in two parts, so that this file passes its own check.
const MACHINE: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("index.cra", "tes.io"),
    concat!("replace-wi", "th"),
];

/// The lines of a Markdown text's `sh` blocks.
fn shell_lines(markdown: &str) -> Vec<&str> {
    let (mut lines, mut inside) = (Vec::new(), false);
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = !inside && line.trim() == "```sh";
        } else if inside && !line.trim().is_empty() {
            lines.push(line.trim());
        }
    }
    lines
}

fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let hits = MACHINE.iter().filter(|pattern| text.contains(**pattern));
    hits.map(|pattern| format!("{path}: holds `{pattern}`")).collect()
}

/// Sources in a lock file other than the public registry.
fn strange_sources(lock: &str) -> Vec<String> {
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let sources = lock.lines().filter(|line| line.starts_with("source = ") && *line != public);
    sources.map(|line| format!("Cargo.lock: {line}")).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(source::root().join(path)).unwrap_or_else(|_| panic!("{path} is missing"))
}

#[test]
fn every_page_is_there() {
    let files = source::files();
    let missing = PAGES.iter().filter(|page| !files.contains(&(**page).to_owned()));
    none(missing.map(|page| format!("{page} is missing")).collect());
}

#[test]
fn the_readme_names_the_two_commands() {
    assert_eq!(shell_lines(&read("README.md")), COMMANDS);
    assert_eq!(shell_lines("a\n```sh\nx\n```\n```text\ny\n```\n```sh\nz\n```\n"), ["x", "z"]);
}

#[test]
fn the_check_runs_the_readmes_test_command() {
    let script = read(".ci/run");
    assert!(script.lines().any(|line| line.starts_with(COMMANDS[1])), "{script}");
}

#[test]
fn the_generated_wire_code_is_compared_with_the_schema() {
    let comparing = |source: &source::Source| {
        let generates = source.code.contains("incamera_wire_generate::");
        source.path.starts_with("wire/tests/") && generates && source.code.contains("#[test]")
    };
    let found = source::all().iter().any(comparing);
    assert!(found, "no test under wire/tests generates the code anew from proto/");
}

#[test]
fn no_file_names_a_machine() {
    let mut complaints = Vec::new();
    for path in source::files() {
        // Media are not text; everything else here is.
        if let Ok(text) = fs::read_to_string(source::root().join(&path)) {
            complaints.extend(machine_paths(&path, &text));
        }
    }
    complaints.extend(strange_sources(&read("Cargo.lock")));
    none(complaints);
}

#[test]
fn a_machine_path_is_found() {
    for pattern in MACHINE {
        assert_eq!(machine_paths("a", &format!("see {pattern}x")).len(), 1);
    }
    assert_eq!(strange_sources("source = \"git+https://example.org/x\"\n").len(), 1);
}
