//! Who somebody is: fingerprints, credentials, names, signatures, codes (SPEC.md 6).

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::wire::{LeafCredential, MeetingId, SafetyCodeInput, SafetyMember, StayId};
use incamera::{Identity, Label, SafetyCode, testing};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::keys::counting;
use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Fields, Read, bad, each, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "identity",
    about: "fingerprints, certificates, display names, signatures and codes (6)",
    make,
    run,
    // Of a certificate the name alone may change, which the leaf's own signature covers.
    flips: Flips::Fields(&["signature", "statement"]),
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    match input.text("what")? {
        "fingerprint" => {
            let fingerprint = testing::fingerprint(&input.array("identity_key")?);
            Ok(json!({ "fingerprint": fingerprint.to_string() }))
        }
        "certificate" => certificate(input),
        "name" => {
            let shown = Identity::from_secret_key(&[1; 32], input.text("name")?).is_ok();
            Ok(if shown { json!({}) } else { json!({ "refused": "Name" }) })
        }
        "signature" => {
            let (key, message) = (input.array("key")?, input.bytes("statement")?);
            let holds = testing::verify(&key, &message, &input.array("signature")?);
            Ok(if holds { json!({}) } else { json!({ "refused": "Signature" }) })
        }
        "safety code" => safety_code(input),
        "pair code" => {
            let [one, other] = ["one", "other"].map(|name| input.array(name));
            Ok(code(&testing::pair_code(&one?, &other?)))
        }
        what => bad(format!("`what` is `{what}`, which is not known")),
    }
}

fn certificate(input: &Fields<'_>) -> Read<Value> {
    let (bytes, leaf_key) = (input.bytes("credential")?, input.array("leaf_key")?);
    let meeting = MeetingId::new(input.array("meeting")?);
    let fingerprint = testing::verify_certificate(&bytes, meeting, &leaf_key);
    let (Some(fingerprint), Ok(it)) = (fingerprint, LeafCredential::decode(&bytes)) else {
        return Ok(json!({ "refused": "Certificate" }));
    };
    Ok(json!({
        "fingerprint": fingerprint.to_string(), "name": it.name, "stay": hex(it.stay.as_bytes()),
        "direct_key": hex(it.direct_key), "label": it.label.map_or(0, Label::number),
        "attestation": hex(&it.attestation), "statement": hex(statement(meeting, &leaf_key, &it)),
    }))
}

/// What the identity signs, by the words of SPEC.md 6.1.
fn statement(meeting: MeetingId, leaf_key: &[u8; 32], it: &LeafCredential) -> Vec<u8> {
    let label = [it.label.map_or(0, Label::number)];
    let attestation = Sha256::digest(&it.attestation);
    let parts: [&[u8]; 7] = [
        b"incamera 1 certificate",
        meeting.as_bytes(),
        leaf_key,
        it.stay.as_bytes(),
        &it.direct_key,
        &label,
        &attestation,
    ];
    parts.concat()
}

fn safety_code(input: &Fields<'_>) -> Read<Value> {
    let member = |value| {
        let member = Fields::of(value, "members")?;
        let (identity_key, stay) = (member.array("identity_key")?, member.array("stay")?);
        Ok(SafetyMember { identity_key, stay: StayId::new(stay) })
    };
    let code_input = SafetyCodeInput {
        meeting: MeetingId::new(input.array("meeting")?),
        epoch: input.number("epoch")?,
        authenticator: input.array("authenticator")?,
        members: each(input.list("members")?, member)?,
    };
    let mut shown = code(&testing::safety_code(&code_input));
    shown["input"] = hex(code_input.encode()).into();
    Ok(shown)
}

/// The three forms of a code.
pub(crate) fn code(code: &SafetyCode) -> Value {
    json!({ "digits": code.to_string(), "words": code.words(), "qr": code.qr_payload() })
}

fn make() -> Made {
    let mut drafts = vec![good(
        "the fingerprint of SPEC.md",
        &["I5"],
        json!({ "what": "fingerprint", "identity_key": hex(counting(0, 32)) }),
    )];
    drafts.extend(certificates());
    drafts.extend(names());
    drafts.extend(signatures());
    drafts.extend(codes());
    drafts.into()
}

const MEETING: MeetingId = MeetingId::new([0xa0; 16]);

fn leaf_key() -> [u8; 32] {
    testing::verifying_key(&[0x11; 32])
}

fn certified(identity: &Identity) -> LeafCredential {
    testing::certify(identity, MEETING, &leaf_key(), StayId::new([0xb0; 16]), [0x40; 32])
}

fn verifies(credential: &LeafCredential, meeting: MeetingId, leaf_key: [u8; 32]) -> Value {
    json!({
        "what": "certificate", "credential": hex(credential.encode()),
        "meeting": hex(meeting.as_bytes()), "leaf_key": hex(leaf_key),
    })
}

