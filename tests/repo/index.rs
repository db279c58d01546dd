//! INDEX.md: from every MUST to its checks and its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use crate::lexer;
use crate::source::{self, Source};
use crate::specification::{beside_code, blocks, citations, defined};

const HEAD: &str = "# Where each MUST is checked and tested

Every MUST of SPEC.md, the functions that check it, and the tests that fail without the check. The same by search: `SPEC [W3]`, with
its brackets, stands beside each check and in each test. Made by `INCAMERA_WRITE_INDEX=1 cargo test --test repo index`; without the
variable the test compares.
";

/// The most characters of a MUST's text.
const WORDS: usize = 110;

/// What stands where: paths, each with its functions.
type Places = BTreeMap<String, BTreeSet<String>>;

/// The function around a place, if one is.
fn function(source: &Source, at: usize) -> Option<String> {
    let before = lexer::words(&source.code, "fn").into_iter().filter(|begin| *begin < at);
    let around = before.filter(|begin| lexer::item(&source.code, *begin).contains(&at));
    let name = |begin: usize| lexer::identifier(&source.code, begin + "fn".len()).to_owned();
    around.max().map(name)
}

fn cell(places: &Places) -> String {
    let one = |(path, functions): (&String, &BTreeSet<String>)| {
        let names: Vec<String> = functions.iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { path.clone() } else { format!("{path} {}", names.join(", ")) }
    };
    places.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The beginning of what a MUST says, on one line.
fn summary(block: &str) -> String {
    let text = block.split("]**").last().unwrap_or(block);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    if line.chars().count() <= WORDS {
        return line;
    }
    let cut: String = line.chars().take(WORDS).collect();
    format!("{} …", cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole))
}

fn index(spec: &str, sources: &[Source]) -> String {
    let mut rows: Vec<(String, String, [Places; 2])> = Vec::new();
    for block in blocks(spec) {
        for id in defined(&block) {
            rows.push((id.to_owned(), summary(&block), Default::default()));
        }
    }
    for source in sources.iter().filter(|source| !source.path.starts_with("tests/repo/")) {
        for (at, id) in citations(&source.comments) {
            let test = source.in_test(at);
            let Some((.., places)) = rows.iter_mut().find(|(known, ..)| *known == id) else {
                continue;
            };
            if test || (source.is_shipped() && beside_code(source, at)) {
                let functions = places[usize::from(test)].entry(source.path.clone()).or_default();
                functions.extend(function(source, at));
            }
        }
    }
    let mut text =
        format!("{HEAD}\n| id | what it says | checked in | tested in |\n|---|---|---|---|\n");
    for (id, words, [checks, tests]) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| [{id}] | {words} | {} | {} |", cell(&checks), cell(&tests));
    }
    text
}

#[test]
fn the_index_is_that_of_the_code() {
    let root = source::root();
    let spec = fs::read_to_string(root.join("SPEC.md")).expect("SPEC.md");
    let made = index(&spec, &source::all());
    if std::env::var_os("INCAMERA_WRITE_INDEX").is_some() {
        fs::write(root.join("INDEX.md"), &made).expect("INDEX.md can be written");
    }
    let there = fs::read_to_string(root.join("INDEX.md")).unwrap_or_default();
    let differs = made.lines().zip(there.lines()).find(|(made, there)| made != there);
    assert!(made == there, "INDEX.md is old: {HEAD}\nfirst: {differs:?}");
}

#[test]
fn an_index_names_functions_of_code_and_tests() {
    let spec = "- **[W1]** A MUST\n  b | c.\n- **[W2]** d MUST.\n";
    let code = "fn a() {\n // SPEC [W1]\n}\n// SPEC [W2]\nconst B: u8 = 0;\n#[cfg(test)]\nmod tests {\n fn t() {\n // SPEC [W2]\n }\n}\n";
    let made = index(spec, &[Source::new("src/x.rs", code)]);
    let rows: Vec<&str> = made.lines().filter(|line| line.starts_with("| [")).collect();
    assert_eq!(
        rows,
        [
            "| [W1] | A MUST b \\| c. | src/x.rs `a` |  |",
            "| [W2] | d MUST. | src/x.rs | src/x.rs `t` |"
        ]
    );
}
