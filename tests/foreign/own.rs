//! The vectors of this project under `tests/vectors/incamera`, as far as they ask for single steps. No check of this
//! crate runs here, so that no MUST is cited: `examples/conformance` is where these vectors try our own.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::reader::{Reader, each};

/// The cases of a file.
fn cases(kind: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/incamera");
    let text = fs::read_to_string(path.join(kind).with_extension("json")).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(file["cases"].take()).unwrap()
}

/// Those of one sort.
fn of_sort(kind: &str, what: &str) -> Vec<Value> {
    let cases = cases(kind).into_iter().filter(|case| case["input"]["what"] == what);
    let found: Vec<Value> = cases.collect();
    assert!(!found.is_empty(), "{kind}: {what}");
    found
}

/// Input and expectation.
fn parts(case: &Value) -> (&Value, &Value) {
    (&case["input"], &case["expect"])
}

fn is_refused(case: &Value) -> bool {
    case["expect"].get("refused").is_some()
}

/// Asks, and compares with what the case expects: the names of `shown` are the reader's, then the file's.
#[track_caller]
fn check(reader: &mut Reader, case: &Value, what: &str, request: Value, shown: &[(&str, &str)]) {
    let (answer, name) = (reader.ask(what, request), &case["name"]);
    assert_eq!(answer.is_err(), is_refused(case), "{name}: {answer:?}");
    let Ok(answer) = answer else { return };
    for (theirs, ours) in shown {
        assert_eq!(answer[theirs], case["expect"][ours], "{name}: {ours}");
    }
}

/// A number of 64 bits, given in 8 bytes, as the readers have it.
fn decimal(bytes: &Value) -> String {
    u64::from_str_radix(bytes.as_str().unwrap(), 16).unwrap().to_string()
}

#[test]
fn every_message_is_taken_or_refused_as_its_vector_says() {
    each(|reader| {
        let all = cases("messages");
        assert!(all.iter().filter(|case| is_refused(case)).count() > 50);
        for case in all {
            let (input, _) = parts(&case);
            let request = json!({ "message": input["type"], "data": [input["bytes"]] });
            let taken = reader.get("verdicts", request)["taken"][0] == true;
            assert_eq!(taken, !is_refused(&case), "{}", case["name"]);
        }
    });
}

#[test]
fn every_header_and_media_key_is_as_its_vector_says() {
    each(|reader| {
        for case in cases("headers") {
            let (input, expect) = parts(&case);
            let answer = reader.ask("parse_header", json!({ "data": input["bytes"] }));
            let Ok(answer) = answer else {
                assert!(is_refused(&case), "{case}");
                continue;
            };
            let (kid, counter) = (decimal(&expect["kid"]), decimal(&expect["counter"]));
            let expected = json!({ "kid": kid, "counter": counter, "length": expect["length"] });
            assert_eq!(answer, expected, "{}", case["name"]);
        }
        for case in of_sort("key-schedule", "media key") {
            let (input, _) = parts(&case);
            let request = json!({
                "suite": input["suite"], "base_key": input["base_key"], "kid": decimal(&input["kid"]),
                "counter": "0", "metadata": "", "plaintext": "",
            });
            check(reader, &case, "sframe_seal", request, &[("key", "key"), ("salt", "salt")]);
        }
        for case in of_sort("key-schedule", "heartbeat keys") {
            let request = json!({ "heartbeat_key": case["input"]["heartbeat_key"] });
            let shown = [("order", "order_key"), ("heartbeat", "heartbeat_key")];
            check(reader, &case, "heartbeat_keys", request, &shown);
        }
    });
}

#[test]
fn hashes_and_payloads_are_as_their_vectors_say() {
    each(|reader| {
        for case in of_sort("hashes", "log") {
            let (input, expect) = parts(&case);
            let entries = input["entries"].as_array().unwrap();
            // A meeting's creation has no entry: its id is in the place of one.
            let (sequence, first, more) = match input["commit"].as_u64() {
                Some(sequence) => (sequence, &entries[0], &entries[1..]),
                None => (0, &input["meeting"], &entries[..]),
            };
            let request = json!({ "sequence": sequence.to_string(), "entry": first, "more": more });
            reader.says("log_hash", request, &json!({ "hashes": expect["hashes"] }));
        }
        for case in of_sort("hashes", "resync") {
            let request = json!({ "kind": "resync", "secret": case["input"]["secret"] });
            check(reader, &case, "named", request, &[("id", "id")]);
        }
        for case in of_sort("rtp", "cut").iter().filter(|case| !is_refused(case)) {
            let (input, _) = parts(case);
            let request = json!({
                "frame": input["sealed"], "longest_payload": input["max_payload"],
                "packet": input["packetized"],
            });
            check(reader, case, "rtp_cut", request, &[("payloads", "payloads")]);
        }
    });
}

#[test]
fn every_door_is_as_its_vector_says() {
    each(|reader| {
        for case in of_sort("doors", "invite") {
            let request = json!({ "text": case["input"]["link"] });
            let shown = ["profile", "passcode", "meeting"].map(|name| (name, name));
            let secrets = [("lobby", "lobby_key"), ("secret", "link_secret")];
            check(reader, &case, "read_invite", request, &[&shown[..], &secrets].concat());
            if !is_refused(&case) {
                let named = json!({ "kind": "invite", "secret": case["expect"]["link_secret"] });
                check(reader, &case, "named", named, &[("id", "invite")]);
            }
        }
        for case in of_sort("doors", "knock") {
            let (input, _) = parts(&case);
            // The meeting of those that are genuine: whoever opens a knock knows its own.
            let request = json!({
                "meeting": "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", "lobby_key": input["lobby_key"],
                "kind": "invite", "secret": input["link_secret"], "knock": input["knock"],
            });
            check(reader, &case, "open_knock", request, &[("answer_key", "answer_key")]);
        }
    });
}

