//! Bad input and bad luck: one line that says what to do, and an exit code.

use crate::client::Client;
use crate::place::Place;
use crate::relay::Relay;

fn fails(args: &[&str], code: i32, says: &str) {
    let (ended, said) = Client::start(args).end();
    assert_eq!(ended, code, "{args:?}: {said}");
    assert!(said.contains(says), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
}

#[test]
fn each_failure_is_one_line_that_says_what_to_do() {
    let place = Place::new("exits");
    let file = place.file("meeting");
    let file = file.to_str().unwrap();
    let nowhere = "https://127.0.0.1:1";
    let pin = "00".repeat(32);
    fails(&["create", "--name", "Ada", "--relay", nowhere], 3, "is the relay running");
    fails(
        &["create", "--name", "Ada", "--relay", nowhere, "--pin", &pin],
        3,
        "is the relay running",
    );
    fails(&["create", "--name", "Ada", "--relay", nowhere, "--pin", "12"], 2, "64 hex digits");
    fails(&["create", "--name", "Ada", "--relay", "relay.example"], 2, "https://HOST:PORT");
    fails(&["create", "--name", "Ada", "--relay", "http://relay.example"], 2, "https://HOST:PORT");
    fails(&["create", "--name", "", "--relay", nowhere], 2, "name");
    fails(&["create", "--name", "Ada", "--relay", nowhere, "--roots", file], 2, "cannot read");
    fails(&["join", "https://127.0.0.1:1/", "--name", "Ben"], 2, "copy the whole link");
    fails(&["join", "incamera:1.abc", "--name", "Ben"], 2, "copy the whole link");
    fails(&["host", "--state", file], 2, "give the file of --state");
}

#[test]
fn a_relay_with_another_certificate_is_not_talked_to() {
    let relay = Relay::anywhere(&[]);
    let pin = "00".repeat(32);
    let args = ["create", "--name", "Ada", "--relay", &relay.url, "--pin", &pin];
    fails(&args, 3, "another certificate than the one pinned");
}

#[test]
fn a_relay_that_asks_for_a_token_refuses_who_has_none() {
    let place = Place::new("token");
    let secret = place.file("secret");
    std::fs::write(&secret, [7; 32]).unwrap();
    let relay = Relay::anywhere(&["--token-secret-file", secret.to_str().unwrap()]);
    fails(&["create", "--name", "Ada", "--relay", &relay.url], 6, "token");
    let args = ["create", "--name", "Ada", "--relay", &relay.url, "--token", "wrong"];
    fails(&args, 6, "token");
}
