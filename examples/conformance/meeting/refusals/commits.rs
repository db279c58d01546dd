//! Commits of members who have their genuine keys and ask no rule.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, HostileCommit};
use incamera::wire::{CommitNote, Envelope, EnvelopeKind, EventKind, LeafCredential, SignedEvent};
use incamera::{Door, Role, TrackKind, TrackKinds};

use super::super::hostile::{self, Entry, Stranger, Word, note, plan};
use super::super::live::{Live, Who};
use super::room::*;
use super::{Cases, entry};

pub(super) fn add(cases: &mut Cases, live: &mut Live) {
    taken(cases, live);
    adds(cases, live);
    removals(cases, live);
    changes(cases, live);
    renames(cases, live);
    statements(cases, live);
    spoilt(cases, live);
}

fn renewal() -> HostileCommit {
    HostileCommit { path: true, ..plan() }
}

fn adding(live: &Live, who: Who, strangers: &[Stranger]) -> HostileCommit {
    let adds = strangers.iter().map(|stranger| stranger.key_package(live)).collect();
    HostileCommit { adds, psk: hostile::psk(live, who), ..plan() }
}

/// One of each kind that is taken.
fn taken(cases: &mut Cases, live: &mut Live) {
    let (dan, finn) = (live.leaf(DAN), Stranger::new(70));
    let add = adding(live, CLEO, &[finn]);
    let removal =
        HostileCommit { removes: vec![dan], state: without(live, CLEO, &[dan]), ..plan() };
    let mut locked = hostile::state(live, CLEO);
    locked.door = Door::Locked;
    let leave = Word::of(live, BEN, EventKind::Leave).sign(live, BEN).encode();
    let departure = HostileCommit {
        removes: vec![live.leaf(BEN)],
        note: CommitNote { departures: vec![leave], ..CommitNote::default() }.encode(),
        ..plan()
    };
    let own = HostileCommit { removes: vec![live.leaf(BENS_OTHER)], ..plan() };
    let commits: [(&str, &'static [&'static str], Who, HostileCommit); 6] = [
        ("a commit that adds", &["G7", "G8"], CLEO, add),
        ("a commit that removes", &["G8", "G9"], CLEO, removal),
        ("a commit that removes a leaver", &["G8"], DAN, departure),
        ("a commit that removes its author's other device", &["G27"], BEN, own),
        ("a commit that changes the state", &["G15"], CLEO, {
            HostileCommit { state: Some(locked.encode()), ..plan() }
        }),
        ("a commit that renews", &["G23"], BEN, renewal()),
    ];
    for (name, must, who, commit) in commits {
        let bytes = hostile::committed(live, who, &commit);
        cases.takes(SCENE, name, must, vec![entry(&bytes)]);
    }
}

