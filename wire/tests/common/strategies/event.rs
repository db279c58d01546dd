//! Arbitrary events.

use std::collections::BTreeMap;

use incamera_wire::{
    AnnouncedFraming, AnnouncedTrack, EventBody, EventKind, Fingerprint, Heartbeat, KeyPackageRef,
    MeetingId, SignedEvent, StayId, Track, TrackKind,
};
use proptest::array::uniform32;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::state::kinds;
use super::{bytes, id, signature};

pub fn signed_event() -> impl Strategy<Value = SignedEvent> {
    (bytes(1..=300), signature()).prop_map(|(body, signature)| SignedEvent { body, signature })
}

fn tracks() -> impl Strategy<Value = Vec<AnnouncedTrack>> {
    let said = ("\\PC{1,8}", select(AnnouncedFraming::ALL), "\\PC{0,16}", any::<bool>());
    let contexts: Vec<u64> =
        (0..256).filter(|context| Track::from_context(*context).is_some()).collect();
    let announced = |(context, (codec, framing, transport, muted))| {
        let track = Track::from_context(context).unwrap();
        AnnouncedTrack { track, codec, framing, transport, muted }
    };
    btree_map(select(contexts), said, 0..=16)
        .prop_map(move |tracks: BTreeMap<u64, _>| tracks.into_iter().map(announced).collect())
}

/// What is said to, or of, somebody.
fn about_somebody() -> impl Strategy<Value = EventKind> {
    let private = (id(StayId::new), uniform32(any::<u8>()), bytes(17..=300));
    let order = (uniform32(any::<u8>()), id(StayId::new));
    let hosts = btree_set(uniform32(any::<u8>()), 1..=16);
    prop_oneof![
        private.prop_map(|(to, encapsulated_key, ciphertext)| EventKind::PrivateChat {
            to,
            encapsulated_key,
            ciphertext
        }),
        (id(StayId::new), kinds(1)).prop_map(|(to, kinds)| EventKind::Ask { to, kinds }),
        (uniform32(any::<u8>()), any::<bool>()).prop_map(|(knock, proved)| EventKind::Attend {
            knock: KeyPackageRef::new(knock),
            proved
        }),
        hosts.prop_map(|hosts| EventKind::HostSilent {
            hosts: hosts.into_iter().map(Fingerprint::new).collect()
        }),
        order.prop_map(|(target, stay)| EventKind::RemovalOrder {
            target: Fingerprint::new(target),
            stay
        }),
    ]
}

fn key_frame_request() -> impl Strategy<Value = EventKind> {
    let kind = select(vec![TrackKind::Camera, TrackKind::Screen]);
    (id(StayId::new), kind, 0..=Track::MAX_INDEX).prop_map(|(to, kind, index)| {
        EventKind::KeyFrameRequest { to, track: Track::new(kind, index).unwrap() }
    })
}

fn heartbeat() -> impl Strategy<Value = EventKind> {
    let numbers = (any::<u64>(), any::<u64>());
    let hashes = (uniform32(any::<u8>()), uniform32(any::<u8>()));
    (hashes, numbers, vec(bytes(1..=300), 0..=4)).prop_map(|(hashes, numbers, orders)| {
        let ((authenticator, log_hash), (log_position, time_ms)) = (hashes, numbers);
        EventKind::Heartbeat(Heartbeat { authenticator, log_position, log_hash, time_ms, orders })
    })
}

fn event_kind() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        Just(EventKind::Leave),
        uniform32(any::<u8>()).prop_map(|authenticator| EventKind::Confirm { authenticator }),
        Just(EventKind::End),
        "\\PC{1,100}".prop_map(|text| EventKind::Chat { text }),
        "\\PC{1,8}".prop_map(|symbol| EventKind::Reaction { symbol }),
        any::<bool>().prop_map(|raised| EventKind::Hand { raised }),
        tracks().prop_map(|tracks| EventKind::Announcement { tracks }),
        about_somebody(),
        heartbeat(),
        key_frame_request(),
        uniform32(any::<u8>())
            .prop_map(|knock| EventKind::Rejoin { knock: KeyPackageRef::new(knock) }),
    ]
}

pub fn event_body() -> impl Strategy<Value = EventBody> {
    (id(MeetingId::new), any::<u64>(), id(StayId::new), any::<u64>(), event_kind()).prop_map(
        |(meeting, epoch, stay, counter, kind)| EventBody { meeting, epoch, stay, counter, kind },
    )
}