fn certificates() -> Vec<Draft> {
    let ada = || Identity::from_secret_key(&[7; 32], "Ada").unwrap();
    let clerk = ada().labelled(Label::Recorder).with_attestation(b"token".to_vec()).unwrap();
    let (person, clerk) = (certified(&ada()), certified(&clerk));
    let genuine = |credential: &LeafCredential| verifies(credential, MEETING, leaf_key());
    let mut drafts = vec![
        good("a certificate of a person", &["I2"], genuine(&person)),
        good("a certificate of a recorder with an attestation", &["I2", "I7"], genuine(&clerk)),
        refused(
            "a certificate for another meeting",
            &["I2"],
            "Certificate",
            verifies(&person, MeetingId::new([0xa1; 16]), leaf_key()),
        ),
        refused(
            "a certificate for another leaf key",
            &["I2"],
            "Certificate",
            verifies(&person, MEETING, testing::verifying_key(&[0x12; 32])),
        ),
    ];
    let other = testing::verifying_key(&[8; 32]);
    let changes: [(&str, &'static [&'static str], LeafCredential); 9] = [
        ("another stay", &["I2"], LeafCredential { stay: StayId::new([9; 16]), ..person.clone() }),
        ("another direct key", &["I2"], LeafCredential { direct_key: [9; 32], ..person.clone() }),
        ("another identity", &["I2"], LeafCredential { identity_key: other, ..person.clone() }),
        ("a label put on", &["I7"], LeafCredential { label: Some(Label::Bot), ..person.clone() }),
        ("its label taken off", &["I7"], LeafCredential { label: None, ..clerk.clone() }),
        ("another label", &["I7"], LeafCredential { label: Some(Label::Bot), ..clerk.clone() }),
        ("another attestation", &["I7"], {
            LeafCredential { attestation: b"Token".to_vec(), ..clerk.clone() }
        }),
        (
            "its attestation taken off",
            &["I7"],
            LeafCredential { attestation: vec![], ..clerk.clone() },
        ),
        ("a name with a mark of direction", &["I3"], {
            LeafCredential { name: "a\u{202e}b".to_owned(), ..person.clone() }
        }),
    ];
    for (name, must, credential) in changes {
        let name = format!("a certificate with {name}");
        drafts.push(refused(name, must, "Certificate", genuine(&credential)));
    }
    drafts
}

fn names() -> Vec<Draft> {
    let name = |name: &str| json!({ "what": "name", "name": name });
    let long = "x".repeat(64);
    let mut drafts = vec![
        good("a name in Latin letters", &["I3"], name("Åsa Öberg")),
        good("a name in Chinese", &["I3"], name("李小龍")),
        good("a name of 64 bytes", &["I3"], name(&long)),
        refused("no name", &["I3"], "Name", name("")),
        refused("a name of 65 bytes", &["I3"], "Name", name(&format!("{long}x"))),
    ];
    let characters = [
        '\u{0}', '\n', '\u{1f}', '\u{7f}', '\u{9f}', '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}',
        '\u{2029}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{feff}',
    ];
    for c in characters {
        let called = format!("a name with U+{:04X}", u32::from(c));
        drafts.push(refused(called, &["I3"], "Name", name(&format!("a{c}b"))));
    }
    for c in ['\u{a0}', '\u{200d}', '\u{2027}', '\u{202f}', '\u{2065}', '\u{206a}'] {
        drafts.push(good(
            format!("a name with U+{:04X}", u32::from(c)),
            &["I3"],
            name(&format!("a{c}b")),
        ));
    }
    drafts
}

/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn signatures() -> Vec<Draft> {
    let (key, statement) = (testing::verifying_key(&[5; 32]), b"statement");
    let genuine = testing::sign(&[5; 32], statement);
    let signed = |key: [u8; 32], signature: [u8; 64]| {
        json!({
            "what": "signature", "key": hex(key), "statement": hex(statement),
            "signature": hex(signature),
        })
    };
    let edited = |edit: &dyn Fn(&mut [u8; 64])| {
        let mut signature = genuine;
        edit(&mut signature);
        signature
    };
    // The identity point, of order 1, and what holds under it by the equation of other verifiers.
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut small = [0; 64];
    small[0] = 1;
    // y = p + 1, which is 1 in another encoding.
    let mut high = [0xff; 32];
    (high[0], high[31]) = (0xee, 0x7f);
    let above = edited(&|signature| {
        let mut carry = 0;
        for (byte, added) in signature.iter_mut().skip(32).zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(added) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
    });
    let of_small_order = edited(&|signature| signature[..32].copy_from_slice(&identity));
    vec![
        good("a signature", &["I1"], signed(key, genuine)),
        refused("a signature of another statement", &["I1"], "Signature", {
            signed(key, testing::sign(&[5; 32], b"another"))
        }),
        refused("a signature whose s is above the group order", &["I1"], "Signature", {
            signed(key, above)
        }),
        refused("a signature under a key of small order", &["I1"], "Signature", {
            signed(identity, small)
        }),
        refused("a signature under a key in another encoding", &["I1"], "Signature", {
            signed(high, small)
        }),
        refused("a signature whose R is of small order", &["I1"], "Signature", {
            signed(key, of_small_order)
        }),
    ]
}

fn codes() -> Vec<Draft> {
    let member = |first: u8, stay: u8| json!({ "identity_key": hex(counting(first, 32)), "stay": hex(counting(stay, 16)) });
    let code = |members: Vec<Value>, epoch: u64| {
        json!({
            "what": "safety code", "meeting": hex(counting(0xa0, 16)), "epoch": epoch,
            "authenticator": hex(counting(0x60, 32)), "members": members,
        })
    };
    let pair = |one: u8, other: u8| json!({ "what": "pair code", "one": hex(counting(one, 32)), "other": hex(counting(other, 32)) });
    vec![
        good("the safety code of SPEC.md", &["I4"], code(vec![member(0, 0xb0)], 7)),
        good("the safety code of the next epoch", &["I4"], code(vec![member(0, 0xb0)], 8)),
        good("a safety code of three, one with two devices", &["I4"], {
            code(vec![member(0, 0xb0), member(0, 0xb1), member(0x20, 0)], 7)
        }),
        good("the pair code of SPEC.md", &["I5"], pair(0, 0x20)),
        good("the same pair the other way round", &["I5"], pair(0x20, 0)),
    ]
}
