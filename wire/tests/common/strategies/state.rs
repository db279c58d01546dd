//! Arbitrary states.

use incamera_wire::{
    Door, Fingerprint, GroupState, InviteEntry, Label, MemberEntry, PadTo, Padding, Profile,
    RelayEntry, ResyncKey, Rights, Role, RoleRights, SecretBytes, SecretText, TrackKinds,
};
use proptest::array::uniform32;
use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn secret_bytes(bytes: [u8; 32]) -> SecretBytes<32> {
    SecretBytes::filled(|secret| secret.copy_from_slice(&bytes))
}

fn rights() -> impl Strategy<Value = Rights> {
    (0u32..=0x7fff).prop_map(|bits| Rights::from_bits(bits).unwrap())
}

pub(super) fn kinds(lowest: u32) -> impl Strategy<Value = TrackKinds> {
    (lowest..=31).prop_map(|bits| TrackKinds::from_bits(bits).unwrap())
}

pub(super) fn label() -> impl Strategy<Value = Option<Label>> {
    option::of(select(Label::ALL))
}

fn role_rights() -> impl Strategy<Value = RoleRights> {
    (rights(), rights(), rights()).prop_map(|(co_host, presenter, attendee)| RoleRights {
        co_host,
        presenter,
        attendee,
    })
}

fn members() -> impl Strategy<Value = Vec<MemberEntry>> {
    let said =
        (select(Role::ALL), (rights(), rights()), label(), (kinds(0), kinds(0)), any::<bool>());
    let member = |(bytes, said)| {
        let (role, (granted, withheld), label, (muted, unmuted), recording) = said;
        let fingerprint = Fingerprint::new(bytes);
        MemberEntry { fingerprint, role, granted, withheld, label, muted, unmuted, recording }
    };
    btree_map(uniform32(any::<u8>()), said, 0..10)
        .prop_map(move |members| members.into_iter().map(member).collect())
}

fn invites() -> impl Strategy<Value = Vec<InviteEntry>> {
    let said = (any::<bool>(), "\\PC{0,16}", any::<u64>());
    let invite = |(secret, (passcode, name, expires_s)): ([u8; 32], (bool, String, u64))| {
        let expires_s = expires_s.try_into().ok();
        InviteEntry { secret: secret_bytes(secret), passcode, name, expires_s }
    };
    btree_map(uniform32(any::<u8>()), said, 0..=16)
        .prop_map(move |invites| invites.into_iter().map(invite).collect())
}

fn relays() -> impl Strategy<Value = Vec<RelayEntry>> {
    let relay = |(key, region)| RelayEntry { key, region };
    btree_map(uniform32(any::<u8>()), "\\PC{1,8}", 0..=16)
        .prop_map(move |relays| relays.into_iter().map(relay).collect())
}

fn fingerprints(most: usize) -> impl Strategy<Value = Vec<Fingerprint>> {
    btree_set(uniform32(any::<u8>()), 0..=most)
        .prop_map(|set| set.into_iter().map(Fingerprint::new).collect())
}

fn padding() -> impl Strategy<Value = Padding> {
    let one = || any::<u16>().prop_map(|number| PadTo::from_number(number.into()).unwrap());
    (one(), one()).prop_map(|(audio, other)| Padding { audio, other })
}

pub fn group_state() -> impl Strategy<Value = GroupState> {
    let choices =
        (select(Profile::ALL), select(Door::ALL), role_rights(), any::<bool>(), padding());
    let lists = (members(), fingerprints(16).prop_shuffle(), fingerprints(10));
    let mutes = (kinds(0), any::<bool>());
    let admission = (invites(), uniform32(any::<u8>()), option::of("\\PC{1,16}"), relays());
    let heartbeat_keys = btree_set(uniform32(any::<u8>()), 1..=2);
    let resync_keys = btree_map(uniform32(any::<u8>()), uniform32(any::<u8>()), 1..=4);
    let resync_key = |(secret, lobby_key)| ResyncKey {
        lobby_key: secret_bytes(lobby_key),
        secret: secret_bytes(secret),
    };
    (choices, lists, mutes, admission, heartbeat_keys, resync_keys).prop_map(
        move |(choices, lists, mutes, admission, heartbeat_keys, resync_keys)| {
            let (profile, door, rights, short_audio_tags, padding) = choices;
            let (members, succession, bans) = lists;
            let (muted, unmute_forbidden) = mutes;
            let (invites, lobby_key, passcode, relays) = admission;
            GroupState {
                profile,
                door,
                rights,
                members,
                succession,
                muted,
                unmute_forbidden,
                invites,
                lobby_key: secret_bytes(lobby_key),
                passcode: passcode.as_deref().map(SecretText::new),
                bans,
                relays,
                // Newest first, which is any order.
                heartbeat_keys: heartbeat_keys.into_iter().rev().map(secret_bytes).collect(),
                resync_keys: resync_keys.into_iter().map(resync_key).collect(),
                short_audio_tags,
                padding,
            }
        },
    )
}
