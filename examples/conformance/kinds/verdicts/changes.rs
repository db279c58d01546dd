//! Verdicts on changes of state, field by field, and states that contradict themselves.

use incamera::testing::Proposal;
use incamera::wire::{GroupState, InviteEntry, MemberEntry, ResyncKey, SecretText};
use incamera::{Door, Label, PadTo, Profile, RelayEntry, Right, Rights, Role, TrackKinds};
use serde_json::json;

use super::scene::*;
use crate::case::{Draft, good, refused};
use crate::fields::hex;

pub(super) fn drafts() -> Vec<Draft> {
    let mut drafts = allowed();
    drafts.extend(forbidden());
    drafts.extend(for_life());
    drafts.extend(labels());
    drafts.extend(contradictions());
    drafts
}

type Edit = fn(&mut GroupState);

/// The place in the state of somebody's entry, which is there or is made.
fn of(state: &mut GroupState, who: u8) -> &mut MemberEntry {
    if !state.members.iter().any(|entry| entry.fingerprint == person(who)) {
        state.members.push(MemberEntry::plain(person(who)));
        state.members.sort_unstable_by_key(|entry| entry.fingerprint);
    }
    let place = state.members.iter().position(|entry| entry.fingerprint == person(who));
    &mut state.members[place.unwrap_or_default()]
}

/// A commit by somebody that makes this of a scene's state.
fn change(who: u8, scene: &str, edit: Edit) -> Proposal {
    let mut state = state_of(scene);
    edit(&mut state);
    Proposal { state: Some(state), path: true, ..commit(who) }
}

/// A change that somebody may make.
fn allowed() -> Vec<Draft> {
    let cases: [(&str, u8, Edit); 14] = [
        ("the door", CO_HOST, |s| s.door = Door::Locked),
        ("the rights of attendees, by a co-host", CO_HOST, |s| {
            s.rights.attendee = s.rights.attendee.without(Right::Chat);
        }),
        ("a role below one's own", CO_HOST, |s| of(s, ATTENDEE).role = Role::Presenter),
        ("a second host, by a host", HOST, |s| of(s, PRESENTER).role = Role::Host),
        ("a right granted that one has", CO_HOST, |s| {
            of(s, ATTENDEE).granted = Rights::of(&[Right::Record]);
        }),
        ("a label", HOST, |s| of(s, ATTENDEE).label = Some(Label::Captioner)),
        ("a mute", CO_HOST, |s| of(s, ATTENDEE).muted = CAMERA),
        ("one's own mute taken back", DOUBLE, |s| {
            s.members.retain(|entry| entry.fingerprint != person(DOUBLE));
        }),
        ("one's own recording", CO_HOST, |s| of(s, CO_HOST).recording = true),
        ("the succession, by a host", HOST, |s| s.succession.reverse()),
        ("all muted", CO_HOST, |s| s.muted = CAMERA),
        ("another invite", CO_HOST, |s| s.invites.push(InviteEntry::new(secret(90)))),
        ("a ban of somebody absent", CO_HOST, |s| s.bans.insert(0, person(ABSENT))),
        ("relays, by a host", HOST, |s| s.relays.clear()),
    ];
    let draft = |(name, who, edit): (&str, u8, Edit)| {
        accepts(&format!("a change: {name}"), &["G15"], "meeting", &change(who, "meeting", edit))
    };
    cases.into_iter().map(draft).collect()
}

