//! Sealed frames in RTP payloads (SPEC.md 9.6).

use incamera::{PayloadOrigin, RtpDrops, RtpError, RtpFragmenter, RtpHeader, RtpReassembler};
use serde_json::{Value, json};

use super::keys::counting;
use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Bad, Fields, Read, bad, each, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "rtp",
    about: "sealed frames cut into RTP payloads and put together again (9.6)",
    make,
    run,
    // Nothing in an RTP packet is authenticated: the sealed frame is.
    flips: Flips::None,
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    match input.text("what")? {
        "cut" => cut(input),
        "put together" => put_together(input),
        what => bad(format!("`what` is `{what}`, which is not known")),
    }
}

fn cut(input: &Fields<'_>) -> Read<Value> {
    let sealed = match input.find("sealed_length") {
        Some(_) => vec![0; input.small("sealed_length")?],
        None => input.bytes("sealed")?,
    };
    let max_payload: usize = input.small("max_payload")?;
    let origin = match input.flag("packetized")? {
        true => PayloadOrigin::Packetized,
        false => PayloadOrigin::Raw,
    };
    let word = |error: RtpError| match error {
        RtpError::Empty => "Empty",
        RtpError::TooLong => "TooLong",
        RtpError::PayloadTooSmall { .. } => "PayloadTooSmall",
        _ => "Other",
    };
    let mut fragmenter = match RtpFragmenter::new(sealed.len(), max_payload, origin) {
        Ok(fragmenter) => fragmenter,
        Err(error) => return Ok(json!({ "refused": word(error) })),
    };
    let (mut payloads, mut room) = (Vec::new(), vec![0; max_payload]);
    loop {
        let next = fragmenter.next_into(&sealed, &mut room);
        match next.map_err(|error| Bad(error.to_string()))? {
            Some(fragment) => payloads.push(hex(room.get(..fragment.len).unwrap_or_default())),
            None => return Ok(json!({ "payloads": payloads })),
        }
    }
}

fn put_together(input: &Fields<'_>) -> Read<Value> {
    let mut reassembler = RtpReassembler::new();
    let mut steps = Vec::new();
    for packet in each(input.list("packets")?, |packet| Fields::of(packet, "a packet"))? {
        let now_ms = packet.number("at_ms")?;
        if packet.find("payload").is_some() {
            let header = RtpHeader {
                sequence: packet.small("sequence")?,
                timestamp: packet.small("timestamp")?,
                marker: packet.flag("marker")?,
                payload_type: packet.small("payload_type")?,
            };
            reassembler.handle(header, &packet.bytes("payload")?, now_ms);
        }
        let (mut frames, mut sealed) = (Vec::new(), Vec::new());
        while let Some(frame) = reassembler.poll(now_ms, &mut sealed) {
            frames.push(json!({ "sealed": hex(&sealed), "packets": frame.packets }));
            sealed.clear();
        }
        steps.push(json!({ "frames": frames }));
    }
    let dropped = dropped(reassembler.drops());
    match steps.last_mut().filter(|_| input.find("drops").is_some()) {
        Some(last) => last["refused"] = dropped.into(),
        None if !dropped.is_empty() => return bad(format!("packets are dropped: {dropped}")),
        None => {}
    }
    Ok(json!({ "steps": steps }))
}

/// Why packets were dropped, by name.
fn dropped(drops: RtpDrops) -> String {
    let RtpDrops { empty, too_long, too_old, duplicate, mixed, late, overrun, .. } = drops;
    let named = [
        ("empty", empty),
        ("too long", too_long),
        ("too old", too_old),
        ("duplicate", duplicate),
        ("mixed", mixed),
        ("late", late),
        ("overrun", overrun),
    ];
    let some: Vec<_> = named.iter().filter(|(_, n)| *n > 0).map(|(name, _)| *name).collect();
    some.join(", ")
}

/// A packet at a time: its number and payload, of one frame unless said otherwise.
fn packet(at_ms: u64, sequence: u16, payload: &str) -> Value {
    json!({
        "at_ms": at_ms, "sequence": sequence, "timestamp": 9_000, "marker": false,
        "payload_type": 96, "payload": payload,
    })
}

fn taken(packets: Vec<Value>) -> Value {
    json!({ "what": "put together", "packets": packets })
}

fn dropping(packets: Vec<Value>) -> Value {
    json!({ "what": "put together", "packets": packets, "drops": true })
}

fn make() -> Made {
    let mut drafts = cuts();
    drafts.extend(frames());
    drafts.extend(drops());
    drafts.into()
}

