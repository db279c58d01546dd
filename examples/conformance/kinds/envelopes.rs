//! What members post, under given keys: log entries, blobs, answers (SPEC.md 4.3, 4.4, 8.3).

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing;
use incamera::wire::{
    BlobHash, Challenge, DenyReason, Envelope, EnvelopeKind, KnockAnswer, KnockAnswerContent,
    MailboxId, MeetingId, SealedBlob, StayId, WelcomeNote,
};
use serde_json::{Value, json};

use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Fields, Read, bad, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "envelopes",
    about: "log entries (4.3), blobs (4.4) and answers to knocks (8.3) under given keys",
    make,
    run,
    flips: Flips::Fields(&["bytes"]),
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    let (key, bytes) = (input.array("key")?, input.bytes("bytes")?);
    let unopenable = || Ok(json!({ "refused": "Unopenable" }));
    Ok(match input.text("what")? {
        "entry" => match Envelope::decode(&bytes) {
            Ok(envelope) => match testing::open_envelope(&key, &envelope) {
                Some(plaintext) => entry(&envelope, &plaintext),
                None => return unopenable(),
            },
            Err(malformed) => malformed_as(malformed.rule()),
        },
        "blob" => match SealedBlob::decode(&bytes) {
            Ok(blob) => match testing::open_blob(&key, &blob) {
                Some(plaintext) => json!({ "plaintext": hex(plaintext) }),
                None => return unopenable(),
            },
            Err(malformed) => malformed_as(malformed.rule()),
        },
        "answer" => match KnockAnswer::decode(&bytes) {
            Ok(answer) => {
                let mailbox = MailboxId::new(input.array("mailbox")?);
                match testing::open_answer(&key, mailbox, &answer) {
                    Ok(content) => json!({ "plaintext": hex(content.encode()) }),
                    Err(_) => return unopenable(),
                }
            }
            Err(malformed) => malformed_as(malformed.rule()),
        },
        what => return bad(format!("`what` is `{what}`, which is not known")),
    })
}

fn malformed_as(rule: incamera::wire::FormatRule) -> Value {
    json!({ "refused": format!("Malformed({rule:?})") })
}

fn entry(envelope: &Envelope, plaintext: &[u8]) -> Value {
    json!({
        "kind": envelope.kind.number(), "meeting": hex(envelope.meeting.as_bytes()),
        "epoch": envelope.epoch, "nonce": hex(envelope.nonce),
        "associated_data": hex(envelope.associated_data()), "plaintext": hex(plaintext),
    })
}

const KEY: [u8; 32] = [7; 32];

/// An entry of this kind under [`KEY`].
fn sealed(kind: EnvelopeKind, welcome: Option<WelcomeNote>) -> Envelope {
    let (meeting, ciphertext) = (MeetingId::new([0xa0; 16]), Vec::new());
    let clear = Envelope { meeting, kind, epoch: 300, nonce: [0; 24], ciphertext, welcome };
    testing::seal_envelope([kind.number(); 32], &KEY, &clear, b"what a member posts").unwrap()
}

fn opens(key: &[u8; 32], envelope: &Envelope) -> Value {
    json!({ "what": "entry", "key": hex(key), "bytes": hex(envelope.encode()) })
}

fn make() -> Made {
    let note = WelcomeNote { welcome: vec![4; 50], tree: BlobHash::new([5; 32]) };
    let mut drafts = vec![good(
        "an entry with a Welcome",
        &["W6", "K8"],
        opens(&KEY, &sealed(EnvelopeKind::Handshake, Some(note.clone()))),
    )];
    let kinds = [
        ("an entry of a handshake", EnvelopeKind::Handshake),
        ("an entry of an event", EnvelopeKind::Event),
        ("an entry of an order", EnvelopeKind::Order),
        ("an entry of a heartbeat", EnvelopeKind::Heartbeat),
    ];
    for (name, kind) in kinds {
        drafts.push(good(name, &["W6", "K8"], opens(&KEY, &sealed(kind, None))));
    }
    drafts.extend(spoilt(&note));
    drafts.extend(under_other_keys());
    drafts.extend(blobs());
    drafts.extend(answers());
    drafts.into()
}

