//! The whole of who may do what, as literal tables: every part of a commit, every field of the state
//! and of an entry, and every change, by each role. The values are taken apart field by field and the
//! changes variant by variant, so that a new one does not build without its row.

use super::*;

/// By the host, a co-host, a presenter, an attendee and a bot.
type Row = [Verdict; 5];

const RANK: Verdict = Err(Rule::Outranked);
const SETS: Verdict = no(Right::SetRights);
const MUTES: Verdict = no(Right::MuteOthers);
const INVITES: Verdict = no(Right::ManageInvites);
const RELAYS: Verdict = no(Right::ManageRelays);
const REMOVES: Verdict = no(Right::Remove);
const LOCKS: Verdict = no(Right::Lock);
const SUCCESSION: Verdict = Err(Rule::HostOnly("the succession"));
const NOT_OWN: Verdict = Err(Rule::State("only who records says that it records"));
const MIXED: Verdict = Err(Rule::Mixed);

/// A state that differs from the fixture in every field, by what its host might want.
fn other_state() -> GroupState {
    edited(|s| {
        s.profile = Profile::Portable;
        s.door = Door::Locked;
        s.rights.attendee = s.rights.attendee.without(Right::Chat);
        s.members.pop();
        s.succession.reverse();
        s.muted = MICROPHONE;
        s.unmute_forbidden = true;
        drop(s.invites.pop());
        s.lobby_key = secret(80);
        s.passcode = text("4321");
        s.bans = vec![person(ABSENT)];
        s.relays = vec![relay(81)];
        s.heartbeat_keys = vec![secret(82)];
        s.resync_keys = vec![resync_key(83)];
        s.short_audio_tags = true;
        s.padding.audio = incamera_wire::PadTo::Padme;
    })
}

#[rustfmt::skip]
#[deny(unused_variables, reason = "a field without a row")]
fn field_rows() -> Vec<(GroupState, Row)> {
    let GroupState {
        profile, door, rights, members, succession, muted, unmute_forbidden, invites, lobby_key, passcode, bans,
        relays, heartbeat_keys, resync_keys, short_audio_tags, padding,
    } = other_state();
    let profile_row = Err(Rule::State("a meeting keeps its profile"));
    let heartbeat_row = Err(Rule::State("only a removal replaces the key of orders"));
    let padding_row = Err(Rule::State("a meeting keeps its padding"));
    let tags_row = Err(Rule::State("a meeting keeps the length of its tags"));
    let resync_row = Err(Rule::State("only a removal replaces the keys of those who come back"));
    vec![
        //                                        host, co-host,    presenter,  attendee,   bot
        (GroupState { profile, ..state() },          [profile_row; 5]),
        (GroupState { door, ..state() },             [OK, OK,         LOCKS,      LOCKS,      LOCKS]),
        (GroupState { rights, ..state() },           [OK, OK,         SETS,       SETS,       SETS]),
        (GroupState { members, ..state() },          [OK, OK,         SETS,       SETS,       SETS]),
        (GroupState { succession, ..state() },       [OK, SUCCESSION, SUCCESSION, SUCCESSION, SUCCESSION]),
        (GroupState { muted, ..state() },            [OK, OK,         MUTES,      MUTES,      MUTES]),
        (GroupState { unmute_forbidden, ..state() }, [OK, OK,         MUTES,      MUTES,      MUTES]),
        (GroupState { invites, ..state() },          [OK, OK,         INVITES,    INVITES,    INVITES]),
        (GroupState { lobby_key, ..state() },        [OK, OK,         INVITES,    INVITES,    INVITES]),
        (GroupState { passcode, ..state() },         [OK, OK,         INVITES,    INVITES,    INVITES]),
        (GroupState { bans, ..state() },             [OK, OK,         REMOVES,    REMOVES,    REMOVES]),
        (GroupState { relays, ..state() },           [OK, RELAYS,     RELAYS,     RELAYS,     RELAYS]),
        (GroupState { heartbeat_keys, ..state() },   [heartbeat_row; 5]),
        (GroupState { resync_keys, ..state() },      [resync_row; 5]),
        (GroupState { short_audio_tags, ..state() }, [tags_row; 5]),
        (GroupState { padding, ..state() },          [padding_row; 5]),
    ]
}

#[test]
fn who_may_change_which_field_of_the_state() {
    // SPEC [G15]
    for (index, (new, expected)) in field_rows().into_iter().enumerate() {
        assert_ne!(new, state(), "row {index} changes nothing");
        assert_eq!(ROLES.map(|who| received(&state(), who, &new)), expected, "row {index}");
    }
}

