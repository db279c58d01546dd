//! The symbolic engine does what the real one does: one list of scenarios, told in words that do not
//! depend on an engine, for both.

use std::fmt::Debug;

use super::*;
use crate::mls::symbolic::Symbolic;

/// An engine whose member can lose what it needs to read a path.
trait Tried: Engine {
    fn lose_path(&mut self);
}

impl Tried for Group {
    fn lose_path(&mut self) {
        self.lose_path_keys();
    }
}

impl Tried for Symbolic {
    fn lose_path(&mut self) {
        self.lose_path_keys();
    }
}

/// What a scenario saw.
#[derive(Default)]
struct Story(Vec<String>);

impl Story {
    fn note(&mut self, what: &str, seen: impl Debug) {
        self.0.push(format!("{what}: {seen:?}"));
    }

    /// What a member makes of a message, without merging it.
    fn stage<E: Tried>(&mut self, what: &str, group: &mut E, message: &[u8]) {
        let seen = group.stage(message).map(|(_, facts)| told(&facts)).map_err(fault);
        self.note(what, seen);
    }

    /// All members read a message, and those merge it who can.
    fn merge<E: Tried>(&mut self, what: &str, groups: &mut [E], message: &[u8]) {
        for (at, group) in groups.iter_mut().enumerate() {
            let seen = match group.stage(message) {
                Ok((staged, facts)) => Ok((told(&facts), group.merge(staged))),
                Err(other) => Err(fault(other)),
            };
            self.note(&format!("{what}, {at}"), seen);
        }
        self.compare(groups);
    }

    /// Who agrees with whom, and what each sees.
    fn compare<E: Tried>(&mut self, groups: &[E]) {
        let secrets = |group: &E| {
            let exported = group.export("a label", b"context", 40).unwrap();
            (group.epoch(), group.authenticator(), exported.to_vec())
        };
        for group in groups {
            let first = groups.iter().position(|other| secrets(other) == secrets(group));
            let leaves: Vec<_> = group.leaves().iter().map(leaf).collect();
            let own = (group.own_leaf(), group.has_pending(), group.epoch());
            self.note("agrees with", (first, own, leaves, group.state().to_vec()));
        }
    }
}

fn leaf(leaf: &Leaf<'_>) -> (u32, Vec<u8>, [u8; 32]) {
    (leaf.index, leaf.credential.to_vec(), leaf.signature_key)
}

/// The facts but for references, which are hashes of encodings, and the order of removals, which the
/// real engine chooses.
fn told(facts: &CommitFacts) -> impl Debug + use<> {
    let CommitFacts { committer, own, note, adds, removes, state, psk, path, renamed } =
        facts.clone();
    let adds: Vec<_> = adds.into_iter().map(|add| (add.credential, add.signature_key)).collect();
    let mut removes = removes;
    removes.sort_unstable();
    format!("{committer} {own} {note:?} {adds:?} {removes:?} {state:?} {psk:?} {path} {renamed:?}")
}

fn fault(fault: StageFault) -> impl Debug + use<> {
    match fault {
        StageFault::Unreadable(facts) => format!("unreadable: {:?}", told(&facts)),
        StageFault::NotMine(facts) => format!("not mine: {:?}", told(&facts)),
        other => format!("{other:?}"),
    }
}

fn begin<E: Tried>() -> E {
    let mut group = E::create(&entropy(1), Profile::Standard, &stay(1), &MEETING, STATE).unwrap();
    group.set_psks(&[(INVITE, &link())]).unwrap();
    group
}

fn knocker<E: Tried>(seed: u8) -> E::Joiner {
    E::joiner(&entropy(seed), Profile::Standard, &stay(seed)).unwrap()
}

fn enter<E: Tried>(joiner: &E::Joiner, built: &BuiltCommit) -> E {
    let welcome = built.welcome.as_ref().unwrap();
    let joined =
        open_and_join(joiner, &MEETING, &welcome.welcome, &welcome.tree, (INVITE, &link()));
    let (mut group, _) = joined.unwrap();
    group.set_psks(&[(INVITE, &link())]).unwrap();
    group
}