/// A change that somebody may not make.
#[allow(clippy::too_many_lines, reason = "a table")]
fn forbidden() -> Vec<Draft> {
    let missing = |right: Right| format!("MissingRight({right:?})");
    let cases: Vec<(&str, u8, String, Edit)> = vec![
        ("the door, by an attendee", ATTENDEE, missing(Right::Lock), |s| s.door = Door::Open),
        ("the rights of attendees, by an attendee", ATTENDEE, missing(Right::SetRights), |s| {
            s.rights.attendee = Rights::ALL;
        }),
        ("the rights of co-hosts, by a co-host", CO_HOST, "Outranked".into(), |s| {
            s.rights.co_host = s.rights.co_host.without(Right::Chat);
        }),
        (
            "a right given to attendees that a co-host has not",
            CO_HOST,
            "NotHeld(End)".into(),
            |s| {
                s.rights.attendee = s.rights.attendee.with(Right::End);
            },
        ),
        ("a promotion of oneself", ATTENDEE, missing(Right::SetRights), |s| {
            of(s, ATTENDEE).role = Role::Host;
        }),
        ("a co-host made by a co-host", CO_HOST, "Outranked".into(), |s| {
            of(s, ATTENDEE).role = Role::CoHost;
        }),
        ("a co-host unmade by a co-host", CO_HOST, "Outranked".into(), |s| {
            of(s, HEIR).role = Role::Presenter;
            s.succession.pop();
        }),
        ("a right granted that one has not", CO_HOST, "NotHeld(End)".into(), |s| {
            of(s, ATTENDEE).granted = Rights::of(&[Right::End]);
        }),
        ("a right granted to oneself", CO_HOST, "Outranked".into(), |s| {
            of(s, CO_HOST).granted = Rights::of(&[Right::Chat]);
        }),
        ("a right withheld, by an attendee", ATTENDEE, missing(Right::SetRights), |s| {
            of(s, PRESENTER).withheld = Rights::of(&[Right::Chat]);
        }),
        ("a label of somebody of the same rank", CO_HOST, "Outranked".into(), |s| {
            of(s, HEIR).label = Some(Label::Bot);
        }),
        ("a mute, by an attendee", ATTENDEE, missing(Right::MuteOthers), |s| {
            of(s, PRESENTER).muted = CAMERA;
        }),
        ("a mute of somebody of the same rank", CO_HOST, "Outranked".into(), |s| {
            of(s, HEIR).muted = CAMERA;
        }),
        (
            "a mute lifted of somebody else, by an attendee",
            ATTENDEE,
            missing(Right::MuteOthers),
            |s| {
                s.members.retain(|entry| entry.fingerprint != person(DOUBLE));
            },
        ),
        ("the succession, by a co-host", CO_HOST, "HostOnly".into(), |s| s.succession.reverse()),
        ("all muted, by an attendee", ATTENDEE, missing(Right::MuteOthers), |s| s.muted = CAMERA),
        ("unmuting forbidden, by an attendee", ATTENDEE, missing(Right::MuteOthers), |s| {
            s.unmute_forbidden = true;
        }),
        ("an invite, by an attendee", ATTENDEE, missing(Right::ManageInvites), |s| {
            s.invites.push(InviteEntry::new(secret(90)));
        }),
        ("the lobby's key, by an attendee", ATTENDEE, missing(Right::ManageInvites), |s| {
            s.lobby_key = secret(90);
        }),
        ("the passcode, by an attendee", ATTENDEE, missing(Right::ManageInvites), |s| {
            s.passcode = Some(SecretText::new("4321"));
        }),
        ("a ban, by an attendee", ATTENDEE, missing(Right::Remove), |s| {
            s.bans.insert(0, person(ABSENT));
        }),
        ("a ban of somebody who is here", CO_HOST, "State".into(), |s| {
            s.bans.insert(0, person(ATTENDEE));
        }),
        ("relays, by a co-host", CO_HOST, missing(Right::ManageRelays), |s| s.relays.clear()),
        ("another relay, by a bot", BOT, missing(Right::ManageRelays), |s| {
            s.relays.push(RelayEntry { key: [61; 32], region: "eu".to_owned() });
        }),
    ];
    let draft = |(name, who, why, edit): (&str, u8, String, Edit)| {
        let commit = change(who, "meeting", edit);
        refuses(&format!("a change: {name}"), &["G15"], &why, "meeting", &commit)
    };
    let mut drafts: Vec<_> = cases.into_iter().map(draft).collect();
    let name = "a change: one's own mute taken back while that is forbidden";
    let unmute: Edit = |s| s.members.retain(|entry| entry.fingerprint != person(DOUBLE));
    let commit = change(DOUBLE, "unmuting forbidden", unmute);
    drafts.push(refuses(name, &["G15"], "UnmuteForbidden", "unmuting forbidden", &commit));
    let same = change(HOST, "meeting", |_| ());
    drafts.push(refuses("a change to the same state", &["G15"], "Empty", "meeting", &same));
    drafts
}

