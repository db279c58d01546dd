//! Succession, invites, passcode, bans and relays.

use incamera_wire::InviteId;

use super::*;

#[track_caller]
fn makes(change: &Change, expected: impl FnOnce(&mut GroupState)) {
    assert_eq!(applied(&state(), HOST, change), Ok(edited(expected)));
}

#[track_caller]
fn fails(change: &Change, why: &'static str) {
    fails_in(&state(), change, why);
}

#[track_caller]
fn fails_in(old: &GroupState, change: &Change, why: &'static str) {
    assert_eq!(applied(old, HOST, change), Err(Rule::State(why)));
}

#[test]
fn a_succession_lists_co_hosts_once_each() {
    // SPEC [G22]
    let list = |who: &[u8]| Change::Succession(who.iter().map(|who| person(*who)).collect());
    makes(&list(&[OTHER_CO_HOST, CO_HOST]), |s| {
        s.succession = vec![person(OTHER_CO_HOST), person(CO_HOST)];
    });
    makes(&list(&[]), |s| s.succession.clear());
    fails(&list(&[CO_HOST, HEIR, CO_HOST]), "its succession lists somebody twice");
    for who in [HOST, PRESENTER, ABSENT] {
        fails(&list(&[CO_HOST, who]), "its succession lists somebody who is no co-host");
    }
    let many = edited(|s| s.members.extend((100..120).map(|who| entry(who, Role::CoHost))));
    let numbers: Vec<u8> = (100..117).collect();
    assert!(applied(&many, HOST, &list(&numbers[..16])).is_ok());
    fails_in(&many, &list(&numbers), "its succession has at most 16 places");
}

#[test]
fn an_invite_is_added_once_and_within_limits() {
    let change = |edit: fn(&mut InviteEntry)| {
        let mut new = invite(90);
        edit(&mut new);
        Change::AddInvite(new)
    };
    makes(&change(|_| ()), |s| s.invites.push(invite(90)));
    makes(&change(|i| i.passcode = true), |s| {
        s.invites.push(InviteEntry { passcode: true, ..invite(90) });
    });
    makes(&change(|i| i.name = "x".repeat(64)), |s| {
        s.invites.push(InviteEntry { name: "x".repeat(64), ..invite(90) });
    });
    fails(&change(|i| i.name = "x".repeat(65)), "an invite's name has at most 64 bytes");
}

#[test]
fn an_invite_that_is_there_is_not_added_again() {
    let same = Change::AddInvite(invite(50));
    makes(&same, |_| ());
    let other = Change::AddInvite(InviteEntry { name: "b".into(), ..invite(50) });
    fails(&other, "two invites have one secret");
}

#[test]
fn there_are_at_most_16_invites() {
    let with = |count: u8| edited(|s| s.invites = (100..100 + count).map(invite).collect());
    let add = Change::AddInvite(invite(90));
    assert_eq!(applied(&with(15), HOST, &add).unwrap().invites.len(), 16);
    fails_in(&with(16), &add, "it has at most 16 invites");
}

#[test]
fn an_invite_that_asks_for_a_passcode_that_is_not_there_is_not_added() {
    // SPEC [G22]
    let bare = applied(&state(), HOST, &Change::Passcode(None)).unwrap();
    let asking = Change::AddInvite(InviteEntry { passcode: true, ..invite(90) });
    fails_in(&bare, &asking, "an invite asks for a passcode, and there is none");
    assert!(applied(&bare, HOST, &Change::AddInvite(invite(90))).is_ok());
}

fn id(byte: u8) -> InviteId {
    invite_id(&secret(byte))
}

#[test]
fn an_invite_is_rotated_by_its_id() {
    let change = |old: u8, new: u8| Change::RotateInvite(id(old), secret(new));
    makes(&change(50, 91), |s| s.invites[1].secret = secret(91));
    // In effect: nobody has the old secret, and somebody the new one; or there is no difference.
    makes(&change(92, 50), |_| ());
    makes(&change(50, 50), |_| ());
    fails(&change(92, 91), "no invite has this id");
    let two = edited(|s| s.invites.push(invite(91)));
    fails_in(&two, &change(50, 91), "two invites have one secret");
}

