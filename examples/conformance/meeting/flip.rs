//! Flipped bits of what clients are given in a meeting: nothing is taken, and no state is another since.

use std::collections::BTreeSet;

use incamera::wire::{BlobHash, Envelope, WelcomeNote};
use incamera::{Event, Input, Meeting, Opened, Output, Receiver, testing};
use serde_json::Value;

use super::party::{Party, Posted, at};
use super::play::{self, Play, Step};
use super::refuse::case_step;
use crate::fields::{Bad, Fields, Read, bad, bytes};
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

/// Flips what the clients of a transcript are given, in front of the genuine message: what the log, the lobby and the
/// mailboxes hold for one member of those who read it, beginning with the last who came; of a Welcome, which nobody but
/// whom it is for can look into, that alone.
pub(super) fn play(input: &Fields<'_>, _: &Value, bits: &Bits) -> Read<Result<u64, String>> {
    let steps = input.list("steps")?;
    let (mut done, mut count) = (BTreeSet::new(), 0);
    for party in (0..input.list("parties")?.len()).rev() {
        let mut play = Play::new(input)?;
        for (place, value) in steps.iter().enumerate() {
            let step = Step::read(value)?;
            if step.party != party {
                continue;
            }
            if let Some(golden) = golden(&play, &step)?.filter(|it| done.insert(it.message.clone()))
            {
                // What is flipped stands in the place of the genuine, so that copies have to take it.
                let copy = || again(input, steps.get(..place).unwrap_or_default(), party);
                match flip_message(copy, &golden, (party, step.at_ms), bits)? {
                    Ok(more) => count += more,
                    Err(taken) => return Ok(Err(format!("step {place}: {taken}"))),
                }
            }
            if let Some(frame) = step.does.find("open") {
                let golden = bytes(frame, "open")?;
                match flip_frame(&play, &golden, party, step.at_ms, bits)? {
                    Ok(more) => count += more,
                    Err(taken) => return Ok(Err(format!("step {place}: {taken}"))),
                }
            }
            play.step(&step)?;
        }
    }
    Ok(Ok(count))
}

/// A message whose bits are flipped.
struct Golden {
    way: Way,
    message: Vec<u8>,
    /// The entry around a Welcome.
    around: Option<Envelope>,
}

/// What a step hands over, if each of its bits means something to whoever reads it.
fn golden(play: &Play, step: &Step<'_>) -> Read<Option<Golden>> {
    let Some((way, message)) = given(step, &play.posted)? else { return Ok(None) };
    let Some(party) = play.parties.get(step.party) else { return bad("no such party") };
    let meeting = party.meeting()?;
    let (joins, member) =
        (testing::joiner_keys(meeting).is_some(), testing::view(meeting).is_some());
    if matches!(way, Way::Log) && (joins || !member) {
        let Ok(entry) = Envelope::decode(&message) else { return Ok(None) };
        let welcome = entry.welcome.as_ref().map(|note| note.welcome.clone());
        let around = Some(entry);
        return Ok(welcome.map(|message| Golden { way, message, around }));
    }
    Ok(Some(Golden { way, message, around: None }))
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

/// Hands over a message with each of its bits flipped, one behind the other, to copies of a client that take some each.
fn flip_message(
    copy: impl Fn() -> Read<Play>,
    golden: &Golden,
    (party, at_ms): (usize, u64),
    bits: &Bits,
) -> Read<Result<u64, String>> {
    let bits: Vec<usize> = bits.of(golden.message.len()).collect();
    // Whoever knocks does so anew when 512 entries have gone by.
    let each = if golden.around.is_some() { 400 } else { bits.len().max(1) };
    for some in bits.chunks(each) {
        let mut play = copy()?;
        let Some(party) = play.parties.get_mut(party) else { return bad("no such party") };
        if let Err(taken) = flip_bits(party, golden, at_ms, some)? {
            return Ok(Err(taken));
        }
    }
    Ok(Ok(bits.len() as u64))
}

fn flip_bits(
    party: &mut Party,
    golden: &Golden,
    at_ms: u64,
    bits: &[usize],
) -> Read<Result<(), String>> {
    let mut seq = party.next();
    let (meeting, now) = (party.meeting_mut()?, at(at_ms));
    let _ = meeting.handle_timeout(now);
    while meeting.poll().is_some() {}
    let before = testing::digest_unread(meeting);
    for (place, bit) in bits.iter().enumerate() {
        let changed = flipped(&golden.message, *bit);
        let bytes = match &golden.around {
            None => changed,
            Some(entry) => around(entry, changed),
        };
        let input = match golden.way {
            Way::Log => Input::Log { seq, bytes },
            Way::Lobby => Input::Lobby(bytes),
            Way::Direct => Input::Direct(bytes),
            Way::Blob => Input::Blob(bytes),
        };
        seq += u64::from(matches!(golden.way, Way::Log));
        if let Err(error) = meeting.handle(input, now) {
            return Ok(Err(format!("bit {bit} flipped: {error}")));
        }
        if let Some(output) = taken(meeting) {
            return Ok(Err(format!("bit {bit} flipped: it gives {output:?}")));
        }
        let looked = (place + 1) % BATCH == 0 || place + 1 == bits.len();
        if looked && testing::digest_unread(meeting) != before {
            let way = golden.way;
            return Ok(Err(format!(
                "{way:?}: one of {BATCH} bits up to {bit}: the state is another"
            )));
        }
    }
    Ok(Ok(()))
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
    play: &Play,
    golden: &[u8],
    party: usize,
    at_ms: u64,
    bits: &Bits,
) -> Read<Result<u64, String>> {
    let Some(party) = play.parties.get(party) else { return bad("no such party") };
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

/// Flips the last message of a case that is taken.
pub(super) fn refusal(
    input: &Fields<'_>,
    scenes: &Value,
    bits: &Bits,
) -> Read<Result<u64, String>> {
    let (name, steps) = (input.text("scene")?, input.list("steps")?);
    let Some((last, before)) = steps.split_last() else { return Ok(Ok(0)) };
    let copy = || {
        let (mut play, at_ms) = play::scene(name, scenes)?;
        for value in before {
            play.step(&case_step(value, at_ms)?)?;
        }
        Ok(play)
    };
    let step = case_step(last, play::scene(name, scenes)?.1)?;
    match golden(&copy()?, &step)? {
        Some(golden) => flip_message(copy, &golden, (0, step.at_ms), bits),
        None => Ok(Ok(0)),
    }
}
