//! Flipped bits of what clients are given in a meeting: nothing is taken, and no state is another since.

use incamera::wire::{BlobHash, Envelope, WelcomeNote};
use incamera::{Event, Input, Meeting, Opened, Output, Receiver, testing};
use serde_json::Value;

use super::party::{Posted, at};
use super::play::{self, Play, Step};
use super::refuse::case_step;
use crate::fields::{Bad, Fields, Read, bytes};
use crate::flips::{Bits, flipped};

/// After how many bits the state is looked at.
const BATCH: usize = 32;

/// How a message is handed over.
#[derive(Clone, Copy, Debug)]
enum Way {
    Log,
    Lobby,
    Direct,
    Blob,
}

/// Flips what the clients of a transcript are given, in front of the genuine message. Each message has one reader: of an
/// entry the last who reads it as a member, and of a Welcome whoever it is for.
pub(super) fn play(input: &Fields<'_>, _: &Value, bits: &Bits) -> Read<Result<u64, String>> {
    let steps = input.list("steps")?;
    let posted = Posted::read(input)?;
    let mut count = 0;
    for party in 0..input.list("parties")?.len() {
        let mut play = Play::new(input)?;
        for (place, value) in steps.iter().enumerate() {
            let step = Step::read(value)?;
            if step.party != party {
                continue;
            }
            let member = play.parties.get(party).and_then(|party| party.meeting().ok());
            let member = member.is_some_and(|meeting| testing::view(meeting).is_some());
            let last = || steps.get(place + 1..).is_none_or(|rest| !is_read_again(rest, &step));
            let given = given(&step, &posted)?;
            let mut flips = Vec::new();
            match given {
                Some((Way::Log, entry)) if !member => flips.extend(welcome(&entry)),
                Some((way, golden)) if last() => flips.push((way, golden, None)),
                _ => {}
            }
            for (way, golden, rest) in flips {
                // What is flipped stands in the place of the genuine, so that a copy has to take it.
                let mut copy = again(input, steps.get(..place).unwrap_or_default(), party)?;
                match flip_message(&mut copy, (way, &golden, rest), party, step.at_ms, bits)? {
                    Ok(more) => count += more,
                    Err(taken) => return Ok(Err(format!("step {place}: {taken}"))),
                }
            }
            if let Some(frame) = step.does.find("open") {
                let golden = bytes(frame, "open")?;
                match flip_frame(&mut play, &golden, party, step.at_ms, bits)? {
                    Ok(more) => count += more,
                    Err(taken) => return Ok(Err(format!("step {place}: {taken}"))),
                }
            }
            play.step(&step)?;
        }
    }
    Ok(Ok(count))
}

/// Whether a later step hands the same message to a client.
fn is_read_again(rest: &[Value], step: &Step<'_>) -> bool {
    let same = |value: &Value| value.get("do") == step_value(step).as_ref();
    rest.iter().any(same)
}

fn step_value(step: &Step<'_>) -> Option<Value> {
    let (what, value) = step.does.only().ok()?;
    Some(serde_json::json!({ what: value }))
}

/// The message that a step hands over.
fn given(step: &Step<'_>, posted: &Posted) -> Read<Option<(Way, Vec<u8>)>> {
    let Ok((what, value)) = step.does.only() else { return Ok(None) };
    let way = match what {
        "log" | "entry" => Way::Log,
        "lobby" | "knock" => Way::Lobby,
        "direct" | "answer" => Way::Direct,
        "blob" | "tree" => Way::Blob,
        _ => return Ok(None),
    };
    if ["entry", "knock", "answer", "tree"].contains(&what) {
        return Ok(Some((way, bytes(value, what)?)));
    }
    let list = posted.list(if what == "blob" { "blobs" } else { what });
    let place = value.as_u64().and_then(|place| usize::try_from(place).ok());
    let found = place.and_then(|place| list.get(place)).cloned();
    found.map(|golden| Some((way, golden))).ok_or_else(|| Bad(format!("no such {what}")))
}

/// The Welcome in an entry, and the entry around it.
fn welcome(entry: &[u8]) -> Option<(Way, Vec<u8>, Option<Envelope>)> {
    let entry = Envelope::decode(entry).ok()?;
    let welcome = entry.welcome.as_ref()?.welcome.clone();
    Some((Way::Log, welcome, Some(entry)))
}

/// A party as it was before a step.
fn again(input: &Fields<'_>, steps: &[Value], party: usize) -> Read<Play> {
    let mut play = Play::new(input)?;
    for value in steps {
        let step = Step::read(value)?;
        if step.party == party {
            play.step(&step)?;
        }
    }
    Ok(play)
}