/// Every field but the identity's is another than a plain attendee's.
fn other_entry() -> MemberEntry {
    MemberEntry {
        fingerprint: person(ABSENT),
        role: Role::Presenter,
        granted: Rights::of(&[Right::Video]),
        withheld: Rights::of(&[Right::Chat]),
        label: Some(Label::Recorder),
        muted: MICROPHONE,
        unmuted: SCREEN,
        recording: true,
    }
}

/// Rows for an entry of the fixture, or a plain attendee's: of somebody below a co-host, of another
/// co-host, of the committer itself.
#[rustfmt::skip]
#[deny(unused_variables, reason = "a field without a row")]
fn entry_rows(old: MemberEntry) -> [(MemberEntry, [Row; 3]); 8] {
    let MemberEntry { fingerprint, role, granted, withheld, label, muted, unmuted, recording } = other_entry();
    let outranked = [OK, RANK, SETS, SETS, SETS];
    let below = [OK, OK, SETS, SETS, SETS];
    let host = Err(Rule::Inconsistent("a host has no exceptions, label or mutes"));
    let own = [host, RANK, SETS, SETS, SETS];
    let record = no(Right::Record);
    let unmute = [host, OK, OK, OK, OK];
    [
        // by host, co-host, presenter, attendee, bot: of somebody below; of a co-host; of oneself
        (MemberEntry { fingerprint, ..old }, [[OK, OK, MUTES, MUTES, MUTES], outranked, [OK, RANK, SETS, MUTES, SETS]]),
        (MemberEntry { role, ..old },        [below, outranked, [OK, RANK, Err(Rule::Empty), SETS, SETS]]),
        (MemberEntry { granted, ..old },     [below, outranked, own]),
        (MemberEntry { withheld, ..old },    [below, outranked, own]),
        (MemberEntry { label, ..old },       [below, outranked, own]),
        (MemberEntry { muted, ..old },       [[OK, OK, MUTES, MUTES, MUTES], [OK, RANK, MUTES, MUTES, MUTES], [host, RANK, MUTES, MUTES, MUTES]]),
        (MemberEntry { unmuted, ..old },     [[OK, OK, MUTES, MUTES, MUTES], [OK, RANK, MUTES, MUTES, MUTES], unmute]),
        (MemberEntry { recording, ..old },   [[NOT_OWN; 5], [NOT_OWN; 5], [OK, OK, record, record, record]]),
    ]
}

/// The fixture with an attendee that has an entry, and without a succession, which has tests of its own.
fn with_entries() -> GroupState {
    edited(|s| {
        s.succession.clear();
        s.members.push(MemberEntry { muted: CAMERA, ..entry(OTHER_ATTENDEE, Role::Attendee) });
    })
}

/// What receivers say of a commit by `who` that makes `new` of an entry.
fn entry_verdict(who: u8, old: MemberEntry, new: MemberEntry) -> Verdict {
    let mut state = with_entries();
    state.members.retain(|entry| entry.fingerprint != old.fingerprint);
    state.members.push(new);
    state.members.sort_unstable_by_key(|entry| entry.fingerprint);
    received(&with_entries(), who, &state)
}

#[test]
fn who_may_change_which_field_of_whose_entry() {
    // SPEC [G15]
    let old = |whom| entry_of(&with_entries(), &person(whom));
    for (column, whom) in [OTHER_ATTENDEE, HEIR].into_iter().enumerate() {
        for (index, (new, expected)) in entry_rows(old(whom)).into_iter().enumerate() {
            let found = ROLES.map(|who| entry_verdict(who, old(whom), new));
            assert_eq!(found, expected[column], "row {index} of {whom}");
        }
    }
    for (column, who) in ROLES.into_iter().enumerate() {
        for (index, (new, expected)) in entry_rows(old(who)).into_iter().enumerate() {
            let found = entry_verdict(who, old(who), new);
            assert_eq!(found, expected[2][column], "row {index} of {who}");
        }
    }
}

#[test]
fn the_other_values_differ_in_every_field() {
    let plain = MemberEntry::plain(person(OTHER_ATTENDEE));
    assert!(entry_rows(plain).iter().all(|(new, _)| *new != plain));
}

