//! What people do in a meeting.

use crate::client::Client;
use crate::place::Place;
use crate::relay::Relay;

#[test]
fn people_meet_behind_a_door_that_the_host_guards() {
    let relay = Relay::anywhere(&[]);
    let (mut ada, link) = Client::host(&["--relay", &relay.url, "--pin", &relay.certificate]);
    assert!(link.ends_with(&format!("&pin={}", relay.certificate)), "{link}");
    ada.wait("rules"); // its relay is listed
    let mut ben = Client::guest(&link, "Ben", &[]);
    let knock = ada.wait("knock");
    assert_eq!((&knock["name"], &knock["number"]), (&"Ben".into(), &1.into()));
    ada.type_line("admit 1");
    ben.wait("joined");
    // What Ben is called and says does not reach the terminal as it is.
    ben.type_line("chat \u{1b}[31mhello");
    ada.hears("\u{1b}[31mhello");
    ada.type_line("chat hi");
    ben.hears("hi");
    ada.type_line("code");
    ben.type_line("code");
    assert_eq!(ada.wait("code")["digits"], ben.wait("code")["digits"]);
    ada.type_line("mute Ben");
    ben.wait_for("may-send", |event| !event["kinds"].as_str().unwrap().contains("microphone"));
    ada.type_line("lock");
    ben.wait_for("door", |event| event["door"] == "locked");
    ada.type_line("unlock");
    ben.wait_for("door", |event| event["door"] == "waitingroom");
    ben.type_line("lock");
    assert!(ben.wait("error")["why"].as_str().unwrap().contains("right"));
    ada.type_line("remove Ben");
    let (code, said) = ben.end();
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("Ada has removed you"), "{said}");
    ada.wait("gone");
    ada.type_line("link");
    assert_ne!(ada.wait("link")["link"], link, "a removal replaces the link");
    ada.type_line("quit");
    assert_eq!(ada.end(), (0, String::new()));
}

#[test]
fn whoever_is_denied_ends_with_four() {
    let relay = Relay::anywhere(&[]);
    let (mut ada, link) = Client::host(&["--relay", &relay.url]);
    let eve = Client::guest(&link, "Eve", &[]);
    ada.wait("knock");
    ada.type_line("deny");
    let (code, said) = eve.end();
    assert_eq!((code, said.lines().count()), (4, 1), "{said}");
}

#[test]
fn the_end_is_the_end_for_everyone() {
    let relay = Relay::anywhere(&[]);
    let (mut ada, link) = Client::host(&["--relay", &relay.url, "--admit-all"]);
    let ben = Client::guest(&link, "Ben", &[]);
    let cleo = Client::guest(&link, "Cleo", &["--seconds", "600"]);
    ben.wait("joined");
    cleo.wait("joined");
    ada.type_line("who");
    ada.type_line("end");
    for client in [ada, ben, cleo] {
        assert_eq!(client.end(), (0, String::new()));
    }
}

#[test]
fn a_passcode_is_proved_at_the_door() {
    let relay = Relay::anywhere(&[]);
    let args = ["--relay", &relay.url, "--passcode", "blue heron", "--profile", "portable"];
    let (mut ada, link) = Client::host(&args);
    let (code, said) = Client::guest(&link, "Ben", &[]).end();
    assert!(code == 2 && said.contains("--passcode"), "{said}");
    let ben = Client::guest(&link, "Ben", &["--passcode", "blue heron"]);
    let knock = ada.wait("knock");
    if knock["passcode"] != "proved" {
        ada.wait_for("knock-proof", |proof| proof["passcode"] == "proved");
    }
    ada.type_line("admit");
    ben.wait("joined");
}

#[test]
fn a_host_that_crashed_or_stopped_comes_back_from_its_file() {
    let (relay, place) = (Relay::anywhere(&[]), Place::new("host"));
    let state = place.file("meeting");
    let state = state.to_str().unwrap();
    let (ada, link) = Client::host(&["--relay", &relay.url, "--state", state, "--admit-all"]);
    let mut ben = Client::guest(&link, "Ben", &[]);
    ben.wait("joined");
    ada.kill();
    let mut ada = Client::start(&["host", "--state", state, "--admit-all"]);
    ada.wait("joined");
    ben.type_line("chat are you back?");
    ada.hears("are you back?");
    ada.type_line("stop");
    assert_eq!(ada.end(), (0, String::new()));
    let mut ada = Client::start(&["host", "--state", state, "--admit-all"]);
    ada.wait("joined");
    let cleo = Client::guest(&link, "Cleo", &[]);
    cleo.wait("joined");
    ada.type_line("end");
    assert_eq!(ada.end().0, 0);
    assert!(!place.file("meeting").exists() && !place.file("meeting.keys").exists());
}

#[cfg(unix)]
#[test]
fn whoever_is_told_to_stop_leaves_with_a_word() {
    let relay = Relay::anywhere(&[]);
    let (ada, link) = Client::host(&["--relay", &relay.url, "--admit-all"]);
    let ben = Client::guest(&link, "Ben", &[]);
    ben.wait("joined");
    ben.terminate();
    assert_eq!(ben.end(), (0, String::new()));
    assert!(ada.wait("gone")["by"].is_null(), "nobody removed him");
}
