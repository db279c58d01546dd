//! At the door: knocks, answers and the passcode, with a reader on either side.

use incamera::{DenyReason, Event, Input, Invite, Meeting, Proof, Settings, testing};
use serde_json::{Value, json};

use crate::golden::shown;
use crate::reader::{Reader, each, hex, unhex};
use crate::support::World;
use crate::watch::{id, secrets, state};

const PASSCODE: &str = "K\u{e4}se 4711";

fn world(seed: u8, passcode: Option<&str>) -> (World, Invite) {
    let mut world = World::new(seed);
    let mut settings = Settings::MEETING;
    settings.passcode = passcode.map(str::to_owned);
    world.create_with("Ada", settings);
    world.settle();
    // After ten minutes the creator and everybody else may take on passcodes alike.
    let invite = world.clients[0].meeting.invite().unwrap();
    (world, invite)
}

/// Somebody who would knock, and does not by itself.
fn guest(world: &World, invite: &Invite) -> Meeting {
    let identity = testing::identity([9; 32], "Ben").unwrap();
    testing::join([9; 32], &identity, invite, world.now()).unwrap()
}

/// What an admitter of this crate's would open a knock with.
fn open(reader: &mut Reader, world: &World, knock: &[u8]) -> Value {
    let state = state(world, 0);
    reader.get(
        "open_knock",
        json!({
            "meeting": id(world), "lobby_key": hex(state.lobby_key.expose()), "kind": "invite",
            "secret": hex(state.invites[0].secret.expose()), "knock": hex(knock),
        }),
    )
}

#[test]
fn a_reader_opens_a_knock_and_turns_it_down() {
    // SPEC [A2], [A10]
    each(|reader| {
        let (mut world, invite) = world(20, None);
        world.clients[0].online = false;
        let ben = world.knock_with("Ben", &invite);
        let knock = world.lobby.last().unwrap().clone();
        let opened = open(reader, &world, &knock);
        let key_package = testing::key_package(&world.clients[ben].meeting).unwrap();
        assert_eq!(unhex(&opened["content"]["key_package"]), key_package);
        let shown_by = json!({ "data": hex(&key_package), "profile": 1, "meeting": id(&world) });
        let package = reader.get("read_key_package", shown_by.clone());
        assert_eq!(package["credential"]["name"], "Ben");
        for at in [0, 50, key_package.len() / 2, key_package.len() - 1] {
            let mut spoilt = key_package.clone();
            spoilt[at] ^= 1;
            let mut request = shown_by.clone();
            request["data"] = json!(hex(spoilt));
            reader.refuses("read_key_package", request);
        }
        let mut elsewhere = shown_by;
        elsewhere["meeting"] = json!("00".repeat(16));
        reader.refuses("read_key_package", elsewhere);
        let answer = reader.get("seal_answer", json!({
            "answer_key": opened["answer_key"], "mailbox": opened["mailbox"], "nonce": shown(1, 24),
            "content": { "version": 1, "denial": { "reason": 2 } },
        }));
        let now = world.now();
        world.clients[ben].meeting.handle(Input::Direct(unhex(&answer["answer"])), now).unwrap();
        world.settle();
        let denied = Event::Denied { reason: DenyReason::Full };
        assert_eq!(world.count(ben, |event| *event == denied), 1);
    });
}

/// A knock that a reader makes from nothing but a link and somebody's key package.
struct Knocker {
    link: Value,
    meeting: Value,
    key_package: String,
    mailbox: String,
}

impl Knocker {
    fn new(reader: &mut Reader, world: &World, invite: &Invite) -> Self {
        let link = reader.get("read_invite", json!({ "text": invite.link() }));
        let guest = guest(world, invite);
        let key_package = hex(testing::key_package(&guest).unwrap());
        let mailbox = hex(guest.mailbox().unwrap().as_bytes());
        Self { meeting: link["meeting"].clone(), link, key_package, mailbox }
    }

    /// The knock, and the key of its answers.
    fn knock(
        &self,
        reader: &mut Reader,
        world: &World,
        ephemeral: u8,
        more: Value,
    ) -> (Vec<u8>, Value) {
        let mut content = json!({
            "version": 1, "key_package": self.key_package, "log_position": world.log.len().to_string(),
        });
        content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sealed = reader.get(
            "seal_knock",
            json!({
                "meeting": self.meeting, "lobby": self.link["lobby"], "secret": self.link["secret"],
                "kind": "invite", "mailbox": self.mailbox, "ephemeral": shown(ephemeral, 32),
                "content": content,
            }),
        );
        (unhex(&sealed["knock"]), sealed["answer_key"].clone())
    }
}