#[test]
fn an_invite_is_revoked_by_its_id() {
    makes(&Change::RevokeInvite(id(50)), |s| drop(s.invites.pop()));
    makes(&Change::RevokeInvite(id(92)), |_| ());
}

#[test]
fn a_passcode_has_1_to_64_bytes_and_without_one_no_invite_asks() {
    let change = |length: usize| Change::Passcode(text(&"7".repeat(length)));
    for length in [1, 64] {
        makes(&change(length), |s| s.passcode = text(&"7".repeat(length)));
    }
    for length in [0, 65] {
        fails(&change(length), "a passcode has 1 to 64 bytes");
    }
    makes(&Change::Passcode(None), |s| {
        s.passcode = None;
        s.invites[0].passcode = false;
    });
}

#[test]
fn a_ban_takes_what_the_state_says_of_its_identity() {
    makes(&Change::Ban(person(ABSENT)), |s| s.bans.insert(0, person(ABSENT)));
    makes(&Change::Ban(person(BANNED)), |_| ());
    makes(&Change::Ban(person(200)), |s| s.bans.push(person(200)));
    let appointed = edited(|s| {
        s.members.push(entry(ABSENT, Role::CoHost));
        s.succession.insert(1, person(ABSENT));
    });
    let expected = edited(|s| s.bans.insert(0, person(ABSENT)));
    let new = applied(&appointed, HOST, &Change::Ban(person(ABSENT)));
    assert_eq!(new, Ok(expected));
    assert_eq!(committed(&appointed, HOST, &Change::Ban(person(ABSENT))), OK);
    fails(&Change::Ban(person(ATTENDEE)), "it bans somebody who is in the meeting");
}

#[test]
fn a_ban_of_somebody_with_an_entry_needs_the_rank_and_no_further_right() {
    // SPEC [G15]
    let old = |role| {
        edited(|s| {
            s.rights.co_host = Rights::of(&[Right::Remove]);
            s.members[6].recording = false;
            let both = MemberEntry { muted: CAMERA, ..entry(ABSENT, role) };
            s.members.push(MemberEntry { granted: Rights::of(&[Right::End]), ..both });
        })
    };
    let ban = Change::Ban(person(ABSENT));
    assert_eq!(committed(&old(Role::Presenter), CO_HOST, &ban), OK);
    assert_eq!(committed(&old(Role::Attendee), CO_HOST, &ban), OK);
    assert_eq!(committed(&old(Role::CoHost), CO_HOST, &ban), Err(Rule::Outranked));
    assert_eq!(committed(&old(Role::CoHost), HOST, &ban), OK);
}

#[test]
fn there_are_at_most_1024_bans() {
    let bans = |count: u32| {
        let ban = |n: u32| {
            let mut bytes = [255; 32];
            bytes[1..5].copy_from_slice(&n.to_be_bytes());
            Fingerprint::new(bytes)
        };
        edited(|s| s.bans = (0..count).map(ban).collect())
    };
    let ban = Change::Ban(person(ABSENT));
    assert_eq!(applied(&bans(1023), HOST, &ban).unwrap().bans.len(), 1024);
    fails_in(&bans(1024), &ban, "it bans at most 1,024 identities");
}

#[test]
fn a_ban_is_lifted() {
    makes(&Change::Unban(person(BANNED)), |s| s.bans.clear());
    makes(&Change::Unban(person(ABSENT)), |_| ());
}

#[test]
fn relays_are_sorted_distinct_and_within_limits() {
    makes(&Change::Relays(vec![relay(3), relay(1)]), |s| s.relays = vec![relay(1), relay(3)]);
    makes(&Change::Relays(vec![]), |s| s.relays.clear());
    let twice = vec![relay(3), relay(1), RelayEntry { region: "south".into(), ..relay(3) }];
    fails(&Change::Relays(twice), "two relays have one key");
    let region =
        |length: usize| Change::Relays(vec![RelayEntry { region: "x".repeat(length), ..relay(1) }]);
    for length in [1, 32] {
        assert!(applied(&state(), HOST, &region(length)).is_ok());
    }
    for length in [0, 33] {
        fails(&region(length), "a relay's region has 1 to 32 bytes");
    }
    assert!(applied(&state(), HOST, &Change::Relays((0..16).map(relay).collect())).is_ok());
    fails(&Change::Relays((0..17).map(relay).collect()), "it has at most 16 relays");
}
