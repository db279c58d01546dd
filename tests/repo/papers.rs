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
fn strange_sources(path: &str, lock: &str) -> Vec<String> {
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let sources = lock.lines().filter(|line| line.starts_with("source = ") && *line != public);
    sources.map(|line| format!("{path}: {line}")).collect()
}

pub(crate) fn read(path: &str) -> String {
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
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        complaints.extend(strange_sources(lock, &read(lock)));
    }
    none(complaints);
}

#[test]
fn a_machine_path_is_found() {
    for pattern in MACHINE {
        assert_eq!(machine_paths("a", &format!("see {pattern}x")).len(), 1);
    }
    assert_eq!(strange_sources("a", "source = \"git+https://example.org/x\"\n").len(), 1);
}

/// The names under `[dependencies]` of a manifest, those for single targets included.
pub(crate) fn dependencies(manifest: &str) -> Vec<&str> {
    let (mut names, mut inside) = (Vec::new(), false);
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-");
        } else if inside && let Some((name, value)) = line.split_once(" = ") {
            let renamed =
                value.split_once("package = \"").and_then(|(_, rest)| rest.split_once('"'));
            names.push(renamed.map_or(name, |(name, _)| name));
        }
    }
    names.retain(|name| !name.starts_with("incamera"));
    names
}

/// The crates in the first column of ARCHITECTURE.md's tables.
fn described(page: &str) -> Vec<&str> {
    let (_, part) = page.split_once("## Dependencies").expect("a section on dependencies");
    let part = part.split("\n## ").next().unwrap_or_default();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    rows.flat_map(|(crates, _)| crates.split(", ")).collect()
}

#[test]
fn every_direct_dependency_is_described_and_no_other() {
    let page = read("ARCHITECTURE.md");
    let manifests =
        ["Cargo.toml", "wire/Cargo.toml", "relay/Cargo.toml", "net/Cargo.toml"].map(read);
    let used: Vec<&str> = manifests.iter().flat_map(|manifest| dependencies(manifest)).collect();
    assert!(used.len() > 60, "{used:?}");
    let described = described(&page);
    let mut complaints: Vec<String> = Vec::new();
    complaints.extend(
        used.iter()
            .filter(|name| !described.contains(name))
            .map(|name| format!("ARCHITECTURE.md does not say what {name} is for")),
    );
    let strange = described.iter().filter(|name| **name != "crate" && !used.contains(name));
    complaints.extend(
        strange.map(|name| format!("ARCHITECTURE.md describes {name}, which nothing uses")),
    );
    none(complaints);
}

#[test]
fn dependencies_are_told_from_the_rest_of_a_manifest() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\nb_2 = { package = \"b\", version = \"2\" }\n[dev-dependencies]\nc = \"1\"\n[target.'cfg(x)'.dependencies]\nd = \"1\"\n";
    assert_eq!(dependencies(manifest), ["a", "b", "d"]);
    assert_eq!(
        described("x\n## Dependencies\n| crate | for |\n| a, b | c |\n## y\n| d | e |\n"),
        ["crate", "a", "b"]
    );
}
