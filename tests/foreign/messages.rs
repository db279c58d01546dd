//! Messages: what the readers find in golden ones, how they write them, and which bytes they refuse.

use incamera::wire::{
    AnnouncedFraming, AnnouncedTrack, CommitNote, Envelope, EventBody, EventKind, Fingerprint,
    GroupState, Knock, KnockAnswer, KnockAnswerContent, KnockContent, LeafCredential, MeetingId,
    RelayChallenge, RelayProof, SafetyCodeInput, SafetyMember, SealedBlob, SignedEvent, StayId,
    ToClient, ToServer, Track,
};
use serde_json::json;

use crate::chance::Chance;
use crate::changes;
use crate::golden::{Golden, all, count, full_state};
use crate::reader::{each, hex, unhex};

/// How many changes of each golden message are judged.
const CHANGES: usize = 160;

/// Whether this crate takes the bytes for such a message.
fn takes(message: &str, data: &[u8]) -> bool {
    match message {
        "Envelope" => Envelope::decode(data).is_ok(),
        "SealedBlob" => SealedBlob::decode(data).is_ok(),
        "SignedEvent" => SignedEvent::decode(data).is_ok(),
        "CommitNote" => CommitNote::decode(data).is_ok(),
        "EventBody" => EventBody::decode(data).is_ok(),
        "LeafCredential" => LeafCredential::decode(data).is_ok(),
        "SafetyCodeInput" => SafetyCodeInput::decode(data).is_ok(),
        "Knock" => Knock::decode(data).is_ok(),
        "KnockContent" => KnockContent::decode(data).is_ok(),
        "KnockAnswer" => KnockAnswer::decode(data).is_ok(),
        "KnockAnswerContent" => KnockAnswerContent::decode(data).is_ok(),
        "GroupState" => GroupState::decode(data).is_ok(),
        "RelayChallenge" => RelayChallenge::decode(data).is_ok(),
        "RelayProof" => RelayProof::decode(data).is_ok(),
        "ToServer" => ToServer::decode(data).is_ok(),
        "ToClient" => ToClient::decode(data).is_ok(),
        _ => panic!("no message of this name: {message}"),
    }
}

#[test]
fn each_field_of_a_golden_message_is_read_and_written_as_it_is() {
    each(|reader| {
        for Golden { message, data, fields } in all() {
            assert!(takes(message, &data), "{message}");
            let request = json!({ "message": message, "data": hex(&data) });
            reader.says("decode", request, &json!({ "fields": fields }));
            let written = reader.get("encode", json!({ "message": message, "fields": fields }));
            assert_eq!(unhex(&written["data"]), data, "{message}");
        }
    });
}

#[test]
fn what_one_side_refuses_of_changed_messages_the_other_refuses() {
    const SEED: u64 = 7;
    each(|reader| {
        let (mut chance, mut taken) = (Chance(SEED), 0);
        for Golden { message, data, .. } in all() {
            let change = |at| {
                if at % 4 == 0 {
                    chance.changed(&data)
                } else {
                    changes::changed(&mut chance, &data)
                }
            };
            let changed: Vec<_> = (0..CHANGES).map(change).collect();
            let request =
                json!({ "message": message, "data": changed.iter().map(hex).collect::<Vec<_>>() });
            let verdicts = reader.get("verdicts", request);
            for (data, verdict) in changed.iter().zip(verdicts["taken"].as_array().unwrap()) {
                let expected = takes(message, data);
                taken += usize::from(expected);
                assert_eq!(*verdict, expected, "seed {SEED}: {message} {}", hex(data));
            }
        }
        assert!(taken > 500, "most changes break the form: {taken} do not");
    });
}

