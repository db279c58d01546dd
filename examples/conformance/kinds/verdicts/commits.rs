//! Verdicts on commits that add, remove, bring back, rename or renew.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::Door;
use incamera::testing::{Added, Proposal};
use incamera::wire::{KeyPackageRef, ResyncKey, SecretText, StayId};

use super::scene::*;
use crate::case::Draft;

pub(super) fn drafts() -> Vec<Draft> {
    let mut drafts = kinds();
    drafts.extend(adds());
    drafts.extend(psks());
    drafts.extend(removals());
    drafts.extend(derived());
    drafts.extend(resyncs());
    drafts
}

fn adding(who: u8, adds: Vec<Added>) -> Proposal {
    Proposal { adds, psk: live(), ..commit(who) }
}

fn adds_one(who: u8) -> Proposal {
    adding(who, vec![newcomer(40, ABSENT)])
}

fn renewal(who: u8) -> Proposal {
    Proposal { path: true, ..commit(who) }
}

/// Each kind by somebody who may commit it, and what is of no kind.
fn kinds() -> Vec<Draft> {
    let (meeting, attendee) = ("meeting", leaf(ATTENDEE));
    let rename = Proposal { renames: true, ..renewal(ATTENDEE) };
    let changed = Some(edited(|state| state.door = Door::Locked));
    vec![
        accepts("a renewal by anybody", &["G23"], meeting, &renewal(ATTENDEE)),
        accepts("a rename", &["G21"], meeting, &rename),
        refuses("a rename by a bot", &["G21", "G18"], "MissingRight(RenameSelf)", meeting, &{
            Proposal { renames: true, ..renewal(BOT) }
        }),
        refuses("a commit that proposes nothing", &["G4"], "Empty", meeting, &commit(HOST)),
        refuses("a rename beside a change", &["G4", "G21"], "Mixed", meeting, &{
            Proposal { renames: true, state: changed, ..renewal(HOST) }
        }),
        refuses("a rename beside an Add", &["G4", "G21"], "Mixed", meeting, &{
            Proposal { renames: true, path: true, ..adds_one(HOST) }
        }),
        refuses("an Add beside a removal", &["G4"], "Mixed", meeting, &{
            Proposal { removes: vec![attendee], path: true, ..adds_one(HOST) }
        }),
        refuses("an Add beside statements", &["G4", "G17"], "Mixed", meeting, &{
            let statements = vec![(person(CO_HOST), vec![person(HOST)])];
            Proposal { statements, ..adds_one(CO_HOST) }
        }),
        refuses("a commit by somebody who is not here", &["G8"], "UnknownCommitter", meeting, &{
            Proposal { committer: 20, path: true, ..Proposal::default() }
        }),
    ]
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn adds() -> Vec<Draft> {
    let (meeting, open) = ("meeting", "door open");
    let two = vec![newcomer(40, ABSENT), newcomer(41, ABSENT)];
    let twin = Added { leaf_key: [42; 32], ..newcomer(40, ABSENT) };
    let same_key = Added { stay: StayId::new([42; 16]), ..newcomer(40, ABSENT) };
    let known_stay = Added { stay: stay_at(2), ..newcomer(40, ABSENT) };
    let known_key = Added { leaf_key: by(PRESENTER).leaf_key, ..newcomer(40, ABSENT) };
    let add = |adds| adding(HOST, adds);
    let locked = "Locked";
    vec![
        accepts("an Add", &["G8"], meeting, &adds_one(CO_HOST)),
        accepts("an Add of two devices of one identity", &["G6"], meeting, &add(two)),
        accepts("an Add by an attendee through an open door", &["G8"], open, &adds_one(ATTENDEE)),
        accepts("the last Add for which there is room", &["G30"], "nearly full", &adds_one(HOST)),
        refuses(
            "an Add without the right",
            &["G8"],
            "MissingRight(Admit)",
            meeting,
            &adds_one(ATTENDEE),
        ),
        refuses("an Add by a bot", &["G8", "G18"], "MissingRight(Admit)", meeting, &adds_one(BOT)),
        refuses(
            "an Add by a bot through an open door",
            &["G8", "G18"],
            "MissingRight(Admit)",
            open,
            &adds_one(BOT),
        ),
        refuses("an Add while the door is locked", &["G8"], locked, "door locked", &adds_one(HOST)),
        refuses(
            "an Add of somebody banned",
            &["G6"],
            "Banned",
            meeting,
            &add(vec![newcomer(40, BANNED)]),
        ),
        refuses(
            "an Add of a stay that is here",
            &["G6"],
            "Duplicate",
            meeting,
            &add(vec![known_stay]),
        ),
        refuses(
            "an Add of a leaf key that is here",
            &["G6"],
            "Duplicate",
            meeting,
            &add(vec![known_key]),
        ),
        refuses(
            "an Add of one stay twice",
            &["G6"],
            "Duplicate",
            meeting,
            &add(vec![newcomer(40, ABSENT), twin]),
        ),
        refuses("an Add of one leaf key twice", &["G6"], "Duplicate", meeting, &{
            add(vec![newcomer(40, ABSENT), same_key])
        }),
        refuses(
            "an Add beyond 500 leaves of the post-quantum profile",
            &["G30"],
            "Full",
            "full",
            &adds_one(HOST),
        ),
        refuses("an Add beyond 7,000 leaves", &["G30"], "Full", "full, standard", &adds_one(HOST)),
        refuses("an Add of more than there is room for", &["G30"], "Full", "nearly full", &{
            add(vec![newcomer(40, ABSENT), newcomer(41, ABSENT)])
        }),
        refuses("an Add that sets a state", &["G9"], "State", meeting, &{
            let state = Some(edited(|state| state.door = Door::Open));
            Proposal { state, path: true, ..adds_one(HOST) }
        }),
        refuses("an Add with evidence of a leave", &["G8"], "Evidence", meeting, &{
            Proposal { departed: vec![stay_at(leaf(ATTENDEE))], ..adds_one(HOST) }
        }),
    ]
}

fn psks() -> Vec<Draft> {
    let meeting = "meeting";
    vec![
        refuses("an Add without a PSK", &["G7"], "Psk", meeting, &{
            Proposal { psk: None, ..adds_one(HOST) }
        }),
        refuses("an Add with the PSK of an invite that is gone", &["G7"], "Psk", meeting, &{
            Proposal { psk: invite(99), ..adds_one(HOST) }
        }),
        refuses("an Add with the PSK of a resync key", &["G7"], "Psk", meeting, &{
            Proposal { psk: live_resync(), ..adds_one(HOST) }
        }),
        refuses("a renewal with a PSK", &["G7"], "Psk", meeting, &{
            Proposal { psk: live(), ..renewal(HOST) }
        }),
    ]
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn removals() -> Vec<Draft> {
    let meeting = "meeting";
    let (attendee, double) = (leaf(ATTENDEE), leaf(DOUBLE));
    let leaves = |who: u8| stay_at(leaf(who));
    let unchecked = |who: u8, removes: Vec<u32>, departed: Vec<StayId>| Proposal {
        removes,
        departed,
        path: true,
        ..commit(who)
    };
    vec![
        accepts("a removal for cause", &["G8", "G9"], meeting, &removal(CO_HOST, &[attendee], &[])),
        accepts("a removal of two identities", &["G9"], meeting, &{
            removal(HOST, &[attendee, leaf(PRESENTER)], &[])
        }),
        accepts("a removal of both devices", &["G8"], meeting, &{
            removal(HOST, &[double, SECOND_DEVICE], &[])
        }),
        accepts("the departure of a plain attendee", &["G8"], meeting, &{
            removal(PRESENTER, &[attendee], &[leaves(ATTENDEE)])
        }),
        accepts("the departure of a co-host", &["G9"], meeting, &{
            removal(ATTENDEE, &[leaf(CO_HOST)], &[leaves(CO_HOST)])
        }),
        accepts("the departure of the last host", &["G9", "G17"], meeting, &{
            removal(ATTENDEE, &[leaf(HOST)], &[leaves(HOST)])
        }),
        accepts("the departure of one of two devices", &["G9"], meeting, &{
            removal(ATTENDEE, &[double], &[leaves(DOUBLE)])
        }),
        accepts("a removal of the committer's own other device", &["G27"], meeting, &{
            removal(DOUBLE, &[SECOND_DEVICE], &[])
        }),
        refuses("a removal without the right", &["G8"], "MissingRight(Remove)", meeting, &{
            removal(PRESENTER, &[attendee], &[])
        }),
        refuses("a removal of somebody of the same rank", &["G15"], "Outranked", meeting, &{
            removal(CO_HOST, &[leaf(HEIR)], &[])
        }),
        refuses("a removal of a host by a co-host", &["G15"], "Outranked", meeting, &{
            removal(CO_HOST, &[leaf(HOST)], &[])
        }),
        refuses("a removal of an empty leaf", &["G8"], "NoSuchLeaf", meeting, &{
            unchecked(HOST, vec![20], vec![])
        }),
        refuses("a removal of one leaf twice", &["G8"], "NoSuchLeaf", meeting, &{
            unchecked(HOST, vec![attendee, attendee], vec![])
        }),
        refuses("a removal of the committer's own leaf", &["G8"], "NoSuchLeaf", meeting, &{
            unchecked(DOUBLE, vec![double], vec![])
        }),
        refuses("a removal of one of two devices", &["G8"], "PartialRemoval", meeting, &{
            unchecked(HOST, vec![double], vec![])
        }),
        refuses("evidence of a leave of somebody who stays", &["G8"], "Evidence", meeting, &{
            unchecked(HOST, vec![attendee], vec![leaves(PRESENTER)])
        }),
        refuses("evidence of one leave twice", &["G8"], "Evidence", meeting, &{
            unchecked(HOST, vec![attendee], vec![leaves(ATTENDEE), leaves(ATTENDEE)])
        }),
        refuses("a renewal with evidence of a leave", &["G8"], "Evidence", meeting, &{
            Proposal { departed: vec![leaves(ATTENDEE)], ..renewal(HOST) }
        }),
    ]
}

/// New states of removals that are not what follows.
fn derived() -> Vec<Draft> {
    let meeting = "meeting";
    let attendee = leaf(ATTENDEE);
    type Edit = fn(&mut incamera::wire::GroupState);
    let edits: [(&str, Edit); 10] = [
        ("that keeps an invite's secret", |s| s.invites[0].secret = secret(50)),
        ("that keeps the lobby's key", |s| s.lobby_key = secret(51)),
        ("that keeps the heartbeat key in front", |s| {
            s.heartbeat_keys = vec![secret(52)];
        }),
        ("that keeps the resync key's secret", |s| {
            s.resync_keys = vec![ResyncKey { lobby_key: secret(91), secret: secret(54) }];
        }),
        ("that keeps the resync key's lobby key", |s| s.resync_keys[0].lobby_key = secret(53)),
        ("that keeps the passcode", |s| s.passcode = Some(SecretText::new("1234"))),
        ("that drops the passcode", |s| {
            s.passcode = None;
            s.invites[0].passcode = false;
        }),
        ("that bans nobody", |s| s.bans.retain(|who| *who != person(ATTENDEE))),
        ("that promotes its author", |s| s.members[1].role = incamera::Role::Host),
        ("that opens the door", |s| s.door = Door::Open),
    ];
    let draft = |(name, edit): (&str, Edit)| {
        let mut commit = removal(CO_HOST, &[attendee], &[]);
        edit(commit.state.as_mut().unwrap());
        refuses(&format!("a removal {name}"), &["G9"], "State", meeting, &commit)
    };
    let mut drafts: Vec<_> = edits.into_iter().map(draft).collect();
    drafts.push(refuses("a removal without a state", &["G9"], "State", meeting, &{
        Proposal { state: None, ..removal(CO_HOST, &[attendee], &[]) }
    }));
    let departure = removal(PRESENTER, &[attendee], &[stay_at(attendee)]);
    drafts.push(refuses(
        "a departure from which nothing follows, with a state",
        &["G9"],
        "State",
        meeting,
        &{ Proposal { state: Some(edited(|state| state.door = Door::Open)), ..departure } },
    ));
    let last = removal(ATTENDEE, &[leaf(HOST)], &[stay_at(leaf(HOST))]);
    drafts.push(refuses(
        "the departure of the last host without an heir",
        &["G9", "G17"],
        "State",
        meeting,
        &{
            let mut commit = last;
            commit.state.as_mut().unwrap().members[0].role = incamera::Role::CoHost;
            commit
        },
    ));
    drafts
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn resyncs() -> Vec<Draft> {
    let meeting = "meeting";
    let back = |who: u8| (stay_at(leaf(who)), KeyPackageRef::new([40; 32]), false);
    let resync = || Proposal {
        adds: vec![newcomer(40, ATTENDEE)],
        removes: vec![leaf(ATTENDEE)],
        rejoins: vec![back(ATTENDEE)],
        psk: live_resync(),
        path: true,
        ..commit(PRESENTER)
    };
    let (other, name) = (KeyPackageRef::new([41; 32]), true);
    vec![
        accepts("a resync", &["G26"], meeting, &resync()),
        accepts("a resync under another name, with the right", &["G26"], meeting, &{
            Proposal { rejoins: vec![(back(ATTENDEE).0, back(ATTENDEE).1, name)], ..resync() }
        }),
        accepts("a resync while the door is locked", &["G26"], "door locked", &resync()),
        refuses("a resync with the PSK of an invite", &["G7", "G26"], "Psk", meeting, &{
            Proposal { psk: live(), ..resync() }
        }),
        refuses("a resync with the PSK of a key that is gone", &["G7"], "Psk", meeting, &{
            Proposal { psk: resync_key(99), ..resync() }
        }),
        refuses(
            "a resync without a PSK",
            &["G7"],
            "Psk",
            meeting,
            &Proposal { psk: None, ..resync() },
        ),
        refuses("a resync that removes two and adds one", &["G26"], "Rejoin", meeting, &{
            Proposal { removes: vec![leaf(ATTENDEE), SECOND_DEVICE], ..resync() }
        }),
        refuses("a resync that sets a state", &["G26", "G9"], "Mixed", meeting, &{
            Proposal { state: Some(edited(|state| state.door = Door::Open)), ..resync() }
        }),
        refuses("a resync with evidence of a leaf that stays", &["G26"], "Rejoin", meeting, &{
            Proposal { rejoins: vec![back(CO_HOST)], ..resync() }
        }),
        refuses("a resync with evidence for another key package", &["G26"], "Rejoin", meeting, &{
            Proposal { rejoins: vec![(back(ATTENDEE).0, other, false)], ..resync() }
        }),
        refuses("a resync of another identity", &["G26"], "Rejoin", meeting, &{
            Proposal { adds: vec![newcomer(40, ABSENT)], ..resync() }
        }),
        refuses("a resync with one word twice", &["G26"], "Rejoin", meeting, &{
            let adds = vec![newcomer(40, ATTENDEE), newcomer(41, DOUBLE)];
            let removes = vec![leaf(ATTENDEE), SECOND_DEVICE];
            Proposal { adds, removes, rejoins: vec![back(ATTENDEE); 2], ..resync() }
        }),
        refuses("a resync of the committer's own leaf", &["G8", "G26"], "NoSuchLeaf", meeting, &{
            Proposal { committer: leaf(ATTENDEE), ..resync() }
        }),
        refuses(
            "a resync of a bot under another name",
            &["G26", "G21"],
            "MissingRight(RenameSelf)",
            meeting,
            &{
                let (adds, removes) = (vec![newcomer(40, BOT)], vec![leaf(BOT)]);
                let rejoins = vec![(back(BOT).0, back(BOT).1, name)];
                Proposal { adds, removes, rejoins, ..resync() }
            },
        ),
        refuses(
            "a resync while an order binds",
            &["G26", "G16"],
            "OrderIgnored",
            "attendee ordered out",
            &resync(),
        ),
        refuses("a resync with evidence of a leave", &["G8"], "Evidence", meeting, &{
            Proposal { departed: vec![stay_at(leaf(ATTENDEE))], ..resync() }
        }),
    ]
}
