//! What the libraries never do: clocks, threads, output, async; panics; unexplained exceptions.

use crate::lexer;
use crate::none;
use crate::source::{self, Source};

/// Time is an argument, threads are the caller's, and nothing is printed.
const OUTSIDE_WORLD: [&str; 12] = [
    "Instant",
    "SystemTime",
    "UNIX_EPOCH",
    "thread",
    "println",
    "eprintln",
    "print",
    "eprint",
    "async",
    "await",
    "tokio",
    "sleep",
];

/// Whoever finds a slot in use sleeps until it is free, as at a mutex: the one line that may.
const NAP: (&str, &str) = ("src/keyring/slot.rs", "std::thread::sleep(NAP);");

const PANICS: [&str; 7] =
    [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "unreachable!", "unsafe "];

fn outside_world(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    let (file, line) = NAP;
    let start = source.code.find(line).filter(|_| source.path == file);
    let nap = start.map(|start| start..start + line.len());
    for word in OUTSIDE_WORLD {
        for at in lexer::words(&source.code, word) {
            if !source.in_test(at) && !nap.as_ref().is_some_and(|nap| nap.contains(&at)) {
                complaints.push(format!("{}: `{word}`", source.place(at)));
            }
        }
    }
    complaints
}

fn panics(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for pattern in PANICS {
        for (at, _) in source.code.match_indices(pattern) {
            let inside_word = at > 0 && lexer::is_word(source.code.as_bytes()[at - 1]);
            let word = pattern.starts_with(|first: char| first.is_ascii_alphabetic());
            if !(source.in_test(at) || word && inside_word) {
                complaints.push(format!("{}: `{pattern}` outside tests", source.place(at)));
            }
        }
    }
    complaints
}

fn unexplained(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, _) in source.code.match_indices("#[").chain(source.code.match_indices("#![")) {
        let attribute = attribute(&source.code[at..]);
        let lints = ["allow", "expect"].iter().any(|word| {
            let called = |&at: &usize| attribute[at + word.len()..].starts_with('(');
            lexer::words(attribute, word).iter().any(called)
        });
        if lints && lexer::words(attribute, "reason").is_empty() {
            complaints.push(format!("{}: an exception without `reason =`", source.place(at)));
        }
    }
    complaints
}

/// `#[..]` with its inner brackets.
fn attribute(code: &str) -> &str {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 1 => return &code[..=at],
            b']' => depth -= 1,
            _ => {}
        }
    }
    code
}

fn unfinished(source: &Source) -> Vec<String> {
    let marks = ["TODO", "FIXME", "XXX", "HACK"];
    let hits = marks.iter().flat_map(|mark| lexer::words(&source.comments, mark));
    hits.map(|at| format!("{}: unfinished work is noted", source.place(at))).collect()
}

fn library(check: fn(&Source) -> Vec<String>) -> Vec<String> {
    source::all().iter().filter(|source| source.in_library()).flat_map(check).collect()
}

#[test]
fn the_libraries_touch_no_clock_thread_or_output() {
    none(library(outside_world));
}

#[test]
fn the_libraries_do_not_panic() {
    none(library(panics));
}

#[test]
fn every_exception_gives_its_reason() {
    none(source::all().iter().flat_map(unexplained).collect());
}

#[test]
fn nothing_is_left_unfinished() {
    none(source::all().iter().flat_map(unfinished).collect());
}

#[test]
fn bad_habits_are_found() {
    let bad = |text: &str| Source::new("src/a.rs", text);
    assert_eq!(outside_world(&bad("let now = Instant::now(); std::thread::spawn(f);")).len(), 2);
    assert!(outside_world(&bad("// Instant\n#[cfg(test)]\nmod t { use std::thread; }")).is_empty());
    let nap = |text: &str| outside_world(&Source::new("src/keyring/slot.rs", text)).len();
    assert_eq!(nap("std::thread::sleep(NAP);"), 0);
    assert_eq!(nap("std::thread::sleep(NAP); std::thread::sleep(NAP);"), 2);
    assert_eq!(outside_world(&bad("std::thread::sleep(NAP);")).len(), 2);
    assert_eq!(panics(&bad("a.unwrap(); b.expect(\"\"); panic!()")).len(), 2 + 1);
    assert!(panics(&bad("a.unwrap_or(1); dont_panic!(); // panic!\n\"panic!\"")).is_empty());
    assert!(panics(&bad("#[cfg(test)]\nmod tests { fn f() { a.unwrap(); } }")).is_empty());
    assert_eq!(unexplained(&bad("#[allow(dead_code)]\nfn f() {}")).len(), 1);
    assert_eq!(unexplained(&bad("#![expect(dead_code)]")).len(), 1);
    assert!(unexplained(&bad("#[allow(dead_code, reason = \"[x]\")] #[test]")).is_empty());
    assert!(unexplained(&bad("#[cfg(not(feature = \"allow\"))]")).is_empty());
    let note = format!("// TO{}: later", "DO");
    assert_eq!(unfinished(&bad(&note)).len(), 1);
}
