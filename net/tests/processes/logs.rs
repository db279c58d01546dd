//! What relay and clients log at the most talkative level, with all libraries below the clients: no key.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::client::Client;
use crate::finder::{Finder, base64, hex};
use crate::media::media;
use crate::place::Place;
use crate::relay::Relay;

const PASSCODE: &str = "qz7XkvPw9mJt4hRb2c";

/// The link secret: the last 32 of the 83 bytes that a link's fragment begins with (SPEC.md, 8.1).
fn link_secret(link: &str) -> Vec<u8> {
    let fragment = link.split_once('#').unwrap().1;
    let text = fragment.split('&').next().unwrap();
    // Their last two bytes are in a group of three characters.
    let bytes = base64(&format!("{text}A")).remove(0);
    bytes[51..83].to_vec()
}

/// What `--state` keeps.
fn add_kept_keys(finder: &mut Finder, state: &Path) {
    let kept = fs::read_to_string(format!("{}.keys", state.display())).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    for (name, field) in [("the identity key", "identity"), ("the key of snapshots", "key")] {
        finder.add(name, &hex(kept[field].as_str().unwrap()).remove(0));
    }
}

/// Looks through a log that has some lines at least.
fn check(finder: &Finder, log: &Path, at_least: usize) {
    let text = fs::read_to_string(log).unwrap();
    assert!(text.lines().count() >= at_least, "{}: {text}", log.display());
    for line in text.lines() {
        assert_eq!(finder.in_text(line), None, "{}: {line}", log.display());
    }
}

#[test]
fn no_line_at_any_level_carries_a_key() {
    let place = Place::new("logs");
    let [relay_log, ada_log, ben_log] = ["relay", "ada", "ben"].map(|name| place.file(name));
    let (state, data) = (place.file("meeting"), place.file("data"));
    let relay = Relay::logging(&["--log-addresses", "--data", data.to_str().unwrap()], &relay_log);
    let [video, sound] = ["video.ivf", "speech.opus"].map(media);
    let state_args = ["--state", state.to_str().unwrap(), "--pin", &relay.certificate];
    let of_ada = ["create", "--name", "Ada", "--relay", &relay.url, "--passcode", PASSCODE];
    let mut ada = Client::logging(&[&of_ada[..], &state_args, &["--admit-all"]].concat(), &ada_log);
    let link = ada.wait("link")["link"].as_str().unwrap().to_owned();
    let sends = ["--send-video", &video, "--send-audio", &sound, "--until-sent"];
    let of_ben = ["join", &link, "--name", "Ben", "--passcode", PASSCODE];
    let mut ben = Client::logging(&[&of_ben[..], &sends].concat(), &ben_log);
    ben.wait("joined");
    ben.type_line("chat hello");
    ada.hears("hello");
    let mut finder = Finder::default();
    finder.add("the passcode", PASSCODE.as_bytes());
    finder.add("the link secret", &link_secret(&link));
    add_kept_keys(&mut finder, &state);
    // PKCS #8 has an Ed25519 key behind 16 bytes of DER (RFC 8410).
    let identity = fs::read(data.join("identity")).unwrap();
    finder.add("the relay's key", &identity[16..48]);
    assert_eq!(finder.len(), 5);
    assert_eq!(ben.end().0, 0);
    ada.wait("gone");
    ada.type_line("end");
    assert_eq!(ada.end().0, 0);
    drop(relay);
    // Without faults a relay has little to say.
    for (log, at_least) in [(&relay_log, 2), (&ada_log, 100), (&ben_log, 100)] {
        check(&finder, log, at_least);
    }
}

#[test]
fn a_token_is_not_logged_by_its_bearer() {
    let place = Place::new("token-log");
    let (secret, log) = (place.file("secret"), place.file("log"));
    fs::write(&secret, [7; 32]).unwrap();
    let relay = Relay::anywhere(&["--token-secret-file", secret.to_str().unwrap()]);
    let args = ["create", "--name", "Ada", "--relay", &relay.url, "--token", PASSCODE];
    assert_eq!(Client::logging(&args, &log).end().0, 6);
    let mut finder = Finder::default();
    finder.add("the token", PASSCODE.as_bytes());
    // Why it ends is said there too.
    check(&finder, &log, 1);
}
