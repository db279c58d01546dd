//! Knocks, of strangers and of members who come back.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::testing::{self, OddKeyPackage};
use incamera::wire::{
    EventKind, KeyPackageRef, Knock, KnockContent, MailboxId, MeetingId, Profile, SignedEvent,
    StayId,
};
use incamera::{Identity, Invite};
use serde_json::json;

use super::super::hostile::{self, Stranger, Word};
use super::super::live::{Live, Who};
use super::room::*;
use super::{Cases, knock};
use crate::fields::hex;

pub(super) fn add(cases: &mut Cases, live: &Live) {
    strangers(cases, live);
    replays(cases, live);
    returning(cases, live);
}

fn content(live: &Live, key_package: Vec<u8>) -> KnockContent {
    KnockContent {
        key_package,
        log_position: live.posted.log.len() as u64,
        passcode_share: None,
        passcode_tag: None,
        rejoin: None,
    }
}

fn sealed(invite: &Invite, content: &KnockContent) -> Knock {
    testing::seal_knock([0x41; 32], invite, MailboxId::new([0x42; 16]), content).unwrap().0
}

/// A knock of a stranger under the meeting's first invite.
fn of(live: &Live, stranger: &Stranger) -> Vec<u8> {
    let invite = live.meeting(ADA).invite().unwrap();
    sealed(&invite, &content(live, stranger.key_package(live))).encode()
}

fn strangers(cases: &mut Cases, live: &Live) {
    let invites = live.meeting(ADA).invites().unwrap();
    let (first, brief) = (&invites[0].invite, &invites[1].invite);
    let one = Stranger::new(70);
    let package = one.key_package(live);
    cases.takes(SCENE, "a knock of a stranger", &["A2", "A3"], vec![knock(&of(live, &one))]);
    let whole = content(live, package.clone());
    let foreign = Stranger { meeting: Some(MeetingId::new([9; 16])), ..Stranger::new(71) };
    let mut elsewhere = sealed(first, &whole);
    elsewhere.meeting = MeetingId::new([9; 16]);
    let mut spoilt = sealed(first, &whole);
    spoilt.ciphertext[40] ^= 1;
    let mut unknown = sealed(first, &whole);
    unknown.invite = incamera::InviteId::new([9; 16]);
    let small = small_order(&one, &package);
    let stale = KnockContent { log_position: whole.log_position + 1_025, ..whole.clone() };
    let knocks: Vec<(&str, &'static [&'static str], &str, Vec<u8>)> = vec![
        ("a knock of another meeting", &["W8"], "OtherMeeting", elsewhere.encode()),
        ("a knock that was changed", &["A2"], "Unopenable", spoilt.encode()),
        ("a knock at an invite that is none", &["A2"], "DeadInvite", unknown.encode()),
        ("a knock that is none", &["W2"], "Malformed", vec![1, 2, 3]),
        (
            "a knock of somebody certified for another meeting",
            &["A3", "I2"],
            "Certificate",
            of(live, &foreign),
        ),
        ("a knock with something else than a key package", &["A3"], "Certificate", {
            sealed(first, &content(live, vec![1, 2, 3])).encode()
        }),
        ("a knock whose key package is valid until a time", &["A3", "G14"], "Certificate", {
            of(live, &Stranger { odd: OddKeyPackage::Lifetime, ..Stranger::new(74) })
        }),
        ("a knock whose key package has other capabilities", &["A3", "G14"], "Certificate", {
            of(live, &Stranger { odd: OddKeyPackage::Capabilities, ..Stranger::new(75) })
        }),
        ("a knock whose init key is of small order", &["A3", "G6"], "Certificate", {
            sealed(first, &content(live, small)).encode()
        }),
        (
            "a knock from a log position far ahead",
            &["A4"],
            "StaleKnock",
            sealed(first, &stale).encode(),
        ),
        ("a knock of somebody banned", &["G6"], "Banned", of(live, &Stranger::new(BANNED))),
        (
            "a knock at an invite that has expired",
            &["A15"],
            "ExpiredInvite",
            sealed(brief, &whole).encode(),
        ),
    ];
    for (name, must, why, bytes) in knocks {
        cases.refuses(SCENE, (name, must, why), vec![knock(&bytes)]);
    }
}

/// A key package with zeros for its init key, signed as its owner signs: the key stands behind version and suite, and
/// the signature behind the extensions, which are none.
fn small_order(of: &Stranger, genuine: &[u8]) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    bytes[5..37].fill(0);
    bytes.truncate(bytes.len() - 66);
    let label: &[u8] = b"MLS 1.0 KeyPackageTBS";
    let mut signed = vec![label.len() as u8];
    signed.extend(label);
    signed.extend((bytes.len() as u16 | 0x4000).to_be_bytes());
    signed.extend(&bytes);
    let signature = testing::sign(&of.leaf_key, &signed);
    [&bytes[..], &[0x40, 64], &signature].concat()
}