/// The rows of changes, by each role: what the committer's own client says, which is what receivers say
/// if the change can be carried out at all.
#[rustfmt::skip]
fn change_row(change: &Change) -> Row {
    let record = no(Right::Record);
    match change {
        //                            host, co-host,   presenter,  attendee,   bot
        Change::Door(_)            => [OK, OK,         LOCKS,      LOCKS,      LOCKS],
        Change::RoleRights(_)      => [OK, OK,         SETS,       SETS,       SETS],
        Change::Role(..)           => [OK, OK,         SETS,       SETS,       SETS],
        Change::TransferHost(_)    => [OK, RANK,       SETS,       SETS,       SETS],
        Change::Exceptions(..)     => [OK, OK,         SETS,       SETS,       SETS],
        Change::Label(..)          => [OK, OK,         SETS,       SETS,       SETS],
        Change::Mute(..)           => [OK, OK,         MUTES,      MUTES,      MUTES],
        Change::Unmute(..)         => [OK, OK,         MUTES,      MUTES,      MUTES],
        Change::MuteAll(_)         => [OK, OK,         MUTES,      MUTES,      MUTES],
        Change::UnmuteAll(_)       => [OK, OK,         MUTES,      MUTES,      MUTES],
        Change::ForbidUnmute(_)    => [OK, OK,         MUTES,      MUTES,      MUTES],
        Change::Succession(_)      => [OK, SUCCESSION, SUCCESSION, SUCCESSION, SUCCESSION],
        Change::AddInvite(_)       => [OK, OK,         INVITES,    INVITES,    INVITES],
        Change::RotateInvite(..)   => [OK, OK,         INVITES,    INVITES,    INVITES],
        Change::RevokeInvite(_)    => [OK, OK,         INVITES,    INVITES,    INVITES],
        Change::Passcode(_)        => [OK, OK,         INVITES,    INVITES,    INVITES],
        Change::Ban(_)             => [OK, OK,         REMOVES,    REMOVES,    REMOVES],
        Change::Unban(_)           => [OK, OK,         REMOVES,    REMOVES,    REMOVES],
        Change::Relays(_)          => [OK, RELAYS,     RELAYS,     RELAYS,     RELAYS],
        Change::Recording(_)       => [OK, OK,         record,     record,     record],
        // Without the statements that it is for.
        Change::ReplaceHosts       => [OK, RANK,       SETS,       SETS,       SETS],
    }
}

/// One change of each kind, each after the one before: a new kind has to find its place.
fn next(change: Option<&Change>) -> Option<Change> {
    let whom = person(OTHER_PRESENTER);
    let old_invite = invite_id(&secret(50));
    let Some(change) = change else { return Some(Change::Door(Door::Locked)) };
    Some(match change {
        Change::Door(_) => Change::RoleRights(other_state().rights),
        Change::RoleRights(_) => Change::Role(whom, Role::Attendee),
        Change::Role(..) => Change::TransferHost(whom),
        Change::TransferHost(_) => {
            Change::Exceptions(whom, Rights::of(&[Right::Chat]), Rights::of(&[Right::Speak]))
        }
        Change::Exceptions(..) => Change::Label(whom, Some(Label::Bridge)),
        Change::Label(..) => Change::Mute(whom, MICROPHONE),
        Change::Mute(..) => Change::Unmute(whom, SCREEN),
        Change::Unmute(..) => Change::MuteAll(MICROPHONE),
        Change::MuteAll(_) => Change::UnmuteAll(SCREEN),
        Change::UnmuteAll(_) => Change::ForbidUnmute(true),
        Change::ForbidUnmute(_) => Change::Succession(vec![person(OTHER_CO_HOST)]),
        Change::Succession(_) => Change::AddInvite(invite(83)),
        Change::AddInvite(_) => Change::RotateInvite(old_invite, secret(84)),
        Change::RotateInvite(..) => Change::RevokeInvite(old_invite),
        Change::RevokeInvite(_) => Change::Passcode(None),
        Change::Passcode(_) => Change::Ban(person(ABSENT)),
        Change::Ban(_) => Change::Unban(person(BANNED)),
        Change::Unban(_) => Change::Relays(vec![]),
        Change::Relays(_) => Change::Recording(true),
        Change::Recording(_) => Change::ReplaceHosts,
        Change::ReplaceHosts => return None,
    })
}

#[test]
fn who_may_make_which_change() {
    // SPEC [G15]
    let (mut change, mut kinds) = (next(None), 0);
    while let Some(made) = change {
        let found = ROLES.map(|who| committed(&state(), who, &made));
        assert_eq!(found, change_row(&made), "{made:?}");
        (change, kinds) = (next(Some(&made)), kinds + 1);
    }
    assert_eq!(kinds, 21);
}

/// The parts of a commit, each by itself an honest one of the host's if it can stand alone.
struct Parts {
    adds: Vec<Newcomer>,
    removes: Vec<u32>,
    removed: GroupState,
    left: GroupState,
    changed: GroupState,
    replaced: GroupState,
    statements: Vec<Statement>,
    back: Vec<Newcomer>,
    resync: Option<PskId>,
    departed: Vec<StayId>,
    psk: Option<PskId>,
    rejoins: Vec<Rejoin>,
}

