//! SFrame headers, good and bad (SPEC.md 4.7).

use incamera::wire::{FrameHeader, HeaderError};
use serde_json::{Value, json};

use crate::case::{Kind, Made, good, refused};
use crate::fields::{Fields, Read, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "headers",
    about: "SFrame headers: what stands in front of a frame's ciphertext (4.7)",
    make,
    run,
    flips: Flips::None,
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    Ok(match FrameHeader::parse(&input.bytes("bytes")?) {
        Ok((FrameHeader { kid, ctr }, length)) => json!({
            "kid": hex(kid.to_be_bytes()), "counter": hex(ctr.to_be_bytes()), "length": length,
        }),
        Err(HeaderError::Truncated) => json!({ "refused": "Truncated" }),
        Err(HeaderError::NotMinimal) => json!({ "refused": "NotMinimal" }),
    })
}

fn make() -> Made {
    let accepted = [
        ("nothing extended", "07"),
        ("both numbers in the config byte, bytes behind", "70ffff"),
        ("the example of SPEC.md", "970d2c"),
        ("a counter of one byte", "0808"),
        ("a key id of eight bytes", "f0ffffffffffffffff"),
        ("both of eight bytes", "ffffffffffffffffff8000000000000000"),
    ];
    let bad = [
        ("no byte", "Truncated", ""),
        ("a key id cut off", "Truncated", "900d"),
        ("a counter cut off", "Truncated", "09aa"),
        ("a key id below 8 that is extended", "NotMinimal", "8007"),
        ("a counter below 8 that is extended", "NotMinimal", "0807"),
        ("a key id whose first byte is 0", "NotMinimal", "90000d"),
        ("a counter whose first byte is 0", "NotMinimal", "09000d"),
    ];
    let accepted = accepted.map(|(name, bytes)| good(name, &["W7"], json!({ "bytes": bytes })));
    let bad = bad.map(|(name, why, bytes)| refused(name, &["W7"], why, json!({ "bytes": bytes })));
    accepted.into_iter().chain(bad).collect::<Vec<_>>().into()
}
