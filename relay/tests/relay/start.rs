//! How the program starts, and how it does not.

use crate::process::{Directory, Relay, command, fails};

#[test]
fn everything_starts_without_configuration_but_a_free_port() {
    let relay = Relay::start_bare(&["--listen", "127.0.0.1:0"]);
    assert_eq!(relay.scheme, "https");
    assert_eq!((relay.certificate.len(), relay.key.len()), (64, 64));
    assert!(!relay.media.ends_with(":0"));
}

#[test]
fn the_health_and_the_metrics_are_served() {
    let relay = Relay::start(&[]);
    assert_eq!(relay.get("/healthz"), (200, "ok\n".to_owned()));
    let (status, text) = relay.get("/metrics");
    assert_eq!(status, 200);
    assert!(text.contains("incamera_relay_connections 0"), "{text}");
    assert_eq!(relay.get("/nothing").0, 404);
}

#[test]
fn a_port_in_use_ends_with_3() {
    let relay = Relay::start(&[]);
    let (code, text) = fails(&["--plain", "--listen", &relay.address]);
    assert_eq!(code, 3);
    assert!(text.contains("is in use") && text.lines().count() == 1, "{text}");
    let media = ["--plain", "--listen", "127.0.0.1:0", "--media-listen", &relay.media];
    assert_eq!(fails(&media).0, 3);
}

#[test]
fn bad_settings_end_with_2_and_a_line_that_names_them() {
    let directory = Directory::new();
    let file = directory.file("relay.toml", b"meeetings = 3\n");
    for (arguments, word) in [
        (vec!["--config", file.as_str()], "meeetings"),
        (vec!["--config", "/nowhere/relay.toml"], "/nowhere/relay.toml"),
        (vec!["--listen", "0.0.0.0:0"], "--token-secret-file"),
        (vec!["--token-secret-file", "/nowhere/secret"], "/nowhere/secret"),
        (vec!["--key", "/nowhere/key"], "certificate and key"),
        (vec!["--log", "loud"], "loud"),
    ] {
        let (code, text) = fails(&arguments);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(word) && text.lines().count() == 1, "{text}");
    }
    for arguments in [&["--no-such-flag"][..], &["--listen", "nowhere"], &["token"]] {
        let (code, text) = fails(arguments);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("--help") && text.lines().count() == 1, "{text}");
    }
    assert_eq!(fails(&["--help"]).0, 0);
}

#[test]
fn a_flag_goes_before_the_environment_and_the_environment_before_the_file() {
    let directory = Directory::new();
    let text = b"listen = '0.0.0.0:0'\nplain = false\nmedia-listen = '127.0.0.1:0'\n";
    let file = directory.file("relay.toml", text);
    let mut command = command(&["--config", &file, "--listen", "127.0.0.1:0"]);
    command.env("INCAMERA_RELAY_LISTEN", "0.0.0.0:0").env("INCAMERA_RELAY_PLAIN", "true");
    let relay = Relay::spawn(command);
    assert_eq!((relay.scheme.as_str(), relay.certificate.as_str()), ("http", "none"));
    assert!(relay.address.starts_with("127.0.0.1:"), "{}", relay.address);
}

#[test]
fn a_bad_certificate_ends_with_4() {
    let directory = Directory::new();
    let junk = directory.file("junk.pem", b"junk");
    let (code, text) = fails(&["--certificate", &junk, "--key", &junk]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("junk.pem") && text.lines().count() == 1, "{text}");
}
