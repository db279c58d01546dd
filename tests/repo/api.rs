//! `api/*.txt`: all that the libraries offer, so that no change of it goes unseen. The lint `unreachable_pub` is denied: whatever
//! is `pub` can be reached from outside, and nothing else can.

use std::fs;

use crate::lexer;
use crate::source::{self, Source};

/// The packages with a library for others, and where it lies.
const LIBRARIES: [(&str, &str); 3] =
    [("incamera", "src/"), ("incamera-wire", "wire/src/"), ("incamera-net", "net/src/")];

/// Text on one line, single spaces, none inside brackets.
fn squeezed(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.replace("( ", "(").replace(" )", ")").replace(",)", ")");
    line.trim_end_matches([' ', '{', '=']).to_owned()
}

/// Up to a body, a value or the end; whichever comes first outside of brackets.
fn signature(code: &str) -> &str {
    let mut depth = 0_i32;
    let mut before = ' ';
    for (at, letter) in code.char_indices() {
        match letter {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' => depth -= 1,
            '>' if before != '-' && before != '=' => depth -= 1,
            '{' | ';' if depth <= 0 => return &code[..at],
            '=' if depth <= 0 => return &code[..at],
            _ => {}
        }
        before = letter;
    }
    code
}

/// A type's item: a struct without its private fields, an enum or a trait as it is.
fn body(item: &str, kind: &str) -> String {
    let Some((head, rest)) = item.split_once('{').filter(|_| kind != "type") else {
        return squeezed(item.trim_end_matches(';'));
    };
    let rest = rest.trim_end().trim_end_matches('}');
    if kind != "struct" {
        return format!("{} {{ {} }}", squeezed(head), squeezed(rest).trim_end_matches(','));
    }
    let fields = lexer::words(rest, "pub").into_iter().map(|at| &rest[at..]);
    let public = fields.filter(|field| !field.starts_with("pub("));
    let shown: Vec<String> = public.map(|field| squeezed(field_of(field))).collect();
    let hidden = rest.matches(':').count() > rest.matches("::").count() * 2 + shown.len();
    let more = if hidden { ", .." } else { "" };
    format!("{} {{ {}{more} }}", squeezed(head), shown.join(", "))
}

/// One field, up to the comma behind its type.
fn field_of(text: &str) -> &str {
    let mut depth = 0_i32;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' | '>' => depth -= 1,
            ',' if depth == 0 => return &text[..at],
            _ => {}
        }
    }
    text
}

/// The head of the `impl` around a place, if one is.
fn owner(code: &str, at: usize) -> Option<String> {
    let before = lexer::words(code, "impl").into_iter().filter(|begin| *begin < at);
    let around = before.filter(|begin| {
        let line = code[..*begin].rfind('\n').map_or(0, |end| end + 1);
        code[line..*begin].trim().is_empty() && lexer::item(code, *begin).contains(&at)
    });
    around.max().map(|begin| squeezed(signature(&code[begin..])))
}

/// The words between `pub` and the item's kind, and that kind.
fn kind(after: &str) -> &str {
    let plain = |word: &&str| !matches!(*word, "const" | "async" | "unsafe" | "extern");
    let mut words = after.split_whitespace();
    let first = words.clone().next().unwrap_or_default();
    match words.find(plain) {
        Some("fn") => "fn",
        _ if first == "const" => "const",
        _ => ["struct", "enum", "trait", "type", "use", "mod", "static", "macro"]
            .into_iter()
            .find(|known| *known == first)
            .unwrap_or_default(),
    }
}

/// All that a file offers.
fn offered(source: &Source) -> Vec<String> {
    let code = &source.code;
    let mut lines = Vec::new();
    for at in lexer::words(code, "pub") {
        let after = &code[at + "pub".len()..];
        let kind = kind(after);
        if source.in_test(at) || after.starts_with('(') || kind.is_empty() {
            continue;
        }
        let item = &code[lexer::item(code, at)];
        let text = match kind {
            "struct" | "enum" | "trait" | "type" => body(item, kind),
            "use" => squeezed(item.trim_end_matches(';')),
            _ => squeezed(signature(&code[at..])),
        };
        lines.push(match owner(code, at) {
            Some(owner) => format!("{owner}: {text}"),
            None => text,
        });
    }
    lines.sort();
    lines
}

fn api(sources: &[Source], folder: &str) -> String {
    let mut text = String::new();
    let files = sources.iter().filter(|source| source.path.starts_with(folder));
    // Hooks of the feature `testing` are promised to nobody.
    let others = ["/bin/", "/testing"];
    let library = files.filter(|source| !others.iter().any(|part| source.path.contains(part)));
    for source in library {
        let lines = offered(source);
        if !lines.is_empty() {
            text += &format!("# {}\n{}\n\n", source.path, lines.join("\n"));
        }
    }
    text
}

#[test]
fn what_the_libraries_offer_is_what_is_written_down() {
    let sources = source::all();
    let folder = source::root().join("api");
    for (name, place) in LIBRARIES {
        let (made, path) = (api(&sources, place), folder.join(format!("{name}.txt")));
        if std::env::var_os("INCAMERA_WRITE_API").is_some() {
            fs::write(&path, &made).expect("api/ can be written");
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        let differs = made.lines().zip(there.lines()).find(|(made, there)| made != there);
        let how = "`INCAMERA_WRITE_API=1 cargo test --test repo api` writes it anew, and the diff belongs into the changelog";
        assert!(made == there, "{name} offers something else: {how}\nfirst: {differs:?}");
    }
}

#[test]
fn items_of_a_file_are_found() {
    let text = "pub use a::{\n    B, C,\n};\npub(crate) struct Hidden;\npub struct Shown<'a> {\n    pub left: Vec<(u8, u8)>,\n    right: u8,\n}\nimpl<'a> Shown<'a> {\n    pub fn get(\n        &self,\n        at: usize,\n    ) -> Option<&'a u8> { None }\n    fn own(&self) {}\n    pub const MAX: usize = 5;\n}\npub enum E { A, B { x: u8 } }\npub const fn f() -> fn(u8) -> u8 { g }\n#[cfg(test)]\nmod tests {\n    pub fn t() {}\n}\n";
    assert_eq!(
        offered(&Source::new("src/x.rs", text)),
        [
            "impl<'a> Shown<'a>: pub const MAX: usize",
            "impl<'a> Shown<'a>: pub fn get(&self, at: usize) -> Option<&'a u8>",
            "pub const fn f() -> fn(u8) -> u8",
            "pub enum E { A, B { x: u8 } }",
            "pub struct Shown<'a> { pub left: Vec<(u8, u8)>, .. }",
            "pub use a::{ B, C, }",
        ]
    );
}
