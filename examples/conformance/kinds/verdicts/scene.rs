//! The meetings in which verdicts are passed, and those who are in them.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, Added, HostilePsk, Occupied, Proposal};
use incamera::wire::{
    Fingerprint, GroupState, InviteEntry, InviteId, KeyPackageRef, MemberEntry, Padding, ResyncKey,
    RoleRights, SecretBytes, SecretText, StayId,
};
use incamera::{Door, Label, Profile, RelayEntry, Right, Rights, Role, TrackKind, TrackKinds};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{shown, shown_occupied};
use crate::case::{Draft, good, refused};
use crate::fields::hex;

/// Who is in: each at the leaf of its number, minus one.
pub(super) const HOST: u8 = 1;
pub(super) const CO_HOST: u8 = 2;
pub(super) const PRESENTER: u8 = 3;
pub(super) const ATTENDEE: u8 = 4;
/// A co-host by its role, and a bot by its own word.
pub(super) const BOT: u8 = 5;
/// Listed second, after [`CO_HOST`].
pub(super) const HEIR: u8 = 6;
/// Somebody with a second device, at [`SECOND_DEVICE`]. The state mutes its camera.
pub(super) const DOUBLE: u8 = 7;
pub(super) const SECOND_DEVICE: u32 = 7;
/// Neither in the meeting nor in the state.
pub(super) const ABSENT: u8 = 30;
/// Not in the meeting, and banned.
pub(super) const BANNED: u8 = 31;

pub(super) const CAMERA: TrackKinds = TrackKinds::of(&[TrackKind::Camera]);

pub(super) fn person(who: u8) -> Fingerprint {
    Fingerprint::new([who; 32])
}

pub(super) fn leaf(who: u8) -> u32 {
    u32::from(who) - 1
}

pub(super) fn stay_at(leaf: u32) -> StayId {
    StayId::new([100 + leaf as u8; 16])
}

pub(super) fn secret(byte: u8) -> SecretBytes<32> {
    SecretBytes::filled(|bytes| *bytes = [byte; 32])
}

fn occupied(leaf: u32, who: u8) -> Occupied {
    let label = (who == BOT).then_some(Label::Bot);
    let (stay, leaf_key) = (stay_at(leaf), [100 + leaf as u8; 32]);
    Occupied { leaf, stay, fingerprint: person(who), leaf_key, label }
}

pub(super) fn by(who: u8) -> Occupied {
    occupied(leaf(who), who)
}

pub(super) fn roster() -> Vec<Occupied> {
    let mut roster: Vec<_> = (HOST..=DOUBLE).map(by).collect();
    roster.push(occupied(SECOND_DEVICE, DOUBLE));
    roster
}

pub(super) fn entry(who: u8, role: Role) -> MemberEntry {
    MemberEntry { role, ..MemberEntry::plain(person(who)) }
}

pub(super) fn state() -> GroupState {
    let people = Rights::of(&[Right::Speak, Right::Video, Right::Chat, Right::RenameSelf]);
    let helpers = people
        .union(Rights::of(&[Right::Admit, Right::Remove, Right::Lock, Right::SetRights]))
        .union(Rights::of(&[Right::MuteOthers, Right::Record, Right::ManageInvites]));
    GroupState {
        profile: Profile::Standard,
        door: Door::WaitingRoom,
        rights: RoleRights { co_host: helpers, presenter: people, attendee: people },
        members: vec![
            entry(HOST, Role::Host),
            entry(CO_HOST, Role::CoHost),
            entry(PRESENTER, Role::Presenter),
            entry(BOT, Role::CoHost),
            entry(HEIR, Role::CoHost),
            MemberEntry { muted: CAMERA, ..entry(DOUBLE, Role::Attendee) },
        ],
        succession: vec![person(CO_HOST), person(HEIR)],
        muted: TrackKinds::NONE,
        unmute_forbidden: false,
        invites: vec![InviteEntry { passcode: true, ..InviteEntry::new(secret(50)) }],
        lobby_key: secret(51),
        passcode: Some(SecretText::new("1234")),
        bans: vec![person(BANNED)],
        relays: vec![RelayEntry { key: [60; 32], region: "eu".to_owned() }],
        heartbeat_keys: vec![secret(52)],
        resync_keys: vec![ResyncKey { lobby_key: secret(53), secret: secret(54) }],
        short_audio_tags: false,
        padding: Padding::NONE,
    }
}

