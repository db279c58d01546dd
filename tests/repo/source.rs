//! The repository's Rust files, read once per check.

use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::lexer::{self, Layers};

/// One Rust file.
pub(crate) struct Source {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) comments: String,
    /// Where test code stands.
    tests: Vec<Range<usize>>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let Layers { code, comments } = lexer::split(text);
        let tests = test_ranges(path, &code);
        Self { path: path.to_owned(), text: text.to_owned(), code, comments, tests }
    }

    pub(crate) fn in_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// `path:line` of a place.
    pub(crate) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, lexer::line_of(&self.text, at))
    }

    /// Is this file part of what others run: the libraries, the relay and its clients?
    pub(crate) fn is_shipped(&self) -> bool {
        self.in_library()
            || self.path.starts_with("relay/src/")
            || self.path.starts_with("net/src/")
    }

    /// Is this file part of the two libraries?
    pub(crate) fn in_library(&self) -> bool {
        self.path.starts_with("src/") || self.path.starts_with("wire/src/")
    }
}

/// A file named `tests.rs` or below a folder `tests` is test code, and so is every item under
/// `#[cfg(test)]`.
fn test_ranges(path: &str, code: &str) -> Vec<Range<usize>> {
    let by_name = path.split('/').any(|part| part == "tests" || part == "tests.rs");
    if by_name || code.contains("#![cfg(test)]") {
        return std::iter::once(0..code.len()).collect();
    }
    let marks = code.match_indices("#[cfg(test)]").map(|(at, mark)| at + mark.len());
    marks.map(|from| lexer::item(code, from)).collect()
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every hand-written Rust file.
pub(crate) fn all() -> Vec<Source> {
    let mut sources = Vec::new();
    for path in files() {
        if path.ends_with(".rs") && !path.starts_with("wire/src/generated/") {
            let text = fs::read_to_string(root().join(&path)).expect("a Rust file is UTF-8");
            sources.push(Source::new(&path, &text));
        }
    }
    assert!(sources.len() > 15, "the walk found {} files only", sources.len());
    mark_test_modules(&mut sources);
    sources
}

/// A file that is reached by `#[cfg(test)] mod name;` only is test code too.
fn mark_test_modules(sources: &mut [Source]) {
    let stems: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in sources {
        let path = source.path.trim_end_matches(".rs");
        let below = |stem: &String| path == stem || path.starts_with(&format!("{stem}/"));
        if stems.iter().any(below) {
            source.tests = std::iter::once(0..source.code.len()).collect();
        }
    }
}

/// The paths, without `.rs`, of the modules that this file declares for tests.
fn test_modules(source: &Source) -> Vec<String> {
    let stem = source.path.trim_end_matches(".rs");
    let folder = ["/mod", "/lib"].iter().find_map(|end| stem.strip_suffix(end)).unwrap_or(stem);
    let mut found = Vec::new();
    for range in &source.tests {
        let item = &source.code[range.clone()];
        if let (Some(at), true) = (lexer::words(item, "mod").first(), item.ends_with(';')) {
            found.push(format!("{folder}/{}", lexer::identifier(item, at + "mod".len())));
        }
    }
    found
}

/// The paths of all files that could be committed, sorted; media and build output are left out.
pub(crate) fn files() -> Vec<String> {
    let mut found = Vec::new();
    walk(root(), "", &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let entry = entry.expect("an entry of the repository");
        let name = entry.file_name().into_string().expect("names are UTF-8");
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().expect("a file type");
        if kind.is_dir() && !matches!(name.as_str(), ".git" | "target") {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file() && name != ".git" {
            found.push(path);
        }
    }
}

#[test]
fn test_code_is_told_from_the_rest() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}\n";
    let source = Source::new("src/x.rs", text);
    let at = |name: &str| text.find(name).expect("there");
    assert!(!source.in_test(at("a()")) && source.in_test(at("b()")) && !source.in_test(at("c()")));
    assert!(Source::new("src/x/tests.rs", text).in_test(0));
    assert!(Source::new("wire/tests/x.rs", text).in_test(0));
    assert_eq!(source.place(at("c()")), "src/x.rs:6");
}

#[test]
fn files_of_test_modules_are_test_code() {
    let file = |path: &str, text: &str| Source::new(path, text);
    let declares = "#[cfg(test)]\npub(crate) mod vectors;\nmod real;\n";
    let mut sources = [
        file("src/sframe/mod.rs", declares),
        file("src/sframe/vectors.rs", "fn a() {}"),
        file("src/sframe/vectors/more.rs", "fn a() {}"),
        file("src/sframe/real.rs", "fn a() {}"),
    ];
    mark_test_modules(&mut sources);
    assert_eq!(sources.map(|source| source.in_test(0)), [false, true, true, false]);
}
