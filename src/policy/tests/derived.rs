//! What follows from a removal and from a departure.

use super::*;

fn rotation(state: &GroupState) -> Rotation {
    Rotation::fresh(state, &Entropy::seeded([2; 32])).unwrap()
}

fn cause(who: &[u8]) -> Removal {
    Removal { for_cause: who.iter().map(|who| person(*who)).collect(), departed: vec![] }
}

fn leave(who: &[u8]) -> Removal {
    Removal { for_cause: vec![], departed: who.iter().map(|who| person(*who)).collect() }
}

fn after(old: &GroupState, removal: &Removal) -> Option<GroupState> {
    derive(old, &roster(), removal, || Ok(rotation(old))).unwrap()
}

/// Removed from a state: entries and places, nothing else.
fn without(old: &GroupState, who: &[u8]) -> GroupState {
    let mut state = old.duplicate();
    let gone = |one: &Fingerprint| who.iter().any(|who| person(*who) == *one);
    state.members.retain(|entry| !gone(&entry.fingerprint));
    state.succession.retain(|one| !gone(one));
    state
}

#[test]
fn a_removal_bans_forgets_and_replaces_every_secret() {
    // SPEC [G9]
    let mut old = edited(|s| s.door = Door::Open);
    let rotation = rotation(&old);
    let mut expected = without(&old, &[CO_HOST]);
    expected.bans = vec![person(CO_HOST), person(BANNED)];
    expected.door = Door::WaitingRoom;
    expected.lobby_key = rotation.lobby_key;
    expected.passcode = rotation.passcode;
    expected.heartbeat_keys.insert(0, rotation.heartbeat_key);
    expected.resync_keys.insert(0, rotation.resync_key);
    for (invite, secret) in expected.invites.iter_mut().zip(rotation.invites) {
        invite.secret = secret;
    }
    assert_eq!(after(&old, &cause(&[CO_HOST])), Some(expected.duplicate()));
    // A locked door stays locked, and of the keys of orders two are kept, of those to come back four.
    old.door = Door::Locked;
    old.heartbeat_keys.push(secret(70));
    old.resync_keys.extend((71..73).map(resync_key));
    expected.resync_keys.extend((71..73).map(resync_key));
    old.resync_keys.push(resync_key(73));
    expected.door = Door::Locked;
    assert_eq!(after(&old, &cause(&[CO_HOST])), Some(expected.duplicate()));
    old.passcode = None;
    old.invites.iter_mut().for_each(|invite| invite.passcode = false);
    assert_eq!(after(&old, &cause(&[CO_HOST])).unwrap().passcode, None);
}

