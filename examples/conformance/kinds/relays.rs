//! Proofs of relays (SPEC.md 9.4).

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::wire::{MeetingId, RelayChallenge, RelayProof, relay_statement};
use incamera::{Framing, Input, Meeting, Now, Output, RelayEntry, Settings, Track, testing};
use serde_json::{Value, json};

use crate::case::{Kind, Made, good, refused};
use crate::fields::{Bad, Fields, Read, array, bad, each, hex};
use crate::flips::{Bits, Flips, flipped};

pub(crate) const KIND: Kind = Kind {
    name: "relays",
    about: "what proves a relay of the state's list (9.4): each of the proofs in its turn, to a client with these challenges",
    make,
    run,
    flips: Flips::Own(flip),
};

const NOW: Now = Now { monotonic_ms: 0, unix_ms: 1_790_000_000_000 };

/// A client alone in its meeting, whose state lists these relays, and the challenges that it has drawn.
fn client(
    seed: [u8; 32],
    relays: &[[u8; 32]],
    drawn: usize,
) -> Read<(Meeting, Vec<RelayChallenge>)> {
    let internal = |error: incamera::Error| Bad(error.to_string());
    let identity = testing::identity(seed, "Ada").map_err(internal)?;
    let mut meeting =
        testing::create(seed, &identity, Settings::default(), NOW).map_err(internal)?;
    meeting.handle(Input::Connected { next: 0 }, NOW).map_err(internal)?;
    let entry = |key: &[u8; 32]| RelayEntry { key: *key, region: "eu".to_owned() };
    meeting.set_relays(relays.iter().map(entry).collect(), NOW).map_err(internal)?;
    let mut seq = 0;
    while let Some(output) = meeting.poll() {
        if let Output::Send(message) = output
            && message.to == incamera::Destination::Log
        {
            let input = Input::Log { seq, bytes: message.bytes };
            meeting.handle(input, NOW).map_err(internal)?;
            seq += 1;
        }
    }
    let draw = |_| meeting.relay_challenge();
    let challenges = (0..drawn).map(draw).collect::<Result<_, _>>().map_err(internal)?;
    Ok((meeting, challenges))
}

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    let relays = each(input.list("relays")?, |key| array(key, "relays"))?;
    let drawn = input.list("challenges")?.len();
    let (mut meeting, challenges) = client(input.array("seed")?, &relays, drawn)?;
    let own: Vec<_> = challenges.iter().map(|challenge| hex(challenge.challenge)).collect();
    if json!(own) != json!(input.list("challenges")?)
        || meeting.id().as_bytes() != &input.array::<16>("meeting")?
    {
        return bad("the seed gives another meeting or other challenges");
    }
    let mut sealer = meeting.sealer(Track::CAMERA, Framing::Whole);
    let mut seals = || match &mut sealer {
        Ok(sealer) => match sealer.seal(b"a picture", 0, &mut Vec::new()) {
            Ok(()) => "yes".to_owned(),
            Err(error) => format!("{error:?}"),
        },
        Err(error) => format!("{error:?}"),
    };
    let before = seals();
    let mut steps = Vec::new();
    for proof in each(input.list("proofs")?, |proof| Fields::of(proof, "a proof"))? {
        steps.push(prove(&mut meeting, &proof)?);
    }
    let after = seals();
    let mut output = json!({ "steps": steps, "seals_before": before, "seals_after": after });
    // With nothing proved, it is the sealer that refuses.
    if steps.is_empty() && after != "yes" {
        output["refused"] = after.into();
    }
    Ok(output)
}

fn prove(meeting: &mut Meeting, proof: &Fields<'_>) -> Read<Value> {
    let certificate = proof.array("certificate")?;
    let challenge = RelayChallenge {
        meeting: MeetingId::new(proof.array("meeting")?),
        challenge: proof.array("challenge")?,
    };
    let statement = relay_statement(&challenge, &certificate);
    let Ok(decoded) = RelayProof::decode(&proof.bytes("proof")?) else {
        return Ok(json!({ "refused": "Malformed" }));
    };
    Ok(match meeting.verify_relay(&challenge, &certificate, &decoded) {
        Ok(relay) => {
            meeting.use_relay(&relay).map_err(|error| Bad(error.to_string()))?;
            json!({ "key": hex(relay.key()), "statement": hex(statement) })
        }
        Err(fault) => json!({ "refused": format!("{fault:?}") }),
    })
}

