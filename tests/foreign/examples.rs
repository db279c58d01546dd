//! The examples of SPEC.md, section 13, and of the sections before it.

use serde_json::{Value, json};

use crate::golden::shown;
use crate::reader::{Reader, each, hex, unhex};

const SPEC: &str = include_str!("../../SPEC.md");

/// Asserts that SPEC.md shows what a reader came to.
#[track_caller]
fn printed(value: &Value) {
    let text = value.as_str().unwrap();
    assert!(SPEC.contains(text), "not in SPEC.md: {text}");
}

/// SPEC.md breaks what is longer than a line, and groups what has parts.
#[track_caller]
fn printed_in_parts(value: &Value) {
    let packed: String = SPEC.chars().filter(|letter| !letter.is_whitespace()).collect();
    let text = value.as_str().unwrap();
    assert!(packed.contains(text), "not in SPEC.md: {text}");
}

fn meeting() -> String {
    shown(0xa0, 16)
}

fn names(reader: &mut Reader) {
    printed(&reader.get("fingerprint", json!({ "identity_key": shown(0, 32) }))["fingerprint"]);
    for kind in ["invite", "resync"] {
        let secret = shown(0x20, 32);
        printed(&reader.get("named", json!({ "kind": kind, "secret": secret }))["id"]);
    }
    let link = json!({
        "profile": 1, "passcode": false, "meeting": meeting(), "lobby": shown(0x40, 32),
        "secret": shown(0x20, 32),
    });
    let text = reader.get("write_invite", link.clone())["text"].clone();
    printed_in_parts(&text);
    reader.says("read_invite", json!({ "text": text }), &link);
    for (kind, length) in [("order", 32), ("heartbeat", 32)] {
        let keys = reader.get("heartbeat_keys", json!({ "heartbeat_key": shown(0x60, 32) }));
        assert_eq!(unhex(&keys[kind]).len(), length);
        printed(&keys[kind]);
    }
}

fn codes(reader: &mut Reader) {
    let safety = reader.get(
        "safety_code",
        json!({
            "meeting": meeting(), "epoch": "7", "authenticator": shown(0x60, 32),
            "members": [[shown(0, 32), shown(0xb0, 16)]],
        }),
    );
    let pair = reader.get("pair_code", json!({ "one": shown(0x20, 32), "other": shown(0, 32) }));
    for code in [safety, pair] {
        ["digits", "words", "qr"].iter().for_each(|form| printed(&code[*form]));
    }
}

fn statements(reader: &mut Reader) {
    use sha2::Digest as _;
    let statement = reader.get(
        "statement",
        json!({
            "meeting": meeting(), "leaf_key": shown(0x80, 32), "stay": shown(0xb0, 16),
            "direct_key": shown(0x40, 32), "label": 0, "attestation": "",
        }),
    );
    let statement = unhex(&statement["statement"]);
    assert_eq!(statement.len(), 151);
    printed(&json!(hex(sha2::Sha256::digest(statement))));
    let associated = json!({ "kind": 2, "meeting": meeting(), "epoch": "7" });
    printed_in_parts(&reader.get("associated", associated)["associated"]);
    let logs = [
        json!({ "sequence": "0", "entry": meeting(), "more": [shown(0, 32)] }),
        json!({ "sequence": "300", "entry": shown(0, 32) }),
    ];
    for log in logs {
        reader.get("log_hash", log)["hashes"].as_array().unwrap().iter().for_each(printed);
    }
    let run = reader.get("passcode_inputs", json!({
        "passcode_text": "4711", "meeting": meeting(), "invite_id": "ed531cfa67cc8a2a7b6869fcf635c491",
        "reference": shown(0xc0, 32), "mailbox": shown(0xe0, 16), "secret": shown(1, 64),
    }));
    printed_in_parts(&run["sid"]);
    let ci = run["ci"].as_str().unwrap();
    assert_eq!(
        ci.replace(&meeting(), "a0..af"),
        "12696e63616d6572612031206b6e6f636b657210a0..af13696e63616d65726120312061646d6974746572"
    );
    printed_in_parts(&json!(ci.replace(&meeting(), "a0..af")));
}