#[test]
fn a_fresh_passcode_is_eight_digits_and_differs() {
    let passcodes: Vec<_> = (0..8_u8)
        .map(|seed| Rotation::fresh(&state(), &Entropy::seeded([seed; 32])).unwrap())
        .map(|rotation| rotation.passcode.unwrap().expose().to_owned())
        .collect();
    for (index, passcode) in passcodes.iter().enumerate() {
        assert!(passcode.len() == 8 && passcode.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(!passcodes[..index].contains(passcode));
    }
}

#[test]
fn a_departure_forgets_the_identity_and_replaces_nothing() {
    // SPEC [G9]
    let old = state();
    let fresh = || -> Result<Rotation, crate::entropy::NoEntropy> { panic!("nothing rotates") };
    let new = derive(&old, &roster(), &leave(&[HEIR]), fresh).unwrap();
    assert_eq!(new, Some(without(&old, &[HEIR])));
    let plain = derive(&old, &roster(), &leave(&[OTHER_ATTENDEE]), fresh).unwrap();
    assert_eq!(plain, None);
}

#[test]
fn the_first_of_the_succession_that_stays_follows_the_last_host() {
    // SPEC [G17]
    let old = edited(|s| {
        s.members[7] = MemberEntry { recording: true, muted: CAMERA, ..s.members[7] };
        s.succession = vec![person(ABSENT), person(CO_HOST), person(HEIR)];
        s.members.push(entry(ABSENT, Role::CoHost));
    });
    // One host stays.
    assert_eq!(after(&old, &leave(&[HOST])), Some(without(&old, &[HOST])));
    // None does, the first of the list is not here, and the second goes as well.
    let mut expected = without(&old, &[HOST, OTHER_HOST, CO_HOST]);
    let place = expected.members.iter().position(|e| e.fingerprint == person(HEIR)).unwrap();
    expected.members[place] = MemberEntry { recording: true, ..entry(HEIR, Role::Host) };
    expected.succession = vec![person(ABSENT)];
    assert_eq!(after(&old, &leave(&[HOST, OTHER_HOST, CO_HOST])), Some(expected.duplicate()));
    let removed = after(&old, &cause(&[HOST, OTHER_HOST, CO_HOST])).unwrap();
    assert_eq!(removed.members, expected.members);
    assert_eq!(removed.succession, expected.succession);
    // A host that is not here is none.
    let mut absent = old.duplicate();
    absent.members.push(entry(32, Role::Host));
    let new = after(&absent, &leave(&[HOST, OTHER_HOST])).unwrap();
    assert_eq!(role_of(&new, &person(CO_HOST)), Role::Host);
    assert_eq!(new.succession, [person(ABSENT), person(HEIR)]);
}

#[test]
fn without_a_succession_nobody_follows_the_last_host() {
    // SPEC [G17]
    let old = edited(|s| s.succession.clear());
    let expected = without(&old, &[HOST, OTHER_HOST]);
    assert_eq!(after(&old, &leave(&[HOST, OTHER_HOST])), Some(expected));
    let listed = edited(|s| s.succession.truncate(1));
    let all = [HOST, OTHER_HOST, CO_HOST];
    assert_eq!(after(&listed, &leave(&all)), Some(without(&listed, &all)));
}

#[test]
fn nobody_follows_while_nobody_goes() {
    // SPEC [G9]: an Add sets no state, also in a meeting without a host.
    let hostless = without(&state(), &[HOST, OTHER_HOST]);
    assert_eq!(after(&hostless, &Removal::default()), None);
    let next = after(&hostless, &leave(&[OTHER_ATTENDEE])).unwrap();
    assert_eq!(role_of(&next, &person(CO_HOST)), Role::Host);
}

/// As many bans as there may be, `room` places aside.
fn bans(room: u32) -> Vec<Fingerprint> {
    let ban = |n: u32| {
        let mut bytes = [255; 32];
        bytes[..4].copy_from_slice(&(n | 1 << 31).to_be_bytes());
        Fingerprint::new(bytes)
    };
    (0..1024 - room).map(ban).collect()
}

#[test]
fn a_full_list_of_bans_still_lets_hosts_remove() {
    let full = edited(|s| s.bans = bans(0));
    assert_eq!(after(&full, &cause(&[ATTENDEE])).unwrap().bans, bans(0));
    let one = edited(|s| s.bans = bans(1));
    let next = after(&one, &cause(&[ATTENDEE, PRESENTER])).unwrap();
    assert_eq!((next.bans.len(), next.bans[0]), (1024, person(ATTENDEE)));
    assert!(!next.bans.contains(&person(PRESENTER)));
}

#[test]
fn whoever_is_banned_already_is_listed_once() {
    let old = edited(|s| s.bans = vec![person(ATTENDEE)]);
    assert_eq!(after(&old, &cause(&[ATTENDEE])).unwrap().bans, [person(ATTENDEE)]);
}

/// The host removes the other presenter, with this done to the new state.
fn removed(edit: impl FnOnce(&mut GroupState)) -> Verdict {
    let mut new = after(&state(), &cause(&[OTHER_PRESENTER])).unwrap();
    edit(&mut new);
    judged(&[OTHER_PRESENTER], &[], Some(&new))
}

fn judged(removes: &[u8], departed: &[u8], new: Option<&GroupState>) -> Verdict {
    let (state, roster) = (state(), roster());
    let scene = Scene { state: &state, roster: &roster, orders: &[] };
    let removes: Vec<u32> = removes.iter().map(|who| u32::from(*who)).collect();
    let departed: Vec<_> = departed.iter().map(|who| by(*who).stay).collect();
    let parts = Proposed { removes: &removes, departed: &departed, ..nothing(HOST) };
    judge(&scene, &Proposed { state: new, ..parts })
}

#[test]
fn a_removal_that_does_anything_else_is_refused() {
    // SPEC [G9]
    let differs = Err(Rule::State("it is not what follows from the removal"));
    assert_eq!(removed(|_| ()), OK);
    let edits: [fn(&mut GroupState); 19] = [
        |s| s.profile = Profile::Portable,
        |s| s.door = Door::Locked,
        |s| s.rights.attendee = Rights::ALL,
        |s| {
            s.members.pop();
        },
        |s| s.members.push(entry(ABSENT, Role::Presenter)),
        |s| s.succession.reverse(),
        |s| s.muted = CAMERA,
        |s| s.unmute_forbidden = true,
        |s| s.invites[0].passcode = false,
        |s| drop(s.invites.pop()),
        |s| s.invites.push(invite(90)),
        |s| s.bans.clear(),
        |s| s.relays.clear(),
        |s| s.heartbeat_keys.clear(),
        |s| s.heartbeat_keys.truncate(1),
        |s| s.heartbeat_keys.push(secret(91)),
        |s| s.resync_keys.clear(),
        |s| s.resync_keys.truncate(1),
        |s| s.resync_keys.push(resync_key(91)),
    ];
    for (index, edit) in edits.into_iter().enumerate() {
        assert_eq!(removed(edit), differs, "edit {index}");
    }
}

#[test]
fn a_removal_that_keeps_a_secret_is_refused() {
    // SPEC [G9]
    let kept = Err(Rule::State("a removal replaces every secret"));
    assert_eq!(removed(|s| s.lobby_key = state().lobby_key), kept);
    assert_eq!(removed(|s| s.passcode = state().passcode), kept);
    for (to, from) in [(0, 0), (1, 1), (0, 1)] {
        let old = state().invites[from].secret.duplicate();
        assert_eq!(removed(|s| s.invites[to].secret = old), kept);
    }
    let reused = |s: &mut GroupState| s.heartbeat_keys[0] = s.heartbeat_keys[1].duplicate();
    assert_eq!(removed(reused), kept);
    let half = |s: &mut GroupState| s.resync_keys[0].secret = s.resync_keys[1].secret.duplicate();
    assert_eq!(removed(half), kept);
    let half =
        |s: &mut GroupState| s.resync_keys[0].lobby_key = s.resync_keys[1].lobby_key.duplicate();
    assert_eq!(removed(half), kept);
}

#[test]
fn a_removal_that_takes_or_gives_a_passcode_is_refused() {
    // SPEC [G9]
    let presence = Err(Rule::State("a removal keeps whether there is a passcode"));
    assert_eq!(removed(|s| s.passcode = None), presence);
    let old = edited(|s| {
        s.passcode = None;
        s.invites[0].passcode = false;
    });
    let roster = roster();
    let scene = Scene { state: &old, roster: &roster, orders: &[] };
    let removes = [u32::from(OTHER_PRESENTER)];
    let mut new = after(&old, &cause(&[OTHER_PRESENTER])).unwrap();
    let verdict = |new: &GroupState| {
        judge(&scene, &Proposed { removes: &removes, state: Some(new), ..nothing(HOST) })
    };
    assert_eq!(verdict(&new), OK);
    new.passcode = text("1234");
    assert_eq!(verdict(&new), presence);
}

#[test]
fn a_removal_without_its_new_state_is_refused() {
    // SPEC [G9]
    let missing = Err(Rule::State("the new state is missing"));
    assert_eq!(judged(&[OTHER_PRESENTER], &[], None), missing);
    assert_eq!(judged(&[OTHER_PRESENTER], &[OTHER_PRESENTER], None), missing);
}

#[test]
fn a_departure_that_does_anything_else_is_refused() {
    // SPEC [G9]
    let new = after(&state(), &leave(&[OTHER_PRESENTER])).unwrap();
    assert_eq!(judged(&[OTHER_PRESENTER], &[OTHER_PRESENTER], Some(&new)), OK);
    let differs = Err(Rule::State("it is not what follows from the removal"));
    let edits: [fn(&mut GroupState); 4] = [
        |s| s.lobby_key = secret(99),
        |s| s.bans.push(person(OTHER_PRESENTER)),
        |s| s.members[0].role = Role::CoHost,
        |s| s.invites[0].secret = secret(99),
    ];
    for edit in edits {
        let mut new = new.duplicate();
        edit(&mut new);
        assert_eq!(judged(&[OTHER_PRESENTER], &[OTHER_PRESENTER], Some(&new)), differs);
    }
    let nothing = Err(Rule::State("nothing in the commit changes the state"));
    assert_eq!(judged(&[11], &[11], Some(&new)), nothing);
}

#[test]
fn an_open_door_shuts_when_nobody_follows_the_last_host() {
    // SPEC [G17]
    let open = edited(|s| {
        s.door = Door::Open;
        s.succession.clear();
    });
    let left = after(&open, &leave(&[HOST, OTHER_HOST])).unwrap();
    assert_eq!(left.door, Door::WaitingRoom);
    let followed = edited(|s| s.door = Door::Open);
    assert_eq!(after(&followed, &leave(&[HOST, OTHER_HOST])).unwrap().door, Door::Open);
    let locked = edited(|s| {
        s.door = Door::Locked;
        s.succession.clear();
    });
    assert_eq!(after(&locked, &leave(&[HOST, OTHER_HOST])).unwrap().door, Door::Locked);
}
