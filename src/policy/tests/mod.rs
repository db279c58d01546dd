//! The verdict, rule by rule and role by role, on one meeting that has everybody in it.

mod changes;
mod commits;
mod consistent;
mod derived;
mod fields;
mod lists;
mod orders;
mod parts;
mod random;
mod resync;
mod rights;
mod silence;
mod table;

use incamera_wire::{
    Door, Fingerprint, GroupState, InviteEntry, KeyPackageRef, Label, MemberEntry, Padding,
    Profile, RelayEntry, ResyncKey, Right, Rights, Role, RoleRights, SecretText, StayId, TrackKind,
    TrackKinds,
};

use super::*;
use crate::entropy::Entropy;
use crate::error::Rule;
use crate::secret::Secret;

type Verdict = Result<(), Rule>;

const OK: Verdict = Ok(());

const fn no(right: Right) -> Verdict {
    Err(Rule::MissingRight(right))
}

/// Whose identity is `person` of this number, and at which leaf.
const HOST: u8 = 1;
const CO_HOST: u8 = 2;
const PRESENTER: u8 = 3;
const ATTENDEE: u8 = 4;
/// A co-host by its role, and a bot by its own word.
const BOT: u8 = 5;
const OTHER_HOST: u8 = 6;
/// A co-host that the succession does not list, and that records.
const OTHER_CO_HOST: u8 = 7;
/// Listed second.
const HEIR: u8 = 8;
const OTHER_PRESENTER: u8 = 9;
const OTHER_ATTENDEE: u8 = 10;
/// The second device of `OTHER_ATTENDEE` is at this leaf.
const SECOND_DEVICE: u32 = 11;
/// Not in the meeting, and not in the state.
const ABSENT: u8 = 30;
/// Not in the meeting, and banned.
const BANNED: u8 = 31;

/// The columns of every table.
const ROLES: [u8; 5] = [HOST, CO_HOST, PRESENTER, ATTENDEE, BOT];

const CAMERA: TrackKinds = TrackKinds::of(&[TrackKind::Camera]);
const SCREEN: TrackKinds = TrackKinds::of(&[TrackKind::Screen]);
const MICROPHONE: TrackKinds = TrackKinds::of(&[TrackKind::Microphone]);

fn person(byte: u8) -> Fingerprint {
    Fingerprint::new([byte; 32])
}

fn stay(byte: u8) -> StayId {
    StayId::new([byte; 16])
}

fn secret(byte: u8) -> Secret<32> {
    Secret::filled(|bytes| *bytes = [byte; 32])
}

fn text(text: &str) -> Option<SecretText> {
    Some(SecretText::new(text))
}

fn occupant(leaf: u32, who: u8) -> Occupant {
    let byte = u8::try_from(leaf).unwrap() + 100;
    let label = (who == BOT).then_some(Label::Bot);
    Occupant { leaf, stay: stay(byte), fingerprint: person(who), leaf_key: [byte; 32], label }
}

/// Everyone at the leaf of its number, and one second device.
fn roster() -> Vec<Occupant> {
    let mut roster: Vec<_> = (HOST..=OTHER_ATTENDEE).map(|who| occupant(who.into(), who)).collect();
    roster.push(occupant(SECOND_DEVICE, OTHER_ATTENDEE));
    roster
}

fn by(who: u8) -> Occupant {
    occupant(who.into(), who)
}

fn entry(who: u8, role: Role) -> MemberEntry {
    MemberEntry { role, ..MemberEntry::plain(person(who)) }
}

fn relay(byte: u8) -> RelayEntry {
    RelayEntry { key: [byte; 32], region: "north".into() }
}

/// Somebody with a fresh leaf.
fn newcomer_of(byte: u8, who: u8) -> Newcomer {
    let (reference, stay) = (KeyPackageRef::new([byte; 32]), stay(byte));
    Newcomer { reference, stay, fingerprint: person(who), leaf_key: [byte; 32] }
}

