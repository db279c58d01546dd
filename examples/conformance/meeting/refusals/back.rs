//! A member that comes back, and whom it lets bring it back.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, HostileCommit};
use incamera::wire::{CommitNote, EnvelopeKind, Knock, KnockContent, WelcomeNote};

use super::super::hostile::{self, Entry, plan};
use super::super::live::{Live, Who};
use super::{Cases, entry, tree};

const SCENE: &str = "a member that comes back";
const ADA: Who = 0;
const BEN: Who = 1;
const NINA: Who = 2;

pub(super) fn add(cases: &mut Cases) {
    let mut live = Live::of(40, &["Ada", "Ben", "Nina"]);
    live.pass(200);
    let victim = live.leaf(NINA);
    let entry_bytes = hostile::unreadable(&mut live, BEN, victim);
    // Nina's words are lost, so that nobody brings her back yet.
    live.gone.insert(BEN);
    live.mute.insert(NINA);
    live.append(entry_bytes);
    live.settle();
    live.mute.clear();
    // Eve comes while Nina is away.
    live.deaf.insert(NINA);
    let eve = live.knock("Eve");
    live.admit_all(ADA);
    live.deaf.clear();
    let next = live.posted.log.len();
    live.gone.extend([ADA, eve]);
    live.give(NINA, serde_json::json!({ "connected": next }));
    live.settle();
    live.pass(100);
    cases.scene(SCENE, live.record_of(NINA));
    let knock = resync_knock(&live);
    let by_ada = bring(&mut live, ADA, &knock);
    cases.takes(SCENE, "a Welcome back by somebody known", &["A17", "G26"], by_ada);
    let by_eve = bring(&mut live, eve, &knock);
    let name = "a Welcome back by somebody who came since";
    cases.refuses(SCENE, (name, &["A17"], "Welcome"), by_eve);
}

/// What Nina's last knock says.
fn resync_knock(live: &Live) -> KnockContent {
    let state = hostile::state(live, ADA);
    let key = &state.resync_keys[0];
    let open = |bytes: &Vec<u8>| {
        let knock = Knock::decode(bytes).ok()?;
        testing::open_knock(key.lobby_key.expose(), key.secret.expose(), &knock).ok()
    };
    live.posted.lobby.iter().rev().find_map(open).unwrap().0
}

/// A commit by which somebody brings Nina back.
fn bring(live: &mut Live, who: Who, knock: &KnockContent) -> Vec<serde_json::Value> {
    let leaf = live.meeting(who).roster().into_iter().find(|it| it.name == "Nina").unwrap().leaf;
    let rejoins = vec![knock.rejoin.clone().unwrap()];
    let commit = HostileCommit {
        adds: vec![knock.key_package.clone()],
        removes: vec![leaf],
        psk: hostile::resync_psk(live, who),
        note: CommitNote { rejoins, ..CommitNote::default() }.encode(),
        ..plan()
    };
    let built = testing::build_hostile(live.rogue(who), &commit).unwrap();
    let (welcome, tree_bytes, secret) = built.welcome.unwrap();
    let sealed = hostile::sealed_tree(&secret, &tree_bytes);
    let note = WelcomeNote { welcome, tree: hostile::address(&sealed) };
    let sealed_entry = Entry { welcome: Some(note), ..Entry::default() };
    let bytes = sealed_entry.seal(live, who, EnvelopeKind::Handshake, &built.message);
    vec![entry(&bytes), tree(&sealed)]
}
