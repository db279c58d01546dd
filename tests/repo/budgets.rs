//! Files and functions stay small.

use crate::lexer;
use crate::none;
use crate::source::{self, Source};

const FILE_LINES: usize = 500;
const MEDIAN_LINES: usize = 200;
const FUNCTION_LINES: usize = 60;

fn long_files(sources: &[Source]) -> Vec<String> {
    let lines = |source: &Source| source.text.lines().count();
    let long = sources.iter().filter(|source| lines(source) > FILE_LINES);
    long.map(|s| format!("{}: {} lines, {FILE_LINES} allowed", s.path, lines(s))).collect()
}

fn median(sources: &[Source]) -> usize {
    let library = sources.iter().filter(|source| source.in_library());
    let mut lines: Vec<usize> = library.map(|source| source.text.lines().count()).collect();
    lines.sort_unstable();
    lines.get(lines.len() / 2).copied().unwrap_or(0)
}

/// From the line of `fn` to that of the closing brace, both counted.
fn long_functions(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for at in lexer::words(&source.code, "fn") {
        let name = lexer::identifier(&source.code, at + "fn".len());
        // A name is missing in the type `fn(u8) -> u8`.
        let body = &source.code[lexer::item(&source.code, at)];
        let lines = body.lines().count();
        if !name.is_empty() && body.ends_with('}') && lines > FUNCTION_LINES {
            let place = source.place(at);
            complaints
                .push(format!("{place}: `{name}` has {lines} lines, {FUNCTION_LINES} allowed"));
        }
    }
    complaints
}

#[test]
fn no_file_is_long() {
    none(long_files(&source::all()));
}

#[test]
fn the_median_file_is_short() {
    let median = median(&source::all());
    assert!(median <= MEDIAN_LINES, "the median file has {median} lines, {MEDIAN_LINES} allowed");
}

#[test]
fn no_function_is_long() {
    none(source::all().iter().filter(|s| s.in_library()).flat_map(long_functions).collect());
}

#[test]
fn what_is_long_is_found() {
    let file = |path: &str, lines: usize| Source::new(path, &"\n".repeat(lines));
    let sources = [file("src/a.rs", 501), file("tests/b.rs", 500), file("src/c.rs", 3)];
    assert_eq!(long_files(&sources).len(), 1);
    assert_eq!(median(&sources), 501);
    let function = |lines: usize| format!("fn f(a: [u8; 4]) {{{}}}\nfn g();", "\n".repeat(lines));
    assert_eq!(long_functions(&Source::new("src/a.rs", &function(60))).len(), 1);
    assert!(long_functions(&Source::new("src/a.rs", &function(59))).is_empty());
}