fn resync_key(byte: u8) -> ResyncKey {
    ResyncKey { lobby_key: secret(byte ^ 0x80), secret: secret(byte) }
}

fn invite(byte: u8) -> InviteEntry {
    InviteEntry::new(secret(byte))
}

/// What a co-host may do here: neither share its screen, nor manage relays, nor end the meeting.
const CO_HOST_RIGHTS: Rights =
    Rights::ALL.without(Right::ShareScreen).without(Right::ManageRelays).without(Right::End);

fn state() -> GroupState {
    let opening = Opening {
        profile: Profile::Standard,
        door: Door::WaitingRoom,
        rights: RoleRights {
            co_host: CO_HOST_RIGHTS,
            presenter: Rights::of(&[Right::Speak, Right::ShareScreen, Right::RenameSelf]),
            attendee: Rights::of(&[Right::Speak, Right::Chat, Right::RenameSelf]),
        },
        muted: SCREEN,
        unmute_forbidden: false,
        passcode: text("1234"),
        short_audio_tags: false,
        padding: Padding::NONE,
    };
    let mut state = initial(opening, person(HOST), &Entropy::seeded([1; 32])).unwrap();
    let muted = |who, role| MemberEntry { muted: CAMERA, ..entry(who, role) };
    state.members = vec![
        entry(HOST, Role::Host),
        muted(CO_HOST, Role::CoHost),
        muted(PRESENTER, Role::Presenter),
        muted(ATTENDEE, Role::Attendee),
        muted(BOT, Role::CoHost),
        entry(OTHER_HOST, Role::Host),
        MemberEntry { recording: true, ..entry(OTHER_CO_HOST, Role::CoHost) },
        entry(HEIR, Role::CoHost),
        entry(OTHER_PRESENTER, Role::Presenter),
    ];
    state.succession = vec![person(CO_HOST), person(HEIR)];
    state.invites.push(invite(50));
    state.bans = vec![person(BANNED)];
    state.relays = vec![relay(60)];
    state
}

/// The fixture with `edit` done to it.
fn edited(edit: impl FnOnce(&mut GroupState)) -> GroupState {
    let mut state = state();
    edit(&mut state);
    state
}

/// What a commit that does nothing holds.
fn nothing<'a>(who: u8) -> Proposed<'a> {
    Proposed {
        committer: who.into(),
        adds: &[],
        removes: &[],
        departed: &[],
        state: None,
        psk: None,
        renames: false,
        path: false,
        statements: &[],
        rejoins: &[],
    }
}

/// What receivers say of a commit by `who` that makes `new` of `old`.
fn received(old: &GroupState, who: u8, new: &GroupState) -> Verdict {
    let roster = roster();
    let scene = Scene { state: old, roster: &roster, orders: &[] };
    judge(&scene, &Proposed { state: Some(new), ..nothing(who) })
}

/// What the committer's own client says: it makes the change, and judges as receivers do.
fn committed(old: &GroupState, who: u8, change: &Change) -> Verdict {
    let mut new = old.duplicate();
    apply(&mut new, &roster(), &by(who), change)?;
    received(old, who, &new)
}

/// `change` carried out by `who`, twice: what is in effect already leaves the state equal.
#[track_caller]
fn applied(old: &GroupState, who: u8, change: &Change) -> Result<GroupState, Rule> {
    let mut new = old.duplicate();
    apply(&mut new, &roster(), &by(who), change)?;
    assert_eq!(GroupState::decode(&new.encode()).as_ref(), Ok(&new), "not canonical: {change:?}");
    let mut again = new.duplicate();
    assert_eq!(apply(&mut again, &roster(), &by(who), change), Ok(()), "{change:?}");
    assert_eq!(again, new, "{change:?}");
    Ok(new)
}

#[test]
fn the_fixture_is_consistent() {
    assert_eq!(validate(&state(), Profile::Standard), Ok(()));
    assert_eq!(GroupState::decode(&state().encode()), Ok(state()));
}