pub(super) fn edited(edit: impl FnOnce(&mut GroupState)) -> GroupState {
    let mut state = state();
    edit(&mut state);
    state
}

/// All scenes, by name: `door open`, `door locked`, `unmuting forbidden`, and with orders.
pub(super) fn scenes() -> Value {
    let roster: Vec<_> = roster().iter().map(shown_occupied).collect();
    let scene =
        |state: &GroupState| json!({ "group_state": hex(state.encode()), "roster": roster });
    let ordered = |who: u8| {
        let mut scene = scene(&state());
        scene["orders"] = json!([hex(person(who).as_bytes())]);
        scene
    };
    let full = |profile, count: u32| {
        let mut scene = scene(&edited(|state| state.profile = profile));
        scene["filled_to"] = count.into();
        scene
    };
    json!({
        "meeting": scene(&state()),
        "door open": scene(&edited(|state| state.door = Door::Open)),
        "door locked": scene(&edited(|state| state.door = Door::Locked)),
        "unmuting forbidden": scene(&edited(|state| state.unmute_forbidden = true)),
        "attendee ordered out": ordered(ATTENDEE),
        "co-host ordered out": ordered(CO_HOST),
        "nearly full": full(Profile::PostQuantum, 499),
        "full": full(Profile::PostQuantum, 500),
        "full, standard": full(Profile::Standard, 7_000),
    })
}

/// The state of a scene.
pub(super) fn state_of(scene: &str) -> GroupState {
    match scene {
        "door open" => edited(|state| state.door = Door::Open),
        "door locked" => edited(|state| state.door = Door::Locked),
        "unmuting forbidden" => edited(|state| state.unmute_forbidden = true),
        "nearly full" | "full" => edited(|state| state.profile = Profile::PostQuantum),
        _ => state(),
    }
}

fn short_hash(label: &str, secret: [u8; 32]) -> InviteId {
    let hash = Sha256::new_with_prefix(label.as_bytes()).chain_update(secret).finalize();
    InviteId::new(hash[..16].try_into().unwrap())
}

/// The PSK of an invite or a resync key with this secret.
pub(super) fn invite(byte: u8) -> Option<HostilePsk> {
    let id = short_hash("incamera 1 invite id", [byte; 32]);
    Some(HostilePsk { resync: false, id, secret: [byte; 32] })
}

pub(super) fn resync_key(byte: u8) -> Option<HostilePsk> {
    let id = short_hash("incamera 1 resync id", [byte; 32]);
    Some(HostilePsk { resync: true, id, secret: [byte; 32] })
}

/// The PSKs that are live.
pub(super) fn live() -> Option<HostilePsk> {
    invite(50)
}

pub(super) fn live_resync() -> Option<HostilePsk> {
    resync_key(54)
}

pub(super) fn newcomer(byte: u8, who: u8) -> Added {
    let (reference, stay) = (KeyPackageRef::new([byte; 32]), StayId::new([byte; 16]));
    Added { reference, stay, fingerprint: person(who), leaf_key: [byte; 32] }
}

/// A commit by somebody.
pub(super) fn commit(who: u8) -> Proposal {
    Proposal { committer: leaf(who), ..Proposal::default() }
}

/// A removal by somebody with the state that follows.
pub(super) fn removal(who: u8, removes: &[u32], departed: &[StayId]) -> Proposal {
    let (removes, departed) = (removes.to_vec(), departed.to_vec());
    let plan = Proposal { removes, departed, path: true, ..commit(who) };
    let state = testing::derived([0x77; 32], &state(), &roster(), &plan).unwrap();
    Proposal { state, ..plan }
}

fn judged(scene: &str, proposal: &Proposal) -> Value {
    json!({ "scene": scene, "commit": shown(proposal) })
}

pub(super) fn accepts(name: &str, must: &[&'static str], scene: &str, commit: &Proposal) -> Draft {
    good(name, must, judged(scene, commit))
}

pub(super) fn refuses(
    name: &str,
    must: &[&'static str],
    why: &str,
    scene: &str,
    commit: &Proposal,
) -> Draft {
    refused(name, must, why, judged(scene, commit))
}