fn media(reader: &mut Reader) {
    let header = json!({ "header": "970d2c" });
    reader.says("header", json!({ "kid": "3372", "counter": "7" }), &header);
    let three = json!({ "padded": "0102038000000000" });
    reader.says("pad", json!({ "rule": 8, "frame": "010203" }), &three);
    for (length, padded) in [(0, 1), (9, 10), (10, 12)] {
        let frame = "11".repeat(length);
        let padded_frame =
            reader.get("pad", json!({ "rule": 1, "frame": frame }))["padded"].clone();
        assert_eq!(unhex(&padded_frame).len(), padded);
        reader.says(
            "unpad",
            json!({ "rule": 1, "padded": padded_frame }),
            &json!({ "frame": frame }),
        );
    }
    let cut = |frame: &str, packet: bool| {
        json!({
            "frame": frame, "longest_payload": 4, "packet": packet,
        })
    };
    let whole = json!({ "payloads": ["80000102", "000304", "400506"] });
    reader.says("rtp_cut", cut("00010203040506", false), &whole);
    reader.says("rtp_cut", cut("000102", true), &json!({ "payloads": ["e0000102"] }));
    let joined = json!({ "frame": "00010203040506", "packet": false });
    reader.says("rtp_join", whole, &joined);
}

#[test]
fn the_examples_of_the_specification_come_out() {
    each(|reader| {
        names(reader);
        codes(reader);
        statements(reader);
        media(reader);
    });
}

#[test]
fn what_the_specification_refuses_is_refused() {
    let link = "AQEAoKGio6SlpqeoqaqrrK2ur0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";
    let links = [
        link.to_owned(),
        format!("incamera:2.{link}"),
        format!("http://meet.example/#{link}"),
        format!("https://meet.example/{link}"),
        format!("https://meet.example/#incamera:1.{link}"),
        format!("https://meet.example/#x#{link}"),
        format!("incamera:1.{link}="),
        format!("incamera:1.{link}A"),
        format!("incamera:1.{link}\n"),
        format!("incamera:1.{}", &link[1..]),
        format!("incamera:1.{}9", &link[..110]),
        format!("incamera:1.{}", link.replace("AQEA", "AgEA")),
        format!("incamera:1.{}", link.replace("AQEA", "AQAA")),
        format!("incamera:1.{}", link.replace("AQEA", "AQQA")),
        format!("incamera:1.{}", link.replace("AQEA", "AQEC")),
    ];
    let names = [
        "\0", "a\u{1f}", "\u{7f}b", "\u{9f}", "\u{61c}", "\u{200e}", "\u{200f}", "\u{2028}",
        "\u{202e}", "\u{2066}", "\u{2069}", "\u{feff}",
    ];
    let padded =
        ["", "00", "11", "1180", "118000000000000000", "0000000000000000", "1100000000000001"];
    let payloads = [
        json!([]),
        json!([""]),
        json!(["0000"]),
        json!(["8000"]),
        json!(["8000", "8000"]),
        json!(["8000", "6000"]),
        json!(["c000", "4000"]),
    ];
    each(|reader| {
        let text = format!("https://meet.example/j#{link}");
        let other = reader.get("read_invite", json!({ "text": format!("incamera:1.{link}") }));
        reader.says("read_invite", json!({ "text": text }), &other);
        links.iter().for_each(|text| reader.refuses("read_invite", json!({ "text": text })));
        reader.get("check_name", json!({ "name": "Zo\u{eb} \u{200d}\u{3000}\u{2027}\u{206a}" }));
        names.iter().for_each(|name| reader.refuses("check_name", json!({ "name": name })));
        padded
            .iter()
            .for_each(|padded| reader.refuses("unpad", json!({ "rule": 8, "padded": padded })));
        payloads
            .iter()
            .for_each(|payloads| reader.refuses("rtp_join", json!({ "payloads": payloads })));
        // Reserved bits are ignored.
        let reserved = json!({ "payloads": ["9f00", "5f01"] });
        reader.says("rtp_join", reserved, &json!({ "frame": "0001", "packet": false }));
    });
}
