//! What one member refuses, at the end of a scene.

use incamera::testing;
use serde_json::{Value, json};

use super::party::Party;
use super::play::{self, Play, Step};
use super::shown;
use crate::fields::{Bad, Fields, Read};

/// Plays a scene and what comes behind it.
pub(super) fn run(input: &Fields<'_>, scenes: &Value) -> Read<Value> {
    let (mut play, at_ms) = play::scene(input.text("scene")?, scenes)?;
    let mut steps = Vec::new();
    for value in input.list("steps")? {
        let (mut output, changed) = step(&mut play, value, at_ms)?;
        if let Some(word) = word_of(&output, changed) {
            output["refused"] = word.into();
            if changed {
                output["changed"] = true.into();
            }
        }
        // Where a Welcome leads, down to the secrets of the epoch.
        if case_step(value, at_ms)?.does.find("tree").is_some() {
            let view = shown::view(first(&play)?.meeting()?);
            output
                .as_object_mut()
                .filter(|_| !view.is_null())
                .map(|it| it.insert("view".to_owned(), view));
        }
        steps.push(output);
    }
    Ok(json!({ "steps": steps }))
}

/// A step of the one party of a scene, and whether its state is another since.
fn step(play: &mut Play, value: &Value, scene_ms: u64) -> Read<(Value, bool)> {
    let step = case_step(value, scene_ms)?;
    let before = state(play)?;
    let output = play.step(&step)?;
    Ok((output, state(play)? != before))
}

/// A step of a case: at the time of the scene's end, unless it says another.
pub(super) fn case_step(value: &Value, scene_ms: u64) -> Read<Step<'_>> {
    let fields = Fields::of(value, "a step")?;
    let at_ms = match fields.find("at_ms") {
        Some(_) => fields.number("at_ms")?,
        None => scene_ms,
    };
    Ok(Step { at_ms, party: 0, does: fields.object("do")? })
}

fn first(play: &Play) -> Read<&Party> {
    play.parties.first().ok_or_else(|| Bad("a scene has one party".to_owned()))
}

fn state(play: &Play) -> Read<[u8; 32]> {
    Ok(testing::digest_unread(first(play)?.meeting()?))
}

/// What a step refuses, in a word: the fault of what was refused, the alarm, the error of a call, or that it was ignored.
fn word_of(output: &Value, changed: bool) -> Option<String> {
    let out = output["out"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named =
        |field: &str| out.iter().find_map(|part| Some(part.get(field)?.as_str()?.to_owned()));
    // Whoever knocks ends its join by itself if the admitter does not know the passcode.
    let wrong = |part: &&Value| part["event"] == "Denied" && part["reason"] == 6;
    let denied = || out.iter().find(wrong).map(|_| "WrongPasscode".to_owned());
    match named("fault").or_else(|| named("alarm")).or_else(|| named("error")).or_else(denied) {
        None if out.is_empty() && !changed => Some("Ignored".to_owned()),
        word => word,
    }
}
