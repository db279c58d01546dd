//! The kit itself: what is checked in is what it makes, it passes, and the kit is seen to fail.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::case::{Kind, Made, good, refusal};
use crate::flips::{Flips, flip_case};
use crate::musts::WITHOUT;

/// A folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let own = format!("incamera-conformance-{}", std::process::id());
    let folder = std::env::temp_dir().join(own).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn options(words: &[&str]) -> Read<Options> {
    Options::parse(words.iter().map(|word| (*word).to_owned()))
}

/// The exit code of the program, and what it says if it is 2.
fn asked(words: &[&str]) -> (u8, String) {
    exit(options(words).and_then(|options| conform(&options)))
}

fn home() -> Vec<File> {
    files(Path::new(HOME)).unwrap()
}

#[test]
fn regenerating_gives_the_same_bytes() {
    let kinds = KINDS.par_iter().map(|kind| {
        let path = format!("{HOME}/{}.json", kind.name);
        let (made, there) =
            (json::print(&kind.file().unwrap()), fs::read_to_string(&path).unwrap());
        assert!(made == there, "{path} is not what is made: see CONTRIBUTING.md");
    });
    assert_eq!(kinds.count(), home().len(), "a file that no kind makes");
}

#[test]
fn every_case_passes() {
    let report = run(&options(&[]).unwrap()).unwrap();
    assert_eq!(report.failures, Vec::<String>::new());
    assert!(report.passed > 800, "{}", report.passed);
}

/// Every text and number in a value, by the way to it.
fn leaves(value: &Value, way: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, part)| leaves(part, format!("{way}/{name}"), found));
        }
        Value::Array(list) => {
            let parts = list.iter().enumerate();
            parts.for_each(|(at, part)| leaves(part, format!("{way}/{at}"), found));
        }
        _ => found.push(way),
    }
}

#[test]
fn a_spoilt_expectation_is_reported() {
    let folder = folder("spoilt");
    for kind in KINDS {
        let text = fs::read_to_string(format!("{HOME}/{}.json", kind.name)).unwrap();
        let mut file: Value = serde_json::from_str(&text).unwrap();
        // The first case in which something is expected.
        let expects = |case: &&mut Value| case["expect"] != json!({});
        let case = file["cases"].as_array_mut().unwrap().iter_mut().find(expects).unwrap();
        let (name, mut ways) = (case["name"].as_str().unwrap().to_owned(), Vec::new());
        leaves(&case["expect"], String::new(), &mut ways);
        *case["expect"].pointer_mut(ways.last().unwrap()).unwrap() = "spoilt".into();
        let path = folder.join(format!("{}.json", kind.name));
        fs::write(&path, file.to_string()).unwrap();
        let report = run(&options(&[path.to_str().unwrap(), "--case", &name]).unwrap()).unwrap();
        let [failure] = &report.failures[..] else { panic!("{}: {report:?}", kind.name) };
        for part in [name.as_str(), "expected \"spoilt\", got ", "must "] {
            assert!(failure.contains(part), "{failure}");
        }
    }
    assert_eq!(asked(&[folder.to_str().unwrap()]).0, 1);
}

#[test]
fn a_question_that_makes_no_sense_ends_with_2_and_says_why() {
    let folder = folder("bad");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let file = |version: u64, kind: &str, input: Value| {
        let case = json!({ "name": "a", "must": [], "input": input, "expect": {} });
        json!({ "version": version, "kind": kind, "cases": [case] }).to_string()
    };
    let missing = folder.join("missing").to_str().unwrap().to_owned();
    let version = write("version.json", &file(2, "hashes", json!({})));
    let kind = write("kind.json", &file(1, "dreams", json!({})));
    let what = write("what.json", &file(1, "hashes", json!({ "what": "dream" })));
    let field =
        write("field.json", &file(1, "hashes", json!({ "what": "resync", "secret": "xy" })));
    let json = write("json.json", "{");
    let whole = write("whole.json", "{}");
    let empty = folder.join("empty");
    fs::create_dir_all(&empty).unwrap();
    let questions: [(&[&str], &str); 10] = [
        (&[missing.as_str()], "cannot be read"),
        (&[empty.to_str().unwrap()], "no file ends in .json"),
        (&[version.as_str()], "version 2"),
        (&[kind.as_str()], "there is no kind `dreams`"),
        (&[what.as_str()], "`what` is `dream`, which is not known"),
        (&[field.as_str()], "`secret` is not lower-case hex"),
        (&[json.as_str()], "no JSON"),
        (&[whole.as_str()], "`version` is missing"),
        (&["--case", "a dream"], "there is no case `a dream`"),
        (&["--dream"], "--dream is not known"),
    ];
    for (words, why) in questions {
        let (code, said) = asked(words);
        assert_eq!(code, 2, "{words:?}: {said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{words:?}: {said}");
        let named = words[0].starts_with('-') || said.contains(words[0]);
        assert!(named, "it names the file: {said}");
    }
    assert_eq!(asked(&["--case", "the resync key of SPEC.md"]), (0, String::new()));
}

