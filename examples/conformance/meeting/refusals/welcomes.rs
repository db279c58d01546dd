//! Welcomes, trees, answers and confirmations, as a joiner sees them.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, HostileBuilt, HostileCommit, Oddity};
use incamera::wire::{
    Challenge, DenyReason, Envelope, EnvelopeKind, EventKind, KnockAnswerContent, MailboxId,
    Profile, StayId, Track, WelcomeNote,
};
use serde_json::{Value, json};

use super::super::hostile::{self, Entry, Stranger, plan};
use super::super::live::{Live, Who};
use super::{Cases, entry, time, tree};
use crate::fields::{bytes, hex};
use crate::kinds::shown;

const WAITING: &str = "a joiner that waits for its Welcome";
const UNCONFIRMED: &str = "a joiner that nobody has confirmed";
const CHALLENGED: &str = "a joiner that has offered a passcode";
const ADA: Who = 0;
const BEN: Who = 1;
const NINA: Who = 2;

pub(super) fn add(cases: &mut Cases) {
    let mut live = Live::of(30, &["Ada", "Ben"]);
    assert_eq!(live.knock("Nina"), NINA);
    cases.scene(WAITING, live.record_of(NINA));
    welcomes(cases, &mut live);
    answers(cases, &live);
    unconfirmed(cases);
    challenges(cases);
}

fn package(live: &Live, who: Who) -> Vec<u8> {
    bytes(&live.specs_of(who)["keys"]["key_package"], "key_package").unwrap()
}

/// A commit of Ada's that adds Nina: what she reads of it.
struct Offer {
    built: HostileBuilt,
}

impl Offer {
    fn of(live: &mut Live, commit: &HostileCommit) -> Self {
        let package = package(live, NINA);
        let adds = commit.adds.iter().cloned().chain([package]).collect();
        let psk = commit.psk.clone().or_else(|| hostile::psk(live, ADA));
        let commit = HostileCommit { adds, psk, ..commit.clone() };
        Self { built: testing::build_hostile(live.rogue(ADA), &commit).unwrap() }
    }

    fn parts(&self) -> (&[u8], &[u8], [u8; 32]) {
        let (welcome, tree, secret) = self.built.welcome.as_ref().unwrap();
        (welcome, tree, *secret)
    }

    /// The entry and the tree, both as they should be but for a change.
    fn steps(&self, live: &Live, change: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>)) -> Vec<Value> {
        let (welcome, tree_bytes, secret) = self.parts();
        let mut welcome = welcome.to_vec();
        let mut sealed = hostile::sealed_tree(&secret, tree_bytes);
        change(&mut welcome, &mut sealed);
        let note = WelcomeNote { welcome, tree: hostile::address(&sealed) };
        let entry_bytes = self.entry(live, note, None);
        vec![entry(&entry_bytes), tree(&sealed)]
    }

    fn entry(&self, live: &Live, note: WelcomeNote, epoch: Option<u64>) -> Vec<u8> {
        let entry = Entry { welcome: Some(note), epoch, ..Entry::default() };
        entry.seal(live, ADA, EnvelopeKind::Handshake, &self.built.message)
    }
}

fn welcomes(cases: &mut Cases, live: &mut Live) {
    let genuine = Offer::of(live, &plan());
    let all = genuine.steps(live, |_, _| ());
    cases.takes(WAITING, "a Welcome and its tree", &["A6", "A7", "A9"], all.clone());
    let first = all.first().unwrap().clone();
    cases.takes(WAITING, "a Welcome", &["A6"], vec![first]);
    let spoilt = genuine.steps(live, |welcome, _| {
        let place = welcome.len() - 40;
        welcome[place] ^= 1;
    });
    let entry_alone = vec![spoilt.first().unwrap().clone()];
    let name = "a Welcome that was changed";
    cases.refuses(WAITING, (name, &["A5", "A6"], "Welcome"), entry_alone.clone());
    // A tampered one costs nothing: the genuine one behind it works.
    let both = entry_alone.into_iter().chain(all.clone()).collect();
    cases.takes(WAITING, "a Welcome behind one that was changed", &["A5"], both);
    let other_tree = genuine.steps(live, |_, sealed| {
        let (_, tree_bytes, _) = genuine.parts();
        *sealed = hostile::sealed_tree(&[9; 32], tree_bytes);
    });
    let why = "Welcome(\"the tree is sealed under another secret\")";
    cases.refuses(WAITING, ("a tree sealed under another secret", &["A9"], why), other_tree);
    let (note, blob) = {
        let (welcome, tree_bytes, secret) = genuine.parts();
        let sealed = hostile::sealed_tree(&secret, tree_bytes);
        (WelcomeNote { welcome: welcome.to_vec(), tree: hostile::address(&sealed) }, sealed)
    };
    let mut wrong = blob.clone();
    wrong[40] ^= 1;
    let steps = vec![all.first().unwrap().clone(), tree(&wrong)];
    cases.refuses(WAITING, ("another blob than the one asked for", &["W9"], "WrongBlob"), steps);
    let own = live.meeting(ADA).epoch().unwrap();
    let far = genuine.entry(live, note, Some(own + 5));
    let steps = vec![entry(&far), tree(&blob)];
    let name = "a Welcome whose entry names another epoch";
    cases.refuses(WAITING, (name, &["A7"], "Welcome(\"it leads to another epoch"), steps);
    groups(cases, live);
}

