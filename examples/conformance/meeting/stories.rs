//! The meetings of the transcripts.

#![allow(clippy::unwrap_used, reason = "the maker of vectors fails by panicking")]

use incamera::wire::{TrackKind, TrackKinds};
use incamera::{Event, Track};
use serde_json::{Value, json};

use super::hostile;
use super::live::{Live, Who};
use crate::case::{Draft, Made, good};
use crate::fields::hex;
use crate::kinds::shown;

pub(super) fn make() -> Made {
    vec![
        powers(),
        talk(),
        profile("a meeting of the portable profile, padded", json!({ "profile": 2, "padding": 1 })),
        profile("a post-quantum meeting", json!({ "profile": 3 })),
        profile("a meeting with short tags of sound", json!({ "short_audio_tags": true })),
        passcode(),
        order(),
        silence(),
        back(),
        restart(),
    ]
    .into()
}

/// One seals, and the others open.
fn send(live: &mut Live, from: Who, to: &[Who], track: Track, plaintext: &[u8]) {
    let frame = json!({ "track": shown(track), "plaintext": hex(plaintext) });
    let said = live.give(from, json!({ "seal": frame }));
    let sealed = said[0]["sealed"].clone();
    assert!(sealed.is_string(), "{said:?}");
    for who in to {
        let said = live.give(*who, json!({ "open": sealed }));
        assert_eq!(said[0]["opened"], hex(plaintext));
    }
}

/// Roles, mutes, the door, invites, a removal, a departure, the end.
fn powers() -> Draft {
    let mut live = Live::of(1, &["Ada", "Ben", "Cleo", "Dan"]);
    live.agree(&[0, 1, 2, 3]);
    live.pass(200);
    send(&mut live, 1, &[0, 2, 3], Track::CAMERA, b"Ben's picture");
    live.set_role(1, 2);
    let ben = hex(live.fingerprint(1).as_bytes());
    live.ask(0, json!({ "call": "set_succession", "who": [ben] }));
    live.ask(1, json!({ "call": "set_door", "door": 3 }));
    let cleo = hex(live.member(2).as_bytes());
    let camera = TrackKinds::of(&[TrackKind::Camera]).bits();
    live.ask(1, json!({ "call": "mute", "member": cleo, "kinds": camera }));
    live.ask(0, json!({ "call": "create_invite", "name": "for guests", "passcode": false, "expires_s": 1_900_000_000_u64 }));
    live.ask(3, json!({ "call": "rename", "name": "Daniel" }));
    send(&mut live, 0, &[1, 2, 3], Track::SCREEN, b"Ada's screen");
    live.agree(&[0, 1, 2, 3]);
    let dan = hex(live.member(3).as_bytes());
    live.ask(1, json!({ "call": "remove", "member": dan }));
    live.agree(&[0, 1, 2]);
    send(&mut live, 0, &[1, 2], Track::MICROPHONE, b"without Dan");
    live.ask(2, json!({ "call": "leave" }));
    live.pass(100);
    live.agree(&[0, 1]);
    live.ask(0, json!({ "call": "leave" }));
    live.pass(100);
    // Ben follows Ada.
    live.ask(1, json!({ "call": "end" }));
    let must = ["G1", "G8", "G9", "G13", "G15", "G16", "G17", "G21", "A7", "A8", "M6", "M7", "K2"];
    good("powers over a meeting of four", &must, live.record())
}

/// Everything that is said.
fn talk() -> Draft {
    let mut live = Live::of(2, &["Ada", "Ben", "Cleo"]);
    live.pass(200);
    let ada = hex(live.member(0).as_bytes());
    let ben = hex(live.member(1).as_bytes());
    live.ask(0, json!({ "call": "chat", "text": "good evening, 你好" }));
    live.ask(1, json!({ "call": "chat_to", "member": ada, "text": "for you alone" }));
    live.ask(2, json!({ "call": "react", "symbol": "👏" }));
    live.ask(2, json!({ "call": "raise_hand", "raised": true }));
    let microphone = TrackKinds::of(&[TrackKind::Microphone]).bits();
    live.ask(0, json!({ "call": "ask_to_send", "member": ben, "kinds": microphone }));
    let track = json!({
        "track": shown(Track::CAMERA), "codec": "VP8", "framing": 2, "transport": "0", "muted": false,
    });
    live.ask(1, json!({ "call": "announce", "tracks": [track] }));
    send(&mut live, 1, &[0, 2], Track::CAMERA, b"a picture");
    live.ask(
        2,
        json!({ "call": "request_key_frame", "member": ben, "track": shown(Track::CAMERA) }),
    );
    // Heartbeats come, and who comes now is told of hands and tracks.
    live.pass(5_500);
    let dan = live.knock("Dan");
    live.admit_all(0);
    assert!(live.has(dan, &Event::Joined));
    live.pass(2_500);
    live.agree(&[0, 1, 2, dan]);
    let must = ["G11", "G19", "G20", "G24", "G25", "K6", "K10", "M45", "M46"];
    good("everything that is said", &must, live.record())
}