/// The ids that SPEC.md defines.
fn musts() -> BTreeSet<String> {
    let spec = include_str!("../../SPEC.md");
    let ids = spec.match_indices("**[").filter_map(|(at, mark)| {
        let (id, _) = spec[at + mark.len()..].split_once(']')?;
        let number = id.strip_prefix(|c: char| c.is_ascii_uppercase())?;
        number.parse::<u32>().is_ok().then(|| id.to_owned())
    });
    ids.collect()
}

#[test]
fn every_must_that_refuses_has_a_case_named_by_its_fault() {
    let (defined, mut shown) = (musts(), BTreeSet::new());
    assert!(defined.len() > 100, "{}", defined.len());
    for file in home() {
        for case in file.cases().unwrap() {
            let cited: Vec<String> = serde_json::from_value(case["must"].clone()).unwrap();
            assert!(!cited.is_empty(), "{} cites nothing", case["name"]);
            let strange = cited.iter().find(|id| !defined.contains(*id));
            assert_eq!(strange, None, "{}", case["name"]);
            if refusal(&case["expect"]).is_some() {
                shown.extend(cited);
            }
        }
    }
    for id in &defined {
        let excused = WITHOUT.iter().any(|(without, _)| without == id);
        let (has, reason) = (shown.contains(id), if excused { "a reason" } else { "none" });
        assert!(has != excused, "[{id}]: a case that refuses: {has}; {reason} for having none");
    }
    assert!(WITHOUT.iter().all(|(id, _)| defined.contains(*id)));
}

#[test]
fn every_flipped_bit_is_refused_or_changes_nothing() {
    // All of them: `conformance --flip`, or this with INCAMERA_ALL_BITS set.
    let all = std::env::var_os("INCAMERA_ALL_BITS").is_some();
    let up_to = if all { usize::MAX } else { 64 };
    let options = Options { up_to: Some(up_to), flip: true, ..options(&[]).unwrap() };
    let report = run(&options).unwrap();
    assert_eq!(report.failures, Vec::<String>::new());
    assert!(report.bits > 150_000, "{}", report.bits);
}

#[test]
fn a_flipped_bit_that_is_taken_is_reported() {
    // A kind that takes everything but what begins with 80.
    static LAX: &[Kind] = &[Kind {
        name: "lax",
        about: "",
        make: Made::default,
        run: |input, _| {
            let message = input.bytes("message")?;
            let high = message.first().is_some_and(|first| *first >= 0x80);
            Ok(if high { json!({ "refused": "High" }) } else { json!({}) })
        },
        flips: Flips::Fields(&["message"]),
    }];
    let case = good("a", &["W2"], json!({ "message": "01" }));
    let case = json!({ "name": case.name, "must": case.must, "input": case.input, "expect": {} });
    let text = json!({ "version": 1, "kind": "lax", "cases": [case] }).to_string();
    let path = folder("lax").join("lax.json");
    fs::write(&path, text).unwrap();
    let file = File::read(&path, LAX).unwrap();
    let case = file.cases().unwrap()[0].clone();
    let taken = flip_case(&file, &case, &Bits::ALL).unwrap().unwrap_err();
    assert!(taken.starts_with("bit 0 of `message` flipped"), "{taken}");
}