/// Welcomes into groups that are not as they must be.
fn groups(cases: &mut Cases, live: &mut Live) {
    let elsewhere = incamera::wire::MeetingId::new([9; 16]);
    let ghost = Stranger { meeting: Some(elsewhere), ..Stranger::new(71) }.key_package(live);
    let twin = Stranger { stay: live.member(BEN), ..Stranger::new(72) }.key_package(live);
    let state = |live: &Live, change: &dyn Fn(&mut incamera::wire::GroupState)| {
        let mut state = hostile::state(live, ADA);
        change(&mut state);
        Some(state.encode())
    };
    let ben = live.fingerprint(BEN);
    let other = Some(hostile::psk_of(false, [9; 32]));
    let commits: Vec<(&str, &'static [&'static str], &str, HostileCommit)> = vec![
        (
            "a Welcome into a roster with a ghost",
            &["A7", "I2"],
            "Welcome(\"a member's certificate",
            { HostileCommit { adds: vec![ghost], ..plan() } },
        ),
        (
            "a Welcome into a roster where two share a stay",
            &["A7", "G6"],
            "Welcome(\"two leaves",
            { HostileCommit { adds: vec![twin], ..plan() } },
        ),
        ("a Welcome into a group of another profile", &["A7"], "Welcome(\"its profile", {
            HostileCommit { state: state(live, &|it| it.profile = Profile::Portable), ..plan() }
        }),
        (
            "a Welcome into a state that contradicts itself",
            &["A7", "G22"],
            "Welcome(\"its succession",
            { HostileCommit { state: state(live, &|it| it.succession.push(ben)), ..plan() } },
        ),
    ];
    for (name, must, why, commit) in commits {
        let steps = Offer::of(live, &commit).steps(live, |_, _| ());
        cases.refuses(WAITING, (name, must, why), steps);
    }
    let without = [
        (
            "a Welcome without a PSK",
            HostileCommit { oddity: Some(Oddity::AddWithoutPsk), ..plan() },
        ),
        ("a Welcome with another secret than the invite's", HostileCommit { psk: other, ..plan() }),
    ];
    for (name, commit) in without {
        let steps = Offer::of(live, &commit).steps(live, |_, _| ());
        let entry_alone = vec![steps.first().unwrap().clone()];
        cases.refuses(WAITING, (name, &["A6"], "Welcome"), entry_alone);
    }
}

fn answer(bytes: &[u8]) -> Value {
    json!({ "do": { "answer": hex(bytes) } })
}

fn answers(cases: &mut Cases, live: &Live) {
    let mailbox = live.meeting(NINA).mailbox().unwrap();
    let denial = KnockAnswerContent::Denial { reason: DenyReason::Full };
    let forged = testing::seal_answer([0x51; 32], &[9; 32], mailbox, &denial).unwrap().encode();
    let name = "a denial of somebody who cannot read the knock";
    cases.refuses(WAITING, (name, &["A10"], "Unopenable"), vec![answer(&forged)]);
    let genuine = |mailbox: MailboxId| {
        let key = knock_key(live, NINA);
        testing::seal_answer([0x52; 32], &key, mailbox, &denial).unwrap().encode()
    };
    cases.takes(WAITING, "a denial", &["A10"], vec![answer(&genuine(mailbox))]);
    let name = "a denial in another mailbox";
    let elsewhere = genuine(MailboxId::new([9; 16]));
    cases.refuses(WAITING, (name, &["A10"], "Unopenable"), vec![answer(&elsewhere)]);
}

