//! SPEC.md against the code: every MUST has an id, a check that cites it and a test that cites it,
//! and nothing cites an id that SPEC.md does not define.

use std::collections::BTreeMap;

use crate::none;
use crate::papers::read;
use crate::source::{self, Source};

/// MUSTs on parties outside the two crates, each with the reason why no code here can check it.
/// Keep it empty.
const OUTSIDE: [(&str, &str); 0] = [];

/// `[W3]` without its brackets, if `text` starts with one.
fn id(text: &str) -> Option<&str> {
    let (id, _) = text.strip_prefix('[')?.split_once(']')?;
    let (letter, number) = id.split_at_checked(1)?;
    let known = "WSIKGAMR".contains(letter);
    let counted = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (known && counted && !number.starts_with('0')).then_some(id)
}

/// The ids that a paragraph, list item or table row defines, as `**[W3]**`.
pub(crate) fn defined(block: &str) -> Vec<&str> {
    block.match_indices("**[").filter_map(|(at, _)| id(&block[at + 2..])).collect()
}

/// Paragraphs, list items and table rows of a Markdown text, without its code blocks.
pub(crate) fn blocks(markdown: &str) -> Vec<String> {
    let (mut blocks, mut fenced) = (vec![String::new()], false);
    for line in markdown.lines() {
        let start = line.trim_start();
        if start.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let numbered = start.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(". ");
        let opens = start.is_empty() || ["- ", "* ", "|", "#"].iter().any(|m| start.starts_with(m));
        if opens || numbered {
            blocks.push(String::new());
        }
        if let (false, Some(last)) = (fenced, blocks.last_mut()) {
            last.push_str(line);
            last.push('\n');
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

/// Words that bind, as whole words.
fn binds(block: &str) -> bool {
    let binding = ["MUST", "SHALL", "REQUIRED"];
    block.split(|c: char| !c.is_ascii_alphabetic()).any(|word| binding.contains(&word))
}

fn specification_faults(spec: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut seen = Vec::new();
    let conventions = "The words MUST and MUST NOT";
    for block in blocks(spec).iter().filter(|block| !block.trim_start().starts_with(conventions)) {
        let ids = defined(block);
        let start: String = block.trim_start().chars().take(70).collect();
        if binds(block) && ids.is_empty() {
            complaints.push(format!("a MUST without an id: {start}"));
        }
        if !ids.is_empty() && !binds(block) {
            complaints.push(format!("an id without a MUST: {start}"));
        }
        for id in ids {
            if seen.contains(&id.to_owned()) {
                complaints.push(format!("[{id}] is defined twice"));
            }
            seen.push(id.to_owned());
        }
    }
    let names = spec.match_indices('[').filter_map(|(at, _)| id(&spec[at..]));
    let strange = names.filter(|id| !seen.contains(&(*id).to_owned()));
    complaints.extend(strange.map(|id| format!("[{id}] is named but not defined")));
    complaints
}

/// The ids after each `SPEC`, with their places: `SPEC [W3], [W4]`, and in documentation, where
/// brackets are links, `SPEC \[W3\] and \[W4\]`. A list may go on in the next line of a comment.
pub(crate) fn citations(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, mark) in text.match_indices("SPEC ").chain(text.match_indices("SPEC\n")) {
        let mut rest = &text[at + mark.len()..];
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "/!,\\".contains(c));
            let joined = ["and ", "to "].iter().find_map(|word| rest.strip_prefix(word));
            rest = joined.unwrap_or(rest).trim_start_matches(['\\', ' ']);
            let Some((inner, after)) = rest.split_once(']') else { break };
            let bare = format!("{}]", inner.trim_end_matches('\\'));
            let Some(id) = id(&bare) else { break };
            found.push((at, id.to_owned()));
            rest = after;
        }
    }
    found
}

/// How often an id is cited: by code, by tests.
type Counts = BTreeMap<String, (usize, usize)>;

fn count(sources: &[Source], counts: &mut Counts) -> Vec<String> {
    let mut complaints = Vec::new();
    let ours = |source: &&Source| !source.path.starts_with("tests/repo/");
    for source in sources.iter().filter(ours) {
        for (at, id) in citations(&source.comments) {
            match counts.get_mut(&id) {
                None => complaints.push(format!("{}: SPEC.md has no [{id}]", source.place(at))),
                Some((_, tests)) if source.in_test(at) => *tests += 1,
                Some((code, _)) if source.is_shipped() && beside_code(source, at) => *code += 1,
                Some(_) => {}
            }
        }
    }
    complaints
}

/// Documentation may name an id; a check has it in a plain comment beside it.
pub(crate) fn beside_code(source: &Source, at: usize) -> bool {
    let line = source.comments[..at].rfind('\n').map_or(0, |end| end + 1);
    let start = source.comments[line..].trim_start();
    !start.starts_with("///") && !start.starts_with("//!")
}

