//! Invites, and knocks under them (SPEC.md 8.1, 8.2).

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use base64ct::{Base64UrlUnpadded, Encoding as _};
use incamera::wire::{InviteId, Knock, KnockContent, MailboxId, MeetingId};
use incamera::{Fault, Invite, testing};
use serde_json::{Value, json};

use super::keys::counting;
use crate::case::{Draft, Kind, Made, good, refused};
use crate::fields::{Fields, Read, bad, hex};
use crate::flips::Flips;

pub(crate) const KIND: Kind = Kind {
    name: "doors",
    about: "invites (8.1), and knocks sealed under them (8.2)",
    make,
    run,
    flips: Flips::Fields(&["knock"]),
};

fn run(input: &Fields<'_>, _: &Value) -> Read<Value> {
    match input.text("what")? {
        "invite" => Ok(match Invite::parse(input.text("link")?) {
            Ok(invite) => shown(&invite),
            Err(_) => json!({ "refused": "Invite" }),
        }),
        "knock" => {
            let (lobby_key, link_secret) = (input.array("lobby_key")?, input.array("link_secret")?);
            let Ok(knock) = Knock::decode(&input.bytes("knock")?) else {
                return Ok(json!({ "refused": "Malformed" }));
            };
            Ok(match testing::open_knock(&lobby_key, &link_secret, &knock) {
                Ok((content, answer_key)) => json!({
                    "content": hex(content.encode()), "answer_key": hex(answer_key),
                    "associated_data": hex(knock.associated_data()),
                }),
                Err(Fault::Malformed(_)) => json!({ "refused": "Malformed" }),
                Err(_) => json!({ "refused": "Unopenable" }),
            })
        }
        what => bad(format!("`what` is `{what}`, which is not known")),
    }
}

fn shown(invite: &Invite) -> Value {
    let parts = testing::invite_parts(invite);
    json!({
        "profile": parts.profile.number(), "passcode": parts.passcode,
        "meeting": hex(parts.meeting.as_bytes()), "lobby_key": hex(parts.lobby_key),
        "link_secret": hex(parts.link_secret), "invite": hex(parts.id.as_bytes()),
        "link": invite.link(),
    })
}

fn make() -> Made {
    let mut drafts = invites();
    drafts.extend(knocks());
    drafts.into()
}

/// The 83 bytes of an invite.
fn invite_bytes(version: u8, profile: u8, flags: u8) -> Vec<u8> {
    let ids = [counting(0xa0, 16), counting(0x40, 32), counting(0x20, 32)].concat();
    [vec![version, profile, flags], ids].concat()
}

fn body(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn invites() -> Vec<Draft> {
    let genuine = body(&invite_bytes(1, 1, 0));
    let link = |text: String| json!({ "what": "invite", "link": text });
    let own = |body: &str| link(format!("incamera:1.{body}"));
    let mut drafts = vec![
        good("the invite of SPEC.md", &["A1"], own(&genuine)),
        good("the same as a URL", &["A1"], link(format!("https://meet.example/j#{genuine}"))),
    ];
    for (profile, flags, name) in [(2, 0, "portable"), (3, 1, "post-quantum, a passcode asked")] {
        let name = format!("an invite, {name}");
        drafts.push(good(name, &["A1"], own(&body(&invite_bytes(1, profile, flags)))));
    }
    let mut loose = genuine.clone();
    let last = loose.pop().unwrap();
    // The last character has two bits that mean nothing: the next one differs in these alone.
    loose.push(char::from(last as u8 + 1));
    let bodies: [(&str, String); 12] = [
        ("another version", body(&invite_bytes(2, 1, 0))),
        ("an unknown profile", body(&invite_bytes(1, 4, 0))),
        ("no profile", body(&invite_bytes(1, 0, 0))),
        ("an unknown flag", body(&invite_bytes(1, 1, 2))),
        ("a byte less", body(&invite_bytes(1, 1, 0)[..82])),
        ("a byte more", body(&[invite_bytes(1, 1, 0), vec![0]].concat())),
        ("padding", format!("{genuine}=")),
        ("a space", format!("{genuine} ")),
        ("a character of the other alphabet", format!("{}+{}", &genuine[..20], &genuine[21..])),
        ("trailing bits that are not 0", loose),
        ("nothing", String::new()),
        ("two fragments", format!("x#{genuine}")),
    ];
    for (name, body) in bodies {
        drafts.push(refused(format!("an invite with {name}"), &["A1"], "Invite", own(&body)));
    }
    let links: [(&str, String); 4] = [
        ("without a prefix", genuine.clone()),
        ("of another prefix", format!("incamera:2.{genuine}")),
        ("as an http URL", format!("http://meet.example/j#{genuine}")),
        ("as a URL without a fragment", "https://meet.example/j".to_owned()),
    ];
    for (name, text) in links {
        drafts.push(refused(format!("an invite {name}"), &["A1"], "Invite", link(text)));
    }
    drafts
}

const LOBBY: [u8; 32] = [0x31; 32];
const LINK: [u8; 32] = [0x32; 32];

fn knocks() -> Vec<Draft> {
    let mut bytes = invite_bytes(1, 1, 0);
    bytes[19..51].copy_from_slice(&testing::public_key(&LOBBY));
    bytes[51..].copy_from_slice(&LINK);
    let invite = Invite::parse(&format!("incamera:1.{}", body(&bytes))).unwrap();
    let content = KnockContent {
        key_package: counting(1, 60),
        log_position: 300,
        passcode_share: Some([2; 32]),
        passcode_tag: None,
        rejoin: None,
    };
    let mailbox = MailboxId::new([4; 16]);
    let (knock, _) = testing::seal_knock([1; 32], &invite, mailbox, &content).unwrap();
    let opens = |lobby_key: [u8; 32], link_secret: [u8; 32], knock: &Knock| {
        json!({
            "what": "knock", "lobby_key": hex(lobby_key), "link_secret": hex(link_secret),
            "knock": hex(knock.encode()),
        })
    };
    let mut drafts = vec![
        good("a knock", &["A2"], opens(LOBBY, LINK, &knock)),
        refused("a knock at another lobby", &["A2"], "Unopenable", opens([9; 32], LINK, &knock)),
        refused("a knock with another link secret", &["A2"], "Unopenable", {
            opens(LOBBY, [9; 32], &knock)
        }),
    ];
    type Change = fn(&mut Knock);
    let changes: [(&str, Change); 4] = [
        ("another meeting", |k| k.meeting = MeetingId::new([9; 16])),
        ("another invite", |k| k.invite = InviteId::new([9; 16])),
        ("another mailbox", |k| k.mailbox = MailboxId::new([9; 16])),
        ("an encapsulated key of small order", |k| k.encapsulated_key = [0; 32]),
    ];
    for (name, change) in changes {
        let mut changed = knock.clone();
        change(&mut changed);
        let name = format!("a knock with {name}");
        drafts.push(refused(name, &["A2"], "Unopenable", opens(LOBBY, LINK, &changed)));
    }
    drafts
}
