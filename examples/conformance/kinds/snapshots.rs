//! The form of snapshots (SPEC.md 7.14). What is inside is each implementation's own: here it is a text.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::wire::MeetingId;
use incamera::{Expected, testing};
use serde_json::{Value, json};

use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Fields, Read, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "snapshots",
    about: "the form in which a member stores itself (7.14), around a content that is none",
    make,
    run,
    flips: Flips::Fields(&["snapshot"]),
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    let snapshot = input.bytes("snapshot")?;
    let meeting = match input.find("expected_meeting") {
        Some(_) => Some(MeetingId::new(input.array("expected_meeting")?)),
        None => None,
    };
    let generation = match input.find("expected_generation") {
        Some(_) => input.number("expected_generation")?,
        None => 0,
    };
    let expected = Expected { meeting, generation };
    let part = |from: usize, to: usize| snapshot.get(from..to).unwrap_or_default();
    Ok(match testing::open_snapshot(&input.array("key")?, &snapshot, expected) {
        Ok(content) => json!({
            "content": hex(content), "generation": hex(part(1, 9)), "meeting": hex(part(9, 25)),
            "nonce": hex(part(25, 49)),
            "associated_data": hex([b"incamera 1 snapshot", part(0, 25)].concat()),
        }),
        Err(refused) => json!({ "refused": format!("{refused:?}") }),
    })
}

fn make() -> Made {
    let (key, meeting) = ([0x5a; 32], MeetingId::new([0xa0; 16]));
    let seal = |generation: u64| {
        let seed = [generation as u8; 32];
        testing::seal_snapshot(seed, &key, generation, meeting, b"what a member stores").unwrap()
    };
    let (first, second) = (seal(1), seal(2));
    let stored = |snapshot: &[u8]| json!({ "key": hex(key), "snapshot": hex(snapshot) });
    let with = |mut input: Value, name: &str, field: Value| {
        input[name] = field;
        input
    };
    let edited = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = first.clone();
        edit(&mut bytes);
        stored(&bytes)
    };
    let own = hex(meeting.as_bytes());
    let mut drafts: Vec<Draft> = vec![
        good("a snapshot", &["R1"], with(stored(&first), "expected_meeting", own.into())),
        good("the next one", &["R1"], with(stored(&second), "expected_generation", 2.into())),
    ];
    let cases: [(&str, &'static str, &str, Value); 9] = [
        ("a snapshot of another version", "R1", "Version", edited(&|it| it[0] = 2)),
        ("a snapshot cut off in its head", "R1", "Malformed", edited(&|it| it.truncate(48))),
        ("no snapshot", "R1", "Malformed", stored(&[])),
        ("a snapshot cut off", "R1", "Unopenable", edited(&|it| it.truncate(it.len() - 1))),
        ("a snapshot whose generation was raised", "R1", "Unopenable", edited(&|it| it[8] = 9)),
        ("a snapshot moved to another meeting", "R1", "Unopenable", edited(&|it| it[9] ^= 1)),
        ("a snapshot under another key", "R1", "Unopenable", {
            with(stored(&first), "key", hex([0x5b; 32]).into())
        }),
        ("a snapshot of another meeting than expected", "R8", "OtherMeeting", {
            with(stored(&first), "expected_meeting", hex([9; 16]).into())
        }),
        ("a snapshot that is older than expected", "R8", "RolledBack", {
            with(stored(&first), "expected_generation", 2.into())
        }),
    ];
    for (name, must, why, input) in cases {
        drafts.push(refused(name, &[must], why, input));
    }
    drafts.into()
}
