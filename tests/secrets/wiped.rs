//! No block of the heap that is given back holds a key, and nowhere in the process is a key whose time is
//! over. The second run is a process of its own, which knows the keys in disguise only.
//!
//! What is looked at: every block that Rust code gives back, when it does; and at times all memory that
//! the process can write to, with what C code took and gave back. Of stacks it is counted what is left on
//! them, and no more: what a call leaves below itself no safe code can reach.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::process::Command;

use incamera::{Profile, testing};

use crate::derived;
use crate::heap::{self, Hit, Mark, Marks};
use crate::memory::{self, Kind};
use crate::scene::{self, Scene};

/// Where the second run finds the marks, and in which profile it meets.
const MARKS: &str = "INCAMERA_TEST_MARKS";
const PROFILE: &str = "INCAMERA_TEST_PROFILE";
const SEED: u8 = 4;

/// A key's name, and when it was held first and last, in looks.
struct Life {
    name: &'static str,
    last: usize,
}

/// Plays the meeting, and shows it at every look with the look's number; gives a digest of the log.
fn play(profile: Profile, mut look: impl FnMut(&mut Scene, usize)) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let (mut looks, mut hash, mut read) = (0, DefaultHasher::new(), 0);
    scene::play(profile, SEED, false, &mut |scene| {
        look(scene, looks);
        looks += 1;
        scene.world.log[read..].hash(&mut hash);
        read = scene.world.log.len();
    });
    hash.finish()
}

/// The first run: every key with its life, and the digest of the log.
fn lives(profile: Profile) -> (HashMap<Vec<u8>, Life>, u64) {
    let mut lives = HashMap::new();
    let digest = play(profile, |scene, look| {
        for client in &scene.world.clients {
            for (name, key) in testing::exposed(&client.meeting) {
                lives.entry(key).or_insert(Life { name, last: look }).last = look;
            }
        }
    });
    let senders = lives.iter().filter(|(_, life)| life.name == "a sender's key");
    let made = senders.flat_map(|(key, &Life { last, .. })| {
        let made = derived::of_a_senders_key(key);
        made.into_iter().map(move |(name, piece)| (piece, Life { name, last }))
    });
    let made: Vec<_> = made.collect();
    for (piece, life) in made {
        lives.entry(piece).or_insert(life);
    }
    let name = "the key of snapshots";
    lives.insert(scene::snapshot_key(SEED).to_vec(), Life { name, last: usize::MAX });
    // A product has no seed, and a tag of CPace is no secret once it is sent.
    lives.retain(|_, life| !["the seed", "a tag of CPace"].contains(&life.name));
    (lives, digest)
}

/// The marks of all keys, one a line.
fn written(lives: &HashMap<Vec<u8>, Life>) -> String {
    let mut lines = String::new();
    for (key, life) in lives {
        for [low, high] in heap::disguised(key) {
            writeln!(lines, "{low} {high} {} {}", life.last, life.name).unwrap();
        }
    }
    lines
}

fn read(lines: &str) -> Vec<Mark> {
    let mark = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap().to_owned();
        let halves = [word(), word()].map(|half| half.parse().unwrap());
        Mark { halves, last: word().parse().unwrap(), name: word() }
    };
    lines.lines().map(mark).collect()
}

#[test]
fn no_key_is_in_memory_that_is_given_back_or_outlives_its_time() {
    both_runs(Profile::Standard);
}

#[test]
#[ignore = "takes a minute more: cargo test --test secrets -- --include-ignored"]
fn nor_is_one_in_the_other_profiles() {
    both_runs(Profile::Portable);
    both_runs(Profile::PostQuantum);
}

fn both_runs(profile: Profile) {
    let (lives, digest) = lives(profile);
    assert!(lives.len() > 300, "{}", lives.len());
    let count = |of: &str| lives.values().filter(|life| life.name == of).count();
    for name in ["a private key of the engine", "a sender's key", "a sender's salt"] {
        assert!(count(name) > 20, "{name}: {}", count(name));
    }
    let name = format!("marks of {profile:?}");
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, written(&lives)).unwrap();
    let mut second = Command::new(std::env::current_exe().unwrap());
    second.args(["--exact", "wiped::the_second_run", "--ignored", "--nocapture"]);
    let out = second.env(MARKS, &path).env(PROFILE, profile.number().to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    let complained = String::from_utf8_lossy(&out.stderr);
    println!("{said}");
    assert!(said.contains(&format!("log {digest}")), "both runs are one\n{said}\n{complained}");
    assert!(out.status.success(), "{complained}");
}

