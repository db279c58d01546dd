//! Media by steps: clients whose epochs are given seal and open (SPEC.md 9.1 to 9.3, 9.5, 9.7).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use incamera::testing::{EpochKeys, KeyedMedia};
use incamera::wire::{PadTo, Padding, StayId, TrackKinds};
use incamera::{Codec, FrameError, Framing, Layer, Opened, Receiver, Released, Sealer, Track};
use serde_json::{Value, json};

use super::keys::{shown, track};
use crate::fields::{Bad, Fields, Read, bad, each, hex};
use crate::flips::{Bits, flipped};

/// One client of a case.
struct Client {
    media: KeyedMedia,
    receiver: Receiver,
    sealers: BTreeMap<Track, Sealer>,
}

impl Client {
    fn new(suite: u16) -> Read<Self> {
        let media = KeyedMedia::new(suite);
        let media = media.ok_or_else(|| Bad(format!("no profile has the suite {suite}")))?;
        let receiver = media.receiver();
        Ok(Self { media, receiver, sealers: BTreeMap::new() })
    }

    fn step(&mut self, step: &Fields<'_>) -> Read<Value> {
        let at_ms = step.number("at_ms")?;
        if let Some(keys) = step.find("install") {
            let keys = epoch_keys(&Fields::of(keys, "install")?)?;
            let done = self.media.install(keys, at_ms);
            return Ok(if done { json!({}) } else { json!({ "refused": "Install" }) });
        }
        if let Some(until) = step.find("seal_until_ms") {
            self.media.allow_sealing(until.as_u64());
            return Ok(json!({}));
        }
        if let Some(frame) = step.find("seal") {
            return self.seal(&Fields::of(frame, "seal")?, at_ms);
        }
        if let Some(frame) = step.find("open") {
            return self.open(&Fields::of(frame, "open")?, at_ms);
        }
        if let Some(other) = step.find("take") {
            let track = track(&Fields::of(other, "take")?)?;
            let taken = self.media.sealer(track, Framing::Whole);
            return Ok(taken.map_or_else(error, |_| json!({})));
        }
        if step.find("poll").is_some() {
            return Ok(self.poll(at_ms));
        }
        bad("a step is one of install, seal_until_ms, seal, open, take, poll")
    }

    fn seal(&mut self, frame: &Fields<'_>, at_ms: u64) -> Read<Value> {
        let (track, framing) = (track(&frame.object("track")?)?, framing(frame)?);
        let sealer = match self.sealers.remove(&track) {
            Some(sealer) => Ok(sealer),
            None => self.media.sealer(track, framing),
        };
        let mut sealer = match sealer {
            Ok(sealer) => sealer,
            Err(refused) => return Ok(error(refused)),
        };
        let mut sealed = Vec::new();
        let done = match frame.find("silence") {
            Some(_) => sealer.seal_silence(at_ms, &mut sealed),
            None => sealer.seal(&frame.bytes("plaintext")?, at_ms, &mut sealed),
        };
        self.sealers.insert(track, sealer);
        Ok(done.map_or_else(error, |()| json!({ "sealed": hex(sealed) })))
    }

    fn open(&mut self, frame: &Fields<'_>, at_ms: u64) -> Read<Value> {
        let (framing, sealed) = (framing(frame)?, frame.bytes("frame")?);
        let before = self.media.digest();
        let mut plaintext = Vec::new();
        let opened = self.receiver.open_framed(framing, 0, &sealed, at_ms, &mut plaintext);
        let said = outcome(opened, &plaintext);
        // SPEC [M11]
        if opened.is_err() && (self.media.digest() != before || !plaintext.is_empty()) {
            return Ok(json!({ "refused": said["refused"], "changed": true }));
        }
        Ok(said)
    }

    fn poll(&mut self, at_ms: u64) -> Value {
        let mut released = Vec::new();
        loop {
            let mut plaintext = Vec::new();
            let Some(Released { outcome: opened, .. }) = self.receiver.poll(at_ms, &mut plaintext)
            else {
                return json!({ "released": released });
            };
            released.push(outcome(opened, &plaintext));
        }
    }
}

fn outcome(opened: Result<Opened, FrameError>, plaintext: &[u8]) -> Value {
    match opened {
        Ok(Opened::Frame { member, track, layer }) => json!({
            "stay": hex(member.as_bytes()), "track": shown(track), "plaintext": hex(plaintext),
            "layer": layer.map(|Layer { temporal, spatial }| [temporal, spatial]),
        }),
        Ok(Opened::Silence { member, track }) => {
            json!({ "stay": hex(member.as_bytes()), "track": shown(track), "silence": true })
        }
        Ok(Opened::Held) => json!({ "held": true }),
        Ok(_) => json!({ "ignored": true }),
        Err(refused) => error(refused),
    }
}