/// Members with seeds 1, 2... who came one by one.
fn members<E: Tried>(size: u8) -> Vec<E> {
    let mut groups = vec![begin::<E>()];
    for seed in 2..=size {
        let joiner = knocker::<E>(seed);
        let adds = [joiner.key_package().to_vec()];
        let built = groups[0].build(&adding(&adds, &link())).unwrap();
        for group in &mut groups {
            let (staged, _) = group.stage(&built.message).unwrap();
            group.merge(staged).unwrap();
        }
        groups.push(enter(&joiner, &built));
    }
    groups
}

fn people_come_and_go<E: Tried>(story: &mut Story) {
    let mut groups = members::<E>(4);
    story.compare(&groups);
    let plan = CommitPlan { removes: &[1, 2], state: Some(b"state 1"), ..renewing() };
    let built = groups[3].build(&plan).unwrap();
    story.note("no Welcome", built.welcome.is_none());
    story.merge("two go", &mut groups, &built.message);
    story.stage("the removed read on", &mut groups[1], &built.message);
    groups.drain(1..3);
    let joiners = [8, 9, 10].map(knocker::<E>);
    let adds = joiners.each_ref().map(|joiner| joiner.key_package().to_vec());
    let built = groups[0].build(&adding(&adds, &link())).unwrap();
    story.merge("three come", &mut groups, &built.message);
    groups.extend(joiners.iter().map(|joiner| enter(joiner, &built)));
    story.compare(&groups);
    let renewal = groups[4].build(&renewing()).unwrap().message;
    story.merge("a newcomer renews", &mut groups, &renewal);
    // A leaf of the same stay in place of the old one.
    let back = E::joiner(&entropy(66), Profile::Standard, &stay(9)).unwrap();
    let (adds, link) = ([back.key_package().to_vec()], link());
    let built = groups[1].build(&CommitPlan { removes: &[2], ..adding(&adds, &link) }).unwrap();
    groups.remove(3);
    story.merge("one comes back", &mut groups, &built.message);
    groups.push(enter(&back, &built));
    story.compare(&groups);
}

fn one_of_two_commits_wins<E: Tried>(story: &mut Story) {
    let mut groups = members::<E>(3);
    let won = groups[1].build(&renewing()).unwrap().message;
    let joiner = knocker::<E>(9);
    let adds = [joiner.key_package().to_vec()];
    let lost = groups[2].build(&adding(&adds, &link())).unwrap();
    story.note("one at a time", groups[2].build(&renewing()).err());
    story.compare(&groups);
    story.merge("the first", &mut groups, &won);
    story.merge("the second", &mut groups, &lost.message);
    let phantom: E = enter(&joiner, &lost);
    let apart = phantom.authenticator() != groups[0].authenticator();
    story.note("the loser's Welcome", (phantom.epoch(), apart));
    let again = groups[2].build(&adding(&adds, &link())).unwrap();
    // One more for the same epoch, of a member that has not read it yet.
    let late = groups[0].build(&CommitPlan { state: Some(b"late"), ..renewing() }).unwrap();
    story.merge("once more", &mut groups, &again.message);
    groups.push(enter(&joiner, &again));
    story.merge("too late", &mut groups, &late.message);
}

fn ones_own_commit_comes_back<E: Tried>(story: &mut Story) {
    let mut groups = members::<E>(3);
    let built = groups[0].build(&removing(&[2])).unwrap();
    for group in &mut groups {
        story.stage("read once", group, &built.message);
        story.stage("read twice", group, &built.message);
    }
    let (stale, _) = groups[0].stage(&built.message).unwrap();
    let (other, _) = groups[1].stage(&built.message).unwrap();
    story.merge("merged", &mut groups, &built.message);
    story.note("merged again", (groups[0].merge(stale), groups[1].merge(other)));
    let path = groups[0].build(&renewing()).unwrap().message;
    let (orphan, _) = groups[0].stage(&path).unwrap();
    story.note("dropped", (groups[0].drop_pending(), groups[0].has_pending()));
    story.note("nothing to merge", groups[0].merge(orphan));
    story.stage("a path that was dropped", &mut groups[0], &path);
    let adds = [knocker::<E>(9).key_package().to_vec()];
    let pathless = groups[0].build(&adding(&adds, &link())).unwrap().message;
    groups[0].drop_pending().unwrap();
    story.stage("an Add that was dropped", &mut groups[0], &pathless);
    groups[0].build(&renaming(b"other")).unwrap();
    story.stage("a dropped path beside another", &mut groups[0], &path);
    groups.truncate(2);
    story.merge("the dropped Add wins", &mut groups, &pathless);
}

