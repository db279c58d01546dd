//! The three doors, the links that lead to them, and who opens.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use core::num::NonZeroU64;

use incamera::wire::Envelope;
use incamera::{
    DenyReason, Destination, Door, Error, Event, Fault, InviteOptions, Message, Role, Rule,
    Settings,
};
use support::{Who, World};

/// A meeting whose door is open.
fn open(seed: u8, names: &[&'static str]) -> World {
    let mut world = World::meeting(seed, names);
    world.ask(0, |host, now| host.set_door(Door::Open, now));
    world
}

fn options(name: &str) -> InviteOptions {
    InviteOptions { name: name.to_owned(), ..InviteOptions::default() }
}

fn is_joined(event: &Event) -> bool {
    *event == Event::Joined
}

fn is_added(event: &Event) -> bool {
    matches!(event, Event::Added { .. })
}

fn is_knock(event: &Event) -> bool {
    matches!(event, Event::Knock { .. })
}

/// What a client whose knock was turned down heard.
#[track_caller]
fn assert_denied(world: &World, who: Who, reason: DenyReason) {
    assert_eq!(world.clients[who].events, [Event::Denied { reason }]);
}

#[test]
fn a_host_who_was_away_for_a_thousand_entries_still_hears_the_knock() {
    // SPEC [A4]
    let mut world = World::meeting(149, &["Ada", "Ben"]);
    world.clients[0].online = false;
    let dan = world.knock("Dan");
    for number in 0..1_200 {
        world.ask(1, |ben, now| ben.chat(&format!("{number}"), now));
    }
    world.connect(0);
    world.pass(20_000);
    let of_dan = |event: &&Event| matches!(event, Event::Knock { name, .. } if name == "Dan");
    assert_eq!(world.clients[0].events.iter().filter(of_dan).count(), 1);
    world.admit_all(0);
    assert!(world.has_joined(dan));
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn nobody_in_a_waiting_room_comes_in_by_itself() {
    // SPEC [G8]
    let mut world = World::meeting(120, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    world.pass(599_000);
    assert!(!world.has_joined(dan));
    world.assert_agreed(&[0, 1]);
}

#[test]
fn an_open_door_lets_people_in_at_once_and_asks_nobody() {
    // SPEC [G8], [A14]
    let mut world = open(121, &["Ada", "Ben", "Cleo"]);
    let knocks = world.count(0, is_knock);
    let dan = world.knock("Dan");
    assert!(world.has_joined(dan));
    let by = world.member_id(0);
    let last = world.clients[2].events.iter().rev().find(|event| is_added(event));
    assert!(matches!(last, Some(Event::Added { by: author, .. }) if *author == by), "{last:?}");
    assert_eq!(world.count(0, is_knock), knocks, "no person is asked");
    world.assert_agreed(&[0, 1, 2, dan]);
}

#[test]
fn if_the_lowest_leaf_sleeps_the_next_one_opens_after_its_stagger() {
    // SPEC [A14]
    let mut world = open(122, &["Ada", "Ben", "Cleo"]);
    world.clients[0].online = false;
    let dan = world.knock_with("Dan", &world.clients[1].meeting.invite().unwrap());
    world.pass(499);
    assert!(!world.has_joined(dan));
    world.pass(1);
    assert_eq!(world.names(2), ["Ada", "Ben", "Cleo", "Dan"]);
    let by = world.member_id(1);
    let last = world.clients[2].events.iter().rev().find(|event| is_added(event));
    assert!(matches!(last, Some(Event::Added { by: author, .. }) if *author == by), "{last:?}");
    world.connect(0);
    world.pass(5_000);
    assert!(world.has_joined(dan));
    world.assert_agreed(&[0, 1, 2, dan]);
}

#[test]
fn of_two_members_who_open_for_one_knock_one_counts() {
    // SPEC [A14], [G1]
    let mut world = open(123, &["Ada", "Ben", "Cleo"]);
    world.clients[0].unheard = true;
    let added = world.count(2, is_added);
    let dan = world.knock("Dan");
    world.pass(500);
    assert_eq!(world.count(2, is_added), added + 1, "by Ben");
    // Ada's Add comes behind his.
    assert!(!world.withheld.is_empty());
    world.release();
    world.pass(10_000);
    assert_eq!(world.count(dan, is_joined), 1);
    for who in 0..3 {
        let dans = |event: &Event| matches!(event, Event::Added { name, .. } if name == "Dan");
        assert_eq!(world.count(who, dans), 1, "client {who}");
    }
    world.assert_agreed(&[0, 1, 2, dan]);
}

#[test]
fn a_locked_door_turns_everyone_away_who_knocks() {
    // SPEC [G8]
    let mut world = World::meeting(124, &["Ada", "Ben"]);
    world.ask(0, |host, now| host.set_door(Door::Locked, now));
    let dan = world.knock("Dan");
    assert_denied(&world, dan, DenyReason::Locked);
    let refused =
        |event: &Event| matches!(event, Event::Refused { fault: Fault::Refused(Rule::Locked), .. });
    assert_eq!(world.count(0, refused), 1);
    world.assert_agreed(&[0, 1]);
}

#[test]
fn who_waits_when_the_door_is_locked_waits_until_it_is_unlocked() {
    // SPEC [G8]
    let mut world = World::meeting(125, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    let knock = world.last_knock(0);
    world.ask(0, |host, now| host.set_door(Door::Locked, now));
    let now = world.now();
    let host = &mut world.clients[0].meeting;
    assert_eq!(host.admit(knock, now), Err(Error::Refused(Rule::Locked)));
    assert_eq!(host.admit_all(now), Err(Error::Refused(Rule::Locked)));
    world.pass(60_000);
    assert!(!world.has_joined(dan));
    world.ask(0, |host, now| host.set_door(Door::WaitingRoom, now));
    world.ask(0, |host, now| host.admit(knock, now));
    assert!(world.has_joined(dan));
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn opening_the_door_lets_in_who_waits() {
    // SPEC [A14]
    let mut world = World::meeting(126, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    world.ask(0, |host, now| host.set_door(Door::Open, now));
    world.pass(1_000);
    assert!(world.has_joined(dan));
    world.assert_agreed(&[0, 1, dan]);
}

#[test]
fn a_door_locked_and_opened_in_one_breath_is_open() {
    let mut world = open(127, &["Ada", "Ben"]);
    let now = world.now();
    world.clients[0].meeting.set_door(Door::Locked, now).unwrap();
    world.clients[0].meeting.set_door(Door::Open, now).unwrap();
    world.settle();
    for who in 0..2 {
        assert_eq!(world.clients[who].meeting.rules().unwrap().door, Door::Open, "client {who}");
    }
}

#[test]
fn everybody_who_waits_is_admitted_in_one_call() {
    let mut world = World::new(128);
    world.create("Ada");
    let people = ["Ben", "Cleo", "Dan"].map(|name| world.knock(name));
    world.ask(0, |host, now| host.admit_all(now));
    assert!(people.iter().all(|who| world.has_joined(*who)));
    world.assert_agreed(&[0, 1, 2, 3]);
}

#[test]
fn a_denial_says_the_reason_that_the_host_gave() {
    // SPEC [A10]
    let mut world = World::meeting(129, &["Ada"]);
    for reason in [
        DenyReason::NotExpected,
        DenyReason::Full,
        DenyReason::Locked,
        DenyReason::Banned,
        DenyReason::Stale,
        DenyReason::WrongPasscode,
        DenyReason::Expired,
        DenyReason::NoAnswer,
    ] {
        let who = world.knock("Dan");
        let knock = world.last_knock(0);
        world.ask(0, |host, now| host.deny(knock, reason, now));
        assert_denied(&world, who, reason);
    }
}

#[test]
fn a_knock_that_nobody_answers_is_void_after_ten_minutes() {
    let mut world = World::meeting(130, &["Ada", "Ben"]);
    let dan = world.knock("Dan");
    let knock = world.last_knock(0);
    let void = Event::KnockVoid { knock };
    world.pass(599_999);
    assert!(!world.clients[0].events.contains(&void));
    assert!(world.clients[dan].events.is_empty());
    world.pass(1);
    assert!(world.clients[0].events.contains(&void));
    assert_denied(&world, dan, DenyReason::NoAnswer);
    let now = world.now();
    assert_eq!(world.clients[0].meeting.admit(knock, now), Err(Error::UnknownKnock));
}

#[test]
fn people_come_in_under_every_live_invite() {
    // SPEC [G7]
    let mut world = World::new(131);
    world.create("Ada");
    let staff = world.ask(0, |host, now| host.create_invite(options("staff"), now));
    let guests = world.ask(0, |host, now| host.create_invite(options("guests"), now));
    let first = world.clients[0].meeting.invite().unwrap();
    let live = world.clients[0].meeting.invites().unwrap();
    let names: Vec<_> = live.iter().map(|live| live.name.as_str()).collect();
    assert_eq!(names, ["", "staff", "guests"]);
    let people = [&first, &staff, &guests, &staff].map(|invite| world.knock_with("Guest", invite));
    world.admit_all(0);
    assert!(people.iter().all(|who| world.has_joined(*who)));
    world.assert_agreed(&[0, 1, 2, 3, 4]);
}

#[test]
fn an_invite_ends_by_the_clock_of_whoever_admits() {
    // SPEC [A15]
    let mut world = World::meeting(132, &["Ada", "Ben"]);
    let expires_s = NonZeroU64::new(world.now().unix_ms / 1_000 + 60);
    let options = InviteOptions { expires_s, ..options("today") };
    let invite = world.ask(0, |host, now| host.create_invite(options, now));
    assert_eq!(world.clients[1].meeting.invites().unwrap()[1].expires_s, expires_s);
    let early = world.knock_with("Early", &invite);
    world.admit_all(0);
    assert!(world.has_joined(early));
    let waiting = world.knock_with("Waiting", &invite);
    let knock = world.last_knock(0);
    world.pass(60_000);
    let late = world.knock_with("Late", &invite);
    assert_denied(&world, late, DenyReason::Expired);
    // Nor is somebody admitted who has knocked in time and waited too long.
    let now = world.now();
    let admitted = world.clients[0].meeting.admit(knock, now);
    world.settle();
    assert!(!world.has_joined(waiting), "{admitted:?}");
    world.assert_agreed(&[0, 1, early]);
}

#[test]
fn a_rotated_and_a_revoked_link_open_nothing() {
    // SPEC [A2]
    let mut world = World::meeting(133, &["Ada", "Ben"]);
    let other = world.ask(0, |host, now| host.create_invite(options("other"), now));
    let old = world.clients[0].meeting.invites().unwrap().remove(0);
    let waiting = world.knock_with("Waiting", &old.invite);
    let new = world.ask(0, |host, now| host.rotate_invite(old.id, now));
    let void = |event: &Event| matches!(event, Event::KnockVoid { .. });
    assert_eq!(world.count(0, void), 1);
    let late = world.knock_with("Late", &old.invite);
    let fresh = world.knock_with("Fresh", &new);
    let beside = world.knock_with("Beside", &other);
    world.admit_all(0);
    let joined = [waiting, late, fresh, beside].map(|who| world.has_joined(who));
    assert_eq!(joined, [false, false, true, true]);
    for live in world.clients[1].meeting.invites().unwrap() {
        world.ask(0, |host, now| host.revoke_invite(live.id, now));
    }
    let revoked = world.knock_with("Revoked", &new);
    world.admit_all(0);
    assert!(!world.has_joined(revoked));
    assert!(matches!(world.clients[0].meeting.invite(), Err(Error::Argument(_))));
}

#[test]
fn a_removal_for_cause_replaces_links_and_passcode_and_shuts_an_open_door() {
    // SPEC [G10]
    let mut world = World::new(134);
    let mut settings = Settings::OPEN;
    settings.passcode = Some("4711".to_owned());
    world.create_with("Ada", settings);
    world.ask(0, |host, now| host.create_invite(options("free"), now));
    let links = |world: &World| -> Vec<_> {
        let live = world.clients[0].meeting.invites().unwrap();
        live.into_iter().map(|live| live.invite.link()).collect()
    };
    let free = world.clients[0].meeting.invites().unwrap().remove(1).invite;
    let ben = world.knock_with("Ben", &free);
    assert!(world.has_joined(ben));
    let before = links(&world);
    let target = world.member_id(ben);
    world.ask(0, |host, now| host.remove(target, now));
    let after = links(&world);
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|link| !before.contains(link)));
    let rules = world.clients[0].meeting.rules().unwrap();
    assert_eq!((rules.door, rules.has_passcode), (Door::WaitingRoom, true));
    assert!(!world.has_joined(world.clients.len() - 1) || world.names(0) == ["Ada"]);
    // The old passcode, with the new link.
    let asked = world.clients[0].meeting.invites().unwrap().remove(0).invite;
    let who = world.knock_proving("Finn", &asked, "4711");
    assert_denied(&world, who, DenyReason::WrongPasscode);
}

#[test]
fn of_two_hosts_who_admit_one_knock_at_once_one_counts() {
    // SPEC [G1]
    let mut world = World::meeting(135, &["Ada", "Ben", "Cleo"]);
    let ben = world.clients[0].meeting.roster()[1].fingerprint;
    world.ask(0, |host, now| host.set_role(ben, Role::CoHost, now));
    let dan = world.knock("Dan");
    let (knock, now) = (world.last_knock(0), world.now());
    assert_eq!(world.last_knock(1), knock);
    for who in 0..2 {
        world.clients[who].meeting.admit(knock, now).unwrap();
    }
    world.settle();
    world.pass(10_000);
    assert_eq!(world.count(dan, is_joined), 1);
    let dans = |event: &Event| matches!(event, Event::Added { name, .. } if name == "Dan");
    assert_eq!([0, 1, 2].map(|who| world.count(who, dans)), [1; 3]);
    world.assert_agreed(&[0, 1, 2, dan]);
}

#[test]
fn a_joiner_whose_first_tree_is_of_the_losing_add_comes_in_all_the_same() {
    // SPEC [A8], [G1]
    let mut world = World::meeting(136, &["Ada", "Ben", "Cleo"]);
    let ben = world.clients[0].meeting.roster()[1].fingerprint;
    world.ask(0, |host, now| host.set_role(ben, Role::CoHost, now));
    let dan = world.knock("Dan");
    let (knock, now) = (world.last_knock(0), world.now());
    for who in 0..2 {
        world.clients[who].meeting.admit(knock, now).unwrap();
    }
    // The server has both Adds, and for a while only the tree of the second.
    world.clients[0].unheard = true;
    world.clients[1].unheard = true;
    world.settle();
    let (blobs, mut entries): (Vec<_>, Vec<_>) = std::mem::take(&mut world.withheld)
        .into_iter()
        .partition(|message| matches!(message.to, Destination::Blob(_)));
    assert_eq!((blobs.len(), entries.len()), (2, 2));
    world.clients[0].unheard = false;
    let [first, second] = [0, 1].map(|at| {
        let tree = Envelope::decode(&entries[at].bytes).unwrap().welcome.unwrap().tree;
        let is_its = |message: &&Message| message.to == Destination::Blob(tree);
        blobs.iter().find(is_its).unwrap().clone()
    });
    world.serve(second);
    entries.drain(..).for_each(|entry| world.serve(entry));
    world.clients[0].unheard = true;
    world.settle();
    assert!(!world.has_joined(dan));
    world.serve(first);
    world.release();
    world.pass(40_000);
    assert_eq!(world.count(dan, is_joined), 1);
    world.assert_agreed(&[0, 1, 2, dan]);
}

#[test]
fn whom_the_open_door_had_not_let_in_yet_waits_for_a_person_once_it_is_shut() {
    // SPEC [G8]
    let mut world = open(137, &["Ada", "Ben"]);
    let ben = world.clients[0].meeting.roster()[1].fingerprint;
    world.ask(0, |host, now| host.set_role(ben, Role::CoHost, now));
    let before = [0, 1].map(|who| world.count(who, is_knock));
    // Ada's Add is behind Ben's change.
    world.clients[0].unheard = true;
    let dan = world.knock("Dan");
    world.ask(1, |host, now| host.set_door(Door::WaitingRoom, now));
    world.release();
    world.pass(60_000);
    assert!(!world.has_joined(dan));
    let shown = [0, 1].map(|who| world.count(who, is_knock));
    assert_eq!(shown, before.map(|count| count + 1));
    let knock = world.last_knock(0);
    world.ask(0, |host, now| host.admit(knock, now));
    assert!(world.has_joined(dan));
}

#[test]
fn whom_the_open_door_had_not_let_in_yet_waits_behind_a_locked_one_too() {
    // SPEC [G8]
    let mut world = open(139, &["Ada", "Ben"]);
    let ben = world.clients[0].meeting.roster()[1].fingerprint;
    world.ask(0, |host, now| host.set_role(ben, Role::CoHost, now));
    world.clients[0].unheard = true;
    let dan = world.knock("Dan");
    world.ask(1, |host, now| host.set_door(Door::Locked, now));
    world.release();
    world.pass(60_000);
    assert!(!world.has_joined(dan));
    let void = |event: &Event| matches!(event, Event::KnockVoid { .. });
    assert_eq!(world.count(0, void), 0, "the knock is not lost");
    world.ask(1, |host, now| host.set_door(Door::WaitingRoom, now));
    let knock = world.last_knock(0);
    world.ask(0, |host, now| host.admit(knock, now));
    assert!(world.has_joined(dan));
}

#[test]
fn everybody_at_once_leaves_out_those_whose_link_has_expired() {
    // SPEC [A15]
    let mut world = World::meeting(138, &["Ada"]);
    let expires_s = NonZeroU64::new(world.now().unix_ms / 1_000 + 60);
    let options = InviteOptions { expires_s, ..options("today") };
    let invite = world.ask(0, |host, now| host.create_invite(options, now));
    let dan = world.knock_with("Dan", &invite);
    world.pass(60_000);
    world.ask(0, |host, now| host.admit_all(now));
    assert!(!world.has_joined(dan));
}
