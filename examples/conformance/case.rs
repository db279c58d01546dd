//! Cases, files of them, and the kinds of files that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fields::{Bad, Fields, Read, bad};
use crate::flips::Flips;

/// The version of the format of the files.
pub(crate) const VERSION: u64 = 1;

/// A kind of vectors: one file.
pub(crate) struct Kind {
    /// Names the file, too.
    pub(crate) name: &'static str,
    /// A line about what is in it.
    pub(crate) about: &'static str,
    /// Makes the cases.
    pub(crate) make: fn() -> Made,
    /// What this implementation says to an input; the second argument holds the file's scenes.
    pub(crate) run: fn(&Fields<'_>, &Value) -> Read<Value>,
    /// What in the input of its cases loses its meaning if a bit of it flips.
    pub(crate) flips: Flips,
}

/// What a kind's maker gives.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) drafts: Vec<Draft>,
    /// What several cases have in common.
    pub(crate) scenes: Option<Value>,
}

impl From<Vec<Draft>> for Made {
    fn from(drafts: Vec<Draft>) -> Self {
        Self { drafts, scenes: None }
    }
}

/// A case to be made.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) must: Vec<&'static str>,
    pub(crate) input: Value,
    /// What the outcome has to be for a case of this name.
    pub(crate) outcome: Outcome,
}

/// What the maker of a case knows of its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is accepted.
    Good,
    /// It is refused, with this word.
    Refused(String),
}

/// A case whose input is accepted.
pub(crate) fn good(name: impl Into<String>, must: &[&'static str], input: Value) -> Draft {
    Draft { name: name.into(), must: must.to_vec(), input, outcome: Outcome::Good }
}

/// A case whose input is refused: `why` begins what the output calls it.
pub(crate) fn refused(
    name: impl Into<String>,
    must: &[&'static str],
    why: &str,
    input: Value,
) -> Draft {
    let outcome = Outcome::Refused(why.to_owned());
    Draft { name: name.into(), must: must.to_vec(), input, outcome }
}

/// What a case refuses: the word at `refused` in its output, or in the last of its output's steps.
pub(crate) fn refusal(output: &Value) -> Option<&str> {
    let last = output.get("steps").and_then(Value::as_array).and_then(|steps| steps.last());
    [Some(output), last].into_iter().flatten().find_map(|part| part.get("refused")?.as_str())
}

impl Kind {
    /// The whole file, made anew.
    pub(crate) fn file(&self) -> Read<Value> {
        let Made { drafts, scenes } = (self.make)();
        let none = Value::Null;
        let (mut cases, mut wrong, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
        for draft in &drafts {
            match self.case(draft, scenes.as_ref().unwrap_or(&none)) {
                Ok(case) => cases.push(case),
                Err(Bad(why)) => wrong.push(why),
            }
            if !names.insert(&draft.name) {
                wrong.push(format!("{}: two cases are called `{}`", self.name, draft.name));
            }
        }
        if !wrong.is_empty() {
            return bad(wrong.join("\n"));
        }
        let mut file = json!({
            "version": VERSION, "kind": self.name, "about": self.about, "cases": cases,
        });
        if let (Some(scenes), Some(file)) = (scenes, file.as_object_mut()) {
            file.insert("scenes".to_owned(), scenes);
        }
        Ok(file)
    }

    fn case(&self, draft: &Draft, scenes: &Value) -> Read<Value> {
        let Draft { name, must, input, outcome } = draft;
        let called = |what: Bad| Bad(format!("{}, {name}: {what}", self.name));
        let output = Fields::of(input, "input").and_then(|input| (self.run)(&input, scenes));
        let output = output.map_err(called)?;
        let as_named = match (outcome, refusal(&output)) {
            (Outcome::Good, None) => true,
            (Outcome::Refused(why), Some(word)) => word.starts_with(why.as_str()),
            _ => false,
        };
        if !as_named {
            return Err(called(Bad(format!("{outcome:?} was meant, and it gives {output}"))));
        }
        Ok(json!({ "name": name, "must": must, "input": input, "expect": output }))
    }
}

/// A file of vectors as it was read.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) kind: &'static Kind,
    value: Value,
}

impl File {
    /// Reads a file and looks at its head.
    pub(crate) fn read(path: &Path, kinds: &'static [Kind]) -> Read<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Bad(format!("{shown} cannot be read: {error}")))?;
        Self::of(path, &text, kinds).map_err(|Bad(why)| Bad(format!("{shown}: {why}")))
    }

    fn of(path: &Path, text: &str, kinds: &'static [Kind]) -> Read<Self> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| Bad(format!("no JSON: {error}")))?;
        let head = Fields::of(&value, "the file")?;
        let version = head.number("version")?;
        if version != VERSION {
            return bad(format!("version {version}, and this program knows {VERSION} alone"));
        }
        let name = head.text("kind")?;
        let kind = kinds.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| Bad(format!("there is no kind `{name}`")))?;
        let file = Self { path: path.to_owned(), kind, value };
        for case in file.cases()? {
            let case = Fields::of(case, "a case")?;
            case.text("name")?;
            case.object("expect")?;
        }
        Ok(file)
    }

    pub(crate) fn cases(&self) -> Read<&[Value]> {
        Fields::of(&self.value, "the file")?.list("cases")
    }

    pub(crate) fn scenes(&self) -> &Value {
        &self.value["scenes"]
    }

    /// What is wrong with this implementation by one case: nothing, or where the two differ.
    pub(crate) fn replay(&self, case: &Value) -> Read<Vec<String>> {
        let fields = Fields::of(case, "a case")?;
        let output = (self.kind.run)(&fields.object("input")?, self.scenes());
        let named = |Bad(why)| Bad(format!("{}: {}: {why}", self.path.display(), case["name"]));
        let mut differences = Vec::new();
        compare(&case["expect"], &output.map_err(named)?, "", &mut differences);
        Ok(differences)
    }
}

/// Notes where two values differ, as deep inside as can be said.
fn compare(expected: &Value, got: &Value, place: &str, differences: &mut Vec<String>) {
    if expected == got {
        return;
    }
    match (expected, got) {
        (Value::Object(left), Value::Object(right)) => {
            let mut names: Vec<_> = left.keys().chain(right.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let dot = if place.is_empty() { "" } else { "." };
                let place = format!("{place}{dot}{name}");
                compare(&expected[name.as_str()], &got[name.as_str()], &place, differences);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (at, (left, right)) in left.iter().zip(right).enumerate() {
                compare(left, right, &format!("{place}[{at}]"), differences);
            }
        }
        _ => differences.push(format!("{place}: expected {expected}, got {got}")),
    }
}