fn uncited(spec: &str, sources: &[Source]) -> Vec<String> {
    let ids = blocks(spec)
        .iter()
        .flat_map(|b| defined(b).into_iter().map(str::to_owned))
        .collect::<Vec<_>>();
    let mut counts: Counts = ids.into_iter().map(|id| (id, (0, 0))).collect();
    let mut complaints = count(sources, &mut counts);
    for (id, (code, tests)) in &counts {
        if OUTSIDE.iter().any(|(outside, _)| outside == id) {
            continue;
        }
        if *code == 0 {
            complaints.push(format!("[{id}] is checked nowhere: cite it as `SPEC [{id}]`"));
        }
        if *tests == 0 {
            complaints.push(format!("[{id}] is tested nowhere: cite it in its test"));
        }
    }
    complaints
}

#[test]
fn every_must_has_an_id_and_every_id_a_must() {
    none(specification_faults(&read("SPEC.md")));
}

#[test]
fn every_must_is_checked_and_tested() {
    none(uncited(&read("SPEC.md"), &source::all()));
}

#[test]
fn the_schema_cites_known_ids_only() {
    let spec = read("SPEC.md");
    let mut complaints = Vec::new();
    for path in source::files().iter().filter(|path| path.ends_with(".proto")) {
        let text = read(path);
        let unknown = |id: &String| !spec.contains(&format!("**[{id}]**"));
        let cited = citations(&text).into_iter().map(|(_, id)| id);
        complaints.extend(cited.filter(unknown).map(|id| format!("{path}: SPEC.md has no [{id}]")));
    }
    none(complaints);
}

#[test]
fn faults_of_the_specification_are_found() {
    let good = "- **[W1]** A MUST b, see [W2].\n- **[W2]** c MUST d.\n\n```\nMUST\n```\n";
    assert!(specification_faults(good).is_empty());
    assert_eq!(specification_faults("A receiver MUST.\n").len(), 1);
    assert_eq!(specification_faults("**[W1]** A receiver does.\n").len(), 1);
    assert_eq!(specification_faults("**[W1]** MUST.\n\n1. **[W1]** MUST [K9].\n").len(), 2);
}

#[test]
fn missing_and_unknown_citations_are_found() {
    let spec = "**[W1]** a MUST.\n\n**[W2]** b MUST.\n";
    let tests = "#[cfg(test)]\nmod tests {\n // SPEC [W1], [W2]\n}\n";
    let code = "fn a() {} // SPEC [W1]\n";
    let source = |text: &str| [Source::new("src/a.rs", text)];
    assert_eq!(uncited(spec, &source("fn a() {}")).len(), 4);
    assert_eq!(uncited(spec, &source(&format!("{code}{tests}"))).len(), 1);
    assert_eq!(uncited(spec, &source(&format!("/// Reads (SPEC [W1]).\n{code}{tests}"))).len(), 1);
    assert_eq!(
        uncited(spec, &source(&format!("/// SPEC [W1], [W2]\nfn a() {{}}\n{tests}"))).len(),
        2
    );
    assert_eq!(uncited(spec, &source(&format!("// SPEC [W2] and [W1]\n{tests}"))).len(), 0);
    assert_eq!(uncited(spec, &source(&format!("// SPEC [W1], [W2], [W3]\n{tests}"))).len(), 1);
    assert_eq!(uncited(spec, &source(&format!("let a = \"SPEC [W1], [W2]\";\n{tests}"))).len(), 2);
    let cited = |text| citations(text).into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(cited("/// (SPEC \\[W1\\],\n    /// \\[W2\\]) and"), ["W1", "W2"]);
    assert_eq!(cited("SPEC [W1] [W2] to [W4]: SPEC section [3], SPEC.md [W5]"), ["W1", "W2", "W4"]);
    assert_eq!(id("[W10] x"), Some("W10"));
    assert!([id("[W0]"), id("[x]"), id("[W]"), id("W1")].iter().all(Option::is_none));
}

#[test]
fn the_readme_cites_known_ids_and_enough_of_them() {
    let (spec, readme) = (read("SPEC.md"), read("README.md"));
    // Each leads to INDEX.md, and none of them is a broken link in the crate's documentation.
    let leads = |line: &&str| line.ends_with("]: INDEX.md");
    let (links, text): (Vec<&str>, Vec<&str>) = readme.lines().partition(leads);
    let text = text.join("\n");
    let cited: Vec<&str> = text.match_indices('[').filter_map(|(at, _)| id(&text[at..])).collect();
    assert!(cited.len() > 40, "{cited:?}");
    let unled = cited.iter().filter(|id| !links.contains(&&*format!("[{id}]: INDEX.md")));
    none(unled.map(|id| format!("README.md: no line says where [{id}] leads")).collect());
    let idle = links.iter().filter(|link| !cited.contains(&id(link).unwrap_or_default()));
    none(idle.map(|link| format!("README.md: nothing cites {link}")).collect());
    let unknown = cited.iter().filter(|id| !spec.contains(&format!("**[{id}]**")));
    none(unknown.map(|id| format!("README.md: SPEC.md has no [{id}]")).collect());
}
