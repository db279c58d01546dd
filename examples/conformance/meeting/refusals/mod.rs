//! What a member refuses, and what it takes: each case is one message at the end of a scene.

mod back;
mod commits;
mod events;
mod knocks;
mod orders;
mod rogues;
mod room;
mod welcomes;

use serde_json::{Map, Value, json};

use crate::case::{Draft, Made, good, refused};
use crate::fields::hex;

/// Cases, and the scenes that they stand in.
#[derive(Default)]
struct Cases {
    drafts: Vec<Draft>,
    scenes: Map<String, Value>,
}

impl Cases {
    /// Everything that happens from here on is at the end of this scene.
    fn scene(&mut self, name: &str, record: Value) {
        self.scenes.insert(name.to_owned(), record);
    }

    fn takes(&mut self, scene: &str, name: &str, must: &[&'static str], steps: Vec<Value>) {
        self.drafts.push(good(name, must, json!({ "scene": scene, "steps": steps })));
    }

    fn refuses(
        &mut self,
        scene: &str,
        (name, must, why): (&str, &[&'static str], &str),
        steps: Vec<Value>,
    ) {
        let input = json!({ "scene": scene, "steps": steps });
        self.drafts.push(refused(name, must, why, input));
    }
}

/// A step that hands over an entry of the log, with the next number.
fn entry(bytes: &[u8]) -> Value {
    json!({ "do": { "entry": hex(bytes) } })
}

/// A step that hands over what was posted to the lobby.
fn knock(bytes: &[u8]) -> Value {
    json!({ "do": { "knock": hex(bytes) } })
}

/// A step that hands over a blob.
fn tree(bytes: &[u8]) -> Value {
    json!({ "do": { "tree": hex(bytes) } })
}

/// Time that passes.
fn time(at_ms: u64) -> Value {
    json!({ "at_ms": at_ms, "do": { "time": true } })
}

pub(super) fn make() -> Made {
    let (mut cases, mut live) = (Cases::default(), room::room());
    cases.scene(room::SCENE, room::record(&live));
    events::add(&mut cases, &mut live);
    commits::add(&mut cases, &mut live);
    rogues::add(&mut cases, &mut live);
    knocks::add(&mut cases, &live);
    orders::add(&mut cases, &mut live);
    welcomes::add(&mut cases);
    back::add(&mut cases);
    Made { drafts: cases.drafts, scenes: Some(Value::Object(cases.scenes)) }
}
