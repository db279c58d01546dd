//! Looks for bytes in text, whatever way they were written down.

use std::collections::{HashMap, HashSet};

/// So many bytes in a row give a secret away. Less is chance: texts are long.
const RUN: usize = 6;

/// The secrets that are looked for, by name.
#[derive(Default)]
pub(crate) struct Finder {
    runs: HashMap<[u8; RUN], &'static str>,
    secrets: HashSet<Vec<u8>>,
}

impl Finder {
    /// Looks for this too.
    pub(crate) fn add(&mut self, name: &'static str, secret: &[u8]) {
        if self.secrets.insert(secret.to_vec()) {
            self.runs.extend(runs(secret).map(|run| (run, name)));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.secrets.len()
    }

    /// The name of a secret of which some of `bytes` are.
    fn in_bytes(&self, bytes: &[u8]) -> Option<&'static str> {
        runs(bytes).find_map(|run| self.runs.get(&run).copied())
    }

    /// The name of a secret of which `text` shows some: as it is, escaped, in hex, as a list of
    /// numbers, in base64.
    pub(crate) fn in_text(&self, text: &str) -> Option<&'static str> {
        let every = [as_it_is, unescaped, hex, numbers, base64];
        every.into_iter().flat_map(|read| read(text)).find_map(|bytes| self.in_bytes(&bytes))
    }
}

fn runs(bytes: &[u8]) -> impl Iterator<Item = [u8; RUN]> {
    bytes.windows(RUN).map(|run| run.try_into().unwrap())
}

fn as_it_is(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

/// `\x0a`, `\n` and `\u{a}` among characters.
fn unescaped(text: &str) -> Vec<Vec<u8>> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (byte, behind) = escape(after);
        bytes.extend(byte);
        rest = behind;
    }
    bytes.extend_from_slice(rest.as_bytes());
    vec![bytes]
}

/// What an escape stands for, and what is behind it.
fn escape(after: &str) -> (Option<u8>, &str) {
    let short = [
        ("n", b'\n'),
        ("r", b'\r'),
        ("t", b'\t'),
        ("0", 0),
        ("\\", b'\\'),
        ("'", b'\''),
        ("\"", b'"'),
    ];
    if let Some((mark, byte)) = short.iter().find(|(mark, _)| after.starts_with(mark)) {
        return (Some(*byte), &after[mark.len()..]);
    }
    let byte = |digits: &str| u8::from_str_radix(digits, 16).ok();
    if let Some((digits, behind)) = after.strip_prefix('x').and_then(|hex| hex.split_at_checked(2))
    {
        return (byte(digits), behind);
    }
    match after.strip_prefix("u{").and_then(|hex| hex.split_once('}')) {
        Some((digits, behind)) => (byte(digits), behind),
        None => (None, after),
    }
}

/// The longest stretches of such characters.
fn stretches(text: &str, such: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    text.split(move |c| !such(c)).filter(|stretch| stretch.len() >= RUN)
}

/// Pairs of hex digits, whichever is the first.
pub(crate) fn hex(text: &str) -> Vec<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    let digits = stretches(text, |c| c.is_ascii_hexdigit());
    let read = digits.flat_map(|digits| {
        [0, 1].map(|from| digits.as_bytes()[from..].chunks_exact(2).map(pair).collect())
    });
    read.collect()
}

/// Numbers with nothing but commas and white space between them, decimal and hex.
fn numbers(text: &str) -> Vec<Vec<u8>> {
    let mut lists = Vec::new();
    for list in
        stretches(text, |c| c.is_ascii_hexdigit() || c == ',' || c == 'x' || c.is_whitespace())
    {
        let words: Vec<&str> = list.split(|c: char| c == ',' || c.is_whitespace()).collect();
        let words = words.into_iter().filter(|word| !word.is_empty());
        for radix in [10, 16] {
            let mut bytes = Vec::new();
            for word in words.clone() {
                match u8::from_str_radix(word.strip_prefix("0x").unwrap_or(word), radix) {
                    Ok(byte) => bytes.push(byte),
                    Err(_) => lists.push(std::mem::take(&mut bytes)),
                }
            }
            lists.push(bytes);
        }
    }
    lists
}

/// Base64 of either alphabet, wherever it begins in a stretch.
pub(crate) fn base64(text: &str) -> Vec<Vec<u8>> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' | b'-' => 62,
        _ => 63,
    };
    let such = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let decode = |text: &[u8]| {
        let four = |four: &[u8]| {
            let bits = four.iter().fold(0, |bits: u32, c| bits << 6 | u32::from(value(*c)));
            let [_, bytes @ ..] = bits.to_be_bytes();
            bytes
        };
        text.chunks_exact(4).flat_map(four).collect()
    };
    let all = stretches(text, such);
    all.flat_map(|stretch| [0, 1, 2, 3].map(|from| decode(&stretch.as_bytes()[from..]))).collect()
}
