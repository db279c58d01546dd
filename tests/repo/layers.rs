//! Imports run downward only, and modules of one level never import each other.

use crate::lexer;
use crate::locks::packages;
use crate::none;
use crate::papers::read;
use crate::source::{self, Source};

/// ARCHITECTURE.md draws this table. L0 is ordered in itself: errors name the lack of randomness,
/// and randomness fills secrets. `wire` is the re-export of the crate below, `wycheproof` vectors for tests.
const LEVELS: [&[&str]; 7] = [
    &["secret", "wire", "file_store", "wycheproof"],
    &["entropy"],
    &["error"],
    &["sframe", "identity", "policy", "envelope", "hpke"],
    &["mls", "keyring"],
    &["media", "admission"],
    &["meeting"],
];

/// Not below anything: the crate's root and what the feature of that name adds.
const TOP: [&str; 2] = ["lib", "testing"];

/// Crates that `incamera-wire` may not depend on, however indirectly.
const NO_KEYS_ON_SERVERS: [&str; 22] = [
    "aead",
    "aes",
    "aes-gcm",
    "aws-lc-rs",
    "aws-lc-sys",
    "chacha20",
    "chacha20poly1305",
    "cipher",
    "curve25519-dalek",
    "ed25519-dalek",
    "hkdf",
    "hmac",
    "hpke",
    "hpke-rs",
    "openmls",
    "openmls_rust_crypto",
    "p256",
    "polyval",
    "poly1305",
    "ring",
    "signature",
    "x25519-dalek",
];

/// Crates that a relay may not depend on, however indirectly.
const MEETING: [&str; 4] = ["incamera", "incamera-net", "openmls", "openmls_traits"];

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|modules| modules.contains(&module))
}

/// `src/mls/group.rs` is `["mls", "group"]`.
fn module_path(path: &str) -> Vec<&str> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.split('/').filter(|part| *part != "mod").collect()
}

/// Where a path expression that starts at the crate's root goes on: names and their place.
fn edges(source: &Source) -> Vec<(usize, &str)> {
    let code = source.code.as_str();
    let mut found = Vec::new();
    for at in lexer::words(code, "crate") {
        let rest = code[at..].trim_start_matches("crate").trim_start();
        // `pub(crate)` and `pub(in crate::x)`: the first names nothing, the second only itself.
        if let Some(path) = rest.strip_prefix("::") {
            found.extend(heads(path).into_iter().map(|name| (at, name)));
        }
    }
    let depth = module_path(&source.path).len();
    let inline = inline_modules(code);
    for at in lexer::words(code, "super") {
        let (count, path) = supers(&code[at..]);
        let nested = inline.iter().filter(|range| range.contains(&at)).count();
        let continues = code[..at].trim_end().ends_with("super::");
        if !continues && count >= depth + nested {
            found.extend(heads(path).into_iter().map(|name| (at, name)));
        }
    }
    found
}

/// How many `super::` lead, and what follows them.
fn supers(mut path: &str) -> (usize, &str) {
    let mut count = 0;
    while let Some(rest) = path.strip_prefix("super::") {
        count += 1;
        path = rest;
    }
    (count, path)
}

fn inline_modules(code: &str) -> Vec<std::ops::Range<usize>> {
    let items = lexer::words(code, "mod").into_iter().map(|at| lexer::item(code, at));
    items.filter(|range| code[range.clone()].ends_with('}')).collect()
}

/// The first names of `a::b`, or of each member of `{a, b::c}`.
fn heads(path: &str) -> Vec<&str> {
    let path = path.trim_start();
    if !path.starts_with('{') {
        let name = lexer::identifier(path, 0);
        return vec![if name.is_empty() { "*" } else { name }];
    }
    let group = &path[1..lexer::item(path, 0).end - 1];
    let (mut heads, mut depth, mut fresh) = (Vec::new(), 0, true);
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => fresh = true,
            _ if fresh && lexer::is_word(byte) => {
                heads.push(lexer::identifier(group, at));
                fresh = false;
            }
            _ => {}
        }
    }
    heads
}

fn wrong_imports(source: &Source) -> Vec<String> {
    let path = module_path(&source.path);
    let Some(&module) = path.first() else { return Vec::new() };
    if TOP.contains(&module) {
        return Vec::new();
    }
    let Some(own) = level(module) else {
        return vec![format!("{}: module `{module}` is not in the layer table", source.path)];
    };
    let mut complaints = Vec::new();
    for (at, name) in edges(source) {
        // The tests of the topmost module may use the crate as its users do.
        let as_a_user = own + 1 == LEVELS.len()
            && source.in_test(at)
            && name.starts_with(|first: char| first.is_ascii_uppercase());
        let fault = match level(name) {
            _ if name == module || as_a_user => continue,
            Some(other) if other < own => continue,
            Some(_) => "is not below",
            None => "is no module of the layer table for",
        };
        complaints.push(format!("{}: `{name}` {fault} `{module}`", source.place(at)));
    }
    complaints
}

fn engine_named(source: &Source) -> Vec<String> {
    if !source.path.starts_with("src/") || source.path.starts_with("src/mls/") {
        return Vec::new();
    }
    let engines = ["openmls", "openmls_traits", "openmls_rust_crypto"];
    let hits = engines.iter().flat_map(|name| lexer::words(&source.code, name));
    hits.map(|at| format!("{}: only src/mls may name the MLS engine", source.place(at))).collect()
}

