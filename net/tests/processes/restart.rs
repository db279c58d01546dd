//! The relay is killed in the middle of a meeting, and started again.

use crate::client::Client;
use crate::place::Place;
use crate::relay::Relay;

#[test]
fn a_relay_with_a_directory_loses_nothing_and_clients_resume() {
    let place = Place::new("restart");
    let data = place.file("data");
    let args = ["--plain", "--data", data.to_str().unwrap()];
    let relay = Relay::anywhere(&args);
    let (mut ada, link) = Client::host(&["--relay", &relay.url, "--admit-all"]);
    let mut ben = Client::guest(&link, "Ben", &[]);
    ben.wait("joined");
    ben.type_line("chat before");
    ada.hears("before");
    let at = relay.kill();
    ada.wait("disconnected");
    ben.wait("disconnected");
    // What is said meanwhile is posted later.
    ben.type_line("chat meanwhile");
    let _relay = Relay::start(&at, &args);
    ada.wait("reconnected");
    ben.wait("reconnected");
    ada.hears("meanwhile");
    let cleo = Client::guest(&link, "Cleo", &[]);
    cleo.wait("joined");
    ada.type_line("chat after");
    ben.hears("after");
    cleo.hears("after");
    ada.type_line("end");
    for client in [ada, ben, cleo] {
        assert_eq!(client.end(), (0, String::new()));
    }
}

#[cfg(unix)]
#[test]
fn a_relay_that_is_stopped_by_its_operator_is_come_back_to() {
    let place = Place::new("stop");
    let data = place.file("data");
    let args = ["--plain", "--data", data.to_str().unwrap()];
    let relay = Relay::anywhere(&args);
    let (ada, link) = Client::host(&["--relay", &relay.url, "--admit-all"]);
    let mut ben = Client::guest(&link, "Ben", &[]);
    ben.wait("joined");
    let _relay = Relay::start(&relay.stop(), &args);
    for client in [&ada, &ben] {
        client.wait("reconnected");
    }
    ben.type_line("chat here we are");
    ada.hears("here we are");
}

#[test]
fn a_relay_that_lost_the_log_is_told_of() {
    let relay = Relay::anywhere(&["--plain"]);
    let (ada, link) = Client::host(&["--relay", &relay.url, "--admit-all"]);
    let ben = Client::guest(&link, "Ben", &[]);
    ben.wait("joined");
    let at = relay.kill();
    let _relay = Relay::start(&at, &["--plain"]);
    for client in [&ada, &ben] {
        client.wait("reconnected");
        client.wait_for("alarm", |alarm| alarm["alarm"] == "LogShrank");
    }
    for client in [ada, ben] {
        let (code, said) = client.end();
        assert!(code == 1 && said.contains("create a new meeting"), "{said}");
    }
}

#[test]
fn a_relay_that_was_set_up_anew_is_not_believed_and_given_up() {
    let relay = Relay::anywhere(&[]);
    let (ada, _) = Client::host(&["--relay", &relay.url, "--give-up", "2"]);
    let at = relay.kill();
    let _relay = Relay::start(&at, &[]);
    let why = "another certificate";
    ada.wait_for("disconnected", |event| event["why"].as_str().unwrap().contains(why));
    let (code, said) = ada.end();
    assert!(code == 3 && said.contains(why), "{said}");
}