/// Hands over a message with each of its bits flipped, one behind the other.
fn flip_message(
    play: &mut Play,
    (way, golden, rest): (Way, &[u8], Option<Envelope>),
    party: usize,
    at_ms: u64,
    bits: &Bits,
) -> Read<Result<u64, String>> {
    let Some(party) = play.parties.get_mut(party) else { return crate::fields::bad("no party") };
    let mut seq = party.next();
    let meeting = party.meeting_mut()?;
    let now = at(at_ms);
    let _ = meeting.handle_timeout(now);
    while meeting.poll().is_some() {}
    let state = testing::digest_unread;
    let before = state(meeting);
    let mut count = 0;
    for bit in bits.of(golden.len()) {
        let changed = flipped(golden, bit);
        let bytes = match &rest {
            None => changed,
            Some(entry) => around(entry, changed),
        };
        let input = match way {
            Way::Log => Input::Log { seq, bytes },
            Way::Lobby => Input::Lobby(bytes),
            Way::Direct => Input::Direct(bytes),
            Way::Blob => Input::Blob(bytes),
        };
        seq += u64::from(matches!(way, Way::Log));
        if let Err(error) = meeting.handle(input, now) {
            return Ok(Err(format!("bit {bit} flipped: {error}")));
        }
        if let Some(output) = taken(meeting) {
            return Ok(Err(format!("bit {bit} flipped: it gives {output:?}")));
        }
        count += 1;
        if count % BATCH == 0 && state(meeting) != before {
            return Ok(Err(format!("one of the {BATCH} bits up to {bit}: the state is another")));
        }
    }
    if state(meeting) != before {
        return Ok(Err(format!("one of the last {BATCH} bits: the state is another")));
    }
    Ok(Ok(count as u64))
}

/// The first thing that comes out beside a refusal.
fn taken(meeting: &mut Meeting) -> Option<Output> {
    let mut outputs = core::iter::from_fn(|| meeting.poll());
    outputs.find(|output| !matches!(output, Output::Event(Event::Refused { .. })))
}

fn around(entry: &Envelope, welcome: Vec<u8>) -> Vec<u8> {
    let tree = entry.welcome.as_ref().map_or(BlobHash::new([0; 32]), |note| note.tree);
    Envelope { welcome: Some(WelcomeNote { welcome, tree }), ..entry.clone() }.encode()
}

fn flip_frame(
    play: &mut Play,
    golden: &[u8],
    party: usize,
    at_ms: u64,
    bits: &Bits,
) -> Read<Result<u64, String>> {
    let Some(party) = play.parties.get(party) else { return crate::fields::bad("no party") };
    let meeting = party.meeting()?;
    let before = testing::digest(meeting);
    let mut receiver: Receiver = meeting.receiver();
    for bit in bits.of(golden.len()) {
        let mut plaintext = Vec::new();
        let opened = receiver.open(0, &flipped(golden, bit), at_ms, &mut plaintext);
        let opens = matches!(opened, Ok(Opened::Frame { .. } | Opened::Silence { .. }));
        if opens || !plaintext.is_empty() {
            return Ok(Err(format!("bit {bit} of a frame flipped: {opened:?}")));
        }
    }
    if testing::digest(meeting) != before {
        return Ok(Err("a bit of a frame flipped: the state is another".to_owned()));
    }
    Ok(Ok(bits.of(golden.len()).count() as u64))
}

fn is_member(play: &Play) -> Read<bool> {
    let Some(party) = play.parties.first() else { return crate::fields::bad("no party") };
    Ok(testing::view(party.meeting()?).is_some())
}

/// Flips the last message of a case that is taken.
pub(super) fn refusal(
    input: &Fields<'_>,
    scenes: &Value,
    bits: &Bits,
) -> Read<Result<u64, String>> {
    let (mut play, at_ms) = play::scene(input.text("scene")?, scenes)?;
    let steps = input.list("steps")?;
    let Some((last, before)) = steps.split_last() else { return Ok(Ok(0)) };
    for value in before {
        play.step(&case_step(value, at_ms)?)?;
    }
    let step = case_step(last, at_ms)?;
    let at_ms = step.at_ms;
    match given(&step, &play.posted)? {
        Some((Way::Log, entry)) if !is_member(&play)? => {
            match welcome(&entry) {
                Some((way, golden, rest)) => {
                    flip_message(&mut play, (way, &golden, rest), 0, at_ms, bits)
                }
                None => Ok(Ok(0)),
            }
        }
        Some((way, golden)) => flip_message(&mut play, (way, &golden, None), 0, at_ms, bits),
        None => Ok(Ok(0)),
    }
}