fn parts() -> Parts {
    let removes = vec![u32::from(OTHER_PRESENTER)];
    let removal = removal(&roster(), &by(HOST), &removes, &[]).unwrap();
    let fresh = || Rotation::fresh(&state(), &Entropy::seeded([2; 32]));
    let mut replaced = state();
    apply(&mut replaced, &roster(), &by(HOST), &Change::ReplaceHosts).unwrap();
    let hosts = vec![person(HOST), person(OTHER_HOST)];
    let says = |who| Statement { author: person(who), hosts: hosts.clone() };
    Parts {
        adds: vec![newcomer_of(1, ABSENT)],
        back: vec![newcomer_of(1, OTHER_PRESENTER)],
        resync: Some(PskId::Resync(resync_id(&state().resync_keys[0].secret))),
        removed: derive(&state(), &roster(), &removal, fresh).unwrap().unwrap(),
        left: edited(|s| s.members.truncate(8)),
        removes,
        changed: edited(|s| s.door = Door::Locked),
        replaced,
        statements: vec![says(CO_HOST), says(HEIR)],
        departed: vec![by(OTHER_PRESENTER).stay],
        psk: Some(PskId::Invite(invite_id(&secret(50)))),
        rejoins: vec![Rejoin {
            stay: by(OTHER_PRESENTER).stay,
            knock: KeyPackageRef::new([1; 32]),
            renames: false,
        }],
    }
}

#[rustfmt::skip]
#[deny(unused_variables, reason = "a part without a row")]
fn commit_rows(parts: &Parts) -> Vec<(Proposed<'_>, Row)> {
    let full = Proposed {
        committer: 99, adds: &parts.adds, removes: &parts.removes, departed: &parts.departed,
        state: Some(&parts.changed), psk: parts.psk, renames: true, path: true,
        statements: &parts.statements, rejoins: &parts.rejoins,
    };
    let Proposed {
        committer, adds, removes, departed, state, psk, renames, path, statements, rejoins,
    } = full;
    let none = nothing(HOST);
    let (admits, names) = (no(Right::Admit), no(Right::RenameSelf));
    let listed = Err(Rule::Statements("its committer is not listed"));
    let (empty, evidence, with_psk) = (Err(Rule::Empty), Err(Rule::Evidence), Err(Rule::Psk));
    let sets = Err(Rule::State("nothing in the commit changes the state"));
    let (removed, left, replaced) = (Some(&parts.removed), Some(&parts.left), Some(&parts.replaced));
    let unknown = Err(Rule::UnknownCommitter);
    vec![
        // What stands alone.                          host,   co-host, presenter, attendee, bot
        (none,                                             [empty; 5]),
        (Proposed { adds, psk, ..none },                   [OK,     OK,      admits,    admits,   admits]),
        (Proposed { removes, state: removed, ..none },     [OK,     OK,      REMOVES,   REMOVES,  REMOVES]),
        (Proposed { state, ..none },                       [OK,     OK,      LOCKS,     LOCKS,    LOCKS]),
        (Proposed { renames, ..none },                     [OK,     OK,      OK,        OK,       names]),
        (Proposed { statements, state: replaced, ..none }, [listed, OK,      listed,    listed,   listed]),
        (Proposed { path, ..none },                        [OK; 5]),
        // What does not.
        (Proposed { committer, renames, ..none },          [unknown; 5]),
        (Proposed { departed, ..none },                    [empty; 5]),
        (Proposed { psk, ..none },                         [empty; 5]),
        (Proposed { path, psk, ..none },                   [with_psk; 5]),
        (Proposed { path, departed, ..none },              [evidence; 5]),
        (Proposed { path, adds, psk, ..none },             [OK,     OK,      admits,    admits,   admits]),
        (Proposed { path, renames, ..none },               [OK,     OK,      OK,        OK,       names]),
        (full,                                             [MIXED; 5]),
        (Proposed { rejoins, ..none },                     [MIXED; 5]),
        // Pairs.
        (Proposed { adds, psk, removes, ..none },          [MIXED; 5]),
        (Proposed { adds, psk, state, ..none },            [sets,   sets,    admits,    admits,   admits]),
        (Proposed { adds, psk, renames, ..none },          [MIXED; 5]),
        (Proposed { adds, psk, statements, ..none },       [MIXED; 5]),
        (Proposed { adds, psk, departed, ..none },         [evidence; 5]),
        (Proposed { removes, renames, ..none },            [MIXED; 5]),
        (Proposed { removes, statements, ..none },         [MIXED; 5]),
        (Proposed { removes, psk, ..none },                [with_psk; 5]),
        (Proposed { state, renames, ..none },              [MIXED; 5]),
        (Proposed { state, departed, ..none },             [evidence; 5]),
        (Proposed { state, psk, ..none },                  [with_psk; 5]),
        (Proposed { renames, statements, ..none },         [MIXED; 5]),
        (Proposed { renames, departed, ..none },           [evidence; 5]),
        (Proposed { renames, psk, ..none },                [with_psk; 5]),
        (Proposed { statements, departed, ..none },        [evidence; 5]),
        (Proposed { statements, psk, ..none },             [with_psk; 5]),
        // A removal carries a leave, with the state that follows, and then anybody may.
        (Proposed { removes, departed, state: left, ..none }, [OK; 5]),
    ]
}

