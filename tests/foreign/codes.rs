//! Who is in a meeting, and what people and relays show each other.

use ed25519_dalek::SigningKey;
use incamera::wire::{
    GroupState, InviteEntry, MemberEntry, PadTo, Padding, RelayEntry, RelayProof, Role,
};
use incamera::{Fingerprint, Profile, Right, Rights, SafetyCode};
use serde_json::{Value, json};

use crate::golden::{count, full_state};
use crate::reader::{each, hex, unhex};
use crate::watch::{enter, id, makes, secrets};

fn forms(code: &SafetyCode) -> Value {
    json!({ "digits": code.to_string(), "words": code.words(), "qr": code.qr_payload() })
}

#[test]
fn both_sides_see_the_same_roster_and_codes() {
    // SPEC [I4], [I5]
    each(|reader| {
        for make in makes() {
            let world = make.meeting(&["Ada", "Ben", "Cleo"]);
            let (own, meeting) = (secrets(&world, 0), id(&world));
            reader.get("meeting", make.told("codes", &meeting, own.own_leaf));
            enter(reader, "codes", &own);
            let tree = json!({
                "in": "codes", "epoch": own.epoch.to_string(), "tree": hex(&own.ratchet_tree),
            });
            let members = reader.get("bare_tree", tree)["members"].as_array().unwrap().clone();
            let roster = world.clients[0].meeting.roster();
            assert_eq!(members.len(), roster.len());
            for (member, participant) in members.iter().zip(&roster) {
                let credential = &member["credential"];
                assert_eq!(credential["name"], json!(participant.name));
                assert_eq!(credential["stay"], json!(hex(participant.member.as_bytes())));
                let key = json!({ "identity_key": credential["identity_key"] });
                let fingerprint = hex(participant.fingerprint.as_bytes());
                reader.says("fingerprint", key, &json!({ "fingerprint": fingerprint }));
            }
            let of = |name: &str| {
                members.iter().map(|m| m["credential"][name].clone()).collect::<Vec<_>>()
            };
            let (keys, stays) = (of("identity_key"), of("stay"));
            let pairs: Vec<_> = keys.iter().zip(&stays).rev().collect();
            let mut code = reader.get(
                "safety_code",
                json!({
                    "meeting": meeting, "epoch": own.epoch.to_string(),
                    "authenticator": hex(own.authenticator), "members": pairs,
                }),
            );
            code.as_object_mut().unwrap().remove("input");
            assert_eq!(code, forms(&world.clients[0].meeting.safety_code().unwrap()));
            let pair = world.clients[0].meeting.pair_code(world.member_id(2)).unwrap();
            reader.says("pair_code", json!({ "one": keys[2], "other": keys[0] }), &forms(&pair));
        }
    });
}

#[test]
fn a_link_says_the_same_on_both_sides() {
    each(|reader| {
        for make in makes() {
            let world = make.meeting(&["Ada"]);
            let state = GroupState::decode(&secrets(&world, 0).state).unwrap();
            let link = world.clients[0].meeting.invite().unwrap().link();
            let lobby = json!({ "private": hex(state.lobby_key.expose()) });
            let lobby = reader.get("public_key", lobby)["public"].clone();
            let expected = json!({
                "profile": make.profile.number(), "passcode": false, "meeting": id(&world),
                "lobby": lobby, "secret": hex(state.invites[0].secret.expose()),
            });
            reader.says("read_invite", json!({ "text": link }), &expected);
            reader.says("write_invite", expected, &json!({ "text": link }));
        }
    });
}

#[test]
fn a_relay_proves_itself_across() {
    // SPEC [M12]
    let key = SigningKey::from_bytes(&[7; 32]);
    let certificate = [3; 32];
    each(|reader| {
        let mut world = makes()[0].meeting(&["Ada"]);
        let relay = RelayEntry { key: key.verifying_key().to_bytes(), region: "Island".to_owned() };
        world.ask(0, |ada, now| ada.set_relays(vec![relay], now));
        let challenge = world.clients[0].meeting.relay_challenge().unwrap();
        let asked = json!({
            "secret": hex([7; 32]), "challenge": hex(challenge.encode()), "certificate": hex(certificate),
        });
        let proof = unhex(&reader.get("prove", asked)["proof"]);
        let check = json!({
            "challenge": hex(challenge.encode()), "certificate": hex(certificate), "proof": hex(&proof),
        });
        assert_eq!(
            reader.get("relay_proof", check.clone())["key"],
            json!(hex(key.verifying_key().to_bytes()))
        );
        let mut other = check;
        other["certificate"] = json!("00".repeat(32));
        reader.refuses("relay_proof", other);
        let proof = RelayProof::decode(&proof).unwrap();
        let ada = &mut world.clients[0].meeting;
        let proved = ada.verify_relay(&challenge, &certificate, &proof).unwrap();
        assert_eq!(proved.region(), "Island");
        let challenge = ada.relay_challenge().unwrap();
        assert!(
            ada.verify_relay(&challenge, &certificate, &proof).is_err(),
            "of another challenge"
        );
    });
}

/// A state that contradicts itself, by name of the fault.
fn contradictions() -> Vec<(&'static str, GroupState)> {
    let with = |change: fn(&mut GroupState)| {
        let mut state = full_state();
        change(&mut state);
        state
    };
    vec![
        (
            "a plain attendee",
            with(|state| state.members.push(MemberEntry::plain(Fingerprint::new(count(9))))),
        ),
        ("a muted host", with(|state| state.members[0].muted = incamera::TrackKinds::ALL)),
        (
            "granted and withheld",
            with(|state| state.members[2].withheld = Rights::of(&[Right::End])),
        ),
        ("muted and exempt", with(|state| state.members[2].unmuted = state.members[2].muted)),
        ("records without the right", with(|state| state.members[2].granted = Rights::NONE)),
        (
            "a captioner records",
            with(|state| state.members[2].label = Some(incamera::Label::Captioner)),
        ),
        ("a banned member", with(|state| state.bans = vec![state.members[0].fingerprint])),
        (
            "a presenter follows",
            with(|state| state.succession = vec![state.members[2].fingerprint]),
        ),
        ("a stranger follows", with(|state| state.succession = vec![Fingerprint::new(count(9))])),
        ("no passcode to ask for", with(|state| state.passcode = None)),
        ("portable and short", with(|state| state.profile = Profile::Portable)),
    ]
}

#[test]
fn a_state_that_contradicts_itself_is_refused() {
    each(|reader| {
        reader.get("check_state", json!({ "data": hex(full_state().encode()) }));
        let mut lighter = full_state();
        lighter.short_audio_tags = false;
        lighter.profile = Profile::Portable;
        lighter.padding = Padding { audio: PadTo::Nothing, other: PadTo::Multiple(65_535) };
        lighter.members[1] =
            MemberEntry { role: Role::CoHost, recording: true, ..lighter.members[1] };
        lighter.invites = vec![InviteEntry::new(lighter.lobby_key.duplicate())];
        lighter.passcode = None;
        reader.get("check_state", json!({ "data": hex(lighter.encode()) }));
        for (fault, state) in contradictions() {
            let taken = reader.ask("check_state", json!({ "data": hex(state.encode()) }));
            assert!(taken.is_err(), "{fault}");
        }
    });
}