#[test]
fn a_message_in_another_form_is_refused() {
    // SPEC [W1], [W2]
    let proof = RelayProof { key: count(1), signature: count(2) }.encode();
    let (head, tail) = proof.split_at(2);
    let key = &tail[..34];
    let spoilt: [(&str, Vec<u8>); 9] = [
        ("no version", tail.to_vec()),
        ("version 2", [&[8, 2], tail].concat()),
        ("a version in two bytes", [&[8, 0x81, 0], tail].concat()),
        ("the version twice", [head, head, tail].concat()),
        ("the key twice", [head, key, tail].concat()),
        ("another order", [tail, head].concat()),
        ("an unknown field", [&proof[..], &[0x78, 1]].concat()),
        ("a group", [&proof[..], &[0x7b, 0x7c]].concat()),
        ("another wire type", [&[0x0a, 1, 1], tail].concat()),
    ];
    each(|reader| {
        for (fault, data) in &spoilt {
            assert!(!takes("RelayProof", data), "{fault}");
            reader.refuses("decode", json!({ "message": "RelayProof", "data": hex(data) }));
        }
    });
}

/// States and codes whose lists are out of order or name something twice, by name of the list.
fn disordered() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let state = |change: fn(&mut GroupState)| {
        let mut state = full_state();
        change(&mut state);
        state.encode()
    };
    let relay = |state: &mut GroupState| {
        let again = state.relays[0].clone();
        state.relays.push(again);
    };
    let two = SafetyCodeInput {
        meeting: MeetingId::new(count(1)),
        epoch: 7,
        authenticator: count(2),
        members: [4, 3]
            .map(|first| SafetyMember { identity_key: count(first), stay: StayId::new(count(9)) })
            .into(),
    };
    let one = SafetyCodeInput { members: vec![two.members[0]; 2], ..two.clone() };
    vec![
        ("members", "GroupState", state(|state| state.members.reverse())),
        ("bans", "GroupState", state(|state| state.bans.reverse())),
        ("a ban twice", "GroupState", state(|state| state.bans = vec![state.bans[0]; 2])),
        ("a relay twice", "GroupState", state(relay)),
        (
            "a successor twice",
            "GroupState",
            state(|state| state.succession = vec![state.succession[0]; 2]),
        ),
        (
            "a link secret twice",
            "GroupState",
            state(|state| state.invites[1].secret = state.invites[0].secret.duplicate()),
        ),
        (
            "a heartbeat key twice",
            "GroupState",
            state(|state| state.heartbeat_keys[1] = state.heartbeat_keys[0].duplicate()),
        ),
        (
            "a resync key twice",
            "GroupState",
            state(|state| {
                let again = state.resync_keys[0].duplicate();
                state.resync_keys.push(again);
            }),
        ),
        ("members of a code", "SafetyCodeInput", two.encode()),
        ("a member of a code twice", "SafetyCodeInput", one.encode()),
    ]
}

/// Events whose lists are.
fn disordered_events() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let body = |kind| {
        let (meeting, stay) = (MeetingId::new(count(1)), StayId::new(count(2)));
        EventBody { meeting, epoch: 1, stay, counter: 1, kind }.encode()
    };
    let hosts = |firsts: [u8; 2]| EventKind::HostSilent {
        hosts: firsts.map(|first| Fingerprint::new(count(first))).into(),
    };
    let track = |track| AnnouncedTrack {
        track,
        codec: "opus".to_owned(),
        framing: AnnouncedFraming::Whole,
        transport: String::new(),
        muted: false,
    };
    let tracks = |tracks: [Track; 2]| EventKind::Announcement { tracks: tracks.map(track).into() };
    vec![
        ("hosts", "EventBody", body(hosts([2, 1]))),
        ("a host twice", "EventBody", body(hosts([1, 1]))),
        ("tracks", "EventBody", body(tracks([Track::CAMERA, Track::MICROPHONE]))),
        ("a track twice", "EventBody", body(tracks([Track::CAMERA, Track::CAMERA]))),
    ]
}

#[test]
fn lists_out_of_order_or_with_an_entry_twice_are_refused() {
    // SPEC [W5], [I4]
    each(|reader| {
        for (fault, message, data) in disordered().into_iter().chain(disordered_events()) {
            assert!(!takes(message, &data), "{fault}");
            let verdict =
                reader.get("verdicts", json!({ "message": message, "data": [hex(data)] }));
            assert_eq!(verdict["taken"], json!([false]), "{fault}");
        }
    });
}