/// A proof with a bit flipped proves nothing, and does not use up the challenge: the genuine one still holds.
fn flip(input: &Fields<'_>, _: &Value, bits: &Bits) -> Read<Result<u64, String>> {
    let relays = each(input.list("relays")?, |key| array(key, "relays"))?;
    let (mut meeting, _) = client(input.array("seed")?, &relays, input.list("challenges")?.len())?;
    let mut count = 0;
    for proof in each(input.list("proofs")?, |proof| Fields::of(proof, "a proof"))? {
        let golden = proof.bytes("proof")?;
        for bit in bits.of(golden.len()) {
            let changed = json!({
                "meeting": proof.text("meeting")?, "challenge": proof.text("challenge")?,
                "certificate": proof.text("certificate")?, "proof": hex(flipped(&golden, bit)),
            });
            let before = testing::digest(&meeting);
            let said = prove(&mut meeting, &Fields::of(&changed, "a proof")?)?;
            if said.get("refused").is_none() || testing::digest(&meeting) != before {
                return Ok(Err(format!("bit {bit} flipped: it gives {said}")));
            }
            count += 1;
        }
        let said = prove(&mut meeting, &proof)?;
        if said.get("refused").is_some() {
            return Ok(Err(format!("the genuine proof is refused after the flips: {said}")));
        }
    }
    Ok(Ok(count))
}

/// A relay's secret key, and the SHA-256 of the certificate at its end.
const RELAY: [u8; 32] = [7; 32];
const CERTIFICATE: [u8; 32] = [3; 32];

fn proof(secret_key: &[u8; 32], challenge: &RelayChallenge, certificate: &[u8; 32]) -> RelayProof {
    let signature = testing::sign(secret_key, &relay_statement(challenge, certificate));
    RelayProof { key: testing::verifying_key(secret_key), signature }
}

fn shown(challenge: &RelayChallenge, certificate: &[u8; 32], proof: &RelayProof) -> Value {
    json!({
        "meeting": hex(challenge.meeting.as_bytes()), "challenge": hex(challenge.challenge),
        "certificate": hex(certificate), "proof": hex(proof.encode()),
    })
}

fn make() -> Made {
    let seed = [0x71; 32];
    let relays = [testing::verifying_key(&RELAY)];
    let (meeting, challenges) = client(seed, &relays, 2).unwrap();
    let [first, second] = [challenges[0], challenges[1]];
    let own: Vec<_> = challenges.iter().map(|challenge| hex(challenge.challenge)).collect();
    let input = |proofs: Vec<Value>| {
        json!({
            "seed": hex(seed), "relays": relays.map(hex), "challenges": own,
            "meeting": hex(meeting.id().as_bytes()), "proofs": proofs,
        })
    };
    let genuine =
        |challenge| shown(challenge, &CERTIFICATE, &proof(&RELAY, challenge, &CERTIFICATE));
    let elsewhere = RelayChallenge { meeting: MeetingId::new([9; 16]), ..first };
    let made_up = RelayChallenge { challenge: [9; 32], ..first };
    let other = [8; 32];
    let why = "Relay";
    vec![
        good("a proof", &["M12", "M13"], input(vec![genuine(&first)])),
        good("two proofs, the second challenge first", &["M12"], {
            input(vec![genuine(&second), genuine(&first)])
        }),
        refused("a frame before any relay is proved", &["M13"], "NoRelay", input(vec![])),
        refused("a proof a second time", &["M12"], why, {
            input(vec![genuine(&first), genuine(&first)])
        }),
        refused("a proof for a challenge that was not drawn", &["M12"], why, {
            input(vec![genuine(&made_up)])
        }),
        refused("a proof for another meeting", &["M12"], why, input(vec![genuine(&elsewhere)])),
        refused("a proof of a relay that is not listed", &["M12"], why, {
            input(vec![shown(&first, &CERTIFICATE, &proof(&other, &first, &CERTIFICATE))])
        }),
        refused("a proof with a listed key and another's signature", &["M12", "I1"], why, {
            let signature = proof(&other, &first, &CERTIFICATE).signature;
            let forged = RelayProof { signature, ..proof(&RELAY, &first, &CERTIFICATE) };
            input(vec![shown(&first, &CERTIFICATE, &forged)])
        }),
        refused("a proof for another certificate than the connection shows", &["M12"], why, {
            let passed_on = proof(&RELAY, &first, &[4; 32]);
            input(vec![shown(&first, &CERTIFICATE, &passed_on)])
        }),
        refused("a proof for the other challenge", &["M12"], why, {
            let answer = proof(&RELAY, &second, &CERTIFICATE);
            input(vec![shown(&first, &CERTIFICATE, &answer)])
        }),
    ]
    .into()
}