/// The key for an answer to a client's knock, as an admitter has it.
fn knock_key(live: &Live, who: Who) -> [u8; 32] {
    let state = hostile::state(live, ADA);
    let knock = live.posted.lobby.iter().find_map(|bytes| {
        let knock = incamera::wire::Knock::decode(bytes).ok()?;
        (Some(knock.mailbox) == live.meeting(who).mailbox()).then_some(knock)
    });
    let secret = state.invites[0].secret.expose();
    testing::open_knock(state.lobby_key.expose(), secret, &knock.unwrap()).unwrap().1
}

fn unconfirmed(cases: &mut Cases) {
    let mut live = Live::of(31, &["Ada", "Ben"]);
    assert_eq!(live.knock("Nina"), NINA);
    // Nina reads that she is added, and nothing of what comes behind it.
    let before = live.posted.log.len();
    live.lost.extend((before + 1..before + 20).map(|seq| (NINA, seq)));
    live.admit_all(ADA);
    let read = live.posted.log.len();
    cases.scene(UNCONFIRMED, live.record_of(NINA));
    let frame = json!({ "track": shown(Track::CAMERA), "plaintext": "00" });
    let seal = vec![json!({ "do": { "seal": frame } })];
    cases.refuses(UNCONFIRMED, ("a frame before the confirmation", &["A8", "M9"], "Stopped"), seal);
    let said = |authenticator| hostile::event(&live, BEN, EventKind::Confirm { authenticator });
    let own = testing::view(live.meeting(BEN)).unwrap().authenticator;
    cases.takes(UNCONFIRMED, "a confirmation", &["A8"], vec![entry(&said(own))]);
    let name = "a confirmation of another epoch's authenticator";
    cases.refuses(UNCONFIRMED, (name, &["A8"], "Disagreement"), vec![entry(&said([9; 32]))]);
    // The same Welcome again, now that it has led in.
    let added = live.posted.log.get(before).unwrap();
    assert!(Envelope::decode(added).unwrap().welcome.is_some() && read > before);
    let blob = live.posted.blobs.last().unwrap();
    // It is tried once nobody has confirmed the first for 15 s.
    let later = live.now_ms + 15_100;
    let mut last = tree(blob);
    last["at_ms"] = later.into();
    let steps = vec![entry(added), time(later), last];
    let name = "a Welcome into an epoch that was entered before";
    cases.refuses(UNCONFIRMED, (name, &["M2"], "Replayed"), steps);
}

fn challenges(cases: &mut Cases) {
    let mut live = Live::new(32);
    live.create("Ada", json!({ "passcode": "blue heron" }));
    let link = live.link();
    live.deaf.insert(ADA);
    let ben = live.knock_at("Ben", &link, Some("blue heron"));
    cases.scene(CHALLENGED, live.record_of(ben));
    let mailbox = live.meeting(ben).mailbox().unwrap();
    let key = knock_key(&live, ben);
    let seal = |challenge| {
        let content = KnockAnswerContent::Challenge(challenge);
        testing::seal_answer([0x53; 32], &key, mailbox, &content).unwrap().encode()
    };
    let admitter = StayId::new([1; 16]);
    let guess = seal(Challenge { admitter, share: [0; 32], tag: [3; 64] });
    let name = "a challenge whose share is the identity";
    cases.refuses(CHALLENGED, (name, &["A11"], "WrongPasscode"), vec![answer(&guess)]);
    let share = testing::passcode_share(
        [0x54; 32],
        "blue heron",
        testing::PasscodeBinding {
            meeting: live.meeting(ADA).id(),
            invite: incamera::InviteId::new([9; 16]),
            knock: incamera::wire::KeyPackageRef::new([9; 32]),
            mailbox,
        },
    );
    let guess = seal(Challenge { admitter, share: share.unwrap(), tag: [3; 64] });
    let name = "a challenge of somebody who does not know the passcode";
    cases.refuses(CHALLENGED, (name, &["A12"], "WrongPasscode"), vec![answer(&guess)]);
}
