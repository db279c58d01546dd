//! Gives every checked-in input to its target: what a fuzzer has found stays found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// The least inputs of a target that make a replay one.
const LEAST: usize = 5;

/// The most bytes of all corpora.
const MOST: u64 = 200_000;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= LEAST, "{} inputs in {}", paths.len(), folder.display());
    for path in paths {
        let data = fs::read(&path).unwrap();
        assert!(catch_unwind(|| target(&data)).is_ok(), "cargo fuzz run {name} {}", path.display());
    }
}

macro_rules! replays {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name), incamera_fuzz_entries::$name);
        })+

        #[test]
        fn every_target_is_replayed_and_stays_small() {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            let targets = fs::read_dir(root.join("fuzz_targets")).unwrap();
            let mut names: Vec<String> = Vec::new();
            for target in targets {
                let path = target.unwrap().path();
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                assert!(lines <= 10, "{} has {lines} lines", path.display());
                names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
            names.sort();
            assert_eq!(names, [$(stringify!($name)),+]);
            let inputs = names.iter().flat_map(|name| {
                fs::read_dir(root.join("corpus").join(name)).unwrap()
            });
            let bytes: u64 = inputs.map(|input| input.unwrap().metadata().unwrap().len()).sum();
            assert!(bytes <= MOST, "{bytes} bytes of inputs, {MOST} allowed");
        }
    };
}

replays! { codecs decoders frame header invite meeting rtp sealed_frame snapshot }
