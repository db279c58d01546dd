//! The log of a whole meeting: every entry of it opens, verifies, and says what this crate said.

use std::collections::BTreeMap;

use incamera::wire::{Envelope, Knock};
use incamera::{Event, Profile, testing};
use serde_json::{Value, json};

use crate::history::History;
use crate::reader::{Reader, each, hex, unhex};
use crate::support::{Who, World};
use crate::watch::{Make, enter, makes, secrets};

/// The session of the readers.
const NAME: &str = "log";

/// Tells a reader everything of a meeting but its log; gives what it exports from each epoch.
fn tell(reader: &mut Reader, history: &History) -> Vec<Value> {
    let make = Make { profile: Profile::Standard, ..makes()[0] };
    let meeting = hex(history.world.clients[0].meeting.id().as_bytes());
    reader.get("meeting", make.told(NAME, &meeting, 0));
    let mut keys = Vec::new();
    for epoch in (0..history.epochs.len()).rev() {
        for key in &history.state(epoch).heartbeat_keys {
            let key = hex(key.expose());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    reader.get("heartbeat_keys", json!({ "in": NAME, "keys": keys }));
    let enter = |secrets: &testing::MemberSecrets| {
        let exported = enter(reader, NAME, secrets);
        let (epoch, tree) = (secrets.epoch.to_string(), hex(&secrets.ratchet_tree));
        reader.get("bare_tree", json!({ "in": NAME, "epoch": epoch, "tree": tree }));
        exported
    };
    history.epochs.iter().map(enter).collect()
}

/// How often each thing was said or done.
type Tally = BTreeMap<String, usize>;

/// What a commit holds, in a word for each kind of proposal.
fn kinds(commit: &Value) -> String {
    let mut kinds: Vec<_> = commit["proposals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|proposal| proposal["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    if commit["path"] == json!(true) {
        kinds.push("path".to_owned());
    }
    format!("commit of {}", kinds.join(", "))
}

fn read(reader: &mut Reader, history: &History, exported: &[Value]) -> Tally {
    let mut tally = Tally::new();
    for entry in &history.world.log {
        let read = reader.get("entry", json!({ "in": NAME, "entry": hex(entry) }));
        if read["kind"] == json!(1) {
            *tally.entry(kinds(&read)).or_default() += 1;
            look_at_commit(reader, history, &read, entry);
            continue;
        }
        assert_eq!(read["verified"], json!(true), "{read}");
        let body = read["body"].as_object().unwrap();
        let head = ["version", "meeting", "epoch", "stay", "counter"];
        let said = body.keys().find(|name| !head.contains(&name.as_str())).unwrap();
        *tally.entry(said.clone()).or_default() += 1;
        match said.as_str() {
            "heartbeat" => look_at_heartbeat(reader, history, &read["body"]),
            "private_chat" => overhear(reader, history, exported, &read["body"]),
            "confirm" => {
                let epoch = number(&read["epoch"]);
                let authenticator = hex(history.epochs[epoch].authenticator);
                assert_eq!(body["confirm"]["authenticator"], json!(authenticator));
            }
            _ => {}
        }
    }
    tally
}

fn number(text: &Value) -> usize {
    text.as_str().unwrap().parse().unwrap()
}

/// A state that a commit sets is the one of the next epoch; a tree that goes with a Welcome too.
fn look_at_commit(reader: &mut Reader, history: &History, read: &Value, entry: &[u8]) {
    let next = number(&read["epoch"]) + 1;
    let secrets = &history.epochs[next];
    let proposals = read["proposals"].as_array().unwrap();
    if let Some(proposal) = proposals.iter().find(|proposal| proposal["kind"] == "state") {
        let data = hex(&secrets.state);
        let state = reader.get("check_state", json!({ "data": data }));
        assert_eq!(proposal["state"], state["fields"]);
    }
    for psk in proposals.iter().filter(|proposal| proposal["kind"] == "psk") {
        let state = history.state(next - 1);
        let invites = state.invites.iter().map(|invite| ("invite", &invite.secret));
        let secrets = invites.chain(state.resync_keys.iter().map(|key| ("resync", &key.secret)));
        let mut named = Vec::new();
        for (kind, secret) in secrets {
            let request = json!({ "kind": kind, "secret": hex(secret.expose()) });
            named.push(reader.get("named", request)["psk_id"].clone());
        }
        assert!(named.contains(&psk["id"]) && psk["nonce"] == json!(32), "{psk}");
    }
    if let Some(welcome) = Envelope::decode(entry).unwrap().welcome {
        let blob = &history.world.blobs[&welcome.tree];
        let request = json!({
            "in": NAME, "epoch": next.to_string(), "address": hex(welcome.tree.as_bytes()),
            "blob": hex(blob),
        });
        let bare = json!({
            "in": NAME, "epoch": next.to_string(), "tree": hex(&secrets.ratchet_tree),
        });
        let expected = reader.get("bare_tree", bare);
        reader.says("tree", request, &expected);
    }
}

/// What its author has read is what was in the log.
fn look_at_heartbeat(reader: &mut Reader, history: &History, body: &Value) {
    // SPEC [G25]
    let heartbeat = &body["heartbeat"];
    let (epoch, position) = (number(&body["epoch"]), number(&heartbeat["log_position"]));
    let log = &history.world.log;
    let (sequence, first) = match history.began(epoch as u64) {
        Some(seq) => (seq, log[seq].clone()),
        None => (0, history.world.clients[0].meeting.id().as_bytes().to_vec()),
    };
    let from = if epoch == 0 { 0 } else { sequence + 1 };
    let more: Vec<_> = log[from..position].iter().map(hex).collect();
    let request = json!({ "sequence": sequence.to_string(), "entry": hex(first), "more": more });
    let hashes = reader.get("log_hash", request);
    assert_eq!(hashes["hashes"].as_array().unwrap().last(), Some(&heartbeat["log_hash"]));
}

/// The reader has Cleo's key.
fn overhear(reader: &mut Reader, history: &History, exported: &[Value], body: &Value) {
    let chat = &body["private_chat"];
    let request = json!({
        "private": hex(history.cleo.direct_secret), "psk": exported[number(&body["epoch"])]["direct"],
        "binding": {
            "meeting": body["meeting"], "epoch": body["epoch"], "author": body["stay"],
            "recipient": chat["to"], "counter": body["counter"],
        },
        "encapsulated_key": chat["encapsulated_key"], "ciphertext": chat["ciphertext"],
    });
    reader.says("open_chat", request.clone(), &json!({ "text": "to Cleo alone" }));
    for (field, other) in
        [("epoch", json!("1")), ("counter", json!("999")), ("author", chat["to"].clone())]
    {
        let mut request = request.clone();
        request["binding"][field] = other;
        reader.refuses("open_chat", request);
    }
}

/// Reads the log.
fn every_entry(reader: &mut Reader, history: &History, exported: &[Value]) {
    let tally = read(reader, history, exported);
    let expected = [
        "announcement",
        "ask",
        "attend",
        "chat",
        "commit of add, psk",
        "commit of add, psk, remove, path",
        "commit of path",
        "commit of remove, path",
        "commit of remove, state, path",
        "commit of state, path",
        "confirm",
        "end",
        "hand",
        "heartbeat",
        "host_silent",
        "key_frame_request",
        "leave",
        "private_chat",
        "reaction",
        "removal_order",
    ];
    assert_eq!(tally.keys().map(String::as_str).collect::<Vec<_>>(), expected, "{tally:?}");
}

/// Opens what was posted to the lobby.
fn every_knock(reader: &mut Reader, history: &History) {
    let meeting = hex(history.world.clients[0].meeting.id().as_bytes());
    let mut kinds = Vec::new();
    for knock in &history.world.lobby {
        let (kind, content) = open_knock(reader, history, &meeting, knock);
        let request = json!({ "data": content["key_package"], "profile": 1, "meeting": meeting });
        let shown = reader.get("read_key_package", request);
        assert!(shown["credential"]["name"].is_string());
        if kind == "resync" {
            let signed = json!({ "message": "SignedEvent", "data": content["rejoin"] });
            let body = reader.get("decode", signed)["fields"]["body"].clone();
            let body = reader.get("decode", json!({ "message": "EventBody", "data": body }));
            assert_eq!(body["fields"]["rejoin"]["knock"], shown["reference"]);
        }
        kinds.push(kind);
    }
    assert!(["invite", "resync"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

#[test]
fn all_that_a_meeting_leaves_behind_is_read_and_verified() {
    // SPEC [A2], [A16], [G25], [K6], [K9], [K10]
    let history = History::new(90);
    each(|reader| {
        let exported = tell(reader, &history);
        every_entry(reader, &history, &exported);
        every_knock(reader, &history);
    });
}

/// The invite or resync key of any epoch that opens a knock.
fn open_knock(
    reader: &mut Reader,
    history: &History,
    meeting: &str,
    data: &[u8],
) -> (&'static str, Value) {
    let knock = Knock::decode(data).unwrap();
    for epoch in 0..history.epochs.len() {
        let state = history.state(epoch);
        let invites =
            state.invites.iter().map(|invite| ("invite", &state.lobby_key, &invite.secret));
        let resync = state.resync_keys.iter().map(|key| ("resync", &key.lobby_key, &key.secret));
        for (kind, lobby_key, secret) in invites.chain(resync) {
            let named = json!({ "kind": kind, "secret": hex(secret.expose()) });
            if reader.get("named", named)["id"] != json!(hex(knock.invite.as_bytes())) {
                continue;
            }
            let request = json!({
                "meeting": meeting, "lobby_key": hex(lobby_key.expose()), "kind": kind,
                "secret": hex(secret.expose()), "knock": hex(data),
            });
            if let Ok(opened) = reader.ask("open_knock", request) {
                return (kind, opened["content"].clone());
            }
        }
    }
    panic!("no key of the meeting's opens a knock");
}

#[test]
fn a_spoilt_entry_is_refused() {
    let world = makes()[0].meeting(&["Ada", "Ben"]);
    let before = secrets(&world, 0);
    let mut world = world;
    world.ask(0, |ada, now| ada.chat("hello", now));
    let entry = world.log.last().unwrap().clone();
    let meeting = crate::watch::id(&world);
    each(|reader| {
        reader.get("meeting", makes()[0].told(NAME, &meeting, 0));
        enter(reader, NAME, &before);
        let request = |entry: &[u8]| json!({ "in": NAME, "entry": hex(entry) });
        assert_eq!(reader.get("entry", request(&entry))["body"]["chat"]["text"], "hello");
        for at in 0..entry.len() {
            let mut spoilt = entry.clone();
            spoilt[at] ^= 1;
            reader.refuses("entry", request(&spoilt));
        }
        reader.get("meeting", makes()[0].told("elsewhere", &"00".repeat(16), 0));
        enter(reader, "elsewhere", &before);
        reader.refuses("entry", json!({ "in": "elsewhere", "entry": hex(&entry) }));
    });
}

/// A member whose place a reader takes, and who does not act itself any more.
struct Impostor {
    own: testing::MemberSecrets,
    meeting: String,
    stay: String,
    /// How many events it has said.
    said: u64,
}

impl Impostor {
    fn new(reader: &mut Reader, world: &mut World, who: Who) -> Self {
        world.clients[who].online = false;
        let (own, meeting) = (secrets(world, who), crate::watch::id(world));
        reader.get("meeting", makes()[0].told(NAME, &meeting, own.own_leaf));
        enter(reader, NAME, &own);
        let tree = hex(&own.ratchet_tree);
        reader
            .get("bare_tree", json!({ "in": NAME, "epoch": own.epoch.to_string(), "tree": tree }));
        let state = crate::watch::state(world, who);
        let keys: Vec<_> = state.heartbeat_keys.iter().map(|key| hex(key.expose())).collect();
        reader.get("heartbeat_keys", json!({ "in": NAME, "keys": keys }));
        let stay = hex(world.member_id(who).as_bytes());
        Self { own, meeting, stay, said: 0 }
    }

    /// The entry in which it says something; `other` are fields of the body that it should not have.
    fn say(&mut self, reader: &mut Reader, kind: u8, what: Value, other: Value) -> Vec<u8> {
        self.said += 1;
        let own = &self.own;
        let mut fields = json!({
            "version": 1, "meeting": self.meeting, "epoch": own.epoch.to_string(),
            "stay": self.stay, "counter": (own.counter + self.said).to_string(),
        });
        let more = [what, other].into_iter().flat_map(|more| more.as_object().unwrap().clone());
        fields.as_object_mut().unwrap().extend(more);
        let secret = fields.as_object_mut().unwrap().remove("secret");
        let sealed = reader.get(
            "seal_event",
            json!({
                "in": NAME, "kind": kind, "epoch": own.epoch.to_string(),
                "secret": secret.unwrap_or_else(|| json!(hex(own.leaf_secret))),
                "nonce": hex([self.said as u8; 24]), "fields": fields,
            }),
        );
        unhex(&sealed["entry"])
    }
}

#[test]
fn what_a_reader_says_and_orders_is_heard_and_carried_out() {
    // SPEC [G11], [G16], [K9]
    each(|reader| {
        let mut world = makes()[0].meeting(&["Ada", "Ben", "Cleo"]);
        let ben = world.clients[1].meeting.roster()[1].fingerprint;
        world.ask(0, |ada, now| ada.set_role(ben, incamera::Role::CoHost, now));
        world.pass(1_000);
        let [ben_id, cleo_id] = [1, 2].map(|who| world.member_id(who));
        let cleo = world.clients[0].meeting.roster()[2].fingerprint;
        let mut ben = Impostor::new(reader, &mut world, 1);
        let chat = json!({ "chat": { "text": "from elsewhere" } });
        world.append(ben.say(reader, 2, chat, json!({})));
        world.settle();
        let text = "from elsewhere".to_owned();
        let heard = Event::Chat { member: ben_id, text, private: false };
        assert_eq!(world.count(0, |event| *event == heard), 1);
        let order = json!({ "target": hex(cleo.as_bytes()), "stay": hex(cleo_id.as_bytes()) });
        world.append(ben.say(reader, 3, json!({ "removal_order": order }), json!({})));
        world.pass(5_000);
        assert_eq!(world.names(0), ["Ada", "Ben"]);
    });
}

#[test]
fn what_stands_in_the_wrong_place_is_refused_on_both_sides() {
    // SPEC [G11], [G16], [G24], [W8]
    each(|reader| {
        let mut world = makes()[0].meeting(&["Ada", "Ben"]);
        let mut ben = Impostor::new(reader, &mut world, 1);
        let chat = || json!({ "chat": { "text": "hello" } });
        let order =
            json!({ "removal_order": { "target": "00".repeat(32), "stay": "00".repeat(16) } });
        let heartbeat = json!({ "heartbeat": {
            "authenticator": hex(ben.own.authenticator), "log_hash": "00".repeat(32),
        } });
        let rejoin = json!({ "rejoin": { "knock": "00".repeat(32) } });
        let epoch = (ben.own.epoch - 1).to_string();
        let wrong = [
            ("an order among the events", 2, order, json!({})),
            ("a heartbeat among the events", 2, heartbeat.clone(), json!({})),
            ("a rejoin among the events", 2, rejoin, json!({})),
            ("a chat among the orders", 3, chat(), json!({})),
            ("a heartbeat among the orders", 3, heartbeat, json!({})),
            ("a chat among the heartbeats", 4, chat(), json!({})),
            ("of another epoch", 2, chat(), json!({ "epoch": epoch })),
            ("of another meeting", 2, chat(), json!({ "meeting": "00".repeat(16) })),
            ("of a stranger", 2, chat(), json!({ "stay": "00".repeat(16) })),
            ("signed by another key", 2, chat(), json!({ "secret": "01".repeat(32) })),
        ];
        let refusals = |world: &World| world.refusals(0).len();
        for (fault, kind, what, other) in wrong {
            let entry = ben.say(reader, kind, what, other);
            let taken = reader.ask("entry", json!({ "in": NAME, "entry": hex(&entry) }));
            assert!(taken.is_err(), "{fault}: {taken:?}");
            let before = refusals(&world);
            world.append(entry);
            world.settle();
            assert_eq!(refusals(&world), before + 1, "{fault}");
        }
        let entry = ben.say(reader, 2, chat(), json!({}));
        reader.get("entry", json!({ "in": NAME, "entry": hex(&entry) }));
        let before = refusals(&world);
        world.append(entry);
        world.settle();
        assert_eq!(refusals(&world), before);
    });
}
