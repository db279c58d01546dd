//! A browser build needs no flag but getrandom's own: what it is made of is decided by target.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skipped"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const TARGET: &str = "wasm32-unknown-unknown";

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// The crates that a browser build links, by name, version and features.
fn linked() -> BTreeSet<(String, String, String)> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET]);
    let output = metadata.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages: BTreeMap<String, (String, String)> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["id"]), (text(&one["name"]), text(&one["version"]))))
        .collect();
    let nodes: BTreeMap<String, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (text(&node["id"]), node))
        .collect();
    let is_ours = |(_, (name, _)): &(&String, &(String, String))| name == "incamera";
    let mut to_visit = vec![packages.iter().find(is_ours).unwrap().0.clone()];
    let mut seen = BTreeMap::new();
    while let Some(id) = to_visit.pop() {
        let node = nodes[&id];
        if seen.insert(id.clone(), node["features"].to_string()).is_some() {
            continue;
        }
        for dependency in node["deps"].as_array().unwrap() {
            let mut kinds = dependency["dep_kinds"].as_array().unwrap().iter();
            if kinds.any(|kind| kind["kind"].is_null()) {
                to_visit.push(text(&dependency["pkg"]));
            }
        }
    }
    let named = |(id, features): (String, String)| {
        let (name, version) = packages[&id].clone();
        (name, version, features)
    };
    seen.into_iter().map(named).collect()
}

#[test]
fn a_browser_build_links_what_can_be_built_there() {
    let linked = linked();
    let names: BTreeSet<&str> = linked.iter().map(|(name, ..)| name.as_str()).collect();
    for foreign in ["aws-lc-rs", "aws-lc-sys", "ring", "openssl-sys"] {
        assert!(!names.contains(foreign), "{foreign}");
    }
    assert!(names.contains("aes-gcm") && names.contains("chacha20poly1305"));
    let sources: Vec<_> = linked.iter().filter(|(name, ..)| name == "getrandom").collect();
    assert!(!sources.is_empty());
    for (_, version, features) in sources {
        let own = if version.starts_with("0.2") { "\"js\"" } else { "\"wasm_js\"" };
        assert!(features.contains(own), "getrandom {version} has {features}");
    }
    // The engine's clock: the one of the target panics.
    assert!(names.contains("web-time"));
}

#[test]
fn the_library_checks_for_a_browser_where_the_target_is_installed() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let found = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let folder = String::from_utf8(found.unwrap().stdout).unwrap();
    if !Path::new(folder.trim()).exists() {
        println!("skipped: {TARGET} is not installed");
        return;
    }
    let mut check = cargo();
    check.args(["check", "--locked", "--lib", "--target", TARGET]);
    check.args(["--target-dir", concat!(env!("CARGO_TARGET_TMPDIR"), "/wasm")]);
    check.env("RUSTFLAGS", "--cfg getrandom_backend=\"wasm_js\"");
    let output = check.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