fn a_group_is_saved<E: Tried>(story: &mut Story) {
    let load = |saved: &[u8]| E::load(&entropy(77), Profile::Standard, &MEETING, saved);
    let mut groups = members::<E>(3);
    let before = groups[1].save().unwrap();
    groups[1] = load(&before).unwrap();
    story.compare(&groups);
    story.note("saved again", *groups[1].save().unwrap() == *before);
    let adds = [knocker::<E>(9).key_package().to_vec()];
    for plan in [renewing(), removing(&[2]), adding(&adds, &link())] {
        let mut former = load(&before).unwrap();
        former.set_psks(&[(INVITE, &link())]).unwrap();
        let message = former.build(&plan).unwrap().message;
        story.stage("by its former self", &mut groups[1], &message);
        story.stage("and to another", &mut groups[0], &message);
    }
    let own = groups[1].build(&renewing()).unwrap().message;
    groups[1] = load(&groups[1].save().unwrap()).unwrap();
    story.merge("what was pending", &mut groups, &own);
    groups[1].build(&renewing()).unwrap();
    groups[1] = load(&groups[1].save().unwrap()).unwrap();
    let won = groups[0].build(&removing(&[2])).unwrap().message;
    story.merge("what was pending loses", &mut groups, &won);
    let saved = groups[0].save().unwrap();
    let cut = &saved[..saved.len() - 1];
    story.note("cut", matches!(load(cut).err(), Some(EngineFault::Saved(_))));
    let elsewhere = MeetingId::new([0x12; 16]);
    let foreign = E::load(&entropy(7), Profile::Standard, &elsewhere, &saved).err();
    story.note("foreign", matches!(foreign, Some(EngineFault::Saved(_))));
    groups[0].lose_path();
    story.note("blind", load(&groups[0].save().unwrap()).err());
}

fn a_path_is_unreadable<E: Tried>(story: &mut Story) {
    let mut groups = members::<E>(4);
    groups[1].lose_path();
    let plan = CommitPlan { state: Some(b"state 1"), ..removing(&[3]) };
    let built = groups[0].build(&plan).unwrap();
    story.stage("to one", &mut groups[1], &built.message);
    let renamed = groups[2].build(&renaming(b"renamed")).unwrap();
    story.stage("a rename to one", &mut groups[1], &renamed.message);
    let adds = [knocker::<E>(9).key_package().to_vec()];
    let pathless = groups[3].build(&adding(&adds, &link())).unwrap();
    story.stage("what has no path", &mut groups[1], &pathless.message);
    story.compare(&groups);
}

fn plans_that_are_none<E: Tried>(story: &mut Story) {
    let mut groups = members::<E>(2);
    let again = E::joiner(&entropy(77), Profile::Standard, &stay(2)).unwrap();
    let adds = [again.key_package().to_vec()];
    let (link, other) = (link(), Secret::filled(|bytes| *bytes = [0x44; 32]));
    let unknown = PskId::Invite(InviteId::new([0x55; 16]));
    let fresh = [knocker::<E>(9).key_package().to_vec()];
    for plan in [
        removing(&[0]),
        removing(&[1, 1]),
        removing(&[9]),
        adding(&adds, &link),
        adding(&fresh, &other),
        CommitPlan { psk: Some((unknown, &link)), ..adding(&fresh, &link) },
        CommitPlan { adds: &fresh, ..CommitPlan::default() },
        CommitPlan { psk: Some((INVITE, &link)), ..CommitPlan::default() },
        adding(&[b"no key package".to_vec()], &link),
    ] {
        story.note("a bad plan", groups[0].build(&plan).err());
    }
    story.compare(&groups);
    let fine = groups[0].build(&CommitPlan { path: true, ..adding(&fresh, &link) }).unwrap();
    groups[1].set_psks(&[]).unwrap();
    story.stage("a PSK that is not live here", &mut groups[1], &fine.message);
    groups[1].set_psks(&[(INVITE, &other)]).unwrap();
    story.stage("another secret of it", &mut groups[1], &fine.message);
    groups[1].set_psks(&[(INVITE, &link)]).unwrap();
    story.merge("an Add with a path", &mut groups, &fine.message);
}