/// The names of all packages that `package` needs, from the text of a Cargo.lock. `skipped` are
/// those that `package` itself names for its tests only.
fn closure<'a>(lock: &'a str, package: &'a str, skipped: &[&str]) -> Vec<&'a str> {
    let packages = packages(lock);
    let mut needed = vec![package];
    let mut next = 0;
    while let Some(&name) = needed.get(next) {
        let needs = packages.iter().filter(|found| found.name == name);
        for &found in needs.flat_map(|found| &found.needs) {
            let for_tests = next == 0 && skipped.contains(&found);
            if !for_tests && !needed.contains(&found) {
                needed.push(found);
            }
        }
        next += 1;
    }
    needed
}

/// The names under `[dev-dependencies]` of a manifest.
fn for_tests(manifest: &str) -> Vec<&str> {
    let section = manifest.split_once("[dev-dependencies]\n").map_or("", |(_, rest)| rest);
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines.map(|line| lexer::identifier(line, 0)).filter(|name| !name.is_empty()).collect()
}

fn keys_on_servers(lock: &str, manifest: &str) -> Vec<String> {
    let needed = closure(lock, "incamera-wire", &for_tests(manifest));
    let bad = needed.iter().filter(|name| NO_KEYS_ON_SERVERS.contains(*name));
    bad.map(|name| format!("incamera-wire depends on `{name}`")).collect()
}

#[test]
fn imports_run_downward_only() {
    none(
        source::all()
            .iter()
            .filter(|s| s.path.starts_with("src/"))
            .flat_map(wrong_imports)
            .collect(),
    );
}

#[test]
fn only_the_mls_folder_names_the_engine() {
    none(source::all().iter().flat_map(engine_named).collect());
}

#[test]
fn a_server_needs_no_cipher_and_no_mls() {
    let (lock, manifest) = (read("Cargo.lock"), read("wire/Cargo.toml"));
    let all = closure(&lock, "incamera", &[]);
    assert!(all.contains(&"openmls") && all.contains(&"chacha20poly1305"), "not understood");
    none(keys_on_servers(&lock, &manifest));
    // A relay has the ciphers of its own connections, and nothing that could open a meeting's.
    let manifest = read("relay/Cargo.toml");
    let needed = closure(&lock, "incamera-relay", &for_tests(&manifest));
    assert!(needed.contains(&"incamera-wire") && needed.contains(&"rustls"), "not understood");
    let ours = needed.iter().filter(|name| MEETING.contains(name));
    none(ours.map(|name| format!("incamera-relay depends on `{name}`")).collect());
}

#[test]
fn a_wrong_import_is_found() {
    let wrong = |path: &str, text: &str| wrong_imports(&Source::new(path, text)).len();
    assert_eq!(wrong("src/sframe/seal.rs", "use crate::mls::Group;"), 1);
    assert_eq!(wrong("src/sframe/seal.rs", "use crate::identity::Identity;"), 1);
    assert_eq!(
        wrong("src/media/mod.rs", "use crate::{error::{A, mls}, admission, meeting::B};"),
        2
    );
    assert_eq!(wrong("src/media/mod.rs", "fn f() { crate::meeting::g() }"), 1);
    assert_eq!(wrong("src/media/mod.rs", "pub(crate) use self::x; use crate::*;"), 1);
    assert_eq!(wrong("src/policy/rule.rs", "use super::super::meeting::B;"), 1);
    assert_eq!(wrong("src/policy/rule.rs", "mod tests { use super::super::super::mls; }"), 1);
    assert_eq!(wrong("src/policy/rule.rs", "mod tests { use super::super::Verdict; }"), 0);
    assert_eq!(wrong("src/policy/rule.rs", "use crate::Error;"), 1);
    assert_eq!(wrong("src/meeting/order.rs", "use crate::Error;"), 1);
    assert_eq!(wrong("src/meeting/tests.rs", "use crate::Error; use crate::other;"), 1);
    assert_eq!(wrong("src/helpers.rs", ""), 1);
    assert_eq!(wrong("src/meeting/mod.rs", "use crate::{mls, media::Sealer}; // crate::lib"), 0);
    assert_eq!(
        wrong("src/mls/mod.rs", "use crate::policy; use super::secret; use super::wire;"),
        0
    );
    assert_eq!(wrong("src/hpke.rs", "use super::envelope;"), 1);
}

#[test]
fn the_engine_outside_its_folder_is_found() {
    let found = |path: &str, text: &str| engine_named(&Source::new(path, text)).len();
    assert_eq!(found("src/identity.rs", "use openmls_traits::x;"), 1);
    assert_eq!(found("src/identity.rs", "// openmls does this\nlet s = \"openmls\";"), 0);
    assert_eq!(found("src/mls/mod.rs", "use openmls::x;"), 0);
}

#[test]
fn a_cipher_below_the_wire_is_found() {
    let lock = "[[package]]\nname = \"incamera-wire\"\ndependencies = [\n \"prost\",\n]\n\n\
                [[package]]\nname = \"prost\"\ndependencies = [\n \"ring 0.17.0\",\n]\n\n\
                [[package]]\nname = \"ring\"\n";
    let bad = ["incamera-wire depends on `ring`"];
    assert_eq!(keys_on_servers(lock, "[dependencies]\nprost = \"1\"\n"), bad);
    assert!(keys_on_servers(lock, "[dev-dependencies]\nprost = \"1\"\n").is_empty());
}