fn post(world: &mut World, knock: Vec<u8>) {
    let now = world.now();
    world.clients[0].meeting.handle(Input::Lobby(knock), now).unwrap();
    world.settle();
}

#[test]
fn a_knock_that_a_reader_makes_is_shown_and_its_denial_opens() {
    // SPEC [A2], [A10]
    each(|reader| {
        let (mut world, invite) = world(21, None);
        let knocker = Knocker::new(reader, &world, &invite);
        let (knock, answer_key) = knocker.knock(reader, &world, 1, json!({}));
        let mut spoilt = knock.clone();
        *spoilt.last_mut().unwrap() ^= 1;
        post(&mut world, spoilt);
        assert_eq!(world.count(0, |event| matches!(event, Event::Knock { .. })), 0);
        post(&mut world, knock);
        let shown = |event: &Event| matches!(event, Event::Knock { name, .. } if name == "Ben");
        assert_eq!(world.count(0, shown), 1);
        let knock = world.last_knock(0);
        world.ask(0, |ada, now| ada.deny(knock, DenyReason::NotExpected, now));
        let (mailbox, answer) = world.directs.last().unwrap();
        assert_eq!(hex(mailbox.as_bytes()), knocker.mailbox);
        let request = json!({
            "answer_key": answer_key, "mailbox": knocker.mailbox, "answer": hex(answer),
        });
        let expected = json!({ "content": { "version": 1, "denial": { "reason": 1 } } });
        reader.says("open_answer", request.clone(), &expected);
        for (field, other) in [("mailbox", "00".repeat(16)), ("answer_key", "00".repeat(32))] {
            let mut request = request.clone();
            request[field] = json!(other);
            reader.refuses("open_answer", request);
        }
    });
}

/// Share of one side, and what both sides' tags depend on.
fn run(
    reader: &mut Reader,
    world: &World,
    reference: &Value,
    mailbox: &str,
    secret: &str,
) -> Value {
    let secret_of_link = hex(state(world, 0).invites[0].secret.expose());
    let named = reader.get("named", json!({ "kind": "invite", "secret": secret_of_link }));
    reader.get(
        "passcode_inputs",
        json!({
            "passcode_text": PASSCODE, "meeting": id(world), "invite_id": named["id"],
            "reference": reference, "mailbox": mailbox, "secret": secret,
        }),
    )
}

fn reference(reader: &mut Reader, world: &World, key_package: &Value) -> Value {
    let request = json!({ "data": key_package, "profile": 1, "meeting": id(world) });
    reader.get("read_key_package", request)["reference"].clone()
}

#[test]
fn a_reader_that_knocks_proves_the_passcode() {
    // SPEC [A11]
    each(|reader| {
        let (mut world, invite) = world(22, Some(PASSCODE));
        let knocker = Knocker::new(reader, &world, &invite);
        let (secret, key_package) = (shown(77, 64), json!(knocker.key_package));
        let reference = reference(reader, &world, &key_package);
        let run = run(reader, &world, &reference, &knocker.mailbox, &secret);
        let share = json!({ "passcode_share": run["share"] });
        let (knock, answer_key) = knocker.knock(reader, &world, 1, share);
        post(&mut world, knock);
        world.pass(1_000);
        let (_, answer) = world.directs.last().unwrap();
        let request = json!({
            "answer_key": answer_key, "mailbox": knocker.mailbox, "answer": hex(answer),
        });
        let challenge = reader.get("open_answer", request)["content"]["challenge"].clone();
        let tags = reader.get("passcode_tags", json!({
            "sid": run["sid"], "secret": secret, "own": run["share"], "other": challenge["share"],
            "reference": reference, "admitter": challenge["admitter"], "knocker": true,
        }));
        assert_eq!(tags["tb"], challenge["tag"]);
        let proof = json!({ "passcode_share": run["share"], "passcode_tag": tags["ta"] });
        let (knock, _) = knocker.knock(reader, &world, 2, proof);
        post(&mut world, knock);
        let proved =
            |event: &Event| matches!(event, Event::KnockProof { proof: Proof::Proved, .. });
        assert_eq!(world.count(0, proved), 1);
    });
}