fn names_change<E: Tried>(story: &mut Story) {
    let mut groups = members::<E>(3);
    let plans = [
        renaming(b"renamed"),
        renewing(),
        CommitPlan { state: Some(b"state 1"), ..renewing() },
        CommitPlan { state: Some(b"state 2"), ..renaming(b"again") },
        renaming(b"again"),
    ];
    for plan in plans {
        let built = groups[1].build(&plan).unwrap();
        story.merge("a rename or none", &mut groups, &built.message);
    }
    let joiner = knocker::<E>(9);
    let adds = [joiner.key_package().to_vec()];
    let built = groups[1].build(&adding(&adds, &link())).unwrap();
    story.merge("the renamed one adds", &mut groups, &built.message);
    groups.push(enter(&joiner, &built));
    story.compare(&groups);
}

fn what_is_no_commit_of_this_group<E: Tried>(story: &mut Story) {
    let mut groups = members::<E>(3);
    let joiner = knocker::<E>(9);
    let adds = [joiner.key_package().to_vec()];
    let built = groups[0].build(&adding(&adds, &link())).unwrap();
    let mut tag = built.message.clone();
    *tag.last_mut().unwrap() ^= 1;
    let trailing = [&built.message[..], &[0]].concat();
    let welcome = &built.welcome.as_ref().unwrap().welcome;
    for bytes in [&tag[..], &trailing, welcome, joiner.key_package(), &[]] {
        story.stage("not a commit", &mut groups[1], bytes);
        story.stage("nor to its author", &mut groups[0], bytes);
    }
    let elsewhere = MeetingId::new([0x12; 16]);
    let mut other = E::create(&entropy(5), Profile::Standard, &stay(5), &elsewhere, STATE).unwrap();
    let foreign = other.build(&renewing()).unwrap().message;
    story.stage("of another group", &mut groups[1], &foreign);
    // Epochs later and earlier than one's own.
    for _ in 0..2 {
        groups[0].drop_pending().unwrap();
        let next = groups[0].build(&renewing()).unwrap().message;
        story.merge("the others go on", &mut groups[..2], &next);
    }
    let ahead = groups[0].build(&renewing()).unwrap().message;
    story.stage("too early", &mut groups[2], &ahead);
    let behind = groups[2].build(&renewing()).unwrap().message;
    story.stage("too late", &mut groups[0], &behind);
}

