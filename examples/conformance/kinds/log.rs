//! Hashes that name: of what was read of the log, of invites and of resync keys (SPEC.md 7.4, 7.12).

use incamera::testing;
use incamera::wire::MeetingId;
use serde_json::{Value, json};

use super::keys::counting;
use crate::case::{Kind, Made, good};
use crate::fields::{Fields, Read, bad, bytes, each, hex, number};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "hashes",
    about: "the log hash (7.12), and the ids of resync keys (7.4)",
    make,
    run,
    flips: Flips::None,
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    match input.text("what")? {
        "log" => {
            let meeting = MeetingId::new(input.array("meeting")?);
            let commit = input.find("commit").map(|seq| number(seq, "commit")).transpose()?;
            let entries = each(input.list("entries")?, |entry| bytes(entry, "entries"))?;
            let hashes = testing::log_hashes(meeting, commit, &entries);
            Ok(json!({ "hashes": hashes.iter().map(hex).collect::<Vec<_>>() }))
        }
        "resync" => {
            let id = testing::resync_id(&input.array("secret")?);
            Ok(json!({ "id": hex(id.as_bytes()) }))
        }
        what => bad(format!("`what` is `{what}`, which is not known")),
    }
}

fn make() -> Made {
    let meeting = hex(counting(0xa0, 16));
    let entries: Vec<_> = (0..4).map(|at| hex(counting(at, 32))).collect();
    vec![
        good("from a meeting's creation on", &["G25"], {
            json!({ "what": "log", "meeting": meeting, "entries": entries })
        }),
        good("from the commit at 300 on", &["G25"], {
            json!({ "what": "log", "meeting": meeting, "commit": 300, "entries": entries })
        }),
        good("the resync key of SPEC.md", &["A16"], {
            json!({ "what": "resync", "secret": hex(counting(0x20, 32)) })
        }),
    ]
    .into()
}