/// Keys that were found after their time, by name, and how often.
#[derive(Debug, Default)]
struct Late {
    looks: usize,
    bytes: usize,
    elsewhere: BTreeMap<String, usize>,
    on_stacks: BTreeMap<String, usize>,
}

impl Late {
    /// Looks for what nobody holds any more at this look.
    fn search(&mut self, marks: &Marks, look: usize) {
        self.looks += 1;
        memory::show(heap::PROBE - 1, |kind, bytes| {
            self.bytes += bytes.len();
            let found = if kind == Kind::Stack { &mut self.on_stacks } else { &mut self.elsewhere };
            marks.in_bytes(bytes, |_, mark| {
                if mark.last < look {
                    *found.entry(mark.name.clone()).or_default() += 1;
                }
            });
        });
    }
}

/// Of these the engine gives copies back that it has not wiped: it takes the GroupContext, which holds the
/// state, for something public. Of its own keys, and of all others, it wipes every copy.
const IN_THE_STATE: [&str; 6] = [
    "a heartbeat key",
    "a link secret",
    "a lobby's private key",
    "a resync key",
    "a resync key's private key",
    "the passcode",
];

/// The functions that lead to a hit, the innermost first, without those of libraries that do it for others.
/// What drops a value of the engine's counts as the engine's.
fn way(hit: &Hit) -> Vec<String> {
    let others =
        ["core::", "alloc::", "std::", "hashbrown::", "secrets::heap", "__rust", "<&A as "];
    let is_others = |name: &str| {
        let name = name.trim_start_matches('<');
        others.iter().any(|start| name.starts_with(start.trim_start_matches('<')))
    };
    let shown = hit.by.to_string();
    let names = shown.lines().filter_map(|line| Some(line.trim().split_once(": ")?.1));
    let named = names.filter_map(|name| match name.strip_prefix("core::ptr::drop_in_place<") {
        Some(dropped) if dropped.contains("openmls::") => {
            Some(format!("openmls: a drop of {}", dropped.trim_end_matches('>')))
        }
        _ => (!is_others(name)).then(|| name.to_owned()),
    });
    named.take(6).collect()
}

fn is_the_engines(way: &[String]) -> bool {
    let mut engine = vec!["openmls", "tls_codec"];
    // With optimisation what drops a value of the engine's has no name of its own.
    if !cfg!(debug_assertions) {
        engine.push("incamera::mls::");
    }
    let first = way.first().map(|first| first.trim_start_matches('<'));
    first.is_some_and(|first| engine.iter().any(|start| first.starts_with(start)))
}

/// How often each key was given back in each way: the engine's ways, as far as they are excepted, and
/// all others.
fn ways(hits: &[Hit]) -> [BTreeMap<String, usize>; 2] {
    let [mut engine, mut others] = [BTreeMap::new(), BTreeMap::new()];
    for hit in hits {
        let way = way(hit);
        if is_the_engines(&way) && IN_THE_STATE.contains(&&*hit.name) {
            *engine.entry(way[0].clone()).or_default() += 1;
        } else {
            let place = format!("{} in {} bytes by {}", hit.name, hit.size, way.join("\n    by "));
            *others.entry(place).or_default() += 1;
        }
    }
    [engine, others]
}

#[test]
#[ignore = "the test above starts it"]
fn the_second_run() {
    let (Ok(path), Ok(profile)) = (std::env::var(MARKS), std::env::var(PROFILE)) else { return };
    let profile = Profile::from_number(profile.parse().unwrap()).unwrap();
    let marks = heap::arm(read(&std::fs::read_to_string(path).unwrap()));
    let mut late = Late::default();
    let digest = play(profile, |_, look| {
        if look % 64 == 63 {
            heap::unwatched(|| late.search(marks, look));
        }
    });
    heap::unwatched(|| late.search(marks, usize::MAX));
    heap::unwatched(|| {
        let [engine, others] = ways(&heap::hits());
        println!("log {digest}");
        println!("{} looks at {} MB each", late.looks, late.bytes / late.looks / 1_000_000);
        println!("left on stacks: {:#?}", late.on_stacks);
        println!("given back by the engine: {engine:#?}");
        println!("left by the engine: {:#?}", late.elsewhere);
        late.elsewhere.retain(|name, _| !IN_THE_STATE.contains(&name.as_str()));
        assert!(
            others.is_empty() && late.elsewhere.is_empty(),
            "given back with a key in it: {others:#?}\nkept beyond its time: {:#?}",
            late.elsewhere
        );
    });
}
