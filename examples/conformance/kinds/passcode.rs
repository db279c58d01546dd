//! Runs of the passcode's proof with scalars that are given (SPEC.md 8.5).

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, PasscodeBinding};
use incamera::wire::{Challenge, InviteId, KeyPackageRef, MailboxId, MeetingId, StayId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use serde_json::{Value, json};

use super::keys::counting;
use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Bad, Fields, Read, bad, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "passcode",
    about: "CPace as 8.5 binds it: ya and yb are the 64 bytes that are reduced to scalars",
    make,
    run,
    flips: Flips::Fields(&["share", "tag"]),
};

/// The 64 bytes that a side draws from this seed.
fn drawn(seed: [u8; 32]) -> [u8; 64] {
    let mut bytes = [0; 64];
    ChaCha20Rng::from_seed(seed).fill_bytes(&mut bytes);
    bytes
}

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    let binding = PasscodeBinding {
        meeting: MeetingId::new(input.array("meeting")?),
        invite: InviteId::new(input.array("invite")?),
        knock: KeyPackageRef::new(input.array("reference")?),
        mailbox: MailboxId::new(input.array("mailbox")?),
    };
    let (seed, passcode) = (input.array("seed")?, input.text("passcode")?);
    let admitter = StayId::new(input.array("admitter")?);
    let internal = |error: incamera::Error| Bad(error.to_string());
    match input.text("what")? {
        "share" => {
            let share = testing::passcode_share(seed, passcode, binding).map_err(internal)?;
            Ok(json!({ "ya": hex(drawn(seed)), "share": hex(share) }))
        }
        "challenge" => {
            let share = input.array("knocker_share")?;
            let tag = [0; 64];
            let made =
                testing::passcode_challenge(seed, passcode, binding, &share, (admitter, &tag));
            Ok(match made.map_err(internal)? {
                Some((challenge, _)) => json!({
                    "yb": hex(drawn(seed)), "share": hex(challenge.share),
                    "tag": hex(challenge.tag),
                }),
                None => json!({ "refused": "Share" }),
            })
        }
        "answer" => {
            let (share, tag) = (input.array("share")?, input.array("tag")?);
            let challenge = Challenge { admitter, share, tag };
            let answer = testing::passcode_tag(seed, passcode, binding, &challenge);
            Ok(match answer.map_err(internal)? {
                Some(tag) => json!({ "tag": hex(tag) }),
                None => json!({ "refused": "Passcode" }),
            })
        }
        "proof" => {
            let (share, tag) = (input.array("share")?, input.array("tag")?);
            let made =
                testing::passcode_challenge(seed, passcode, binding, &share, (admitter, &tag));
            Ok(match made.map_err(internal)? {
                Some((_, true)) => json!({}),
                Some((_, false)) => json!({ "refused": "Passcode" }),
                None => json!({ "refused": "Share" }),
            })
        }
        what => bad(format!("`what` is `{what}`, which is not known")),
    }
}

/// What both sides of a run have in common.
fn bound(what: &str, seed: u8, passcode: &str) -> Value {
    json!({
        "what": what, "seed": hex([seed; 32]), "passcode": passcode,
        "meeting": hex(counting(0xa0, 16)), "invite": hex(counting(0x10, 16)),
        "reference": hex(counting(0xc0, 32)), "mailbox": hex(counting(0xe0, 16)),
        "admitter": hex(counting(0xb0, 16)),
    })
}

fn with(mut value: Value, fields: &[(&str, &Value)]) -> Value {
    for (name, field) in fields {
        value[*name] = (*field).clone();
    }
    value
}

/// What the code says to an input.
fn computed(input: &Value) -> Value {
    run(&Fields::of(input, "input").unwrap(), &Value::Null).unwrap()
}

fn make() -> Made {
    let mut drafts = Vec::new();
    for passcode in ["1234", "blue heron", &"x".repeat(64)] {
        let share = bound("share", 1, passcode);
        let ya = computed(&share)["share"].clone();
        let challenge = with(bound("challenge", 2, passcode), &[("knocker_share", &ya)]);
        let made = computed(&challenge);
        let answer =
            with(bound("answer", 1, passcode), &[("share", &made["share"]), ("tag", &made["tag"])]);
        let tag = computed(&answer)["tag"].clone();
        let proof = with(bound("proof", 2, passcode), &[("share", &ya), ("tag", &tag)]);
        drafts.push(good(format!("the knocker's share, {passcode}"), &["A11"], share));
        drafts.push(good(format!("the admitter's challenge, {passcode}"), &["A11"], challenge));
        drafts.push(good(format!("the knocker's answer, {passcode}"), &["A12"], answer));
        drafts.push(good(format!("the proof, {passcode}"), &["A12"], proof));
    }
    drafts.extend(wrong());
    drafts.into()
}

fn wrong() -> Vec<Draft> {
    let ya = computed(&bound("share", 1, "1234"))["share"].clone();
    let challenge = |passcode| with(bound("challenge", 2, passcode), &[("knocker_share", &ya)]);
    let made = computed(&challenge("1234"));
    let guessed = computed(&challenge("1235"));
    let answer = |made: &Value| {
        with(bound("answer", 1, "1234"), &[("share", &made["share"]), ("tag", &made["tag"])])
    };
    let tag = computed(&answer(&made))["tag"].clone();
    let proof = with(bound("proof", 2, "1234"), &[("share", &ya), ("tag", &tag)]);
    let mut drafts = vec![
        refused("a challenge for another passcode", &["A12"], "Passcode", answer(&guessed)),
        refused("a proof of another passcode", &["A12"], "Passcode", {
            with(proof.clone(), &[("passcode", &"1235".into())])
        }),
    ];
    let inputs =
        [("meeting", 16), ("invite", 16), ("reference", 32), ("mailbox", 16), ("admitter", 16)];
    for (name, len) in inputs {
        let other = Value::from(hex(vec![9; len]));
        let called = format!("a challenge bound to another {name}");
        drafts.push(refused(called, &["A11"], "Passcode", with(answer(&made), &[(name, &other)])));
        let called = format!("a proof bound to another {name}");
        drafts.push(refused(called, &["A11"], "Passcode", with(proof.clone(), &[(name, &other)])));
    }
    let shares = [
        ("the identity", "00".repeat(32)),
        ("no encoding of an element", "ff".repeat(32)),
        ("an encoding of odd sign", format!("01{}", "00".repeat(31))),
    ];
    for (name, share) in shares {
        let share = Value::from(share);
        let input = with(bound("challenge", 2, "1234"), &[("knocker_share", &share)]);
        drafts.push(refused(format!("a share that is {name}"), &["A11"], "Share", input));
        let input = with(answer(&made), &[("share", &share)]);
        drafts.push(refused(
            format!("a challenge whose share is {name}"),
            &["A11"],
            "Passcode",
            input,
        ));
    }
    drafts
}