/// One clear field changed after the entry was sealed.
fn spoilt(note: &WelcomeNote) -> Vec<Draft> {
    type Change = fn(&mut Envelope);
    let changes: [(&str, Change); 7] = [
        ("another meeting", |e| e.meeting = MeetingId::new([0xa1; 16])),
        ("another kind", |e| e.kind = EnvelopeKind::Event),
        ("another epoch", |e| e.epoch += 1),
        ("another nonce", |e| e.nonce[23] ^= 1),
        ("the Welcome taken off", |e| e.welcome = None),
        ("another Welcome", |e| e.welcome.as_mut().unwrap().welcome[0] ^= 1),
        ("another tree", |e| e.welcome.as_mut().unwrap().tree = BlobHash::new([6; 32])),
    ];
    let draft = |(name, change): (&str, Change)| {
        let mut envelope = sealed(EnvelopeKind::Handshake, Some(note.clone()));
        change(&mut envelope);
        refused(format!("an entry with {name}"), &["W6"], "Unopenable", opens(&KEY, &envelope))
    };
    let mut put_on = sealed(EnvelopeKind::Handshake, None);
    put_on.welcome = Some(note.clone());
    let mut drafts: Vec<_> = changes.into_iter().map(draft).collect();
    let name = "an entry with a Welcome put on";
    drafts.push(refused(name, &["W6"], "Unopenable", opens(&KEY, &put_on)));
    drafts
}

/// The key of one kind does not open another.
fn under_other_keys() -> Vec<Draft> {
    let (order, heartbeat) = testing::heartbeat_keys(&[0x60; 32]);
    let seal = |kind, key: &[u8; 32]| {
        let clear = sealed(kind, None);
        testing::seal_envelope([9; 32], key, &clear, b"a signed event").unwrap()
    };
    let an_order = seal(EnvelopeKind::Order, &order);
    let a_heartbeat = seal(EnvelopeKind::Heartbeat, &heartbeat);
    let (other, _) = testing::heartbeat_keys(&[0x61; 32]);
    vec![
        good("an order under its key", &["K9"], opens(&order, &an_order)),
        good("a heartbeat under its key", &["K10"], opens(&heartbeat, &a_heartbeat)),
        refused(
            "an order under the key of heartbeats",
            &["K9"],
            "Unopenable",
            opens(&order, &seal(EnvelopeKind::Order, &heartbeat)),
        ),
        refused(
            "an order under that of another heartbeat key",
            &["K9"],
            "Unopenable",
            opens(&other, &an_order),
        ),
        refused(
            "a heartbeat under the key of orders",
            &["K10"],
            "Unopenable",
            opens(&heartbeat, &seal(EnvelopeKind::Heartbeat, &order)),
        ),
    ]
}

fn blobs() -> Vec<Draft> {
    let blob = testing::seal_blob([1; 32], &KEY, b"a ratchet tree").unwrap();
    let opens = |key: &[u8; 32], bytes: Vec<u8>| json!({ "what": "blob", "key": hex(key), "bytes": hex(bytes) });
    let mut version = blob.encode();
    version[1] = 2;
    vec![
        good("a blob", &["A9"], opens(&KEY, blob.encode())),
        refused(
            "a blob under another secret",
            &["A9"],
            "Unopenable",
            opens(&[8; 32], blob.encode()),
        ),
        refused("a blob of another version", &["W1"], "Malformed", opens(&KEY, version)),
    ]
}

fn answers() -> Vec<Draft> {
    let mailbox = MailboxId::new([5; 16]);
    let denial = KnockAnswerContent::Denial { reason: DenyReason::Full };
    let challenge = Challenge { admitter: StayId::new([1; 16]), share: [2; 32], tag: [3; 64] };
    let seal = |content| testing::seal_answer([2; 32], &KEY, mailbox, &content).unwrap();
    let opens = |key: &[u8; 32], mailbox: [u8; 16], answer: &KnockAnswer| {
        json!({
            "what": "answer", "key": hex(key), "mailbox": hex(mailbox),
            "bytes": hex(answer.encode()),
        })
    };
    let denied = seal(denial);
    let challenged = seal(KnockAnswerContent::Challenge(challenge));
    let moved = KnockAnswer { mailbox: MailboxId::new([6; 16]), ..denied.clone() };
    vec![
        good("a denial", &["A10"], opens(&KEY, [5; 16], &denied)),
        good("a challenge", &["A10"], opens(&KEY, [5; 16], &challenged)),
        refused(
            "a denial under another knock's key",
            &["A10"],
            "Unopenable",
            opens(&[8; 32], [5; 16], &denied),
        ),
        refused(
            "a denial in another mailbox",
            &["A10"],
            "Unopenable",
            opens(&KEY, [6; 16], &denied),
        ),
        refused(
            "a denial moved to another mailbox",
            &["A10"],
            "Unopenable",
            opens(&KEY, [6; 16], &moved),
        ),
    ]
}