/// A meeting of two with some media, of a profile or with settings.
fn profile(name: &str, settings: Value) -> Draft {
    let mut live = Live::new(3);
    live.create("Ada", settings);
    let ben = live.knock("Ben");
    live.admit_all(0);
    live.pass(200);
    for (track, text) in [(Track::MICROPHONE, &b"sound"[..]), (Track::CAMERA, b"a picture")] {
        send(&mut live, 0, &[ben], track, text);
        send(&mut live, ben, &[0], track, text);
    }
    live.ask(0, json!({ "call": "set_door", "door": 3 }));
    send(&mut live, 0, &[ben], Track::MICROPHONE, b"under new keys");
    live.agree(&[0, ben]);
    good(name, &["K1", "K11", "M40", "A2", "A6", "A9"], live.record())
}

/// A passcode asked at a waiting room, a wrong one, and one that an open door takes.
fn passcode() -> Draft {
    let mut live = Live::new(4);
    live.create("Ada", json!({ "passcode": "blue heron" }));
    let link = live.link();
    let ben = live.knock_at("Ben", &link, Some("blue heron"));
    live.pass(500);
    live.admit_all(0);
    assert!(live.has(ben, &Event::Joined));
    let mallory = live.knock_at("Mallory", &link, Some("grey heron"));
    live.pass(10_500);
    assert!(!live.has(mallory, &Event::Joined));
    live.ask(0, json!({ "call": "set_door", "door": 2 }));
    let link = live.link();
    let cleo = live.knock_at("Cleo", &link, Some("blue heron"));
    live.pass(1_000);
    assert!(live.has(cleo, &Event::Joined), "{:?}", live.events[cleo]);
    live.agree(&[0, ben, cleo]);
    good("a passcode, proved and not", &["A11", "A12", "A13", "A14"], live.record())
}

/// An order whose author falls silent: another carries it out.
fn order() -> Draft {
    let mut live = Live::of(5, &["Ada", "Ben", "Cleo", "Dan"]);
    live.set_role(1, 2);
    // The server keeps Ben's commits back, and with them what it has ordered.
    live.uncommitted.insert(1);
    let dan = live.member(3);
    live.ask(1, json!({ "call": "remove", "member": hex(dan.as_bytes()) }));
    live.pass(3_500);
    assert!(!live.meeting(0).roster().iter().any(|participant| participant.member == dan));
    live.agree(&[0, 2]);
    good("an order that others carry out", &["G16", "K9", "G28"], live.record())
}

/// A host falls silent, and who is listed follows it.
fn silence() -> Draft {
    let mut live = Live::of(6, &["Ada", "Ben", "Cleo"]);
    live.set_role(1, 2);
    let ben = hex(live.fingerprint(1).as_bytes());
    live.ask(0, json!({ "call": "set_succession", "who": [ben] }));
    live.mute.insert(0);
    live.deaf.insert(0);
    live.pass(33_000);
    let host = live.meeting(2).roster().into_iter().find(|it| it.role == incamera::Role::Host);
    assert_eq!(host.map(|host| host.name), Some("Ben".to_owned()));
    live.agree(&[1, 2]);
    good("a silent host is followed", &["G17", "G24", "M14"], live.record())
}

/// A commit that one member cannot read: it comes back by a fresh leaf.
fn back() -> Draft {
    let mut live = Live::of(7, &["Ada", "Ben", "Cleo"]);
    live.pass(200);
    let victim = live.leaf(2);
    let entry = hostile::unreadable(&mut live, 1, victim);
    // Ben's own client is modified: it has no further part in this.
    live.gone.insert(1);
    live.append(entry);
    live.settle();
    live.pass(3_000);
    assert_eq!(live.events[2].iter().filter(|event| **event == Event::Joined).count(), 2);
    live.agree(&[0, 2]);
    live.pass(200);
    send(&mut live, 2, &[0], Track::CAMERA, b"back");
    good("a commit that one cannot read", &["G3", "A16", "A17", "G26"], live.record())
}

/// A crash, and a return from a snapshot.
fn restart() -> Draft {
    let mut live = Live::of(8, &["Ada", "Ben", "Cleo"]);
    live.pass(200);
    send(&mut live, 1, &[0, 2], Track::CAMERA, b"before the crash");
    live.give(1, json!({ "restart": hex([0x5a; 32]) }));
    // It may have sealed in this epoch before.
    let frame = json!({ "track": shown(Track::CAMERA), "plaintext": "00" });
    let said = live.give(1, json!({ "seal": frame }));
    assert_eq!(said[0]["error"], "Stopped");
    live.ask(0, json!({ "call": "chat", "text": "where is Ben?" }));
    let next = live.posted.log.len();
    live.give(1, json!({ "connected": next }));
    live.settle();
    live.pass(1_000);
    assert!(live.has(1, &Event::Joined));
    send(&mut live, 1, &[0, 2], Track::CAMERA, b"after it");
    live.agree(&[0, 1, 2]);
    good("a crash, and a return from a snapshot", &["R1", "R4", "R5", "R6"], live.record())
}
