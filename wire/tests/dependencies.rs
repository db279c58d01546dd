//! A server depends on this crate alone, so nothing below it may seal, sign or hold a key.

use std::collections::BTreeSet;
use std::process::Command;

/// Everything below this crate: the codec, its macros (which only run at compile time), errors,
/// and the wiping of memory. No cipher, no MLS, no signature.
const ALLOWED: [&str; 16] = [
    "anyhow",
    "bytes",
    "either",
    "incamera-wire",
    "itertools",
    "proc-macro2",
    "prost",
    "prost-derive",
    "quote",
    "subtle",
    "syn",
    "thiserror",
    "thiserror-impl",
    "unicode-ident",
    "zeroize",
    "zeroize_derive",
];

#[test]
fn the_dependency_tree_has_no_cipher_no_mls_and_no_signature() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--manifest-path", manifest])
        .args(["-p", "incamera-wire", "-e", "normal", "--prefix", "none", "--target", "all"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let found: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(found, BTreeSet::from(ALLOWED));
}