/// What nobody may change.
fn for_life() -> Vec<Draft> {
    let cases: [(&str, Edit); 6] = [
        ("the profile", |s| s.profile = Profile::Portable),
        ("the length of tags", |s| s.short_audio_tags = true),
        ("the padding of sound", |s| s.padding.audio = PadTo::Padme),
        ("the padding of the rest", |s| s.padding.other = PadTo::Padme),
        ("the heartbeat keys", |s| s.heartbeat_keys = vec![secret(90)]),
        ("the resync keys", |s| {
            s.resync_keys = vec![ResyncKey { lobby_key: secret(90), secret: secret(91) }];
        }),
    ];
    let draft = |(name, edit): (&str, Edit)| {
        let commit = change(HOST, "meeting", edit);
        refuses(&format!("a change, by a host: {name}"), &["G15"], "State", "meeting", &commit)
    };
    cases.into_iter().map(draft).collect()
}

fn labels() -> Vec<Draft> {
    let cases: [(&str, u8, &str, Edit); 4] = [
        ("a bot locks the door", BOT, "MissingRight(Lock)", |s| s.door = Door::Locked),
        ("a bot mutes somebody", BOT, "MissingRight(MuteOthers)", |s| {
            of(s, ATTENDEE).muted = CAMERA;
        }),
        ("somebody says that another records", HOST, "State", |s| of(s, CO_HOST).recording = true),
        ("somebody records without the right", ATTENDEE, "MissingRight(Record)", |s| {
            of(s, ATTENDEE).recording = true;
        }),
    ];
    let draft = |(name, who, why, edit): (&str, u8, &str, Edit)| {
        refuses(name, &["G18"], why, "meeting", &change(who, "meeting", edit))
    };
    cases.into_iter().map(draft).collect()
}

/// States that no host could set either, and no joiner takes.
fn contradictions() -> Vec<Draft> {
    let cases: [(&str, Edit); 9] = [
        ("an entry of a plain attendee", |s| {
            of(s, ATTENDEE).role = Role::Attendee;
        }),
        ("a host with a mute", |s| of(s, HOST).muted = CAMERA),
        ("a host with a right granted", |s| of(s, HOST).granted = Rights::of(&[Right::End])),
        ("a host with a label", |s| of(s, HOST).label = Some(Label::Bot)),
        ("a right both granted and withheld", |s| {
            let rights = Rights::of(&[Right::Chat]);
            (of(s, PRESENTER).granted, of(s, PRESENTER).withheld) = (rights, rights);
        }),
        ("a kind both muted and exempt", |s| {
            (of(s, PRESENTER).muted, of(s, PRESENTER).unmuted) = (TrackKinds::ALL, CAMERA);
        }),
        ("somebody who records without the right", |s| {
            of(s, ATTENDEE).recording = true;
        }),
        ("a succession with somebody who is no co-host", |s| s.succession.push(person(PRESENTER))),
        ("an invite that asks for a passcode which there is not", |s| s.passcode = None),
    ];
    let mut drafts = vec![good("the state of these verdicts", &["G22"], {
        json!({ "state": hex(state().encode()) })
    })];
    for (name, edit) in cases {
        let commit = change(HOST, "meeting", edit);
        let name = format!("a state with {name}");
        drafts.push(refused(format!("{name}, to a joiner"), &["G22", "A7"], "Inconsistent", {
            json!({ "state": hex(edited(edit).encode()) })
        }));
        // The verdict may find something worse first: that others record is nobody else's to say.
        let why = if name.contains("records") { "State" } else { "Inconsistent" };
        drafts.push(refuses(&name, &["G22"], why, "meeting", &commit));
    }
    drafts.push(refused("a portable state with short tags", &["G22"], "Inconsistent", {
        let portable: Edit = |s| (s.profile, s.short_audio_tags) = (Profile::Portable, true);
        json!({ "state": hex(edited(portable).encode()) })
    }));
    drafts.push(refused("a state with a banned identity's entry", &["G22"], "Inconsistent", {
        let banned: Edit = |s| of(s, BANNED).role = Role::Presenter;
        json!({ "state": hex(edited(banned).encode()) })
    }));
    drafts.push(refuses(
        "a state without a host who is here",
        &["G22"],
        "Inconsistent",
        "meeting",
        &{ change(HOST, "meeting", |s| of(s, HOST).role = Role::CoHost) },
    ));
    drafts
}
