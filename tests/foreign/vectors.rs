//! Known answers from files: SFrame, codecs, signatures, the passcode.

use serde_json::{Value, json};

use crate::reader::{Reader, each, hex, unhex};

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn list<'a>(file: &'a Value, name: &str) -> &'a Vec<Value> {
    file[name].as_array().unwrap()
}

/// Numbers of 64 bits go to the readers as text.
fn text(number: &Value) -> String {
    number.as_u64().unwrap().to_string()
}

/// Frames of one file of SFrame's.
fn frames(reader: &mut Reader, cases: &[Value]) {
    for case in cases {
        let request = json!({
            "suite": case["cipher_suite"], "base_key": case["base_key"], "kid": text(&case["kid"]),
            "counter": text(&case["ctr"]), "metadata": case["metadata"], "plaintext": case["pt"],
        });
        let expected = json!({
            "key": case["sframe_key"], "salt": case["sframe_salt"], "frame": case["ct"],
        });
        reader.says("sframe_seal", request, &expected);
    }
}

#[test]
fn sframe_is_that_of_its_vectors() {
    let rfc = file(include_str!("../vectors/sframe/rfc9605-test-vectors.json"));
    let long = file(include_str!("../vectors/sframe/draft-barnes-iana256-aes256-ctr-hmac.json"));
    let derived = file(include_str!("../vectors/sframe/derived-kats.json"));
    each(|reader| {
        for case in list(&rfc, "header") {
            let (kid, counter) = (text(&case["kid"]), text(&case["ctr"]));
            let length = case["encoded"].as_str().unwrap().len() / 2;
            let header = json!({ "header": case["encoded"] });
            reader.says("header", json!({ "kid": kid, "counter": counter }), &header);
            let parsed = json!({ "kid": kid, "counter": counter, "length": length });
            reader.says("parse_header", json!({ "data": case["encoded"] }), &parsed);
        }
        for header in list(&derived, "header_must_reject") {
            reader.refuses("parse_header", json!({ "data": header }));
        }
        frames(reader, list(&rfc, "sframe"));
        frames(reader, list(&long, "sframe_aes_256_ctr_hmac"));
        frames(reader, std::slice::from_ref(&derived["chacha_sha256"]));
    });
}

/// A request about a frame with clear bytes.
fn framed(file: &Value, case: &Value, frame: &Value) -> Value {
    json!({
        "suite": file["cipher_suite"], "base_key": file["base_key"], "kid": text(&file["kid"]),
        "codec": case["codec"], "frame": frame,
    })
}

#[test]
fn frames_with_clear_bytes_are_those_of_their_vectors() {
    let file = file(include_str!("../vectors/codecs/frames.json"));
    each(|reader| {
        for case in list(&file, "sealed") {
            let mut request = framed(&file, case, &case["frame"]);
            request["counter"] = json!(text(&case["ctr"]));
            let expected = json!({
                "plaintext": case["plaintext"], "metadata": case["metadata"], "frame": case["sealed"],
            });
            reader.says("codec_seal", request, &expected);
            let opened = reader.get("codec_open", framed(&file, case, &case["sealed"]));
            assert_eq!(opened["frame"], case["opened"], "{}", case["name"]);
        }
        for case in list(&file, "refused_by_sealers") {
            let mut request = framed(&file, case, &case["frame"]);
            request["counter"] = json!("0");
            reader.refuses("codec_seal", request);
        }
        for case in list(&file, "refused_by_receivers") {
            reader.refuses("codec_open", framed(&file, case, &case["sealed"]));
        }
    });
}

#[test]
fn signatures_are_judged_as_their_vectors_say() {
    let file = file(include_str!("../vectors/wycheproof/ed25519_test.json"));
    each(|reader| {
        for group in list(&file, "testGroups") {
            for case in list(group, "tests") {
                let request = json!({
                    "key": group["publicKey"]["pk"], "message": case["msg"], "signature": case["sig"],
                });
                let taken = reader.ask("verify", request).is_ok();
                assert_eq!(taken, case["result"] == "valid", "{case}");
            }
        }
        // The neutral element as the key: with it every s = 0 and R of small order would do.
        let (neutral, zeros) = (format!("01{}", "00".repeat(31)), "00".repeat(32));
        let signature = format!("{neutral}{zeros}");
        reader.refuses("verify", json!({ "key": neutral, "message": "", "signature": signature }));
    });
}

#[test]
fn a_passcode_is_proved_as_its_vector_says() {
    let file = file(include_str!("../vectors/cpace/derived-kats.json"));
    let run = &file["incamera_passcode"];
    let bad_shares = bad_shares();
    each(|reader| {
        for (secret, share) in [("ya_wide", "Ya"), ("yb_wide", "Yb")] {
            let request = json!({
                "passcode_text": run["passcode"], "meeting": run["meeting"],
                "invite_id": run["invite"], "reference": run["key_package_ref"],
                "mailbox": run["mailbox"], "secret": run[secret],
            });
            let expected = json!({ "sid": run["sid"], "ci": run["CI"], "share": run[share] });
            reader.says("passcode_inputs", request, &expected);
        }
        let tags = |secret: &Value, own: &Value, other: &Value, knocker: bool| {
            json!({
                "sid": run["sid"], "secret": secret, "own": own, "other": other,
                "reference": run["key_package_ref"], "admitter": run["admitter"], "knocker": knocker,
            })
        };
        let expected = json!({ "ta": run["Ta"], "tb": run["Tb"] });
        reader.says(
            "passcode_tags",
            tags(&run["ya_wide"], &run["Ya"], &run["Yb"], true),
            &expected,
        );
        reader.says(
            "passcode_tags",
            tags(&run["yb_wide"], &run["Yb"], &run["Ya"], false),
            &expected,
        );
        // The share that the bad ones are made of is a good one.
        let good = json!("2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c");
        reader.get("passcode_tags", tags(&run["ya_wide"], &run["Ya"], &good, true));
        for share in &bad_shares {
            reader.refuses("passcode_tags", tags(&run["ya_wide"], &run["Ya"], share, true));
        }
    });
}

/// Shares that nobody may take: of the draft no encoding and the neutral element; a share's negative, and the
/// share with the highest bit set.
fn bad_shares() -> Vec<Value> {
    let draft = file(include_str!("../vectors/cpace/ristretto255.json"));
    let points = &draft["G_Coffee25519_points"];
    let text = |name: &str| points[name].as_str().unwrap().to_lowercase();
    let share = unhex(&json!(points["Valid"]["X"].as_str().unwrap().to_lowercase()));
    let mut high = share.clone();
    high[31] |= 0x80;
    // 2^255 - 19, from which it is taken.
    let mut negative = vec![0xff_u8; 32];
    (negative[0], negative[31]) = (0xed, 0x7f);
    let mut borrow = false;
    for (place, byte) in negative.iter_mut().zip(&share) {
        let (less, one) = place.overflowing_sub(*byte);
        let (least, two) = less.overflowing_sub(u8::from(borrow));
        (*place, borrow) = (least, one || two);
    }
    [text("Invalid Y1"), text("Invalid Y2"), hex(negative), hex(high)]
        .map(|text| json!(text))
        .into()
}
