//! Texts of strangers: made fit for a terminal, and for the name of a file.

/// The longest part of a file name that comes from a name, in characters.
const MAX_STEM: usize = 40;

/// The text with whatever a terminal could act on, or that hides or turns other text, escaped.
pub(crate) fn printable(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(
                c,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            )
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if hides(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// A part of a file name that looks like `name`: letters, digits and `-`, at most 40, never empty. Two
/// names may give the same one.
pub(crate) fn stem(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let stem: String = name.chars().map(fit).take(MAX_STEM).collect();
    let stem = stem.trim_matches('-');
    if stem.is_empty() { "member".to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_printed() {
        assert_eq!(printable("Ada Löw 😀"), "Ada Löw 😀");
        assert_eq!(printable("a\u{1b}[2Jb\r\n"), "a\\u{1b}[2Jb\\u{d}\\u{a}");
        for hidden in ['\0', '\u{7f}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}'] {
            let shown = printable(&hidden.to_string());
            assert!(shown.starts_with("\\u{") && shown.is_ascii(), "{shown}");
        }
    }

    #[test]
    fn a_name_of_a_file_leads_nowhere_else() {
        for (name, expected) in [
            ("Ada", "Ada"),
            ("../../etc/passwd", "etc-passwd"),
            ("/", "member"),
            ("..", "member"),
            ("", "member"),
            ("C:\\x\0y", "C--x-y"),
            ("Zoë 1", "Zo--1"),
            ("-rf", "rf"),
        ] {
            assert_eq!(stem(name), expected, "{name:?}");
        }
        assert_eq!(stem(&"x".repeat(500)).len(), MAX_STEM);
    }

    proptest! {
        #[test]
        fn no_name_leads_elsewhere_or_acts_on_a_terminal(name in ".{0,80}|[\\x00-\\x{10ffff}]{0,80}") {
            let stem = stem(&name);
            prop_assert!((1..=MAX_STEM).contains(&stem.len()) && !stem.starts_with('-'));
            prop_assert!(stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            prop_assert!(!printable(&name).chars().any(char::is_control));
        }
    }
}
