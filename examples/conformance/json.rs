//! JSON as it is checked in: the same for the same values, whatever else was compiled, and short lines where
//! that is possible, so that changes can be read.

use serde_json::{Map, Value};

/// What stands on one line at most, in characters; longer texts have theirs to themselves.
const LINE: usize = 100;
/// Fields that come first, in this order; all others follow by name.
const FIRST: [&str; 8] = ["version", "kind", "about", "name", "must", "scenes", "input", "expect"];

/// A whole file.
pub(crate) fn print(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = map.iter().collect();
    let place = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    fields.sort_by_key(|(name, _)| (place(name), name.as_str().to_owned()));
    fields
}

/// On one line.
fn flat(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            let parts: Vec<_> = list.iter().map(flat).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Object(map) => {
            let field = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), flat(value))
            };
            let parts: Vec<_> = sorted(map).into_iter().map(field).collect();
            format!("{{{}}}", parts.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

fn write(value: &Value, depth: usize, out: &mut String) {
    let short = flat(value);
    if short.len() + depth <= LINE || !(value.is_array() || value.is_object()) {
        out.push_str(&short);
        return;
    }
    let indent = format!("\n{}", " ".repeat(depth + 1));
    let parts: Vec<(String, &Value)> = match value {
        Value::Array(list) => list.iter().map(|part| (String::new(), part)).collect(),
        Value::Object(map) => {
            let head = |name: &str| format!("{}: ", Value::from(name));
            sorted(map).into_iter().map(|(name, part)| (head(name), part)).collect()
        }
        _ => Vec::new(),
    };
    let [open, close] = if value.is_array() { ["[", "]"] } else { ["{", "}"] };
    out.push_str(open);
    for (place, (head, part)) in parts.into_iter().enumerate() {
        out.push_str(if place == 0 { "" } else { "," });
        out.push_str(&indent);
        out.push_str(&head);
        write(part, depth + 1, out);
    }
    out.push_str(&indent[..=depth]);
    out.push_str(close);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_values_are_broken_and_all_are_read_back() {
        let value = json!({
            "b": ["x".repeat(60), "y".repeat(60)], "name": "n", "a": {"c": 1, "version": 2},
        });
        let text = print(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(text.starts_with("{\n \"name\": \"n\",\n \"a\": {\"version\": 2, \"c\": 1},\n"));
        assert!(text.ends_with("\n ]\n}\n"), "{text}");
    }
}
