//! Keys do not slip out of the sources: a type whose `Debug` is derived holds none that would show, and
//! nothing that is printed or logged is a key.

use crate::lexer;
use crate::none;
use crate::source::{self, Source};

/// Fields of such names that are no secrets, by type: public keys, and what the two sides of CPace say.
const PUBLIC: [(&str, &str); 22] = [
    ("Applicant", "identity_key"),
    ("Certified", "direct_key"),
    ("Certified", "identity_key"),
    ("EventKind", "encapsulated_key"),
    ("KeyPackageFacts", "signature_key"),
    ("Knock", "encapsulated_key"),
    ("KnockContent", "passcode_share"),
    ("KnockContent", "passcode_tag"),
    ("Leaf", "signature_key"),
    ("LeafCredential", "direct_key"),
    ("LeafCredential", "identity_key"),
    ("Added", "leaf_key"),
    ("Newcomer", "leaf_key"),
    ("Occupant", "leaf_key"),
    ("Occupied", "leaf_key"),
    ("ProvedRelay", "key"),
    ("RelayEntry", "key"),
    ("RelayProof", "key"),
    ("SafetyMember", "identity_key"),
    ("Seat", "direct_key"),
    ("Seat", "identity_key"),
    ("VerifiedLeaf", "leaf_key"),
];

/// Words in names of fields that hold secrets; `key` counts at the end alone.
const SECRET: [&str; 8] =
    ["passcode", "password", "private", "psk", "salt", "secret", "seed", "token"];

/// Types that show their content.
const BARE: [&str; 5] = ["u8", "str", "String", "Zeroizing", "VLBytes"];

/// What writes for people or into a log.
const WRITERS: [&str; 14] = [
    "format!",
    "write!",
    "writeln!",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "panic!",
    "error!",
    "warn!",
    "info!",
    "debug!",
    "trace!",
    "assert_eq!",
];

/// What takes a secret out of its wrapping.
const EXPOSES: [&str; 3] = ["expose", "secret_key", "exposed"];

/// Declarations whose `Debug` is derived: their place, and all of them.
fn derived(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let starts = source.code.match_indices("#[derive(").map(|(at, _)| at);
    starts.filter(|at| !source.in_test(*at)).filter_map(|at| {
        let list = source.code[at..].split(']').next()?;
        let item = &source.code[lexer::item(&source.code, at + list.len())];
        (!lexer::words(list, "Debug").is_empty()).then_some((at, item))
    })
}

fn name(item: &str) -> &str {
    let at = ["struct", "enum"]
        .iter()
        .find_map(|word| Some(lexer::words(item, word).first()? + word.len()));
    at.map_or("", |at| lexer::identifier(item, at))
}

/// The fields of a declaration, those of an enum's variants too: name and type.
fn fields(item: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (at, _) in item.match_indices(':') {
        let path = item[at + 1..].starts_with(':') || item[..at].ends_with(':');
        let before = item[..at].trim_end();
        let start = before.bytes().rposition(|byte| !lexer::is_word(byte)).map_or(0, |at| at + 1);
        if !path && start < before.len() {
            found.push((&before[start..], kind(&item[at + 1..])));
        }
    }
    found
}

/// A type, up to the comma behind it or the end of what it stands in.
fn kind(rest: &str) -> &str {
    let mut depth = 0_i32;
    let end = rest.bytes().position(|byte| {
        match byte {
            b'<' | b'(' | b'[' => depth += 1,
            b'>' | b')' | b']' => depth -= 1,
            _ => {}
        }
        depth < 0 || (depth == 0 && matches!(byte, b',' | b'}'))
    });
    &rest[..end.unwrap_or(rest.len())]
}

fn is_secret(field: &str) -> bool {
    let last = field.rsplit('_').next().unwrap_or_default();
    field.split('_').any(|word| SECRET.contains(&word)) || matches!(last, "key" | "keys")
}

fn shown_keys(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (at, item) in derived(source) {
        let owner = name(item);
        for (field, kind) in fields(item) {
            let bare = BARE.iter().any(|word| !lexer::words(kind, word).is_empty());
            if is_secret(field) && bare && !PUBLIC.contains(&(owner, field)) {
                let place = source.place(at);
                complaints.push(format!("{place}: `Debug` of {owner} would show `{field}`"));
            }
        }
        if !lexer::words(item, "Zeroizing").is_empty() {
            let place = source.place(at);
            complaints.push(format!("{place}: `Debug` of {owner} would show what is `Zeroizing`"));
        }
    }
    complaints
}

fn written_keys(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for writer in WRITERS {
        let calls = source.code.match_indices(writer).map(|(at, _)| at);
        let whole = |at: &usize| *at == 0 || !lexer::is_word(source.code.as_bytes()[at - 1]);
        for at in calls.filter(whole).filter(|at| !source.in_test(*at)) {
            let call = &source.code[lexer::item(&source.code, at)];
            if EXPOSES.iter().any(|word| !lexer::words(call, word).is_empty()) {
                complaints.push(format!("{}: `{writer}` writes a secret", source.place(at)));
            }
        }
    }
    complaints
}

fn shipped(check: fn(&Source) -> Vec<String>) -> Vec<String> {
    source::all().iter().filter(|source| source.is_shipped()).flat_map(check).collect()
}

#[test]
fn no_derived_debug_shows_a_key() {
    none(shipped(shown_keys));
}

#[test]
fn nothing_that_is_written_for_people_is_a_key() {
    none(shipped(written_keys));
}

#[test]
fn each_public_key_is_there_to_be_excepted() {
    let sources = source::all();
    let all = sources.iter().filter(|source| source.is_shipped()).flat_map(derived);
    let all: Vec<_> = all
        .flat_map(|(_, item)| fields(item).into_iter().map(move |(field, _)| (name(item), field)))
        .collect();
    for public in PUBLIC {
        assert!(all.contains(&public), "{public:?} is nowhere");
    }
}

#[test]
fn what_slips_out_is_found() {
    let bad = |text: &str| {
        let source = Source::new("src/a.rs", text);
        (shown_keys(&source).len(), written_keys(&source).len())
    };
    assert_eq!(
        bad("#[derive(Clone, Debug)]\npub struct A { pub base_key: Vec<u8>, b: u8 }"),
        (1, 0)
    );
    assert_eq!(
        bad("#[derive(Debug)]\nenum A { B { link_secret: Option<[u8; 32]> }, C(u8) }"),
        (1, 0)
    );
    assert_eq!(bad("#[derive(Debug)]\nstruct A { passcode: Option<String> }"), (1, 0));
    assert_eq!(bad("#[derive(Debug)]\nstruct A(Zeroizing<Vec<u8>>);"), (1, 0));
    assert_eq!(bad("#[derive(Clone)]\nstruct A { key: [u8; 32] }"), (0, 0));
    assert_eq!(
        bad("#[derive(Debug)]\nstruct A { key: Secret<32>, passcode: bool, a: wire::u8 }"),
        (0, 0)
    );
    assert_eq!(bad("#[derive(Debug)]\nstruct Occupant { leaf_key: [u8; 32] }"), (0, 0));
    assert_eq!(bad("#[cfg(test)]\nmod t { #[derive(Debug)]\nstruct A { key: [u8; 32] } }"), (0, 0));
    assert_eq!(bad("fn f() { tracing::debug!(key = ?self.key.expose(), \"\"); }"), (0, 1));
    assert_eq!(bad("fn f() { write!(f, \"{:?}\", identity.secret_key()) }"), (0, 1));
    assert_eq!(bad("fn f() { write!(f, \"{:?}\", identity); secret_key(); }"), (0, 0));
}