/// A word to come back beside anything else but what it asks for.
#[rustfmt::skip]
fn rejoin_rows(parts: &Parts) -> Vec<(Proposed<'_>, Row)> {
    let Parts { adds, removes, rejoins, statements, departed, psk, .. } = parts;
    let (psk, state, renames, path, none) = (*psk, Some(&parts.changed), true, true, nothing(HOST));
    vec![
        (Proposed { rejoins, path, ..none },               [MIXED; 5]),
        (Proposed { rejoins, adds, psk, ..none },          [MIXED; 5]),
        (Proposed { rejoins, removes, ..none },            [MIXED; 5]),
        (Proposed { rejoins, state, ..none },              [MIXED; 5]),
        (Proposed { rejoins, renames, ..none },            [MIXED; 5]),
        (Proposed { rejoins, statements, ..none },         [MIXED; 5]),
        (Proposed { rejoins, departed, ..none },           [MIXED; 5]),
        (Proposed { rejoins, psk, ..none },                [MIXED; 5]),
    ]
}

/// A return of a member, and the same with anything more, or less.
#[rustfmt::skip]
fn return_rows(parts: &Parts) -> Vec<(Proposed<'_>, Row)> {
    let Parts { adds, back, removes, rejoins, statements, departed, psk, resync, .. } = parts;
    let (psk, resync, state, renames, path, none) = (*psk, *resync, Some(&parts.changed), true, true, nothing(HOST));
    let (admits, evidence, with_psk) = (no(Right::Admit), Err(Rule::Evidence), Err(Rule::Psk));
    let other = Err(Rule::Rejoin("another identity takes the place of a leaf"));
    vec![
        (Proposed { adds: back, removes, rejoins, psk: resync, ..none }, [OK; 5]),
        (Proposed { adds: back, removes, psk: resync, ..none },                      [MIXED; 5]),
        (Proposed { adds: back, removes, rejoins, psk, ..none },                     [with_psk; 5]),
        (Proposed { adds: back, removes, rejoins, ..none },                          [with_psk; 5]),
        (Proposed { adds, psk: resync, ..none },           [with_psk, with_psk, admits, admits, admits]),
        (Proposed { adds, removes, rejoins, psk: resync, ..none },                   [other; 5]),
        (Proposed { adds: back, removes, rejoins, psk: resync, state, ..none },      [MIXED; 5]),
        (Proposed { adds: back, removes, rejoins, psk: resync, renames, ..none },    [MIXED; 5]),
        (Proposed { adds: back, removes, rejoins, psk: resync, statements, ..none }, [MIXED; 5]),
        (Proposed { adds: back, removes, rejoins, psk: resync, departed, ..none },   [evidence; 5]),
        (Proposed { adds: back, removes, rejoins, psk: resync, path, ..none },       [OK; 5]),
    ]
}

#[test]
fn who_may_commit_what_with_what() {
    // SPEC [G4], [G7], [G8], [G15], [G17], [G21], [G23], [G26]
    let (state, roster, parts) = (state(), roster(), parts());
    let scene = Scene { state: &state, roster: &roster, orders: &[] };
    let rows =
        commit_rows(&parts).into_iter().chain(rejoin_rows(&parts)).chain(return_rows(&parts));
    for (index, (commit, expected)) in rows.enumerate() {
        let found = ROLES.map(|who| {
            let committer = if commit.committer == 99 { 99 } else { who.into() };
            judge(&scene, &Proposed { committer, ..commit })
        });
        // A committer that is not in the roster is refused before anything else is looked at.
        let unknown = commit.committer == 99;
        let expected = if unknown { [Err(Rule::UnknownCommitter); 5] } else { expected };
        assert_eq!(found, expected, "row {index}");
    }
}