fn replays(cases: &mut Cases, live: &Live) {
    // Finn has come and gone: its knock counts no more.
    let finn = live.specs_of(FINN)["keys"]["key_package"].clone();
    let finn = crate::fields::bytes(&finn, "key_package").unwrap();
    let invite = live.meeting(ADA).invite().unwrap();
    let again = sealed(&invite, &content(live, finn)).encode();
    let name = "a knock of somebody who came in and went";
    cases.refuses(SCENE, (name, &["A4"], "Replayed"), vec![knock(&again)]);
    let one = of(live, &Stranger::new(70));
    let name = "a knock that waits already";
    cases.refuses(SCENE, (name, &["A4"], "Ignored"), vec![knock(&one), knock(&one)]);
    let reference = {
        let package = Stranger::new(70).key_package(live);
        testing::inspect_key_package(Profile::Standard, &package).unwrap()
    };
    let deny = json!({ "do": { "call": "deny", "knock": hex(reference), "reason": 1 } });
    let steps = vec![knock(&one), deny];
    cases.takes(SCENE, "a knock that is denied", &["A10"], steps);
}

/// A knock by which a member comes back.
struct Back {
    identity: Identity,
    kind: Option<EventKind>,
    signer: Who,
    log_position: u64,
    /// The resync key's lobby key and secret.
    key: ([u8; 32], [u8; 32]),
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn returning(cases: &mut Cases, live: &Live) {
    let state = hostile::state(live, BEN);
    let newest = &state.resync_keys[0];
    let key = (*newest.lobby_key.expose(), *newest.secret.expose());
    let ben = || Identity::from_secret_key(&live.identity_key(BEN as u8), "Ben").unwrap();
    let stranger =
        |identity| Stranger { identity, stay: StayId::new([76; 16]), ..Stranger::new(76) };
    let package = stranger(ben()).key_package(live);
    let reference = testing::inspect_key_package(Profile::Standard, &package).unwrap();
    let rejoin = |reference| Some(EventKind::Rejoin { knock: KeyPackageRef::new(reference) });
    let genuine = || Back {
        identity: ben(),
        kind: rejoin(reference),
        signer: BEN,
        log_position: live.posted.log.len() as u64,
        key,
    };
    let seal = |back: Back| {
        let Back { identity, kind, signer, log_position, key: (lobby_key, secret) } = back;
        let key_package = stranger(identity).key_package(live);
        let signed = kind.map(|kind| Word::of(live, signer, kind).sign(live, signer));
        let rejoin = signed.map(|signed: SignedEvent| signed.encode());
        let content = KnockContent { rejoin, log_position, ..content(live, key_package) };
        let meeting = (live.meeting(ADA).id(), testing::resync_id(newest.secret.expose()));
        let keys = (testing::public_key(&lobby_key), secret);
        let mailbox = MailboxId::new([0x43; 16]);
        testing::seal_knock_under([0x44; 32], meeting, keys, mailbox, &content).unwrap().encode()
    };
    let other = Identity::from_secret_key(&live.identity_key(CLEO as u8), "Cleo").unwrap();
    let labelled = ben().labelled(incamera::Label::Bot);
    cases.takes(
        SCENE,
        "a knock of a member that comes back",
        &["A16"],
        vec![knock(&seal(genuine()))],
    );
    let why = "Refused(Rejoin";
    let knocks: Vec<(&str, &'static [&'static str], &str, Back)> = vec![
        ("a resync knock without evidence", &["A16"], why, Back { kind: None, ..genuine() }),
        (
            "a resync knock with another event",
            &["A16"],
            why,
            Back { kind: Some(EventKind::Leave), ..genuine() },
        ),
        ("a resync knock with evidence for another key package", &["A16", "G26"], why, {
            Back { kind: rejoin([9; 32]), ..genuine() }
        }),
        ("a resync knock with another member's evidence", &["A16", "G26"], why, {
            Back { signer: DAN, ..genuine() }
        }),
        (
            "a resync knock of another identity",
            &["A16", "G26"],
            why,
            Back { identity: other, ..genuine() },
        ),
        (
            "a resync knock with another label",
            &["A16", "G26"],
            why,
            Back { identity: labelled, ..genuine() },
        ),
        ("a resync knock with the right lobby key and another secret", &["A16"], "Unopenable", {
            Back { key: (key.0, [9; 32]), ..genuine() }
        }),
        ("a resync knock with the right secret and another lobby key", &["A16"], "Unopenable", {
            Back { key: ([9; 32], key.1), ..genuine() }
        }),
        ("a resync knock from a log position far ahead", &["A16", "A4"], "StaleKnock", {
            Back { log_position: genuine().log_position + 1_025, ..genuine() }
        }),
    ];
    for (name, must, why, back) in knocks {
        cases.refuses(SCENE, (name, must, why), vec![knock(&seal(back))]);
    }
}
