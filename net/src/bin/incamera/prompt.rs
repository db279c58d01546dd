//! What is typed at the prompt.

/// What can be typed.
pub(crate) const HELP: &str = "admit [N], deny [N], mute NAME, unmute NAME, remove NAME, layer N NAME, lock, unlock, who, code, \
                               link, chat TEXT, end, quit, stop (with --state: to go on later); #N is a member by number, as who shows it";

/// One line that was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Let a knock in: by number, or the first.
    Admit(Option<u32>),
    /// Refuse a knock.
    Deny(Option<u32>),
    Mute(String),
    Unmute(String),
    Remove(String),
    /// Get another layer of somebody's picture.
    Layer(String, String),
    Lock,
    Unlock,
    Who,
    Code,
    Link,
    Chat(String),
    End,
    /// Leave.
    Quit,
    /// End the program without leaving.
    Stop,
    Help,
}

/// Reads a line; `None` if there is nothing in it.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(line: &str) -> Result<Option<Typed>, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let number = || match rest {
        "" => Ok(None),
        rest => rest.parse().map(Some).map_err(|_| format!("{word} whom? say the knock's number")),
    };
    let whom = || match rest {
        "" => Err(format!("{word} whom? say the name, or #N")),
        rest => Ok(rest.to_owned()),
    };
    let alone = |typed: Typed| match rest {
        "" => Ok(typed),
        _ => Err(format!("nothing may follow {word}")),
    };
    let typed = match word {
        "" => return Ok(None),
        "admit" | "y" => Typed::Admit(number()?),
        "deny" | "n" => Typed::Deny(number()?),
        "mute" => Typed::Mute(whom()?),
        "unmute" => Typed::Unmute(whom()?),
        "remove" => Typed::Remove(whom()?),
        "layer" => match rest.split_once(char::is_whitespace) {
            Some((layer, whom)) => Typed::Layer(layer.to_owned(), whom.trim().to_owned()),
            None => return Err("layer N NAME: which one, and whose?".to_owned()),
        },
        "lock" => alone(Typed::Lock)?,
        "unlock" => alone(Typed::Unlock)?,
        "who" => alone(Typed::Who)?,
        "code" => alone(Typed::Code)?,
        "link" => alone(Typed::Link)?,
        "chat" if rest.is_empty() => return Err("chat what?".to_owned()),
        "chat" => Typed::Chat(rest.to_owned()),
        "end" => alone(Typed::End)?,
        "quit" => alone(Typed::Quit)?,
        "stop" => alone(Typed::Stop)?,
        "help" | "?" => Typed::Help,
        _ => return Err(format!("unknown: {word}; type help")),
    };
    Ok(Some(typed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_read() {
        for (line, typed) in [
            ("admit", Typed::Admit(None)),
            (" admit  2 ", Typed::Admit(Some(2))),
            ("n", Typed::Deny(None)),
            ("mute Ada Lovelace", Typed::Mute("Ada Lovelace".to_owned())),
            ("remove #3", Typed::Remove("#3".to_owned())),
            ("layer 2  Ada L.", Typed::Layer("2".to_owned(), "Ada L.".to_owned())),
            ("chat  hello, all", Typed::Chat("hello, all".to_owned())),
            ("lock", Typed::Lock),
            ("quit\r", Typed::Quit),
        ] {
            assert_eq!(parse(line), Ok(Some(typed)), "{line}");
        }
        assert_eq!(parse("  "), Ok(None));
    }

    #[test]
    fn what_makes_no_sense_is_said_to() {
        for line in
            ["admit Ben", "deny -1", "mute", "remove ", "chat", "layer 2", "lock now", "frobnicate"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_or_refused(line in "(admit|deny|mute|remove|layer|chat|lock)? ?.{0,60}") {
            let _ = parse(&line);
        }
    }
}