fn cuts() -> Vec<Draft> {
    let cut = |len: usize, max_payload: u64, packetized: bool| {
        json!({
            "what": "cut", "sealed": hex(counting(0, len)), "max_payload": max_payload,
            "packetized": packetized,
        })
    };
    let long = |len: u64, max_payload: u64| {
        json!({
            "what": "cut", "sealed_length": len, "max_payload": max_payload, "packetized": false,
        })
    };
    vec![
        good("the frame of SPEC.md", &["M30"], cut(7, 4, false)),
        good("the packet of SPEC.md", &["M30"], cut(3, 4, true)),
        good("fragments that differ by one byte", &["M30"], cut(101, 41, false)),
        good("one payload", &["M30"], cut(20, 1_200, false)),
        refused("an empty frame", &["M32"], "Empty", cut(0, 1_200, false)),
        refused("a frame of more than 2 MiB", &["M32"], "TooLong", long((2 << 20) + 1, 65_535)),
        refused("more than 2,048 payloads", &["M32"], "PayloadTooSmall", long(2_049, 2)),
        refused("payloads without room", &["M32"], "PayloadTooSmall", cut(7, 1, false)),
    ]
}

fn frames() -> Vec<Draft> {
    let first = || [packet(0, 5, "800001"), packet(0, 6, "0002"), packet(0, 7, "4003")];
    let mut backwards = first().to_vec();
    backwards.reverse();
    let second = [packet(1, 8, "8004"), packet(1, 9, "4005")];
    let [lost, rest @ ..] = first();
    let wrapped = [packet(0, 65_535, "8001"), packet(0, 0, "0002"), packet(0, 1, "4003")];
    vec![
        good("three packets in order", &["M33"], taken(first().to_vec())),
        good("three packets the other way round", &["M33"], taken(backwards)),
        good("reserved bits are ignored", &["M31"], {
            taken(vec![packet(0, 5, "9f01"), packet(0, 6, "5f02")])
        }),
        good("a sequence number that wraps", &["M35"], taken(wrapped.to_vec())),
        good("a frame overtakes one that is incomplete", &["M38"], {
            taken(rest.into_iter().chain(second).collect())
        }),
        good("the incomplete one comes out once it is whole", &["M33", "M38"], {
            let [_, middle, last] = first();
            taken(vec![middle, last, packet(1, 8, "c004"), lost])
        }),
        good("neither the start nor the end of another frame may lie between", &["M33"], {
            taken(vec![packet(0, 5, "8001"), packet(0, 6, "8002"), packet(0, 7, "4003")])
        }),
        good("a source that starts again", &["M39"], {
            taken(vec![packet(0, 9_000, "c001"), packet(2_000, 100, "c002")])
        }),
    ]
}

fn drops() -> Vec<Draft> {
    let three = |change: &dyn Fn(&mut Value)| {
        let mut middle = packet(0, 6, "0002");
        change(&mut middle);
        vec![packet(0, 5, "8001"), middle, packet(0, 7, "4003")]
    };
    let tick = |at_ms: u64| json!({ "at_ms": at_ms });
    let cases: Vec<(&str, &'static str, &str, Vec<Value>)> = vec![
        ("a payload without a descriptor", "M30", "empty", vec![packet(0, 5, "")]),
        ("a packet that came before", "M35", "duplicate", {
            vec![packet(0, 5, "c001"), packet(0, 5, "c001")]
        }),
        ("a packet 4,096 behind the highest", "M35", "too old", {
            vec![packet(0, 5_000, "c001"), packet(0, 904, "c002")]
        }),
        ("packets of one frame that differ in T", "M34", "mixed", {
            three(&|middle| middle["payload"] = "2002".into())
        }),
        ("packets that differ in payload type", "M34", "mixed", {
            three(&|middle| middle["payload_type"] = 97.into())
        }),
        ("packets that differ in timestamp", "M34", "mixed", {
            three(&|middle| middle["timestamp"] = 9_001.into())
        }),
        ("a frame that is incomplete after 2 s", "M37", "late", {
            vec![packet(0, 5, "8001"), packet(0, 6, "0002"), tick(1_999), tick(2_000)]
        }),
        ("packets of more than 4,096 numbers wait", "M36", "overrun", {
            vec![packet(0, 5, "8001"), packet(0, 4_101, "8002")]
        }),
    ];
    let draft = |(name, must, why, packets): (&str, &'static str, &str, Vec<Value>)| {
        refused(name, &[must], why, dropping(packets))
    };
    cases.into_iter().map(draft).collect()
}
