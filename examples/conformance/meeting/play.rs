//! Whole meetings, played step by step.

use incamera::{Destination, Message, Output};
use serde_json::{Value, json};

use super::party::{Done, Party, Posted, at};
use super::shown;
use crate::fields::{Fields, Read, bad, hex};

/// A meeting that is being played.
pub(super) struct Play {
    pub(super) parties: Vec<Party>,
    pub(super) posted: Posted,
    /// The digest that each party was last said to have.
    digests: Vec<Value>,
}

/// A step: when, of whom, what.
pub(super) struct Step<'a> {
    pub(super) at_ms: u64,
    pub(super) party: usize,
    pub(super) does: Fields<'a>,
}

impl<'a> Step<'a> {
    pub(super) fn read(value: &'a Value) -> Read<Self> {
        let fields = Fields::of(value, "a step")?;
        let (at_ms, party) = (fields.number("at_ms")?, fields.small("party")?);
        Ok(Self { at_ms, party, does: fields.object("do")? })
    }
}

impl Play {
    pub(super) fn new(input: &Fields<'_>) -> Read<Self> {
        let parties: Vec<_> = input.list("parties")?.iter().map(Party::new).collect();
        let digests = vec![Value::Null; parties.len()];
        Ok(Self { parties, posted: Posted::read(input)?, digests })
    }

    /// Does a step; gives what came of it.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Read<Value> {
        let Some(party) = self.parties.get_mut(step.party) else {
            return bad(format!("there is no party {}", step.party));
        };
        let done = party.perform(&step.does, &self.posted, at(step.at_ms))?;
        let digest = party.meeting().map_or(Value::Null, shown::digest);
        let mut shown = json!({ "out": self.out(done) });
        if let Some(last) = self.digests.get_mut(step.party).filter(|last| **last != digest) {
            last.clone_from(&digest);
            shown["digest"] = digest;
        }
        Ok(shown)
    }

    /// What came out of a client, messages by their place in the lists.
    pub(super) fn out(&self, Done { outputs, said }: Done) -> Vec<Value> {
        said.into_iter().chain(outputs.iter().map(|output| self.output(output))).collect()
    }

    fn output(&self, output: &Output) -> Value {
        match output {
            Output::Event(event) => shown::event(event),
            Output::Fetch { from } => json!({ "fetch": from }),
            Output::FetchBlob { hash } => json!({ "fetch_blob": hex(hash.as_bytes()) }),
            Output::Send(Message { id, to, bytes }) => {
                let (name, mailbox) = match to {
                    Destination::Log => ("log", None),
                    Destination::Lobby => ("lobby", None),
                    Destination::Direct(mailbox) => ("direct", Some(hex(mailbox.as_bytes()))),
                    Destination::Blob(_) => ("blobs", None),
                };
                let place = self.posted.list(name).iter().position(|posted| posted == bytes);
                let what = place.map_or_else(|| Value::from(hex(bytes)), Value::from);
                let mut shown = json!({ "send": name, "what": what, "id": hex(id.as_bytes()) });
                if let Some(mailbox) = mailbox {
                    shown["mailbox"] = mailbox.into();
                }
                shown
            }
        }
    }
}

/// Plays a whole meeting.
pub(super) fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    let mut play = Play::new(input)?;
    let mut steps = Vec::new();
    for value in input.list("steps")? {
        steps.push(play.step(&Step::read(value)?)?);
    }
    let view = |party: &Party| party.meeting().map_or(Value::Null, shown::view);
    let views: Vec<_> = play.parties.iter().map(view).collect();
    Ok(json!({ "steps": steps, "views": views }))
}

/// Plays a scene to its end. Its one party is then given whatever has become due.
pub(super) fn scene(name: &str, scenes: &Value) -> Read<(Play, u64)> {
    let Some(scene) = scenes.get(name) else { return bad(format!("there is no scene `{name}`")) };
    let fields = Fields::of(scene, name)?;
    let mut play = Play::new(&fields)?;
    let mut at_ms = 0;
    for value in fields.list("steps")? {
        let step = Step::read(value)?;
        at_ms = step.at_ms;
        play.step(&step)?;
    }
    let digest = play.digests.first().unwrap_or(&Value::Null);
    if fields.find("digest").is_some_and(|expected| expected != digest) {
        return bad(format!("the scene `{name}` ends in another state: {digest}"));
    }
    if let Some(party) = play.parties.first_mut() {
        let _ = party.meeting_mut()?.handle_timeout(at(at_ms));
        party.drain();
    }
    Ok((play, at_ms))
}