fn error(refused: FrameError) -> Value {
    json!({ "refused": format!("{refused:?}") })
}

fn framing(frame: &Fields<'_>) -> Read<Framing> {
    let Some(codec) = frame.find("codec") else { return Ok(Framing::Whole) };
    let codec = codec.as_str().and_then(Codec::from_name);
    codec.map(Framing::WebRtc).ok_or_else(|| Bad("an unknown codec".to_owned()))
}

fn epoch_keys(fields: &Fields<'_>) -> Read<EpochKeys> {
    let leaf = |leaf| {
        let leaf = Fields::of(leaf, "leaves")?;
        let kinds = TrackKinds::from_bits(leaf.small("kinds")?);
        let kinds = kinds.ok_or_else(|| Bad("`kinds` has bits of no kind".to_owned()))?;
        Ok((leaf.small("leaf")?, StayId::new(leaf.array("stay")?), kinds))
    };
    let pad = |name| match fields.find(name) {
        None => Ok(PadTo::Nothing),
        Some(_) => PadTo::from_number(fields.small(name)?)
            .ok_or_else(|| Bad(format!("`{name}` is no padding"))),
    };
    let audio = match fields.find("audio_base_key") {
        Some(_) => Some((fields.small("audio_suite")?, fields.bytes("audio_base_key")?)),
        None => None,
    };
    Ok(EpochKeys {
        epoch: fields.number("epoch")?,
        base_key: fields.bytes("base_key")?,
        audio,
        padding: Padding { audio: pad("audio_padding")?, other: pad("other_padding")? },
        own_leaf: fields.small("own_leaf")?,
        leaves: each(fields.list("leaves")?, leaf)?,
        adds: fields.flag("adds")?,
        removes: fields.flag("removes")?,
    })
}

/// The clients of a case, by number.
type Clients = BTreeMap<u64, Client>;

fn step(clients: &mut Clients, suite: u16, step: &Fields<'_>) -> Read<Value> {
    let who = step.number("client")?;
    let client = match clients.entry(who) {
        Entry::Occupied(client) => client.into_mut(),
        Entry::Vacant(place) => place.insert(Client::new(suite)?),
    };
    client.step(step)
}

pub(super) fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    let (suite, mut clients) = (input.small("suite")?, Clients::new());
    let outcomes = each(input.list("steps")?, |value| Fields::of(value, "a step"))?
        .iter()
        .map(|fields| step(&mut clients, suite, fields))
        .collect::<Read<Vec<_>>>()?;
    Ok(json!({ "steps": outcomes }))
}

/// Flips each bit of each frame that is opened, right before it is opened as it is: nothing comes out, now or when its
/// epoch comes, and the genuine one opens all the same.
pub(super) fn flip(input: &Fields<'_>, scenes: &Value, bits: &Bits) -> Read<Result<u64, String>> {
    let expected = run(input, scenes)?;
    let (suite, mut clients, mut count) = (input.small("suite")?, Clients::new(), 0);
    for (at, value) in input.list("steps")?.iter().enumerate() {
        let fields = Fields::of(value, "a step")?;
        let said = &expected["steps"][at];
        // A frame that is held, or refused as it is, shows nothing.
        if let (Some(frame), Some(_)) = (fields.find("open"), said.get("stay")) {
            let frame = Fields::of(frame, "open")?;
            let (framing, golden) = (framing(&frame)?, frame.bytes("frame")?);
            let (who, at_ms) = (fields.number("client")?, fields.number("at_ms")?);
            let Some(client) = clients.get_mut(&who) else { return bad("no such client") };
            for bit in bits.of(golden.len()) {
                if let Err(taken) = client.refuses(framing, &flipped(&golden, bit), at_ms) {
                    return Ok(Err(format!("step {at}, bit {bit} flipped: {taken}")));
                }
                count += 1;
            }
        }
        let again = step(&mut clients, suite, &fields)?;
        if again != *said {
            return Ok(Err(format!("step {at} after the flips: expected {said}, got {again}")));
        }
    }
    Ok(Ok(count))
}

impl Client {
    /// Opens a frame that must not open.
    fn refuses(&mut self, framing: Framing, frame: &[u8], at_ms: u64) -> Result<(), String> {
        let before = self.media.digest();
        let mut plaintext = Vec::new();
        // One that seems to be of an epoch to come is held, and by a receiver of its own: not to fill that of the case.
        let mut receiver = self.media.receiver();
        let opened = receiver.open_framed(framing, 0, frame, at_ms, &mut plaintext);
        if matches!(opened, Ok(Opened::Frame { .. } | Opened::Silence { .. })) {
            return Err(format!("it gives {}", outcome(opened, &plaintext)));
        }
        if !plaintext.is_empty() || self.media.digest() != before {
            return Err(format!("it is {opened:?}, and something has changed"));
        }
        Ok(())
    }
}