type Wrong = (&'static str, &'static [&'static str], &'static str, Who, HostileCommit);

fn all(cases: &mut Cases, live: &mut Live, wrong: Vec<Wrong>) {
    for (name, must, why, who, commit) in wrong {
        let bytes = hostile::committed(live, who, &commit);
        cases.refuses(SCENE, (name, must, why), vec![entry(&bytes)]);
    }
}

fn adds(cases: &mut Cases, live: &mut Live) {
    let elsewhere = incamera::wire::MeetingId::new([9; 16]);
    let foreign = Stranger { meeting: Some(elsewhere), ..Stranger::new(71) };
    let twin = Stranger { stay: live.member(DAN), ..Stranger::new(72) };
    let dead = Some(hostile::psk_of(false, [9; 32]));
    let mut second = hostile::psk(live, ADA).unwrap();
    second.secret = *hostile::state(live, ADA).invites[1].secret.expose();
    let mut opened = hostile::state(live, ADA);
    opened.door = Door::Open;
    let one = || vec![Stranger::new(70)];
    let wrong: Vec<Wrong> = vec![
        (
            "a commit that adds without the right",
            &["G8", "G2"],
            "Refused(MissingRight(Admit))",
            BEN,
            { adding(live, BEN, &one()) },
        ),
        (
            "a commit that adds somebody certified for another meeting",
            &["I2", "G6"],
            "Refused(Certificate)",
            ADA,
            { adding(live, ADA, &[foreign]) },
        ),
        ("a commit that adds somebody banned", &["G6"], "Refused(Banned)", ADA, {
            adding(live, ADA, &[Stranger::new(BANNED)])
        }),
        ("a commit that adds a stay which is here", &["G6"], "Refused(Duplicate)", ADA, {
            adding(live, ADA, &[twin])
        }),
        (
            "a commit that adds under an invite which is none",
            &["G7"],
            "InvalidCommit(\"a PSK of no live invite\")",
            ADA,
            { HostileCommit { psk: dead, ..adding(live, ADA, &one()) } },
        ),
        (
            "a commit that adds under another invite's secret",
            &["G7", "G2"],
            "InvalidCommit(\"the confirmation tag\")",
            ADA,
            { HostileCommit { psk: Some(second), ..adding(live, ADA, &one()) } },
        ),
        ("a commit that adds under a resync key", &["G7"], "Refused(Psk)", ADA, {
            HostileCommit { psk: hostile::resync_psk(live, ADA), ..adding(live, ADA, &one()) }
        }),
        ("a commit that adds and sets a state", &["G9", "G4"], "Refused(State", ADA, {
            HostileCommit { state: Some(opened.encode()), ..adding(live, ADA, &one()) }
        }),
        ("a commit that adds and removes", &["G4"], "Refused(Mixed)", ADA, {
            HostileCommit { removes: vec![live.leaf(DAN)], ..adding(live, ADA, &one()) }
        }),
    ];
    all(cases, live, wrong);
}

fn removals(cases: &mut Cases, live: &mut Live) {
    let [dan, ben] = [live.leaf(DAN), live.leaf(BEN)];
    let removal = |live: &Live, who: Who, leaf: u32| HostileCommit {
        removes: vec![leaf],
        state: without(live, who, &[leaf]),
        ..plan()
    };
    let mut promoted = removal(live, CLEO, dan);
    let mut state = incamera::wire::GroupState::decode(&promoted.state.unwrap()).unwrap();
    hostile::entry(&mut state, live.fingerprint(CLEO)).role = Role::Host;
    promoted.state = Some(state.encode());
    let forged = {
        let mut leave = Word::of(live, DAN, EventKind::Leave).sign(live, DAN);
        leave.signature[0] ^= 1;
        CommitNote { departures: vec![leave.encode()], ..CommitNote::default() }.encode()
    };
    let no_leave = {
        let said = Word::of(live, DAN, EventKind::Hand { raised: true }).sign(live, DAN);
        CommitNote { departures: vec![said.encode()], ..CommitNote::default() }.encode()
    };
    let wrong: Vec<Wrong> = vec![
        (
            "a commit that removes without the right",
            &["G8", "G2"],
            "Refused(MissingRight(Remove))",
            BEN,
            { removal(live, BEN, dan) },
        ),
        ("a commit that removes a host", &["G15"], "Refused(Outranked)", CLEO, {
            removal(live, CLEO, live.leaf(ADA))
        }),
        ("a commit that removes one of two devices", &["G8"], "Refused(PartialRemoval)", CLEO, {
            HostileCommit { removes: vec![ben], ..plan() }
        }),
        ("a commit that removes and promotes its author", &["G9"], "Refused(State", CLEO, promoted),
        ("a commit that removes without a state", &["G9"], "Refused(State", CLEO, {
            HostileCommit { removes: vec![dan], ..plan() }
        }),
        (
            "a commit with a leave that its leaver did not sign",
            &["G8", "G11"],
            "Refused(Evidence)",
            BEN,
            { HostileCommit { removes: vec![dan], note: forged, ..plan() } },
        ),
        ("a commit with evidence that is no leave", &["G8"], "Refused(Evidence)", BEN, {
            HostileCommit { removes: vec![dan], note: no_leave, ..plan() }
        }),
    ];
    all(cases, live, wrong);
}

fn changes(cases: &mut Cases, live: &mut Live) {
    let [ben, dan] = [live.fingerprint(BEN), live.fingerprint(DAN)];
    let camera = TrackKinds::of(&[TrackKind::Camera]);
    let state = |live: &Live, change: &dyn Fn(&mut incamera::wire::GroupState)| {
        let mut state = hostile::state(live, BEN);
        change(&mut state);
        HostileCommit { state: Some(state.encode()), ..plan() }
    };
    let malformed = {
        let mut bytes = hostile::state(live, ADA).encode();
        bytes.push(0);
        HostileCommit { state: Some(bytes), ..plan() }
    };
    let wrong: Vec<Wrong> = vec![
        (
            "a commit by which its author makes itself host",
            &["G15", "G2"],
            "Refused(MissingRight(SetRights))",
            BEN,
            { state(live, &|state| hostile::entry(state, ben).role = Role::Host) },
        ),
        (
            "a commit by which an attendee mutes somebody",
            &["G15"],
            "Refused(MissingRight(MuteOthers))",
            BEN,
            { state(live, &|state| hostile::entry(state, dan).muted = camera) },
        ),
        (
            "a commit by which an attendee opens the door",
            &["G15"],
            "Refused(MissingRight(Lock))",
            BEN,
            { state(live, &|state| state.door = Door::Open) },
        ),
        ("a commit to a state that contradicts itself", &["G22"], "Refused(Inconsistent", ADA, {
            state(live, &|state| state.succession.push(ben))
        }),
        ("a commit to the same state", &["G15"], "Refused(Empty)", ADA, state(live, &|_| ())),
        ("a commit to a state that does not decode", &["W5"], "Malformed", ADA, malformed),
    ];
    all(cases, live, wrong);
}

fn renames(cases: &mut Cases, live: &mut Live) {
    let credential = |live: &Live, who: Who, change: &dyn Fn(&mut LeafCredential)| {
        let mut credential = live.credential(who);
        change(&mut credential);
        Some(credential.encode())
    };
    let renamed = |name: &'static str| move |it: &mut LeafCredential| it.name = name.to_owned();
    let by = |rename| HostileCommit { rename, ..plan() };
    let mut opened = hostile::state(live, ADA);
    opened.door = Door::Open;
    let good = by(credential(live, BEN, &renamed("Benjamin")));
    let bytes = hostile::committed(live, BEN, &good);
    cases.takes(SCENE, "a commit that renames", &["G21"], vec![entry(&bytes)]);
    let wrong: Vec<Wrong> = vec![
        (
            "a commit that renames without the right",
            &["G21", "G18"],
            "Refused(MissingRight(RenameSelf))",
            DAN,
            { by(credential(live, DAN, &renamed("Daniel"))) },
        ),
        ("a commit that renames to a mark of direction", &["G21", "I3"], "Refused(Rename)", BEN, {
            by(credential(live, BEN, &renamed("Be\u{202e}n")))
        }),
        ("a commit that changes the direct key as well", &["G21"], "Refused(Rename)", BEN, {
            by(credential(live, BEN, &|it| it.direct_key = [9; 32]))
        }),
        (
            "a commit that puts another's credential into its leaf",
            &["G21", "I2"],
            "Refused(Rename)",
            BEN,
            { by(credential(live, CLEO, &|_| ())) },
        ),
        ("a commit that renames and opens the door", &["G4", "G21"], "Refused(Mixed)", ADA, {
            let rename = credential(live, ADA, &renamed("Eda"));
            HostileCommit { rename, state: Some(opened.encode()), ..plan() }
        }),
    ];
    all(cases, live, wrong);
}

/// Words about silent hosts.
fn statements(cases: &mut Cases, live: &mut Live) {
    let mut hosts = vec![live.fingerprint(ADA), live.fingerprint(OLGA)];
    hosts.sort();
    let word = |live: &Live, who: Who, change: &dyn Fn(&mut Word)| -> SignedEvent {
        let mut word = Word::of(live, who, EventKind::HostSilent { hosts: hosts.clone() });
        change(&mut word);
        word.sign(live, who)
    };
    let replaced = {
        let state = hostile::state(live, CLEO);
        let roster = roster(live);
        let cleo = roster.iter().find(|it| it.leaf == live.leaf(CLEO)).unwrap();
        testing::replaced(&state, &roster, cleo).unwrap().encode()
    };
    let by = |statements: Vec<SignedEvent>| HostileCommit {
        note: CommitNote {
            statements: statements.iter().map(SignedEvent::encode).collect(),
            ..CommitNote::default()
        }
        .encode(),
        state: Some(replaced.clone()),
        ..plan()
    };
    let good = by(vec![word(live, CLEO, &|_| ())]);
    let bytes = hostile::committed(live, CLEO, &good);
    cases.takes(SCENE, "a commit that replaces silent hosts", &["G17"], vec![entry(&bytes)]);
    let mut spoilt = word(live, CLEO, &|_| ());
    spoilt.signature[0] ^= 1;
    let why = "Refused(Statements";
    let wrong: Vec<Wrong> = vec![
        (
            "a replacement on a word that was not signed",
            &["G17", "G11"],
            why,
            CLEO,
            by(vec![spoilt]),
        ),
        ("a replacement on a word of another epoch", &["G17"], why, CLEO, {
            by(vec![word(live, CLEO, &|it| it.epoch -= 1)])
        }),
        ("a replacement on the word of an attendee", &["G17"], why, CLEO, {
            by(vec![word(live, BEN, &|_| ())])
        }),
        ("a replacement by an attendee", &["G17"], why, BEN, by(vec![word(live, CLEO, &|_| ())])),
        ("a replacement on a word that says something else", &["G17"], why, CLEO, {
            by(vec![Word::of(live, CLEO, EventKind::Leave).sign(live, CLEO)])
        }),
    ];
    all(cases, live, wrong);
}

/// Commits that are none any more.
#[allow(clippy::too_many_lines, reason = "a table")]
fn spoilt(cases: &mut Cases, live: &mut Live) {
    let genuine = testing::build_hostile(live.rogue(BEN), &renewal()).unwrap().message;
    let seal = |bytes: &[u8]| Entry::default().seal(live, BEN, EnvelopeKind::Handshake, bytes);
    let edited = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = genuine.clone();
        edit(&mut bytes);
        seal(&bytes)
    };
    let len = genuine.len();
    let invalid = |what: &str| format!("InvalidCommit(\"{what}\")");
    let ahead = Entry { epoch: live.meeting(BEN).epoch().map(|it| it + 1), ..Entry::default() };
    let put_on = {
        let mut entry = Envelope::decode(&seal(&genuine)).unwrap();
        let tree = incamera::wire::BlobHash::new([1; 32]);
        entry.welcome = Some(incamera::wire::WelcomeNote { welcome: vec![1], tree });
        entry.encode()
    };
    // Version and format take 4 bytes, the group id 17, the epoch 8; then the sender: a member at a leaf.
    let outsider = edited(&|it| {
        it.truncate(len - 33);
        it.splice(29..34, [4]);
    });
    let wrong: Vec<(&str, &'static [&'static str], String, Vec<u8>)> = vec![
        ("a commit whose membership tag was changed", &["G2"], invalid("the membership tag"), {
            edited(&|it| it[len - 1] ^= 1)
        }),
        ("a commit whose content was changed", &["G2"], "InvalidCommit".to_owned(), {
            edited(&|it| it[len - 120] ^= 1)
        }),
        (
            "a commit of somebody who is no member",
            &["G4"],
            invalid("a commit by a non-member"),
            outsider,
        ),
        (
            "a commit with a byte behind it",
            &["G4"],
            invalid("no MLS commit"),
            edited(&|it| it.push(0)),
        ),
        (
            "a handshake that is no commit",
            &["G4"],
            invalid("no MLS commit"),
            seal(b"no MLS message"),
        ),
        ("a commit of another group", &["W8"], "OtherMeeting".to_owned(), edited(&|it| it[5] ^= 1)),
        ("a commit for an epoch to come", &["G13"], "EpochAhead".to_owned(), {
            ahead.seal(live, BEN, EnvelopeKind::Handshake, &genuine)
        }),
        ("a commit with a Welcome put on its entry", &["W6"], "Unopenable".to_owned(), put_on),
        ("a commit in an event's envelope", &["K6", "W6"], "Unopenable".to_owned(), {
            let key = Some(hostile::key(live.meeting(BEN), EnvelopeKind::Event));
            Entry { key, ..Entry::default() }.seal(live, BEN, EnvelopeKind::Handshake, &genuine)
        }),
    ];
    for (name, must, why, bytes) in wrong {
        cases.refuses(SCENE, (name, must, &why), vec![entry(&bytes)]);
    }
    let bad_note = HostileCommit { note: vec![0xff], ..renewal() };
    let bytes = hostile::committed(live, BEN, &bad_note);
    cases.refuses(
        SCENE,
        ("a commit with a note that is none", &["W2"], "Malformed"),
        vec![entry(&bytes)],
    );
    let own = hostile::committed(live, OLGA, &HostileCommit { note: note(), ..renewal() });
    let name = "a commit of the reader's own leaf that it did not make";
    cases.refuses(SCENE, (name, &["R7"], "Clone"), vec![entry(&own)]);
}
