//! Lock files. The fuzz targets are a workspace of their own, with one that no build here looks at.

use std::collections::BTreeSet;

use crate::none;
use crate::papers::{dependencies, read};

/// The crates of this repository that the fuzz targets are built from.
const OURS: [(&str, &str); 3] = [
    ("incamera", "Cargo.toml"),
    ("incamera-fuzz-entries", "fuzz/entries/Cargo.toml"),
    ("incamera-wire", "wire/Cargo.toml"),
];

/// A package in a lock file. What it needs for its tests only is not told apart.
pub(crate) struct Package<'a> {
    pub(crate) name: &'a str,
    version: &'a str,
    pub(crate) needs: BTreeSet<&'a str>,
}

/// What stands between `key = "` and the next quotation mark.
fn value<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = block.split_once(&format!("{key} = \""))?;
    rest.split('"').next()
}

pub(crate) fn packages(lock: &str) -> Vec<Package<'_>> {
    let package = |block| {
        let (_, list) = str::split_once(block, "dependencies = [").unwrap_or_default();
        let lines = list.lines().filter_map(|line| line.strip_prefix(" \""));
        let needs = lines.filter_map(|line| line.split(['"', ' ']).next()).collect();
        let version = value(block, "version").unwrap_or_default();
        Some(Package { name: value(block, "name")?, version, needs })
    };
    lock.split("[[package]]").filter_map(package).collect()
}

/// Packages of the fuzz targets' lock file in versions that the other one has not.
fn other_versions(fuzz: &str, main: &str) -> Vec<String> {
    let ours = packages(main);
    let known = |name| ours.iter().any(|our| our.name == name);
    let same = |package: &Package<'_>| {
        ours.iter().any(|our| (our.name, our.version) == (package.name, package.version))
    };
    let strange = packages(fuzz).into_iter().filter(|found| known(found.name) && !same(found));
    strange.map(|found| format!("fuzz/Cargo.lock: {} {}", found.name, found.version)).collect()
}

/// Whether the lock file has for `package` what the manifest asks for, no more and no less.
fn other_needs(fuzz: &str, package: &str, manifest: &str) -> Vec<String> {
    let found = packages(fuzz).into_iter().find(|found| found.name == package);
    let locked: BTreeSet<&str> = found
        .map(|found| found.needs)
        .unwrap_or_default()
        .into_iter()
        .filter(|name| !name.starts_with("incamera"))
        .collect();
    let asked: BTreeSet<&str> = dependencies(manifest).into_iter().collect();
    let differing = locked.symmetric_difference(&asked);
    differing.map(|name| format!("fuzz/Cargo.lock: {package} and its need of {name}")).collect()
}

#[test]
fn the_fuzz_targets_are_built_from_the_versions_that_all_is_built_from() {
    let (fuzz, main) = (read("fuzz/Cargo.lock"), read("Cargo.lock"));
    assert!(packages(&fuzz).len() > 100);
    none(other_versions(&fuzz, &main));
    let needs = OURS.map(|(package, path)| other_needs(&fuzz, package, &read(path)));
    none(needs.concat());
}

#[test]
fn another_version_and_another_need_are_found() {
    let lock = "[[package]]\nname = \"x\"\nversion = \"1.0.0\"\ndependencies = [\n \"a 2.0.0\",\n \"b\",\n]\n";
    assert_eq!(other_versions(lock, lock), Vec::<String>::new());
    assert_eq!(other_versions(lock, &lock.replace("1.0", "1.1")).len(), 1);
    assert_eq!(other_versions(lock, ""), Vec::<String>::new());
    let manifest = "[dependencies]\na = \"2\"\nb = \"1\"\n";
    assert_eq!(other_needs(lock, "x", manifest), Vec::<String>::new());
    assert_eq!(other_needs(lock, "x", "[dependencies]\na = \"2\"\nc = \"1\"\n").len(), 2);
    assert_eq!(other_needs("", "x", manifest).len(), 2);
}
