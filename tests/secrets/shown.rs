//! Nothing that the library shows carries a key: no `Debug`, no error, no line of a log.

use std::any::type_name;
use std::collections::{BTreeSet, HashSet};
use std::fmt::{Debug, Display};
use std::sync::{LazyLock, Mutex};

use incamera::wire::{Envelope, Knock, KnockAnswer, SealedBlob};
use incamera::{Meeting, Profile, testing};

use crate::finder::Finder;
use crate::scene::{self, Scene};

/// What was shown of one meeting, and every key that was in it.
#[derive(Default)]
struct Gallery {
    texts: HashSet<String>,
    types: BTreeSet<&'static str>,
    finder: Finder,
    /// How much of the log, the lobby, the mailboxes and each client's events was shown.
    seen: (usize, usize, usize),
    events: Vec<usize>,
    looks: usize,
}

impl Gallery {
    fn show<T: Debug>(&mut self, shown: &T) {
        self.types.insert(short_name(type_name::<T>()));
        self.texts.insert(format!("{shown:?}\n{shown:#?}"));
    }

    fn show_all<T: Debug>(&mut self, shown: impl IntoIterator<Item = T>) {
        shown.into_iter().for_each(|shown| self.show(&shown));
    }

    fn say<T: Debug + Display>(&mut self, said: &T) {
        self.show(said);
        self.texts.insert(said.to_string());
    }

    fn look(&mut self, scene: &mut Scene) {
        for (of, text) in scene.said.drain(..) {
            self.types.insert(short_name(of));
            self.texts.insert(text);
        }
        let world = &scene.world;
        let seen = (world.log.len(), world.lobby.len(), world.directs.len());
        self.looks += 1;
        // Keys come and go with messages, and a few by the clock.
        if seen == self.seen && !self.looks.is_multiple_of(16) {
            return;
        }
        for client in &world.clients {
            for (name, secret) in testing::exposed(&client.meeting) {
                self.finder.add(name, &secret);
            }
        }
        self.show_all(world.log[self.seen.0..].iter().map(|entry| Envelope::decode(entry)));
        self.show_all(world.lobby[self.seen.1..].iter().map(|knock| Knock::decode(knock)));
        let answers = world.directs[self.seen.2..].iter();
        self.show_all(answers.map(|(_, answer)| KnockAnswer::decode(answer)));
        self.seen = seen;
        self.show_all(world.blobs.values().map(|blob| SealedBlob::decode(blob)));
        self.show_all(&scene.sealers);
        self.show_all(&scene.receivers);
        for (who, client) in world.clients.iter().enumerate() {
            self.events.resize(self.events.len().max(who + 1), 0);
            self.show_all(&client.events[self.events[who]..]);
            self.events[who] = client.events.len();
            self.look_at(&client.meeting);
        }
    }

    fn look_at(&mut self, meeting: &Meeting) {
        self.show(meeting);
        self.show(&meeting.hello());
        self.show_all(meeting.roster());
        self.show_all(meeting.contacts());
        self.show_all(meeting.invites());
        self.show_all(meeting.rules());
        self.show_all(meeting.safety_code());
        if let Err(error) = meeting.safety_code() {
            self.say(&error);
        }
    }

    /// What shows a key, by the key's name.
    fn faults(&self) -> Vec<String> {
        let shows = |text: &&String| self.finder.in_text(text);
        let fault = |text: &String| Some(format!("{} in {text}", shows(&text)?));
        self.texts.iter().filter_map(fault).collect()
    }
}