#[test]
fn a_reader_that_admits_has_the_passcode_proved() {
    // SPEC [A11]
    each(|reader| {
        let (mut world, invite) = world(23, Some(PASSCODE));
        world.clients[0].online = false;
        let ben = world.knock_proving("Ben", &invite, PASSCODE);
        let knock = world.lobby.last().unwrap().clone();
        let opened = open(reader, &world, &knock);
        let (secret, content) = (shown(78, 64), &opened["content"]);
        let reference = reference(reader, &world, &content["key_package"]);
        let mailbox = opened["mailbox"].as_str().unwrap();
        let run = run(reader, &world, &reference, mailbox, &secret);
        let admitter = hex(world.member_id(0).as_bytes());
        let tags = reader.get(
            "passcode_tags",
            json!({
                "sid": run["sid"], "secret": secret, "own": run["share"],
                "other": content["passcode_share"], "reference": reference, "admitter": admitter,
                "knocker": false,
            }),
        );
        let answer = reader.get(
            "seal_answer",
            json!({
                "answer_key": opened["answer_key"], "mailbox": mailbox, "nonce": shown(1, 24),
                "content": { "version": 1, "challenge": {
                    "admitter": admitter, "share": run["share"], "tag": tags["tb"],
                } },
            }),
        );
        let (now, knocks) = (world.now(), world.lobby.len());
        world.clients[ben].meeting.handle(Input::Direct(unhex(&answer["answer"])), now).unwrap();
        world.settle();
        assert_eq!(world.lobby.len(), knocks + 1, "{:?}", world.clients[ben].events);
        let knock = world.lobby.last().unwrap().clone();
        assert_eq!(open(reader, &world, &knock)["content"]["passcode_tag"], tags["ta"]);
        assert_eq!(secrets(&world, 0).epoch, 0);
    });
}

/// What is wrong with a key package, by name of the fault.
fn faults() -> Vec<(&'static str, Value)> {
    vec![
        ("another suite", json!({ "suite": 3 })),
        ("another suite offered", json!({ "suites": [3] })),
        ("two suites offered", json!({ "suites": [1, 3] })),
        ("no MLS 1.0", json!({ "versions": [2] })),
        ("no state extension", json!({ "extension_types": [] })),
        ("another extension offered", json!({ "extension_types": [0xf0a1, 0xf0a2] })),
        ("a proposal offered", json!({ "proposals": [0xf0a1] })),
        ("no BasicCredential", json!({ "credentials": [] })),
        ("X.509 offered", json!({ "credentials": [1, 2] })),
        ("a lifetime that ends", json!({ "lifetime": ["0", "1900000000"] })),
        ("a lifetime that begins", json!({ "lifetime": ["1", u64::MAX.to_string()] })),
        ("an extension of the leaf", json!({ "leaf_extensions": "f0a100" })),
        ("an extension", json!({ "extensions": "f0a100" })),
        ("a leaf signed as something else", json!({ "leaf_label": "KeyPackageTBS" })),
        ("signed as something else", json!({ "label": "LeafNodeTBS" })),
    ]
}

#[test]
fn a_key_package_that_a_reader_makes_is_added_and_no_other() {
    // SPEC [A3], [G14]
    each(|reader| {
        let (mut world, invite) = world(24, None);
        let link = reader.get("read_invite", json!({ "text": invite.link() }));
        let mut make = |reader: &mut Reader, first: u8, other: &Value| {
            let secret = |at: u8| hex([first.wrapping_mul(7).wrapping_add(at); 32]);
            let made = reader.get("make_key_package", json!({
                "profile": 1, "meeting": link["meeting"], "identity_secret": secret(1),
                "leaf_secret": secret(2), "stay": hex([first; 16]), "direct_secret": secret(3),
                "name": format!("Reader {first}"), "secrets": [secret(4), secret(5)], "other": other,
            }));
            let key_package = made["data"].as_str().unwrap().to_owned();
            let mailbox = hex([first; 16]);
            let knocker = Knocker {
                link: link.clone(),
                meeting: link["meeting"].clone(),
                key_package,
                mailbox,
            };
            let (knock, _) = knocker.knock(reader, &world, first, json!({}));
            post(&mut world, knock);
            let read = json!({ "data": made["data"], "profile": 1, "meeting": link["meeting"] });
            let theirs = reader.ask("read_key_package", read).is_ok();
            let shown = format!("Reader {first}");
            let ours = |event: &Event| matches!(event, Event::Knock { name, .. } if *name == shown);
            (theirs, world.count(0, ours) == 1)
        };
        assert_eq!(make(reader, 1, &json!({})), (true, true));
        for (number, (fault, other)) in (2..).zip(faults()) {
            assert_eq!(make(reader, number, &other), (false, false), "{fault}");
        }
        world.admit_all(0);
        world.pass(1_000);
        assert_eq!(world.names(0), ["Ada", "Reader 1"]);
    });
}