/// A credential's certificate, and every field of it.
fn certificate(reader: &mut Reader, case: &Value) {
    let (input, expect) = parts(case);
    let (meeting, leaf_key) = (&input["meeting"], &input["leaf_key"]);
    let request = json!({ "meeting": meeting, "leaf_key": leaf_key, "data": input["credential"] });
    let answer = reader.ask("credential", request);
    assert_eq!(answer.is_err(), is_refused(case), "{}: {answer:?}", case["name"]);
    let Ok(mut answer) = answer else { return };
    let fields = answer["fields"].take();
    let key = json!({ "identity_key": fields["identity_key"] });
    let mut made = json!({
        "fingerprint": reader.get("fingerprint", key)["fingerprint"],
        // Readers leave out what is absent.
        "label": fields.get("label").unwrap_or(&json!(0)),
        "attestation": fields.get("attestation").unwrap_or(&json!("")),
    });
    for name in ["name", "stay", "direct_key"] {
        made[name] = fields[name].clone();
    }
    let statement = json!({
        "meeting": meeting, "leaf_key": leaf_key, "stay": made["stay"],
        "direct_key": made["direct_key"], "label": made["label"], "attestation": made["attestation"],
    });
    made["statement"] = reader.get("statement", statement)["statement"].take();
    assert_eq!(made, *expect, "{}", case["name"]);
}

#[test]
fn every_identity_is_as_its_vector_says() {
    let forms = ["digits", "words", "qr"].map(|name| (name, name));
    each(|reader| {
        for case in &cases("identity") {
            let (input, _) = parts(case);
            match input["what"].as_str().unwrap() {
                "fingerprint" => {
                    let request = json!({ "identity_key": input["identity_key"] });
                    check(reader, case, "fingerprint", request, &[("fingerprint", "fingerprint")]);
                }
                "certificate" => certificate(reader, case),
                "name" => {
                    check(reader, case, "check_name", json!({ "name": input["name"] }), &[]);
                }
                "signature" => {
                    let request = json!({
                        "key": input["key"], "message": input["statement"],
                        "signature": input["signature"],
                    });
                    check(reader, case, "verify", request, &[]);
                }
                "safety code" => {
                    let members = input["members"].as_array().unwrap().iter();
                    let pairs: Vec<_> =
                        members.map(|it| json!([it["identity_key"], it["stay"]])).collect();
                    let request = json!({
                        "meeting": input["meeting"], "epoch": input["epoch"].to_string(),
                        "authenticator": input["authenticator"], "members": pairs,
                    });
                    let shown = [&forms[..], &[("input", "input")]].concat();
                    check(reader, case, "safety_code", request, &shown);
                }
                "pair code" => {
                    let request = json!({ "one": input["one"], "other": input["other"] });
                    check(reader, case, "pair_code", request, &forms);
                }
                other => panic!("vectors of another sort: {other}"),
            }
        }
    });
}

/// One side's run of the passcode's proof: the session, one's own share, and both tags.
fn run(
    reader: &mut Reader,
    input: &Value,
    secret: &Value,
    other: &Value,
    knocker: bool,
) -> Option<[Value; 3]> {
    let inputs = reader.get(
        "passcode_inputs",
        json!({
            "passcode_text": input["passcode"], "meeting": input["meeting"],
            "invite_id": input["invite"], "reference": input["reference"],
            "mailbox": input["mailbox"], "secret": secret,
        }),
    );
    let tags = reader.ask(
        "passcode_tags",
        json!({
            "sid": inputs["sid"], "secret": secret, "own": inputs["share"], "other": other,
            "reference": input["reference"], "admitter": input["admitter"], "knocker": knocker,
        }),
    );
    let tags = tags.ok()?;
    Some([&inputs["share"], &tags["ta"], &tags["tb"]].map(Clone::clone))
}

#[test]
fn every_passcode_is_proved_or_not_as_its_vector_says() {
    let all = cases("passcode");
    // Which 64 bytes come from which seed, the cases that are taken say.
    let mut secrets = HashMap::new();
    for (case, field) in all.iter().flat_map(|case| [(case, "ya"), (case, "yb")]) {
        if let Some(secret) = case["expect"].get(field) {
            secrets.insert(case["input"]["seed"].clone(), secret.clone());
        }
    }
    each(|reader| {
        for case in &all {
            let (input, expect) = parts(case);
            let secret = &secrets[&input["seed"]];
            let what = input["what"].as_str().unwrap();
            let knocker = what == "answer" || what == "share";
            // A share alone has no other side yet: any will do.
            let base = json!("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76");
            let other = match what {
                "share" => &base,
                "challenge" => &input["knocker_share"],
                _ => &input["share"],
            };
            let made = run(reader, input, secret, other, knocker);
            let name = &case["name"];
            let agreed = match (what, &made) {
                (_, None) => false,
                ("share", Some([share, ..])) => *share == expect["share"],
                ("challenge", Some([share, _, tb])) => {
                    *share == expect["share"] && *tb == expect["tag"]
                }
                ("answer", Some([_, ta, tb])) => {
                    let proved = *tb == input["tag"];
                    proved && (is_refused(case) || *ta == expect["tag"])
                }
                ("proof", Some([_, ta, _])) => *ta == input["tag"],
                (other, _) => panic!("vectors of another sort: {other}"),
            };
            assert_eq!(agreed, !is_refused(case), "{name}");
        }
    });
}