/// The last part of a type's name, without what it is of.
fn short_name(name: &'static str) -> &'static str {
    let name = name.trim_start_matches('&');
    let name = name.split_once('<').map_or(name, |(outer, _)| outer);
    name.rsplit("::").next().unwrap_or(name)
}

fn gallery(profile: Profile, seed: u8) -> Gallery {
    let mut gallery = Gallery::default();
    gallery.finder.add("the key of snapshots", &scene::snapshot_key(seed));
    scene::play(profile, seed, true, &mut |scene| gallery.look(scene));
    gallery
}

/// What the crate gives out and the meeting shows.
const SHOWN: [&str; 17] = [
    "Contact",
    "Error",
    "Event",
    "FrameError",
    "Identity",
    "Invite",
    "InviteOptions",
    "LiveInvite",
    "Meeting",
    "Opened",
    "Participant",
    "Receiver",
    "RestoreError",
    "Rules",
    "SafetyCode",
    "Sealer",
    "Settings",
];

/// What the crate gives out beside: each holds names, numbers, choices, public keys or sealed bytes, and
/// nothing that is in it could be a key. A new type belongs here or in the list above.
const PLAIN: [&str; 55] = [
    "Advice",
    "Alarm",
    "AnnouncedFraming",
    "AnnouncedTrack",
    "Applicant",
    "Codec",
    "CodecError",
    "Culprit",
    "DenyReason",
    "Destination",
    "Door",
    "Expected",
    "Fault",
    "FileStore",
    "Fingerprint",
    "Framing",
    "IdentityHook",
    "Input",
    "InviteId",
    "KnockId",
    "Label",
    "Layer",
    "MemberId",
    "Message",
    "Now",
    "Output",
    "PadTo",
    "Padding",
    "PayloadOrigin",
    "Profile",
    "Proof",
    "ProvedRelay",
    "RelayChallenge",
    "RelayEntry",
    "RelayProof",
    "Released",
    "Resync",
    "Right",
    "Rights",
    "Role",
    "RoleRights",
    "RtpDrops",
    "RtpError",
    "RtpFragment",
    "RtpFragmenter",
    "RtpFrame",
    "RtpHeader",
    "RtpReassembler",
    "Rule",
    "Source",
    "StoreError",
    "Track",
    "TrackKind",
    "TrackKinds",
    "wire",
];

/// The names in the crate's lists of what it gives out.
fn given_out(root: &str) -> BTreeSet<&str> {
    let lists = root.split("pub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    let words = lists.flat_map(|list| list.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let types = words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
    types.chain(["wire"]).collect()
}

#[test]
fn every_type_that_the_crate_gives_out_is_looked_at() {
    let listed: BTreeSet<&str> = SHOWN.into_iter().chain(PLAIN).collect();
    assert_eq!(listed.len(), SHOWN.len() + PLAIN.len());
    assert_eq!(given_out(include_str!("../../src/lib.rs")), listed);
}

#[test]
fn nothing_that_is_shown_of_a_whole_meeting_carries_a_key() {
    for (profile, seed) in [(Profile::Standard, 1), (Profile::Portable, 2)] {
        let gallery = gallery(profile, seed);
        println!("{profile:?}: {} keys, {} texts", gallery.finder.len(), gallery.texts.len());
        assert!(gallery.finder.len() > 300, "{}", gallery.finder.len());
        assert!(gallery.texts.len() > 500, "{}", gallery.texts.len());
        let missing: Vec<_> = SHOWN.iter().filter(|name| !gallery.types.contains(*name)).collect();
        assert!(missing.is_empty(), "never shown: {missing:?}");
        let faults = gallery.faults();
        assert!(faults.is_empty(), "seed {seed}: {} texts\n{}", faults.len(), faults[0]);
    }
}

/// Keeps every line that the libraries below write, at every level.
struct Lines(LazyLock<Mutex<HashSet<String>>>);

static LINES: Lines = Lines(LazyLock::new(Mutex::default));

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap().insert(line);
    }

    fn flush(&self) {}
}

#[test]
fn no_line_at_any_level_carries_a_key() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let gallery = gallery(Profile::Standard, 3);
    log::set_max_level(log::LevelFilter::Off);
    let lines = std::mem::take(&mut *LINES.0.lock().unwrap());
    println!("{} lines, {} bytes", lines.len(), lines.iter().map(String::len).sum::<usize>());
    // The lines at trace are left out of the build (Cargo.toml): they would show the state.
    assert!(lines.len() > 10, "{}", lines.len());
    let faults = lines.iter().filter_map(|line| Some((gallery.finder.in_text(line)?, line)));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{} lines\n{:?}", faults.len(), faults[0]);
}
