//! Standard output: a readable line, or a JSON object, for everything that happens.

use std::io::{self, Write as _};

use serde_json::{Map, Value};

use crate::names::printable;

/// Prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Says that something happened: `text` to people, and `fields` under the name `event` to
    /// programs. Nobody who reads is no reason to stop.
    pub(crate) fn say(self, event: &str, fields: Value, text: &str) {
        let line = if self.json { object(event, fields) } else { printable(text) };
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    /// Prints a picture of several lines, for people alone.
    pub(crate) fn draw(self, picture: &str) {
        if !self.json {
            let mut out = io::stdout().lock();
            let _ = writeln!(out, "{picture}").and_then(|()| out.flush());
        }
    }
}

fn object(event: &str, fields: Value) -> String {
    let mut object = Map::new();
    object.insert("event".to_owned(), Value::from(event));
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_one_line_whatever_is_in_it() {
        let line = object("chat", json!({ "text": "a\nb\u{1b}\"" }));
        assert_eq!(line, r#"{"event":"chat","text":"a\nb\u001b\""}"#);
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["text"], "a\nb\u{1b}\"");
    }
}