fn welcomes<E: Tried>(story: &mut Story) {
    let mut group = begin::<E>();
    let (joiner, stranger) = (knocker::<E>(2), knocker::<E>(3));
    let adds = [joiner.key_package().to_vec()];
    let built = group.build(&adding(&adds, &link())).unwrap();
    let BuiltWelcome { welcome, tree, tree_secret } = built.welcome.as_ref().unwrap();
    let (secret, other) = (link(), Secret::filled(|bytes| *bytes = [0x44; 32]));
    let psk = (INVITE, &secret);
    let addressed = [joiner.addressed(welcome), stranger.addressed(welcome)];
    story.note("addressed", (addressed, joiner.addressed(&built.message)));
    story.note(
        "the tree's secret",
        tree_secret_of(&joiner, welcome, psk).as_ref() == Ok(tree_secret),
    );
    let trailing = [&welcome[..], &[0]].concat();
    let (elsewhere, unknown) =
        (MeetingId::new([0x12; 16]), PskId::Invite(InviteId::new([0x55; 16])));
    for (meeting, welcome, tree, psk) in [
        (&MEETING, &trailing, tree, psk),
        (&MEETING, &built.message, tree, psk),
        (&MEETING, welcome, &b"no tree".to_vec(), psk),
        (&MEETING, welcome, tree, (INVITE, &other)),
        (&MEETING, welcome, tree, (unknown, &secret)),
        (&elsewhere, welcome, tree, psk),
    ] {
        story.note("refused", open_and_join(&joiner, meeting, welcome, tree, psk).err());
        story.note("and its secret", tree_secret_of(&joiner, welcome, psk).err());
    }
    story.note("of others", open_and_join(&stranger, &MEETING, welcome, tree, psk).err());
    let mut tampered = tree.clone();
    *tampered.last_mut().unwrap() ^= 1;
    story.note("another tree", open_and_join(&joiner, &MEETING, welcome, &tampered, psk).is_err());
    let mut tampered = welcome.clone();
    *tampered.last_mut().unwrap() ^= 1;
    story.note("tampered with", open_and_join(&joiner, &MEETING, &tampered, tree, psk).is_err());
    let mut groups = vec![group];
    story.merge("its commit", &mut groups, &built.message);
    groups.extend([enter(&joiner, &built), enter(&joiner, &built)]);
    story.compare(&groups);
}

fn limits<E: Tried>(story: &mut Story) {
    let mut bytes = knocker::<E>(2).key_package().to_vec();
    let facts = E::inspect_key_package(Profile::Standard, &bytes).unwrap();
    story.note("a key package", (facts.credential, facts.signature_key));
    *bytes.last_mut().unwrap() ^= 1;
    story.note("tampered with", E::inspect_key_package(Profile::Standard, &bytes).err());
    bytes.push(0);
    story.note("trailing", E::inspect_key_package(Profile::Standard, &bytes).err());
    let group = begin::<E>();
    story.note("a long export", group.export("label", b"", 8_160).unwrap().len());
    for length in [8_161, 70_000] {
        story.note("too long", group.export("label", b"", length).err());
    }
    let exports = [("a", &b"x"[..]), ("a", b"y"), ("b", b"x")];
    let exports = exports.map(|(label, context)| group.export(label, context, 32).unwrap());
    story.note("apart", (exports[0] != exports[1], exports[0] != exports[2]));
    story.note("signs", group.sign(b"event") == create(1).sign(b"event"));
}

/// A scenario and its name.
type Scenario = (&'static str, fn(&mut Story));

/// All scenarios, and what one engine makes of them.
fn stories<E: Tried>() -> Vec<(&'static str, Vec<String>)> {
    let scenarios: [Scenario; 10] = [
        ("people come and go", people_come_and_go::<E>),
        ("one of two commits wins", one_of_two_commits_wins::<E>),
        ("one's own commit comes back", ones_own_commit_comes_back::<E>),
        ("a group is saved", a_group_is_saved::<E>),
        ("a path is unreadable", a_path_is_unreadable::<E>),
        ("plans that are none", plans_that_are_none::<E>),
        ("names change", names_change::<E>),
        ("what is no commit of this group", what_is_no_commit_of_this_group::<E>),
        ("welcomes", welcomes::<E>),
        ("limits", limits::<E>),
    ];
    let tell = |(name, scenario): Scenario| {
        let mut story = Story::default();
        scenario(&mut story);
        (name, story.0)
    };
    scenarios.into_iter().map(tell).collect()
}

#[test]
fn the_symbolic_engine_does_what_the_real_one_does() {
    let (real, symbolic) = (stories::<Group>(), stories::<Symbolic>());
    let mut differs = 0;
    for ((name, real), (_, symbolic)) in real.iter().zip(&symbolic) {
        assert_eq!(real.len(), symbolic.len(), "{name}");
        for (real, symbolic) in real.iter().zip(symbolic).filter(|(real, other)| real != other) {
            eprintln!("{name}\n  real     {real}\n  symbolic {symbolic}");
            differs += 1;
        }
    }
    assert_eq!(differs, 0);
    assert!(real.iter().map(|(_, story)| story.len()).sum::<usize>() > 150);
}
