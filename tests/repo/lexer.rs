//! Enough of Rust's lexical grammar to tell code from comments and from literals.

use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// A file's text twice, line for line and column for column: `code` has blanks for comments and for
/// the insides of literals, `comments` has blanks for everything else.
pub(crate) struct Layers {
    pub(crate) code: String,
    pub(crate) comments: String,
}

pub(crate) fn split(text: &str) -> Layers {
    let bytes = text.as_bytes();
    let kinds = classify(bytes);
    let keep = |wanted: Kind| {
        let kept = bytes.iter().zip(&kinds).map(|(&byte, &kind)| match byte {
            b'\n' => byte,
            _ if kind == wanted => byte,
            _ => b' ',
        });
        String::from_utf8_lossy(&kept.collect::<Vec<u8>>()).into_owned()
    };
    Layers { code: keep(Kind::Code), comments: keep(Kind::Comment) }
}

fn classify(bytes: &[u8]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; bytes.len()];
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (kind, len) = if rest.starts_with(b"//") {
            (Kind::Comment, find(rest, b"\n").unwrap_or(rest.len()))
        } else if rest.starts_with(b"/*") {
            (Kind::Comment, block_comment(rest))
        } else if let Some(len) = literal(rest, at > 0 && is_word(bytes[at - 1])) {
            (Kind::Literal, len)
        } else {
            (Kind::Code, 1)
        };
        kinds[at..at + len].fill(kind);
        at += len;
    }
    kinds
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of the literal that starts here, if one does.
fn literal(rest: &[u8], inside_word: bool) -> Option<usize> {
    match rest.first()? {
        b'"' => Some(quoted(rest, b'"')),
        b'\'' => character(rest),
        b'r' if !inside_word => raw_string(rest, 1),
        b'b' | b'c' if !inside_word && rest.get(1) == Some(&b'r') => raw_string(rest, 2),
        _ => None,
    }
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// A character literal; a lifetime is code.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, b'\''));
    }
    let width = match rest.get(1)? {
        0..=0x7F => 1,
        0x80..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

fn raw_string(rest: &[u8], prefix: usize) -> Option<usize> {
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let body = find(&rest[open + 1..], &close).map(|at| open + 1 + at + close.len());
    Some(body.unwrap_or(rest.len()))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Every place where `word` stands in `code` and is not part of a longer word.
pub(crate) fn words(code: &str, word: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    let edge = |at: Option<&u8>| at.is_none_or(|&byte| !is_word(byte));
    let alone = |&(at, _): &(usize, &str)| {
        edge(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && edge(bytes.get(at + word.len()))
    };
    code.match_indices(word).filter(alone).map(|(at, _)| at).collect()
}

/// From `from`, the range up to and including the `}` that closes the first `{` outside round and
/// square brackets, or the first `;` there if it comes sooner.
pub(crate) fn item(code: &str, from: usize) -> Range<usize> {
    let (mut round, mut curly) = (0_usize, 0_usize);
    for (offset, byte) in code.as_bytes()[from..].iter().enumerate() {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => round = round.saturating_sub(1),
            b'{' => curly += 1,
            b'}' => {
                curly = curly.saturating_sub(1);
                if curly == 0 {
                    return from..from + offset + 1;
                }
            }
            b';' if curly == 0 && round == 0 => return from..from + offset + 1,
            _ => {}
        }
    }
    from..code.len()
}

/// The identifier that starts at `at`, blanks before it skipped.
pub(crate) fn identifier(code: &str, at: usize) -> &str {
    let rest = code[at..].trim_start();
    let end = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
    &rest[..end]
}

pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let text =
        "let a = \"// no\"; // yes \"\nlet b = 'x'; /* in /* in */ out */ f::<'a>(r#\"un\"wrap\"#)";
    let layers = split(text);
    assert_eq!(layers.code.len(), text.len());
    assert!(layers.comments.contains("// yes") && !layers.comments.contains("no"));
    assert!(layers.comments.contains("out */") && layers.code.contains("f::<'a>("));
    assert!(!layers.code.contains("wrap") && !layers.code.contains('x'));
    assert!(split(r"let q = '\''; let z = 1;").code.contains("let z"));
    assert!(split("let path = \"a\\\"b\"; let z = 1;").code.contains("let z"));
    assert!(split("let r#type = 1; let z = 1;").code.contains("let z"));
}

#[test]
fn items_and_words_are_found() {
    let code = "fn a(x: [u8; 4]) { if x { } } fn b();";
    assert_eq!(&code[item(code, 0)], "fn a(x: [u8; 4]) { if x { } }");
    assert_eq!(words(code, "fn"), [0, 30]);
    assert_eq!(&code[item(code, 30)], "fn b();");
    assert!(words("afn fnb", "fn").is_empty());
}
